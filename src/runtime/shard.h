// Shard: one thread, one event loop, and whatever is hashed to it. A turn is: ready descriptors, posts, due timers,
// then the turn's end, where every touched Connection is flushed (step 7, Shard::flush). The loop is epoll,
// edge-triggered: a descriptor is registered once, and waiting costs no system call and no memory per operation
// (docs/adr/0001). In scene mode there is no epoll and no thread: the test calls run_ready() and owns the clock. All
// members are for the shard's own thread, except post(), stop() and the counters.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/executor.h"

struct epoll_event;

namespace aldis {

// Told when a watched descriptor changes. It may unwatch, or destroy itself or other watchers, while it is being told.
class Watcher {
 public:
  // hung_up: the peer has shut down or the descriptor failed; reading tells which.
  virtual void on_ready(bool readable, bool writable, bool hung_up) = 0;

 protected:
  ~Watcher() = default;
};

namespace detail {
class TurnList;

// A place in an intrusive list; leaving it on destruction.
class TurnHook {
 public:
  TurnHook() = default;
  TurnHook(const TurnHook&) = delete;
  TurnHook& operator=(const TurnHook&) = delete;
  [[nodiscard]] bool is_linked() const { return next_ != nullptr; }
  void unlink();

 protected:
  virtual ~TurnHook() { unlink(); }

 private:
  friend class TurnList;
  virtual void run() = 0;
  TurnHook* previous_ = nullptr;
  TurnHook* next_ = nullptr;
};

class TurnList {
 public:
  TurnList();
  ~TurnList();
  TurnList(const TurnList&) = delete;
  TurnList& operator=(const TurnList&) = delete;
  void add(TurnHook& hook);  // once; a second call does nothing
  [[nodiscard]] bool empty() const;
  // Runs what is linked now; what is added meanwhile waits for the next call.
  bool run_all();

 private:
  class Head;
  std::unique_ptr<Head> head_;
};
}  // namespace detail

// Wants on_turn_end() once at the end of the current turn (Shard::flush_at_turn_end).
class TurnEnd : public detail::TurnHook {
 public:
  virtual void on_turn_end() = 0;

 private:
  void run() final { on_turn_end(); }
};

// Wants on_next_turn() once at the start of the next turn (Shard::run_next_turn), e.g. to go on reading in fairness.
class NextTurn : public detail::TurnHook {
 public:
  virtual void on_next_turn() = 0;

 private:
  void run() final { on_next_turn(); }
};

// Something a shard keeps alive until it is released or the shard ends (a Connection that lingers after its Session).
class Adopted {
 public:
  virtual ~Adopted() = default;
};

struct ShardOptions {
  std::size_t index = 0;
  bool scene = false;                    // no epoll, no wakes: run_ready() instead of run()
  std::chrono::milliseconds stall{100};  // a turn longer than this is logged and counted
  std::string name = "shard";            // for logs and metric labels
};

class Shard final : public Executor {
 public:
  static constexpr std::size_t scratch_bytes = 64 * 1024;

  // The clock must outlive the shard. Throws std::system_error when the kernel gives no epoll descriptor (start-up).
  explicit Shard(const Clock& clock, ShardOptions options = {});
  ~Shard() override;
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  [[nodiscard]] std::size_t index() const { return options_.index; }
  [[nodiscard]] const std::string& name() const { return options_.name; }
  [[nodiscard]] bool is_scene() const { return options_.scene; }

  void post(Work work) override;
  TimerId after(std::chrono::milliseconds delay, Work work) override;
  void cancel(TimerId timer) override;
  [[nodiscard]] const Clock& clock() const override { return clock_; }
  [[nodiscard]] std::size_t pending_timers() const { return heap_.size(); }

  // Edge-triggered, read and write, until unwatch(); the descriptor stays the caller's. False when the kernel refuses
  // (out of memory or watches): the caller closes the descriptor. Not in scene mode.
  [[nodiscard]] bool watch(int fd, Watcher& watcher);
  void unwatch(int fd, Watcher& watcher);  // afterwards the watcher is not called again, not even from this turn

