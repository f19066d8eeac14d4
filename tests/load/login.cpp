// login: connections that negotiate, authenticate, bind and leave, --concurrency at a time, over --accounts accounts in
// turn. handshake: the TLS handshake alone. A first round over all accounts fills the generator's cache of salted
// passwords and is not counted. Sessions are never resumed: every handshake is a full one.
#include <algorithm>
#include <cstdio>

#include "fleet.h"
#include "latency.h"
#include "report.h"
#include "scenarios.h"

namespace aldis::load {
namespace {

class Turnstile final : public ClientOwner {
 public:
  Turnstile(EventLoop& loop, const Options& options) : loop_(loop), options_(options) {
    for (int i = 0; i < std::max(options.accounts, options.concurrency); ++i) {
      clients_.push_back(std::make_unique<Client>(loop, options, *this, i));
    }
  }

  /// Lets `count` logins through; returns how many failed.
  int pass(int count) {
    wanted_ = count;
    begun_ = ended_ = failed_ = 0;
    const bool all = loop_.run(
        [this] {
          while (begun_ < wanted_ && begun_ - ended_ < options_.concurrency && next().is_ended()) {
            ++begun_;
            Client& client = next();
            turn_ = (turn_ + 1) % clients_.size();
            client.connect();
          }
          return ended_ == wanted_;
        },
        Clock::now() + options_.limit);
    if (!all) {
      give_up("only " + std::to_string(ended_) + " of " + std::to_string(wanted_) + " logins were over in time");
    }
    return failed_;
  }

  Latency& latency() { return latency_; }

  void ready(Client& client) override {
    latency_.add(Clock::now() - client.started());
    if (options_.presence && options_.dialogue == Dialogue::xmpp) {
      client.send("<presence/>");
    }
    client.leave();
  }
  void received(Client&, std::string_view) override {}
  void ended(Client& client, const std::string& why) override {
    ++ended_;
    if (!why.empty() && ++failed_ == 1) {
      std::fprintf(stderr, "loadgen: client %d: %s\n", client.account(), why.c_str());
    }
  }

 private:
  Client& next() { return *clients_[turn_]; }
  EventLoop& loop_;
  const Options& options_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::size_t turn_ = 0;
  int wanted_ = 0, begun_ = 0, ended_ = 0, failed_ = 0;
  Latency latency_;
};

int run(const Options& options, const char* name) {
  EventLoop loop;
  Turnstile turnstile(loop, options);
  turnstile.pass(std::max(options.accounts, options.concurrency));
  turnstile.latency().clear();
  CpuWindow cpu(options.server_pid);
  cpu.begin();
  const int failed = turnstile.pass(options.sessions);
  cpu.end();
  if (failed == options.sessions) {
    give_up("every login failed");
  }
  Report report(name);
  report.number("logins", options.sessions);
  report.number("logins_per_second", options.sessions / cpu.seconds());
  cpu.report(report, "login", options.sessions);
  report.latency("delay", turnstile.latency());
  report.number("failed", failed);
  report.print();
  return failed == 0 ? 0 : 1;
}

}  // namespace

int run_login(const Options& options) {
  return run(options, "login");
}

int run_handshake(const Options& options) {
  Options bare = options;
  bare.dialogue = Dialogue::relay;
  if (bare.transport != Transport::direct_tls) {
    give_up("handshake needs --transport direct");
  }
  return run(bare, "handshake");
}

}  // namespace aldis::load
