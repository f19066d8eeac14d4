// Fuzzes base64 and hexadecimal: what decodes must encode to the same text (there is one spelling of any bytes), and what is
// encoded must decode to the same bytes.
#include <cstdint>
#include <string_view>

#include "base/encoding.h"
#include "base/ensure.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace aldis;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (const auto bytes = base64_decode(input)) {
    ensure(base64_encode(*bytes) == input, "base64 has one spelling");
  }
  const auto again = base64_decode(base64_encode(input));
  ensure(again.has_value() && *again == input, "what was encoded decodes");
  if (const auto bytes = hex_decode(input)) {
    ensure(bytes->size() * 2 == size, "hexadecimal doubles");
  }
  const auto from_hex = hex_decode(hex_encode(std::span(data, size)));
  ensure(from_hex.has_value() && *from_hex == input, "what was encoded decodes");
  return 0;
}
