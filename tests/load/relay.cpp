// The floor: a single-threaded relay that copies bytes between paired connections without looking at them. A connection
// says "pair N\n" first; what it says after that goes to the other connection of pair N and back. Where it says "room N\n", what
// it says goes to all who said the same, itself too: each gets it in a record of its own. Plain on one port,
// TLS 1.3 on another, terminated on both sides. One epoll descriptor, level-triggered; one receive and one send system
// call a turn and connection. A connection whose partner cannot take more is not read. No limits, no timeouts: it
// serves our generator only.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "process_stats.h"
#include "transport.h"

namespace aldis::load {
namespace {

struct End;
using Room = std::vector<End*>;

struct End {
  int fd = -1;
  SSL* ssl = nullptr;
  End* partner = nullptr;
  Room* room = nullptr;
  bool is_named = false;  ///< has said its line
  bool is_dead = false;   ///< closed in this turn; freed when the turn is over
  std::uint32_t interest = EPOLLIN;
  std::string waiting;  ///< bytes for this end that its socket would not take, or that came before its partner
};

class Relay {
 public:
  Relay(std::uint16_t plain_port, std::uint16_t tls_port, const char* certificate, const char* key)
      : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    plain_.fd = listen_on(plain_port);
    tls_.fd = listen_on(tls_port);
    context_ = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_min_proto_version(context_, TLS1_3_VERSION);
    SSL_CTX_set_mode(context_,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context_, 1);
    SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(context_, choose_alpn, nullptr);
    if (SSL_CTX_use_certificate_chain_file(context_, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(context_, key, SSL_FILETYPE_PEM) != 1) {
      std::fprintf(stderr, "relay: cannot read %s and %s\n", certificate, key);
      std::exit(1);
    }
  }

  int plain_port() const { return port_of(plain_); }
  int tls_port() const { return port_of(tls_); }

  [[noreturn]] void run() {
    std::array<epoll_event, 512> events;
    for (;;) {
      const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < ready; ++i) {
        const auto& event = events[static_cast<std::size_t>(i)];
        End& end = *static_cast<End*>(event.data.ptr);
        if (&end == &plain_ || &end == &tls_) {
          accept_all(end);
        } else if (!end.is_dead) {
          serve(end, event.events);
        }
      }
      for (End* end : dead_) {
        delete end;
      }
      dead_.clear();
    }
  }

 private:
  static int choose_alpn(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in,
                         unsigned in_size, void*) {
    static constexpr unsigned char ours[] = "\x0bxmpp-client";
    const int found = SSL_select_next_proto(const_cast<unsigned char**>(out), size, ours, sizeof ours - 1, in, in_size);
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
  }

  int listen_on(std::uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0 || listen(fd, 4096) != 0) {
      std::fprintf(stderr, "relay: port %d: %s\n", port, std::strerror(errno));
      std::exit(1);
    }
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = plain_.fd < 0 ? &plain_ : &tls_;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    return fd;
  }
  static int port_of(const End& listener) {
    sockaddr_in at{};
    socklen_t size = sizeof at;
    getsockname(listener.fd, reinterpret_cast<sockaddr*>(&at), &size);
    return ntohs(at.sin_port);
  }

  void accept_all(const End& listener) {
    for (;;) {
      const int fd = accept4(listener.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) {
        return;
      }
      const int one = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      auto* end = new End;
      end->fd = fd;
      if (&listener == &tls_) {
        end->ssl = SSL_new(context_);
        SSL_set_fd(end->ssl, fd);
        SSL_set_accept_state(end->ssl);
      }
      epoll_event event{};
      event.events = end->interest;
      event.data.ptr = end;
      epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    }
  }

