// The checkpointer's thread.
#include "storage/sql/checkpointer.h"

#include <utility>

namespace aldis::sql {

Checkpointer::Checkpointer(SqliteOptions options, Failed failed) : options_(std::move(options)), failed_(std::move(failed)) {
  thread_ = std::thread([this] { loop(); });
}

Checkpointer::~Checkpointer() {
  {
    const std::lock_guard lock(mutex_);
    is_closing_ = true;
  }
  woken_.notify_all();
  thread_.join();
}

void Checkpointer::start() {
  {
    const std::lock_guard lock(mutex_);
    is_running_ = true;
  }
  woken_.notify_all();
}

bool Checkpointer::is_running() const {
  const std::lock_guard lock(mutex_);
  return is_running_;
}

void Checkpointer::wait() {
  std::unique_lock lock(mutex_);
  woken_.wait(lock, [this] { return !is_running_; });
}

void Checkpointer::loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    woken_.wait(lock, [this] { return is_running_ || is_closing_; });
    if (!is_running_) {
      return;
    }
    lock.unlock();
    if (std::optional<Failure> failure = run()) {
      failed_(std::move(*failure));
    }
    lock.lock();
    is_running_ = false;
    woken_.notify_all();
  }
}

std::optional<Failure> Checkpointer::run() {
  if (connection_ == nullptr) {
    auto opened = SqliteConnection::open(options_, SqliteConnection::Access::write);
    if (!opened) {
      return Failure{.error = opened.error(), .needs_reopen = true};
    }
    connection_ = std::move(*opened);
  }
  connection_->checkpoint();
  return connection_->take_failure();
}

}  // namespace aldis::sql
