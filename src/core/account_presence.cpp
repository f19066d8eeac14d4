// Presence (RFC 6121 section 4) and subscriptions (section 3) of an account's sessions and contacts.
#include <algorithm>

#include "base/log.h"
#include "core/account.h"
#include "core/home.h"
#include "core/virtual_host.h"
#include "xmpp/namespaces.h"
#include "xmpp/number.h"

namespace aldis {
namespace {

// Section 4.7.2.3: an integer from -128 to 127; absent means 0.
std::optional<int> priority_of(const Stanza& presence) {
  const auto element = presence.child({"priority", ns::client});
  if (!element) {
    return 0;
  }
  return parse_number<int>(element->text(), -128, 127);
}

// A request is kept as it came (RFC 6121 section 3.1.3), hundreds of them for an account: words, not pictures (security E06).
constexpr std::size_t largest_kept_request = 16 * 1024;

}  // namespace

// ---- what a session sends without a to (sections 4.2, 4.4, 4.5)

void Account::broadcast_presence(Session& session, StanzaPtr stanza) {
  switch (stanza->type()) {
    case StanzaType::available: {
      const std::optional<int> priority = priority_of(*stanza);
      if (!priority) {
        session.send_own(make_error(*stanza, StanzaError(StanzaCondition::bad_request)));
        return;
      }
      go_available(session, std::move(stanza), *priority);
      return;
    }
    case StanzaType::unavailable: go_unavailable(session, std::move(stanza)); return;
    case StanzaType::error: return;
    default: session.send_own(make_error(*stanza, StanzaError(StanzaCondition::bad_request))); return;
  }
}

void Account::go_available(Session& session, StanzaPtr stanza, int priority) {
  const bool is_initial = !session.is_available();
  const bool receives_more = is_initial || (session.priority() < 0 && priority >= 0);
  session.set_presence(stanza, priority);
  if (receives_more) {
    session.joined = rounds_;
  }
  std::size_t told = 0;
  for (const RosterItem& item : roster_.items()) {
    if (item.subscription == Subscription::from || item.subscription == Subscription::both) {
      if (!blocked_.blocks(item.jid) && !roster_.shares(item.jid)) {
        route(stanza->with_to(item.jid));
        ++told;
      }
    }
  }
  const StanzaPtr to_self = stanza->with_to(jid_);  // section 4.2.2: to every available resource, this one included
  const Envelope own{to_self, session.principal(), session.id(), TraceId::none};
  for (const auto& other : sessions_) {
    if (other->is_available()) {
      static_cast<void>(deliver_to(*other, own));
    }
  }
  const StanzaPtr probe = is_initial ? presence_from(session.jid(), "probe") : nullptr;
  std::vector<StanzaPtr> for_members{stanza};
  if (is_initial) {
    for_members.push_back(probe);
    was_told_without_groups_ = was_told_without_groups_ || (host_.expects_groups && home_.groups_of_domain(host_.domain()) == nullptr);
  }
  told += tell_members(std::move(for_members));
  if (told > 0) {
    session.hold_to_rate(told * stanza->size());  // an amplifier: its sender pays for each copy (security E11)
  }
  if (is_initial) {
    for (const RosterItem& item : roster_.items()) {
      if (item.subscription == Subscription::to || item.subscription == Subscription::both) {
        if (!blocked_.blocks(item.jid) && !roster_.shares(item.jid)) {
          route(probe->with_to(item.jid));
        }
      }
    }
    for (const auto& other : sessions_) {  // the other resources, as if they were contacts
      if (other.get() != &session && other->is_available()) {
        session.send_own(other->presence()->with_to(session.jid()));
      }
    }
    offer_requests(session);
  }
  if (receives_more) {
    for (const auto& observer : host_.observers.available) {
      observer(session);
    }
  }
}

void Account::go_unavailable(Session& session, StanzaPtr stanza) {
  const std::vector<Jid> directed = session.take_directed();
  const bool was_available = session.is_available();
  if (was_available) {
    for (const RosterItem& item : roster_.items()) {
      if (item.subscription == Subscription::from || item.subscription == Subscription::both) {
        if (!blocked_.blocks(item.jid) && !roster_.shares(item.jid)) {
          route(stanza->with_to(item.jid));
        }
      }
    }
    tell_members({stanza});
    const Envelope own{stanza->with_to(jid_), session.principal(), session.id(), TraceId::none};
    for (const auto& other : sessions_) {
      if (other->is_available() && !other->is_ending()) {
        static_cast<void>(deliver_to(*other, own));
      }
    }
  }
  for (const Jid& to : directed) {  // section 4.6.3, unless the broadcast has told them
    if (!(was_available && roster_.has_from(to)) && !blocked_.blocks(to)) {
      route(stanza->with_to(to));
    }
  }
  if (was_available) {
    for (const auto& observer : host_.observers.unavailable) {
      observer(session, *stanza);
    }
    session.set_presence(nullptr, 0);
  }
}

// ---- directed presence (section 4.6)

void Account::send_directed(Session& session, Envelope envelope) {
  const Stanza& stanza = *envelope.stanza;
  const Jid to = *stanza.to();
  if (stanza.type() == StanzaType::available) {
    const bool is_told_anyway = session.is_available() && roster_.has_from(to);
    if (!is_told_anyway && !session.add_directed(to)) {
      session.send_own(make_error(stanza, StanzaError(StanzaCondition::resource_constraint)));
      return;
    }
  } else {
    session.remove_directed(to);
  }
  home_.router().route(home_, std::move(envelope));
}

void Account::present_to(const Jid& contact) {
  for (const auto& session : sessions_) {
    if (session->is_available()) {
      route(session->presence()->with_to(contact));
    }
  }
}

void Account::absent_to(const Jid& contact) {
  for (const auto& session : sessions_) {
    if (session->is_available()) {
      route(presence_from(session->jid(), "unavailable")->with_to(contact));
    }
  }
}

// ---- what reaches the account

void Account::deliver_presence(Envelope envelope) {
  const Stanza& stanza = *envelope.stanza;
  const Jid& to = *stanza.to();
  switch (stanza.type()) {
    case StanzaType::probe: answer_probe(envelope); return;
    case StanzaType::subscribe:
    case StanzaType::subscribed:
    case StanzaType::unsubscribe:
    case StanzaType::unsubscribed: spawn(receive_subscription(Pin(*this), std::move(envelope))); return;
    default: break;
  }
  // Thousands of a group may come online at once: each client is told at its own pace.
  const bool is_at_its_pace = roster_.shares(*stanza.from());
  const auto tell = [&](Session& session) {
    if (is_at_its_pace) {
      deliver_shared(session, envelope);
    } else {
      static_cast<void>(deliver_to(session, envelope));
    }
  };
  if (to.is_full()) {  // section 8.5.3.1
    if (Session* session = find_session(to.resource()); session != nullptr && !session->is_for_password()) {
      tell(*session);
    }
    return;
  }
  if (stanza.type() == StanzaType::error) {
    return;
  }
  const std::size_t count = sessions_.size();
  for (std::size_t i = 0; i < count && i < sessions_.size(); ++i) {
    if (sessions_[i]->is_available()) {  // section 8.5.2.1.2
      tell(*sessions_[i]);
    }
  }
}

// Section 4.3.2.
void Account::answer_probe(const Envelope& envelope) {
  const Jid& prober = *envelope.stanza->from();
  if (prober.bare_str() != jid_.str() && !roster_.has_from(prober)) {
    bool is_told = false;  // presence it was sent directly is no secret
    for (const auto& session : sessions_) {
      if (session->is_available() && session->has_directed_to_bare(prober.bare_str())) {
        route(session->presence()->with_to(prober));
        is_told = true;
      }
    }
    if (!is_told) {
      route(presence_from(jid_, "unsubscribed")->with_to(prober.bare()));
    }
    return;
  }
  if (!has_available_session()) {
    route(presence_from(jid_, "unavailable")->with_to(prober));
    return;
  }
  present_to(prober);
}

void Account::offer_requests(Session& session) {
  for (const SubscriptionRequest& request : roster_.requests()) {
    if (!roster_.shares(request.from)) {   // has what was asked for
      session.send_own(Stanza::make(request.stanza));  // section 3.1.3: until it is answered
    }
  }
}

// ---- subscriptions

Task<void> Account::send_subscription(Pin self, Envelope envelope) {
  const Serial::Hold hold = co_await changes_.enter();
  const StanzaType verb = envelope.stanza->type();
  const BareJid contact = envelope.stanza->to()->bare();
  if (roster_.shares(contact)) {   // both have it from their group, and neither can end it
    if (verb == StanzaType::unsubscribe || verb == StanzaType::unsubscribed) {
      home_.router().bounce(home_, envelope, StanzaError(StanzaCondition::not_allowed, "You share a group with this contact."));
    }
    if (Session* session = home_.find_session(envelope.origin)) {
      session->resume();
    }
    co_return;
  }
  const SubscriptionState before = roster_.state(contact);
  const SubscriptionStep step = outbound(before, verb);
  std::optional<StanzaError> error;
  const RosterItem* known = roster_.own(contact);
  const bool changes_item = step.next.subscription != before.subscription ||
                            step.next.pending_out != before.pending_out || step.next.approved != before.approved;
  if (is_ephemeral_) {
    error = StanzaError(StanzaCondition::not_allowed);
  } else if (known == nullptr && changes_item && roster_.size() >= home_.world().config()->roster_items) {
    error = StanzaError(StanzaCondition::resource_constraint);
  }
  if (!error && before.pending_in && !step.next.pending_in) {
    const Result<void> stored = co_await home_.world().stores.rosters.remove_request(jid_, contact);
    if (stored) {
      roster_.remove_request(contact);
    } else {
      error = StanzaError(StanzaCondition::resource_constraint);
    }
  }
  if (!error && changes_item) {
    RosterItem item = known != nullptr ? *roster_.own(contact) : RosterItem{.jid = contact};
    item.subscription = step.next.subscription;
    item.ask = step.next.pending_out;
    item.approved = step.next.approved;
    const Result<void, StanzaError> changed = co_await change_item(std::move(item));
    if (!changed) {
      error = changed.error();
    }
  }
  if (error) {
    home_.router().bounce(home_, envelope, *error);
  } else if (step.passes) {
    // Section 3.1.2: stamped with the bare address.
    const StanzaPtr stanza = envelope.stanza->with_addresses(jid_, contact);
    if (verb == StanzaType::unsubscribed && before.has_from()) {
      absent_to(contact);  // section 3.2.1: they see us go, then they are told why
    }
    home_.router().route(home_, envelope.with(stanza));
    if (verb == StanzaType::subscribed) {
      present_to(contact);  // section 3.1.5
    }
  }
  if (Session* session = home_.find_session(envelope.origin)) {
    session->resume();
  }
}

Task<void> Account::receive_subscription(Pin self, Envelope envelope) {
  const Serial::Hold hold = co_await changes_.enter();
  const StanzaType verb = envelope.stanza->type();
  const BareJid contact = envelope.stanza->from()->bare();
  const SubscriptionState before = roster_.state(contact);
  SubscriptionStep step = inbound(before, verb);
  if (roster_.shares(contact)) {   // only what lies under the group's word changes, and nobody is told
    if (verb == StanzaType::subscribe) {
      co_return;
    }
    step.passes = step.answer_subscribed = step.answer_unsubscribed = false;
  }
  RosterStore& rosters = home_.world().stores.rosters;
  const StanzaPtr stanza = envelope.stanza->with_addresses(contact, jid_);
  if (is_ephemeral_) {
    co_return;
  }
  if (step.next.pending_in && !before.pending_in) {
    if (roster_.requests().size() >= home_.world().config()->subscription_requests) {
      home_.router().bounce(home_, envelope, StanzaError(StanzaCondition::resource_constraint));
      co_return;
    }
    if (stanza->size() > largest_kept_request) {
      home_.router().bounce(home_, envelope, StanzaError(StanzaCondition::policy_violation));
      co_return;
    }
    SubscriptionRequest request{contact, stanza->to_xml()};
    const Result<void> stored = co_await rosters.put_request(jid_, request);
    if (!stored) {
      home_.router().bounce(home_, envelope, StanzaError(StanzaCondition::resource_constraint));
      co_return;
    }
    roster_.put_request(std::move(request));
  }
  if (!step.next.pending_in && before.pending_in) {
    const Result<void> stored = co_await rosters.remove_request(jid_, contact);
    if (!stored) {
      home_.router().bounce(home_, envelope, StanzaError(StanzaCondition::resource_constraint));
      co_return;
    }
    roster_.remove_request(contact);
  }
  const bool changes_item =
      step.next.subscription != before.subscription || step.next.pending_out != before.pending_out;
  if (changes_item) {
    const RosterItem* known = roster_.own(contact);
    RosterItem item = known != nullptr ? *known : RosterItem{.jid = contact};
    item.subscription = step.next.subscription;
    item.ask = step.next.pending_out;
    item.approved = step.next.approved;
    // The stanza before the push (sections 3.1.6, 3.2.3, 3.3.3), and neither before the change is stored: whoever has seen
    // "subscribed" finds it in the roster.
    const Result<void, StanzaError> changed = co_await change_item(std::move(item), [&] {
      if (step.passes) {
        deliver_subscription(envelope, stanza);
      }
    });
    if (!changed) {
      home_.router().bounce(home_, envelope, changed.error());
      co_return;
    }
  } else if (step.passes) {
    deliver_subscription(envelope, stanza);
  }
  if (step.answer_subscribed) {
    route(presence_from(jid_, "subscribed")->with_to(contact));
    present_to(contact);
  }
  if (step.answer_unsubscribed) {
    absent_to(contact);
    route(presence_from(jid_, "unsubscribed")->with_to(contact));
  }
}

void Account::deliver_subscription(const Envelope& envelope, const StanzaPtr& stanza) {
  const Envelope stamped = envelope.with(stanza);
  for (std::size_t i = 0; i < sessions_.size(); ++i) {
    if (sessions_[i]->is_available()) {
      static_cast<void>(deliver_to(*sessions_[i], stamped));
    }
  }
}

}  // namespace aldis
