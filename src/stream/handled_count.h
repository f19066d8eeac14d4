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
  // Each number received is settled once. True when h has grown.
  bool settle(std::uint64_t number) {
    ensure(number > handled_ && number <= received_, "what is settled was received, and is settled once");
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

  [[nodiscard]] std::uint64_t received() const { return received_; }
  [[nodiscard]] std::uint64_t handled() const { return handled_; }
  [[nodiscard]] std::uint32_t h() const { return static_cast<std::uint32_t>(handled_); }

 private:
  std::uint64_t received_ = 0;
  std::uint64_t handled_ = 0;
  std::vector<std::uint64_t> early_;  // a heap, the smallest first: settled before their turn
};

}  // namespace aldis::stream
