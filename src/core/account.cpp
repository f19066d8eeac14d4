// An account's life in memory: loading, binding, sessions that end, block list, accounting.
#include "core/account.h"

#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"
#include "core/home.h"
#include "core/notices.h"
#include "core/virtual_host.h"

namespace aldis {
namespace {
metrics::Gauge accounts_gauge{"aldis_accounts_in_memory", "Accounts held in memory."};
metrics::Counter load_failures{"aldis_account_load_failures_total", "Accounts that could not be loaded."};
}  // namespace

StanzaPtr presence_from(const Jid& from, std::string_view type) {
  std::string xml;
  xml::Writer(xml).start("presence").attribute("from", from.str()).attribute("type", type).end();
  return Stanza::make(std::move(xml));
}

Account::Account(Home& home, const VirtualHost& host, BareJid jid)
    : home_(home), host_(host), jid_(std::move(jid)), idle_since_(home.now()) {
  accounts_gauge.add(1);
}

Account::~Account() {
  ensure(pins_ == 0, "an account outlives what waits on it");
  set_state(State::failed);
  accounts_gauge.add(-1);
}

Session* Account::find_session(std::string_view resource) const {
  for (const auto& session : sessions_) {
    if (session->jid().resource() == resource) {
      return session.get();
    }
  }
  return nullptr;
}

bool Account::has_available_session() const {
  return std::any_of(sessions_.begin(), sessions_.end(), [](const auto& session) { return session->is_available(); });
}

void Account::unpin() {
  --pins_;
  if (pins_ == 0) {
    home_.account_idle(*this);
  }
}

bool Account::is_idle() const { return sessions_.empty() && is_at_rest(); }

bool Account::is_at_rest() const {
  return pins_ == 0 && inbox_ == nullptr && changes_.is_idle() && state_ != State::loading;
}

// ---- loading

void Account::set_state(State state) {
  home_.absent_ -= state_ == State::absent ? 1U : 0U;
  home_.absent_ += state == State::absent ? 1U : 0U;
  state_ = state;
}

void Account::start_loading() {
  set_state(State::loading);
  ++home_.loading_;
  spawn(load());
}

void Account::created() {
  if (state_ == State::absent) {
    start_loading();
  }
}

// Whoever asks about somebody who does not exist waits for the same read as about somebody who does (security L01).
Task<void> Account::load() {
  const Pin self(*this);
  Result<AccountImage> image = co_await home_.world().stores.images.load(jid_);
  if (!image) {  // fail closed: without the block list somebody is let through, without preferences a message kept, who must not be
    load_failures.add();
    log::warning("account-load-failed", {{"account", jid_.str()}, {"cause", image.error().what}});
    set_state(State::failed);
  } else if (!image->account) {
    set_state(State::absent);
  } else {
    learn_credentials(image->account->credentials_changed, image->account->is_enabled);
    roster_ = Roster(std::move(image->roster), home_.contacts_of(jid_));
    blocked_.clear();
    for (const Jid& jid : image->blocked) {
      blocked_.add(jid);
    }
    set_archive_preferences(std::move(image->archive_preferences));
    has_waiting_messages = image->has_waiting_messages;
    set_state(State::ready);
  }
  --home_.loading_;
  drain_inbox();
}

void Account::drain_inbox() {
  while (inbox_ != nullptr && !is_busy_) {
    InboxItem item = std::move(inbox_->front());
    inbox_->pop_front();
    if (inbox_->empty()) {
      inbox_.reset();
    }
    if (item.bind) {
      bind_now(std::move(*item.bind));
    } else if (item.resumption) {
      resume_now(std::move(*item.resumption));
    } else if (item.restoration) {
      restore_now(std::move(*item.restoration));
    } else {
      deliver_now(std::move(*item.envelope));
    }
  }
}

// ---- binding (RFC 6120 section 7)

void Account::bind(BindRequest request) {
  if (request.principal->is_anonymous && (state_ == State::loading || state_ == State::absent)) {
    is_ephemeral_ = true;  // RFC 4505: nobody's account; it lives as long as its session
  }
  if (state_ == State::loading || inbox_ != nullptr || is_busy_) {
    if (inbox_ == nullptr) {
      inbox_ = std::make_unique<std::deque<InboxItem>>();
    }
    inbox_->push_back({std::nullopt, std::move(request)});
    return;
  }
  bind_now(std::move(request));
}

void Account::bind_now(BindRequest request) {
  if (request.inline_bind && !request.inline_bind->metadata && state_ == State::ready) {
    describe_and_bind(std::move(request));
    return;
  }
  const auto config = home_.world().config();
  const auto refuse = [&](StanzaError error) {
    request.answer(fail(std::move(error)), *request.connection);
    request.give_back(std::move(request.connection));
  };
  if (state_ == State::absent && is_ephemeral_) {
    set_state(State::ready);
  }
  if (state_ != State::ready) {  // removed, or the store is away, between authentication and now
    refuse(StanzaError(state_ == State::absent ? StanzaCondition::not_allowed : StanzaCondition::resource_constraint));
    return;
  }
  if (!trusts(*request.principal)) {
    refuse(StanzaError(StanzaCondition::not_authorized));
    return;
  }
  if (request.inline_bind) {
    end_earlier_sessions(*request.principal);
    request.resource = inline_resource(request);
  }
  std::string resource = request.resource.value_or(random_token(home_.world().random, 64));
  if (Session* existing = find_session(resource)) {
    switch (config->resource_conflict) {
      case ResourceConflict::refuse: refuse(StanzaError(StanzaCondition::conflict)); return;
      case ResourceConflict::rename: resource += '-' + random_token(home_.world().random, 40); break;
      case ResourceConflict::replace: {
        const StreamError conflict{.condition = StreamCondition::conflict};
        existing->end(&conflict, "replaced by a new session");
        break;
      }
    }
  }
  if (Session* oldest = sessions_.size() >= config->sessions_per_account ? oldest_detached() : nullptr) {
    oldest->end(nullptr, "makes room for a new session");
  }
  if (sessions_.size() >= config->sessions_per_account) {
    refuse(StanzaError(StanzaCondition::resource_constraint)  // RFC 6120 section 7.7.2.1; XEP-0205 section 4
               .with_application("<resource-limit-exceeded xmlns='urn:xmpp:errors'/>"));
    return;
  }
  const FullJid address = jid_.with_resource(resource);
  net::Connection& connection = *request.connection;
  sessions_.push_back(std::make_unique<Session>(*this, home_.next_session_id(), address, request.principal,
                                                std::move(request.connection), std::move(request.scope),
                                                std::move(request.lang)));
  Session& session = *sessions_.back();
  home_.add_session(session);
  if (!request.inline_bind) {
    request.answer(address, connection);
  }
  log::info("session-bound", {{"jid", session.jid().str()},
                              {"mechanism", session.principal()->mechanism},
                              {"peer", session.peer_address()}});
  if (request.inline_bind) {
    if (session.is_for_password()) {
      request.inline_bind->requests.clear();
      request.inline_bind->metadata.reset();
    }
    answer_inline(session, *request.inline_bind);
  }
  if (!session.principal()->notice.empty()) {
    session.send_own(make_headline(home_, BareJid::parse(jid_.domain()).value(), session, "Your password", session.principal()->notice));
  }
  if (session.is_for_password()) {   // features have nothing to do with it
    session.start();
    return;
  }
  for (const auto& observer : host_.observers.bound) {
    observer(session);
  }
  session.start();
}

// ---- the end of sessions

void Account::on_session_ended(Session& session, std::vector<Envelope> undelivered_messages, std::string_view reason) {
  log::info("session-ended", {{"jid", session.jid().str()}, {"reason", reason}});
  // The unavailable presence the client did not send itself (RFC 6121 section 4.5.2).
  go_unavailable(session, presence_from(session.jid(), "unavailable"));
  for (const auto& observer : host_.observers.ended) {
    observer(session);
  }
  const auto found = std::find_if(sessions_.begin(), sessions_.end(), [&](const auto& s) { return s.get() == &session; });
  ensure(found != sessions_.end(), "a session ends once");
  std::unique_ptr<Session> owned = std::move(*found);
  sessions_.erase(found);
  home_.remove_session(session);
  home_.bury(std::move(owned));
  for (Envelope& envelope : undelivered_messages) {
    undelivered(std::move(envelope));
  }
  idle_since_ = home_.now();
  home_.account_idle(*this);
}

void Account::end_sessions(const StreamError& error, std::string_view reason, const Session* except) {
  std::vector<SessionId> ids;
  for (const auto& session : sessions_) {
    if (session.get() != except) {
      ids.push_back(session->id());
    }
  }
  for (const SessionId id : ids) {
    if (Session* session = home_.find_session(id)) {
      session->end(&error, reason);
    }
  }
}

void Account::removed() {
  const StreamError gone{.condition = StreamCondition::not_authorized, .text = "The account was removed."};
  end_sessions(gone, "account removed");
  roster_ = Roster();
  blocked_.clear();
  archive_preferences_.reset();
  set_state(State::absent);
  note_contact_changed(nullptr);
  home_.account_idle(*this);
}

// RFC 6121 has no rule for accounts that go; contacts learn it as they would from a user who unsubscribes.
void tell_contacts_of_removal(Home& home, const BareJid& owner, const std::vector<RosterItem>& items) {
  for (const RosterItem& item : items) {
    const auto tell = [&](std::string_view type) {
      home.router().route(home, Envelope{presence_from(owner, type)->with_to(item.jid), nullptr, SessionId::none, home.next_trace()});
    };
    if (item.subscription == Subscription::to || item.subscription == Subscription::both || item.ask) {
      tell("unsubscribe");
    }
    if (item.subscription == Subscription::from || item.subscription == Subscription::both) {
      tell("unsubscribed");
    }
  }
}

// ---- policy

policy::Decision Account::decide(policy::Action action, const Stanza& stanza, const Jid& other) const {
  return home_.world().policy.decide({.action = action, .stanza = stanza, .other = &other, .owner = this});
}

bool Account::may_see_presence(const Jid& other) const {
  if (other.bare_str() == jid_.str() || roster_.has_from(other)) {
    return true;
  }
  return std::any_of(sessions_.begin(), sessions_.end(),
                     [&](const auto& session) { return session->has_directed_to_bare(other.bare_str()); });
}

void Account::block(const std::vector<Jid>& jids) {
  const auto contacts_that_see = [&] {
    std::vector<Jid> seeing;
    roster_.for_each([&](const RosterItem& item) {
      if (roster_.has_from(item.jid) && !blocked_.blocks(item.jid)) {
        seeing.push_back(item.jid);
      }
    });
    return seeing;
  };
  const std::vector<Jid> before = has_available_session() ? contacts_that_see() : std::vector<Jid>{};
  policy::BlockList after = blocked_;
  for (const Jid& jid : jids) {
    after.add(jid);
  }
  for (const Jid& contact : before) {
    if (after.blocks(contact)) {
      absent_to(contact);  // XEP-0191 section 3.3: a blocked contact sees the user as offline; sent while it still may be
    }
  }
  for (const auto& session : sessions_) {  // and so does one who was sent presence directly (security L03)
    for (const Jid& to : session->take_directed(after)) {
      route(presence_from(session->jid(), "unavailable")->with_to(to));
    }
  }
  blocked_ = std::move(after);
  note_contact_changed(nullptr);
}

void Account::unblock(const std::vector<Jid>& jids) {
  const policy::BlockList before = blocked_;
  if (jids.empty()) {
    blocked_.clear();
  }
  for (const Jid& jid : jids) {
    blocked_.remove(jid);
  }
  roster_.for_each([&](const RosterItem& item) {
    if (roster_.has_from(item.jid) && before.blocks(item.jid) && !blocked_.blocks(item.jid)) {
      present_to(item.jid);  // XEP-0191 section 3.4
    }
  });
  note_contact_changed(nullptr);
}

// ---- archive

const ArchivePreferences& Account::archive_preferences() const {
  static const ArchivePreferences none;
  return archive_preferences_ == nullptr ? none : *archive_preferences_;
}

void Account::set_archive_preferences(ArchivePreferences preferences) {
  const bool is_set = preferences.otherwise != ArchivePreferences::Default::unset || !preferences.always.empty() || !preferences.never.empty();
  archive_preferences_ = is_set ? std::make_unique<const ArchivePreferences>(std::move(preferences)) : nullptr;
}

// ---- sending of the account's own

void Account::route(StanzaPtr stanza) {
  home_.router().route(home_, Envelope{std::move(stanza), nullptr, SessionId::none, home_.next_trace()});
}

std::size_t Account::memory() const {
  std::size_t bytes = sizeof(Account) + jid_.str().capacity();
  bytes += roster_.size() * (sizeof(RosterItem) + 32);
  return bytes;
}

}  // namespace aldis
