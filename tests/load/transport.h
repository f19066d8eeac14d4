// A client's socket, plain or TLS 1.3 with OpenSSL. Certificates are not verified: the generator talks to servers that
// the comparison started itself, and a benchmark's client is not what is being measured.
#pragma once
#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace aldis::load {

/// What one call on a non-blocking socket came to.
struct Io {
  enum class Outcome { done, would_block, closed };
  Outcome outcome = Outcome::done;
  std::size_t bytes = 0;
};

class Socket {
 public:
  Socket() = default;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { close(); }

  /// Begins to connect; completion shows as writability. source: last byte of the 127.0.0.x to come from, 0 for any.
  bool connect(const std::string& host, std::uint16_t port, int source);
  /// From here on handshake() is to be called until it is done. ALPN xmpp-client (XEP-0368) when direct.
  void start_tls(const std::string& domain, bool direct);
  Io handshake();
  Io read(std::span<char> into);
  Io write(std::string_view bytes);
  bool is_tls() const { return ssl_ != nullptr; }
  int descriptor() const { return fd_; }
  /// SO_ERROR of a connect in progress; 0 when connected.
  int connect_error() const;
  void close();
  /// Closes with RST (SO_LINGER 0), as a link that is cut.
  void cut();

 private:
  Io outcome_of(int result);
  int fd_ = -1;
  SSL* ssl_ = nullptr;
};

}  // namespace aldis::load
