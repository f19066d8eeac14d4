// Certificates of accounts that are kept in this server's own store.
#include "auth/certificate/store_directory.h"

#include <utility>

namespace aldis {

Task<Result<std::vector<BareJid>>> StoreDirectory::find(std::string domain, CertificateKey key, std::string value) {
  return certificates_.find(std::move(domain), key, std::move(value));
}

Task<Result<bool>> StoreDirectory::has_account(BareJid account) {
  const Result<AccountRecord> found = co_await accounts_.find(std::move(account));
  if (!found && found.error().kind != ErrorKind::not_found) {
    co_return fail(found.error());
  }
  co_return found.has_value();
}

}  // namespace aldis
