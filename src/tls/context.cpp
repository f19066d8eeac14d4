// The TLS policy as OpenSSL's settings, and the choice of certificate by host.
#include "tls/context.h"

#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <unordered_map>

#include "base/keyed_hash.h"
#include "tls/openssl.h"

namespace aldis::tls {
namespace {

// By their numbers in RFC 8422 section 6 and RFC 9150 section 4.
struct IntegrityOnlySuite {
  std::uint16_t number;
  const char* name;
  bool is_tls13;
};
constexpr std::array integrity_only{
    IntegrityOnlySuite{0xC006, "ECDHE-ECDSA-NULL-SHA", false}, IntegrityOnlySuite{0xC010, "ECDHE-RSA-NULL-SHA", false},
    IntegrityOnlySuite{0xC0B4, "TLS_SHA256_SHA256", true}, IntegrityOnlySuite{0xC0B5, "TLS_SHA384_SHA384", true}};
constexpr long longest_peer_chain = 64 * 1024;   // security D8
constexpr std::size_t handshake_without_chain = 16 * 1024;

// RFC 7301 3.1: each name behind its length.
std::string alpn_wire(const std::vector<std::string>& names) {
  std::string wire;
  for (const std::string& name : names) {
    ensure(!name.empty() && name.size() < 256, "an ALPN name has 1 to 255 bytes");
    wire += static_cast<char>(name.size());
    wire += name;
  }
  return wire;
}

const unsigned char* octets(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  return out;
}

// In place of OpenSSL's verification, which would look for a path at every handshake and throw away what it found: that is
// TrustStore's work, with the operator's anchors and when somebody needs the answer. That the peer has the certificate's key is
// still proved.
int believe_anything(X509_STORE_CTX* context, void*) {
  X509_STORE_CTX_set_error(context, X509_V_OK);
  return 1;
}

Result<void> use_certificate(SSL_CTX* ctx, TlsProfile profile, const Certificate& certificate) {
  if (std::string why = unfit_for(profile, certificate.leaf()); !why.empty()) {
    return fail(ErrorKind::invalid, certificate.key_type() + " certificate: " + why);
  }
  bool good = SSL_CTX_use_certificate(ctx, certificate.leaf()) == 1 && SSL_CTX_use_PrivateKey(ctx, certificate.key()) == 1;
  for (std::size_t i = 1; good && i < certificate.chain().size(); ++i) {
    good = SSL_CTX_add1_chain_cert(ctx, certificate.chain()[i].get()) == 1;
  }
  return good ? Result<void>() : fail(ErrorKind::invalid, certificate.key_type() + " certificate: " + openssl_error());
}

// The names of the authorities whose certificates are asked for (RFC 8446 4.2.4).
bool name_authorities(SSL_CTX* ctx, const std::string& pem) {
  const BioPtr in = memory_bio(pem);
  bool good = true;
  while (X509* const one = PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)) {
    good = SSL_CTX_add_client_CA(ctx, one) == 1 && good;
    X509_free(one);
  }
  ERR_clear_error();  // PEM's "no more"
  return good;
}

// OpenSSL's levels know one number for everything: level 0, which lets NULL suites pass, lets short keys and SHA-1 pass
// too. So the level stays, and only the question whether these suites may be used has another answer.
using SecurityCallback = int (*)(const SSL*, const SSL_CTX*, int, int, int, void*, void*);
int allow_integrity_only_suites(const SSL* ssl, const SSL_CTX* ctx, int operation, int bits, int nid, void* other, void* extra) {
  if ((static_cast<unsigned>(operation) & SSL_SECOP_OTHER_TYPE) == SSL_SECOP_OTHER_CIPHER && other != nullptr) {
    const std::uint16_t number = SSL_CIPHER_get_protocol_id(static_cast<const SSL_CIPHER*>(other));
    if (std::ranges::find(integrity_only, number, &IntegrityOnlySuite::number) != integrity_only.end()) {
      return 1;
    }
  }
  static const SecurityCallback usual = [] {
    const SslCtxPtr untouched(SSL_CTX_new(TLS_server_method()));
    ensure(untouched != nullptr, "OpenSSL has memory for a context");
    return SSL_CTX_get_security_callback(untouched.get());
  }();
  return usual(ssl, ctx, operation, bits, nid, other, extra);
}

bool add_integrity_only_suites(SSL_CTX* ctx, const TlsSettings& settings) {
  std::string tls12(settings.tls12_ciphers);
  std::string tls13(settings.tls13_suites);
  for (const std::string& name : integrity_only_suites()) {
    (name.starts_with("TLS_") ? tls13 : tls12) += ":" + name;
  }
  SSL_CTX_set_security_callback(ctx, allow_integrity_only_suites);
  return SSL_CTX_set_cipher_list(ctx, tls12.c_str()) == 1 && SSL_CTX_set_ciphersuites(ctx, tls13.c_str()) == 1;
}

bool common_settings(SSL_CTX* ctx, const TlsSettings& settings, int min_version, int max_version) {
  SSL_CTX_set_options(
      ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_QUERY_MTU);
  SSL_CTX_clear_options(ctx, SSL_OP_ALLOW_NO_DHE_KEX | SSL_OP_LEGACY_SERVER_CONNECT);
  // The chain is sent as it was configured; OpenSSL would look for one at every handshake.
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_read_ahead(ctx, 0);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_cert_list(ctx, longest_peer_chain);
  SSL_CTX_set_security_level(ctx, 2);
  return SSL_CTX_set_min_proto_version(ctx, min_version) == 1 && SSL_CTX_set_max_proto_version(ctx, max_version) == 1 &&
         SSL_CTX_set_cipher_list(ctx, settings.tls12_ciphers) == 1 && SSL_CTX_set_ciphersuites(ctx, settings.tls13_suites) == 1 &&
         SSL_CTX_set1_groups_list(ctx, settings.groups) == 1 && SSL_CTX_set1_sigalgs_list(ctx, settings.signature_algorithms) == 1;
}

}  // namespace

