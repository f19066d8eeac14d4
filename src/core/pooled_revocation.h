// PooledRevocation: CRLs and OCSP responses fetched on worker threads, so that no login waits for another's. The same path is
// asked about once a minute at most; an answer that comes too late is there for the next one. What is known and holds is not asked
// for, unless it shall be asked again after a while: who was good a week ago, by a list that holds a month, may be revoked now.
#pragma once
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "auth/certificate/certificate_judge.h"
#include "net/revocation_fetch.h"
#include "runtime/worker_pool.h"

namespace aldis {

class PooledRevocation final : public RevocationSource {
 public:
  // Used from one executor. `workers` and `clock` outlive it. A path comes here only when it ends at an anchor, so its authorities
  // are asked wherever they say, also inside our own networks.
  PooledRevocation(std::shared_ptr<tls::RevocationCache> cache, WorkerPool& workers, const Clock& clock,
                   net::RevocationFetchOptions options = {.allow_private = true, .crl_deadline = std::chrono::seconds(10)});

  Task<void> refresh(std::vector<std::shared_ptr<X509>> path) override;
  // So long after a path was asked about it is asked about although all that is known still holds; 0, as at first: never.
  void ask_again_after(std::chrono::seconds time) { again_ = time; }

 private:
  std::shared_ptr<tls::RevocationCache> cache_;
  WorkerPool& workers_;
  const Clock& clock_;
  net::RevocationFetchOptions options_;
  std::chrono::seconds again_{0};
  struct Asked {
    Monotonic last{};
    Monotonic anew{};   // whatever was known
  };
  std::map<std::string, Asked> asked_;   // by the fingerprint of the path's first certificate
};

}  // namespace aldis
