// PRECIS and IDNA2008 rules derived from ICU's character properties, so that a newer ICU brings a newer Unicode.
#include "xmpp/precis.h"

#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uscript.h>
#include <unicode/utf8.h>

#include <algorithm>

namespace aldis::precis {
namespace {

UChar32 code(char32_t c) { return static_cast<UChar32>(c); }

icu::UnicodeString to_icu(std::u32string_view text) {
  return icu::UnicodeString::fromUTF32(reinterpret_cast<const UChar32*>(text.data()), static_cast<std::int32_t>(text.size()));
}

std::u32string from_icu(const icu::UnicodeString& text) {
  std::u32string out;
  out.reserve(static_cast<std::size_t>(text.length()));
  for (std::int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
    out.push_back(static_cast<char32_t>(text.char32At(i)));
  }
  return out;
}

bool is_arabic_indic(char32_t c) { return c >= 0x0660 && c <= 0x0669; }
bool is_extended_arabic_indic(char32_t c) { return c >= 0x06F0 && c <= 0x06F9; }

// RFC 5892 section 2.6, which RFC 8264 section 9.6 takes over.
std::optional<Property> exception(char32_t c) {
  switch (c) {
    case 0x00DF: case 0x03C2: case 0x06FD: case 0x06FE: case 0x0F0B: case 0x3007: return Property::pvalid;
    case 0x00B7: case 0x0375: case 0x05F3: case 0x05F4: case 0x30FB: return Property::contexto;
    case 0x0640: case 0x07FA: case 0x302E: case 0x302F: case 0x3031: case 0x3032: case 0x3033: case 0x3034:
    case 0x3035: case 0x303B: return Property::disallowed;
    default: break;
  }
  if (is_arabic_indic(c) || is_extended_arabic_indic(c)) return Property::contexto;
  return std::nullopt;
}

bool is_noncharacter(char32_t c) { return u_hasBinaryProperty(code(c), UCHAR_NONCHARACTER_CODE_POINT) != 0; }
bool is_unassigned(char32_t c) { return u_charType(code(c)) == U_UNASSIGNED && !is_noncharacter(c); }
bool is_ignorable(char32_t c) {
  return u_hasBinaryProperty(code(c), UCHAR_DEFAULT_IGNORABLE_CODE_POINT) != 0 || is_noncharacter(c);
}
bool is_join_control(char32_t c) { return u_hasBinaryProperty(code(c), UCHAR_JOIN_CONTROL) != 0; }
bool is_old_hangul_jamo(char32_t c) {
  const auto type = u_getIntPropertyValue(code(c), UCHAR_HANGUL_SYLLABLE_TYPE);
  return type == U_HST_LEADING_JAMO || type == U_HST_VOWEL_JAMO || type == U_HST_TRAILING_JAMO;
}
bool is_letter_or_digit(char32_t c) {
  return (U_GET_GC_MASK(code(c)) & (U_GC_LL_MASK | U_GC_LU_MASK | U_GC_LO_MASK | U_GC_ND_MASK | U_GC_LM_MASK |
                                   U_GC_MN_MASK | U_GC_MC_MASK)) != 0;
}

const icu::Normalizer2* nfc() {
  UErrorCode status = U_ZERO_ERROR;
  return icu::Normalizer2::getNFCInstance(status);
}
const icu::Normalizer2* nfkc() {
  UErrorCode status = U_ZERO_ERROR;
  return icu::Normalizer2::getNFKCInstance(status);
}

bool has_compatibility_mapping(char32_t c) {
  const icu::Normalizer2* const form = nfkc();
  icu::UnicodeString decomposition;
  if (form->getDecomposition(code(c), decomposition) == 0) return false;
  UErrorCode status = U_ZERO_ERROR;
  const icu::UnicodeString one(code(c));
  return form->normalize(one, status) != one || U_FAILURE(status);
}

// RFC 5892 section 2.2: not stable under NFKC and case folding. The property is also true of ignorable code points, which
// are disallowed by section 2.3 anyway.
bool is_unstable(char32_t c) { return u_hasBinaryProperty(code(c), UCHAR_CHANGES_WHEN_NFKC_CASEFOLDED) != 0; }

bool is_script(char32_t c, UScriptCode script) {
  UErrorCode status = U_ZERO_ERROR;
  return uscript_getScript(code(c), &status) == script && U_SUCCESS(status);
}
bool is_virama(char32_t c) { return u_getCombiningClass(code(c)) == 9; }
UJoiningType joining_type(char32_t c) {
  return static_cast<UJoiningType>(u_getIntPropertyValue(code(c), UCHAR_JOINING_TYPE));
}

// RFC 5892 appendix A.1: (L or D) T* ZWNJ T* (R or D).
bool joins_around(std::u32string_view text, std::size_t at) {
  std::size_t before = at;
  while (before > 0 && joining_type(text[before - 1]) == U_JT_TRANSPARENT) --before;
  if (before == 0) return false;
  const UJoiningType left = joining_type(text[before - 1]);
  if (left != U_JT_LEFT_JOINING && left != U_JT_DUAL_JOINING) return false;
  std::size_t after = at + 1;
  while (after < text.size() && joining_type(text[after]) == U_JT_TRANSPARENT) ++after;
  if (after == text.size()) return false;
  const UJoiningType right = joining_type(text[after]);
  return right == U_JT_RIGHT_JOINING || right == U_JT_DUAL_JOINING;
}

struct Seen {
  bool kana_or_han = false;
  bool arabic_indic = false;
  bool extended_arabic_indic = false;
};

// What the whole string holds, for the rules that ask; looked for once, when first asked, so that a string full of
// contextual code points costs no square.
class Surroundings {
 public:
  explicit Surroundings(std::u32string_view text) : text_(text) {}
  [[nodiscard]] bool has_kana_or_han() { return look().kana_or_han; }
  [[nodiscard]] bool has_arabic_indic_digit() { return look().arabic_indic; }
  [[nodiscard]] bool has_extended_arabic_indic_digit() { return look().extended_arabic_indic; }

