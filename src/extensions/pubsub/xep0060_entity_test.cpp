// XEP-0060 (1.30.0) chapters 1 to 4 and sections 5.6 and 5.7: what happens between those who publish and those who listen, kinds of
// nodes and events, and what everybody may ask about himself. The list of all sections is docs/pubsub-conformance.md.
#include "tests/support/pubsub_scene.h"

namespace aldis::test {
namespace {

using Pubsub1_2 = Elsinore;
using Pubsub4_1 = Elsinore;
using Pubsub4_2 = Elsinore;
using Pubsub4_3 = Elsinore;
using Pubsub4_6 = Elsinore;
using Pubsub5_6 = Elsinore;
using Pubsub5_7 = Elsinore;

// ---- chapters 1 and 3

TEST_F(Pubsub1_2, WhoPublishesIsHeardByAllSubscribers) {  // examples 1 and 2
  creates(hamlet, musings, {{"access_model", "open"}, {"send_last_published_item", "never"}});
  for (Client* each : {&francisco, &bernardo, &horatio, &bard}) {
    subscribes(*each);
  }
  const std::string id = publishes(hamlet);
  EXPECT_FALSE(id.empty());
  all_see({&francisco, &bernardo, &horatio, &bard}, item_event(id, entry_xml()));
  none_sees();
}

TEST_F(Pubsub1_2, ATransientNotificationHasNoItem) {  // example 3; section 4.3
  creates(hamlet, "elsinore/doorbell", {{"persist_items", "0"}, {"deliver_payloads", "0"}, {"access_model", "open"}});
  subscribes(francisco, "elsinore/doorbell");
  done(hamlet, "set", pubsub_xml(on_node("publish", "elsinore/doorbell")));
  sees(francisco, "<items node='elsinore/doorbell'><nothing-more/></items>");
  none_sees();
}

// ---- chapter 4

TEST_F(Pubsub4_1, AffiliationsAreOfBareAddresses) {
  creates(hamlet, musings, {{"access_model", "whitelist"}});
  affiliates(hamlet, "bard@shakespeare.lit", "publisher");
  hush({&bard});
  publishes(bard, musings, "i1");
  Client& elsewhere = scene.login("bard@shakespeare.lit/stratford");
  publishes(elsewhere, musings, "i2");
  // A full address is taken for its bare one, or not at all.
  const std::string set = answer(hamlet, "set", owner_xml(on_node("affiliations", musings, "<affiliation jid='horatio@denmark.lit/mobile' affiliation='outcast'/>")));
  const std::string list = done(hamlet, "get", owner_xml(on_node("affiliations")));
  for (const std::string& jid : values_of(list, "affiliation", "jid")) {
    EXPECT_EQ(jid.find('/'), std::string::npos) << list << set;
  }
  hush({&horatio});
  none_sees();
}

TEST_F(Pubsub4_2, NothingIsSentToThoseWhoAreNoneOrPending) {
  creates(hamlet, musings, {{"access_model", "authorize"}});
  done(francisco, "set", subscribe_xml(musings, "francisco@denmark.lit"), pubsub_xml("<subscription node='princely_musings' jid='francisco@denmark.lit' subscription='pending'/>"));
  hush({&hamlet});   // he is asked
  publishes(hamlet, musings, "i1");
  done(hamlet, "set", retract_xml(musings, "i1", "true"));
  none_sees();
}

// Section 4.3, the table: persistent or transient, with payloads or without.
TEST_F(Pubsub4_3, PersistentNotificationOnly) {
  creates(hamlet, musings, {{"persist_items", "1"}, {"deliver_payloads", "0"}, {"access_model", "open"}, {"send_last_published_item", "never"}});
  subscribes(francisco);
  refused(hamlet, "set", pubsub_xml(on_node("publish")), "modify bad-request item-required");
  publishes(hamlet, musings, "full");                       // the payload is not passed on
  sees(francisco, without_payload("full"));
  publishes(hamlet, musings, "empty", "");                  // it may be empty
  sees(francisco, without_payload("empty"));
  const std::string id = publishes(hamlet, musings, {}, "");
  EXPECT_FALSE(id.empty());
  sees(francisco, without_payload(id));
  EXPECT_EQ(items(francisco), (std::vector<std::string>{"full", "empty", id}));
  none_sees();
}

TEST_F(Pubsub4_3, PersistentWithPayload) {
  creates(hamlet, musings, {{"persist_items", "1"}, {"deliver_payloads", "1"}, {"access_model", "open"}, {"send_last_published_item", "never"}});
  subscribes(francisco);
  refused(hamlet, "set", pubsub_xml(on_node("publish")), "modify bad-request item-required");
  refused(hamlet, "set", publish_xml(musings, "bare", ""), "modify bad-request payload-required");
  const std::string id = publishes(hamlet);
  sees(francisco, item_event(id, entry_xml()));
  done(francisco, "get", items_xml(musings), pubsub_xml(item_event(id, entry_xml())));
  none_sees();
}

TEST_F(Pubsub4_3, TransientNotificationOnly) {
  creates(hamlet, musings, {{"persist_items", "0"}, {"deliver_payloads", "0"}, {"access_model", "open"}, {"send_last_published_item", "never"}});
  subscribes(francisco);
  refused(hamlet, "set", publish_xml(musings, "i", entry_xml()), "modify bad-request item-forbidden");
  refused(hamlet, "set", publish_xml(musings, "", ""), "modify bad-request item-forbidden");
  done(hamlet, "set", pubsub_xml(on_node("publish")));
  sees(francisco, "<items node='princely_musings'><nothing-more/></items>");
  none_sees();
}

TEST_F(Pubsub4_3, TransientWithPayload) {
  creates(hamlet, musings, {{"persist_items", "0"}, {"deliver_payloads", "1"}, {"access_model", "open"}, {"send_last_published_item", "never"}});
  subscribes(francisco);
  refused(hamlet, "set", publish_xml(musings, "bare", ""), "modify bad-request payload-required");
  publishes(hamlet, musings, "i1");
  const std::string seen = sees(francisco, "<items node='princely_musings'><item>" + entry_xml() + "</item></items>");
  publishes(hamlet, musings, "i2");
  sees(francisco, "<items node='princely_musings'><item>" + entry_xml() + "</item></items>");
  // Nothing was kept but what may be cached, the last one (section 12.10).
  const std::string kept = answer(francisco, "get", items_xml(musings));
  EXPECT_FALSE(holds(kept, "'i1'")) << kept;
  none_sees();
}

TEST_F(Pubsub4_6, ANodeIsAddressedByServiceAndNodeId) {  // example 6; unique within the service (section 12.9)
  creates(hamlet);
  done(francisco, "get", info_xml(musings), "<query xmlns='http://jabber.org/protocol/disco#info' node='princely_musings'><identity category='pubsub' type='leaf'/></query>");
  for (const std::string_view other : {"Princely_musings", "princely_musing", "princely_musings_"}) {  // not alike, but the same
    refused(hamlet, "get", info_xml(other), "cancel item-not-found");
  }
  none_sees();
}

// ---- sections 5.6 and 5.7

TEST_F(Pubsub5_6, OnesSubscriptionsAreListed) {  // examples 16 and 17
  for (const std::string_view node : {"node1", "node2", "node6"}) {
    creates(hamlet, node, {{"access_model", "open"}});
  }
  creates(hamlet, "node4", {{"access_model", "authorize"}});
  subscribes(francisco, "node1");
  subscribes(bernardo, "node2");
  done(francisco, "set", subscribe_xml("node6", "francisco@denmark.lit/barracks"));
  done(francisco, "set", subscribe_xml("node4", "francisco@denmark.lit"));
  hush({&hamlet});
  Client& elsewhere = scene.login("francisco@denmark.lit/home");   // for all addresses of the bare one
  const std::string list = done(elsewhere, "get", pubsub_xml("<subscriptions/>"),
       pubsub_xml("<subscriptions><subscription node='node1' jid='francisco@denmark.lit' subscription='subscribed'/>"
                  "<subscription node='node4' jid='francisco@denmark.lit' subscription='pending'/>"
                  "<subscription node='node6' jid='francisco@denmark.lit/barracks' subscription='subscribed'/><nothing-more/></subscriptions>"));
  EXPECT_FALSE(holds(list, "node2")) << list;
  none_sees();
}

TEST_F(Pubsub5_6, NoSubscriptions) {  // example 18
  creates(hamlet, musings, {{"access_model", "open"}});
  subscribes(bernardo);
  done(francisco, "get", pubsub_xml("<subscriptions/>"), pubsub_xml("<subscriptions><nothing-more/></subscriptions>"));
  none_sees();
}

TEST_F(Pubsub5_6, AtOneNode) {  // examples 20 and 21
  creates(hamlet, musings, {{"access_model", "open"}});
  creates(hamlet, "node6", {{"access_model", "open"}});
  subscribes(francisco);
  subscribes(francisco, "node6");
  done(francisco, "get", pubsub_xml("<subscriptions node='node6'/>"),
       pubsub_xml("<subscriptions node='node6'><subscription jid='francisco@denmark.lit' subscription='subscribed'/><nothing-more/></subscriptions>"));
  none_sees();
}

TEST_F(Pubsub5_7, OnesAffiliationsAreListed) {  // examples 22 and 23
  for (const std::string_view node : {"node1", "node2", "node3", "node5", "node7", "node8"}) {
    creates(hamlet, node);
  }
  creates(francisco, "node6");
  affiliates(hamlet, "francisco@denmark.lit", "owner", "node1");
  affiliates(hamlet, "francisco@denmark.lit", "publisher", "node2");
  affiliates(hamlet, "francisco@denmark.lit", "outcast", "node5");
  affiliates(hamlet, "francisco@denmark.lit", "member", "node7");
  affiliates(hamlet, "francisco@denmark.lit", "publish-only", "node8");
  affiliates(hamlet, "bernardo@denmark.lit", "publisher", "node3");
  hush({&francisco, &bernardo});   // section 8.9.4: they may be told
  done(francisco, "get", pubsub_xml("<affiliations/>"),
       pubsub_xml("<affiliations><affiliation node='node1' affiliation='owner'/><affiliation node='node2' affiliation='publisher'/><affiliation node='node5' affiliation='outcast'/>"
                  "<affiliation node='node6' affiliation='owner'/><affiliation node='node7' affiliation='member'/><affiliation node='node8' affiliation='publish-only'/><nothing-more/></affiliations>"));
  none_sees();
}

TEST_F(Pubsub5_7, NoAffiliations) {  // example 24
  creates(hamlet);
  done(francisco, "get", pubsub_xml("<affiliations/>"), pubsub_xml("<affiliations><nothing-more/></affiliations>"));
  none_sees();
}

TEST_F(Pubsub5_7, AtOneNode) {  // examples 26 and 27
  creates(francisco, "node5");
  creates(francisco, "node6");
  done(francisco, "get", pubsub_xml("<affiliations node='node6'/>"),
       pubsub_xml("<affiliations><affiliation node='node6' affiliation='owner'/><nothing-more/></affiliations>"));
  none_sees();
}

// Who has nothing to do with a node hears of one that is there what he hears of one that is not.
TEST_F(Pubsub5_7, NobodyLearnsOfNodesThatAreNotHis) {
  creates(hamlet, "secret-node", {{"access_model", "whitelist"}});
  for (const std::string_view list : {"subscriptions", "affiliations"}) {
    std::string there = answer(francisco, "get", pubsub_xml("<" + std::string(list) + " node='secret-node'/>"));
    const std::string absent = answer(francisco, "get", pubsub_xml("<" + std::string(list) + " node='absent-node'/>"));
    while (there.find("secret-node") != std::string::npos) {
      there.replace(there.find("secret-node"), 11, "absent-node");
    }
    EXPECT_EQ(there, absent);
  }
  none_sees();
}

}  // namespace
}  // namespace aldis::test
