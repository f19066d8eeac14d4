// Binding, accepting, and getting over a full descriptor table.
#include "net/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "base/metrics.h"

namespace aldis::net {
namespace {
metrics::Counter accepted_total("aldis_connections_accepted_total", "TCP connections accepted.");
metrics::Counter refused_total("aldis_connections_refused_total", "TCP connections closed by a budget before reading.");
metrics::Counter exhausted_total("aldis_listener_exhausted_total", "Times a listener ran out of descriptors.");

int open_reserve() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}
}  // namespace

Listener::Listener(int fd, ListenerOptions options) : options_(options), fd_(fd), reserve_(open_reserve()) {}

Listener::~Listener() {
  stop();
}

Result<std::unique_ptr<Listener>> Listener::open(ListenerOptions options) {
  sockaddr_storage address;
  socklen_t length = options.address.to_sockaddr(address);
  const int fd = ::socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return fail(ErrorKind::unavailable, std::string("socket: ") + std::strerror(errno));
  }
  std::unique_ptr<Listener> listener(new Listener(fd, options));
  const int on = 1;
  const int v6_only = options.v6_only ? 1 : 0;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.ss_family == AF_INET6) {
    ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof v6_only);
  }
  // Accepted sockets inherit these (tcp(7)): no calls per connection.
  const int idle = static_cast<int>(options.keepalive.count());
  const int between = 60;
  const int questions = 5;
  if (idle > 0) {
    ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &between, sizeof between);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &questions, sizeof questions);
  }
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), length) != 0 || ::listen(fd, options.backlog) != 0) {
    const int error = errno;
    return fail(error == EACCES ? ErrorKind::denied : ErrorKind::unavailable,
                "cannot listen on " + options.address.str() + ": " + std::strerror(error));
  }
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0) {
    listener->options_.address = PeerAddress::from(reinterpret_cast<const sockaddr&>(address));
  }
  return listener;
}

void Listener::start(Shard& shard, Admit admit, Accepted accepted) {
  ensure(shard_ == nullptr && fd_ >= 0, "a listener starts once");
  admit_ = std::move(admit);
  accepted_ = std::move(accepted);
  shard_ = &shard;
  ensure(shard.watch(fd_, *this), "the kernel watches a listening socket");
}

void Listener::stop() {
  if (shard_ != nullptr) {
    shard_->unwatch(fd_, *this);
    shard_->cancel(std::exchange(retry_, TimerId::none));
    shard_ = nullptr;
  }
  unlink();
  for (int* const fd : {&fd_, &reserve_}) {
    if (*fd >= 0) {
      ::close(std::exchange(*fd, -1));
    }
  }
}

void Listener::on_ready(bool, bool, bool) {
  if (retry_ == TimerId::none) {
    accept_some();
  }
}

void Listener::on_next_turn() {
  accept_some();
}

void Listener::accept_some() {
  for (int i = 0; i < options_.accepts_per_turn && shard_ != nullptr; ++i) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    const int fd = ::accept4(fd_, reinterpret_cast<sockaddr*>(&address), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) {
        return;
      }
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        out_of_descriptors(errno);
        return;
      }
      continue;  // the connection failed before it was accepted (accept(2): treat as would block), or EINTR
    }
    if (exhausted_ && reserve_ >= 0) {
      exhausted_ = false;
      log::info("listener-recovered", {{"address", options_.address.str()}});
    }
    const PeerAddress peer = PeerAddress::from(reinterpret_cast<const sockaddr&>(address));
    if (admit_ && !admit_(peer)) {
      refused_total.add();
      ::close(fd);
      continue;
    }
    accepted_total.add();
    accepted_(std::make_unique<TcpTransport>(fd, peer));
  }
  if (shard_ != nullptr) {
    shard_->run_next_turn(*this);
  }
}

// Security E02: close what waits with the reserve descriptor, then leave the queue alone for a while; no spinning.
void Listener::out_of_descriptors(int error) {
  exhausted_total.add();
  if (!exhausted_) {
    exhausted_ = true;
    log::error("listener-out-of-descriptors", {{"address", options_.address.str()}, {"error", std::strerror(error)}});
  }
  if (reserve_ >= 0) {
    ::close(std::exchange(reserve_, -1));
    const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      ::close(fd);
    }
  }
  reserve_ = open_reserve();
  retry_ = shard_->after(options_.pause, [this] {
    retry_ = TimerId::none;
    if (reserve_ < 0) {
      reserve_ = open_reserve();
    }
    accept_some();
  });
}

}  // namespace aldis::net
