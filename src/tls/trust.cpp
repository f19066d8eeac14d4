// Verifying a path with OpenSSL's RFC 5280 machine, and what it leaves open by our own rules.
#include "tls/trust.h"

#include <openssl/pem.h>

#include <algorithm>

#include "base/ensure.h"
#include "tls/asn1.h"
#include "tls/certificate_rules.h"
#include "tls/revocation_cache.h"

namespace aldis::tls {
namespace {

using StorePtr = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;
using StoreCtxPtr = std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>>;
constexpr std::size_t largest_chain = 64 * 1024;   // security D8
constexpr std::size_t most_anchors = 1000;
constexpr std::size_t longest_name = 200;          // of a stranger's name in our log

struct StackFreed {
  void operator()(STACK_OF(X509)* stack) const { sk_X509_free(stack); }
};
using StackPtr = std::unique_ptr<STACK_OF(X509), StackFreed>;   // does not own what is in it

std::string call(const X509* certificate) {
  std::string name = rfc4514(X509_get_subject_name(certificate));
  if (name.size() > longest_name) {
    name.resize(longest_name);
    while (!name.empty() && (static_cast<std::uint8_t>(name.back()) & 0xC0U) == 0x80U) {   // whole characters
      name.pop_back();
    }
    name += "...";
  }
  return "certificate \"" + name + "\"";
}

CertificateVerdict refusal(CertificateProblem problem, std::string detail) { return {problem, std::move(detail), {}}; }

CertificateVerdict refusal(const X509* certificate, Finding finding) {
  return refusal(finding.problem, call(certificate) + ": " + finding.detail);
}

// What OpenSSL says when it ends before our own rules are asked.
CertificateProblem problem_of(int error) {
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED: return CertificateProblem::expired;
    case X509_V_ERR_CERT_NOT_YET_VALID: return CertificateProblem::not_yet_valid;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: return CertificateProblem::self_signed;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: return CertificateProblem::unknown_authority;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE: return CertificateProblem::missing_issuer;
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE:
    case X509_V_ERR_SIGNATURE_ALGORITHM_MISMATCH:
    case X509_V_ERR_SIGNATURE_ALGORITHM_INCONSISTENCY: return CertificateProblem::bad_signature;
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_INVALID_NON_CA:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN: return CertificateProblem::not_an_authority;
    case X509_V_ERR_PATH_LENGTH_EXCEEDED: return CertificateProblem::path_length;
    case X509_V_ERR_CERT_CHAIN_TOO_LONG: return CertificateProblem::too_large;
    case X509_V_ERR_PERMITTED_VIOLATION:
    case X509_V_ERR_EXCLUDED_VIOLATION:
    case X509_V_ERR_SUBTREE_MINMAX:
    case X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE:
    case X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX:
    case X509_V_ERR_UNSUPPORTED_NAME_SYNTAX: return CertificateProblem::name_constraints;
    case X509_V_ERR_INVALID_POLICY_EXTENSION:
    case X509_V_ERR_NO_EXPLICIT_POLICY: return CertificateProblem::policy;
    case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION: return CertificateProblem::unknown_extension;
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_EC_KEY_EXPLICIT_PARAMS: return CertificateProblem::weak_key;
    case X509_V_ERR_CA_MD_TOO_WEAK: return CertificateProblem::weak_signature;
    case X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY:
    case X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD:
    case X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD:
    case X509_V_ERR_INVALID_EXTENSION: return CertificateProblem::malformed;
    default: return CertificateProblem::not_checked;
  }
}

std::string detail_of(int error, const X509* certificate) {
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED: {
      const auto date = wall_time(X509_get0_notAfter(certificate));
      return "expired on " + (date ? date_text(*date) : "an unreadable date");
    }
    case X509_V_ERR_CERT_NOT_YET_VALID: {
      const auto date = wall_time(X509_get0_notBefore(certificate));
      return "not valid before " + (date ? date_text(*date) : "an unreadable date");
    }
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return "issued by \"" + rfc4514(X509_get_issuer_name(certificate)).substr(0, longest_name) + "\", which was neither sent nor is an anchor";
    default: return X509_verify_cert_error_string(error);
  }
}

