// Settled stanzas on their way to the sessions that count them.
#include "core/acceptance.h"

namespace aldis {

AcceptancePtr Acceptance::make(std::shared_ptr<Settlements> settlements, SessionId session, std::uint64_t number) {
  return AcceptancePtr(new Acceptance(std::move(settlements), session, number));
}

void Settlements::add(SessionId session, std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  if (executor_ == nullptr) {
    return;
  }
  waiting_.push_back({session, number});
  if (!std::exchange(is_posted_, true)) {
    executor_->post([self = shared_from_this()] {
      {
        const std::lock_guard posted(self->mutex_);
        self->is_posted_ = false;
      }
      self->hand_over();
    });
  }
}

void Settlements::hand_over() {
  std::vector<Settled> settled;
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.empty() || executor_ == nullptr) {
        break;
      }
      settled.clear();
      settled.swap(waiting_);
    }
    for (const Settled& entry : settled) {
      receiver_(entry.session, entry.number);
    }
    done_();
  }
  constexpr std::size_t kept = 1024;
  const std::lock_guard lock(mutex_);
  if (waiting_.empty() && settled.capacity() <= kept && settled.capacity() > waiting_.capacity()) {
    settled.clear();
    waiting_.swap(settled);  // its room is used again
  }
}

void Settlements::close() {
  const std::lock_guard lock(mutex_);
  executor_ = nullptr;
  waiting_.clear();
}

}  // namespace aldis
