// The profiles' lists.
#include "tls/profile.h"

#include "base/ensure.h"
#include "tls/openssl.h"

namespace aldis::tls {
namespace {

// RFC 9325 4.2: AEAD with ephemeral elliptic curves only. AES-128 first: it is the fastest where AES is in hardware, and 128 bits
// are what P-256 and X25519 give. No SHA-1 and no SHA-224 (security T03).
constexpr TlsSettings modern{
    "modern",
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256",
    "X25519:P-256:P-384",
    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:ed448:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:"
    "RSA+SHA256:RSA+SHA384:RSA+SHA512",
    2048, false, true};

// SP 800-52r2 3.3.1 and 3.4.2.2: AES-GCM; curves of SP 800-186 that ECDHE may use there; no EdDSA, no ChaCha20. CBC and static
// Diffie-Hellman, which it still permits, are left out as everywhere here.
constexpr TlsSettings nist{
    "nist",
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384",
    "P-256:P-384:P-521",
    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512",
    2048, false, false};

// RFC 9151 5 and 6. Finite-field groups, which it permits too, are left out.
constexpr TlsSettings cnsa{"cnsa",
                           "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384",
                           "TLS_AES_256_GCM_SHA384",
                           "P-384",
                           "ECDSA+SHA384:RSA-PSS+SHA384:RSA+SHA384",
                           3072, true, false};

}  // namespace

const TlsSettings& settings_of(TlsProfile profile) {
  switch (profile) {
    case TlsProfile::modern: return modern;
    case TlsProfile::nist: return nist;
    case TlsProfile::cnsa: return cnsa;
  }
  ensure(false, "a profile is one of those there are");
  return modern;
}

std::string unfit_for(TlsProfile profile, X509* certificate) {
  const TlsSettings& settings = settings_of(profile);
  const EVP_PKEY* const key = X509_get0_pubkey(certificate);
  const std::string why = std::string("the profile ") + settings.name + " takes no ";
  if (key == nullptr) {
    return why + "unreadable key";
  }
  if (EVP_PKEY_is_a(key, "RSA") == 1 || EVP_PKEY_is_a(key, "RSA-PSS") == 1) {
    const int bits = EVP_PKEY_get_bits(key);
    return bits >= settings.shortest_rsa ? "" : why + "RSA key of " + std::to_string(bits) + " bits: key too small";
  }
  if (EVP_PKEY_is_a(key, "EC") == 1) {
    const int bits = EVP_PKEY_get_bits(key);
    return !settings.only_p384 || bits == 384 ? "" : why + "ECDSA key of " + std::to_string(bits) + " bits; P-384 it must be";
  }
  return settings.has_edwards ? "" : why + "key of this kind";
}

}  // namespace aldis::tls
