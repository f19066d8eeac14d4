// Matching TLSA records with a chain.
#include "tls/dane.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <optional>

#include "base/ensure.h"
#include "tls/certificate.h"

namespace aldis::tls {
namespace {

using Bytes = std::vector<std::uint8_t>;
using CertificatePtr = std::shared_ptr<X509>;

constexpr std::uint8_t pkix_ta = 0;
constexpr std::uint8_t pkix_ee = 1;
constexpr std::uint8_t dane_ta = 2;
constexpr std::uint8_t dane_ee = 3;

// RFC 6698 section 4.1: what cannot be used is left out, as if it were not there.
bool is_usable(const TlsaRecord& record) {
  const std::size_t size = record.data.size();
  return record.usage <= dane_ee && record.selector <= 1 &&
         (record.matching_type == 0 ? size > 0 : record.matching_type == 1 ? size == 32 : record.matching_type == 2 && size == 64);
}

Bytes encoded(const X509* certificate, std::uint8_t selector) {
  unsigned char* der = nullptr;
  const int size = selector == 0 ? i2d_X509(certificate, &der) : i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  Bytes bytes(der, der + std::max(size, 0));
  OPENSSL_free(der);
  return bytes;
}

// RFC 6698 section 2.1.2 and 2.1.3.
bool matches(const TlsaRecord& record, const X509* certificate) {
  Bytes bytes = encoded(certificate, record.selector);
  if (bytes.empty()) {
    return false;
  }
  if (record.matching_type != 0) {
    Bytes digest(EVP_MAX_MD_SIZE);
    unsigned length = 0;
    const EVP_MD* const md = record.matching_type == 1 ? EVP_sha256() : EVP_sha512();
    ensure(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, md, nullptr) == 1, "the digest is available");
    digest.resize(length);
    bytes = std::move(digest);
  }
  return bytes == record.data;
}

// The record's own certificate, where it holds one whole: it need not be in the chain then (RFC 7671 section 5.2.2).
CertificatePtr certificate_of(const TlsaRecord& record) {
  if (record.selector != 0 || record.matching_type != 0) {
    return nullptr;
  }
  const unsigned char* at = record.data.data();
  X509* const parsed = d2i_X509(nullptr, &at, static_cast<long>(record.data.size()));
  return parsed == nullptr ? nullptr : CertificatePtr(parsed, X509_free);
}

// Nothing when the chain leads from the server's certificate to this anchor, else why not.
std::optional<std::string> path_problem(const DaneInput& input, const CertificatePtr& anchor) {
  X509_STORE* const store = X509_STORE_new();
  X509_STORE_CTX* const context = X509_STORE_CTX_new();
  STACK_OF(X509)* const others = sk_X509_new_null();
  ensure(store != nullptr && context != nullptr && others != nullptr, "memory for a path");
  for (std::size_t i = 1; i < input.chain.size(); ++i) {
    ensure(sk_X509_push(others, input.chain[i].get()) > 0, "memory for a path");
  }
  std::optional<std::string> problem = "the check could not be made";  // a check that cannot be made is a refusal
  if (X509_STORE_add_cert(store, anchor.get()) == 1 && X509_STORE_CTX_init(context, store, input.chain.front().get(), others) == 1) {
    X509_VERIFY_PARAM* const rules = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
    X509_VERIFY_PARAM_set_time(rules, std::chrono::system_clock::to_time_t(input.now));
    X509_VERIFY_PARAM_set_auth_level(rules, 2);
    X509_VERIFY_PARAM_set_depth(rules, 8);
    static_cast<void>(X509_VERIFY_PARAM_set_purpose(rules, X509_PURPOSE_SSL_SERVER));
    problem = X509_verify_cert(context) == 1 ? std::nullopt
                                             : std::optional<std::string>(X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
  }
  X509_STORE_CTX_free(context);
  X509_STORE_free(store);
  sk_X509_free(others);
  return problem;
}

bool covers_a_name(const DaneInput& input) {
  const CertificateNames names = names_of(input.chain.front().get());
  return std::ranges::any_of(input.names, [&](const std::string& name) { return names.cover(name); });
}

// Nothing when the record proves the chain, else why not.
std::optional<std::string> trust_anchor_problem(const DaneInput& input, const TlsaRecord& record) {
  std::vector<CertificatePtr> anchors;
  for (std::size_t i = 1; i < input.chain.size(); ++i) {
    if (matches(record, input.chain[i].get())) {
      anchors.push_back(input.chain[i]);
    }
  }
  if (CertificatePtr own = certificate_of(record); own != nullptr && anchors.empty()) {
    anchors.push_back(std::move(own));
  }
  std::optional<std::string> problem = "no presented authority is the record's";
  for (const CertificatePtr& anchor : anchors) {
    problem = path_problem(input, anchor);
    if (!problem) {
      // RFC 7671 section 5.2: an authority speaks for many, so the name counts.
      return covers_a_name(input) ? std::nullopt : std::optional<std::string>("the certificate is for another name");
    }
  }
  return problem;
}

std::optional<std::string> problem_of(const DaneInput& input, const TlsaRecord& record) {
  switch (record.usage) {
    case dane_ee:
      // RFC 7671 section 5.1: neither names nor dates of the certificate count; DNSSEC vouches for the key itself.
      return matches(record, input.chain.front().get()) ? std::nullopt : std::optional<std::string>("it is another certificate's");
    case dane_ta:
      return trust_anchor_problem(input, record);
    case pkix_ee:
    case pkix_ta:
      break;
  }
  if (!input.is_trusted) {
    return "its usage needs a certificate that our own anchors prove, too";
  }
  if (record.usage == pkix_ee) {
    return matches(record, input.chain.front().get()) ? std::nullopt : std::optional<std::string>("it is another certificate's");
  }
  const bool is_found = input.path.size() > 1 && std::any_of(input.path.begin() + 1, input.path.end(),
                                                             [&](const CertificatePtr& one) { return matches(record, one.get()); });
  return is_found ? std::nullopt : std::optional<std::string>("no authority of the path is the record's");
}

std::string name_of(const TlsaRecord& record) {
  return "TLSA " + std::to_string(record.usage) + " " + std::to_string(record.selector) + " " + std::to_string(record.matching_type);
}

}  // namespace

std::string_view to_string(DaneOutcome outcome) {
  switch (outcome) {
    case DaneOutcome::unusable: return "no usable TLSA record";
    case DaneOutcome::proved: return "proved by DANE";
    case DaneOutcome::refused: return "refused by DANE";
  }
  ensure(false, "every outcome has a name");
  return {};
}

DaneVerdict dane_verdict(const DaneInput& input) {
  DaneVerdict verdict;
  std::string why;
  bool has_usable = false;
  for (const TlsaRecord& record : input.records) {
    if (!is_usable(record)) {
      continue;
    }
    has_usable = true;
    const std::optional<std::string> problem =
        input.chain.empty() ? std::optional<std::string>("the server showed no certificate") : problem_of(input, record);
    if (!problem) {
      return {.outcome = DaneOutcome::proved, .usage = record.usage, .detail = name_of(record)};
    }
    why.append(why.empty() ? "" : "; ").append(name_of(record)).append(": ").append(*problem);
  }
  verdict.outcome = has_usable ? DaneOutcome::refused : DaneOutcome::unusable;
  verdict.detail = has_usable ? why : input.records.empty() ? "there is none" : "none of a kind that is known here";
  return verdict;
}

}  // namespace aldis::tls
