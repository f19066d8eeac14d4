// positions: users in circles of mutual contacts (setup-roster) who all move: each publishes its position once a second over PEP
// (XEP-0163, XEP-0080), whatever the server does (open loop), and all others of its circle, who want positions by their capabilities
// (XEP-0115), are told. Two others talk meanwhile (pair_meanwhile.h). Every notification is checked: its sender's circle and its number.
#include <algorithm>
#include <charconv>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "capabilities.h"
#include "fleet.h"
#include "latency.h"
#include "pair_meanwhile.h"
#include "report.h"
#include "scenarios.h"

namespace aldis::load {
namespace {

constexpr std::string_view kGeoloc = "http://jabber.org/protocol/geoloc";

class Moving {
 public:
  Moving(EventLoop& loop, const Options& options)
      : loop_(loop),
        options_(options),
        circle_(options.contacts + 1),
        fleet_(loop, options, 0, std::max(1, options.sessions / circle_) * circle_),
        capabilities_({std::string(kGeoloc), std::string(kGeoloc) + "+notify"}),
        run_(static_cast<std::uint64_t>(std::time(nullptr)) % 1'000'000),
        due_(static_cast<std::size_t>(fleet_.size())),
        last_(static_cast<std::size_t>(fleet_.size()) * static_cast<std::size_t>(circle_), 0) {
    fleet_.on_stanza([this](Client& client, std::string_view stanza) { receive(client, stanza); });
  }

  void log_in() {
    fleet_.log_in(false);
    for (int i = 0; i < fleet_.size(); ++i) {
      fleet_[i].send(capabilities_.presence());
      if (i % options_.concurrency == 0) {
        loop_.run_for(std::chrono::milliseconds(20));
      }
    }
    fleet_.wait_for_quiet(std::chrono::milliseconds(2000), std::chrono::seconds(120));
    publish_all(Clock::now());  // makes the nodes
    fleet_.wait_for_quiet(std::chrono::milliseconds(2000), std::chrono::seconds(120));
    const double share = static_cast<double>(notifications_) / static_cast<double>(fleet_.size() * options_.contacts);
    if (share < 0.9) {
      give_up("only " + std::to_string(share * 100) + " % of the contacts were told of the first positions: rosters (loadgen setup-roster), capabilities?");
    }
  }
  /// Publishes what becomes due until then; a second's positions are spread over it.
  void run(Clock::time_point deadline) {
    if (!has_begun_) {
      has_begun_ = true;
      began_ = Clock::now();
    }
    const double each = options_.rate > 0 ? options_.rate : 1;
    const auto due = [&](std::uint64_t n) {
      return began_ + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(static_cast<double>(n) / (each * fleet_.size())));
    };
    while (Clock::now() < deadline) {
      while (due(moved_) <= Clock::now()) {
        publish(static_cast<int>(moved_ % static_cast<std::uint64_t>(fleet_.size())), due(moved_));
        ++moved_;
      }
      loop_.turn(std::min(deadline, due(moved_)));
    }
  }
  /// False: something is still under way.
  bool drain() {
    return loop_.run([this] { return owed() == notifications_ && published_ == answered_; }, Clock::now() + std::chrono::seconds(30));
  }
  std::uint64_t owed() const { return published_ * static_cast<std::uint64_t>(options_.contacts); }
  std::uint64_t notifications() const { return notifications_; }
  std::uint64_t published() const { return published_; }
  std::uint64_t repeated() const { return repeated_; }
  std::uint64_t misplaced() const { return misplaced_; }
  std::uint64_t refused() const { return refused_; }
  int size() const { return fleet_.size(); }
  Latency& latency() { return latency_; }

 private:
  void publish_all(Clock::time_point due) {
    for (int i = 0; i < fleet_.size(); ++i) {
      publish(i, due);
    }
  }
  void publish(int account, Clock::time_point due) {
    auto& of = due_[static_cast<std::size_t>(account)];
    of.push_back(due);
    ++published_;
    const std::string number = std::to_string(of.size());
    // The altitude says which one it is: the run, then the number.
    fleet_[account].send("<iq type='set' id='p'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='" + std::string(kGeoloc) +
                         "'><item id='current'><geoloc xmlns='" + std::string(kGeoloc) + "'><accuracy>5</accuracy><alt>" + std::to_string(run_) + "." + number +
                         "</alt><lat>45." + std::to_string(440000 + account) + "</lat><lon>12." + std::to_string(330000 + of.size() % 1000) +
                         "</lon></geoloc></item></publish></pubsub></iq>");
  }

