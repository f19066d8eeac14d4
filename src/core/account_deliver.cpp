// Step 5: what reaches an account: the incoming chain, then the rules of RFC 6121 section 8.
#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"
#include "core/account.h"
#include "core/home.h"
#include "core/virtual_host.h"

namespace aldis {
namespace {
metrics::Counter delivered{"aldis_stanzas_total", "Stanzas that passed a step of their way through the server.",
                           {{"step", "account_deliver"}}};
metrics::Counter unasked_from_abroad{"aldis_unasked_answers_from_abroad_total", "Answers (iq) of other servers to no request, dropped."};
metrics::Counter refused{"aldis_deliveries_refused_total", "Stanzas policy kept from an account."};
}  // namespace

void Account::deliver(Envelope envelope) {
  if (state_ == State::loading || inbox_ != nullptr || is_busy_) {
    if (inbox_ == nullptr) {
      inbox_ = std::make_unique<std::deque<InboxItem>>();
    }
    if (inbox_->size() >= home_.world().config()->inbox_stanzas) {
      home_.router().bounce(home_, envelope, StanzaError(StanzaCondition::resource_constraint));
      return;
    }
    inbox_->push_back({std::move(envelope), std::nullopt});
    return;
  }
  deliver_now(std::move(envelope));
}

void Account::deliver_now(Envelope envelope) {
  delivered.add();
  if (state_ == State::failed) {  // not "no such account": that could not be learnt
    home_.router().bounce(home_, envelope, StanzaError(StanzaCondition::resource_constraint));
    return;
  }
  if (state_ == State::absent) {
    refuse_absent(envelope);
    return;
  }
  const policy::Decision decision = decide(policy::Action::deliver, *envelope.stanza, *envelope.stanza->from());
  if (!decision.is_granted()) {
    refused.add();
    log::debug("delivery-refused", {{"to", jid_.str()}, {"reason", to_string(decision.reason())}});
    if (!envelope.stanza->is_presence()) {  // XEP-0191 section 3.3; RFC 6121 section 8.5.3.2.3: as if nobody were there
      home_.router().bounce(home_, envelope, StanzaError(StanzaCondition::service_unavailable));
    }
    return;
  }
  if (envelope.is_elsewhere) {
    note_waiting(envelope);
    return;
  }
  if (host_.incoming.empty(envelope.stanza->kind())) {
    deliver_passed(std::move(envelope));
    return;
  }
  auto owned = std::make_unique<Envelope>(std::move(envelope));  // a hook that waits needs it to stay where it is
  Chain::Result result = host_.incoming.run(*owned, *this);
  if (auto* waiting = std::get_if<Task<Chain::Outcome>>(&result)) {
    is_busy_ = true;
    spawn(deliver_waiting(Pin(*this), std::move(owned), std::move(*waiting)));
    return;
  }
  auto& outcome = std::get<Chain::Outcome>(result);
  if (outcome.kind == Chain::Outcome::Kind::rejected) {
    home_.router().bounce(home_, *owned, outcome.error);
  } else if (outcome.kind == Chain::Outcome::Kind::passed) {
    deliver_passed(std::move(*owned));
  }
}

Task<void> Account::deliver_waiting(Pin self, std::unique_ptr<Envelope> envelope, Task<Chain::Outcome> waiting) {
  const Chain::Outcome outcome = co_await std::move(waiting);
  self->is_busy_ = false;
  if (outcome.kind == Chain::Outcome::Kind::rejected) {
    self->home_.router().bounce(self->home_, *envelope, outcome.error);
  } else if (outcome.kind == Chain::Outcome::Kind::passed) {
    self->deliver_passed(std::move(*envelope));
  }
  self->drain_inbox();
}

void Account::deliver_passed(Envelope envelope) {
  switch (envelope.stanza->kind()) {
    case StanzaKind::message: deliver_message(std::move(envelope)); return;
    case StanzaKind::iq: deliver_iq(std::move(envelope)); return;
    case StanzaKind::presence: deliver_presence(std::move(envelope)); return;
  }
}

// RFC 6121 section 8.5.1: no such account. Nothing here tells more than the RFC asks for (security L01).
void Account::refuse_absent(const Envelope& envelope) {
  const Stanza& stanza = *envelope.stanza;
  if (stanza.is_request() && stanza.to()->is_bare()) {
    // By whoever answers for accounts that do exist: what strangers are told cannot differ.
    static_cast<void>(answer_request(nullptr, envelope, Recipient::other_account));
    return;
  }
  if (stanza.is_presence()) {
    if (stanza.type() == StanzaType::probe) {
      route(presence_from(jid_, "unsubscribed")->with_to(stanza.from()->bare()));
    }
    return;
  }
  if (stanza.is_message() && stanza.type() == StanzaType::headline) {
    return;
  }
  home_.router().bounce(home_, envelope, StanzaError(StanzaCondition::service_unavailable));
}

bool Account::deliver_to(Session& session, const Envelope& envelope) {
  const policy::Decision decision = decide(policy::Action::deliver, *envelope.stanza, *envelope.stanza->from());
  if (is_too_early(session, envelope, decision)) [[unlikely]] {
    return true;
  }
  const std::optional<Granted> granted = grant(envelope, decision, jid_, home_.position_forms());
  if (!granted) {
    refused.add();
    return decision.is_granted();   // then there is nothing in it that it may see, and nothing to keep for it
  }
  session.send(*granted);
  return true;
}

// Positions younger than its rule's delay: what can be told later, is.
bool Account::is_too_early(Session& session, const Envelope& envelope, const policy::Decision& decision) {
  const policy::PositionRulePtr& rule = decision.positions();
  if (rule == nullptr || rule->is_withheld || decision.reason() == policy::Reason::from_ourselves) [[likely]] {
    return false;
  }
  const std::chrono::milliseconds wait = home_.position_forms().wait(*envelope.stanza, *rule);
  if (wait.count() == 0 || !is_pubsub_event(*envelope.stanza)) {
    return false;
  }
  home_.late_positions().hold(session.jid().str(), envelope, wait, home_.world().clock.wall(), [&home = home_, id = session.id()](const Envelope& later) {
    if (Session* still = home.find_session(id)) {
      still->account().deliver_again(*still, later);
    }
  });
  return true;
}

StanzaPtr Account::answer_form(const StanzaPtr& own) {
  const Jid self(jid_);
  const policy::Decision decision = decide(policy::Action::answer, *own, own->from() ? *own->from() : self);
  return decision.positions() == nullptr ? own : home_.position_forms().of(own, decision.positions(), jid_);
}

void Account::deliver_shared(Session& session, const Envelope& envelope) {
  if (envelope.is_farewell && session.can_detach()) {
    return;
  }
  const policy::Decision decision = decide(policy::Action::deliver, *envelope.stanza, *envelope.stanza->from());
  if (is_too_early(session, envelope, decision)) [[unlikely]] {
    return;
  }
  const std::optional<Granted> granted = grant(envelope, decision, jid_, home_.position_forms());
  if (granted) [[likely]] {
    session.send_shared(*granted);
  } else {
    refused.add();
  }
}

void Account::deliver_again(Session& session, const Envelope& envelope) { static_cast<void>(deliver_to(session, envelope)); }

void Account::deliver_copy(Session& session, StanzaPtr copy, const Envelope& original) {
  const Envelope envelope{.stanza = std::move(copy), .sender = original.sender, .trace = original.trace, .is_copy = true};
  const std::optional<Granted> granted =
      grant(envelope, decide(policy::Action::deliver, *original.stanza, *original.stanza->from()), jid_, home_.position_forms());
  if (!granted) {
    refused.add();
    return;
  }
  session.send(*granted);
}

void Account::deliver_kept(Session& session, StanzaPtr message, std::uint64_t archive_id) {
  const Envelope envelope{.stanza = std::move(message),
                          .trace = home_.next_trace(),
                          .archive_id = archive_id,
                          .is_kept = true};
  const std::optional<Granted> granted =
      grant(envelope, decide(policy::Action::deliver, *envelope.stanza, *envelope.stanza->from()), jid_, home_.position_forms());
  if (!granted) {  // blocked since it was kept
    refused.add();
    return;
  }
  session.send_now(*granted);
}

void Account::note_delivered(Session& session, const Envelope& envelope) {
  for (const auto& observer : host_.observers.delivered) {
    observer(session, envelope);
  }
}

// ---- messages (RFC 6121 section 8.5)

void Account::deliver_message(Envelope envelope) {
  const Stanza& stanza = *envelope.stanza;
  const Jid& to = *stanza.to();
  if (to.is_full()) {
    if (Session* session = find_session(to.resource()); session != nullptr && !session->is_for_password()) {  // section 8.5.3.1
      static_cast<void>(deliver_to(*session, envelope));
      return;
    }
    switch (stanza.type()) {  // section 8.5.3.2.1
      case StanzaType::chat: break;  // as if to the bare address
      case StanzaType::headline:
      case StanzaType::error: return;
      default: home_.router().bounce(home_, envelope, StanzaError(StanzaCondition::service_unavailable)); return;
    }
  }
  switch (stanza.type()) {  // section 8.5.2
    case StanzaType::error: return;
    case StanzaType::groupchat:
      home_.router().bounce(home_, envelope, StanzaError(StanzaCondition::service_unavailable));
      return;
    default: break;
  }
  envelope.round = ++rounds_;
  bool is_taken = false;  // by every available resource whose priority is not negative (section 8.5.2.1.1)
  const std::size_t count = sessions_.size();
  for (std::size_t i = 0; i < count && i < sessions_.size(); ++i) {
    Session& session = *sessions_[i];
    if (session.is_available() && session.priority() >= 0) {
      is_taken = deliver_to(session, envelope) || is_taken;
    }
  }
  if (!is_taken && stanza.type() != StanzaType::headline) {
    keep_undelivered(std::move(envelope));
  }
}

// XEP-0198 section 4: as if it had been sent to a resource that is not available (RFC 6121 section 8.5.3.2), by kind and type.
void Account::undelivered(Envelope envelope) {
  if (!envelope.stanza->is_message()) {   // section 8.5.3.2.3: presence is dropped, and so are answers; who asks is answered
    if (envelope.stanza->is_request()) {
      home_.router().bounce(home_, envelope, StanzaError(StanzaCondition::service_unavailable));
    }
    return;
  }
  if (envelope.is_copy || envelope.stanza->type() == StanzaType::error || envelope.stanza->type() == StanzaType::headline) {
    return;
  }
  if (envelope.stanza->type() == StanzaType::groupchat) {
    home_.router().bounce(home_, envelope, StanzaError(StanzaCondition::recipient_unavailable));
    return;
  }
  // To another session that would have got it at the bare address, but not twice: only when none of them was among the
  // recipients, that is when it was addressed to the session that ended.
  if (envelope.stanza->to()->is_full()) {
    envelope.stanza = envelope.stanza->with_to(jid_);
    deliver_message(std::move(envelope));
    return;
  }
  bool is_anybody_there = false;
  for (const auto& session : sessions_) {
    if (session->is_available() && session->priority() >= 0 && !session->is_ending()) {
      if (envelope.round == 0 || session->joined < envelope.round) {
        return;   // it was among the recipients; or the message was kept, and waits in the store still
      }
      is_anybody_there = true;
    }
  }
  if (is_anybody_there) {   // who has come since has not seen it
    deliver_message(std::move(envelope));
  } else {
    keep_undelivered(std::move(envelope));
  }
}

// Section 8.5.2.2.1: nobody took it.
void Account::keep_undelivered(Envelope envelope) {
  auto owned = std::make_unique<Envelope>(std::move(envelope));
  Chain::Result result = host_.undelivered.run(*owned, *this);
  if (auto* waiting = std::get_if<Task<Chain::Outcome>>(&result)) {
    spawn(keep_waiting(Pin(*this), std::move(owned), std::move(*waiting)));
    return;
  }
  auto& outcome = std::get<Chain::Outcome>(result);
  if (outcome.kind == Chain::Outcome::Kind::consumed) {
    note_waiting(*owned);
    return;
  }
  home_.router().bounce(home_, *owned, outcome.kind == Chain::Outcome::Kind::rejected
                                           ? outcome.error
                                           : StanzaError(StanzaCondition::service_unavailable));
}

Task<void> Account::keep_waiting(Pin self, std::unique_ptr<Envelope> envelope, Task<Chain::Outcome> waiting) {
  const Chain::Outcome outcome = co_await std::move(waiting);
  if (outcome.kind == Chain::Outcome::Kind::consumed) {
    self->note_waiting(*envelope);
  } else if (outcome.kind == Chain::Outcome::Kind::rejected) {
    self->home_.router().bounce(self->home_, *envelope, outcome.error);
  } else {
    self->home_.router().bounce(self->home_, *envelope, StanzaError(StanzaCondition::service_unavailable));
  }
}

void Account::note_waiting(const Envelope& envelope) {
  for (const auto& observer : host_.observers.waiting) {
    observer(*this, envelope);
  }
}

// ---- requests and answers

void Account::deliver_iq(Envelope envelope) {
  const Stanza& stanza = *envelope.stanza;
  const Jid& to = *stanza.to();
  if (to.is_bare()) {  // section 8.5.2.1.3: the server answers on the account's behalf
    if (stanza.is_request()) {
      const bool is_own = stanza.from()->bare_str() == jid_.str();
      answer_request(nullptr, std::move(envelope), is_own ? Recipient::own_account : Recipient::other_account);
    } else {
      home_.questions().take(stanza);
    }
    return;
  }
  Session* session = find_session(to.resource());
  if (session == nullptr || session->is_for_password()) {  // section 8.5.3.2.3
    home_.router().bounce(home_, envelope, StanzaError(StanzaCondition::service_unavailable));
    return;
  }
  // Who answers here was asked (Account::send); what another server sends is compared with what it was asked.
  if (!stanza.is_request() && home_.world().find_host(stanza.from()->domain()) == nullptr &&
      !session->take_asked(*stanza.from(), stanza.id())) {
    unasked_from_abroad.add();
    return;
  }
  static_cast<void>(deliver_to(*session, envelope));
}

}  // namespace aldis
