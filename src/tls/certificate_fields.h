// CertificateFields: what a person's certificate says about its bearer: the names by which an account may be found, and its
// identity as a certificate. Reading is strict (security C01): decoded ASN.1 only, never text searched in text. Nothing here is
// believed until TrustStore::verify has said yes.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "tls/certificate_names.h"

namespace aldis::tls {

// A card's Federal Agency Smart Credential Number (PACS 2.3 section 6.1; FIPS 201-3 section 4.2.1).
struct FascN {
  std::string bytes;          // the 25 bytes in hexadecimal
  std::string agency;         // 4 digits
  std::string system;         // 4
  std::string credential;     // 6
  std::string series;         // 1
  std::string issue;          // 1
  std::string person;         // 10: in the armed forces of the USA the EDIPI
  std::string category;       // 1
  std::string organization;   // 4
  std::string association;    // 1
};

// From the 25 bytes; nothing when a character's parity, a separator or the checksum is wrong.
[[nodiscard]] std::optional<FascN> parse_fasc_n(std::string_view bytes);

struct CertificateFields {
  CertificateNames names;                  // xmpp_addr among them
  std::vector<std::string> upn;            // otherName 1.3.6.1.4.1.311.20.2.3, "1234567890@mil"
  std::vector<std::string> email;          // rfc822Name, as written
  std::vector<FascN> fasc_n;               // otherName 2.16.840.1.101.3.6.6
  std::vector<std::string> uuids;          // of URIs "urn:uuid:", lower case, without the prefix
  std::vector<std::string> common_names;   // of the subject, in its order; UTF-8
  std::string subject;                     // RFC 4514: "CN=ROMEO.M.1234567890,OU=USN,C=US"
  std::string issuer;                      // RFC 4514
  std::string serial;                      // hexadecimal, lower case, whole bytes; "-" before a negative one
  std::string fingerprint_sha256;          // hexadecimal, lower case
  WallTime not_before;
  WallTime not_after;
};

// invalid: a subjectAltName or a date that cannot be read; limit: more than 100 names. A single name that is not what its type
// allows (a NUL, an IA5String as xmppAddr) is left out.
[[nodiscard]] Result<CertificateFields> fields_of(const X509* certificate);

// From PEM, the first certificate, or DER.
[[nodiscard]] Result<CertificateFields> fields_of(std::string_view file);

}  // namespace aldis::tls
