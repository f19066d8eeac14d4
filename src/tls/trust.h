// TrustStore: whether a chain of certificates leads to an authority the operator named: RFC 5280 section 6 in full, and what it
// leaves to policy: key sizes, digests, key usage, and how sure of revocation one must be. Not whose certificate it is
// (certificate_names.h), not what it may do. The certificates between come in the presented chain only; nothing is fetched, and
// the time is the caller's. Immutable, shared between threads. ADR 0036.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "tls/presented_chain.h"
#include "tls/revocation.h"

using X509 = struct x509_st;

namespace aldis::tls {

// What the certificate is shown for: by a client (a person, the initiating server) or by a server.
enum class Purpose : std::uint8_t { client, server };

// One word for each cause (security C02).
enum class CertificateProblem : std::uint8_t {
  none_shown,
  too_large,            // more than 64 KiB, more certificates than max_depth, or more than 100 names (security D8)
  malformed,            // what cannot be decoded, or an extension that is there twice (RFC 5280 4.2)
  expired,
  not_yet_valid,
  self_signed,          // alone, and no anchor
  unknown_authority,    // the chain ends in a root that is no anchor
  missing_issuer,       // the chain ends before any root
  bad_signature,
  not_an_authority,     // an issuer without CA:TRUE or keyCertSign
  path_length,          // pathLenConstraint
  name_constraints,
  policy,               // certificate policies: the required ones are missing, or a constraint of theirs is broken
  key_usage,
  extended_key_usage,
  unknown_extension,    // critical, and unknown here
  weak_signature,       // SHA-1, MD5 and the like
  weak_key,             // RSA below 2048 bits, curves other than P-256, P-384, P-521, brainpool's of 256 bits and more, Ed25519, Ed448
  old_version,          // not v3
  bad_serial,           // negative, zero, or more than 20 bytes (RFC 5280 4.1.2.2)
  duplicate_key,        // the key of an issuer in the hands of who it certifies
  revoked,
  unknown_status,       // the responder does not know the certificate
  no_status,            // RevocationMode::hard, and nothing current says anything
  not_checked,          // the check itself failed; that is a refusal
};
[[nodiscard]] std::string_view to_string(CertificateProblem problem);   // "expired"
[[nodiscard]] std::string_view mend(CertificateProblem problem);        // what an operator can do about it, a sentence

struct TrustOptions {
  std::string anchors_pem;                       // at least one certificate: a root, an intermediate, or a peer's own
  std::vector<std::string> policy_oids;          // at least one of them must hold for the path (RFC 5280 6.1); empty: any
  std::vector<std::string> required_usages;      // extended key usages the certificate must have besides, dotted OIDs
  int max_depth = 5;                             // certificates in a path, the first and the anchor included
  RevocationMode revocation = RevocationMode::off;
  std::shared_ptr<const RevocationCache> known;  // where CRLs and OCSP responses are; null: only what is stapled
  // Public authorities no longer issue certificates with clientAuth, so a server that calls another has one with serverAuth only.
  bool accept_server_usage_from_clients = false;
};

struct CertificateVerdict {
  std::optional<CertificateProblem> problem;
  std::string detail;                            // for log and operator: which certificate, and why
  std::vector<std::shared_ptr<X509>> path;       // from the presented one to the anchor; only when trusted
  [[nodiscard]] bool is_trusted() const { return !problem; }
};

class TrustStore {
 public:
  // invalid: no certificate in PEM form among the anchors, or a text that is no OID; limit: more than 1000 anchors.
  [[nodiscard]] static Result<std::shared_ptr<const TrustStore>> make(TrustOptions options);
  ~TrustStore();
  TrustStore(const TrustStore&) = delete;
  TrustStore& operator=(const TrustStore&) = delete;

  [[nodiscard]] CertificateVerdict verify(const PresentedChain& chain, Purpose purpose, WallTime now) const;
  [[nodiscard]] const TrustOptions& options() const;
  [[nodiscard]] const std::vector<std::shared_ptr<X509>>& anchors() const;

 private:
  struct State;
  explicit TrustStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace aldis::tls
