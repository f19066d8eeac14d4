// A graceful restart: sessions that can be resumed are written down with all they had not delivered, and are there again,
// waiting for their clients, when the server is back. Nobody else notices (XEP-0198 section 5).
#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"
#include "core/account.h"
#include "core/home.h"
#include "core/managed_stream.h"
#include "core/virtual_host.h"
#include "xmpp/namespaces.h"

namespace aldis {
namespace {
metrics::Counter suspended_total{"aldis_sessions_suspended_total", "Sessions written down when the server stopped."};
metrics::Counter restored_total{"aldis_sessions_restored_total", "Sessions that were there again when the server started."};

// One write holds no more than this.
constexpr std::size_t batch_sessions = 100;
constexpr std::size_t batch_bytes = 4 * 1024 * 1024;

StanzaPtr stored_stanza(const std::string& xml, const FullJid& of) {
  static const xml::Scope scope{std::string(ns::client), {}};
  Result<StanzaPtr, Stanza::Refusal> stanza = Stanza::parse(xml, scope);
  if (!stanza) {
    log::warning("suspended-stanza-unreadable", {{"jid", of.str()}});
    return nullptr;
  }
  return std::move(*stanza);
}
}  // namespace

// ---- the server stops

bool Session::suspend(const StreamError& error) {
  if (is_ending_ || !can_detach()) {
    return false;
  }
  stop_waiting();
  send_waiting();
  answer_asked();
  if (connection_ != nullptr) {
    managed_->until = account_.home().now() + managed_->max;
    queue_unflushed();
    std::string last;
    write_last_ack(last);
    error.write(last);
    last += "</stream:stream>";
    net::Connection::close_and_release(std::move(connection_), last);
  }
  send_backlog();
  return true;
}

SuspendedSession Session::suspended() const {
  const Monotonic now = account_.home().now();
  const WallTime wall = account_.home().world().clock.wall();
  const auto left = std::chrono::duration_cast<WallTime::duration>(std::max(managed_->until - now, Monotonic::duration(0)));
  SuspendedSession record{.owner = account_.jid(),
                          .resource = std::string(jid_.resource()),
                          .id = managed_->id,
                          .handled = managed_->handled.h(),
                          .acknowledged = static_cast<std::uint32_t>(managed_->sent.acknowledged()),
                          .max = static_cast<std::uint32_t>(managed_->max.count()),
                          .until = wall + left,
                          .suspended = wall,
                          .presence = presence_ != nullptr ? presence_->to_xml() : std::string(),
                          .priority = priority_,
                          .is_interested = is_interested,
                          .wants_block_pushes = wants_block_pushes,
                          .wants_carbons = wants_carbons,
                          .mechanism = principal_->mechanism,
                          .lang = lang_,
                          .directed = {},
                          .unacknowledged = {}};
  if (rare_ != nullptr) {
    record.directed.assign(rare_->directed.begin(), rare_->directed.end());
  }
  managed_->queue.for_each([&](const Envelope& envelope) {
    record.unacknowledged.push_back({addressed(envelope).stanza->to_xml(), envelope.archive_id, envelope.is_kept, envelope.is_copy});
  });
  return record;
}

void Session::forget_unacknowledged() {
  while (!managed_->queue.empty()) {
    static_cast<void>(managed_->queue.pop());
  }
}

Task<void> Home::shut_down_residents() {
  residents_.shut_down();
  co_return;
}

void Home::suspend_all(const StreamError& error, std::string_view reason) {
  for (const SessionId id : session_ids()) {
    if (Session* session = find_session(id); session != nullptr && !session->can_detach()) {
      session->end(&error, reason);
    }
  }
  for (const SessionId id : session_ids()) {  // they have seen the others go
    if (Session* session = find_session(id); session != nullptr && !session->suspend(error)) {
      session->end(&error, reason);
    }
  }
}

bool Home::is_quiet_but_for_suspended() const {
  return std::all_of(sessions_.begin(), sessions_.end(), [](const auto& entry) { return entry.second->is_detached(); }) &&
         std::all_of(accounts_.begin(), accounts_.end(), [](const auto& entry) { return entry.second->is_at_rest(); }) &&
         residents_.is_quiet();
}

Task<void> Home::suspend_residents() { co_await residents_.suspend(); }

// Each batch is durable before what it holds is let go of: only then are the stanzas in it settled for their senders.
Task<void> Home::save_suspended() {
  std::vector<SuspendedSession> batch;
  std::vector<SessionId> of_batch;
  std::size_t bytes = 0;
  const std::vector<SessionId> all = session_ids();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (Session* session = find_session(all[i])) {
      batch.push_back(session->suspended());
      of_batch.push_back(all[i]);
      bytes += session->memory();
    }
    const bool is_full = batch.size() >= batch_sessions || bytes >= batch_bytes || i + 1 == all.size();
    if (!is_full || batch.empty()) {
      continue;
    }
    const Result<void> saved = co_await world_.stores.sessions.save(std::exchange(batch, {}));
    bytes = 0;
    for (const SessionId id : std::exchange(of_batch, {})) {
      Session* session = find_session(id);
      if (session == nullptr) {
        continue;
      }
      if (saved) {
        suspended_total.add();
        session->forget_unacknowledged();
      } else {  // as if its time were over: what it had goes to storage, or back
        log::warning("session-not-suspended", {{"jid", session->jid().str()}, {"cause", saved.error().what}});
        session->end(nullptr, "could not be suspended");
      }
    }
  }
}

