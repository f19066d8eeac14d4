// The slow path of rates: when an allowance is spent.
#include "core/rate.h"

#include <algorithm>

namespace aldis {

std::chrono::milliseconds Allowance::settle(const Rate& rate, Monotonic now) {
  const auto burst = static_cast<std::int64_t>(rate.burst);
  if (rate.bytes_a_second == 0) {
    left_ = burst;
    refilled_ = now;
    return {};
  }
  if (refilled_ == Monotonic{}) {
    left_ += burst;
  } else {
    const double passed = std::chrono::duration<double>(now - refilled_).count();
    const double room = static_cast<double>(burst) - static_cast<double>(left_);
    left_ += static_cast<std::int64_t>(std::min(passed * static_cast<double>(rate.bytes_a_second), room));
  }
  refilled_ = now;
  if (left_ >= 0) {
    return {};
  }
  return std::chrono::milliseconds(1 + -left_ * 1000 / static_cast<std::int64_t>(rate.bytes_a_second));
}

Rate session_rate(const CoreConfig& config, bool is_short_of_memory) {
  const Rate usual{config.rate.count, config.rate_burst.count};
  if (!is_short_of_memory) {
    return usual;
  }
  const Rate& tight = rate_when_memory_is_short;
  return {usual.bytes_a_second == 0 ? tight.bytes_a_second : std::min(usual.bytes_a_second, tight.bytes_a_second),
          std::min(usual.burst, tight.burst)};
}

std::chrono::milliseconds time_to_wait(const CoreConfig& config, const Rate& own, Allowance& session, Allowance& account,
                                       Allowance& shard, Monotonic now) {
  const Rate of_shard{config.shard_rate.count, config.shard_rate_burst.count};
  std::chrono::milliseconds wait = session.settle(own, now);
  wait = std::max(wait, account.settle({config.account_rate.count, config.account_rate_burst.count}, now));
  const std::chrono::milliseconds until_paid = shard.settle(of_shard, now);
  const bool is_flood = own.bytes_a_second == 0 || !session.is_quiet(own);
  if (is_flood || shard.is_exhausted(of_shard)) {
    wait = std::max(wait, until_paid);
  }
  return std::min(wait, std::chrono::milliseconds(10'000));
}

}  // namespace aldis
