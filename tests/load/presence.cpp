// presence: users in circles in which everybody is everybody's contact (subscription both); they flap, and every
// delivery to a contact is counted. setup-roster makes the circles, by RFC 6121 section 3 as any client would. A flap
// is another <show/>; with
// --cycle it is unavailable and available again, and then the server's answers to the probes count as deliveries too.
#include <algorithm>
#include <charconv>
#include <set>
#include <string>
#include <vector>

#include "fleet.h"
#include "latency.h"
#include "report.h"
#include "scenarios.h"

namespace aldis::load {
namespace {

/// The number of the account a stanza comes from; -1 when it is not one of ours.
int sender_of(std::string_view stanza, const Options& options) {
  auto from = attribute_of(stanza, "from");
  if (!from.starts_with(options.user_prefix)) {
    return -1;
  }
  from.remove_prefix(options.user_prefix.size());
  int account = -1;
  std::from_chars(from.data(), from.data() + from.size(), account);
  return account;
}

int whole_circles(const Options& options) {
  const int circle = options.contacts + 1;
  return std::max(1, options.sessions / circle) * circle;
}

/// One user of each circle at a time flaps; when all contacts have heard, the next one does.
class Flapping {
 public:
  Flapping(EventLoop& loop, const Options& options)
      : loop_(loop),
        options_(options),
        circle_(options.contacts + 1),
        fleet_(loop, options, 0, whole_circles(options)),
        circles_(static_cast<std::size_t>(fleet_.size() / circle_)) {
    fleet_.on_stanza([this](Client& client, std::string_view stanza) { receive(client, stanza); });
  }

  void log_in() {
    fleet_.log_in(true);
    fleet_.wait_for_quiet(std::chrono::milliseconds(1000), std::chrono::seconds(60));
    if (deliveries_ < static_cast<std::uint64_t>(fleet_.size()) * static_cast<std::uint64_t>(options_.contacts) / 2) {
      give_up("hardly any presence came at login: were the rosters set up (loadgen setup-roster)?");
    }
  }
  void start() {
    is_flapping_ = true;
    for (std::size_t i = 0; i < circles_.size(); ++i) {
      flap(i);
    }
  }
  /// True when every flap under way was heard by everybody.
  bool stop() {
    is_flapping_ = false;
    return loop_.run(
        [this] {
          return std::all_of(circles_.begin(), circles_.end(), [](const Circle& c) { return c.deaf.empty(); });
        },
        Clock::now() + std::chrono::seconds(20));
  }
  std::uint64_t deliveries() const { return deliveries_; }
  std::uint64_t flaps() const { return flaps_; }
  std::uint64_t misplaced() const { return misplaced_; }
  std::uint64_t outstanding() const {
    std::uint64_t sum = 0;
    for (const Circle& circle : circles_) {
      sum += circle.deaf.size();
    }
    return sum;
  }
  Latency& latency() { return latency_; }

 private:
  struct Circle {
    int turn = 0;              ///< whose flap it is, 0 … contacts
    std::uint64_t number = 0;  ///< of the flap, in <status/>
    std::set<int> deaf;        ///< accounts that have not heard of it
    Clock::time_point sent{};
  };

  void flap(std::size_t index) {
    Circle& circle = circles_[index];
    const int base = static_cast<int>(index) * circle_;
    circle.turn = (circle.turn + 1) % circle_;
    ++circle.number;
    ++flaps_;
    for (int i = 0; i < circle_; ++i) {
      if (i != circle.turn) {
        circle.deaf.insert(base + i);
      }
    }
    circle.sent = Clock::now();
    Client& client = fleet_[base + circle.turn];
    const std::string status = "<status>" + std::to_string(circle.number) + "</status></presence>";
    if (options_.cycle) {
      client.send("<presence type='unavailable'><status>gone</status></presence><presence>" + status);
    } else {
      client.send((circle.number % 2 == 0 ? "<presence><show>away</show>" : "<presence><show>dnd</show>") + status);
    }
  }

  void receive(Client& client, std::string_view stanza) {
    const int sender = sender_of(stanza, options_);
    if (name_of(stanza) != "presence" || sender == client.account()) {
      return;  // RFC 6121 4.4.2: a server may tell the sender's own resource
    }
    ++deliveries_;
    if (sender < 0 || sender / circle_ != client.account() / circle_) {
      ++misplaced_;
      return;
    }
    const auto index = static_cast<std::size_t>(sender / circle_);
    Circle& circle = circles_[index];
    if (sender != static_cast<int>(index) * circle_ + circle.turn || circle.deaf.empty() ||
        text_of(stanza, "status") != std::to_string(circle.number)) {
      return;  // the unavailable half of a cycle, or an answer to a probe
    }
    if (circle.deaf.erase(client.account()) == 0) {
      ++misplaced_;  // heard twice
    }
    if (circle.deaf.empty()) {
      latency_.add(Clock::now() - circle.sent);
      if (is_flapping_) {
        flap(index);
      }
    }
  }

