// The timers of a shard: a binary heap of due times over slots that hold the work. Asking and cancelling cost O(log n);
// a cancelled timer frees its place at once.
#include "base/ensure.h"
#include "runtime/shard.h"

namespace aldis {

TimerId Shard::after(std::chrono::milliseconds delay, Work work) {
  std::uint32_t slot = free_slot_;
  if (slot == UINT32_MAX) {
    slot = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    free_slot_ = slots_[slot].heap;
  }
  slots_[slot].work = std::move(work);
  heap_.push_back({clock_.now() + std::max(delay, std::chrono::milliseconds(0)), timer_order_++, slot});
  sift_up(heap_.size() - 1);
  return static_cast<TimerId>((std::uint64_t{slots_[slot].generation} << 32) | slot);
}

void Shard::cancel(TimerId timer) {
  const auto slot = static_cast<std::uint32_t>(static_cast<std::uint64_t>(timer));
  const auto generation = static_cast<std::uint32_t>(static_cast<std::uint64_t>(timer) >> 32);
  if (timer == TimerId::none || slot >= slots_.size() || slots_[slot].generation != generation) {
    return;  // it ran, or was cancelled before
  }
  const Work dropped = std::move(slots_[slot].work);  // destroyed last: it may ask for or cancel timers
  remove_timer(slots_[slot].heap);
}

bool Shard::run_timers() {
  if (heap_.empty()) {
    return false;
  }
  const Monotonic now = clock_.now();
  const std::uint64_t asked_before = timer_order_;  // what a timer asks for waits for the next turn
  bool any = false;
  while (!heap_.empty() && heap_.front().at <= now && heap_.front().order < asked_before) {
    Work work = std::move(slots_[heap_.front().slot].work);
    remove_timer(0);
    work();
    any = true;
  }
  return any;
}

std::optional<Monotonic> Shard::next_timer() const {
  return heap_.empty() ? std::nullopt : std::optional(heap_.front().at);
}

void Shard::remove_timer(std::size_t heap_index) {
  const std::uint32_t slot = heap_[heap_index].slot;
  ++slots_[slot].generation;
  slots_[slot].heap = std::exchange(free_slot_, slot);
  const Due last = heap_.back();
  heap_.pop_back();
  if (heap_index < heap_.size()) {
    place(heap_index, last);
    sift_up(heap_index);
    sift_down(slots_[last.slot].heap);
  }
}

bool Shard::earlier(const Due& a, const Due& b) {
  return a.at != b.at ? a.at < b.at : a.order < b.order;
}

void Shard::place(std::size_t i, Due due) {
  slots_[due.slot].heap = static_cast<std::uint32_t>(i);
  heap_[i] = due;
}

void Shard::sift_up(std::size_t i) {
  const Due due = heap_[i];
  while (i > 0 && earlier(due, heap_[(i - 1) / 2])) {
    place(i, heap_[(i - 1) / 2]);
    i = (i - 1) / 2;
  }
  place(i, due);
}

void Shard::sift_down(std::size_t i) {
  const Due due = heap_[i];
  for (std::size_t child = 2 * i + 1; child < heap_.size(); child = 2 * i + 1) {
    if (child + 1 < heap_.size() && earlier(heap_[child + 1], heap_[child])) {
      ++child;
    }
    if (!earlier(heap_[child], due)) {
      break;
    }
    place(i, heap_[child]);
    i = child;
  }
  place(i, due);
}

}  // namespace aldis
