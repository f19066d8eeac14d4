// Reaching a server over real loopback sockets: one that never answers, one that refuses, and one that is there (RFC 8305).
#include "net/connector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <future>

#include "net/scripted_dns.h"

namespace aldis::net {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// A socket that is bound, and perhaps listens.
class Place {
 public:
  enum class Kind { listens, stuck };
  // Port 0: the kernel chooses. Empty when the address cannot be had.
  static std::unique_ptr<Place> open(const std::string& ip, std::uint16_t port, Kind kind) {
    auto place = std::unique_ptr<Place>(new Place);
    PeerAddress address = PeerAddress::parse(ip, port).value();
    sockaddr_storage raw{};
    socklen_t length = address.to_sockaddr(raw);
    place->fd_ = ::socket(raw.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::bind(place->fd_, reinterpret_cast<sockaddr*>(&raw), length) != 0 || ::listen(place->fd_, kind == Kind::stuck ? 0 : 64) != 0) {
      return nullptr;
    }
    ::getsockname(place->fd_, reinterpret_cast<sockaddr*>(&raw), &length);
    place->address = PeerAddress::from(reinterpret_cast<sockaddr&>(raw));
    // Nobody accepts, and the queue is full: the next one's SYN is not answered.
    for (int i = 0; kind == Kind::stuck && i < 8; ++i) {
      const int filler = ::socket(raw.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      place->fillers_.push_back(filler);
      static_cast<void>(::connect(filler, reinterpret_cast<sockaddr*>(&raw), length));
      pollfd ready{filler, POLLOUT, 0};
      if (::poll(&ready, 1, 50) == 0) {
        return place;
      }
    }
    return kind == Kind::stuck ? nullptr : std::move(place);
  }
  ~Place() {
    ::close(fd_);
    for (const int filler : fillers_) {
      ::close(filler);
    }
  }
  PeerAddress address;

 private:
  Place() = default;
  int fd_ = -1;
  std::vector<int> fillers_;
};

std::size_t open_descriptors() {
  const auto all = std::filesystem::directory_iterator("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

struct ConnectorTest : testing::Test {
  ConnectorTest() : thread([this] { shard.run(); }) {}
  ~ConnectorTest() override {
    shard.stop();
    thread.join();
  }
  void on_shard(std::function<void()> work) {
    std::promise<void> done;
    shard.post([&] {
      work();
      done.set_value();
    });
    done.get_future().get();
  }
  static Task<void> keep(Task<Result<Connected>> question, std::promise<Result<Connected>>& answer) {
    Result<Connected> got = co_await std::move(question);
    answer.set_value(std::move(got));
  }
  Result<Connected> connect(std::vector<ServerTarget> targets, ConnectorOptions options, std::size_t first = 0) {
    std::promise<Result<Connected>> answer;
    std::optional<Connector> connector;
    on_shard([&] {
      connector.emplace(shard, lookup, options);
      spawn(keep(connector->connect(std::move(targets), report, first), answer));
    });
    Result<Connected> got = answer.get_future().get();
    on_shard([&] { connector.reset(); });
    return got;
  }
  std::string said() const {
    std::string text;
    for (const LookupReport::Line& line : report.lines) {
      text += (line.is_good ? "+ " : "- ") + line.text + "\n";
    }
    return text;
  }
  ServerTarget target(const std::string& host, std::uint16_t port) { return {.host = host, .port = port, .is_configured = true}; }

  SystemClock clock;
  Shard shard{clock, {.name = "connector-test"}};
  test::ScriptedDns dns;
  SystemRandom random;
  ServerLookup lookup{dns, random};
  LookupReport report;
  std::thread thread;
};

TEST_F(ConnectorTest, ASilentAddressCostsAHeadStart) {  // RFC 8305 section 5
  const auto stuck = Place::open("127.0.0.2", 0, Place::Kind::stuck);
  ASSERT_NE(stuck, nullptr);
  const auto good = Place::open("127.0.0.3", stuck->address.port, Place::Kind::listens);
  ASSERT_NE(good, nullptr);
  dns.has_host("a.example", {"127.0.0.2", "127.0.0.3"});
  const auto began = std::chrono::steady_clock::now();
  const Result<Connected> connected = connect({target("a.example", stuck->address.port)}, {.head_start = 100ms, .attempt_deadline = 30'000ms});
  const auto took = std::chrono::steady_clock::now() - began;
  ASSERT_TRUE(connected) << connected.error().what;
  EXPECT_EQ(connected->transport->peer(), good->address);
  EXPECT_GE(took, 100ms);
  EXPECT_LT(took, 10s);
  EXPECT_EQ(connected->target.host, "a.example");
}

TEST_F(ConnectorTest, ARefusalCostsNothing) {
  const auto good = Place::open("127.0.0.3", 0, Place::Kind::listens);
  ASSERT_NE(good, nullptr);
  dns.has_host("a.example", {"127.0.0.2", "127.0.0.4", "127.0.0.3"});
  const auto began = std::chrono::steady_clock::now();
  const Result<Connected> connected = connect({target("a.example", good->address.port)}, {.head_start = 30'000ms, .attempt_deadline = 30'000ms});
  ASSERT_TRUE(connected) << connected.error().what;
  EXPECT_LT(std::chrono::steady_clock::now() - began, 10s) << "no head start is waited for";
  EXPECT_THAT(said(), HasSubstr("- 127.0.0.2:" + std::to_string(good->address.port) + ": Connection refused"));
  EXPECT_THAT(said(), HasSubstr("+ connected to 127.0.0.3:"));
}

TEST_F(ConnectorTest, Ipv6GoesFirst) {  // RFC 8305 section 4
  const auto v6 = Place::open("::1", 0, Place::Kind::listens);
  if (v6 == nullptr) {
    GTEST_SKIP() << "no IPv6 here";
  }
  const auto v4 = Place::open("127.0.0.1", v6->address.port, Place::Kind::listens);
  ASSERT_NE(v4, nullptr);
  dns.has_host("a.example", {"127.0.0.1", "::1"});
  const Result<Connected> connected = connect({target("a.example", v6->address.port)}, {.head_start = 30'000ms});
  ASSERT_TRUE(connected) << connected.error().what;
  EXPECT_EQ(connected->transport->peer().ip_str(), "::1");
}

TEST_F(ConnectorTest, TheNextTargetWhenAllAddressesFailed) {  // RFC 6120 section 3.2.1
  const auto stuck = Place::open("127.0.0.2", 0, Place::Kind::stuck);
  ASSERT_NE(stuck, nullptr);
  const auto good = Place::open("127.0.0.3", 0, Place::Kind::listens);
  dns.has_host("a.example", {"127.0.0.2"});
  dns.has_host("c.example", {"127.0.0.3"});
  const Result<Connected> connected = connect({target("a.example", stuck->address.port), target("b.example", 1), target("c.example", good->address.port)},
                                              {.head_start = 50ms, .attempt_deadline = 150ms});
  ASSERT_TRUE(connected) << connected.error().what;
  EXPECT_EQ(connected->index, 2U);
  EXPECT_EQ(connected->target.host, "c.example");
  EXPECT_THAT(said(), HasSubstr(": no answer"));
  EXPECT_THAT(said(), HasSubstr("- b.example: 0 addresses"));
}

TEST_F(ConnectorTest, WhatWasTriedBeforeIsNotTriedAgain) {
  const auto good = Place::open("127.0.0.3", 0, Place::Kind::listens);
  dns.has_host("a.example", {"127.0.0.3"});
  dns.has_host("b.example", {"127.0.0.3"});
  const std::vector<ServerTarget> targets = {target("a.example", good->address.port), target("b.example", good->address.port)};
  EXPECT_EQ(connect(targets, {}, 1)->index, 1U);
  EXPECT_EQ(connect(targets, {}, 2).error().kind, ErrorKind::not_found);
}

TEST_F(ConnectorTest, WhenNobodyIsThereTheReasonsAreKnown) {
  const auto stuck = Place::open("127.0.0.2", 0, Place::Kind::stuck);
  ASSERT_NE(stuck, nullptr);
  dns.has_host("a.example", {"127.0.0.2", "127.0.0.4"});
  const std::size_t before = open_descriptors();
  const Result<Connected> connected = connect({target("a.example", stuck->address.port)}, {.head_start = 20ms, .attempt_deadline = 100ms});
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().kind, ErrorKind::timeout);
  EXPECT_THAT(said(), HasSubstr("127.0.0.2:" + std::to_string(stuck->address.port) + ": no answer"));
  EXPECT_THAT(said(), HasSubstr("127.0.0.4:" + std::to_string(stuck->address.port) + ": Connection refused"));
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(connect({}, {}).error().kind, ErrorKind::not_found);
}

TEST_F(ConnectorTest, ACancelledOneEndsNow) {
  const auto stuck = Place::open("127.0.0.2", 0, Place::Kind::stuck);
  ASSERT_NE(stuck, nullptr);
  dns.has_host("a.example", {"127.0.0.2", "127.0.0.2"});
  dns.has_host("b.example", {"127.0.0.2"});
  const std::size_t before = open_descriptors();
  std::promise<Result<Connected>> answer;
  std::optional<Connector> connector;
  on_shard([&] {
    connector.emplace(shard, lookup, ConnectorOptions{.attempt_deadline = 60'000ms});
    spawn(keep(connector->connect({target("a.example", stuck->address.port), target("b.example", stuck->address.port)}, report), answer));
  });
  EXPECT_EQ(open_descriptors(), before + 1);
  on_shard([&] { connector->cancel(); });
  const Result<Connected> connected = answer.get_future().get();
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().kind, ErrorKind::cancelled);
  EXPECT_EQ(open_descriptors(), before);
  on_shard([&] {
    EXPECT_EQ(shard.pending_timers(), 0U);
    connector->cancel();
    connector.reset();
  });
}

}  // namespace
}  // namespace aldis::net
