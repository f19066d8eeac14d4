// LocalCredentials: the credentials of accounts that are kept in this server's own AccountStore.
#pragma once
#include "auth/credential_source.h"
#include "storage/account_store.h"

namespace aldis {

class LocalCredentials final : public CredentialSource {
 public:
  explicit LocalCredentials(AccountStore& accounts) : accounts_(accounts) {}
  Task<Result<Credentials>> find(BareJid account) override;
  Task<Result<void>> add_keys(BareJid account, ScramKeys keys, WallTime changed) override;

 private:
  AccountStore& accounts_;
};

}  // namespace aldis
