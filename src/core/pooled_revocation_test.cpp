// What a path's authorities say is fetched before a login is answered, once a minute (security C05). How it is fetched:
// net/http_fetch_test.cpp.
#include "core/pooled_revocation.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "tests/support/loop_executor.h"
#include "tests/support/test_revocation.h"

namespace aldis {
namespace {

// Answers every request with a CRL that names `revoked`.
class CrlServer {
 public:
  CrlServer() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ensure(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0 && ::listen(listener_, 8) == 0, "a port of loopback can be had");
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~CrlServer() {
    ::shutdown(listener_, SHUT_RDWR);   // wakes accept()
    thread_.join();
    ::close(listener_);
  }
  CrlServer(const CrlServer&) = delete;
  void start(std::string crl) {
    thread_ = std::thread([this, crl = std::move(crl)] {
      for (int peer = ::accept(listener_, nullptr, nullptr); peer >= 0; peer = ::accept(listener_, nullptr, nullptr)) {
        char request[4096];
        static_cast<void>(::recv(peer, request, sizeof request, 0));
        const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(crl.size()) + "\r\nConnection: close\r\n\r\n" + crl;
        ++requests;
        static_cast<void>(::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL));
        ::close(peer);
      }
    });
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/crl"; }
  std::atomic<int> requests{0};

 private:
  int listener_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

TEST(PooledRevocation, FetchesWhatThePathNamesOnceAMinute) {
  CrlServer server;
  const test::Identity lost = test::issue({.common_name = "card", .extensions = {{"crlDistributionPoints", "URI:" + server.url()}}},
                                          &test::root_authority());
  server.start(test::make_crl(test::root_authority(), {.revoked = {&lost}, .to = std::chrono::hours(1)}));   // soon to be asked for again
  testing_support::LoopExecutor loop;
  test::ManualClock clock;
  WorkerPool workers({.threads = 1});
  const auto cache = std::make_shared<tls::RevocationCache>();
  PooledRevocation revocation(cache, workers, clock);
  const auto refresh = [&] {
    const bool done = loop.run([](PooledRevocation& asked, std::vector<std::shared_ptr<X509>> path) -> Task<bool> {
      co_await asked.refresh(std::move(path));
      co_return true;
    }(revocation, {lost.certificate, test::root_authority().certificate}));
    EXPECT_TRUE(done);
  };
  refresh();
  EXPECT_EQ(server.requests, 1);
  ASSERT_EQ(cache->crls().size(), 1U);
  const auto trust = tls::TrustStore::make({.anchors_pem = test::root_authority().pem(), .revocation = tls::RevocationMode::soft, .known = cache}).value();
  EXPECT_EQ(trust->verify({.certificates = {lost.certificate}}, tls::Purpose::client, clock.wall()).problem, tls::CertificateProblem::revoked);
  refresh();
  EXPECT_EQ(server.requests, 1) << "not again at once";
  clock.advance(std::chrono::seconds(61));
  refresh();
  EXPECT_EQ(server.requests, 2);
}

}  // namespace
}  // namespace aldis
