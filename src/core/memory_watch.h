// MemoryWatch: the ladder for the server's memory (security E13). Above the limit strangers are refused and accounts nobody
// uses leave memory; an eighth above it those who flood, or do not read what is written to them, are not read for a while,
// and nobody sends faster than rate_when_memory_is_short; a fifth above it the sessions whose queues hold most are ended, until
// there is room. People at work go on at every step. Lives on the lobby's shard.
#pragma once
#include <cstdint>
#include <functional>

#include "base/bytes.h"
#include "core/memory_step.h"
#include "core/world.h"
#include "runtime/shard.h"

namespace aldis {

class MemoryWatch {
 public:
  using Reading = std::function<std::uint64_t()>;   // resident bytes of the process

  // Both outlive it; so do the world's homes.
  MemoryWatch(World& world, Shard& shard);
  ~MemoryWatch();
  MemoryWatch(const MemoryWatch&) = delete;
  MemoryWatch& operator=(const MemoryWatch&) = delete;

  // 0: no limit; nothing is done then, and memory is measured only when strangers come.
  void set_limit(Bytes limit);
  void set_reading(Reading reading) { read_ = std::move(reading); }
  // Whether a stranger finds no room; measures when the last look is a second old.
  [[nodiscard]] bool refuses_strangers();

 private:
  void look(Monotonic now);
  void tick();
  void go_to(MemoryStep step, Monotonic now);
  void relieve(Monotonic now);

  World& world_;
  Shard& shard_;
  Reading read_;
  std::uint64_t limit_ = 0;
  std::uint64_t resident_ = 0;
  Monotonic looked_{};
  Monotonic relieved_{};
  Monotonic trimmed_{};
  TimerId timer_ = TimerId::none;
  MemoryStep step_ = MemoryStep::none;
};

}  // namespace aldis
