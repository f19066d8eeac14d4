// MemoryWatch: the ladder for the server's memory (security E13). Above the limit strangers are refused and accounts nobody
// uses leave memory; an eighth above it those who flood, or do not read what is written to them, are not read for a while.
// People at work go on at every step. Lives on the lobby's shard.
#pragma once
#include <cstdint>
#include <functional>

#include "base/bytes.h"
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
  enum class Step : std::uint8_t { none, strangers_refused, floods_held };
  void look(Monotonic now);
  void tick();
  void go_to(Step step);
  void relieve();

  World& world_;
  Shard& shard_;
  Reading read_;
  std::uint64_t limit_ = 0;
  std::uint64_t resident_ = 0;
  Monotonic looked_{};
  Monotonic trimmed_{};
  TimerId timer_ = TimerId::none;
  Step step_ = Step::none;
};

}  // namespace aldis
