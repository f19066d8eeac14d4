// MemoryTransport: a Transport without sockets, for scenes: two ends of two bounded pipes, deterministic, all on one
// thread. A test may shrink the pipes, deliver byte by byte, or cut the line. MemoryNetwork joins listeners and
// callers.
#pragma once
#include <algorithm>
#include <cerrno>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "net/transport.h"

namespace aldis::test {

class MemoryTransport final : public net::Transport {
 public:
  // The ends of a new line; `capacity` is how many bytes each direction holds.
  [[nodiscard]] static std::pair<std::unique_ptr<MemoryTransport>, std::unique_ptr<MemoryTransport>> pair(
      std::size_t capacity = 1024 * 1024, net::PeerAddress first = {}, net::PeerAddress second = {}) {
    const auto there = std::make_shared<Pipe>();
    const auto back = std::make_shared<Pipe>();
    there->capacity = back->capacity = capacity;
    return {std::unique_ptr<MemoryTransport>(new MemoryTransport(back, there, second)),
            std::unique_ptr<MemoryTransport>(new MemoryTransport(there, back, first))};
  }

  ~MemoryTransport() override { close(false); }
  MemoryTransport(const MemoryTransport&) = delete;
  MemoryTransport& operator=(const MemoryTransport&) = delete;

  [[nodiscard]] bool attach(Shard& shard, Watcher& watcher) override {
    shard_ = &shard;
    watcher_ = &watcher;
    in_->reader = this;
    out_->writer = this;
    tell();
    return true;
  }
  void detach() override {
    shard_ = nullptr;
    watcher_ = nullptr;
    told_ = std::make_shared<bool>(false);  // what was posted is void
    in_->reader = nullptr;
    out_->writer = nullptr;
  }
  [[nodiscard]] net::IoResult read(std::span<std::uint8_t> into) override {
    if (in_->cut) {
      return {net::IoStatus::failed, 0, ECONNRESET};
    }
    if (in_->bytes.empty()) {
      return {in_->ended ? net::IoStatus::end : net::IoStatus::would_block, 0, 0};
    }
    const std::size_t n = std::min({into.size(), in_->bytes.size(), read_at_once});
    std::copy_n(in_->bytes.begin(), n, into.begin());
    in_->bytes.erase(0, n);
    if (!in_->bytes.empty() || in_->ended) {
      tell();  // a short read must not be mistaken for the last
    }
    if (in_->writer != nullptr) {
      in_->writer->tell();
    }
    return {net::IoStatus::ok, n, 0};
  }
  [[nodiscard]] net::IoResult write(std::string_view bytes) override {
    ++writes;
    if (out_->cut || out_->ended) {
      return {net::IoStatus::failed, 0, out_->cut ? ECONNRESET : EPIPE};
    }
    const std::size_t room = out_->capacity - std::min(out_->capacity, out_->bytes.size());
    const std::size_t n = std::min(room, bytes.size());
    if (n == 0 && !bytes.empty()) {
      return {net::IoStatus::would_block, 0, 0};
    }
    out_->bytes.append(bytes.substr(0, n));
    if (out_->reader != nullptr) {
      out_->reader->tell();
    }
    return {net::IoStatus::ok, n, 0};
  }
  void shutdown_write() override {
    out_->ended = true;
    if (out_->reader != nullptr) {
      out_->reader->tell();
    }
  }
  void close(bool reset) override {
    if (!closed_) {
      closed_ = true;
      detach();
      if (reset) {
        cut();
      } else {
        shutdown_write();
        in_->ended = true;
      }
    }
  }
  [[nodiscard]] net::PeerAddress peer() const override { return peer_; }

  // For tests, on an end that no Connection owns.
  void send(std::string_view bytes) {
    out_->bytes.append(bytes);
    if (out_->reader != nullptr) {
      out_->reader->tell();
    }
  }
  [[nodiscard]] std::string receive() {
    std::string all = std::exchange(in_->bytes, {});
    if (in_->writer != nullptr) {
      in_->writer->tell();
    }
    return all;
  }
  [[nodiscard]] bool peer_ended() const { return in_->ended && in_->bytes.empty(); }
  [[nodiscard]] bool is_cut() const { return in_->cut; }
  // As a reset: what is on its way is lost.
  void cut() {
    for (const auto& pipe : {in_, out_}) {
      pipe->cut = true;
      pipe->bytes.clear();
      for (MemoryTransport* const end : {pipe->reader, pipe->writer}) {
        if (end != nullptr) {
          end->tell();
        }
      }
    }
  }
  // How much the other end may send before it blocks.
  void set_receive_capacity(std::size_t bytes) { in_->capacity = bytes; }
  std::size_t read_at_once = SIZE_MAX;
  std::size_t writes = 0;

 private:
  struct Pipe {
    std::string bytes;
    std::size_t capacity = 0;
    bool ended = false;
    bool cut = false;
    MemoryTransport* reader = nullptr;  // while attached
    MemoryTransport* writer = nullptr;
  };
  MemoryTransport(std::shared_ptr<Pipe> in, std::shared_ptr<Pipe> out, net::PeerAddress peer)
      : in_(std::move(in)), out_(std::move(out)), peer_(peer) {}

  // Posts one look at how things stand; many changes before it make one.
  void tell() {
    if (shard_ == nullptr || *told_) {
      return;
    }
    *told_ = true;
    shard_->post([this, token = std::weak_ptr<bool>(told_)] {
      const auto told = token.lock();
      if (!told || !*told) {
        return;
      }
      *told = false;
      const bool gone = in_->cut || in_->ended;
      const bool writable = out_->cut || out_->bytes.size() < out_->capacity;
      watcher_->on_ready(!in_->bytes.empty() || gone, writable, gone);
    });
  }

  std::shared_ptr<Pipe> in_;
  std::shared_ptr<Pipe> out_;
  net::PeerAddress peer_;
  Shard* shard_ = nullptr;
  Watcher* watcher_ = nullptr;
  std::shared_ptr<bool> told_ = std::make_shared<bool>(false);
  bool closed_ = false;
};

// Names where scenes listen and call, e.g. "example.org:5222".
class MemoryNetwork {
 public:
  using Accept = std::function<void(std::unique_ptr<net::Transport>)>;
  void listen(const std::string& name, Accept accept) { listeners_[name] = std::move(accept); }
  void stop(const std::string& name) { listeners_.erase(name); }
  // Null when nobody listens there. Each caller has an address of its own unless one is given.
  [[nodiscard]] std::unique_ptr<MemoryTransport> connect(const std::string& name, net::PeerAddress from = {}) {
    const auto found = listeners_.find(name);
    if (found == listeners_.end()) {
      return nullptr;
    }
    if (from.port == 0) {
      from = *net::PeerAddress::parse("127.0.0.1", next_port_++);
    }
    auto [caller, answerer] = MemoryTransport::pair(capacity, from);
    found->second(std::move(answerer));
    return std::move(caller);
  }
  std::size_t capacity = 1024 * 1024;

 private:
  std::map<std::string, Accept> listeners_;
  std::uint16_t next_port_ = 20000;
};

}  // namespace aldis::test
