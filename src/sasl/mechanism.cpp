// The list of mechanisms, and what is common to all.
#include "sasl/mechanism.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/ensure.h"
#include "sasl/anonymous.h"
#include "sasl/external.h"
#include "sasl/gssapi.h"
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

std::string_view ChannelBindings::of(std::string_view type) const {
  if (type == "tls-exporter") {
    return tls_exporter;
  }
  if (type == "tls-server-end-point") {
    return tls_server_end_point;
  }
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

Outcome Mechanism::supply_context(ContextAnswer /*answer*/) {
  ensure(false, "a context answers only where it was asked for");
  return Failed{Failure::temporary_auth_failure, {}};
}

// XEP-0178 section 2, step 11; the same for whatever proves more than one identity, or none.
Outcome choose_identity(std::vector<std::string> identities, std::optional<std::string> wanted, std::string authzid, std::string_view what) {
  if (identities.empty()) {
    return Failed{Failure::not_authorized, std::string(what) + " is nobody's"};
  }
  if (authzid.empty()) {
    if (identities.size() != 1) {
      return Failed{Failure::invalid_authzid, std::string(what) + " has several identities, and none was chosen"};
    }
    return Success{std::move(identities.front()), {}, {}, false, {}};
  }
  if (!wanted || std::ranges::find(identities, *wanted) == identities.end()) {
    return Failed{Failure::invalid_authzid, "another identity was asked for"};   // security S01, S10
  }
  return Success{std::move(*wanted), std::move(authzid), {}, false, {}};
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
  if (name == "GSSAPI") {
    return std::make_unique<Gssapi>();
  }
  if (name == "GS2-KRB5" || name == "GS2-KRB5-PLUS") {
    return std::make_unique<Gs2Krb5>(name.ends_with("-PLUS"), std::move(context));
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