  void receive(Client& client, std::string_view stanza) {
    if (const std::string answer = capabilities_.answer(stanza); !answer.empty()) {
      client.send(answer);
      return;
    }
    if (name_of(stanza) == "iq") {
      if (attribute_of(stanza, "id") == "p") {
        ++answered_;
        refused_ += attribute_of(stanza, "type") == "error" ? 1 : 0;
      }
      return;
    }
    const auto alt = text_of(stanza, "alt");
    const auto dot = alt.find('.');
    if (name_of(stanza) != "message" || dot == std::string_view::npos || alt.substr(0, dot) != std::to_string(run_)) {
      return;  // a last position of an earlier run
    }
    auto from = attribute_of(stanza, "from");
    int sender = -1;
    if (from.starts_with(options_.user_prefix)) {
      from.remove_prefix(options_.user_prefix.size());
      std::from_chars(from.data(), from.data() + from.size(), sender);
    }
    if (sender == client.account()) {
      return;  // section 4.3.2 of XEP-0163: one's own are told too
    }
    std::size_t number = 0;
    std::from_chars(alt.data() + dot + 1, alt.data() + alt.size(), number);
    if (sender >= 0 && sender / circle_ == client.account() / circle_ &&
        number == last_[static_cast<std::size_t>(client.account() * circle_ + sender % circle_)]) {
      ++repeated_;  // the last item again, as for one who has just come
      return;
    }
    ++notifications_;
    if (sender < 0 || sender / circle_ != client.account() / circle_ || number == 0 || number > due_[static_cast<std::size_t>(sender)].size()) {
      ++misplaced_;
      return;
    }
    std::size_t& last = last_[static_cast<std::size_t>(client.account() * circle_ + sender % circle_)];
    if (number < last) {
      ++misplaced_;  // overtaken
      return;
    }
    last = number;
    latency_.add(Clock::now() - due_[static_cast<std::size_t>(sender)][number - 1]);
  }

  EventLoop& loop_;
  const Options& options_;
  const int circle_;
  Fleet fleet_;
  const Capabilities capabilities_;
  const std::uint64_t run_;
  std::vector<std::vector<Clock::time_point>> due_;  ///< of each account's positions
  std::vector<std::size_t> last_;                    ///< by watcher and place of the sender in the circle
  std::uint64_t moved_ = 0, published_ = 0, answered_ = 0, notifications_ = 0, repeated_ = 0, misplaced_ = 0, refused_ = 0;
  bool has_begun_ = false;
  Clock::time_point began_{};
  Latency latency_;
};

}  // namespace

int run_positions(const Options& options) {
  const int circle = options.contacts + 1;
  const int users = std::max(1, options.sessions / circle) * circle;
  PairMeanwhile pair(options, users + users % 2, 100);
  EventLoop loop;
  Moving moving(loop, options);
  moving.log_in();
  if (!pair.wait_until_ready(loop)) {
    give_up("the pair could not log in");
  }
  pair.measure_before();
  moving.run(Clock::now() + options.warmup);
  pair.measure_during();
  moving.latency().clear();
  CpuWindow cpu(options.server_pid);
  const auto before = moving.notifications();
  const auto published_before = moving.published();
  cpu.begin();
  moving.run(Clock::now() + options.duration);
  cpu.end();
  const auto notifications = static_cast<double>(moving.notifications() - before);
  const auto published = static_cast<double>(moving.published() - published_before);
  const Latency measured = moving.latency();
  const bool pair_ended = pair.end(loop);
  const bool all_heard = moving.drain();

  const std::uint64_t lost = moving.owed() - std::min(moving.owed(), moving.notifications());
  const std::uint64_t pair_faults = pair.lost() + pair.duplicated() + pair.reordered();
  Report report("positions");
  report.number("publishers", moving.size());
  report.number("watchers", options.contacts);
  report.number("published_per_second", published / cpu.seconds());
  report.number("notifications", notifications);
  report.number("notifications_per_second", notifications / cpu.seconds());
  cpu.report(report, "notification", notifications);
  report.latency("delay", measured);
  report.latency("pair_delay", pair.during());
  report.number("pair_sent", static_cast<double>(pair.sent()));
  report.number("lost", static_cast<double>(lost + pair_faults));
  report.number("repeated", static_cast<double>(moving.repeated()));
  report.number("misplaced", static_cast<double>(moving.misplaced()));
  report.number("refused", static_cast<double>(moving.refused()));
  report.print();
  return pair_ended && all_heard && lost + pair_faults + moving.misplaced() + moving.refused() == 0 ? 0 : 1;
}

}  // namespace aldis::load
