// The table of configuration fields (XEP-0060 1.30 section 16.4.4, XEP-0248 0.5.0 section 9.2), and a configuration as the store keeps it.
#include "extensions/pubsub/config_fields.h"

#include <algorithm>

#include "xmpp/number.h"

namespace aldis::pubsub {
namespace {

using Values = std::vector<std::string>;
constexpr std::size_t longest_text = 4096;
constexpr std::size_t most_values = 200;

template <auto Member>
Values text_of(const NodeConfig& config) {
  return (config.*Member).empty() ? Values{} : Values{config.*Member};
}
template <auto Member>
bool set_text(NodeConfig& config, const Values& values) {
  if (values.size() > 1 || (!values.empty() && values.front().size() > longest_text)) {
    return false;
  }
  config.*Member = values.empty() ? std::string() : values.front();
  return true;
}

template <auto Member>
Values flag_of(const NodeConfig& config) {
  return {config.*Member ? "1" : "0"};
}
template <auto Member>
bool set_flag(NodeConfig& config, const Values& values) {
  const std::optional<bool> value = values.size() == 1 ? parse_boolean(values.front()) : std::nullopt;
  config.*Member = value.value_or(config.*Member);
  return value.has_value();
}
// What the service does not do: it may be told so.
bool set_off(NodeConfig&, const Values& values) { return values.size() == 1 && parse_boolean(values.front()) == false; }
Values off(const NodeConfig&) { return {"0"}; }

// XEP-0060 section 13.2: an integer or "max".
template <auto Member>
Values amount_of(const NodeConfig& config) {
  return {config.*Member == as_many_as_allowed ? "max" : std::to_string(config.*Member)};
}
template <auto Member>
bool set_amount(NodeConfig& config, const Values& values) {
  if (values.size() != 1) {
    return false;
  }
  if (values.front() == "max") {
    config.*Member = as_many_as_allowed;
    return true;
  }
  const auto number = parse_number<std::uint64_t>(values.front(), 0, 1'000'000'000'000ULL);
  config.*Member = number.value_or(config.*Member);
  return number.has_value();
}
bool set_payload_size(NodeConfig& config, const Values& values) {
  return values.empty() || (values.front() != "max" && set_amount<&NodeConfig::max_payload_size>(config, values));
}
Values payload_size(const NodeConfig& config) {
  return config.max_payload_size == 0 ? Values{} : Values{std::to_string(config.max_payload_size)};
}
bool set_expiry(NodeConfig& config, const Values& values) {
  if (!set_amount<&NodeConfig::item_expire>(config, values)) {
    return false;
  }
  if (config.item_expire == 0) {   // as clients say "never"
    config.item_expire = as_many_as_allowed;
  }
  return true;
}

template <auto Member>
Values jids_of(const NodeConfig& config) {
  Values values;
  for (const BareJid& jid : config.*Member) {
    values.push_back(jid.str());
  }
  return values;
}
template <auto Member>
bool set_jids(NodeConfig& config, const Values& values) {
  std::vector<BareJid> jids;
  for (const std::string& value : values) {
    const auto jid = BareJid::parse(value);
    if (!jid || values.size() > most_values) {
      return false;
    }
    if (std::ranges::find(jids, *jid) == jids.end()) {
      jids.push_back(*jid);
    }
  }
  config.*Member = std::move(jids);
  return true;
}

template <auto Member>
Values word_of(const NodeConfig& config) {
  return {std::string(to_string(config.*Member))};
}
template <auto Member>
bool set_word(NodeConfig& config, const Values& values) {
  using Word = std::remove_reference_t<decltype(config.*Member)>;
  const auto word = values.size() == 1 ? parse_word<Word>(values.front()) : std::nullopt;
  config.*Member = word.value_or(config.*Member);
  return word.has_value();
}

Values groups_of(const NodeConfig& config) { return config.roster_groups_allowed; }
bool set_groups(NodeConfig& config, const Values& values) {
  if (values.size() > most_values || std::ranges::any_of(values, [](const std::string& each) { return each.size() > longest_text; })) {
    return false;
  }
  config.roster_groups_allowed = values;
  std::erase(config.roster_groups_allowed, "");
  return true;
}

Values notification_type(const NodeConfig& config) { return {config.is_headline ? "headline" : "normal"}; }
bool set_notification_type(NodeConfig& config, const Values& values) {
  if (values.size() != 1 || (values.front() != "headline" && values.front() != "normal")) {
    return false;
  }
  config.is_headline = values.front() == "headline";
  return true;
}

using enum FieldType;
constexpr auto any = ConfigField::Of::any;
constexpr auto leaf = ConfigField::Of::leaf;
constexpr auto collection = ConfigField::Of::collection;
using C = NodeConfig;

template <auto Member>
ConfigField text(std::string_view var, std::string_view label) {
  return {var, text_single, label, any, text_of<Member>, set_text<Member>};
}
template <auto Member>
ConfigField flag(std::string_view var, std::string_view label, ConfigField::Of of = any) {
  return {var, boolean, label, of, flag_of<Member>, set_flag<Member>};
}
template <auto Member>
ConfigField word(std::string_view var, std::string_view label, ConfigField::Of of, std::vector<std::string_view> choices) {
  return {var, list_single, label, of, word_of<Member>, set_word<Member>, std::move(choices)};
}

}  // namespace

std::span<const ConfigField> config_fields() {
  static const std::vector<ConfigField> table{
      text<&C::title>("title", "A friendly name for the node"),
      text<&C::description>("description", "A description of the node"),
      text<&C::language>("language", "The default language of the node"),
      text<&C::type>("type", "The namespace of the payloads"),
      {"contact", jid_multi, "The JIDs of those to contact with questions", any, jids_of<&C::contacts>, set_jids<&C::contacts>},
      word<&C::access_model>("access_model", "Who may subscribe and retrieve items", any, {"open", "presence", "roster", "authorize", "whitelist"}),
      {"roster_groups_allowed", list_multi, "The roster group(s) allowed to subscribe and retrieve items", any, groups_of, set_groups},
      word<&C::publish_model>("publish_model", "Who may publish", leaf, {"publishers", "subscribers", "open"}),
      flag<&C::subscribe>("subscribe", "Whether to allow subscriptions"),
      flag<&C::deliver_notifications>("deliver_notifications", "Whether to deliver event notifications"),
      flag<&C::deliver_payloads>("deliver_payloads", "Whether to deliver payloads with event notifications", leaf),
      flag<&C::persist_items>("persist_items", "Whether to persist items to storage", leaf),
      {"max_items", text_single, "The maximum number of items to persist, or max", leaf, amount_of<&C::max_items>, set_amount<&C::max_items>},
      {"item_expire", text_single, "Number of seconds after which to purge items, or max", leaf, amount_of<&C::item_expire>, set_expiry},
      {"max_payload_size", text_single, "The maximum payload size in bytes", leaf, payload_size, set_payload_size},
      word<&C::node_full>("publish_node_full", "What happens when an item is published on a full node", leaf,
                          {"retract-oldest", "discard-oldest", "reject"}),
      word<&C::send_last>("send_last_published_item", "When to send the last published item", leaf, {"never", "on_sub", "on_sub_and_presence"}),
      {"notification_type", list_single, "The type of the messages that carry notifications", any, notification_type, set_notification_type,
       {"normal", "headline"}},
      flag<&C::presence_based_delivery>("presence_based_delivery", "Whether to deliver notifications to available users only"),
      flag<&C::notify_config>("notify_config", "Whether to notify subscribers when the node configuration changes"),
      flag<&C::notify_delete>("notify_delete", "Whether to notify subscribers when the node is deleted"),
      flag<&C::notify_retract>("notify_retract", "Whether to notify subscribers when items are removed from the node", leaf),
      flag<&C::notify_sub>("notify_sub", "Whether to notify owners about new subscribers and unsubscribes"),
      word<&C::item_reply>("itemreply", "Whose address goes with each item", leaf, {"none", "owner", "publisher"}),
      text<&C::body_xslt>("body_xslt", "The URL of a transformation of payloads into message bodies, for clients"),
      text<&C::dataform_xslt>("dataform_xslt", "The URL of a transformation of payloads into data forms, for clients"),
      {"purge_offline", boolean, "Whether to purge all items when the publisher goes offline: not supported", leaf, off, set_off},
      {"tempsub", boolean, "Whether to make all subscriptions temporary: not supported", any, off, set_off},
      word<&C::children_association_policy>("children_association_policy", "Who may associate nodes with this collection", collection,
                                            {"owners", "all", "whitelist"}),
      {"children_association_whitelist", jid_multi, "Who may associate nodes, with the policy whitelist", collection,
       jids_of<&C::children_association_whitelist>, set_jids<&C::children_association_whitelist>},
      {"children_max", text_single, "The maximum number of children, or max", collection, amount_of<&C::children_max>, set_amount<&C::children_max>},
  };
  return table;
}

const ConfigField* find_config_field(std::string_view var) {
  if (var.starts_with("pubsub#")) {
    var.remove_prefix(7);
  }
  const auto table = config_fields();
  const auto found = std::ranges::find(table, var, &ConfigField::var);
  return found == table.end() ? nullptr : &*found;
}

// ---- as the store keeps it

std::string to_text(const NodeConfig& config) {
  static const NodeConfig usual;
  std::string text;
  for (const ConfigField& field : config_fields()) {
    const Values values = field.values(config);
    if (values == field.values(usual)) {
      continue;
    }
    if (values.empty()) {   // which is not what it is when nothing is said
      text.append(field.var).append("\n");
    }
    for (const std::string& value : values) {
      text.append(field.var).append("=");
      for (const char c : value) {
        if (c == '\n' || c == '\\') {
          text.append(c == '\n' ? "\\n" : "\\\\");
        } else {
          text.push_back(c);
        }
      }
      text.push_back('\n');
    }
  }
  return text;
}

std::optional<NodeConfig> node_config_from(std::string_view text) {
  NodeConfig config;
  const ConfigField* field = nullptr;
  Values values;
  const auto take = [&] { return field == nullptr || field->set(config, std::exchange(values, {})); };
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) {
      return std::nullopt;
    }
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    const std::size_t equals = line.find('=');
    const ConfigField* named = find_config_field(line.substr(0, equals));
    if (named == nullptr || (named != field && !take())) {
      return std::nullopt;
    }
    field = named;
    if (equals == std::string_view::npos) {
      continue;
    }
    std::string& value = values.emplace_back();
    for (std::size_t i = equals + 1; i < line.size(); ++i) {
      if (line[i] == '\\' && i + 1 < line.size()) {
        value.push_back(line[++i] == 'n' ? '\n' : line[i]);
      } else {
        value.push_back(line[i]);
      }
    }
  }
  return take() ? std::optional(config) : std::nullopt;
}

}  // namespace aldis::pubsub
