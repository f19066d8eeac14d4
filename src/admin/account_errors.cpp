// Words for what can be wrong with an account.
#include "admin/account_errors.h"

#include <algorithm>

namespace aldis::admin {

Result<void> check_account(const BareJid& jid, std::span<const std::string> domains) {
  if (!jid.has_local()) {
    return fail(ErrorKind::invalid, jid.str() + " is a domain, not an account's address");
  }
  if (std::ranges::count(domains, jid.domain()) == 0) {
    return fail(ErrorKind::invalid, "the domain " + std::string(jid.domain()) + " is not served here");
  }
  return {};
}

Result<void> name_account(Result<void> done, const BareJid& jid) {
  if (!done && done.error().kind == ErrorKind::not_found) {
    return fail(ErrorKind::not_found, "there is no account " + jid.str());
  }
  if (!done && done.error().kind == ErrorKind::already_exists) {
    return fail(ErrorKind::already_exists, "the account " + jid.str() + " exists already");
  }
  return done;
}

Result<std::vector<AccountInfo>> account_infos(Result<std::vector<AccountRecord>> records) {
  if (!records) {
    return fail(records.error());
  }
  std::vector<AccountInfo> infos;
  for (AccountRecord& record : *records) {
    infos.push_back({std::move(record.jid), record.is_enabled, record.created, record.credentials_changed});
  }
  return infos;
}

}  // namespace aldis::admin
