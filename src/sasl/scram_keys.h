// Keys of SCRAM (RFC 5802 section 3; RFC 7677 for SHA-256, SHA-512 by analogy) and the hash functions it stands on. Passwords
// are taken as they are: the caller has prepared them.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/secret_bytes.h"
#include "sasl/mechanism.h"

namespace aldis::sasl {

enum class ScramHash : std::uint8_t { sha_1, sha_256, sha_512 };
[[nodiscard]] std::string_view to_string(ScramHash hash);            // "SHA-1", "SHA-256", "SHA-512"
[[nodiscard]] std::optional<ScramHash> parse_hash(std::string_view name);
[[nodiscard]] std::size_t digest_size(ScramHash hash);               // bytes

[[nodiscard]] SecretBytes digest(ScramHash hash, std::string_view message);
[[nodiscard]] SecretBytes hmac(ScramHash hash, const SecretBytes& key, std::string_view message);

// SaltedPassword := PBKDF2; StoredKey := H(HMAC(SaltedPassword, "Client Key")); ServerKey := HMAC(SaltedPassword,
// "Server Key"). Costs `iterations` HMACs: not for a thread that serves others. At least one iteration.
[[nodiscard]] Keys derive_keys(ScramHash hash, const SecretBytes& password, std::string_view salt,
                               std::uint32_t iterations);

// The same from a SaltedPassword (XEP-0480 section 3); it is as long as the hash's digest.
[[nodiscard]] Keys keys_of_salted_password(ScramHash hash, const SecretBytes& salted, std::string_view salt,
                                           std::uint32_t iterations);

[[nodiscard]] std::string random_salt(Random& random, std::size_t bytes = 16);

// Keys for a name that has none: the salt is stable per name and hash, as a stored one would be, and nothing can match the
// rest (security S05). `secret` is the installation's; `name` is prepared.
[[nodiscard]] Keys invent_keys(ScramHash hash, const SecretBytes& secret, std::string_view name,
                               std::uint32_t iterations, std::size_t salt_bytes = 16);

}  // namespace aldis::sasl
