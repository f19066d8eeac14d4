// A service at work: what is stored, who is told, and what a store that fails does to it. The sections of XEP-0060 one by one are in
// xep0060_*_test.cpp.
#include "extensions/pubsub/service.h"

#include <gtest/gtest.h>

#include "extensions/pubsub/nodes.h"
#include "tests/support/default_extensions.h"
#include "tests/support/failing_scene.h"
#include "tests/support/scene.h"
#include "xmpp/timestamp.h"

namespace aldis::test {
namespace {

constexpr std::string_view domain = "pubsub.shakespeare.lit";

std::string everybody(std::string_view content) { return "<pubsub xmlns='http://jabber.org/protocol/pubsub'>" + std::string(content) + "</pubsub>"; }
std::string owner(std::string_view content) { return "<pubsub xmlns='http://jabber.org/protocol/pubsub#owner'>" + std::string(content) + "</pubsub>"; }
std::string publish(std::string_view node, std::string_view id, std::string_view text = "x") {
  return everybody("<publish node='" + std::string(node) + "'><item id='" + std::string(id) + "'><v xmlns='urn:v'>" + std::string(text) + "</v></item></publish>");
}
std::string subscribe(std::string_view node, std::string_view jid) {
  return everybody("<subscribe node='" + std::string(node) + "' jid='" + std::string(jid) + "'/>");
}
std::string config(std::string_view var, std::string_view value) {
  return "<configure><x xmlns='jabber:x:data' type='submit'><field var='pubsub#" + std::string(var) + "'><value>" + std::string(value) + "</value></field></x></configure>";
}

SceneOptions with_pubsub(std::size_t shards = 1) {
  SceneOptions options;
  options.domains = {"shakespeare.lit"};
  options.pubsub = {std::string(domain)};
  options.shards = shards;
  return options;
}

class ServiceTest : public ::testing::Test {
 protected:
  explicit ServiceTest(std::size_t shards = 1) : scene(with_pubsub(shards)) {
    hamlet.comes_online();
    ophelia.comes_online();
    yorick.comes_online();
  }
  static std::string fails(Client& client, std::string_view type, std::string_view to, std::string_view payload) {
    client.sends("<iq type='" + std::string(type) + "' id='f' to='" + std::string(to) + "'>" + std::string(payload) + "</iq>");
    return client.receives_among({"<iq", "type='error'", "id='f'"});
  }

