// What an established connection can tell about itself, and its channel bindings.
#include <cstring>

#include "base/ensure.h"
#include "tls/engine.h"
#include "tls/openssl.h"

namespace aldis::tls {
namespace {

std::string text_or_empty(const char* text) {
  return text != nullptr ? text : "";
}

// RFC 5929 4.1: the digest of the certificate's signature, at least SHA-256. Null: it has none (Ed25519), which is left
// undefined.
const EVP_MD* end_point_digest(const X509* certificate) {
  int digest_nid = NID_undef;
  if (certificate == nullptr ||
      X509_get_signature_info(const_cast<X509*>(certificate), &digest_nid, nullptr, nullptr, nullptr) != 1 ||
      digest_nid == NID_undef) {
    return nullptr;
  }
  const bool old = digest_nid == NID_md5 || digest_nid == NID_sha1 || digest_nid == NID_md5_sha1;
  return old ? EVP_sha256() : EVP_get_digestbynid(digest_nid);
}

std::optional<std::vector<std::uint8_t>> end_point_hash(const X509* certificate) {
  const EVP_MD* const digest = end_point_digest(certificate);
  std::vector<std::uint8_t> hash(EVP_MAX_MD_SIZE);
  unsigned length = 0;
  if (digest == nullptr || X509_digest(certificate, digest, hash.data(), &length) != 1) {
    return std::nullopt;
  }
  hash.resize(length);
  return hash;
}

}  // namespace

TlsInfo TlsEngine::info() const {
  TlsInfo info;
  const SSL_CIPHER* const cipher = SSL_get_current_cipher(ssl_);
  info.version = text_or_empty(SSL_get_version(ssl_));
  info.cipher = cipher != nullptr ? text_or_empty(SSL_CIPHER_get_name(cipher)) : "";
  const int group = static_cast<int>(SSL_get_negotiated_group(ssl_));
  info.group = group != 0 ? text_or_empty(SSL_group_to_name(ssl_, group)) : "";
  const unsigned char* alpn = nullptr;
  unsigned alpn_length = 0;
  SSL_get0_alpn_selected(ssl_, &alpn, &alpn_length);
  info.alpn.assign(reinterpret_cast<const char*>(alpn), alpn_length);
  info.sni = text_or_empty(SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name));
  info.is_confidential = is_confidential();
  info.is_resumed = SSL_session_reused(ssl_) == 1;
  return info;
}

bool TlsEngine::is_confidential() const {
  const SSL_CIPHER* const cipher = SSL_get_current_cipher(ssl_);
  return cipher != nullptr && SSL_CIPHER_get_cipher_nid(cipher) != NID_undef;
}

// The certificate of the server's end; null when it is not known.
const X509* TlsEngine::end_point() const {
  if (!context_->is_server()) {
    return SSL_get0_peer_certificate(ssl_);
  }
  // A resumed session began with a certificate that is not recorded; with one certificate there is no doubt.
  const bool is_doubtful = SSL_session_reused(ssl_) == 1 && TlsContext::certificates_of(SSL_get_SSL_CTX(ssl_)) != 1;
  return is_doubtful ? nullptr : SSL_get_certificate(ssl_);
}

bool TlsEngine::can_bind(ChannelBinding type) const {
  if (!is_established()) {
    return false;
  }
  if (type == ChannelBinding::tls_server_end_point) {
    return end_point_digest(end_point()) != nullptr;
  }
  // RFC 9266 2 and 3: unique only with TLS 1.3, or the extended master secret.
  return SSL_version(ssl_) >= TLS1_3_VERSION || SSL_get_extms_support(ssl_) == 1;
}

std::optional<std::vector<std::uint8_t>> TlsEngine::channel_binding(ChannelBinding type) const {
  if (!can_bind(type)) {
    return std::nullopt;
  }
  if (type == ChannelBinding::tls_server_end_point) {
    return end_point_hash(end_point());
  }
  static constexpr char label[] = "EXPORTER-Channel-Binding";
  std::vector<std::uint8_t> bytes(32);
  if (SSL_export_keying_material(ssl_, bytes.data(), bytes.size(), label, sizeof label - 1, nullptr, 0, 1) != 1) {
    ERR_clear_error();
    return std::nullopt;
  }
  return bytes;
}

std::shared_ptr<X509> TlsEngine::peer_certificate() const {
  return {SSL_get1_peer_certificate(ssl_), X509_free};
}

PresentedChain TlsEngine::presented_chain() const {
  PresentedChain shown;
  std::shared_ptr<X509> own = is_established() ? peer_certificate() : nullptr;
  if (own == nullptr) {
    return shown;
  }
  const STACK_OF(X509)* const chain = SSL_get_peer_cert_chain(ssl_);
  const int first = context_->is_server() ? 0 : 1;   // OpenSSL's list begins with the peer's own on the client's side only
  shown.certificates.push_back(std::move(own));
  for (int i = first; i < sk_X509_num(chain); ++i) {
    X509_up_ref(sk_X509_value(chain, i));
    shown.certificates.emplace_back(sk_X509_value(chain, i), X509_free);
  }
  const unsigned char* stapled = nullptr;
  if (const long length = SSL_get_tlsext_status_ocsp_resp(ssl_, &stapled); length > 0 && !context_->is_server()) {
    shown.stapled.assign(reinterpret_cast<const char*>(stapled), static_cast<std::size_t>(length));
  }
  return shown;
}

std::size_t TlsEngine::idle_bytes() {
  return 12 * 1024;
}

}  // namespace aldis::tls
