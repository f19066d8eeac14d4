// Options to rules.
#include "auth/certificate/certificate_options.h"

#include <algorithm>

namespace aldis {

Result<MapperRules> mapper_rules(const CertificateOptions& options) {
  MapperRules rules;
  for (const std::string& name : options.client_rules) {
    const auto known = std::ranges::find(certificate_rules, name, [](const auto& entry) { return entry.name; });
    if (known == certificate_rules.end()) {
      return fail(ErrorKind::invalid, "client_rules: there is no rule \"" + name + "\"");
    }
    if (std::ranges::find(rules.order, known->value) != rules.order.end()) {
      return fail(ErrorKind::invalid, "client_rules: \"" + name + "\" is named twice");
    }
    rules.order.push_back(known->value);
  }
  auto pattern = NamePattern::parse(options.client_common_name);
  if (!pattern) {
    return fail(ErrorKind::invalid, "client_common_name: " + pattern.error().what);
  }
  rules.common_name = std::move(*pattern);
  if (options.client_certificates != CertificateUse::off && options.client_anchors.empty()) {
    return fail(ErrorKind::invalid, "client_certificates needs client_anchors: nobody could be believed");
  }
  return rules;
}

}  // namespace aldis
