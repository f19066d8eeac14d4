// Serial: lets one coroutine at a time through, in the order of asking. For one executor's coroutines: what changes an
// account's stored state runs inside, so that memory and store change in the same order.
//   const Serial::Hold hold = co_await serial.enter();
#pragma once
#include <coroutine>
#include <deque>
#include <utility>

#include "runtime/executor.h"

namespace aldis {

class Serial {
 public:
  Serial() = default;
  Serial(const Serial&) = delete;
  Serial& operator=(const Serial&) = delete;
  ~Serial() { ensure(!is_held_ && waiting_ == nullptr, "nobody waits for a Serial that goes away"); }

  class Hold {
   public:
    explicit Hold(Serial* serial) : serial_(serial) {}
    Hold(Hold&& other) noexcept : serial_(std::exchange(other.serial_, nullptr)) {}
    Hold& operator=(Hold&&) = delete;
    ~Hold() {
      if (serial_ != nullptr) {
        serial_->leave();
      }
    }

   private:
    Serial* serial_;
  };

  [[nodiscard]] auto enter() {
    struct Awaiter {
      Serial* serial;
      [[nodiscard]] bool await_ready() const {
        if (serial->is_held_) {
          return false;
        }
        serial->is_held_ = true;
        return true;
      }
      void await_suspend(std::coroutine_handle<> handle) const {
        if (serial->waiting_ == nullptr) {
          serial->waiting_ = std::make_unique<std::deque<std::coroutine_handle<>>>();
        }
        serial->waiting_->push_back(handle);
      }
      [[nodiscard]] Hold await_resume() const { return Hold(serial); }
    };
    return Awaiter{this};
  }
  [[nodiscard]] bool is_idle() const { return !is_held_; }

 private:
  void leave() {
    if (waiting_ == nullptr) {
      is_held_ = false;
      return;
    }
    const std::coroutine_handle<> next = waiting_->front();  // it holds on behalf of the next: is_held_ stays
    waiting_->pop_front();
    if (waiting_->empty()) {
      waiting_.reset();
    }
    Executor* executor = Executor::current();
    ensure(executor != nullptr, "a Serial is left on its executor");
    executor->post([next] { next.resume(); });
  }
  bool is_held_ = false;
  std::unique_ptr<std::deque<std::coroutine_handle<>>> waiting_;  // most accounts never have any
};

}  // namespace aldis
