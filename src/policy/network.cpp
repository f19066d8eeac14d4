// Reading and matching networks.
#include "policy/network.h"

#include <arpa/inet.h>

#include <charconv>
#include <string>

namespace aldis::policy {
namespace {

constexpr std::uint8_t v4_prefix = 96;

std::uint8_t mask_of(std::uint8_t prefix, std::size_t byte) {
  const int bits = static_cast<int>(prefix) - static_cast<int>(byte) * 8;
  return bits >= 8 ? 0xff : bits <= 0 ? 0 : static_cast<std::uint8_t>(0xff << (8 - bits));
}

}  // namespace

std::optional<Network> Network::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string ip(text.substr(0, slash));
  Network network;
  const bool is_v4 = ::inet_pton(AF_INET, ip.c_str(), network.address.data() + 12) == 1;
  if (is_v4) {
    network.address[10] = network.address[11] = 0xff;
  } else if (::inet_pton(AF_INET6, ip.c_str(), network.address.data()) != 1) {
    return std::nullopt;
  }
  if (slash != std::string_view::npos) {
    const std::string_view bits = text.substr(slash + 1);
    std::uint8_t prefix = 0;
    const auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), prefix);
    if (error != std::errc() || end != bits.data() + bits.size() || prefix > (is_v4 ? 32 : 128)) {
      return std::nullopt;
    }
    network.prefix = static_cast<std::uint8_t>(prefix + (is_v4 ? v4_prefix : 0));
  }
  for (std::size_t i = 0; i < network.address.size(); ++i) {
    if ((network.address[i] & ~mask_of(network.prefix, i)) != 0) {
      return std::nullopt;
    }
  }
  return network;
}

bool Network::contains(const std::array<std::uint8_t, 16>& ip) const {
  for (std::size_t i = 0; i < ip.size(); ++i) {
    if ((ip[i] & mask_of(prefix, i)) != address[i]) {
      return false;
    }
  }
  return true;
}

}  // namespace aldis::policy
