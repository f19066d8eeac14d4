// See transport.h.
#include "transport.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace aldis::load {
namespace {

SSL_CTX* client_context() {
  static SSL_CTX* const context = [] {
    SSL_CTX* made = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(made, TLS1_3_VERSION);
    SSL_CTX_set_verify(made, SSL_VERIFY_NONE, nullptr);
    SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(made,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(made, 1);
    return made;
  }();
  return context;
}

}  // namespace

bool Socket::connect(const std::string& host, std::uint16_t port, int source) {
  close();
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) {
    return false;
  }
  const int one = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (source != 0) {
    setsockopt(fd_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    sockaddr_in from{};
    from.sin_family = AF_INET;
    from.sin_addr.s_addr = htonl(0x7f000000U + static_cast<std::uint32_t>(source));
    if (bind(fd_, reinterpret_cast<sockaddr*>(&from), sizeof from) != 0) {
      return false;
    }
  }
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  if (inet_pton(AF_INET, host.c_str(), &to.sin_addr) != 1) {
    return false;
  }
  return ::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0 || errno == EINPROGRESS;
}

int Socket::connect_error() const {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

void Socket::start_tls(const std::string& domain, bool direct) {
  ssl_ = SSL_new(client_context());
  SSL_set_fd(ssl_, fd_);
  SSL_set_tlsext_host_name(ssl_, domain.c_str());
  if (direct) {
    static constexpr unsigned char alpn[] = "\x0bxmpp-client";
    SSL_set_alpn_protos(ssl_, alpn, sizeof alpn - 1);
  }
  SSL_set_connect_state(ssl_);
}

Io Socket::outcome_of(int result) {
  if (result > 0) {
    return {Io::Outcome::done, static_cast<std::size_t>(result)};
  }
  const int error = SSL_get_error(ssl_, result);
  ERR_clear_error();
  const bool waits = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
  return {waits ? Io::Outcome::would_block : Io::Outcome::closed, 0};
}

Io Socket::handshake() {
  return outcome_of(SSL_do_handshake(ssl_));
}

Io Socket::read(std::span<char> into) {
  if (ssl_ != nullptr) {
    return outcome_of(SSL_read(ssl_, into.data(), static_cast<int>(into.size())));
  }
  const auto got = recv(fd_, into.data(), into.size(), 0);
  if (got > 0) {
    return {Io::Outcome::done, static_cast<std::size_t>(got)};
  }
  return {got < 0 && errno == EAGAIN ? Io::Outcome::would_block : Io::Outcome::closed, 0};
}

Io Socket::write(std::string_view bytes) {
  if (ssl_ != nullptr) {
    return outcome_of(SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())));
  }
  const auto sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent >= 0) {
    return {Io::Outcome::done, static_cast<std::size_t>(sent)};
  }
  return {errno == EAGAIN ? Io::Outcome::would_block : Io::Outcome::closed, 0};
}

void Socket::close() {
  if (ssl_ != nullptr) {
    SSL_free(ssl_);
    ssl_ = nullptr;
  }
  if (fd_ >= 0) {
    ::close(fd_);
    fd_ = -1;
  }
}

void Socket::cut() {
  const linger now{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

}  // namespace aldis::load
