// TlsContext: what all handshakes of a listener share: certificates by host, and the policy: TLS 1.2 and 1.3, what the profile
// names and nothing else, the server's preference, no renegotiation, compression, or early data (RFC 7590, RFC 9325; security
// T03, T04, T05, T08). Immutable and shared between threads: reloading certificates is making a new
// one and replacing the shared_ptr; connections keep the one they began with.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "tls/certificate.h"
#include "tls/profile.h"
#include "tls/staple.h"

using SSL_CTX = struct ssl_ctx_st;

namespace aldis::tls {

struct TlsPolicy {
  TlsProfile profile = TlsProfile::modern;
  std::vector<std::string> groups{};                 // as in TlsChoice
  std::vector<std::string> signature_algorithms{};
  // ALPN names this listener speaks (RFC 7301, XEP-0368), e.g. {"xmpp-client"}. A client that offers only others gets
  // the alert no_application_protocol (security T07). Empty: ALPN is ignored (STARTTLS).
  std::vector<std::string> alpn;
  bool alpn_required = false;               // refuse clients that offer no ALPN at all
  // Ask for a certificate, without requiring one. The handshake believes whatever comes; TrustStore::verify judges
  // TlsEngine::presented_chain() after it. No tickets then: a resumed session would not have the chain, nor a new look at it.
  bool request_client_certificate = false;
  std::string client_authorities_pem;       // named in that request, so that a card with several certificates can choose
  std::uint32_t ticket_lifetime_s = 7200;   // session resumption by tickets (TlsEngine::give_ticket); 0: none
  // Besides the usual suites also those that protect integrity alone, as the last choice; no tickets then. Everything else
  // is as strict as without (security T08). Only with the profile `modern`: the others' documents exclude such suites.
  bool allow_integrity_only = false;
};

// The suites of TlsPolicy::allow_integrity_only that the OpenSSL at hand has, by its names: ECDHE with NULL for TLS 1.2
// (RFC 8422), RFC 9150's for TLS 1.3 (OpenSSL 3.4 and later, where it was built with them).
[[nodiscard]] std::vector<std::string> integrity_only_suites();

struct ClientPolicy {
  TlsProfile profile = TlsProfile::modern;
  std::vector<std::string> alpn;
  std::string trust_pem;  // certificates that may end a chain; the peer must then present a name that covers the host
  bool verify = true;     // false: believe anything in the handshake; TrustStore::verify judges presented_chain() after it
  std::vector<Certificate> certificates;   // ours, one of each key kind, shown when the server asks
  bool ask_for_staple = false;             // ask for an OCSP response in the handshake (RFC 6066 section 8)
  bool allow_integrity_only = false;       // offer, behind all others, the suites that protect integrity alone
  // For tests, and for trying what a server speaks (offer.h); with any of the first two security level 0 holds.
  std::string old_cipher_list;       // an OpenSSL cipher list for TLS 1.2
  int min_version = 0;               // 0 is TLS 1.2; SSL3_VERSION and so on
  int max_version = 0;               // 0 is TLS 1.3
  std::string tls13_suites;
  std::string groups;
  std::string signature_algorithms;
};

class TlsContext {
 public:
  // The certificates for one domain: one of each key kind at most (ECDSA and RSA side by side).
  struct Host {
    std::string domain;  // ASCII form; matched with the SNI name without regard to case
    std::vector<Certificate> certificates;
    // Of the certificates in their order; fewer, or null ones: those certificates' own (Certificate::staple).
    std::vector<std::shared_ptr<Staple>> staples{};
  };

  // The first host serves clients that send no SNI or an unknown one.
  [[nodiscard]] static Result<std::shared_ptr<const TlsContext>> server(const TlsPolicy& policy,
                                                                        const std::vector<Host>& hosts);
  [[nodiscard]] static Result<std::shared_ptr<const TlsContext>> client(const ClientPolicy& policy);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  [[nodiscard]] bool is_server() const;
  // What a peer may send before the handshake is over; more is a flood (security T06). 16 KiB, and 64 KiB more where it sends
  // certificates (security D8).
  [[nodiscard]] std::size_t handshake_bytes() const;
  [[nodiscard]] bool gives_tickets() const;
  [[nodiscard]] bool verifies_host() const;
  // How many certificates the host chosen for this connection has.
  [[nodiscard]] static std::size_t certificates_of(const SSL_CTX* host);
  [[nodiscard]] SSL_CTX* native() const;

 private:
  struct State;
  explicit TlsContext(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace aldis::tls
