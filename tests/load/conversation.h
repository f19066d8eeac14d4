// Pairs of clients that send each other numbered messages. Every message is checked at its receiver: order, loss,
// duplicates, and that the body is the one sent. The delay runs from the sending, or, at a fixed rate, from the time it
// was due.
#pragma once
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "fleet.h"
#include "latency.h"

namespace aldis::load {

struct Tally {
  std::uint64_t sent = 0, received = 0, duplicated = 0, reordered = 0, refused = 0;
};

class Conversation {
 public:
  /// The accounts first … first + 2 * pairs - 1; client 2k talks with client 2k + 1.
  Conversation(EventLoop& loop, const Options& options, int first, int pairs);
  void log_in();
  /// Closed loop: `window` messages travel to and fro in each pair; a receiver answers every message it gets.
  void start_closed();
  /// Open loop: `rate` messages a second over all pairs, from client 2k to 2k + 1, each at its time whatever happens.
  void start_open(double rate);
  /// Turns until `deadline` or until done() says so.
  void run(Clock::time_point deadline, const std::function<bool()>& done = {});
  /// Stops sending and waits for what is under way.
  void drain(std::chrono::milliseconds limit);

  const Tally& tally() const { return tally_; }
  std::uint64_t lost() const { return tally_.sent - tally_.received; }
  Latency& latency() { return latency_; }
  /// From a request for an acknowledgement (Options::ack_every) to the acknowledgement (XEP-0198).
  Latency& ack_latency() { return ack_latency_; }

 private:
  struct Request {
    std::uint32_t sent;  ///< stanzas, when it was made
    Clock::time_point when;
  };
  struct Side {
    std::string head, tail;             ///< a message is head + number + tail
    std::uint64_t next_out = 0;         ///< number of the next message it sends
    std::uint64_t next_in = 0;          ///< number of the next message it should get
    std::deque<Clock::time_point> due;  ///< of messages [next_in, …) on their way to it
    std::deque<Request> requests;       ///< not answered
    std::set<std::uint64_t> missing;    ///< numbers below next_in that were skipped
  };
  void send(int from, Clock::time_point due);
  void receive(Client& client, std::string_view stanza);
  void acknowledged(Client& client);

  EventLoop& loop_;
  const Options& options_;
  Fleet fleet_;
  int first_;
  std::vector<Side> sides_;
  std::string tag_ = "m";  ///< what ids begin with; a server with an archive may hand over messages of an earlier run
  Tally tally_;
  Latency latency_, ack_latency_;
  bool answers_ = false;
  double rate_ = 0;
  std::uint64_t sent_at_rate_ = 0;
  Clock::time_point began_{};
};

}  // namespace aldis::load
