// RFC 6121 appendix A: nine states, four verbs, two directions. The tables are written as rules over the parts of a state;
// subscription_test.cpp holds them as the RFC prints them.
//
//   outbound:  subscribe    sets pending out unless "to" is there already     always routed
//              unsubscribe  clears "to" and pending out                       always routed
//              subscribed   pending in becomes "from"; without pending in it is a pre-approval, not routed
//              unsubscribed clears "from" and pending in; routed only if there was either
//   inbound:   subscribe    sets pending in unless it is there, or "from" is (then answered on the user's behalf)
//              unsubscribe  clears "from" and pending in; delivered only if there was either
//              subscribed   pending out becomes "to"; delivered only if it was pending
//              unsubscribed clears "to" and pending out; delivered only if there was either
#include "core/subscription.h"

#include "base/ensure.h"

namespace aldis {
namespace {

Subscription join(bool to, bool from) {
  if (to) {
    return from ? Subscription::both : Subscription::to;
  }
  return from ? Subscription::from : Subscription::none;
}

void set_to(SubscriptionState& state, bool to) { state.subscription = join(to, state.has_from()); }
void set_from(SubscriptionState& state, bool from) { state.subscription = join(state.has_to(), from); }

}  // namespace

SubscriptionStep outbound(SubscriptionState state, StanzaType verb) {
  SubscriptionStep step{.next = state};
  switch (verb) {
    case StanzaType::subscribe:
      step.next.pending_out = !state.has_to();
      step.passes = true;
      return step;
    case StanzaType::unsubscribe:
      set_to(step.next, false);
      step.next.pending_out = false;
      step.passes = true;
      return step;
    case StanzaType::subscribed:
      if (state.pending_in) {
        set_from(step.next, true);
        step.next.pending_in = false;
        step.passes = true;
      } else if (!state.has_from()) {
        step.next.approved = true;  // section 3.4.2
      }
      return step;
    case StanzaType::unsubscribed:
      step.passes = state.has_from() || state.pending_in;
      set_from(step.next, false);
      step.next.pending_in = false;
      step.next.approved = false;  // section 3.4.3
      return step;
    default: ensure(false, "a subscription verb"); return step;
  }
}

SubscriptionStep inbound(SubscriptionState state, StanzaType verb) {
  SubscriptionStep step{.next = state};
  switch (verb) {
    case StanzaType::subscribe:
      if (state.has_from()) {
        step.answer_subscribed = true;
      } else if (state.approved) {
        set_from(step.next, true);
        step.next.pending_in = false;
        step.answer_subscribed = true;
      } else if (!state.pending_in) {
        step.next.pending_in = true;
        step.passes = true;
      }
      return step;
    case StanzaType::unsubscribe:
      step.passes = state.has_from() || state.pending_in;
      step.answer_unsubscribed = state.has_from();
      set_from(step.next, false);
      step.next.pending_in = false;
      return step;
    case StanzaType::subscribed:
      if (state.pending_out) {
        set_to(step.next, true);
        step.next.pending_out = false;
        step.passes = true;
      }
      return step;
    case StanzaType::unsubscribed:
      step.passes = state.has_to() || state.pending_out;
      set_to(step.next, false);
      step.next.pending_out = false;
      return step;
    default: ensure(false, "a subscription verb"); return step;
  }
}

}  // namespace aldis
