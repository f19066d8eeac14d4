// XEP-0248 (0.5.0): collections as clients use them: made, filled, listed, subscribed to; and how they must not be linked.
#include "tests/support/pubsub_scene.h"

namespace aldis::test {
namespace {

class Collections : public Elsinore {
 protected:
  void SetUp() override {
    creates(hamlet, "blogs", {{"node_type", "collection"}, {"access_model", "open"}});
    creates(hamlet, musings, {{"access_model", "open"}, {"persist_items", "1"}, {"collection", "blogs"}, {"send_last_published_item", "never"}});
  }
  void TearDown() override { none_sees(); }
  static std::string wants(std::string_view type, std::string_view depth) { return options_xml({{"subscription_type", type}, {"subscription_depth", depth}}); }
  static std::string associate_xml(std::string_view collection, std::string_view node, std::string_view verb = "associate") {
    return owner_xml(on_node("collection", collection, "<" + std::string(verb) + " node='" + std::string(node) + "'/>"));
  }
  static std::string through(std::string_view collection) {
    return "<headers xmlns='http://jabber.org/protocol/shim'><header name='Collection'>" + std::string(collection) + "</header></headers>";
  }
  std::string field(std::string_view node, std::string_view name) { return field_of(done(hamlet, "get", owner_xml(on_node("configure", node))), "pubsub#" + std::string(name)); }
};

TEST_F(Collections, AreFoundAndHaveTheirChildren) {  // sections 5.1 and 5.2
  creates(hamlet, "news", {{"node_type", "collection"}, {"access_model", "open"}});
  creates(hamlet, "kingly_ravings", {{"access_model", "open"}, {"collection", "blogs"}});
  done(francisco, "get", info_xml(), "<query xmlns='http://jabber.org/protocol/disco#info'><feature var='http://jabber.org/protocol/pubsub#collections'/></query>");
  done(francisco, "get", nodes_xml(), "<query xmlns='http://jabber.org/protocol/disco#items'><item node='blogs' jid='pubsub.shakespeare.lit'/><item node='news'/><nothing-more/></query>");
  done(francisco, "get", nodes_xml("blogs"), "<query xmlns='http://jabber.org/protocol/disco#items' node='blogs'><item node='princely_musings' jid='pubsub.shakespeare.lit'/><item node='kingly_ravings'/><nothing-more/></query>");
  done(francisco, "get", nodes_xml("news"), "<query xmlns='http://jabber.org/protocol/disco#items'><nothing-more/></query>");
}

TEST_F(Collections, ConfigurationShowsBothSides) {  // section 8.3
  EXPECT_EQ(field("blogs", "node_type"), "collection");
  EXPECT_EQ(field(musings, "collection"), "blogs");
  EXPECT_EQ(field("blogs", "children"), musings);
  creates(hamlet, "Julliennui", {{"access_model", "open"}});
  configures(hamlet, "blogs", {{"children", "princely_musings\nJulliennui"}});
  EXPECT_EQ(field("Julliennui", "collection"), "blogs");
  configures(hamlet, musings, {{"collection", ""}});
  EXPECT_EQ(field("blogs", "children"), "Julliennui");
}

TEST_F(Collections, ASubscriberOfTheCollectionHearsOfItems) {  // sections 5.3.1.1 and 6.1
  subscribes(francisco, "blogs", wants("items", "all"));
  subscribes(bernardo, "blogs");   // of nodes, which is what is meant when nothing is said
  publishes(hamlet, musings, "i1");
  const std::string seen = sees(francisco, item_event("i1", entry_xml()));
  EXPECT_TRUE(matches(seen, "<message>" + through("blogs") + "</message>")) << seen;
  bernardo.receives_nothing();
  done(hamlet, "set", retract_xml(musings, "i1", "1"));
  const std::string gone = sees(francisco, "<items node='princely_musings'><retract id='i1'/></items>");
  EXPECT_TRUE(matches(gone, "<message>" + through("blogs") + "</message>")) << gone;
}

TEST_F(Collections, AndAnotherOfNodes) {  // section 5.3.1.2
  subscribes(francisco, "blogs", wants("nodes", "1"));
  creates(hamlet, "kingly_ravings", {{"access_model", "open"}, {"collection", "blogs"}});
  const std::string seen = sees(francisco, "<create node='kingly_ravings'/>");
  EXPECT_TRUE(matches(seen, "<message>" + through("blogs") + "</message>")) << seen;
  publishes(hamlet, musings, "i1");
  francisco.receives_nothing();
  done(hamlet, "set", owner_xml(on_node("delete", "kingly_ravings")));
  sees(francisco, "<delete node='kingly_ravings'/>");
}

TEST_F(Collections, AsDeepAsIsAskedFor) {  // subscription_depth
  creates(hamlet, "all-writings", {{"node_type", "collection"}, {"access_model", "open"}});
  configures(hamlet, "blogs", {{"collection", "all-writings"}});
  subscribes(francisco, "all-writings", wants("items", "all"));
  subscribes(bernardo, "all-writings", wants("items", "1"));
  hush({&francisco, &bernardo});
  publishes(hamlet, musings, "i1");
  sees(francisco, item_event("i1"));
  bernardo.receives_nothing();
}

TEST_F(Collections, OnceHoweverManyWaysThereAre) {  // section 6.1.6 of XEP-0060: one notification to an entity
  creates(hamlet, "other", {{"node_type", "collection"}, {"access_model", "open"}});
  configures(hamlet, musings, {{"collection", "blogs\nother"}});
  for (const std::string_view node : {"blogs", "other"}) {
    subscribes(francisco, node, wants("items", "all"));
  }
  subscribes(francisco, musings);
  hush({&francisco});
  publishes(hamlet, musings, "i1");
  std::size_t heard = 0;
  while (francisco.waiting() > 0) {
    EXPECT_TRUE(holds(francisco.next(), "'i1'"));
    ++heard;
  }
  EXPECT_GE(heard, 1U);
  EXPECT_LE(heard, 3U);   // one for each subscription at most
}

TEST_F(Collections, AClosedChildIsClosedToSubscribersOfItsCollection) {  // security B01: not by way of the collection, whatever section 10.1 lets happen
  subscribes(francisco, "blogs", wants("items", "all"));
  subscribes(bernardo, "blogs", wants("nodes", "all"));
  creates(hamlet, "secret-diary", {{"access_model", "whitelist"}, {"collection", "blogs"}});
  publishes(hamlet, "secret-diary", "i1", entry_xml("a-secret"));
  francisco.receives_nothing();
  bernardo.receives_nothing();
  EXPECT_FALSE(holds(answer(francisco, "get", nodes_xml("blogs")), "secret-diary"));
  EXPECT_FALSE(holds(answer(francisco, "get", items_xml("blogs")), "a-secret"));
  affiliates(hamlet, "francisco@denmark.lit", "member", "secret-diary");
  hush({&francisco});
  publishes(hamlet, "secret-diary", "i2");
  sees(francisco, item_event("i2", {}, "secret-diary"));
}

TEST_F(Collections, ChildrenAreAssociatedAndDissociated) {  // sections 7.5 and 7.6
  creates(hamlet, "kingly_ravings", {{"access_model", "open"}});
  done(hamlet, "set", associate_xml("blogs", "kingly_ravings"));
  EXPECT_TRUE(holds(done(francisco, "get", nodes_xml("blogs")), "kingly_ravings"));
  done(hamlet, "set", associate_xml("blogs", "kingly_ravings", "dissociate"));
  EXPECT_FALSE(holds(done(francisco, "get", nodes_xml("blogs")), "kingly_ravings"));
  refused(hamlet, "set", associate_xml("blogs", "kingly_ravings", "dissociate"), "modify bad-request");
  refused(hamlet, "set", associate_xml("blogs", "absent"), "cancel item-not-found");
  refused(hamlet, "set", associate_xml("absent", musings), "cancel item-not-found");
}

TEST_F(Collections, NotByEverybody) {  // sections 7.2.3.2, 7.5.3.1; children_association_policy
  creates(horatio, "his-own", {{"access_model", "open"}});
  refused(horatio, "set", associate_xml("blogs", "his-own"), "* forbidden");
  refused(horatio, "set", configure_xml("his-own", {{"collection", "blogs"}}), "* forbidden");
  refused(horatio, "set", create_xml("another", {{"collection", "blogs"}}), "* forbidden");
  refused(horatio, "get", info_xml("another"), "cancel item-not-found");
  configures(hamlet, "blogs", {{"children_association_policy", "whitelist"}, {"children_association_whitelist", "horatio@denmark.lit"}});
  done(horatio, "set", associate_xml("blogs", "his-own"));
  creates(bard, "the-bards", {{"access_model", "open"}});
  refused(bard, "set", associate_xml("blogs", "the-bards"), "* forbidden");
  refused(horatio, "set", associate_xml("blogs", "the-bards"), "* forbidden");   // another's node is not his to associate
}

TEST_F(Collections, NotMoreThanItTakes) {  // sections 7.2.3.3 and 7.5.3.2
  configures(hamlet, "blogs", {{"children_max", "1"}});
  creates(hamlet, "kingly_ravings", {{"access_model", "open"}});
  refused(hamlet, "set", associate_xml("blogs", "kingly_ravings"), "cancel not-allowed max-nodes-exceeded");
  refused(hamlet, "set", configure_xml("kingly_ravings", {{"collection", "blogs"}}), "cancel not-allowed max-nodes-exceeded");
  refused(hamlet, "set", configure_xml("blogs", {{"children", "princely_musings\nkingly_ravings"}}), "cancel not-allowed max-nodes-exceeded");
}

TEST_F(Collections, NeverInACircleNorUnderALeaf) {  // sections 7.2.3.1, 7.2.3.4, 7.2.3.5 and 7.5.3.3
  creates(hamlet, "b", {{"node_type", "collection"}, {"collection", "blogs"}});
  creates(hamlet, "c", {{"node_type", "collection"}, {"collection", "b"}});
  const std::string_view circle = "cancel not-allowed invalid-options";
  refused(hamlet, "set", configure_xml("blogs", {{"collection", "c"}}), circle);
  refused(hamlet, "set", associate_xml("c", "blogs"), circle);
  refused(hamlet, "set", associate_xml("blogs", "blogs"), circle);
  refused(hamlet, "set", configure_xml("c", {{"children", "blogs"}}), circle);
  refused(hamlet, "set", create_xml("d", {{"collection", musings}}), circle);
  refused(hamlet, "set", associate_xml(musings, "b"), circle);
  refused(hamlet, "set", configure_xml(musings, {{"children", "b"}}), circle);
  refused(hamlet, "set", configure_xml("b", {{"node_type", "leaf"}}), circle);
  EXPECT_EQ(field("blogs", "collection"), "");
}

TEST_F(Collections, ALeafThatBecomesOneLosesItsItems) {  // section 7.2.4
  publishes(hamlet, musings, "i1");
  configures(hamlet, musings, {{"node_type", "collection"}});
  done(hamlet, "get", info_xml(musings), "<query xmlns='http://jabber.org/protocol/disco#info'><identity category='pubsub' type='collection'/></query>");
  EXPECT_FALSE(holds(answer(hamlet, "get", items_xml(musings)), "'i1'"));
  refused(hamlet, "set", publish_xml(musings, "i2", entry_xml()), "cancel feature-not-implemented unsupported publish");
}

TEST_F(Collections, ADeletedOneLeavesItsChildren) {  // sections 7.4 and 8.2
  publishes(hamlet, musings, "i1");
  done(hamlet, "set", owner_xml(on_node("delete", "blogs")));
  EXPECT_EQ(items(francisco), (std::vector<std::string>{"i1"}));
  EXPECT_EQ(field(musings, "collection"), "");
  EXPECT_TRUE(holds(done(francisco, "get", nodes_xml()), musings));
}

TEST_F(Collections, TwoSubscriptionsOfOneTypeAreOneTooMany) {  // section 6.1.3
  subscribes(francisco, "blogs", wants("items", "1"));
  refused(francisco, "set", subscribe_xml("blogs", "francisco@denmark.lit", wants("items", "all")), "cancel conflict");
  subscribes(francisco, "blogs", wants("nodes", "all"));
}

}  // namespace
}  // namespace aldis::test
