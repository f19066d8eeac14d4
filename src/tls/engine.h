// TlsEngine: one TLS connection without a socket: ciphertext in, plaintext out, and back. A value that can be moved
// between threads (one at a time). Idle, it holds no buffer beyond OpenSSL's own state. It neither reads sockets nor
// waits.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tls/context.h"
#include "tls/presented_chain.h"

using SSL = struct ssl_st;

namespace aldis::tls {

struct TlsError {
  enum class Kind : std::uint8_t {
    handshake,  // no common version, suite or ALPN name; bad certificate; garbage
    protocol,   // a bad record or an alert after the handshake
    flood,      // more handshake bytes or post-handshake messages than any honest peer sends (security T04, T06)
  };
  Kind kind = Kind::handshake;
  std::string text;  // OpenSSL's reason, for the log
};

struct TlsInfo {
  std::string version;          // "TLSv1.3"
  std::string cipher;           // "TLS_AES_128_GCM_SHA256"
  std::string group;            // "x25519"; empty when unknown
  std::string alpn;             // empty: none negotiated
  std::string sni;              // empty: none sent
  bool is_confidential = true;  // false for integrity-only suites (security T08)
  bool is_resumed = false;
};

enum class ChannelBinding : std::uint8_t {
  tls_exporter,          // RFC 9266; TLS 1.3 only (and TLS 1.2 with extended master secret)
  tls_server_end_point,  // RFC 5929 section 4
};

class TlsEngine {
 public:
  struct Progress {
    bool established_now = false;  // the handshake ended within this call
    bool peer_closed = false;      // the peer's close_notify has been read
  };
  static constexpr unsigned post_handshake_messages = 64;  // KeyUpdates, refused renegotiations; in a connection's life

  [[nodiscard]] static TlsEngine server(std::shared_ptr<const TlsContext> context);
  [[nodiscard]] static TlsEngine client(std::shared_ptr<const TlsContext> context, const std::string& host);
  TlsEngine(TlsEngine&&) noexcept;
  TlsEngine& operator=(TlsEngine&&) noexcept;
  ~TlsEngine();

  // Client only: appends the ClientHello.
  [[nodiscard]] Result<void, TlsError> start(std::string& ciphertext_out);
  // Takes all of `ciphertext`; appends what it decrypts and what must be sent. After an error `ciphertext_out` may hold
  // an alert that should still be sent; every further call fails.
  [[nodiscard]] Result<Progress, TlsError> receive(std::span<const std::uint8_t> ciphertext, std::string& plaintext_out,
                                                   std::string& ciphertext_out);
  // Once established. Appends records of at most 16 KiB of plaintext.
  [[nodiscard]] Result<void, TlsError> send(std::string_view plaintext, std::string& ciphertext_out);
  // Server only: the next send() begins with a ticket to resume the session by (RFC 8446 section 4.6.1); nothing where the context gives
  // none. Before TLS 1.3 the handshake has given it.
  void give_ticket() { ticket_is_due_ = true; }
  // Appends our close_notify, once.
  void close_notify(std::string& ciphertext_out);

  [[nodiscard]] bool is_established() const { return established_ && !failed_; }
  [[nodiscard]] TlsInfo info() const;
  [[nodiscard]] bool is_confidential() const;   // as in TlsInfo
  // Whether channel_binding() gives this one. That costs nothing; the binding is computed when asked for.
  [[nodiscard]] bool can_bind(ChannelBinding type) const;
  // Nothing when the connection cannot give this binding (tls-exporter below TLS 1.3 without extended master secret).
  [[nodiscard]] std::optional<std::vector<std::uint8_t>> channel_binding(ChannelBinding type) const;
  // What the peer showed, and proved to have the key of; not verified. Empty before the handshake is over. A resumed session has
  // the peer's own certificate alone: nothing leads from it to an anchor.
  [[nodiscard]] PresentedChain presented_chain() const;
  // The peer's own certificate, unverified on the server side; null when it sent none.
  [[nodiscard]] std::shared_ptr<X509> peer_certificate() const;
  // An estimate of the heap an idle engine holds, for accounting.
  [[nodiscard]] static std::size_t idle_bytes();
  [[nodiscard]] SSL* native() const { return ssl_; }

 private:
  struct Io;
  TlsEngine(std::shared_ptr<const TlsContext> context, SSL* ssl);

  [[nodiscard]] const X509* end_point() const;
  [[nodiscard]] Result<bool, TlsError> handshake(Io& io);
  [[nodiscard]] Unexpected<TlsError> failure(TlsError::Kind kind, std::string text = {});

  std::shared_ptr<const TlsContext> context_;
  SSL* ssl_ = nullptr;
  std::uint32_t handshake_received_ = 0;
  std::uint16_t post_handshake_ = 0;
  bool established_ = false;
  bool failed_ = false;
  bool closed_ = false;
  bool ticket_is_due_ = false;
};

}  // namespace aldis::tls