  void flush_at_turn_end(TurnEnd& hook) { turn_end_.add(hook); }
  void run_next_turn(NextTurn& hook) { next_turn_.add(hook); }

  void adopt(std::unique_ptr<Adopted> object);
  void release(Adopted& object);  // destroys it at the end of the turn

  // Memory of the lists of what is posted, without what the posts themselves refer to. On the shard's own thread.
  [[nodiscard]] std::size_t mailbox_bytes();

  // One buffer for all who read on this shard; its bytes are the caller's until the caller returns to the loop.
  [[nodiscard]] std::span<std::uint8_t> scratch() { return {scratch_.get(), scratch_bytes}; }
  // Strings whose capacity is passed around among busy connections, so that idle ones hold none.
  [[nodiscard]] std::string take_buffer();
  void give_buffer(std::string&& buffer);

  // Until stop(); once.
  void run();
  // From any thread (and from a signal-handling thread): run() returns at the end of its turn.
  void stop();
  // Posts, due timers and turn ends until nothing is left to do now. True when anything ran. For scenes, and for
  // whoever owns the thread and has no descriptors.
  bool run_ready();
  // When the next timer is due; scenes advance their clock to it.
  [[nodiscard]] std::optional<Monotonic> next_timer() const;

  // From any thread.
  [[nodiscard]] std::uint64_t turns() const { return turns_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t wakes() const { return wakes_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t stalls() const { return stalls_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::chrono::nanoseconds busy() const {
    return std::chrono::nanoseconds(busy_ns_.load(std::memory_order_relaxed));
  }

 private:
  struct Metrics;
  struct Slot {  // of a timer; free ones form a list by `heap`
    Work work;
    std::uint32_t generation = 1;
    std::uint32_t heap = 0;
  };
  struct Due {
    Monotonic at;
    std::uint64_t order;  // equal times run in the order of asking
    std::uint32_t slot;
  };

  void dispatch(std::chrono::milliseconds wait);
  bool run_posts();
  bool run_timers();
  void end_turn(Monotonic began);
  [[nodiscard]] std::chrono::milliseconds time_to_sleep();
  void remove_timer(std::size_t heap_index);
  void sift_up(std::size_t i);
  void sift_down(std::size_t i);
  void place(std::size_t i, Due due);
  [[nodiscard]] static bool earlier(const Due& a, const Due& b);

  const Clock& clock_;
  ShardOptions options_;
  int epoll_ = -1;
  int wake_ = -1;

  std::mutex mailbox_mutex_;
  std::vector<Work> mailbox_;  // guarded by mailbox_mutex_
  bool asleep_ = false;        // guarded by mailbox_mutex_
  std::atomic<bool> stopping_{false};

  std::vector<Work> taken_;  // the mailbox's last contents, being run
  std::vector<Work> local_;  // posts of this thread
  std::vector<Work> local_taken_;

  std::vector<Due> heap_;
  std::vector<Slot> slots_;
  std::uint32_t free_slot_ = UINT32_MAX;
  std::uint64_t timer_order_ = 0;

  detail::TurnList turn_end_;
  detail::TurnList next_turn_;
  std::unordered_map<Adopted*, std::unique_ptr<Adopted>> adopted_;
  std::vector<std::unique_ptr<Adopted>> released_;

  std::unique_ptr<epoll_event[]> events_;
  std::size_t events_count_ = 0;
  std::size_t events_at_ = 0;

  std::unique_ptr<std::uint8_t[]> scratch_;
  std::vector<std::string> buffers_;

  std::atomic<std::uint64_t> turns_{0};
  std::atomic<std::uint64_t> wakes_{0};
  std::atomic<std::uint64_t> stalls_{0};
  std::atomic<std::uint64_t> busy_ns_{0};
  std::unique_ptr<Metrics> metrics_;
};

}  // namespace aldis
