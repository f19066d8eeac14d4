// Strict RFC 4648 base64 and hexadecimal. Decoding refuses what RFC 6120 section 6.5.5 calls incorrect encoding: foreign
// characters, white space, wrong or missing padding, non-zero trailing bits.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace aldis {

[[nodiscard]] std::string base64_encode(std::span<const std::uint8_t> bytes);
[[nodiscard]] std::string base64_encode(std::string_view bytes);
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);
[[nodiscard]] std::string hex_encode(std::span<const std::uint8_t> bytes);
[[nodiscard]] std::optional<std::string> hex_decode(std::string_view text);

}  // namespace aldis
