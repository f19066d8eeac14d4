// Tests of Resolver against a small DNS server on loopback, and of record formats as a hostile server might send them.
#include "net/resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <map>

namespace aldis::net {
namespace {

using namespace std::chrono_literals;

std::string bytes(std::initializer_list<int> values) {
  return {values.begin(), values.end()};
}
std::string wire_name(std::initializer_list<std::string_view> labels) {
  std::string out;
  for (const std::string_view label : labels) {
    out += static_cast<char>(label.size());
    out += label;
  }
  return out + '\0';
}

// Answers each (question name, type) with fixed records; refuses the rest with NXDOMAIN; silent for ".silent".
class DnsServer {
 public:
  DnsServer() : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    socklen_t length = sizeof address;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length);
    port = ntohs(address.sin_port);
    const timeval patience{0, 50'000};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  void start() {
    thread_ = std::thread([this] { serve(); });
  }
  ~DnsServer() {
    stop_ = true;
    thread_.join();
    ::close(fd_);
  }
  std::map<std::pair<std::string, int>, std::vector<std::string>> records;  // by wire name in lower case, and type
  std::uint16_t port = 0;

 private:
  void serve() {
    while (!stop_) {
      char packet[1500];
      sockaddr_storage from{};
      socklen_t length = sizeof from;
      const ssize_t n = ::recvfrom(fd_, packet, sizeof packet, 0, reinterpret_cast<sockaddr*>(&from), &length);
      if (n < 17) {
        continue;
      }
      const std::string_view query(packet, static_cast<std::size_t>(n));
      const std::size_t end = query.find('\0', 12);
      std::string name(query.substr(12, end + 1 - 12));
      for (char& c : name) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
      }
      if (name.find("silent") != std::string::npos) {
        continue;
      }
      const int type = query[end + 2];
      if (type == 28 && name.find("halfmute") != std::string::npos) {
        continue;
      }
      const auto found = records.find({name, type});
      const std::size_t count = found == records.end() ? 0 : found->second.size();
      std::string answer(query.substr(0, 2));
      answer += bytes({0x81, count == 0 ? 0x83 : 0x80, 0, 1, 0, static_cast<int>(count), 0, 0, 0, 0});
      answer += query.substr(12, end + 5 - 12);
      for (std::size_t i = 0; i < count; ++i) {
        const std::string& data = found->second[i];
        answer += bytes({0xC0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, static_cast<int>(data.size())}) + data;
      }
      ::sendto(fd_, answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&from), length);
    }
  }
  int fd_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

struct ResolverTest : testing::Test {
  ResolverTest() {
    dns.records[{wire_name({"_xmpp-client", "_tcp", "capulet", "example"}), 33}] = {
        bytes({0, 5, 0, 1, 0x14, 0x66}) + wire_name({"IM", "capulet", "example"})};
    dns.records[{wire_name({"im", "capulet", "example"}), 1}] = {bytes({192, 0, 2, 7})};
    dns.records[{wire_name({"im", "capulet", "example"}), 28}] = {
        bytes({0x20, 1, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9})};
    dns.records[{wire_name({"_5269", "_tcp", "capulet", "example"}), 52}] = {bytes({3, 1, 1, 1, 2, 3})};
    dns.records[{wire_name({"halfmute", "example"}), 1}] = {bytes({192, 0, 2, 8})};
    for (int i = 0; i < 20; ++i) {
      dns.records[{wire_name({"im" + std::to_string(i), "capulet", "example"}), 1}] = {bytes({192, 0, 2, i})};
    }
    dns.start();
    thread = std::thread([this] { shard.run(); });
    on_shard([this] {
      resolver =
          std::move(*Resolver::open(shard, {.forwarder = "127.0.0.1@" + std::to_string(dns.port), .deadline = 300ms}));
    });
  }
  ~ResolverTest() override {
    on_shard([this] { resolver.reset(); });
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
  template <class T>
  static Task<void> wait_for(Task<T> question, std::promise<T>& answer) {
    T got = co_await std::move(question);
    answer.set_value(std::move(got));
  }
  template <class T>
  T ask(std::function<Task<T>()> question) {
    std::promise<T> answer;
    on_shard([&] { spawn(wait_for(question(), answer)); });
    return answer.get_future().get();
  }

  DnsServer dns;
  SystemClock clock;
  Shard shard{clock, {.name = "dns-test"}};
  std::thread thread;
  std::unique_ptr<Resolver> resolver;
};

using Services = Result<DnsAnswer<SrvRecord>>;
using Addresses = Result<DnsAnswer<PeerAddress>>;
using Pins = Result<DnsAnswer<TlsaRecord>>;

TEST_F(ResolverTest, FindsServicesAddressesAndPins) {
  const Services srv = ask<Services>([&] { return resolver->srv("_xmpp-client._tcp.capulet.example"); });
  ASSERT_TRUE(srv) << srv.error().what;
  ASSERT_EQ(srv->records.size(), 1U);
  EXPECT_EQ(srv->records[0].priority, 5);
  EXPECT_EQ(srv->records[0].weight, 1);
  EXPECT_EQ(srv->records[0].port, 5222);
  EXPECT_EQ(srv->records[0].target, "im.capulet.example");
  EXPECT_FALSE(srv->is_secure);
  const Addresses addresses = ask<Addresses>([&] { return resolver->addresses("im.capulet.example", 5222); });
  ASSERT_TRUE(addresses) << addresses.error().what;
  ASSERT_EQ(addresses->records.size(), 2U);
  EXPECT_EQ(addresses->records[0].str(), "[2001:db8::9]:5222");
  EXPECT_EQ(addresses->records[1].str(), "192.0.2.7:5222");
  const Pins pins = ask<Pins>([&] { return resolver->tlsa("_5269._tcp.capulet.example"); });
  ASSERT_TRUE(pins);
  ASSERT_EQ(pins->records.size(), 1U);
  EXPECT_EQ(pins->records[0].data, (std::vector<std::uint8_t>{1, 2, 3}));
}

TEST_F(ResolverTest, ANameThatDoesNotExistIsAnAnswer) {
  const Services srv = ask<Services>([&] { return resolver->srv("_xmpp-client._tcp.nobody.example"); });
  ASSERT_TRUE(srv) << srv.error().what;
  EXPECT_TRUE(srv->records.empty());
}

TEST_F(ResolverTest, ASilentServerIsATimeout) {
  const Services srv = ask<Services>([&] { return resolver->srv("_xmpp-client._tcp.silent.example"); });
  ASSERT_FALSE(srv);
  EXPECT_EQ(srv.error().kind, ErrorKind::timeout);
}

TEST_F(ResolverTest, ALateFamilyIsNotWaitedFor) {  // RFC 8305 section 3, security D06: AAAA that never answers
  const Addresses addresses = ask<Addresses>([&] { return resolver->addresses("halfmute.example", 5269); });
  ASSERT_TRUE(addresses) << addresses.error().what;
  ASSERT_EQ(addresses->records.size(), 1U);
  EXPECT_EQ(addresses->records[0].str(), "192.0.2.8:5269");
}

TEST_F(ResolverTest, FiveHundredNamesThatNeverAnswerHoldNobodyUp) {
  on_shard([this] {
    resolver = std::move(*Resolver::open(shard, {.forwarder = "127.0.0.1@" + std::to_string(dns.port), .deadline = 2000ms}));
  });
  std::vector<std::promise<Services>> dead(500);
  on_shard([&] {
    for (std::size_t i = 0; i < dead.size(); ++i) {
      spawn(wait_for(resolver->srv("_xmpp-server._tcp.n" + std::to_string(i) + ".silent.example"), dead[i]));
    }
  });
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) {
    const Addresses addresses = ask<Addresses>([&] { return resolver->addresses("im" + std::to_string(i) + ".capulet.example", 5269); });
    ASSERT_TRUE(addresses) << addresses.error().what << ": all twenty are answered before the deadline of any of the dead";
    EXPECT_EQ(addresses->records.size(), 1U);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, 2000ms);
  for (std::promise<Services>& one : dead) {
    const Services answer = one.get_future().get();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::timeout);
  }
}

