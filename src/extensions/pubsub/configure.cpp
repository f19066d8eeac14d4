// Configuring a node (XEP-0060 1.30 sections 8.2 and 8.3), and what follows from a change of it.
#include <algorithm>

#include "base/log.h"
#include "extensions/pubsub/errors.h"
#include "extensions/pubsub/service.h"

namespace aldis::pubsub {
namespace {

std::string form_payload(std::string_view element, std::string_view node, const Form& form) {
  std::string payload;
  xml::Writer writer(payload);
  writer.start("pubsub", ns::pubsub_owner).start(element);
  if (!node.empty()) {
    writer.attribute("node", node);
  }
  form.write(writer);
  writer.end().end();
  return payload;
}

}  // namespace

Task<Reply> Service::configuration(Request request) {
  Result<NodePtr, Refusal> node = co_await find_for(request, Act::configure);
  if (!node) {
    co_return fail(std::move(node.error()));
  }
  NodeSettings settings = (**node).settings();
  if (settings.is_collection) {
    Result<std::vector<std::string>> children = co_await children_of(request.node);
    if (!children) {
      co_return refuse(failure("children", children.error()));
    }
    settings.children = std::move(*children);
  }
  co_return form_payload("configure", request.node, config_form(settings, frame(), FormType::form));
}

Task<Reply> Service::default_configuration(Request request) {
  NodeSettings settings{.config = default_config(frame())};
  const std::string_view type = request.verb().attribute("type").value_or("leaf");
  if (type != "leaf" && type != "collection") {
    co_return refuse(StanzaCondition::bad_request);
  }
  settings.is_collection = type == "collection";
  if (settings.is_collection) {
    settings.children.emplace();
  }
  co_return form_payload("default", {}, config_form(settings, frame(), FormType::form));
}

Task<Reply> Service::configure(Request request) {
  Result<NodePtr, Refusal> found = co_await find_for(request, Act::configure);
  if (!found) {
    co_return fail(std::move(found.error()));
  }
  const Result<std::optional<Form>, StanzaError> form = Form::parse_child_of(request.verb());
  if (!form || !*form || ((**form).type != FormType::submit && (**form).type != FormType::cancel) ||
      (!(**form).form_type().empty() && (**form).form_type() != ns::pubsub_node_config)) {   // XEP-0068
    co_return refuse(form ? StanzaError(StanzaCondition::bad_request) : form.error());
  }
  if ((**form).type == FormType::cancel) {
    co_return std::string();
  }
  const NodePtr node = *found;
  std::optional<std::vector<std::string>> children;
  {
    const Serial::Hold hold = co_await node->changes().enter();
    if (std::optional<StanzaError> error = refusal(*node, Act::configure, request.asker)) {   // no longer
      co_return refuse(std::move(*error));
    }
    Result<NodeSettings, StanzaError> settings = configured(node->settings(), **form, frame());
    if (!settings) {
      co_return refuse(settings.error());
    }
    children = settings->children;
    Cause cause{request.asker.jid, request.envelope.sender, request.envelope.trace, request.envelope.acceptance};
    std::optional<StanzaError> error = co_await change_settings(node, std::move(*settings), std::move(cause));
    if (error) {
      co_return refuse(std::move(*error));
    }
  }
  if (children) {
    std::optional<StanzaError> error = co_await set_children(node, std::move(*children), request.asker.jid);
    if (error) {
      co_return refuse(std::move(*error));
    }
  }
  co_return std::string();
}

Task<std::optional<StanzaError>> Service::change_settings(NodePtr node, NodeSettings settings, Cause cause) {
  const NodeSettings before = node->settings();
  settings.children.reset();
  if (settings.is_collection == before.is_collection && settings.config == before.config && settings.collections == before.collections) {
    co_return std::nullopt;
  }
  if (settings.collections != before.collections || settings.is_collection != before.is_collection) {
    std::optional<StanzaError> closed = co_await may_associate(node, settings, cause.who);
    if (closed) {
      co_return closed;
    }
  }
  // Whoever may not be told any more is no subscriber any more: only the model of an account's contacts is looked at each time.
  std::vector<Subscription> ended;
  std::vector<PubSubSubscription> records;
  if (settings.config.access_model != before.config.access_model) {
    for (const auto& [jid, all] : node->subscriptions()) {
      const Standing who = node->standing_of(all.front().jid, wall());
      const bool is_asked_each_time = settings.config.access_model == AccessModel::presence || settings.config.access_model == AccessModel::roster;
      if (is_asked_each_time || !refuses(Act::receive, settings.config, who)) {
        continue;
      }
      for (Subscription each : all) {
        each.state = SubscriptionState::none;
        records.push_back(each.record());
        ended.push_back(std::move(each));
      }
    }
  }
  const Result<void> saved = co_await store().save(node->record(site_.jid, settings), {}, std::move(records));
  if (!saved) {
    co_return failure("configure", saved.error());
  }
  node->set_settings(settings);
  for (const Subscription& each : ended) {
    node->put(each);
    tell_subscription(*node, each);
  }
  log::info("audit-pubsub-node-configured",
            {{"service", site_.jid.str()}, {"node", node->name()}, {"by", std::string(cause.who.bare_str())},
             {"access", to_string(settings.config.access_model)}});
  const bool loses_items = settings.is_collection != before.is_collection || (before.config.persist_items && !settings.config.persist_items);
  if (loses_items) {   // XEP-0248 section 7.2.4
    const Result<void> purged = co_await store().purge(site_.jid, node->name());
    if (!purged) {
      co_return failure("purge", purged.error());
    }
    node->set_last(std::nullopt);
  } else if (!settings.is_collection && items_kept(settings.config, *site_.options) < items_kept(before.config, *site_.options)) {
    const auto trimmed = co_await store().trim(site_.jid, node->name(), items_kept(settings.config, *site_.options));
    if (!trimmed) {
      co_return failure("trim", trimmed.error());
    }
  }
  for (const std::string& collection : settings.collections) {
    if (std::ranges::find(before.collections, collection) == before.collections.end()) {
      tell_collection(*node, collection, "associate");
    }
  }
  for (const std::string& collection : before.collections) {
    if (std::ranges::find(settings.collections, collection) == settings.collections.end()) {
      tell_collection(*node, collection, "dissociate");
    }
  }
  if (settings.config.notify_config) {   // section 8.2.5.3
    std::string content;
    xml::Writer writer(content, ns::pubsub_event);
    writer.start("configuration").attribute("node", node->name());
    if (settings.config.deliver_payloads) {
      config_form(settings, frame(), FormType::result).write(writer);
    }
    writer.end();
    Event event{.content = std::move(content), .about = About::node, .sender = cause.sender, .trace = cause.trace, .acceptance = cause.acceptance};
    co_await notify(node, std::move(event));
  }
  co_return std::nullopt;
}

}  // namespace aldis::pubsub
