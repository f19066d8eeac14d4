// PeerAddress: an IP address and port as a value of 20 bytes. IPv4 is held as IPv4-mapped IPv6 (RFC 4291 2.5.5.2), so
// there is one form of each address.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct sockaddr;
struct sockaddr_storage;

namespace aldis::net {

struct PeerAddress {
  std::array<std::uint8_t, 16> ip{};
  std::uint16_t port = 0;

  // Numeric addresses only: "127.0.0.1", "::1".
  [[nodiscard]] static std::optional<PeerAddress> parse(std::string_view ip, std::uint16_t port);
  [[nodiscard]] static PeerAddress from(const sockaddr& address);
  // Fills `out` and returns its length.
  unsigned to_sockaddr(sockaddr_storage& out) const;

  [[nodiscard]] bool is_v4() const;
  [[nodiscard]] bool is_loopback() const;
  [[nodiscard]] std::string ip_str() const;  // "192.0.2.1", "2001:db8::1"
  [[nodiscard]] std::string str() const;     // "192.0.2.1:5222", "[2001:db8::1]:5222"
  // What budgets and failure counters are kept by: the IPv4 address, or the /64 network of an IPv6 one, since one
  // customer owns at least that.
  [[nodiscard]] std::string source() const;

  friend bool operator==(const PeerAddress&, const PeerAddress&) = default;
};

}  // namespace aldis::net
