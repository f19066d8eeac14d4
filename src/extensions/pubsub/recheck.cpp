// What somebody may not have any more he is not subscribed to any more: XEP-0163 section 7.1, when his presence subscription or his place in the
// owner's roster changes. Until then nothing has leaked: each notification asks anew (may_receive).
#include "base/log.h"
#include "extensions/pubsub/personal.h"
#include "extensions/pubsub/service.h"

namespace aldis::pubsub {

void recheck_subscriptions(Home& here, const BareJid& service, BareJid who) {
  at_service(
      here, service, {}, [who = std::move(who)](Service& there) { there.recheck(who); }, [] {});
}

void Service::recheck(BareJid who) { spawn(recheck_task(Pin(*this), std::move(who))); }

Task<void> Service::recheck_task(Pin self, BareJid who) {
  const Result<std::vector<PubSubNodeSubscription>> all = co_await store().subscriptions_of(site_.jid, who);
  if (!all) {
    static_cast<void>(failure("subscriptions", all.error()));
    co_return;
  }
  std::vector<std::string> names;
  for (const PubSubNodeSubscription& each : *all) {
    if (names.empty() || names.back() != each.node) {
      names.push_back(each.node);
    }
  }
  for (const std::string& name : names) {
    const NodePtr node = co_await find(name);
    const Serial::Hold hold = co_await node->changes().enter();
    const Result<Asker, StanzaError> asker = co_await asker_of(who, nullptr);
    if (!node->exists() || !asker || !refusal(*node, Act::receive, *asker)) {
      continue;
    }
    std::vector<Subscription> ended;
    std::vector<PubSubSubscription> records;
    for (Subscription each : node->subscriptions_of_user(who.str())) {
      if (each.state == SubscriptionState::subscribed) {
        each.state = SubscriptionState::none;
        records.push_back(each.record());
        ended.push_back(std::move(each));
      }
    }
    if (ended.empty()) {
      continue;
    }
    const Result<void> saved = co_await store().save_subscriptions(site_.jid, name, std::move(records));
    if (!saved) {
      static_cast<void>(failure("subscriptions", saved.error()));
      continue;
    }
    for (const Subscription& each : ended) {
      node->put(each);
      tell_subscription(*node, each);
    }
    log::info("pubsub-subscriber-lost-access", {{"service", site_.jid.str()}, {"node", name}, {"jid", who.str()}});
  }
  outbox_.send();
}

}  // namespace aldis::pubsub
