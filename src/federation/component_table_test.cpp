// Components on connections without sockets (XEP-0114; security D08): what passes both ways, what comes back when it cannot, and what
// hostile ones try. The nurse is the bystander, and so is whoever is abroad.
#include "federation/component_table.h"

#include <gmock/gmock.h>

#include "tests/support/scene.h"

namespace aldis::federation {
namespace {

using namespace std::chrono_literals;
using policy::ComponentOptions;
using testing::HasSubstr;

constexpr std::string_view plays = "plays.capulet.example";
constexpr std::string_view masks = "masks.capulet.example";

std::vector<ComponentOptions> both(const std::function<void(ComponentOptions&)>& change = {}) {
  ComponentOptions first;
  first.domain = plays;
  first.name = "The plays";
  first.secret_file = "plays.secret";
  ComponentOptions second = first;
  second.domain = masks;
  if (change) {
    change(first);
  }
  return {first, second};
}

SecretBytes secret_for(std::string_view domain) { return SecretBytes("the secret of " + std::string(domain)); }

// The component's end of a connection.
class Line {
 public:
  Line(test::Scene& scene, ComponentTable& table, std::size_t capacity = 1024 * 1024) : scene_(scene) {
    auto [ours, theirs] = test::MemoryTransport::pair(capacity, *net::PeerAddress::parse("127.0.0.1", 40000));
    transport_ = std::move(ours);
    table.receive(std::move(theirs), false);
    scene_.run();
  }
  std::string sends(std::string_view bytes) {
    transport_->send(bytes);
    return hears();
  }
  std::string hears() {
    scene_.run();
    return transport_->receive();
  }
  std::string opens(std::string_view domain) {
    return sends("<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='" +
                 std::string(domain) + "'>");
  }
  std::string connects(std::string_view domain) {
    const std::string said = opens(domain);
    const std::size_t begin = said.find(" id='") + 5;
    const std::string id = said.substr(begin, said.find('\'', begin) - begin);
    return sends("<handshake>" + stream::component_digest(id, secret_for(domain)) + "</handshake>");
  }
  void cuts() {
    transport_->cut();
    scene_.run();
  }
  [[nodiscard]] bool is_ended() const { return transport_->peer_ended() || transport_->is_cut(); }
  [[nodiscard]] test::MemoryTransport& transport() { return *transport_; }

 private:
  test::Scene& scene_;
  std::unique_ptr<test::MemoryTransport> transport_;
};

struct Theatre {
  explicit Theatre(const std::vector<ComponentOptions>& options = both(), ComponentTableOptions table_options = {}) {
    set_rules(options);
    elsewhere = &scene.abroad();
    table = std::make_unique<ComponentTable>(scene.world(), scene.shard(), *elsewhere, settings(), table_options);
    scene.world().abroad = table.get();
    scene.world().policy.on_peers_changed([this](const policy::PeerRulesPtr&, const policy::PeerRulesPtr& after) {
      if (table != nullptr) {
        table->rules_changed(*after);
      }
    });
  }
  ~Theatre() {
    scene.advance(4s);   // those who were refused linger no longer
    scene.world().abroad = nullptr;
  }
  void set_rules(const std::vector<ComponentOptions>& options) {
    scene.world().policy.set_peers(policy::PeerRules::make(policy::Profile::open, {}, {"capulet.example", "montague.example"}, options).value());
  }
  static Components settings(bool replaces = false) {
    Components all;
    for (const std::string_view domain : {plays, masks}) {
      all.emplace(std::string(domain), ComponentSettings{secret_for(domain), replaces});
    }
    return all;
  }
  Line line(std::size_t capacity = 1024 * 1024) { return Line(scene, *table, capacity); }
  void says(std::string_view to, std::string_view id) {
    juliet.sends("<message type='chat' id='" + std::string(id) + "' to='" + std::string(to) + "'><body>" + std::string(id) + "</body></message>");
  }
  [[nodiscard]] std::size_t connected() const {
    const auto all = table->list();
    return static_cast<std::size_t>(std::ranges::count_if(all, [](const ComponentTable::Info& info) { return info.is_connected; }));
  }

