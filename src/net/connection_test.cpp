// Tests of Connection over memory: every cut, STARTTLS injection (security T01), pause and resume, moving between
// shards, budgets, partial writes, the write queue's bound (E04), closing, and owners that destroy the connection in a
// callback.
#include "net/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "tests/support/memory_transport.h"
#include "tests/support/tls_pair.h"

namespace aldis::net {
namespace {

using namespace std::chrono_literals;
using test::MemoryTransport;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view header =
    "<?xml version='1.0'?><stream:stream to='capulet.example' version='1.0' xmlns='jabber:client' "
    "xmlns:stream='http://etherx.jabber.org/streams'>";

struct Owner final : Connection::Owner {
  bool on_frame(Connection& c, xml::Framer::Frame frame) override {
    frames.emplace_back(frame.bytes);
    return when_frame ? when_frame(c, frames.back()) : true;
  }
  void on_framing_error(Connection&, xml::XmlError error) override { errors.push_back(error); }
  void on_tls_established(Connection& c) override {
    ++established;
    if (when_established) {
      when_established(c);
    }
  }
  void on_closed(Connection& c, CloseReason why, std::string_view text) override {
    reasons.push_back(why);
    detail = text;
    unsent = c.unsent_bytes();
    if (when_closed) {
      when_closed();
    }
  }
  void on_drained(Connection&) override { ++drained; }

  std::vector<std::string> frames;
  std::vector<xml::XmlError> errors;
  std::vector<CloseReason> reasons;
  std::string detail;
  std::size_t unsent = 0;
  int established = 0;
  int drained = 0;
  std::function<bool(Connection&, const std::string&)> when_frame;
  std::function<void(Connection&)> when_established;
  std::function<void()> when_closed;
};

struct Line {
  explicit Line(std::size_t capacity = 1024 * 1024, ConnectionLimits limits = {}) {
    auto [ours, theirs] = MemoryTransport::pair(capacity);
    transport = ours.get();
    peer = std::move(theirs);
    connection = std::make_unique<Connection>(std::move(ours), limits);
    connection->attach(shard, owner);
    run();
  }
  void run() { shard.run_ready(); }
  void peer_sends(std::string_view bytes) {
    peer->send(bytes);
    run();
  }
  void we_send(std::string_view bytes) {
    shard.post([this, text = std::string(bytes)] { connection->send(text); });
    run();
  }
  void wait(std::chrono::milliseconds time) {
    clock.advance(time);
    run();
  }

