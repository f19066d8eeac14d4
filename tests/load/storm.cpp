// storm: --sessions clients are cut at once (RST) and all log in again, each trying anew after a failure as real
// clients do; meanwhile a pair of other accounts goes on talking at --rate messages a second. Measured: the time until
// everybody is back, and the pair's delays from the intended send time. The pair lives in a process of its own that
// precedes this one on the processor where the system allows it, so that the generator's own handshakes are not taken
// for the server's delay.
// With --stream-management they resume their sessions instead (XEP-0198 5), and it is an error when they cannot.
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <map>
#include <new>
#include <random>

#include "conversation.h"
#include "report.h"
#include "scenarios.h"

namespace aldis::load {
namespace {

/// Shared by the two processes: the pair's results, and how far the storm is.
struct Shared {
  enum class Phase { logging_in, at_work, storm, over };
  std::atomic<Phase> phase{Phase::logging_in};
  std::atomic<bool> is_pair_ready{false};
  Latency before, during;
  std::uint64_t sent = 0, lost = 0, duplicated = 0, reordered = 0;
};

[[noreturn]] void be_the_pair(const Options& options, Shared& shared) {
  sched_param priority{};
  priority.sched_priority = 1;
  if (sched_setscheduler(0, SCHED_FIFO, &priority) != 0) {
    setpriority(PRIO_PROCESS, 0, -20);
  }
  EventLoop loop;
  Conversation pair(loop, options, options.sessions + options.sessions % 2, 1);
  pair.log_in();
  shared.is_pair_ready = true;
  pair.start_open(options.rate > 0 ? options.rate : 100);
  const auto deadline = Clock::now() + 3 * options.limit;
  const auto until = [&](Shared::Phase phase) { pair.run(deadline, [&] { return shared.phase.load() >= phase; }); };
  until(Shared::Phase::at_work);
  pair.latency().clear();
  until(Shared::Phase::storm);
  shared.before = pair.latency();
  pair.latency().clear();
  until(Shared::Phase::over);
  pair.drain(std::chrono::milliseconds(10000));
  shared.during = pair.latency();
  shared.sent = pair.tally().sent;
  shared.lost = pair.lost();
  shared.duplicated = pair.tally().duplicated;
  shared.reordered = pair.tally().reordered;
  _exit(0);
}

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
  void* const memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    give_up("no shared memory");
  }
  Shared& shared = *new (memory) Shared;
  const pid_t child = fork();
  if (child == 0) {
    be_the_pair(options, shared);
  }
  EventLoop loop;
  Crowd crowd(loop, options);
  const double first_time = crowd.gather(options.concurrency, options.limit);
  loop.run([&] { return shared.is_pair_ready.load() || waitpid(child, nullptr, WNOHANG) == child; },
           Clock::now() + std::chrono::seconds(30));
  if (first_time < 0 || !shared.is_pair_ready) {
    kill(child, SIGKILL);
    give_up("the first login did not come to an end: " + std::to_string(crowd.ready_count()) + " ready");
  }
  loop.run_for(options.settle);
  shared.phase = Shared::Phase::at_work;
  loop.run_for(options.duration);
  crowd.forget_failures();
  CpuWindow cpu(options.server_pid);
  cpu.begin();
  shared.phase = Shared::Phase::storm;
  crowd.cut();
  const double all_back = crowd.gather(options.at_once, options.limit);
  cpu.end();
  shared.phase = Shared::Phase::over;
  const bool pair_ended =
      loop.run([&] { return waitpid(child, nullptr, WNOHANG) == child; }, Clock::now() + std::chrono::seconds(20));
  if (!pair_ended) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
  Report report("storm");
  report.number("sessions", options.sessions);
  report.number("first_login_seconds", first_time);
  report.number("all_back_seconds", all_back);
  report.number("back", crowd.ready_count());
  report.number("resumed", crowd.resumed());
  report.number("not_resumed", options.stream_management ? std::max(0, crowd.ready_count() - crowd.resumed()) : 0);
  report.number("failed_tries", crowd.failures());
  cpu.report(report, "login", options.sessions);
  report.latency("pair_before", shared.before);
  report.latency("pair_delay", shared.during);
  report.number("pair_sent", static_cast<double>(shared.sent));
  report.number("lost", static_cast<double>(shared.lost));
  report.number("duplicated", static_cast<double>(shared.duplicated));
  report.number("reordered", static_cast<double>(shared.reordered));
  report.print();
  crowd.cut();
  const bool all_resumed = !options.stream_management || crowd.resumed() >= options.sessions;
  return pair_ended && all_back >= 0 && all_resumed && shared.lost + shared.duplicated + shared.reordered == 0 ? 0 : 1;
}

}  // namespace aldis::load
