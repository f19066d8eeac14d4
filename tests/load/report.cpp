// See report.h.
#include "report.h"

#include <chrono>
#include <cmath>
#include <cstdio>

namespace aldis::load {
namespace {

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string json_string(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
    }
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out + '"';
}

}  // namespace

void Report::text(std::string name, std::string value) {
  fields_.push_back({std::move(name), json_string(value)});
}

void Report::number(std::string name, double value) {
  char text[48];
  const bool whole = std::floor(value) == value && std::fabs(value) < 1e15;
  std::snprintf(text, sizeof text, whole ? "%.0f" : "%.6g", std::isfinite(value) ? value : 0);
  fields_.push_back({std::move(name), text});
}

void Report::latency(const std::string& name, const Latency& latency) {
  number(name + "_p50_us", latency.percentile_us(0.5));
  number(name + "_p99_us", latency.percentile_us(0.99));
  number(name + "_p999_us", latency.percentile_us(0.999));
  number(name + "_count", static_cast<double>(latency.count()));
}

void Report::print() const {
  std::string json = "{";
  std::string line;
  for (const Field& field : fields_) {
    json += (json.size() > 1 ? ", " : "") + json_string(field.name) + ": " + field.value;
    line += (line.empty() ? "" : "  ") + field.name + "=" + field.value;
  }
  std::printf("%s}\n", json.c_str());
  std::fflush(stdout);
  std::fprintf(stderr, "%s\n", line.c_str());
}

void CpuWindow::begin() {
  begin_server_ = read_process(server_pid_).cpu_seconds;
  begin_other_ = read_process(other_pid_).cpu_seconds;
  begin_own_ = own_cpu_seconds();
  begin_wall_ = wall_seconds();
}

void CpuWindow::end() {
  seconds_ = wall_seconds() - begin_wall_;
  own_ = own_cpu_seconds() - begin_own_;
  server_ = read_process(server_pid_).cpu_seconds - begin_server_;
  other_ = read_process(other_pid_).cpu_seconds - begin_other_;
}

void CpuWindow::report(Report& into, const std::string& unit, double units) const {
  into.number("seconds", seconds_);
  if (server_pid_ != 0) {
    into.number("server_us_per_" + unit, units > 0 ? server_ * 1e6 / units : 0);
    into.number("server_busy", server_ / seconds_);
  }
  if (other_pid_ != 0) {
    into.number("other_us_per_" + unit, units > 0 ? other_ * 1e6 / units : 0);
    into.number("other_busy", other_ / seconds_);
  }
  into.number("generator_us_per_" + unit, units > 0 ? own_ * 1e6 / units : 0);
  into.number("generator_busy", own_ / seconds_);
}

}  // namespace aldis::load
