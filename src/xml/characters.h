// Characters of XML 1.0 in UTF-8: which bytes and code points are legal where, and fast ways over the ordinary ones.
// Internal to this folder. UTF-8 is strict (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF) and
// restricted to XML's Char (section 2.2).
#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "xml/error.h"

namespace aldis::xml {

inline constexpr std::uint8_t char_space = 1;       // S, section 2.3
inline constexpr std::uint8_t char_name_start = 2;  // NCName start, ASCII; the colon is no part of an NCName
inline constexpr std::uint8_t char_name = 4;        // NCName, ASCII
inline constexpr std::uint8_t char_multibyte = 8;   // leads a sequence of two to four bytes
inline constexpr std::uint8_t char_colon = 16;
inline constexpr std::uint8_t char_uri = 32;        // may stand in a URI, RFC 3986 appendix A

inline constexpr std::array<std::uint8_t, 256> char_classes = [] {
  std::array<std::uint8_t, 256> classes{};
  for (std::size_t c = 0; c < 256; ++c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    const bool digit = (c >= '0' && c <= '9') || c == '-' || c == '.';
    unsigned value = letter ? char_name_start | char_name : digit ? char_name : 0U;
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      value = char_space;
    }
    if (c >= 0xC2 && c <= 0xF4) {
      value = char_multibyte;
    }
    if (c == ':') {
      value = char_colon;
    }
    if (letter || digit || (c != 0 && c < 0x80 && std::string_view("~:/?#[]@!$&'()*+,;=%").find(static_cast<char>(c)) !=
                                                      std::string_view::npos)) {
      value |= char_uri;
    }
    classes[c] = static_cast<std::uint8_t>(value);
  }
  return classes;
}();

[[nodiscard]] inline std::uint8_t char_class(char c) { return char_classes[static_cast<unsigned char>(c)]; }
[[nodiscard]] inline bool is_space(char c) { return (char_class(c) & char_space) != 0; }
[[nodiscard]] inline bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

// XML's Char (section 2.2).
[[nodiscard]] constexpr bool is_xml_char(std::uint32_t c) {
  return c >= 0x20 ? c <= 0xD7FF || (c >= 0xE000 && c <= 0xFFFD) || (c >= 0x10000 && c <= 0x10FFFF)
                   : c == '\t' || c == '\n' || c == '\r';
}
// Code points from U+0080 in an NCName: see name_characters.cpp.
[[nodiscard]] bool is_name_start(std::uint32_t code);
[[nodiscard]] bool is_name_char(std::uint32_t code);

// What a byte that may not stand where it stands says about the whole: not XML characters at all, or out of place.
[[nodiscard]] inline XmlError misplaced(char c) {
  const auto byte = static_cast<unsigned char>(c);
  const bool forbidden = byte < 0x20 ? !is_space(c) : byte >= 0x80 && (char_class(c) & char_multibyte) == 0;
  return forbidden ? XmlError::bad_encoding : XmlError::not_well_formed;
}

// The state between two bytes of a multibyte character: what the next byte must be. `none` is outside of any.
enum class Utf8 : std::uint8_t { none, one_more, two_more, after_e0, after_ed, after_ef, after_ef_bf, after_f0, after_f4,
                                 three_more, invalid };

[[nodiscard]] constexpr Utf8 utf8_lead(char c) {
  const auto b = static_cast<unsigned char>(c);
  if (b < 0xC2 || b > 0xF4) {
    return Utf8::invalid;
  }
  if (b < 0xE0) {
    return Utf8::one_more;
  }
  if (b < 0xF0) {
    return b == 0xE0 ? Utf8::after_e0 : b == 0xED ? Utf8::after_ed : b == 0xEF ? Utf8::after_ef : Utf8::two_more;
  }
  return b == 0xF0 ? Utf8::after_f0 : b == 0xF4 ? Utf8::after_f4 : Utf8::three_more;
}

