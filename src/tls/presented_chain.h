// PresentedChain: the certificates a peer showed in the handshake, which nobody has believed yet.
#pragma once
#include <memory>
#include <string>
#include <vector>

using X509 = struct x509_st;

namespace aldis::tls {

struct PresentedChain {
  std::vector<std::shared_ptr<X509>> certificates;   // as they came, the peer's own first; empty: it showed none
  std::string stapled;                               // its OCSP response, DER (RFC 6066 section 8); empty: none
};

}  // namespace aldis::tls
