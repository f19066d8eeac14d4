// Both are asked.
#include "core/directory_certificates.h"

#include <algorithm>

namespace aldis {

Task<Result<std::vector<BareJid>>> DirectoryCertificates::find(std::string domain, CertificateKey key, std::string value) {
  const auto directory = directories_.find(domain);
  Result<std::vector<BareJid>> own = co_await own_.find(domain, key, value);
  if (!own || directory == directories_.end()) {
    co_return own;
  }
  const Result<std::vector<BareJid>> theirs = co_await directory->second->find_certificate(std::move(domain), key, std::move(value));
  if (!theirs) {
    co_return fail(theirs.error());
  }
  for (const BareJid& account : *theirs) {
    if (std::ranges::find(*own, account) == own->end()) {
      own->push_back(account);
    }
  }
  co_return own;
}

}  // namespace aldis
