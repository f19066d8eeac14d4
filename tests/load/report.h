// What a scenario found: one JSON object on a line of standard output, the same for people on standard error.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "latency.h"
#include "process_stats.h"

namespace aldis::load {

class Report {
 public:
  explicit Report(std::string scenario) { text("scenario", std::move(scenario)); }
  void text(std::string name, std::string value);
  void number(std::string name, double value);
  /// name_p50_us, name_p99_us, name_p999_us, name_count
  void latency(const std::string& name, const Latency& latency);
  void print() const;

 private:
  struct Field {
    std::string name;
    std::string value;  ///< as JSON
  };
  std::vector<Field> fields_;
};

/// CPU of the server (of both, where there are two) and of this process between begin() and end().
class CpuWindow {
 public:
  explicit CpuWindow(int server_pid, int other_pid = 0) : server_pid_(server_pid), other_pid_(other_pid) {}
  void begin();
  void end();
  double seconds() const { return seconds_; }
  double server_seconds() const { return server_; }
  double own_seconds() const { return own_; }
  /// seconds, server_us_per_<unit> (when a server is watched; other_us_per_<unit> of a second one), generator_us_per_<unit>,
  /// server_busy, generator_busy
  void report(Report& into, const std::string& unit, double units) const;

 private:
  int server_pid_, other_pid_;
  double begin_wall_ = 0, begin_server_ = 0, begin_other_ = 0, begin_own_ = 0;
  double seconds_ = 0, server_ = 0, other_ = 0, own_ = 0;
};

}  // namespace aldis::load
