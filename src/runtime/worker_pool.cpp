// The threads and the queue of a WorkerPool.
#include "runtime/worker_pool.h"

#include <pthread.h>

#include "runtime/background.h"

namespace aldis {

WorkerPool::WorkerPool(Options options) : options_(std::move(options)) {
  threads_.reserve(options_.threads);
  for (std::size_t i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this, i] { serve(i); });
  }
}

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

std::size_t WorkerPool::queued() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

Result<void> WorkerPool::submit(Work job) {
  if (options_.threads == 0) {
    Executor::current()->post(std::move(job));
    return {};
  }
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      return fail(ErrorKind::cancelled, options_.name + " pool is stopping");
    }
    if (queue_.size() >= options_.queue) {
      return fail(ErrorKind::full, options_.name + " pool has " + std::to_string(queue_.size()) + " jobs waiting");
    }
    queue_.push_back(std::move(job));
  }
  wake_.notify_one();
  return {};
}

void WorkerPool::serve(std::size_t number) {
  const std::string name = (options_.name + "-" + std::to_string(number)).substr(0, 15);
  static_cast<void>(::pthread_setname_np(::pthread_self(), name.c_str()));
  wake_behind_others();
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) {
      return;
    }
    Work job = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    job();
    job = Work();  // what it holds is released before the next wait, and outside the lock
    lock.lock();
  }
}

}  // namespace aldis