  EventLoop& loop_;
  const Options& options_;
  const int circle_;
  Fleet fleet_;
  std::vector<Circle> circles_;
  std::uint64_t deliveries_ = 0, flaps_ = 0, misplaced_ = 0;
  bool is_flapping_ = false;
  Latency latency_;
};

/// Everybody of one circle subscribes to everybody; approves what is asked; looks at the roster until all is "both".
bool make_circle(const Options& options, int first) {
  EventLoop loop;
  const int circle = options.contacts + 1;
  Fleet fleet(loop, options, first, circle);
  std::vector<int> both(static_cast<std::size_t>(circle), -1);
  fleet.on_stanza([&](Client& client, std::string_view stanza) {
    if (name_of(stanza) == "presence" && attribute_of(stanza, "type") == "subscribe") {
      const auto from = attribute_of(stanza, "from");
      client.send("<presence type='subscribed' to='" + std::string(from.substr(0, from.find('/'))) + "'/>");
    } else if (name_of(stanza) == "iq" && attribute_of(stanza, "id") == "roster") {
      int count = 0;
      for (auto at = stanza.find("<item"); at != std::string_view::npos; at = stanza.find("<item", at + 1)) {
        count += attribute_of(stanza.substr(at), "subscription") == "both" ? 1 : 0;
      }
      both[static_cast<std::size_t>(client.account() - first)] = count;
    }
  });
  const auto look = [&] {
    std::fill(both.begin(), both.end(), -1);
    for (int i = 0; i < circle; ++i) {
      fleet[i].send("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>");
    }
    loop.run([&] { return std::find(both.begin(), both.end(), -1) == both.end(); },
             Clock::now() + std::chrono::seconds(10));
    return std::all_of(both.begin(), both.end(), [&](int n) { return n >= options.contacts; });
  };
  fleet.log_in(true);
  bool is_complete = look();
  if (!is_complete) {
    for (int i = 0; i < circle; ++i) {
      for (int k = 0; k < circle; ++k) {
        if (i != k) {
          fleet[i].send("<presence type='subscribe' to='" + fleet[k].bare_jid() + "'/>");
        }
      }
    }
  }
  for (int tries = 0; !is_complete && tries < 50; ++tries) {
    loop.run_for(std::chrono::milliseconds(200));
    is_complete = look();
  }
  fleet.log_out();
  return is_complete;
}

}  // namespace

int run_setup_roster(const Options& options) {
  const int users = whole_circles(options);
  for (int first = 0; first < users; first += options.contacts + 1) {
    if (!make_circle(options, first)) {
      give_up("the rosters of the circle of account " + std::to_string(first) + " did not become mutual");
    }
  }
  Report report("setup-roster");
  report.number("users", users);
  report.number("contacts", options.contacts);
  report.print();
  return 0;
}

int run_presence(const Options& options) {
  EventLoop loop;
  Flapping flapping(loop, options);
  flapping.log_in();
  flapping.start();
  loop.run_for(options.warmup);
  flapping.latency().clear();
  CpuWindow cpu(options.server_pid);
  const auto deliveries_before = flapping.deliveries();
  const auto flaps_before = flapping.flaps();
  cpu.begin();
  loop.run_for(options.duration);
  cpu.end();
  const auto deliveries = static_cast<double>(flapping.deliveries() - deliveries_before);
  const auto flaps = static_cast<double>(flapping.flaps() - flaps_before);
  const Latency measured = flapping.latency();
  const bool all_heard = flapping.stop();

  Report report("presence");
  report.number("users", whole_circles(options));
  report.number("contacts", options.contacts);
  report.text("flap", options.cycle ? "cycle" : "show");
  report.number("flaps", flaps);
  report.number("deliveries", deliveries);
  report.number("deliveries_per_second", deliveries / cpu.seconds());
  report.number("deliveries_per_flap", flaps > 0 ? deliveries / flaps : 0);
  cpu.report(report, "delivery", deliveries);
  report.latency("delay", measured);
  report.number("lost", static_cast<double>(flapping.outstanding()));
  report.number("misplaced", static_cast<double>(flapping.misplaced()));
  report.print();
  return all_heard && flapping.misplaced() == 0 ? 0 : 1;
}

}  // namespace aldis::load
