// The question put for another server or a component: its rule answers.
#include <algorithm>

#include "policy/peer_rules.h"
#include "policy/policy.h"
#include "xmpp/namespaces.h"

namespace aldis::policy {
namespace {

// Presence that tells, or asks, who is available; subscriptions are not among it.
bool is_availability(const Stanza& stanza) {
  return stanza.is_presence() && (stanza.type() == StanzaType::available || stanza.type() == StanzaType::unavailable ||
                                  stanza.type() == StanzaType::probe);
}

// The stanza's own children (body, show, error and the like) are of its kind; every other namespace must be named.
bool has_only(const std::vector<std::string>& namespaces, const Stanza& stanza) {
  if (namespaces.empty()) {
    return true;
  }
  for (const xml::Element child : stanza.element().children()) {
    if (child.ns() != stanza.element().ns() && !std::ranges::binary_search(namespaces, child.ns())) {
      return false;
    }
  }
  return true;
}

Reason passes(const Stanza& stanza, const PassingStanzas& what, PeerPresence presence) {
  if ((what.kinds >> static_cast<unsigned>(stanza.kind()) & 1U) == 0) {
    return Reason::stanza_kind;
  }
  if (presence == PeerPresence::stripped && is_availability(stanza)) {
    return Reason::presence_stripped;
  }
  return has_only(what.namespaces, stanza) ? Reason::no_rule_against : Reason::payload;
}

Reason of_direction(const PeerRule& rule, bool is_right) {
  if (!rule.is_allowed) {
    return Reason::peer_rejected;
  }
  return is_right ? Reason::no_rule_against : Reason::peer_direction;
}

// Its own domain, or one of a trunk that is not rejected by name.
bool may_speak(const PeerRules& rules, const PeerRule& rule, std::string_view peer, std::string_view domain) {
  if (domain == peer) {
    return true;
  }
  const PeerRule& others = *rules.of(domain);
  return rule.speaks_for(domain) && (others.is_allowed || !others.is_explicit);
}

// Components are here: what passes between one and another server, the rule of that one must allow.
bool stays_at_home(const PeerRules& rules, const PeerRule& recipient, const Principal* sender) {
  if (sender == nullptr || !sender->is_peer) {
    return false;
  }
  if (sender->is_component) {
    return !recipient.is_component && !rules.of(sender->identity.domain())->goes_abroad;
  }
  return recipient.is_component && !recipient.goes_abroad;
}

Reason answer(const PeerRules& rules, const PeerRule& rule, const PeerQuestion& question) {
  const bool is_component = question.sender != nullptr && question.sender->is_component;
  switch (question.action) {
    case Action::connect_out: return rule.is_component ? Reason::peer_rejected : of_direction(rule, rule.may_be_sent_to());
    case Action::accept_in: return rule.is_component ? Reason::peer_rejected : of_direction(rule, rule.may_send_to_us());
    case Action::send_abroad: {
      if (question.sender != nullptr && question.sender->is_anonymous && !rule.is_component) {
        return Reason::anonymous_sender;
      }
      if (stays_at_home(rules, rule, question.sender)) {
        return Reason::stays_at_home;
      }
      const Reason direction = of_direction(rule, rule.may_be_sent_to());
      return direction != Reason::no_rule_against ? direction : passes(*question.stanza, rule.sends, rule.presence);
    }
    case Action::pass_on: {
      const std::string_view to = question.stanza->to()->domain();
      const PeerRule& there = *rules.of(to);
      const std::string_view next = there.via.empty() ? to : std::string_view(there.via);
      if (!rule.relays_to(to) || next == question.peer) {
        return Reason::no_trunk;
      }
      [[fallthrough]];
    }
    case Action::receive_from_abroad: {
      if (rule.is_component != is_component) {
        return Reason::peer_rejected;  // it is a component no longer, or was none
      }
      const Reason direction = of_direction(rule, rule.may_send_to_us());
      if (direction != Reason::no_rule_against) {
        return direction;
      }
      if (!question.stanza->from() || !may_speak(rules, rule, question.peer, question.stanza->from()->domain())) {
        return Reason::not_its_domain;
      }
      return passes(*question.stanza, rule.accepts, rule.presence);
    }
    default: ensure(false, "a question about a peer"); return Reason::peer_rejected;
  }
}

}  // namespace

StanzaCondition condition_abroad(Reason reason) {
  switch (reason) {
    case Reason::peer_rejected:
    case Reason::peer_direction: return StanzaCondition::remote_server_not_found;  // as if it did not exist
    default: return StanzaCondition::not_allowed;
  }
}

PeerDecision Policy::decide(const PeerQuestion& question) const {
  const PeerRulesPtr rules = peers();
  if (rules == nullptr) {
    return {Decision(Reason::peer_rejected), nullptr};
  }
  const PeerRulePtr& rule = rules->of(question.peer);
  PositionRulePtr positions;
  if (question.action == Action::send_abroad && question.stanza->names_geoloc()) [[unlikely]] {
    positions = positions_for(*question.stanza->to());
  }
  return {Decision(answer(*rules, *rule, question), std::move(positions)), rule};
}

void Policy::set_peers(PeerRulesPtr rules) {
  const PeerRulesPtr before = std::atomic_exchange(&peers_, rules);
  if (observer_) {
    observer_(before, rules);
  }
}

}  // namespace aldis::policy
