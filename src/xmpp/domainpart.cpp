// The domainpart of an address, RFC 7622 section 3.2: names of LDH labels and U-labels (IDNA2008, RFC 5890 to 5893),
// IPv4 and IPv6 literals. It does not ask DNS anything, and refuses zone identifiers, which mean nothing to another host.
//
// Mapping before validity is RFC 5895's: width, lower case, NFC, ideographic full stops as dots. What only UTS 46 would
// map or let pass (symbols, ignorable code points, compatibility characters) is refused.
#include <arpa/inet.h>
#include <unicode/idna.h>
#include <unicode/uchar.h>
#include <unicode/uidna.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/ensure.h"
#include "xmpp/jid_parts.h"
#include "xmpp/precis.h"
#include "xmpp/stringprep.h"

namespace aldis::jid_parts {
namespace {

constexpr std::size_t longest_label = 63;  // RFC 5890 section 2.3.1: of an LDH label or A-label
constexpr std::u32string_view ace_prefix = U"xn--";

using DomainError = std::optional<JidError>;

const icu::IDNA& idna() {
  static const icu::IDNA* const instance = [] {
    UErrorCode status = U_ZERO_ERROR;
    const icu::IDNA* made = icu::IDNA::createUTS46Instance(
        UIDNA_USE_STD3_RULES | UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ | UIDNA_CHECK_CONTEXTO |
            UIDNA_NONTRANSITIONAL_TO_ASCII | UIDNA_NONTRANSITIONAL_TO_UNICODE,
        status);
    ensure(U_SUCCESS(status) && made != nullptr, "ICU carries IDNA's data");
    return made;
  }();
  return *instance;
}

icu::UnicodeString to_icu(std::u32string_view text) {
  return icu::UnicodeString::fromUTF32(reinterpret_cast<const UChar32*>(text.data()), static_cast<std::int32_t>(text.size()));
}

bool is_ascii(std::u32string_view label) {
  for (const char32_t c : label) {
    if (c >= 0x80) return false;
  }
  return true;
}

// RFC 5891 section 4.2.3.1: no hyphen at either end, none in both the third and fourth place.
bool hyphens_allowed(std::u32string_view label) {
  return label.front() != U'-' && label.back() != U'-' && !(label.size() >= 4 && label[2] == U'-' && label[3] == U'-');
}

std::optional<icu::UnicodeString> to_a_label(std::u32string_view label) {
  UErrorCode status = U_ZERO_ERROR;
  icu::IDNAInfo info;
  icu::UnicodeString ascii;
  idna().labelToASCII(to_icu(label), ascii, info, status);
  if (U_FAILURE(status) || info.hasErrors() != 0) return std::nullopt;
  return ascii;
}

std::optional<std::u32string> from_a_label(std::u32string_view label) {
  UErrorCode status = U_ZERO_ERROR;
  icu::IDNAInfo info;
  icu::UnicodeString unicode;
  idna().labelToUnicode(to_icu(label), unicode, info, status);
  if (U_FAILURE(status) || info.hasErrors() != 0) return std::nullopt;
  std::u32string decoded;
  for (std::int32_t i = 0; i < unicode.length(); i = unicode.moveIndex32(i, 1)) {
    decoded.push_back(static_cast<char32_t>(unicode.char32At(i)));
  }
  // RFC 5891 section 5.4: an A-label is one only if it is what its U-label encodes to.
  const std::optional<icu::UnicodeString> again = is_ascii(decoded) ? std::nullopt : to_a_label(decoded);
  if (!again || *again != to_icu(label)) return std::nullopt;
  return decoded;
}

// RFC 5891 section 4.2: whether the label, mapped already, is a U-label.
bool is_u_label(std::u32string_view label) {
  const bool leads_with_mark = (U_GET_GC_MASK(static_cast<UChar32>(label.front())) & U_GC_M_MASK) != 0;
  if (leads_with_mark || !hyphens_allowed(label) || !precis::conforms(label, precis::StringClass::idna_label)) return false;
  const std::optional<icu::UnicodeString> ascii = to_a_label(label);
  return ascii && static_cast<std::size_t>(ascii->length()) <= longest_label;
}

std::optional<std::u32string> mapped_label(std::u32string_view label) {
  const std::optional<std::u32string> lower = precis::to_lower(precis::map_width(label));
  return lower ? precis::to_nfc(*lower) : std::nullopt;
}

Result<std::u32string, JidError> prepare_label(std::u32string_view label) {
  std::optional<std::u32string> mapped = mapped_label(label);
  if (!mapped || mapped->empty()) return fail(JidError::bad_domainpart);
  if (mapped->starts_with(ace_prefix) && is_ascii(*mapped)) {
    if (mapped->size() > longest_label) return fail(JidError::bad_domainpart);
    std::optional<std::u32string> decoded = from_a_label(*mapped);
    // An A-label may encode what the mapping would never leave, such as Cherokee capitals, which IDNA2008 allows.
    if (!decoded || !is_u_label(*decoded) || mapped_label(*decoded) != decoded) return fail(JidError::bad_domainpart);
    if (stringprep::reads_differently(stringprep::Profile::nameprep, *decoded, *decoded)) return fail(JidError::ambiguous);
    return std::move(*decoded);
  }
  if (is_ascii(*mapped)) {
    if (mapped->size() > longest_label || !hyphens_allowed(*mapped) ||
        !precis::conforms(*mapped, precis::StringClass::idna_label)) {
      return fail(JidError::bad_domainpart);
    }
  } else if (!is_u_label(*mapped)) {
    return fail(JidError::bad_domainpart);
  }
  if (stringprep::reads_differently(stringprep::Profile::nameprep, label, *mapped)) return fail(JidError::ambiguous);
  return std::move(*mapped);
}

bool is_dot(char32_t c) { return c == U'.' || c == 0x3002 || c == 0xFF0E || c == 0xFF61; }

// RFC 3986 IP-literal, written as RFC 5952 recommends so that one address has one form.
Result<std::string, JidError> prepare_ip_literal(std::string_view text) {
  if (text.size() < 4 || text.back() != ']') return fail(JidError::bad_domainpart);
  const std::string address(text.substr(1, text.size() - 2));
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  if (address.find('\0') != std::string::npos || inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1) {
    return fail(JidError::bad_domainpart);
  }
  std::array<char, INET6_ADDRSTRLEN> canonical{};
  ensure(inet_ntop(AF_INET6, bytes.data(), canonical.data(), canonical.size()) != nullptr, "an IPv6 address can be written");
  return "[" + std::string(canonical.data()) + "]";
}

}  // namespace

Result<std::string, JidError> prepare_unusual_domain(std::string_view text) {
  if (text.starts_with('[')) return prepare_ip_literal(text);
  const std::optional<std::u32string> decoded = precis::from_utf8(text);
  if (!decoded) return fail(JidError::bad_domainpart);
  std::u32string name;
  bool is_bidi = false;  // RFC 5893 section 1.4: one right-to-left label puts all labels under the rule
  bool breaks_bidi_rule = false;
  std::size_t start = 0;
  for (std::size_t i = 0; i <= decoded->size(); ++i) {
    if (i != decoded->size() && !is_dot((*decoded)[i])) continue;
    const Result<std::u32string, JidError> label = prepare_label(std::u32string_view(*decoded).substr(start, i - start));
    if (!label) return fail(label.error());
    if (start != 0) name.push_back(U'.');
    name += *label;
    is_bidi = is_bidi || precis::has_right_to_left(*label);
    breaks_bidi_rule = breaks_bidi_rule || !precis::satisfies_bidi_rule(*label);
    start = i + 1;
  }
  if (is_bidi && breaks_bidi_rule) return fail(JidError::bad_domainpart);
  return precis::to_utf8(name);
}

Result<std::string, JidError> unusual_domain_to_ascii(std::string_view domain) {
  const std::optional<std::u32string> decoded = precis::from_utf8(domain);
  if (!decoded) return fail(JidError::bad_domainpart);
  std::string name;
  std::size_t start = 0;
  for (std::size_t i = 0; i <= decoded->size(); ++i) {
    if (i != decoded->size() && (*decoded)[i] != U'.') continue;
    const std::optional<icu::UnicodeString> label = to_a_label(std::u32string_view(*decoded).substr(start, i - start));
    if (!label || label->isEmpty()) return fail(JidError::bad_domainpart);
    if (start != 0) name.push_back('.');
    label->toUTF8String(name);
    start = i + 1;
  }
  return name;
}

}  // namespace aldis::jid_parts
