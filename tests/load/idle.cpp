// idle: what a session with presence that does nothing costs in resident memory. Some sessions are there before the
// first reading, so that what a server allocates once is not counted; the difference is divided by the sessions added.
#include "fleet.h"
#include "report.h"
#include "scenarios.h"

namespace aldis::load {

int run_idle(const Options& options) {
  EventLoop loop;
  Fleet fleet(loop, options, 0, options.warm + options.sessions);
  fleet.log_in(true, options.warm);
  loop.run_for(options.settle);
  const auto before = read_process(options.server_pid);
  fleet.log_in(true, options.sessions);
  loop.run_for(options.settle);
  const auto after = read_process(options.server_pid);
  CpuWindow quiet(options.server_pid);
  quiet.begin();
  loop.run_for(std::chrono::milliseconds(1000));
  quiet.end();

  const auto grown = static_cast<double>(after.rss_bytes - before.rss_bytes);
  Report report("idle");
  report.number("sessions", options.sessions);
  report.number("server_rss_before_bytes", static_cast<double>(before.rss_bytes));
  report.number("server_rss_after_bytes", static_cast<double>(after.rss_bytes));
  report.number("server_bytes_per_session", grown / options.sessions);
  report.number("login_server_us_per_session", (after.cpu_seconds - before.cpu_seconds) * 1e6 / options.sessions);
  report.number("idle_server_busy", quiet.server_seconds() / quiet.seconds());
  report.print();
  fleet.log_out();
  return 0;
}

}  // namespace aldis::load
