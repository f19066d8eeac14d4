// Setting passwords.
#include "auth/passwords.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "auth/password_rules.h"
#include "sasl/scram_keys.h"

namespace aldis {
namespace {

constexpr std::size_t salt_bytes = 16;
constexpr std::size_t longest_prepared = 1023;   // bytes; RFC 7622 section 3.4

}  // namespace

Result<SecretBytes> prepare_password(const SecretBytes& password) {
  auto prepared = prepare_resource(password.view());  // RFC 7622 section 3.4: a resourcepart is an OpaqueString too
  if (!prepared) {
    return fail(ErrorKind::invalid, password.empty()                   ? "the password is empty"
                                    : password.size() > longest_prepared ? "the password is longer than 1023 bytes"
                                                                          : "the password has characters that are not allowed (RFC 8265)");
  }
  SecretBytes secret{std::string_view(*prepared)};
  ::explicit_bzero(prepared->data(), prepared->size());
  return secret;
}

Passwords::Passwords(AuthConfig config, AccountStore& accounts, KeyDerivation& derivation, Random& random,
                     const Clock& clock)
    : config_(std::move(config)), accounts_(accounts), derivation_(derivation), random_(random), clock_(clock) {}

Result<SecretBytes> Passwords::check(const BareJid& account, const SecretBytes& password) const {
  static const PasswordBlockList usual_guesses;
  Result<SecretBytes> prepared = prepare_password(password);
  if (!prepared) {
    return prepared;
  }
  const PasswordBlockList& blocked = config_.blocked_passwords ? *config_.blocked_passwords : usual_guesses;
  if (auto fault = find_fault(rules_of(config_), prepared->view(), account, blocked)) {
    return fail(ErrorKind::invalid, std::move(*fault));
  }
  return prepared;
}

Task<Result<void>> Passwords::check_former(const AccountRecord& record, SecretBytes prepared, ChangedBy by) {
  const PasswordRules rules = rules_of(config_);
  // A password that must be changed may be, however young it is.
  if (by == ChangedBy::its_owner && !record.must_change && clock_.wall() < record.credentials_changed + rules.min_age) {
    co_return fail(ErrorKind::invalid, "the password may be changed again " + std::to_string(std::chrono::ceil<std::chrono::hours>(rules.min_age).count()) +
                                           " hours after the last change");
  }
  if (rules.history == 0) {
    co_return Result<void>{};
  }
  Result<std::vector<ScramKeys>> former = co_await accounts_.former_keys(record.jid);
  if (!former) {
    co_return fail(former.error());
  }
  former->resize(std::min<std::size_t>(former->size(), rules.history - 1));   // what stands now is the last of them
  if (!record.keys.empty()) {
    former->insert(former->begin(), record.keys.front());
  }
  for (const ScramKeys& one : *former) {
    const Result<ScramKeys> derived = co_await derivation_.derive(one.hash, prepared, one.salt, one.iterations);
    if (!derived) {
      co_return fail(derived.error());
    }
    if (equal_constant_time(derived->stored_key.bytes(), one.stored_key.bytes())) {
      co_return fail(ErrorKind::invalid, "the password is one of the account's last " + std::to_string(rules.history));
    }
  }
  co_return Result<void>{};
}

Task<Result<std::vector<ScramKeys>>> Passwords::derive_keys(SecretBytes prepared) {
  const AuthConfig config = config_;
  std::vector<ScramKeys> all;
  for (const std::string& hash : config.key_hashes) {
    Result<ScramKeys> keys =
        co_await derivation_.derive(hash, prepared, sasl::random_salt(random_, salt_bytes), config.key_iterations);
    if (!keys) {
      co_return fail(std::move(keys.error()));
    }
    all.push_back(std::move(*keys));
  }
  co_return all;
}

Task<Result<void>> Passwords::set_password(BareJid account, SecretBytes password, ChangedBy by) {
  const Result<WallTime> changed = co_await change_password(std::move(account), std::move(password), by);
  if (!changed) {
    co_return fail(changed.error());
  }
  co_return Result<void>{};
}

Task<Result<WallTime>> Passwords::change_password(BareJid account, SecretBytes password, ChangedBy by) {
  const Result<SecretBytes> prepared = check(account, password);
  if (!prepared) {
    co_return fail(prepared.error());
  }
  const std::size_t former = rules_of(config_).history;
  if (former > 0 || by == ChangedBy::its_owner) {
    const Result<AccountRecord> record = co_await accounts_.find(account);
    if (!record) {
      co_return fail(record.error());
    }
    const Result<void> fresh = co_await check_former(*record, *prepared, by);
    if (!fresh) {
      co_return fail(fresh.error());
    }
  }
  Result<std::vector<ScramKeys>> keys = co_await derive_keys(*prepared);
  if (!keys) {
    co_return fail(std::move(keys.error()));
  }
  const WallTime now = clock_.wall();
  const Result<void> stored = co_await accounts_.set_keys(std::move(account), std::move(*keys), now, former);
  if (!stored) {
    co_return fail(stored.error());
  }
  co_return now;
}

Task<Result<void>> Passwords::create_account(BareJid account, SecretBytes password) {
  if (!account.has_local()) {
    co_return fail(ErrorKind::invalid, "an account's address has a localpart");
  }
  const Result<SecretBytes> prepared = check(account, password);
  if (!prepared) {
    co_return fail(prepared.error());
  }
  Result<std::vector<ScramKeys>> keys = co_await derive_keys(*prepared);
  if (!keys) {
    co_return fail(std::move(keys.error()));
  }
  const WallTime now = clock_.wall();
  AccountRecord record{std::move(account), std::move(*keys), true, now, now};
  Result<void> created = co_await accounts_.create(std::move(record));
  co_return created;
}

}  // namespace aldis
