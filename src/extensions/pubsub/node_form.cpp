// Forms about a node, made from the table of its fields.
#include "extensions/pubsub/node_form.h"

#include <algorithm>

#include "extensions/pubsub/config_fields.h"
#include "extensions/pubsub/errors.h"
#include "xmpp/timestamp.h"

namespace aldis::pubsub {
namespace {

constexpr std::size_t most_nodes_named = 1000;

bool fits(const ConfigField& field, bool is_collection) {
  return field.of == ConfigField::Of::any || (field.of == ConfigField::Of::collection) == is_collection;
}

// What a domain of nodes cannot know: it has no roster (section 4.5).
bool is_supported(AccessModel model, const Frame& frame) {
  return frame.is_personal || (model != AccessModel::presence && model != AccessModel::roster);
}

Field field_for(const ConfigField& rule, const NodeConfig& config, const Frame& frame, bool is_form) {
  Field field("pubsub#" + std::string(rule.var), rule.type, rule.values(config));
  if (!is_form) {
    return field;
  }
  field.label = std::string(rule.label);
  for (const std::string_view choice : rule.choices) {
    const auto model = rule.var == "access_model" ? parse_word<AccessModel>(choice) : std::nullopt;
    if (!model || is_supported(*model, frame)) {
      field.options.push_back({std::string(choice)});
    }
  }
  if (rule.var == "roster_groups_allowed") {
    for (const std::string& group : config.roster_groups_allowed) {
      field.options.push_back({group});
    }
  }
  return field;
}

Unexpected<StanzaError> not_acceptable(const Field& field, std::string_view why) {
  return fail(StanzaError(StanzaCondition::not_acceptable, "the field " + field.var + " " + std::string(why)));
}

std::vector<std::string> named_nodes(const Field& field) {
  std::vector<std::string> nodes;
  for (const std::string& value : field.values) {
    if (!value.empty() && std::ranges::find(nodes, value) == nodes.end()) {
      nodes.push_back(value);
    }
  }
  return nodes;
}

// The limits of the service, which a value that stood before may be above.
std::optional<std::string_view> exceeds(const ConfigField& rule, const NodeConfig& config, const PubSubOptions& options) {
  if (rule.var == "max_items" && (config.max_items == 0 || (config.max_items != as_many_as_allowed && config.max_items > options.items))) {
    return "is more than this service keeps, or nothing";
  }
  if (rule.var == "max_payload_size" && config.max_payload_size > options.item_bytes.count) {
    return "is more than this service takes";
  }
  if (rule.var == "children_max" && config.children_max != as_many_as_allowed && config.children_max > options.children) {
    return "is more than this service allows";
  }
  return std::nullopt;
}

}  // namespace

NodeConfig default_config(const Frame& frame) {
  NodeConfig config;
  if (frame.is_personal) {   // XEP-0163 section 3
    config.access_model = AccessModel::presence;
    config.send_last = SendLast::on_sub_and_presence;
    config.max_items = 1;
    return config;
  }
  switch (frame.options->default_access) {
    case DefaultAccess::open: break;
    case DefaultAccess::authorize: config.access_model = AccessModel::authorize; break;
    case DefaultAccess::whitelist: config.access_model = AccessModel::whitelist; break;
  }
  return config;
}

std::uint64_t items_kept(const NodeConfig& config, const PubSubOptions& options) {
  return std::min<std::uint64_t>(config.max_items, options.items);
}

std::uint64_t seconds_kept(const NodeConfig& config, const PubSubOptions& options) {
  const auto most = static_cast<std::uint64_t>(options.keep_items_for.count());
  const std::uint64_t wanted = config.item_expire == as_many_as_allowed ? 0 : config.item_expire;
  if (most == 0 || wanted == 0) {
    return std::max(most, wanted);
  }
  return std::min(most, wanted);
}

Form config_form(const NodeSettings& settings, const Frame& frame, FormType type) {
  const bool is_form = type == FormType::form;
  Form form(type, ns::pubsub_node_config);
  for (const ConfigField& rule : config_fields()) {
    if (!fits(rule, settings.is_collection)) {
      continue;
    }
    Field& field = form.fields.emplace_back(field_for(rule, settings.config, frame, is_form));
    if (rule.var == "max_payload_size" && field.values.empty()) {
      field.values = {std::to_string(frame.options->item_bytes.count)};
    }
  }
  Field node_type("pubsub#node_type", FieldType::list_single, {settings.is_collection ? "collection" : "leaf"}, "Whether the node is a leaf or a collection");
  if (is_form) {
    node_type.options = {{"leaf"}, {"collection"}};
  }
  form.fields.push_back(std::move(node_type));
  form.fields.emplace_back("pubsub#collection", FieldType::text_multi, settings.collections, "The collections of which this node is a child");
  if (settings.children) {
    form.fields.emplace_back("pubsub#children", FieldType::text_multi, *settings.children, "The nodes of which this node is a parent");
  }
  if (!is_form) {
    for (Field& field : form.fields) {
      field.label.clear();
    }
  }
  return form;
}

Result<NodeSettings, StanzaError> configured(const NodeSettings& standing, const Form& submitted, const Frame& frame) {
  NodeSettings settings = standing;
  settings.children.reset();
  if (const Field* field = submitted.field("pubsub#node_type")) {
    const std::string word = field->values.size() == 1 ? field->values.front() : std::string();
    if (word != "leaf" && word != "collection") {
      return not_acceptable(*field, "is no type of node");
    }
    if (word == "leaf" && standing.is_collection) {   // XEP-0248 section 7.2.3.4
      return fail(error_with(StanzaCondition::not_allowed, "invalid-options", "a collection does not become a leaf"));
    }
    settings.is_collection = word == "collection";
  }
  for (const Field& field : submitted.fields) {
    if (field.var == "FORM_TYPE" || field.var == "pubsub#node_type" || field.type == FieldType::fixed) {
      continue;
    }
    if (field.values.size() > most_nodes_named) {
      return not_acceptable(field, "has too many values");
    }
    if (field.var == "pubsub#collection") {
      settings.collections = named_nodes(field);
      continue;
    }
    if (field.var == "pubsub#children") {
      settings.children = named_nodes(field);
      if (!settings.is_collection && !settings.children->empty()) {   // XEP-0248 section 7.2.3.1
        return fail(error_with(StanzaCondition::not_allowed, "invalid-options", "a leaf has no children"));
      }
      continue;
    }
    const ConfigField* rule = field.var.starts_with("pubsub#") ? find_config_field(field.var) : nullptr;
    if (rule == nullptr) {
      return not_acceptable(field, "is unknown");
    }
    if (!rule->set(settings.config, field.values)) {
      return not_acceptable(field, rule->label.ends_with("not supported") ? "asks for what is not supported" : "has no such value");
    }
    if (const auto why = exceeds(*rule, settings.config, *frame.options)) {
      return not_acceptable(field, *why);
    }
  }
  if (!is_supported(settings.config.access_model, frame)) {   // section 8.1.2
    return fail(error_with(StanzaCondition::not_acceptable, "unsupported-access-model"));
  }
  return settings;
}

std::optional<StanzaError> unmet(const NodeSettings& standing, const Form& preconditions, const Frame& frame) {
  const auto refuse = [](std::string text) { return error_with(StanzaCondition::conflict, "precondition-not-met", std::move(text)); };
  for (const Field& field : preconditions.fields) {
    if (field.var == "FORM_TYPE") {
      continue;
    }
    Form one(FormType::submit);
    one.fields.push_back(field);
    Result<NodeSettings, StanzaError> wanted = configured(standing, one, frame);
    if (!wanted) {
      return refuse(wanted.error().text.empty() ? "the field " + field.var + " cannot be met" : wanted.error().text);
    }
    if (wanted->config != standing.config || wanted->is_collection != standing.is_collection || wanted->collections != standing.collections ||
        wanted->children) {
      return refuse("the field " + field.var + " is another");
    }
  }
  return std::nullopt;
}

Form metadata_form(const NodeSettings& settings, const NodeFacts& facts, const Frame& frame) {
  Form form(FormType::result, ns::pubsub_meta_data);
  const auto add = [&](std::string_view var, FieldType type, std::vector<std::string> values) {
    if (!values.empty()) {
      form.fields.emplace_back("pubsub#" + std::string(var), type, std::move(values));
    }
  };
  for (const std::string_view var : {"title", "description", "language", "type", "contact", "access_model"}) {
    const ConfigField& rule = *find_config_field(var);
    add(var, rule.type, rule.values(settings.config));
  }
  if (!settings.is_collection) {
    add("publish_model", FieldType::list_single, find_config_field("publish_model")->values(settings.config));
    add("max_items", FieldType::text_single, {std::to_string(items_kept(settings.config, *frame.options))});
  }
  add("creator", FieldType::jid_single, {facts.creator.str()});
  add("creation_date", FieldType::text_single, {format_timestamp(facts.created)});
  add("owner", FieldType::jid_multi, facts.owners);
  add("publisher", FieldType::jid_multi, facts.publishers);
  add("num_subscribers", FieldType::text_single, {std::to_string(facts.subscribers)});
  return form;
}

}  // namespace aldis::pubsub
