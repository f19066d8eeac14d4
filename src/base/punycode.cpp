// Punycode's encoder, RFC 3492 sections 5 and 6.
#include "base/punycode.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace aldis {
namespace {

constexpr std::uint32_t base = 36;
constexpr std::uint32_t t_min = 1;
constexpr std::uint32_t t_max = 26;
constexpr std::size_t longest_label = 63;
constexpr std::size_t longest_domain = 253;

// Strict: no overlong forms, no surrogates, nothing above U+10FFFF.
std::optional<std::vector<std::uint32_t>> code_points(std::string_view text) {
  std::vector<std::uint32_t> all;
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<std::uint8_t>(text[i]);
    const std::size_t length = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
    if (length == 0 || i + length > text.size()) {
      return std::nullopt;
    }
    std::uint32_t c = length == 1 ? first : first & (0x7FU >> length);
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<std::uint8_t>(text[i + k]);
      if ((next & 0xC0U) != 0x80U) {
        return std::nullopt;
      }
      c = (c << 6U) | (next & 0x3FU);
    }
    if ((length == 3 && c < 0x800) || (length == 4 && (c < 0x10000 || c > 0x10FFFF)) || (c >= 0xD800 && c <= 0xDFFF)) {
      return std::nullopt;
    }
    all.push_back(c);
    i += length;
  }
  return all;
}

char digit(std::uint32_t value) {
  return static_cast<char>(value < 26 ? 'a' + value : '0' + (value - 26));
}

std::uint32_t adapt(std::uint32_t delta, std::uint32_t count, bool is_first) {
  delta = is_first ? delta / 700 : delta / 2;
  delta += delta / count;
  std::uint32_t k = 0;
  for (; delta > ((base - t_min) * t_max) / 2; k += base) {
    delta /= base - t_min;
  }
  return k + (base - t_min + 1) * delta / (delta + 38);
}

// `points` are of one label, 63 at most: nothing here can overflow 32 bits (63 * 0x10FFFF is less).
std::string encode(const std::vector<std::uint32_t>& points) {
  std::string out;
  for (const std::uint32_t c : points) {
    if (c < 0x80) {
      out += static_cast<char>(c);
    }
  }
  const auto basic = static_cast<std::uint32_t>(out.size());
  std::uint32_t handled = basic;
  if (basic != 0) {
    out += '-';
  }
  std::uint32_t n = 0x80;
  std::uint32_t delta = 0;
  std::uint32_t bias = 72;
  while (handled < points.size()) {
    std::uint32_t next = 0x110000;
    for (const std::uint32_t c : points) {
      next = c >= n ? std::min(next, c) : next;
    }
    delta += (next - n) * (handled + 1);
    n = next;
    for (const std::uint32_t c : points) {
      delta += c < n ? 1 : 0;
      if (c != n) {
        continue;
      }
      std::uint32_t q = delta;
      for (std::uint32_t k = base;; k += base) {
        const std::uint32_t t = k <= bias ? t_min : std::min(k - bias, t_max);
        if (q < t) {
          break;
        }
        out += digit(t + (q - t) % (base - t));
        q = (q - t) / (base - t);
      }
      out += digit(q);
      bias = adapt(delta, handled + 1, handled == basic);
      delta = 0;
      ++handled;
    }
    ++delta;
    ++n;
  }
  return out;
}

}  // namespace

std::optional<std::string> ascii_domain(std::string_view domain) {
  std::string out;
  for (bool is_last = false; !is_last;) {
    const std::size_t dot = domain.find('.');
    is_last = dot == std::string_view::npos;
    std::string label(domain.substr(0, dot));
    domain.remove_prefix(is_last ? domain.size() : dot + 1);
    std::ranges::transform(label, label.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
    if (std::ranges::any_of(label, [](char c) { return (static_cast<std::uint8_t>(c) & 0x80U) != 0; })) {
      const auto points = code_points(label);
      if (!points || points->size() > longest_label) {
        return std::nullopt;
      }
      label = "xn--" + encode(*points);
    }
    if (label.empty() || label.size() > longest_label) {
      return std::nullopt;
    }
    out += (out.empty() ? "" : ".") + label;
  }
  return out.size() <= longest_domain ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace aldis
