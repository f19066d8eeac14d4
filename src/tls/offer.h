// TlsOffer: what a context really speaks. A server's is found out by trying it with a client in memory that offers one thing at a time:
// what a list says and what comes of it with these certificates and this OpenSSL are not the same (about a tenth of a second). A
// client's is read from the ClientHello it sends.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "tls/context.h"

namespace aldis::tls {

struct TlsOffer {
  std::vector<std::string> versions;     // "TLSv1.2", "TLSv1.3"
  std::vector<std::string> suites;       // OpenSSL's names, TLS 1.3's first
  std::vector<std::string> groups;       // "X25519", "P-256"
  std::vector<std::string> signatures;   // of the handshake: "ECDSA+SHA256"
  bool asks_for_certificate = false;     // of the client
  bool has_staple = false;               // an OCSP response about the certificate that clients of today get; a client: it asks for one
  // Of the suites, those that do not encrypt.
  [[nodiscard]] std::vector<std::string> readable_suites() const;
};

// For a client that names `host` (SNI), and with direct TLS speaks `alpn`.
[[nodiscard]] TlsOffer offered_by(const std::shared_ptr<const TlsContext>& server, const std::string& host, const std::string& alpn = "xmpp-client");
// What a client says to a server of that name. Preferences are in their order.
[[nodiscard]] TlsOffer offered_to(const std::shared_ptr<const TlsContext>& client, const std::string& host);

}  // namespace aldis::tls
