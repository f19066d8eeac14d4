// Reading CRLs, and asking them.
#include <openssl/pem.h>

#include <algorithm>
#include <mutex>

#include "base/encoding.h"
#include "base/ensure.h"
#include "tls/asn1.h"
#include "tls/revocation.h"

namespace aldis::tls {
namespace {

using CrlPtr = std::unique_ptr<X509_CRL, Freed<X509_CRL_free>>;
using PointPtr = std::unique_ptr<ISSUING_DIST_POINT, Freed<ISSUING_DIST_POINT_free>>;
using PointsPtr = std::unique_ptr<CRL_DIST_POINTS, Freed<CRL_DIST_POINTS_free>>;
constexpr std::size_t longest_crl = 64 * 1024 * 1024;
constexpr std::chrono::minutes clock_skew{5};

std::string digest(std::string_view bytes) {
  std::uint8_t out[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  ensure(EVP_Digest(bytes.data(), bytes.size(), out, &length, EVP_sha256(), nullptr) == 1, "bytes have a digest");
  return hex_encode({out, length});
}

std::string name_der(const X509_NAME* name) {
  const unsigned char* bytes = nullptr;
  std::size_t length = 0;
  return X509_NAME_get0_der(name, &bytes, &length) == 1 ? std::string(reinterpret_cast<const char*>(bytes), length) : std::string();
}

std::string extension_der(const X509_CRL* crl, int nid) {
  const int at = X509_CRL_get_ext_by_NID(crl, nid, -1);
  return at < 0 ? std::string() : std::string(bytes_of(X509_EXTENSION_get_data(X509_CRL_get_ext(crl, at))));
}

std::vector<std::string> uris(const DIST_POINT_NAME* point) {
  std::vector<std::string> all;
  const GENERAL_NAMES* const names = point != nullptr && point->type == 0 ? point->name.fullname : nullptr;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_URI) {
      if (auto text = ia5_of(name->d.uniformResourceIdentifier)) {
        all.push_back(std::move(*text));
      }
    }
  }
  return all;
}

std::vector<std::string> distribution_points(X509* certificate) {
  std::vector<std::string> all;
  const PointsPtr points(static_cast<CRL_DIST_POINTS*>(X509_get_ext_d2i(certificate, NID_crl_distribution_points, nullptr, nullptr)));
  for (int i = 0; points && i < sk_DIST_POINT_num(points.get()); ++i) {
    const DIST_POINT* const point = sk_DIST_POINT_value(points.get(), i);
    if (point->CRLissuer == nullptr) {   // else the list is an indirect one
      std::ranges::move(uris(point->distpoint), std::back_inserter(all));
    }
  }
  return all;
}

// CRLReason, RFC 5280 5.3.1.
std::string_view reason_text(int reason) {
  switch (reason) {
    case CRL_REASON_KEY_COMPROMISE: return " (keyCompromise)";
    case CRL_REASON_CA_COMPROMISE: return " (cACompromise)";
    case CRL_REASON_AFFILIATION_CHANGED: return " (affiliationChanged)";
    case CRL_REASON_SUPERSEDED: return " (superseded)";
    case CRL_REASON_CESSATION_OF_OPERATION: return " (cessationOfOperation)";
    case CRL_REASON_CERTIFICATE_HOLD: return " (certificateHold)";
    default: return "";
  }
}

std::string reason_of(const X509_REVOKED* entry) {
  auto* const reason = static_cast<ASN1_ENUMERATED*>(X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, nullptr, nullptr));
  const std::string_view text = reason != nullptr ? reason_text(static_cast<int>(ASN1_ENUMERATED_get(reason))) : "";
  ASN1_ENUMERATED_free(reason);
  return std::string(text);
}

std::string revocation_date(const X509_REVOKED* entry) {
  const auto date = wall_time(X509_REVOKED_get0_revocationDate(entry));
  return date ? date_text(*date) : "an unreadable date";
}

bool is_ca(X509* certificate) { return (X509_get_extension_flags(certificate) & EXFLAG_CA) != 0; }

}  // namespace

