// XEP-0060 (1.30.0) chapter 6, section by section: subscribing, its options, reading items. What never happens here, because the
// service supports it, is listed in docs/pubsub-conformance.md.
#include "tests/support/pubsub_scene.h"

namespace aldis::test {
namespace {

using Pubsub6_1 = Elsinore;
using Pubsub6_2 = Elsinore;
using Pubsub6_3 = Elsinore;
using Pubsub6_4 = Elsinore;
using Pubsub6_5 = Elsinore;

constexpr Fields open_node{{"access_model", "open"}, {"persist_items", "1"}, {"max_items", "20"}, {"send_last_published_item", "never"}};

std::string subscription(std::string_view jid, std::string_view state, std::string_view more = {}) {
  return pubsub_xml("<subscription node='princely_musings' jid='" + std::string(jid) + "' subscription='" + std::string(state) + "'" + std::string(more) + "/>");
}
std::string options_of(std::string_view jid, std::string_view content = {}, std::string_view subid = {}) {
  return pubsub_xml("<options node='princely_musings' jid='" + std::string(jid) + "'" + (subid.empty() ? std::string() : " subid='" + std::string(subid) + "'") + ">" +
                    std::string(content) + "</options>");
}
std::string unsubscribe_xml(std::string_view jid, std::string_view subid = {}) {
  return pubsub_xml("<unsubscribe node='princely_musings' jid='" + std::string(jid) + "'" + (subid.empty() ? std::string() : " subid='" + std::string(subid) + "'") + "/>");
}

// ---- section 6.1

TEST_F(Pubsub6_1, AnEntitySubscribes) {  // examples 28 and 29
  creates(hamlet, musings, open_node);
  done(francisco, "set", subscribe_xml(musings, "francisco@denmark.lit"), subscription("francisco@denmark.lit", "subscribed"));
  publishes(hamlet, musings, "i1");
  sees(francisco, item_event("i1", entry_xml()));
  none_sees();
}

TEST_F(Pubsub6_1, ByTheAddressItNames) {  // sections 6.1.1 and 12.3: notifications go to that one
  creates(hamlet, musings, open_node);
  Client& home = scene.login("francisco@denmark.lit/home");
  home.comes_online();
  hush({&francisco, &home});
  done(francisco, "set", subscribe_xml(musings, "francisco@denmark.lit/home"), subscription("francisco@denmark.lit/home", "subscribed"));
  publishes(hamlet, musings, "i1");
  sees(home, item_event("i1"), "francisco@denmark.lit/home");
  home.receives_nothing();
  none_sees();
}

TEST_F(Pubsub6_1, NobodySubscribesAnother) {  // example 30
  creates(hamlet, musings, open_node);
  for (const std::string_view jid : {"bernardo@denmark.lit", "bernardo@denmark.lit/watch", "francisco@shakespeare.lit", "denmark.lit", "hamlet@denmark.lit"}) {
    refused(francisco, "set", subscribe_xml(musings, jid), "modify bad-request invalid-jid");
  }
  refused(francisco, "set", subscribe_xml(musings, "@@"), "modify bad-request invalid-jid");
  publishes(hamlet, musings, "i1");
  none_sees();
}

TEST_F(Pubsub6_1, OnlyThoseOnTheWhitelist) {  // example 33
  creates(hamlet, musings, {{"access_model", "whitelist"}});
  refused(francisco, "set", subscribe_xml(musings, "francisco@denmark.lit"), "cancel not-allowed closed-node");
  affiliates(hamlet, "francisco@denmark.lit", "member");
  hush({&francisco});
  subscribes(francisco);
  none_sees();
}

TEST_F(Pubsub6_1, NobodyInParticular) {  // example 35: who is anonymous subscribes to nothing, and owns nothing
  creates(hamlet, musings, open_node);
  Client& nobody = scene.login("anonymous@denmark.lit/foo", true);
  refused(nobody, "set", subscribe_xml(musings, "anonymous@denmark.lit"), "cancel forbidden");
  refused(nobody, "set", create_xml("of-nobody"), "auth forbidden");
  EXPECT_EQ(items(nobody), std::vector<std::string>());   // reads what is open to all
  publishes(hamlet, musings, "i1");
  nobody.receives_nothing();
  none_sees();
}

TEST_F(Pubsub6_1, WhileItIsPending) {  // examples 36 and 42
  creates(hamlet, musings, {{"access_model", "authorize"}});
  const std::string first = done(francisco, "set", subscribe_xml(musings, "francisco@denmark.lit"), subscription("francisco@denmark.lit", "pending"));
  hamlet.receives({"pubsub#subscribe_authorization", "francisco@denmark.lit"});
  refused(francisco, "set", subscribe_xml(musings, "francisco@denmark.lit"), "auth not-authorized pending-subscription");
  none_sees();
}

TEST_F(Pubsub6_1, WhoIsAnOutcast) {  // example 37
  creates(hamlet, musings, open_node);
  affiliates(hamlet, "francisco@denmark.lit", "outcast");
  hush({&francisco});
  refused(francisco, "set", subscribe_xml(musings, "francisco@denmark.lit"), "auth forbidden");
  refused(francisco, "set", subscribe_xml(musings, "francisco@denmark.lit/barracks"), "auth forbidden");
  publishes(hamlet);
  none_sees();
}

TEST_F(Pubsub6_1, WhereNobodySubscribes) {  // example 39
  creates(hamlet, musings, {{"access_model", "open"}, {"subscribe", "0"}});
  refused(francisco, "set", subscribe_xml(musings, "francisco@denmark.lit"), "cancel feature-not-implemented unsupported subscribe");
  none_sees();
}

TEST_F(Pubsub6_1, WhereThereIsNoNode) {  // example 41
  refused(francisco, "set", subscribe_xml("absent", "francisco@denmark.lit"), "cancel item-not-found");
  none_sees();
}

TEST_F(Pubsub6_1, SeveralTimesWithOtherOptions) {  // section 6.1.6: subids tell them apart, and one notification goes out
  creates(hamlet, musings, open_node);
  const std::string one = subscribes(francisco, musings, options_xml({{"show-values", "online\nchat"}}));
  const std::string two = subscribes(francisco, musings, options_xml({{"show-values", "online\naway\nchat"}}));
  EXPECT_FALSE(one.empty());
  EXPECT_NE(one, two);
  const std::string list = done(francisco, "get", pubsub_xml("<subscriptions/>"));
  EXPECT_EQ(values_of(list, "subscription", "subid").size(), 2U) << list;
  publishes(hamlet, musings, "i1");
  sees(francisco, item_event("i1"), "*");   // where his presence is as he wants it
  francisco.receives_nothing();
  none_sees();
}

TEST_F(Pubsub6_1, OfSeveralAddressesEachIsNotified) {  // section 6.1.6: full addresses are separate
  creates(hamlet, musings, open_node);
  Client& home = scene.login("francisco@denmark.lit/home");
  home.comes_online();
  hush({&francisco, &home});
  done(francisco, "set", subscribe_xml(musings, "francisco@denmark.lit/barracks"));
  done(home, "set", subscribe_xml(musings, "francisco@denmark.lit/home"));
  publishes(hamlet, musings, "i1");
  sees(francisco, item_event("i1"), "francisco@denmark.lit/barracks");
  sees(home, item_event("i1"), "francisco@denmark.lit/home");
  home.receives_nothing();
  none_sees();
}

TEST_F(Pubsub6_1, TheLastItemIsSentToTheNewSubscriber) {  // example 46; section 12.10
  creates(hamlet, musings, {{"access_model", "open"}, {"persist_items", "1"}, {"max_items", "10"}, {"send_last_published_item", "on_sub"}});
  publishes(hamlet, musings, "i1");
  publishes(hamlet, musings, "i2", entry_xml("Alone"));
  scene.advance(std::chrono::hours(1));
  subscribes(francisco);
  const std::string seen = sees(francisco, item_event("i2", entry_xml("Alone")));
  EXPECT_TRUE(matches(seen, "<message><delay xmlns='urn:xmpp:delay' stamp='*'/></message>")) << seen;
  creates(hamlet, "empty", {{"access_model", "open"}, {"send_last_published_item", "on_sub"}});
  subscribes(francisco, "empty");
  creates(hamlet, "never", {{"access_model", "open"}, {"persist_items", "1"}, {"send_last_published_item", "never"}});
  publishes(hamlet, "never", "i1");
  subscribes(francisco, "never");
  none_sees();
}

// ---- section 6.2

TEST_F(Pubsub6_2, ASubscriberUnsubscribes) {  // examples 47 and 48
  creates(hamlet, musings, open_node);
  const std::string subid = subscribes(francisco);
  subscribes(bernardo);
  const std::string got = done(francisco, "set", unsubscribe_xml("francisco@denmark.lit", subid));
  EXPECT_TRUE(!holds(got, "<subscription ") || matches(got, "<iq>" + subscription("francisco@denmark.lit", "none") + "</iq>")) << got;
  hush({&francisco});   // section 12.14 may tell it again
  publishes(hamlet, musings, "i1");
  sees(bernardo, item_event("i1"));
  none_sees();
}

TEST_F(Pubsub6_2, OneOfSeveralIsNamed) {  // examples 49 and 53
  creates(hamlet, musings, open_node);
  const std::string one = subscribes(francisco, musings, options_xml({{"show-values", "online\nchat"}}));
  const std::string two = subscribes(francisco, musings, options_xml({{"show-values", "online\naway"}}));
  refused(francisco, "set", unsubscribe_xml("francisco@denmark.lit"), "modify bad-request subid-required");
  refused(francisco, "set", unsubscribe_xml("francisco@denmark.lit", "not-" + one), "modify not-acceptable invalid-subid");
  done(francisco, "set", unsubscribe_xml("francisco@denmark.lit", one));
  hush({&francisco});
  refused(francisco, "set", unsubscribe_xml("francisco@denmark.lit", one), "modify not-acceptable invalid-subid");
  done(francisco, "get", pubsub_xml("<subscriptions/>"), pubsub_xml("<subscriptions><subscription subid='" + two + "' node='princely_musings' jid='francisco@denmark.lit'/><nothing-more/></subscriptions>"));
  none_sees();
}

TEST_F(Pubsub6_2, WhoIsNoSubscriber) {  // example 50
  creates(hamlet, musings, open_node);
  refused(francisco, "set", unsubscribe_xml("francisco@denmark.lit"), "* unexpected-request not-subscribed");
  done(francisco, "set", subscribe_xml(musings, "francisco@denmark.lit/barracks"));
  refused(francisco, "set", unsubscribe_xml("francisco@denmark.lit/home"), "* unexpected-request not-subscribed");
  none_sees();
}

TEST_F(Pubsub6_2, NobodyUnsubscribesAnother) {  // example 51
  creates(hamlet, musings, open_node);
  const std::string subid = subscribes(bernardo);
  refused(francisco, "set", unsubscribe_xml("bernardo@denmark.lit"), "auth forbidden");
  refused(francisco, "set", unsubscribe_xml("bernardo@denmark.lit", subid), "auth forbidden");
  refused(francisco, "set", unsubscribe_xml("bernardo@denmark.lit/watch"), "auth forbidden");
  refused(francisco, "set", unsubscribe_xml("yorick@denmark.lit"), "auth forbidden");   // whether he is one or not
  publishes(hamlet, musings, "i1");
  sees(bernardo, item_event("i1"));
  none_sees();
}

TEST_F(Pubsub6_2, WhereThereIsNoNode) {  // example 52
  refused(francisco, "set", unsubscribe_xml("francisco@denmark.lit"), "cancel item-not-found");
  none_sees();
}

// ---- section 6.3

TEST_F(Pubsub6_3, TheOptionsAreAForm) {  // examples 55 and 56
  creates(hamlet, musings, open_node);
  subscribes(francisco);
  const std::string got = done(francisco, "get", options_of("francisco@denmark.lit"), options_of("francisco@denmark.lit", "<x xmlns='jabber:x:data' type='form'/>"));
  EXPECT_EQ(field_of(got, "FORM_TYPE"), "http://jabber.org/protocol/pubsub#subscribe_options");
  EXPECT_EQ(field_of(got, "pubsub#deliver"), "1");
  EXPECT_NE(field_of(got, "pubsub#show-values"), "(none)");
  none_sees();
}

TEST_F(Pubsub6_3, AndAreSet) {  // examples 64 and 65; section 4.2: the options hold
  creates(hamlet, musings, open_node);
  subscribes(francisco);
  subscribes(bernardo);
  done(francisco, "set", options_of("francisco@denmark.lit", form_xml("subscribe_options", {{"deliver", "0"}})));
  EXPECT_EQ(field_of(done(francisco, "get", options_of("francisco@denmark.lit")), "pubsub#deliver"), "0");
  EXPECT_EQ(field_of(done(bernardo, "get", options_of("bernardo@denmark.lit")), "pubsub#deliver"), "1");
  publishes(hamlet, musings, "i1");
  sees(bernardo, item_event("i1"));
  none_sees();
  done(francisco, "set", options_of("francisco@denmark.lit", form_xml("subscribe_options", {{"deliver", "true"}})));
  publishes(hamlet, musings, "i2");
  all_see({&francisco, &bernardo}, item_event("i2"));
  none_sees();
}

TEST_F(Pubsub6_3, OfAnotherTheyAreNotOnesOwn) {  // example 57
  creates(hamlet, musings, open_node);
  subscribes(bernardo);
  for (const std::string_view jid : {"bernardo@denmark.lit", "bernardo@denmark.lit/watch"}) {
    refused(francisco, "get", options_of(jid), "auth forbidden");
    refused(francisco, "set", options_of(jid, form_xml("subscribe_options", {{"deliver", "0"}})), "auth forbidden");
  }
  publishes(hamlet, musings, "i1");
  sees(bernardo, item_event("i1"));
  none_sees();
}

TEST_F(Pubsub6_3, WhoIsNoSubscriberHasNone) {  // examples 58, 59 and 63
  creates(hamlet, musings, open_node);
  refused(francisco, "get", options_of("francisco@denmark.lit"), "* unexpected-request not-subscribed");
  refused(francisco, "set", options_of("francisco@denmark.lit", form_xml("subscribe_options", {{"deliver", "0"}})), "* unexpected-request not-subscribed");
  refused(francisco, "get", pubsub_xml("<options node='princely_musings'/>"), "modify bad-request jid-required");
  refused(francisco, "get", pubsub_xml("<options node='absent' jid='francisco@denmark.lit'/>"), "cancel item-not-found");
  none_sees();
}

TEST_F(Pubsub6_3, OfSeveralSubscriptionsOneIsNamed) {  // examples 60 and 61
  creates(hamlet, musings, open_node);
  const std::string one = subscribes(francisco, musings, options_xml({{"show-values", "online\nchat"}}));
  const std::string two = subscribes(francisco, musings, options_xml({{"show-values", "online\naway"}}));
  refused(francisco, "get", options_of("francisco@denmark.lit"), "modify bad-request subid-required");
  refused(francisco, "get", options_of("francisco@denmark.lit", {}, "not-" + one), "modify not-acceptable invalid-subid");
  done(francisco, "set", options_of("francisco@denmark.lit", form_xml("subscribe_options", {{"deliver", "0"}}), one));
  EXPECT_EQ(field_of(done(francisco, "get", options_of("francisco@denmark.lit", {}, one)), "pubsub#deliver"), "0");
  EXPECT_EQ(field_of(done(francisco, "get", options_of("francisco@denmark.lit", {}, two)), "pubsub#deliver"), "1");
  publishes(hamlet, musings, "i1");
  sees(francisco, item_event("i1"), "*");   // of the other
  none_sees();
}

TEST_F(Pubsub6_3, WhatIsNoOptionIsRefused) {  // example 66
  creates(hamlet, musings, open_node);
  subscribes(francisco);
  for (const auto& [name, value] : Fields{{"deliver", "perhaps"}, {"show-values", "upside-down"}, {"expire", "tomorrow"}, {"no-such-option", "1"}}) {
    refused(francisco, "set", options_of("francisco@denmark.lit", form_xml("subscribe_options", {{name, value}})), "modify bad-request invalid-options");
  }
  refused(francisco, "set", options_of("francisco@denmark.lit", form_xml("node_config", {{"deliver", "0"}})), "modify bad-request invalid-options");
  publishes(hamlet, musings, "i1");
  sees(francisco, item_event("i1"));   // nothing changed
  none_sees();
}

TEST_F(Pubsub6_3, SubscribingWithOptions) {  // examples 67 and 68
  creates(hamlet, musings, open_node);
  const std::string got = done(francisco, "set", subscribe_xml(musings, "francisco@denmark.lit", options_xml({{"deliver", "0"}})),
                               subscription("francisco@denmark.lit", "subscribed"));
  if (holds(got, "<options")) {  // SHOULD
    EXPECT_TRUE(matches(got, "<iq>" + pubsub_xml("<options><x xmlns='jabber:x:data' type='result'/></options>") + "</iq>")) << got;
    EXPECT_EQ(field_of(got, "pubsub#deliver"), "0");
  } else {
    ADD_FAILURE() << "no options in " << got;
  }
  publishes(hamlet, musings, "i1");
  none_sees();
  // What breaks the rules for the element is refused, and nobody is subscribed.
  const std::string form = form_xml("subscribe_options", {{"deliver", "1"}});
  for (const std::string& wrong : {"<options node='princely_musings'>" + form + "</options>", "<options jid='bernardo@denmark.lit'>" + form + "</options>"}) {
    refused(bernardo, "set", subscribe_xml(musings, "bernardo@denmark.lit", wrong), "modify bad-request");
  }
  refused(bernardo, "set", pubsub_xml("<options>" + form + "</options><subscribe node='princely_musings' jid='bernardo@denmark.lit'/>"), "modify bad-request");
  refused(bernardo, "set", subscribe_xml(musings, "bernardo@denmark.lit", options_xml({{"deliver", "perhaps"}})), "modify bad-request invalid-options");
  done(bernardo, "get", pubsub_xml("<subscriptions/>"), pubsub_xml("<subscriptions><nothing-more/></subscriptions>"));
  none_sees();
}

// ---- section 6.4

TEST_F(Pubsub6_4, DefaultOptions) {  // examples 69 to 71
  creates(hamlet, musings, open_node);
  for (const std::string_view element : {"<default node='princely_musings'/>", "<default/>"}) {
    const std::string got = done(francisco, "get", pubsub_xml(element), pubsub_xml("<default><x xmlns='jabber:x:data'/></default>"));
    EXPECT_EQ(field_of(got, "FORM_TYPE"), "http://jabber.org/protocol/pubsub#subscribe_options");
    EXPECT_EQ(field_of(got, "pubsub#deliver"), "1") << got;
  }
  none_sees();
}

// ---- section 6.5

class Pubsub6_5Items : public Elsinore {
 protected:
  void SetUp() override {
    creates(hamlet, musings, open_node);
    for (const char* id : {"368866411b877c30064a5f62b917cffe", "3300659945416e274474e469a1f0154c", "4e30f35051b7b8b42abe083742187228", "ae890ac52d0df67ed7cfdf51b644e901"}) {
      publishes(hamlet, musings, id, entry_xml(std::string("of ") + id));
    }
  }
  void TearDown() override { none_sees(); }
  const std::vector<std::string> all{"368866411b877c30064a5f62b917cffe", "3300659945416e274474e469a1f0154c", "4e30f35051b7b8b42abe083742187228", "ae890ac52d0df67ed7cfdf51b644e901"};
  std::string page(std::string_view set) {
    return pubsub_xml("<items node='princely_musings'/><set xmlns='http://jabber.org/protocol/rsm'>" + std::string(set) + "</set>");
  }
};

TEST_F(Pubsub6_5Items, All) {  // examples 74, 75 and 236
  EXPECT_EQ(items(francisco), all);
  done(francisco, "get", items_xml(musings), pubsub_xml(item_event("4e30f35051b7b8b42abe083742187228", entry_xml("of 4e30f35051b7b8b42abe083742187228"))));
}

TEST_F(Pubsub6_5Items, InPages) {  // example 76; XEP-0059
  const std::string first = done(francisco, "get", page("<max>3</max>"),
      pubsub_xml("<set xmlns='http://jabber.org/protocol/rsm'><first index='0'/><last/><count>4</count></set>"));
  const std::vector<std::string> ids = values_of(first, "item", "id");
  ASSERT_EQ(ids.size(), 3U) << first;
  EXPECT_TRUE(holds(first, ">" + ids.front() + "</first>")) << first;
  EXPECT_TRUE(holds(first, "<last>" + ids.back() + "</last>")) << first;
  const std::vector<std::string> rest = values_of(done(francisco, "get", page("<max>3</max><after>" + ids.back() + "</after>")), "item", "id");
  ASSERT_EQ(rest.size(), 1U);
  std::vector<std::string> together = ids;
  together.insert(together.end(), rest.begin(), rest.end());
  std::vector<std::string> sorted = all;
  std::ranges::sort(sorted);
  std::ranges::sort(together);
  EXPECT_EQ(together, sorted);
  const std::vector<std::string> last = values_of(done(francisco, "get", page("<max>1</max><before/>")), "item", "id");
  EXPECT_EQ(last, rest);
  done(francisco, "get", page("<max>0</max>"), pubsub_xml("<set xmlns='http://jabber.org/protocol/rsm'><count>4</count></set>"));
  refused(francisco, "get", page("<max>3</max><after>nobody-knows-it</after>"), "cancel item-not-found");
}

TEST_F(Pubsub6_5Items, TheLastPublishedOne) {  // example 77: a node that does not persist
  configures(hamlet, musings, {{"persist_items", "0"}});
  publishes(hamlet, musings, "transient");
  const std::string got = answer(francisco, "get", items_xml(musings));
  // The last one where it is cached, and otherwise example 87.
  EXPECT_TRUE(matches(got, "<iq type='result'>" + pubsub_xml("<items node='princely_musings'><item/><cap-v-map xmlns='urn:xmpp:pubsub:cap:0'/><nothing-more/></items>") + "</iq>") ||
              matches(got, "<iq type='error'>" + error_xml("cancel feature-not-implemented unsupported persistent-items") + "</iq>")) << got;
}

TEST_F(Pubsub6_5Items, ByTheirIds) {  // examples 78 and 79, 83
  EXPECT_EQ(items(francisco, musings, "<item id='368866411b877c30064a5f62b917cffe'/><item id='4e30f35051b7b8b42abe083742187228'/>"),
            (std::vector<std::string>{"368866411b877c30064a5f62b917cffe", "4e30f35051b7b8b42abe083742187228"}));
  EXPECT_EQ(items(francisco, musings, "<item id='ae890ac52d0df67ed7cfdf51b644e901'/>"), (std::vector<std::string>{"ae890ac52d0df67ed7cfdf51b644e901"}));
}

TEST_F(Pubsub6_5Items, TheNewestOfThem) {  // examples 80 and 81; section 12.1: by when they were published last
  EXPECT_EQ(items(francisco, musings, {}, " max_items='2'"), (std::vector<std::string>{"4e30f35051b7b8b42abe083742187228", "ae890ac52d0df67ed7cfdf51b644e901"}));
  EXPECT_EQ(items(francisco, musings, {}, " max_items='20'"), all);
  publishes(hamlet, musings, "368866411b877c30064a5f62b917cffe");
  EXPECT_EQ(items(francisco, musings, {}, " max_items='1'"), (std::vector<std::string>{"368866411b877c30064a5f62b917cffe"}));
  for (const std::string_view wrong : {"-1", "x", "", "1e3", "99999999999999999999"}) {
    refused(francisco, "get", items_xml(musings, {}, " max_items='" + std::string(wrong) + "'"), "modify bad-request");
  }
}

TEST_F(Pubsub6_5Items, WhereThereAreNone) {  // examples 82 and 95
  EXPECT_EQ(items(francisco, musings, "<item id='unknown'/>"), std::vector<std::string>());
  EXPECT_EQ(items(francisco, musings, "<item id='unknown'/><item id='ae890ac52d0df67ed7cfdf51b644e901'/>"), (std::vector<std::string>{"ae890ac52d0df67ed7cfdf51b644e901"}));
  creates(hamlet, "empty", open_node);
  done(francisco, "get", items_xml("empty"), pubsub_xml("<items node='empty'><nothing-more/></items>"));
  done(francisco, "get", items_xml("empty", {}, " max_items='2'"), pubsub_xml("<items node='empty'><nothing-more/></items>"));
}

TEST_F(Pubsub6_5Items, OfSeveralSubscriptionsOneIsNamed) {  // examples 84 and 85
  const std::string one = subscribes(francisco, musings, options_xml({{"show-values", "online\nchat"}}));
  subscribes(francisco, musings, options_xml({{"show-values", "online\naway"}}));
  refused(francisco, "get", items_xml(musings), "modify bad-request subid-required");
  refused(francisco, "get", items_xml(musings, {}, " subid='not-" + one + "'"), "modify not-acceptable invalid-subid");
  EXPECT_EQ(items(francisco, musings, {}, " subid='" + one + "'"), all);
  subscribes(bernardo);
  refused(bernardo, "get", items_xml(musings, {}, " subid='nonsense'"), "modify not-acceptable invalid-subid");
}

TEST_F(Pubsub6_5Items, OnlyToSubscribersWhereTheyAreAuthorized) {  // example 86
  configures(hamlet, musings, {{"access_model", "authorize"}});
  refused(francisco, "get", items_xml(musings), "auth not-authorized not-subscribed");
  done(francisco, "set", subscribe_xml(musings, "francisco@denmark.lit"), subscription("francisco@denmark.lit", "pending"));
  hush({&hamlet});
  refused(francisco, "get", items_xml(musings), "auth not-authorized not-subscribed");
  refused(francisco, "get", items_xml(musings, "<item id='ae890ac52d0df67ed7cfdf51b644e901'/>"), "auth not-authorized not-subscribed");
}

TEST_F(Pubsub6_5Items, ACollectionHasNone) {  // example 88, or those of its children (XEP-0248 section 6.2)
  creates(hamlet, "blogs", {{"node_type", "collection"}});
  const std::string got = answer(francisco, "get", items_xml("blogs"));
  EXPECT_TRUE(matches(got, "<iq type='error'>" + error_xml("cancel feature-not-implemented unsupported retrieve-items") + "</iq>") ||
              matches(got, "<iq type='result'>" + pubsub_xml("") + "</iq>")) << got;
}

TEST_F(Pubsub6_5Items, OnlyToThoseOnTheWhitelist) {  // examples 91 and 93
  configures(hamlet, musings, {{"access_model", "whitelist"}});
  refused(francisco, "get", items_xml(musings), "cancel not-allowed closed-node");
  configures(hamlet, musings, {{"access_model", "open"}});
  affiliates(hamlet, "francisco@denmark.lit", "outcast");
  hush({&francisco});
  refused(francisco, "get", items_xml(musings), "auth forbidden");
  EXPECT_EQ(items(bernardo), all);
}

TEST_F(Pubsub6_5Items, WhereThereIsNoNode) {  // example 94
  refused(francisco, "get", items_xml("absent"), "cancel item-not-found");
}

TEST_F(Pubsub6_5, WhatWasRemovedIsNotGivenOut) {  // section 6.5.3
  creates(hamlet, musings, {{"access_model", "open"}, {"persist_items", "1"}, {"max_items", "10"}, {"item_expire", "60"}, {"send_last_published_item", "never"}});
  publishes(hamlet, musings, "i1");
  publishes(hamlet, musings, "i2");
  done(hamlet, "set", retract_xml(musings, "i1"));
  EXPECT_EQ(items(francisco), (std::vector<std::string>{"i2"}));
  scene.advance(std::chrono::seconds(61));
  EXPECT_EQ(items(francisco), std::vector<std::string>());
  none_sees();
}

}  // namespace
}  // namespace aldis::test
