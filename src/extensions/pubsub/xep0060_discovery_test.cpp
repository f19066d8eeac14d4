// XEP-0060 (1.30.0) sections 5.1 to 5.5: what is found out about the service, its nodes and their items.
#include "tests/support/pubsub_scene.h"

namespace aldis::test {
namespace {

using Pubsub5_1 = Elsinore;
using Pubsub5_2 = Elsinore;
using Pubsub5_3 = Elsinore;
using Pubsub5_4 = Elsinore;
using Pubsub5_5 = Elsinore;

TEST_F(Pubsub5_1, TheServiceSaysWhatItIs) {  // examples 7 and 8, 54; the features of chapter 10 and that what is told is done
  const std::string info = done(francisco, "get", info_xml(),
       "<query xmlns='http://jabber.org/protocol/disco#info'><identity category='pubsub' type='service'/><feature var='http://jabber.org/protocol/pubsub'/></query>");
  const std::vector<std::string> features = values_of(info, "feature", "var");
  for (const std::string_view wanted : {"config-node", "config-node-max", "create-and-configure", "create-nodes", "delete-items", "delete-nodes", "get-pending", "instant-nodes",
                                        "item-ids", "manage-subscriptions", "member-affiliation", "meta-data", "modify-affiliations", "multi-items",
                                        "outcast-affiliation", "persistent-items", "publish", "publish-options", "publish-only-affiliation", "publisher-affiliation",
                                        "purge-nodes", "retract-items", "retrieve-affiliations", "retrieve-default", "retrieve-default-sub", "retrieve-items",
                                        "retrieve-subscriptions", "subscribe", "subscription-options", "subscription-notifications", "rsm", "collections"}) {
    EXPECT_NE(std::ranges::find(features, "http://jabber.org/protocol/pubsub#" + std::string(wanted)), features.end()) << wanted << " in " << info;
  }
  // Section 10: exactly one of them says what the default access model is, and it is so.
  std::string model;
  for (const std::string& feature : features) {
    constexpr std::string_view access = "http://jabber.org/protocol/pubsub#access-";
    if (feature.starts_with(access)) {
      EXPECT_TRUE(model.empty()) << info;
      model = feature.substr(access.size());
    }
  }
  EXPECT_EQ(field_of(done(hamlet, "get", owner_xml("<default/>")), "pubsub#access_model"), model);
  none_sees();
}

TEST_F(Pubsub5_2, NodesAreListed) {  // examples 9 and 10
  creates(hamlet, "Romeoance", {{"title", "Letters to my Beloved"}, {"access_model", "open"}});
  creates(bard, "Julliennui", {{"title", "A Rose by Another Name"}, {"access_model", "open"}});
  done(francisco, "get", nodes_xml(),
       "<query xmlns='http://jabber.org/protocol/disco#items'><item node='Romeoance' name='Letters to my Beloved' jid='pubsub.shakespeare.lit'/>"
       "<item node='Julliennui' name='A Rose by Another Name' jid='pubsub.shakespeare.lit'/><nothing-more/></query>");
  none_sees();
}

TEST_F(Pubsub5_2, ALongListComesInPages) {  // XEP-0030: large sets in pages (XEP-0059)
  for (int i = 0; i < 25; ++i) {
    creates(hamlet, "node" + std::to_string(100 + i), {{"access_model", "open"}});
  }
  std::vector<std::string> all;
  for (int pages = 0; pages < 10; ++pages) {
    const std::string page = done(francisco, "get", "<query xmlns='http://jabber.org/protocol/disco#items'><set xmlns='http://jabber.org/protocol/rsm'><max>10</max>" +
                                  (all.empty() ? std::string() : "<after>" + all.back() + "</after>") + "</set></query>");
    const std::vector<std::string> nodes = values_of(page, "item", "node");
    ASSERT_LE(nodes.size(), 10U);
    if (nodes.empty()) {
      break;
    }
    all.insert(all.end(), nodes.begin(), nodes.end());
  }
  EXPECT_EQ(all.size(), 25U);
  std::ranges::sort(all);
  EXPECT_EQ(std::ranges::adjacent_find(all), all.end());
  none_sees();
}

TEST_F(Pubsub5_3, ANodeSaysThatItIsALeaf) {  // examples 11 and 12
  creates(hamlet);
  done(francisco, "get", info_xml(musings), "<query xmlns='http://jabber.org/protocol/disco#info' node='princely_musings'><identity category='pubsub' type='leaf'/></query>");
  creates(hamlet, "blogs", {{"node_type", "collection"}});   // XEP-0248
  done(francisco, "get", info_xml("blogs"), "<query xmlns='http://jabber.org/protocol/disco#info' node='blogs'><identity category='pubsub' type='collection'/></query>");
  refused(francisco, "get", info_xml("absent"), "cancel item-not-found");
  refused(francisco, "get", nodes_xml("absent"), "cancel item-not-found");
  none_sees();
}

TEST_F(Pubsub5_4, ANodeHasMetadata) {  // examples 13 and 14
  creates(hamlet, musings, {{"title", "Princely Musings (Atom)"}, {"description", "Updates for Hamlet&apos;s Princely Musings weblog."}, {"language", "en"},
                            {"contact", "bard@shakespeare.lit"}, {"access_model", "open"}, {"publish_model", "publishers"}, {"max_items", "120"},
                            {"type", "urn:example:e2ee:bundle"}});
  affiliates(hamlet, "bard@shakespeare.lit", "publisher");
  hush({&bard});
  subscribes(francisco);
  subscribes(bernardo);
  const std::string info = done(francisco, "get", info_xml(musings),
       "<query xmlns='http://jabber.org/protocol/disco#info' node='princely_musings'><identity category='pubsub' type='leaf'/><feature var='http://jabber.org/protocol/pubsub'/>"
       "<x xmlns='jabber:x:data' type='result'/></query>");
  EXPECT_EQ(field_of(info, "FORM_TYPE"), "http://jabber.org/protocol/pubsub#meta-data");
  EXPECT_EQ(field_of(info, "pubsub#type"), "urn:example:e2ee:bundle");
  EXPECT_EQ(field_of(info, "pubsub#creator"), "hamlet@denmark.lit");
  EXPECT_EQ(field_of(info, "pubsub#creation_date").size(), std::string_view("2003-07-29T22:56:10Z").size()) << info;
  EXPECT_EQ(field_of(info, "pubsub#title"), "Princely Musings (Atom)");
  EXPECT_EQ(field_of(info, "pubsub#description"), "Updates for Hamlet's Princely Musings weblog.");
  EXPECT_EQ(field_of(info, "pubsub#language"), "en");
  EXPECT_EQ(field_of(info, "pubsub#contact"), "bard@shakespeare.lit");
  EXPECT_EQ(field_of(info, "pubsub#access_model"), "open");
  EXPECT_EQ(field_of(info, "pubsub#publish_model"), "publishers");
  EXPECT_EQ(field_of(info, "pubsub#max_items"), "120");
  EXPECT_EQ(field_of(info, "pubsub#owner"), "hamlet@denmark.lit");
  EXPECT_TRUE(holds(field_of(info, "pubsub#publisher"), "bard@shakespeare.lit")) << info;
  EXPECT_EQ(field_of(info, "pubsub#num_subscribers"), "2");
  none_sees();
}

TEST_F(Pubsub5_5, ItemsAreListedByTheirIds) {  // example 15
  creates(hamlet, musings, {{"access_model", "open"}, {"max_items", "10"}, {"persist_items", "1"}});
  const std::vector<std::string> ids{"368866411b877c30064a5f62b917cffe", "3300659945416e274474e469a1f0154c", "4e30f35051b7b8b42abe083742187228", "ae890ac52d0df67ed7cfdf51b644e901"};
  for (const std::string& id : ids) {
    publishes(hamlet, musings, id);
  }
  const std::string list = done(francisco, "get", nodes_xml(musings), "<query xmlns='http://jabber.org/protocol/disco#items' node='princely_musings'/>");
  std::vector<std::string> names = values_of(list, "item", "name");
  EXPECT_EQ(names.size(), 4U);
  for (const std::string& id : ids) {
    EXPECT_TRUE(matches(list, "<iq><query xmlns='http://jabber.org/protocol/disco#items'><item jid='pubsub.shakespeare.lit' name='" + id + "' node='-'/></query></iq>")) << list;
  }
  none_sees();
}

TEST_F(Pubsub5_5, OnlyToThoseWhoMayReadThem) {  // section 14.3
  creates(hamlet, musings, {{"access_model", "whitelist"}, {"persist_items", "1"}});
  publishes(hamlet, musings, "a-telling-id");
  EXPECT_FALSE(holds(answer(francisco, "get", nodes_xml(musings)), "a-telling-id"));
  EXPECT_TRUE(holds(answer(hamlet, "get", nodes_xml(musings)), "a-telling-id"));
  none_sees();
}

}  // namespace
}  // namespace aldis::test
