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

}  // namespace

PooledRevocation::PooledRevocation(std::shared_ptr<tls::RevocationCache> cache, WorkerPool& workers, const Clock& clock,
                                   net::RevocationFetchOptions options)
    : cache_(std::move(cache)), workers_(workers), clock_(clock), options_(options) {}

Task<void> PooledRevocation::refresh(std::vector<std::shared_ptr<X509>> path) {
  const Monotonic now = clock_.now();
  if (asked_.size() >= remembered_paths) {
    std::erase_if(asked_, [&](const auto& entry) { return now - entry.second >= between_questions; });
  }
  if (path.empty()) {
    co_return;
  }
  const auto fields = tls::fields_of(path.front().get());
  if (!fields) {
    co_return;
  }
  const auto [last, is_new] = asked_.try_emplace(fields->fingerprint_sha256, now);
  if (!is_new && now - last->second < between_questions) {
    co_return;
  }
  last->second = now;
  auto work = [cache = cache_, path = std::move(path), wall = clock_.wall(), options = options_] {
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
