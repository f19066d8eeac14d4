// Handshakes in memory, one for each thing that might be spoken.
#include "tls/offer.h"

#include <array>

#include "base/ensure.h"
#include "tls/engine.h"
#include "tls/openssl.h"

namespace aldis::tls {
namespace {

constexpr std::array all_groups{"X25519", "X448",  "P-256", "P-384",           "P-521",           "P-224",           "P-192",
                                "secp256k1", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1", "ffdhe2048", "ffdhe3072"};
constexpr std::array all_signatures{"ECDSA+SHA256",   "ECDSA+SHA384",   "ECDSA+SHA512", "ed25519",    "ed448",      "RSA-PSS+SHA256", "RSA-PSS+SHA384",
                                    "RSA-PSS+SHA512", "RSA+SHA256",     "RSA+SHA384",   "RSA+SHA512", "ECDSA+SHA1", "RSA+SHA1"};
constexpr std::array all_versions{std::pair{TLS1_VERSION, "TLSv1"}, std::pair{TLS1_1_VERSION, "TLSv1.1"}, std::pair{TLS1_2_VERSION, "TLSv1.2"},
                                  std::pair{TLS1_3_VERSION, "TLSv1.3"}};

std::span<const std::uint8_t> octets(const std::string& bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

// The client's end of a handshake, when there is one.
std::optional<TlsEngine> shake_hands(const std::shared_ptr<const TlsContext>& server, ClientPolicy policy, const std::string& host) {
  policy.verify = false;
  policy.alpn = {"xmpp-client"};   // STARTTLS does not ask
  policy.old_cipher_list += policy.old_cipher_list.empty() ? "ALL:eNULL:@SECLEVEL=0" : ":@SECLEVEL=0";
  if (policy.signature_algorithms.empty()) {
    for (const char* signature : all_signatures) {
      policy.signature_algorithms.append(policy.signature_algorithms.empty() ? "" : ":").append(signature);
    }
  }
  const auto context = TlsContext::client(policy);
  if (!context) {
    return std::nullopt;   // not even this OpenSSL knows it
  }
  TlsEngine here = TlsEngine::server(server);
  TlsEngine there = TlsEngine::client(*context, host);
  std::string forth, back, plaintext;
  bool goes_on = there.start(forth).has_value();
  while (goes_on && (!forth.empty() || !back.empty())) {
    goes_on = here.receive(octets(std::exchange(forth, {})), plaintext, back).has_value() &&
              there.receive(octets(std::exchange(back, {})), plaintext, forth).has_value();
  }
  return goes_on && here.is_established() && there.is_established() ? std::optional(std::move(there)) : std::nullopt;
}

std::vector<std::string> old_suites() {
  const SslCtxPtr ctx(SSL_CTX_new(TLS_client_method()));
  ensure(ctx != nullptr && SSL_CTX_set_cipher_list(ctx.get(), "ALL:eNULL:@SECLEVEL=0") == 1, "OpenSSL lists its suites");
  std::vector<std::string> all;
  const STACK_OF(SSL_CIPHER)* const known = SSL_CTX_get_ciphers(ctx.get());
  for (int i = 0; i < sk_SSL_CIPHER_num(known); ++i) {
    if (const std::string name = SSL_CIPHER_get_name(sk_SSL_CIPHER_value(known, i)); !name.starts_with("TLS_")) {
      all.push_back(name);
    }
  }
  return all;
}

ClientPolicy at(int version) {
  ClientPolicy policy;
  policy.min_version = version;
  policy.max_version = version;
  return policy;
}

}  // namespace

TlsOffer offered_by(const std::shared_ptr<const TlsContext>& server, const std::string& host) {
  TlsOffer offer;
  const auto speaks = [&](const ClientPolicy& policy) { return shake_hands(server, policy, host).has_value(); };
  for (const auto& [version, name] : all_versions) {
    if (speaks(at(version))) {
      offer.versions.emplace_back(name);
    }
  }
  for (const char* suite : {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_CCM_SHA256",
                            "TLS_AES_128_CCM_8_SHA256", "TLS_SHA256_SHA256", "TLS_SHA384_SHA384"}) {
    ClientPolicy policy = at(TLS1_3_VERSION);
    policy.tls13_suites = suite;
    if (speaks(policy)) {
      offer.suites.emplace_back(suite);
    }
  }
  for (const std::string& suite : old_suites()) {
    ClientPolicy policy = at(TLS1_2_VERSION);
    policy.old_cipher_list = suite;
    if (speaks(policy)) {
      offer.suites.push_back(suite);
    }
  }
  // With TLS 1.2 the groups bound the curves of certificates too (RFC 8422 5.1), so TLS 1.3 is asked.
  for (const char* group : all_groups) {
    ClientPolicy policy = at(TLS1_3_VERSION);
    policy.groups = group;
    if (speaks(policy)) {
      offer.groups.emplace_back(group);
    }
  }
  for (const char* signature : all_signatures) {
    for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
      ClientPolicy policy = at(version);
      policy.signature_algorithms = signature;
      if (speaks(policy)) {
        offer.signatures.emplace_back(signature);
        break;
      }
    }
  }
  offer.asks_for_certificate = (SSL_CTX_get_verify_mode(server->native()) & SSL_VERIFY_PEER) != 0;
  ClientPolicy policy = at(0);
  policy.ask_for_staple = true;
  const auto usual = shake_hands(server, policy, host);
  offer.has_staple = usual && !usual->presented_chain().stapled.empty();
  return offer;
}

}  // namespace aldis::tls
