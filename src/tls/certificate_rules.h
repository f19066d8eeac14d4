// What a certificate by itself must be, whoever issued it (RFC 5280 section 4, NIST SP 800-131A). For trust.cpp.
#pragma once
#include <optional>
#include <string>

#include "tls/openssl.h"
#include "tls/trust.h"

namespace aldis::tls {

struct Finding {
  CertificateProblem problem;
  std::string detail;   // "its key: RSA of 1024 bits"
};

enum class Place : std::uint8_t { leaf, issuer, anchor };

// Version, serial number, extensions, key and signature. Of an anchor only what a name and a key can have: who signed it, and
// how, does not matter (RFC 5280 6.1.1 d).
[[nodiscard]] std::optional<Finding> look_at(X509* certificate, Place place);

// keyUsage and extendedKeyUsage for `purpose`; extensions that are not there restrict nothing. An issuer's extendedKeyUsage
// bounds what it may issue.
[[nodiscard]] std::optional<Finding> look_at_usage(X509* certificate, Place place, Purpose purpose, const TrustOptions& options);

// OpenSSL applies permitted and excluded dNSNames to dNSNames only. An authority so bound must not name others' domains in an
// xmppAddr or SRVName instead.
[[nodiscard]] std::optional<Finding> look_at_xmpp_names(const std::vector<std::shared_ptr<X509>>& path);

}  // namespace aldis::tls
