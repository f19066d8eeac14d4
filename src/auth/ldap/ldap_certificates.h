// Where entries of people say which certificate is whose: from a word about a certificate (storage/certificate_store.h) to a filter. Nothing
// here asks a directory.
#pragma once
#include <string>
#include <vector>

#include "auth/ldap/ldap_options.h"
#include "auth/ldap/ldap_schema.h"
#include "storage/certificate_store.h"

namespace aldis::ldap {

struct CertificateLine {
  CertificateKey key = CertificateKey::upn;
  std::string attribute;
};
// invalid names the option first.
[[nodiscard]] Result<std::vector<CertificateLine>> certificate_lines(const DirectoryOptions& options);

// Entries of people that have it in one of the attributes for its key; empty: there is none for it, or none can hold such a value.
//   userCertificate          certificateExactMatch (RFC 4523 section 3.1), with issuer-serial
//   altSecurityIdentities    "X509:<I>ISSUER<SR>SERIAL" (MS-PKCA section 3.1.5.2.1), with issuer-serial; the words of other keys as they are
//   any other                the word itself
[[nodiscard]] std::string certificate_filter(const Schema& schema, const std::vector<CertificateLine>& lines, CertificateKey key,
                                             const std::string& value);
// Whether the entry has it indeed: a directory may compare words more loosely than is good here (accents, spaces).
[[nodiscard]] bool has_certificate(const Entry& entry, const std::vector<CertificateLine>& lines, CertificateKey key, const std::string& value);

}  // namespace aldis::ldap
