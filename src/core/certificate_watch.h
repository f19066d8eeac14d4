// CertificateWatch: sessions whose login rests on a certificate end when it no longer holds: it has expired or been revoked, the
// domain trusts its issuer no more, or it is no longer the account's (security C05, S13). Each is judged again now and then
// (LobbyConfig::certificate_check), as if it logged in, a few at a time on the lobby's shard; one whose account cannot be learnt
// now goes on.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "auth/certificate/certificate_judge.h"
#include "auth/principal.h"
#include "core/ids.h"
#include "core/world.h"
#include "runtime/shard.h"

namespace aldis {

class CertificateWatch {
 public:
  // All outlive it; so do the world's homes.
  CertificateWatch(World& world, Shard& lobby);
  ~CertificateWatch();
  CertificateWatch(const CertificateWatch&) = delete;
  CertificateWatch& operator=(const CertificateWatch&) = delete;

  // Before the lobby's thread runs, or on it.
  void start();
  void set_interval(std::chrono::seconds interval) { interval_ = interval; }   // from the next round on

 private:
  struct Watched {
    SessionId session;
    PrincipalPtr principal;
  };
  void arm();
  // The Task lives until it is done; the watch may go before.
  static Task<void> look(World& world, Shard& lobby, std::shared_ptr<CertificateWatch*> self);
  [[nodiscard]] static Task<std::vector<Watched>> sessions_of(World& world);

  World& world_;
  Shard& lobby_;
  std::shared_ptr<CertificateWatch*> self_;   // null within when this is gone
  TimerId timer_ = TimerId::none;
  std::chrono::milliseconds interval_{20'000};
  bool was_used_ = false;
};

}  // namespace aldis
