// Account: a user in memory: sessions, roster, block list. Serial, owned by its shard's Home. Step 3 (send) and step 5
// (deliver) of a message's way, and the rules of RFC 6121 for rosters, subscriptions and presence. An account is loaded when
// somebody binds to it or something reaches it; what arrives meanwhile waits in its inbox. A bounded number of those that do
// not exist are remembered as long as others, so that the time an answer takes does not tell which do (security L01).
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/chain.h"
#include "core/envelope.h"
#include "core/iq.h"
#include "core/recent_ids.h"
#include "core/roster.h"
#include "core/session.h"
#include "policy/block_list.h"
#include "runtime/serial.h"
#include "runtime/task.h"
#include "storage/archive_store.h"

namespace aldis {

class Home;
class VirtualHost;

// XEP-0386: the resource is named by the account, and what was asked for with it is done before anything is delivered.
struct InlineBinding {
  std::string tag;                         // as the client wrote it; empty: none
  std::vector<std::string> requests;       // elements that stand alone
  // In place of BindRequest::answer where it succeeds; the second is <bound/>.
  UniqueFunction<void(const FullJid&, std::string, net::Connection&)> answer;
  std::optional<std::string> metadata{};   // for the account: what extensions say in <bound/>, once they have
};

// A connection that has authenticated and asks for its resource; on its way from the lobby to the account's shard.
struct BindRequest {
  std::unique_ptr<net::Connection> connection;
  PrincipalPtr principal;
  std::optional<std::string> resource;   // prepared; nothing: the server chooses
  xml::Scope scope;
  std::string lang;
  std::optional<InlineBinding> inline_bind;   // XEP-0386
  // Called on the home's executor with the address or the refusal; queues the answer's bytes on the connection it is
  // given. After a refusal the request's connection goes back with it.
  UniqueFunction<void(Result<FullJid, StanzaError>, net::Connection&)> answer;
  UniqueFunction<void(std::unique_ptr<net::Connection>)> give_back;
};

// Why a stream is not resumed.
struct ResumptionRefusal {
  StanzaCondition condition = StanzaCondition::item_not_found;
  std::optional<std::uint32_t> h;             // of a session that is known and over
  std::optional<StreamError> stream_error{};  // set: the new stream must end with it
  [[nodiscard]] std::string xml() const { return stream::management_failed(condition, h); }
};
struct Resumed {
  FullJid jid;
  std::string xml;   // <resumed/>
};

// A connection that has authenticated and asks to go on with a former stream (XEP-0198 section 5); on its way from the lobby
// to the account's shard.
struct ResumptionRequest {
  std::unique_ptr<net::Connection> connection;
  PrincipalPtr principal;
  stream::ResumeRequest request;
  xml::Scope scope;
  std::string lang;
  // As BindRequest's. Queues Resumed::xml, or what wraps it; what the client missed follows. After a refusal the connection
  // goes back.
  UniqueFunction<void(Result<Resumed, ResumptionRefusal>, net::Connection&)> answer;
  UniqueFunction<void(std::unique_ptr<net::Connection>)> give_back;
  std::uint32_t tries = 0;   // waits for what the former stream received and is not settled yet

  void refuse(ResumptionRefusal refusal) {
    answer(fail(std::move(refusal)), *connection);
    give_back(std::move(connection));
  }
};

// <presence type='...' from='...'/> for the server to send on a user's behalf.
[[nodiscard]] StanzaPtr presence_from(const Jid& from, std::string_view type);

class Account final : public policy::OwnerRules {
 public:
  Account(Home& home, const VirtualHost& host, BareJid jid);
  ~Account();
  Account(const Account&) = delete;
  Account& operator=(const Account&) = delete;