  test::Scene scene;
  test::Client& juliet = scene.login("juliet@capulet.example/balcony");
  test::Client& nurse = scene.login("nurse@capulet.example/hall");
  test::SceneAbroad* elsewhere = nullptr;
  std::unique_ptr<ComponentTable> table;
};

// ---- what passes

TEST(Components, SpeakWithPeopleHere) {
  Theatre t;
  Line line = t.line();
  ASSERT_EQ(line.connects(plays), "<handshake/>");
  t.says("hamlet@plays.capulet.example", "who");
  EXPECT_THAT(line.hears(), HasSubstr("<message to='hamlet@plays.capulet.example' from='juliet@capulet.example/balcony' type='chat' id='who'>"
                                      "<body>who</body>"));
  EXPECT_EQ(line.sends("<message from='hamlet@plays.capulet.example/court' to='juliet@capulet.example/balcony' type='chat' id='a'>"
                       "<body>to be</body></message>"), "");
  t.juliet.receives({"from='hamlet@plays.capulet.example/court'", "<body>to be</body>"});
  t.juliet.sends("<iq type='get' id='q' to='plays.capulet.example'><ping xmlns='urn:xmpp:ping'/></iq>");
  EXPECT_THAT(line.hears(), HasSubstr("id='q'"));
  line.sends("<iq type='result' id='q' from='plays.capulet.example' to='juliet@capulet.example/balcony'/>");
  t.juliet.receives({"type='result'", "id='q'"});
  EXPECT_THAT(line.sends("<iq type='get' id='d' from='plays.capulet.example' to='capulet.example'><ping xmlns='urn:xmpp:ping'/></iq>"),
              HasSubstr("type='result' id='d'"));
  const auto all = t.table->list();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1].domain, plays);
  EXPECT_EQ((std::tuple{all[1].is_connected, all[1].taken, all[1].sent, all[1].waiting}), (std::tuple{true, 3U, 3U, 0U}));
  EXPECT_FALSE(all[0].is_connected);
}

TEST(Components, StanzasMayNameTheirNamespace) {   // what its default namespace covers is read as ours
  Theatre t;
  Line line = t.line();
  line.connects(plays);
  line.sends("<message xmlns='jabber:component:accept' from='a@plays.capulet.example' to='juliet@capulet.example/balcony'><body>x</body></message>");
  const std::string got = t.juliet.receives("<body>x</body>");
  EXPECT_EQ(got.find("component"), std::string::npos) << got;
}

TEST(Components, SpeakWithEachOtherAndWithOtherServers) {
  Theatre t;
  Line line = t.line();
  Line other = t.line();
  line.connects(plays);
  other.connects(masks);
  line.sends("<message from='a@plays.capulet.example' to='b@masks.capulet.example'><body>one</body></message>");
  EXPECT_THAT(other.hears(), HasSubstr("<body>one</body>"));
  line.sends("<message from='a@plays.capulet.example' to='c@verona.example'><body>two</body></message>");
  t.elsewhere->receives({"from='a@plays.capulet.example'", "<body>two</body>"});
  t.elsewhere->sends("<message from='c@verona.example' to='a@plays.capulet.example'><body>three</body></message>");
  EXPECT_THAT(line.hears(), HasSubstr("<body>three</body>"));
  EXPECT_EQ(other.hears(), "");
}

TEST(Components, ThatStayAtHomeSpeakWithNoOtherServer) {
  Theatre t(both([](ComponentOptions& o) { o.abroad = false; }));
  Line line = t.line();
  line.connects(plays);
  EXPECT_THAT(line.sends("<message id='m' from='a@plays.capulet.example' to='c@verona.example'><body>x</body></message>"),
              HasSubstr("<not-allowed "));
  t.elsewhere->sends("<message id='m' from='c@verona.example' to='a@plays.capulet.example'><body>x</body></message>");
  t.elsewhere->receives({"type='error'", "<not-allowed "});
  EXPECT_EQ(line.hears(), "");
  t.says("a@plays.capulet.example", "here");
  EXPECT_THAT(line.hears(), HasSubstr("<body>here</body>"));
}

// ---- when it is not there

TEST(Components, WhatIsForOneThatIsAwayComesBack) {  // RFC 6120 8.3.3.16
  Theatre t;
  t.says("hamlet@plays.capulet.example", "m");
  t.juliet.receives({"type='error'", "id='m'", "<error type='wait'>", "<remote-server-timeout "});
  t.juliet.sends("<iq type='get' id='q' to='plays.capulet.example'><ping xmlns='urn:xmpp:ping'/></iq>");
  t.juliet.receives_error("q", "remote-server-timeout");
  t.juliet.sends("<iq type='result' id='r' to='plays.capulet.example'/>");
  t.juliet.sends("<message type='error' id='e' to='plays.capulet.example'><error type='cancel'/></message>");
  t.juliet.receives_nothing();
}

