// TlsOffer: what a server's context really speaks, found out by trying it with a client in memory that offers one thing at a time.
// What a list says and what comes of it with these certificates and this OpenSSL are not the same. About a tenth of a second.
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
  bool has_staple = false;               // an OCSP response about the certificate that clients of today get
};

// For a client that names `host` (SNI).
[[nodiscard]] TlsOffer offered_by(const std::shared_ptr<const TlsContext>& server, const std::string& host);

}  // namespace aldis::tls