 private:
  const Seen& look() {
    if (seen_) return *seen_;
    seen_ = Seen{};
    for (const char32_t c : text_) {
      seen_->kana_or_han |= is_script(c, USCRIPT_HIRAGANA) || is_script(c, USCRIPT_KATAKANA) || is_script(c, USCRIPT_HAN);
      seen_->arabic_indic |= is_arabic_indic(c);
      seen_->extended_arabic_indic |= is_extended_arabic_indic(c);
    }
    return *seen_;
  }
  std::u32string_view text_;
  std::optional<Seen> seen_;
};

// RFC 5892 appendix A: whether the contextual code point at `at` may stand there.
bool context_allows(std::u32string_view text, std::size_t at, Surroundings& surroundings) {
  const bool has_before = at > 0;
  const bool has_after = at + 1 < text.size();
  const char32_t c = text[at];
  switch (c) {
    case 0x200C: return has_before && (is_virama(text[at - 1]) || joins_around(text, at));      // A.1
    case 0x200D: return has_before && is_virama(text[at - 1]);                                  // A.2
    case 0x00B7: return has_before && has_after && text[at - 1] == 'l' && text[at + 1] == 'l';  // A.3
    case 0x0375: return has_after && is_script(text[at + 1], USCRIPT_GREEK);                    // A.4
    case 0x05F3:                                                                                // A.5
    case 0x05F4: return has_before && is_script(text[at - 1], USCRIPT_HEBREW);                  // A.6
    case 0x30FB: return surroundings.has_kana_or_han();                                         // A.7
    default: break;
  }
  if (is_arabic_indic(c)) return !surroundings.has_extended_arabic_indic_digit();  // A.8
  if (is_extended_arabic_indic(c)) return !surroundings.has_arabic_indic_digit();  // A.9
  return false;
}

using Profile = std::optional<std::u32string> (*)(std::u32string_view);

// The profile's result, unless another turn would change or refuse it.
std::optional<std::u32string> idempotent(Profile once, std::u32string_view text) {
  std::optional<std::u32string> first = once(text);
  if (first && *first != text && once(*first) != first) return std::nullopt;
  return first;
}

std::optional<std::u32string> username_once(std::u32string_view text) {
  const std::u32string mapped = map_width(text);
  // RFC 8265 section 3.3.1: the class is asked of the string as it came (after width mapping), so that normalization
  // cannot launder a code point; the second turn of idempotent() asks it of the result.
  if (!conforms(mapped, StringClass::identifier)) return std::nullopt;
  const std::optional<std::u32string> lower = to_lower(mapped);
  std::optional<std::u32string> normal = lower ? to_nfc(*lower) : std::nullopt;
  if (!normal || normal->empty() || !conforms(*normal, StringClass::identifier)) return std::nullopt;
  if (has_right_to_left(*normal) && !satisfies_bidi_rule(*normal)) return std::nullopt;
  return normal;
}

std::optional<std::u32string> opaque_once(std::u32string_view text) {
  if (!conforms(text, StringClass::freeform)) return std::nullopt;
  std::u32string mapped(text);
  for (char32_t& c : mapped) {
    if (u_charType(code(c)) == U_SPACE_SEPARATOR) c = U' ';
  }
  std::optional<std::u32string> normal = to_nfc(mapped);
  if (!normal || normal->empty() || !conforms(*normal, StringClass::freeform)) return std::nullopt;
  return normal;
}

}  // namespace

Property property(char32_t c) {
  if (const std::optional<Property> special = exception(c)) return *special;
  if (is_unassigned(c)) return Property::unassigned;
  if (c >= 0x21 && c <= 0x7E) return Property::pvalid;
  if (is_join_control(c)) return Property::contextj;
  if (is_old_hangul_jamo(c) || is_ignorable(c) || u_charType(code(c)) == U_CONTROL_CHAR) return Property::disallowed;
  if (has_compatibility_mapping(c)) return Property::free_pval;
  if (is_letter_or_digit(c)) return Property::pvalid;
  constexpr std::uint32_t other_letters = U_GC_LT_MASK | U_GC_NL_MASK | U_GC_NO_MASK | U_GC_ME_MASK;
  if ((U_GET_GC_MASK(code(c)) & (other_letters | U_GC_ZS_MASK | U_GC_S_MASK | U_GC_P_MASK)) != 0) {
    return Property::free_pval;
  }
  return Property::disallowed;
}

Property idna_property(char32_t c) {
  if (const std::optional<Property> special = exception(c)) return *special;
  if (is_unassigned(c)) return Property::unassigned;
  if (c == U'-' || (c >= U'0' && c <= U'9') || (c >= U'a' && c <= U'z')) return Property::pvalid;
  if (is_join_control(c)) return Property::contextj;
  if (is_unstable(c) || is_ignorable(c) || u_isUWhiteSpace(code(c)) != 0 || is_old_hangul_jamo(c)) return Property::disallowed;
  // RFC 5892 section 2.4: blocks of combining marks for symbols and of musical notation.
  if ((c >= 0x20D0 && c <= 0x20FF) || (c >= 0x1D100 && c <= 0x1D1FF) || (c >= 0x1D200 && c <= 0x1D24F)) {
    return Property::disallowed;
  }
  return is_letter_or_digit(c) ? Property::pvalid : Property::disallowed;
}

bool conforms(std::u32string_view text, StringClass string_class) {
  Surroundings surroundings(text);
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (string_class == StringClass::idna_label ? idna_property(text[i]) : property(text[i])) {
      case Property::pvalid: break;
      case Property::free_pval:
        if (string_class != StringClass::freeform) return false;
        break;
      case Property::contextj:
      case Property::contexto:
        if (!context_allows(text, i, surroundings)) return false;
        break;
      case Property::disallowed:
      case Property::unassigned: return false;
    }
  }
  return true;
}

