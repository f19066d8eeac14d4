// XEP-0060 (1.30.0) chapter 8, section by section: making, configuring, deleting and purging nodes, pending subscriptions, lists.
#include "tests/support/pubsub_scene.h"

namespace aldis::test {
namespace {

using Pubsub8_1 = Elsinore;
using Pubsub8_2 = Elsinore;
using Pubsub8_3 = Elsinore;
using Pubsub8_4 = Elsinore;
using Pubsub8_5 = Elsinore;
using Pubsub8_6 = Elsinore;
using Pubsub8_7 = Elsinore;
using Pubsub8_8 = Elsinore;
using Pubsub8_9 = Elsinore;

constexpr Fields open_node{{"access_model", "open"}, {"persist_items", "1"}, {"max_items", "20"}, {"send_last_published_item", "never"}};
constexpr Fields asked_node{{"access_model", "authorize"}, {"persist_items", "1"}, {"send_last_published_item", "never"}};

std::string subscription_change(std::string_view jid, std::string_view state) {
  return "<subscription node='princely_musings' jid='" + std::string(jid) + "' subscription='" + std::string(state) + "'/>";
}
std::string subscriptions_xml(std::string_view content, std::string_view node = musings) { return owner_xml(on_node("subscriptions", node, content)); }
std::string affiliations_xml(std::string_view content, std::string_view node = musings) { return owner_xml(on_node("affiliations", node, content)); }
std::string affiliation(std::string_view jid, std::string_view word) { return "<affiliation jid='" + std::string(jid) + "' affiliation='" + std::string(word) + "'/>"; }

// ---- section 8.1

TEST_F(Pubsub8_1, ANodeIsMade) {  // examples 125, 133 and 135
  done(hamlet, "set", create_xml(musings));
  done(hamlet, "get", pubsub_xml("<affiliations/>"), pubsub_xml("<affiliations><affiliation node='princely_musings' affiliation='owner'/></affiliations>"));
  EXPECT_EQ(field_of(done(francisco, "get", info_xml(musings)), "pubsub#creator"), "hamlet@denmark.lit");
  none_sees();
}

TEST_F(Pubsub8_1, OnlyOnce) {  // example 129
  creates(hamlet, musings, open_node);
  publishes(hamlet, musings, "i1");
  refused(hamlet, "set", create_xml(musings), "cancel conflict");
  refused(francisco, "set", create_xml(musings), "cancel conflict");
  EXPECT_EQ(items(francisco), (std::vector<std::string>{"i1"}));
  none_sees();
}

TEST_F(Pubsub8_1, AnInstantNode) {  // examples 131 and 132
  const std::string one = value_of(done(hamlet, "set", pubsub_xml("<create/>"), pubsub_xml("<create node='*'/>")), "create", "node");
  const std::string two = value_of(done(hamlet, "set", pubsub_xml("<create/>"), pubsub_xml("<create node='*'/>")), "create", "node");
  EXPECT_NE(one, two);
  done(hamlet, "get", info_xml(one), "<query xmlns='http://jabber.org/protocol/disco#info'><identity category='pubsub' type='leaf'/></query>");
  none_sees();
}

TEST_F(Pubsub8_1, WithAnAccessModel) {  // example 134
  creates(hamlet, musings, {{"access_model", "whitelist"}});
  EXPECT_EQ(field_of(done(hamlet, "get", owner_xml(on_node("configure"))), "pubsub#access_model"), "whitelist");
  refused(francisco, "set", subscribe_xml(musings, "francisco@denmark.lit"), "cancel not-allowed closed-node");
  none_sees();
}

TEST_F(Pubsub8_1, AnAccessModelThatThereIsNot) {  // example 136
  refused(hamlet, "set", create_xml(musings, {{"access_model", "secret"}}), "modify not-acceptable");
  for (const std::string_view model : {"presence", "roster"}) {   // a service without rosters
    refused(hamlet, "set", create_xml(musings, {{"access_model", model}}), "modify not-acceptable unsupported-access-model");
  }
  refused(hamlet, "get", info_xml(musings), "cancel item-not-found");   // none was made
  none_sees();
}

TEST_F(Pubsub8_1, AndConfiguredAtOnce) {  // examples 137 and 138
  const std::string got = answer(hamlet, "set", create_xml(musings, {{"title", "Princely Musings (Atom)"}, {"deliver_notifications", "1"}, {"deliver_payloads", "1"}, {"persist_items", "1"},
      {"max_items", "10"}, {"item_expire", "604800"}, {"access_model", "open"}, {"publish_model", "publishers"}, {"purge_offline", "0"}, {"send_last_published_item", "never"},
      {"presence_based_delivery", "false"}, {"notification_type", "headline"}, {"notify_config", "0"}, {"notify_delete", "0"}, {"notify_retract", "0"}, {"notify_sub", "0"},
      {"max_payload_size", "1028"}, {"type", "urn:example:e2ee:bundle"}}));
  EXPECT_TRUE(matches(got, "<iq type='result'/>")) << got;
  const std::string form = done(hamlet, "get", owner_xml(on_node("configure")));
  EXPECT_EQ(field_of(form, "pubsub#title"), "Princely Musings (Atom)");
  EXPECT_EQ(field_of(form, "pubsub#max_items"), "10");
  EXPECT_EQ(field_of(form, "pubsub#item_expire"), "604800");
  EXPECT_EQ(field_of(form, "pubsub#send_last_published_item"), "never");
  EXPECT_EQ(field_of(form, "pubsub#notify_delete"), "0");
  EXPECT_EQ(field_of(form, "pubsub#max_payload_size"), "1028");
  EXPECT_EQ(field_of(form, "pubsub#type"), "urn:example:e2ee:bundle");
  none_sees();
}

TEST_F(Pubsub8_1, WhereTheElementsAreWrong) {  // section 8.1.3: the order, and no node in configure
  const std::string form = form_xml("node_config", {{"access_model", "whitelist"}});
  refused(hamlet, "set", pubsub_xml("<configure>" + form + "</configure><create node='princely_musings'/>"), "modify bad-request");
  refused(hamlet, "set", pubsub_xml("<create node='princely_musings'/><configure node='princely_musings'>" + form + "</configure>"), "modify bad-request");
  refused(hamlet, "get", info_xml(musings), "cancel item-not-found");
  none_sees();
}

TEST_F(Pubsub8_1, NotByEverybody) {  // example 128: as the operator says; from another server nobody makes nodes unless he is let
  scene.abroad().sends("<iq type='set' id='far' from='bassanio@merchantofvenice.lit/x' to='pubsub.shakespeare.lit'>" + create_xml("far-node") + "</iq>");
  const std::string got = scene.abroad().next();
  EXPECT_TRUE(matches(got, "<iq type='error'>" + error_xml("auth forbidden") + "</iq>")) << got;
  none_sees();
}

// ---- section 8.2

TEST_F(Pubsub8_2, TheFormHasWhatIsSet) {  // examples 139 and 140
  creates(hamlet, musings, {{"access_model", "whitelist"}, {"roster_groups_allowed", "friends\ncourtiers"}, {"max_items", "10"}});
  const std::string form = done(hamlet, "get", owner_xml(on_node("configure")), owner_xml(on_node("configure", musings, "<x xmlns='jabber:x:data' type='form'/>")));
  EXPECT_EQ(field_of(form, "FORM_TYPE"), "http://jabber.org/protocol/pubsub#node_config");
  EXPECT_EQ(field_of(form, "pubsub#access_model"), "whitelist");
  EXPECT_EQ(field_of(form, "pubsub#roster_groups_allowed"), "friends|courtiers");
  for (const std::string_view name : {"title", "description", "deliver_notifications", "deliver_payloads", "notify_config", "notify_delete", "notify_retract", "notify_sub", "persist_items",
                                      "max_items", "item_expire", "subscribe", "access_model", "roster_groups_allowed", "publish_model", "purge_offline", "max_payload_size",
                                      "send_last_published_item", "presence_based_delivery", "notification_type", "type", "itemreply", "publish_node_full", "contact", "language", "tempsub"}) {
    EXPECT_TRUE(holds(form, "var='pubsub#" + std::string(name) + "'")) << name << " in " << form;
  }
  for (const std::string_view model : {"open", "authorize", "whitelist"}) {
    EXPECT_TRUE(holds(form, "<option><value>" + std::string(model) + "</value></option>") || holds(form, "<value>" + std::string(model) + "</value></option>")) << model << form;
  }
  none_sees();
}

TEST_F(Pubsub8_2, OnlyOwners) {  // example 142
  creates(hamlet, musings, open_node);
  for (const std::string_view word : {"none", "member", "publisher", "publish-only", "outcast"}) {
    affiliates(hamlet, "horatio@denmark.lit", word);
    hush({&horatio});
    refused(horatio, "get", owner_xml(on_node("configure")), "auth forbidden");
    refused(horatio, "set", configure_xml(musings, {{"access_model", "whitelist"}}), "auth forbidden");
  }
  EXPECT_EQ(field_of(done(hamlet, "get", owner_xml(on_node("configure"))), "pubsub#access_model"), "open");
  none_sees();
}

TEST_F(Pubsub8_2, WhichNode) {  // examples 143 and 145
  refused(hamlet, "get", owner_xml("<configure/>"), "modify bad-request nodeid-required");
  refused(hamlet, "set", owner_xml("<configure>" + form_xml("node_config", {{"access_model", "open"}}) + "</configure>"), "modify bad-request nodeid-required");
  refused(hamlet, "get", owner_xml(on_node("configure", "absent")), "cancel item-not-found");
  refused(hamlet, "set", configure_xml("absent", {{"access_model", "open"}}), "cancel item-not-found");
  none_sees();
}

TEST_F(Pubsub8_2, TheFormIsSubmitted) {  // examples 146 and 148; what it leaves out stays (XEP-0004)
  creates(hamlet, musings, {{"access_model", "open"}, {"title", "Musings"}, {"max_items", "10"}});
  configures(hamlet, musings, {{"title", "Princely Musings (Atom)"}, {"access_model", "whitelist"}, {"roster_groups_allowed", "friends\nservants\ncourtiers"}});
  const std::string form = done(hamlet, "get", owner_xml(on_node("configure")));
  EXPECT_EQ(field_of(form, "pubsub#title"), "Princely Musings (Atom)");
  EXPECT_EQ(field_of(form, "pubsub#access_model"), "whitelist");
  EXPECT_EQ(field_of(form, "pubsub#roster_groups_allowed"), "friends|servants|courtiers");
  EXPECT_EQ(field_of(form, "pubsub#max_items"), "10");
  none_sees();
}

TEST_F(Pubsub8_2, OrCancelled) {  // example 147
  creates(hamlet, musings, {{"access_model", "open"}, {"title", "Musings"}});
  done(hamlet, "set", owner_xml(on_node("configure", musings, "<x xmlns='jabber:x:data' type='cancel'/>")));
  EXPECT_EQ(field_of(done(hamlet, "get", owner_xml(on_node("configure"))), "pubsub#title"), "Musings");
  none_sees();
}

TEST_F(Pubsub8_2, WhatCannotBeIsNotDone) {  // example 149; nothing of such a form is
  creates(hamlet, musings, {{"access_model", "open"}, {"title", "Musings"}, {"max_items", "10"}});
  for (const auto& [name, value] : Fields{{"access_model", "secret"}, {"publish_model", "everybody"}, {"max_items", "-1"}, {"max_items", "many"}, {"item_expire", "-5"},
                                          {"persist_items", "perhaps"}, {"notification_type", "loud"}, {"send_last_published_item", "always"}, {"publish_node_full", "explode"},
                                          {"itemreply", "everybody"}, {"contact", "@@"}, {"max_payload_size", "-1"}}) {
    SCOPED_TRACE(std::string(name) + "=" + std::string(value));
    const std::string got = answer(hamlet, "set", configure_xml(musings, {{"title", "changed"}, {name, value}}));
    EXPECT_TRUE(matches(got, "<iq type='error'>" + error_xml("modify not-acceptable") + "</iq>")) << got;
    EXPECT_EQ(field_of(done(hamlet, "get", owner_xml(on_node("configure"))), "pubsub#title"), "Musings");
  }
  const std::string unknown = answer(hamlet, "set", configure_xml(musings, {{"title", "changed"}, {"no_such_option", "1"}}));   // issue: refused by name
  EXPECT_TRUE(matches(unknown, "<iq type='error'/>")) << unknown;
  EXPECT_TRUE(holds(unknown, "pubsub#no_such_option")) << unknown;
  EXPECT_EQ(field_of(done(hamlet, "get", owner_xml(on_node("configure"))), "pubsub#title"), "Musings");
  none_sees();
}

TEST_F(Pubsub8_2, SubscribersAreToldOfChanges) {  // examples 150 and 151
  creates(hamlet, musings, {{"access_model", "open"}, {"notify_config", "1"}, {"deliver_payloads", "0"}, {"send_last_published_item", "never"}});
  subscribes(francisco);
  configures(hamlet, musings, {{"title", "one"}});
  sees(francisco, "<configuration node='princely_musings'><nothing-more/></configuration>");
  configures(hamlet, musings, {{"deliver_payloads", "1"}});
  hush({&francisco});
  configures(hamlet, musings, {{"title", "two"}});
  const std::string told = sees(francisco, "<configuration node='princely_musings'><x xmlns='jabber:x:data' type='result'/></configuration>");
  EXPECT_EQ(field_of(told, "FORM_TYPE"), "http://jabber.org/protocol/pubsub#node_config");
  EXPECT_EQ(field_of(told, "pubsub#title"), "two");
  configures(hamlet, musings, {{"notify_config", "0"}});
  hush({&francisco});
  configures(hamlet, musings, {{"title", "three"}});
  none_sees();
}

// ---- section 8.3

TEST_F(Pubsub8_3, TheDefaults) {  // examples 152 and 154
  const std::string got = done(francisco, "get", owner_xml("<default/>"), owner_xml("<default><x xmlns='jabber:x:data'/></default>"));
  EXPECT_EQ(field_of(got, "FORM_TYPE"), "http://jabber.org/protocol/pubsub#node_config");
  creates(francisco, "as-it-is");   // and a node is so
  const std::string form = done(francisco, "get", owner_xml(on_node("configure", "as-it-is")));
  for (const std::string_view name : {"pubsub#access_model", "pubsub#publish_model", "pubsub#persist_items", "pubsub#max_items", "pubsub#send_last_published_item",
                                      "pubsub#notification_type", "pubsub#deliver_payloads", "pubsub#deliver_notifications"}) {
    EXPECT_EQ(field_of(form, name), field_of(got, name)) << name;
    EXPECT_NE(field_of(form, name), "(none)") << name;
  }
  none_sees();
}

TEST_F(Pubsub8_3, OfCollections) {  // example 153
  const std::string got = done(hamlet, "get", owner_xml("<default type='collection'/>"), owner_xml("<default><x xmlns='jabber:x:data'/></default>"));
  EXPECT_EQ(field_of(got, "pubsub#node_type"), "collection") << got;
  none_sees();
}

// ---- section 8.4

TEST_F(Pubsub8_4, ANodeIsDeleted) {  // examples 157, 159 and 160
  creates(hamlet, musings, open_node);
  publishes(hamlet, musings, "i1");
  subscribes(francisco);
  subscribes(bernardo);
  done(hamlet, "set", owner_xml(on_node("delete")));
  all_see({&francisco, &bernardo}, "<delete node='princely_musings'/>");
  refused(hamlet, "get", items_xml(musings), "cancel item-not-found");
  done(francisco, "get", pubsub_xml("<subscriptions/>"), pubsub_xml("<subscriptions><nothing-more/></subscriptions>"));
  creates(bernardo, musings, open_node);   // one of the same name inherits nothing
  EXPECT_EQ(items(bernardo), std::vector<std::string>());
  refused(hamlet, "get", owner_xml(on_node("configure")), "auth forbidden");
  publishes(bernardo, musings, "i2");
  none_sees();
}

TEST_F(Pubsub8_4, WithItsReplacement) {  // examples 158, 160 and 40
  creates(hamlet, musings, open_node);
  subscribes(francisco);
  done(hamlet, "set", owner_xml(on_node("delete", musings, "<redirect uri='xmpp:hamlet@denmark.lit?;node=blog'/>")));
  sees(francisco, "<delete node='princely_musings'><redirect uri='xmpp:hamlet@denmark.lit?;node=blog'/></delete>");
  none_sees();
}

TEST_F(Pubsub8_4, PendingSubscribersAreToldToo) {  // section 8.4.2: SHOULD
  creates(hamlet, musings, asked_node);
  done(francisco, "set", subscribe_xml(musings, "francisco@denmark.lit"));
  hush({&hamlet});
  done(hamlet, "set", owner_xml(on_node("delete")));
  sees(francisco, "<delete node='princely_musings'/>");
  none_sees();
}

TEST_F(Pubsub8_4, OnlyByOwners) {  // examples 161 and 162
  creates(hamlet, musings, open_node);
  subscribes(francisco);
  for (const std::string_view word : {"none", "member", "publisher", "publish-only", "outcast"}) {
    affiliates(hamlet, "horatio@denmark.lit", word);
    hush({&horatio});
    refused(horatio, "set", owner_xml(on_node("delete")), "auth forbidden");
  }
  refused(hamlet, "set", owner_xml(on_node("delete", "absent")), "cancel item-not-found");
  done(hamlet, "get", info_xml(musings));
  none_sees();
}

// ---- section 8.5

TEST_F(Pubsub8_5, AllItemsArePurged) {  // examples 163 to 165: one notification, not one for each item
  creates(hamlet, musings, {{"access_model", "open"}, {"persist_items", "1"}, {"max_items", "20"}, {"notify_retract", "1"}, {"send_last_published_item", "never"}});
  publishes(hamlet, musings, "i1");
  publishes(hamlet, musings, "i2");
  subscribes(francisco);
  subscribes(bernardo);
  done(hamlet, "set", owner_xml(on_node("purge")));
  all_see({&francisco, &bernardo}, "<purge node='princely_musings'><nothing-more/></purge>");
  EXPECT_EQ(items(francisco), std::vector<std::string>());
  none_sees();
}

TEST_F(Pubsub8_5, OnlyByOwners) {  // examples 167 and 169
  creates(hamlet, musings, open_node);
  publishes(hamlet, musings, "i1");
  for (const std::string_view word : {"none", "member", "publisher", "publish-only", "outcast"}) {
    affiliates(hamlet, "horatio@denmark.lit", word);
    hush({&horatio});
    refused(horatio, "set", owner_xml(on_node("purge")), "auth forbidden");
  }
  refused(hamlet, "set", owner_xml(on_node("purge", "absent")), "cancel item-not-found");
  EXPECT_EQ(items(francisco), (std::vector<std::string>{"i1"}));
  none_sees();
}

TEST_F(Pubsub8_5, WhereNothingIsKept) {  // example 168
  creates(hamlet, musings, {{"persist_items", "0"}, {"deliver_payloads", "0"}});
  refused(hamlet, "set", owner_xml(on_node("purge")), "cancel feature-not-implemented unsupported persistent-items");
  creates(hamlet, "blogs", {{"node_type", "collection"}});
  refused(hamlet, "set", owner_xml(on_node("purge", "blogs")), "cancel feature-not-implemented unsupported persistent-items");
  none_sees();
}

// ---- sections 8.6 and 8.7

class Pending : public Elsinore {
 protected:
  // Horatio asks, hamlet is told; the id of what he is told, and the form's subid.
  std::pair<std::string, std::string> asks(std::string_view node = musings) {
    done(horatio, "set", subscribe_xml(node, "horatio@denmark.lit"), pubsub_xml("<subscription node='" + std::string(node) + "' jid='horatio@denmark.lit' subscription='pending'/>"));
    return asked(node);
  }
  std::pair<std::string, std::string> asked(std::string_view node = musings) {
    const std::string got = hamlet.next();
    EXPECT_TRUE(matches(got, "<message from='pubsub.shakespeare.lit' to='*' id='*'><x xmlns='jabber:x:data' type='form'/></message>")) << got;
    EXPECT_EQ(field_of(got, "FORM_TYPE"), "http://jabber.org/protocol/pubsub#subscribe_authorization");
    EXPECT_EQ(field_of(got, "pubsub#node"), node);
    EXPECT_EQ(field_of(got, "pubsub#subscriber_jid"), "horatio@denmark.lit");
    EXPECT_TRUE(field_of(got, "pubsub#allow") == "0" || field_of(got, "pubsub#allow") == "false") << got;
    return {value_of(got, "message", "id"), field_of(got, "pubsub#subid")};
  }
  static void decides(Client& client, const std::pair<std::string, std::string>& request, std::string_view allow, std::string_view type = "submit",
                      std::string_view jid = "horatio@denmark.lit", std::string_view node = musings) {
    const std::string form = type == "cancel" ? form_xml("subscribe_authorization", {}, type)
        : request.second == "(none)" ? form_xml("subscribe_authorization", {{"node", node}, {"subscriber_jid", jid}, {"allow", allow}}, type)
                                     : form_xml("subscribe_authorization", {{"subid", request.second}, {"node", node}, {"subscriber_jid", jid}, {"allow", allow}}, type);
    client.sends("<message to='pubsub.shakespeare.lit' id='" + request.first + "'>" + form + "</message>");
  }
  std::string state() { return value_of(done(horatio, "get", pubsub_xml("<subscriptions node='princely_musings'/>")), "subscription", "subscription"); }
  static constexpr std::string_view get_pending = "<command xmlns='http://jabber.org/protocol/commands' node='http://jabber.org/protocol/pubsub#get-pending' action='execute'/>";
};

TEST_F(Pending, ASubscriptionIsApproved) {  // examples 170 to 172, 218
  creates(hamlet, musings, asked_node);
  decides(hamlet, asks(), "true");
  sees(horatio, subscription_change("horatio@denmark.lit", "subscribed"));
  EXPECT_EQ(state(), "subscribed");
  publishes(hamlet, musings, "i1");
  sees(horatio, item_event("i1"));
  none_sees();
}

TEST_F(Pending, OrDenied) {  // examples 173 and 174, 219
  creates(hamlet, musings, asked_node);
  decides(hamlet, asks(), "0");
  sees(horatio, subscription_change("horatio@denmark.lit", "none"));
  EXPECT_EQ(state(), "");
  publishes(hamlet, musings, "i1");
  none_sees();
}

TEST_F(Pending, OrLeftUndecided) {  // example 175
  creates(hamlet, musings, asked_node);
  decides(hamlet, asks(), "", "cancel");
  EXPECT_EQ(state(), "pending");
  publishes(hamlet, musings, "i1");
  none_sees();
}

TEST_F(Pending, ByAnOwnerAlone) {  // section 14.2: nobody approves himself, and nothing but a decision is one
  creates(hamlet, musings, asked_node);
  const auto request = asks();
  affiliates(hamlet, "polonius@denmark.lit", "publisher");
  hush({&polonius});
  for (Client* each : {&horatio, &polonius, &bard}) {
    decides(*each, request, "true");
    hush({each});
  }
  EXPECT_EQ(state(), "pending");
  decides(hamlet, request, "perhaps");
  hush({&hamlet});
  EXPECT_EQ(state(), "pending");
  decides(hamlet, request, "true", "submit", "francisco@denmark.lit");   // who never asked
  hush({&hamlet});
  decides(hamlet, request, "true", "submit", "horatio@denmark.lit", "absent");
  hush({&hamlet});
  EXPECT_EQ(state(), "pending");
  publishes(hamlet, musings, "i1");
  none_sees();
}

TEST_F(Pending, EveryOwnerIsAskedAndTheFirstDecides) {  // section 12.13
  creates(hamlet, musings, asked_node);
  affiliates(hamlet, "bard@shakespeare.lit", "owner");
  hush({&bard});
  const auto request = asks();
  bard.receives({"pubsub#subscribe_authorization", "horatio@denmark.lit"});
  decides(bard, request, "1");
  sees(horatio, subscription_change("horatio@denmark.lit", "subscribed"));
  decides(hamlet, request, "0");   // too late
  hush({&hamlet});
  EXPECT_EQ(state(), "subscribed");
  none_sees();
}

TEST_F(Pending, AChangeOfAffiliationDecides) {  // section 8.7.4, the note
  creates(hamlet, musings, asked_node);
  asks();
  affiliates(hamlet, "horatio@denmark.lit", "publisher");
  horatio.receives_among({"<subscription ", "subscription='subscribed'"});
  hush({&horatio});
  EXPECT_EQ(state(), "subscribed");
  creates(hamlet, "other", asked_node);
  asks("other");
  affiliates(hamlet, "horatio@denmark.lit", "outcast", "other");
  horatio.receives_among({"<subscription ", "node='other'", "subscription='none'"});
  hush({&horatio});
  EXPECT_FALSE(holds(done(horatio, "get", pubsub_xml("<subscriptions/>")), "other"));
  none_sees();
}

TEST_F(Pending, AreAskedForAgain) {  // examples 176 and 177, 182 and 183
  creates(hamlet, musings, asked_node);
  creates(hamlet, "news_from_elsinore", asked_node);
  creates(bernardo, "of-another", asked_node);
  asks();
  const std::string got = done(hamlet, "set", get_pending,
      "<command xmlns='http://jabber.org/protocol/commands' node='http://jabber.org/protocol/pubsub#get-pending' status='executing' sessionid='*'><x xmlns='jabber:x:data' type='form'/></command>");
  EXPECT_TRUE(holds(got, "<value>princely_musings</value></option>")) << got;
  EXPECT_FALSE(holds(got, "of-another")) << got;
  const auto submit = [&](std::string_view node) {
    return "<command xmlns='http://jabber.org/protocol/commands' node='http://jabber.org/protocol/pubsub#get-pending' sessionid='" + value_of(got, "command", "sessionid") +
           "'><x xmlns='jabber:x:data' type='submit'><field var='pubsub#node'><value>" + std::string(node) + "</value></field></x></command>";
  };
  done(hamlet, "set", submit(musings), "<command xmlns='http://jabber.org/protocol/commands' status='completed'/>");
  decides(hamlet, asked(), "true");
  sees(horatio, subscription_change("horatio@denmark.lit", "subscribed"));
  none_sees();
}

TEST_F(Pending, ByOwnersOfThatNodeAlone) {  // examples 180 and 181
  creates(hamlet, musings, asked_node);
  creates(francisco, "his-own", asked_node);
  asks();
  const auto steps = [&](Client& client, std::string_view node) {
    const std::string first = answer(client, "set", get_pending);
    if (!holds(first, "type='result'")) {
      return first;
    }
    return answer(client, "set", "<command xmlns='http://jabber.org/protocol/commands' node='http://jabber.org/protocol/pubsub#get-pending' sessionid='" + value_of(first, "command", "sessionid") +
                  "'><x xmlns='jabber:x:data' type='submit'><field var='pubsub#node'><value>" + std::string(node) + "</value></field></x></command>");
  };
  // Who owns nothing is refused, at once or at the second step; who owns another node at the second.
  for (Client* each : {&bernardo, &francisco}) {
    const std::string got = steps(*each, musings);
    EXPECT_TRUE(matches(got, "<iq type='error'>" + error_xml("* forbidden") + "</iq>")) << got;
  }
  const std::string absent = steps(hamlet, "absent");
  EXPECT_TRUE(matches(absent, "<iq type='error'>" + error_xml("cancel item-not-found") + "</iq>")) << absent;
  none_sees();
}

// ---- section 8.8

TEST_F(Pubsub8_8, TheListOfSubscriptions) {  // examples 184 and 185
  creates(hamlet, musings, asked_node);
  done(hamlet, "set", subscriptions_xml("<subscription jid='bard@shakespeare.lit' subscription='subscribed'/><subscription jid='bernardo@denmark.lit' subscription='subscribed'/>"));
  hush({&bard, &bernardo});
  done(horatio, "set", subscribe_xml(musings, "horatio@denmark.lit"));
  hush({&hamlet});
  const std::string list = done(hamlet, "get", subscriptions_xml(""), subscriptions_xml("<subscription jid='bard@shakespeare.lit' subscription='subscribed'/>"
                                                                                       "<subscription jid='bernardo@denmark.lit' subscription='subscribed'/>"));
  EXPECT_FALSE(holds(list, "horatio")) << "who is pending in " << list;   // SHOULD NOT
  none_sees();
}

TEST_F(Pubsub8_8, OnlyOwners) {  // examples 187 and 188, 192 and 193
  creates(hamlet, musings, open_node);
  subscribes(francisco);
  for (const std::string_view word : {"none", "member", "publisher", "publish-only", "outcast"}) {
    affiliates(hamlet, "horatio@denmark.lit", word);
    hush({&horatio});
    EXPECT_FALSE(holds(refused(horatio, "get", subscriptions_xml(""), "auth forbidden"), "francisco"));
    refused(horatio, "set", subscriptions_xml("<subscription jid='horatio@denmark.lit' subscription='subscribed'/>"), "auth forbidden");
  }
  refused(hamlet, "get", subscriptions_xml("", "absent"), "cancel item-not-found");
  refused(hamlet, "set", subscriptions_xml("<subscription jid='bard@shakespeare.lit' subscription='subscribed'/>", "absent"), "cancel item-not-found");
  publishes(hamlet, musings, "i1");
  sees(francisco, item_event("i1"));
  none_sees();
}

TEST_F(Pubsub8_8, SubscriptionsAreChanged) {  // examples 189, 190 and 196; section 8.8.3
  creates(hamlet, musings, open_node);
  subscribes(polonius);
  done(hamlet, "set", subscriptions_xml("<subscription jid='bard@shakespeare.lit' subscription='subscribed'/>"));
  sees(bard, subscription_change("bard@shakespeare.lit", "subscribed"));
  done(hamlet, "set", subscriptions_xml("<subscription jid='polonius@denmark.lit' subscription='none'/>"));
  sees(polonius, subscription_change("polonius@denmark.lit", "none"));
  const std::string list = done(hamlet, "get", subscriptions_xml(""));
  EXPECT_FALSE(holds(list, "polonius")) << list;
  publishes(hamlet, musings, "i1");
  sees(bard, item_event("i1"));
  none_sees();
}

TEST_F(Pubsub8_8, SeveralAtOnce) {  // examples 194 and 195
  creates(hamlet, musings, open_node);
  subscribes(polonius);
  const std::string got = answer(hamlet, "set", subscriptions_xml("<subscription jid='polonius@denmark.lit' subscription='upside-down'/>"
                                                                  "<subscription jid='bard@shakespeare.lit' subscription='subscribed'/>"));
  EXPECT_TRUE(matches(got, "<iq type='error'>" + subscriptions_xml("<subscription jid='polonius@denmark.lit' subscription='subscribed'/><nothing-more/>") + error_xml("modify not-acceptable") + "</iq>")) << got;
  // What is not in the error is done.
  sees(bard, subscription_change("bard@shakespeare.lit", "subscribed"));
  publishes(hamlet, musings, "i1");
  all_see({&polonius, &bard}, item_event("i1"));
  none_sees();
}

// ---- section 8.9

TEST_F(Pubsub8_9, TheListOfAffiliations) {  // examples 197 and 198
  creates(hamlet, musings, open_node);
  affiliates(hamlet, "polonius@denmark.lit", "outcast");
  affiliates(hamlet, "horatio@denmark.lit", "member");
  affiliates(hamlet, "horatio@denmark.lit", "none");
  hush({&polonius, &horatio});
  done(hamlet, "get", affiliations_xml(""), affiliations_xml(affiliation("hamlet@denmark.lit", "owner") + affiliation("polonius@denmark.lit", "outcast") + "<nothing-more/>"));
  none_sees();
}

TEST_F(Pubsub8_9, OnlyOwners) {  // examples 200 and 201, 206 and 207
  creates(hamlet, musings, open_node);
  for (const std::string_view word : {"none", "member", "publisher", "publish-only", "outcast"}) {
    affiliates(hamlet, "horatio@denmark.lit", word);
    hush({&horatio});
    EXPECT_FALSE(holds(refused(horatio, "get", affiliations_xml(""), "auth forbidden"), "hamlet"));
    refused(horatio, "set", affiliations_xml(affiliation("horatio@denmark.lit", "owner")), "auth forbidden");
  }
  refused(hamlet, "get", affiliations_xml("", "absent"), "cancel item-not-found");
  refused(hamlet, "set", affiliations_xml(affiliation("bard@shakespeare.lit", "publisher"), "absent"), "cancel item-not-found");
  done(hamlet, "get", affiliations_xml(""), affiliations_xml(affiliation("horatio@denmark.lit", "outcast") + affiliation("hamlet@denmark.lit", "owner") + "<nothing-more/>"));
  none_sees();
}

TEST_F(Pubsub8_9, AnAffiliationIsChanged) {  // examples 202 and 203; section 8.9.3
  creates(hamlet, musings, open_node);
  done(hamlet, "set", affiliations_xml(affiliation("bard@shakespeare.lit", "publisher")));
  hush({&bard});
  publishes(bard, musings, "i1");
  done(hamlet, "set", affiliations_xml(affiliation("bard@shakespeare.lit", "none")));
  hush({&bard});
  refused(bard, "set", publish_xml(musings, "i2", entry_xml()), "auth forbidden");
  EXPECT_FALSE(holds(done(hamlet, "get", affiliations_xml("")), "bard"));
  none_sees();
}

TEST_F(Pubsub8_9, SeveralAtOnce) {  // examples 208 and 209: one owner stays
  creates(hamlet, musings, open_node);
  affiliates(hamlet, "polonius@denmark.lit", "member");
  hush({&polonius});
  const std::string got = answer(hamlet, "set", affiliations_xml(affiliation("hamlet@denmark.lit", "none") + affiliation("polonius@denmark.lit", "none") + affiliation("bard@shakespeare.lit", "publisher")));
  EXPECT_TRUE(matches(got, "<iq type='error'>" + affiliations_xml(affiliation("hamlet@denmark.lit", "owner") + "<nothing-more/>") + error_xml("modify not-acceptable") + "</iq>")) << got;
  hush({&polonius, &bard});
  done(hamlet, "get", affiliations_xml(""), affiliations_xml(affiliation("hamlet@denmark.lit", "owner") + affiliation("bard@shakespeare.lit", "publisher") + "<nothing-more/>"));
  none_sees();
}

TEST_F(Pubsub8_9, ThereIsAlwaysAnOwner) {  // section 8.9.2.4 and 8.2.5.2
  creates(hamlet, musings, open_node);
  for (const std::string_view word : {"none", "member", "publisher", "publish-only", "outcast"}) {
    const std::string got = answer(hamlet, "set", affiliations_xml(affiliation("hamlet@denmark.lit", word)));
    EXPECT_TRUE(matches(got, "<iq type='error'>" + error_xml("modify not-acceptable") + "</iq>")) << got;
  }
  affiliates(hamlet, "bard@shakespeare.lit", "owner");
  affiliates(hamlet, "hamlet@denmark.lit", "none");   // with another he may resign
  hush({&bard, &hamlet});
  refused(hamlet, "get", owner_xml(on_node("configure")), "auth forbidden");
  done(bard, "get", owner_xml(on_node("configure")));
  none_sees();
}

TEST_F(Pubsub8_9, OneEntityTwiceIsABadRequest) {  // section 8.9.2.4; nothing is done then
  creates(hamlet, musings, open_node);
  refused(hamlet, "set", affiliations_xml(affiliation("bard@shakespeare.lit", "publisher") + affiliation("bard@shakespeare.lit", "outcast")), "modify bad-request");
  EXPECT_FALSE(holds(done(hamlet, "get", affiliations_xml("")), "bard"));
  none_sees();
}

TEST_F(Pubsub8_9, WhatIsNoAffiliation) {
  creates(hamlet, musings, open_node);
  for (const std::string& wrong : {affiliation("bard@shakespeare.lit", "emperor"), affiliation("@@", "member"), std::string("<affiliation affiliation='member'/>")}) {
    const std::string got = answer(hamlet, "set", affiliations_xml(wrong));
    EXPECT_TRUE(matches(got, "<iq type='error'/>")) << got;
  }
  done(hamlet, "set", affiliations_xml("<affiliation jid='bard@shakespeare.lit'/>"));   // section 8.9.2.1: without a value nothing changes
  done(hamlet, "get", affiliations_xml(""), affiliations_xml(affiliation("hamlet@denmark.lit", "owner") + "<nothing-more/>"));
  none_sees();
}

TEST_F(Pubsub8_9, WhoseAffiliationChangesIsTold) {  // example 210
  creates(hamlet, musings, open_node);
  affiliates(hamlet, "polonius@denmark.lit", "publisher");
  const auto told = [&](std::string_view word) {
    const std::string got = polonius.next();
    EXPECT_TRUE(matches(got, "<message from='pubsub.shakespeare.lit' to='polonius@denmark.lit'>" +
                             pubsub_xml("<affiliations node='princely_musings'><affiliation jid='polonius@denmark.lit' affiliation='" + std::string(word) + "'/></affiliations>") + "</message>")) << got;
  };
  told("publisher");
  affiliates(hamlet, "polonius@denmark.lit", "none");
  told("none");
  none_sees();
}

TEST_F(Pubsub8_9, WhoIsPutOutHearsNothingMore) {  // sections 4.1 and 6.1.3.8: an outcast is no subscriber
  creates(hamlet, musings, open_node);
  subscribes(polonius);
  subscribes(francisco);
  affiliates(hamlet, "polonius@denmark.lit", "outcast");
  hush({&polonius});   // he may be told of it
  publishes(hamlet, musings, "i1");
  sees(francisco, item_event("i1"));
  EXPECT_FALSE(holds(done(hamlet, "get", subscriptions_xml("")), "polonius"));
  none_sees();
}

}  // namespace
}  // namespace aldis::test
