// AuthenticationExchange: a password that was sent (PLAIN), and what is said of one that was proved.
#include <algorithm>
#include <array>
#include <utility>

#include "auth/authenticator.h"
#include "auth/password_rules.h"
#include "auth/passwords.h"
#include "auth/stored_keys.h"
#include "base/log.h"

namespace aldis {
namespace {

constexpr std::array<std::string_view, 3> strongest_first{"SHA-512", "SHA-256", "SHA-1"};

std::string_view to_string(PasswordVerdict::Standing standing) {
  switch (standing) {
    case PasswordVerdict::Standing::wrong: return "wrong";
    case PasswordVerdict::Standing::good: return "good";
    case PasswordVerdict::Standing::disabled: return "disabled";
    case PasswordVerdict::Standing::expired: return "expired";
    case PasswordVerdict::Standing::must_change: return "must-change";
  }
  return "";
}

// For the account's owner; empty: nothing need be said.
std::string notice_of(const PasswordVerdict& verdict) {
  if (verdict.grace_logins) {
    return "Your password has expired. Logins with it that are left: " + std::to_string(*verdict.grace_logins) + ". Change it now.";
  }
  if (verdict.expires_in) {
    const auto days = std::chrono::ceil<std::chrono::hours>(*verdict.expires_in).count() / 24;
    return days > 0 ? "Your password expires in " + std::to_string(days) + (days == 1 ? " day" : " days") + ". Change it before."
                    : "Your password expires in less than a day. Change it now.";
  }
  return {};
}

}  // namespace

// Where the source checks: an account that is not there is asked about too (security S05); a password that cannot be one is not sent.
Task<Result<PasswordVerdict>> AuthenticationExchange::ask_source(SecretBytes password) {
  Result<SecretBytes> prepared = prepare_password(password);
  if (!prepared || !account_) {
    co_return PasswordVerdict{};
  }
  CredentialSource::Checked checked = co_await authenticator_.credentials_.check_password(*account_, std::move(*prepared));
  const Result<void> known = know(std::move(checked.found));
  if (!known) {
    co_return fail(known.error());
  }
  co_return credentials_ || !checked.verdict ? std::move(checked.verdict) : Result<PasswordVerdict>(PasswordVerdict{});
}

// Inside the source's reasons are kept apart; on the wire "locked" is a wrong password, and the others are told only to who has proved it
// (ADR 0006).
void AuthenticationExchange::note(const PasswordVerdict& verdict) {
  if (!verdict.why.empty()) {
    log::info("audit-password-verdict", {{"account", account_ ? std::string_view(account_->str()) : std::string_view()},
                                         {"verdict", to_string(verdict.standing)},
                                         {"reason", verdict.why},
                                         {"source", context_.source_address}});
  }
  if (!verdict.is_right() || !credentials_) {
    return;
  }
  if (verdict.standing == PasswordVerdict::Standing::good) {
    credentials_->is_expired = credentials_->is_expired && verdict.is_remembered;   // who checks the password knows better than the entry
  } else if (verdict.standing == PasswordVerdict::Standing::disabled) {
    credentials_->is_enabled = false;
  } else if (verdict.standing == PasswordVerdict::Standing::expired) {
    credentials_->is_expired = true;
  } else {
    credentials_->must_change = true;
  }
  notice_ = notice_of(verdict);
  if (!notice_.empty()) {
    log::info("audit-password-ends-soon", {{"account", account_->str()},
                                           {"grace-logins", verdict.grace_logins ? std::to_string(*verdict.grace_logins) : std::string()},
                                           {"expires-in", verdict.expires_in ? std::to_string(verdict.expires_in->count()) + "s" : std::string()}});
  }
}

// Whatever is wrong, one derivation is done: an account that is not there costs what a real one does (security S05).
Task<Result<bool>> AuthenticationExchange::check_password(SecretBytes password) {
  if (authenticator_.credentials_.proofs(context_.domain).checks_passwords) {
    const Result<PasswordVerdict> verdict = co_await ask_source(std::move(password));
    if (!verdict) {
      co_return fail(verdict.error());
    }
    note(*verdict);
    co_return verdict->is_right();
  }
  const Result<void> found = co_await look_up();
  if (!found) {
    co_return fail(found.error());
  }
  const ScramKeys* stored = nullptr;
  for (const std::string_view hash : strongest_first) {
    if (stored == nullptr && credentials_) {
      stored = keys_for(*credentials_, hash);
    }
  }
  ScramKeys keys;
  if (stored != nullptr) {
    keys = *stored;
  } else {
    const auto usual = std::ranges::find_if(strongest_first, [&](std::string_view hash) {
      return std::ranges::find(config_->key_hashes, hash) != config_->key_hashes.end();
    });
    keys.hash = usual == strongest_first.end() ? "SHA-512" : *usual;
    sasl::Keys invented = sasl::invent_keys(*sasl::parse_hash(keys.hash), authenticator_.invention_secret_, claimed_,
                                            config_->key_iterations);
    keys.iterations = invented.iterations;
    keys.salt = std::move(invented.salt);
    keys.stored_key = std::move(invented.stored_key);
    keys.server_key = std::move(invented.server_key);
  }
  if (!are_sound(keys)) {
    co_return fail(ErrorKind::corrupt, "stored keys cannot be right");
  }
  Result<SecretBytes> prepared = prepare_password(password);
  const bool is_possible = stored != nullptr && prepared.has_value();
  const SecretBytes candidate = prepared ? std::move(*prepared) : std::move(password);
  const Result<ScramKeys> derived = co_await authenticator_.derivation_.derive(keys.hash, candidate, keys.salt, keys.iterations);
  if (!derived) {
    co_return fail(derived.error());
  }
  const bool is_same = equal_constant_time(derived->stored_key.bytes(), keys.stored_key.bytes());
  if (is_same && is_possible) {
    co_await renew_keys(candidate);
  }
  co_return is_same && is_possible;
}

// Keys of fewer iterations than are configured now are made anew while the password is at hand. One that cannot be stored is no reason to
// keep anybody out.
Task<void> AuthenticationExchange::renew_keys(SecretBytes prepared) {
  if (!authenticator_.credentials_.proofs(context_.domain).keeps_keys) {
    co_return;
  }
  const std::vector<ScramKeys> present = credentials_->keys;
  for (const ScramKeys& old : present) {
    if (old.iterations >= config_->key_iterations) {
      continue;
    }
    std::string salt = sasl::random_salt(authenticator_.random_, 16);
    Result<ScramKeys> fresh = co_await authenticator_.derivation_.derive(old.hash, prepared, std::move(salt), config_->key_iterations);
    if (!fresh) {
      co_return;
    }
    const ScramKeys renewed = *fresh;
    const Result<void> added = co_await authenticator_.credentials_.add_keys(*account_, std::move(*fresh), credentials_->changed);
    if (!added) {
      log::info("keys-not-renewed", {{"account", account_->str()}, {"hash", old.hash}, {"cause", added.error().what}});
      co_return;
    }
    *std::ranges::find(credentials_->keys, renewed.hash, &ScramKeys::hash) = renewed;
    log::info("keys-renewed", {{"account", account_->str()}, {"hash", old.hash}, {"iterations", config_->key_iterations}});
  }
}

// A password of this server's own accounts that is older than the rules let it be; what rests on none does not age.
bool AuthenticationExchange::has_aged() const {
  const std::chrono::seconds most = rules_of(*config_).max_age;
  return most.count() != 0 && !credentials_->keys.empty() && authenticator_.credentials_.proofs(context_.domain).keeps_keys &&
         authenticator_.clock_.wall() >= credentials_->changed + most;
}

// A certificate rests on no password, and whether a ticket's is too old its own realm says.
bool AuthenticationExchange::must_change() const {
  return mechanism_->name() != "EXTERNAL" && context_of_ticket_ == nullptr && (credentials_->must_change || has_aged());
}

// A token is no proof of the password (XEP-0484): its client is told to bring it.
bool AuthenticationExchange::may_change() const {
  return config_->old_passwords == OldPasswords::change && !proved_ && authenticator_.credentials_.proofs(context_.domain).changes_passwords;
}

}  // namespace aldis
