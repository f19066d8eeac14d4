// Asking over HTTP what a certificate names: addresses that are refused, answers that are too large or never come, and revocation
// kept current from a responder on loopback (security C05).
#include "net/http_fetch.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ocsp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>

#include "net/revocation_fetch.h"
#include "tests/support/test_ca.h"
#include "tests/support/test_revocation.h"

namespace aldis::net {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// Answers each connection with what `reply` makes of the request, until it is destroyed.
class TinyServer {
 public:
  explicit TinyServer(std::function<std::string(const std::string&)> reply) : reply_(std::move(reply)) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ensure(::bind(fd_, reinterpret_cast<sockaddr*>(&address), size) == 0 && ::listen(fd_, 8) == 0, "a port of loopback can be had");
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~TinyServer() {
    stopping_ = true;
    thread_.join();
    ::close(fd_);
  }
  TinyServer(const TinyServer&) = delete;
  [[nodiscard]] std::string url(const std::string& target = "/") const { return "http://127.0.0.1:" + std::to_string(port_) + target; }
  std::atomic<int> requests{0};

 private:
  void serve() {
    std::vector<int> kept;
    while (!stopping_) {
      pollfd waiting{fd_, POLLIN, 0};
      if (::poll(&waiting, 1, 10) != 1) {
        continue;
      }
      const int peer = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
      const std::string answer = reply_(read(peer));
      ++requests;
      static_cast<void>(::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL));
      answer.empty() ? kept.push_back(peer) : static_cast<void>(::close(peer));   // no answer: stays open
    }
    for (const int peer : kept) {
      ::close(peer);
    }
  }
  static std::string read(int peer) {
    std::string got;
    for (std::size_t wanted = std::string::npos; got.size() < wanted;) {
      char some[4096];
      const ssize_t n = ::recv(peer, some, sizeof some, 0);
      if (n <= 0) {
        break;
      }
      got.append(some, static_cast<std::size_t>(n));
      const std::size_t end = got.find("\r\n\r\n");
      const std::size_t length = got.find("Content-Length: ");
      if (end != std::string::npos) {
        wanted = end + 4 + (length < end ? std::stoul(got.substr(length + 16)) : 0);
      }
    }
    return got;
  }

  std::function<std::string(const std::string&)> reply_;
  int fd_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

std::string ok(const std::string& body) { return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body; }
Result<std::string> fetch(const std::string& url, std::size_t longest = 1000, std::chrono::milliseconds deadline = std::chrono::seconds(5)) {
  return fetch_over_http({.url = url, .longest_answer = longest, .deadline = deadline, .allow_private = true});
}

TEST(HttpUrl, IsReadStrictly) {
  EXPECT_EQ(parse_http_url("http://ocsp.example")->target, "/");
  EXPECT_EQ(parse_http_url("http://ocsp.example:8080/a?b")->port, 8080);
  EXPECT_EQ(parse_http_url("http://ocsp.example?b")->target, "/?b");
  EXPECT_EQ(parse_http_url("http://[2001:db8::1]:81/x")->host, "2001:db8::1");
  for (const char* bad : {"", "https://a.example/", "ldap://a.example/", "http://", "http:///x", "http://a@b.example/", "http://a.example:0/",
                          "http://a.example:99999/", "http://a.example:8x/", "http://a.example/\r\nX: y", "http://a.example/ x", "http://[::1/",
                          "file:///etc/passwd", "http://a.example/#f"}) {
    EXPECT_FALSE(parse_http_url(bad)) << bad;
  }
  EXPECT_FALSE(parse_http_url("http://a.example/" + std::string(3000, 'a')));
}

TEST(HttpFetch, AddressesThatAreNotPublic) {
  const auto judge = [](const char* ip) { return is_public(*PeerAddress::parse(ip, 80)); };
  for (const char* ip : {"127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
                         "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "203.0.113.9", "::1", "::", "fe80::1", "fc00::1", "fd12::1",
                         "ff02::1", "::ffff:10.0.0.1", "2002:7f00:1::", "2002:a00:1::", "64:ff9b::7f00:1", "2001:db8::1", "2001::1"}) {
    EXPECT_FALSE(judge(ip)) << ip;
  }
  for (const char* ip : {"1.1.1.1", "172.32.0.1", "100.128.0.1", "193.0.2.1", "2a00:1450::1", "2002:101:101::", "64:ff9b::101:101"}) {
    EXPECT_TRUE(judge(ip)) << ip;
  }
}

TEST(HttpFetch, OurOwnNetworkIsNotAskedUnlessAllowed) {
  TinyServer server([](const std::string&) { return ok("secret"); });
  const auto refused = fetch_over_http({.url = server.url()});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::denied);
  EXPECT_EQ(fetch_over_http({.url = "http://localhost:1/"}).error().kind, ErrorKind::denied);
  EXPECT_EQ(server.requests, 0);
  EXPECT_EQ(*fetch(server.url()), "secret");
}