std::vector<std::string> integrity_only_suites() {
  std::vector<std::string> known;
  for (const IntegrityOnlySuite& suite : integrity_only) {
    const SslCtxPtr ctx(SSL_CTX_new(TLS_server_method()));
    ensure(ctx != nullptr, "OpenSSL has memory for a context");
    // A name it does not know is an error or is passed over, as the version goes; what counts is what came of it.
    static_cast<void>(suite.is_tls13 ? SSL_CTX_set_ciphersuites(ctx.get(), suite.name) : SSL_CTX_set_cipher_list(ctx.get(), suite.name));
    const STACK_OF(SSL_CIPHER)* const all = SSL_CTX_get_ciphers(ctx.get());
    for (int i = 0; i < sk_SSL_CIPHER_num(all); ++i) {
      if (SSL_CIPHER_get_protocol_id(sk_SSL_CIPHER_value(all, i)) == suite.number) {
        known.emplace_back(suite.name);
      }
    }
  }
  ERR_clear_error();
  return known;
}

struct TlsContext::State {
  bool server = false;
  bool verify_host = false;
  bool alpn_required = false;
  bool gives_tickets = false;
  std::size_t handshake_bytes = handshake_without_chain;
  std::string alpn;
  std::vector<SslCtxPtr> contexts;  // the first serves unknown names
  std::vector<std::pair<const X509*, std::shared_ptr<Staple>>> staples;
  std::unordered_map<std::string, SSL_CTX*, KeyedStringHash, std::equal_to<>> by_domain;

  static int choose_host(SSL* ssl, int*, void* self);
  static int choose_alpn(SSL* ssl, const unsigned char** out, unsigned char* out_length, const unsigned char* in,
                         unsigned in_length, void* self);
  static int look_at_hello(SSL* ssl, int* alert, void* self);
  static int add_staple(SSL* ssl, void* self);
};

int TlsContext::State::choose_host(SSL* ssl, int*, void* self) {
  const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  const auto& hosts = static_cast<State*>(self)->by_domain;
  const auto found = hosts.find(lower(name));
  if (found == hosts.end()) {
    return SSL_TLSEXT_ERR_NOACK;  // RFC 6066 3: go on with the default certificate; the client decides
  }
  return SSL_set_SSL_CTX(ssl, found->second) != nullptr ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

int TlsContext::State::choose_alpn(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* in,
                                   unsigned in_length, void* self) {
  const std::string& ours = static_cast<State*>(self)->alpn;
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_length, octets(ours), static_cast<unsigned>(ours.size()), in, in_length) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;  // OpenSSL sends no_application_protocol
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

int TlsContext::State::look_at_hello(SSL* ssl, int* alert, void* self) {
  const unsigned char* bytes = nullptr;
  std::size_t length = 0;
  if (static_cast<State*>(self)->alpn_required &&
      SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &bytes, &length) != 1) {
    *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
    return SSL_CLIENT_HELLO_ERROR;
  }
  return SSL_CLIENT_HELLO_SUCCESS;
}

