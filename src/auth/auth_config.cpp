// Names in the configuration of logging in are checked against what the server knows.
#include "auth/auth_config.h"

#include <algorithm>

#include "base/random.h"
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
                                   sasl::Context context;
                                   context.random = &random;
                                   return sasl::make_mechanism(name, std::move(context)) != nullptr;
                                 });
      !checked) {
    return checked;
  }
  return check_names("key_hashes", config.key_hashes,
                     [](const std::string& name) { return sasl::parse_hash(name).has_value(); });
}

}  // namespace aldis
