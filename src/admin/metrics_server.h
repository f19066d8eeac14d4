// MetricsServer: /metrics, /healthz and /readyz over HTTP/1.1 for scrapers and supervisors on this machine, in a thread of
// its own, so that it answers while the shards are busy. GET and HEAD only; one request a connection; a header of 8 KiB,
// 10 seconds and a few connections at most. No TLS and no login: it listens on loopback addresses only.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"

namespace aldis::admin {

struct MetricsServerConfig {
  std::string address = "127.0.0.1";
  std::uint16_t port = 9422;                  // 0: any free one, for tests
  std::uint32_t connections = 16;             // at a time; a further one is closed at once
  std::uint32_t header_bytes = 8192;
  std::chrono::milliseconds deadline = std::chrono::seconds(10);   // from accept to the last byte of the answer
};

class MetricsServer {
 public:
  // `is_ready` is called on this server's thread. unavailable: the port cannot be had; invalid: the address is not loopback.
  [[nodiscard]] static Result<std::unique_ptr<MetricsServer>> start(const MetricsServerConfig& config,
                                                                    std::function<bool()> is_ready);
  ~MetricsServer();   // stops at once and joins
  [[nodiscard]] std::uint16_t port() const;

 private:
  struct State;
  explicit MetricsServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace aldis::admin
