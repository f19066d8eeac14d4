// Outbox: how a service speaks: in order, each notification written once, some of it in a turn (docs/adr/0048, 0051). Accounts of this server
// get it as if it had been sent to each of them (Home::deliver_each), those of another shard in one post with a list of them; others by the
// router. After `batch` recipients the rest waits for the shard's next turn, so that its other users have theirs.
#pragma once
#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "base/unique_function.h"
#include "core/home.h"
#include "extensions/pubsub/fan_out_plan.h"

namespace aldis::pubsub {

class Outbox final : private NextTurn {
 public:
  static constexpr std::size_t batch = 256;

  explicit Outbox(Home& home) : home_(home) {}
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  struct Notification {
    StanzaPtr stanza;                // a message with a from and no to
    PrincipalPtr sender{};           // who caused it, for policy; null: the service
    TraceId trace = TraceId::none;
    AcceptancePtr acceptance{};      // held until it has gone out
  };
  void to_lanes(Notification notification, LanesPtr lanes);
  void to_each(Notification notification, const std::vector<Jid>& recipients);
  void to_one(Notification notification, const Jid& recipient) { to_each(std::move(notification), {recipient}); }
  void then(UniqueFunction<void()> work);   // when all before it has gone out

  // Sends what it may. The service calls it when it is done with a request.
  void send();
  [[nodiscard]] bool is_empty() const { return jobs_.empty(); }
  [[nodiscard]] std::size_t memory() const;

 private:
  struct Job {
    Notification notification{};
    LanesPtr lanes{};
    UniqueFunction<void()> work{};
  };
  void on_next_turn() override { send(); }
  bool carry_out(const Job& job, std::size_t& budget);   // false: the turn's share is used up

  Home& home_;
  std::deque<Job> jobs_;
  std::size_t lane_ = 0;    // where the first goes on
  std::size_t place_ = 0;
  bool is_running_ = false;
};

// Recipients by where they live.
[[nodiscard]] LanesPtr lanes_of(const World& world, const std::vector<Jid>& recipients);

}  // namespace aldis::pubsub
