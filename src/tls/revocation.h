// Revocation: what CRLs (RFC 5280 sections 5 and 6.3) and OCSP responses (RFC 6960) say about a certificate, as functions of their
// bytes and the time. RevocationCache keeps what is current. Left out: delta CRLs, indirect CRLs, and CRLs by attribute
// authorities, which say nothing here. ADR 0036.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

using X509 = struct x509_st;

namespace aldis::tls {

// off: nobody asks. soft: who is known to be revoked is refused. hard: only who is known not to be is accepted.
enum class RevocationMode : std::uint8_t { off, soft, hard };

enum class RevocationState : std::uint8_t {
  good,
  revoked,
  unknown,       // an authorised responder says that it does not know the certificate (RFC 6960 2.2)
  undetermined,  // nothing that is signed as it must be, current, and about this certificate
};

struct RevocationAnswer {
  RevocationState state = RevocationState::undetermined;
  std::string detail;     // "revoked on 2026-01-02 00:00 UTC (keyCompromise), says the CRL of ..."
  WallTime until{};       // until when a good answer holds
  WallTime from{};        // of OCSP: thisUpdate, by which of two the newer is known
};

// A certificate revocation list. Shared between threads.
class Crl {
 public:
  // DER or PEM, one list; 64 MiB at most. An answer is given only after its signature was checked, which is remembered.
  [[nodiscard]] static Result<std::shared_ptr<const Crl>> parse(std::string_view file);
  ~Crl();
  Crl(const Crl&) = delete;
  Crl& operator=(const Crl&) = delete;

  [[nodiscard]] RevocationAnswer ask(X509* certificate, X509* issuer, WallTime now) const;
  // With the issuer's key, which must be one for cRLSign.
  [[nodiscard]] bool is_signed_by(X509* issuer) const;

  [[nodiscard]] const std::string& source() const;       // issuer, key and distribution point: who replaces whom
  [[nodiscard]] const std::string& issuer() const;       // RFC 4514
  [[nodiscard]] bool is_newer_than(const Crl& other) const;
  [[nodiscard]] WallTime this_update() const;
  [[nodiscard]] WallTime next_update() const;            // the epoch when it has none: never current
  [[nodiscard]] std::string der() const;
  [[nodiscard]] std::size_t size() const;                // certificates in it

 private:
  struct State;
  explicit Crl(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// What an OCSP response (DER) says. It must be signed by the issuer, or by a certificate for OCSPSigning that the issuer itself
// made (RFC 6960 4.2.2.2); current with five minutes for clocks that differ; and about this certificate. A nonce that was asked
// for and comes back changed spoils it; one that does not come back is no fault (RFC 9654 2.1).
[[nodiscard]] RevocationAnswer ask_ocsp(std::string_view response, X509* certificate, X509* issuer, WallTime now,
                                        std::string_view nonce = {});
// Each answer of a response (DER), verified as by ask_ocsp() for the one of `issuers` that its certificate is of. invalid: no response.
struct OcspStatement {
  std::string serial;        // the number's bytes
  X509* issuer = nullptr;    // null: none of them
  RevocationAnswer answer{};
};
[[nodiscard]] Result<std::vector<OcspStatement>> verified_statements(std::string_view response, const std::vector<std::shared_ptr<X509>>& issuers,
                                                                     WallTime now);
// What a response has in it, for operators; nothing is verified. Empty: it cannot be read.
struct OcspEntry {
  std::string serial;       // hexadecimal
  std::string status;       // "good", "revoked", "unknown"
  WallTime this_update{};
};
[[nodiscard]] std::vector<OcspEntry> ocsp_entries(std::string_view response);
// An OCSP request (DER) about a certificate, with 32 bytes of nonce or none.
[[nodiscard]] std::string ocsp_request(X509* certificate, X509* issuer, std::string_view nonce);

// Where to ask, as the certificate says; only http:// (RFC 5280 4.2.2.1 and 4.2.1.13).
[[nodiscard]] std::vector<std::string> ocsp_addresses(X509* certificate);
[[nodiscard]] std::vector<std::string> crl_addresses(X509* certificate);

class RevocationCache;

// Everything that is known: the stapled response, cached responses, cached CRLs. Revoked wins over good, good over unknown.
[[nodiscard]] RevocationAnswer ask_all(std::string_view stapled, const RevocationCache* known, X509* certificate, X509* issuer,
                                       WallTime now);

}  // namespace aldis::tls
