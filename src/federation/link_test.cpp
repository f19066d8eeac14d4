// What waits for a server that is away, and what does not; what comes back, and how often. Streams that are open are shown on real
// connections (tests/federation). The nurse is the bystander.
#include "federation/link.h"

#include "federation/peer_table.h"
#include "net/dns.h"
#include "tests/support/failing_stores.h"
#include "tests/support/scene.h"

namespace aldis::federation {
namespace {

using namespace std::chrono_literals;

// Answers everything in one way.
class OneAnswerDns final : public net::Dns {
 public:
  std::optional<Error> failure;
  std::size_t asked = 0;
  Task<Result<net::DnsAnswer<net::SrvRecord>>> srv(std::string) override { return answer<net::SrvRecord>(); }
  Task<Result<net::DnsAnswer<net::PeerAddress>>> addresses(std::string, std::uint16_t) override { return answer<net::PeerAddress>(); }
  Task<Result<net::DnsAnswer<tls::TlsaRecord>>> tlsa(std::string) override { return answer<tls::TlsaRecord>(); }

 private:
  template <class T>
  Task<Result<net::DnsAnswer<T>>> answer() {
    ++asked;
    if (failure) {
      co_return fail(*failure);
    }
    co_return net::DnsAnswer<T>{};
  }
};

struct Verona {
  explicit Verona(PeerTableOptions options = {}, test::SceneOptions scene_options = {}) : scene(std::move(scene_options)) {
    scene.world().policy.set_peers(policy::PeerRules::make(policy::Profile::open, {}).value());
    table = std::make_unique<PeerTable>(scene.world(), scene.shard(), dns, net::LookupOptions{},
                                        PeerTrust("none.pem", "/", tls::RevocationMode::off, nullptr), SecretBytes("sixteen bytes at least"), options);
    scene.world().abroad = table.get();
    spawn(table->start());
    scene.run();
  }
  ~Verona() {
    scene.run();
    scene.world().abroad = nullptr;
  }
  [[nodiscard]] std::vector<QueuedStanza> stored() {
    return scene.wait(scene.stores().outbound_queue.load({"capulet.example", "verona.example"}, 0, 100, 1'000'000)).value();
  }
  void is_away() { dns.failure = Error{ErrorKind::timeout, "no answer"}; }
  void says(std::string_view id) {
    juliet.sends("<message type='chat' id='" + std::string(id) + "' to='prince@verona.example'><body>" + std::string(id) + "</body></message>");
  }

