// Commands on the stores. Nothing here knows whether a server runs.
#include "admin/store_target.h"

#include <algorithm>

namespace aldis::admin {
namespace {

constexpr const char* not_running = "the server is not running";

}  // namespace

Task<Result<void>> StoreTarget::create_account(BareJid jid, SecretBytes password) {
  if (!jid.has_local()) {
    co_return fail(ErrorKind::invalid, jid.str() + " is a domain, not an account's address");
  }
  if (std::ranges::count(domains_, jid.domain()) == 0) {
    co_return fail(ErrorKind::invalid, "the domain " + std::string(jid.domain()) + " is not served here");
  }
  Result<void> created = co_await passwords_.create_account(jid, std::move(password));
  if (!created && created.error().kind == ErrorKind::already_exists) {
    co_return fail(ErrorKind::already_exists, "the account " + jid.str() + " exists already");
  }
  co_return created;
}

namespace {

// A store's "not found" as an operator should read it.
Result<void> name_account(Result<void> done, const BareJid& jid) {
  if (!done && done.error().kind == ErrorKind::not_found) {
    return fail(ErrorKind::not_found, "there is no account " + jid.str());
  }
  return done;
}

}  // namespace

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
  if (!records) {
    co_return fail(records.error());
  }
  std::vector<AccountInfo> infos;
  for (AccountRecord& record : *records) {
    infos.push_back({std::move(record.jid), record.is_enabled, record.created, record.credentials_changed});
  }
  co_return infos;
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
