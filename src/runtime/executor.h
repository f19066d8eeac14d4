// Executor: where work runs, one thread at a time. A Shard is one; so is the lobby. Work posted from one thread runs in
// the order of posting, on the executor's thread, never inside post().
#pragma once
#include <chrono>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/unique_function.h"

namespace aldis {

using Work = UniqueFunction<void()>;

// Names a pending timer; 0 names none.
enum class TimerId : std::uint64_t { none = 0 };

class Executor {
 public:
  virtual ~Executor() = default;
  // From any thread. Never fails: what is posted has been admitted by a budget before.
  virtual void post(Work work) = 0;
  // On the executor's own thread only. The work runs once, at or after the delay, unless cancelled.
  virtual TimerId after(std::chrono::milliseconds delay, Work work) = 0;
  virtual void cancel(TimerId timer) = 0;
  [[nodiscard]] virtual const Clock& clock() const = 0;

  // The executor whose work is running on this thread; null outside.
  [[nodiscard]] static Executor* current();

 protected:
  // Set by the executor around everything it runs.
  class Running {
   public:
    explicit Running(Executor* executor);
    ~Running();
    Running(const Running&) = delete;

   private:
    Executor* previous_;
  };
};

// Completion<T>: one value made elsewhere (a worker, another shard) that a coroutine awaits here. Copies share it;
// complete() may be called once, from any thread, before or after the await. The awaiting coroutine resumes on the
// executor it waited on.
template <class T>
class Completion {
 public:
  Completion() : state_(std::make_shared<State>()) {}

  void complete(T value) const {
    Executor* home = nullptr;
    std::coroutine_handle<> waiting;
    {
      const std::lock_guard lock(state_->mutex);
      ensure(!state_->value.has_value(), "a Completion is completed once");
      state_->value.emplace(std::move(value));
      home = state_->home;
      waiting = std::exchange(state_->waiting, {});
    }
    if (waiting) {
      home->post([waiting, keep = state_] { waiting.resume(); });
    }
  }

  auto operator co_await() const { return Awaiter<Nothing>{state_, {}}; }

  // co_await completion.after(start): `start()` runs once the coroutine waits, so that whoever completes also posts. What
  // one thread completes in some order is then answered in that order: a store's answers in the order of its writes.
  template <class Start>
  auto after(Start start) const {
    return Awaiter<Start>{state_, std::move(start)};
  }

 private:
  struct State {
    std::mutex mutex;
    std::optional<T> value;
    Executor* home = nullptr;
    std::coroutine_handle<> waiting;
  };
  struct Nothing {
    void operator()() const {}
  };
  template <class Start>
  struct Awaiter {
    std::shared_ptr<State> state;
    Start start;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> handle) {
      {
        const std::lock_guard lock(state->mutex);
        if (state->value.has_value()) {
          return false;
        }
        state->home = Executor::current();
        ensure(state->home != nullptr, "only work of an executor waits");
        state->waiting = handle;
      }
      start();
      return true;
    }
    T await_resume() const { return std::move(*state->value); }
  };
  std::shared_ptr<State> state_;
};

}  // namespace aldis
