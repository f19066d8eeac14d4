// Names in the configuration of logging in are checked against what the server knows.
#include "auth/auth_config.h"

#include <algorithm>

#include "base/random.h"
#include "sasl/ht.h"
#include "sasl/mechanism.h"
#include "sasl/scram_keys.h"

namespace aldis {
namespace {

template <class Known>
Result<void> check_names(std::string_view option, const std::vector<std::string>& names, Known is_known) {
  if (names.empty()) {
    return fail(ErrorKind::invalid, std::string(option) + " names nothing");
  }
  for (const std::string& name : names) {
    if (!is_known(name)) {
      return fail(ErrorKind::invalid, std::string(option) + ": \"" + name + "\" is not known");
    }
    if (std::ranges::count(names, name) != 1) {
      return fail(ErrorKind::invalid, std::string(option) + ": \"" + name + "\" is named twice");
    }
  }
  return {};
}

}  // namespace

Result<void> validate(const AuthConfig& config) {
  SystemRandom random;
  if (auto checked = check_names("mechanisms", config.mechanisms,
                                 [&](const std::string& name) {
                                   // Offered by a domain's client_certificates, or its keytab.
                                   if (name == "EXTERNAL" || name == "GSSAPI" || name.starts_with("GS2-")) {
                                     return false;
                                   }
                                   sasl::Context context;
                                   context.random = &random;
                                   return sasl::make_mechanism(name, std::move(context)) != nullptr && !sasl::parse_ht_name(name);
                                 });
      !checked) {
    return checked;
  }
  if (!config.token_mechanisms.empty()) {
    if (auto checked = check_names("token_mechanisms", config.token_mechanisms,
                                   [](const std::string& name) { return sasl::parse_ht_name(name).has_value(); });
        !checked) {
      return checked;
    }
  }
  if (config.token_rotation >= config.token_lifetime) {
    return fail(ErrorKind::invalid, "token_rotation is not below token_lifetime: no client would get its next token in time");
  }
  return check_names("key_hashes", config.key_hashes,
                     [](const std::string& name) { return sasl::parse_hash(name).has_value(); });
}

}  // namespace aldis
