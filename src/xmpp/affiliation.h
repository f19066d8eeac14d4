// Affiliation: a long-lived association with a room (XEP-0045 1.35.1, section 5.2), and its words.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace aldis {

// From the fewest privileges to the most (section 5.2.1). Stored by number.
enum class Affiliation : std::uint8_t { outcast, none, member, admin, owner };

[[nodiscard]] constexpr std::string_view to_string(Affiliation affiliation) {
  switch (affiliation) {
    case Affiliation::outcast: return "outcast";
    case Affiliation::none: return "none";
    case Affiliation::member: return "member";
    case Affiliation::admin: return "admin";
    case Affiliation::owner: return "owner";
  }
  return "none";
}

[[nodiscard]] constexpr std::optional<Affiliation> parse_affiliation(std::string_view word) {
  for (const Affiliation each :
       {Affiliation::outcast, Affiliation::none, Affiliation::member, Affiliation::admin, Affiliation::owner}) {
    if (to_string(each) == word) {
      return each;
    }
  }
  return std::nullopt;
}

}  // namespace aldis
