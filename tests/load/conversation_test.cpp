// The conversation's checks, tried on a go-between that loses, doubles, swaps and delays messages: a generator that
// does not notice would make every other figure worthless. Real sockets on loopback, about a second each.
#include "conversation.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <thread>

namespace aldis::load {
namespace {

/// Joins two connections; every message of the first goes through `meddle`, which returns what the second one gets.
class GoBetween {
 public:
  using Meddle = std::function<std::string(int number, std::string message)>;
  explicit GoBetween(Meddle meddle) : meddle_(std::move(meddle)), listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    bind(listener_, reinterpret_cast<sockaddr*>(&at), sizeof at);
    listen(listener_, 2);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~GoBetween() {
    shutdown(listener_, SHUT_RDWR);  // ends an accept that nobody answered
    thread_.join();
    close(listener_);
  }
  std::uint16_t port() const { return port_; }

 private:
  void serve() {
    const int first = accept(listener_, nullptr, nullptr);
    const int second = accept(listener_, nullptr, nullptr);
    std::string text;
    char bytes[4096];
    for (;;) {
      const auto got = recv(first, bytes, sizeof bytes, 0);
      if (got <= 0) {
        break;
      }
      text.append(bytes, static_cast<std::size_t>(got));
      if (text.starts_with("pair ")) {
        text.erase(0, text.find('\n') + 1);
      }
      constexpr std::string_view end = "</message>";
      for (auto at = text.find(end); at != std::string::npos; at = text.find(end)) {
        const std::string out = meddle_(number_++, text.substr(0, at + end.size()));
        text.erase(0, at + end.size());
        send(second, out.data(), out.size(), MSG_NOSIGNAL);
      }
    }
    close(first);
    close(second);
  }

  Meddle meddle_;
  int listener_;
  std::uint16_t port_ = 0;
  int number_ = 0;
  std::thread thread_;
};

struct Outcome {
  Tally tally;
  std::uint64_t lost = 0;
  Latency latency;
};

Outcome talk_through(GoBetween::Meddle meddle) {
  GoBetween between(std::move(meddle));
  Options options;
  options.port = between.port();
  options.transport = Transport::plain;
  options.dialogue = Dialogue::relay;
  options.concurrency = 1;
  options.limit = std::chrono::milliseconds(5000);
  EventLoop loop;
  Conversation conversation(loop, options, 0, 1);
  conversation.log_in();
  conversation.start_open(500);
  conversation.run(Clock::now() + std::chrono::milliseconds(200));
  conversation.drain(std::chrono::milliseconds(1500));
  return {conversation.tally(), conversation.lost(), conversation.latency()};
}

TEST(Conversation, FindsNoFaultWhereThereIsNone) {
  const Outcome outcome = talk_through([](int, std::string message) { return message; });
  EXPECT_GE(outcome.tally.received, 20U);
  EXPECT_EQ(outcome.tally.received, outcome.tally.sent);
  EXPECT_EQ(outcome.lost + outcome.tally.duplicated + outcome.tally.reordered, 0U);
  EXPECT_EQ(outcome.latency.count(), outcome.tally.received);
}

TEST(Conversation, CountsWhatIsLost) {
  const Outcome outcome =
      talk_through([](int number, std::string message) { return number % 10 == 3 ? std::string() : message; });
  EXPECT_EQ(outcome.lost, (outcome.tally.sent + 6) / 10);
  EXPECT_EQ(outcome.tally.duplicated + outcome.tally.reordered, 0U);
}

TEST(Conversation, CountsWhatComesTwice) {
  const Outcome outcome =
      talk_through([](int number, std::string message) { return number % 10 == 3 ? message + message : message; });
  EXPECT_EQ(outcome.tally.duplicated, (outcome.tally.sent + 6) / 10);
  EXPECT_EQ(outcome.lost + outcome.tally.reordered, 0U);
}

TEST(Conversation, CountsWhatIsOvertaken) {
  std::string held;
  const Outcome outcome = talk_through([&held](int number, std::string message) {
    if (number == 5) {
      held = std::move(message);
      return std::string();
    }
    return number == 6 ? message + held : message;
  });
  EXPECT_EQ(outcome.tally.reordered, 1U);
  EXPECT_EQ(outcome.lost + outcome.tally.duplicated, 0U);
}

TEST(Conversation, MeasuresFromTheTimeAMessageWasDue) {
  // One stall of 100 ms at 500 messages a second delays about 50 of 100, not one: the clients do not wait for the
  // server.
  const Outcome outcome = talk_through([](int number, std::string message) {
    if (number == 20) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return message;
  });
  EXPECT_GE(outcome.latency.percentile_us(0.8), 20'000);
  EXPECT_GE(outcome.latency.percentile_us(1), 95'000);
}

TEST(ConversationDeathTest, RefusesAMessageFromSomebodyElse) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(
      talk_through([](int, std::string message) { return "<message from='eve@localhost/x'" + message.substr(8); }),
      testing::ExitedWithCode(1), "from somebody else");
}

}  // namespace
}  // namespace aldis::load
