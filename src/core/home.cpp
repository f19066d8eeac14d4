// A shard's accounts and sessions.
#include "core/home.h"

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "base/metrics.h"
#include "core/virtual_host.h"

namespace aldis {
namespace {
metrics::Counter loads_refused{"aldis_account_loads_refused_total", "Stanzas refused because too many accounts were being loaded."};
metrics::Counter held_for_memory{"aldis_memory_pauses_total", "Times a flooding session was not read because memory was short."};
metrics::Counter given_up_for_memory{"aldis_memory_sessions_ended_total", "Sessions ended because their queues took memory that was short."};
constexpr std::size_t least_queue_given_up = 64 * 1024;   // whoever reads at all holds less
constexpr std::chrono::milliseconds sweep_interval{10'000};
constexpr auto memory_help = "Memory held, by subsystem; the process as a whole when last looked at.";
metrics::Gauge session_memory{"aldis_memory_bytes", memory_help, {{"subsystem", "sessions"}}};
metrics::Gauge account_memory{"aldis_memory_bytes", memory_help, {{"subsystem", "accounts"}}};
metrics::Gauge resident_memory{"aldis_memory_bytes", memory_help, {{"subsystem", "residents"}}};
metrics::Gauge write_queue_memory{"aldis_memory_bytes", memory_help, {{"subsystem", "write_queues"}}};
metrics::Gauge mailbox_memory{"aldis_memory_bytes", memory_help, {{"subsystem", "mailboxes"}}};
}  // namespace

Home::Home(World& world, Shard& shard, std::uint8_t index)
    : world_(world),
      shard_(shard),
      settlements_(std::make_shared<Settlements>(shard, [this](SessionId id, std::uint64_t number) { settled(id, number); },
                                                 [this] { all_settled(); })),
      archive_ids_(index),
      index_(index) {}

Home::~Home() {
  settlements_->close();
  if (sweeper_ != TimerId::none) {
    shard_.cancel(sweeper_);
  }
  for (const Periodic& each : periodic_) {
    if (each.timer != TimerId::none) {
      shard_.cancel(each.timer);
    }
  }
}

void Home::start_periodic_work() {
  ensure(periodic_.empty(), "periodic work is started once");
  for (const auto& [domain, host] : world_.hosts) {
    for (const PeriodicWork& each : host->periodic) {
      periodic_.push_back({&each});
    }
  }
  for (std::size_t i = 0; i < periodic_.size(); ++i) {
    arm(i, std::chrono::milliseconds(1000));
  }
}

void Home::stop_periodic_work() {
  begins_periodic_work_ = false;
  for (Periodic& each : periodic_) {
    if (each.timer != TimerId::none) {
      shard_.cancel(std::exchange(each.timer, TimerId::none));
    }
  }
}

void Home::arm(std::size_t index, std::chrono::milliseconds delay) {
  if (!begins_periodic_work_) {
    return;
  }
  periodic_[index].timer = shard_.after(delay, [this, index] {
    periodic_[index].timer = TimerId::none;
    periodic_[index].is_running = true;
    spawn(work(index));
  });
}

Task<void> Home::work(std::size_t index) {
  const std::chrono::milliseconds delay = co_await (*periodic_[index].work)(*this);
  periodic_[index].is_running = false;
  arm(index, delay);
}

Account* Home::find_account(const Jid& bare) const {
  const auto found = accounts_.find(bare.bare_str());
  return found == accounts_.end() ? nullptr : found->second.get();
}

Session* Home::find_session(SessionId id) const {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : found->second;
}

Account* Home::account(const Jid& bare, const VirtualHost& host) {
  if (Account* existing = find_account(bare)) {
    if (existing->state_ == Account::State::failed && existing->is_idle()) {
      existing->start_loading();  // the store may be back
    }
    return existing;
  }
  if (loading_ >= world_.config()->loading_accounts) {  // security E06: invented names cost no memory without bound
    loads_refused.add();
    return nullptr;
  }
  auto made = std::make_unique<Account>(*this, host, bare.bare());
  Account* account = made.get();
  accounts_.emplace(std::string(bare.bare_str()), std::move(made));
  start_sweeping();
  shard_.post([this, key = std::string(bare.bare_str())] {  // after what made it has been put into its inbox
    const auto found = accounts_.find(key);
    if (found != accounts_.end() && found->second->state_ == Account::State::loading) {
      found->second->start_loading();
    }
  });
  return account;
}

void Home::deliver(Envelope envelope) {
  const Jid& to = *envelope.stanza->to();
  const VirtualHost* host = world_.find_host(to.domain());
  ensure(host != nullptr, "the router sends only what is for a domain served here");
  if (host->residents) {
    residents_.deliver(std::move(envelope), *host);
    return;
  }
  Account* account = this->account(to, *host);
  if (account == nullptr) {
    router().bounce(*this, envelope, StanzaError(StanzaCondition::resource_constraint));
    return;
  }
  account->deliver(std::move(envelope));
}

void Home::deliver_shared(const Envelope& envelope, std::span<const SessionId> sessions) {
  for (const SessionId id : sessions) {
    if (Session* session = find_session(id)) {
      session->account().deliver_shared(*session, envelope);
      continue;
    }
    Home& home = world_.home_of(envelope.stanza->from()->bare_str());
    home.shard().post([&home, id, from = std::string(envelope.stanza->from()->bare_str())] { home.residents_.on_gone(from, id); });
  }
}

void Home::deliver_each(const Envelope& envelope, std::span<const Jid> recipients) {
  const bool is_for_those_here = envelope.stanza->type() == StanzaType::headline;
  for (const Jid& to : recipients) {
    if (is_for_those_here && find_account(to) == nullptr) {
      continue;
    }
    Envelope own = envelope.with(envelope.stanza->with_to(to));
    own.is_shared = false;
    deliver(std::move(own));
  }
}

void Home::bind(BindRequest request) {
  const VirtualHost* host = world_.find_host(request.principal->identity.domain());
  ensure(host != nullptr, "only accounts of domains served here authenticate");
  Account* account = this->account(request.principal->identity, *host);
  if (account == nullptr) {
    request.answer(fail(StanzaError(StanzaCondition::resource_constraint)), *request.connection);
    request.give_back(std::move(request.connection));
    return;
  }
  account->bind(std::move(request));
}

void Home::reply(const Envelope& request, StanzaPtr answer) {
  if (answer == nullptr) {
    return;
  }
  if (Session* session = find_session(request.origin)) {
    session->send_own(answer);
    return;
  }
  if (!answer->from()) {
    return;  // of the own account, to a session that has ended: there is nobody to tell
  }
  router().route(*this, Envelope{std::move(answer), nullptr, SessionId::none, request.trace, request.acceptance});
}

void Home::end_all(const StreamError& error, std::string_view reason) {
  for (const SessionId id : session_ids()) {
    if (Session* session = find_session(id)) {
      session->end(&error, reason);
    }
  }
}

std::vector<SessionId> Home::session_ids() const {
  std::vector<SessionId> ids;
  ids.reserve(sessions_.size());
  for (const auto& [id, session] : sessions_) {
    ids.push_back(id);
  }
  return ids;
}

bool Home::is_quiet() const {
  return sessions_.empty() && std::ranges::none_of(periodic_, &Periodic::is_running) && residents_.is_quiet() &&
         std::all_of(accounts_.begin(), accounts_.end(), [](const auto& entry) { return entry.second->is_idle(); });
}

SessionId Home::next_session_id() { return static_cast<SessionId>((++next_id_ << 8U) | index_); }
TraceId Home::next_trace() { return static_cast<TraceId>((++next_trace_ << 8U) | index_); }

void Home::add_session(Session& session) { sessions_.emplace(session.id(), &session); }
void Home::remove_session(Session& session) { sessions_.erase(session.id()); }

std::shared_ptr<const xml::Scope> Home::shared_scope(xml::Scope scope) {
  if (usual_scope_ != nullptr && usual_scope_->default_ns == scope.default_ns && usual_scope_->prefixes == scope.prefixes) {
    return usual_scope_;
  }
  auto shared = std::make_shared<const xml::Scope>(std::move(scope));
  usual_scope_ = shared;
  return shared;
}

void Home::look_after_flush(const Session& session) {
  if (to_look_at_.empty() || to_look_at_.back() != session.id()) {
    to_look_at_.push_back(session.id());
    shard_.run_next_turn(*this);
  }
}

void Home::settled(SessionId id, std::uint64_t number) {
  if (Session* session = find_session(id)) {
    session->settled(number);
    if (to_tell_.empty() || to_tell_.back() != id) {
      to_tell_.push_back(id);
    }
    return;
  }
  ended_streams_.settled(id, number);
}

// One <a/> for a session, whatever of it was settled together.
void Home::all_settled() {
  for (const SessionId id : std::exchange(to_tell_, {})) {
    if (Session* session = find_session(id)) {
      session->tell_settled();
    }
  }
}

void Home::on_next_turn() {
  for (const SessionId id : std::exchange(to_look_at_, {})) {
    if (Session* session = find_session(id)) {
      session->note_flushed();
      session->send_backlog();
    }
  }
}

void Home::start_sweeping() {
  if (sweeper_ == TimerId::none) {
    sweeper_ = shard_.after(sweep_interval, [this] { sweep(); });
  }
}

void Home::bury(std::unique_ptr<Session> session) {
  shard_.post([owned = std::move(session)] {});
}

void Home::account_idle(Account& account) {
  // Accounts stay a while for the next stanza. One that could not be loaded is tried again, and of those that do not exist
  // only so many are remembered (security E06).
  const auto is_kept = [this](const Account& each) {
    return each.state_ == Account::State::ready ||
           (each.state_ == Account::State::absent && absent_ <= world_.config()->absent_accounts);
  };
  if (account.is_idle() && !is_kept(account)) {
    shard_.post([this, is_kept, key = account.jid().str()] {
      const auto found = accounts_.find(key);
      if (found != accounts_.end() && found->second->is_idle() && !is_kept(*found->second)) {
        accounts_.erase(found);
      }
    });
  }
}

void Home::relieve_memory(MemoryStep step) {
  memory_step_ = step;
  if (step == MemoryStep::none) {
    return;
  }
  residents_.relieve_memory();
  std::erase_if(accounts_, [](const auto& entry) { return entry.second->is_idle(); });
  std::size_t most = 0;
  for (const auto& [id, session] : sessions_) {
    session->forget_flushed();
    most = std::max(most, session->memory());
    if (is_short_of_memory() && session->is_flooding()) {
      held_for_memory.add();
      session->pause_for(std::chrono::milliseconds(1500));  // until after the next look, which is a second away
    }
  }
  if (step == MemoryStep::queues_given_up) {
    const std::size_t too_much = std::max(most / 2, least_queue_given_up);
    for (const SessionId id : session_ids()) {
      if (Session* session = find_session(id); session != nullptr && session->memory() > too_much) {
        given_up_for_memory.add();
        session->give_up_queue();
      }
    }
  }
}

void Home::sweep() {
  const auto idle = world_.config()->account_idle;
  const Monotonic now = this->now();
  std::erase_if(accounts_, [&](const auto& entry) { return entry.second->is_idle() && now - entry.second->idle_since() >= idle; });
  residents_.sweep();
  std::int64_t of_sessions = 0;
  std::int64_t of_queues = 0;
  for (const auto& [id, session] : sessions_) {
    session->forget_flushed();
    const auto unsent = static_cast<std::int64_t>(session->unsent_bytes());
    of_queues += unsent;
    of_sessions += std::max<std::int64_t>(0, static_cast<std::int64_t>(session->memory()) - unsent);
  }
  std::int64_t of_accounts = 0;
  for (const auto& [key, account] : accounts_) {
    of_accounts += static_cast<std::int64_t>(account->memory());
  }
  session_memory.add(of_sessions - std::exchange(session_memory_, of_sessions));
  account_memory.add(of_accounts - std::exchange(account_memory_, of_accounts));
  write_queue_memory.add(of_queues - std::exchange(queue_memory_, of_queues));
  const auto of_mailbox = static_cast<std::int64_t>(shard_.mailbox_bytes());
  mailbox_memory.add(of_mailbox - std::exchange(mailbox_memory_, of_mailbox));
  const auto of_residents = static_cast<std::int64_t>(residents_.memory());
  resident_memory.add(of_residents - std::exchange(resident_memory_, of_residents));
  sweeper_ = accounts_.empty() && residents_.empty() ? TimerId::none : shard_.after(sweep_interval, [this] { sweep(); });
}

}  // namespace aldis
