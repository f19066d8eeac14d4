// `aldis peer explain`, both directions: what an operator is told of a partner that is well, of one that is refused, and of a stranger.
#include "federation/explain_inbound.h"

#include <gmock/gmock.h>

#include "tests/support/foreign_server.h"
#include "tests/support/test_revocation.h"

namespace aldis::federation {
namespace {

using namespace std::chrono_literals;
using test::Identity;
using test::issue;
using test::root_authority;
using test::verona_server;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const Identity& verona() {
  static const Identity made = issue(verona_server(), &root_authority());
  return made;
}

struct Explained : test::FederationScene {
  using FederationScene::FederationScene;
  // Of one direction, as "topic: text", "!" before what is not good. Nobody answers our call.
  std::vector<std::string> explained(bool is_inbound = true, std::string peer = "verona.example") {
    table->set_road([](const net::ServerTarget&) -> std::unique_ptr<net::Transport> { return nullptr; });
    const auto told = scene.wait(table->explain("capulet.example", std::move(peer)));
    std::vector<std::string> lines;
    for (const auto& line : told.lines) {
      if (line.is_inbound == is_inbound) {
        lines.push_back((line.is_good ? "" : "!") + line.topic + ": " + line.text);
      }
    }
    return lines;
  }
};

TEST(Explain, APartnerThatIsWell) {
  Explained s;
  const auto line = s.comes_in(&verona(), true);
  line->says("<message from='prince@verona.example' to='juliet@capulet.example' type='chat'><body>honest</body></message>");
  s.juliet.receives("honest");
  EXPECT_THAT(s.explained(),
              ElementsAre("rule: \"partner\" applies: it may send to us", HasSubstr("!TCP: no listener is for other servers: write a [[listener]]"),
                          "TLS: as its listener speaks it",
                          AllOf(HasSubstr("certificate: a certificate with verona.example in it"), HasSubstr("one of the 1 authorities in /"), HasSubstr("ca.pem")),
                          "revocation: nobody asks whether it is revoked", "authentication: SASL EXTERNAL only",
                          HasSubstr("may send: message, presence, iq; from verona.example, to the domains served here; "),
                          AllOf(HasSubstr("now: it called capulet.example at 2026-01-01T00:0"), HasSubstr("192.0.2.9:40000, TLSv1.3 "),
                                HasSubstr("by EXTERNAL with the certificate CN=verona.example, serial number "), HasSubstr(", both directions; 1 stanzas have come")),
                          HasSubstr("last refused: no stream in its name")));
  EXPECT_THAT(s.explained(false), Contains("rule: \"partner\" applies: it may be sent to"));
}

TEST(Explain, WhatItsRuleDemands) {
  policy::PeerOptions rule;
  rule.direction = policy::PeerDirection::in;
  rule.authentication = policy::PeerAuthentication::external_or_dialback;
  rule.revocation = policy::PeerRevocation::hard;
  rule.anchors = "none.pem";
  rule.accept_stanzas = {"message"};
  rule.may_speak_for = {"*.verona.example"};
  rule.rate = Bytes{1000};
  Explained s({}, rule);
  const auto lines = s.explained();
  EXPECT_THAT(lines, Contains(AllOf(HasSubstr("!certificate: none can be believed: the file of anchors"), HasSubstr("none.pem cannot be read"))));
  EXPECT_THAT(lines, Contains(HasSubstr("revocation: hard")));
  EXPECT_THAT(lines, Contains(HasSubstr("authentication: SASL EXTERNAL, or dialback")));
  EXPECT_THAT(lines, Contains(AllOf(HasSubstr("may send: message; from verona.example, *.verona.example"), HasSubstr("1000 bytes a second"))));
  EXPECT_THAT(lines, Contains("now: it has no stream open to us"));
  EXPECT_THAT(s.explained(false), Contains(AllOf(HasSubstr("!rule: \"partner\" applies: peer-direction"), HasSubstr("write direction = \"both\" or \"out\"."))));
}

TEST(Explain, WhyItsLastStreamWasRefused) {
  Explained s;
  test::Recipe old = verona_server();
  old.key = "P-256/verona old";
  old.from = -48h;
  old.to = -24h;
  const Identity expired = issue(old, &root_authority());
  s.scene.advance(10s);
  EXPECT_NE(s.calls(&expired)->says(test::verona_header()).find("<not-authorized"), std::string::npos);
  const auto refused = [](std::string_view why) {
    return Contains(AllOf(HasSubstr("!last refused: 2026-01-01T00:0"), HasSubstr("Z, from 192.0.2.9:40000, to capulet.example, by the rule \"partner\": " + std::string(why))));
  };
  EXPECT_THAT(s.explained(), refused("expired: certificate \"CN=verona.example\": expired on "));
  // What it did when it had been let in.
  s.comes_in(&verona())->says("<message from='prince@elsewhere.example' to='juliet@capulet.example'><body>forged</body></message>");
  EXPECT_THAT(s.explained(), refused("invalid-from"));
  // A stream that was let in and ends later is none that was refused.
  const auto line = s.comes_in(&verona());
  s.table->for_each_stream([](PeerStream& stream) { stream.end({.condition = StreamCondition::reset}); });
  EXPECT_THAT(s.explained(), refused("invalid-from"));
  s.nurse.receives_nothing();
}

TEST(Explain, AStreamThatItsCertificateEnded) {   // security C05
  Explained s({.revocation = tls::RevocationMode::soft});
  const auto line = s.comes_in(&verona());
  ASSERT_TRUE(s.known->import_crls(test::make_crl(root_authority(), {.revoked = {&verona()}})));
  s.scene.advance(21s);
  EXPECT_NE(line->hears().find("<not-authorized"), std::string::npos);
  EXPECT_THAT(s.explained(), Contains(AllOf(HasSubstr("!last refused: "), HasSubstr("an open stream was ended: revoked: "))));
}

TEST(Explain, AStranger) {
  Explained s;
  const auto line = s.calls(&verona());
  EXPECT_NE(line->says(test::verona_header("mantua.example")).find("<policy-violation"), std::string::npos);
  EXPECT_THAT(s.explained(true, "mantua.example"),
              ElementsAre(AllOf(HasSubstr("!rule: "), HasSubstr("peer-rejected; its streams end with policy-violation. If it is to be a partner, write [[peer]] "
                                                                "with domain = \"mantua.example\".")),
                          "now: it has no stream open to us", AllOf(HasSubstr("!last refused: "), HasSubstr(": peer-rejected"))));
  EXPECT_THAT(s.explained(false, "mantua.example"), Contains(AllOf(HasSubstr("!rule: "), HasSubstr("write [[peer]] with domain"))));
}

// Docs/federation.md: the stream ends.
TEST(InboundTls, ARuleForDirectTlsHoldsForStreamsToUsToo) {
  policy::PeerOptions rule;
  rule.tls = policy::PeerTls::direct;
  Explained s({}, rule);
  auto [theirs, ours] = test::MemoryTransport::pair(1024 * 1024, *net::PeerAddress::parse("192.0.2.9", 40000), *net::PeerAddress::parse("192.0.2.1", 5269));
  s.table->receive(std::move(ours), {.is_direct = false});
  theirs->send(test::verona_header());
  s.scene.run();
  EXPECT_NE(theirs->receive().find("<policy-violation"), std::string::npos);
  EXPECT_THAT(s.explained(), Contains(HasSubstr(": its rule has tls = \"direct\", and it called for STARTTLS")));
  static_cast<void>(s.comes_in(&verona()));
}

// Whoever calls may claim any name.
TEST(Refusals, AreBoundedAndThoseOfPartnersAreForgottenLast) {
  Refusals refusals(3);
  const auto at = [](int second) { return Refusal{.why = "x", .when = test::ManualClock().wall() + std::chrono::seconds(second)}; };
  refusals.note("partner.example", at(1), true);
  for (int i = 2; i < 100; ++i) {
    refusals.note("n" + std::to_string(i) + ".example", at(i), false);
  }
  EXPECT_EQ(refusals.size(), 3U);
  EXPECT_NE(refusals.last("partner.example"), nullptr);
  EXPECT_NE(refusals.last("n99.example"), nullptr);
  EXPECT_EQ(refusals.last("n2.example"), nullptr);
  refusals.note("second.example", at(100), true);
  refusals.note("third.example", at(101), true);
  refusals.note("n101.example", at(102), false);
  EXPECT_EQ(refusals.last("n101.example"), nullptr);
  EXPECT_NE(refusals.last("partner.example"), nullptr);
}

}  // namespace
}  // namespace aldis::federation
