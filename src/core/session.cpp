// Admission, sending, and the end of a session.
#include "core/session.h"

#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"
#include "core/account.h"
#include "core/home.h"
#include "core/managed_stream.h"
#include "core/surely_stanza.h"
#include "xmpp/namespaces.h"

namespace aldis {
namespace {

constexpr std::string_view steps_name = "aldis_stanzas_total";
constexpr std::string_view steps_help = "Stanzas that passed a step of their way through the server.";
metrics::Counter admitted{std::string(steps_name), std::string(steps_help), {{"step", "session_admit"}}};
metrics::Counter sent{std::string(steps_name), std::string(steps_help), {{"step", "session_send"}}};
metrics::Counter held_back_by_rate{"aldis_rate_pauses_total", "Times a session was read more slowly because of its rate."};
metrics::Gauge sessions_gauge{"aldis_sessions", "Bound sessions."};
metrics::Gauge readable_gauge{"aldis_sessions_not_confidential",
                              "Sessions whose stream is not encrypted: without TLS, or with an integrity-only suite."};
metrics::Counter answers_for_silent{"aldis_requests_answered_for_client_total",
                                    "Requests the server answered in place of a client that did not."};
constexpr std::size_t largest_quiet_queue = 64 * 1024;   // whoever reads at all has less unsent

}  // namespace

Session::Session(Account& account, SessionId id, FullJid jid, PrincipalPtr principal,
                 std::unique_ptr<net::Connection> connection, xml::Scope scope, std::string lang)
    : account_(account),
      connection_(std::move(connection)),
      jid_(std::move(jid)),
      principal_(std::move(principal)),
      scope_(account.home().shared_scope(std::move(scope))),
      lang_(std::move(lang)),
      id_(id) {
  sessions_gauge.add(1);
  note_confidentiality();
}

Session::~Session() {
  sessions_gauge.add(-1);
  if (is_readable_) {
    readable_gauge.add(-1);
  }
  if (rare_ != nullptr) {
    for (const TimerId timer : {rare_->pending_timer, rare_->asked_timer}) {
      if (timer != TimerId::none) {
        account_.home().shard().cancel(timer);
      }
    }
  }
  stop_waiting();
}

void Session::note_confidentiality() {
  const bool is_readable = connection_ != nullptr && !principal_->is_confidential;
  readable_gauge.add((is_readable ? 1 : 0) - (is_readable_ ? 1 : 0));
  is_readable_ = is_readable;
}

void Session::start() { connection_->attach(account_.home().shard(), *this); }

std::string Session::peer_address() const { return connection_ != nullptr ? connection_->peer().ip_str() : std::string(); }

std::optional<tls::TlsInfo> Session::tls_info() const {
  const tls::TlsEngine* engine = connection_ != nullptr ? connection_->tls() : nullptr;
  return engine != nullptr ? std::optional(engine->info()) : std::nullopt;
}

Session::Rare& Session::rare() {
  if (rare_ == nullptr) {
    rare_ = std::make_unique<Rare>();
  }
  return *rare_;
}

void Session::set_presence(StanzaPtr presence, int priority) {
  presence_ = std::move(presence);
  priority_ = static_cast<std::int8_t>(priority);
}

// ---- directed presence

bool Session::has_directed(const Jid& to) const { return rare_ != nullptr && rare_->directed.contains(to); }

bool Session::has_directed_to_bare(std::string_view bare) const {
  return rare_ != nullptr && std::any_of(rare_->directed.begin(), rare_->directed.end(),
                                         [&](const Jid& jid) { return jid.bare_str() == bare; });
}

bool Session::add_directed(const Jid& to) {
  auto& directed = rare().directed;
  if (!directed.contains(to) && directed.size() >= account_.home().world().config()->directed_presence) {
    return false;
  }
  directed.insert(to);
  return true;
}

void Session::remove_directed(const Jid& to) {
  if (rare_ != nullptr) {
    rare_->directed.erase(to);
  }
}

std::vector<Jid> Session::take_directed() {
  if (rare_ == nullptr) {
    return {};
  }
  std::vector<Jid> all(rare_->directed.begin(), rare_->directed.end());
  rare_->directed.clear();
  return all;
}

std::vector<Jid> Session::take_directed(const policy::BlockList& blocked) {
  std::vector<Jid> taken;
  if (rare_ != nullptr) {
    std::erase_if(rare_->directed, [&](const Jid& jid) {
      const bool is_blocked = blocked.blocks(jid);
      if (is_blocked) {
        taken.push_back(jid);
      }
      return is_blocked;
    });
  }
  return taken;
}

// ---- step 2

bool Session::on_frame(net::Connection& connection, xml::Framer::Frame frame) {
  if (frame.kind == xml::Framer::FrameKind::stream_close) {
    end(nullptr, "stream closed by the client");
    return false;
  }
  if (frame.kind == xml::Framer::FrameKind::stream_open) {
    const StreamError error{.condition = StreamCondition::bad_format};
    end(&error, "a second stream header");
    return false;
  }
  connection.give_ticket();          // to who is in and stays; strangers, and a storm of logins, cost none
  hold_to_rate(frame.bytes.size());  // what is refused counts too (security E05)
  if (!is_surely_stanza(frame.bytes) && take_nonza(frame.bytes)) {
    return !is_ending_ && pauses_ == 0;
  }
  Result<StanzaPtr, Stanza::Refusal> stanza = Stanza::parse(std::string(frame.bytes), *scope_, connection_limits());
  if (!stanza) {
    Stanza::Refusal& refusal = stanza.error();
    if (refusal.stanza_error && refusal.offender != nullptr) {
      if (managed_ != nullptr) {  // its sender has counted it
        static_cast<void>(managed_->handled.settle(managed_->handled.receive()));
      }
      if (StanzaPtr answer = make_error(*refusal.offender->with_from(jid_), *refusal.stanza_error)) {
        send_own(answer);
      }
      return !is_ending_ && pauses_ == 0;
    }
    end(&refusal.stream, "not a stanza we can admit");
    return false;
  }
  admit(std::move(*stanza));
  return !is_ending_ && pauses_ == 0;
}

xml::Limits Session::connection_limits() const { return account_.home().world().stanza_limits; }

void Session::hold_to_rate(std::size_t bytes) {
  Home& home = account_.home();
  const std::size_t cost = std::max(bytes, least_stanza_cost);
  const bool has_own = allowance_.take(cost);
  const bool has_accounts = account_.allowance().take(cost);
  const bool has_homes = home.allowance().take(cost);
  if (has_own && has_accounts && has_homes) [[likely]] {
    return;
  }
  const auto config = home.world().config();
  const auto wait = time_to_wait(*config, session_rate(*config, home.is_short_of_memory()), allowance_,
                                 account_.allowance(), home.allowance(), home.now());
  if (wait.count() > 0) {
    held_back_by_rate.add();
    pause_for(wait);
  }
}

bool Session::is_flooding() {
  const Rate rate = session_rate(*account_.home().world().config(), account_.home().is_short_of_memory());
  static_cast<void>(allowance_.settle(rate, account_.home().now()));
  return !allowance_.is_quiet(rate) || unsent_bytes() > largest_quiet_queue;
}

void Session::give_up_queue() {
  if (managed_ != nullptr) {
    managed_->is_overflowing = true;  // what it has not acknowledged is what takes the room
  }
  log::info("audit-session-given-up", {{"jid", jid_.str()}, {"bytes", memory()}, {"reason", "memory is short"}});
  if (connection_ != nullptr) {
    connection_->abort();
  } else {
    end(nullptr, "memory is short");
  }
}

void Session::pause_for(std::chrono::milliseconds wait) {
  pause();
  account_.home().shard().after(wait, [&home = account_.home(), id = id_] {
    if (Session* session = home.find_session(id)) {
      session->resume();
    }
  });
}

void Session::admit(StanzaPtr stanza) {
  admitted.add();
  if (const auto& from = stanza->from(); from && *from != jid_ && *from != jid_.bare()) {
    const StreamError error{.condition = StreamCondition::invalid_from};  // RFC 6120 section 8.1.2.1
    end(&error, "stanza with another's from");
    return;
  }
  stanza = stanza->with_from(jid_);
  if (!lang_.empty() && stanza->lang().empty()) {
    stanza = stanza->with_lang(lang_);  // RFC 6120 section 8.1.5
  }
  if (is_for_password() && refuse_but_password(*stanza)) [[unlikely]] {
    return;
  }
  Envelope envelope{std::move(stanza), principal_, id_, account_.home().next_trace()};
  if (managed_ != nullptr) {
    envelope.acceptance = Acceptance::make(account_.home().settlements(), id_, managed_->handled.receive());
  }
  account_.send(*this, std::move(envelope));
}

void Session::on_framing_error(net::Connection&, xml::XmlError error) {
  const StreamError answer = to_stream_error(error);
  end(&answer, xml::to_string(error));
}

void Session::pause() {
  if (pauses_++ == 0 && connection_ != nullptr) {
    connection_->pause();
  }
}

void Session::resume() {
  ensure(pauses_ > 0, "each resume has its pause");
  if (--pauses_ == 0 && connection_ != nullptr && !is_ending_) {
    connection_->resume();
  }
}

// ---- step 6

void Session::send(const Granted& granted) {
  if (is_ending_) {
    account_.undelivered(addressed(granted.envelope()));
    return;
  }
  if (waits_behind_backlog(granted.envelope())) {
    return;
  }
  const Stanza& stanza = granted.stanza();
  if (holds_back_ && stanza.is_message()) {
    rare().held.push_back(granted.envelope());
    return;
  }
  send_now(granted);
}

void Session::send_now(const Granted& granted) {
  if (is_ending_) {
    account_.undelivered(addressed(granted.envelope()));
    return;
  }
  const Stanza& stanza = granted.stanza();
  if (stanza.is_request()) {
    const auto config = account_.home().world().config();
    if (rare().pending.size() >= config->pending_requests) {
      account_.home().router().bounce(account_.home(), granted.envelope(), StanzaError(StanzaCondition::resource_constraint));
      return;
    }
    rare_->pending.push_back({*stanza.from(), std::string(stanza.id()),
                              account_.home().now() + config->request_timeout, granted.envelope().stanza});
    expire_pending();
  }
  sent.add();
  if (!is_inactive_ || !waits_for_activity(granted.envelope())) [[likely]] {
    write(granted.envelope());
  }
}

void Session::write(const Envelope& envelope) {
  if (managed_ != nullptr) {
    send_managed(envelope);
    return;
  }
  envelope.stanza->write(connection_->out(), envelope.is_shared ? &jid_ : nullptr);
  if (envelope.stanza->is_message() || envelope.acceptance) {
    remember_unflushed(envelope);
  }
}

// ---- client state (XEP-0352)

void Session::set_inactive(bool is_inactive) {
  is_inactive_ = is_inactive;
  if (!is_inactive) {  // section 5: all of it before whatever is answered next
    send_waiting();
  }
}

bool Session::waits_for_activity(const Envelope& envelope) {
  const auto config = account_.home().world().config();
  const bool is_awaited = envelope.acceptance && !is_settled_when_handed_over(envelope);  // its sender waits until it arrives
  Envelope waiting = envelope;
  waiting.acceptance.reset();
  if (!is_awaited && rare().waiting.hold(waiting, {config->held_back_stanzas, config->held_back_bytes.size()})) {
    return true;
  }
  send_waiting();
  return false;
}

void Session::send_waiting() {
  if (rare_ != nullptr && !rare_->waiting.empty()) {
    for (const Envelope& envelope : rare_->waiting.take()) {
      write(envelope);
    }
  }
}

void Session::remember_unflushed(const Envelope& envelope) {
  if (!unflushed_.empty() && connection_->sent_total() >= unflushed_.back().end) {
    note_flushed();
  }
  unflushed_.push_back({envelope, connection_->queued_total()});
  Envelope& waiting = unflushed_.back().envelope;
  if (waiting.acceptance && is_settled_when_handed_over(waiting)) {
    waiting.acceptance.reset();
  }
  if (waiting.acceptance || waiting.is_kept) {  // somebody waits to hear of it
    account_.home().look_after_flush(*this);
  }
}

void Session::send_own(const StanzaPtr& own) {
  if (is_ending_) {
    return;
  }
  StanzaPtr form;
  const StanzaPtr& stanza = own->names_geoloc() ? (form = account_.answer_form(own)) : own;
  if (stanza == nullptr) {
    return;
  }
  if (rare_ != nullptr && !rare_->backlog.empty() && waits_behind_backlog(Envelope{.stanza = stanza, .is_copy = true})) {
    return;
  }
  sent.add();
  if (is_inactive_ && waits_for_activity(Envelope{.stanza = stanza, .is_copy = true})) {
    return;
  }
  if (managed_ != nullptr) {
    send_managed(Envelope{.stanza = stanza, .is_copy = true});
    return;
  }
  stanza->write(connection_->out());
}

void Session::hold_back() { holds_back_ = true; }

void Session::release_held() {
  holds_back_ = false;
  if (rare_ == nullptr) {
    return;
  }
  std::deque<Envelope> held = std::exchange(rare_->held, {});
  for (const Envelope& envelope : held) {
    account_.deliver_again(*this, envelope);
  }
}

bool Session::take_pending(const Jid& to, std::string_view id) {
  if (rare_ == nullptr) {
    return false;
  }
  auto& pending = rare_->pending;
  const auto found = std::find_if(pending.begin(), pending.end(),
                                  [&](const PendingRequest& p) { return p.from == to && p.id == id; });
  if (found == pending.end()) {
    return false;
  }
  pending.erase(found);
  return true;
}

void Session::expire_pending() {
  Rare& rare = *rare_;
  const Monotonic now = account_.home().now();
  while (!rare.pending.empty() && rare.pending.front().deadline <= now) {
    const StanzaPtr request = rare.pending.front().request;
    rare.pending.erase(rare.pending.begin());
    answers_for_silent.add();
    account_.home().router().bounce(account_.home(), Envelope{request, nullptr, SessionId::none, TraceId::none},
                                    StanzaError(StanzaCondition::recipient_unavailable));
  }
  if (!rare.pending.empty() && rare.pending_timer == TimerId::none) {
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(rare.pending.front().deadline - now);
    rare.pending_timer = account_.home().shard().after(wait, [&home = account_.home(), id = id_] {
      if (Session* session = home.find_session(id)) {
        session->rare_->pending_timer = TimerId::none;
        session->expire_pending();
      }
    });
  }
}

bool Session::keeps_up(std::size_t ahead) const {
  const bool has_room = managed_ == nullptr || (managed_->queue.bytes() * 2 <= managed_->most_bytes &&
                                                managed_->queue.size() * 2 <= managed_->most_stanzas);
  return has_room && unsent_bytes() <= ahead;
}

std::size_t Session::unsent_bytes() const { return connection_ != nullptr ? connection_->unsent_bytes() : 0; }

void Session::on_drained(net::Connection&) {
  forget_flushed();
  send_backlog();
}

void Session::forget_flushed() {
  note_flushed();
  if (unflushed_.empty()) {
    std::vector<Unflushed>().swap(unflushed_);
  }
}

void Session::note_flushed() {
  if (connection_ == nullptr || unflushed_.empty()) {
    return;
  }
  const std::uint64_t sent_total = connection_->sent_total();
  const auto first_unsent = std::find_if(unflushed_.begin(), unflushed_.end(),
                                         [&](const Unflushed& entry) { return entry.end > sent_total; });
  std::vector<Envelope> delivered;
  for (auto entry = unflushed_.begin(); entry != first_unsent; ++entry) {
    if (entry->envelope.is_kept) {
      delivered.push_back(std::move(entry->envelope));
    }
  }
  unflushed_.erase(unflushed_.begin(), first_unsent);
  for (const Envelope& envelope : delivered) {
    account_.note_delivered(*this, envelope);
  }
}

// ---- the end

void Session::end(const StreamError* error, std::string_view reason) {
  if (is_ending_) {
    return;
  }
  is_ending_ = true;
  if (connection_ != nullptr) {
    std::string last;
    write_last_ack(last);
    if (error != nullptr) {
      error->write(last);
    }
    last += "</stream:stream>";
    // What is queued is still written. A peer that does not read gets no more than the linger time: what waits for it is not
    // delivered.
    note_flushed();
    if (!connection_->is_blocked()) {
      unflushed_.clear();
    }
    net::Connection::close_and_release(std::move(connection_), last);
  }
  finish(reason);
}

void Session::on_closed(net::Connection&, net::CloseReason reason, std::string_view detail) {
  if (is_ending_) {
    return;
  }
  if (can_detach()) {
    log::debug("session-detached", {{"jid", jid_.str()}, {"reason", to_string(reason)}, {"detail", detail}});
    detach(to_string(reason));
    return;
  }
  is_ending_ = true;
  log::debug("session-closed", {{"jid", jid_.str()}, {"reason", to_string(reason)}, {"detail", detail}});
  finish(to_string(reason));
}

void Session::finish(std::string_view reason) {
  note_flushed();
  std::vector<Envelope> undelivered;
  for (Unflushed& entry : std::exchange(unflushed_, {})) {
    if (entry.envelope.stanza->is_message()) {   // else it was for this session alone; requests are answered below
      undelivered.push_back(addressed(entry.envelope));
    }
  }
  for (Envelope& envelope : take_unacknowledged()) {
    undelivered.push_back(std::move(envelope));
  }
  if (rare_ != nullptr) {
    for (Envelope& envelope : rare_->waiting.take()) {
      if (envelope.stanza->is_message()) {
        undelivered.push_back(addressed(envelope));
      }
    }
    for (const Envelope& envelope : std::exchange(rare_->held, {})) {
      undelivered.push_back(addressed(envelope));
    }
    for (const Envelope& envelope : std::exchange(rare_->backlog, {})) {
      if (envelope.stanza->is_message()) {
        undelivered.push_back(addressed(envelope));
      } else if (envelope.stanza->is_request()) {
        account_.home().router().bounce(account_.home(), envelope, StanzaError(StanzaCondition::service_unavailable));
      }
    }
    for (const PendingRequest& request : std::exchange(rare_->pending, {})) {  // exactly one answer, always
      answers_for_silent.add();
      account_.home().router().bounce(account_.home(), Envelope{request.request, nullptr, SessionId::none, TraceId::none},
                                      StanzaError(StanzaCondition::service_unavailable));
    }
  }
  account_.on_session_ended(*this, std::move(undelivered), reason);
}

std::size_t Session::memory() const {
  std::size_t bytes = sizeof(Session) + jid_.str().capacity() + unflushed_.capacity() * sizeof(Unflushed);
  if (connection_ != nullptr) {
    bytes += connection_->memory();
  }
  if (presence_ != nullptr) {
    bytes += presence_->size() * 2;
  }
  if (rare_ != nullptr) {
    bytes += sizeof(Rare) + rare_->waiting.bytes() + rare_->backlog.size() * sizeof(Envelope);
  }
  if (managed_ != nullptr) {
    bytes += sizeof(ManagedStream) + managed_->queue.memory();
  }
  return bytes;
}

}  // namespace aldis
