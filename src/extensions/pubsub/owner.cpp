// What owners do with a whole node (XEP-0060 1.30 sections 8.4 and 8.5), and with its subscriptions (section 8.8).
#include <algorithm>

#include "base/log.h"
#include "extensions/pubsub/errors.h"
#include "extensions/pubsub/linked_nodes.h"
#include "extensions/pubsub/service.h"

namespace aldis::pubsub {
namespace {

std::string element_with_node(std::string_view element, std::string_view node, std::string_view redirect = {}) {
  std::string content;
  xml::Writer writer(content, ns::pubsub_event);
  writer.start(element).attribute("node", node);
  if (!redirect.empty()) {
    writer.start("redirect").attribute("uri", redirect).end();
  }
  writer.end();
  return content;
}

constexpr std::size_t longest_uri = 2048;

}  // namespace

Task<Reply> Service::remove(Request request) {
  Result<NodePtr, Refusal> found = co_await find_for(request, Act::remove);
  if (!found) {
    co_return fail(std::move(found.error()));
  }
  std::string redirect;
  if (const auto element = request.verb().child({"redirect", ns::pubsub_owner})) {
    redirect = std::string(element->attribute("uri").value_or(""));
    if (redirect.empty() || redirect.size() > longest_uri) {
      co_return refuse(StanzaCondition::bad_request);
    }
  }
  const NodePtr node = *found;
  const Held held = co_await hold(node);
  if (std::optional<StanzaError> error = refusal(*node, Act::remove, request.asker)) {
    co_return refuse(std::move(*error));
  }
  Cause cause{request.asker.jid, request.envelope.sender, request.envelope.trace, request.envelope.acceptance};
  std::optional<StanzaError> error = co_await erase(node, std::move(cause), std::move(redirect));
  if (error) {
    co_return refuse(std::move(*error));
  }
  co_return std::string();
}

Task<std::optional<StanzaError>> Service::erase(NodePtr node, Cause cause, std::string redirect) {
  std::vector<std::string> children;
  if (node->is_collection()) {
    Result<std::vector<std::string>> in_it = co_await children_of(node->name());
    if (!in_it) {
      co_return failure("children", in_it.error());
    }
    children = std::move(*in_it);
  }
  std::optional<StanzaError> held_up = co_await is_emptied(node);
  if (held_up) {
    co_return held_up;
  }
  const Result<void> removed = co_await store().remove(site_.jid, node->name());
  if (!removed) {
    co_return failure("delete", removed.error());
  }
  log::info("audit-pubsub-node-deleted", {{"service", site_.jid.str()}, {"node", node->name()}, {"by", std::string(cause.who.bare_str())}});
  if (node->config().notify_delete) {
    Event event{.content = element_with_node("delete", node->name(), redirect), .about = About::node, .is_for_all = true,
                .sender = cause.sender, .trace = cause.trace, .acceptance = cause.acceptance};
    co_await notify(node, std::move(event));
  }
  for (const std::string& child : children) {   // XEP-0248 section 8.2: they stay
    at_service(
        home_, site_.jid, child, [child, parent = node->name()](Service& there) { spawn(there.forget_parent(Pin(there), child, parent)); }, [] {});
  }
  if (known_) {
    known_->erase(node->name());
  }
  node->set_absent();
  co_return std::nullopt;
}

Task<Reply> Service::purge(Request request) {
  Result<NodePtr, Refusal> found = co_await find_for(request, Act::purge);
  if (!found) {
    co_return fail(std::move(found.error()));
  }
  const NodePtr node = *found;
  const Held held = co_await hold(node);
  if (std::optional<StanzaError> error = refusal(*node, Act::purge, request.asker)) {
    co_return refuse(std::move(*error));
  }
  if (node->is_collection() || !node->config().persist_items) {   // section 8.5.3.3
    co_return refuse(unsupported("persistent-items"));
  }
  Cause cause{request.asker.jid, request.envelope.sender, request.envelope.trace, request.envelope.acceptance};
  std::vector<ItemsEdit> edits;
  edits.push_back({.node = node->name(), .is_purge = true});
  if (LinkedNodes* link = link_of(node->name())) {
    Result<std::vector<ItemsEdit>, StanzaError> others = co_await link->follow(*this, edits.front());
    if (!others) {
      co_return refuse(std::move(others.error()));
    }
    edits.insert(edits.end(), others->begin(), others->end());
  }
  const auto purged = co_await store_edits(edits);
  if (!purged) {
    co_return refuse(purged.error());
  }
  if (node->config().notify_retract) {
    Event event{.content = element_with_node("purge", node->name()), .has_subids = false, .sender = request.envelope.sender, .trace = request.envelope.trace,
                .acceptance = request.envelope.acceptance};
    co_await notify(node, std::move(event));
  }
  edits.erase(edits.begin());
  co_await tell_edits(std::move(edits), std::move(cause));
  if (node->has_own_rules()) {
    std::optional<StanzaError> rest = co_await is_emptied(node);   // what hung on the items; that it stays is logged
    static_cast<void>(rest);
  }
  co_return std::string();
}

// ---- subscriptions

Task<Reply> Service::list_subscriptions(Request request) {
  Result<NodePtr, Refusal> node = co_await find_for(request, Act::manage);
  if (!node) {
    co_return fail(std::move(node.error()));
  }
  std::string payload;
  xml::Writer writer(payload);
  writer.start("pubsub", ns::pubsub_owner).start("subscriptions").attribute("node", request.node);
  const WallTime now = wall();
  for (const auto& [jid, all] : (**node).subscriptions()) {
    for (const Subscription& each : all) {
      if (each.state != SubscriptionState::pending && (!each.options.expires || *each.options.expires > now)) {
        writer.start("subscription").attribute("jid", jid).attribute("subscription", to_string(each.state)).attribute("subid", each.subid).end();
      }
    }
  }
  writer.end().end();
  co_return payload;
}

Task<Reply> Service::change_subscriptions(Request request) {
  Result<NodePtr, Refusal> found = co_await find_for(request, Act::manage);
  if (!found) {
    co_return fail(std::move(found.error()));
  }
  const NodePtr node = *found;
  const Serial::Hold hold = co_await node->changes().enter();
  if (std::optional<StanzaError> error = refusal(*node, Act::manage, request.asker)) {
    co_return refuse(std::move(*error));
  }
  std::vector<Subscription> changes;
  std::string failed;
  xml::Writer failures(failed);
  failures.start("pubsub", ns::pubsub_owner).start("subscriptions").attribute("node", node->name());
  std::size_t count = 0;
  std::size_t failure_count = 0;
  std::size_t total = node->subscription_count();
  for (const xml::Element element : request.verb().children()) {
    if (!element.is({"subscription", ns::pubsub_owner})) {
      continue;
    }
    ++count;
    const Result<Jid, JidError> jid = Jid::parse(element.attribute("jid").value_or(""));
    const std::string subid(element.attribute("subid").value_or(""));
    const auto word = element.attribute("subscription");
    const auto state = word ? parse_word<SubscriptionState>(*word) : std::nullopt;
    const std::vector<Subscription>* standing = jid ? node->subscriptions_of(jid->str()) : nullptr;
    const Subscription* one = nullptr;
    if (standing != nullptr) {
      const auto named = std::ranges::find(*standing, subid, &Subscription::subid);
      one = named != standing->end() ? &*named : (subid.empty() && standing->size() == 1 ? &standing->front() : nullptr);
    }
    const bool is_repeated = jid && std::ranges::any_of(changes, [&](const Subscription& each) {
      return each.jid == *jid && (one == nullptr || each.subid == one->subid);
    });
    if (jid && !word) {   // "the value MUST NOT be changed"
      continue;
    }
    const bool is_new = one == nullptr && subid.empty() && standing == nullptr;
    const bool is_allowed = jid && state && !is_repeated && (*state == SubscriptionState::subscribed || *state == SubscriptionState::none) &&
                            (one != nullptr || (is_new && *state == SubscriptionState::subscribed && total < site_.options->subscriptions &&
                                                node->affiliation_of(jid->bare_str()) != Affiliation::outcast));
    if (!is_allowed) {   // section 8.8.2.4: with the state that stands
      ++failure_count;
      failures.start("subscription").attribute("jid", element.attribute("jid").value_or(""));
      failures.attribute("subscription", to_string(one != nullptr ? one->state : SubscriptionState::none));
      if (one != nullptr) {
        failures.attribute("subid", one->subid);
      }
      failures.end();
      continue;
    }
    Subscription change = one != nullptr ? *one : Subscription{.jid = *jid, .subid = random_token(home_.world().random)};
    if (one == nullptr) {
      ++total;
    }
    if (change.state != *state) {
      change.state = *state;
      changes.push_back(std::move(change));
    }
  }
  failures.end().end();
  if (count == 0) {
    co_return refuse(StanzaCondition::bad_request);
  }
  if (!changes.empty()) {
    std::vector<PubSubSubscription> records;
    for (const Subscription& each : changes) {
      records.push_back(each.record());
    }
    const Result<void> saved = co_await store().save_subscriptions(site_.jid, node->name(), std::move(records));
    if (!saved) {
      co_return refuse(failure("subscriptions", saved.error()));
    }
    for (const Subscription& each : changes) {
      node->put(each);
      tell_subscription(*node, each);
      log::info("audit-pubsub-subscription", {{"service", site_.jid.str()}, {"node", node->name()}, {"jid", each.jid.str()},
                                              {"subscription", to_string(each.state)}, {"by", std::string(request.asker.jid.bare_str())}});
    }
  }
  if (failure_count > 0) {
    co_return refuse(StanzaError(StanzaCondition::not_acceptable), std::move(failed));
  }
  co_return std::string();
}

}  // namespace aldis::pubsub
