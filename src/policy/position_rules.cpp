// Groups of recipients, read from their tables.
#include "policy/position_rules.h"

namespace aldis::policy {

Result<std::shared_ptr<const PositionRules>, std::vector<PositionProblem>> PositionRules::make(const std::vector<LocationOptions>& tables) {
  auto rules = std::make_shared<PositionRules>();
  std::vector<PositionProblem> problems;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const LocationOptions& table = tables[i];
    const auto report = [&](std::string option, std::string text) { problems.push_back({i, std::move(option), std::move(text)}); };
    if (table.name.empty()) {
      report("name", "is missing: how the log calls this group");
    }
    if (table.users.empty() && table.groups.empty() && table.domains.empty()) {
      report("users", "and groups and domains are empty: nobody is in this group");
    }
    const auto rule = std::make_shared<const PositionRule>(PositionRule{.name = table.name,
                                                                        .is_withheld = table.positions == Positions::withheld,
                                                                        .grid = table.position_grid,
                                                                        .delay = table.position_delay});
    for (const std::string& text : table.users) {
      const auto user = BareJid::parse(text);
      if (!user || !user->has_local()) {
        report("users", "\"" + text + "\" is no user's address");
      } else {
        rules->users_.emplace(user->str(), rule);
      }
    }
    for (const std::string& text : table.groups) {
      if (auto group = parse_group_name(text); group && !group->domain.empty()) {
        rules->groups_.emplace_back(std::move(*group), rule);
      } else {
        report("groups", "\"" + text + "\" is no \"group@domain\"");
      }
    }
    for (const std::string& text : table.domains) {
      if (auto pattern = DomainPattern::parse(text)) {
        rules->domains_.emplace_back(std::move(*pattern), rule);
      } else {
        report("domains", "\"" + text + "\" is no domain and no \"*.domain\"");
      }
    }
  }
  if (!problems.empty()) {
    return fail(std::move(problems));
  }
  return std::shared_ptr<const PositionRules>(std::move(rules));
}

PositionRulePtr PositionRules::of(const Jid& recipient, const GroupLookup& is_in_group) const {
  if (const auto user = users_.find(recipient.bare_str()); user != users_.end()) {
    return user->second;
  }
  for (const auto& [group, rule] : groups_) {
    const std::optional<bool> is_in = is_in_group ? is_in_group(recipient, group) : std::optional<bool>(false);
    if (!is_in) {
      static const auto unknown = std::make_shared<const PositionRule>(PositionRule{.name = "groups not known", .is_withheld = true});
      return unknown;
    }
    if (*is_in) {
      return rule;
    }
  }
  for (const auto& [pattern, rule] : domains_) {
    if (pattern.covers(recipient.domain())) {
      return rule;
    }
  }
  return nullptr;
}

}  // namespace aldis::policy
