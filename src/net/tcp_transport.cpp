// TCP sockets as Transports.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "net/transport.h"

namespace aldis::net {
namespace {
IoResult failure(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == ENOTCONN || error == EINPROGRESS
             ? IoResult{IoStatus::would_block, 0, 0}
             : IoResult{IoStatus::failed, 0, error};
}
}  // namespace

TcpTransport::TcpTransport(int fd, PeerAddress peer) : fd_(fd), peer_(peer) {
  const int flags = ::fcntl(fd_, F_GETFL);
  if ((flags & O_NONBLOCK) == 0) {
    ::fcntl(fd_, F_SETFL, flags | O_NONBLOCK);
    ::fcntl(fd_, F_SETFD, FD_CLOEXEC);
  }
  // A turn's writes are gathered already; waiting for more would only add delay.
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

TcpTransport::~TcpTransport() {
  close(false);
}

Result<std::unique_ptr<TcpTransport>> TcpTransport::connect(const PeerAddress& to) {
  sockaddr_storage address;
  const socklen_t length = to.to_sockaddr(address);
  const int fd = ::socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return fail(ErrorKind::unavailable, std::string("socket: ") + std::strerror(errno));
  }
  auto transport = std::make_unique<TcpTransport>(fd, to);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), length) != 0 && errno != EINPROGRESS) {
    return fail(ErrorKind::unavailable, to.str() + ": " + std::strerror(errno));
  }
  return transport;
}

bool TcpTransport::attach(Shard& shard, Watcher& watcher) {
  ensure(shard_ == nullptr, "a transport is attached once");
  if (fd_ < 0 || !shard.watch(fd_, watcher)) {
    return false;
  }
  shard_ = &shard;
  watcher_ = &watcher;
  return true;
}

void TcpTransport::detach() {
  if (shard_ != nullptr) {
    shard_->unwatch(fd_, *watcher_);
    shard_ = nullptr;
    watcher_ = nullptr;
  }
}

IoResult TcpTransport::read(std::span<std::uint8_t> into) {
  ssize_t n;
  do {
    n = ::recv(fd_, into.data(), into.size(), 0);
  } while (n < 0 && errno == EINTR);
  if (n > 0) {
    return {IoStatus::ok, static_cast<std::size_t>(n), 0};
  }
  return n == 0 ? IoResult{IoStatus::end, 0, 0} : failure(errno);
}

IoResult TcpTransport::write(std::string_view bytes) {
  ssize_t n;
  do {
    n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  return n >= 0 ? IoResult{IoStatus::ok, static_cast<std::size_t>(n), 0} : failure(errno);
}

void TcpTransport::shutdown_write() {
  if (fd_ >= 0) {
    ::shutdown(fd_, SHUT_WR);
  }
}

void TcpTransport::close(bool reset) {
  if (fd_ < 0) {
    return;
  }
  detach();
  if (reset) {
    const linger now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  ::close(fd_);
  fd_ = -1;
}

}  // namespace aldis::net
