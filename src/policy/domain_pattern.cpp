// Domains in rules.
#include "policy/domain_pattern.h"

#include "xmpp/jid.h"

namespace aldis::policy {

std::optional<DomainPattern> DomainPattern::parse(std::string_view text) {
  DomainPattern pattern{.domain = {}, .is_subtree = text.starts_with("*.")};
  const auto domain = prepare_domain(pattern.is_subtree ? text.substr(2) : text);
  if (!domain || domain->find('*') != std::string::npos) {
    return std::nullopt;
  }
  pattern.domain = *domain;
  return pattern;
}

bool DomainPattern::covers(std::string_view other) const {
  if (!is_subtree) {
    return other == domain;
  }
  return other.size() > domain.size() + 1 && other.ends_with(domain) && other[other.size() - domain.size() - 1] == '.';
}

}  // namespace aldis::policy
