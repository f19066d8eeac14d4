// Asking responders and distribution points.
#include "net/revocation_fetch.h"

#include "tls/revocation.h"

namespace aldis::net {
namespace {

constexpr std::size_t addresses_tried = 2;   // of those that a certificate names

Result<std::string> ask_responder(const std::string& url, X509* certificate, X509* issuer, const std::string& nonce, const RevocationFetchOptions& options) {
  return fetch_over_http({.url = url,
                          .body = tls::ocsp_request(certificate, issuer, nonce),
                          .content_type = "application/ocsp-request",
                          .deadline = options.ocsp_deadline,
                          .allow_private = options.allow_private});
}

std::string make_nonce(Random& random) {   // RFC 9654 2.1: 32 bytes
  std::string nonce(32, '\0');
  random.fill({reinterpret_cast<std::uint8_t*>(nonce.data()), nonce.size()});
  return nonce;
}

bool is_good_for_long(const tls::RevocationAnswer& answer, WallTime now, const RevocationFetchOptions& options) {
  return answer.state == tls::RevocationState::good && answer.until > now + options.ahead;
}

// True: an answer of the issuer's is in the cache now.
bool update_by_ocsp(tls::RevocationCache& cache, X509* certificate, X509* issuer, WallTime now, Random& random,
                    const RevocationFetchOptions& options, std::vector<std::string>& failures) {
  const std::vector<std::string> urls = tls::ocsp_addresses(certificate);
  for (std::size_t i = 0; i < urls.size() && i < addresses_tried; ++i) {
    const std::string nonce = make_nonce(random);
    const Result<std::string> response = ask_responder(urls[i], certificate, issuer, nonce, options);
    const Result<void> added = response ? cache.add_ocsp(*response, certificate, issuer, now, nonce) : fail(response.error());
    if (added) {
      return true;
    }
    failures.push_back(response ? urls[i] + ": " + added.error().what : response.error().what);
  }
  return false;
}

void update_by_crl(tls::RevocationCache& cache, X509* certificate, X509* issuer, const RevocationFetchOptions& options, std::vector<std::string>& failures) {
  const std::vector<std::string> urls = tls::crl_addresses(certificate);
  for (std::size_t i = 0; i < urls.size() && i < addresses_tried; ++i) {
    const Result<std::string> list = fetch_over_http(
        {.url = urls[i], .longest_answer = options.largest_crl, .deadline = options.crl_deadline, .allow_private = options.allow_private});
    const Result<void> added = list ? cache.add_crl(*list, issuer) : fail(list.error());
    if (added) {
      return;
    }
    failures.push_back(list ? urls[i] + ": " + added.error().what : list.error().what);
  }
}

}  // namespace

std::vector<std::string> update_revocation(tls::RevocationCache& cache, const std::vector<std::shared_ptr<X509>>& path, WallTime now, Random& random,
                                           const RevocationFetchOptions& options) {
  std::vector<std::string> failures;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    X509* const certificate = path[i].get();
    X509* const issuer = path[i + 1].get();
    if (!is_good_for_long(tls::ask_all({}, &cache, certificate, issuer, now), now, options) &&
        !update_by_ocsp(cache, certificate, issuer, now, random, options, failures)) {
      update_by_crl(cache, certificate, issuer, options, failures);
    }
  }
  return failures;
}

Result<void> refresh_staple(tls::Staple& staple, const tls::Certificate& certificate, WallTime now, Random& random, const RevocationFetchOptions& options) {
  if (staple.until() > now + options.ahead) {
    return {};
  }
  if (staple.until() <= now) {
    staple.replace({}, {});
  }
  const std::vector<std::string> urls = tls::ocsp_addresses(certificate.leaf());
  if (urls.empty() || certificate.chain().size() < 2) {
    return fail(ErrorKind::not_found, urls.empty() ? "the certificate names no OCSP responder" : "the certificate's file has no issuer's certificate");
  }
  X509* const issuer = certificate.chain()[1].get();
  const std::string nonce = make_nonce(random);
  Result<std::string> response = ask_responder(urls.front(), certificate.leaf(), issuer, nonce, options);
  if (!response) {
    return fail(response.error());
  }
  const tls::RevocationAnswer answer = tls::ask_ocsp(*response, certificate.leaf(), issuer, now, nonce);
  if (answer.state != tls::RevocationState::good) {   // our own revocation is nothing to show; it is something to tell
    return fail(ErrorKind::denied, urls.front() + ": " + answer.detail);
  }
  staple.replace(*std::move(response), answer.until);
  return {};
}

}  // namespace aldis::net