// RFC 6066 8: the response about the certificate that was chosen for this client.
int TlsContext::State::add_staple(SSL* ssl, void* self) {
  const auto& all = static_cast<State*>(self)->staples;
  const auto found = std::ranges::find(all, SSL_get_certificate(ssl), &std::pair<const X509*, std::shared_ptr<Staple>>::first);
  const auto response = found != all.end() ? found->second->response() : nullptr;
  if (response == nullptr || response->empty()) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  void* const copy = OPENSSL_memdup(response->data(), response->size());   // OpenSSL frees it
  if (copy == nullptr || SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(response->size())) != 1) {
    OPENSSL_free(copy);
    return SSL_TLSEXT_ERR_NOACK;
  }
  return SSL_TLSEXT_ERR_OK;
}

TlsContext::TlsContext(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsContext::~TlsContext() = default;
bool TlsContext::is_server() const {
  return state_->server;
}
bool TlsContext::gives_tickets() const {
  return state_->gives_tickets;
}
bool TlsContext::verifies_host() const {
  return state_->verify_host;
}
std::size_t TlsContext::handshake_bytes() const {
  return state_->handshake_bytes;
}
SSL_CTX* TlsContext::native() const {
  return state_->contexts.front().get();
}

std::size_t TlsContext::certificates_of(const SSL_CTX* host) {
  return reinterpret_cast<std::uintptr_t>(SSL_CTX_get_app_data(host));
}

Result<std::shared_ptr<const TlsContext>> TlsContext::server(const TlsPolicy& policy, const std::vector<Host>& hosts) {
  auto state = std::make_unique<State>();
  state->server = true;
  state->alpn = alpn_wire(policy.alpn);
  state->alpn_required = policy.alpn_required;
  state->handshake_bytes = handshake_without_chain + (policy.request_client_certificate ? longest_peer_chain : 0);
  if (hosts.empty()) {
    return fail(ErrorKind::invalid, "a TLS listener needs a certificate");
  }
  if (policy.allow_integrity_only && policy.profile != TlsProfile::modern) {
    return fail(ErrorKind::invalid, std::string("the profile ") + settings_of(policy.profile).name + " has no integrity-only suites, and a listener allows them");
  }
  if (policy.allow_integrity_only && integrity_only_suites().empty()) {
    return fail(ErrorKind::invalid, "this OpenSSL has no integrity-only suites, and a listener allows them");
  }
  // A session that was resumed would keep its suite although its client may by now offer an encrypting one; and its ticket holds
  // the client's certificate without the chain.
  const bool may_resume = !policy.allow_integrity_only && !policy.request_client_certificate;
  const std::uint32_t ticket_lifetime_s = may_resume ? policy.ticket_lifetime_s : 0;
  state->gives_tickets = ticket_lifetime_s != 0;
  for (const Host& host : hosts) {
    ERR_clear_error();
    SslCtxPtr ctx(SSL_CTX_new(TLS_server_method()));
    if (!ctx || !common_settings(ctx.get(), settings_of(policy.profile), TLS1_2_VERSION, TLS1_3_VERSION) || host.certificates.empty()) {
      return fail(ErrorKind::invalid,
                  host.domain + ": " + (host.certificates.empty() ? "no certificate" : openssl_error()));
    }
    const TlsChoice choice{policy.profile, policy.groups, policy.signature_algorithms};
    if (SSL_CTX_set1_groups_list(ctx.get(), groups_of(choice).c_str()) != 1 ||
        SSL_CTX_set1_sigalgs_list(ctx.get(), signature_algorithms_of(choice).c_str()) != 1) {
      return fail(ErrorKind::invalid, "groups and signature algorithms: " + openssl_error());
    }
    if (policy.allow_integrity_only && !add_integrity_only_suites(ctx.get(), settings_of(policy.profile))) {
      return fail(ErrorKind::invalid, "integrity-only suites: " + openssl_error());
    }
    for (const Certificate& certificate : host.certificates) {
      if (auto used = use_certificate(ctx.get(), policy.profile, certificate); !used) {
        return fail(used.error().kind, host.domain + ": " + used.error().what);
      }
    }
    SSL_CTX_set_app_data(ctx.get(), reinterpret_cast<void*>(host.certificates.size()));
    static constexpr unsigned char session_context[] = "aldis";
    SSL_CTX_set_session_id_context(ctx.get(), session_context, sizeof session_context - 1);
    SSL_CTX_set_max_early_data(ctx.get(), 0);
    SSL_CTX_set_num_tickets(ctx.get(), 0);   // of itself; TlsEngine::give_ticket
    SSL_CTX_set_timeout(ctx.get(), static_cast<long>(ticket_lifetime_s));
    if (ticket_lifetime_s == 0) {
      SSL_CTX_set_options(ctx.get(), SSL_OP_NO_TICKET);
    }
    if (policy.request_client_certificate) {
      SSL_CTX_set_verify(ctx.get(), SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE, nullptr);
      SSL_CTX_set_cert_verify_callback(ctx.get(), believe_anything, nullptr);
      if (!name_authorities(ctx.get(), policy.client_authorities_pem)) {
        return fail(ErrorKind::invalid, "names of client authorities: " + openssl_error());
      }
    }
    for (std::size_t i = 0; i < host.certificates.size(); ++i) {
      const bool is_given = i < host.staples.size() && host.staples[i] != nullptr;
      if (const auto& staple = is_given ? host.staples[i] : host.certificates[i].staple()) {
        state->staples.emplace_back(host.certificates[i].leaf(), staple);
      }
    }
    SSL_CTX_set_tlsext_status_cb(ctx.get(), State::add_staple);
    SSL_CTX_set_tlsext_status_arg(ctx.get(), state.get());
    if (!policy.alpn.empty()) {
      SSL_CTX_set_alpn_select_cb(ctx.get(), State::choose_alpn, state.get());
      SSL_CTX_set_client_hello_cb(ctx.get(), State::look_at_hello, state.get());
    }
    SSL_CTX_set_tlsext_servername_callback(ctx.get(), State::choose_host);
    SSL_CTX_set_tlsext_servername_arg(ctx.get(), state.get());
    state->by_domain.emplace(lower(host.domain), ctx.get());
    state->contexts.push_back(std::move(ctx));
  }
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(state)));
}

