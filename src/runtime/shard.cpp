// The event loop of a shard: epoll, posts, timers and the turn's end.
#include "runtime/shard.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/ensure.h"
#include "base/log.h"
#include "base/metrics.h"

namespace aldis {
namespace {
constexpr std::size_t events_a_turn = 256;
constexpr int post_rounds_a_turn = 64;  // posts that post are run in the same turn, so that one flush serves them all
constexpr std::size_t kept_posts = 4096;
constexpr std::size_t kept_buffers = 64;
constexpr std::size_t kept_buffer_bytes = 64 * 1024;

void run_and_clear(std::vector<Work>& works) {
  for (Work& work : works) {
    work();
  }
  works.clear();
  if (works.capacity() > kept_posts) {
    works.shrink_to_fit();
  }
}
}  // namespace

struct Shard::Metrics {
  explicit Metrics(const std::string& name)
      : turns("aldis_shard_turns_total", "Turns of the event loop.", {{"shard", name}}),
        busy("aldis_shard_busy_microseconds_total", "Time spent in turns, not waiting.", {{"shard", name}}),
        wakes("aldis_shard_wakes_total", "Wakes of a sleeping shard by another thread.", {{"shard", name}}),
        stalls("aldis_shard_stalls_total", "Turns longer than the stall limit.", {{"shard", name}}) {}
  metrics::Counter turns;
  metrics::Counter busy;
  metrics::Counter wakes;
  metrics::Counter stalls;
  std::uint64_t busy_counted_us = 0;
  std::uint64_t wakes_counted = 0;
};

Shard::Shard(const Clock& clock, ShardOptions options)
    : clock_(clock),
      options_(std::move(options)),
      scratch_(std::make_unique_for_overwrite<std::uint8_t[]>(scratch_bytes)) {
  if (options_.scene) {
    return;
  }
  metrics_ = std::make_unique<Metrics>(options_.name);
  events_ = std::make_unique<epoll_event[]>(events_a_turn);
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_create1");
  }
  wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;  // edge-triggered: the counter never needs to be read
  if (wake_ < 0 || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) != 0) {
    const int error = errno;
    ::close(epoll_);
    throw std::system_error(error, std::generic_category(), "eventfd");
  }
}

Shard::~Shard() {
  {
    // What is destroyed here may still cancel timers, unwatch, release and post: it finds a living shard.
    const Running running(this);
    while (!adopted_.empty() || !released_.empty() || !slots_.empty() || !mailbox_.empty() || !local_.empty()) {
      auto adopted = std::move(adopted_);
      adopted_.clear();
      adopted.clear();
      std::exchange(released_, {}).clear();
      std::exchange(mailbox_, {}).clear();
      std::exchange(local_, {}).clear();
      std::vector<Work> timers;
      while (!heap_.empty()) {
        timers.push_back(std::move(slots_[heap_.front().slot].work));
        remove_timer(0);
      }
      if (timers.empty()) {
        slots_.clear();
        free_slot_ = UINT32_MAX;
      }
    }
  }
  if (wake_ >= 0) {
    ::close(wake_);
  }
  if (epoll_ >= 0) {
    ::close(epoll_);
  }
}

std::size_t Shard::mailbox_bytes() {
  const std::lock_guard lock(mailbox_mutex_);
  return (mailbox_.capacity() + taken_.capacity() + local_.capacity() + local_taken_.capacity()) * sizeof(Work);
}

void Shard::post(Work work) {
  if (Executor::current() == this) {
    local_.push_back(std::move(work));
    return;
  }
  bool wake = false;
  {
    const std::lock_guard lock(mailbox_mutex_);
    mailbox_.push_back(std::move(work));
    wake = std::exchange(asleep_, false);
  }
  if (wake) {
    wakes_.fetch_add(1, std::memory_order_relaxed);
    static_cast<void>(::eventfd_write(wake_, 1));
  }
}

void Shard::stop() {
  stopping_.store(true);
  if (wake_ >= 0) {
    static_cast<void>(::eventfd_write(wake_, 1));
  }
}

bool Shard::watch(int fd, Watcher& watcher) {
  ensure(!options_.scene, "a scene has no descriptors");
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &watcher;
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0;
}

void Shard::unwatch(int fd, Watcher& watcher) {
  static_cast<void>(::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr));
  for (std::size_t i = events_at_; i < events_count_; ++i) {
    if (events_[i].data.ptr == &watcher) {
      events_[i].data.ptr = nullptr;
    }
  }
}

void Shard::run() {
  ensure(!options_.scene, "a scene is run by run_ready");
  const Running running(this);
  while (!stopping_.load(std::memory_order_relaxed)) {
    dispatch(time_to_sleep());
  }
}

