// SRV records for `aldis check`: net/resolver.h on a shard of this thread, waited for.
#include <optional>

#include "app/check.h"
#include "net/resolver.h"
#include "runtime/shard.h"

namespace aldis::app {

Result<std::vector<SrvTarget>> look_up_srv(const std::string& name) {
  const SystemClock clock;
  Shard shard(clock, {.name = "check"});
  auto resolver = net::Resolver::open(shard, {.deadline = std::chrono::seconds(5)});
  if (!resolver) {
    return fail(resolver.error());
  }
  std::vector<SrvTarget> targets;
  std::optional<Error> trouble;
  const auto ask = [](net::Resolver& from, std::string what, std::vector<SrvTarget>& to, std::optional<Error>& why, Shard& on) -> Task<void> {
    const auto answer = co_await from.srv(std::move(what));
    if (answer) {
      for (const net::SrvRecord& record : answer->records) {
        to.push_back({record.target.empty() ? "." : record.target, record.port});
      }
    } else {
      why = answer.error();
    }
    on.stop();
  };
  shard.post([&] { spawn(ask(**resolver, name, targets, trouble, shard)); });
  shard.run();
  if (trouble) {
    return fail(std::move(*trouble));
  }
  return targets;
}

}  // namespace aldis::app
