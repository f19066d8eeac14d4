// Tests over real loopback sockets: Listener, TcpTransport and Connection together, descriptor exhaustion (security
// E02), resets, slow readers, and PeerAddress.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fcntl.h>

#include <future>
#include <set>

#include "net/connection.h"
#include "net/listener.h"
#include "tests/support/tls_pair.h"

namespace aldis::net {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::string_view header =
    "<?xml version='1.0'?><stream:stream to='capulet.example' version='1.0' xmlns='jabber:client' "
    "xmlns:stream='http://etherx.jabber.org/streams'>";

// Sends every stanza back; ends with the stream.
class Echo final : public Connection::Owner {
 public:
  Echo(std::unique_ptr<Transport> transport, Shard& shard, std::shared_ptr<const tls::TlsContext> tls,
       std::set<std::unique_ptr<Echo>, std::less<>>& all, std::vector<CloseReason>& reasons)
      : connection_(std::make_unique<Connection>(std::move(transport))), all_(all), reasons_(reasons) {
    if (tls) {
      connection_->start_tls(std::move(tls));
    }
    connection_->attach(shard, *this);
  }

 private:
  bool on_frame(Connection& c, xml::Framer::Frame frame) override {
    if (frame.kind == xml::Framer::FrameKind::stanza) {
      c.send(frame.bytes);
    } else if (frame.kind == xml::Framer::FrameKind::stream_close) {
      c.close("</stream:stream>");
    }
    return true;
  }
  void on_framing_error(Connection& c, xml::XmlError) override { c.close("<stream:error/>"); }
  void on_tls_established(Connection&) override {}
  void on_closed(Connection&, CloseReason reason, std::string_view) override {
    reasons_.push_back(reason);
    for (auto at = all_.begin(); at != all_.end(); ++at) {
      if (at->get() == this) {
        all_.erase(at);
        return;
      }
    }
  }
  std::unique_ptr<Connection> connection_;
  std::set<std::unique_ptr<Echo>, std::less<>>& all_;
  std::vector<CloseReason>& reasons_;
};

struct Server {
  explicit Server(std::shared_ptr<const tls::TlsContext> tls = nullptr) {
    listener = std::move(*Listener::open({.address = *PeerAddress::parse("127.0.0.1", 0), .pause = 20ms}));
    address = listener->address();
    listener->start(
        shard, [this](const PeerAddress&) { return admit.load(); },
        [this, tls](std::unique_ptr<Transport> transport) {
          all.insert(std::make_unique<Echo>(std::move(transport), shard, tls, all, reasons));
        });
    thread = std::thread([this] { shard.run(); });
  }
  ~Server() { stop(); }
  // On the shard's thread.
  template <class F>
  auto ask(F question) {
    std::promise<decltype(question())> answer;
    shard.post([&] { answer.set_value(question()); });
    return answer.get_future().get();
  }
  void stop() {
    if (thread.joinable()) {
      ask([this] {
        listener->stop();
        all.clear();
        return 0;
      });
      shard.stop();
      thread.join();
    }
  }
  SystemClock clock;
  Shard shard{clock, {.name = "tcp-test"}};
  std::unique_ptr<Listener> listener;
  PeerAddress address;
  std::atomic<bool> admit{true};
  std::set<std::unique_ptr<Echo>, std::less<>> all;
  std::vector<CloseReason> reasons;
  std::thread thread;
};

// A blocking client.
struct Client {
  explicit Client(const PeerAddress& to, int receive_buffer = 0)
      : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_storage address;
    const socklen_t length = to.to_sockaddr(address);
    const timeval patience{5, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (receive_buffer != 0) {
      ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    connected = ::connect(fd, reinterpret_cast<sockaddr*>(&address), length) == 0;
  }
  ~Client() { end(); }
  void end() {
    if (fd >= 0) {
      ::close(std::exchange(fd, -1));
    }
  }
  void reset() {
    const linger now{1, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    end();
  }
  bool send(std::string_view text) const {
    return ::send(fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }
  // Until `size` bytes are there or the stream ends.
  std::string receive(std::size_t size) const {
    std::string got;
    while (got.size() < size) {
      char chunk[4096];
      const ssize_t n = ::recv(fd, chunk, std::min(sizeof chunk, size - got.size()), 0);
      if (n <= 0) {
        break;
      }
      got.append(chunk, static_cast<std::size_t>(n));
    }
    return got;
  }
  int fd;
  bool connected = false;
};

template <class F>
bool soon(F holds) {
  for (int i = 0; i < 3000 && !holds(); ++i) {
    std::this_thread::sleep_for(1ms);
  }
  return holds();
}

TEST(Tcp, EchoesStanzasAndEndsTheStream) {
  Server server;
  const Client client(server.address);
  ASSERT_TRUE(client.connected);
  ASSERT_TRUE(client.send(header));
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(client.send("<a/>"));
    ASSERT_EQ(client.receive(4), "<a/>");
  }
  ASSERT_TRUE(client.send("</stream:stream>"));
  EXPECT_EQ(client.receive(100), "</stream:stream>");
}

TEST(Tcp, ManyStanzasInFlightComeBackInOrder) {
  Server server;
  const Client client(server.address);
  ASSERT_TRUE(client.send(header));
  std::string all;
  for (int i = 0; i < 20000; ++i) {
    all += "<m>" + std::to_string(i) + "</m>";
  }
  std::thread sender([&] {
    std::string_view rest = all;
    while (!rest.empty()) {
      const ssize_t n = ::send(client.fd, rest.data(), rest.size(), MSG_NOSIGNAL);
      ASSERT_GT(n, 0);
      rest.remove_prefix(static_cast<std::size_t>(n));
    }
  });
  EXPECT_EQ(client.receive(all.size()), all);
  sender.join();
}

TEST(Tcp, TheLastStanzaBeforeAHalfCloseIsAnswered) {
  Server server;
  for (int i = 0; i < 50; ++i) {
    const Client client(server.address);
    ASSERT_TRUE(client.send(std::string(header) + "<a/></stream:stream>"));
    ::shutdown(client.fd, SHUT_WR);
    EXPECT_EQ(client.receive(100), "<a/></stream:stream>");
  }
  EXPECT_TRUE(soon([&] { return server.ask([&] { return server.all.empty(); }); }));
}

TEST(Tcp, AResetIsAnIoError) {
  Server server;
  Client client(server.address);
  ASSERT_TRUE(client.send(std::string(header) + "<a/>"));
  ASSERT_EQ(client.receive(4), "<a/>");
  client.reset();
  ASSERT_TRUE(soon([&] { return server.ask([&] { return server.reasons.size() == 1; }); }));
  EXPECT_EQ(server.reasons[0], CloseReason::io_error);
}

TEST(Tcp, APeerThatNeverReadsIsHeldBackAndHoldsLittle) {
  Server server;
  const Client client(server.address, 4096);
  ASSERT_TRUE(client.send(header));
  const std::string stanza = "<m>" + std::string(1000, 'x') + "</m>";
  const timeval short_patience{0, 200'000};
  ::setsockopt(client.fd, SOL_SOCKET, SO_SNDTIMEO, &short_patience, sizeof short_patience);
  std::size_t sent = 0;
  while (sent < 100'000'000 && client.send(stanza)) {
    sent += stanza.size();
  }
  EXPECT_LT(sent, 20'000'000U);  // the kernel's buffers and ours are full, and the peer is not read any more
  EXPECT_TRUE(server.ask([&] { return server.reasons.empty(); }));
}

TEST(Tcp, TlsOverSocketsFollowsEachCut) {
  Server server(test::server_context());
  const Client client(server.address);
  tls::TlsEngine engine = tls::TlsEngine::client(test::client_context(), "capulet.example");
  std::string out;
  std::string plain;
  ASSERT_TRUE(engine.start(out));
  while (!engine.is_established()) {
    for (const char c : std::exchange(out, {})) {
      ASSERT_TRUE(client.send(std::string_view(&c, 1)));
    }
    const std::string in = client.receive(1);
    ASSERT_FALSE(in.empty());
    ASSERT_TRUE(engine.receive(test::TlsPair::octets(in), plain, out));
  }
  ASSERT_TRUE(engine.send(std::string(header) + "<a/>", out));
  ASSERT_TRUE(client.send(out));
  while (plain.size() < 4) {
    const std::string in = client.receive(1);
    ASSERT_FALSE(in.empty());
    ASSERT_TRUE(engine.receive(test::TlsPair::octets(in), plain, out));
  }
  EXPECT_EQ(plain, "<a/>");
}

TEST(Tcp, OneReadOfATlsRecordAndItsEnd) {  // data, close_notify and FIN in one segment
  Server server(test::server_context());
  const Client client(server.address);
  tls::TlsEngine engine = tls::TlsEngine::client(test::client_context(), "capulet.example");
  std::string out;
  std::string plain;
  ASSERT_TRUE(engine.start(out));
  while (!engine.is_established()) {
    ASSERT_TRUE(client.send(std::exchange(out, {})));
    ASSERT_TRUE(engine.receive(test::TlsPair::octets(client.receive(1)), plain, out));
  }
  ASSERT_TRUE(engine.send(std::string(header) + "</stream:stream>", out));
  engine.close_notify(out);
  ASSERT_TRUE(client.send(out));
  ::shutdown(client.fd, SHUT_WR);
  std::string in;
  do {
    in = client.receive(1);
    static_cast<void>(engine.receive(test::TlsPair::octets(in), plain, out));
  } while (!in.empty());
  EXPECT_EQ(plain, "</stream:stream>");
}

TEST(Listener, ABudgetClosesBeforeReading) {
  Server server;
  server.admit = false;
  const Client refused(server.address);
  EXPECT_EQ(refused.receive(1), "");
  server.admit = true;
  const Client admitted(server.address);
  ASSERT_TRUE(admitted.send(std::string(header) + "<a/>"));
  EXPECT_EQ(admitted.receive(4), "<a/>");
}

TEST(Listener, ATakenPortIsAnErrorThatNamesIt) {
  Server server;
  const auto second = Listener::open({.address = server.address});
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().what, HasSubstr(server.address.str()));
}

TEST(Listener, AcceptedSocketsAskWhetherThePeerLives) {
  SystemClock clock;
  Shard shard(clock, {.name = "keepalive-test"});
  const auto listener = std::move(
      *Listener::open({.address = *PeerAddress::parse("127.0.0.1", 0), .keepalive = std::chrono::seconds(77)}));
  int on = 0;
  int idle = 0;
  int no_delay = 0;
  listener->start(shard, {}, [&](std::unique_ptr<Transport> transport) {
    const int fd = static_cast<TcpTransport&>(*transport).fd();
    socklen_t length = sizeof on;
    ::getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, &length);
    ::getsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, &length);
    ::getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &length);
    shard.stop();
  });
  const Client client(listener->address());
  shard.run();
  listener->stop();
  EXPECT_NE(on, 0);
  EXPECT_EQ(idle, 77);
  EXPECT_NE(no_delay, 0);
}

