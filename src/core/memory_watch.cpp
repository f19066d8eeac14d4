// Measuring while there is a limit, more often the less is left, and what each step does.
#include "core/memory_watch.h"

#include <unistd.h>

#include <fstream>

#include "base/allocator.h"
#include "base/log.h"
#include "base/metrics.h"
#include "core/home.h"

namespace aldis {
namespace {

constexpr std::chrono::milliseconds interval{1000};
constexpr std::chrono::milliseconds close_interval{100};   // when half of it is used, or no more is left than a fast flood fills within a second:
constexpr std::uint64_t flood_bytes = 1'000'000'000;
constexpr std::chrono::milliseconds pressing_interval{25};   // above the limit: a fifth more is all there is
constexpr std::chrono::seconds between_reliefs{1};
constexpr std::chrono::seconds between_trims{10};
metrics::Gauge resident_gauge{"aldis_memory_bytes", "Memory held, by subsystem; the process as a whole when last looked at.",
                              {{"subsystem", "process"}}};
metrics::Gauge step_gauge{"aldis_memory_step", "What is done about memory: 0 nothing, 1 strangers refused, 2 floods held back, 3 the largest queues given up."};

std::string_view to_string(MemoryStep step) {
  switch (step) {
    case MemoryStep::none: return "none";
    case MemoryStep::strangers_refused: return "strangers-refused";
    case MemoryStep::floods_held: return "floods-held";
    case MemoryStep::queues_given_up: return "queues-given-up";
  }
  return "none";
}

std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

MemoryWatch::MemoryWatch(World& world, Shard& shard) : world_(world), shard_(shard), read_(resident_bytes) {}

MemoryWatch::~MemoryWatch() {
  if (timer_ != TimerId::none) {
    shard_.cancel(timer_);
  }
}

void MemoryWatch::set_limit(Bytes limit) {
  limit_ = limit.count;
  if (limit_ != 0 && timer_ == TimerId::none) {
    timer_ = shard_.after(interval, [this] { tick(); });
  }
  if (limit_ == 0) {
    go_to(MemoryStep::none, shard_.clock().now());
    keep_freed_memory(true);
  }
}

void MemoryWatch::look(Monotonic now) {
  resident_ = read_();
  looked_ = now;
  resident_gauge.set(static_cast<std::int64_t>(resident_));
}

bool MemoryWatch::refuses_strangers() {
  const Monotonic now = shard_.clock().now();
  if (now - looked_ >= interval || resident_ == 0) {
    look(now);
  }
  return limit_ != 0 && resident_ > limit_;
}

void MemoryWatch::tick() {
  timer_ = TimerId::none;
  if (limit_ == 0) {
    return;
  }
  const Monotonic now = shard_.clock().now();
  look(now);
  if (resident_ > limit_ + limit_ / 5) {
    go_to(MemoryStep::queues_given_up, now);
  } else if (resident_ > limit_ + limit_ / 8) {
    go_to(MemoryStep::floods_held, now);
  } else if (resident_ > limit_) {
    go_to(MemoryStep::strangers_refused, now);
  } else if (resident_ < limit_ - limit_ / 16) {  // not at once below: the record is for people, who read it once
    go_to(MemoryStep::none, now);
  }
  const bool gives_up = step_ == MemoryStep::queues_given_up && now - relieved_ >= close_interval;
  if (gives_up || (step_ != MemoryStep::none && now - relieved_ >= between_reliefs)) {
    relieve(now);
  }
  const bool is_half_used = resident_ > limit_ / 2;
  keep_freed_memory(!is_half_used);
  const bool is_close = is_half_used || resident_ + flood_bytes > limit_;
  timer_ = shard_.after(step_ != MemoryStep::none ? pressing_interval : is_close ? close_interval : interval, [this] { tick(); });
}

void MemoryWatch::go_to(MemoryStep step, Monotonic now) {
  if (step == step_) {
    return;
  }
  const bool is_worse = step > step_;
  step_ = step;
  step_gauge.set(static_cast<std::int64_t>(step));
  if (step == MemoryStep::none) {
    log::info("audit-resource-recovered", {{"resource", "memory"}, {"resident", resident_}, {"limit", limit_}});
  } else if (is_worse) {
    log::warning("audit-low-resource",
                 {{"resource", "memory"}, {"resident", resident_}, {"limit", limit_}, {"step", to_string(step)}});
  }
  relieve(now);
}

void MemoryWatch::relieve(Monotonic now) {
  relieved_ = now;
  for (const auto& home : world_.homes) {
    home->shard().post([&home = *home, step = step_] { home.relieve_memory(step); });
  }
  // What was freed stays with the allocator, and would count as ours for ever.
  if (step_ != MemoryStep::none && now - trimmed_ >= between_trims) {
    trimmed_ = now;
    return_freed_memory();
  }
}

}  // namespace aldis
