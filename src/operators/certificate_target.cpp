// Certificates of people in the store, and one from a file.
#include "operators/certificate_target.h"

#include <openssl/pem.h>

#include "operators/account_errors.h"
#include "tls/openssl.h"

namespace aldis::admin {
namespace {

constexpr std::size_t certificates_max = 100;   // of one account

}  // namespace

Task<Result<std::vector<CertificateMapping>>> certificates_of(Stores stores, BareJid jid) {
  const Result<AccountRecord> account = co_await stores.accounts.find(jid);
  if (!account) {
    co_return fail(name_account(fail(account.error()), jid).error());
  }
  Result<std::vector<CertificateMapping>> found = co_await stores.certificates.load(jid);
  co_return found;
}

Task<Result<void>> give_certificate(Stores stores, BareJid jid, CertificateMapping mapping) {
  Result<void> added = co_await stores.certificates.add(jid, std::move(mapping), certificates_max);
  if (!added && added.error().kind == ErrorKind::not_found) {
    co_return name_account(std::move(added), jid);
  }
  co_return added;
}

Task<Result<void>> take_certificate(Stores stores, BareJid jid, CertificateKey key, std::string value) {
  Result<void> removed = co_await stores.certificates.remove(std::move(jid), key, std::move(value));
  co_return removed;
}

Result<tls::PresentedChain> read_chain(const std::string& pem) {
  ERR_clear_error();
  tls::PresentedChain chain;
  const tls::BioPtr in = tls::memory_bio(pem);
  while (X509* const one = PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)) {
    chain.certificates.emplace_back(one, X509_free);
  }
  ERR_clear_error();
  if (chain.certificates.empty()) {
    return fail(ErrorKind::invalid, "no certificate can be read");
  }
  return chain;
}

Result<tls::RevocationCache::Imported> import_responses(tls::RevocationCache& known, const Authorities& authorities, const std::string& responses,
                                                        const std::string& issuers, WallTime now) {
  std::vector<std::shared_ptr<X509>> all = authorities ? authorities() : std::vector<std::shared_ptr<X509>>{};
  if (!issuers.empty()) {
    const auto given = read_chain(issuers);
    if (!given) {
      return fail(given.error());
    }
    all.insert(all.end(), given->certificates.begin(), given->certificates.end());
  }
  return known.import_ocsp(responses, all, now);
}

}  // namespace aldis::admin
