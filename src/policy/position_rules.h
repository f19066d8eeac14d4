// PositionRules: what a recipient may see of the positions of others (XEP-0080; docs/positions.md has the table). The first [[location]]
// that names the recipient decides, else the first that names one of its groups, else the first that names its domain, else the [[peer]] of its domain, else it sees all. Immutable,
// shared by all threads; a reload replaces them as a whole.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/directory_group.h"
#include "base/result.h"
#include "policy/domain_pattern.h"
#include "policy/position_options.h"
#include "xmpp/jid.h"

namespace aldis::policy {

struct PositionRule {
  std::string name;              // for the log, never for strangers
  bool is_withheld = false;
  std::uint32_t grid = 0;        // kilometres; 0: exactly
  std::chrono::seconds delay{0};
  [[nodiscard]] bool shows_all() const { return !is_withheld && grid == 0 && delay.count() == 0; }
  friend bool operator==(const PositionRule&, const PositionRule&) = default;
};
using PositionRulePtr = std::shared_ptr<const PositionRule>;

// Whether somebody is in a group (its domain is there) now; nothing: that is not known. Null: there are no groups.
using GroupLookup = std::function<std::optional<bool>(const Jid& who, const GroupName& group)>;

// What is wrong with one table: the option, and the words.
struct PositionProblem {
  std::size_t table = 0;
  std::string option;
  std::string text;
};

class PositionRules {
 public:
  // All problems, or the rules.
  [[nodiscard]] static Result<std::shared_ptr<const PositionRules>, std::vector<PositionProblem>> make(const std::vector<LocationOptions>& tables);

  // Null: no table names it. One that shows all is an answer too.
  // Where it is not known whether a table that names a group does, nothing is shown.
  [[nodiscard]] PositionRulePtr of(const Jid& recipient, const GroupLookup& is_in_group = {}) const;

 private:
  std::map<std::string, PositionRulePtr, std::less<>> users_;
  std::vector<std::pair<GroupName, PositionRulePtr>> groups_;        // in their order
  std::vector<std::pair<DomainPattern, PositionRulePtr>> domains_;   // in their order
};
using PositionRulesPtr = std::shared_ptr<const PositionRules>;

}  // namespace aldis::policy