TEST_F(ResolverTest, QuestionsAreBounded) {
  on_shard([this] {
    resolver = std::move(*Resolver::open(shard, {.forwarder = "127.0.0.1@" + std::to_string(dns.port), .deadline = 300ms, .questions = 8}));
  });
  std::vector<std::promise<Services>> dead(8);
  on_shard([&] {
    for (std::size_t i = 0; i < dead.size(); ++i) {
      spawn(wait_for(resolver->srv("n" + std::to_string(i) + ".silent.example"), dead[i]));
    }
  });
  const Services refused = ask<Services>([&] { return resolver->srv("_xmpp-client._tcp.capulet.example"); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::full);
  for (std::promise<Services>& one : dead) {
    static_cast<void>(one.get_future().get());
  }
  EXPECT_TRUE(ask<Services>([&] { return resolver->srv("_xmpp-client._tcp.capulet.example"); }));
}

TEST_F(ResolverTest, ANameThatIsNoneIsRefused) {
  const Services srv = ask<Services>([&] { return resolver->srv(std::string(300, 'a')); });
  EXPECT_FALSE(srv);
}

TEST(DnsRecords, BrokenOnesAreRefused) {
  const std::string good = bytes({0, 5, 0, 1, 0x14, 0x66}) + wire_name({"im", "capulet", "example"});
  ASSERT_TRUE(parse_srv(good));
  for (std::size_t cut = 0; cut < good.size(); ++cut) {
    EXPECT_FALSE(parse_srv(good.substr(0, cut))) << cut;
  }
  EXPECT_FALSE(parse_srv(good + "x"));
  EXPECT_FALSE(parse_srv(bytes({0, 0, 0, 0, 0, 0, 0xC0, 12})));  // RFC 2782: no compression
  EXPECT_FALSE(parse_srv(bytes({0, 0, 0, 0, 0, 0}) + wire_name({"a.b"})));
  EXPECT_FALSE(parse_srv(bytes({0, 0, 0, 0, 0, 0}) + wire_name({"a b"})));
  EXPECT_FALSE(parse_srv(bytes({0, 0, 0, 0, 0, 0}) + wire_name({std::string(63, 'a'), std::string(63, 'a'),
                                                                std::string(63, 'a'), std::string(63, 'a'), "a"})));
  EXPECT_EQ(parse_srv(bytes({0, 0, 0, 0, 0, 0, 0}))->target, "");  // RFC 2782: "." says there is none
  EXPECT_FALSE(parse_tlsa(bytes({3, 1, 1})));
  EXPECT_TRUE(parse_tlsa(bytes({3, 1, 1, 0})));
}

}  // namespace
}  // namespace aldis::net