TEST(HttpFetch, OnlyAWholeAnswerOfStatus200InItsBounds) {
  std::string answer;
  TinyServer server([&answer](const std::string&) { return answer; });
  const auto kind = [&](const std::string& text) {
    answer = text;
    const auto got = fetch(server.url());
    return got ? std::string("got ") + *got : std::string(to_string(got.error().kind));
  };
  const std::string unavailable(to_string(ErrorKind::unavailable));
  EXPECT_EQ(kind(ok("x")), "got x");
  EXPECT_EQ(kind("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n"), unavailable);
  EXPECT_EQ(kind("HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx"), unavailable);
  EXPECT_EQ(kind("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"), unavailable);   // cut
  EXPECT_EQ(kind("rubbish\r\n\r\n"), unavailable);
  EXPECT_EQ(kind(ok(std::string(1000, 'x'))), "got " + std::string(1000, 'x'));
  EXPECT_EQ(kind(ok(std::string(1001, 'x'))), to_string(ErrorKind::limit));
  EXPECT_EQ(kind("HTTP/1.1 200 OK\r\n\r\n" + std::string(100000, 'x')), to_string(ErrorKind::limit));
  EXPECT_EQ(kind("HTTP/1.1 200 OK\r\nX: " + std::string(100000, 'x')), to_string(ErrorKind::limit));
}

TEST(HttpFetch, WhoNeverAnswersIsLeft) {
  TinyServer server([](const std::string&) { return std::string(); });
  const auto got = fetch(server.url(), 1000, std::chrono::milliseconds(50));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::timeout);
  EXPECT_EQ(fetch("http://127.0.0.1:1/").error().kind, ErrorKind::unavailable);
}

struct Updates : testing::Test {
  Updates() {
    made = test::issue({.key = "P-256/updates", .extensions = {{"authorityInfoAccess", "OCSP;URI:" + server.url("/ocsp")},
                                                             {"crlDistributionPoints", "URI:" + server.url("/crl")}}},
                       &test::root_authority());
  }
  std::vector<std::string> update(WallTime when) {
    return update_revocation(cache, {made.certificate, test::root_authority().certificate}, when, random, {.allow_private = true});
  }
  tls::RevocationState state(WallTime when) {
    return tls::ask_all({}, &cache, made.certificate.get(), test::root_authority().certificate.get(), when).state;
  }
  const WallTime now = test::ManualClock().wall();
  SystemRandom random;
  tls::RevocationCache cache;
  std::string ocsp;   // what the responder says; empty: it is broken
  std::string crl;
  std::vector<std::string> asked;
  TinyServer server{[this](const std::string& request) {
    asked.push_back(request.substr(0, request.find(" HTTP")));
    const std::string& body = request.starts_with("POST /ocsp") ? ocsp : crl;
    return body.empty() ? std::string("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n") : ok(body);
  }};
  test::Identity made;
};

TEST_F(Updates, ByOcspAndNotAgainWhileItHolds) {
  ocsp = test::make_ocsp(made, test::root_authority(), {.to = std::chrono::hours(4)});
  EXPECT_THAT(update(now), IsEmpty());
  EXPECT_EQ(state(now), tls::RevocationState::good);
  EXPECT_THAT(update(now), IsEmpty());
  EXPECT_THAT(asked, testing::ElementsAre("POST /ocsp"));
  ocsp = test::make_ocsp(made, test::root_authority(), {.status = V_OCSP_CERTSTATUS_REVOKED});
  EXPECT_THAT(update(now + std::chrono::hours(3)), IsEmpty());   // an hour ahead of its end
  EXPECT_EQ(state(now + std::chrono::hours(3)), tls::RevocationState::revoked);
}

TEST_F(Updates, ByCrlWhenTheResponderDoesNotHelp) {
  crl = test::make_crl(test::root_authority(), {.revoked = {&made}});
  const std::vector<std::string> failures = update(now);
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_THAT(failures[0], HasSubstr("/ocsp: answered with status 500"));
  EXPECT_EQ(state(now), tls::RevocationState::revoked);
}

TEST_F(Updates, WhatTheIssuerDidNotSignChangesNothing) {
  const test::Identity stranger = test::issue(test::authority("Stranger"), nullptr);
  ocsp = test::make_ocsp(made, test::root_authority(), {.signer = &stranger});
  crl = test::make_crl(test::root_authority(), {}, &stranger);
  EXPECT_EQ(update(now).size(), 2U);
  EXPECT_EQ(state(now), tls::RevocationState::undetermined);
  EXPECT_THAT(cache.crls(), IsEmpty());
}

TEST_F(Updates, AStapleOfOurOwn) {
  const auto certificate = *tls::Certificate::parse(made.pem() + test::root_authority().pem(), made.key_pem(), test::ManualClock());
  tls::Staple staple;
  const RevocationFetchOptions options{.allow_private = true};
  ocsp = test::make_ocsp(made, test::root_authority(), {.to = std::chrono::hours(4)});
  ASSERT_TRUE(refresh_staple(staple, certificate, now, random, options));
  EXPECT_EQ(*staple.response(), ocsp);
  ASSERT_TRUE(refresh_staple(staple, certificate, now, random, options));
  EXPECT_EQ(server.requests, 1);
  ocsp.clear();
  EXPECT_FALSE(refresh_staple(staple, certificate, now + std::chrono::hours(3), random, options));
  EXPECT_NE(*staple.response(), "");   // it still holds
  EXPECT_FALSE(refresh_staple(staple, certificate, now + std::chrono::hours(5), random, options));
  EXPECT_EQ(*staple.response(), "");
  ocsp = test::make_ocsp(made, test::root_authority(), {.status = V_OCSP_CERTSTATUS_REVOKED});
  EXPECT_THAT(refresh_staple(staple, certificate, now, random, options).error().what, HasSubstr("revoked"));
  EXPECT_EQ(*staple.response(), "");
}

}  // namespace
}  // namespace aldis::net
