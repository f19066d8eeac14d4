// storm: --sessions clients are cut at once (RST) and all log in again, each trying anew after a failure as real
// clients do; meanwhile a pair of other accounts goes on talking at --rate messages a second. Measured: the time until
// everybody is back, and the pair's delays from the intended send time (pair_meanwhile.h).
// With --stream-management they resume their sessions instead (XEP-0198 5), and it is an error when they cannot.
#include <algorithm>
#include <cstdio>
#include <map>
#include <random>

#include "pair_meanwhile.h"
#include "report.h"
#include "scenarios.h"

namespace aldis::load {
namespace {

class Crowd final : public ClientOwner {
 public:
  Crowd(EventLoop& loop, const Options& options) : loop_(loop), options_(options) {
    for (int i = 0; i < options.sessions; ++i) {
      clients_.push_back(std::make_unique<Client>(loop, options, *this, i));
    }
  }

  /// Logs everybody in; `at_once` connections under way at a time. Returns the seconds it took, or -1 past the limit.
  double gather(int at_once, std::chrono::milliseconds limit) {
    const auto begin = Clock::now();
    waiting_.clear();
    for (const auto& client : clients_) {
      waiting_.emplace(begin, client.get());
    }
    ready_ = connecting_ = 0;
    const bool all = loop_.run(
        [&] {
          const auto now = Clock::now();
          // A turn between batches: accepting answers is as urgent as asking.
          for (int batch = 0;
               batch < 200 && !waiting_.empty() && connecting_ < at_once && waiting_.begin()->first <= now; ++batch) {
            Client* const client = waiting_.begin()->second;
            waiting_.erase(waiting_.begin());
            ++connecting_;
            client->connect();
          }
          return ready_ == options_.sessions;
        },
        begin + limit);
    return all ? std::chrono::duration<double>(Clock::now() - begin).count() : -1;
  }
  void cut() {
    for (const auto& client : clients_) {
      client->cut();
    }
  }
  int ready_count() const { return ready_; }
  int resumed() const { return resumed_; }
  int failures() const { return failures_; }
  void forget_failures() { failures_ = 0; }

  void ready(Client& client) override {
    ++ready_;
    --connecting_;
    if (client.was_resumed()) {
      ++resumed_;
    } else {
      client.send_stanza("<presence/>");
    }
  }
  void received(Client&, std::string_view) override {}
  void ended(Client& client, const std::string& why) override {
    if (client.was_ready()) {
      --ready_;
    } else {
      --connecting_;
    }
    if (failures_++ == 0) {
      std::fprintf(stderr, "loadgen: first failure: client %d: %s\n", client.account(), why.c_str());
    }
    // RFC 6120 3.3: a client waits a random time before it tries again.
    const auto pause = std::chrono::milliseconds(std::uniform_int_distribution<int>(500, 3000)(random_));
    waiting_.emplace(Clock::now() + pause, &client);
  }

 private:
  EventLoop& loop_;
  const Options& options_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::multimap<Clock::time_point, Client*> waiting_;  ///< by when to connect
  std::mt19937 random_{1};
  int ready_ = 0, connecting_ = 0, failures_ = 0, resumed_ = 0;
};

}  // namespace

int run_storm(const Options& options) {
  PairMeanwhile pair(options, options.sessions + options.sessions % 2, options.rate > 0 ? options.rate : 100);
  EventLoop loop;
  Crowd crowd(loop, options);
  const double first_time = crowd.gather(options.concurrency, options.limit);
  if (!pair.wait_until_ready(loop) || first_time < 0) {
    give_up("the first login did not come to an end: " + std::to_string(crowd.ready_count()) + " ready");
  }
  loop.run_for(options.settle);
  pair.measure_before();
  loop.run_for(options.duration);
  crowd.forget_failures();
  CpuWindow cpu(options.server_pid);
  cpu.begin();
  pair.measure_during();
  crowd.cut();
  const double all_back = crowd.gather(options.at_once, options.limit);
  cpu.end();
  const bool pair_ended = pair.end(loop);
  Report report("storm");
  report.number("sessions", options.sessions);
  report.number("first_login_seconds", first_time);
  report.number("all_back_seconds", all_back);
  report.number("back", crowd.ready_count());
  report.number("resumed", crowd.resumed());
  report.number("not_resumed", options.stream_management ? std::max(0, crowd.ready_count() - crowd.resumed()) : 0);
  report.number("failed_tries", crowd.failures());
  cpu.report(report, "login", options.sessions);
  report.latency("pair_before", pair.before());
  report.latency("pair_delay", pair.during());
  report.number("pair_sent", static_cast<double>(pair.sent()));
  report.number("lost", static_cast<double>(pair.lost()));
  report.number("duplicated", static_cast<double>(pair.duplicated()));
  report.number("reordered", static_cast<double>(pair.reordered()));
  report.print();
  crowd.cut();
  const bool all_resumed = !options.stream_management || crowd.resumed() >= options.sessions;
  return pair_ended && all_back >= 0 && all_resumed && pair.lost() + pair.duplicated() + pair.reordered() == 0 ? 0 : 1;
}

}  // namespace aldis::load
