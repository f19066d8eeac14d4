// Fuzzes the Writer: any parsed element written anew is read back as the same tree by us and by expat, writing it again
// changes nothing, and any text survives as text and as attribute value.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/ensure.h"
#include "xml/characters.h"
#include "xml/expat_oracle.h"
#include "xml/writer.h"

namespace {

bool is_text(std::string_view text) {
  for (const char *p = text.data(), *end = p + text.size(); p < end;) {
    const auto decoded = aldis::xml::decode_multibyte(p, end);
    if (decoded.length == 0 && !(static_cast<unsigned char>(*p) < 0x80 && aldis::xml::is_xml_char(static_cast<unsigned char>(*p)))) {
      return false;
    }
    p += decoded.length == 0 ? 1 : decoded.length;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace aldis;
  using namespace aldis::xml;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  if (is_text(bytes)) {
    std::string out;
    Writer(out).start("a").attribute("b", bytes).text(bytes).start("c").end().end();
    const auto document = parse(out, {.default_ns = "jabber:client"});
    ensure(document.has_value(), "what is written is well-formed");
    ensure((*document)->root().text() == bytes && (*document)->root().attribute("b") == bytes, "text survives");
    ensure((*document)->root().child_count() == 1, "text adds no element");
  }
  const auto document = parse(bytes, oracle::stream_scope());
  if (!document) {
    return 0;
  }
  const std::string told = oracle::describe((*document)->root());
  std::string written;
  Writer(written).element((*document)->root());
  Limits roomy;  // escaping and declarations make an element longer
  roomy.stanza_bytes = 64 * 1024 * 1024;
  roomy.attributes = 1024;
  const auto again = parse(written, {.default_ns = "jabber:client"}, roomy);
  ensure(again.has_value() && (*again)->is_self_contained(), "a written element stands alone");
  ensure(oracle::describe((*again)->root()) == told, "we read back the same");
  ensure(oracle::read_with_expat(written) == told, "expat reads back the same");
  std::string twice;
  Writer(twice).element((*again)->root());
  ensure(twice == written, "writing is canonical");
  return 0;
}
