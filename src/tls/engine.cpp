// OpenSSL between two byte strings. The BIO reads from the caller's span and appends to the caller's string, both known
// only during a call, so that an idle engine has no buffers of ours.
#include "tls/engine.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "base/ensure.h"
#include "base/metrics.h"
#include "tls/openssl.h"

namespace aldis::tls {
namespace {
// Each engine counts as an idle one (TlsEngine::idle_bytes): OpenSSL does not say what it holds.
metrics::Gauge tls_memory{"aldis_memory_bytes", "Memory held, by subsystem; the process as a whole when last looked at.",
                          {{"subsystem", "tls"}}};
}  // namespace

// What one call reads and writes; on its stack, known to the BIO and to the message counter while it runs.
struct TlsEngine::Io {
  std::span<const std::uint8_t> in;
  std::string& out;
  std::uint16_t& post_handshake;
  bool established;

  // Lends itself to the engine's BIO for its lifetime.
  class Lent {
   public:
    Lent(SSL* ssl, Io& io) : ssl_(ssl) {
      BIO_set_data(bio(), &io);
      SSL_set_msg_callback_arg(ssl_, &io);
      if (ERR_peek_error() != 0) {  // clearing an empty queue costs a tenth of a small record
        ERR_clear_error();
      }
    }
    ~Lent() {
      BIO_set_data(bio(), nullptr);
      SSL_set_msg_callback_arg(ssl_, nullptr);
    }
    Lent(const Lent&) = delete;

   private:
    [[nodiscard]] BIO* bio() const { return SSL_get_rbio(ssl_); }  // the write side may have a buffer in front
    SSL* ssl_;
  };

  static int read(BIO* bio, char* into, std::size_t wanted, std::size_t* had) {
    Io* const io = static_cast<Io*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    *had = io != nullptr ? std::min(wanted, io->in.size()) : 0;
    if (*had == 0) {
      BIO_set_retry_read(bio);
      return 0;
    }
    std::memcpy(into, io->in.data(), *had);
    io->in = io->in.subspan(*had);
    return 1;
  }
  static int write(BIO* bio, const char* from, std::size_t size, std::size_t* took) {
    Io* const io = static_cast<Io*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    if (io != nullptr) {
      io->out.append(from, size);
    }
    *took = size;
    return 1;
  }
  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }
  static int create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  }
  static BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* const m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "aldis span and string");
      ensure(m != nullptr, "a BIO method can be made");
      BIO_meth_set_read_ex(m, read);
      BIO_meth_set_write_ex(m, write);
      BIO_meth_set_ctrl(m, control);
      BIO_meth_set_create(m, create);
      return m;
    }();
    return made;
  }

  // Counts what a peer can make us do after the handshake: KeyUpdates and tickets it sends, and the alerts that refuse
  // its attempts to renegotiate (security T04).
  static void count_message(int is_write, int, int content_type, const void* bytes, std::size_t size, SSL*, void* arg) {
    Io* const io = static_cast<Io*>(arg);
    if (io == nullptr || !io->established) {
      return;
    }
    const auto* const octets = static_cast<const std::uint8_t*>(bytes);
    const bool refused =
        is_write != 0 && content_type == SSL3_RT_ALERT && size == 2 && octets[1] == SSL_AD_NO_RENEGOTIATION;
    if ((is_write == 0 && content_type == SSL3_RT_HANDSHAKE) || refused) {
      io->post_handshake = static_cast<std::uint16_t>(std::min<int>(io->post_handshake + 1, 0xFFFF));
    }
  }
};

TlsEngine::TlsEngine(std::shared_ptr<const TlsContext> context, SSL* ssl) : context_(std::move(context)), ssl_(ssl) {
  ensure(ssl_ != nullptr, "OpenSSL has memory for a connection");
  tls_memory.add(static_cast<std::int64_t>(idle_bytes()));
  BIO* const bio = BIO_new(Io::method());
  ensure(bio != nullptr, "OpenSSL has memory for a BIO");
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_msg_callback(ssl_, Io::count_message);
}

TlsEngine TlsEngine::server(std::shared_ptr<const TlsContext> context) {
  ensure(context->is_server(), "a server's engine has a server's context");
  SSL* const ssl = SSL_new(context->native());
  TlsEngine made(std::move(context), ssl);
  SSL_set_accept_state(ssl);
  return made;
}

TlsEngine TlsEngine::client(std::shared_ptr<const TlsContext> context, const std::string& host) {
  ensure(!context->is_server(), "a client's engine has a client's context");
  SSL* const ssl = SSL_new(context->native());
  const bool verify = context->verifies_host();
  TlsEngine made(std::move(context), ssl);
  SSL_set_connect_state(ssl);
  if (!host.empty()) {
    ensure(SSL_set_tlsext_host_name(ssl, host.c_str()) == 1, "a host name fits into SNI");
    ensure(!verify || SSL_set1_host(ssl, host.c_str()) == 1, "a host name can be expected");
  }
  return made;
}

TlsEngine::TlsEngine(TlsEngine&& other) noexcept {
  *this = std::move(other);
}

