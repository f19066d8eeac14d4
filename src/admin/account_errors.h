// What every AdminTarget says alike about accounts: stores' answers as an operator should read them.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "admin/admin_target.h"
#include "storage/account_store.h"

namespace aldis::admin {

// Whether an account with this address may be made here: it is one, and its domain is served.
[[nodiscard]] Result<void> check_account(const BareJid& jid, std::span<const std::string> domains);
// "there is no account X", "the account X exists already".
[[nodiscard]] Result<void> name_account(Result<void> done, const BareJid& jid);
[[nodiscard]] Result<std::vector<AccountInfo>> account_infos(Result<std::vector<AccountRecord>> records);

}  // namespace aldis::admin
