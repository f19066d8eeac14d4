// XEP-0060 (1.30.0) chapter 7, section by section: publishing, what is notified and what is not, options, retraction.
#include "tests/support/pubsub_scene.h"

namespace aldis::test {
namespace {

using Pubsub7_1 = Elsinore;
using Pubsub7_1_3 = Elsinore;
using Pubsub7_1_5 = Elsinore;
using Pubsub7_2 = Elsinore;

constexpr Fields open_node{{"access_model", "open"}, {"persist_items", "1"}, {"max_items", "20"}, {"send_last_published_item", "never"}, {"notify_retract", "0"}};

// ---- section 7.1

TEST_F(Pubsub7_1, WithAnId) {  // examples 96, 98 and 100
  creates(hamlet, musings, open_node);
  subscribes(francisco);
  subscribes(bernardo);
  done(hamlet, "set", publish_xml(musings, "bnd81g37d61f49fgn581", entry_xml()), pubsub_xml(on_node("publish")));
  all_see({&francisco, &bernardo}, item_event("bnd81g37d61f49fgn581", entry_xml()));
  none_sees();
}

TEST_F(Pubsub7_1, WithoutOne) {  // examples 97 and 99: the service chooses, and says which
  creates(hamlet, musings, open_node);
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    ids.push_back(value_of(done(hamlet, "set", publish_xml(musings, {}, entry_xml()), pubsub_xml(on_node("publish", musings, "<item id='*'/>"))), "item", "id"));
  }
  EXPECT_EQ(items(francisco), ids);
  std::ranges::sort(ids);
  EXPECT_EQ(std::ranges::adjacent_find(ids), ids.end());
  none_sees();
}

TEST_F(Pubsub7_1, TheSameIdAgainTakesItsPlace) {  // sections 7.1.2 and 12.9; it is the newest then, section 12.1
  creates(hamlet, musings, open_node);
  subscribes(francisco);
  publishes(hamlet, musings, "i1", entry_xml("one"));
  publishes(hamlet, musings, "i2", entry_xml("two"));
  publishes(hamlet, musings, "i1", entry_xml("three"));
  sees(francisco, item_event("i1", entry_xml("one")));
  sees(francisco, item_event("i2", entry_xml("two")));
  sees(francisco, item_event("i1", entry_xml("three")));
  const std::string got = done(francisco, "get", items_xml(musings), pubsub_xml(item_event("i1", entry_xml("three"))));
  EXPECT_EQ(values_of(got, "item", "id"), (std::vector<std::string>{"i2", "i1"}));
  none_sees();
}

TEST_F(Pubsub7_1, EveryMessageHasItsOwnId) {  // sections 7.1.2 and 12.4
  creates(hamlet, musings, open_node);
  subscribes(francisco);
  subscribes(bernardo);
  std::vector<std::string> ids;
  for (const std::string_view id : {"i1", "i2", "i3"}) {
    publishes(hamlet, musings, id);
    ids.push_back(value_of(sees(francisco, item_event(id)), "message", "id"));
    ids.push_back(value_of(sees(bernardo, item_event(id)), "message", "id"));
  }
  std::vector<std::string> of_events{ids[0], ids[2], ids[4]};
  std::ranges::sort(of_events);
  EXPECT_EQ(std::ranges::adjacent_find(of_events), of_events.end());
  none_sees();
}

TEST_F(Pubsub7_1, WithoutPayloads) {  // example 101; the item is read (section 6.5.6)
  creates(hamlet, musings, {{"access_model", "open"}, {"persist_items", "1"}, {"deliver_payloads", "0"}, {"send_last_published_item", "never"}});
  for (Client* each : {&francisco, &bernardo, &horatio, &bard}) {
    subscribes(*each);
  }
  publishes(hamlet, musings, "i1", entry_xml("a quiet one"));
  for (Client* each : {&francisco, &bernardo, &horatio, &bard}) {
    EXPECT_FALSE(holds(sees(*each, without_payload("i1")), "a quiet one"));
  }
  done(francisco, "get", items_xml(musings, "<item id='i1'/>"), pubsub_xml(item_event("i1", entry_xml("a quiet one"))));
  none_sees();
}

TEST_F(Pubsub7_1, WithoutNotifications) {  // pubsub#deliver_notifications
  creates(hamlet, musings, {{"access_model", "open"}, {"persist_items", "1"}, {"deliver_notifications", "0"}, {"send_last_published_item", "never"}});
  subscribes(francisco);
  publishes(hamlet, musings, "i1");
  EXPECT_EQ(items(francisco), (std::vector<std::string>{"i1"}));
  none_sees();
}

TEST_F(Pubsub7_1, ThePublisherIsTheServicesWord) {  // examples 102 and 103, 220; section 12.17
  creates(hamlet, musings, {{"access_model", "open"}, {"persist_items", "1"}, {"itemreply", "publisher"}, {"send_last_published_item", "never"}});
  affiliates(hamlet, "bard@shakespeare.lit", "publisher");
  hush({&bard});
  subscribes(francisco);
  done(bard, "set", pubsub_xml(on_node("publish", musings, "<item id='i1' publisher='hamlet@denmark.lit'>" + entry_xml() + "</item>")));
  const std::string seen = sees(francisco, "<items node='princely_musings'><item id='i1' publisher='*'/></items>");
  const std::string read = done(francisco, "get", items_xml(musings), pubsub_xml("<items node='princely_musings'><item id='i1' publisher='*'/></items>"));
  for (const std::string& each : {seen, read}) {
    EXPECT_TRUE(value_of(each, "item", "publisher").starts_with("bard@shakespeare.lit")) << each;
    EXPECT_FALSE(holds(each, "hamlet")) << each;
  }
  configures(hamlet, musings, {{"itemreply", "none"}});   // and with none nobody is told, whatever the publisher says
  done(bard, "set", pubsub_xml(on_node("publish", musings, "<item id='i2' publisher='hamlet@denmark.lit'>" + entry_xml() + "</item>")));
  sees(francisco, "<items node='princely_musings'><item id='i2' publisher='-'/></items>");
  done(francisco, "get", items_xml(musings, "<item id='i2'/>"), pubsub_xml("<items node='princely_musings'><item id='i2' publisher='-'/></items>"));
  none_sees();
}

TEST_F(Pubsub7_1, SubidsAreTold) {  // examples 104 and 118; sections 12.16 and XEP-0131
  creates(hamlet, musings, {{"access_model", "open"}, {"persist_items", "1"}, {"send_last_published_item", "never"}, {"notify_retract", "1"}});
  const std::string one = subscribes(francisco, musings, options_xml({{"show-values", "online\nchat"}}));
  const std::string two = subscribes(francisco, musings, options_xml({{"show-values", "online\naway"}}));
  const std::string headers = "<headers xmlns='http://jabber.org/protocol/shim'><header name='SubID'>" + one + "</header><header name='SubID'>" + two + "</header><nothing-more/></headers>";
  publishes(hamlet, musings, "i1");
  const std::string seen = sees(francisco, item_event("i1"), "*");
  EXPECT_TRUE(matches(seen, "<message>" + headers + "</message>")) << seen;
  EXPECT_TRUE(seen.ends_with("</headers></message>")) << seen;   // last
  done(hamlet, "set", retract_xml(musings, "i1", "true"));
  const std::string gone = sees(francisco, "<items node='princely_musings'><retract id='i1'/></items>", "*");
  EXPECT_TRUE(matches(gone, "<message>" + headers + "</message>")) << gone;
  done(hamlet, "set", owner_xml(on_node("purge")));   // where it makes no difference there are none
  EXPECT_FALSE(holds(sees(francisco, "<purge node='princely_musings'/>", "*"), "SubID"));
  none_sees();
}

TEST_F(Pubsub7_1, AFullNodeLosesItsOldest) {  // section 7.1.2.5: retract-oldest, discard-oldest
  creates(hamlet, musings, {{"access_model", "open"}, {"persist_items", "1"}, {"max_items", "2"}, {"notify_retract", "1"}, {"send_last_published_item", "never"}});
  publishes(hamlet, musings, "i1");
  publishes(hamlet, musings, "i2");
  subscribes(francisco);
  publishes(hamlet, musings, "i3");
  EXPECT_EQ(items(francisco), (std::vector<std::string>{"i2", "i3"}));
  const std::string told = francisco.next() + (francisco.waiting() > 0 ? francisco.next() : std::string());
  EXPECT_TRUE(holds(told, "'i3'")) << told;
  configures(hamlet, musings, {{"notify_retract", "0"}, {"max_items", "1"}});   // the form makes it smaller
  hush({&francisco});
  EXPECT_EQ(items(francisco), (std::vector<std::string>{"i3"}));
  publishes(hamlet, musings, "i4");
  sees(francisco, item_event("i4"));
  EXPECT_EQ(items(francisco), (std::vector<std::string>{"i4"}));
  none_sees();
}

// ---- section 7.1.3

TEST_F(Pubsub7_1_3, WhoMayNotPublish) {  // example 105
  creates(hamlet, musings, open_node);
  subscribes(francisco);
  for (const std::string_view affiliation : {"none", "member", "outcast"}) {
    affiliates(hamlet, "horatio@denmark.lit", affiliation);
    hush({&horatio});
    refused(horatio, "set", publish_xml(musings, "i1", entry_xml()), "auth forbidden");
  }
  EXPECT_EQ(items(francisco), std::vector<std::string>());
  none_sees();
}

TEST_F(Pubsub7_1_3, PublishModels) {  // section 16.4.4: publishers, subscribers, open
  struct Cell {
    std::string_view model, affiliation;
    bool is_subscribed, may;
  };
  for (const Cell& cell : {Cell{"publishers", "none", false, false}, {"publishers", "member", true, false}, {"publishers", "publisher", false, true},
                           {"publishers", "publish-only", false, true}, {"publishers", "owner", false, true}, {"publishers", "none", true, false},
                           {"subscribers", "none", false, false}, {"subscribers", "none", true, true}, {"subscribers", "member", true, true}, {"subscribers", "publisher", false, true},
                           {"subscribers", "outcast", false, false}, {"open", "none", false, true}, {"open", "member", false, true}, {"open", "publish-only", false, true},
                           {"open", "outcast", false, false}}) {
    SCOPED_TRACE(std::string(cell.model) + " " + std::string(cell.affiliation) + (cell.is_subscribed ? " subscribed" : ""));
    creates(hamlet, musings, {{"access_model", "open"}, {"persist_items", "1"}, {"publish_model", cell.model}, {"send_last_published_item", "never"}, {"notify_delete", "0"}});
    affiliates(hamlet, "horatio@denmark.lit", cell.affiliation);
    if (cell.is_subscribed) {
      hush({&horatio});
      subscribes(horatio);
    }
    subscribes(francisco);
    if (cell.may) {
      publishes(horatio, musings, "i1");
      sees(francisco, item_event("i1"));
    } else {
      refused(horatio, "set", publish_xml(musings, "i1", entry_xml()), "auth forbidden");
    }
    francisco.receives_nothing();
    done(hamlet, "set", owner_xml(on_node("delete")));
    hush({&horatio, &francisco});
  }
  none_sees();
}

TEST_F(Pubsub7_1_3, ToACollection) {  // example 106
  creates(hamlet, "blogs", {{"node_type", "collection"}});
  refused(hamlet, "set", publish_xml("blogs", "i1", entry_xml()), "cancel feature-not-implemented unsupported publish");
  none_sees();
}

TEST_F(Pubsub7_1_3, ToNoNode) {  // example 107, and section 7.1.4: a service that makes nodes so says it
  const std::string info = done(hamlet, "get", info_xml());
  if (holds(info, "pubsub#auto-create")) {
    publishes(hamlet, "made-by-publishing", "i1");
    EXPECT_EQ(items(hamlet, "made-by-publishing"), (std::vector<std::string>{"i1"}));
  } else {
    refused(hamlet, "set", publish_xml("absent", "i1", entry_xml()), "cancel item-not-found");
    refused(hamlet, "get", info_xml("absent"), "cancel item-not-found");
  }
  none_sees();
}

TEST_F(Pubsub7_1_3, WhereAFullNodeTakesNoMore) {  // example 108
  creates(hamlet, musings, {{"access_model", "open"}, {"persist_items", "1"}, {"max_items", "2"}, {"publish_node_full", "reject"}, {"send_last_published_item", "never"}});
  subscribes(francisco);
  publishes(hamlet, musings, "i1");
  publishes(hamlet, musings, "i2");
  hush({&francisco});
  refused(hamlet, "set", publish_xml(musings, "i3", entry_xml()), "cancel conflict node-full");
  EXPECT_EQ(items(francisco), (std::vector<std::string>{"i1", "i2"}));
  publishes(hamlet, musings, "i1");   // takes a place that is there
  sees(francisco, item_event("i1"));
  none_sees();
}

TEST_F(Pubsub7_1_3, APayloadThatIsTooBig) {  // example 109
  creates(hamlet, musings, {{"access_model", "open"}, {"max_payload_size", "1028"}, {"send_last_published_item", "never"}});
  subscribes(francisco);
  refused(hamlet, "set", publish_xml(musings, "big", entry_xml(std::string(1028, 'x'))), "modify not-acceptable payload-too-big");
  publishes(hamlet, musings, "fits", entry_xml(std::string(900, 'x')));
  sees(francisco, item_event("fits"));
  none_sees();
}

TEST_F(Pubsub7_1_3, ABadPayload) {  // example 110
  creates(hamlet, musings, {{"access_model", "open"}, {"type", "http://www.w3.org/2005/Atom"}, {"send_last_published_item", "never"}});
  subscribes(francisco);
  refused(hamlet, "set", publish_xml(musings, "two", entry_xml() + entry_xml()), "modify bad-request invalid-payload");
  refused(hamlet, "set", publish_xml(musings, "other", "<tune xmlns='http://jabber.org/protocol/tune'/>"), "modify bad-request invalid-payload");
  publishes(hamlet, musings, "right");
  sees(francisco, item_event("right"));
  none_sees();
}

TEST_F(Pubsub7_1_3, WhatDoesNotFitTheNode) {  // examples 111 to 113
  creates(hamlet, "persistent", {{"persist_items", "1"}, {"deliver_payloads", "1"}});
  refused(hamlet, "set", pubsub_xml(on_node("publish", "persistent")), "modify bad-request item-required");
  refused(hamlet, "set", pubsub_xml(on_node("publish", "persistent", "<item id='i'/>")), "modify bad-request payload-required");
  creates(hamlet, "notification", {{"persist_items", "0"}, {"deliver_payloads", "0"}});
  refused(hamlet, "set", pubsub_xml(on_node("publish", "notification", "<item/>")), "modify bad-request item-forbidden");
  none_sees();
}

TEST_F(Pubsub7_1_3, SeveralItemsAtOnceOrNone) {  // section 12.11 against the note in section 7.1.1: all, or nothing and an error
  creates(hamlet, musings, open_node);
  subscribes(francisco);
  const std::string got = answer(hamlet, "set", pubsub_xml(on_node("publish", musings, "<item id='i1'>" + entry_xml() + "</item><item id='i2'>" + entry_xml() + "</item>")));
  const std::size_t count = items(francisco).size();
  if (holds(got, "type='result'")) {
    EXPECT_EQ(count, 2U);
    EXPECT_GT(francisco.waiting(), 0U);
    hush({&francisco});
  } else {
    EXPECT_EQ(count, 0U) << got;
  }
  const std::string half = answer(hamlet, "set", pubsub_xml(on_node("publish", musings, "<item id='i3'>" + entry_xml() + "</item><item id='i4'>" + entry_xml() + entry_xml() + "</item>")));
  EXPECT_TRUE(matches(half, "<iq type='error'><error/></iq>")) << half;
  EXPECT_EQ(items(francisco).size(), count);
  none_sees();
}

// ---- sections 7.1.4 and 7.1.5

TEST_F(Pubsub7_1_5, OptionsArePreconditions) {  // example 114
  creates(hamlet, musings, open_node);
  subscribes(francisco);
  done(hamlet, "set", publish_xml(musings, "i1", entry_xml(), {{"access_model", "open"}, {"persist_items", "true"}}));
  sees(francisco, item_event("i1"));
  refused(hamlet, "set", publish_xml(musings, "i2", entry_xml(), {{"access_model", "presence"}}), "cancel conflict precondition-not-met");
  refused(hamlet, "set", publish_xml(musings, "i2", entry_xml(), {{"access_model", "open"}, {"max_items", "7"}}), "cancel conflict precondition-not-met");
  EXPECT_EQ(items(francisco), (std::vector<std::string>{"i1"}));
  EXPECT_EQ(field_of(done(hamlet, "get", owner_xml(on_node("configure"))), "pubsub#access_model"), "open");
  none_sees();
}

TEST_F(Pubsub7_1_5, WhatIsUnknownIsRefusedByName) {  // section 7.1.5: MUST reject upon unknown fields; security B01
  creates(hamlet, musings, open_node);
  subscribes(francisco);
  for (const std::string_view unknown : {"pubsub#acces_model", "pubsub#no_such_option", "x-own#option", "access_model#"}) {
    const std::string got = answer(hamlet, "set", publish_xml(musings, "i1", entry_xml(), {{"pubsub#access_model", "open"}, {unknown, "whitelist"}}));
    EXPECT_TRUE(matches(got, "<iq type='error'/>")) << got;
    EXPECT_TRUE(holds(got, unknown)) << unknown << " is not named in " << got;
  }
  // Nor is a form of another type taken, or none.
  for (const std::string& wrong : {form_xml("node_config", {{"access_model", "open"}}), std::string("<x xmlns='jabber:x:data' type='submit'/>"), std::string()}) {
    const std::string got = answer(hamlet, "set", pubsub_xml(on_node("publish", musings, "<item id='i1'>" + entry_xml() + "</item>") + "<publish-options>" + wrong + "</publish-options>"));
    EXPECT_TRUE(matches(got, "<iq type='error'/>")) << wrong << got;
  }
  EXPECT_EQ(items(francisco), std::vector<std::string>());
  none_sees();
}

// ---- section 7.2

TEST_F(Pubsub7_2, AnItemIsDeleted) {  // examples 115 and 116
  creates(hamlet, musings, open_node);
  publishes(hamlet, musings, "i1");
  publishes(hamlet, musings, "i2");
  subscribes(francisco);
  done(hamlet, "set", retract_xml(musings, "i1"));
  EXPECT_EQ(items(francisco), (std::vector<std::string>{"i2"}));
  none_sees();
}

TEST_F(Pubsub7_2, AndSubscribersAreNotified) {  // example 117
  creates(hamlet, musings, open_node);
  subscribes(francisco);
  subscribes(bernardo);
  for (const std::string_view notify : {"true", "1"}) {
    publishes(hamlet, musings, "i1");
    hush({&francisco, &bernardo});
    done(hamlet, "set", retract_xml(musings, "i1", notify));
    all_see({&francisco, &bernardo}, "<items node='princely_musings'><retract id='i1'/><nothing-more/></items>");
  }
  publishes(hamlet, musings, "i1");
  hush({&francisco, &bernardo});
  done(hamlet, "set", retract_xml(musings, "i1", "false"));
  none_sees();
  configures(hamlet, musings, {{"notify_retract", "1"}});   // or always
  publishes(hamlet, musings, "i1");
  hush({&francisco, &bernardo});
  done(hamlet, "set", retract_xml(musings, "i1"));
  all_see({&francisco, &bernardo}, "<items node='princely_musings'><retract id='i1'/></items>");
  none_sees();
}

TEST_F(Pubsub7_2, WhoMayNotDelete) {  // example 119; section 4.1: publish-only only what is his own
  creates(hamlet, musings, open_node);
  publishes(hamlet, musings, "i1");
  for (const std::string_view affiliation : {"none", "member", "outcast", "publish-only"}) {
    affiliates(hamlet, "horatio@denmark.lit", affiliation);
    hush({&horatio});
    refused(horatio, "set", retract_xml(musings, "i1"), "auth forbidden");
  }
  publishes(horatio, musings, "his-own");
  done(horatio, "set", retract_xml(musings, "his-own"));
  EXPECT_EQ(items(francisco), (std::vector<std::string>{"i1"}));
  affiliates(hamlet, "horatio@denmark.lit", "publisher");
  hush({&horatio});
  publishes(horatio, musings, "i2");
  done(hamlet, "set", retract_xml(musings, "i2"));   // an owner any
  none_sees();
}

TEST_F(Pubsub7_2, WhatIsNotThere) {  // example 120
  creates(hamlet, musings, open_node);
  refused(hamlet, "set", retract_xml("absent", "i1"), "cancel item-not-found");
  refused(hamlet, "set", retract_xml(musings, "i1"), "cancel item-not-found");
  none_sees();
}

TEST_F(Pubsub7_2, WhatIsNotNamed) {  // examples 121 and 122
  creates(hamlet, musings, open_node);
  publishes(hamlet, musings, "i1");
  refused(hamlet, "set", pubsub_xml("<retract><item id='i1'/></retract>"), "modify bad-request nodeid-required");
  refused(hamlet, "set", pubsub_xml(on_node("retract")), "modify bad-request item-required");
  refused(hamlet, "set", pubsub_xml(on_node("retract", musings, "<item/>")), "modify bad-request item-required");
  EXPECT_EQ(items(francisco), (std::vector<std::string>{"i1"}));
  none_sees();
}

TEST_F(Pubsub7_2, WhereNothingIsKept) {  // example 123
  creates(hamlet, musings, {{"persist_items", "0"}, {"deliver_payloads", "0"}});
  refused(hamlet, "set", retract_xml(musings, "i1"), "cancel feature-not-implemented unsupported persistent-items");
  creates(hamlet, "blogs", {{"node_type", "collection"}});
  refused(hamlet, "set", retract_xml("blogs", "i1"), "cancel feature-not-implemented unsupported persistent-items");
  none_sees();
}

TEST_F(Pubsub7_2, SeveralAtOnceOrNone) {  // section 12.11: the whole batch fails
  creates(hamlet, musings, open_node);
  publishes(hamlet, musings, "i1");
  publishes(hamlet, musings, "i2");
  for (const std::string_view second : {"<item id='absent'/>", "<item/>", "<item id='i1'/>"}) {
    const std::string got = answer(hamlet, "set", pubsub_xml(on_node("retract", musings, "<item id='i1'/>" + std::string(second))));
    EXPECT_TRUE(matches(got, "<iq type='error'><error/></iq>")) << got;
  }
  EXPECT_EQ(items(francisco), (std::vector<std::string>{"i1", "i2"}));
  none_sees();
}

}  // namespace
}  // namespace aldis::test
