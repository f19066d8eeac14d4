// StoreTarget: operators' commands on the store itself. All there is when the server is stopped; the running server adds
// its sessions to it.
#pragma once
#include "admin/admin_target.h"
#include "auth/passwords.h"
#include "storage/stores.h"

namespace aldis::admin {

class StoreTarget : public AdminTarget {
 public:
  // Everything passed outlives it. Accounts are made in `domains` only.
  StoreTarget(Stores stores, Passwords& passwords, std::vector<std::string> domains)
      : stores_(stores), passwords_(passwords), domains_(std::move(domains)) {}

  Task<Result<void>> create_account(BareJid jid, SecretBytes password) override;
  Task<Result<void>> set_password(BareJid jid, SecretBytes password) override;
  Task<Result<void>> set_enabled(BareJid jid, bool is_enabled) override;
  Task<Result<void>> delete_account(BareJid jid) override;
  Task<Result<std::vector<AccountInfo>>> list_accounts(std::string domain, std::string after, std::size_t limit) override;
  Task<Result<std::vector<SessionInfo>>> list_sessions(std::optional<BareJid> account, std::size_t limit) override;
  Task<Result<std::size_t>> end_sessions(Jid jid) override;
  Task<Result<ReloadReport>> reload() override;
  Task<Result<ServerStatus>> status() override;
  [[nodiscard]] std::vector<std::string> domains() const override { return domains_; }

 private:
  Stores stores_;
  Passwords& passwords_;
  std::vector<std::string> domains_;
};

}  // namespace aldis::admin
