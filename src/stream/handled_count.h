// HandledCount: how many of a peer's stanzas have been handled (XEP-0198 section 4, version 1.6.3): the h we send.
// Stanzas are settled in any order; h is how far they are settled without a gap, modulo 2^32.
#pragma once
#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/ensure.h"

namespace aldis::stream {

class HandledCount {
 public:
  HandledCount() = default;
  // Goes on from what a former stream had handled.
  explicit HandledCount(std::uint64_t handled) : received_(handled), handled_(handled) {}

  // A stanza has been received; its number, counted from 1 and never wrapped.
  [[nodiscard]] std::uint64_t receive() { return ++received_; }
  // Each number received is settled once; one that forget_unsettled() gave up may be settled late, and means nothing then.
  // True when h has grown.
  bool settle(std::uint64_t number) {
    ensure(number <= received_, "what is settled was received");
    if (number <= handled_) {
      return false;
    }
    if (number != handled_ + 1) {
      early_.push_back(number);
      std::push_heap(early_.begin(), early_.end(), std::greater<>());
      return false;
    }
    ++handled_;
    while (!early_.empty() && early_.front() == handled_ + 1) {
      std::pop_heap(early_.begin(), early_.end(), std::greater<>());
      early_.pop_back();
      ++handled_;
    }
    return true;
  }

  // Before h is said on a resumed stream: the peer sends again what is beyond it, and that is counted anew.
  void forget_unsettled() {
    given_up_ += received_ - handled_;
    handled_ = received_;
    early_.clear();
  }

  [[nodiscard]] std::uint64_t received() const { return received_; }
  [[nodiscard]] std::uint64_t handled() const { return handled_; }
  [[nodiscard]] bool is_settled() const { return handled_ == received_; }
  [[nodiscard]] std::uint32_t h() const { return static_cast<std::uint32_t>(handled_ - given_up_); }

 private:
  std::uint64_t received_ = 0;
  std::uint64_t handled_ = 0;
  std::uint64_t given_up_ = 0;         // numbers that the peer's count does not have
  std::vector<std::uint64_t> early_;  // a heap, the smallest first: settled before their turn
};

}  // namespace aldis::stream
