// The fields of a node's configuration, one entry each: what forms show and take and what the store keeps are made from this table.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "extensions/pubsub/node_config.h"
#include "xmpp/form.h"

namespace aldis::pubsub {

struct ConfigField {
  enum class Of : std::uint8_t { any, leaf, collection };
  std::string_view var;      // without "pubsub#"
  FieldType type;
  std::string_view label;
  Of of = Of::any;
  std::vector<std::string> (*values)(const NodeConfig&) = nullptr;
  // False: it is no such value. Addresses and booleans come as they were submitted.
  bool (*set)(NodeConfig&, const std::vector<std::string>&) = nullptr;
  std::vector<std::string_view> choices{};   // of lists
};

[[nodiscard]] std::span<const ConfigField> config_fields();
// Null: there is none. With or without "pubsub#".
[[nodiscard]] const ConfigField* find_config_field(std::string_view var);

}  // namespace aldis::pubsub
