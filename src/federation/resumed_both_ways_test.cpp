// XEP-0198 (1.6.3) section 5 on a stream that goes both ways (XEP-0288) and was opened by the peer: what went back on it and was not
// acknowledged when it broke arrives, once, on the stream the peer resumes it by or on another. The nurse is the bystander.
#include "tests/support/foreign_server.h"

namespace aldis::federation {
namespace {

using namespace std::chrono_literals;
using test::ForeignLine;
using test::Identity;
using test::issue;
using test::root_authority;
using test::verona_server;

constexpr std::string_view honest =
    "<message from='prince@verona.example' to='juliet@capulet.example' type='chat'><body>honest</body></message>";
constexpr std::string_view enable = "<enable xmlns='urn:xmpp:sm:3' resume='true'/>";

const Identity& verona() {
  static const Identity made = issue(verona_server(), &root_authority());
  return made;
}
std::string ack(int h) { return "<a xmlns='urn:xmpp:sm:3' h='" + std::to_string(h) + "'/>"; }
std::string body(std::string_view text) { return "<body>" + std::string(text) + "</body>"; }
std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

struct BothWays : test::FederationScene {
  using FederationScene::FederationScene;
  // In with XEP-0288 and XEP-0198; has been sent one and two, and has acknowledged the first.
  std::unique_ptr<ForeignLine> broken_later() {
    auto line = comes_in(&verona(), true);
    const std::string enabled = line->says(enable);
    const std::size_t at = enabled.find("id='") + 4;
    EXPECT_NE(enabled.find("resume='true'"), std::string::npos) << enabled;
    previd = enabled.substr(at, enabled.find('\'', at) - at);
    juliet_says("one");
    juliet_says("two");
    EXPECT_NE(line->hears().find(body("two")), std::string::npos);
    line->says(ack(1));
    return line;
  }
  std::string resume(ForeignLine& line, int h) { return line.says("<resume xmlns='urn:xmpp:sm:3' previd='" + previd + "' h='" + std::to_string(h) + "'/>"); }
  // Our call is taken; what came behind our last header.
  std::string called_instead(std::unique_ptr<ForeignLine>& line) {
    line = lets_us_in(&verona());
    return line->says(test::verona_header("verona.example", "capulet.example", "two") + "<stream:features/>");
  }
  std::string previd;
};

TEST(ResumedBothWays, WhatWasNotAcknowledgedIsSentAgainBehindResumed) {
  BothWays s;
  const auto line = s.broken_later();
  line->says(honest);
  s.juliet.receives("honest");
  line->cuts();
  s.juliet_says("three");
  s.scene.advance(2s);
  EXPECT_TRUE(s.called.empty()) << "the peer is given a moment";
  const auto back = s.comes_in(&verona(), true);
  EXPECT_EQ(back->hears(), "") << "nothing goes before the peer has said what it wants";
  const std::string said = s.resume(*back, 1);
  EXPECT_EQ(said.find("<resumed xmlns='urn:xmpp:sm:3' previd='" + s.previd + "' h='1'/>"), 0U) << said;
  EXPECT_EQ(count(said, body("one")), 0U) << said;
  EXPECT_EQ(count(said, body("two")), 1U) << said;
  EXPECT_EQ(count(said, body("three")), 1U) << said;
  EXPECT_LT(said.find(body("two")), said.find(body("three")));
  EXPECT_EQ(back->says(ack(3)), "");
  s.juliet_says("four");
  EXPECT_EQ(count(back->hears(), body("four")), 1U);
  EXPECT_EQ(back->says(ack(4)), "");
  back->says(honest);
  s.juliet.receives("honest");
  EXPECT_EQ(back->says("<r xmlns='urn:xmpp:sm:3'/>"), ack(2));
  s.scene.advance(60s);
  EXPECT_TRUE(s.called.empty());
  EXPECT_TRUE(s.stored().empty());
  s.juliet.receives_nothing();
  s.nurse.receives_nothing();
}

TEST(ResumedBothWays, WhatThePeerHasIsNotSentAgain) {
  BothWays s;
  const auto line = s.broken_later();
  line->cuts();
  const auto back = s.comes_in(&verona(), true);
  const std::string said = s.resume(*back, 2);
  EXPECT_EQ(said, "<resumed xmlns='urn:xmpp:sm:3' previd='" + s.previd + "' h='0'/>");
  s.scene.advance(60s);
  EXPECT_TRUE(s.called.empty());
  back->cuts();   // and once more
  s.juliet_says("three");
  std::unique_ptr<ForeignLine> ours;
  const std::string there = s.called_instead(ours);   // nothing was under way: it need not wait
  EXPECT_EQ(count(there, body("three")), 1U) << there;
  EXPECT_EQ(count(there, body("two")), 0U) << there;
}

TEST(ResumedBothWays, TakesOverFromAStreamThatIsStillOpen) {
  BothWays s;
  const auto line = s.broken_later();
  const auto back = s.comes_in(&verona(), true);
  const std::string said = s.resume(*back, 1);
  EXPECT_EQ(count(said, body("two")), 1U) << said;
  EXPECT_NE(line->hears().find("<conflict"), std::string::npos);
  s.juliet_says("three");
  EXPECT_EQ(count(back->hears(), body("three")), 1U);
  EXPECT_EQ(line->hears(), "");
}

TEST(ResumedBothWays, NotResumedItGoesOnOurCallOnce) {
  BothWays s;
  const auto line = s.broken_later();
  line->says(honest);
  s.juliet.receives("honest");
  line->cuts();
  s.juliet_says("three");
  s.scene.advance(6s);
  std::unique_ptr<ForeignLine> ours;
  const std::string said = s.called_instead(ours);
  EXPECT_EQ(count(said, body("one")), 0U) << said;
  EXPECT_EQ(count(said, body("two")), 1U) << said;
  EXPECT_EQ(count(said, body("three")), 1U) << said;
  EXPECT_LT(said.find(body("two")), said.find(body("three")));
  // Too late: what went back has gone another way. What it has sent us is still known.
  const auto back = s.comes_in(&verona(), true);
  const std::string refused = s.resume(*back, 1);
  EXPECT_NE(refused.find("<failed xmlns='urn:xmpp:sm:3' h='1'><item-not-found"), std::string::npos) << refused;
  EXPECT_NE(back->says(enable).find("<enabled"), std::string::npos);
  EXPECT_EQ(count(back->hears() + ours->hears(), "<body>"), 0U);
}

TEST(ResumedBothWays, NotResumedItGoesOnThePeersNextStreamOnce) {
  BothWays s;
  const auto line = s.broken_later();
  line->cuts();
  s.juliet_says("three");
  const auto back = s.comes_in(&verona(), true);
  EXPECT_EQ(back->hears(), "");
  const std::string said = back->says(enable);   // a new one
  EXPECT_EQ(said.find("<enabled"), 0U) << said;
  EXPECT_EQ(count(said, body("one")), 0U) << said;
  EXPECT_EQ(count(said, body("two")), 1U) << said;
  EXPECT_EQ(count(said, body("three")), 1U) << said;
  EXPECT_EQ(back->says(ack(2)).find("stream:error"), std::string::npos) << "both are counted";
  EXPECT_NE(back->says(ack(3)).find("handled-count-too-high"), std::string::npos) << "and no more than they";
}

TEST(ResumedBothWays, OrBehindAPeerThatDoesNotCount) {
  BothWays s;
  const auto line = s.broken_later();
  line->cuts();
  const auto back = s.comes_in(&verona(), true);
  const std::string said = back->says(honest);
  s.juliet.receives("honest");
  EXPECT_EQ(count(said, body("two")), 1U) << said;
  s.scene.advance(60s);
  EXPECT_TRUE(s.called.empty());
}

TEST(ResumedBothWays, AStreamThatWasClosedIsNotResumed) {   // section 7
  BothWays s;
  const auto line = s.broken_later();
  line->says("</stream:stream>");
  s.scene.advance(4s);   // no longer than that it lingers
  std::unique_ptr<ForeignLine> ours;
  EXPECT_EQ(count(s.called_instead(ours), body("two")), 1U) << "nobody is waited for";
  const auto back = s.comes_in(&verona(), true);
  EXPECT_NE(s.resume(*back, 1).find("<item-not-found"), std::string::npos);
}

TEST(ResumedBothWays, WhoAcknowledgesWhatItWasNotSentIsRefused) {   // section 6
  BothWays s;
  const auto line = s.broken_later();
  line->cuts();
  const auto wrong = s.comes_in(&verona(), true);
  const std::string said = s.resume(*wrong, 3);
  EXPECT_NE(said.find("<handled-count-too-high xmlns='urn:xmpp:sm:3' h='3' send-count='2'/>"), std::string::npos) << said;
  EXPECT_EQ(count(said, body("two")), 0U);
  EXPECT_EQ(said.find("<resumed"), std::string::npos);
  const auto back = s.comes_in(&verona(), true);
  EXPECT_EQ(count(s.resume(*back, 1), body("two")), 1U);
}

TEST(ResumedBothWays, ThereAndBackOnlyTogether) {
  BothWays s;
  const auto line = s.broken_later();
  line->cuts();
  const auto back = s.comes_in(&verona(), false);   // one way now
  EXPECT_NE(s.resume(*back, 1).find("<item-not-found"), std::string::npos);
  s.scene.advance(6s);
  std::unique_ptr<ForeignLine> ours;
  EXPECT_EQ(count(s.called_instead(ours), body("two")), 1U);
}

TEST(ResumedBothWays, ALinkWithNothingToSayIsForgottenInTime) {
  BothWays s({.resumption_time = 60s});
  const auto line = s.broken_later();
  line->says(ack(2));
  line->cuts();
  s.scene.advance(30s);
  EXPECT_EQ(s.table->list().size(), 1U);
  s.scene.advance(60s);
  EXPECT_EQ(s.table->list().size(), 0U);
  const auto back = s.comes_in(&verona(), true);
  EXPECT_NE(s.resume(*back, 2).find("<item-not-found"), std::string::npos);
}

// Ours can be resumed by us; if the peer is first with one of its own, what we had under way goes there.
TEST(ResumedBothWays, ThePeersStreamTakesWhatOursHadUnderWay) {
  BothWays s;
  s.juliet_says("one");
  const auto ours = s.lets_us_in(&verona());
  ours->says(test::verona_header("verona.example", "capulet.example", "two") + "<stream:features><sm xmlns='urn:xmpp:sm:3'/></stream:features>");
  EXPECT_EQ(count(ours->says("<enabled xmlns='urn:xmpp:sm:3' id='ours' resume='true'/>"), body("one")), 1U);
  ours->cuts();
  s.scene.run();
  const auto theirs = s.calls(&verona());
  std::string said = theirs->says(test::verona_header());
  said += theirs->says("<bidi xmlns='urn:xmpp:bidi'/>" + std::string(test::verona_auth));
  said += theirs->says(test::verona_header());
  said += theirs->says(enable);
  EXPECT_EQ(count(said, body("one")), 1U) << said;
  s.nurse.receives_nothing();
}

}  // namespace
}  // namespace aldis::federation
