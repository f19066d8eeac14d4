// The list of mechanisms, and what is common to all.
#include "sasl/mechanism.h"

#include <array>
#include <utility>

#include "base/ensure.h"
#include "sasl/anonymous.h"
#include "sasl/external.h"
#include "sasl/ht.h"
#include "sasl/plain.h"
#include "sasl/scram.h"

namespace aldis::sasl {

std::string_view to_string(Failure failure) {
  switch (failure) {
    case Failure::aborted: return "aborted";
    case Failure::account_disabled: return "account-disabled";
    case Failure::credentials_expired: return "credentials-expired";
    case Failure::encryption_required: return "encryption-required";
    case Failure::incorrect_encoding: return "incorrect-encoding";
    case Failure::invalid_authzid: return "invalid-authzid";
    case Failure::invalid_mechanism: return "invalid-mechanism";
    case Failure::malformed_request: return "malformed-request";
    case Failure::mechanism_too_weak: return "mechanism-too-weak";
    case Failure::not_authorized: return "not-authorized";
    case Failure::temporary_auth_failure: return "temporary-auth-failure";
  }
  ensure(false, "every failure has a name");
  return {};
}

Outcome Mechanism::supply_keys(Keys /*keys*/) {
  ensure(false, "keys are supplied only where they were asked for");
  return Failed{Failure::temporary_auth_failure, {}};
}

Outcome Mechanism::supply_verdict(bool /*is_right*/) {
  ensure(false, "a verdict is supplied only where it was asked for");
  return Failed{Failure::temporary_auth_failure, {}};
}

Outcome Mechanism::supply_tokens(std::vector<SecretBytes> /*tokens*/) {
  ensure(false, "tokens are supplied only where they were asked for");
  return Failed{Failure::temporary_auth_failure, {}};
}

Outcome Mechanism::supply_identities(std::vector<std::string> /*identities*/, std::optional<std::string> /*wanted*/) {
  ensure(false, "identities are supplied only where they were asked for");
  return Failed{Failure::temporary_auth_failure, {}};
}

std::unique_ptr<Mechanism> make_mechanism(std::string_view name, Context context) {
  if (name == "PLAIN") {
    return std::make_unique<Plain>();
  }
  if (name == "ANONYMOUS") {
    return std::make_unique<Anonymous>();
  }
  if (name == "EXTERNAL") {
    return std::make_unique<External>();
  }
  if (const auto ht = parse_ht_name(name)) {
    return std::make_unique<Ht>(ht->hash, ht->channel, std::move(context));
  }
  static constexpr std::array scram{
      std::pair{std::string_view("SCRAM-SHA-1"), ScramHash::sha_1},
      std::pair{std::string_view("SCRAM-SHA-256"), ScramHash::sha_256},
      std::pair{std::string_view("SCRAM-SHA-512"), ScramHash::sha_512},
  };
  static constexpr std::string_view plus = "-PLUS";
  const bool is_plus = name.ends_with(plus);
  const std::string_view base = is_plus ? name.substr(0, name.size() - plus.size()) : name;
  for (const auto& [known, hash] : scram) {
    if (base == known) {
      return std::make_unique<Scram>(hash, is_plus, std::move(context));
    }
  }
  return nullptr;
}

}  // namespace aldis::sasl
