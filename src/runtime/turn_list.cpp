// The intrusive lists behind Shard::flush_at_turn_end and Shard::run_next_turn.
#include "runtime/shard.h"

namespace aldis::detail {

class TurnList::Head final : public TurnHook {
 public:
  Head() {}
  ~Head() override = default;

 private:
  void run() override {}
};

TurnList::TurnList() : head_(std::make_unique<Head>()) {
  head_->next_ = head_.get();
  head_->previous_ = head_.get();
}

TurnList::~TurnList() {
  while (!empty()) {
    head_->next_->unlink();
  }
}

bool TurnList::empty() const {
  return head_->next_ == head_.get();
}

void TurnList::add(TurnHook& hook) {
  if (hook.is_linked()) {
    return;
  }
  hook.next_ = head_.get();
  hook.previous_ = head_->previous_;
  hook.previous_->next_ = &hook;
  head_->previous_ = &hook;
}

bool TurnList::run_all() {
  if (empty()) {
    return false;
  }
  // Everything linked now moves to a list of its own; a hook that is destroyed meanwhile leaves that one.
  Head now;
  now.next_ = head_->next_;
  now.previous_ = head_->previous_;
  now.next_->previous_ = &now;
  now.previous_->next_ = &now;
  head_->next_ = head_.get();
  head_->previous_ = head_.get();
  while (now.next_ != &now) {
    TurnHook* const hook = now.next_;
    hook->unlink();
    hook->run();
  }
  return true;
}

void TurnHook::unlink() {
  if (next_ != nullptr) {
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = nullptr;
    previous_ = nullptr;
  }
}

}  // namespace aldis::detail
