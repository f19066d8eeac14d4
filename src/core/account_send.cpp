// Step 3: what an account's own session sends: the outgoing chain, then to whom it concerns.
#include "base/log.h"
#include "base/metrics.h"
#include "core/account.h"
#include "core/home.h"
#include "core/virtual_host.h"
#include "xmpp/namespaces.h"

namespace aldis {
namespace {
metrics::Counter passed{"aldis_stanzas_total", "Stanzas that passed a step of their way through the server.",
                        {{"step", "account_send"}}};
metrics::Counter unasked_answers{"aldis_unasked_answers_total", "Answers (iq) to no request, dropped."};

bool is_subscription(StanzaType type) {
  return type == StanzaType::subscribe || type == StanzaType::subscribed || type == StanzaType::unsubscribe ||
         type == StanzaType::unsubscribed;
}
}  // namespace

void Account::send(Session& session, Envelope envelope) {
  passed.add();
  const Stanza& stanza = *envelope.stanza;
  const auto& to = stanza.to();
  if (stanza.is_iq() && !stanza.is_request()) {
    // An answer goes to whoever asked, and to nobody else (security P06). Answers to the server end here.
    if (to && !session.take_pending(*to, stanza.id())) {
      unasked_answers.add();
      return;
    }
    if (!to) {
      return;
    }
  }
  if (to) {
    const policy::Decision decision = decide(policy::Action::send, stanza, *to);
    if (!decision.is_granted()) {  // XEP-0191 section 3.6
      StanzaError blocked = StanzaError(StanzaCondition::not_acceptable)
                                .with_application("<blocked xmlns='" + std::string(ns::blocking_errors) + "'/>");
      blocked.type = ErrorType::cancel;  // as the section has it; not-acceptable by itself would be "modify"
      if (StanzaPtr answer = make_error(stanza, blocked)) {
        session.send_own(answer);
      }
      return;
    }
  }
  if (!host_.outgoing.empty(stanza.kind())) {
    auto owned = std::make_unique<Envelope>(std::move(envelope));
    Chain::Result result = host_.outgoing.run(*owned, *this);
    if (auto* waiting = std::get_if<Task<Chain::Outcome>>(&result)) {
      session.pause();
      spawn(send_waiting(Pin(*this), session.id(), std::move(owned), std::move(*waiting)));
      return;
    }
    auto& outcome = std::get<Chain::Outcome>(result);
    if (outcome.kind != Chain::Outcome::Kind::passed) {
      finish_send(session.id(), std::move(*owned), std::move(outcome));
      return;
    }
    dispatch(session, std::move(*owned));
    return;
  }
  dispatch(session, std::move(envelope));
}

Task<void> Account::send_waiting(Pin self, SessionId session, std::unique_ptr<Envelope> envelope,
                                 Task<Chain::Outcome> waiting) {
  Chain::Outcome outcome = co_await std::move(waiting);
  self->finish_send(session, std::move(*envelope), std::move(outcome));
  if (Session* sender = self->home_.find_session(session)) {
    sender->resume();
  }
}

void Account::finish_send(SessionId session, Envelope envelope, Chain::Outcome outcome) {
  switch (outcome.kind) {
    case Chain::Outcome::Kind::consumed: return;
    case Chain::Outcome::Kind::rejected: home_.router().bounce(home_, envelope, outcome.error); return;
    case Chain::Outcome::Kind::passed: break;
  }
  if (Session* sender = home_.find_session(session)) {
    dispatch(*sender, std::move(envelope));
  } else if (envelope.stanza->to()) {
    home_.router().route(home_, std::move(envelope));  // accepted before its session ended
  }
}

void Account::dispatch(Session& session, Envelope envelope) {
  const Stanza& stanza = *envelope.stanza;
  const auto& to = stanza.to();
  const bool is_to_self = !to || (to->is_bare() && to->bare_str() == jid_.str());
  switch (stanza.kind()) {
    case StanzaKind::message:
      if (!to) {  // RFC 6120 section 10.3.1
        envelope.stanza = stanza.with_to(jid_);
      }
      break;
    case StanzaKind::iq:
      if (stanza.is_request() && is_to_self) {
        answer_request(&session, std::move(envelope), Recipient::own_account);
        return;
      }
      if (stanza.is_request() && to->is_domain() && to->domain() == host_.domain()) {
        answer_request(&session, std::move(envelope), Recipient::server);
        return;
      }
      if (is_to_self) {
        home_.questions().take(stanza);
        return;
      }
      break;
    case StanzaKind::presence:
      if (is_subscription(stanza.type())) {
        if (is_to_self) {
          session.send_own(make_error(stanza, StanzaError(StanzaCondition::bad_request)));
          return;
        }
        session.pause();
        spawn(send_subscription(Pin(*this), std::move(envelope)));
        return;
      }
      if (!to) {
        broadcast_presence(session, std::move(envelope.stanza));
        return;
      }
      if (stanza.type() != StanzaType::error && stanza.type() != StanzaType::probe) {
        send_directed(session, std::move(envelope));
        return;
      }
      break;
  }
  home_.router().route(home_, std::move(envelope));
}

// ---- requests the server answers

void Account::answer_request(Session* session, Envelope envelope, Recipient recipient) {
  const Stanza& stanza = *envelope.stanza;
  const IqHandler* handler = host_.requests.find(stanza.type(), stanza.payload()->name(), recipient);
  if (handler == nullptr) {
    home_.reply(envelope, make_error(stanza, StanzaError(StanzaCondition::service_unavailable)));
    return;
  }
  IqReply reply = (*handler)(Iq(envelope, recipient, host_, home_));
  if (auto* answer = std::get_if<StanzaPtr>(&reply.state())) {
    ensure(*answer != nullptr, "a request has its answer");
    home_.reply(envelope, std::move(*answer));
    return;
  }
  if (std::holds_alternative<std::monostate>(reply.state())) {
    return;
  }
  SessionId paused = SessionId::none;
  if (session != nullptr && !session->is_ending()) {
    session->pause();
    paused = session->id();
  }
  spawn(answer_waiting(Pin(*this), paused, std::move(envelope), std::move(std::get<Task<StanzaPtr>>(reply.state()))));
}

Task<void> Account::answer_waiting(Pin self, SessionId session, Envelope envelope, Task<StanzaPtr> waiting) {
  StanzaPtr answer = co_await std::move(waiting);  // null: the handler has sent it
  self->home_.reply(envelope, std::move(answer));
  if (Session* sender = self->home_.find_session(session)) {
    sender->resume();
  }
}

}  // namespace aldis