bool has_right_to_left(std::u32string_view text) {
  return std::ranges::any_of(text, [](char32_t c) {
    const UCharDirection direction = u_charDirection(code(c));
    return direction == U_RIGHT_TO_LEFT || direction == U_RIGHT_TO_LEFT_ARABIC || direction == U_ARABIC_NUMBER;
  });
}

bool satisfies_bidi_rule(std::u32string_view text) {
  if (text.empty()) return false;
  const UCharDirection first = u_charDirection(code(text.front()));
  const bool right_to_left = first == U_RIGHT_TO_LEFT || first == U_RIGHT_TO_LEFT_ARABIC;
  if (!right_to_left && first != U_LEFT_TO_RIGHT) return false;  // 1
  std::uint32_t seen = 0;
  UCharDirection last = first;
  for (const char32_t c : text) {
    const UCharDirection direction = u_charDirection(code(c));
    seen |= U_MASK(direction);
    if (direction != U_DIR_NON_SPACING_MARK) last = direction;
  }
  constexpr std::uint32_t neutral = U_MASK(U_EUROPEAN_NUMBER_SEPARATOR) | U_MASK(U_COMMON_NUMBER_SEPARATOR) |
                                    U_MASK(U_EUROPEAN_NUMBER_TERMINATOR) | U_MASK(U_OTHER_NEUTRAL) |
                                    U_MASK(U_BOUNDARY_NEUTRAL) | U_MASK(U_DIR_NON_SPACING_MARK);
  constexpr std::uint32_t european = U_MASK(U_EUROPEAN_NUMBER);
  constexpr std::uint32_t arabic = U_MASK(U_ARABIC_NUMBER);
  if (right_to_left) {
    constexpr std::uint32_t strong = U_MASK(U_RIGHT_TO_LEFT) | U_MASK(U_RIGHT_TO_LEFT_ARABIC);
    if ((seen & ~(neutral | strong | european | arabic)) != 0) return false;       // 2
    if ((U_MASK(last) & (strong | european | arabic)) == 0) return false;          // 3
    return (seen & european) == 0 || (seen & arabic) == 0;                         // 4
  }
  if ((seen & ~(neutral | U_MASK(U_LEFT_TO_RIGHT) | european)) != 0) return false;  // 5
  return last == U_LEFT_TO_RIGHT || last == U_EUROPEAN_NUMBER;                      // 6
}

