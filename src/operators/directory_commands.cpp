// What an LDAP directory says of a person.
#include "operators/commands.h"

namespace aldis::admin::commands {

Outcome directory_check(AdminTarget& target, CommandArguments arguments) {
  const auto steps = co_await target.explain_directory(account_of(arguments));
  if (!steps) {
    co_return fail(steps.error());
  }
  OperatorResult listing;
  for (const DirectoryStep& step : *steps) {
    listing.rows.push_back({step.step, step.is_good, step.found});
  }
  co_return listing;
}

}  // namespace aldis::admin::commands
