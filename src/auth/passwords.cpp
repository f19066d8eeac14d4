// Setting passwords.
#include "auth/passwords.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "sasl/scram_keys.h"

namespace aldis {
namespace {

constexpr std::size_t salt_bytes = 16;

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::ranges::count_if(utf8, [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

Result<SecretBytes> prepare_password(const SecretBytes& password) {
  auto prepared = prepare_resource(password.view());  // RFC 7622 section 3.4: a resourcepart is an OpaqueString too
  if (!prepared) {
    return fail(ErrorKind::invalid, "the password is empty, longer than 1023 bytes or has characters that are not allowed");
  }
  SecretBytes secret{std::string_view(*prepared)};
  ::explicit_bzero(prepared->data(), prepared->size());
  return secret;
}

Passwords::Passwords(AuthConfig config, AccountStore& accounts, KeyDerivation& derivation, Random& random,
                     const Clock& clock)
    : config_(std::move(config)), accounts_(accounts), derivation_(derivation), random_(random), clock_(clock) {}

Task<Result<std::vector<ScramKeys>>> Passwords::derive_keys(SecretBytes password) {
  const Result<SecretBytes> prepared = prepare_password(password);
  if (!prepared) {
    co_return fail(prepared.error());
  }
  const AuthConfig config = config_;
  if (characters(prepared->view()) < config.password_min_characters) {
    co_return fail(ErrorKind::invalid, "the password must have at least " +
                                           std::to_string(config.password_min_characters) + " characters");
  }
  std::vector<ScramKeys> all;
  for (const std::string& hash : config.key_hashes) {
    Result<ScramKeys> keys =
        co_await derivation_.derive(hash, *prepared, sasl::random_salt(random_, salt_bytes), config.key_iterations);
    if (!keys) {
      co_return fail(std::move(keys.error()));
    }
    all.push_back(std::move(*keys));
  }
  co_return all;
}

Task<Result<void>> Passwords::set_password(BareJid account, SecretBytes password) {
  const Result<WallTime> changed = co_await change_password(std::move(account), std::move(password));
  if (!changed) {
    co_return fail(changed.error());
  }
  co_return Result<void>{};
}

Task<Result<WallTime>> Passwords::change_password(BareJid account, SecretBytes password) {
  Result<std::vector<ScramKeys>> keys = co_await derive_keys(std::move(password));
  if (!keys) {
    co_return fail(std::move(keys.error()));
  }
  const WallTime now = clock_.wall();
  const Result<void> stored = co_await accounts_.set_keys(std::move(account), std::move(*keys), now);
  if (!stored) {
    co_return fail(stored.error());
  }
  co_return now;
}

Task<Result<void>> Passwords::create_account(BareJid account, SecretBytes password) {
  if (!account.has_local()) {
    co_return fail(ErrorKind::invalid, "an account's address has a localpart");
  }
  Result<std::vector<ScramKeys>> keys = co_await derive_keys(std::move(password));
  if (!keys) {
    co_return fail(std::move(keys.error()));
  }
  const WallTime now = clock_.wall();
  AccountRecord record{std::move(account), std::move(*keys), true, now, now};
  Result<void> created = co_await accounts_.create(std::move(record));
  co_return created;
}

}  // namespace aldis