  void serve(End& end, std::uint32_t events) {
    if ((events & EPOLLOUT) != 0) {
      write(end, {});
    }
    if (end.is_dead || (events & ~static_cast<std::uint32_t>(EPOLLOUT)) == 0) {
      return;
    }
    static std::array<char, 65536> scratch;
    std::size_t size = 0;
    if (end.ssl == nullptr) {
      const auto got = recv(end.fd, scratch.data(), scratch.size(), 0);
      if (got <= 0) {
        if (got == 0 || errno != EAGAIN) {
          close(end);
        }
        return;
      }
      size = static_cast<std::size_t>(got);
    } else {
      // What one receive brought may be several records; without more input OpenSSL is not asked again.
      do {
        const int got = SSL_read(end.ssl, scratch.data() + size, static_cast<int>(scratch.size() - size));
        if (got <= 0) {
          const int error = SSL_get_error(end.ssl, got);
          ERR_clear_error();
          if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
            close(end);
            return;
          }
          break;
        }
        size += static_cast<std::size_t>(got);
      } while (size < scratch.size() && SSL_has_pending(end.ssl) == 1);
    }
    forward(end, {scratch.data(), size});
  }

  void forward(End& end, std::string_view bytes) {
    if (!end.is_named) {
      const auto newline = bytes.find('\n');
      if (newline == std::string_view::npos) {
        return;  // a few bytes in one segment: on loopback they come whole
      }
      end.is_named = true;
      join(end, std::string(bytes.substr(0, newline)));
      bytes.remove_prefix(newline + 1);
    }
    if (bytes.empty()) {
      return;
    }
    if (end.room != nullptr) {
      for (End* each : *end.room) {
        write(*each, bytes);
      }
    } else if (end.partner == nullptr) {
      end.waiting.append(bytes);
    } else {
      write(*end.partner, bytes);
    }
  }

  void join(End& end, const std::string& name) {
    if (name.starts_with("room ")) {
      end.room = &rooms_[name];
      end.room->push_back(&end);
      return;
    }
    const auto found = alone_.find(name);
    if (found == alone_.end()) {
      alone_[name] = &end;
      return;
    }
    End& other = *found->second;
    alone_.erase(found);
    end.partner = &other;
    other.partner = &end;
    // What the first one said before the second came.
    std::string early;
    early.swap(other.waiting);
    write(end, early);
  }

  void write(End& to, std::string_view bytes) {
    if (!to.waiting.empty()) {
      to.waiting.append(bytes);
      bytes = to.waiting;
    }
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const auto part = bytes.substr(sent);
      const auto n = to.ssl != nullptr ? SSL_write(to.ssl, part.data(), static_cast<int>(part.size()))
                                       : static_cast<int>(send(to.fd, part.data(), part.size(), MSG_NOSIGNAL));
      if (n <= 0) {
        ERR_clear_error();
        break;  // full, or gone: reading will tell
      }
      sent += static_cast<std::size_t>(n);
    }
    if (to.waiting.empty()) {
      to.waiting.assign(bytes.substr(sent));
    } else {
      to.waiting.erase(0, sent);
    }
    watch(to, EPOLLOUT, !to.waiting.empty());
    if (to.partner != nullptr) {
      watch(*to.partner, EPOLLIN, to.waiting.empty());
    }
  }

  void watch(End& end, std::uint32_t what, bool is_wanted) {
    const std::uint32_t interest = is_wanted ? end.interest | what : end.interest & ~what;
    if (interest != end.interest) {
      end.interest = interest;
      epoll_event event{};
      event.events = interest;
      event.data.ptr = &end;
      epoll_ctl(epoll_, EPOLL_CTL_MOD, end.fd, &event);
    }
  }

  void close(End& end) {
    end.is_dead = true;
    if (end.partner != nullptr) {
      end.partner->partner = nullptr;
    }
    if (end.room != nullptr) {
      std::erase(*end.room, &end);
    }
    for (auto at = alone_.begin(); at != alone_.end();) {
      at = at->second == &end ? alone_.erase(at) : std::next(at);
    }
    if (end.ssl != nullptr) {
      SSL_free(end.ssl);
    }
    ::close(end.fd);
    dead_.push_back(&end);
  }

  int epoll_;
  End plain_, tls_;
  SSL_CTX* context_ = nullptr;
  std::unordered_map<std::string, End*> alone_;
  std::unordered_map<std::string, Room> rooms_;
  std::vector<End*> dead_;
};

}  // namespace
}  // namespace aldis::load

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: relay PLAIN_PORT TLS_PORT CERTIFICATE.pem KEY.pem (port 0: any)\n");
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  aldis::load::raise_descriptor_limit();
  aldis::load::Relay relay(static_cast<std::uint16_t>(std::atoi(argv[1])),
                           static_cast<std::uint16_t>(std::atoi(argv[2])), argv[3], argv[4]);
  std::printf("ready on %d and %d\n", relay.plain_port(), relay.tls_port());
  std::fflush(stdout);
  relay.run();
}