Result<std::shared_ptr<const TlsContext>> TlsContext::client(const ClientPolicy& policy) {
  auto state = std::make_unique<State>();
  state->verify_host = policy.verify;
  state->handshake_bytes = handshake_without_chain + longest_peer_chain;
  state->alpn = alpn_wire(policy.alpn);
  ERR_clear_error();
  SslCtxPtr ctx(SSL_CTX_new(TLS_client_method()));
  bool good = ctx && common_settings(ctx.get(), settings_of(policy.profile), policy.min_version != 0 ? policy.min_version : TLS1_2_VERSION,
                                     policy.max_version != 0 ? policy.max_version : TLS1_3_VERSION);
  if (good && policy.allow_integrity_only) {
    good = policy.profile == TlsProfile::modern && add_integrity_only_suites(ctx.get(), settings_of(policy.profile));
  }
  if (good && (policy.min_version != 0 || !policy.old_cipher_list.empty())) {
    SSL_CTX_set_security_level(ctx.get(), 0);
    good = SSL_CTX_set1_sigalgs_list(ctx.get(), "ECDSA+SHA1:RSA+SHA1:ECDSA+SHA256:RSA+SHA256:RSA-PSS+SHA256") == 1;
  }
  good = good &&
         (policy.old_cipher_list.empty() || SSL_CTX_set_cipher_list(ctx.get(), policy.old_cipher_list.c_str()) == 1) &&
         (policy.tls13_suites.empty() || SSL_CTX_set_ciphersuites(ctx.get(), policy.tls13_suites.c_str()) == 1) &&
         (policy.groups.empty() || SSL_CTX_set1_groups_list(ctx.get(), policy.groups.c_str()) == 1) &&
         (policy.signature_algorithms.empty() || SSL_CTX_set1_sigalgs_list(ctx.get(), policy.signature_algorithms.c_str()) == 1) &&
         (state->alpn.empty() ||
          SSL_CTX_set_alpn_protos(ctx.get(), octets(state->alpn), static_cast<unsigned>(state->alpn.size())) == 0);
  if (good && policy.verify) {
    SSL_CTX_set_verify(ctx.get(), SSL_VERIFY_PEER, nullptr);
    const BioPtr pem = memory_bio(policy.trust_pem);
    while (X509* const one = PEM_read_bio_X509(pem.get(), nullptr, nullptr, nullptr)) {
      good = X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx.get()), one) == 1 && good;
      X509_free(one);
    }
    if (good) {
      ERR_clear_error();  // PEM's "no more"
    }
  }
  if (good && !policy.verify) {
    SSL_CTX_set_cert_verify_callback(ctx.get(), believe_anything, nullptr);
  }
  good = good && (!policy.ask_for_staple || SSL_CTX_set_tlsext_status_type(ctx.get(), TLSEXT_STATUSTYPE_ocsp) == 1);
  if (!good) {
    return fail(ErrorKind::invalid, "TLS client settings: " + openssl_error());
  }
  for (const Certificate& certificate : policy.certificates) {
    if (auto used = use_certificate(ctx.get(), policy.profile, certificate); !used) {
      return fail(used.error());
    }
  }
  state->contexts.push_back(std::move(ctx));
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(state)));
}

}  // namespace aldis::tls
