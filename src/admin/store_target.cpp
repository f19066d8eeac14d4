// Commands on the stores. Nothing here knows whether a server runs.
#include "admin/store_target.h"

#include "admin/account_errors.h"

namespace aldis::admin {
namespace {

constexpr const char* not_running = "the server is not running";

}  // namespace

Task<Result<void>> StoreTarget::create_account(BareJid jid, SecretBytes password) {
  if (auto allowed = check_account(jid, domains_); !allowed) {
    co_return allowed;
  }
  Result<void> done = co_await passwords_.create_account(jid, std::move(password));
  co_return name_account(std::move(done), jid);
}

Task<Result<void>> StoreTarget::set_password(BareJid jid, SecretBytes password) {
  Result<void> done = co_await passwords_.set_password(jid, std::move(password));
  co_return name_account(std::move(done), jid);
}

Task<Result<void>> StoreTarget::set_enabled(BareJid jid, bool is_enabled) {
  Result<void> done = co_await stores_.accounts.set_enabled(jid, is_enabled);
  co_return name_account(std::move(done), jid);
}

Task<Result<void>> StoreTarget::delete_account(BareJid jid) {
  Result<void> done = co_await stores_.accounts.remove(jid);
  co_return name_account(std::move(done), jid);
}

Task<Result<std::vector<AccountInfo>>> StoreTarget::list_accounts(std::string domain, std::string after, std::size_t limit) {
  auto records = co_await stores_.accounts.list(std::move(domain), std::move(after), limit);
  co_return account_infos(std::move(records));
}

Task<Result<std::vector<SessionInfo>>> StoreTarget::list_sessions(std::optional<BareJid> account, std::size_t limit) {
  static_cast<void>(account);
  static_cast<void>(limit);
  co_return fail(ErrorKind::unavailable, not_running);
}

Task<Result<std::size_t>> StoreTarget::end_sessions(Jid jid) {
  static_cast<void>(jid);
  co_return fail(ErrorKind::unavailable, not_running);
}

Task<Result<ReloadReport>> StoreTarget::reload() { co_return fail(ErrorKind::unavailable, not_running); }

Task<Result<ServerStatus>> StoreTarget::status() {
  ServerStatus status;
  status.version = ALDIS_VERSION;
  status.domains = domains_;
  co_return status;
}

}  // namespace aldis::admin