Task<void> Home::leave_suspended() {
  std::vector<SessionStore::Handled> handled;
  for (const SessionId id : session_ids()) {
    const Session& session = *find_session(id);
    handled.push_back({session.account().jid(), std::string(session.jid().resource()), session.handled()});
    if (handled.size() >= 1000) {
      const Result<void> stored = co_await world_.stores.sessions.set_handled(std::exchange(handled, {}));
      if (!stored) {  // its client sends again what it need not
        log::warning("handled-counts-not-stored", {{"cause", stored.error().what}});
      }
    }
  }
  if (!handled.empty()) {
    const Result<void> stored = co_await world_.stores.sessions.set_handled(std::move(handled));
    if (!stored) {
      log::warning("handled-counts-not-stored", {{"cause", stored.error().what}});
    }
  }
  for (const SessionId id : session_ids()) {
    Session* session = find_session(id);
    session->account().leave(*session);
  }
}

void Account::leave(Session& session) {
  const auto found = std::find_if(sessions_.begin(), sessions_.end(), [&](const auto& s) { return s.get() == &session; });
  ensure(found != sessions_.end(), "a session leaves once");
  std::unique_ptr<Session> owned = std::move(*found);
  sessions_.erase(found);
  home_.remove_session(session);
  home_.bury(std::move(owned));
  idle_since_ = home_.now();
}

// ---- the server is back

Task<bool> Home::restore(SuspendedSession session) {
  const VirtualHost* host = world_.find_host(session.owner.domain());
  const BareJid owner = session.owner;
  const Result<AccountRecord> record = co_await world_.stores.accounts.find(owner);
  if (host == nullptr || (!record && record.error().kind == ErrorKind::not_found)) {
    log::warning("suspended-session-dropped", {{"account", owner.str()}});
    co_return false;
  }
  if (Account* account = record ? this->account(owner, *host) : nullptr) {
    SuspendedSession now = session;
    if (!record->is_enabled || record->credentials_changed > session.suspended) {
      now.id.clear();  // security S13
    }
    const Completion<bool> done;
    account->restore({std::move(now), done});
    const bool is_restored = co_await done;
    if (is_restored) {
      co_return true;
    }
  }
  std::vector<SuspendedSession> back;  // its account cannot be had now: the next start may
  back.push_back(std::move(session));
  const Result<void> saved = co_await world_.stores.sessions.save(std::move(back));
  log::warning("session-not-restored", {{"account", owner.str()}, {"is_kept", saved ? "yes" : "no"}});
  co_return false;
}

void Account::restore(Restoration restoration) {
  if (state_ == State::loading || inbox_ != nullptr || is_busy_) {
    if (inbox_ == nullptr) {
      inbox_ = std::make_unique<std::deque<InboxItem>>();
    }
    inbox_->push_back({.restoration = std::move(restoration)});
    return;
  }
  restore_now(std::move(restoration));
}

void Account::restore_now(Restoration restoration) {
  if (state_ != State::ready || find_session(restoration.session.resource) != nullptr) {
    restoration.done.complete(false);
    return;
  }
  const SuspendedSession& record = restoration.session;
  auto principal = std::make_shared<Principal>(Principal{.identity = jid_, .mechanism = record.mechanism});
  sessions_.push_back(std::make_unique<Session>(*this, home_.next_session_id(), jid_.with_resource(record.resource),
                                                std::move(principal), nullptr, xml::Scope{std::string(ns::client), {}},
                                                record.lang));
  Session& session = *sessions_.back();
  home_.add_session(session);
  for (const auto& observer : host_.observers.bound) {
    observer(session);
  }
  session.restore(record);
  restored_total.add();
  log::info("session-restored", {{"jid", session.jid().str()}});
  if (record.id.empty()) {
    session.end(nullptr, "not to be resumed");
  }
  restoration.done.complete(true);
}

void Session::restore(const SuspendedSession& record) {
  is_interested = record.is_interested;
  wants_block_pushes = record.wants_block_pushes;
  wants_carbons = record.wants_carbons;
  if (!record.presence.empty()) {
    if (StanzaPtr presence = stored_stanza(record.presence, jid_)) {
      set_presence(std::move(presence), record.priority);
    }
  }
  if (!record.directed.empty()) {
    rare().directed.insert(record.directed.begin(), record.directed.end());
  }
  const std::chrono::seconds max(record.max);
  start_managing(max, record.id);
  managed_->handled = stream::HandledCount(record.handled);
  managed_->told = managed_->asked_at = record.handled;
  managed_->sent = stream::SentCount(record.acknowledged, record.acknowledged);
  for (const SuspendedSession::Stanza& stored : record.unacknowledged) {
    StanzaPtr stanza = stored_stanza(stored.xml, jid_);
    if (stanza == nullptr) {  // the count needs one in its place
      stanza = presence_from(jid_, "unavailable")->with_to(jid_);
    }
    managed_->sent.send();
    managed_->queue.push(Envelope{.stanza = std::move(stanza), .archive_id = stored.archive_id, .is_kept = stored.is_kept, .is_copy = stored.is_copy, .round = 1});
  }
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(record.until - account_.home().world().clock.wall());
  wait_for_client(std::clamp(left, std::chrono::milliseconds(0), std::chrono::milliseconds(max)));
}

}  // namespace aldis
