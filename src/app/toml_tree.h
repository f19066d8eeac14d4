// TOML to ConfigTree.
#pragma once
#include <string_view>

#include "app/config.h"
#include "app/config_tree.h"

namespace aldis::app {

// One problem at most: TOML says where it could not be read further.
[[nodiscard]] Result<ConfigTable, ConfigProblems> parse_toml(std::string_view text);

}  // namespace aldis::app
