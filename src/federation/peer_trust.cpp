// Judging servers' certificates.
#include "federation/peer_trust.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tls/certificate_names.h"
#include "tls/dane.h"

namespace aldis::federation {
namespace {

std::optional<policy::KeyFingerprint> key_fingerprint(X509* certificate) {
  policy::KeyFingerprint digest{};
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (size <= 0) {
    return std::nullopt;
  }
  unsigned length = 0;
  const bool is_made = EVP_Digest(der, static_cast<std::size_t>(size), digest.data(), &length, EVP_sha256(), nullptr) == 1;
  OPENSSL_free(der);
  return is_made && length == digest.size() ? std::optional(digest) : std::nullopt;
}

}  // namespace

PeerTrust::PeerTrust(std::string anchors, std::string folder, tls::RevocationMode revocation,
                     std::shared_ptr<const tls::RevocationCache> known)
    : anchors_(std::move(anchors)), folder_(std::move(folder)), revocation_(revocation), known_(std::move(known)) {}

Result<std::shared_ptr<const tls::TrustStore>> PeerTrust::store(const std::string& file, tls::RevocationMode mode) {
  if (const auto found = stores_.find({file, mode}); found != stores_.end()) {
    return found->second;
  }
  const std::filesystem::path path = std::filesystem::path(folder_) / file;
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) {
    return fail(ErrorKind::unavailable, "the file of anchors " + path.string() + " cannot be read");
  }
  auto made = tls::TrustStore::make({.anchors_pem = std::move(text).str(),
                                     .revocation = mode,
                                     .known = known_,
                                     .accept_server_usage_from_clients = true});
  if (!made) {
    return fail(made.error().kind, path.string() + ": " + made.error().what);
  }
  stores_.emplace(std::pair(file, mode), *made);
  return std::move(*made);
}

Result<PeerTrust::Anchors> PeerTrust::anchors_of(const policy::PeerRule& rule) {
  const std::string& file = rule.anchors.empty() ? anchors_ : rule.anchors;
  const auto made = store(file, mode_of(rule));
  return made ? Result<Anchors>(Anchors{(std::filesystem::path(folder_) / file).string(), (*made)->anchors().size()}) : fail(made.error());
}

tls::RevocationMode PeerTrust::mode_of(const policy::PeerRule& rule) const {
  switch (rule.revocation) {
    case policy::PeerRevocation::server: break;
    case policy::PeerRevocation::off: return tls::RevocationMode::off;
    case policy::PeerRevocation::soft: return tls::RevocationMode::soft;
    case policy::PeerRevocation::hard: return tls::RevocationMode::hard;
  }
  return revocation_;
}

tls::CertificateVerdict PeerTrust::verify(const policy::PeerRule& rule, tls::RevocationMode mode, const tls::PresentedChain& chain,
                                          const net::ServerTarget* target, WallTime now) {
  const auto anchors = store(rule.anchors.empty() ? anchors_ : rule.anchors, mode);
  if (anchors) {
    return (*anchors)->verify(chain, target != nullptr ? tls::Purpose::server : tls::Purpose::client, now);
  }
  tls::CertificateVerdict verdict;   // a check that cannot be made
  verdict.problem = tls::CertificateProblem::not_checked;
  verdict.detail = anchors.error().what;
  return verdict;
}

std::vector<std::shared_ptr<X509>> PeerTrust::path(const policy::PeerRule& rule, const tls::PresentedChain& chain,
                                                   const net::ServerTarget* target, WallTime now) {
  if (chain.certificates.empty() || mode_of(rule) == tls::RevocationMode::off) {
    return {};
  }
  return verify(rule, tls::RevocationMode::off, chain, target, now).path;
}

std::vector<std::shared_ptr<X509>> PeerTrust::unknown_path(const policy::PeerRule& rule, const tls::PresentedChain& chain,
                                                           const net::ServerTarget* target, WallTime now) {
  if (chain.certificates.empty() || mode_of(rule) == tls::RevocationMode::off ||
      verify(rule, tls::RevocationMode::hard, chain, target, now).problem != tls::CertificateProblem::no_status) {
    return {};
  }
  return path(rule, chain, target, now);
}

PeerProof PeerTrust::judge(const policy::PeerRule& rule, std::string_view domain, const tls::PresentedChain& chain,
                           const net::ServerTarget* target, WallTime now) {
  PeerProof proof;
  if (chain.certificates.empty()) {
    proof.why = "it showed no certificate";
    return proof;
  }
  X509* own = chain.certificates.front().get();
  if (!rule.pinned_keys.empty()) {
    const auto key = key_fingerprint(own);
    if (!key || std::ranges::find(rule.pinned_keys, *key) == rule.pinned_keys.end()) {
      proof.why = "its key is none of those pinned_keys names";
      return proof;
    }
  }
  const bool has_name = tls::names_of(own).covers_service(domain, "_xmpp-server");
  const tls::CertificateVerdict verdict = verify(rule, mode_of(rule), chain, target, now);
  if (target != nullptr && target->is_secure && !target->tlsa.empty()) {
    const tls::DaneVerdict dane = tls::dane_verdict({.chain = chain.certificates,
                                                     .records = target->tlsa,
                                                     .names = {std::string(domain), target->host},
                                                     .is_trusted = verdict.is_trusted() && has_name,
                                                     .path = verdict.path,
                                                     .now = now});
    if (dane.outcome == tls::DaneOutcome::proved) {
      proof.is_proved = true;
      proof.how = "DANE: " + dane.detail;
      return proof;
    }
    if (dane.outcome == tls::DaneOutcome::refused) {
      proof.why = "DANE: " + dane.detail;
      return proof;
    }
  }
  if (verdict.problem) {
    proof.why = std::string(to_string(*verdict.problem)) + ": " + verdict.detail + ". " + std::string(tls::mend(*verdict.problem));
    return proof;
  }
  if (!has_name) {
    proof.why = "its certificate is not for " + std::string(domain);
    return proof;
  }
  proof.is_proved = true;
  proof.how = "certificate";
  return proof;
}

}  // namespace aldis::federation
