// What XEP-0388's profile adds to an exchange: tokens (XEP-0484), tasks that make keys of further hashes (XEP-0480), and the
// success that waits for both.
#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "auth/authenticator.h"
#include "base/encoding.h"
#include "base/ensure.h"
#include "base/log.h"
#include "base/metrics.h"
#include "sasl/scram_keys.h"

namespace aldis {
namespace {

metrics::Counter successes{"aldis_authentications_total", "Ended SASL exchanges.", {{"outcome", "success"}}};
metrics::Counter tokens_issued{"aldis_tokens_issued_total", "Tokens given to clients (XEP-0484)."};
metrics::Counter keys_added{"aldis_keys_upgraded_total", "Hashes that clients made keys of (XEP-0480)."};

constexpr std::string_view task_prefix = "UPGR-SCRAM-";
constexpr std::size_t salt_bytes = 16;
constexpr std::size_t tokens_per_client = 2;

bool holds(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

std::optional<std::string_view> AuthenticationExchange::find_fault() const {
  if (!sasl2_) {
    return std::nullopt;
  }
  if (sasl2_->is_malformed) {
    return "a part of the request breaks its specification";
  }
  if (sasl2_->token && sasl2_->agent.id.empty()) {
    return "a token without the user-agent id it belongs to";  // XEP-0484 section 4.1
  }
  return std::nullopt;
}

// ---- tokens

Task<Result<std::vector<SecretBytes>>> AuthenticationExchange::find_tokens(std::string username) {
  claim(std::move(username));
  const Result<void> found = co_await look_up();
  if (!found) {
    co_return fail(found.error());
  }
  tokens_.clear();
  if (account_) {
    Result<std::vector<ClientTokens::Candidate>> candidates =
        co_await authenticator_.tokens_.candidates(*account_, sasl2_->agent.id, std::string(mechanism_->name()));
    if (!candidates) {
      co_return fail(std::move(candidates.error()));
    }
    tokens_ = std::move(*candidates);
  }
  std::vector<SecretBytes> all;
  for (const ClientTokens::Candidate& candidate : tokens_) {
    all.push_back(candidate.token);
  }
  for (SecretBytes& invention : authenticator_.tokens_.inventions(tokens_per_client - std::min(tokens_per_client, all.size()))) {
    all.push_back(std::move(invention));
  }
  co_return all;
}

Task<Result<sasl::Outcome>> AuthenticationExchange::settle_token(sasl::Success success) {
  if (!success.token || *success.token >= tokens_.size() || !account_) {
    co_return sasl::Outcome(sasl::Failed{sasl::Failure::not_authorized, "a token that was never issued"});
  }
  const ClientToken stored = tokens_[*success.token].stored;
  if (authenticator_.tokens_.has_expired(stored)) {
    co_return sasl::Outcome(sasl::Failed{sasl::Failure::credentials_expired, "the token has expired"});  // section 4.2
  }
  const Result<void> used = co_await authenticator_.tokens_.use(*account_, stored, sasl2_->token->count);
  if (!used && (used.error().kind == ErrorKind::denied || used.error().kind == ErrorKind::not_found)) {
    co_return sasl::Outcome(sasl::Failed{sasl::Failure::not_authorized, used.error().what});
  }
  if (!used) {
    co_return fail(used.error());
  }
  if (sasl2_->token->invalidates) {  // section 3.6: before anything is answered
    const Result<void> forgotten = co_await authenticator_.tokens_.forget(*account_, stored.client);
    if (!forgotten) {
      co_return fail(forgotten.error());
    }
  }
  proved_ = stored;
  co_return sasl::Outcome(std::move(success));
}

// A token that cannot be stored is no reason to keep out who has proved a password.
Task<std::optional<ClientTokens::Issued>> AuthenticationExchange::new_token() {
  // A token would outlive the card: who has a certificate shows it again, which takes no more round trips (ADR 0038).
  if (!sasl2_ || sasl2_->agent.id.empty() || !credentials_ || principal_->is_anonymous || principal_->certificate || principal_->must_change_password) {
    co_return std::nullopt;
  }
  std::string mechanism = sasl2_->wanted_token;
  if (mechanism.empty() && proved_ && !sasl2_->token->invalidates && authenticator_.tokens_.is_due(*proved_)) {
    mechanism = proved_->mechanism;
  }
  if (!holds(context_.offered_tokens, mechanism)) {
    co_return std::nullopt;
  }
  Result<ClientTokens::Issued> issued =
      co_await authenticator_.tokens_.issue(*account_, sasl2_->agent, std::move(mechanism), credentials_->changed);
  if (!issued) {
    log::warning("token-not-issued", {{"account", account_->str()}, {"cause", issued.error().what}});
    co_return std::nullopt;
  }
  tokens_issued.add();
  co_return std::move(*issued);
}

// ---- tasks

void AuthenticationExchange::plan_upgrades() {
  // Only who has proved the password itself may set what it is checked with: a stolen token must not become a password.
  if (!sasl2_ || proved_ || !credentials_ || principal_->is_anonymous || principal_->certificate || !principal_->kerberos_principal.empty() ||
      principal_->must_change_password) {
    return;
  }
  for (const std::string& task : sasl2_->upgrades) {
    if (!holds(context_.offered_upgrades, task) || holds(upgrades_, task)) {
      continue;
    }
    const std::string hash = task.substr(task_prefix.size());
    const auto present = std::ranges::find(credentials_->keys, hash, &ScramKeys::hash);
    if (present == credentials_->keys.end() || present->iterations < config_->key_iterations) {
      upgrades_.push_back(task);
    }
  }
}

Task<AuthReply> AuthenticationExchange::begin_task(std::string name) {
  if (upgrades_.empty() || upgrade_ || name != upgrades_.front()) {
    co_return fail_with(sasl::Failure::malformed_request, "not the task that was asked for");
  }
  upgrade_ = ScramKeys{.hash = name.substr(task_prefix.size()),
                       .iterations = config_->key_iterations,
                       .salt = sasl::random_salt(authenticator_.random_, salt_bytes),
                       .stored_key = {},
                       .server_key = {}};
  co_return AuthReply(AuthTask{upgrade_->salt, upgrade_->iterations});
}

Task<AuthReply> AuthenticationExchange::continue_task(std::string salted_password) {
  if (!upgrade_) {
    co_return fail_with(sasl::Failure::malformed_request, "no task is under way");
  }
  std::optional<std::string> bytes = base64_decode(salted_password);
  const sasl::ScramHash hash = *sasl::parse_hash(upgrade_->hash);
  if (!bytes) {
    co_return fail_with(sasl::Failure::incorrect_encoding, "not base64");
  }
  const SecretBytes salted{std::string_view(*bytes)};
  ::explicit_bzero(bytes->data(), bytes->size());
  if (salted.size() != sasl::digest_size(hash)) {
    co_return fail_with(sasl::Failure::malformed_request, "a SaltedPassword of another hash");
  }
  sasl::Keys made = sasl::keys_of_salted_password(hash, salted, upgrade_->salt, upgrade_->iterations);
  upgrade_->stored_key = std::move(made.stored_key);
  upgrade_->server_key = std::move(made.server_key);
  const Result<void> added = co_await authenticator_.credentials_.add_keys(*account_, *upgrade_, credentials_->changed);
  if (!added && added.error().kind != ErrorKind::denied) {
    co_return fail_with(sasl::Failure::temporary_auth_failure, added.error().what);
  }
  if (!added) {  // another of the user's clients was faster, or the password has changed meanwhile
    const Result<Credentials> now = co_await authenticator_.credentials_.find(*account_);
    if (!now) {
      co_return fail_with(sasl::Failure::temporary_auth_failure, now.error().what);
    }
    if (now->changed != credentials_->changed) {
      co_return fail_with(sasl::Failure::not_authorized, "the password has changed");
    }
  } else {
    keys_added.add();
    log::info("keys-upgraded", {{"account", account_->str()}, {"hash", upgrade_->hash}});
  }
  upgrade_.reset();
  upgrades_.erase(upgrades_.begin());
  AuthReply reply = co_await go_on();
  co_return reply;
}

Task<AuthReply> AuthenticationExchange::go_on() {
  if (!upgrades_.empty()) {
    co_return AuthReply(AuthContinue{upgrades_.front(), std::exchange(data_, std::nullopt)});
  }
  std::optional<ClientTokens::Issued> token = co_await new_token();
  if (authenticator_.clock_.now() > context_.deadline) {
    co_return fail_with(sasl::Failure::temporary_auth_failure, "the deadline has passed");
  }
  successes.add();
  log::info("authenticated", {{"account", principal_->identity.str()},
                              {"mechanism", principal_->mechanism},
                              {"channel-binding", principal_->channel_binding},
                              {"principal", principal_->kerberos_principal},
                              {"certificate", principal_->certificate ? std::string_view(principal_->certificate->fingerprint) : std::string_view()},
                              {"source", principal_->source_address}});
  AuthSuccess reply{std::move(principal_), std::move(data_), std::move(token)};
  is_guess_ = false;
  end_exchange();
  co_return AuthReply(std::move(reply));
}

}  // namespace aldis
