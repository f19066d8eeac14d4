// PeerCertificates: whether what another server has shown proves its name, asked when a stream is made, and again and again while it
// lives: what the authorities say is learnt first (RevocationSource), then PeerTrust judges. A stream that rests on a certificate
// ends when that holds no more (security C05): it has expired or been revoked, or its authority is believed no more. Lives on the
// federation's shard.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "auth/certificate/certificate_judge.h"
#include "federation/peer_trust.h"
#include "runtime/executor.h"
#include "runtime/task.h"

namespace aldis::federation {

class PeerStream;
class PeerTable;

// What a stream's peer has shown: enough to judge it again.
struct ShownCertificate {
  std::string domain;                       // that it stands for
  tls::PresentedChain chain{};
  std::optional<net::ServerTarget> target;  // where it was found; nothing: it has called us
};

class PeerCertificates {
 public:
  // The table outlives it.
  PeerCertificates(PeerTable& table, PeerTrust trust) : table_(table), trust_(std::move(trust)) {}

  [[nodiscard]] PeerTrust& trust() { return trust_; }
  // Where news of revocations come from; null: what is known already, or stapled, counts alone. Outlives what is under way.
  void set_revocation(RevocationSource* source) { revocation_ = source; }

  // Waits only where the rule minds and something is not known. The table is there when it resumes.
  [[nodiscard]] Task<PeerProof> judge(policy::PeerRulePtr rule, std::shared_ptr<const ShownCertificate> shown);
  // Looks at every open stream, from now on each PeerTableOptions::certificate_check.
  void watch();

 private:
  void look_at_all();
  [[nodiscard]] static Task<void> look_at(PeerTable& table, std::uint64_t stream);
  [[nodiscard]] PeerProof judge_now(const policy::PeerRule& rule, const ShownCertificate& shown);

  PeerTable& table_;
  PeerTrust trust_;
  RevocationSource* revocation_ = nullptr;
};

}  // namespace aldis::federation
