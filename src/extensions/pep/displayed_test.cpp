// XEP-0490 (1.0.1) section 4.5: server assist.
#include "tests/support/failing_scene.h"
#include "tests/support/pep_scene.h"

namespace aldis::test {
namespace {

constexpr std::string_view node = "urn:xmpp:mds:displayed:0";
constexpr std::string_view marker = "<displayed xmlns='urn:xmpp:chat-markers:0' id='the-msg-1'/>";
std::string displayed_xml(std::string_view id = "0423e3a9", std::string_view by = "juliet@capulet.lit") {
  return "<displayed xmlns='urn:xmpp:mds:displayed:0'><stanza-id xmlns='urn:xmpp:sid:0' by='" + std::string(by) + "' id='" + std::string(id) + "'/></displayed>";
}

class Displayed : public Capulets {
 protected:
  Displayed() {
    shows(balcony, {node});
    shows(chamber, {node});
    shows(romeo, {node});
    hush();
  }
  // What he is sent: messages, without the rest.
  std::vector<std::string> messages(Client& client) { return events(client); }
  std::string items() { return done(balcony, "get", items_xml(node)); }
  Client& balcony = login("juliet@capulet.lit/balcony");
  Client& chamber = login("juliet@capulet.lit/chamber");
  Client& romeo = login("romeo@montague.lit/orchard");
};

TEST_F(Displayed, IsPublishedAndTakenOutOfTheMessage) {   // section 4.5.3
  balcony.sends("<message to='romeo@montague.lit' id='m'>" + std::string(marker) + displayed_xml() + "</message>");
  const std::vector<std::string> got = messages(romeo);
  ASSERT_EQ(got.size(), 1U);
  EXPECT_TRUE(holds(got[0], marker)) << got[0];
  EXPECT_FALSE(holds(got[0], "mds")) << got[0];
  EXPECT_FALSE(holds(got[0], "0423e3a9")) << "security considerations: the stanza-id is nobody else's";
  const std::string event = on_node("items", node, "<item id='romeo@montague.lit'>" + displayed_xml() + "</item>");
  sees(balcony, event);
  sees(chamber, event);
  const std::string all = items();
  EXPECT_TRUE(holds(all, "<item id='romeo@montague.lit'>" + displayed_xml() + "</item>")) << all;
  balcony.sends("<message to='romeo@montague.lit' id='m'>" + std::string(marker) + displayed_xml("later") + "</message>");
  EXPECT_EQ(messages(romeo).size(), 1U);
  hush();
  EXPECT_FALSE(holds(items(), "0423e3a9"));
  EXPECT_TRUE(holds(items(), "later"));
  // Section 5.2: the node is as it ought to be.
  const std::string form = done(balcony, "get", owner_xml(on_node("configure", node)));
  EXPECT_TRUE(holds(form, "<value>whitelist</value>"));
  refused(romeo, "get", items_xml(node), "cancel not-allowed closed-node", "juliet@capulet.lit");
}

TEST_F(Displayed, IsNeitherArchivedNorCopied) {   // section 5.2
  chamber.sends("<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
  hush();
  balcony.sends("<message to='romeo@montague.lit' type='chat' id='m'><body>seen</body>" + displayed_xml() + "</message>");
  for (Client* each : {&chamber, &romeo}) {
    for (const std::string& message : messages(*each)) {
      EXPECT_TRUE(!holds(message, "<body>") || !holds(message, "0423e3a9")) << message;
    }
  }
  hush();
  for (Client* each : {&balcony, &romeo}) {
    done(*each, "set", "<query xmlns='urn:xmpp:mam:2'/>");
    std::size_t found = 0;
    for (const std::string& message : messages(*each)) {
      found += holds(message, "<body>seen</body>") ? 1U : 0U;
      EXPECT_FALSE(holds(message, "0423e3a9")) << message;
    }
    EXPECT_EQ(found, 1U);
  }
}

TEST_F(Displayed, ItemIsTheVerbatimAddress) {   // sections 4.1 and 5.1: of a participant in a room the full one
  balcony.sends("<message to='romeo@montague.lit/orchard' type='chat' id='m'>" + std::string(marker) + displayed_xml() + "</message>");
  balcony.sends("<message to='coven@chat.shakespeare.lit' type='groupchat' id='m'>" + std::string(marker) + displayed_xml("x", "coven@chat.shakespeare.lit") + "</message>");
  hush();
  EXPECT_TRUE(holds(items(), "<item id='romeo@montague.lit/orchard'>"));
  EXPECT_TRUE(holds(items(), "<item id='coven@chat.shakespeare.lit'>"));
}

TEST_F(Displayed, BadOnesGoBackAndNobodySeesThem) {   // section 4.5.3: nobody is sent an empty message
  const std::string id = "<stanza-id xmlns='urn:xmpp:sid:0' by='juliet@capulet.lit' id='a'/>";
  for (const std::string& content :
       {displayed_xml(), std::string(marker) + "<displayed xmlns='urn:xmpp:mds:displayed:0'/>", std::string(marker) + displayed_xml() + displayed_xml(),
        std::string(marker) + "<displayed xmlns='urn:xmpp:mds:displayed:0'>" + id + id + "</displayed>",
        std::string(marker) + "<displayed xmlns='urn:xmpp:mds:displayed:0'><stanza-id xmlns='urn:xmpp:sid:0' id='a'/></displayed>",
        std::string(marker) + "<displayed xmlns='urn:xmpp:mds:displayed:0'><other xmlns='urn:other' id='a' by='b'/></displayed>"}) {
    balcony.sends("<message to='romeo@montague.lit' id='bad'>" + content + "</message>");
    const std::vector<std::string> got = messages(balcony);
    ASSERT_EQ(got.size(), 1U) << content;
    EXPECT_TRUE(holds(got[0], "type='error'") && holds(got[0], "<bad-request ")) << got[0];
    EXPECT_TRUE(messages(romeo).empty()) << content;
  }
  refused(balcony, "get", items_xml(node), "cancel item-not-found", "juliet@capulet.lit");
}

TEST_F(Displayed, NodeThatOthersMayReadIsNotPublishedTo) {   // security considerations
  done(balcony, "set", create_xml(node, {{"access_model", "open"}}));
  balcony.sends("<message to='romeo@montague.lit' id='m'>" + std::string(marker) + displayed_xml() + "</message>");
  const std::vector<std::string> got = messages(balcony);
  ASSERT_EQ(got.size(), 1U);
  EXPECT_TRUE(holds(got[0], "<conflict ") && holds(got[0], "precondition-not-met")) << got[0];
  EXPECT_TRUE(messages(romeo).empty());
  EXPECT_FALSE(holds(done(romeo, "get", items_xml(node), "juliet@capulet.lit"), "0423e3a9"));
}

TEST_F(Displayed, OfOthersIsNotOurs) {   // a message that comes in with it is passed on as it is
  romeo.sends("<message to='juliet@capulet.lit/balcony' id='m'><body>x</body></message>");
  EXPECT_EQ(messages(balcony).size(), 1U);
  refused(balcony, "get", items_xml(node), "cancel item-not-found", "juliet@capulet.lit");
}

TEST_F(Displayed, AccountSaysSo) {   // section 4.5.2
  EXPECT_TRUE(holds(done(balcony, "get", info_xml(), "juliet@capulet.lit"), "<feature var='urn:xmpp:mds:server-assist:0'/>"));
}

// What could not be stored is told to its sender, and the message has gone nowhere.
TEST(DisplayedFailures, MessageGoesOnOnlyWhenItIsPublished) {
  const std::size_t failures = fail_each_call([](std::size_t n) {
    StoresOfScene stores;
    Scene scene(stores.under({}));
    Client& juliet = scene.login("juliet@capulet.example/balcony");
    Client& romeo = scene.login("romeo@montague.example/orchard");
    romeo.comes_online();
    juliet.asks("set", "", publish_xml(tune, "a", "<tune xmlns='http://jabber.org/protocol/tune'/>"));   // her service is in memory
    const bool has_failed = stores.fail({.nth = n}, [&] {
      juliet.sends("<message to='romeo@montague.example' id='m' type='headline'>" + std::string(marker) + displayed_xml("a", "juliet@capulet.example") + "</message>");
    });
    if (has_failed) {
      juliet.receives({"type='error'", "id='m'"});
    } else {
      romeo.receives({"<message", marker});
    }
    romeo.receives_nothing();
    return has_failed;
  });
  EXPECT_GT(failures, 1U);
}

}  // namespace
}  // namespace aldis::test
