// ManualClock: time that moves only when a test says so. Safe from any thread.
#pragma once
#include <atomic>

#include "base/clock.h"

namespace aldis::test {

class ManualClock final : public Clock {
 public:
  // 2026-01-01T00:00:00Z, so that certificates and stamps of tests are readable.
  explicit ManualClock(WallTime start = WallTime(std::chrono::milliseconds(1'767'225'600'000))) : start_(start) {}
  [[nodiscard]] Monotonic now() const override { return Monotonic(std::chrono::hours(1) + elapsed()); }
  [[nodiscard]] WallTime wall() const override { return start_ + elapsed(); }
  void advance(std::chrono::milliseconds by) { elapsed_.fetch_add(by.count()); }

 private:
  [[nodiscard]] std::chrono::milliseconds elapsed() const { return std::chrono::milliseconds(elapsed_.load()); }
  WallTime start_;
  std::atomic<std::chrono::milliseconds::rep> elapsed_{0};
};

}  // namespace aldis::test
