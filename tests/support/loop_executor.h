// LoopExecutor: an executor for tests that runs its work on the thread that calls run(), on the system's clock. Work
// may be posted from any thread. It gives up after half a minute, so that a call that never completes fails its test.
#pragma once
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "runtime/executor.h"
#include "runtime/task.h"

namespace aldis::testing_support {

class LoopExecutor final : public Executor {
 public:
  void post(Work work) override {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
    woken_.notify_one();
  }
  TimerId after(std::chrono::milliseconds delay, Work work) override {
    const auto id = static_cast<TimerId>(++last_timer_);
    timers_.emplace(std::pair(clock_.now() + delay, id), std::move(work));
    return id;
  }
  void cancel(TimerId timer) override {
    std::erase_if(timers_, [&](const auto& entry) { return entry.first.second == timer; });
  }
  [[nodiscard]] const Clock& clock() const override { return clock_; }

  // Runs work until `done()` holds, which is asked after each piece of work.
  template <class Done>
  void run_until(Done done) {
    const Running running(this);
    const auto deadline = clock_.now() + std::chrono::seconds(30);
    while (!done()) {
      ensure(clock_.now() < deadline, "a test's work ends within half a minute");
      if (!timers_.empty() && timers_.begin()->first.first <= clock_.now()) {
        Work work = std::move(timers_.begin()->second);
        timers_.erase(timers_.begin());
        work();
        continue;
      }
      std::unique_lock lock(mutex_);
      if (queue_.empty()) {
        woken_.wait_until(lock, timers_.empty() ? deadline : std::min(deadline, timers_.begin()->first.first));
        continue;
      }
      Work work = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      work();
    }
  }

  // Runs one task to its end; its value.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> value;
    post([&] { spawn(keep(std::move(task), value)); });
    run_until([&] { return value.has_value(); });
    return std::move(*value);
  }

 private:
  template <class T>
  static Task<void> keep(Task<T> task, std::optional<T>& value) {
    value.emplace(co_await std::move(task));
  }

  SystemClock clock_;
  std::mutex mutex_;
  std::condition_variable woken_;
  std::deque<Work> queue_;
  std::map<std::pair<Monotonic, TimerId>, Work> timers_;
  std::uint64_t last_timer_ = 0;
};

}  // namespace aldis::testing_support
