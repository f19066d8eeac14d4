// Looking things up in a tree.
#include "app/config_tree.h"

#include <algorithm>

namespace aldis::app {

const ConfigKey* ConfigTable::find(std::string_view name) const {
  const auto found = std::ranges::find(keys, name, &ConfigKey::name);
  return found == keys.end() ? nullptr : &*found;
}

const ConfigTables* ConfigNode::tables() const {
  static const ConfigTables none;
  if (const auto* option = std::get_if<OptionValue>(&value)) {
    const auto* list = std::get_if<std::vector<std::string>>(option);
    return list != nullptr && list->empty() ? &none : nullptr;
  }
  return std::get_if<ConfigTables>(&value);
}

}  // namespace aldis::app
