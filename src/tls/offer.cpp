// Handshakes in memory, one for each thing that might be spoken; and a ClientHello, taken apart.
#include "tls/offer.h"

#include <algorithm>
#include <array>
#include <cstdio>

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
std::optional<TlsEngine> shake_hands(const std::shared_ptr<const TlsContext>& server, ClientPolicy policy, const std::string& host,
                                     const std::string& alpn) {
  policy.verify = false;
  policy.alpn = {alpn};   // STARTTLS does not ask
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

TlsOffer offered_by(const std::shared_ptr<const TlsContext>& server, const std::string& host, const std::string& alpn) {
  TlsOffer offer;
  const auto speaks = [&](const ClientPolicy& policy) { return shake_hands(server, policy, host, alpn).has_value(); };
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
  const auto usual = shake_hands(server, policy, host, alpn);
  offer.has_staple = usual && !usual->presented_chain().stapled.empty();
  return offer;
}

std::vector<std::string> TlsOffer::readable_suites() const {
  std::vector<std::string> some;
  for (const std::string& suite : suites) {
    const std::string_view name = suite;   // RFC 9150's, and those whose cipher is NULL
    if (name == "TLS_SHA256_SHA256" || name == "TLS_SHA384_SHA384" || name.find("NULL") != std::string_view::npos) {
      some.push_back(suite);
    }
  }
  return some;
}

namespace {

// Numbers of IANA's registries, by OpenSSL's names; others by their number.
using Names = std::initializer_list<std::pair<unsigned, const char*>>;
std::string name_in(const Names& names, unsigned number) {
  const auto* const found = std::ranges::find(names, number, &std::pair<unsigned, const char*>::first);
  if (found != names.end()) {
    return found->second;
  }
  char text[8];
  std::snprintf(text, sizeof text, "0x%04x", number & 0xFFFFU);
  return text;
}
const Names version_names{{TLS1_VERSION, "TLSv1"}, {TLS1_1_VERSION, "TLSv1.1"}, {TLS1_2_VERSION, "TLSv1.2"}, {TLS1_3_VERSION, "TLSv1.3"}};
const Names group_names{{23, "P-256"}, {24, "P-384"}, {25, "P-521"}, {26, "brainpoolP256r1"}, {27, "brainpoolP384r1"}, {28, "brainpoolP512r1"},
                        {29, "X25519"}, {30, "X448"}};
const Names signature_names{{0x0403, "ECDSA+SHA256"}, {0x0503, "ECDSA+SHA384"}, {0x0603, "ECDSA+SHA512"}, {0x0807, "ed25519"}, {0x0808, "ed448"},
                            {0x0804, "RSA-PSS+SHA256"}, {0x0805, "RSA-PSS+SHA384"}, {0x0806, "RSA-PSS+SHA512"}, {0x0401, "RSA+SHA256"},
                            {0x0501, "RSA+SHA384"}, {0x0601, "RSA+SHA512"}};

// An extension that is a list of 16-bit numbers behind a length of `prefix` bytes (RFC 8446 4.2.1, 4.2.3, 4.2.7).
std::vector<std::string> numbers_of(SSL* ssl, unsigned extension, std::size_t prefix, const Names& names) {
  const unsigned char* bytes = nullptr;
  std::size_t size = 0;
  std::vector<std::string> all;
  if (SSL_client_hello_get0_ext(ssl, extension, &bytes, &size) == 1) {
    for (std::size_t i = prefix; i + 1 < size; i += 2) {
      all.push_back(name_in(names, static_cast<unsigned>(bytes[i]) << 8U | bytes[i + 1]));
    }
  }
  return all;
}

int read_hello(SSL* ssl, int* alert, void* into) {
  auto& offer = *static_cast<TlsOffer*>(into);
  const unsigned char* bytes = nullptr;
  const std::size_t size = SSL_client_hello_get0_ciphers(ssl, &bytes);
  for (std::size_t i = 0; i + 1 < size; i += 2) {
    const SSL_CIPHER* const cipher = SSL_CIPHER_find(ssl, bytes + i);
    const std::string_view name = cipher != nullptr ? SSL_CIPHER_get_name(cipher) : "";
    if (!name.empty() && !name.ends_with("_SCSV")) {   // a signal is no suite (RFC 5746 3.3)
      offer.suites.emplace_back(name);
    }
  }
  offer.versions = numbers_of(ssl, TLSEXT_TYPE_supported_versions, 1, version_names);
  offer.groups = numbers_of(ssl, TLSEXT_TYPE_supported_groups, 2, group_names);
  offer.signatures = numbers_of(ssl, TLSEXT_TYPE_signature_algorithms, 2, signature_names);
  offer.has_staple = SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_status_request, &bytes, nullptr) == 1;
  *alert = SSL_AD_HANDSHAKE_FAILURE;
  return SSL_CLIENT_HELLO_ERROR;   // all that was wanted is known
}

}  // namespace

TlsOffer offered_to(const std::shared_ptr<const TlsContext>& client, const std::string& host) {
  TlsOffer offer;
  std::string hello;
  TlsEngine there = TlsEngine::client(client, host);
  const SslCtxPtr ctx(SSL_CTX_new(TLS_server_method()));
  ensure(ctx != nullptr, "OpenSSL has memory for a context");
  SSL_CTX_set_client_hello_cb(ctx.get(), read_hello, &offer);
  SSL* const ssl = SSL_new(ctx.get());
  ensure(ssl != nullptr, "OpenSSL has memory for a connection");
  if (there.start(hello)) {
    SSL_set0_rbio(ssl, memory_bio(hello).release());
    SSL_set0_wbio(ssl, BIO_new(BIO_s_mem()));
    static_cast<void>(SSL_accept(ssl));
  }
  SSL_free(ssl);
  ERR_clear_error();
  return offer;
}

}  // namespace aldis::tls
