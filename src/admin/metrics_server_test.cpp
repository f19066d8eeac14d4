// Tests of metrics_server.h over real loopback sockets: what it answers, what it refuses, and that it is bounded.
#include "admin/metrics_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>

#include "admin/metrics_text.h"
#include "base/metrics.h"

namespace aldis::admin {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class Socket {
 public:
  explicit Socket(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    timeval limit{5, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  }
  ~Socket() { ::close(fd_); }
  Socket(const Socket&) = delete;

  void send(std::string_view text) const { (void)::send(fd_, text.data(), text.size(), MSG_NOSIGNAL); }
  // Everything up to the end of the connection.
  [[nodiscard]] std::string receive() const {
    std::string out;
    std::array<char, 4096> buffer{};
    for (ssize_t n = 0; (n = ::recv(fd_, buffer.data(), buffer.size(), 0)) > 0;) {
      out.append(buffer.data(), static_cast<std::size_t>(n));
    }
    return out;
  }

 private:
  int fd_;
};

class Metrics : public testing::Test {
 protected:
  void SetUp() override { start({}); }
  void start(MetricsServerConfig config) {
    config.port = 0;
    auto started = MetricsServer::start(config, [this] { return is_ready_.load(); });
    ASSERT_TRUE(started) << started.error().what;
    server_ = std::move(*started);
  }
  [[nodiscard]] std::string ask(std::string_view request) const {
    const Socket socket(server_->port());
    socket.send(request);
    return socket.receive();
  }

  std::atomic<bool> is_ready_ = true;
  std::unique_ptr<MetricsServer> server_;
};

TEST_F(Metrics, AreServedAsPrometheusText) {
  metrics::Counter counter{"aldis_test_things_total", "Things.", {{"kind", "a\"b"}}};
  counter.add(3);
  const std::string answer = ask("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain; version=0.0.4"));
  EXPECT_THAT(answer, HasSubstr("# TYPE aldis_test_things_total counter\naldis_test_things_total{kind=\"a\\\"b\"} 3\n"));
}

TEST_F(Metrics, HealthAndReadiness) {
  EXPECT_THAT(ask("GET /healthz HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(ask("GET /readyz HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 200"));
  is_ready_ = false;
  EXPECT_THAT(ask("GET /readyz HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(ask("GET /healthz HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 200"));
}

TEST_F(Metrics, HeadHasNoBody) {
  const std::string answer = ask("HEAD /healthz HTTP/1.1\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 3\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST_F(Metrics, EverythingElseIsRefused) {
  EXPECT_THAT(ask("GET / HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(ask("GET /metrics/../etc/passwd HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(ask("GET /%6detrics HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(ask("POST /metrics HTTP/1.1\r\nContent-Length: 0\r\n\r\n"), StartsWith("HTTP/1.1 405"));
  EXPECT_THAT(ask("DELETE /metrics HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 405"));
  EXPECT_THAT(ask("nonsense\r\n\r\n"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(ask("GET /metrics HTTP/1.1\r\nX: " + std::string(9000, 'x') + "\r\n\r\n"), StartsWith("HTTP/1.1 431"));
  EXPECT_THAT(ask("POST /metrics HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n"), StartsWith("HTTP/1.1 431"));
}

TEST_F(Metrics, AnIdleConnectionIsClosedAtTheDeadline) {
  start({.deadline = std::chrono::milliseconds(100)});
  const Socket idle(server_->port());
  EXPECT_EQ(idle.receive(), "");
  const Socket slow(server_->port());
  slow.send("GET /met");
  EXPECT_EQ(slow.receive(), "");
}

TEST_F(Metrics, ConnectionsAreBounded) {
  start({.connections = 2});
  const Socket a(server_->port());
  const Socket b(server_->port());
  const Socket c(server_->port());
  EXPECT_EQ(c.receive(), "");   // closed at once; a and b are still open
  a.send("GET /healthz HTTP/1.1\r\n\r\n");
  EXPECT_THAT(a.receive(), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(ask("GET /healthz HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 200"));
}

TEST(MetricsStart, OnlyOnLoopbackAndOnAFreePort) {
  const auto ready = [] { return true; };
  const auto open = MetricsServer::start({.address = "0.0.0.0"}, ready);
  ASSERT_FALSE(open);
  EXPECT_EQ(open.error().kind, ErrorKind::invalid);
  const auto first = MetricsServer::start({.port = 0}, ready);
  ASSERT_TRUE(first);
  const auto second = MetricsServer::start({.port = first.value()->port()}, ready);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::unavailable);
}

TEST(MetricsText, HistogramsAreCumulative) {
  metrics::Histogram histogram{"aldis_test_wait_seconds", "Waits.", {0.1, 1}};
  histogram.observe(0.05);
  histogram.observe(0.5);
  histogram.observe(5);
  const std::string text = metrics_text();
  EXPECT_THAT(text, HasSubstr("# TYPE aldis_test_wait_seconds histogram\n"));
  EXPECT_THAT(text, HasSubstr("aldis_test_wait_seconds_count 3\n"));
  EXPECT_THAT(text, HasSubstr("aldis_test_wait_seconds_bucket{le=\"0.1\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("aldis_test_wait_seconds_bucket{le=\"1\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("aldis_test_wait_seconds_bucket{le=\"+Inf\"} 3\n"));
}

TEST(MetricsText, MetricsOfOneNameAreOneFamily) {
  metrics::Gauge a{"aldis_test_bytes", "Memory.", {{"part", "a"}}};
  metrics::Gauge b{"aldis_test_bytes", "Memory.", {{"part", "b"}}};
  a.set(-1);
  b.set(2);
  EXPECT_THAT(metrics_text(), HasSubstr("# TYPE aldis_test_bytes gauge\naldis_test_bytes{part=\"a\"} -1\naldis_test_bytes{part=\"b\"} 2\n"));
}

}  // namespace
}  // namespace aldis::admin
