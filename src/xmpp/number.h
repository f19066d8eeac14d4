// Numbers that peers write: ASCII digits within stated bounds, nothing else. No plus sign, white space, fraction, exponent
// or other script's digits (XML Schema allows some of these; no protocol we speak needs them).
#pragma once
#include <charconv>
#include <concepts>
#include <limits>
#include <optional>
#include <string_view>

namespace aldis {

// The number, if the text is one from `least` to `most`; a minus sign is accepted only where `least` is negative.
// Leading zeros are accepted, up to 20 characters in all.
template <std::integral T>
[[nodiscard]] std::optional<T> parse_number(std::string_view text, T least = std::numeric_limits<T>::min(),
                                            T most = std::numeric_limits<T>::max()) {
  constexpr std::size_t longest = 20;
  if (text.size() > longest || (text.starts_with('-') && !std::is_signed_v<T>)) return std::nullopt;
  T value{};
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stopped != end || value < least || value > most) return std::nullopt;
  // Only "-0" still has a sign that the bounds did not judge.
  if (text.starts_with('-') && value == 0) return std::nullopt;
  return value;
}

}  // namespace aldis
