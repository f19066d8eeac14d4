// XEP-0060 (1.30.0) chapters 11, 12 and 14: errors that come back, temporary and leased subscriptions, filters, singletons, delivery by
// presence, and requests that are no requests.
#include "tests/support/pubsub_scene.h"

namespace aldis::test {
namespace {

using Pubsub12 = Elsinore;
using Pubsub12_4 = Elsinore;
using Pubsub12_5 = Elsinore;
using Pubsub12_6 = Elsinore;
using Pubsub12_14 = Elsinore;
using Pubsub12_19 = Elsinore;
using Pubsub12_20 = Elsinore;
using Pubsub11 = Elsinore;

constexpr Fields open_node{{"access_model", "open"}, {"persist_items", "1"}, {"max_items", "20"}, {"send_last_published_item", "never"}};

// ---- chapter 11

TEST_F(Pubsub11, WhatIsNoRequest) {  // one error to its sender, and nothing else
  creates(hamlet, musings, open_node);
  for (const std::string_view wrong : {"", "<subscribe/>", "<unknown node='princely_musings'/>", "<subscribe node='princely_musings'/>",
                                       "<subscribe node='princely_musings' jid='hamlet@denmark.lit'/><subscribe node='princely_musings' jid='hamlet@denmark.lit/elsinore'/>",
                                       "<unsubscribe/>", "<publish/>", "<publish node=''><item/></publish>", "<items/>", "<create node='n'/><create node='m'/>",
                                       "<create node='n'/><publish node='n'><item/></publish>", "<options/>"}) {
    for (const std::string_view type : {"get", "set"}) {
      const std::string got = answer(hamlet, type, pubsub_xml(wrong));
      EXPECT_TRUE(matches(got, "<iq type='error'><error/></iq>")) << type << " " << wrong << ": " << got;
    }
  }
  for (const std::string_view wrong : {"", "<configure/>", "<delete/>", "<purge/>", "<subscriptions/>", "<affiliations/>", "<unknown node='princely_musings'/>",
                                       "<delete node='princely_musings'/><purge node='princely_musings'/>"}) {
    for (const std::string_view type : {"get", "set"}) {
      const std::string got = answer(hamlet, type, owner_xml(wrong));
      EXPECT_TRUE(matches(got, "<iq type='error'><error/></iq>")) << type << " " << wrong << ": " << got;
    }
  }
  // What is to be set is not got, and the other way.
  for (const std::string_view set : {"<create node='n'/>", "<subscribe node='princely_musings' jid='hamlet@denmark.lit'/>", "<publish node='princely_musings'><item><x xmlns='y:y'/></item></publish>"}) {
    EXPECT_TRUE(matches(answer(hamlet, "get", pubsub_xml(set)), "<iq type='error'/>")) << set;
  }
  EXPECT_TRUE(matches(answer(hamlet, "set", items_xml(musings)), "<iq type='error'/>"));
  EXPECT_TRUE(matches(answer(hamlet, "get", owner_xml(on_node("delete"))), "<iq type='error'/>"));
  EXPECT_EQ(items(hamlet), std::vector<std::string>());
  refused(hamlet, "get", info_xml("n"), "cancel item-not-found");
  none_sees();
}

TEST_F(Pubsub11, TheSameOfEveryNodeThatIsNotThere) {  // item-not-found, everywhere
  for (const std::string& get : {items_xml("absent"), pubsub_xml("<options node='absent' jid='hamlet@denmark.lit'/>"), owner_xml(on_node("configure", "absent")),
                                 owner_xml(on_node("subscriptions", "absent")), owner_xml(on_node("affiliations", "absent")), info_xml("absent"), nodes_xml("absent")}) {
    refused(hamlet, "get", get, "cancel item-not-found");
  }
  for (const std::string& set : {subscribe_xml("absent", "hamlet@denmark.lit"), pubsub_xml("<unsubscribe node='absent' jid='hamlet@denmark.lit'/>"), retract_xml("absent", "i"),
                                 owner_xml(on_node("delete", "absent")), owner_xml(on_node("purge", "absent"))}) {
    refused(hamlet, "set", set, "cancel item-not-found");
  }
  none_sees();
}

// ---- chapter 12

TEST_F(Pubsub12_4, WhoIsGoneIsNoSubscriberAnyMore) {  // section 12.4: type cancel ends it, others do not
  creates(hamlet, musings, open_node);
  static_cast<void>(scene.abroad());
  scene.abroad().sends("<iq type='set' id='s1' from='bassanio@merchantofvenice.lit/x' to='pubsub.shakespeare.lit'>" + subscribe_xml(musings, "bassanio@merchantofvenice.lit") + "</iq>");
  scene.abroad().receives({"type='result'", "subscription='subscribed'"});
  const auto bounces = [&](std::string_view notification, std::string_view error) {
    scene.abroad().sends("<message type='error' id='" + value_of(notification, "message", "id") + "' from='bassanio@merchantofvenice.lit' to='pubsub.shakespeare.lit'>" + error_xml(error) + "</message>");
  };
  publishes(hamlet, musings, "i1");
  bounces(scene.abroad().receives({"<message", "'i1'"}), "wait remote-server-timeout");
  publishes(hamlet, musings, "i2");
  bounces(scene.abroad().receives({"<message", "'i2'"}), "cancel item-not-found");
  publishes(hamlet, musings, "i3");
  scene.abroad().receives_nothing();
  EXPECT_FALSE(holds(done(hamlet, "get", owner_xml(on_node("subscriptions"))), "bassanio"));
  none_sees();
}

TEST_F(Pubsub12_5, TemporarySubscriptionsAreRefused) {  // examples 216 and 217 are optional, and nobody is left to think that they hold
  creates(hamlet, musings, open_node);
  subscribes(francisco, musings);
  refused(francisco, "set", pubsub_xml("<options node='princely_musings' jid='francisco@denmark.lit'>" + form_xml("subscribe_options", {{"expire", "presence"}}) + "</options>"),
          "modify bad-request invalid-options");
  refused(hamlet, "set", configure_xml(musings, {{"tempsub", "true"}}), "modify not-acceptable");
  refused(hamlet, "set", configure_xml(musings, {{"purge_offline", "true"}}), "modify not-acceptable");
  publishes(hamlet, musings, "i1");
  sees(francisco, item_event("i1"));
  none_sees();
}

TEST_F(Pubsub12_14, ChangesOfASubscriptionAreTold) {  // examples 218 and 219: to the address that was subscribed
  creates(hamlet, musings, open_node);
  done(francisco, "set", subscribe_xml(musings, "francisco@denmark.lit/barracks"));
  done(hamlet, "set", owner_xml(on_node("subscriptions", musings, "<subscription jid='francisco@denmark.lit/barracks' subscription='none'/>")));
  sees(francisco, "<subscription node='princely_musings' jid='francisco@denmark.lit/barracks' subscription='none'/>", "francisco@denmark.lit/barracks");
  none_sees();
}

TEST_F(Pubsub12_14, OwnersAreToldWhereTheyWantIt) {  // pubsub#notify_sub
  creates(hamlet, musings, {{"access_model", "open"}, {"notify_sub", "1"}, {"send_last_published_item", "never"}});
  subscribes(francisco);
  sees(hamlet, "<subscription node='princely_musings' jid='francisco@denmark.lit' subscription='subscribed'/>");
  done(francisco, "set", pubsub_xml("<unsubscribe node='princely_musings' jid='francisco@denmark.lit'/>"));
  sees(hamlet, "<subscription node='princely_musings' jid='francisco@denmark.lit' subscription='none'/>");
  hush({&francisco});
  none_sees();
}

TEST_F(Pubsub12_19, ALeaseEnds) {  // examples 221 and 223
  creates(hamlet, musings, open_node);
  subscribes(francisco);
  const auto lease = [&](std::string_view until) {
    done(francisco, "set", pubsub_xml("<options node='princely_musings' jid='francisco@denmark.lit'>" + form_xml("subscribe_options", {{"expire", until}}) + "</options>"));
  };
  const auto in = [&](std::chrono::seconds time) {
    const std::time_t at = std::chrono::system_clock::to_time_t(std::chrono::system_clock::time_point(scene.clock().wall().time_since_epoch() + time));
    char text[32];
    std::tm parts{};
    static_cast<void>(gmtime_r(&at, &parts));
    static_cast<void>(std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts));
    return std::string(text);
  };
  lease(in(std::chrono::hours(1)));
  EXPECT_NE(field_of(done(francisco, "get", pubsub_xml("<options node='princely_musings' jid='francisco@denmark.lit'/>")), "pubsub#expire"), "(none)");
  scene.advance(std::chrono::minutes(59));
  publishes(hamlet, musings, "i1");
  hush({&hamlet});
  francisco.receives_among({"'i1'"});
  lease(in(std::chrono::hours(1)));   // renewed
  scene.advance(std::chrono::minutes(30));
  publishes(hamlet, musings, "i2");
  francisco.receives_among({"'i2'"});
  scene.advance(std::chrono::minutes(61));
  hush({&francisco});
  publishes(hamlet, musings, "i3");
  francisco.receives_nothing();
  EXPECT_FALSE(holds(done(hamlet, "get", owner_xml(on_node("subscriptions"))), "francisco"));
  none_sees();
}

TEST_F(Pubsub12_19, AnEndedLeaseLeavesTheStore) {
  creates(hamlet, musings, open_node);
  const std::time_t at = std::chrono::system_clock::to_time_t(std::chrono::system_clock::time_point(scene.clock().wall().time_since_epoch() + std::chrono::hours(1)));
  char until[32];
  std::tm parts{};
  static_cast<void>(gmtime_r(&at, &parts));
  static_cast<void>(std::strftime(until, sizeof(until), "%Y-%m-%dT%H:%M:%SZ", &parts));
  subscribes(francisco, musings, options_xml({{"expire", until}}));
  subscribes(bernardo);
  const auto stored = [&](std::string_view jid) {
    return scene.wait(scene.stores().pubsub.subscriptions_of(BareJid::parse(pubsub_service).value(), BareJid::parse(jid).value())).value().size();
  };
  scene.advance(std::chrono::minutes(59));
  EXPECT_EQ(stored("francisco@denmark.lit"), 1U);
  scene.advance(std::chrono::minutes(3));
  EXPECT_EQ(stored("francisco@denmark.lit"), 0U) << "noticed within a minute";
  EXPECT_EQ(stored("bernardo@denmark.lit"), 1U);
  subscribes(francisco);   // as if there had been none
  publishes(hamlet, musings, "i1");
  hush({&hamlet, &bernardo});
  francisco.receives_among({"'i1'"});
  none_sees();
}

TEST_F(Pubsub12, ASingletonNode) {  // example 226; section 12.21
  creates(hamlet, "elsinore-doorbell", {{"access_model", "open"}, {"persist_items", "1"}, {"max_items", "1"}, {"deliver_payloads", "0"}, {"publish_model", "open"}, {"send_last_published_item", "never"}});
  done(horatio, "set", pubsub_xml(on_node("publish", "elsinore-doorbell", "<item id='current'/>")));
  done(horatio, "set", pubsub_xml(on_node("publish", "elsinore-doorbell", "<item id='current'/>")));
  EXPECT_EQ(items(francisco, "elsinore-doorbell"), (std::vector<std::string>{"current"}));
  none_sees();
}

TEST_F(Pubsub12, OwnersAndPublishersSubscribeAndRead) {  // section 12.12, whatever the access model
  for (const std::string_view model : {"open", "authorize", "whitelist"}) {
    SCOPED_TRACE(model);
    const std::string node = "of-" + std::string(model);
    creates(hamlet, node, {{"access_model", model}, {"persist_items", "1"}, {"send_last_published_item", "never"}});
    affiliates(hamlet, "bard@shakespeare.lit", "publisher", node);
    hush({&bard});
    publishes(hamlet, node, "i1");
    hush({&hamlet, &bard});
    for (Client* each : {&hamlet, &bard}) {
      EXPECT_EQ(items(*each, node), (std::vector<std::string>{"i1"}));
      subscribes(*each, node);
      hush({each});
      EXPECT_EQ(items(*each, node), (std::vector<std::string>{"i1"}));
    }
    publishes(bard, node, "i2");
    sees(hamlet, item_event("i2", {}, node));
    sees(bard, item_event("i2", {}, node));
  }
  none_sees();
}

TEST_F(Pubsub12, OnlyToThoseWhoAreThere) {  // section 12.6: nothing waits for who is offline, where the node or the subscription says so
  creates(hamlet, musings, {{"access_model", "open"}, {"persist_items", "1"}, {"presence_based_delivery", "1"}, {"notification_type", "normal"}, {"send_last_published_item", "never"}});
  creates(hamlet, "any", {{"access_model", "open"}, {"persist_items", "1"}, {"notification_type", "normal"}, {"send_last_published_item", "never"}});
  subscribes(francisco);
  subscribes(bernardo);
  subscribes(bernardo, "any");
  bernardo.sends("<presence type='unavailable'/>");
  hush({&bernardo});
  publishes(hamlet, musings, "i1");
  sees(francisco, item_event("i1"));
  publishes(hamlet, "any", "i2");
  bernardo.sends("<presence/>");
  std::string all;
  while (bernardo.waiting() > 0) {
    all += bernardo.next();
  }
  EXPECT_FALSE(holds(all, "'i1'")) << all;
  publishes(hamlet, musings, "i3");
  bernardo.receives_among({"<event", "'i3'"});
  sees(francisco, item_event("i3"));
  hush({&bernardo});
  none_sees();
}

TEST_F(Pubsub12, ByTheStateOfPresence) {  // pubsub#show-values
  creates(hamlet, musings, open_node);
  subscribes(francisco, musings, options_xml({{"show-values", "chat\nonline"}}));
  publishes(hamlet, musings, "i1");
  sees(francisco, item_event("i1"), "*");
  francisco.sends("<presence><show>dnd</show></presence>");
  hush({&francisco});
  publishes(hamlet, musings, "i2");
  francisco.receives_nothing();
  francisco.sends("<presence><show>chat</show></presence>");
  hush({&francisco});
  publishes(hamlet, musings, "i3");
  sees(francisco, item_event("i3"), "*");
  none_sees();
}

TEST_F(Pubsub12, TheKindOfMessage) {  // section 12.7, pubsub#notification_type: a headline is not kept
  for (const auto& [word, type] : Fields{{"headline", "headline"}, {"normal", "normal"}}) {
    creates(hamlet, word, {{"access_model", "open"}, {"notification_type", word}, {"send_last_published_item", "never"}});
    subscribes(francisco, word);
    publishes(hamlet, word, "i1");
    const std::string got = value_of(sees(francisco, item_event("i1", {}, word)), "message", "type");
    EXPECT_TRUE(got == type || (type == "normal" && got.empty())) << got;
  }
  none_sees();
}

TEST_F(Pubsub12, ABodyBesideThePayload) {  // section 12.8: where the service knows the payload, and for those who want it
  creates(hamlet, musings, {{"access_model", "open"}, {"type", "http://www.w3.org/2005/Atom"}, {"send_last_published_item", "never"}});
  creates(hamlet, "other", {{"access_model", "open"}, {"type", "http://jabber.org/protocol/tune"}});
  subscribes(francisco, musings, options_xml({{"include_body", "1"}}));
  subscribes(bernardo);
  publishes(hamlet, musings, "i1", "<entry xmlns='http://www.w3.org/2005/Atom'><title>Soliloquy</title><summary>To be, or not to be</summary></entry>");
  const std::string with = sees(francisco, item_event("i1"));
  EXPECT_TRUE(matches(with, "<message><body/></message>") && holds(with.substr(with.find("<body")), "To be, or not to be")) << with;
  EXPECT_FALSE(holds(sees(bernardo, item_event("i1")), "<body"));
  subscribes(francisco, "other");
  EXPECT_EQ(field_of(done(francisco, "get", pubsub_xml("<options node='other' jid='francisco@denmark.lit'/>")), "pubsub#include_body"), "(none)");
  refused(bernardo, "set", subscribe_xml("other", "bernardo@denmark.lit", options_xml({{"include_body", "1"}})), "modify bad-request invalid-options");
  none_sees();
}

TEST_F(Pubsub12_20, AKeywordOfTheSubscribersOwn) {  // examples 224 and 225: where the service offers one, it holds
  creates(hamlet, musings, open_node);
  subscribes(bard);
  const std::string form = done(bard, "get", pubsub_xml("<options node='princely_musings' jid='bard@shakespeare.lit'/>"));
  std::string keyword;
  for (const std::string& var : values_of(form, "field", "var")) {
    keyword = holds(var, "keyword") ? var : keyword;
  }
  ASSERT_FALSE(keyword.empty()) << form;
  done(bard, "set", pubsub_xml("<options node='princely_musings' jid='bard@shakespeare.lit'>" + form_xml("subscribe_options", {{keyword, "peasant"}}) + "</options>"));
  publishes(hamlet, musings, "i1", entry_xml("To be, or not to be"));
  bard.receives_nothing();
  publishes(hamlet, musings, "i2", entry_xml("O, what a rogue and peasant slave am I!"));
  sees(bard, item_event("i2", entry_xml("O, what a rogue and peasant slave am I!")));
  none_sees();
}

}  // namespace
}  // namespace aldis::test
