// A configuration as text: as aldis.toml would say it, and what differs between two.
#pragma once
#include <string>
#include <vector>

#include "app/config.h"
#include "app/config_identity.h"

namespace aldis::app {

// What is not as its default, or all of it.
[[nodiscard]] std::string config_toml(const Config& config, const ConfigSchema& schema, bool is_whole);

struct ConfigDifference {
  std::string section;   // "[log]", "[[domain]] capulet.example", "[[domain]] capulet.example extension.mam"
  std::string option;    // empty: the whole section was added or removed
  std::string before;    // as aldis.toml writes it; empty with an empty option: it was not there
  std::string after;
  bool needs_restart = false;
};
// In the order of the schema; of all but [configuration], which says where they come from. Values with a secret are not shown.
[[nodiscard]] std::vector<ConfigDifference> differences(const Config& before, const Config& after, const ConfigSchema& schema);
[[nodiscard]] std::string to_text(const ConfigDifference& difference);   // one line

}  // namespace aldis::app
