// What every AdminTarget says alike about accounts: stores' answers as an operator should read them.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "operators/admin_target.h"
#include "auth/login_failures.h"
#include "storage/account_store.h"
#include "storage/token_store.h"

namespace aldis::admin {

// Whether the domain is served here.
[[nodiscard]] Result<void> check_domain(std::string_view domain, std::span<const std::string> domains);
// Whether an account with this address may be made here: it is one, and its domain is served.
[[nodiscard]] Result<void> check_account(const BareJid& jid, std::span<const std::string> domains);
// "there is no account X", "the account X exists already".
[[nodiscard]] Result<void> name_account(Result<void> done, const BareJid& jid);
[[nodiscard]] Result<void> name_notice(Result<void> done, NoticeKind kind, std::string_view domain);
using Lockouts = std::map<std::string, LoginFailureCounters::Lockout, std::less<>>;
[[nodiscard]] Result<std::vector<TokenInfo>> token_infos(Result<std::vector<ClientToken>> tokens);
[[nodiscard]] Result<AccountInfo> account_info(Result<AccountRecord> record, const BareJid& jid, const Lockouts& lockouts);
[[nodiscard]] Result<std::vector<AccountInfo>> account_infos(Result<std::vector<AccountRecord>> records, const Lockouts& lockouts);

// The last step of explaining what a directory says of an account: what is known of it here.
[[nodiscard]] DirectoryStep account_step(const Result<AccountRecord>& record);

}  // namespace aldis::admin
