// One job for a path that has not been asked about lately.
#include "core/pooled_revocation.h"

#include <utility>

#include "base/log.h"
#include "base/random.h"

namespace aldis {
namespace {

constexpr std::chrono::seconds between_questions{60};
constexpr std::chrono::milliseconds patience{10'000};   // of a login; it has thirty seconds in all
constexpr std::size_t remembered_paths = 100'000;
constexpr std::chrono::hours for_ever{24 * 365 * 20};   // nothing known holds so long

}  // namespace

PooledRevocation::PooledRevocation(std::shared_ptr<tls::RevocationCache> cache, WorkerPool& workers, const Clock& clock,
                                   net::RevocationFetchOptions options)
    : cache_(std::move(cache)), workers_(workers), clock_(clock), options_(options) {}

Task<void> PooledRevocation::refresh(std::vector<std::shared_ptr<X509>> path) {
  const Monotonic now = clock_.now();
  if (asked_.size() >= remembered_paths) {
    std::erase_if(asked_, [&](const auto& entry) { return now - entry.second.last >= between_questions; });
  }
  if (path.empty()) {
    co_return;
  }
  const auto fields = tls::fields_of(path.front().get());
  if (!fields) {
    co_return;
  }
  const auto [found, is_new] = asked_.try_emplace(fields->fingerprint_sha256);
  Asked& asked = found->second;
  if (!is_new && now - asked.last < between_questions) {
    co_return;
  }
  asked.last = now;
  net::RevocationFetchOptions how = options_;
  if (again_.count() > 0 && (is_new || now - asked.anew >= again_)) {
    asked.anew = now;
    how.ahead = for_ever;
  }
  auto work = [cache = cache_, path = std::move(path), wall = clock_.wall(), options = how] {
    SystemRandom random;
    return net::update_revocation(*cache, path, wall, random, options);
  };
  const Result<std::vector<std::string>> problems = co_await workers_.run(std::move(work), patience);
  if (!problems) {
    log::warning("revocation-not-learnt", {{"subject", fields->subject}, {"cause", problems.error().what}});
    co_return;
  }
  for (const std::string& problem : *problems) {
    log::warning("revocation-not-learnt", {{"subject", fields->subject}, {"cause", problem}});
  }
}

}  // namespace aldis
