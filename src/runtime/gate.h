// Gate: counts work in flight so that its owner can end safely: enter before, leave after, close() waits for the rest.
// Belongs to one executor. Destroying one that still has somebody inside is a broken invariant.
#pragma once
#include <cstddef>
#include <optional>
#include <utility>

#include "base/ensure.h"
#include "runtime/executor.h"
#include "runtime/task.h"

namespace aldis {

class Gate {
 public:
  // Leaves the gate when it goes.
  class Pass {
   public:
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (gate_ != nullptr) {
        gate_->leave();
      }
    }

   private:
    friend class Gate;
    explicit Pass(Gate& gate) : gate_(&gate) {}
    Gate* gate_;
  };

  Gate() = default;
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate() { ensure(inside_ == 0, "a Gate outlives the work inside it"); }

  // Nothing when the gate is closed: the work must not begin.
  [[nodiscard]] std::optional<Pass> enter() {
    if (closed_) {
      return std::nullopt;
    }
    ++inside_;
    return Pass(*this);
  }

  // Lets nobody in any more; completes when nobody is inside. May be awaited by several.
  [[nodiscard]] Task<void> close() {
    closed_ = true;
    while (inside_ != 0) {
      const Completion<bool> empty;
      const Waiting waiting{empty, std::exchange(waiting_, nullptr)};
      waiting_ = &waiting;
      co_await empty;
    }
  }

  [[nodiscard]] bool is_closed() const { return closed_; }
  [[nodiscard]] std::size_t inside() const { return inside_; }

 private:
  struct Waiting {
    Completion<bool> empty;
    const Waiting* next;
  };
  void leave() {
    if (--inside_ == 0) {
      // A waiter resumes in a later post, so each node lives until it has been told.
      for (const Waiting* at = std::exchange(waiting_, nullptr); at != nullptr;) {
        const Waiting* const next = at->next;
        at->empty.complete(true);
        at = next;
      }
    }
  }
  std::size_t inside_ = 0;
  bool closed_ = false;
  const Waiting* waiting_ = nullptr;
};

}  // namespace aldis
