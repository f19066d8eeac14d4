// What sections of a configuration say together, each kind a file: config_listeners.cpp, config_groups.cpp,
// config_rooms.cpp. They find what is wrong; config_reader.cpp knows where it stands.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"

namespace aldis::app {

struct SectionProblem {
  std::string section;    // "listener", of those that may be repeated
  std::size_t index = 0;  // which of them
  std::string option;     // empty: it is the section as a whole
  std::string text;       // with the section's name
};

[[nodiscard]] std::vector<SectionProblem> check_listeners(const Config& config, const tls::TlsChoice& choice);

// Whatever names a group.
[[nodiscard]] std::vector<SectionProblem> check_groups(const Config& config);
// Why nobody could be in the group that a text names; empty: somebody could. `own_domain`: of a name without one.
[[nodiscard]] std::string problem_of_group(const Config& config, const std::string& text, std::string_view own_domain);

// Addresses become as RFC 7622 prepares them.
[[nodiscard]] std::vector<SectionProblem> check_rooms(Config& config, const OptionTable& table);

// A name or value of a source as part of a message: on one line, short.
[[nodiscard]] std::string shown(std::string_view text);

}  // namespace aldis::app
