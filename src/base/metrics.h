// The front of the metrics: counters, gauges and histograms that cost a few instructions where they are counted. Each is
// a named static object that registers itself in the process's list; admin/ turns the list into Prometheus' text.
// Counting threads write to slots of their own, so nothing is shared on the hot path.
//   static metrics::Counter routed{"aldis_stanzas_total", "Stanzas that passed a step.", {{"step", "router_route"}}};
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace aldis::metrics {

using Labels = std::vector<std::pair<std::string, std::string>>;

enum class Kind : std::uint8_t { counter, gauge, histogram };

class Metric {
 public:
  Metric(const Metric&) = delete;
  Metric& operator=(const Metric&) = delete;
  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& help() const { return help_; }
  [[nodiscard]] const Labels& labels() const { return labels_; }

 protected:
  Metric(Kind kind, std::string name, std::string help, Labels labels);
  ~Metric();

 private:
  Kind kind_;
  std::string name_;
  std::string help_;
  Labels labels_;
};

inline constexpr std::size_t slot_count = 64;
// A small number of the calling thread; threads beyond slot_count share slots (and stay correct).
[[nodiscard]] std::size_t thread_slot();

class Counter final : public Metric {
 public:
  Counter(std::string name, std::string help, Labels labels = {})
      : Metric(Kind::counter, std::move(name), std::move(help), std::move(labels)) {}
  void add(std::uint64_t n = 1) { slots_[thread_slot()].value.fetch_add(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const;

 private:
  struct alignas(64) Slot {
    std::atomic<std::uint64_t> value{0};
  };
  std::array<Slot, slot_count> slots_;
};

class Gauge final : public Metric {
 public:
  Gauge(std::string name, std::string help, Labels labels = {})
      : Metric(Kind::gauge, std::move(name), std::move(help), std::move(labels)) {}
  void add(std::int64_t n) { value_.fetch_add(n, std::memory_order_relaxed); }
  void set(std::int64_t n) { value_.store(n, std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// Upper bounds in seconds (or the unit the name says), the last bucket is unbounded.
class Histogram final : public Metric {
 public:
  Histogram(std::string name, std::string help, std::vector<double> bounds, Labels labels = {});
  void observe(double value);
  struct Snapshot {
    std::vector<double> bounds;
    std::vector<std::uint64_t> counts;  // one more than bounds
    double sum = 0;
    std::uint64_t total = 0;
  };
  [[nodiscard]] Snapshot snapshot() const;

 private:
  std::vector<double> bounds_;
  std::vector<std::atomic<std::uint64_t>> counts_;
  std::atomic<double> sum_{0};
};

// Calls `visit` for every living metric, under the registry's lock.
void for_each(const std::function<void(const Metric&)>& visit);

}  // namespace aldis::metrics
