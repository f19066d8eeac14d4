// PRECIS and IDNA2008 code point rules over ICU's Unicode data (RFC 8264, RFC 5892, RFC 5893): the derived properties,
// the contextual rules, the Bidi rule, and the two profiles of RFC 8265 that XMPP addresses use. Passwords (OpaqueString
// too) are prepared with the same functions. Text here is UTF-32; it knows nothing of addresses.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aldis::precis {

enum class Property : std::uint8_t {
  pvalid,      // allowed in both string classes
  free_pval,   // allowed in the FreeformClass only (ID_DIS)
  contextj,    // join controls, allowed where RFC 5892 appendix A.1 and A.2 say
  contexto,    // allowed where appendix A.3 to A.9 say
  disallowed,
  unassigned,  // in the Unicode version of the ICU library we run with
};
// RFC 8264 section 8.
[[nodiscard]] Property property(char32_t c);
// RFC 5892 section 3, for labels of domain names; never free_pval.
[[nodiscard]] Property idna_property(char32_t c);

enum class StringClass : std::uint8_t { identifier, freeform, idna_label };
// Every code point is allowed in the class, contextual rules included.
[[nodiscard]] bool conforms(std::u32string_view text, StringClass string_class);

// RFC 5893: whether the text has a right-to-left code point, and whether it satisfies the Bidi rule (section 2).
[[nodiscard]] bool has_right_to_left(std::u32string_view text);
[[nodiscard]] bool satisfies_bidi_rule(std::u32string_view text);

// Width mapping (RFC 8264 section 5.2.1), lower case (5.2.3) and NFC. Nothing when ICU reports a failure.
[[nodiscard]] std::u32string map_width(std::u32string_view text);
[[nodiscard]] std::optional<std::u32string> to_lower(std::u32string_view text);
[[nodiscard]] std::optional<std::u32string> to_nfc(std::u32string_view text);

// RFC 8265 section 3.3.2, UsernameCaseMapped, and 4.2.2, OpaqueString: the enforced string, or nothing where the profile
// refuses it, where it is empty, or where enforcing the result again would change it (RFC 8264 section 7 asks for
// idempotence; a handful of code points would need more than one turn and are refused instead).
[[nodiscard]] std::optional<std::u32string> username_case_mapped(std::u32string_view text);
[[nodiscard]] std::optional<std::u32string> opaque_string(std::u32string_view text);

// Strict UTF-8 in both directions; nothing for malformed input, surrogates included.
[[nodiscard]] std::optional<std::u32string> from_utf8(std::string_view text);
[[nodiscard]] std::string to_utf8(std::u32string_view text);

}  // namespace aldis::precis