TEST(Components, WhatTheKernelHadNotTakenComesBackOnce) {
  Theatre t;
  Line line = t.line(2000);
  line.connects(plays);
  for (int i = 0; i < 30; ++i) {
    t.says("hamlet@plays.capulet.example", "m" + std::to_string(i));
  }
  EXPECT_GT(t.table->list()[1].waiting, 10U);
  line.cuts();
  std::size_t came_back = 0;
  for (; t.juliet.waiting() > 0; ++came_back) {
    t.juliet.receives("<remote-server-timeout ");
  }
  EXPECT_GT(came_back, 10U);
  EXPECT_LT(came_back, 30U);
  t.scene.advance(60s);
  t.juliet.receives_nothing();
}

TEST(Components, OneThatDoesNotReadIsLetGo) {  // security E04
  Theatre t(both(), {.write_queue = 20'000});
  Line line = t.line(2000);
  line.connects(plays);
  const std::string body(1000, 'x');
  for (int i = 0; i < 40 && t.connected() == 1; ++i) {
    t.juliet.sends("<message id='m' to='hamlet@plays.capulet.example'><body>" + body + "</body></message>");
  }
  EXPECT_EQ(t.connected(), 0U);
  std::size_t came_back = 0;
  for (; t.juliet.waiting() > 0; ++came_back) {
    t.juliet.receives("<remote-server-timeout ");
  }
  EXPECT_GT(came_back, 10U);
}

// ---- hostile ones

TEST(Components, AWrongProofOrNoneIsRefused) {
  Theatre t;
  {
    Line line = t.line();
    line.opens(plays);
    EXPECT_THAT(line.sends("<handshake>" + std::string(40, '0') + "</handshake>"), HasSubstr("<not-authorized "));
    EXPECT_TRUE(line.is_ended());
  }
  Line unknown = t.line();
  EXPECT_THAT(unknown.opens("nothing.capulet.example"), HasSubstr("<host-unknown "));
  Line early = t.line();
  early.opens(plays);
  EXPECT_THAT(early.sends("<message from='a@plays.capulet.example' to='nurse@capulet.example/hall'><body>x</body></message>"), HasSubstr("<not-authorized "));
  EXPECT_EQ(t.connected(), 0U);
}

TEST(Components, AForgedSenderEndsTheStreamAndNothingIsDelivered) {
  for (const std::string_view from : {"juliet@capulet.example/balcony", "capulet.example", "a@masks.capulet.example", "a@verona.example",
                                      "a@x.plays.capulet.example", "montague.example"}) {
    Theatre t;
    Line line = t.line();
    line.connects(plays);
    const std::string said = line.sends("<message from='" + std::string(from) + "' to='nurse@capulet.example/hall'><body>x</body></message>"
                                        "<message from='a@plays.capulet.example' to='nurse@capulet.example/hall'><body>y</body></message>");
    EXPECT_THAT(said, HasSubstr("<invalid-from ")) << from;
    EXPECT_TRUE(line.is_ended());
    EXPECT_EQ(t.connected(), 0U);
    t.nurse.receives_nothing();
  }
}

TEST(Components, AStanzaWithoutAnAddressEndsTheStream) {
  for (const std::string_view addresses : {"from='a@plays.capulet.example'", "to='nurse@capulet.example/hall'", ""}) {
    Theatre t;
    Line line = t.line();
    line.connects(plays);
    EXPECT_THAT(line.sends("<message " + std::string(addresses) + "><body>x</body></message>"), HasSubstr("<improper-addressing ")) << addresses;
    t.nurse.receives_nothing();
  }
}

TEST(Components, AMalformedStanzaIsAnsweredAndTheStreamGoesOn) {
  Theatre t;
  Line line = t.line();
  line.connects(plays);
  EXPECT_THAT(line.sends("<iq type='get' id='q' from='plays.capulet.example' to='capulet.example'/>"), HasSubstr("<bad-request "));
  EXPECT_THAT(line.sends("<message id='m' from='plays.capulet.example' to='@'><body>x</body></message>"), HasSubstr("<jid-malformed "));
  EXPECT_EQ(t.connected(), 1U);
  EXPECT_THAT(line.sends("<message from='@' to='capulet.example'/>"), HasSubstr("<invalid-from "));
}

TEST(Components, ASecondConnectionIsRefusedAndTheFirstStays) {
  Theatre t;
  Line first = t.line();
  first.connects(plays);
  Line second = t.line();
  EXPECT_THAT(second.connects(plays), HasSubstr("<conflict "));
  EXPECT_TRUE(second.is_ended());
  t.says("a@plays.capulet.example", "m");
  EXPECT_THAT(first.hears(), HasSubstr("<body>m</body>"));
  first.cuts();
  Line third = t.line();
  EXPECT_EQ(third.connects(plays), "<handshake/>") << "once the first is gone";
}

TEST(Components, OrTakesItsPlaceWhereTheOperatorSaysSo) {
  Theatre t;
  t.table->configure(Theatre::settings(true), {});
  Line first = t.line();
  first.connects(plays);
  Line stranger = t.line();
  stranger.opens(plays);
  stranger.sends("<handshake>" + std::string(40, '0') + "</handshake>");
  EXPECT_FALSE(first.is_ended()) << "only who shows the secret";
  Line second = t.line();
  EXPECT_EQ(second.connects(plays), "<handshake/>");
  EXPECT_THAT(first.hears(), HasSubstr("<conflict "));
  t.says("a@plays.capulet.example", "m");
  EXPECT_THAT(second.hears(), HasSubstr("<body>m</body>"));
  EXPECT_EQ(first.hears(), "");
  t.scene.advance(4s);
  EXPECT_EQ(t.connected(), 1U) << "the end of the first is not that of the second";
}

TEST(Components, HalfAStreamIsEndedInTime) {  // security E01
  Theatre t(both(), {.negotiation_time = 60s});
  Line silent = t.line();
  Line half = t.line();
  half.opens(plays);
  Line slow = t.line();
  slow.transport().send("<stream:str");
  t.scene.advance(59s);
  EXPECT_FALSE(silent.is_ended() || half.is_ended() || slow.is_ended());
  t.scene.advance(2s);
  for (Line* line : {&silent, &half, &slow}) {
    EXPECT_THAT(line->hears(), HasSubstr("<connection-timeout "));
    EXPECT_TRUE(line->is_ended());
  }
  Line open = t.line();
  open.connects(plays);
  open.transport().send("<message from='a@plays.capulet.example' to='nurse@capulet.example/hall'><body>half");
  open.cuts();
  t.nurse.receives_nothing();
  EXPECT_EQ(t.connected(), 0U);
}

TEST(Components, StrangersAreFewAndShort) {  // security E01, X08
  Theatre t(both(), {.admission = {.strangers = 100, .strangers_per_source = 2}});
  Line one = t.line();
  Line two = t.line();
  EXPECT_FALSE(t.table->admission().admit(*net::PeerAddress::parse("127.0.0.1", 40001), t.scene.clock().now()));
  EXPECT_EQ(one.connects(plays), "<handshake/>");
  EXPECT_TRUE(t.table->admission().admit(*net::PeerAddress::parse("127.0.0.1", 40001), t.scene.clock().now())) << "no stranger any more";
  two.opens(masks);
  EXPECT_THAT(two.sends("<handshake>" + std::string(20'000, 'a')), HasSubstr("<policy-violation "));
}

TEST(Components, AFloodIsReadSlowlyAndNothingOfItIsLost) {  // security D08, E05
  Theatre t(both([](ComponentOptions& o) {
    o.rate = 64 * KiB;
    o.rate_burst = 64 * KiB;
  }));
  Line line = t.line();
  line.connects(plays);
  const std::string body(1000, 'x');
  std::string flood;
  for (int i = 0; i < 600; ++i) {
    flood += "<message from='a@plays.capulet.example' to='juliet@capulet.example/balcony'><body>" + body + "</body></message>";
  }
  line.sends(flood);
  const std::size_t at_once = t.juliet.waiting();
  EXPECT_LT(at_once, 200U) << "the burst";
  t.scene.advance(5s);
  const std::size_t in_five_seconds = t.juliet.waiting();
  EXPECT_GT(in_five_seconds, at_once);
  EXPECT_LT(in_five_seconds, 500U);
  Line other = t.line();   // others do not wait for it
  other.connects(masks);
  other.sends("<message from='a@masks.capulet.example' to='nurse@capulet.example/hall'><body>quick</body></message>");
  t.nurse.receives("<body>quick</body>");
  t.scene.advance(20s);
  EXPECT_EQ(t.juliet.waiting(), 600U);
  t.juliet.ignores_the_rest();
}

TEST(Components, AStanzaWithoutEndEndsTheStream) {  // security X08
  Theatre t(both([](ComponentOptions& o) { o.max_stanza = Bytes{20'000}; }));
  Line line = t.line();
  line.connects(plays);
  line.sends("<message from='a@plays.capulet.example' to='nurse@capulet.example/hall'><body>");
  EXPECT_THAT(line.sends(std::string(30'000, 'x')), HasSubstr("<policy-violation "));
  t.nurse.receives_nothing();
}

TEST(Components, NobodyElseSpeaksForThem) {  // security D04
  Theatre t;
  const std::string_view forged = "<message from='a@plays.capulet.example' to='nurse@capulet.example/hall'><body>x</body></message>";
  EXPECT_EQ(t.elsewhere->is_refused(forged, "verona.example"), "invalid-from");
  EXPECT_EQ(t.elsewhere->is_refused(forged, plays), "invalid-from") << "whatever a server has proved";
  t.nurse.receives_nothing();
}

// ---- rules

TEST(Components, WhatTheirRuleDoesNotLetPassIsAnswered) {
  Theatre t(both([](ComponentOptions& o) {
    o.accept_stanzas = {"message"};
    o.send_stanzas = {"message"};
    o.accept_namespaces = {"urn:x"};
  }));
  Line line = t.line();
  line.connects(plays);
  EXPECT_THAT(line.sends("<message id='1' from='a@plays.capulet.example' to='nurse@capulet.example/hall'><y xmlns='urn:y'/></message>"),
              HasSubstr("<not-allowed "));
  line.sends("<presence from='a@plays.capulet.example' to='nurse@capulet.example/hall'/>");
  t.nurse.receives_nothing();
  t.juliet.sends("<iq type='get' id='q' to='plays.capulet.example'><ping xmlns='urn:xmpp:ping'/></iq>");
  t.juliet.receives_error("q", "not-allowed");
  EXPECT_EQ(line.hears(), "");
  line.sends("<message from='a@plays.capulet.example' to='nurse@capulet.example/hall'><body>x</body><y xmlns='urn:x'/></message>");
  t.nurse.receives("<body>x</body>");
}

TEST(Components, AChangedRuleASecretOrNoneEndsTheStream) {
  Theatre t;
  Line line = t.line();
  Line other = t.line();
  line.connects(plays);
  other.connects(masks);
  t.set_rules(both([](ComponentOptions& o) { o.rate = 2 * MiB; }));
  EXPECT_THAT(line.hears(), HasSubstr("<reset "));
  EXPECT_FALSE(other.is_ended());
  Line again = t.line();
  ASSERT_EQ(again.connects(plays), "<handshake/>");
  Components changed = Theatre::settings();
  changed.find(plays)->second.secret = SecretBytes(std::string_view("another secret of the plays"));
  changed.erase(changed.find(masks));
  t.table->configure(std::move(changed), {});
  EXPECT_THAT(again.hears(), HasSubstr("<reset "));
  EXPECT_THAT(other.hears(), HasSubstr("<reset "));
  Line old = t.line();
  EXPECT_THAT(old.connects(plays), HasSubstr("<not-authorized "));
}

TEST(Components, AreNamedByTheirParent) {  // XEP-0030 section 4
  Theatre t(both([](ComponentOptions& o) { o.listed_by = {"montague.example"}; }));
  const auto items = [&](std::string_view domain) { return t.juliet.asks("get", domain, "<query xmlns='http://jabber.org/protocol/disco#items'/>"); };
  const std::string here = items("capulet.example");
  EXPECT_THAT(here, HasSubstr("<item jid='masks.capulet.example' name='The plays'/>"));
  EXPECT_EQ(here.find(plays), std::string::npos);
  EXPECT_THAT(items("montague.example"), HasSubstr("<item jid='plays.capulet.example' name='The plays'/>"));
  std::vector<ComponentOptions> unlisted = both();
  unlisted[1].listed = false;
  t.set_rules(unlisted);
  EXPECT_EQ(items("capulet.example").find(masks), std::string::npos);
}

TEST(Components, RunNoAdministratorsCommands) {  // security S12
  Theatre t;
  t.scene.world().hosts.find("capulet.example")->second->set_administrators({BareJid::parse(std::string("a@") + std::string(plays)).value()});
  Line line = t.line();
  line.connects(plays);
  EXPECT_THAT(line.sends("<iq type='set' id='c' from='a@plays.capulet.example/x' to='capulet.example'>"
                         "<command xmlns='http://jabber.org/protocol/commands' node='urn:aldis:operator#user-list'/></iq>"),
              HasSubstr("<forbidden "));
}

TEST(Components, AtTheEndTheyAreToldAndNobodyWaitsForThem) {
  Theatre t;
  Line line = t.line();
  line.connects(plays);
  t.table->close();
  EXPECT_THAT(line.hears(), HasSubstr("<system-shutdown "));
  t.says("a@plays.capulet.example", "late");
  t.juliet.receives_error("late", "remote-server-timeout");
  t.scene.advance(4s);
  EXPECT_TRUE(t.table->is_closed());
}

}  // namespace
}  // namespace aldis::federation
