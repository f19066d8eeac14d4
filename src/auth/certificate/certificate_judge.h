// CertificateJudge: whether a certificate that a client has shown is somebody's of a domain: it ends at one of the domain's
// anchors, is valid, not revoked and made for logging in (tls/trust.h), and the domain's rules find whose it is. The one place
// that says so, for logins, for sessions that go on, and for an operator who asks why.
#pragma once
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "auth/certificate/certificate_mapper.h"
#include "base/clock.h"
#include "tls/trust.h"

namespace aldis {

// Whether clients may, or must, log in with a certificate.
enum class CertificateUse : std::uint8_t { off, optional, required };
constexpr auto option_names(CertificateUse) {
  return std::array{OptionName{"off", CertificateUse::off}, OptionName{"optional", CertificateUse::optional},
                    OptionName{"required", CertificateUse::required}};
}

// What a domain has decided about its people's certificates.
struct CertificatePolicy {
  CertificateUse use = CertificateUse::off;
  std::shared_ptr<const tls::TrustStore> trust{};   // null where `use` is off
  MapperRules rules{};
};
using CertificatePolicies = std::map<std::string, CertificatePolicy, std::less<>>;   // by domain
// All that domains believe, PEM, for the request in the handshake: a card with several certificates chooses by it. Empty: no domain
// wants to see certificates.
[[nodiscard]] std::string client_authorities(const CertificatePolicies& policies);

// How far it came; whatever it did not come to was not asked.
enum class CertificateStep : std::uint8_t {
  domain,     // uses no certificates
  reading,    // its names and dates cannot be read
  trust,      // path, dates, usage, revocation
  directory,  // could not say whose it is
  conflict,   // one rule found two accounts
  nobody,     // no rule found an account
  somebody,
};
[[nodiscard]] std::string_view to_string(CertificateStep step);

struct CertificateJudgement {
  tls::PresentedChain chain{};
  std::string domain{};
  CertificateStep step = CertificateStep::domain;
  std::string why{};                        // for the log and the operator; empty: it is somebody's
  tls::CertificateFields fields{};          // from step trust on
  tls::CertificateVerdict verdict{};        // the same
  CertificateMatch match{};                 // from step conflict on

  // Whom the bearer may log in as; empty: as nobody.
  [[nodiscard]] const std::vector<BareJid>& accounts() const { return match.accounts; }
  [[nodiscard]] bool is_somebodys() const { return step == CertificateStep::somebody; }
};

// Learns what is said of a path's certificates now, over the network, into what the domains' TrustStores know.
class RevocationSource {
 public:
  virtual ~RevocationSource() = default;
  // Done when it has, need not, or could not in its time.
  virtual Task<void> refresh(std::vector<std::shared_ptr<X509>> path) = 0;
};

// Used from one executor (the lobby's).
class CertificateJudge {
 public:
  // Both outlive it and what it gave.
  CertificateJudge(CertificateDirectory& directory, const Clock& clock) : directory_(directory), clock_(clock) {}
  // Outlives it; without one only what is known already, or stapled, counts.
  void set_revocation(RevocationSource* source) { revocation_ = source; }
  // For judgements that begin later.
  void configure(CertificatePolicies policies);

  [[nodiscard]] CertificateUse use(std::string_view domain) const;
  [[nodiscard]] bool is_used() const;   // by any domain
  [[nodiscard]] Task<CertificateJudgement> judge(tls::PresentedChain chain, std::string domain) const;

 private:
  struct Domain {
    CertificatePolicy policy;
    CertificateMapper mapper;
    std::shared_ptr<const tls::TrustStore> path_finder;   // the same but for revocation; null where that is off
  };
  [[nodiscard]] Task<tls::CertificateVerdict> verify(const Domain& domain, const tls::PresentedChain& chain) const;

  CertificateDirectory& directory_;
  const Clock& clock_;
  RevocationSource* revocation_ = nullptr;
  std::map<std::string, std::shared_ptr<const Domain>, std::less<>> domains_;
};

}  // namespace aldis
