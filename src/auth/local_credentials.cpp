// Credentials from the server's own AccountStore.
#include "auth/local_credentials.h"

#include <utility>

namespace aldis {

Task<Result<Credentials>> LocalCredentials::find(BareJid account) {
  Result<AccountRecord> record = co_await accounts_.find(std::move(account));
  if (!record) {
    co_return fail(std::move(record.error()));
  }
  Credentials credentials;
  credentials.keys = std::move(record->keys);
  credentials.is_enabled = record->is_enabled;
  credentials.changed = record->credentials_changed;
  credentials.must_change = record->must_change;
  co_return credentials;
}

Task<Result<void>> LocalCredentials::add_keys(BareJid account, ScramKeys keys, WallTime changed) {
  return accounts_.add_keys(std::move(account), std::move(keys), changed);
}

}  // namespace aldis
