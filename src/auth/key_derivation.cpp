// SCRAM keys of a password, on a worker or in place.
#include "auth/key_derivation.h"

#include <utility>

#include "base/ensure.h"
#include "sasl/scram_keys.h"

namespace aldis {
namespace {

ScramKeys derive_now(const std::string& hash, const SecretBytes& password, const std::string& salt,
                     std::uint32_t iterations) {
  const auto known = sasl::parse_hash(hash);
  ensure(known.has_value(), "keys are derived for a known hash");
  sasl::Keys keys = sasl::derive_keys(*known, password, salt, iterations);
  return ScramKeys{hash, iterations, std::move(keys.salt), std::move(keys.stored_key), std::move(keys.server_key)};
}

}  // namespace

Task<Result<ScramKeys>> PooledKeyDerivation::derive(std::string hash, SecretBytes password, std::string salt,
                                                    std::uint32_t iterations) {
  auto work = [hash = std::move(hash), password = std::move(password), salt = std::move(salt), iterations] {
    return derive_now(hash, password, salt, iterations);
  };
  Result<ScramKeys> keys = co_await workers_.run(std::move(work), deadline_);
  co_return keys;
}

Task<Result<ScramKeys>> InlineKeyDerivation::derive(std::string hash, SecretBytes password, std::string salt,
                                                    std::uint32_t iterations) {
  co_return derive_now(hash, password, salt, iterations);
}

}  // namespace aldis