std::optional<CertificateVerdict> look_at_size(const PresentedChain& chain, int max_depth) {
  const auto& all = chain.certificates;
  if (all.empty()) {
    return refusal(CertificateProblem::none_shown, "no certificate was shown");
  }
  if (all.size() > static_cast<std::size_t>(max_depth)) {
    return refusal(CertificateProblem::too_large, std::to_string(all.size()) + " certificates were shown; " + std::to_string(max_depth) + " at most");
  }
  std::size_t bytes = 0;
  for (const auto& certificate : all) {
    const int size = i2d_X509(certificate.get(), nullptr);
    bytes += static_cast<std::size_t>(std::max(size, 0));
  }
  if (bytes > largest_chain) {
    return refusal(CertificateProblem::too_large, "the certificates have " + std::to_string(bytes) + " bytes; 64 KiB at most");
  }
  const auto names = alternative_names(all.front().get());
  if (!names) {
    return refusal(names.error().kind == ErrorKind::limit ? CertificateProblem::too_large : CertificateProblem::malformed,
                   call(all.front().get()) + ": " + names.error().what);
  }
  return std::nullopt;
}

// A leaf with its issuer's key could issue, too.
std::optional<CertificateVerdict> look_at_keys(const std::vector<std::shared_ptr<X509>>& path) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    for (std::size_t k = i + 1; k < path.size(); ++k) {
      if (EVP_PKEY_eq(X509_get0_pubkey(path[i].get()), X509_get0_pubkey(path[k].get())) == 1) {
        return refusal(path[i].get(), Finding{CertificateProblem::duplicate_key, "it has the key of " + call(path[k].get())});
      }
    }
  }
  ERR_clear_error();
  return std::nullopt;
}

}  // namespace

struct TrustStore::State {
  TrustOptions options;
  std::vector<std::shared_ptr<X509>> anchors;
  StorePtr store;

  [[nodiscard]] bool set_rules(X509_VERIFY_PARAM* rules, WallTime now) const;
  [[nodiscard]] CertificateVerdict find_path(const PresentedChain& chain, WallTime now) const;
  [[nodiscard]] std::optional<CertificateVerdict> look_at_path(const CertificateVerdict& found, Purpose purpose) const;
  [[nodiscard]] std::optional<CertificateVerdict> look_at_revocation(const CertificateVerdict& found, std::string_view stapled, WallTime now) const;
};

