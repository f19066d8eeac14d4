// Home: the accounts and sessions of one shard. Everything here runs on its executor.
#pragma once
#include <chrono>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/account.h"
#include "core/archive_ids.h"
#include "core/ended_streams.h"
#include "core/envelope.h"
#include "core/ids.h"
#include "core/late_positions.h"
#include "core/memory_step.h"
#include "core/periodic_work.h"
#include "core/positions.h"
#include "core/questions.h"
#include "core/residents.h"
#include "core/world.h"
#include "runtime/executor.h"
#include "runtime/shard.h"

namespace aldis {

// Presence for the members of groups, those but whom its owner blocks.
struct GroupPresence {
  SharedContacts members;
  policy::BlockList blocked;
  std::vector<StanzaPtr> stanzas;   // without a to
};
// What each home does when groups change, each step on all of them before the next on any.
enum class GroupStep : std::uint8_t {
  leave,   // who will be nobody's contact any more is seen going
  take,    // rosters are as the new groups have them, and clients are told
  join,    // who is somebody's contact from now on is seen
};

class Home final : private NextTurn {
 public:
  Home(World& world, Shard& shard, std::uint8_t index);
  ~Home() override;

  [[nodiscard]] World& world() const { return world_; }
  [[nodiscard]] Shard& shard() const { return shard_; }
  [[nodiscard]] Router& router() const { return world_.router; }
  [[nodiscard]] Monotonic now() const { return shard_.clock().now(); }

  // Step 5's door: an envelope for an account of this home.
  void deliver(Envelope envelope);
  // A stanza without a to for each of these sessions, all of this home (core/resident.h): one write each. Those that are not there are
  // told to the resident it is from.
  void deliver_shared(const Envelope& envelope, std::span<const SessionId> sessions);
  // A message without a to, as if it had been sent to each of these addresses of accounts of this home, bare or full: one stanza for all, by
  // each account's own rules. For a headline (RFC 6121 section 8.5.2: dropped where nobody is available) no account is loaded.
  void deliver_each(const Envelope& envelope, std::span<const Jid> recipients);
  // Those of the members that are here and available.
  [[nodiscard]] std::vector<Account*> available_members(const SharedContacts& members) const;
  // To them: nobody is loaded for it.
  void tell_members(const GroupPresence& what);
  void bind(BindRequest request);
  // Resumes a session of the principal's (XEP-0198 section 5), from whatever entry.
  void resume(ResumptionRequest request);
  // Tells what was handled, if the stream was this user's and has ended.
  void refuse_resumption(ResumptionRequest request);
  // An answer to a request, to the session it came from or back through the router.
  void reply(const Envelope& request, StanzaPtr answer);

  // What recipients here see of positions, and what waits until they may.
  [[nodiscard]] PositionForms& position_forms() { return position_forms_; }
  [[nodiscard]] LatePositions& late_positions() { return late_positions_; }

  // What the account has by groups now; also of one that is not in memory.
  [[nodiscard]] SharedContacts contacts_of(const BareJid& account) const;
  // Null: there are none, or they are not known yet (VirtualHost::expects_groups).
  [[nodiscard]] const SharedGroups* groups_of_domain(std::string_view domain) const;
  [[nodiscard]] Task<void> change_groups(std::string domain, std::shared_ptr<const SharedGroupsChange> change, GroupStep step);

  // What lives here besides accounts.
  [[nodiscard]] Residents& residents() { return residents_; }
  // What the server asks in the names of this home's accounts.
  [[nodiscard]] Questions& questions() { return questions_; }
  // The home a session is of.
  [[nodiscard]] static std::size_t index_of(SessionId id) { return static_cast<std::size_t>(static_cast<std::uint64_t>(id) & 0xFFU); }
  [[nodiscard]] std::size_t index() const { return index_; }

  [[nodiscard]] Account* find_account(const Jid& bare) const;
  [[nodiscard]] Session* find_session(SessionId id) const;
  [[nodiscard]] std::size_t session_count() const { return sessions_.size(); }
  // Accounts in memory, those being loaded included.
  [[nodiscard]] std::size_t account_count() const { return accounts_.size(); }
  template <class F>
  void for_each_session(F visit) const {
    for (const auto& [id, session] : sessions_) visit(*session);
  }

  // What all sessions of this home together may send (core/rate.h).
  [[nodiscard]] Allowance& allowance() { return allowance_; }
  // Accounts without sessions leave memory at once. From floods_held on sessions that flood are not read until the next call, and
  // no longer than 1.5 s, and nobody is read faster than rate_when_memory_is_short; with queues_given_up the sessions that hold
  // most end: all that hold half as much as the largest does.
  void relieve_memory(MemoryStep step);
  [[nodiscard]] bool is_short_of_memory() const { return memory_step_ >= MemoryStep::floods_held; }

  // Ends all sessions of an account, or all of this home (shutdown), with a stream error.
  void end_all(const StreamError& error, std::string_view reason);

