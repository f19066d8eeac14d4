// Operators' commands (operators/command.h) as the administrators of a domain run them: on their domain only, in their
// name.
#pragma once
#include <memory>
#include <set>
#include <string>

#include "core/extension.h"
#include "operators/command.h"
#include "operators/domain_target.h"
#include "operators/server_target.h"

namespace aldis::ext {

// What the commands of one domain act on.
class DomainOperators {
 public:
  explicit DomainOperators(Extension& self);
  DomainOperators(const DomainOperators&) = delete;

  // With the checks and the audit record of every other door. Errors are worded for the administrator.
  [[nodiscard]] Task<Result<admin::OperatorResult, StanzaError>> run(Iq request, std::string name,
                                                                     admin::CommandArguments arguments);

 private:
  admin::ServerTarget server_;
  admin::DomainTarget target_;
};
using Operators = std::shared_ptr<DomainOperators>;

[[nodiscard]] StanzaError refusal(const Error& error);
[[nodiscard]] bool is_administrator(const VirtualHost& host, const Jid& requester);

// Offers every command that is a domain's and not among `offered`, with a form made of its arguments, at the node
// "urn:aldis:operator#" and its name with hyphens: "urn:aldis:operator#user-list".
void offer_operator_commands(Extension& self, const Operators& operators,
                             const std::set<std::string, std::less<>>& offered);

}  // namespace aldis::ext