// One turn, after waiting at most `wait` (negative: for ever).
void Shard::dispatch(std::chrono::milliseconds wait) {
  bool slept = false;
  if (wait.count() != 0) {
    const std::lock_guard lock(mailbox_mutex_);
    slept = mailbox_.empty();
    asleep_ = slept;
  }
  const int timeout = slept ? static_cast<int>(std::min<std::int64_t>(wait.count(), 60'000)) : 0;
  const int ready = ::epoll_wait(epoll_, events_.get(), static_cast<int>(events_a_turn), timeout);
  ensure(ready >= 0 || errno == EINTR, "epoll_wait works");
  const Monotonic began = clock_.now();
  if (slept) {
    const std::lock_guard lock(mailbox_mutex_);
    asleep_ = false;
  }
  events_count_ = ready > 0 ? static_cast<std::size_t>(ready) : 0;
  events_at_ = 0;  // from here on, unwatch() also forgets what has been reported already
  next_turn_.run_all();
  for (std::size_t i = 0; i < events_count_; ++i) {
    events_at_ = i + 1;
    const epoll_event event = events_[i];
    if (event.data.ptr != nullptr) {
      static_cast<Watcher*>(event.data.ptr)
          ->on_ready((event.events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0,
                     (event.events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0,
                     (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
    }
  }
  events_count_ = 0;
  run_posts();
  run_timers();
  end_turn(began);
}

bool Shard::run_ready() {
  const Running running(this);
  bool any = false;
  while (true) {
    const Monotonic began = clock_.now();
    bool ran = next_turn_.run_all();
    ran = run_posts() || ran;
    ran = run_timers() || ran;
    ran = !turn_end_.empty() || !released_.empty() || ran;
    if (!ran) {
      return any;
    }
    end_turn(began);
    any = true;
  }
}

bool Shard::run_posts() {
  ensure(taken_.empty() && local_taken_.empty(), "a shard runs one turn at a time");
  {
    const std::lock_guard lock(mailbox_mutex_);
    taken_.swap(mailbox_);
  }
  const bool any = !taken_.empty() || !local_.empty();
  run_and_clear(taken_);
  for (int round = 0; round < post_rounds_a_turn && !local_.empty(); ++round) {
    local_taken_.swap(local_);
    run_and_clear(local_taken_);
  }
  return any;
}

void Shard::end_turn(Monotonic began) {
  turn_end_.run_all();
  std::exchange(released_, {}).clear();
  const auto took = std::chrono::duration_cast<std::chrono::nanoseconds>(clock_.now() - began);
  turns_.fetch_add(1, std::memory_order_relaxed);
  const std::uint64_t busy = busy_ns_.fetch_add(static_cast<std::uint64_t>(took.count()), std::memory_order_relaxed) +
                             static_cast<std::uint64_t>(took.count());
  const bool stalled = took > options_.stall && !options_.scene;
  if (stalled) {
    stalls_.fetch_add(1, std::memory_order_relaxed);
    log::warning("shard-stall", {{"shard", options_.name},
                                 {"ms", std::chrono::duration_cast<std::chrono::milliseconds>(took).count()}});
  }
  if (metrics_) {
    metrics_->turns.add();
    if (stalled) {
      metrics_->stalls.add();
    }
    metrics_->busy.add(busy / 1000 - metrics_->busy_counted_us);
    metrics_->busy_counted_us = busy / 1000;
    metrics_->wakes.add(wakes() - std::exchange(metrics_->wakes_counted, wakes()));
  }
}

std::chrono::milliseconds Shard::time_to_sleep() {
  if (!local_.empty() || !next_turn_.empty() || !turn_end_.empty() || !released_.empty()) {
    return std::chrono::milliseconds(0);
  }
  if (heap_.empty()) {
    return std::chrono::milliseconds(-1);
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(heap_.front().at - clock_.now());
  return std::max(left, std::chrono::milliseconds(0));
}

void Shard::adopt(std::unique_ptr<Adopted> object) {
  Adopted* const key = object.get();
  adopted_.emplace(key, std::move(object));
}

void Shard::release(Adopted& object) {
  auto node = adopted_.extract(&object);
  if (!node.empty()) {
    released_.push_back(std::move(node.mapped()));
  }
}

std::string Shard::take_buffer() {
  if (buffers_.empty()) {
    return {};
  }
  std::string buffer = std::move(buffers_.back());
  buffers_.pop_back();
  return buffer;
}

void Shard::give_buffer(std::string&& buffer) {
  if (buffers_.size() < kept_buffers && buffer.capacity() > 64 && buffer.capacity() <= kept_buffer_bytes) {
    buffers_.push_back(std::move(buffer));
    buffers_.back().clear();
  }
}

}  // namespace aldis
