// What an operator says of a domain about its people's certificates. The files are read by app/.
#pragma once
#include <string>
#include <tuple>
#include <vector>

#include "auth/certificate/certificate_judge.h"
#include "auth/certificate/revocation_check.h"
#include "base/options.h"

namespace aldis {

struct CertificateOptions {
  CertificateUse client_certificates = CertificateUse::off;
  std::vector<std::string> client_anchors;
  std::vector<std::string> client_policies;
  std::vector<std::string> client_usages;
  RevocationCheck client_revocation = RevocationCheck::soft;
  std::vector<std::string> client_rules{"xmpp-address", "upn", "mail", "fascn", "uuid", "fingerprint", "issuer-serial"};
  std::string client_common_name = "*.##########";
};

inline constexpr auto certificate_options = std::tuple{
    Option{"client_certificates", &CertificateOptions::client_certificates,
           "Whether people log in with certificates (SASL EXTERNAL, XEP-0178). \"optional\": also with passwords. \"required\": in no "
           "other way. See certificates.md.",
           Reload::live},
    Option{"client_anchors", &CertificateOptions::client_anchors, Range{0, 32},
           "PEM files with the authorities whose certificates are people's of this domain. The system's own authorities are not asked.",
           Reload::live},
    Option{"client_policies", &CertificateOptions::client_policies, Range{0, 32},
           "Certificate policies (OIDs), one of which a person's certificate must have been issued under (RFC 5280 section 6.1). Empty: "
           "any.",
           Reload::live},
    Option{"client_usages", &CertificateOptions::client_usages, Range{0, 8},
           "Extended key usages (OIDs) a person's certificate must have besides what logging in takes, such as 1.3.6.1.4.1.311.20.2.2 "
           "(smart card logon).",
           Reload::live},
    Option{"client_revocation", &CertificateOptions::client_revocation,
           "\"soft\": who is known to be revoked, by a CRL or by OCSP, is refused. \"hard\": only who is known not to be is let in. \"off\": "
           "nobody asks.",
           Reload::live},
    Option{"client_rules", &CertificateOptions::client_rules, Range{1, 8},
           "How the account of a certificate is found, in this order; the first that finds one decides, and one that finds two lets "
           "nobody in. xmpp-address: the address in the certificate. The others are looked up among what `aldis user certificate` has "
           "been told: upn (ten digits @mil also as an EDIPI), mail, fascn, uuid, fingerprint, issuer-serial, and common-name by "
           "client_common_name. A rule that is not here is off.",
           Reload::live},
    Option{"client_common_name", &CertificateOptions::client_common_name, Range{1, 200},
           "What the rule common-name takes out of a subject's common name to look up as an EDIPI: # is a digit, * at most once any "
           "text.",
           Reload::live},
};

// invalid: a rule is unknown or named twice, the pattern is none, or anchors are missing.
[[nodiscard]] Result<MapperRules> mapper_rules(const CertificateOptions& options);

}  // namespace aldis