[[nodiscard]] constexpr Utf8 utf8_next(Utf8 state, char c) {
  const auto b = static_cast<unsigned char>(c);
  const auto within = [b](unsigned low, unsigned high, Utf8 then) { return b >= low && b <= high ? then : Utf8::invalid; };
  switch (state) {
    case Utf8::one_more: return within(0x80, 0xBF, Utf8::none);
    case Utf8::two_more: return within(0x80, 0xBF, Utf8::one_more);
    case Utf8::three_more: return within(0x80, 0xBF, Utf8::two_more);
    case Utf8::after_e0: return within(0xA0, 0xBF, Utf8::one_more);  // shorter forms exist below
    case Utf8::after_ed: return within(0x80, 0x9F, Utf8::one_more);  // surrogates above
    case Utf8::after_ef: return b == 0xBF ? Utf8::after_ef_bf : within(0x80, 0xBE, Utf8::one_more);
    case Utf8::after_ef_bf: return within(0x80, 0xBD, Utf8::none);   // U+FFFE and U+FFFF are no Char
    case Utf8::after_f0: return within(0x90, 0xBF, Utf8::two_more);
    case Utf8::after_f4: return within(0x80, 0x8F, Utf8::two_more);
    case Utf8::none:
    case Utf8::invalid: break;
  }
  return Utf8::invalid;
}

struct DecodedChar {
  std::uint32_t code = 0;
  std::uint32_t length = 0;  // bytes; 0 when they are no complete, legal character
};

// The multibyte character at `p`.
[[nodiscard]] constexpr DecodedChar decode_multibyte(const char* p, const char* end) {
  const auto byte = [p](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(p[i])); };
  Utf8 state = p < end ? utf8_lead(*p) : Utf8::invalid;
  if (state == Utf8::invalid) {
    return {};
  }
  const std::uint32_t length = byte(0) < 0xE0 ? 2 : byte(0) < 0xF0 ? 3 : 4;
  if (static_cast<std::size_t>(end - p) < length) {
    return {};
  }
  std::uint32_t code = byte(0) & (0x7FU >> length);
  for (std::uint32_t i = 1; i < length; ++i) {
    state = utf8_next(state, p[i]);
    if (state == Utf8::invalid) {
      return {};
    }
    code = code << 6 | (byte(i) & 0x3F);
  }
  return {code, length};
}

// Behind the complete, legal multibyte characters at `p`; at `p` when there is none.
[[nodiscard]] inline const char* skip_multibyte(const char* p, const char* end) {
  const auto byte = [](const char* at) { return static_cast<unsigned>(static_cast<unsigned char>(*at)); };
  const auto is_tail = [byte](const char* at) { return (byte(at) & 0xC0) == 0x80; };
  for (;;) {
    // Two bytes, and three without a special first byte, need no more checks than these.
    if (end - p >= 2 && byte(p) - 0xC2 <= 0xDF - 0xC2 && is_tail(p + 1)) {
      p += 2;
    } else if (end - p >= 3 && byte(p) - 0xE1 <= 0xEC - 0xE1 && is_tail(p + 1) && is_tail(p + 2)) {
      p += 3;
    } else {
      const DecodedChar decoded = decode_multibyte(p, end);
      if (decoded.length == 0) {
        return p;
      }
      p += decoded.length;
    }
  }
}

inline void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(static_cast<unsigned char>(byte))); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6), put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12), put(0x80 | (code >> 6 & 0x3F)), put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18), put(0x80 | (code >> 12 & 0x3F)), put(0x80 | (code >> 6 & 0x3F)), put(0x80 | (code & 0x3F));
  }
}

// The first byte in [p, end) that is one of `Stops`, below U+0020 or no ASCII; `end` if there is none.
template <char... Stops>
[[nodiscard]] inline const char* skip_ordinary(const char* p, const char* end) {
#if defined(__SSE2__)
  while (end - p >= 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    // Compared as signed numbers, bytes from 0x80 are negative: one comparison finds both ends.
    __m128i found = _mm_cmplt_epi8(block, _mm_set1_epi8(0x20));
    ((found = _mm_or_si128(found, _mm_cmpeq_epi8(block, _mm_set1_epi8(Stops)))), ...);
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(found));
    if (mask != 0) {
      return p + std::countr_zero(mask);
    }
    p += 16;
  }
#endif
  while (p < end && static_cast<unsigned char>(*p - 0x20) < 0x60 && ((*p != Stops) && ...)) {
    ++p;
  }
  return p;
}

}  // namespace aldis::xml
