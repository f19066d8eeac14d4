// Reading, writing and converting addresses.
#include "net/peer_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace aldis::net {
namespace {
constexpr std::array<std::uint8_t, 12> mapped_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
}

std::optional<PeerAddress> PeerAddress::parse(std::string_view ip, std::uint16_t port) {
  const std::string text(ip);
  PeerAddress made;
  made.port = port;
  if (::inet_pton(AF_INET, text.c_str(), made.ip.data() + 12) == 1) {
    std::copy(mapped_prefix.begin(), mapped_prefix.end(), made.ip.begin());
    return made;
  }
  if (::inet_pton(AF_INET6, text.c_str(), made.ip.data()) == 1) {
    return made;
  }
  return std::nullopt;
}

PeerAddress PeerAddress::from(const sockaddr& address) {
  PeerAddress made;
  if (address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    std::copy(mapped_prefix.begin(), mapped_prefix.end(), made.ip.begin());
    std::memcpy(made.ip.data() + 12, &v4.sin_addr, 4);
    made.port = ntohs(v4.sin_port);
  } else if (address.sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    std::memcpy(made.ip.data(), &v6.sin6_addr, 16);
    made.port = ntohs(v6.sin6_port);
  }
  return made;
}

unsigned PeerAddress::to_sockaddr(sockaddr_storage& out) const {
  std::memset(&out, 0, sizeof out);
  if (is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, ip.data() + 12, 4);
    std::memcpy(&out, &v4, sizeof v4);
    return sizeof v4;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  std::memcpy(&v6.sin6_addr, ip.data(), 16);
  std::memcpy(&out, &v6, sizeof v6);
  return sizeof v6;
}

bool PeerAddress::is_v4() const {
  return std::equal(mapped_prefix.begin(), mapped_prefix.end(), ip.begin());
}

bool PeerAddress::is_loopback() const {
  return is_v4() ? ip[12] == 127 : std::all_of(ip.begin(), ip.end() - 1, [](auto b) { return b == 0; }) && ip[15] == 1;
}

std::string PeerAddress::ip_str() const {
  char text[INET6_ADDRSTRLEN] = {};
  if (is_v4()) {
    ::inet_ntop(AF_INET, ip.data() + 12, text, sizeof text);
  } else {
    ::inet_ntop(AF_INET6, ip.data(), text, sizeof text);
  }
  return text;
}

std::string PeerAddress::str() const {
  return (is_v4() ? ip_str() : "[" + ip_str() + "]") + ":" + std::to_string(port);
}

std::string PeerAddress::source() const {
  if (is_v4()) {
    return ip_str();
  }
  PeerAddress network = *this;
  std::fill(network.ip.begin() + 8, network.ip.end(), std::uint8_t{0});
  return network.ip_str() + "/64";
}

}  // namespace aldis::net
