// Addresses from hostile bytes: what is accepted is within its limits, reads as itself when parsed again, part by part too,
// and is valid UTF-8 without controls. Escaping a localpart and back gives it again.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/ensure.h"
#include "xmpp/jid.h"
#include "xmpp/precis.h"

namespace aldis {
namespace {

void check_part(Result<std::string, JidError> (*prepare)(std::string_view), std::string_view text) {
  const Result<std::string, JidError> once = prepare(text);
  if (!once) return;
  ensure(!once->empty() && once->size() <= 1023, "a prepared part is within its limits");
  const Result<std::string, JidError> twice = prepare(*once);
  ensure(twice && *twice == *once, "preparing is idempotent");
  const auto decoded = precis::from_utf8(*once);
  ensure(decoded && precis::to_utf8(*decoded) == *once, "a prepared part is UTF-8");
  for (const char32_t c : *decoded) ensure(c >= 0x20 && c != 0x7F && c != 0xFFFE && c != 0xFFFF, "a prepared part has no controls");
}

}  // namespace
}  // namespace aldis

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace aldis;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_part(prepare_local, text);
  check_part(prepare_domain, text);
  check_part(prepare_resource, text);

  if (const Result<Jid, JidError> jid = Jid::parse(text)) {
    const Result<Jid, JidError> again = Jid::parse(jid->str());
    ensure(again && *again == *jid, "an address reads as itself");
    ensure(again->local() == jid->local() && again->domain() == jid->domain() && again->resource() == jid->resource(), "and splits alike");
    ensure(!jid->domain().empty(), "an address has a domainpart");
    const BareJid bare = jid->bare();
    ensure(BareJid::parse(bare.str()).has_value(), "a bare address reads as one");
    if (jid->is_full()) ensure(bare.with_resource(jid->resource()) == *jid, "a full address is its bare one and its resourcepart");
  }

  const std::string escaped = escape_local(text);
  if (prepare_local(escaped) && escaped.find_first_of("ABCDEF") == std::string::npos) {
    ensure(unescape_local(escaped) == text, "escaping is undone");
  }
  return 0;
}