struct Crl::State {
  CrlPtr crl;
  PointPtr scope;
  std::string source;
  std::string issuer;
  std::string number;   // its crlNumber, big-endian without leading zeros
  WallTime this_update{};
  WallTime next_update{};
  bool is_usable = true;
  mutable std::mutex mutex;
  mutable std::vector<std::pair<std::string, bool>> checked;   // by the digest of an issuer's key

  [[nodiscard]] bool is_about(X509* certificate) const;
};

// RFC 5280 6.3.3 b: only of the kind and the distribution point that the list says it is complete for.
bool Crl::State::is_about(X509* certificate) const {
  if (!scope) {
    return true;
  }
  if ((scope->onlyuser > 0 && is_ca(certificate)) || (scope->onlyCA > 0 && !is_ca(certificate))) {
    return false;
  }
  if (scope->distpoint == nullptr) {
    return true;
  }
  const std::vector<std::string> ours = distribution_points(certificate);
  return std::ranges::any_of(uris(scope->distpoint), [&](const std::string& uri) { return std::ranges::find(ours, uri) != ours.end(); });
}

Crl::Crl(std::unique_ptr<State> state) : state_(std::move(state)) {}
Crl::~Crl() = default;

Result<std::shared_ptr<const Crl>> Crl::parse(std::string_view file) {
  ERR_clear_error();
  if (file.size() > longest_crl) {
    return fail(ErrorKind::limit, "a CRL of more than 64 MiB");
  }
  auto state = std::make_unique<State>();
  if (file.find("-----BEGIN X509 CRL-----") != std::string_view::npos) {
    const BioPtr pem = memory_bio(file);
    state->crl.reset(PEM_read_bio_X509_CRL(pem.get(), nullptr, nullptr, nullptr));
  } else {
    const auto* in = reinterpret_cast<const unsigned char*>(file.data());
    state->crl.reset(d2i_X509_CRL(nullptr, &in, static_cast<long>(file.size())));
  }
  ERR_clear_error();
  if (!state->crl) {
    return fail(ErrorKind::invalid, "no CRL in PEM or DER form");
  }
  const X509_CRL* const crl = state->crl.get();
  const ASN1_TIME* const next = X509_CRL_get0_nextUpdate(crl);
  const auto this_update = wall_time(X509_CRL_get0_lastUpdate(crl));
  const auto next_update = next != nullptr ? wall_time(next) : std::optional(WallTime{});   // RFC 5280 5.1.2.5: required
  if (!this_update || !next_update) {
    return fail(ErrorKind::invalid, "a date of the CRL cannot be read");
  }
  state->this_update = *this_update;
  state->next_update = *next_update;
  state->issuer = rfc4514(X509_CRL_get_issuer(crl));
  state->scope.reset(static_cast<ISSUING_DIST_POINT*>(X509_CRL_get_ext_d2i(crl, NID_issuing_distribution_point, nullptr, nullptr)));
  state->source = digest(name_der(X509_CRL_get_issuer(crl)) + "\n" + extension_der(crl, NID_authority_key_identifier) + "\n" +
                         extension_der(crl, NID_issuing_distribution_point));
  auto* const number = static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(crl, NID_crl_number, nullptr, nullptr));
  state->number = number != nullptr ? std::string(bytes_of(number)) : "";
  ASN1_INTEGER_free(number);
  const bool has_scope = X509_CRL_get_ext_by_NID(crl, NID_issuing_distribution_point, -1) >= 0;
  state->is_usable = X509_CRL_get_ext_by_NID(crl, NID_delta_crl, -1) < 0 && has_scope == (state->scope != nullptr) &&
                     (!state->scope || (state->scope->indirectCRL <= 0 && state->scope->onlyattr <= 0 && state->scope->onlysomereasons == nullptr));
  for (int i = 0; i < X509_CRL_get_ext_count(crl); ++i) {
    X509_EXTENSION* const extension = X509_CRL_get_ext(crl, i);
    const int nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
    if (X509_EXTENSION_get_critical(extension) == 1 && nid != NID_issuing_distribution_point && nid != NID_authority_key_identifier) {
      state->is_usable = false;   // RFC 5280 5.2: what is critical and not understood forbids its use
    }
  }
  return std::shared_ptr<const Crl>(new Crl(std::move(state)));
}

