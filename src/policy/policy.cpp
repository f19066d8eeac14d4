// The rules, in the order in which they are asked.
#include "policy/policy.h"

#include "policy/peer_rules.h"
#include "xmpp/namespaces.h"

namespace aldis::policy {
namespace {

// Stanzas whose fate would tell a stranger whether a resource is online: a request to a full address is answered by the
// client if it is there, and groupchat to an absent one bounces.
bool reveals_presence(const Question& question) {
  const Stanza& stanza = question.stanza;
  if (!stanza.to() || stanza.to()->is_bare()) {
    return false;
  }
  return stanza.is_request() || (stanza.is_message() && stanza.type() == StanzaType::groupchat);
}

// Roster pushes, block list pushes and carbons settings come from the server; clients have believed others (RFC 6121 section
// 2.1.6; CVE-2015-8688).
bool forges_push(const Question& question) {
  const Stanza& stanza = question.stanza;
  if (stanza.type() != StanzaType::set || !stanza.to() || stanza.to()->is_bare()) {
    return false;
  }
  const std::string_view payload = stanza.payload()->ns();
  return payload == ns::roster || payload == ns::blocking || payload == ns::carbons;
}

}  // namespace

std::string_view to_string(Reason reason) {
  switch (reason) {
    case Reason::no_rule_against: return "no-rule-against";
    case Reason::from_ourselves: return "from-ourselves";
    case Reason::blocked: return "blocked";
    case Reason::forged_push: return "forged-push";
    case Reason::not_subscribed: return "not-subscribed";
    case Reason::peer_rejected: return "peer-rejected";
    case Reason::peer_direction: return "peer-direction";
    case Reason::not_its_domain: return "not-its-domain";
    case Reason::no_trunk: return "no-trunk";
    case Reason::stanza_kind: return "stanza-kind";
    case Reason::payload: return "payload";
    case Reason::presence_stripped: return "presence-stripped";
    case Reason::stays_at_home: return "stays-at-home";
    case Reason::anonymous_sender: return "anonymous-sender";
  }
  return "unknown";
}

Decision Policy::decide(const Question& question) const {
  if (question.owner == nullptr || question.other == nullptr) {
    return Decision(Reason::no_rule_against);
  }
  const OwnerRules& rules = *question.owner;
  const bool reaches_owner = question.action == Action::deliver || question.action == Action::answer;
  const auto granted = [&](Reason reason) {
    if (!reaches_owner || !question.stanza.names_geoloc()) [[likely]] {
      return Decision(reason);
    }
    return Decision(reason, positions_for(Jid(rules.owner())));   // also from itself: what it was sent by others may be inside
  };
  const bool is_own = question.other->bare_str() == rules.owner().str();
  if (is_own || question.action == Action::answer) {
    return granted(Reason::from_ourselves);  // one cannot block oneself
  }
  if (rules.blocked().blocks(*question.other)) {
    return Decision(Reason::blocked);
  }
  if (question.action == Action::deliver && forges_push(question)) {
    return Decision(Reason::forged_push);
  }
  if (question.action == Action::deliver && reveals_presence(question) && !rules.may_see_presence(*question.other)) {
    return Decision(Reason::not_subscribed);
  }
  return granted(Reason::no_rule_against);
}

PositionRulePtr Policy::positions_for(const Jid& recipient) const {
  PositionRulePtr rule;
  if (const PositionRulesPtr groups = std::atomic_load(&positions_)) {
    rule = groups->of(recipient, groups_);
  }
  if (rule == nullptr) {
    if (const PeerRulesPtr servers = peers()) {   // served here: nobody's, and then the default is not meant
      rule = servers->positions_of(recipient.domain());
    }
  }
  return rule == nullptr || rule->shows_all() ? nullptr : rule;
}

}  // namespace aldis::policy
