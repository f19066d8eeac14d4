// Out of OpenSSL's ASN.1: a subjectAltName read strictly (security C01), texts, names and dates. For the sources of this folder.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "tls/openssl.h"

namespace aldis::tls {

inline constexpr int most_alternative_names = 100;                      // security D8
inline constexpr std::size_t longest_alternative_names = 64 * 1024;     // bytes of the whole extension
inline constexpr std::size_t longest_alternative_name = 4 * 1024;       // bytes of one; an address has 3071 at most

// Null where there is none. invalid: it cannot be decoded as a whole, or is there twice; limit: too many names.
[[nodiscard]] Result<NamesPtr> alternative_names(const X509* certificate);

// Their text in UTF-8. Nothing for what is empty, too long, of another string type, not UTF-8 (not ASCII in an IA5String), or
// holds a control character: a NUL in a name is a trick (CVE-2009-2408), and such a name is no name.
[[nodiscard]] std::optional<std::string> utf8_of(const ASN1_TYPE* value);      // UTF8String
[[nodiscard]] std::optional<std::string> ia5_of(const ASN1_STRING* value);     // IA5String
[[nodiscard]] std::optional<std::string> text_of(const ASN1_STRING* value);    // any string type that X.520 allows

// "1.3.6.1.5.5.7.8.5"
[[nodiscard]] std::string dotted(const ASN1_OBJECT* oid);
// RFC 4514, in UTF-8, whatever the name holds: control characters are escaped.
[[nodiscard]] std::string rfc4514(const X509_NAME* name);
// Nothing for a date that cannot be read.
[[nodiscard]] std::optional<WallTime> wall_time(const ASN1_TIME* time);
[[nodiscard]] std::string date_text(WallTime time);   // "2026-01-11 00:00 UTC"
[[nodiscard]] std::string_view bytes_of(const ASN1_STRING* s);

}  // namespace aldis::tls
