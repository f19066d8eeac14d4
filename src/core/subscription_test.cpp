// The tables of RFC 6121 appendix A, as the RFC prints them: state, is it routed or delivered, new state.
#include "core/subscription.h"

#include <gtest/gtest.h>

namespace aldis {
namespace {

enum Name { none, none_out, none_in, none_out_in, to, to_in, from, from_out, both };

SubscriptionState state(Name name) {
  switch (name) {
    case none: return {};
    case none_out: return {.pending_out = true};
    case none_in: return {.pending_in = true};
    case none_out_in: return {.pending_out = true, .pending_in = true};
    case to: return {.subscription = Subscription::to};
    case to_in: return {.subscription = Subscription::to, .pending_in = true};
    case from: return {.subscription = Subscription::from};
    case from_out: return {.subscription = Subscription::from, .pending_out = true};
    case both: return {.subscription = Subscription::both};
  }
  return {};
}

struct Row {
  Name before;
  bool passes;
  Name after;
};
using Table = std::array<Row, 9>;

void check(const Table& table, SubscriptionStep (*step)(SubscriptionState, StanzaType), StanzaType verb) {
  for (const Row& row : table) {
    SubscriptionStep taken = step(state(row.before), verb);
    taken.next.approved = false;  // pre-approval (section 3.4) is not in these tables
    EXPECT_EQ(taken.passes, row.passes) << "state " << row.before;
    EXPECT_TRUE(taken.next == state(row.after)) << "state " << row.before;
  }
}

TEST(Subscription, OutboundSubscribe) {  // A.2.1
  check({{{none, true, none_out}, {none_out, true, none_out}, {none_in, true, none_out_in}, {none_out_in, true, none_out_in},
          {to, true, to}, {to_in, true, to_in}, {from, true, from_out}, {from_out, true, from_out}, {both, true, both}}},
        outbound, StanzaType::subscribe);
}

TEST(Subscription, OutboundUnsubscribe) {  // A.2.2
  check({{{none, true, none}, {none_out, true, none}, {none_in, true, none_in}, {none_out_in, true, none_in}, {to, true, none},
          {to_in, true, none_in}, {from, true, from}, {from_out, true, from}, {both, true, from}}},
        outbound, StanzaType::unsubscribe);
}

TEST(Subscription, OutboundSubscribed) {  // A.2.3
  check({{{none, false, none}, {none_out, false, none_out}, {none_in, true, from}, {none_out_in, true, from_out},
          {to, false, to}, {to_in, true, both}, {from, false, from}, {from_out, false, from_out}, {both, false, both}}},
        outbound, StanzaType::subscribed);
}

TEST(Subscription, OutboundUnsubscribed) {  // A.2.4
  check({{{none, false, none}, {none_out, false, none_out}, {none_in, true, none}, {none_out_in, true, none_out},
          {to, false, to}, {to_in, true, to}, {from, true, none}, {from_out, true, none_out}, {both, true, to}}},
        outbound, StanzaType::unsubscribed);
}

TEST(Subscription, InboundSubscribe) {  // A.3.1
  check({{{none, true, none_in}, {none_out, true, none_out_in}, {none_in, false, none_in}, {none_out_in, false, none_out_in},
          {to, true, to_in}, {to_in, false, to_in}, {from, false, from}, {from_out, false, from_out}, {both, false, both}}},
        inbound, StanzaType::subscribe);
  EXPECT_TRUE(inbound(state(from), StanzaType::subscribe).answer_subscribed);
  EXPECT_FALSE(inbound(state(none), StanzaType::subscribe).answer_subscribed);
}

TEST(Subscription, InboundUnsubscribe) {  // A.3.2
  check({{{none, false, none}, {none_out, false, none_out}, {none_in, true, none}, {none_out_in, true, none_out},
          {to, false, to}, {to_in, true, to}, {from, true, none}, {from_out, true, none_out}, {both, true, to}}},
        inbound, StanzaType::unsubscribe);
}

TEST(Subscription, InboundSubscribed) {  // A.3.3
  check({{{none, false, none}, {none_out, true, to}, {none_in, false, none_in}, {none_out_in, true, to_in}, {to, false, to},
          {to_in, false, to_in}, {from, false, from}, {from_out, true, both}, {both, false, both}}},
        inbound, StanzaType::subscribed);
}

TEST(Subscription, InboundUnsubscribed) {  // A.3.4
  check({{{none, false, none}, {none_out, true, none}, {none_in, false, none_in}, {none_out_in, true, none_in},
          {to, true, none}, {to_in, true, none_in}, {from, false, from}, {from_out, true, from}, {both, true, from}}},
        inbound, StanzaType::unsubscribed);
}

TEST(Subscription, PreApprovalAnswersTheRequestThatComesLater) {  // section 3.4.2
  const SubscriptionStep given = outbound(state(none), StanzaType::subscribed);
  EXPECT_FALSE(given.passes);
  EXPECT_TRUE(given.next.approved);
  const SubscriptionStep met = inbound(given.next, StanzaType::subscribe);
  EXPECT_FALSE(met.passes);
  EXPECT_TRUE(met.answer_subscribed);
  EXPECT_EQ(met.next.subscription, Subscription::from);
  EXPECT_FALSE(outbound(given.next, StanzaType::unsubscribed).next.approved);  // section 3.4.3
}

}  // namespace
}  // namespace aldis
