// A phone that returns with everything in one element: authentication, the resumption of its stream (XEP-0198 section 8), and a
// binding (XEP-0386) for when that fails. What follows is what a resumption on the old way would have brought.
#include <gmock/gmock.h>

#include "core/account.h"
#include "tests/support/sasl2_door.h"

namespace aldis::test {
namespace {
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view client = "11111111-1111-4111-8111-111111111111";
constexpr std::string_view manages =
    "<bind xmlns='urn:xmpp:bind:0'><tag>Phone</tag><enable xmlns='urn:xmpp:sm:3' resume='true'/>"
    "<enable xmlns='urn:xmpp:carbons:2'/><inactive xmlns='urn:xmpp:csi:0'/></bind>";

std::string resume(std::string_view id, std::string_view h = "0") {
  return "<resume xmlns='urn:xmpp:sm:3' previd='" + std::string(id) + "' h='" + std::string(h) + "'/>";
}

std::string logs_in(Phone& with, std::string_view inside) { return with.sends(plain2("mercutio", "queen-mab", client, inside)); }

struct Managed {
  Managed() {
    const std::string said = logs_in(first, manages);
    jid = identifier_in(said);
    id = between(said, "<enabled xmlns='urn:xmpp:sm:3' id='", "'");
    EXPECT_NE(id, "") << said;
  }
  void says(std::string_view text) {
    door.romeo.sends("<message to='" + jid + "' type='chat'><body>" + std::string(text) + "</body></message>");
  }
  Session* session() {
    Account* account = door.scene.home().find_account(*Jid::parse("mercutio@capulet.example"));
    return account == nullptr || account->sessions().empty() ? nullptr : account->sessions().front().get();
  }
  Door door;
  Phone first{door};
  std::string jid;
  std::string id;
};

TEST(LobbySasl2Resume, IsOffered) {  // XEP-0198 section 8.1, XEP-0386 section 2.1
  Managed m;
  EXPECT_THAT(m.first.features,
              AllOf(HasSubstr("<inline><bind xmlns='urn:xmpp:bind:0'><inline><feature var='urn:xmpp:sm:3'/>"),
                    HasSubstr("<feature var='urn:xmpp:csi:0'/>"), HasSubstr("<sm xmlns='urn:xmpp:sm:3'/>")));
  ASSERT_NE(m.session(), nullptr);
  EXPECT_TRUE(m.session()->is_managed());
  EXPECT_TRUE(m.session()->wants_carbons);
  m.door.romeo.sends("<message to='" + m.jid + "' type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>");
  EXPECT_EQ(m.first.hears(), "") << "it has said that nobody looks";
  EXPECT_THAT(m.first.sends("<active xmlns='urn:xmpp:csi:0'/>"), HasSubstr("<composing"));
  m.first.sends("</stream:stream>");
}

TEST(LobbySasl2Resume, OneRoundTripBringsTheStreamBack) {  // section 8.3
  for (const std::size_t cut : {std::string_view::npos, std::size_t{1}}) {
    Managed m;
    m.says("one");
    EXPECT_THAT(m.first.hears(), HasSubstr("<body>one</body>"));
    Phone back(m.door);
    const std::string said = back.sends(
        plain2("mercutio", "queen-mab", client, std::string(manages) + resume(m.id)) + "<r xmlns='urn:xmpp:sm:3'/>", cut);
    EXPECT_THAT(said, StartsWith("<success xmlns='urn:xmpp:sasl:2'><authorization-identifier>" + m.jid +
                                 "</authorization-identifier><resumed xmlns='urn:xmpp:sm:3' previd='" + m.id + "' h='0'/></success>"));
    EXPECT_THAT(said, Not(HasSubstr("<bound"))) << "XEP-0386 section 3.2: nothing is bound besides";
    EXPECT_THAT(said, AllOf(HasSubstr("<body>one</body>"), HasSubstr("<a xmlns='urn:xmpp:sm:3' h='0'/>")));
    EXPECT_THAT(m.first.hears(), HasSubstr(stream_error("conflict"))) << "section 5: the old stream ends";
    EXPECT_EQ(m.door.scene.home().session_count(), 3U);
    m.says("two");
    EXPECT_THAT(back.hears(), HasSubstr("<body>two</body>"));
    EXPECT_THAT(back.sends("<a xmlns='urn:xmpp:sm:3' h='2'/></stream:stream>"), EndsWith("</stream:stream>"));
  }
}

TEST(LobbySasl2Resume, WhatCannotBeResumedIsBoundAnew) {  // section 8.3: <failed/> beside <bound/>
  Managed m;
  Phone back(m.door);
  const std::string said = logs_in(back, std::string(manages) + resume("no-such"));
  EXPECT_THAT(said, AllOf(StartsWith("<success"), HasSubstr("</authorization-identifier><failed xmlns='urn:xmpp:sm:3'>"
                                                           "<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed><bound"),
                          HasSubstr("<enabled xmlns='urn:xmpp:sm:3' id='")));
  EXPECT_THAT(m.first.hears(), HasSubstr(stream_error("conflict"))) << "the same client has bound anew";
  const std::string jid = identifier_in(said);
  EXPECT_THAT(jid, StartsWith("mercutio@capulet.example/Phone/"));
  m.jid = jid;
  m.says("hello");
  EXPECT_THAT(back.hears(), HasSubstr("<body>hello</body>"));
  back.sends("<a xmlns='urn:xmpp:sm:3' h='1'/></stream:stream>");
}

TEST(LobbySasl2Resume, WithoutABindTheOldWayFollows) {
  Managed m;
  Phone back(m.door);
  EXPECT_THAT(logs_in(back, resume("no-such")),
              AllOf(HasSubstr("<authorization-identifier>mercutio@capulet.example</authorization-identifier><failed xmlns='urn:xmpp:sm:3'>"),
                    HasSubstr("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"), HasSubstr("<sm xmlns='urn:xmpp:sm:3'/>")));
  EXPECT_THAT(back.sends(resume(m.id)), HasSubstr("<resumed")) << "section 5: after a refusal it may try again";
  EXPECT_THAT(m.first.hears(), HasSubstr(stream_error("conflict")));
  back.sends("</stream:stream>");
}

TEST(LobbySasl2Resume, OnlyOnesOwnStream) {  // section 9
  Managed m;
  m.door.scene.has_account("tybalt@capulet.example", "prince-of-cats");
  Phone thief(m.door);
  EXPECT_THAT(thief.sends(plain2("tybalt", "prince-of-cats", client, resume(m.id))),
              AllOf(HasSubstr("<item-not-found"), Not(HasSubstr("<resumed"))));
  thief.sends("</stream:stream>");
  m.says("still mine");
  EXPECT_THAT(m.first.sends("<a xmlns='urn:xmpp:sm:3' h='1'/>"), Not(HasSubstr("error")));
  m.first.sends("</stream:stream>");
}

TEST(LobbySasl2Resume, ACountThatCannotBeEndsTheNewStreamOnly) {  // section 6
  Managed m;
  Phone wrong(m.door);
  EXPECT_THAT(logs_in(wrong, std::string(manages) + resume(m.id, "7")),
              AllOf(HasSubstr("<handled-count-too-high xmlns='urn:xmpp:sm:3' h='7'"), Not(HasSubstr("<success"))));
  Phone malformed(m.door);
  EXPECT_THAT(logs_in(malformed, resume(m.id, "-1")), HasSubstr("<malformed-request"));
  malformed.sends("</stream:stream>");
  m.says("still here");
  EXPECT_THAT(m.first.hears(), HasSubstr("<body>still here</body>"));
  m.first.sends("<a xmlns='urn:xmpp:sm:3' h='1'/></stream:stream>");
}

TEST(LobbySasl2Resume, NotWithAPasswordThatWasChangedMeanwhile) {  // security S13
  Managed m;
  Phone late(m.door);
  const std::string said = logs_in(late, "");
  EXPECT_THAT(said, HasSubstr("<success"));
  m.door.scene.advance(std::chrono::seconds(1));
  ASSERT_TRUE(m.door.scene.wait(m.door.scene.administration().set_password(*BareJid::parse("mercutio@capulet.example"),
                                                                           SecretBytes(std::string_view("new-words-1")))));
  EXPECT_THAT(m.first.hears(), HasSubstr("<stream:error>"));
  EXPECT_THAT(late.sends(resume(m.id)), Not(HasSubstr("<resumed")));
  EXPECT_THAT(late.sends("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"), HasSubstr("not-authorized"));
  late.sends("</stream:stream>");
}

}  // namespace
}  // namespace aldis::test