  [[nodiscard]] const BareJid& jid() const { return jid_; }
  [[nodiscard]] Home& home() const { return home_; }
  [[nodiscard]] const VirtualHost& host() const { return host_; }
  [[nodiscard]] const Roster& roster() const { return roster_; }
  // policy::OwnerRules
  [[nodiscard]] const BareJid& owner() const override { return jid_; }
  [[nodiscard]] const policy::BlockList& blocked() const override { return blocked_; }
  // A subscriber, the owner itself, or one it sent presence to directly.
  [[nodiscard]] bool may_see_presence(const Jid& other) const override;
  // Of an anonymous user: nothing of it is stored.
  [[nodiscard]] bool is_ephemeral() const { return is_ephemeral_; }
  [[nodiscard]] bool exists() const { return state_ == State::ready; }
  [[nodiscard]] const std::vector<std::unique_ptr<Session>>& sessions() const { return sessions_; }
  [[nodiscard]] Session* find_session(std::string_view resource) const;
  [[nodiscard]] bool has_available_session() const;

  // While a Pin lives the account stays in memory: coroutines that wait hold one.
  class Pin {
   public:
    explicit Pin(Account& account) : account_(&account) { ++account.pins_; }
    Pin(const Pin& other) : Pin(*other.account_) {}
    Pin& operator=(const Pin&) = delete;
    ~Pin() { account_->unpin(); }
    Account* operator->() const { return account_; }
    Account& operator*() const { return *account_; }

   private:
    Account* account_;
  };
  // Changes of stored state go through it one at a time.
  [[nodiscard]] Serial& changes() { return changes_; }

  // False: the store is known to hold none that wait for a session.
  bool has_waiting_messages = true;
  // Kept messages are on their way to one of the sessions; those through this one are with a session already.
  bool is_handing_over = false;
  ArchiveId handed_over = 0;
  // The messages lately sent that were copied to other sessions: an error in answer to one is copied too (XEP-0280 section
  // 6.1). Null until there was one.
  std::unique_ptr<RecentIds> copied_messages;

  // ---- steps 3 and 5
  // From one of the account's sessions, which is paused where something must be waited for.
  void send(Session& session, Envelope envelope);
  // To the account or one of its sessions; `to` is this account's address, bare or full.
  void deliver(Envelope envelope);
  void bind(BindRequest request);
  void resume(ResumptionRequest request);
  // A session that was written down when the server stopped (suspension.cpp); `done` tells whether it is there again.
  struct Restoration {
    SuspendedSession session;
    Completion<bool> done;
  };
  void restore(Restoration restoration);
  // Takes out a session that has been written down: nobody is told.
  void leave(Session& session);

  // ---- what policy and extensions ask
  [[nodiscard]] policy::Decision decide(policy::Action action, const Stanza& stanza, const Jid& other) const;
  // Into the chain of the router, as if the account had sent it: presence to a contact, and the like.
  void route(StanzaPtr stanza);

  // ---- roster (account_roster.cpp). Each resumes when the change is durable; pushes go out before the answer.
  struct RosterChange {
    BareJid contact;
    std::string name;
    std::vector<std::string> groups;
  };
  [[nodiscard]] Task<Result<void, StanzaError>> set_roster_item(RosterChange change);
  [[nodiscard]] Task<Result<void, StanzaError>> remove_roster_item(BareJid contact);
  // Answers the session's roster get and makes it interested: the whole roster, or an empty result and what changed since
  // `version`, the query's ver, as pushes (RFC 6121 section 2.6; nothing when the query has none).
  void answer_roster_get(const Stanza& request, Session& session, std::optional<std::string_view> version);

  // ---- groups shared with others, when they change (account_groups.cpp; home.h has the steps)
  void leave_groups(const SharedGroupsChange& change);
  void take_groups(const SharedGroupsChange& change);
  void join_groups(const SharedGroupsChange& change);

  // ---- block list (for the blocking extension)
  void block(const std::vector<Jid>& jids);
  void unblock(const std::vector<Jid>& jids);  // empty: all

  // ---- what the owner wants archived (for the mam extension)
  [[nodiscard]] const ArchivePreferences& archive_preferences() const;
  void set_archive_preferences(ArchivePreferences preferences);

