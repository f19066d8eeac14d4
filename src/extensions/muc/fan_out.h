// FanOut: how a room speaks to its occupants: in order, each stanza serialised once, some of it in a turn (docs/adr/0048).
//
// What the room says waits in a queue; its head goes out when it is ready (what is recorded first is not, until it is durable) to
// those who are in the room at that place of the queue: coming and going are entries too. Sessions of this shard get it by
// Home::deliver_shared, those of another in one post with the list of them, others by the router. After `batch` recipients the
// rest has to wait for the shard's next turn, so that its other users have theirs.
//
// When many enter a large room at once, their presence is gathered for a moment, so that an occupant gets it in one write.
#pragma once
#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_function.h"
#include "core/home.h"

namespace aldis::muc {

// A client that is in the room.
struct Recipient {
  Jid jid;                          // the real one, full
  SessionId session = SessionId::none;   // of this server; none: it is reached by its address
};

class FanOut final : private NextTurn {
 public:
  static constexpr std::size_t batch = 256;
  // Who enters a room of so many, so soon after another, is announced together with those who come after him.
  static constexpr std::size_t gathering_from = 100;
  static constexpr std::chrono::milliseconds gathering_time{50};
  static constexpr std::size_t most_gathered = 64;

  explicit FanOut(Home& home) : home_(home) {}
  FanOut(const FanOut&) = delete;
  FanOut& operator=(const FanOut&) = delete;
  ~FanOut() override;

  // What is said. Stanzas have a from and no to. `sender`: who caused it, for policy; null: the room.
  struct Speech {
    StanzaPtr open;                 // for those who see real addresses
    StanzaPtr veiled;               // for the others; null: nothing
    PrincipalPtr sender{};
    TraceId trace = TraceId::none;
    AcceptancePtr acceptance{};     // held until it has gone out
    std::vector<Jid> except{};      // clients that do not get it
  };
  using Ticket = std::uint64_t;

  void add(Recipient recipient, bool sees_real_jids);   // at once replaces one of the same address
  void remove(const Jid& jid);
  void set_sees(const Jid& jid, bool sees_real_jids);
  void to_all(Speech speech);
  // The presence of a client that has just entered, for all but him: at once, or gathered; ahead of whatever else is said to
  // all or to one after it.
  void announce_entry(Speech speech, Recipient newcomer);
  // Waits, and all behind it, until ready() or drop() is called with the ticket.
  [[nodiscard]] Ticket hold(Speech speech);
  void ready(Ticket ticket);
  void ready(Ticket ticket, StanzaPtr said);   // what is said is known now
  void drop(Ticket ticket);
  void to_one(Recipient recipient, std::vector<StanzaPtr> stanzas);
  // What a newcomer gets first. He knows all who have been announced.
  void to_newcomer(Recipient recipient, std::vector<StanzaPtr> stanzas);
  // Because the server stops; not for who can resume.
  void say_farewell(Recipient recipient, StanzaPtr stanza);
  // At once, ahead of the queue: from within then() only.
  void tell(const Recipient& who, std::vector<StanzaPtr> stanzas, bool is_farewell = false);
  // Runs when all before it has gone out.
  void then(UniqueFunction<void()> work);

  // Sends what is ready. Not from within what it calls; the room calls it when it is done with a stanza.
  void send();
  [[nodiscard]] bool is_empty() const { return jobs_.empty() && gathered_.empty(); }
  [[nodiscard]] std::size_t recipients() const { return count_; }
  [[nodiscard]] std::size_t memory() const;

 private:
  // Those of one home who see alike; home `elsewhere`: by their addresses.
  static constexpr std::size_t elsewhere = 256;
  struct Lane {
    std::size_t home;
    bool sees;
    std::vector<SessionId> sessions{};
    std::vector<Jid> jids{};      // beside sessions; alone elsewhere
  };
  struct Entry {
    Speech speech;
    Recipient newcomer;
  };
  struct Job {
    enum class Kind : std::uint8_t { all, entries, one, add, remove, sees, work } kind;
    bool is_ready = true;
    bool flag = false;
    Speech speech{};
    std::optional<Recipient> who{};
    std::vector<StanzaPtr> stanzas{};
    UniqueFunction<void()> work{};
    std::vector<Entry> entries{};
  };

  void on_next_turn() override { send(); }
  // False: it is not done, and the turn's share is used up.
  bool carry_out(Job& job, std::size_t& budget);
  bool say(const Job& job, std::size_t& budget);
  bool say_entries(const std::vector<Entry>& entries, std::size_t& budget);
  void end_gathering();
  void say_to(const Lane& lane, const Envelope& envelope, const std::vector<Jid>& except, std::size_t count);
  void insert(const Recipient& who, bool sees);
  bool erase(const Jid& jid, Recipient* who);
  Job& job(Ticket ticket) { return jobs_[static_cast<std::size_t>(ticket - first_)]; }

  Home& home_;
  std::deque<Job> jobs_;
  Ticket first_ = 1;            // of the queue's head
  std::vector<Lane> lanes_;
  std::size_t count_ = 0;
  std::size_t lane_ = 0;        // where the head goes on
  std::size_t place_ = 0;
  bool is_running_ = false;
  std::vector<Entry> gathered_;
  TimerId gathering_ = TimerId::none;
  Monotonic last_entry_{};
};

}  // namespace aldis::muc
