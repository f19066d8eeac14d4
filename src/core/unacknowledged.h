// Unacknowledged: the stanzas sent on a managed stream (XEP-0198) that its client has not acknowledged, oldest first, with
// their bytes. Empty it holds no memory.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/envelope.h"

namespace aldis {

class Unacknowledged {
 public:
  Unacknowledged() = default;
  Unacknowledged(const Unacknowledged&) = delete;
  Unacknowledged& operator=(const Unacknowledged&) = delete;
  ~Unacknowledged() { count_bytes(0); }

  void push(Envelope envelope) {
    const std::size_t bytes = envelope.stanza->size();
    entries_.push_back({std::move(envelope), bytes});
    count_bytes(bytes_ + bytes);
  }
  [[nodiscard]] Envelope pop() {
    Entry& entry = entries_[first_++];
    Envelope envelope = std::move(entry.envelope);
    count_bytes(bytes_ - entry.bytes);
    if (first_ == entries_.size()) {
      entries_.clear();
      if (entries_.capacity() > kept_room) {
        entries_.shrink_to_fit();
      }
      first_ = 0;
    } else if (first_ >= kept_room && first_ * 2 >= entries_.size()) {
      entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(first_));
      first_ = 0;
    }
    return envelope;
  }
  template <class F>
  void for_each(F visit) const {
    for (std::size_t i = first_; i < entries_.size(); ++i) {
      visit(entries_[i].envelope);
    }
  }
  [[nodiscard]] bool empty() const { return first_ == entries_.size(); }
  [[nodiscard]] std::size_t size() const { return entries_.size() - first_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }   // of the stanzas
  [[nodiscard]] std::size_t memory() const { return entries_.capacity() * sizeof(Entry) + bytes_; }
  void let_go_of_room() {
    if (empty()) {
      std::vector<Entry>().swap(entries_);
      first_ = 0;
    }
  }

 private:
  static constexpr std::size_t kept_room = 32;
  struct Entry {
    Envelope envelope;
    std::size_t bytes;
  };
  void count_bytes(std::size_t now);   // for the metric

  std::vector<Entry> entries_;
  std::size_t first_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace aldis