  OneAnswerDns dns;
  test::Scene scene;
  test::Client& juliet = scene.login("juliet@capulet.example/balcony");
  test::Client& nurse = scene.login("nurse@capulet.example/hall");
  std::unique_ptr<PeerTable> table;
};

TEST(Link, ADomainThatDoesNotExistIsToldAtOnceAndNotTriedAgainForAWhile) {  // RFC 6120 section 10.4
  Verona v;
  v.says("one");
  v.juliet.receives_error("one", "remote-server-not-found");
  const std::size_t asked = v.dns.asked;
  v.says("two");
  v.juliet.receives_error("two", "remote-server-not-found");
  EXPECT_EQ(v.dns.asked, asked);
  EXPECT_TRUE(v.stored().empty());
  v.scene.advance(11s);
  v.says("three");
  v.juliet.receives_error("three", "remote-server-not-found");
  EXPECT_GT(v.dns.asked, asked);
}

TEST(Link, MessagesForWhoIsAwayWaitOnDiskInOrder) {
  Verona v;
  v.is_away();
  v.says("one");
  v.scene.advance(100ms);
  v.says("two");
  v.says("three");
  const std::vector<QueuedStanza> stored = v.stored();
  ASSERT_EQ(stored.size(), 3U);
  EXPECT_NE(stored[0].stanza.find("<body>one</body>"), std::string::npos);
  EXPECT_NE(stored[2].stanza.find("<body>three</body>"), std::string::npos);
  EXPECT_LT(stored[0].position, stored[1].position);
}

TEST(Link, QuestionsAreAnsweredAtOnceAndPresenceIsLetGo) {
  Verona v;
  v.is_away();
  v.says("one");
  v.scene.advance(100ms);
  v.juliet.sends("<iq type='get' id='q' to='verona.example'><ping xmlns='urn:xmpp:ping'/></iq>");
  v.juliet.receives_error("q", "remote-server-timeout");
  v.juliet.sends("<presence to='prince@verona.example/court'/>");
  v.juliet.sends("<presence type='subscribe' id='s' to='prince@verona.example'/>");
  v.juliet.ignores_the_rest();   // a roster push, where she has asked for her roster
  const std::vector<QueuedStanza> stored = v.stored();
  ASSERT_EQ(stored.size(), 2U);   // the message and the subscription
  EXPECT_NE(stored[1].stanza.find("type='subscribe'"), std::string::npos);
}

TEST(Link, WhatWaitsTooLongComesBackOnce) {
  Verona v({.queue_time = 60s});
  v.is_away();
  v.says("one");
  v.scene.advance(59s);
  v.juliet.receives_nothing();
  v.scene.advance(30s);
  v.juliet.receives_error("one", "remote-server-timeout");
  EXPECT_TRUE(v.stored().empty());
  v.scene.advance(300s);
  v.juliet.receives_nothing();
}

TEST(Link, AFullQueueRefusesAndKeepsWhatItHas) {
  Verona v({.queue = {.max_stanzas = 2, .max_bytes = 1'000'000}});
  v.is_away();
  v.says("one");
  v.scene.advance(100ms);
  v.says("two");
  v.says("three");
  v.juliet.receives_error("three", "resource-constraint");
  EXPECT_EQ(v.stored().size(), 2U);
}

TEST(Link, AttemptsAreRepeatedMoreAndMoreSeldom) {
  Verona v({.retry_first = 1000ms, .retry_most = 8000ms});
  v.is_away();
  v.says("one");
  v.scene.advance(60s);
  const std::size_t in_a_minute = v.dns.asked;
  v.scene.advance(60s);
  EXPECT_GT(in_a_minute, 8U);
  EXPECT_LT(v.dns.asked - in_a_minute, 40U);
}

TEST(Link, WhatAFormerProcessStoredIsKnownAtTheStart) {
  Verona v;
  v.is_away();
  v.says("one");
  v.scene.advance(100ms);
  v.table = std::make_unique<PeerTable>(v.scene.world(), v.scene.shard(), v.dns, net::LookupOptions{},
                                        PeerTrust("none.pem", "/", tls::RevocationMode::off, nullptr), SecretBytes("sixteen bytes at least"), PeerTableOptions{});
  v.scene.world().abroad = v.table.get();
  spawn(v.table->start());
  v.scene.run();
  const auto links = v.table->list();
  ASSERT_EQ(links.size(), 1U);
  EXPECT_EQ(links.front().waiting, 1U);
  v.says("two");
  const std::vector<QueuedStanza> stored = v.stored();
  ASSERT_EQ(stored.size(), 2U);
  EXPECT_NE(stored[1].stanza.find("<body>two</body>"), std::string::npos);
}

TEST(Link, AtTheEndWhatIsInMemoryIsPutAway) {
  Verona v;
  v.is_away();
  v.says("one");
  v.table->close();
  v.scene.run();
  EXPECT_TRUE(v.table->is_closed());
  EXPECT_EQ(v.stored().size(), 1U);
  v.says("late");
  v.juliet.receives_error("late", "remote-server-timeout");
}

TEST(Link, ARejectedPeerIsNeverLookedFor) {  // checked before DNS
  Verona v;
  v.scene.world().policy.set_peers(policy::PeerRules::make(policy::Profile::strict, {}).value());
  v.says("one");
  v.juliet.receives_error("one", "remote-server-not-found");
  EXPECT_EQ(v.dns.asked, 0U);
}

}  // namespace
}  // namespace aldis::federation
