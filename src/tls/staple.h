// Staple: the current OCSP response about one of our own certificates, which clients that ask get in the handshake (RFC 6066
// section 8). The one thing of a TlsContext that changes while it serves; any thread may read and replace it.
#pragma once
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"

namespace aldis::tls {

class Staple {
 public:
  // DER, and until when it holds; empty: none.
  void replace(std::string response, WallTime until) {
    auto next = std::make_shared<const std::string>(std::move(response));
    const std::lock_guard lock(mutex_);
    response_ = std::move(next);
    until_ = until;
  }
  [[nodiscard]] std::shared_ptr<const std::string> response() const {
    const std::lock_guard lock(mutex_);
    return response_;
  }
  [[nodiscard]] WallTime until() const {
    const std::lock_guard lock(mutex_);
    return until_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const std::string> response_ = std::make_shared<const std::string>();
  WallTime until_{};
};

}  // namespace aldis::tls
