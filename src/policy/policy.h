// The one question: may this pass? Policy::decide answers it with a Decision and its reason. What leaves the server for
// anybody carries a granted Decision (core/envelope.h), and nobody but Policy can make one. Today's rules: block lists, who may
// see an account's presence, what may pass to and from other servers (peer_rules.h), and what of somebody's position a recipient is
// shown (position_rules.h): a granted Decision says so, and whoever makes a Granted of it acts on it (core/positions.h). Security labels
// are a further answer to the same question.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "auth/principal.h"
#include "policy/block_list.h"
#include "policy/position_rules.h"
#include "xmpp/jid.h"
#include "xmpp/stanza.h"

namespace aldis::policy {

struct PeerRule;
class PeerRules;
using PeerRulePtr = std::shared_ptr<const PeerRule>;
using PeerRulesPtr = std::shared_ptr<const PeerRules>;

enum class Action : std::uint8_t {
  send,     // the owner of `rules` sends the stanza away
  deliver,  // the stanza reaches the owner of `rules`
  answer,   // the server's own words to the owner of `rules`; `other` is whom they are from
  enter_room,   // who sent the presence becomes an occupant
  reflect,      // what was said to a room is told to its occupants; each of them is a question of its own, deliver
  // Other servers, and components of this one (PeerQuestion):
  connect_out,          // a link to it is opened, or DNS asked where it is
  accept_in,            // a link of its own is taken from it
  send_abroad,          // the stanza is for its domain
  receive_from_abroad,  // it has sent the stanza; a component also one for elsewhere
  pass_on,              // it has sent the stanza, and it is for a third server's domain
};

enum class Reason : std::uint8_t {
  no_rule_against,  // granted
  from_ourselves,   // granted: the server's own words, an account to its own sessions
  blocked,          // the owner's block list names the other side (XEP-0191)
  forged_push,      // what only the server itself sends to its clients (security P05)
  not_subscribed,   // the sender may not learn whether the owner is available (RFC 6121 section 11, security L02)
  peer_rejected,    // the peer's rule rejects it
  peer_direction,   // the peer's rule has the other direction only
  not_its_domain,   // the stanza is from a domain the peer does not speak for (security D04)
  no_trunk,         // what this peer sends is not passed on there, or would go back where it came from
  stanza_kind,      // the peer's rule does not let stanzas of this kind pass this way
  payload,          // the same of a payload's namespace
  presence_stripped,
  stays_at_home,    // the component's rule keeps it from other servers, and them from it
  anonymous_sender, // RFC 4505: nobody answers for what it does elsewhere (XEP-0175 section 2.1)
};
[[nodiscard]] std::string_view to_string(Reason reason);
// What a sender is told, and no more: that its peer has a rule is nobody's business.
[[nodiscard]] StanzaCondition condition_abroad(Reason reason);

class Decision {
 public:
  [[nodiscard]] bool is_granted() const { return reason_ <= Reason::from_ourselves; }
  [[nodiscard]] Reason reason() const { return reason_; }
  // What the recipient is shown of the positions in it; null: all. Only where the stanza may have some and it reaches somebody by this.
  [[nodiscard]] const PositionRulePtr& positions() const { return positions_; }

 private:
  friend class Policy;
  explicit Decision(Reason reason, PositionRulePtr positions = nullptr) : reason_(reason), positions_(std::move(positions)) {}
  Reason reason_;
  PositionRulePtr positions_;
};

// What the account on whose behalf is decided has to say about the other side.
class OwnerRules {
 public:
  [[nodiscard]] virtual const BareJid& owner() const = 0;
  [[nodiscard]] virtual const BlockList& blocked() const = 0;
  // The other side may learn whether the owner is available: a subscriber, or somebody it sent presence to directly.
  [[nodiscard]] virtual bool may_see_presence(const Jid& other) const = 0;

 protected:
  ~OwnerRules() = default;
};

struct Question {
  Action action;
  const Stanza& stanza;
  const Jid* other = nullptr;         // the other side's address; null: the server itself
  const OwnerRules* owner = nullptr;  // null: no account is concerned
};

struct PeerQuestion {
  Action action;
  std::string_view peer;              // the domain of the other side, prepared: with send_abroad that of the stanza's to
  const Stanza* stanza = nullptr;     // with send_abroad, receive_from_abroad and pass_on
  const Principal* sender = nullptr;  // with these three: who sends it; null: the server itself
};
struct PeerDecision {
  Decision decision;
  PeerRulePtr rule;   // that decided; null: there are none
  [[nodiscard]] bool is_granted() const { return decision.is_granted(); }
};

class Policy {
 public:
  Policy() = default;
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;

  [[nodiscard]] Decision decide(const Question& question) const;
  // Without rules nothing is granted.
  [[nodiscard]] PeerDecision decide(const PeerQuestion& question) const;

  // ---- the rules for other servers, from any thread
  // Null until they are set.
  [[nodiscard]] PeerRulesPtr peers() const { return std::atomic_load(&peers_); }
  // Replaces them at once. Then tells who holds links, on the caller's thread: those whose rule is another now
  // (*before->of(domain) != *after->of(domain)) ask again.
  void set_peers(PeerRulesPtr rules);
  using PeersObserver = std::function<void(const PeerRulesPtr& before, const PeerRulesPtr& after)>;
  // Before anything runs.
  void on_peers_changed(PeersObserver observer) { observer_ = std::move(observer); }

  // ---- directories' groups, for rules that name them; asked at each use, from any thread
  // Before anything runs.
  void set_groups(GroupLookup lookup) { groups_ = std::move(lookup); }

  // ---- the groups that see less of positions, from any thread; null: there are none
  void set_positions(PositionRulesPtr rules) { std::atomic_store(&positions_, std::move(rules)); }

 private:
  // Null: the recipient sees all.
  [[nodiscard]] PositionRulePtr positions_for(const Jid& recipient) const;

  PeerRulesPtr peers_;
  PositionRulesPtr positions_;
  GroupLookup groups_;
  PeersObserver observer_;
};

}  // namespace aldis::policy
