// WorkerPool: threads for calls that block (LDAP, Kerberos) or take long (password hashing); they wake up behind others
// (runtime/background.h). The queue is bounded: a full one is an error value, at once. The caller's coroutine resumes on
// the executor it runs on. With no threads the work runs as a post of the caller's executor: deterministic, for scenes.
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "base/result.h"
#include "runtime/executor.h"
#include "runtime/task.h"

namespace aldis {

namespace detail {
template <class T>
struct WorkerResult {
  using type = Result<T>;
};
template <class T>
struct WorkerResult<Result<T, Error>> {
  using type = Result<T>;
};
}  // namespace detail

class WorkerPool {
 public:
  struct Options {
    std::size_t threads = 1;
    std::size_t queue = 1024;  // jobs waiting, the running ones not counted
    std::string name = "worker";
  };
  explicit WorkerPool(Options options);
  // Runs what is queued, then joins. Whoever waits then is resumed by its own executor, which must outlive the pool.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // From a coroutine on an executor. `work` returns T or Result<T>; it runs on a worker and is destroyed there.
  // Errors: full (the queue is at its bound), timeout (no answer within the deadline: work not yet begun is skipped,
  // work that runs is not interrupted and its answer is dropped), cancelled (the pool is stopping).
  template <class F>
  auto run(F work, std::chrono::milliseconds deadline)
      -> Task<typename detail::WorkerResult<std::invoke_result_t<F&>>::type> {
    using Answer = typename detail::WorkerResult<std::invoke_result_t<F&>>::type;
    Executor* const home = Executor::current();
    ensure(home != nullptr, "only work of an executor asks a WorkerPool");
    const auto settled = std::make_shared<std::atomic<bool>>(false);
    const Completion<Answer> done;
    Result<void> queued = submit([work = std::move(work), settled, done]() mutable {
      if (settled->load(std::memory_order_acquire)) {
        return;  // its deadline passed while it was queued
      }
      Answer answer = [&]() -> Answer {
        if constexpr (std::is_void_v<std::invoke_result_t<F&>>) {
          work();
          return {};
        } else {
          return work();
        }
      }();
      if (!settled->exchange(true, std::memory_order_acq_rel)) {
        done.complete(std::move(answer));
      }
    });
    if (!queued) {
      co_return fail(std::move(queued.error()));
    }
    const TimerId timer = home->after(deadline, [settled, done] {
      if (!settled->exchange(true, std::memory_order_acq_rel)) {
        done.complete(Answer(fail(ErrorKind::timeout, "the worker did not answer within its deadline")));
      }
    });
    Answer answer = co_await done;
    home->cancel(timer);
    co_return answer;
  }

  [[nodiscard]] std::size_t queued() const;

 private:
  [[nodiscard]] Result<void> submit(Work job);
  void serve(std::size_t number);

  Options options_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Work> queue_;  // guarded by mutex_
  bool stopping_ = false;   // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace aldis
