// OwnTimers: timers that end with who owns them: what is due after that does not run. On the owner's executor only.
#pragma once
#include <chrono>
#include <memory>
#include <utility>

#include "runtime/executor.h"

namespace aldis {

class OwnTimers {
 public:
  explicit OwnTimers(Executor& executor) : executor_(executor) {}

  void after(std::chrono::milliseconds delay, Work work) {
    executor_.after(delay, [owner = std::weak_ptr<const bool>(owner_), moved = std::move(work)]() mutable {
      if (!owner.expired()) {
        moved();
      }
    });
  }

 private:
  Executor& executor_;
  std::shared_ptr<const bool> owner_ = std::make_shared<const bool>(true);
};

}  // namespace aldis
