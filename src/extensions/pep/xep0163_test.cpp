// XEP-0163 (1.2.2), section by section: an account publishes, and those who may have it and want it are told, once, where they are.
// The list of all sections is docs/pubsub-conformance.md.
#include "tests/support/pep_scene.h"

namespace aldis::test {
namespace {

class Pep : public Capulets {
 protected:
  Pep() {
    groups(juliet, "nurse@capulet.lit", "Servants");
    groups(juliet, "romeo@montague.lit", "Friends");
    shows(juliet, {tune});
    shows(chamber, {tune});
    hush();
  }
  Client& juliet = login("juliet@capulet.lit/balcony");
  Client& chamber = login("juliet@capulet.lit/chamber");
  Client& nurse = login("nurse@capulet.lit/chamber");
  Client& romeo = login("romeo@montague.lit/orchard");
  Client& benvolio = login("benvolio@montague.lit/street");
  static constexpr std::string_view her = "juliet@capulet.lit";
};
using Pep1_2 = Pep;
using Pep3 = Pep;
using Pep4 = Pep;
using Pep4_3 = Pep;
using Pep5 = Pep;
using Pep6 = Pep;
using Pep7_1 = Pep;

TEST_F(Pep1_2, InterestedPartiesAreNotified) {  // examples 1 to 5; her own clients too
  shows(nurse, {tune, geoloc});
  shows(romeo, {tune, geoloc});
  shows(benvolio, {tune});
  publishes(juliet, tune);
  for (Client* each : {&nurse, &romeo, &juliet, &chamber}) {
    sees(*each, item_event(tune, tune_xml));
  }
}

TEST_F(Pep3, ANodeIsMadeByPublishing) {  // example 6; and configured by options (XEP-0060 section 7.1.5)
  const std::string id = publishes(juliet, tune);
  EXPECT_FALSE(id.empty());
  const std::string form = done(juliet, "get", owner_xml(on_node("configure", tune)));
  EXPECT_EQ(field_of(form, "pubsub#access_model"), "presence");
  publishes(juliet, "urn:example:private", "current", "<x xmlns='urn:example:private'/>", {{"access_model", "whitelist"}, {"persist_items", "true"}});
  EXPECT_EQ(field_of(done(juliet, "get", owner_xml(on_node("configure", "urn:example:private"))), "pubsub#access_model"), "whitelist");
  refused(juliet, "set", publish_xml("urn:example:private", "current", "<x xmlns='urn:example:private'/>", {{"access_model", "open"}}), "cancel conflict precondition-not-met", {});
  hush();
}

TEST_F(Pep3, OnlyByItsOwner) {  // section 2.2
  publishes(juliet, tune);
  hush();
  for (Client* each : {&nurse, &romeo, &benvolio}) {
    EXPECT_TRUE(matches(answer(*each, "set", publish_xml(tune, "forged", tune_xml), her), "<iq type='error'/>")) << each->jid();
    EXPECT_TRUE(matches(answer(*each, "set", publish_xml("urn:example:new", "forged", tune_xml), her), "<iq type='error'/>")) << each->jid();
    EXPECT_TRUE(matches(answer(*each, "set", create_xml("urn:example:new"), her), "<iq type='error'/>")) << each->jid();
  }
  EXPECT_FALSE(holds(answer(juliet, "get", items_xml(tune)), "forged"));
  EXPECT_FALSE(holds(answer(juliet, "get", nodes_xml(), her), "urn:example:new"));
}

TEST_F(Pep4, SubscribersOfPresenceReadAndSubscribe) {  // section 4.1
  publishes(juliet, tune, "i1");
  hush();
  done(romeo, "get", items_xml(tune), her, pubsub_xml(on_node("items", tune, "<item id='i1'>" + std::string(tune_xml) + "</item>")));
  done(romeo, "set", subscribe_xml(tune, "romeo@montague.lit"), her, pubsub_xml("<subscription jid='romeo@montague.lit' subscription='subscribed'/>"));
  hush();
  EXPECT_TRUE(matches(answer(benvolio, "get", items_xml(tune), her), "<iq type='error'/>"));
  EXPECT_TRUE(matches(answer(benvolio, "set", subscribe_xml(tune, "benvolio@montague.lit"), her), "<iq type='error'/>"));
}

TEST_F(Pep4, AnOpenNodeIsSubscribedByAnybody) {  // chapter 4, the first case
  publishes(juliet, tune, {}, tune_xml, {{"access_model", "open"}});
  hush();
  done(benvolio, "set", subscribe_xml(tune, "benvolio@montague.lit/street"), her);
  hush();
  publishes(juliet, tune);
  sees(benvolio, item_event(tune, tune_xml));
  sees(juliet, item_event(tune, tune_xml));
  sees(chamber, item_event(tune, tune_xml));
}

TEST_F(Pep4, NotificationsAreFiltered) {  // section 4.2
  shows(nurse, {activity});
  shows(romeo, {});
  publishes(juliet, tune);
  sees(juliet, item_event(tune));
  sees(chamber, item_event(tune));
  publishes(juliet, activity, {}, activity_xml);
  sees(nurse, item_event(activity, activity_xml));
  shows(romeo, {tune});   // now he wants it
  hush();
  publishes(juliet, tune);
  sees(romeo, item_event(tune));
  shows(romeo, {});       // and now no more
  publishes(juliet, tune);
  EXPECT_EQ(events(juliet).size(), 2U);
  EXPECT_EQ(events(chamber).size(), 2U);
}

TEST_F(Pep4_3, WhereFromAndWhereTo) {  // sections 4.3.1 and 4.3.2: one to each interested client, from the bare address
  Client& mobile = login("romeo@montague.lit/mobile");
  Client& deaf = login("romeo@montague.lit/deaf");
  shows(romeo, {tune});
  shows(mobile, {tune, geoloc});
  shows(deaf, {geoloc});
  publishes(juliet, tune);
  for (Client* each : {&romeo, &mobile, &juliet, &chamber}) {
    sees(*each, item_event(tune, tune_xml));
  }
}

TEST_F(Pep4_3, WhoIsNotThereGetsAtMostOne) {  // section 4.3.2: subscribed with the bare address, no presence known
  publishes(juliet, tune, {}, tune_xml, {{"access_model", "open"}});
  done(benvolio, "set", subscribe_xml(tune, "benvolio@montague.lit"), her);
  hush();
  publishes(juliet, tune);
  for (const std::string& each : events(benvolio)) {
    EXPECT_TRUE(matches(each, "<message from='juliet@capulet.lit' to='benvolio@montague.lit'/>")) << each;
  }
  hush();
}

TEST_F(Pep4_3, TheReplyAddressIsForSubscribersAlone) {  // section 4.3.1: MUST NOT without a subscription
  publishes(juliet, tune, {}, tune_xml, {{"access_model", "open"}});
  done(benvolio, "set", subscribe_xml(tune, "benvolio@montague.lit/street"), her);
  hush();
  publishes(juliet, tune);
  for (const std::string& each : events(benvolio)) {
    EXPECT_FALSE(holds(each, "balcony")) << each;
  }
  hush();
}

TEST_F(Pep4_3, WhoIsBlockedIsToldNothing) {  // section 4.3.3; XEP-0191
  shows(nurse, {tune});
  shows(romeo, {tune});
  done(juliet, "set", "<block xmlns='urn:xmpp:blocking'><item jid='romeo@montague.lit'/></block>");
  hush();
  publishes(juliet, tune);
  sees(nurse, item_event(tune));
  sees(juliet, item_event(tune));
  sees(chamber, item_event(tune));
}

TEST_F(Pep4_3, TheLastItemIsSentToWhoComes) {  // sections 4.3.3 and 4.3.4; examples 7 to 9
  publishes(juliet, tune, "i1", "<tune xmlns='http://jabber.org/protocol/tune'><title>before</title></tune>");
  publishes(juliet, tune, "i2");
  hush();
  scene.advance(std::chrono::hours(2));
  hush();
  shows(romeo, {tune});
  const std::vector<std::string> found = events(romeo);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(matches(found.front(), "<message from='juliet@capulet.lit' to='romeo@montague.lit/orchard' type='headline'>" + event_xml(item_event(tune, tune_xml)) +
                                     "<delay xmlns='urn:xmpp:delay' stamp='*'/></message>")) << found.front();
  // Not again with later presence, nor when he is away, but when he comes back.
  shows(romeo, {tune});
  romeo.sends("<presence><show>away</show>" + caps_xml(ver_of(info[&romeo])) + "</presence>");
  EXPECT_EQ(events(romeo).size(), 0U);
  romeo.sends("<presence type='unavailable'/>");
  settle();
  shows(romeo, {tune});
  EXPECT_EQ(events(romeo).size(), 1U);
  // Her own clients get it too.
  Client& tower = login("juliet@capulet.lit/tower");
  shows(tower, {tune});
  EXPECT_EQ(events(tower).size(), 1U);
  hush();
}

TEST_F(Pep4_3, AndToNobodyWhoMayNotHaveIt) {
  publishes(juliet, tune, {}, tune_xml, {{"access_model", "whitelist"}});
  hush();
  shows(romeo, {tune});
  shows(nurse, {tune});
  shows(benvolio, {tune}, "juliet@capulet.lit");
  EXPECT_EQ(events(romeo).size() + events(nurse).size() + events(benvolio).size(), 0U);
}

TEST_F(Pep5, TheDefaults) {  // chapter 5
  done(juliet, "set", create_xml(tune));
  const std::string form = done(juliet, "get", owner_xml(on_node("configure", tune)));
  EXPECT_EQ(field_of(form, "pubsub#access_model"), "presence");
  EXPECT_EQ(field_of(form, "pubsub#deliver_notifications"), "1");
  EXPECT_EQ(field_of(form, "pubsub#send_last_published_item"), "on_sub_and_presence");
  for (const std::string_view model : {"open", "roster", "whitelist", "presence"}) {
    done(juliet, "set", configure_xml(tune, {{"access_model", model}}));
    EXPECT_EQ(field_of(done(juliet, "get", owner_xml(on_node("configure", tune))), "pubsub#access_model"), model);
  }
  done(juliet, "set", owner_xml(on_node("delete", tune)));
  refused(juliet, "get", owner_xml(on_node("configure", tune)), "cancel item-not-found", {});
  hush();
}

TEST_F(Pep6, TheAccountSaysThatItIsAService) {  // examples 10 and 11; XEP-0060 example 211
  const std::string got = done(juliet, "get", info_xml(), her,
      "<query xmlns='http://jabber.org/protocol/disco#info'><identity category='account' type='registered'/><identity category='pubsub' type='pep'/></query>");
  const std::vector<std::string> features = values_of(got, "feature", "var");
  for (const std::string_view wanted : {"access-presence", "auto-create", "auto-subscribe", "config-node", "create-and-configure", "create-nodes", "filtered-notifications",
                                        "persistent-items", "publish", "publish-options", "retrieve-items", "subscribe", "pubsub-on-a-jid"}) {
    EXPECT_NE(std::ranges::find(features, "http://jabber.org/protocol/pubsub#" + std::string(wanted)), features.end()) << wanted << " in " << got;
  }
}

TEST_F(Pep6, OnlyNodesThatOneMayReadAreListed) {  // section 6.2: MUST
  publishes(juliet, "urn:example:open", {}, "<x xmlns='urn:example:open'/>", {{"access_model", "open"}});
  publishes(juliet, "urn:example:presence", {}, "<x xmlns='urn:example:presence'/>", {{"access_model", "presence"}});
  publishes(juliet, "urn:example:friends", {}, "<x xmlns='urn:example:friends'/>", {{"access_model", "roster"}, {"roster_groups_allowed", "Friends"}});
  publishes(juliet, "urn:example:private", {}, "<x xmlns='urn:example:private'/>", {{"access_model", "whitelist"}});
  hush();
  const auto nodes = [&](Client& client) {
    std::vector<std::string> found = values_of(answer(client, "get", nodes_xml(), her), "item", "node");
    std::erase(found, "");   // her own clients, in her own list (XEP-0030)
    std::ranges::sort(found);
    return found;
  };
  EXPECT_EQ(nodes(juliet), (std::vector<std::string>{"urn:example:friends", "urn:example:open", "urn:example:presence", "urn:example:private"}));
  EXPECT_EQ(nodes(romeo), (std::vector<std::string>{"urn:example:friends", "urn:example:open", "urn:example:presence"}));
  EXPECT_EQ(nodes(nurse), (std::vector<std::string>{"urn:example:open", "urn:example:presence"}));
  for (const std::string& node : nodes(benvolio)) {  // a stranger: what is open, or nothing
    EXPECT_EQ(node, "urn:example:open");
  }
}

TEST_F(Pep7_1, WhoLosesThePresenceLosesTheNode) {  // MUST re-calculate, MUST cancel
  shows(romeo, {tune});
  publishes(juliet, tune);
  done(romeo, "set", subscribe_xml(tune, "romeo@montague.lit"), her);
  hush();
  juliet.sends("<presence type='unsubscribed' to='romeo@montague.lit'/>");
  hush();
  publishes(juliet, tune);
  EXPECT_EQ(events(romeo), std::vector<std::string>());
  EXPECT_TRUE(matches(answer(romeo, "get", items_xml(tune), her), "<iq type='error'/>"));
  EXPECT_FALSE(holds(done(juliet, "get", owner_xml(on_node("subscriptions", tune))), "romeo"));
  hush();
}

TEST_F(Pep7_1, WhoIsMovedToAnotherGroupToo) {
  shows(romeo, {tune});
  publishes(juliet, tune, {}, tune_xml, {{"access_model", "roster"}, {"roster_groups_allowed", "Friends"}});
  done(romeo, "set", subscribe_xml(tune, "romeo@montague.lit"), her);
  hush();
  publishes(juliet, tune);
  EXPECT_GE(events(romeo).size(), 1U);
  groups(juliet, "romeo@montague.lit", "Montagues");
  hush();
  publishes(juliet, tune);
  EXPECT_EQ(events(romeo), std::vector<std::string>());
  EXPECT_TRUE(matches(answer(romeo, "get", items_xml(tune), her), "<iq type='error'/>"));
  EXPECT_FALSE(holds(done(juliet, "get", owner_xml(on_node("subscriptions", tune))), "romeo"));
  hush();
}

}  // namespace
}  // namespace aldis::test
