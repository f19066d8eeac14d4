// The one question: may this pass? Policy::decide answers it with a Decision and its reason. What leaves the server for
// anybody carries a granted Decision (core/envelope.h), and nobody but Policy can make one. Today's rules: block lists and
// who may see an account's presence. Security labels and peer rules are further answers to the same question.
#pragma once
#include <cstdint>
#include <string_view>

#include "auth/principal.h"
#include "policy/block_list.h"
#include "xmpp/jid.h"
#include "xmpp/stanza.h"

namespace aldis::policy {

enum class Action : std::uint8_t {
  send,     // the owner of `rules` sends the stanza away
  deliver,  // the stanza reaches the owner of `rules`
  answer,   // the server answers for itself
};

enum class Reason : std::uint8_t {
  no_rule_against,  // granted
  from_ourselves,   // granted: the server's own words, an account to its own sessions
  blocked,          // the owner's block list names the other side (XEP-0191)
  forged_push,      // what only the server itself sends to its clients (security P05)
  not_subscribed,   // the sender may not learn whether the owner is available (RFC 6121 section 11, security L02)
};
[[nodiscard]] std::string_view to_string(Reason reason);

class Decision {
 public:
  [[nodiscard]] bool is_granted() const { return reason_ <= Reason::from_ourselves; }
  [[nodiscard]] Reason reason() const { return reason_; }

 private:
  friend class Policy;
  explicit Decision(Reason reason) : reason_(reason) {}
  Reason reason_;
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

class Policy {
 public:
  [[nodiscard]] Decision decide(const Question& question) const;
};

}  // namespace aldis::policy
