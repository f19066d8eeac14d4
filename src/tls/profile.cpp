// The profiles' lists.
#include "tls/profile.h"

#include <algorithm>

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

namespace {

// What the operator may name beside what a profile of its own accord speaks; only `modern` is free to be added to.
constexpr std::string_view more_modern_groups = "X448:P-521:brainpoolP256r1:brainpoolP384r1:brainpoolP512r1";

std::string joined(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) {
    all.append(all.empty() ? "" : ":").append(name);
  }
  return all;
}

bool is_in(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(':'), list.size());
    if (list.substr(0, end) == name) {
      return true;
    }
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

// One curve has many names; OpenSSL says secp256r1 in a handshake and takes P-256 in a list.
std::string_view listed_name(std::string_view group) {
  return group == "secp256r1" || group == "prime256v1" ? "P-256"
         : group == "secp384r1"                        ? "P-384"
         : group == "secp521r1"                        ? "P-521"
         : group == "x25519"                           ? "X25519"
         : group == "x448"                             ? "X448"
                                                       : group;
}

}  // namespace

std::string groups_of(const TlsChoice& choice) {
  return choice.groups.empty() ? settings_of(choice.profile).groups : joined(choice.groups);
}

std::string signature_algorithms_of(const TlsChoice& choice) {
  return choice.signature_algorithms.empty() ? settings_of(choice.profile).signature_algorithms : joined(choice.signature_algorithms);
}

Result<void> check(const TlsChoice& choice) {
  const TlsSettings& settings = settings_of(choice.profile);
  const std::string more = choice.profile == TlsProfile::modern ? ":" + std::string(more_modern_groups) : "";
  const auto look = [&](const std::vector<std::string>& names, const std::string& known, std::string_view what) -> Result<void> {
    for (const std::string& name : names) {
      if (!is_in(known, name)) {
        return fail(ErrorKind::invalid, std::string(what) + ": \"" + name + "\" is none of the profile " + settings.name + ", which has " + known);
      }
    }
    return {};
  };
  if (auto groups = look(choice.groups, settings.groups + more, "groups"); !groups) {
    return groups;
  }
  if (auto signatures = look(choice.signature_algorithms, settings.signature_algorithms, "signature_algorithms"); !signatures) {
    return signatures;
  }
  const SslCtxPtr ctx(SSL_CTX_new(TLS_method()));
  ensure(ctx != nullptr, "OpenSSL has memory for a context");
  const bool is_known = SSL_CTX_set1_groups_list(ctx.get(), groups_of(choice).c_str()) == 1 &&
                        SSL_CTX_set1_sigalgs_list(ctx.get(), signature_algorithms_of(choice).c_str()) == 1;
  ERR_clear_error();
  return is_known ? Result<void>() : fail(ErrorKind::invalid, "this OpenSSL does not know a group or signature algorithm of the lists");
}

std::string unfit_for(TlsProfile profile, std::string_view cipher, std::string_view group) {
  const TlsSettings& settings = settings_of(profile);
  if (!is_in(settings.tls12_ciphers, cipher) && !is_in(settings.tls13_suites, cipher)) {
    return "the suite " + std::string(cipher) + " is not of the profile " + settings.name;
  }
  return is_in(settings.groups, listed_name(group)) ? "" : "the group " + std::string(group) + " is not of the profile " + settings.name;
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
