// AcceptLoop: a listening socket and the one thread that serves it, for the control socket and the metrics endpoint.
// What cannot be accepted (no descriptors, most likely) is tried again a little later.
#pragma once
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <exception>
#include <string_view>
#include <thread>

#include "base/log.h"

namespace aldis::admin {

// The last member of whoever has it: what the io_context holds at its end may refer to the others.
template <class Protocol>
class AcceptLoop {
 public:
  AcceptLoop() = default;
  ~AcceptLoop() { stop(); }
  AcceptLoop(const AcceptLoop&) = delete;

  [[nodiscard]] boost::asio::io_context& io() { return io_; }
  [[nodiscard]] typename Protocol::acceptor& acceptor() { return acceptor_; }

  // Gives each connection to `take(socket)` on the loop's thread. The acceptor listens already. `name`: for the log.
  template <class Take>
  void start(std::string_view name, Take take) {
    accept(std::move(take));
    thread_ = std::thread([this, name] {
      try {
        io_.run();
      } catch (const std::exception& e) {
        log::error("accept-loop-failed", {{"server", name}, {"why", e.what()}});
      }
    });
  }
  // At once. On any thread but the loop's.
  void stop() {
    io_.stop();
    if (thread_.joinable()) {
      thread_.join();
    }
  }

  std::uint32_t open = 0;  // connections being served; the loop's thread's

 private:
  template <class Take>
  void accept(Take take) {
    acceptor_.async_accept(
        [this, take = std::move(take)](boost::system::error_code error, typename Protocol::socket socket) mutable {
          if (error == boost::asio::error::operation_aborted) {
            return;
          }
          if (error) {
            pause_.expires_after(std::chrono::milliseconds(200));
            pause_.async_wait([this, take = std::move(take)](boost::system::error_code stopped) mutable {
              if (!stopped) {
                accept(std::move(take));
              }
            });
            return;
          }
          take(std::move(socket));
          accept(std::move(take));
        });
  }

  boost::asio::io_context io_{1};
  typename Protocol::acceptor acceptor_{io_};
  boost::asio::steady_timer pause_{io_};
  std::thread thread_;
};

}  // namespace aldis::admin
