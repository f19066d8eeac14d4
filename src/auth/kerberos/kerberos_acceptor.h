// KerberosAcceptor: tickets of one domain, looked at by MIT's GSS-API (RFC 4121) with the keys of a keytab. It asks no
// KDC and no DNS. What was shown once is not good again: a file remembers it, also across a restart. Credentials that a
// client delegates are not taken.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "auth/kerberos/principal_rules.h"
#include "auth/kerberos/service_keys.h"
#include "auth/ticket_acceptor.h"

namespace aldis {

// Principals of the service as an operator means them: those that are named, or those of the host and the domain.
[[nodiscard]] std::vector<std::string> kerberos_services(const KerberosOptions& options, const std::string& domain);

class KerberosAcceptor final : public TicketAcceptor {
 public:
  // The options are valid and have a keytab; `replays` is the file of what was seen. Blocks. The error is for an
  // operator.
  [[nodiscard]] static Result<std::shared_ptr<KerberosAcceptor>> make(const KerberosOptions& options,
                                                                      const std::string& domain,
                                                                      std::shared_ptr<const ServiceKeys> keys,
                                                                      const std::string& replays);

  [[nodiscard]] const std::vector<std::string>& mechanisms() const override { return mechanisms_; }
  [[nodiscard]] const std::string& hostname() const override { return hostname_; }
  [[nodiscard]] std::size_t token_bytes() const override { return token_bytes_; }
  [[nodiscard]] std::shared_ptr<SecurityContext> begin() override;
  [[nodiscard]] PrincipalMapping account_of(std::string_view principal) const override {
    return rules_.account_of(principal);
  }

  class Credential;  // the library's, with the keys

 private:
  KerberosAcceptor(const KerberosOptions& options, const std::string& domain, PrincipalRules rules,
                   std::shared_ptr<const Credential> credential);

  std::vector<std::string> mechanisms_;
  std::string hostname_;
  std::size_t token_bytes_;
  PrincipalRules rules_;
  std::shared_ptr<const Credential> credential_;
};

}  // namespace aldis
