// Network: "192.0.2.0/24", "2001:db8::/32", or one address. IPv4 as IPv4-mapped IPv6 (RFC 4291 section 2.5.5.2), the form in which
// net::PeerAddress holds it.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace aldis::policy {

struct Network {
  std::array<std::uint8_t, 16> address{};   // bits beyond the prefix are zero
  std::uint8_t prefix = 128;                // of the IPv6 form

  // Nothing when it is none, or has bits beyond its prefix: somebody meant another.
  [[nodiscard]] static std::optional<Network> parse(std::string_view text);
  [[nodiscard]] bool contains(const std::array<std::uint8_t, 16>& ip) const;

  friend bool operator==(const Network&, const Network&) = default;
};

}  // namespace aldis::policy
