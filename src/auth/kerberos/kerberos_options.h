// What an operator says of a domain about tickets. The files are read by app/.
#pragma once
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/options.h"
#include "base/result.h"

namespace aldis {

struct KerberosOptions {
  std::string kerberos_keytab;
  std::string kerberos_hostname;
  std::vector<std::string> kerberos_services;
  std::vector<std::string> kerberos_realms;
  std::string kerberos_attribute;
  bool kerberos_fold_case = false;
  std::vector<std::string> kerberos_mechanisms{"GS2-KRB5-PLUS", "GS2-KRB5", "GSSAPI"};
  Bytes kerberos_token{16 * 1024};
};

inline constexpr auto kerberos_options = std::tuple{
    Option{"kerberos_keytab", &KerberosOptions::kerberos_keytab, Range{0, 4000},
           "A keytab with the keys of this domain's service: people log in with Kerberos tickets (SASL GSSAPI and "
           "GS2-KRB5). Only the server's "
           "user may read it; it is read at the start and at each reload. Empty: no tickets. See kerberos.md.",
           Reload::live},
    Option{"kerberos_hostname", &KerberosOptions::kerberos_hostname, Range{0, 255},
           "The name of this machine in the service's principal, xmpp/HOSTNAME; clients are told (XEP-0233). Empty: "
           "the domain's name.",
           Reload::live},
    Option{"kerberos_services", &KerberosOptions::kerberos_services, Range{0, 16},
           "Principals of the keytab whose keys count, such as \"xmpp/chat.example.org\" or with @REALM. Empty: "
           "xmpp/HOSTNAME, xmpp/DOMAIN and "
           "xmpp/HOSTNAME/DOMAIN, of any realm. Tickets for anything else are refused.",
           Reload::live},
    Option{"kerberos_realms", &KerberosOptions::kerberos_realms, Range{0, 32},
           "Realms whose people may have accounts here: \"EXAMPLE.ORG\", where the principal's name is the account's, "
           "or \"PARTNER.EXAMPLE = "
           "partner-{name}\". Empty: the domain's name in upper case. Principals with an instance (juliet/admin) have "
           "none.",
           Reload::live},
    Option{"kerberos_attribute", &KerberosOptions::kerberos_attribute, Range{0, 100},
           "On a domain with a directory: whose entry has the principal in this attribute has the account, such as "
           "krbPrincipalName or "
           "userPrincipalName. sAMAccountName, uid and cn have the name without the realm. Empty: the name decides.",
           Reload::live},
    Option{"kerberos_fold_case", &KerberosOptions::kerberos_fold_case,
           "Whether Juliet@EXAMPLE.ORG is juliet here. Only for realms where no two people differ by case, such as "
           "Active Directory's; "
           "otherwise a name with capitals has no account.",
           Reload::live},
    Option{"kerberos_mechanisms", &KerberosOptions::kerberos_mechanisms, Range{1, 3},
           "Of GS2-KRB5-PLUS, GS2-KRB5 and GSSAPI those that are offered, in this order. Only the first is bound to "
           "the TLS channel: leave the "
           "others out where all clients can.",
           Reload::live},
    Option{"kerberos_token", &KerberosOptions::kerberos_token, Range{Bytes{2048}, Bytes{64 * 1024}},
           "Bytes of a client's ticket and what goes with it; so much more may a stranger send before it has "
           "authenticated. Active Directory's grow "
           "with the groups somebody is in (MaxTokenSize: 48000).",
           Reload::live},
};

// What ranges cannot say; invalid names the option first: "kerberos_realms: ...". `has_directory`: the domain's people
// are a directory's.
[[nodiscard]] Result<void> validate(const KerberosOptions& options, std::string_view domain, bool has_directory);

}  // namespace aldis