TlsEngine& TlsEngine::operator=(TlsEngine&& other) noexcept {
  std::swap(context_, other.context_);
  std::swap(ssl_, other.ssl_);
  std::swap(handshake_received_, other.handshake_received_);
  std::swap(post_handshake_, other.post_handshake_);
  std::swap(established_, other.established_);
  std::swap(failed_, other.failed_);
  std::swap(closed_, other.closed_);
  std::swap(ticket_is_due_, other.ticket_is_due_);
  return *this;
}

TlsEngine::~TlsEngine() {
  if (ssl_ != nullptr) {
    SSL_free(ssl_);
    tls_memory.add(-static_cast<std::int64_t>(idle_bytes()));
  }
}

Unexpected<TlsError> TlsEngine::failure(TlsError::Kind kind, std::string text) {
  if (text.empty() && !failed_ && SSL_get_verify_result(ssl_) != X509_V_OK && !context_->is_server()) {
    text = X509_verify_cert_error_string(SSL_get_verify_result(ssl_));
  }
  if (text.empty()) {
    text = failed_ ? "the connection failed before" : openssl_error();
  }
  ERR_clear_error();
  failed_ = true;
  return fail(TlsError{kind, std::move(text)});
}

Result<void, TlsError> TlsEngine::start(std::string& ciphertext_out) {
  Io io{{}, ciphertext_out, post_handshake_, false};
  const Io::Lent lent(ssl_, io);
  const Result<bool, TlsError> done = handshake(io);
  if (!done) {
    return fail(done.error());
  }
  return {};
}

// True when the handshake is over.
Result<bool, TlsError> TlsEngine::handshake(Io& io) {
  const int result = SSL_do_handshake(ssl_);
  if (result == 1) {
    io.established = true;
    established_ = true;
    return true;
  }
  if (SSL_get_error(ssl_, result) == SSL_ERROR_WANT_READ) {
    return false;
  }
  return failure(TlsError::Kind::handshake);
}

Result<TlsEngine::Progress, TlsError> TlsEngine::receive(std::span<const std::uint8_t> ciphertext,
                                                         std::string& plaintext_out, std::string& ciphertext_out) {
  if (failed_) {
    return failure(TlsError::Kind::protocol);
  }
  Progress progress;
  Io io{ciphertext, ciphertext_out, post_handshake_, established_};
  const Io::Lent lent(ssl_, io);
  if (!established_) {
    const Result<bool, TlsError> done = handshake(io);
    if (!done) {
      return fail(done.error());
    }
    const std::size_t handshaken = ciphertext.size() - io.in.size();
    if (handshake_received_ + handshaken > context_->handshake_bytes()) {
      return failure(TlsError::Kind::flood, "the handshake is larger than its limit");
    }
    handshake_received_ += static_cast<std::uint32_t>(handshaken);
    if (!*done) {
      return progress;
    }
    progress.established_now = true;
  }
  // Not on the stack, where hardened builds would fill it with zeros at every call.
  thread_local const auto chunk = std::make_unique_for_overwrite<char[]>(SSL3_RT_MAX_PLAIN_LENGTH);
  while (!io.in.empty() || SSL_has_pending(ssl_) == 1) {
    std::size_t had = 0;
    const int result = SSL_read_ex(ssl_, chunk.get(), SSL3_RT_MAX_PLAIN_LENGTH, &had);
    if (post_handshake_ > post_handshake_messages) {
      return failure(TlsError::Kind::flood, "too many messages after the handshake");
    }
    if (result == 1) {
      plaintext_out.append(chunk.get(), had);
      continue;
    }
    const int why = SSL_get_error(ssl_, result);
    if (why == SSL_ERROR_WANT_READ) {
      break;
    }
    if (why == SSL_ERROR_ZERO_RETURN) {
      progress.peer_closed = true;
      break;
    }
    return failure(TlsError::Kind::protocol);
  }
  return progress;
}

Result<void, TlsError> TlsEngine::send(std::string_view plaintext, std::string& ciphertext_out) {
  ensure(established_, "nothing is sent before the handshake is over");
  if (failed_ || closed_) {
    return failure(TlsError::Kind::protocol);
  }
  Io io{{}, ciphertext_out, post_handshake_, true};
  const Io::Lent lent(ssl_, io);
  if (std::exchange(ticket_is_due_, false) && context_->gives_tickets()) {
    static_cast<void>(SSL_new_session_ticket(ssl_));   // it leaves before what is written next; refused before TLS 1.3
  }
  while (!plaintext.empty()) {
    std::size_t took = 0;
    if (SSL_write_ex(ssl_, plaintext.data(), plaintext.size(), &took) != 1) {
      return failure(TlsError::Kind::protocol);
    }
    plaintext.remove_prefix(took);
  }
  return {};
}

void TlsEngine::close_notify(std::string& ciphertext_out) {
  if (failed_ || closed_ || !established_) {
    return;
  }
  closed_ = true;
  Io io{{}, ciphertext_out, post_handshake_, true};
  const Io::Lent lent(ssl_, io);
  static_cast<void>(SSL_shutdown(ssl_));
  ERR_clear_error();
}

}  // namespace aldis::tls
