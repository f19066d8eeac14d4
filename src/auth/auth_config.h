// AuthConfig: what an operator may choose about logging in, with safe defaults.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace aldis {

// So many failures within the window refuse every further try, right or wrong, until the lockout since the last failure is
// over; then counting begins anew. failures 0: no limit.
struct LoginLimit {
  std::uint32_t failures = 0;
  std::chrono::seconds window{15 * 60};
  std::chrono::seconds lockout{15 * 60};
};

struct AuthConfig {
  // Mechanisms that may be offered, by IANA name, in the order they are advertised. Of these a stream is offered what its
  // TLS allows: -PLUS needs a channel binding, PLAIN a confidential stream. ANONYMOUS is known but not on by default.
  std::vector<std::string> mechanisms{"SCRAM-SHA-512-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-512",
                                      "SCRAM-SHA-256",      "SCRAM-SHA-1",        "PLAIN"};
  // Hashes whose keys are derived when a password is set (a client can only use a mechanism whose keys exist).
  std::vector<std::string> key_hashes{"SHA-1", "SHA-256", "SHA-512"};
  // PBKDF2 iterations of new keys, 4096 to 10,000,000. The client pays them at each login, the server only for PLAIN.
  std::uint32_t key_iterations = 10'000;
  std::uint32_t salt_bytes = 16;
  std::uint32_t password_min_characters = 1;

  std::uint32_t tries_per_stream = 3;       // RFC 6120 section 6.4.5: 2 to 5
  LoginLimit pair_limit{5};                 // one account from one source
  LoginLimit source_limit{50};              // one IPv4 address, or one IPv6 /64
  LoginLimit account_limit{100};            // one account from anywhere
  std::uint32_t counters_max = 50'000;      // entries of each kind that are kept; the longest untouched go first

  // Accounts with an administrator's rights over their own domain, by bare address.
  std::vector<std::string> administrators{};
};

}  // namespace aldis
