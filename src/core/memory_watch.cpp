// Measuring once a second while there is a limit, and what each step does.
#include "core/memory_watch.h"

#include <malloc.h>
#include <unistd.h>

#include <fstream>

#include "base/log.h"
#include "base/metrics.h"
#include "core/home.h"

namespace aldis {
namespace {

constexpr std::chrono::milliseconds interval{1000};
constexpr std::chrono::seconds between_trims{10};
metrics::Gauge resident_gauge{"aldis_memory_bytes", "Memory held, by subsystem; the process as a whole when last looked at.",
                              {{"subsystem", "process"}}};
metrics::Gauge step_gauge{"aldis_memory_step", "What is done about memory: 0 nothing, 1 strangers refused, 2 floods held back."};

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
    go_to(Step::none);
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
  look(shard_.clock().now());
  if (resident_ > limit_ + limit_ / 8) {
    go_to(Step::floods_held);
  } else if (resident_ > limit_) {
    go_to(Step::strangers_refused);
  } else if (resident_ < limit_ - limit_ / 16) {  // not at once below: the record is for people, who read it once
    go_to(Step::none);
  }
  if (step_ != Step::none) {
    relieve();
  }
  timer_ = shard_.after(interval, [this] { tick(); });
}

void MemoryWatch::go_to(Step step) {
  if (step == step_) {
    return;
  }
  const bool is_worse = step > step_;
  step_ = step;
  step_gauge.set(static_cast<std::int64_t>(step));
  if (step == Step::none) {
    log::info("audit-resource-recovered", {{"resource", "memory"}, {"resident", resident_}, {"limit", limit_}});
  } else if (is_worse) {
    log::warning("audit-low-resource", {{"resource", "memory"}, {"resident", resident_}, {"limit", limit_},
                                        {"step", step == Step::floods_held ? "floods-held" : "strangers-refused"}});
  }
}

void MemoryWatch::relieve() {
  for (const auto& home : world_.homes) {
    home->shard().post([&home = *home, holds_floods = step_ == Step::floods_held] { home.relieve_memory(holds_floods); });
  }
#ifdef __GLIBC__
  // What was freed stays with the allocator, and would count as ours for ever.
  if (const Monotonic now = shard_.clock().now(); now - trimmed_ >= between_trims) {
    trimmed_ = now;
    ::malloc_trim(0);
  }
#endif
}

}  // namespace aldis