  test::ManualClock clock;
  Shard shard{clock, {.scene = true}};
  Owner owner;
  MemoryTransport* transport = nullptr;
  std::unique_ptr<MemoryTransport> peer;
  std::unique_ptr<Connection> connection;
};

TEST(Connection, FramesArriveWhateverTheCuts) {
  const std::string input = std::string(header) + "<a/> <message><body>hi</body></message></stream:stream>";
  for (std::size_t step = 1; step <= input.size(); ++step) {
    Line line;
    line.transport->read_at_once = step;
    line.peer_sends(input);
    EXPECT_THAT(line.owner.frames,
                ElementsAre(std::string(header), "<a/>", "<message><body>hi</body></message>", "</stream:stream>"))
        << step;
  }
}

TEST(Connection, ATurnsWritesLeaveInOneCall) {
  Line line;
  const std::size_t before = line.transport->writes;
  line.shard.post([&] {
    for (int i = 0; i < 100; ++i) {
      line.connection->send("<a/>");
    }
    EXPECT_EQ(line.connection->unsent_bytes(), 400U);
  });
  line.run();
  EXPECT_EQ(line.peer->receive().size(), 400U);
  EXPECT_EQ(line.transport->writes, before + 1);
  EXPECT_EQ(line.connection->sent_total(), 400U);
  EXPECT_EQ(line.connection->unsent_bytes(), 0U);
}

TEST(Connection, APartialWriteIsGoneOnWithInOrder) {
  Line line(10);
  std::string all;
  for (int i = 0; i < 20; ++i) {
    all += "0123456789abc";
  }
  line.we_send(all);
  std::string got;
  for (int i = 0; i < 100 && got.size() < all.size(); ++i) {
    EXPECT_EQ(line.connection->sent_total() + line.connection->unsent_bytes(), all.size());
    got += line.peer->receive();
    line.run();
  }
  EXPECT_EQ(got, all);
  EXPECT_EQ(line.owner.drained, 1);
  EXPECT_EQ(line.connection->sent_total(), all.size());
}

// Security E04.
TEST(Connection, APeerThatDoesNotReadIsEnded) {
  Line line(1000, {.write_queue_bytes = 5000});
  for (int i = 0; i < 100 && line.owner.reasons.empty(); ++i) {
    line.we_send(std::string(100, 'x'));
  }
  EXPECT_THAT(line.owner.reasons, ElementsAre(CloseReason::write_queue_full));
  EXPECT_EQ(line.connection->sent_total(), 1000U);
  EXPECT_EQ(line.owner.unsent, 5100U);
  EXPECT_TRUE(line.peer->is_cut());
}

TEST(Connection, TheQueueMayHoldExactlyItsBound) {
  Line line(1000, {.write_queue_bytes = 5000});
  line.we_send(std::string(6000, 'x'));
  EXPECT_TRUE(line.owner.reasons.empty());
  line.we_send("y");
  EXPECT_EQ(line.owner.reasons.size(), 1U);
}

TEST(Connection, APeerThatDoesNotReadIsNotRead) {
  Line line(1000, {.stop_reading_bytes = 2000});
  line.we_send(std::string(5000, 'x'));
  line.peer_sends(header);
  EXPECT_TRUE(line.owner.frames.empty());
  std::size_t got = 0;
  while (got < 5000) {
    got += line.peer->receive().size();
    line.run();
  }
  EXPECT_EQ(line.owner.frames.size(), 1U);
}

TEST(Connection, PausedItDeliversNothingAndResumedEverythingInOrder) {
  Line line;
  line.owner.when_frame = [](Connection& c, const std::string& frame) {
    if (frame == "<b/>") {
      c.pause();
      return false;
    }
    return true;
  };
  line.peer_sends(std::string(header) + "<a/><b/><c/><d");
  line.peer_sends("/><e/>");
  EXPECT_THAT(line.owner.frames, ElementsAre(std::string(header), "<a/>", "<b/>"));
  line.connection->resume();
  line.run();
  EXPECT_THAT(line.owner.frames, ElementsAre(std::string(header), "<a/>", "<b/>", "<c/>", "<d/>", "<e/>"));
}

// What a frame waits for may be there at once: then the resume comes before on_frame has said false.
TEST(Connection, ResumedWithinAFrameItGoesOnAfterFalse) {
  Line line;
  line.owner.when_frame = [](Connection& c, const std::string&) {
    c.pause();
    c.resume();
    return false;
  };
  line.peer_sends(std::string(header) + "<a/><b/>");
  line.run();
  EXPECT_FALSE(line.connection->is_paused());
  EXPECT_THAT(line.owner.frames, ElementsAre(std::string(header), "<a/>", "<b/>"));
  line.owner.when_frame = [](Connection& c, const std::string&) {
    c.resume();
    c.pause();
    return false;
  };
  line.peer_sends("<c/><d/>");
  line.run();
  EXPECT_TRUE(line.connection->is_paused());
  EXPECT_EQ(line.owner.frames.back(), "<c/>");
}

TEST(Connection, PausedItNoticesThePeersEndOnlyAfterResume) {
  Line line;
  line.owner.when_frame = [](Connection& c, const std::string&) {
    c.pause();
    return false;
  };
  line.peer->send(std::string(header) + "<a/>");
  line.peer->shutdown_write();
  line.run();
  EXPECT_EQ(line.owner.frames.size(), 1U);
  EXPECT_TRUE(line.owner.reasons.empty());
  line.owner.when_frame = nullptr;
  line.connection->resume();
  line.run();
  EXPECT_EQ(line.owner.frames.size(), 2U);
  EXPECT_THAT(line.owner.reasons, ElementsAre(CloseReason::peer_closed));
}

TEST(Connection, DetachedInACallbackItGoesOnOnAnotherShard) {
  Line line;
  Shard home(line.clock, {.scene = true});
  Owner session;
  line.owner.when_frame = [&](Connection& c, const std::string& frame) {
    if (frame != "<bind/>") {
      return true;
    }
    c.send("<bound/>");
    c.detach();
    home.post([&] { c.attach(home, session); });
    return false;
  };
  line.peer_sends(std::string(header) + "<bind/><after/><mor");
  line.peer_sends("e/>");
  EXPECT_EQ(line.peer->receive(), "");
  home.run_ready();
  EXPECT_THAT(session.frames, ElementsAre("<after/>", "<more/>"));
  EXPECT_EQ(line.peer->receive(), "<bound/>");
  line.peer->send("<last/>");
  home.run_ready();
  EXPECT_EQ(session.frames.size(), 3U);
}

TEST(Connection, MayBeDestroyedInAnyCallback) {
  {
    Line line;
    line.owner.when_frame = [&](Connection&, const std::string&) {
      line.connection.reset();
      return false;
    };
    line.peer_sends(std::string(header) + "<a/>");
    EXPECT_EQ(line.owner.frames.size(), 1U);
    EXPECT_TRUE(line.peer->peer_ended());
  }
  {
    Line line;
    line.owner.when_closed = [&] { line.connection.reset(); };
    line.peer->cut();
    line.run();
    EXPECT_THAT(line.owner.reasons, ElementsAre(CloseReason::io_error));
  }
  {
    Line line(10, {.write_queue_bytes = 20});
    line.owner.when_closed = [&] { line.connection.reset(); };
    line.we_send(std::string(100, 'x'));
    EXPECT_THAT(line.owner.reasons, ElementsAre(CloseReason::write_queue_full));
  }
}

TEST(Connection, FramingErrorsComeOnceAndEndReading) {
  Line line;
  line.peer_sends(std::string(header) + "<a/><!-- no --><b/>");
  line.peer_sends("<c/>");
  EXPECT_THAT(line.owner.errors, ElementsAre(xml::XmlError::restricted_xml));
  EXPECT_EQ(line.owner.frames.size(), 2U);
}

TEST(Connection, RestartExpectsAHeaderAgain) {
  Line line;
  line.owner.when_frame = [](Connection& c, const std::string& frame) {
    if (frame == "<auth/>") {
      c.restart_stream();
    }
    return true;
  };
  line.peer_sends(std::string(header) + "<auth/>" + std::string(header) + "<a/>");
  EXPECT_EQ(line.owner.frames.size(), 4U);
  EXPECT_TRUE(line.owner.errors.empty());
}

TEST(Connection, BudgetsBoundWhatAStrangerSends) {
  {
    Line line;
    line.connection->set_budget({.frames = 3});
    line.peer_sends(std::string(header) + "<a/><b/>");
    EXPECT_TRUE(line.owner.errors.empty());
    line.peer_sends("<c/>");
    EXPECT_THAT(line.owner.errors, ElementsAre(xml::XmlError::too_many));
    EXPECT_EQ(line.owner.frames.size(), 3U);
  }
  const auto size = static_cast<std::uint32_t>(header.size());
  {
    Line line;
    line.connection->set_budget({.bytes = size + 4});
    line.peer_sends(std::string(header) + "<a/>");
    EXPECT_TRUE(line.owner.errors.empty());
    line.peer_sends(" ");
    EXPECT_THAT(line.owner.errors, ElementsAre(xml::XmlError::too_many));
  }
  {
    Line line;  // a lifted budget leaves the rest of the same segment alone
    line.connection->set_budget({.bytes = size + 4});
    line.owner.when_frame = [](Connection& c, const std::string& frame) {
      if (frame == "<a/>") {
        c.set_budget({});
      }
      return true;
    };
    line.peer_sends(std::string(header) + "<a/><b/><c/>");
    EXPECT_EQ(line.owner.frames.size(), 4U);
  }
}

TEST(Connection, ClosesAfterSendingItsLastWords) {
  Line line(10);
  line.we_send("<a/>");
  line.connection->close("<stream:error/></stream:stream>");
  line.connection->send("dropped");
  std::string got;
  for (int i = 0; i < 20; ++i) {
    line.run();
    got += line.peer->receive();
  }
  EXPECT_EQ(got, "<a/><stream:error/></stream:stream>");
  EXPECT_TRUE(line.peer->peer_ended());
  EXPECT_TRUE(line.owner.reasons.empty());  // it waits for the peer
  line.peer_sends(std::string(header) + "<ignored/>");
  EXPECT_TRUE(line.owner.frames.empty());
  line.peer->shutdown_write();
  line.run();
  EXPECT_THAT(line.owner.reasons, ElementsAre(CloseReason::local));
  EXPECT_EQ(line.shard.pending_timers(), 0U);
}

TEST(Connection, ClosingDoesNotWaitForEver) {
  Line line;
  line.connection->close("bye");
  line.run();
  EXPECT_EQ(line.peer->receive(), "bye");
  line.wait(2999ms);
  EXPECT_TRUE(line.owner.reasons.empty());
  line.wait(1ms);
  EXPECT_THAT(line.owner.reasons, ElementsAre(CloseReason::local));
}

TEST(Connection, ClosedInOnFrameItDeliversNoMore) {
  Line line;
  line.owner.when_frame = [](Connection& c, const std::string& frame) {
    if (frame == "</stream:stream>") {
      c.close("</stream:stream>");
      return false;
    }
    return true;
  };
  line.peer->send(std::string(header) + "</stream:stream>");
  line.peer->shutdown_write();
  line.run();
  EXPECT_EQ(line.peer->receive(), "</stream:stream>");
  EXPECT_THAT(line.owner.reasons, ElementsAre(CloseReason::local));
}

TEST(Connection, ReleasedItEndsByItself) {
  Line line;
  line.owner.when_frame = [&](Connection&, const std::string&) {
    Connection::close_and_release(std::move(line.connection), "</stream:stream>");
    return false;
  };
  line.peer_sends(std::string(header) + "<a/>");
  EXPECT_EQ(line.peer->receive(), "</stream:stream>");
  EXPECT_FALSE(line.connection);
  line.peer->shutdown_write();
  line.run();
  EXPECT_TRUE(line.owner.reasons.empty());
  EXPECT_EQ(line.owner.frames.size(), 1U);
  EXPECT_EQ(line.shard.pending_timers(), 0U);
}

TEST(Connection, AbortedItTellsLaterAndCutsTheLine) {
  Line line;
  line.shard.post([&] {
    line.connection->abort();
    EXPECT_TRUE(line.owner.reasons.empty());
  });
  line.run();
  EXPECT_THAT(line.owner.reasons, ElementsAre(CloseReason::local));
  EXPECT_TRUE(line.peer->is_cut());
}

// The peer's side of a TLS line: an engine and a transport.
struct TlsLine : Line {
  explicit TlsLine(std::size_t capacity = 1024 * 1024, ConnectionLimits limits = {}) : Line(capacity, limits) {}

