// What somebody is to nodes (XEP-0060 1.30 sections 5.6 and 5.7), and the options of his subscriptions (sections 6.3 and 6.4).
#include <algorithm>

#include "extensions/pubsub/errors.h"
#include "extensions/pubsub/service.h"
#include "extensions/pubsub/subscription_xml.h"
#include "xmpp/timestamp.h"

namespace aldis::pubsub {

void write_subscription(xml::Writer& writer, std::string_view node, const Subscription& subscription) {
  writer.start("subscription");
  if (!node.empty()) {
    writer.attribute("node", node);
  }
  writer.attribute("jid", subscription.jid.str()).attribute("subid", subscription.subid).attribute("subscription", to_string(subscription.state));
  if (subscription.options.expires && subscription.state != SubscriptionState::none) {   // section 12.18
    writer.attribute("expiry", format_timestamp(*subscription.options.expires));
  }
  writer.end();
}

std::string subscription_answer(const Node& node, const Subscription& subscription, const std::optional<OptionsFrame>& frame) {
  std::string payload;
  xml::Writer writer(payload);
  writer.start("pubsub", ns::pubsub);
  write_subscription(writer, node.name(), subscription);
  if (frame) {   // section 6.3.8
    writer.start("options");
    options_form(subscription.options, *frame, FormType::result).write(writer);
    writer.end();
  }
  writer.end();
  return payload;
}

Result<Subscription, StanzaError> named_subscription(const Node& node, const Jid& jid, std::optional<std::string_view> subid) {
  const std::vector<Subscription>* all = node.subscriptions_of(jid.str());
  if (all == nullptr) {
    return fail(not_a_subscriber());
  }
  if (subid && !subid->empty()) {
    const auto found = std::ranges::find(*all, *subid, &Subscription::subid);
    if (found == all->end()) {
      return fail(invalid_subid());
    }
    return *found;
  }
  if (all->size() > 1) {
    return fail(subid_required());
  }
  return all->front();
}

// ---- of all nodes, or of one

Task<Reply> Service::own_subscriptions(Request request) {
  const BareJid who = request.asker.jid.bare();
  const WallTime now = wall();
  std::string payload;
  xml::Writer writer(payload);
  writer.start("pubsub", ns::pubsub).start("subscriptions");
  if (!request.node.empty()) {
    Result<NodePtr, Refusal> node = co_await find_for(request, Act::know);
    if (!node) {
      co_return fail(std::move(node.error()));
    }
    writer.attribute("node", request.node);
    for (const Subscription& each : (**node).subscriptions_of_user(who.str())) {
      if (!each.options.expires || *each.options.expires > now) {
        write_subscription(writer, request.node, each);
      }
    }
  } else {
    const Result<std::vector<PubSubNodeSubscription>> all = co_await store().subscriptions_of(site_.jid, who);
    if (!all) {
      co_return refuse(failure("subscriptions", all.error()));
    }
    for (const PubSubNodeSubscription& each : *all) {
      if (each.subscription.expires && *each.subscription.expires <= now) {
        continue;
      }
      Subscription one{.jid = each.subscription.jid, .subid = each.subscription.subid, .state = each.subscription.state};
      one.options.expires = each.subscription.expires;
      write_subscription(writer, each.node, one);
    }
  }
  writer.end().end();
  co_return payload;
}

Task<Reply> Service::own_affiliations(Request request) {
  const BareJid who = request.asker.jid.bare();
  std::string payload;
  xml::Writer writer(payload);
  writer.start("pubsub", ns::pubsub).start("affiliations");
  const auto write = [&](std::string_view node, Affiliation affiliation) {
    if (affiliation != Affiliation::none) {
      writer.start("affiliation").attribute("node", node).attribute("affiliation", to_string(affiliation)).end();
    }
  };
  if (!request.node.empty()) {
    const NodePtr node = co_await find(request.node);
    const bool is_outcast = node->exists() && node->affiliation_of(who.str()) == Affiliation::outcast;   // who is told so of all nodes
    if (std::optional<StanzaError> error = refusal(*node, Act::know, request.asker); error && !is_outcast) {
      co_return refuse(std::move(*error));
    }
    writer.attribute("node", request.node);
    write(request.node, node->affiliation_of(who.str()));
  } else {
    const Result<std::vector<PubSubNodeAffiliation>> all = co_await store().affiliations_of(site_.jid, who);
    if (!all) {
      co_return refuse(failure("affiliations", all.error()));
    }
    for (const PubSubNodeAffiliation& each : *all) {
      write(each.node, each.affiliation);
    }
  }
  writer.end().end();
  co_return payload;
}

// ---- options

namespace {

// Section 6.3.4: whose subscription it is about.
Result<Jid, StanzaError> subscriber_named(const Request& request) {
  const auto text = request.verb().attribute("jid");
  if (!text) {
    return fail(jid_required());
  }
  Result<Jid, JidError> jid = Jid::parse(*text);
  if (!jid) {
    return fail(invalid_jid());
  }
  if (jid->bare_str() != request.asker.jid.bare_str()) {
    return fail(forbidden());
  }
  return std::move(*jid);
}

StanzaError as_for_options(StanzaError error) {
  if (error.condition == StanzaCondition::unexpected_request) {   // as the example of section 6.3.4.2 has it
    error.type = ErrorType::modify;
  }
  return error;
}

}  // namespace

Task<Reply> Service::options(Request request) {
  const Result<Jid, StanzaError> jid = subscriber_named(request);
  Result<NodePtr, Refusal> node = co_await find_for(request, Act::know);
  if (!node) {
    co_return fail(std::move(node.error()));
  }
  if (!jid) {
    co_return refuse(jid.error());
  }
  const Result<Subscription, StanzaError> one = named_subscription(**node, *jid, request.verb().attribute("subid"));
  if (!one) {
    co_return refuse(as_for_options(one.error()));
  }
  std::string payload;
  xml::Writer writer(payload);
  writer.start("pubsub", ns::pubsub).start("options").attribute("node", request.node).attribute("jid", jid->str());
  if (request.verb().attribute("subid")) {
    writer.attribute("subid", one->subid);
  }
  options_form(one->options, options_frame(**node, *jid), FormType::form).write(writer);
  writer.end().end();
  co_return payload;
}

Task<Reply> Service::set_options(Request request) {
  const Result<Jid, StanzaError> jid = subscriber_named(request);
  Result<NodePtr, Refusal> found = co_await find_for(request, Act::know);
  if (!found) {
    co_return fail(std::move(found.error()));
  }
  if (!jid) {
    co_return refuse(jid.error());
  }
  const NodePtr node = *found;
  const Serial::Hold hold = co_await node->changes().enter();
  if (!node->exists()) {
    co_return refuse(no_such_node());
  }
  Result<Subscription, StanzaError> one = named_subscription(*node, *jid, request.verb().attribute("subid"));
  if (!one) {
    co_return refuse(as_for_options(one.error()));
  }
  const Result<std::optional<Form>, StanzaError> form = Form::parse_child_of(request.verb());
  if (!form || !*form) {
    co_return refuse(form ? invalid_options("a form of subscribe_options is missing") : form.error());
  }
  if ((**form).type == FormType::cancel) {
    co_return std::string();
  }
  Result<SubscribeOptions, StanzaError> options = options_from(one->options, **form, options_frame(*node, *jid));
  if (!options) {
    co_return refuse(options.error());
  }
  one->options = std::move(*options);
  std::vector<PubSubSubscription> records{one->record()};
  const Result<void> saved = co_await store().save_subscriptions(site_.jid, node->name(), std::move(records));
  if (!saved) {
    co_return refuse(failure("options", saved.error()));
  }
  node->put(*one);
  co_return std::string();
}

Task<Reply> Service::default_options(Request request) {
  OptionsFrame frame{.knows_presence = home_.world().find_host(request.asker.jid.domain()) != nullptr,
                     .now = wall(),
                     .longest_lease = site_.options->longest_lease};
  if (!request.node.empty()) {
    Result<NodePtr, Refusal> node = co_await find_for(request, Act::know);
    if (!node) {
      co_return fail(std::move(node.error()));
    }
    frame = options_frame(**node, request.asker.jid);
  }
  std::string payload;
  xml::Writer writer(payload);
  writer.start("pubsub", ns::pubsub).start("default");
  if (!request.node.empty()) {
    writer.attribute("node", request.node);
  }
  options_form({}, frame, FormType::result).write(writer);
  writer.end().end();
  co_return payload;
}

}  // namespace aldis::pubsub
