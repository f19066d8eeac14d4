// What an IP address is for (the registries of RFC 6890): a domain's DNS may not send us to our own loopback or network unless
// the operator allows it (security D06). An IPv6 address that carries an IPv4 one (NAT64, 6to4) is what that one is.
#pragma once
#include <cstdint>
#include <string_view>

#include "net/peer_address.h"

namespace aldis::net {

enum class AddressKind : std::uint8_t {
  global,
  loopback,
  link_local,
  private_network,   // RFC 1918, RFC 6598, RFC 4193, site-local
  multicast,
  unspecified,       // 0.0.0.0/8, ::, which the kernel takes for ourselves
  reserved,          // 240.0.0.0/4, broadcast, protocol assignments, IPv4-compatible IPv6
};
[[nodiscard]] std::string_view to_string(AddressKind kind);
[[nodiscard]] AddressKind kind_of(const PeerAddress& address);

// What names of strangers may lead to. Multicast, unspecified and reserved addresses never.
struct AddressFilter {
  bool loopback = false;
  bool link_local = false;
  bool private_network = false;
  [[nodiscard]] bool allows(const PeerAddress& address) const;
};

}  // namespace aldis::net
