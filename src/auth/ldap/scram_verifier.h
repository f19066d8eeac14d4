// Keys of SCRAM as a directory keeps them (RFC 5803): SCRAM-SHA-256$4096:salt$StoredKey:ServerKey, in authPassword (RFC 3112) or an
// attribute of the operator's choice, one value for each hash. SHA-256 as RFC 7677 has it, SHA-512 by analogy.
#pragma once
#include <optional>
#include <string_view>

#include "storage/account_store.h"

namespace aldis::ldap {

// Above it a login by PLAIN would cost seconds.
inline constexpr std::uint32_t max_verifier_iterations = 1'000'000;

// Nothing: of another scheme, or not as the RFC writes it.
[[nodiscard]] std::optional<ScramKeys> parse_verifier(std::string_view value);
// What parse_verifier() reads.
[[nodiscard]] std::string write_verifier(const ScramKeys& keys);

}  // namespace aldis::ldap
