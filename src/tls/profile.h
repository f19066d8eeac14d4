// TlsProfile: which versions, suites, groups, signatures and keys are spoken, as one choice for servers and clients. ADR 0037.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/options.h"

using X509 = struct x509_st;

namespace aldis::tls {

enum class TlsProfile : std::uint8_t {
  modern,   // RFC 9325: AEAD with ECDHE; X25519, P-256, P-384; also Ed25519 and ChaCha20
  nist,     // NIST SP 800-52r2: AES-GCM with ECDHE on P-256, P-384, P-521; ECDSA and RSA of 2048 bits and more
  cnsa,     // RFC 9151: AES-256-GCM and SHA-384 with ECDHE on P-384; ECDSA on P-384, RSA of 3072 bits and more
};
constexpr auto option_names(TlsProfile) {
  return std::array{OptionName{"modern", TlsProfile::modern}, OptionName{"nist", TlsProfile::nist}, OptionName{"cnsa", TlsProfile::cnsa}};
}

// As OpenSSL writes lists, in the order of our preference.
struct TlsSettings {
  const char* name;
  const char* tls12_ciphers;
  const char* tls13_suites;
  const char* groups;
  const char* signature_algorithms;
  int shortest_rsa;          // bits
  bool only_p384 = false;    // of our own ECDSA keys
  bool has_edwards = false;  // Ed25519 and Ed448
};
[[nodiscard]] const TlsSettings& settings_of(TlsProfile profile);

// Whether a certificate of ours may be shown under a profile; empty: it may, else why not.
[[nodiscard]] std::string unfit_for(TlsProfile profile, X509* certificate);

}  // namespace aldis::tls
