// What aldis.toml says about positions (XEP-0080) shown to some people here, or elsewhere: the [[location]] tables, as they are
// written. For another server as a whole its [[peer]] says the same (peer_options.h).
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/options.h"

namespace aldis::policy {

enum class Positions : std::uint8_t { shown, withheld };
constexpr auto option_names(Positions) {
  return std::array{OptionName{"shown", Positions::shown}, OptionName{"withheld", Positions::withheld}};
}

struct LocationOptions {
  std::string name;
  std::vector<std::string> users;
  std::vector<std::string> groups;
  std::vector<std::string> domains;
  Positions positions = Positions::shown;
  std::uint32_t position_grid = 0;
  std::chrono::seconds position_delay{0};
};

inline constexpr std::uint32_t largest_position_grid = 5000;
inline constexpr std::chrono::seconds longest_position_delay{30 * 86400};

inline constexpr auto location_options = std::tuple{
    Option{"name", &LocationOptions::name, Range{1, 64}, "How the log calls this group.", Reload::live},
    Option{"users", &LocationOptions::users, Range{0, 10'000}, "Addresses of those who are in it, \"juliet@example.org\", here or elsewhere.",
           Reload::live},
    Option{"groups", &LocationOptions::groups, Range{0, 1000},
           "Groups of directories, \"group@domain\", whose members are in it, as the directory has them now.", Reload::live},
    Option{"domains", &LocationOptions::domains, Range{0, 1000},
           "Domains, or \"*.example.org\", all of whose users are in it; also those served here. A table that names a user goes before one "
           "that names a group, and that before one that names the domain; of two of a kind the first counts, and nothing of the others.",
           Reload::live},
    Option{"positions", &LocationOptions::positions, "Whether they are shown positions of others (XEP-0080) at all.", Reload::live},
    Option{"position_grid", &LocationOptions::position_grid, Range{0U, largest_position_grid},
           "They are shown the centre of a cell of so many kilometres instead of a position, and nothing else of it but its time. 0: exactly.",
           Reload::live},
    Option{"position_delay", &LocationOptions::position_delay, Range{std::chrono::seconds(0), longest_position_delay},
           "They are shown positions when these are so old. 0: at once.", Reload::live}};

}  // namespace aldis::policy
