// Role: what an occupant may do in a room during a visit (XEP-0045 1.35.5, section 5.1), and its words.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace aldis::muc {

// From the fewest privileges to the most.
enum class Role : std::uint8_t { none, visitor, participant, moderator };

[[nodiscard]] constexpr std::string_view to_string(Role role) {
  switch (role) {
    case Role::none: return "none";
    case Role::visitor: return "visitor";
    case Role::participant: return "participant";
    case Role::moderator: return "moderator";
  }
  return "none";
}

[[nodiscard]] constexpr std::optional<Role> parse_role(std::string_view word) {
  for (const Role each : {Role::none, Role::visitor, Role::participant, Role::moderator}) {
    if (to_string(each) == word) {
      return each;
    }
  }
  return std::nullopt;
}

// Some of the three roles of those who are in a room.
class Roles {
 public:
  constexpr Roles() = default;
  [[nodiscard]] static constexpr Roles all() { return Roles().with(Role::visitor).with(Role::participant).with(Role::moderator); }
  [[nodiscard]] constexpr Roles with(Role role) const {
    Roles more = *this;
    more.bits_ |= static_cast<std::uint8_t>(1U << static_cast<unsigned>(role));
    return more;
  }
  [[nodiscard]] constexpr bool contains(Role role) const { return (bits_ & (1U << static_cast<unsigned>(role))) != 0; }
  friend constexpr bool operator==(Roles, Roles) = default;

 private:
  std::uint8_t bits_ = 0;
};

}  // namespace aldis::muc
