// The one place where positions (XEP-0080) are withheld, made coarse or kept back: whatever makes a Granted for a client, and the router
// for what goes abroad, asks here when policy's Decision has a PositionRule. Then the stanza is given on in another form: each <geoloc/>,
// at whatever depth (an event, an answer with items, presence, a forwarded message), is the centre of a cell, or is not there, and the
// pubsub item that had it is not there either. What the recipient has sent itself it sees as it is. A position that cannot be read is
// withheld from those for whom there is a rule. docs/positions.md says what stays; ADR 0052 why.
#pragma once
#include <array>
#include <string>

#include "base/clock.h"
#include "policy/position_rules.h"
#include "xmpp/stanza.h"

namespace aldis {

// The forms made lately, by stanza and rule: a room's or a node's fan-out makes each once. Of one Home.
class PositionForms {
 public:
  explicit PositionForms(const Clock& clock) : clock_(clock) {}

  // Null: there would be nothing left to see (an event without items). An iq, presence, or a message with anything else, always is.
  // Positions younger than the rule's delay are withheld.
  [[nodiscard]] StanzaPtr of(const StanzaPtr& stanza, const policy::PositionRulePtr& rule, const BareJid& recipient);

  // How long it must wait until its positions are old enough; 0: not at all.
  [[nodiscard]] std::chrono::milliseconds wait(const Stanza& stanza, const policy::PositionRule& rule) const;

 private:
  struct Made {
    StanzaPtr from;     // kept, so that its bytes are no other's
    policy::PositionRulePtr rule;
    bool is_old_enough = false;
    StanzaPtr form;
  };
  const Clock& clock_;
  std::array<Made, 8> made_{};
  std::size_t next_ = 0;
};

// A notification (XEP-0060 section 7.1.2.1) and nothing else: it can come later without anybody waiting for it.
[[nodiscard]] bool is_pubsub_event(const Stanza& stanza);

}  // namespace aldis
