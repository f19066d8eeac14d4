// Groups of directories, wherever a configuration names one: each must be one that somebody could be in.
#include <algorithm>

#include "app/config_checks.h"
#include "extensions/muc/options.h"

namespace aldis::app {

std::string problem_of_group(const Config& config, const std::string& text, std::string_view own_domain) {
  const auto name = parse_group_name(text);
  if (!name) {
    return shown(text) + " is no group's name, \"group\" or \"group@domain\"";
  }
  const std::string_view of = name->domain.empty() ? own_domain : std::string_view(name->domain);
  const bool has_groups = std::ranges::any_of(config.domains, [&](const DomainConfig& domain) {
    return domain.get().name == of && std::ranges::any_of(config.directories, [&](const OptionObject& one) {
             const auto& directory = one.as<ldap::DirectoryOptions>();
             return directory.name == domain.get().directory && !directory.group_base.empty();
           });
  });
  return has_groups ? std::string()
                    : shown(text) + ": " + std::string(of) + " is no domain here whose directory has groups";
}

std::vector<SectionProblem> check_groups(const Config& config) {
  std::vector<SectionProblem> problems;
  for (std::size_t i = 0; i < config.domains.size(); ++i) {
    const DomainOptions& domain = config.domains[i].get();
    for (const std::string& group : domain.administrator_groups) {
      if (const std::string problem = problem_of_group(config, group, domain.name); !problem.empty()) {
        problems.push_back({"domain", i, "administrator_groups", "[[domain]] administrator_groups: " + problem});
      }
    }
  }
  for (std::size_t i = 0; i < config.domains.size(); ++i) {
    const auto rooms = config.domains[i].extensions.find("muc");
    if (rooms == config.domains[i].extensions.end()) {
      continue;
    }
    const auto& options = rooms->second.as<muc::MucOptions>();
    for (const auto& [option, texts] : {std::pair("owner_groups", &options.owner_groups),
                                        {"admin_groups", &options.admin_groups},
                                        {"member_groups", &options.member_groups}}) {
      for (const std::string& text : *texts) {
        const std::size_t equals = text.find('=');
        const std::string problem =
            muc::parse_group_rule(text, Affiliation::member)
                ? problem_of_group(config, equals == std::string::npos ? text : text.substr(equals + 1), {})
                : shown(text) + " is not \"group@domain\" or \"room=group@domain\"";
        if (!problem.empty()) {
          problems.push_back({"domain", i, "name", "[domain.extension.muc] " + std::string(option) + ": " + problem});
        }
      }
    }
  }
  for (std::size_t i = 0; i < config.locations.size(); ++i) {
    for (const std::string& group : config.locations[i].as<policy::LocationOptions>().groups) {
      if (const std::string problem = problem_of_group(config, group, "nobody");
          !problem.empty() && group.find('@') != std::string::npos) {
        problems.push_back({"location", i, "groups", "[[location]] groups: " + problem});
      }
    }
  }
  return problems;
}

}  // namespace aldis::app
