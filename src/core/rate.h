// How much one may send (security E05): an Allowance of bytes that is refilled with time up to a burst. A session, an account
// (all its sessions together) and a shard (a part of the whole server) have one each. Taking is a subtraction; the clock and
// the configuration are looked at only when one of them is spent.
#pragma once
#include <chrono>
#include <cstdint>

#include "base/clock.h"
#include "core/core_config.h"

namespace aldis {

// A stanza counts as this many bytes at least: each costs work, however short it is.
inline constexpr std::size_t least_stanza_cost = 128;

struct Rate {
  std::uint64_t bytes_a_second = 0;   // 0: no limit
  std::uint64_t burst = 0;
};

class Allowance {
 public:
  // False: spent, and settle() must be asked. A new one is spent.
  [[nodiscard]] bool take(std::size_t bytes) {
    left_ -= static_cast<std::int64_t>(bytes);
    return left_ >= 0;
  }
  // Refills for the time since the last call; the time until the debt is paid, nothing when there is none.
  [[nodiscard]] std::chrono::milliseconds settle(const Rate& rate, Monotonic now);
  // Of the last settle(): more than half of the burst is left; the debt is as large as the burst.
  [[nodiscard]] bool is_quiet(const Rate& rate) const { return left_ > static_cast<std::int64_t>(rate.burst / 2); }
  [[nodiscard]] bool is_exhausted(const Rate& rate) const { return left_ <= -static_cast<std::int64_t>(rate.burst); }

 private:
  std::int64_t left_ = 0;
  Monotonic refilled_{};   // never, in a new one
};

// While memory is short (core/memory_watch.h) nobody sends faster than this, whatever is configured.
inline constexpr Rate rate_when_memory_is_short{64 * 1024, 256 * 1024};
[[nodiscard]] Rate session_rate(const CoreConfig& config, bool is_short_of_memory);

// How long a session, whose rate is `own`, must not be read after one of the three was spent. A spent shard holds back those who have used up half
// of their own burst, and everybody only when its debt has grown as large as its burst. Ten seconds at most: whoever is held
// back longer is asked again.
[[nodiscard]] std::chrono::milliseconds time_to_wait(const CoreConfig& config, const Rate& own, Allowance& session,
                                                     Allowance& account, Allowance& shard, Monotonic now);

}  // namespace aldis
