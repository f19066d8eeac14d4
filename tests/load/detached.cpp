// detached: what a session whose connection was lost, and that may be resumed (XEP-0198 5), costs in resident memory.
// Sessions come in batches: log in, presence, everything acknowledged both ways, connection cut. Only what stays
// counts, as in `idle`.
#include "fleet.h"
#include "report.h"
#include "scenarios.h"

namespace aldis::load {
namespace {

constexpr int kBatch = 100;
constexpr std::chrono::milliseconds kQuiet{300};

class Leavers final : public ClientOwner {
 public:
  Leavers(EventLoop& loop, const Options& options) : loop_(loop), options_(options) {}

  /// Accounts next … next + count - 1 come and lose their connections.
  void detach(int count) {
    for (const int end = next_ + count; next_ < end;) {
      batch(std::min(kBatch, end - next_));
    }
  }

  void ready(Client& client) override {
    ++ready_;
    if (!client.session().can_resume()) {
      give_up("the server does not offer resumption");
    }
    client.send_stanza("<presence/>");
  }
  void received(Client&, std::string_view) override {}
  void ended(Client& client, const std::string& why) override {
    give_up("client " + std::to_string(client.account()) + ": " + why);
  }

 private:
  void batch(int count) {
    std::vector<std::unique_ptr<Client>> clients;
    ready_ = 0;
    for (int i = 0; i < count; ++i) {
      clients.push_back(std::make_unique<Client>(loop_, options_, *this, next_++));
      clients.back()->connect();
    }
    if (!loop_.run([&] { return ready_ == count; }, Clock::now() + options_.limit)) {
      give_up("only " + std::to_string(ready_) + " of " + std::to_string(count) + " clients were ready in time");
    }
    loop_.run_for(kQuiet);
    for (const auto& client : clients) {
      client->acknowledge();
      client->request_ack();
    }
    loop_.run_for(kQuiet);
    for (const auto& client : clients) {
      client->cut();
    }
  }

  EventLoop& loop_;
  const Options& options_;
  int next_ = 0, ready_ = 0;
};

}  // namespace

int run_detached(const Options& options) {
  Options managed = options;
  managed.stream_management = true;
  EventLoop loop;
  Leavers leavers(loop, managed);
  leavers.detach(options.warm);
  loop.run_for(options.settle);
  const auto before = read_process(options.server_pid);
  leavers.detach(options.sessions);
  loop.run_for(options.settle);
  const auto after = read_process(options.server_pid);

  Report report("detached");
  report.number("sessions", options.sessions);
  report.number("server_rss_before_bytes", static_cast<double>(before.rss_bytes));
  report.number("server_rss_after_bytes", static_cast<double>(after.rss_bytes));
  report.number("server_bytes_per_session", static_cast<double>(after.rss_bytes - before.rss_bytes) / options.sessions);
  report.print();
  return 0;
}

}  // namespace aldis::load
