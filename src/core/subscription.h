// The subscription state machine of RFC 6121 appendix A, as pure functions. A state is what one side knows: the
// subscription, whether its own request is unanswered (pending out), whether the other's request is unanswered (pending
// in), and a pre-approval (section 3.4).
#pragma once
#include <cstdint>

#include "storage/roster_store.h"
#include "xmpp/stanza.h"

namespace aldis {

struct SubscriptionState {
  Subscription subscription = Subscription::none;
  bool pending_out = false;
  bool pending_in = false;
  bool approved = false;
  friend bool operator==(const SubscriptionState&, const SubscriptionState&) = default;

  [[nodiscard]] bool has_to() const { return subscription == Subscription::to || subscription == Subscription::both; }
  [[nodiscard]] bool has_from() const { return subscription == Subscription::from || subscription == Subscription::both; }
};

struct SubscriptionStep {
  SubscriptionState next;
  bool passes = false;          // outbound: routed to the contact; inbound: delivered to the user's clients
  bool answer_subscribed = false;    // inbound subscribe that is answered on the user's behalf (sections 3.1.3, 3.4.2)
  bool answer_unsubscribed = false;  // inbound unsubscribe (section 3.3.3)
};

// `verb` is subscribe, subscribed, unsubscribe or unsubscribed.
[[nodiscard]] SubscriptionStep outbound(SubscriptionState state, StanzaType verb);  // appendix A.2
[[nodiscard]] SubscriptionStep inbound(SubscriptionState state, StanzaType verb);   // appendix A.3

}  // namespace aldis