// Security E02: no spinning while descriptors are gone; those who are inside go on; later ones come in when some are
// free.
TEST(Listener, SurvivesDescriptorExhaustion) {
  Server server;
  const Client inside(server.address);
  ASSERT_TRUE(inside.send(std::string(header) + "<a/>"));
  ASSERT_EQ(inside.receive(4), "<a/>");
  std::vector<int> clients;
  for (int i = 0; i < 30; ++i) {
    clients.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  }
  std::vector<int> hogs;
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit small = before;
  small.rlim_cur = std::min<rlim_t>(before.rlim_cur, 256);
  ::setrlimit(RLIMIT_NOFILE, &small);
  for (int fd = ::dup(0); fd >= 0; fd = ::dup(0)) {
    hogs.push_back(fd);
  }
  sockaddr_storage address;
  const socklen_t length = server.address.to_sockaddr(address);
  for (const int fd : clients) {
    ASSERT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), length), 0);
  }
  const std::uint64_t turns = server.shard.turns();
  std::this_thread::sleep_for(200ms);
  EXPECT_LT(server.shard.turns() - turns, 60U);
  ASSERT_TRUE(inside.send("<b/>"));
  EXPECT_EQ(inside.receive(4), "<b/>");
  for (const int fd : hogs) {
    ::close(fd);
  }
  const Client later(server.address);
  ASSERT_TRUE(later.send(std::string(header) + "<c/>"));
  EXPECT_EQ(later.receive(4), "<c/>");
  EXPECT_TRUE(soon([&] { return server.ask([&] { return !server.listener->is_paused(); }); }));
  for (const int fd : clients) {
    ::close(fd);
  }
  ::setrlimit(RLIMIT_NOFILE, &before);
}

