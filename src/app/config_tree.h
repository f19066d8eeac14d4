// ConfigTree: what a configuration says, whoever wrote it down: a file in TOML (toml_tree.h) or entries of a directory
// (directory_entries.h). Nothing is judged yet; everything has its place, to say later what is wrong with it.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/options.h"

namespace aldis::app {

// Where something was written.
struct ConfigPlace {
  std::uint32_t line = 0;     // of the file, from 1; 0: it is not one line's
  std::uint32_t column = 0;   // from 1, in characters
  std::string entry{};        // of a directory: its name, and the attribute; empty: it stands in the file
};

struct ConfigKey;

// Keys and what they hold, in the order in which they are read.
struct ConfigTable {
  ConfigPlace place;
  std::vector<ConfigKey> keys;
  [[nodiscard]] const ConfigKey* find(std::string_view name) const;
};
using ConfigTables = std::vector<ConfigTable>;

// What no option can be.
struct MixedList {
  ConfigPlace first;   // the first of it that is no string
};
struct DateOrTime {};

struct ConfigNode {
  ConfigPlace place;
  std::variant<OptionValue, ConfigTable, ConfigTables, MixedList, DateOrTime> value;
  [[nodiscard]] const ConfigTable* table() const { return std::get_if<ConfigTable>(&value); }
  // Sections written with two brackets; an empty list has none. Null: it is something else.
  [[nodiscard]] const ConfigTables* tables() const;
};

struct ConfigKey {
  std::string name;
  ConfigPlace place;
  ConfigNode node;
};

}  // namespace aldis::app