bool TrustStore::State::set_rules(X509_VERIFY_PARAM* rules, WallTime now) const {
  unsigned long flags = X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_POLICY_CHECK;
  for (const std::string& oid : options.policy_oids) {
    ASN1_OBJECT* const policy = OBJ_txt2obj(oid.c_str(), 1);
    if (policy == nullptr || X509_VERIFY_PARAM_add0_policy(rules, policy) != 1) {
      ASN1_OBJECT_free(policy);
      return false;
    }
    flags |= X509_V_FLAG_EXPLICIT_POLICY;
  }
  X509_VERIFY_PARAM_set_time(rules, std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
  X509_VERIFY_PARAM_set_depth(rules, std::max(options.max_depth - 2, 0));   // OpenSSL counts those between
  X509_VERIFY_PARAM_set_auth_level(rules, 2);
  return X509_VERIFY_PARAM_set_flags(rules, flags) == 1;
}

CertificateVerdict TrustStore::State::find_path(const PresentedChain& chain, WallTime now) const {
  const StackPtr between(sk_X509_new_null());
  const StoreCtxPtr context(X509_STORE_CTX_new());
  bool is_ready = between && context;
  for (std::size_t i = 1; is_ready && i < chain.certificates.size(); ++i) {
    is_ready = sk_X509_push(between.get(), chain.certificates[i].get()) > 0;
  }
  is_ready = is_ready && X509_STORE_CTX_init(context.get(), store.get(), chain.certificates.front().get(), between.get()) == 1 &&
             set_rules(X509_STORE_CTX_get0_param(context.get()), now);
  const int result = is_ready ? X509_verify_cert(context.get()) : -1;
  const int error = is_ready ? X509_STORE_CTX_get_error(context.get()) : X509_V_ERR_OUT_OF_MEM;
  ERR_clear_error();
  if (result != 1 || error != X509_V_OK) {
    const X509* const where = is_ready ? X509_STORE_CTX_get_current_cert(context.get()) : nullptr;
    const X509* const named = where != nullptr ? where : chain.certificates.front().get();
    return refusal(problem_of(error), call(named) + ": " + detail_of(error, named));
  }
  CertificateVerdict found;
  STACK_OF(X509)* const path = X509_STORE_CTX_get0_chain(context.get());
  for (int i = 0; i < sk_X509_num(path); ++i) {
    X509_up_ref(sk_X509_value(path, i));
    found.path.emplace_back(sk_X509_value(path, i), X509_free);
  }
  return found;
}

std::optional<CertificateVerdict> TrustStore::State::look_at_path(const CertificateVerdict& found, Purpose purpose) const {
  for (std::size_t i = 0; i < found.path.size(); ++i) {
    X509* const certificate = found.path[i].get();
    const Place place = i == 0 ? Place::leaf : i + 1 == found.path.size() ? Place::anchor : Place::issuer;
    auto finding = look_at(certificate, place);
    finding = finding ? finding : look_at_usage(certificate, place, purpose, options);
    if (finding) {
      return refusal(certificate, *std::move(finding));
    }
  }
  if (found.path.size() > static_cast<std::size_t>(options.max_depth)) {
    return refusal(CertificateProblem::too_large, "the path has " + std::to_string(found.path.size()) + " certificates");
  }
  if (auto finding = look_at_xmpp_names(found.path)) {
    return refusal(found.path.front().get(), *std::move(finding));
  }
  return look_at_keys(found.path);
}

std::optional<CertificateVerdict> TrustStore::State::look_at_revocation(const CertificateVerdict& found, std::string_view stapled,
                                                                        WallTime now) const {
  for (std::size_t i = 0; options.revocation != RevocationMode::off && i + 1 < found.path.size(); ++i) {
    X509* const certificate = found.path[i].get();
    RevocationAnswer answer = ask_all(i == 0 ? stapled : std::string_view{}, options.known.get(), certificate, found.path[i + 1].get(), now);
    switch (answer.state) {
      case RevocationState::good: break;
      case RevocationState::revoked: return refusal(certificate, {CertificateProblem::revoked, std::move(answer.detail)});
      case RevocationState::unknown: return refusal(certificate, {CertificateProblem::unknown_status, std::move(answer.detail)});
      case RevocationState::undetermined:
        if (options.revocation == RevocationMode::hard) {
          return refusal(certificate, {CertificateProblem::no_status, std::move(answer.detail)});
        }
    }
  }
  return std::nullopt;
}

TrustStore::TrustStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
TrustStore::~TrustStore() = default;
const TrustOptions& TrustStore::options() const { return state_->options; }
const std::vector<std::shared_ptr<X509>>& TrustStore::anchors() const { return state_->anchors; }

Result<std::shared_ptr<const TrustStore>> TrustStore::make(TrustOptions options) {
  ERR_clear_error();
  auto state = std::make_unique<State>();
  state->store.reset(X509_STORE_new());
  ensure(state->store != nullptr, "OpenSSL has memory for a store");
  for (const auto* list : {&options.policy_oids, &options.required_usages}) {
    for (const std::string& oid : *list) {
      ASN1_OBJECT* const object = OBJ_txt2obj(oid.c_str(), 1);
      ASN1_OBJECT_free(object);
      if (object == nullptr) {
        ERR_clear_error();
        return fail(ErrorKind::invalid, "\"" + oid + "\" is no object identifier, such as 2.16.840.1.101.3.2.1.3.13");
      }
    }
  }
  if (options.max_depth < 1) {
    return fail(ErrorKind::invalid, "a path has one certificate at least");
  }
  const BioPtr pem = memory_bio(options.anchors_pem);
  while (X509* const one = PEM_read_bio_X509(pem.get(), nullptr, nullptr, nullptr)) {
    state->anchors.emplace_back(one, X509_free);
    ensure(X509_STORE_add_cert(state->store.get(), one) == 1, "OpenSSL has memory for an anchor");
    if (state->anchors.size() > most_anchors) {
      return fail(ErrorKind::limit, "more than 1000 anchors");
    }
  }
  const bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (state->anchors.empty() || !is_end) {
    return fail(ErrorKind::invalid, state->anchors.empty() ? "no certificate in PEM form" : "a certificate among the anchors cannot be read");
  }
  state->options = std::move(options);
  return std::shared_ptr<const TrustStore>(new TrustStore(std::move(state)));
}

CertificateVerdict TrustStore::verify(const PresentedChain& chain, Purpose purpose, WallTime now) const {
  ERR_clear_error();
  if (auto refused = look_at_size(chain, state_->options.max_depth)) {
    return *std::move(refused);
  }
  // First what the certificate is by itself: a cause of its own is worth more than "no path".
  X509* const leaf = chain.certificates.front().get();
  auto finding = look_at(leaf, Place::leaf);
  finding = finding ? finding : look_at_usage(leaf, Place::leaf, purpose, state_->options);
  if (finding) {
    return refusal(leaf, *std::move(finding));
  }
  CertificateVerdict found = state_->find_path(chain, now);
  if (!found.is_trusted()) {
    return found;
  }
  if (auto refused = state_->look_at_path(found, purpose)) {
    return *std::move(refused);
  }
  if (auto refused = state_->look_at_revocation(found, chain.stapled, now)) {
    return *std::move(refused);
  }
  return found;
}

}  // namespace aldis::tls
