// A stream another server has opened: idle ones are closed without losing what is on its way (RFC 6120 section 4.6.3), and with XEP-0288
// what goes back on it is counted where the peer counts (XEP-0198 section 4). The nurse is the bystander.
#include "federation/inbound_peer.h"

#include "tests/support/foreign_server.h"

namespace aldis::federation {
namespace {

using namespace std::chrono_literals;
using test::Identity;
using test::issue;
using test::root_authority;
using test::verona_server;

constexpr std::string_view honest =
    "<message from='prince@verona.example' to='juliet@capulet.example' type='chat'><body>honest</body></message>";
constexpr std::string_view enable = "<enable xmlns='urn:xmpp:sm:3'/>";

std::string ack(int h) { return "<a xmlns='urn:xmpp:sm:3' h='" + std::to_string(h) + "'/>"; }

const Identity& verona() {
  static const Identity made = issue(verona_server(), &root_authority());
  return made;
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

TEST(IdleInbound, IsClosedGracefullyAndWhatWasOnItsWayIsTaken) {
  test::FederationScene s({.inbound_idle_time = 300s});
  const auto line = s.comes_in(&verona());
  s.scene.advance(250s);
  line->says(honest);   // in use
  s.juliet.receives("honest");
  s.scene.advance(250s);
  EXPECT_EQ(line->hears(), "");
  s.scene.advance(80s);
  EXPECT_EQ(line->hears(), "</stream:stream>") << "no error: section 4.4";
  EXPECT_FALSE(line->is_ended());
  EXPECT_EQ(line->says(honest), "");   // it had sent this before it saw our end
  s.juliet.receives("honest");
  EXPECT_EQ(line->says("</stream:stream>"), "") << "our end was said already";
  EXPECT_TRUE(line->is_ended());
  s.scene.advance(4s);   // no longer than that it lingers
  EXPECT_EQ(s.open_streams(), 0U);
  s.nurse.receives_nothing();
}

TEST(IdleInbound, WhoDoesNotAnswerTheEndIsClosedAllTheSame) {
  test::FederationScene s({.inbound_idle_time = 300s});
  const auto line = s.comes_in(&verona());
  s.scene.advance(320s);
  EXPECT_EQ(line->hears(), "</stream:stream>");
  s.scene.advance(40s);
  EXPECT_EQ(line->hears(), "");
  EXPECT_TRUE(line->is_ended());
  EXPECT_EQ(s.open_streams(), 0U);
}

TEST(IdleInbound, WhiteSpaceIsNoSilenceAndNoLimitIsNone) {   // XEP-0478 section 3: "without any traffic"
  test::FederationScene s({.inbound_idle_time = 300s});
  const auto line = s.comes_in(&verona());
  for (int i = 0; i < 10; ++i) {
    s.scene.advance(200s);
    EXPECT_EQ(line->says(" "), "");
  }
  test::FederationScene other({.inbound_idle_time = 0s});
  const auto quiet = other.comes_in(&verona());
  other.scene.advance(2h);
  EXPECT_EQ(quiet->hears(), "");
}

TEST(IdleInbound, IsSaidBeforehand) {
  test::FederationScene s({.inbound_idle_time = 300s});
  const auto line = s.calls(&verona());
  EXPECT_NE(line->says(test::verona_header()).find("<idle-seconds>300</idle-seconds>"), std::string::npos);
}

TEST(IdleInbound, IsNotClosedWhileALinkStillWaitsOnIt) {
  test::FederationScene s({.inbound_idle_time = 300s});
  const auto line = s.comes_in(&verona(), true);
  line->says(enable);
  s.juliet_says("one");
  EXPECT_NE(line->hears().find("<body>one</body>"), std::string::npos);   // and it says nothing
  s.scene.advance(600s);
  EXPECT_EQ(line->hears().find("</stream:stream>"), std::string::npos);
  line->says(ack(1));
  s.scene.advance(320s);
  EXPECT_NE(line->hears().find("</stream:stream>"), std::string::npos);
  s.juliet_says("two");   // goes another way
  EXPECT_EQ(line->hears(), "");
  EXPECT_FALSE(s.called.empty());
}

// What the listener agreed on before it was known whose rule counts.
TEST(InboundTls, AProfileOfThePeersOwnIsHeldTo) {
  policy::PeerOptions rule;
  rule.tls_profile = tls::OwnProfile::cnsa;
  test::FederationScene s({}, rule);
  const auto line = s.calls(&verona());
  EXPECT_NE(line->says(test::verona_header()).find("<not-authorized"), std::string::npos);
  EXPECT_TRUE(line->is_ended());
  EXPECT_NE(s.log.with({"audit-peer-refused", "rule=partner", "is not of the profile cnsa"}), "");
}

TEST(Bidi, WhatGoesBackIsCountedAndSentAgainElsewhereIfItWasNotAcknowledged) {
  test::FederationScene s;
  const auto line = s.comes_in(&verona(), true);
  EXPECT_NE(line->says(enable).find("<enabled"), std::string::npos);
  s.juliet_says("one");
  s.juliet_says("two");
  std::string said = line->hears();
  EXPECT_NE(said.find("<body>one</body>"), std::string::npos);
  EXPECT_NE(said.find("<body>two</body>"), std::string::npos);
  EXPECT_NE(said.find("<r xmlns='urn:xmpp:sm:3'/>"), std::string::npos) << said;
  line->says(ack(1));
  line->cuts();
  const auto next = s.lets_us_in(&verona());   // the link calls
  said = next->says(test::verona_header("verona.example", "capulet.example", "two") + "<stream:features/>");
  EXPECT_EQ(said.find("<body>one</body>"), std::string::npos) << said;
  EXPECT_EQ(count(said, "<body>two</body>"), 1U) << said;
  s.juliet.receives_nothing();
  s.nurse.receives_nothing();
}

// Section 4: counting begins with <enabled/>, whatever was sent before.
TEST(Bidi, WhatWasSentBeforeCountingIsNotCounted) {
  test::FederationScene s;
  const auto line = s.comes_in(&verona(), true);
  s.juliet_says("before");
  EXPECT_NE(line->hears().find("<body>before</body>"), std::string::npos);
  line->says(enable);
  s.juliet_says("after");
  EXPECT_NE(line->hears().find("<body>after</body>"), std::string::npos);
  EXPECT_EQ(line->says(ack(1)).find("stream:error"), std::string::npos);
  const std::string said = line->says(ack(2));   // more than was counted
  EXPECT_NE(said.find("handled-count-too-high"), std::string::npos) << said;
  line->cuts();
  s.scene.advance(5s);
  EXPECT_TRUE(s.called.empty()) << "nothing was left to send";
  EXPECT_TRUE(s.stored().empty());
}

TEST(Bidi, WithoutCountingTheKernelsWordIsEnough) {
  test::FederationScene s;
  const auto line = s.comes_in(&verona(), true);
  s.juliet_says("one");
  const std::string said = line->hears();
  EXPECT_NE(said.find("<body>one</body>"), std::string::npos);
  EXPECT_EQ(said.find("<r "), std::string::npos);
  line->cuts();
  s.scene.advance(5s);
  EXPECT_TRUE(s.called.empty());
}

// Security D04: on a stream that we opened the other server says nothing, unless that was agreed; it need not have proved its name.
TEST(Outbound, WithoutAnAgreementNothingComesBack) {
  policy::PeerOptions rule;
  rule.authentication = policy::PeerAuthentication::external_or_dialback;   // then both directions are never asked for
  test::FederationScene s({}, rule);
  const Identity nobody = issue(verona_server(), nullptr);
  s.juliet_says("one");
  const auto line = s.lets_us_in(&nobody);
  std::string said = line->says(test::verona_header("verona.example", "capulet.example", "two") + "<stream:features/>");
  EXPECT_NE(said.find("<body>one</body>"), std::string::npos) << said;
  said = line->says(honest);
  EXPECT_NE(said.find("<not-authorized"), std::string::npos) << said;
  EXPECT_TRUE(line->is_ended());
  s.juliet.receives_nothing();
  s.nurse.receives_nothing();
}

// What is said while a stream is being closed (a rule has changed, a certificate was revoked, it was idle) is not for it any more.
TEST(Outbound, WhatIsSaidWhileItsStreamEndsGoesOnTheNext) {
  test::FederationScene s;
  s.juliet_says("one");
  const auto line = s.lets_us_in(&verona());
  EXPECT_NE(line->says(test::verona_header("verona.example", "capulet.example", "two") + "<stream:features/>").find("<body>one</body>"), std::string::npos);
  std::vector<PeerStream*> all;
  s.table->for_each_stream([&](PeerStream& stream) { all.push_back(&stream); });
  ASSERT_EQ(all.size(), 1U);
  all.front()->end({.condition = StreamCondition::reset});
  s.juliet_says("late");
  EXPECT_EQ(line->hears().find("late"), std::string::npos);
  s.scene.advance(4s);   // no longer than that it lingers
  const auto next = s.lets_us_in(&verona());
  const std::string said = next->says(test::verona_header("verona.example", "capulet.example", "two") + "<stream:features/>");
  EXPECT_NE(said.find("<body>late</body>"), std::string::npos) << said;
  EXPECT_EQ(said.find("<body>one</body>"), std::string::npos) << said;
}

// The other side of the same: what the peer sends back while XEP-0198 is still being agreed.
TEST(Bidi, StanzasMayComeBeforeEnabled) {
  test::FederationScene s;
  s.juliet_says("one");
  const auto line = s.answers(&verona());
  ASSERT_NE(line, nullptr);
  line->hears();
  std::string said = line->says(test::verona_header("verona.example", "capulet.example", "one") +
                                "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>EXTERNAL</mechanism></mechanisms>"
                                "<bidi xmlns='urn:xmpp:features:bidi'/></stream:features>");
  EXPECT_NE(said.find("<bidi xmlns='urn:xmpp:bidi'/>"), std::string::npos) << said;
  line->says("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
  said = line->says(test::verona_header("verona.example", "capulet.example", "two") + "<stream:features><sm xmlns='urn:xmpp:sm:3'/></stream:features>");
  EXPECT_NE(said.find("<enable"), std::string::npos) << said;
  said = line->says(honest);
  EXPECT_EQ(said.find("stream:error"), std::string::npos) << said;
  s.juliet.receives("honest");
  said = line->says("<enabled xmlns='urn:xmpp:sm:3'/>" + std::string(honest) + "<r xmlns='urn:xmpp:sm:3'/>");
  s.juliet.receives("honest");
  EXPECT_NE(said.find("<body>one</body>"), std::string::npos) << said;
  EXPECT_NE(said.find("<a xmlns='urn:xmpp:sm:3' h='1'/>"), std::string::npos) << "counted from <enabled/> on: " << said;
  s.nurse.receives_nothing();
}

}  // namespace
}  // namespace aldis::federation
