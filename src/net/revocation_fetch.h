// Keeping revocation current over HTTP: OCSP (RFC 6960 appendix A) and CRL distribution points. Blocks: for a WorkerPool's thread.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "net/http_fetch.h"
#include "tls/certificate.h"
#include "tls/revocation_cache.h"
#include "tls/staple.h"

namespace aldis::net {

struct RevocationFetchOptions {
  bool allow_private = false;                       // HttpRequest's
  std::chrono::milliseconds ocsp_deadline{5'000};
  std::chrono::milliseconds crl_deadline{60'000};
  std::size_t largest_crl = 64 * 1024 * 1024;
  std::chrono::minutes ahead{60};                   // what ends sooner than this is asked for again
};

// For each certificate of a verified path but the anchor: when nothing in `cache` says that it is good for long enough, its OCSP
// responders are asked, and when they do not help, its CRLs are fetched. What went wrong, in words with the address; nothing that
// came is kept unless the issuer signed it.
[[nodiscard]] std::vector<std::string> update_revocation(tls::RevocationCache& cache, const std::vector<std::shared_ptr<X509>>& path,
                                                         WallTime now, Random& random, const RevocationFetchOptions& options = {});

// A new OCSP response about our own certificate, whose issuer is next in its chain, into `staple`. Nothing is asked while the
// staple holds for long enough, and a staple that has ended is taken away also when no new one comes. not_found: no responder is
// named, or the chain has no issuer.
[[nodiscard]] Result<void> refresh_staple(tls::Staple& staple, const tls::Certificate& certificate, WallTime now, Random& random,
                                          const RevocationFetchOptions& options = {});

}  // namespace aldis::net
