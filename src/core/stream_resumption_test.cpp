// XEP-0198 (1.6.3) section 5: sessions that outlive their connections, clients that come back, and every way such a session
// can end, each with what becomes of what it had not delivered. The nurse is the bystander.
#include "core/account.h"
#include "tests/support/managed_client.h"

namespace aldis::test {
namespace {

constexpr std::string_view not_found = "<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>";

struct Verona {
  explicit Verona(SceneOptions options = {}) : scene(std::move(options)) {
    juliet.comes_online();
    id = enable_resumption(juliet);
  }
  void romeo_says(std::string_view text) {
    romeo.sends("<message to='juliet@capulet.example/balcony' type='chat' id='m'><body>" + std::string(text) + "</body></message>");
  }
  std::size_t sessions() { return scene.home().session_count(); }

  Scene scene;
  Client& juliet = scene.login("juliet@capulet.example/balcony");
  Client& romeo = scene.login("romeo@montague.example/orchard");
  Client& nurse = scene.login("nurse@capulet.example/hall");  // must see nothing
  std::string id;
};

TEST(StreamResumption, WhatWasMissedIsSentAgain) {
  Verona v;
  v.romeo_says("one");
  v.juliet.receives("<body>one</body>");
  v.juliet.sends("<a xmlns='urn:xmpp:sm:3' h='1'/>");
  v.romeo_says("two");
  v.juliet.cuts_the_line();
  v.romeo_says("three");
  v.romeo.receives_nothing();
  Client& back = v.scene.resumes("juliet@capulet.example", v.id, 1);
  EXPECT_EQ(back.next(), "<resumed xmlns='urn:xmpp:sm:3' previd='" + v.id + "' h='0'/>");
  EXPECT_EQ(back.jid(), "juliet@capulet.example/balcony");
  back.receives("<body>two</body>");
  back.receives("<body>three</body>");
  back.receives("<r xmlns='urn:xmpp:sm:3'/>");
  back.sends("<a xmlns='urn:xmpp:sm:3' h='3'/>");
  v.romeo_says("four");
  back.receives("<body>four</body>");
  back.sends("<a xmlns='urn:xmpp:sm:3' h='4'/>");
  back.receives_nothing();
}

TEST(StreamResumption, BothCountsGoOn) {
  Verona v;
  v.juliet.sends("<message to='romeo@montague.example/orchard'><body>1</body></message>");
  v.romeo.receives("<body>1</body>");
  v.juliet.cuts_the_line();
  Client& back = v.scene.resumes("juliet@capulet.example", v.id, 0);
  back.receives({"<resumed", "h='1'"});
  back.sends("<message to='romeo@montague.example/orchard'><body>2</body></message>");
  v.romeo.receives("<body>2</body>");
  is_acknowledged(back, 2);
}

TEST(StreamResumption, PresenceStaysAndNobodyIsToldOfTheGap) {
  SceneOptions options;
  Scene scene(options);
  scene.are_contacts("juliet@capulet.example", "romeo@montague.example");
  Client& romeo = scene.login("romeo@montague.example/orchard");
  romeo.comes_online();
  romeo.ignores_the_rest();
  Client& juliet = scene.login("juliet@capulet.example/balcony");
  juliet.comes_online();
  juliet.ignores_the_rest();
  romeo.ignores_the_rest();
  const std::string id = enable_resumption(juliet);
  juliet.cuts_the_line();
  romeo.receives_nothing();
  romeo.sends("<presence><show>away</show></presence>");
  romeo.receives("<show>away</show>");
  Client& back = scene.resumes("juliet@capulet.example", id, 0);
  back.receives("<resumed");
  back.receives({"<presence", "<show>away</show>"});
  back.receives("<r ");
  romeo.receives_nothing();
}

TEST(StreamResumption, TakesOverFromAStreamThatIsStillOpen) {  // section 5: conflict
  Verona v;
  Client& back = v.scene.resumes("juliet@capulet.example", v.id, 0);
  back.receives("<resumed");
  v.juliet.is_closed_with("conflict");
  v.romeo_says("here");
  back.receives("<body>here</body>");
  EXPECT_EQ(v.sessions(), 3U);
}

TEST(StreamResumption, TwiceAtOnceTheLastHasIt) {
  Verona v;
  v.romeo_says("one");
  v.juliet.receives("<body>one</body>");
  v.juliet.cuts_the_line();
  Client& first = v.scene.resumes("juliet@capulet.example", v.id, 0);
  Client& second = v.scene.resumes("juliet@capulet.example", v.id, 1);
  first.receives("<resumed");
  first.receives("<body>one</body>");
  first.receives("<r ");
  first.is_closed_with("conflict");
  second.receives("<resumed");
  second.receives_nothing();
}

TEST(StreamResumption, OnlyItsUserKnowsIt) {  // section 9
  Verona v;
  v.juliet.cuts_the_line();
  for (const char* user : {"romeo@montague.example", "nurse@capulet.example", "nobody@capulet.example"}) {
    Client& forger = v.scene.resumes(user, v.id, 0);
    forger.receives({"<failed xmlns='urn:xmpp:sm:3'>", not_found});
  }
  Client& wrong = v.scene.resumes("juliet@capulet.example", "made-up", 0);
  wrong.receives({"<failed xmlns='urn:xmpp:sm:3'>", not_found});
  Client& empty = v.scene.resumes("juliet@capulet.example", "", 0);
  empty.receives({"<failed xmlns='urn:xmpp:sm:3'>", not_found});
  Client& back = v.scene.resumes("juliet@capulet.example", v.id, 0);
  back.receives("<resumed");
}

TEST(StreamResumption, AStreamWithoutAnIdIsNotFoundByNone) {
  Verona v;
  v.romeo.sends("<enable xmlns='urn:xmpp:sm:3'/>");
  v.romeo.receives("<enabled");
  Client& forger = v.scene.resumes("romeo@montague.example", "", 0);
  forger.receives({"<failed", not_found});
  v.romeo.cuts_the_line();
  EXPECT_EQ(v.sessions(), 2U);  // gone at once
}

TEST(StreamResumption, AcknowledgingTooMuchLeavesTheSessionAlone) {  // section 6
  Verona v;
  v.romeo_says("one");
  v.juliet.receives("<body>one</body>");
  v.juliet.cuts_the_line();
  Client& wrong = v.scene.resumes("juliet@capulet.example", v.id, 2);
  wrong.receives("<failed");
  wrong.is_closed_with("<handled-count-too-high xmlns='urn:xmpp:sm:3' h='2' send-count='1'/>");
  Client& back = v.scene.resumes("juliet@capulet.example", v.id, 0);
  back.receives("<resumed");
  back.receives("<body>one</body>");
  back.receives("<r ");
}

TEST(StreamResumption, TooLateItIsOverAndSaysHowFarItWasHandled) {  // section 5: <failed h=''/>
  Verona v;
  v.juliet.sends("<presence/>");
  v.juliet.receives("<presence");
  v.juliet.cuts_the_line();
  v.scene.advance(std::chrono::seconds(299));
  EXPECT_EQ(v.sessions(), 3U);
  v.scene.advance(std::chrono::seconds(2));
  EXPECT_EQ(v.sessions(), 2U);
  Client& late = v.scene.resumes("juliet@capulet.example", v.id, 1);
  late.receives({"<failed xmlns='urn:xmpp:sm:3' h='1'>", not_found});
  Client& forger = v.scene.resumes("romeo@montague.example", v.id, 1);
  forger.receives({"<failed xmlns='urn:xmpp:sm:3'>", not_found});  // not for others
}

TEST(StreamResumption, ACleanCloseEndsTheSession) {  // section 7
  Verona v;
  v.juliet.sends("</stream:stream>");
  v.juliet.is_closed_with("");
  EXPECT_EQ(v.sessions(), 2U);
  Client& back = v.scene.resumes("juliet@capulet.example", v.id, 0);
  back.receives({"<failed", not_found});
}

TEST(StreamResumption, ASessionThatEndsKeepsItsMessagesOnce) {  // section 4: to storage
  Verona v;
  v.romeo_says("one");
  v.juliet.receives("<body>one</body>");
  v.juliet.cuts_the_line();
  v.romeo_says("two");
  v.scene.advance(std::chrono::seconds(301));
  v.romeo.receives_nothing();
  Client& back = v.scene.login("juliet@capulet.example/chamber");
  back.sends("<presence/>");
  back.receives_among({"<body>one</body>"});
  back.receives_among({"<body>two</body>"});
  back.receives("<presence");
  back.receives_nothing();
}

TEST(StreamResumption, OrToTheOtherSessionsOnce) {
  Verona v;
  Client& chamber = v.scene.login("juliet@capulet.example/chamber");
  chamber.comes_online();
  chamber.ignores_the_rest();
  v.juliet.ignores_the_rest();
  v.juliet.sends("<a xmlns='urn:xmpp:sm:3' h='1'/>");
  v.juliet.cuts_the_line();
  v.romeo_says("one");
  v.romeo.sends("<message to='juliet@capulet.example' type='chat'><body>both</body></message>");
  chamber.receives("<body>both</body>");
  v.scene.advance(std::chrono::seconds(301));
  chamber.receives({"type='unavailable'"});
  chamber.receives("<body>one</body>");
  chamber.receives_nothing();
}

TEST(StreamResumption, OrBackToTheSender) {
  Verona v;
  v.juliet.sends("<presence to='romeo@montague.example/orchard'/>");  // he may ask her then
  v.romeo.receives("<presence");
  v.juliet.cuts_the_line();
  v.romeo.sends(
      "<message to='juliet@capulet.example/balcony' type='chat' id='g'><body>g</body><no-store xmlns='urn:xmpp:hints'/></message>");
  v.romeo.sends("<iq type='get' id='i' to='juliet@capulet.example/balcony'><ping xmlns='urn:xmpp:ping'/></iq>");
  v.romeo.receives_nothing();
  v.scene.advance(std::chrono::seconds(119));
  v.romeo.receives_nothing();
  v.scene.advance(std::chrono::seconds(2));
  v.romeo.receives_error("i", "recipient-unavailable");
  v.scene.advance(std::chrono::seconds(200));
  v.romeo.receives("type='unavailable'");
  v.romeo.receives_error("g", "service-unavailable");
  v.romeo.receives_nothing();
}

TEST(StreamResumption, RequestsAreAnsweredWhenTheSessionEnds) {
  Verona v;
  v.juliet.sends("<presence to='romeo@montague.example/orchard'/>");
  v.romeo.receives("<presence");
  v.juliet.cuts_the_line();
  v.romeo.sends("<iq type='get' id='i' to='juliet@capulet.example/balcony'><ping xmlns='urn:xmpp:ping'/></iq>");
  v.romeo.receives_nothing();
  EXPECT_EQ(v.scene.wait(v.scene.administration().end_sessions(*Jid::parse("juliet@capulet.example/balcony"),
                                                              {.condition = StreamCondition::reset}, "kicked")),
            1U);
  v.romeo.receives_error("i", "service-unavailable");
  v.romeo.receives("type='unavailable'");
  Client& back = v.scene.resumes("juliet@capulet.example", v.id, 0);
  back.receives({"<failed", not_found});
}

TEST(StreamResumption, ANewBindOfTheResourceEndsTheOld) {
  Verona v;
  v.juliet.cuts_the_line();
  v.romeo_says("one");
  Client& anew = v.scene.login("juliet@capulet.example/balcony");
  EXPECT_EQ(v.sessions(), 3U);
  anew.sends("<presence/>");
  anew.receives_among({"<body>one</body>"});
  anew.receives("<presence");
  Client& back = v.scene.resumes("juliet@capulet.example", v.id, 0);
  back.receives({"<failed", not_found});
}

TEST(StreamResumption, APasswordChangeEndsWhatWaits) {  // security S13
  Verona v;
  v.juliet.cuts_the_line();
  const auto changed =
      v.scene.wait(v.scene.administration().set_password(*BareJid::parse("juliet@capulet.example"), SecretBytes("another-word-1")));
  ASSERT_TRUE(changed.has_value());
  EXPECT_EQ(v.sessions(), 2U);
  Client& back = v.scene.resumes("juliet@capulet.example", v.id, 0);
  back.receives({"<failed", not_found});
}

TEST(StreamResumption, SoDoesTheEndOfTheAccount) {  // security S13
  for (const bool is_deleted : {false, true}) {
    Verona v;
    v.juliet.cuts_the_line();
    v.romeo_says("one");
    const BareJid juliet = *BareJid::parse("juliet@capulet.example");
    const auto done = v.scene.wait(is_deleted ? v.scene.administration().delete_account(juliet)
                                              : v.scene.administration().set_enabled(juliet, false));
    ASSERT_TRUE(done.has_value());
    EXPECT_EQ(v.sessions(), 2U);
    v.romeo.ignores_the_rest();
    Client& back = v.scene.resumes("juliet@capulet.example", v.id, 0);
    back.receives({"<failed", not_found});
  }
}

TEST(StreamResumption, WaitingSessionsAreBounded) {
  SceneOptions options;
  options.core.detached_sessions = 2;
  Verona v(options);
  v.juliet.cuts_the_line();
  for (int i = 0; i < 2; ++i) {
    v.scene.advance(std::chrono::seconds(1));
    Client& another = v.scene.login("juliet@capulet.example/r" + std::to_string(i));
    enable_resumption(another);
    another.cuts_the_line();
  }
  EXPECT_EQ(v.sessions(), 4U);  // two of hers, the oldest is gone
  Client& back = v.scene.resumes("juliet@capulet.example", v.id, 0);
  back.receives({"<failed", not_found});
}

TEST(StreamResumption, WaitingSessionsMakeRoomForNewOnes) {
  SceneOptions options;
  options.core.sessions_per_account = 1;
  Verona v(options);
  v.juliet.cuts_the_line();
  Client& anew = v.scene.login("juliet@capulet.example/anew");
  anew.comes_online();
  EXPECT_EQ(v.sessions(), 3U);
}

TEST(StreamResumption, ADetachedSessionIsListedAndKicked) {
  Verona v;
  v.juliet.cuts_the_line();
  const auto listed = v.scene.wait(v.scene.administration().sessions(BareJid::parse("juliet@capulet.example").value(), 10));
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_TRUE(listed.front().is_detached);
  EXPECT_TRUE(listed.front().is_available);
  Client& back = v.scene.resumes("juliet@capulet.example", v.id, 0);
  back.receives("<resumed");
  EXPECT_FALSE(v.scene.wait(v.scene.administration().sessions(std::nullopt, 1)).front().is_detached);
}

}  // namespace
}  // namespace aldis::test
