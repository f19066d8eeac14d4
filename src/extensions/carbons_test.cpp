// XEP-0280 in scenes: who gets a copy, who gets the message itself, and that nobody gets both or anybody else's.
#include "tests/support/scene.h"

namespace aldis::test {
namespace {

constexpr std::string_view enable = "<enable xmlns='urn:xmpp:carbons:2'/>";
constexpr std::string_view disable = "<disable xmlns='urn:xmpp:carbons:2'/>";

class Carbons : public ::testing::Test {
 protected:
  Scene scene_;
  Client& balcony_ = scene_.login("juliet@capulet.example/balcony");
  Client& chamber_ = scene_.login("juliet@capulet.example/chamber");
  Client& plain_ = scene_.login("juliet@capulet.example/plain");   // never enables carbons
  Client& romeo_ = scene_.login("romeo@montague.example/orchard");
  Client& nurse_ = scene_.login("nurse@capulet.example/hall");     // the bystander: with carbons, of another account

  Carbons() {
    for (Client* each : {&balcony_, &chamber_, &nurse_}) {
      each->asks("set", "", enable);
    }
  }
  void says(Client& client, std::string_view to, std::string_view content, std::string_view type = "chat") {
    client.sends("<message id='m' to='" + std::string(to) + "' type='" + std::string(type) + "'>" + std::string(content) + "</message>");
  }
};

TEST_F(Carbons, WhatIsSentToOneIsCopiedToTheOthers) {  // section 7
  says(romeo_, "juliet@capulet.example/balcony", "<body>But soft</body>");
  balcony_.receives({"from='romeo@montague.example/orchard'", "to='juliet@capulet.example/balcony'", "But soft"});
  const std::string copy = chamber_.receives(
      {"<message", "from='juliet@capulet.example'", "to='juliet@capulet.example/chamber'", "type='chat'",
       "<received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client'",
       "from='romeo@montague.example/orchard'", "to='juliet@capulet.example/balcony'", "<body>But soft</body>"});
  EXPECT_EQ(copy.find("sent"), std::string::npos);
  plain_.receives_nothing();
}

TEST_F(Carbons, WhatOneSendsIsCopiedToTheOthers) {  // section 8: "irrespective of whether the sending client has carbons enabled"
  for (Client* sender : {&balcony_, &plain_}) {
    says(*sender, "romeo@montague.example/orchard", "<body>Ay me</body>");
    romeo_.receives("Ay me");
    for (Client* other : {&balcony_, &chamber_}) {
      if (other != sender) {
        other->receives({"from='juliet@capulet.example'", "<sent xmlns='urn:xmpp:carbons:2'><forwarded", "from='" + sender->jid(),
                         "to='romeo@montague.example/orchard'", "Ay me"});
      }
    }
  }
}

TEST_F(Carbons, WhoGetsTheMessageItselfGetsNoCopy) {  // section 7, RFC 6121 section 8.5.2.1.1
  balcony_.comes_online();
  plain_.comes_online();
  balcony_.ignores_the_rest();
  plain_.ignores_the_rest();
  says(romeo_, "juliet@capulet.example", "<body>to all</body>");
  balcony_.receives({"to='juliet@capulet.example'", "to all"});
  plain_.receives({"to='juliet@capulet.example'", "to all"});
  chamber_.receives({"<received", "to all"});  // has sent no presence
  chamber_.sends("<presence><priority>-1</priority></presence>");
  for (Client* each : {&balcony_, &plain_, &chamber_}) {
    each->ignores_the_rest();
  }
  says(romeo_, "juliet@capulet.example", "<body>again</body>");
  balcony_.receives("again");
  plain_.receives("again");
  chamber_.receives({"<received", "again"});  // a negative priority
}

TEST_F(Carbons, ToAResourceThatIsGoneCountsAsToTheBareAddress) {  // RFC 6121 section 8.5.3.2.1
  balcony_.comes_online();
  says(romeo_, "juliet@capulet.example/gone", "<body>chat</body>");
  balcony_.receives({"to='juliet@capulet.example/gone'", "chat"});
  chamber_.receives({"<received", "chat"});
  says(romeo_, "juliet@capulet.example/gone", "<body>normal</body>", "normal");
  romeo_.receives_error("m", "service-unavailable");  // it went back to its sender, so nobody has a copy
}

TEST_F(Carbons, OneMayAskToBeLeftOut) {  // section 6.1, 10; XEP-0334
  for (const char* hint : {"<private xmlns='urn:xmpp:carbons:2'/>", "<no-copy xmlns='urn:xmpp:hints'/>"}) {
    says(romeo_, "juliet@capulet.example/balcony", "<body>secret</body>" + std::string(hint));
    balcony_.receives("secret");
    says(balcony_, "romeo@montague.example/orchard", "<body>secret</body>" + std::string(hint));
    romeo_.receives("secret");
  }
}

TEST_F(Carbons, AreSwitchedOnAndOffAtWill) {  // section 11.1
  chamber_.asks("set", "juliet@capulet.example", enable);
  chamber_.asks("set", "", disable);
  chamber_.asks("set", "", disable);
  says(romeo_, "juliet@capulet.example/balcony", "<body>one</body>");
  balcony_.receives("one");
  chamber_.receives_nothing();
  chamber_.asks("set", "", enable);
  says(romeo_, "juliet@capulet.example/balcony", "<body>two</body>");
  balcony_.receives("two");
  chamber_.receives({"<received", "two"});
}

TEST_F(Carbons, NobodySwitchesThemForAnother) {  // sections 4.1, 5.1
  for (const std::string_view verb : {enable, disable}) {
    nurse_.sends("<iq type='set' id='q' to='juliet@capulet.example'>" + std::string(verb) + "</iq>");
    nurse_.receives_error("q", "not-allowed");
    nurse_.sends("<iq type='set' id='q' to='nobody@capulet.example'>" + std::string(verb) + "</iq>");
    nurse_.receives_error("q", "not-allowed");  // security L01: the same of somebody who is not there
  }
}

TEST_F(Carbons, ToOneself) {
  says(balcony_, "juliet@capulet.example/plain", "<body>note</body>");
  plain_.receives({"from='juliet@capulet.example/balcony'", "note"});
  chamber_.receives({"<received", "note"});  // once, and the sender has it
  balcony_.receives_nothing();
}

TEST_F(Carbons, AnErrorFollowsItsMessage) {  // section 6.1: "in response to a message that was eligible"
  says(balcony_, "nobody@montague.example", "<body>anybody?</body>");
  chamber_.receives({"<sent", "anybody?"});
  balcony_.receives_error("m", "service-unavailable");
  chamber_.receives({"<received", "type='error'", "service-unavailable"});
  // The same from a client of the recipient's, which answers by itself.
  says(balcony_, "romeo@montague.example/orchard", "<body>you?</body>");
  romeo_.receives("you?");
  chamber_.receives({"<sent", "you?"});
  romeo_.sends("<message type='error' id='m' to='juliet@capulet.example/balcony'><error type='cancel'>"
               "<not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>");
  balcony_.receives({"type='error'", "not-acceptable"});
  chamber_.receives({"<received", "not-acceptable"});
}

TEST_F(Carbons, AnErrorOutOfNowhereIsNotCopied) {
  romeo_.sends("<message type='error' id='never' to='juliet@capulet.example/balcony'><body>x</body><error type='cancel'>"
               "<not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>");
  balcony_.receives("not-acceptable");
  says(balcony_, "romeo@montague.example/orchard", "<private xmlns='urn:xmpp:carbons:2'/><body>you?</body>");
  romeo_.receives("you?");
  romeo_.sends("<message type='error' id='m' to='juliet@capulet.example/balcony'><error type='cancel'>"
               "<not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>");
  balcony_.receives("not-acceptable");
}

TEST_F(Carbons, ACopyThatFindsNobodyIsDropped) {  // section 9.3: the sender never hears of it, nobody keeps it
  chamber_.stops_reading();
  for (int i = 0; i < 3; ++i) {
    says(romeo_, "juliet@capulet.example/balcony", "<body>noise</body>");
    balcony_.receives("noise");
  }
  chamber_.cuts_the_line();
  scene_.run();
  balcony_.comes_online();   // nothing was kept for it
  balcony_.receives_nothing();
  romeo_.receives_nothing();
}

TEST_F(Carbons, WhatABlockedContactSaysIsNotCopied) {  // XEP-0191 section 3.3
  balcony_.asks("set", "", "<block xmlns='urn:xmpp:blocking'><item jid='romeo@montague.example'/></block>");
  says(romeo_, "juliet@capulet.example/balcony", "<body>hear me</body>");
  romeo_.receives_error("m", "service-unavailable");
}

TEST_F(Carbons, AreAdvertised) {  // section 3
  const std::string info = nurse_.asks("get", "capulet.example", "<query xmlns='http://jabber.org/protocol/disco#info'/>");
  EXPECT_NE(info.find("var='urn:xmpp:carbons:2'"), std::string::npos);
  EXPECT_NE(info.find("var='urn:xmpp:carbons:rules:0'"), std::string::npos);
}

}  // namespace
}  // namespace aldis::test
