// Subscription requests that wait for an owner (XEP-0060 1.30 sections 8.6 and 8.7): asked of all owners by message; the first answer decides. And
// subscribers who are not there any more (section 12.4).
#include <algorithm>

#include "base/log.h"
#include "extensions/pubsub/errors.h"
#include "extensions/pubsub/service.h"

namespace aldis::pubsub {

void Service::ask(const Node& node, const Subscription& pending, const std::vector<Jid>& owners) {
  Form form(FormType::form, ns::pubsub_subscribe_authorization);
  form.title = "PubSub subscriber request";
  form.instructions = {"To approve this entity's subscription request, allow it and submit the form. To deny the request, submit it as it is."};
  form.fields.emplace_back("pubsub#subid", FieldType::hidden, std::vector<std::string>{pending.subid});
  form.fields.emplace_back("pubsub#node", FieldType::text_single, std::vector<std::string>{node.name()}, "Node ID");
  form.fields.emplace_back("pubsub#subscriber_jid", FieldType::jid_single, std::vector<std::string>{pending.jid.str()}, "Subscriber Address");
  form.fields.emplace_back("pubsub#allow", FieldType::boolean, std::vector<std::string>{"false"}, "Allow this JID to subscribe to this pubsub node?");
  std::string text;
  xml::Writer writer(text);
  writer.start("message").attribute("from", site_.jid.str()).attribute("id", next_id(node.name()));
  form.write(writer);
  writer.end();
  outbox_.to_each({.stanza = Stanza::make(std::move(text))}, owners);
}

void Service::ask_owners(const Node& node, const Subscription& pending) {
  std::vector<Jid> owners;
  for (const std::string& each : node.rules().with(Affiliation::owner)) {
    if (const auto jid = Jid::parse(each)) {
      owners.push_back(*jid);
    }
  }
  ask(node, pending, owners);
}

Task<Result<void, StanzaError>> Service::ask_again(Jid owner, std::string name) {
  const Pin self(*this);
  const Result<Asker, StanzaError> asker = co_await asker_of(owner, nullptr);
  if (!asker) {
    co_return fail(asker.error());
  }
  const NodePtr node = co_await find(name);
  if (std::optional<StanzaError> error = refusal(*node, Act::manage, *asker)) {
    co_return fail(std::move(*error));
  }
  for (const auto& [address, all] : node->subscriptions()) {
    for (const Subscription& each : all) {
      if (each.state == SubscriptionState::pending) {
        ask(*node, each, {owner.bare()});
      }
    }
  }
  outbox_.send();
  co_return Result<void, StanzaError>{};
}

void Service::take_approval(Envelope envelope, std::string node, Form form) {
  spawn(decide(Pin(*this), std::move(envelope), std::move(node), std::move(form)));
}

Task<void> Service::decide(Pin self, Envelope envelope, std::string name, Form form) {
  const auto refuse = [&](const StanzaError& error) { home_.router().bounce(home_, envelope, error); };
  const Result<std::optional<Jid>, StanzaError> subscriber = form.jid("pubsub#subscriber_jid");
  const Result<std::optional<bool>, StanzaError> allow = form.boolean("pubsub#allow");
  if (!subscriber || !*subscriber || !allow || !*allow) {
    refuse(StanzaError(StanzaCondition::bad_request, "the answer names no subscriber, or says neither yes nor no"));
    co_return;
  }
  const Result<Asker, StanzaError> asker = co_await asker_of(*envelope.stanza->from(), envelope.sender);
  const NodePtr node = co_await find(name);
  const Serial::Hold hold = co_await node->changes().enter();
  std::optional<StanzaError> error = asker ? refusal(*node, Act::manage, *asker) : std::optional(asker.error());
  if (error) {
    refuse(*error);
    co_return;
  }
  const std::vector<Subscription>* all = node->subscriptions_of((**subscriber).str());
  const std::string subid(form.value("pubsub#subid").value_or(""));
  const auto found = all == nullptr ? std::vector<Subscription>::const_iterator()
                                    : std::ranges::find_if(*all, [&](const Subscription& each) {
                                        return each.state == SubscriptionState::pending && (subid.empty() || each.subid == subid);
                                      });
  if (all == nullptr || found == all->end()) {   // another owner has decided, or it was withdrawn
    co_return;
  }
  Subscription decided = *found;
  decided.state = **allow ? SubscriptionState::subscribed : SubscriptionState::none;
  std::vector<PubSubSubscription> records{decided.record()};
  const Result<void> saved = co_await store().save_subscriptions(site_.jid, node->name(), std::move(records));
  if (!saved) {
    refuse(failure("approval", saved.error()));
    co_return;
  }
  node->put(decided);
  log::info("audit-pubsub-subscription", {{"service", site_.jid.str()}, {"node", node->name()}, {"jid", decided.jid.str()},
                                          {"subscription", to_string(decided.state)}, {"by", std::string(asker->jid.bare_str())}});
  tell_subscription(*node, decided);
  if (**allow) {
    if (node->config().notify_sub) {
      tell_owners_of_subscription(*node, decided);
    }
    if (node->config().send_last != SendLast::never) {
      co_await send_last_to(node, decided.jid);
    }
  }
  outbox_.send();
}

void Service::take_bounce(Jid subscriber, std::string node) { spawn(drop_subscriber(Pin(*this), std::move(subscriber), std::move(node))); }

Task<void> Service::drop_subscriber(Pin self, Jid subscriber, std::string name) {
  const NodePtr node = co_await find(name);
  const Serial::Hold hold = co_await node->changes().enter();
  const std::vector<Subscription>* all = node->exists() ? node->subscriptions_of(subscriber.str()) : nullptr;
  if (all == nullptr) {
    co_return;
  }
  std::vector<Subscription> ended = *all;
  std::vector<PubSubSubscription> records;
  for (Subscription& each : ended) {
    each.state = SubscriptionState::none;
    records.push_back(each.record());
  }
  const Result<void> saved = co_await store().save_subscriptions(site_.jid, name, std::move(records));
  if (!saved) {
    static_cast<void>(failure("bounce", saved.error()));
    co_return;
  }
  for (const Subscription& each : ended) {
    node->put(each);
  }
  log::info("pubsub-subscriber-gone", {{"service", site_.jid.str()}, {"node", name}, {"jid", subscriber.str()}});
}

}  // namespace aldis::pubsub
