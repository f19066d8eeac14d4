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
  co_return credentials;
}

}  // namespace aldis