  tls::TlsEngine engine = tls::TlsEngine::client(test::client_context(), "capulet.example");
  std::string plain;

  void start() {
    std::string out;
    ASSERT_TRUE(engine.start(out));
    peer->send(out);
    move();
    ASSERT_TRUE(engine.is_established());
  }
  // Until neither side has anything for the other.
  void move() {
    for (int i = 0; i < 10; ++i) {
      run();
      std::string out;
      const std::string in = peer->receive();
      static_cast<void>(engine.receive(test::TlsPair::octets(in), plain, out));
      if (!out.empty()) {
        peer->send(out);
      }
    }
  }
  void peer_says(std::string_view text) {
    std::string out;
    ASSERT_TRUE(engine.send(text, out));
    peer->send(out);
    move();
  }
};

TEST(Connection, DirectTlsCarriesFramesBothWays) {
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{100}, SIZE_MAX}) {
    TlsLine line;
    line.transport->read_at_once = step;
    line.connection->start_tls(test::server_context());
    line.start();
    EXPECT_EQ(line.owner.established, 1);
    line.peer_says(std::string(header) + "<a/>");
    EXPECT_EQ(line.owner.frames.size(), 2U);
    line.we_send("<b/>");
    line.move();
    EXPECT_EQ(line.plain, "<b/>");
    ASSERT_NE(line.connection->tls(), nullptr);
    EXPECT_EQ(line.connection->tls()->info().version, "TLSv1.3");
  }
}

