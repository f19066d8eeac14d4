// Stream management of a session: XEP-0198 (1.6.3). What an <a/> of ours counts is in docs/durability.md.
#include "base/log.h"
#include "base/metrics.h"
#include "core/account.h"
#include "core/home.h"
#include "core/managed_stream.h"
#include "core/session.h"
#include "core/virtual_host.h"

namespace aldis {
namespace {
metrics::Gauge detached_gauge{"aldis_sessions_detached", "Sessions that wait for their client to resume them."};
metrics::Counter resumptions{"aldis_resumptions_total", "Streams resumed (XEP-0198)."};
metrics::Counter overflows{"aldis_unacknowledged_overflows_total", "Sessions ended because too much was unacknowledged."};

constexpr std::size_t id_bits = 160;
}  // namespace

// ---- what the client sends

bool Session::take_nonza(std::string_view bytes) {
  if (bytes == stream::ack_request) [[likely]] {  // as most clients write it
    carry_out(stream::AckRequest{});
    return true;
  }
  const auto document = xml::parse(std::string(bytes), *scope_, connection_limits());
  if (!document) {
    return false;
  }
  const xml::Element root = (*document)->root();
  if (const auto element = stream::read_management(root)) {
    carry_out(*element);
    return true;
  }
  for (const VirtualHost::Nonza& nonza : account_.host().nonzas) {
    if (root.is(nonza.name)) {
      nonza.handler(*this, root);
      return true;
    }
  }
  return false;
}

void Session::carry_out(const stream::ManagementElement& element) {
  const auto refuse = [&](StanzaCondition condition) { connection_->send(stream::management_failed(condition)); };
  if (const auto* enable = std::get_if<stream::EnableRequest>(&element)) {
    const bool is_second = managed_ != nullptr;
    connection_->send(enable_management(*enable));
    if (is_second) {  // section 3: one attempt
      const StreamError error{.condition = StreamCondition::policy_violation, .text = "Stream management is enabled once."};
      end(&error, "stream management enabled twice");
    }
  } else if (std::holds_alternative<stream::ResumeRequest>(element)) {
    refuse(StanzaCondition::unexpected_request);  // section 3: before a resource is bound
  } else if (std::holds_alternative<stream::MalformedRequest>(element)) {
    refuse(StanzaCondition::bad_request);
  } else if (managed_ == nullptr) {
    refuse(StanzaCondition::unexpected_request);
  } else if (const auto* ack = std::get_if<stream::Ack>(&element)) {
    acknowledged(ack->h);
  } else if (std::holds_alternative<stream::MalformedAck>(element)) {
    const StreamError error{.condition = StreamCondition::bad_format, .text = "An ack has its h."};
    end(&error, "an ack without its number");
  } else {  // <r/>: answered at once with what is settled; the rest follows by itself
    managed_->asked_at = managed_->told;
    account_.home().settlements()->hand_over();
    managed_->asked_at = managed_->handled.received();
    managed_->told = managed_->handled.handled();
    stream::write_ack(connection_->out(), managed_->handled.h());
  }
}

std::string Session::enable_management(const stream::EnableRequest& request) {
  if (managed_ != nullptr || connection_ == nullptr || is_for_password()) {
    return stream::management_failed(StanzaCondition::unexpected_request);
  }
  const auto config = account_.home().world().config();
  const std::chrono::seconds wanted(request.max.value_or(std::numeric_limits<std::uint32_t>::max()));
  const std::chrono::seconds max = std::min(wanted, config->resumption_time);
  stream::Enabled enabled;
  if (request.resume && max.count() > 0) {
    enabled.id = random_token(account_.home().world().random, id_bits);
    enabled.max = static_cast<std::uint32_t>(max.count());
    enabled.location = config->resumption_location;
  }
  start_managing(max, enabled.id);
  return stream::enabled(enabled);
}

void Session::start_managing(std::chrono::seconds max, std::string id) {
  const auto config = account_.home().world().config();
  managed_ = std::make_unique<ManagedStream>();
  managed_->request_every = config->ack_request_stanzas;
  managed_->request_after = config->ack_request_time;
  managed_->most_stanzas = config->unacknowledged_stanzas;
  managed_->most_bytes = config->unacknowledged_bytes.count;
  managed_->max = max;
  managed_->id = std::move(id);
}

// ---- what the client is told

void Session::settled(std::uint64_t number) {
  if (managed_ != nullptr) {
    static_cast<void>(managed_->handled.settle(number));
  }
}

void Session::tell_settled() {
  if (managed_ == nullptr || connection_ == nullptr) {
    return;
  }
  ManagedStream& managed = *managed_;
  if (managed.told < managed.asked_at && managed.told < managed.handled.handled()) {
    managed.told = managed.handled.handled();
    stream::write_ack(connection_->out(), managed.handled.h());
  }
}

// So that a client whose stream we end knows what it need not send again.
void Session::write_last_ack(std::string& out) {
  if (managed_ == nullptr) {
    return;
  }
  account_.home().settlements()->hand_over();
  if (managed_->told < managed_->handled.handled()) {
    managed_->told = managed_->handled.handled();
    stream::write_ack(out, managed_->handled.h());
  }
}

// ---- what the client gets

void Session::send_managed(Envelope envelope) {
  ManagedStream& managed = *managed_;
  if (envelope.acceptance && is_settled_when_handed_over(envelope)) {
    envelope.acceptance.reset();
  }
  if (connection_ != nullptr) {
    envelope.stanza->write(connection_->out(), envelope.is_shared ? &jid_ : nullptr);
  }
  managed.sent.send();
  if (connection_ == nullptr && envelope.stanza->is_message()) {
    account_.note_waiting(addressed(envelope));
  }
  managed.queue.push(std::move(envelope));
  if (connection_ != nullptr) {
    ask_for_ack();
  }
  const bool is_over = managed.queue.size() > managed.most_stanzas || managed.queue.bytes() > managed.most_bytes;
  if (is_over && !std::exchange(managed.is_overflowing, true)) {
    // Security E07. In its own turn: whoever sends now may be going through the account's sessions.
    overflows.add();
    account_.home().shard().post([&home = account_.home(), id = id_] {
      if (Session* session = home.find_session(id)) {
        const StreamError error{.condition = StreamCondition::resource_constraint, .text = "Too much was not acknowledged."};
        session->end(&error, "too much unacknowledged");
      }
    });
  }
}

void Session::ask_for_ack() {
  ManagedStream& managed = *managed_;
  if (++managed.since_request >= managed.request_every) {
    managed.since_request = 0;
    connection_->send(stream::ack_request);
  } else if (managed.request_timer == TimerId::none) {
    managed.request_timer = account_.home().shard().after(managed.request_after, [&home = account_.home(), id = id_] {
      Session* session = home.find_session(id);
      if (session == nullptr) {
        return;
      }
      ManagedStream& asking = *session->managed_;
      asking.request_timer = TimerId::none;
      if (session->connection_ != nullptr && std::exchange(asking.since_request, 0) > 0) {
        session->connection_->send(stream::ack_request);
      }
    });
  }
}

std::optional<StreamError> Session::check_acknowledgement(std::uint32_t h) const {
  if (managed_->sent.newly_acknowledged(h)) {
    return std::nullopt;
  }
  return stream::handled_count_too_high(h, static_cast<std::uint32_t>(managed_->sent.sent()));
}

void Session::acknowledged(std::uint32_t h) {
  if (const std::optional<StreamError> error = check_acknowledgement(h)) {
    end(&*error, "acknowledged more than it was sent");
    return;
  }
  std::vector<Envelope> delivered;
  for (std::uint64_t more = *managed_->sent.acknowledge(h); more != 0; --more) {
    Envelope envelope = managed_->queue.pop();
    if (envelope.is_kept) {
      delivered.push_back(std::move(envelope));
    }
  }
  for (const Envelope& envelope : delivered) {
    account_.note_delivered(*this, envelope);
  }
  send_backlog();
}

// ---- without a connection

bool Session::can_detach() const { return managed_ != nullptr && !managed_->id.empty() && !managed_->is_overflowing; }

std::uint32_t Session::handled() const { return managed_ != nullptr ? managed_->handled.h() : 0; }

bool Session::is_settled() const { return managed_ == nullptr || managed_->handled.is_settled(); }

Monotonic Session::detached_until() const { return managed_ != nullptr ? managed_->until : Monotonic{}; }

const std::string& Session::management_id() const {
  static const std::string none;
  return managed_ != nullptr ? managed_->id : none;
}

// What was sent before counting began and the kernel never took is sent again, counted.
void Session::queue_unflushed() {
  note_flushed();
  for (Unflushed& entry : std::exchange(unflushed_, {})) {
    managed_->sent.send();
    managed_->queue.push(std::move(entry.envelope));
  }
}

void Session::detach(std::string_view reason) {
  queue_unflushed();
  account_.home().shard().post([gone = std::move(connection_)] {});   // not under the feet of its own callback
  note_confidentiality();
  log::info("session-detached", {{"jid", jid_.str()}, {"reason", reason}});
  wait_for_client(managed_->max);
  managed_->queue.for_each([&](const Envelope& envelope) {
    if (envelope.stanza->is_message()) {
      account_.note_waiting(addressed(envelope));
    }
  });
  send_backlog();
  account_.on_session_detached(*this);
}

void Session::wait_for_client(std::chrono::milliseconds time) {
  detached_gauge.add(1);
  managed_->until = account_.home().now() + time;
  managed_->expiry = account_.home().shard().after(time, [&home = account_.home(), id = id_] {
    if (Session* session = home.find_session(id)) {
      session->end(nullptr, "not resumed in time");
    }
  });
}

void Session::stop_waiting() {
  if (managed_ == nullptr) {
    return;
  }
  Shard& shard = account_.home().shard();
  if (managed_->expiry != TimerId::none) {
    shard.cancel(std::exchange(managed_->expiry, TimerId::none));
    detached_gauge.add(-1);
  }
  if (managed_->request_timer != TimerId::none) {
    shard.cancel(std::exchange(managed_->request_timer, TimerId::none));
  }
}

void Session::resume_on(ResumptionRequest request) {
  ManagedStream& managed = *managed_;
  stop_waiting();
  if (connection_ != nullptr) {  // section 5: the old stream, should it still be there
    queue_unflushed();
    std::string last;
    StreamError{.condition = StreamCondition::conflict, .text = "The stream was resumed elsewhere."}.write(last);
    last += "</stream:stream>";
    net::Connection::close_and_release(std::move(connection_), last);
  }
  resumptions.add();
  // What is not settled the client sends again: it is counted anew then.
  managed.handled.forget_unsettled();
  managed.told = managed.asked_at = managed.handled.handled();
  acknowledged(request.request.h);
  connection_ = std::move(request.connection);
  principal_ = std::move(request.principal);
  note_confidentiality();
  scope_ = account_.home().shared_scope(std::move(request.scope));
  lang_ = std::move(request.lang);
  log::info("session-resumed", {{"jid", jid_.str()}, {"mechanism", principal_->mechanism}, {"peer", peer_address()}});
  request.answer(Resumed{jid_, stream::resumed(managed.id, managed.handled.h())}, *connection_);
  managed.queue.for_each([&](const Envelope& envelope) { envelope.stanza->write(connection_->out(), envelope.is_shared ? &jid_ : nullptr); });
  set_inactive(false);  // XEP-0352 section 5.2: a resumed stream is active
  managed.since_request = 0;
  if (!managed.queue.empty()) {
    connection_->send(stream::ack_request);
  }
  connection_->attach(account_.home().shard(), *this);
  if (pauses_ > 0) {
    connection_->pause();
  }
}

std::vector<Envelope> Session::take_unacknowledged() {
  std::vector<Envelope> messages;
  if (managed_ == nullptr) {
    return messages;
  }
  stop_waiting();
  if (!managed_->id.empty()) {
    account_.home().settlements()->hand_over();
    account_.home().ended_streams().add(managed_->id, account_.jid(), id_, managed_->handled);
  }
  while (!managed_->queue.empty()) {
    Envelope envelope = managed_->queue.pop();
    if (envelope.stanza->is_message()) {
      messages.push_back(addressed(envelope));
    }
  }
  return messages;
}

}  // namespace aldis