  // ---- a session's life
  // What a session took and could not write. A message goes to the other sessions, to storage or back to its sender; the rest was for
  // that session alone.
  void undelivered(Envelope envelope);
  // A copy (carbons) of what `original` holds, from this account to one of its sessions, if policy lets that one have it.
  void deliver_copy(Session& session, StanzaPtr copy, const Envelope& original);
  // What one of the sessions shares with others (core/resident.h), if policy lets it have it.
  void deliver_shared(Session& session, const Envelope& envelope);
  // What a session held back.
  void deliver_again(Session& session, const Envelope& envelope);
  // The server's own words in the form that this account's sessions may see (core/positions.h); null: nothing of them.
  [[nodiscard]] StanzaPtr answer_form(const StanzaPtr& own);
  // A message that was kept, ahead of what the session holds back. `archive_id`: as in Envelope.
  void deliver_kept(Session& session, StanzaPtr message, std::uint64_t archive_id = 0);
  // A kept message has reached the session's client.
  void note_delivered(Session& session, const Envelope& envelope);
  void note_waiting(const Envelope& envelope);
  // A session has lost its connection and stays: one too many, and the oldest that waits ends.
  void on_session_detached(const Session& session);
  void on_session_ended(Session& session, std::vector<Envelope> undelivered, std::string_view reason);
  // All sessions end (account disabled, removed, password changed elsewhere).
  void end_sessions(const StreamError& error, std::string_view reason, const Session* except = nullptr);
  // Those of one client (its user-agent id), or of all that have named themselves when it is empty. How many.
  std::size_t end_sessions_of_client(const std::string& client);
  // What stands in the store now. Who authenticated with other credentials, or before the account was disabled, and has not
  // bound yet may not any more (security S13). Nothing: it could not be read, and nobody binds until it has been.
  void learn_credentials(std::optional<WallTime> changed, bool is_enabled);
  // Forgets everything: the account was removed from the store.
  void removed();
  // The account was created in the store: what was said of it before no longer holds.
  void created();

  // What all sessions together may send.
  [[nodiscard]] Allowance& allowance() { return allowance_; }

  // For the home: nothing here, nobody waits, idle since `idle_since`.
  [[nodiscard]] bool is_idle() const;
  // The same but for sessions.
  [[nodiscard]] bool is_at_rest() const;
  [[nodiscard]] Monotonic idle_since() const { return idle_since_; }
  // Heap and object bytes, sessions not counted.
  [[nodiscard]] std::size_t memory() const;

 private:
  friend class Home;
  enum class State : std::uint8_t { loading, ready, absent, failed };
  struct InboxItem {
    std::optional<Envelope> envelope{};
    std::optional<BindRequest> bind{};
    std::optional<ResumptionRequest> resumption{};
    std::optional<Restoration> restoration{};
  };

  void set_state(State state);
  void start_loading();
  Task<void> load();
  void drain_inbox();
  void unpin();

  // account_send.cpp
  void dispatch(Session& session, Envelope envelope);   // after the outgoing chain
  void answer_request(Session* session, Envelope envelope, Recipient recipient);
  Task<void> send_waiting(Pin self, SessionId session, std::unique_ptr<Envelope> envelope, Task<Chain::Outcome> waiting);
  Task<void> answer_waiting(Pin self, SessionId session, Envelope envelope, Task<StanzaPtr> waiting);
  void finish_send(SessionId session, Envelope envelope, Chain::Outcome outcome);

  // account_deliver.cpp
  void deliver_now(Envelope envelope);
  void deliver_passed(Envelope envelope);               // after the incoming chain
  Task<void> deliver_waiting(Pin self, std::unique_ptr<Envelope> envelope, Task<Chain::Outcome> waiting);
  void deliver_message(Envelope envelope);
  void deliver_iq(Envelope envelope);
  void deliver_presence(Envelope envelope);
  void keep_undelivered(Envelope envelope);
  Task<void> keep_waiting(Pin self, std::unique_ptr<Envelope> envelope, Task<Chain::Outcome> waiting);
  bool deliver_to(Session& session, const Envelope& envelope);
  [[nodiscard]] bool is_too_early(Session& session, const Envelope& envelope, const policy::Decision& decision);
  void refuse_absent(const Envelope& envelope);