  Scene scene;
  Client& hamlet = scene.login("hamlet@shakespeare.lit/elsinore");
  Client& ophelia = scene.login("ophelia@shakespeare.lit/river");
  Client& yorick = scene.login("yorick@shakespeare.lit/grave");   // the bystander
};

TEST_F(ServiceTest, ANodeIsMadeSubscribedPublishedToReadAndDeleted) {
  hamlet.asks("set", domain, everybody("<create node='musings'/>"));
  EXPECT_NE(ophelia.asks("set", domain, subscribe("musings", "ophelia@shakespeare.lit")).find("subscription='subscribed'"), std::string::npos);
  EXPECT_NE(hamlet.asks("set", domain, publish("musings", "one")).find("<item id='one'/>"), std::string::npos);
  ophelia.receives({"<message", "type='headline'", "<items node='musings'>", "<item id='one'><v xmlns='urn:v'>x</v></item>"});
  EXPECT_NE(ophelia.asks("get", domain, everybody("<items node='musings'/>")).find("<item id='one'><v xmlns='urn:v'>x</v></item>"), std::string::npos);
  hamlet.asks("set", domain, everybody("<retract node='musings'><item id='one'/></retract>"));
  ophelia.receives({"<retract id='one'/>"});
  hamlet.asks("set", domain, owner("<delete node='musings'/>"));
  ophelia.receives({"<delete node='musings'/>"});
  EXPECT_NE(fails(ophelia, "get", domain, everybody("<items node='musings'/>")).find("item-not-found"), std::string::npos);
  yorick.receives_nothing();
}

TEST_F(ServiceTest, WhatIsInTheStoreOutlivesTheServiceInMemory) {
  hamlet.asks("set", domain, everybody("<create node='musings'/>" + config("access_model", "whitelist")));
  hamlet.asks("set", domain, owner("<affiliations node='musings'><affiliation jid='ophelia@shakespeare.lit' affiliation='member'/></affiliations>"));
  ophelia.receives({"affiliation='member'"});
  ophelia.asks("set", domain, subscribe("musings", "ophelia@shakespeare.lit"));
  hamlet.asks("set", domain, publish("musings", "one"));
  ophelia.receives("id='one'");
  scene.home().relieve_memory(MemoryStep::strangers_refused);
  EXPECT_TRUE(scene.home().residents().empty());
  EXPECT_NE(fails(yorick, "get", domain, everybody("<items node='musings'/>")).find("closed-node"), std::string::npos);
  hamlet.asks("set", domain, publish("musings", "two"));
  ophelia.receives("id='two'");
  yorick.receives_nothing();
}

TEST_F(ServiceTest, AThousandSubscribersAreToldInOrder) {
  hamlet.asks("set", domain, everybody("<create node='musings'/>"));
  std::vector<Client*> many;
  for (int i = 0; i < 300; ++i) {   // more than are told in a turn
    Client& each = scene.login("p" + std::to_string(i) + "@shakespeare.lit/x");
    each.comes_online();
    each.asks("set", domain, subscribe("musings", "p" + std::to_string(i) + "@shakespeare.lit"));
    many.push_back(&each);
  }
  for (int i = 0; i < 3; ++i) {
    hamlet.sends_without_running("<iq type='set' id='p" + std::to_string(i) + "' to='" + std::string(domain) + "'>" + publish("musings", std::to_string(i)) + "</iq>");
  }
  scene.run();
  for (int i = 0; i < 3; ++i) {
    hamlet.receives({"type='result'", "id='p" + std::to_string(i) + "'"});
    for (Client* each : many) {
      each->receives({"<item id='" + std::to_string(i) + "'"});
    }
  }
  yorick.receives_nothing();
}

TEST_F(ServiceTest, OfflineSubscribersOfHeadlinesAreNotLoaded) {
  hamlet.asks("set", domain, everybody("<create node='musings'/>"));
  ophelia.asks("set", domain, subscribe("musings", "ophelia@shakespeare.lit"));
  ophelia.sends("</stream:stream>");
  scene.advance(std::chrono::minutes(5));
  ASSERT_EQ(scene.home().find_account(*BareJid::parse("ophelia@shakespeare.lit")), nullptr);
  hamlet.asks("set", domain, publish("musings", "one"));
  EXPECT_EQ(scene.home().find_account(*BareJid::parse("ophelia@shakespeare.lit")), nullptr);
}

TEST_F(ServiceTest, AnAccountHasAServiceOfItsOwn) {
  const std::string made = hamlet.asks("set", "hamlet@shakespeare.lit", publish("urn:mood", "current"));
  EXPECT_NE(made.find("<item id='current'/>"), std::string::npos);
  EXPECT_NE(fails(yorick, "get", "hamlet@shakespeare.lit", everybody("<items node='urn:mood'/>")).find("presence-subscription-required"), std::string::npos);
  // The same of what is not there, and of whom there is not.
  const std::string absent = fails(yorick, "get", "hamlet@shakespeare.lit", everybody("<items node='urn:nothing'/>"));
  EXPECT_NE(absent.find("presence-subscription-required"), std::string::npos);
  EXPECT_NE(fails(yorick, "get", "nobody@shakespeare.lit", everybody("<items node='urn:mood'/>")).find("presence-subscription-required"), std::string::npos);
  EXPECT_NE(hamlet.asks("get", "hamlet@shakespeare.lit", everybody("<items node='urn:mood'/>")).find("id='current'"), std::string::npos);
  scene.advance(std::chrono::minutes(3));
  EXPECT_EQ(scene.home().residents().find("nobody@shakespeare.lit"), nullptr);
}

TEST_F(ServiceTest, OthersPublishThroughTheSameRules) {
  const auto id = scene.wait(pubsub::publish(scene.home(), {*BareJid::parse("hamlet@shakespeare.lit"), "urn:avatar"}, *Jid::parse("hamlet@shakespeare.lit"), "a",
                                             "<data xmlns='urn:a'/>", std::nullopt));
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(*id, "a");
  const auto items = scene.wait(pubsub::newest(scene.home(), {*BareJid::parse("hamlet@shakespeare.lit"), "urn:avatar"}, 10));
  ASSERT_TRUE(items.has_value() && items->size() == 1);
  const auto forbidden = scene.wait(pubsub::publish(scene.home(), {*BareJid::parse("hamlet@shakespeare.lit"), "urn:avatar"}, *Jid::parse("yorick@shakespeare.lit"), "b",
                                                    "<data xmlns='urn:a'/>", std::nullopt));
  EXPECT_FALSE(forbidden.has_value());
  const auto gone = scene.wait(pubsub::retract(scene.home(), {*BareJid::parse("hamlet@shakespeare.lit"), "urn:avatar"}, *Jid::parse("hamlet@shakespeare.lit"), "a", false));
  EXPECT_TRUE(gone.has_value());
}

TEST_F(ServiceTest, CollectionsPassOnWhatTheirSubscribersMayRead) {
  hamlet.asks("set", domain, everybody("<create node='blogs'/>" + config("node_type", "collection")));
  hamlet.asks("set", domain, everybody("<create node='open'/>" + config("collection", "blogs")));
  hamlet.asks("set", domain, everybody("<create node='closed'/><configure><x xmlns='jabber:x:data' type='submit'><field var='pubsub#collection'><value>blogs</value></field>"
                                       "<field var='pubsub#access_model'><value>whitelist</value></field></x></configure>"));
  ophelia.asks("set", domain, everybody("<subscribe node='blogs' jid='ophelia@shakespeare.lit'/><options><x xmlns='jabber:x:data' type='submit'>"
                                        "<field var='pubsub#subscription_type'><value>items</value></field></x></options>"));
  hamlet.asks("set", domain, publish("open", "one"));
  ophelia.receives({"<items node='open'>", "<headers xmlns='http://jabber.org/protocol/shim'><header name='Collection'>blogs</header></headers>"});
  hamlet.asks("set", domain, publish("closed", "two"));
  ophelia.receives_nothing();
  yorick.receives_nothing();
}

TEST_F(ServiceTest, AnOwnersApprovalDecides) {
  hamlet.asks("set", domain, everybody("<create node='musings'/>" + config("access_model", "authorize")));
  EXPECT_NE(ophelia.asks("set", domain, subscribe("musings", "ophelia@shakespeare.lit")).find("subscription='pending'"), std::string::npos);
  const std::string asked = hamlet.receives({"<message", "pubsub#subscribe_authorization", "ophelia@shakespeare.lit"});
  hamlet.asks("set", domain, publish("musings", "one"));
  ophelia.receives_nothing();
  const auto answer = [](std::string_view allow) {
    return "<message to='" + std::string(domain) + "'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/pubsub#subscribe_authorization"
           "</value></field><field var='pubsub#node'><value>musings</value></field><field var='pubsub#subscriber_jid'><value>ophelia@shakespeare.lit</value></field>"
           "<field var='pubsub#allow'><value>" + std::string(allow) + "</value></field></x></message>";
  };
  yorick.sends(answer("true"));
  yorick.receives({"<message", "type='error'", "forbidden"});
  ophelia.receives_nothing();
  hamlet.sends(answer("true"));
  ophelia.receives({"subscription='subscribed'"});
  ophelia.receives({"id='one'", "urn:xmpp:delay"});
}

TEST_F(ServiceTest, ARemovedAccountLeavesNoNodesToItsSuccessor) {
  Client& osric = scene.login("osric@shakespeare.lit/hat");
  osric.asks("set", "osric@shakespeare.lit", everybody("<publish node='urn:mood'><item id='a'><v xmlns='urn:v'/></item></publish>"));
  ASSERT_TRUE(scene.wait(scene.administration().delete_account(*BareJid::parse("osric@shakespeare.lit"))).has_value());
  osric.ignores_the_rest();
  scene.has_account("osric@shakespeare.lit");
  Client& another = scene.login("osric@shakespeare.lit/plume");
  EXPECT_NE(fails(another, "get", "osric@shakespeare.lit", everybody("<items node='urn:mood'/>")).find("item-not-found"), std::string::npos);
}

// What it costs to come online does not grow with the nodes that somebody has subscribed to: those that show their last item are found, and
// no other is read (many_nodes in tests/load has 20,000 of them).
TEST(PubSubAtLogin, SubscribedNodesThatShowNothingAreNotLoaded) {
  StoresOfScene stores;
  Scene scene(stores.under(with_pubsub()));
  Client& hamlet = scene.login("hamlet@shakespeare.lit/elsinore");
  const auto calls_of_coming_online = [&](const std::string& resource) {
    scene.advance(std::chrono::minutes(10));   // no node is in memory
    Client& ophelia = scene.login("ophelia@shakespeare.lit/" + resource);
    const std::size_t calls = stores.calls_of([&] { ophelia.sends("<presence/>"); });
    ophelia.ignores_the_rest();
    ophelia.sends("<presence type='unavailable'/>");
    ophelia.ignores_the_rest();
    return calls;
  };
  Client& first = scene.login("ophelia@shakespeare.lit/first");
  const auto make = [&](int from, int to, const std::string& configure) {
    for (int i = from; i < to; ++i) {
      hamlet.asks("set", domain, everybody("<create node='n" + std::to_string(i) + "'/>" + configure));
      first.asks("set", domain, subscribe("n" + std::to_string(i), "ophelia@shakespeare.lit"));
    }
  };
  make(0, 1, {});
  static_cast<void>(calls_of_coming_online("before"));   // what is read once, whatever there is
  const std::size_t with_one = calls_of_coming_online("one");
  make(1, 60, {});
  EXPECT_EQ(calls_of_coming_online("sixty"), with_one);
  make(60, 62, config("send_last_published_item", "on_sub_and_presence"));
  hamlet.asks("set", domain, publish("n60", "one"));
  hamlet.asks("set", domain, publish("n7", "one"));
  first.ignores_the_rest();
  EXPECT_LE(calls_of_coming_online("more"), with_one + 4);
  Client& last = scene.login("ophelia@shakespeare.lit/last");
  last.sends("<presence/>");
  last.receives_among({"<items node='n60'>", "<item id='one'>"});
  scene.leaves_the_rest_unread();
}

class SpreadServiceTest : public ServiceTest {
 protected:
  SpreadServiceTest() : ServiceTest(4) {}
};

TEST_F(SpreadServiceTest, NodesAndTheirSubscribersLiveOnManyShards) {
  for (int i = 0; i < 12; ++i) {
    const std::string node = "node" + std::to_string(i);
    hamlet.asks("set", domain, everybody("<create node='" + node + "'/>"));
    ophelia.asks("set", domain, subscribe(node, "ophelia@shakespeare.lit"));
    hamlet.asks("set", domain, publish(node, "one"));
    ophelia.receives({"<items node='" + node + "'>"});
  }
  const std::string mine = ophelia.asks("get", domain, everybody("<subscriptions/>"));
  EXPECT_NE(mine.find("node='node0'"), std::string::npos);
  EXPECT_NE(mine.find("node='node11'"), std::string::npos);
  EXPECT_NE(hamlet.asks("get", domain, "<query xmlns='http://jabber.org/protocol/disco#items'/>").find("node='node7'"), std::string::npos);
  yorick.receives_nothing();
}

}  // namespace
}  // namespace aldis::test