std::u32string map_width(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (const char32_t c : text) {
    const auto type = u_getIntPropertyValue(code(c), UCHAR_DECOMPOSITION_TYPE);
    icu::UnicodeString decomposed;
    if ((type == U_DT_WIDE || type == U_DT_NARROW) && nfkc()->getRawDecomposition(code(c), decomposed) != 0) {
      out += from_icu(decomposed);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::optional<std::u32string> to_lower(std::u32string_view text) {
  icu::UnicodeString lower = to_icu(text);
  lower.toLower(icu::Locale::getRoot());
  if (lower.isBogus() != 0) return std::nullopt;
  return from_icu(lower);
}

std::optional<std::u32string> to_nfc(std::u32string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::UnicodeString normal = nfc()->normalize(to_icu(text), status);
  if (U_FAILURE(status)) return std::nullopt;
  return from_icu(normal);
}

std::optional<std::u32string> username_case_mapped(std::u32string_view text) { return idempotent(username_once, text); }

std::optional<std::u32string> opaque_string(std::u32string_view text) { return idempotent(opaque_once, text); }

std::optional<std::u32string> from_utf8(std::string_view text) {
  std::u32string out;
  out.reserve(text.size());
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int32_t>(text.size());
  std::int32_t at = 0;
  while (at < size) {
    UChar32 c = 0;
    U8_NEXT(bytes, at, size, c);  // refuses overlong forms, surrogates and values above U+10FFFF
    if (c < 0) return std::nullopt;
    out.push_back(static_cast<char32_t>(c));
  }
  return out;
}

std::string to_utf8(std::u32string_view text) {
  std::string out;
  out.reserve(text.size() * 2);
  for (const char32_t c : text) {
    if (c < 0x80) {
      out.push_back(static_cast<char>(c));
    } else if (c < 0x800) {
      out.push_back(static_cast<char>(0xC0 | (c >> 6)));
      out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
    } else if (c < 0x10000) {
      out.push_back(static_cast<char>(0xE0 | (c >> 12)));
      out.push_back(static_cast<char>(0x80 | ((c >> 6) & 0x3F)));
      out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
    } else {
      out.push_back(static_cast<char>(0xF0 | (c >> 18)));
      out.push_back(static_cast<char>(0x80 | ((c >> 12) & 0x3F)));
      out.push_back(static_cast<char>(0x80 | ((c >> 6) & 0x3F)));
      out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
    }
  }
  return out;
}

}  // namespace aldis::precis
