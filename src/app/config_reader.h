// A tree, read and checked as a whole, whatever it was made of. It does not look at the world (files, ports, DNS): that is check.h.
#pragma once
#include "app/config.h"
#include "app/config_tree.h"

namespace aldis::app {

// All problems with their places, or the configuration, without path and folder.
[[nodiscard]] Result<Config, ConfigProblems> read_config(const ConfigTable& tree, const ConfigSchema& schema);

// The sections that say where the rest is: [server], [admin] and [configuration]. The configuration has no others.
[[nodiscard]] Result<Config, ConfigProblems> read_bootstrap(const ConfigTable& tree, const ConfigSchema& schema);

}  // namespace aldis::app
