// Subscribing and unsubscribing (XEP-0060 1.30 sections 6.1 and 6.2). A second subscription of one address is made where its options are others
// than those that stand; asked for again it is the one that stands (section 6.1.6).
#include <algorithm>

#include "base/log.h"
#include "core/virtual_host.h"
#include "extensions/pubsub/errors.h"
#include "extensions/pubsub/service.h"
#include "extensions/pubsub/subscription_xml.h"

namespace aldis::pubsub {

OptionsFrame Service::options_frame(const Node& node, const Jid& subscriber) const {
  return {.is_collection = node.is_collection(),
          .has_body = node.config().type == ns::atom,
          .knows_presence = subscriber.has_local() && home_.world().find_host(subscriber.domain()) != nullptr,
          .now = wall(),
          .longest_lease = site_.options->longest_lease};
}

namespace {

StanzaError too_many_subscriptions() {
  return error_with(StanzaCondition::policy_violation, "too-many-subscriptions").with_type(ErrorType::wait);
}

// The form of an <options/> that goes with a <subscribe/>; nothing: there is none (section 6.3.8).
Result<std::optional<Form>, StanzaError> options_beside(const xml::Element& pubsub) {
  const auto options = pubsub.child({"options", ns::pubsub});
  if (!options) {
    return std::optional<Form>();
  }
  if (options->attribute("node") || options->attribute("jid")) {
    return fail(StanzaError(StanzaCondition::bad_request));
  }
  return Form::parse_child_of(*options);
}

}  // namespace

Task<Reply> Service::subscribe(Request request) {
  const auto text = request.verb().attribute("jid");
  if (!text) {
    co_return refuse(jid_required());
  }
  const Result<Jid, JidError> parsed = Jid::parse(*text);
  if (!parsed || parsed->bare_str() != request.asker.jid.bare_str()) {   // section 6.1.3.1
    co_return refuse(invalid_jid());
  }
  const Jid jid = *parsed;
  if (request.asker.is_anonymous) {   // section 6.1.3.6
    co_return refuse(forbidden().with_type(ErrorType::cancel));
  }
  const Result<std::optional<Form>, StanzaError> form = options_beside(request.payload());
  if (!form) {
    co_return refuse(form.error());
  }
  Result<NodePtr, Refusal> found = co_await find_for(request, Act::subscribe);
  if (!found) {
    co_return fail(std::move(found.error()));
  }
  const NodePtr node = *found;
  const Serial::Hold hold = co_await node->changes().enter();
  if (std::optional<StanzaError> error = refusal(*node, Act::subscribe, request.asker)) {
    co_return refuse(std::move(*error));
  }
  const OptionsFrame options_frame = this->options_frame(*node, jid);
  SubscribeOptions options;
  if (*form) {
    Result<SubscribeOptions, StanzaError> read = options_from(options, **form, options_frame);
    if (!read) {
      co_return refuse(read.error());
    }
    options = std::move(*read);
  }
  const WallTime now = wall();
  node->forget_lapsed(now);   // the store has no row of them, or will not for long
  std::vector<PubSubSubscription> records;
  if (const std::vector<Subscription>* own = node->subscriptions_of(jid.str())) {
    for (const Subscription& each : *own) {
      if (each.state == SubscriptionState::pending) {   // section 6.1.3.7
        co_return refuse(pending_subscription());
      }
      if (!*form || each.options == options) {
        co_return subscription_answer(*node, each, form->has_value() ? std::optional(options_frame) : std::nullopt);
      }
      if (node->is_collection() && each.options.type == options.type) {   // XEP-0248 section 6.1.3
        co_return refuse(StanzaError(StanzaCondition::conflict));
      }
    }
  }
  if (node->subscriptions_of_user(jid.bare_str()).size() >= site_.options->subscriptions_of_a_subscriber ||
      node->subscription_count() >= site_.options->subscriptions) {   // section 6.1.3.9
    co_return refuse(too_many_subscriptions());
  }
  const Standing standing = node->rules().standing_of(request.asker, now);
  const bool is_pending = needs_approval(node->rules().config(), standing) && (node->has_own_rules() || !standing.is_subscribed);
  const Subscription made{.jid = jid,
                          .subid = random_token(home_.world().random),
                          .state = is_pending ? SubscriptionState::pending : SubscriptionState::subscribed,
                          .options = options};
  records.push_back(made.record());
  const Result<void> saved = co_await store().save_subscriptions(site_.jid, node->name(), std::move(records));
  if (!saved) {
    co_return refuse(failure("subscribe", saved.error()));
  }
  node->put(made);
  if (is_pending) {
    ask_owners(*node, made);
  } else {
    if (node->config().notify_sub) {
      tell_owners_of_subscription(*node, made);
    }
    if (node->config().send_last != SendLast::never) {   // section 6.1.7
      co_await send_last_to(node, jid);
    }
  }
  co_return subscription_answer(*node, made, form->has_value() ? std::optional(options_frame) : std::nullopt);
}

Task<Reply> Service::unsubscribe(Request request) {
  const auto text = request.verb().attribute("jid");
  const Result<Jid, JidError> parsed = Jid::parse(text.value_or(""));
  if (!parsed) {
    co_return refuse(text ? invalid_jid() : jid_required());
  }
  const Jid jid = *parsed;
  if (jid.bare_str() != request.asker.jid.bare_str()) {   // section 6.2.3.3, whatever there is
    co_return refuse(forbidden());
  }
  const NodePtr node = co_await find(request.node);
  const Serial::Hold hold = co_await node->changes().enter();
  if (std::optional<StanzaError> error = refusal(*node, Act::know, request.asker); error && (is_personal() || !node->exists())) {
    co_return refuse(std::move(*error));
  }
  Result<Subscription, StanzaError> one = named_subscription(*node, jid, request.verb().attribute("subid"));
  if (!one) {
    co_return refuse(one.error());
  }
  one->state = SubscriptionState::none;
  std::vector<PubSubSubscription> records{one->record()};
  const Result<void> saved = co_await store().save_subscriptions(site_.jid, node->name(), std::move(records));
  if (!saved) {
    co_return refuse(failure("unsubscribe", saved.error()));
  }
  node->put(*one);
  if (node->config().notify_sub) {
    tell_owners_of_subscription(*node, *one);
  }
  co_return subscription_answer(*node, *one, std::nullopt);
}

}  // namespace aldis::pubsub