// Security T01: what follows <starttls/> in the clear is never seen, whatever the cut.
TEST(Connection, StartTlsDropsWhatWasInjected) {
  const std::string clear = std::string(header) + "<starttls/>";
  const std::string injected = std::string(header) + "<auth mechanism='PLAIN'>AGEAYg==</auth>";
  for (std::size_t split = 0; split <= injected.size(); split += 5) {
    TlsLine line;
    line.owner.when_frame = [](Connection& c, const std::string& frame) {
      if (frame == "<starttls/>") {
        c.send("<proceed/>");
        c.start_tls(test::server_context());
      }
      return true;
    };
    line.peer_sends(clear + injected.substr(0, split));
    EXPECT_EQ(line.peer->receive(), "<proceed/>");
    if (split == injected.size()) {
      line.start();
      line.peer_says(std::string(header) + "<a/>");
      EXPECT_THAT(line.owner.frames, ElementsAre(std::string(header), "<starttls/>", std::string(header), "<a/>"));
    } else {
      line.peer_sends(injected.substr(split));
      EXPECT_THAT(line.owner.reasons, ElementsAre(CloseReason::tls_error));
      EXPECT_EQ(line.owner.frames.size(), 2U);
    }
  }
}

TEST(Connection, NothingLeavesInTheClearWhileTheHandshakeRuns) {
  TlsLine line;
  line.connection->start_tls(test::server_context());
  line.we_send("secret");
  EXPECT_EQ(line.peer->receive(), "");
  line.start();
  EXPECT_EQ(line.plain, "secret");
}

