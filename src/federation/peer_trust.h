// PeerTrust: whether a certificate proves that its bearer is the server of a domain: a path to the anchors of the peer's rule
// (TrustStore), a name (RFC 9525, RFC 6120 section 13.7), or a key that DNS with DNSSEC names (DANE, RFC 7673), and the pinned keys
// of the rule. Both directions, and `aldis peer explain`, ask here. Anchors' files are read once until forget(). Revocation is
// answered from what is known and what the peer stapled; PeerCertificates sees to it that it is known.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/server_lookup.h"
#include "policy/peer_rules.h"
#include "tls/trust.h"

namespace aldis::federation {

struct PeerProof {
  bool is_proved = false;
  std::string how;    // "certificate", "DANE-EE": for log and operator; empty when it is not proved
  std::string why;    // what speaks against it, with the mend
};

class PeerTrust {
 public:
  // The file that counts where a rule names none, and the folder that relative names begin in. `known`: revocations.
  PeerTrust(std::string anchors, std::string folder, tls::RevocationMode revocation,
            std::shared_ptr<const tls::RevocationCache> known);

  // `target`: where the domain's server was found, when we have called it; null: it has called us.
  [[nodiscard]] PeerProof judge(const policy::PeerRule& rule, std::string_view domain, const tls::PresentedChain& chain,
                                const net::ServerTarget* target, WallTime now);
  // The certificates' way to the anchors of the rule, whose status matters there; empty: there is none, or nobody minds.
  [[nodiscard]] std::vector<std::shared_ptr<X509>> path(const policy::PeerRule& rule, const tls::PresentedChain& chain,
                                                        const net::ServerTarget* target, WallTime now);
  // The same, and empty also when all of it is known already, good or bad.
  [[nodiscard]] std::vector<std::shared_ptr<X509>> unknown_path(const policy::PeerRule& rule, const tls::PresentedChain& chain,
                                                                const net::ServerTarget* target, WallTime now);
  // Whose certificates are believed under a rule. Errors: the file cannot be used.
  struct Anchors {
    std::string path;
    std::size_t count = 0;
  };
  [[nodiscard]] Result<Anchors> anchors_of(const policy::PeerRule& rule);
  [[nodiscard]] tls::RevocationMode mode_of(const policy::PeerRule& rule) const;
  // The files are read again when next needed.
  void forget() { stores_.clear(); }
  // Where a rule does not say.
  void set_revocation(tls::RevocationMode mode) { revocation_ = mode; }

 private:
  [[nodiscard]] tls::CertificateVerdict verify(const policy::PeerRule& rule, tls::RevocationMode mode, const tls::PresentedChain& chain,
                                               const net::ServerTarget* target, WallTime now);
  [[nodiscard]] Result<std::shared_ptr<const tls::TrustStore>> store(const std::string& file, tls::RevocationMode mode);

  std::string anchors_;
  std::string folder_;
  tls::RevocationMode revocation_;
  std::shared_ptr<const tls::RevocationCache> known_;
  std::map<std::pair<std::string, tls::RevocationMode>, std::shared_ptr<const tls::TrustStore>> stores_;   // by file and mode
};

}  // namespace aldis::federation