bool Crl::is_signed_by(X509* issuer) const {
  if (X509_NAME_cmp(X509_CRL_get_issuer(state_->crl.get()), X509_get_subject_name(issuer)) != 0 ||
      (X509_get_key_usage(issuer) & KU_CRL_SIGN) == 0) {
    return false;
  }
  const std::string key = digest(bytes_of(X509_get0_pubkey_bitstr(issuer)));
  const std::lock_guard lock(state_->mutex);
  if (const auto found = std::ranges::find(state_->checked, key, &std::pair<std::string, bool>::first); found != state_->checked.end()) {
    return found->second;
  }
  int digest_nid = NID_undef;
  int key_nid = NID_undef;
  const int algorithm = X509_CRL_get_signature_nid(state_->crl.get());
  OBJ_find_sigid_algs(algorithm, &digest_nid, &key_nid);
  const bool is_weak = digest_nid == NID_sha1 || digest_nid == NID_md5 || digest_nid == NID_md4 || digest_nid == NID_md2;
  const bool good = !is_weak && X509_CRL_verify(state_->crl.get(), X509_get0_pubkey(issuer)) == 1;
  ERR_clear_error();
  if (state_->checked.size() < 16) {   // issuers of one name with different keys
    state_->checked.emplace_back(key, good);
  }
  return good;
}

RevocationAnswer Crl::ask(X509* certificate, X509* issuer, WallTime now) const {
  if (X509_NAME_cmp(X509_CRL_get_issuer(state_->crl.get()), X509_get_issuer_name(certificate)) != 0) {
    return {RevocationState::undetermined, "there is no CRL of " + rfc4514(X509_get_issuer_name(certificate)), {}};
  }
  const std::string who = "the CRL of " + state_->issuer;
  if (!state_->is_usable || !state_->is_about(certificate)) {
    return {RevocationState::undetermined, who + " is not about this certificate", {}};
  }
  if (!is_signed_by(issuer)) {
    return {RevocationState::undetermined, who + " is not signed by the issuer of the certificate", {}};
  }
  if (state_->this_update > now + clock_skew) {
    return {RevocationState::undetermined, who + " is from the future, " + date_text(state_->this_update), {}};
  }
  X509_REVOKED* entry = nullptr;
  const int found = X509_CRL_get0_by_cert(state_->crl.get(), &entry, certificate);
  if (found == 1) {   // also when the list is old: nobody comes back but from certificateHold, and then a newer list says so
    return {RevocationState::revoked, "revoked on " + revocation_date(entry) + reason_of(entry) + ", says " + who, {}};
  }
  if (state_->next_update < now) {
    return {RevocationState::undetermined,
            state_->next_update == WallTime{} ? who + " does not say until when it holds" : who + " held until " + date_text(state_->next_update), {}};
  }
  return {RevocationState::good, "not in " + who, state_->next_update};
}

const std::string& Crl::source() const { return state_->source; }
const std::string& Crl::issuer() const { return state_->issuer; }
WallTime Crl::this_update() const { return state_->this_update; }
WallTime Crl::next_update() const { return state_->next_update; }

bool Crl::is_newer_than(const Crl& other) const {
  const auto rank = [](const State& s) { return std::tuple(s.number.size(), std::string_view(s.number), s.this_update); };
  const bool by_number = !state_->number.empty() && !other.state_->number.empty();
  return by_number ? rank(*state_) > rank(*other.state_) : state_->this_update > other.state_->this_update;
}

std::string Crl::der() const {
  unsigned char* bytes = nullptr;
  const int length = i2d_X509_CRL(state_->crl.get(), &bytes);
  ensure(length > 0, "a CRL that was read can be written");
  std::string out(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
  OPENSSL_free(bytes);
  return out;
}

std::size_t Crl::size() const {
  const int count = sk_X509_REVOKED_num(X509_CRL_get_REVOKED(state_->crl.get()));
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

std::vector<std::string> crl_addresses(X509* certificate) {
  std::vector<std::string> all = distribution_points(certificate);
  std::erase_if(all, [](const std::string& uri) { return !uri.starts_with("http://"); });
  return all;
}

}  // namespace aldis::tls
