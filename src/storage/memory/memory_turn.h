// How a store in memory answers: at once, or after a post to the executor that awaits (MemoryStores::Answers).
#pragma once
#include <coroutine>

#include "base/ensure.h"
#include "runtime/executor.h"

namespace aldis {

// Awaited at the start of each call.
struct Turn {
  bool is_later;
  [[nodiscard]] bool await_ready() const noexcept { return !is_later; }
  void await_suspend(std::coroutine_handle<> handle) const {
    Executor* home = Executor::current();
    ensure(home != nullptr, "only work of an executor waits");
    home->post([handle] { handle.resume(); });
  }
  void await_resume() const noexcept {}
};

}  // namespace aldis
