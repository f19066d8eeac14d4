// A small HTTP server on loopback that answers every request with the same bytes: an OCSP responder, a place of CRLs.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <string>
#include <thread>

#include "base/ensure.h"

namespace aldis::test {

class AnsweringServer {
 public:
  AnsweringServer() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ensure(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0 && ::listen(listener_, 8) == 0, "a port of loopback can be had");
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~AnsweringServer() {
    ::shutdown(listener_, SHUT_RDWR);   // wakes accept()
    if (thread_.joinable()) {
      thread_.join();
    }
    ::close(listener_);
  }
  AnsweringServer(const AnsweringServer&) = delete;
  AnsweringServer& operator=(const AnsweringServer&) = delete;

  // Until then nobody is answered. Later calls change what is said.
  void answers(std::string bytes) {
    {
      const std::lock_guard lock(mutex_);
      answer_ = std::move(bytes);
    }
    if (!thread_.joinable()) {
      thread_ = std::thread([this] { serve(); });
    }
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }
  std::atomic<int> requests{0};

 private:
  void serve() {
    for (int peer = ::accept(listener_, nullptr, nullptr); peer >= 0; peer = ::accept(listener_, nullptr, nullptr)) {
      char request[4096];
      static_cast<void>(::recv(peer, request, sizeof request, 0));
      std::string answer;
      {
        const std::lock_guard lock(mutex_);
        answer = answer_;
      }
      answer = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(answer.size()) + "\r\nConnection: close\r\n\r\n" + answer;
      ++requests;
      static_cast<void>(::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL));
      ::close(peer);
    }
  }

  int listener_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::string answer_;
  std::thread thread_;
};

}  // namespace aldis::test