  // ---- a graceful restart (suspension.cpp): each step on every home before the next on any.
  // What lives here besides accounts tells who cannot come back.
  [[nodiscard]] Task<void> shut_down_residents();
  [[nodiscard]] bool has_quiet_residents() const { return residents_.is_quiet(); }
  // Ends all sessions, but keeps those that can be resumed.
  void suspend_all(const StreamError& error, std::string_view reason);
  // Nothing is under way but for the sessions kept.
  [[nodiscard]] bool is_quiet_but_for_suspended() const;
  // What lives here besides accounts writes down who of them is there; it may speak to them.
  [[nodiscard]] Task<void> suspend_residents();
  // Writes the sessions down; one that cannot be written ends.
  [[nodiscard]] Task<void> save_suspended();
  // Adds what has been settled by then, and lets them go without a word to anybody.
  [[nodiscard]] Task<void> leave_suspended();
  // Puts one back, waiting for its client. False: it is not there.
  [[nodiscard]] Task<bool> restore(SuspendedSession session);

  // No session, and nothing under way on any account.
  [[nodiscard]] bool is_quiet() const;

  // ---- for accounts and sessions
  [[nodiscard]] SessionId next_session_id();
  [[nodiscard]] TraceId next_trace();
  void add_session(Session& session);
  void remove_session(Session& session);
  // Most clients open streams alike: one Scope serves them all.
  [[nodiscard]] std::shared_ptr<const xml::Scope> shared_scope(xml::Scope scope);
  // Destroys what must outlive the call that ended it.
  void bury(std::unique_ptr<Session> session);
  void account_idle(Account& account);
  // Every few seconds from now on, until there is nothing left to look at.
  void start_sweeping();
  // For the message that is about to be delivered or sent: above all ids of this home so far.
  [[nodiscard]] ArchiveId next_archive_id() { return archive_ids_.next(world_.clock.wall(), world_.archive_floor); }
  // On one home, once: what extensions have registered with Extension::on_time.
  void start_periodic_work();
  // None of it begins from now on: a store may be gone when it would look for it. What runs is finished (is_quiet).
  void stop_periodic_work();
  // How far ended streams had been handled: said once their resumption has become impossible.
  [[nodiscard]] EndedStreams& ended_streams() { return ended_streams_; }
  // What this home's sessions count goes through it.
  [[nodiscard]] const std::shared_ptr<Settlements>& settlements() const { return settlements_; }
  // Once this turn's bytes have been offered to the kernel the session looks which of them it took.
  void look_after_flush(const Session& session);

 private:
  friend class Account;
  void on_next_turn() override;
  void settled(SessionId session, std::uint64_t number);
  void all_settled();
  // The account, made and loading if it was not there; null when too many are being loaded.
  Account* account(const Jid& bare, const VirtualHost& host);
  void sweep();
  void arm(std::size_t index, std::chrono::milliseconds delay);
  Task<void> work(std::size_t index);
  [[nodiscard]] std::vector<SessionId> session_ids() const;

  World& world_;
  Shard& shard_;
  std::size_t absent_ = 0;   // of accounts_, those that do not exist; before them: they count themselves out
  std::unordered_map<std::string, std::unique_ptr<Account>, KeyedStringHash, std::equal_to<>> accounts_;
  std::unordered_map<SessionId, Session*> sessions_;
  std::map<std::string, SharedGroupsPtr, std::less<>> groups_;   // by domain; what rosters here show
  std::shared_ptr<const xml::Scope> usual_scope_;
  std::shared_ptr<Settlements> settlements_;
  std::vector<SessionId> to_look_at_;   // after the flush
  std::vector<SessionId> to_tell_;      // of which stanzas have been settled
  EndedStreams ended_streams_;
  std::uint64_t next_id_ = 0;
  std::uint64_t next_trace_ = 0;
  std::size_t loading_ = 0;
  std::int64_t session_memory_ = 0;   // as last reported, and the next three
  std::int64_t queue_memory_ = 0;
  std::int64_t mailbox_memory_ = 0;
  std::int64_t account_memory_ = 0;
  std::int64_t resident_memory_ = 0;
  Allowance allowance_;
  TimerId sweeper_ = TimerId::none;
  struct Periodic {
    const PeriodicWork* work;
    TimerId timer = TimerId::none;
    bool is_running = false;
  };
  std::vector<Periodic> periodic_;
  bool begins_periodic_work_ = true;
  ArchiveIds archive_ids_;
  PositionForms position_forms_{world_.clock};
  LatePositions late_positions_{shard_};
  Residents residents_{*this};
  Questions questions_{*this};
  std::uint8_t index_;
  MemoryStep memory_step_ = MemoryStep::none;
};

// The groups of a domain are these from now on. Returns when every home has taken them; one call after the other for a domain. Runs on any
// executor; what rosters show changes on each shard at a time of its own, rights (VirtualHost::groups) at once.
[[nodiscard]] Task<void> share_groups(World& world, std::string domain, std::vector<DirectoryGroup> groups);

}  // namespace aldis
