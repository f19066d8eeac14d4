// RevocationCache: the CRLs and OCSP responses a server knows, the newest of each. Any thread reads and writes. With a folder it
// is found again after a restart, and where there is no network an operator's files are imported into it.
#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "tls/revocation.h"

namespace aldis::tls {

// One list or response that is kept, for operators.
struct KnownRevocation {
  bool is_crl = true;
  std::string about;          // a CRL: its issuer (RFC 4514); a response: the serial number, hexadecimal
  std::string says;           // a CRL: "12 revoked"; a response: "good", "revoked", "unknown"
  WallTime from{};
  WallTime until{};           // the epoch: it does not say, or "revoked", which holds until something newer comes
};

class RevocationCache {
 public:
  // In memory only; `most_responses` of OCSP.
  explicit RevocationCache(std::size_t most_responses = 100'000) : most_responses_(most_responses) {}
  // `folder` is made with mode 0700 when it is not there; denied when others can reach it. Files in it that cannot be read as what
  // their names say are left alone and named in `skipped`.
  [[nodiscard]] static Result<std::shared_ptr<RevocationCache>> open(const std::filesystem::path& folder, std::vector<std::string>* skipped);

  // An operator's file, PEM (with one list or several) or DER. The number of lists that were newer than what was known.
  [[nodiscard]] Result<std::size_t> import_crls(std::string_view file);
  // What came over a network: nothing that `issuer` has not signed replaces anything (denied).
  [[nodiscard]] Result<void> add_crl(std::string_view file, X509* issuer);
  // The same for a response about `certificate`; denied also when it is not current, or older than the one that is known: what said
  // "good" before a certificate was revoked cannot be played back. "Revoked" (a hold) is taken back by a newer "good" alone.
  [[nodiscard]] Result<void> add_ocsp(std::string_view response, X509* certificate, X509* issuer, WallTime now, std::string_view nonce);

  // An operator's responses, in PEM form ("OCSP RESPONSE") one or several, or one in DER, about certificates of these issuers, and
  // verified as what is fetched. All or none of them is taken. invalid: one cannot be read; denied: it is not signed as it must be,
  // or not current; not_found: none of the issuers has made the certificate.
  struct Imported {
    std::size_t answers = 0;
    std::size_t newer = 0;   // than what was known
  };
  [[nodiscard]] Result<Imported> import_ocsp(std::string_view file, const std::vector<std::shared_ptr<X509>>& issuers, WallTime now);

  [[nodiscard]] std::vector<std::shared_ptr<const Crl>> crls() const;
  [[nodiscard]] std::string ocsp(X509* certificate, X509* issuer) const;   // DER; empty: none
  // All of it, CRLs first.
  [[nodiscard]] std::vector<KnownRevocation> known() const;
  // Responses that are no longer current; CRLs, and what says "revoked", stay until a newer one comes.
  void forget_old_responses(WallTime now);

 private:
  struct Response {
    std::string der;
    WallTime until;
  };
  enum class News : std::uint8_t { older, known, newer };
  // `answer`: what the response, which was verified, says of the issuer's certificate with that serial number (its bytes).
  [[nodiscard]] Result<News> keep(std::string_view serial, X509* issuer, std::string_view response, const RevocationAnswer& answer, WallTime now);
  void forget_old(WallTime now);   // with writing_ held
  using Crls = std::map<std::string, std::shared_ptr<const Crl>>;   // by Crl::source()
  [[nodiscard]] Result<bool> put(std::shared_ptr<const Crl> crl);   // false: not newer
  [[nodiscard]] Result<void> write(const std::string& name, std::string_view bytes) const;

  const std::size_t most_responses_;
  std::filesystem::path folder_;   // empty: none
  std::mutex writing_;         // of who changes what is kept, also while a file is written; taken before mutex_
  mutable std::mutex mutex_;   // of what follows; not held while a file is written
  std::shared_ptr<const Crls> crls_ = std::make_shared<const Crls>();   // replaced as a whole; a reader keeps what it began with
  std::map<std::string, Response> responses_;                          // by certificate, issuer and key
};

}  // namespace aldis::tls
