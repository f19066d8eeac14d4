// Fuzzes parse(): no input breaks it, what it accepts expat accepts with the same tree, every way of asking a document
// works, and frames of the accepted bytes are those bytes.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/ensure.h"
#include "xml/expat_oracle.h"
#include "xml/framer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace aldis;
  using namespace aldis::xml;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  (void)parse_stream_header(bytes);
  const auto document = parse(bytes, oracle::stream_scope());
  if (!document) {
    return 0;
  }
  ensure(oracle::disagreement(bytes).empty(), "the same tree as expat's");
  const Element root = (*document)->root();
  ensure(root.outer_bytes() == bytes, "the root's bytes are the document's");
  ensure((*document)->memory() >= bytes.size(), "memory counts the bytes");
  for (const Element child : root.children()) {
    ensure(bytes.find(child.outer_bytes()) != std::string::npos, "a child's bytes are in the document's");
    ensure(root.child(child.name()).has_value(), "a child is found by its name");
    (void)child.lang();
  }
  // A stream that holds the element is cut just there, unless it looks like a second header.
  Framer framer;
  std::string_view input = oracle::stream_start;
  ensure(framer.next(input).has_value(), "the header is framed");
  input = bytes;
  const auto frame = framer.next(input);
  if (frame) {
    ensure(frame->has_value() && (*frame)->bytes == bytes, "the Framer finds the same end");
  } else {
    ensure(bytes.starts_with("<stream:stream"), "the Framer refuses nothing else that parses");
  }
  return 0;
}
