// Transport: a byte stream that never blocks: a TCP socket, or memory in scenes. It knows no TLS and no XML. Readiness
// is edge-triggered: after would_block the Watcher is told; before that, it need not be told again.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"
#include "net/peer_address.h"
#include "runtime/shard.h"

namespace aldis::net {

enum class IoStatus : std::uint8_t {
  ok,
  would_block,
  end,     // the peer has shut down its side (read only)
  failed,  // reset, timeout, broken pipe: `error` holds errno
};

struct IoResult {
  IoStatus status = IoStatus::ok;
  std::size_t bytes = 0;  // with ok
  int error = 0;          // with failed
};

class Transport {
 public:
  virtual ~Transport() = default;
  // Tells `watcher`, on the shard's thread and never from within this call, how things stand and of each change.
  // False: the kernel refused.
  [[nodiscard]] virtual bool attach(Shard& shard, Watcher& watcher) = 0;
  // After it the transport may be moved to another thread and attached there.
  virtual void detach() = 0;
  [[nodiscard]] virtual IoResult read(std::span<std::uint8_t> into) = 0;
  // May take fewer bytes than given.
  [[nodiscard]] virtual IoResult write(std::string_view bytes) = 0;
  virtual void shutdown_write() = 0;
  // Ends both directions at once; with `reset` unsent bytes are dropped and the peer sees a reset.
  virtual void close(bool reset) = 0;
  [[nodiscard]] virtual PeerAddress peer() const = 0;
};

class TcpTransport final : public Transport {
 public:
  // Owns the connected descriptor; makes it non-blocking and close-on-exec, with TCP_NODELAY.
  TcpTransport(int fd, PeerAddress peer);
  ~TcpTransport() override;
  TcpTransport(const TcpTransport&) = delete;
  TcpTransport& operator=(const TcpTransport&) = delete;

  // A connection in progress: write() and read() give would_block until it is made, failed if it is refused.
  [[nodiscard]] static Result<std::unique_ptr<TcpTransport>> connect(const PeerAddress& to);

  [[nodiscard]] bool attach(Shard& shard, Watcher& watcher) override;
  void detach() override;
  [[nodiscard]] IoResult read(std::span<std::uint8_t> into) override;
  [[nodiscard]] IoResult write(std::string_view bytes) override;
  void shutdown_write() override;
  void close(bool reset) override;
  [[nodiscard]] PeerAddress peer() const override { return peer_; }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  Shard* shard_ = nullptr;
  Watcher* watcher_ = nullptr;
  int fd_;
  PeerAddress peer_;
};

}  // namespace aldis::net
