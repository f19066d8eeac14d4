// The process's list of metrics.
#include "base/metrics.h"

#include <algorithm>
#include <mutex>

namespace aldis::metrics {
namespace {

struct Registry {
  std::mutex mutex;
  std::vector<const Metric*> all;
};

Registry& registry() {
  static auto* instance = new Registry;  // never destroyed: static metrics may outlive any order of destruction
  return *instance;
}

}  // namespace

Metric::Metric(Kind kind, std::string name, std::string help, Labels labels)
    : kind_(kind), name_(std::move(name)), help_(std::move(help)), labels_(std::move(labels)) {
  const std::lock_guard lock(registry().mutex);
  registry().all.push_back(this);
}

Metric::~Metric() {
  const std::lock_guard lock(registry().mutex);
  std::erase(registry().all, this);
}

std::size_t thread_slot() {
  static std::atomic<std::size_t> next{0};
  thread_local const std::size_t slot = next.fetch_add(1, std::memory_order_relaxed) % slot_count;
  return slot;
}

std::uint64_t Counter::value() const {
  std::uint64_t sum = 0;
  for (const Slot& slot : slots_) {
    sum += slot.value.load(std::memory_order_relaxed);
  }
  return sum;
}

Histogram::Histogram(std::string name, std::string help, std::vector<double> bounds, Labels labels)
    : Metric(Kind::histogram, std::move(name), std::move(help), std::move(labels)),
      bounds_(std::move(bounds)),
      counts_(bounds_.size() + 1) {}

void Histogram::observe(double value) {
  const auto bucket = static_cast<std::size_t>(std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin());
  counts_[bucket].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

Histogram::Snapshot Histogram::snapshot() const {
  Snapshot out;
  out.bounds = bounds_;
  for (const auto& count : counts_) {
    out.counts.push_back(count.load(std::memory_order_relaxed));
    out.total += out.counts.back();
  }
  out.sum = sum_.load(std::memory_order_relaxed);
  return out;
}

void for_each(const std::function<void(const Metric&)>& visit) {
  const std::lock_guard lock(registry().mutex);
  for (const Metric* metric : registry().all) {
    visit(*metric);
  }
}

}  // namespace aldis::metrics
