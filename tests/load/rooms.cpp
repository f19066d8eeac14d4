// rooms: rooms (XEP-0045) in which some occupants speak in turn and everybody hears it; every delivery is checked and counted.
// Closed loop: in each room one message is on its way, and the next one leaves when all have it. Open loop (--rate): delays from
// the time each message was due. With --pair, two others talk meanwhile (pair_meanwhile.h). Over the relay each message is as
// long as it is when a server reflects it, so that the relay writes about the same bytes to as many sockets.
// room-join: everybody joins one room, at most --at-once under way; it is over when everybody has seen everybody.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "fleet.h"
#include "latency.h"
#include "pair_meanwhile.h"
#include "report.h"
#include "scenarios.h"

namespace aldis::load {
namespace {

constexpr std::size_t kDigits = 10;

std::string digits(std::uint64_t number) {
  char text[kDigits + 1];
  std::snprintf(text, sizeof text, "%010llu", static_cast<unsigned long long>(number % 10'000'000'000ULL));
  return text;
}

/// A fleet whose clients are occupants of rooms: client i of the fleet is in room i / occupants, as "n<i>".
class Occupants {
 public:
  Occupants(EventLoop& loop, const Options& options, int rooms)
      : loop_(loop),
        options_(options),
        fleet_(loop, options, 0, rooms * options.occupants),
        seen_(static_cast<std::size_t>(fleet_.size()), 0),
        is_in_(static_cast<std::size_t>(fleet_.size()), false),
        is_configured_(static_cast<std::size_t>(rooms), false) {
    fleet_.on_stanza([this](Client& client, std::string_view stanza) { receive(client, stanza); });
    fleet_.open_with([this](int account) { return "room " + std::to_string(room_of(account)) + "\n"; });
  }

  using OnMessage = std::function<void(int occupant, std::string_view stanza)>;
  void on_message(OnMessage handler) { on_message_ = std::move(handler); }

  void log_in() {
    fleet_.log_in(false);
    if (!is_xmpp()) {  // the relay does not say when it has read who is where
      loop_.run_for(std::chrono::milliseconds(200));
    }
  }
  /// Makes the rooms, each by its first occupant, who accepts the defaults (section 10.1.2).
  void create() {
    for (int i = 0; i < fleet_.size() && is_xmpp(); i += options_.occupants) {
      join(i);
    }
    wait("the rooms were not made", [this] {
      return !is_xmpp() || std::find(is_configured_.begin(), is_configured_.end(), false) == is_configured_.end();
    });
  }
  /// Everybody else, at most `at_once` under way at a time, until all are in. Their presence may still be on its way.
  void join_all(int at_once) {
    int next = 0;
    wait("not everybody could join", [&] {
      for (; is_xmpp() && next < fleet_.size() && joining_ < at_once; ++next) {
        if (next % options_.occupants != 0) {
          join(next);
        }
      }
      return !is_xmpp() || in_ == fleet_.size();
    });
  }
  /// Until everybody has seen everybody, himself too.
  void meet() {
    wait("not everybody saw everybody", [this] { return !is_xmpp() || has_met_ == fleet_.size(); });
  }

  Client& operator[](int index) { return fleet_[index]; }
  int size() const { return fleet_.size(); }
  int room_of(int occupant) const { return occupant / options_.occupants; }
  std::string room(int index) const { return "load" + std::to_string(index) + "@" + options_.room_domain; }
  std::uint64_t presences() const { return presences_; }
  bool is_xmpp() const { return options_.dialogue == Dialogue::xmpp; }

 private:
  void wait(const std::string& what, const std::function<bool()>& done) {
    if (!loop_.run(done, Clock::now() + options_.limit)) {
      give_up(what + ": " + std::to_string(in_) + " are in");
    }
  }
  void join(int occupant) {
    ++joining_;
    fleet_[occupant].send("<presence to='" + room(room_of(occupant)) + "/n" + std::to_string(occupant) +
                          "'><x xmlns='http://jabber.org/protocol/muc'><history maxchars='0'/></x></presence>");
  }
  void receive(Client& client, std::string_view stanza) {
    const int at = client.account();
    const auto index = static_cast<std::size_t>(at);
    const auto name = name_of(stanza);
    if (attribute_of(stanza, "type") == "error") {
      give_up("refused: " + std::string(stanza.substr(0, 400)));
    }
    if (name == "message") {
      if (on_message_) {
        on_message_(at, stanza);
      }
    } else if (name == "iq") {
      is_configured_[static_cast<std::size_t>(room_of(at))] = true;
    } else if (name == "presence") {
      ++presences_;
      has_met_ += ++seen_[index] == options_.occupants ? 1 : 0;
      const auto nickname = attribute_of(stanza, "from");
      const bool is_own = nickname.ends_with("/n" + std::to_string(at));
      if (is_own && !is_in_[index]) {
        is_in_[index] = true;
        ++in_;
        --joining_;
        if (at % options_.occupants == 0) {
          client.send("<iq type='set' id='config' to='" + room(room_of(at)) +
                      "'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query></iq>");
        }
      }
    }
  }

  EventLoop& loop_;
  const Options& options_;
  Fleet fleet_;
  OnMessage on_message_;
  std::vector<int> seen_;      ///< presences that came to each
  std::vector<bool> is_in_;
  std::vector<bool> is_configured_;
  int joining_ = 0, in_ = 0, has_met_ = 0;
  std::uint64_t presences_ = 0;
};

/// What is said in the rooms. Message k of a room is its occupant k % senders's.
class Talk {
 public:
  Talk(EventLoop& loop, const Options& options, Occupants& occupants)
      : loop_(loop),
        options_(options),
        occupants_(occupants),
        rooms_(static_cast<std::size_t>(occupants.size() / options.occupants)),
        next_in_(static_cast<std::size_t>(occupants.size()), std::vector<std::uint64_t>(static_cast<std::size_t>(options.senders))) {
    const auto size = static_cast<std::size_t>(options.body);
    filler_.assign(size > kDigits ? size - kDigits : 0, 'x');
    occupants_.on_message([this](int occupant, std::string_view stanza) { receive(occupant, stanza); });
  }

  void run(Clock::time_point deadline) {
    if (!has_begun_) {
      has_begun_ = true;
      began_ = Clock::now();
      for (std::size_t room = 0; room < rooms_.size() && options_.rate == 0; ++room) {
        say(room, Clock::now());
      }
    }
    for (auto now = Clock::now(); now < deadline; now = Clock::now()) {
      auto wake = std::min(deadline, now + std::chrono::milliseconds(10));
      while (options_.rate > 0) {
        const auto due = began_ + std::chrono::duration_cast<Clock::duration>(
                                      std::chrono::duration<double>(static_cast<double>(said_) / options_.rate));
        if (due > now) {
          wake = std::min(wake, due);
          break;
        }
        say(said_ % rooms_.size(), due);
      }
      loop_.turn(wake);
    }
  }
  void drain() {
    is_over_ = true;
    loop_.run([this] { return deliveries_ == owed(); }, Clock::now() + std::min(options_.limit, std::chrono::milliseconds(60'000)));
  }

  std::uint64_t deliveries() const { return deliveries_; }
  std::uint64_t owed() const { return said_ * static_cast<std::uint64_t>(options_.occupants); }
  std::uint64_t duplicated() const { return duplicated_; }
  std::uint64_t reordered() const { return reordered_; }
  std::uint64_t bytes() const { return bytes_; }
  Latency& latency() { return latency_; }

 private:
  struct Room {
    std::vector<Clock::time_point> due;   ///< of each message
    int heard = 0;                        ///< closed loop: of the message on its way
  };

  void say(std::size_t room, Clock::time_point due) {
    Room& in = rooms_[room];
    const std::uint64_t number = in.due.size();
    const int speaker = static_cast<int>(room) * options_.occupants + static_cast<int>(number % static_cast<std::uint64_t>(options_.senders));
    in.due.push_back(due);
    in.heard = 0;
    ++said_;
    const std::string address = occupants_.room(static_cast<int>(room));
    const std::string id = digits(number);
    std::string text = "<message to='" + address + "' type='groupchat' id='m" + id + "'><body>" + id + filler_ + "</body></message>";
    if (!occupants_.is_xmpp()) {  // as it comes back
      text = "<message from='" + address + "/n" + std::to_string(speaker) + "' to='user100@localhost/abcdefghijklmnop' type='groupchat' id='m" + id +
             "'><body>" + id + filler_ + "</body><occupant-id xmlns='urn:xmpp:occupant-id:0' id='" + std::string(32, 'o') +
             "'/><stanza-id xmlns='urn:xmpp:sid:0' by='" + address + "' id='" + std::string(16, 's') + "'/></message>";
    }
    occupants_[speaker].send(text);
  }

  void receive(int occupant, std::string_view stanza) {
    const auto body = text_of(stanza, "body");
    std::uint64_t number = 0;
    if (std::from_chars(body.data(), body.data() + std::min(body.size(), kDigits), number).ec != std::errc() ||
        body.size() != std::max(static_cast<std::size_t>(options_.body), kDigits)) {
      return;  // a subject
    }
    const auto room = static_cast<std::size_t>(occupants_.room_of(occupant));
    Room& in = rooms_[room];
    const auto senders = static_cast<std::uint64_t>(options_.senders);
    const std::string speaker = occupants_.room(static_cast<int>(room)) + "/n" +
                                std::to_string(room * static_cast<std::size_t>(options_.occupants) + number % senders);
    if (number >= in.due.size() || attribute_of(stanza, "from") != speaker) {
      give_up("a message that nobody sent: " + std::string(stanza.substr(0, 300)));
    }
    std::uint64_t& next = next_in_[static_cast<std::size_t>(occupant)][number % senders];  // of this speaker's, counted
    const std::uint64_t count = number / senders;
    if (count < next) {
      ++duplicated_;
      return;
    }
    reordered_ += count > next ? 1 : 0;
    next = count + 1;
    latency_.add(Clock::now() - in.due[number]);
    ++deliveries_;
    bytes_ += stanza.size();
    if (++in.heard == options_.occupants && options_.rate == 0 && !is_over_) {
      say(room, Clock::now());
    }
  }

  EventLoop& loop_;
  const Options& options_;
  Occupants& occupants_;
  std::vector<Room> rooms_;
  std::vector<std::vector<std::uint64_t>> next_in_;   ///< by occupant and speaker
  std::string filler_;
  std::uint64_t said_ = 0, deliveries_ = 0, duplicated_ = 0, reordered_ = 0, bytes_ = 0;
  bool has_begun_ = false, is_over_ = false;
  Clock::time_point began_{};
  Latency latency_;
};

}  // namespace

int run_rooms(const Options& options) {
  const int count = options.rooms * options.occupants;
  std::unique_ptr<PairMeanwhile> pair;
  if (options.pair) {
    pair = std::make_unique<PairMeanwhile>(options, count + count % 2, 100);
  }
  EventLoop loop;
  Occupants occupants(loop, options, options.rooms);
  occupants.log_in();
  occupants.create();
  occupants.join_all(options.concurrency);
  occupants.meet();
  if (pair && !pair->wait_until_ready(loop)) {
    give_up("the pair could not log in");
  }
  if (pair) {
    pair->measure_before();
  }
  Talk talk(loop, options, occupants);
  talk.run(Clock::now() + options.warmup);
  if (pair) {
    pair->measure_during();
  }
  talk.latency().clear();
  CpuWindow cpu(options.server_pid);
  const auto before = talk.deliveries();
  cpu.begin();
  talk.run(Clock::now() + options.duration);
  cpu.end();
  const auto deliveries = static_cast<double>(talk.deliveries() - before);
  const Latency measured = talk.latency();
  const bool pair_ended = !pair || pair->end(loop);
  talk.drain();

  const auto lost = talk.owed() - talk.deliveries();
  const std::uint64_t pair_faults = pair ? pair->lost() + pair->duplicated() + pair->reordered() : 0;
  Report report("rooms");
  report.number("rooms", options.rooms);
  report.number("occupants", options.occupants);
  report.number("rate", options.rate);
  report.number("deliveries", deliveries);
  report.number("deliveries_per_second", deliveries / cpu.seconds());
  report.number("bytes_per_delivery", static_cast<double>(talk.bytes()) / static_cast<double>(std::max<std::uint64_t>(1, talk.deliveries())));
  cpu.report(report, "delivery", deliveries);
  report.latency("delay", measured);
  if (pair) {
    report.latency("pair_delay", pair->during());
    report.number("pair_sent", static_cast<double>(pair->sent()));
  }
  report.number("lost", static_cast<double>(lost + pair_faults));
  report.number("duplicated", static_cast<double>(talk.duplicated()));
  report.number("reordered", static_cast<double>(talk.reordered()));
  report.print();
  return pair_ended && lost + pair_faults + talk.duplicated() + talk.reordered() == 0 ? 0 : 1;
}

int run_room_join(const Options& options) {
  EventLoop loop;
  Occupants occupants(loop, options, 1);
  occupants.log_in();
  occupants.create();
  CpuWindow cpu(options.server_pid);
  cpu.begin();
  occupants.join_all(options.at_once);
  occupants.meet();
  cpu.end();
  const auto presences = static_cast<double>(occupants.presences());
  Report report("room-join");
  report.number("occupants", options.occupants);
  report.number("presences", presences);
  report.number("all_in_seconds", cpu.seconds());
  report.number("server_cpu_seconds", cpu.server_seconds());
  cpu.report(report, "presence", presences);
  report.print();
  return 0;
}

}  // namespace aldis::load