TEST(Connection, AFailedHandshakeSendsItsAlertAndCloses) {
  Line line;
  line.connection->start_tls(test::server_context());
  line.peer_sends("GET / HTTP/1.1\r\n\r\n");
  EXPECT_THAT(line.owner.reasons, ElementsAre(CloseReason::tls_error));
  EXPECT_FALSE(line.owner.detail.empty());
}

TEST(Connection, EncryptedPartialWritesAndTheBound) {
  TlsLine line(50'000, {.write_queue_bytes = 400'000});
  line.connection->start_tls(test::server_context());
  line.start();
  const std::string all(300'000, 'x');
  line.we_send(all);
  EXPECT_GT(line.connection->unsent_bytes(), 200'000U);
  for (int i = 0; i < 20 && line.plain.size() < all.size(); ++i) {
    line.move();
  }
  EXPECT_EQ(line.plain, all);
  EXPECT_EQ(line.connection->sent_total(), all.size());
  line.we_send(std::string(500'000, 'y'));
  EXPECT_THAT(line.owner.reasons, ElementsAre(CloseReason::write_queue_full));
  // Some is with the kernel, the rest can be told by the totals.
  EXPECT_EQ(line.connection->queued_total(), 800'000U);
}

// Nobody waits for a ticket: it costs no system call of its own, nor wakes the peer. There is one, and none before its owner says so.
TEST(Connection, ATicketLeavesWithTheNextWords) {
  TlsLine line;
  line.connection->start_tls(test::server_context());
  std::string out;
  ASSERT_TRUE(line.engine.start(out));
  line.peer_sends(out);
  out.clear();
  ASSERT_TRUE(line.engine.receive(test::TlsPair::octets(line.peer->receive()), line.plain, out));
  line.peer_sends(out);  // the client's Finished
  EXPECT_EQ(line.owner.established, 1);
  EXPECT_EQ(line.peer->receive(), "");
  line.we_send("<features/>");
  line.move();
  EXPECT_EQ(SSL_SESSION_is_resumable(SSL_get0_session(line.engine.native())), 0);
  line.connection->give_ticket();
  line.run();
  EXPECT_EQ(line.peer->receive(), "");
  const auto before = line.transport->writes;
  line.we_send("<a/>");
  line.move();
  EXPECT_EQ(line.plain, "<features/><a/>");
  EXPECT_EQ(line.transport->writes, before + 1);
  EXPECT_EQ(SSL_SESSION_is_resumable(SSL_get0_session(line.engine.native())), 1);
  const auto bytes = [&] {
    line.we_send("<b/>");
    line.run();
    return line.peer->receive().size();
  };
  const auto usual = bytes();
  line.connection->give_ticket();
  EXPECT_EQ(bytes(), usual) << "one is enough";
}

// Before TLS 1.3 the server's Finished is the last of the handshake, and the client waits for it.
TEST(Connection, TheLastOfATls12HandshakeLeavesAtOnce) {
  TlsLine line;
  line.engine = tls::TlsEngine::client(test::client_context({.verify = false, .max_version = TLS1_2_VERSION}), "capulet.example");
  line.connection->start_tls(test::server_context());
  line.start();
  EXPECT_EQ(line.owner.established, 1);
}

TEST(Connection, TlsClosesWithCloseNotify) {
  TlsLine line;
  line.connection->start_tls(test::server_context());
  line.start();
  const auto before = line.transport->writes;
  line.connection->close("</stream:stream>");
  line.run();
  EXPECT_EQ(line.transport->writes, before + 1);  // both in one call
  std::string out;
  const std::string in = line.peer->receive();
  const auto end = line.engine.receive(test::TlsPair::octets(in), line.plain, out);
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->peer_closed);
  EXPECT_EQ(line.plain, "</stream:stream>");
  EXPECT_TRUE(line.peer->peer_ended());
}

TEST(Connection, ThePeersCloseNotifyComesAfterItsLastFrame) {
  TlsLine line;
  line.connection->start_tls(test::server_context());
  line.start();
  std::string out;
  ASSERT_TRUE(line.engine.send(std::string(header) + "<a/>", out));
  line.engine.close_notify(out);
  line.peer_sends(out);
  EXPECT_EQ(line.owner.frames.size(), 2U);
  EXPECT_THAT(line.owner.reasons, ElementsAre(CloseReason::peer_closed));
}

TEST(Connection, MovesWithTlsEvenAtTheHandshakesEnd) {
  TlsLine line;
  Shard home(line.clock, {.scene = true});
  Owner session;
  line.connection->start_tls(test::server_context());
  line.owner.when_established = [&](Connection& c) {
    c.detach();
    home.post([&] { c.attach(home, session); });
  };
  std::string out;
  ASSERT_TRUE(line.engine.start(out));
  line.peer_sends(out);
  out.clear();
  const std::string flight = line.peer->receive();
  ASSERT_TRUE(line.engine.receive(test::TlsPair::octets(flight), line.plain, out));
  ASSERT_TRUE(line.engine.send(std::string(header) + "<a/>", out));  // behind Finished, in one segment
  line.peer_sends(out);
  EXPECT_TRUE(line.owner.frames.empty());
  home.run_ready();
  EXPECT_EQ(session.frames.size(), 2U);
}

TEST(Connection, ClientAndServerConnectionsSpeakToEachOther) {
  test::ManualClock clock;
  Shard shard(clock, {.scene = true});
  Owner server_owner;
  Owner client_owner;
  auto [a, b] = MemoryTransport::pair();
  Connection server(std::move(a));
  Connection client(std::move(b));
  server.start_tls(test::server_context());
  client.start_tls_client(test::client_context(), "capulet.example");
  server.attach(shard, server_owner);
  client.attach(shard, client_owner);
  shard.post([&] { client.send(header); });
  shard.run_ready();
  EXPECT_EQ(server_owner.established + client_owner.established, 2);
  EXPECT_THAT(server_owner.frames, ElementsAre(std::string(header)));
}

TEST(Connection, AnIdleOneIsSmallAndHoldsNoBuffer) {
  Line line;
  line.peer_sends(std::string(header) + "<a/>");
  line.we_send(std::string(1000, 'x'));
  EXPECT_LE(sizeof(Connection), 304U);
  EXPECT_EQ(line.connection->memory(), sizeof(Connection) + sizeof(TcpTransport));
}

TEST(Connection, NamesItsReasons) {
  EXPECT_EQ(to_string(CloseReason::write_queue_full), "write-queue-full");
  EXPECT_EQ(to_string(CloseReason::local), "local");
}

}  // namespace
}  // namespace aldis::net
