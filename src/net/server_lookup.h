// ServerLookup: from a domain to the servers that answer for it, in the order to try them: SRV records of _xmpp-server and
// _xmpps-server mixed (RFC 6120 section 3.2, RFC 2782, XEP-0368), else the domain itself on port 5269; their addresses, what
// DNSSEC says of each, and TLSA records (RFC 7673). A configured next hop replaces DNS's SRV. Each step leaves a line for the
// operator. It does not connect. Choices by weight take Random.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "net/address_kind.h"
#include "net/dns.h"

namespace aldis::net {

inline constexpr std::uint16_t server_port = 5269;

// A host that the operator named instead of DNS.
struct NextHop {
  std::string host;                  // ASCII form or numeric address
  std::uint16_t port = server_port;
  std::uint16_t priority = 0;        // the lowest first; equal ones in the order given
  bool is_direct_tls = false;
};

struct ServerTarget {
  std::string host;                        // where addresses and TLSA are asked for; an IP literal without brackets
  std::uint16_t port = server_port;
  bool is_direct_tls = false;              // XEP-0368
  bool is_configured = false;              // a NextHop: AddressFilter does not bind the operator
  bool is_name_secure = false;             // DNSSEC vouches that this host serves the domain (or the operator named it)
  // Filled by resolve():
  std::vector<PeerAddress> addresses{};    // IPv6 and IPv4 in turn (RFC 8305 section 4), filtered, without duplicates
  bool is_secure = false;                  // is_name_secure, and DNSSEC vouches for the addresses too
  std::vector<TlsaRecord> tlsa{};          // only of what is secure
  [[nodiscard]] std::string str() const;   // "xmpp.example.org:5270 with direct TLS"
};

// What was asked and found, a line each, in order; `aldis peer explain` prints it.
struct LookupReport {
  struct Line {
    std::string text;
    bool is_good = true;
  };
  std::vector<Line> lines;
  void good(std::string text) { lines.push_back({std::move(text), true}); }
  void bad(std::string text) { lines.push_back({std::move(text), false}); }
};

struct LookupOptions {
  AddressFilter filter{};
  std::size_t targets = 10;      // of one domain; further records are not looked at
  std::size_t addresses = 8;     // of one target
};

class ServerLookup {
 public:
  // `dns` and `random` outlive it, and whatever it was asked.
  ServerLookup(Dns& dns, Random& random, LookupOptions options = {});

  // `domain` in ASCII form, or an IP literal as RFC 7622 writes it. Errors: not_found (the domain has no XMPP service, and
  // says so), denied (DNSSEC says the answer is forged: no fallback), timeout and unavailable (trying again may help).
  [[nodiscard]] Task<Result<std::vector<ServerTarget>>> find(std::string domain, LookupReport& report);
  // The same for next hops; never empty if `hops` is not.
  [[nodiscard]] std::vector<ServerTarget> next_hops(const std::vector<NextHop>& hops, LookupReport& report) const;
  // Addresses, and TLSA where the way to the target is secure. Errors: not_found (none, or none that may be used), denied (an
  // address or TLSA answer is forged), timeout, unavailable (also of TLSA: without the answer nobody may be believed, RFC 7673
  // section 3.3). An error means: the next target.
  [[nodiscard]] Task<Result<void>> resolve(ServerTarget& target, LookupReport& report);

 private:
  Dns& dns_;
  Random& random_;
  LookupOptions options_;
};

struct SrvChoice {
  SrvRecord record;
  bool is_direct_tls = false;
  bool is_secure = false;
};
// RFC 2782: by priority, and among equals by chance, in proportion to weight. For find(), and tests.
[[nodiscard]] std::vector<SrvChoice> in_order(std::vector<SrvChoice> choices, Random& random);

}  // namespace aldis::net
