// The special address blocks.
#include "net/address_kind.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/ensure.h"

namespace aldis::net {
namespace {

using Bytes = std::span<const std::uint8_t>;

AddressKind kind_of_v4(Bytes ip) {
  const auto a = ip[0];
  const auto b = ip[1];
  if (a == 127) {
    return AddressKind::loopback;
  }
  if (a == 0) {
    return AddressKind::unspecified;  // RFC 1122 3.2.1.3: "this host on this network"
  }
  if (a == 169 && b == 254) {
    return AddressKind::link_local;
  }
  if (a == 10 || (a == 172 && (b & 0xF0U) == 16) || (a == 192 && b == 168) || (a == 100 && (b & 0xC0U) == 64)) {
    return AddressKind::private_network;
  }
  if ((a & 0xF0U) == 224) {
    return AddressKind::multicast;
  }
  return a >= 240 || (a == 192 && b == 0 && ip[2] == 0) ? AddressKind::reserved : AddressKind::global;
}

AddressKind kind_of_v6(Bytes ip) {
  const auto all_zero = [](Bytes part) { return std::ranges::all_of(part, [](std::uint8_t byte) { return byte == 0; }); };
  if (all_zero(ip.first(15))) {
    return ip[15] == 0 ? AddressKind::unspecified : ip[15] == 1 ? AddressKind::loopback : AddressKind::reserved;
  }
  if (all_zero(ip.first(12))) {
    return AddressKind::reserved;  // RFC 4291 2.5.5.1: IPv4-compatible, not used
  }
  constexpr std::array<std::uint8_t, 12> nat64{0, 0x64, 0xFF, 0x9B};  // RFC 6052 2.1
  if (std::ranges::equal(ip.first(12), nat64)) {
    return kind_of_v4(ip.subspan(12));
  }
  if (ip[0] == 0x20 && ip[1] == 0x02) {
    return kind_of_v4(ip.subspan(2, 4));  // RFC 3056
  }
  if (ip[0] == 0xFF) {
    return AddressKind::multicast;
  }
  if (ip[0] == 0xFE && (ip[1] & 0xC0U) == 0x80) {
    return AddressKind::link_local;
  }
  const bool is_local = (ip[0] & 0xFEU) == 0xFC || (ip[0] == 0xFE && (ip[1] & 0xC0U) == 0xC0);
  return is_local ? AddressKind::private_network : AddressKind::global;
}

}  // namespace

std::string_view to_string(AddressKind kind) {
  switch (kind) {
    case AddressKind::global: return "global";
    case AddressKind::loopback: return "loopback";
    case AddressKind::link_local: return "link-local";
    case AddressKind::private_network: return "private";
    case AddressKind::multicast: return "multicast";
    case AddressKind::unspecified: return "unspecified";
    case AddressKind::reserved: return "reserved";
  }
  ensure(false, "every kind of address has a name");
  return {};
}

AddressKind kind_of(const PeerAddress& address) {
  const Bytes ip(address.ip);
  return address.is_v4() ? kind_of_v4(ip.subspan(12)) : kind_of_v6(ip);
}

bool AddressFilter::allows(const PeerAddress& address) const {
  switch (kind_of(address)) {
    case AddressKind::global: return true;
    case AddressKind::loopback: return loopback;
    case AddressKind::link_local: return link_local;
    case AddressKind::private_network: return private_network;
    case AddressKind::multicast:
    case AddressKind::unspecified:
    case AddressKind::reserved: break;
  }
  return false;
}

}  // namespace aldis::net
