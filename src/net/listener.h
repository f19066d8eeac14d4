// Listener: accepts TCP connections on one address and hands each on as a Transport, on the shard it was made for (the
// lobby). When descriptors run out it logs once, pauses, and goes on when some are free again, without spinning
// (security E02). It does not know what the bytes mean.
#pragma once
#include <cstdint>
#include <memory>

#include "base/result.h"
#include "base/unique_function.h"
#include "net/transport.h"
#include "runtime/shard.h"

namespace aldis::net {

struct ListenerOptions {
  PeerAddress address;  // port 0: the kernel chooses; Listener::address() tells
  int backlog = 4096;
  bool v6_only = false;       // of an IPv6 address: do not take IPv4 too
  int accepts_per_turn = 64;  // then others get their turn
  // Silence after which the kernel asks whether the peer still lives; five unanswered questions, a minute apart, end
  // the connection with an I/O error. 0: never.
  std::chrono::seconds keepalive{900};
  std::chrono::milliseconds pause{100};  // after running out of descriptors
};

class Listener final : private Watcher, private NextTurn {
 public:
  // A false answer closes the connection before anything is read: budgets per source, or over all.
  using Admit = UniqueFunction<bool(const PeerAddress&)>;
  using Accepted = UniqueFunction<void(std::unique_ptr<Transport>)>;

  // Binds and listens; accepting starts with start(). Fails with unavailable or denied, and text naming the address.
  [[nodiscard]] static Result<std::unique_ptr<Listener>> open(ListenerOptions options);
  // On the shard's thread (or before it runs).
  void start(Shard& shard, Admit admit, Accepted accepted);
  void stop();  // closes the listening socket; on the shard's thread
  ~Listener();

  [[nodiscard]] PeerAddress address() const { return options_.address; }
  [[nodiscard]] bool is_paused() const { return retry_ != TimerId::none; }

 private:
  Listener(int fd, ListenerOptions options);
  void on_ready(bool readable, bool writable, bool hung_up) override;
  void on_next_turn() override;
  void accept_some();
  void out_of_descriptors(int error);

  ListenerOptions options_;
  int fd_;
  int reserve_;  // given up for a moment to accept and close one when the table is full
  Shard* shard_ = nullptr;
  Admit admit_;
  Accepted accepted_;
  TimerId retry_ = TimerId::none;
  bool exhausted_ = false;
};

}  // namespace aldis::net