  // account_presence.cpp
  void broadcast_presence(Session& session, StanzaPtr stanza);
  void go_available(Session& session, StanzaPtr stanza, int priority);
  void go_unavailable(Session& session, StanzaPtr stanza);
  void send_directed(Session& session, Envelope envelope);
  void answer_probe(const Envelope& envelope);
  void present_to(const Jid& contact);
  void absent_to(const Jid& contact);
  Task<void> send_subscription(Pin self, Envelope envelope);
  Task<void> receive_subscription(Pin self, Envelope envelope);
  void offer_requests(Session& session);
  void deliver_subscription(const Envelope& envelope, const StanzaPtr& stanza);

  void note_contact_changed(const BareJid* contact);

  // account_groups.cpp
  // To the members of shared groups who are there. To how many at most.
  std::size_t tell_members(std::vector<StanzaPtr> presence);
  // The own items alone let the contact see this account's presence.
  [[nodiscard]] bool is_seen_without_groups(const Jid& contact) const;

  // account_roster.cpp
  // Stores the item, calls `told` (what others are to see before the push), pushes. An error: none of it has happened.
  Task<Result<void, StanzaError>> change_item(RosterItem item, UniqueFunction<void()> told = [] {});
  void push_changes_since(Session& session, std::uint64_t known, std::string_view token);
  void push_shared_changes_since(Session& session, const SharedContacts& before, std::string_view ver_before);
  // The contact as it is now, or that it is there no more; `ver`: what the client has then.
  void push_roster(std::string_view ver, const BareJid& contact);
  void push_to(Session& session, std::string_view ver, const BareJid& contact);

  void bind_now(BindRequest request);
  // account_resume.cpp
  void resume_now(ResumptionRequest request);
  void restore_now(Restoration restoration);
  // The detached session that has waited longest; null without one.
  [[nodiscard]] Session* oldest_detached() const;
  // account_inline_bind.cpp
  void describe_and_bind(BindRequest request);
  Task<void> bind_waiting(Pin self, BindRequest request);
  [[nodiscard]] bool trusts(const Principal& principal) const;
  [[nodiscard]] std::string inline_resource(const BindRequest& request) const;
  void answer_inline(Session& session, InlineBinding& wish);
  void end_earlier_sessions(const Principal& principal);
  std::size_t end_sessions_where(const std::function<bool(const Session&)>& is_meant, const StreamError& error,
                                 std::string_view reason);

  Home& home_;
  const VirtualHost& host_;
  BareJid jid_;
  Roster roster_;
  policy::BlockList blocked_;
  std::unique_ptr<const ArchivePreferences> archive_preferences_;   // null: the domain's
  std::vector<std::unique_ptr<Session>> sessions_;
  std::unique_ptr<std::deque<InboxItem>> inbox_;   // only while there is something in it
  Serial changes_;
  Monotonic idle_since_{};
  Allowance allowance_;
  std::optional<WallTime> credentials_changed_;
  std::uint32_t pins_ = 0;
  std::uint32_t rounds_ = 1;   // of messages to its bare address; what a restart restored is of the first
  State state_ = State::loading;
  bool is_ephemeral_ = false;  // of an anonymous user: nothing is stored
  bool is_enabled_ = true;
  bool was_told_without_groups_ = false;   // something was said to clients that the groups, not known yet, belong to
  bool is_busy_ = false;   // an incoming chain waits: what comes next waits behind it
};

// Ends the subscriptions an account that was removed had with its contacts.
void tell_contacts_of_removal(Home& home, const BareJid& owner, const std::vector<RosterItem>& items);

}  // namespace aldis