TEST(Listener, AThousandConnectAndAbortLeaveNothing) {
  Server server;
  for (int i = 0; i < 1000; ++i) {
    Client client(server.address);
    client.reset();
  }
  EXPECT_TRUE(soon([&] { return server.ask([&] { return server.all.empty(); }); }));
}

TEST(PeerAddress, HasOneFormPerAddress) {
  const auto v4 = PeerAddress::parse("192.0.2.1", 5222);
  ASSERT_TRUE(v4);
  EXPECT_EQ(*v4, PeerAddress::parse("::ffff:192.0.2.1", 5222));
  EXPECT_EQ(v4->str(), "192.0.2.1:5222");
  EXPECT_EQ(v4->source(), "192.0.2.1");
  const auto v6 = PeerAddress::parse("2001:db8:1:2:3:4:5:6", 5223);
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->str(), "[2001:db8:1:2:3:4:5:6]:5223");
  EXPECT_EQ(v6->source(), "2001:db8:1:2::/64");
  for (const auto& address : {*v4, *v6}) {
    sockaddr_storage storage;
    address.to_sockaddr(storage);
    EXPECT_EQ(PeerAddress::from(reinterpret_cast<const sockaddr&>(storage)), address);
  }
  EXPECT_TRUE(PeerAddress::parse("127.8.9.1", 1)->is_loopback());
  EXPECT_TRUE(PeerAddress::parse("::1", 1)->is_loopback());
  EXPECT_FALSE(v4->is_loopback());
  EXPECT_FALSE(PeerAddress::parse("localhost", 1));
  EXPECT_FALSE(PeerAddress::parse("", 1));
}

}  // namespace
}  // namespace aldis::net
