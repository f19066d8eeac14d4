// Security rows B02, B03, E06, P03, X07, X09, X15 and U01 at the pubsub service and at accounts: names that are meant for a database,
// names that deceive, sizes and numbers out of range, quotas, unknown options, what is said in another's name. Each has one error to its
// sender, or does what it says, and what is there stays as it was.
#include "base/encoding.h"
#include "tests/support/pep_scene.h"
#include "tests/support/pubsub_scene.h"

namespace aldis::test {
namespace {

using HostilePubsub = Elsinore;

constexpr Fields open_node{{"access_model", "open"}, {"persist_items", "1"}, {"max_items", "50"}, {"send_last_published_item", "never"}};

// As it stands in an attribute.
std::string escaped(std::string_view text) {
  std::string xml;
  for (const char c : text) {
    switch (c) {
      case '&': xml += "&amp;"; break;
      case '<': xml += "&lt;"; break;
      case '>': xml += "&gt;"; break;
      case '\'': xml += "&apos;"; break;
      case '"': xml += "&quot;"; break;
      default: xml += c;
    }
  }
  return xml;
}
const std::vector<std::string> database_names{
    "' OR '1'='1", "x'; DROP TABLE pubsub_items;--", "\" OR \"\"=\"", "%", "_", "%25", "\\", "\\'", "\\27", "a\\0b", "1 UNION SELECT * FROM accounts", "*", "?", "?1", ":node",
    "$1", "@node", "`", "[a]", "NULL", "null", "0", "-1", "1e309", "true", "/", "//", "..", "../../etc/passwd", "a/b", "#", "a#b", ";", ",", "=", "(", ")", "<item/>", "]]>",
    "&amp;", "{}", "${x}", "{{x}}", "a|b", "a=b", "a b", "http://jabber.org/protocol/pubsub#owner", "current", "princely\xc2\xa0musings"};

TEST_F(HostilePubsub, NamesThatMeanSomethingToADatabase) {  // B02: nodes and items of such names are only themselves
  creates(hamlet, musings, open_node);
  publishes(hamlet, musings, "untouched", entry_xml("untouched"));
  std::vector<std::string> made;
  for (const std::string& name : database_names) {
    SCOPED_TRACE(name);
    const std::string xml = escaped(name);
    const std::string got = answer(hamlet, "set", create_xml(xml, open_node));
    if (!holds(got, "type='result'")) {   // refused, as other names are
      EXPECT_TRUE(matches(got, "<iq type='error'><error/></iq>")) << got;
      continue;
    }
    made.push_back(name);
    publishes(hamlet, xml, xml, entry_xml("of its own"));
    EXPECT_EQ(items(francisco, xml), (std::vector<std::string>{name}));
    EXPECT_EQ(items(francisco, musings, "<item id='" + xml + "'/>"), std::vector<std::string>());   // only in its node
    refused(francisco, "get", pubsub_xml("<items node='princely_musings'/><set xmlns='http://jabber.org/protocol/rsm'><after>" + xml + "</after></set>"), "cancel item-not-found");
    refused(francisco, "get", pubsub_xml("<items node='princely_musings'/><set xmlns='http://jabber.org/protocol/rsm'><before>" + xml + "</before></set>"), "cancel item-not-found");
    done(hamlet, "set", retract_xml(xml, xml));
    EXPECT_EQ(items(francisco, xml), std::vector<std::string>());
  }
  EXPECT_GT(made.size(), 30U);
  EXPECT_EQ(items(francisco), (std::vector<std::string>{"untouched"}));
  for (const std::string& name : made) {
    done(hamlet, "set", owner_xml(on_node("delete", escaped(name))));
    EXPECT_EQ(items(francisco), (std::vector<std::string>{"untouched"})) << name;
  }
  EXPECT_EQ(values_of(done(francisco, "get", nodes_xml()), "item", "node"), (std::vector<std::string>{std::string(musings)}));
  none_sees();
}

TEST_F(HostilePubsub, NumbersOutOfRange) {  // X15, B02: RSM, max_items, and forms
  creates(hamlet, musings, open_node);
  for (const char* id : {"i1", "i2", "i3"}) {
    publishes(hamlet, musings, id);
  }
  for (const std::string_view number : {"-1", "2147483648", "4294967295", "4294967296", "18446744073709551616", "1e309", "\xd9\xa3", "+1", "0x10", "1.5", ""}) {
    SCOPED_TRACE(number);
    for (const std::string& request : {items_xml(musings, {}, " max_items='" + std::string(number) + "'"),
                                       pubsub_xml("<items node='princely_musings'/><set xmlns='http://jabber.org/protocol/rsm'><max>" + std::string(number) + "</max></set>"),
                                       pubsub_xml("<items node='princely_musings'/><set xmlns='http://jabber.org/protocol/rsm'><max>1</max><index>" + std::string(number) + "</index></set>"),
                                       "<query xmlns='http://jabber.org/protocol/disco#items'><set xmlns='http://jabber.org/protocol/rsm'><max>" + std::string(number) + "</max></set></query>"}) {
      const std::string got = answer(francisco, "get", request);
      EXPECT_LE(values_of(got, "item", "id").size(), 3U);
      EXPECT_TRUE(matches(got, "<iq type='result'/>") || matches(got, "<iq type='error'>" + error_xml("modify bad-request") + "</iq>") ||
                  matches(got, "<iq type='error'>" + error_xml("cancel item-not-found") + "</iq>")) << got;
    }
    for (const std::string_view field : {"max_items", "item_expire", "max_payload_size"}) {
      const std::string got = answer(hamlet, "set", configure_xml(musings, {{field, number}}));
      EXPECT_TRUE(matches(got, "<iq/>")) << got;
      const std::string kept = field_of(done(hamlet, "get", owner_xml(on_node("configure"))), "pubsub#" + std::string(field));
      EXPECT_FALSE(kept.starts_with('-')) << kept;
    }
    configures(hamlet, musings, open_node);
  }
  EXPECT_EQ(items(francisco).size(), 3U);
  none_sees();
}

TEST_F(HostilePubsub, NamesThatAreTooLong) {  // B03: refused, and not kept
  creates(hamlet, musings, open_node);
  const std::string longest(64UL * 1024, 'n');
  for (const std::string& set : {create_xml(longest), publish_xml(musings, longest, entry_xml()), publish_xml(longest, "i1", entry_xml()), subscribe_xml(longest, "hamlet@denmark.lit"),
                                 retract_xml(musings, longest), owner_xml(on_node("delete", longest))}) {
    const std::string got = answer(hamlet, "set", set);
    EXPECT_TRUE(matches(got, "<iq type='error'><error/></iq>")) << got.substr(0, 400);
    EXPECT_LT(got.size(), 4096U);   // and not sent back
  }
  for (const std::string& get : {items_xml(longest), items_xml(musings, "<item id='" + longest + "'/>"), info_xml(longest),
                                 pubsub_xml("<items node='princely_musings'/><set xmlns='http://jabber.org/protocol/rsm'><after>" + longest + "</after></set>")}) {
    const std::string got = answer(hamlet, "get", get);
    EXPECT_TRUE(matches(got, "<iq/>")) << got.substr(0, 400);
    EXPECT_EQ(values_of(got, "item", "id").size(), 0U);
  }
  EXPECT_EQ(items(hamlet), std::vector<std::string>());
  none_sees();
}

TEST_F(HostilePubsub, NamesThatDeceive) {  // B03: what nobody sees, and what looks alike: refused, or one name for all its spellings
  for (const std::string_view name : {"caf\xc3\xa9", "cafe\xcc\x81", "zero\xe2\x80\x8bwidth", "\xe2\x80\xaertl", "tab&#x9;tab", "line&#xA;line", " before", "after ", "\xef\xbb\xbf" "bom",
                                      "\xf0\x9f\x92\xa9", "\xc2\xad", "\xf3\xa0\x81\x81tag", "\xe2\x84\xab", "\xc3\x85", "\xef\xac\x81", "\xcd\x8f", "\xef\xbf\xbd", "\xee\x80\x80"}) {
    SCOPED_TRACE(name);
    const std::string got = answer(hamlet, "set", create_xml(name, open_node));
    if (!holds(got, "type='result'")) {
      EXPECT_TRUE(matches(got, "<iq type='error'><error/></iq>") ) << got;
      continue;
    }
    // Section 8.1.1: another NodeID than was asked for is told. By the one that holds it is found, and deleted.
    const std::string told = value_of(got, "create", "node");
    const std::string node = told.empty() ? std::string(name) : escaped(told);
    done(hamlet, "get", info_xml(node));
    publishes(hamlet, node, "i1");
    done(hamlet, "set", owner_xml(on_node("delete", node)));
    done(hamlet, "get", nodes_xml(), "<query xmlns='http://jabber.org/protocol/disco#items'><nothing-more/></query>");
  }
  none_sees();
}

TEST_F(HostilePubsub, WhatIsNotInTheItemIsNotPassedOn) {  // P03, X07: the service says who and when, and nothing else goes with it
  creates(hamlet, musings, open_node);
  subscribes(francisco);
  done(hamlet, "set", pubsub_xml(on_node("publish", musings, "<item id='i1' publisher='bard@shakespeare.lit' evil='1' node='other'>" + entry_xml() + "</item>")));
  sees(francisco, "<items node='princely_musings'><item id='i1' publisher='-' evil='-' node='-'>" + entry_xml() + "<nothing-more/></item><nothing-more/></items>");
  done(francisco, "get", items_xml(musings), pubsub_xml("<items node='princely_musings'><item id='i1' publisher='-' evil='-' node='-'/></items>"));
  // What stands beside the item or the request is refused, or left out.
  for (const std::string& odd : {on_node("publish", musings, "<item id='i2'>" + entry_xml() + "</item><forged/>"), on_node("publish", musings, "<item id='i2'>" + entry_xml() + "</item><retract id='i1'/>"),
                                 on_node("publish", musings, "<item id='i2'>" + entry_xml() + "</item>") + "<forged xmlns='urn:x'/>", on_node("publish", musings, "<item id='i2'>forged" + entry_xml() + "</item>")}) {
    const std::string got = answer(hamlet, "set", pubsub_xml(odd));
    std::string told = got;
    while (francisco.waiting() > 0) {
      told += francisco.next();
    }
    told += answer(francisco, "get", items_xml(musings));
    EXPECT_FALSE(holds(told, "forged")) << told;
    EXPECT_TRUE(holds(told, "'i1'")) << told;
  }
  // A payload stands in a namespace of its own (section 17.1).
  refused(hamlet, "set", publish_xml(musings, "i3", "<entry/>"), "modify bad-request invalid-payload");
  none_sees();
}

TEST_F(HostilePubsub, PayloadsComeOutAsTheyWentIn) {  // X07, X09
  creates(hamlet, musings, open_node);
  subscribes(francisco);
  std::string deep = "x";
  for (int i = 0; i < 50; ++i) {
    deep = "<d xmlns='urn:deep'>" + deep + "</d>";
  }
  const std::string odd = "<entry xmlns='urn:x' xmlns:p='urn:p' a='&apos;&quot;&lt;&gt;&amp;&#x9;&#xA;' p:b=']]&gt;'>&lt;/body&gt;&lt;/message&gt;&lt;message from='boss@d'&gt; ]]&gt; &amp;lt; \xf0\x9f\x92\xa9<p:q/><r xmlns=''/></entry>";
  for (const std::string& payload : {odd, deep}) {
    publishes(hamlet, musings, "i1", payload);
    const std::string seen = sees(francisco, item_event("i1"));
    const std::string read = done(francisco, "get", items_xml(musings));
    for (const std::string& each : {seen, read}) {
      EXPECT_TRUE(matches(each, each == seen ? "<message>" + event_xml(item_event("i1", payload)) + "</message>" : "<iq>" + pubsub_xml(item_event("i1", payload)) + "</iq>")) << each;
    }
    francisco.receives_nothing();   // one stanza
  }
  none_sees();
}

TEST_F(HostilePubsub, HugeForms) {  // B03
  creates(hamlet, musings, open_node);
  std::string fields;
  for (int i = 0; i < 3000; ++i) {
    fields += "<field var='pubsub#f" + std::to_string(i) + "'><value>x</value></field>";
  }
  const std::string type = "<field var='FORM_TYPE' type='hidden'><value>http://jabber.org/protocol/pubsub#node_config</value></field>";
  const auto set = [&](const std::string& content) { return answer(hamlet, "set", owner_xml(on_node("configure", musings, "<x xmlns='jabber:x:data' type='submit'>" + type + content + "</x>"))); };
  const std::string unknown = set(fields);
  EXPECT_TRUE(matches(unknown, "<iq type='error'><error/></iq>")) << unknown.substr(0, 400);
  std::string groups = "<field var='pubsub#access_model'><value>roster</value></field><field var='pubsub#roster_groups_allowed'>";
  for (int i = 0; i < 3000; ++i) {
    groups += "<value>group " + std::to_string(i) + "</value>";
  }
  EXPECT_TRUE(matches(set(groups + "</field>"), "<iq/>"));
  EXPECT_TRUE(matches(set("<field var='pubsub#title'><value>" + std::string(100'000, 't') + "</value></field>"), "<iq type='error'><error/></iq>"));
  EXPECT_TRUE(matches(set("<field var='pubsub#title'><value>a</value></field><field var='pubsub#title'><value>b</value></field>"), "<iq type='error'><error/></iq>"));
  EXPECT_LT(done(hamlet, "get", owner_xml(on_node("configure"))).size(), 100'000U);
  publishes(hamlet, musings, "i1");
  none_sees();
}

TEST_F(HostilePubsub, UnknownOptionsAreRefusedByName) {  // B01: of nodes, of subscriptions, of publishing (publisher_test)
  const std::string made = answer(hamlet, "set", create_xml("n1", {{"access_model", "open"}, {"acces_model", "whitelist"}}));
  EXPECT_TRUE(matches(made, "<iq type='error'/>") && holds(made, "pubsub#acces_model")) << made;
  refused(hamlet, "get", info_xml("n1"), "cancel item-not-found");
  creates(hamlet, musings, open_node);
  const std::string configured = answer(hamlet, "set", configure_xml(musings, {{"access_modell", "whitelist"}}));
  EXPECT_TRUE(matches(configured, "<iq type='error'/>") && holds(configured, "pubsub#access_modell")) << configured;
  const std::string subscribed = answer(francisco, "set", subscribe_xml(musings, "francisco@denmark.lit", options_xml({{"delivery", "0"}})));
  EXPECT_TRUE(matches(subscribed, "<iq type='error'/>") && holds(subscribed, "pubsub#delivery")) << subscribed;
  done(francisco, "get", pubsub_xml("<subscriptions/>"), pubsub_xml("<subscriptions><nothing-more/></subscriptions>"));
  none_sees();
}

TEST_F(HostilePubsub, NobodySpeaksInTheServicesName) {  // P03, D04
  creates(hamlet, musings, open_node);
  subscribes(francisco);
  const std::string event = event_xml(item_event("forged", entry_xml()));
  bard.sends("<message to='francisco@denmark.lit'>" + event + "<body>x</body></message>");
  EXPECT_FALSE(holds(francisco.receives("<body>x</body>"), "forged"));
  bernardo.sends("<message to='francisco@denmark.lit/barracks' type='headline'>" + event + "<body>y</body></message>");
  EXPECT_FALSE(holds(francisco.receives("<body>y</body>"), "forged"));
  // Another server says nothing as ours, nor as one of our people; what it says as its own comes as that.
  static_cast<void>(scene.abroad());
  for (const std::string_view from : {"pubsub.shakespeare.lit", "hamlet@denmark.lit", "denmark.lit"}) {
    EXPECT_NE(scene.abroad().is_refused("<message from='" + std::string(from) + "' to='francisco@denmark.lit'>" + event + "</message>", "merchantofvenice.lit"), "none") << from;
  }
  francisco.receives_nothing();
  scene.abroad().sends("<message from='shylock@merchantofvenice.lit/x' to='francisco@denmark.lit'>" + event + "<body>z</body></message>");   // a client's address is no service's
  EXPECT_FALSE(holds(francisco.receives("<body>z</body>"), "forged"));
  none_sees();
}

TEST_F(HostilePubsub, NobodyEndsAnothersSubscription) {  // errors in another's name; section 12.4
  creates(hamlet, musings, open_node);
  subscribes(francisco);
  publishes(hamlet, musings, "i1");
  const std::string id = value_of(sees(francisco, item_event("i1")), "message", "id");
  static_cast<void>(scene.abroad());
  for (const std::string_view error : {"cancel item-not-found", "cancel gone", "auth forbidden"}) {
    bard.sends("<message type='error' id='" + id + "' to='pubsub.shakespeare.lit'>" + event_xml("<items node='princely_musings'/>") + error_xml(error) + "</message>");
    scene.abroad().sends("<message type='error' id='" + id + "' from='francisco@merchantofvenice.lit' to='pubsub.shakespeare.lit'>" + error_xml(error) + "</message>");
  }
  for (int i = 0; i < 100; ++i) {  // nor does a flood of errors about nothing
    bard.sends("<message type='error' id='no-" + std::to_string(i) + "' to='pubsub.shakespeare.lit'>" + error_xml("cancel item-not-found") + "</message>");
  }
  publishes(hamlet, musings, "i2");
  sees(francisco, item_event("i2"));
  none_sees();
}

TEST_F(HostilePubsub, AddressesOfTheServiceThatThereAreNot) {
  creates(hamlet, musings, open_node);
  for (const std::string_view to : {"hamlet@pubsub.shakespeare.lit", "hamlet@pubsub.shakespeare.lit/x", "princely_musings@pubsub.shakespeare.lit", "pubsub.shakespeare.lit/princely_musings"}) {
    for (const std::string& set : {create_xml("n1"), publish_xml(musings, "i1", entry_xml()), owner_xml(on_node("delete"))}) {
      const std::string got = answer(hamlet, "set", set, to);
      EXPECT_TRUE(matches(got, "<iq type='error'><error/></iq>")) << to << got;
    }
  }
  done(hamlet, "get", nodes_xml(), "<query xmlns='http://jabber.org/protocol/disco#items'><item node='princely_musings'/><nothing-more/></query>");
  EXPECT_EQ(items(hamlet), std::vector<std::string>());
  none_sees();
}

TEST_F(HostilePubsub, InventedNamesLeaveNothingBehind) {  // E06
  for (int i = 0; i < 500; ++i) {
    const std::string name = "invented" + std::to_string(i);
    for (const std::string& get : {items_xml(name), info_xml(name), owner_xml(on_node("configure", name))}) {
      francisco.sends("<iq type='get' id='x' to='pubsub.shakespeare.lit'>" + get + "</iq>");
    }
    francisco.sends("<iq type='set' id='x' to='pubsub.shakespeare.lit'>" + subscribe_xml(name, "francisco@denmark.lit") + "</iq>");
    francisco.ignores_the_rest();
  }
  const auto usage = scene.wait(scene.stores().pubsub.usage(*BareJid::parse(pubsub_service)));
  ASSERT_TRUE(usage.has_value());
  EXPECT_EQ(usage->nodes, 0U);
  EXPECT_EQ(scene.wait(scene.stores().pubsub.subscriptions_of(*BareJid::parse(pubsub_service), *BareJid::parse("francisco@denmark.lit")))->size(), 0U);
  none_sees();
}

// ---- quotas

struct Small : Elsinore {
  Small() : Elsinore({{"nodes_of_a_creator", OptionValue(std::int64_t{3})}, {"subscriptions_of_a_subscriber", OptionValue(std::int64_t{2})}, {"items", OptionValue(std::int64_t{5})},
                      {"item_bytes", OptionValue(std::int64_t{2048})}}) {}
};
using PubsubQuotas = Small;

TEST_F(PubsubQuotas, OfNodesThatOneHasMade) {  // B03
  for (const std::string_view node : {"n1", "n2", "n3"}) {
    creates(hamlet, node);
  }
  const std::string got = answer(hamlet, "set", create_xml("n4"));
  EXPECT_TRUE(matches(got, "<iq type='error'><error/></iq>")) << got;
  refused(hamlet, "get", info_xml("n4"), "cancel item-not-found");
  creates(bard, "n4");   // others go on
  done(hamlet, "set", owner_xml(on_node("delete", "n1")));
  creates(hamlet, "n5");
  none_sees();
}

TEST_F(PubsubQuotas, OfSubscriptions) {  // example 38
  creates(hamlet, musings, {{"access_model", "open"}, {"send_last_published_item", "never"}});
  for (const std::string_view resource : {"a", "b"}) {
    done(francisco, "set", subscribe_xml(musings, "francisco@denmark.lit/" + std::string(resource)));
  }
  refused(francisco, "set", subscribe_xml(musings, "francisco@denmark.lit/c"), "wait policy-violation too-many-subscriptions");
  subscribes(bernardo);
  none_sees();
}

TEST_F(PubsubQuotas, OfItemsAndTheirSizes) {
  creates(hamlet, musings, {{"access_model", "open"}, {"persist_items", "1"}, {"max_items", "max"}, {"send_last_published_item", "never"}, {"notify_retract", "0"}});
  for (int i = 0; i < 9; ++i) {
    publishes(hamlet, musings, "i" + std::to_string(i));
  }
  EXPECT_EQ(items(francisco), (std::vector<std::string>{"i4", "i5", "i6", "i7", "i8"}));
  refused(hamlet, "set", publish_xml(musings, "big", entry_xml(std::string(4096, 'x'))), "modify not-acceptable payload-too-big");
  const std::string wants_more = answer(hamlet, "set", configure_xml(musings, {{"max_items", "1000"}, {"max_payload_size", "100000"}}));   // refused, or no more than that
  EXPECT_TRUE(matches(wants_more, "<iq/>"));
  for (int i = 10; i < 19; ++i) {
    publishes(hamlet, musings, "i" + std::to_string(i));
  }
  EXPECT_LE(items(francisco).size(), 5U);
  refused(hamlet, "set", publish_xml(musings, "big", entry_xml(std::string(4096, 'x'))), "modify not-acceptable payload-too-big");
  none_sees();
}

// ---- accounts

using HostileAccounts = Capulets;

TEST_F(HostileAccounts, AnAccountThatIsMadeAgainInheritsNothing) {  // U01
  Client& romeo = login("romeo@montague.lit/orchard");
  shows(romeo, {tune});
  {
    Client& juliet = login("juliet@capulet.lit/balcony");
    shows(juliet, {});
    publishes(juliet, tune, "hers", tune_xml, {{"access_model", "open"}});
    done(juliet, "set", owner_xml(on_node("affiliations", tune, "<affiliation jid='romeo@montague.lit' affiliation='publisher'/>")));
    hush();
  }
  ASSERT_TRUE(scene.wait(scene.administration().delete_account(*BareJid::parse("juliet@capulet.lit"))).has_value());
  scene.advance(std::chrono::minutes(2));
  std::erase_if(everybody, [](Client* each) { return each->is_closed(); });
  hush();
  scene.has_account("juliet@capulet.lit");
  EXPECT_FALSE(holds(answer(romeo, "get", items_xml(tune), "juliet@capulet.lit"), "hers"));
  EXPECT_TRUE(matches(answer(romeo, "set", publish_xml(tune, "his", tune_xml), "juliet@capulet.lit"), "<iq type='error'/>"));
  Client& again = login("juliet@capulet.lit/balcony");
  shows(again, {});
  EXPECT_FALSE(holds(done(again, "get", nodes_xml(), "juliet@capulet.lit"), tune));
  hush();
}

TEST_F(HostileAccounts, NobodyMakesServicesForNobody) {  // Prosody 0.11.11: state for accounts that are not there
  Client& romeo = login("romeo@montague.lit/orchard");
  shows(romeo, {});
  for (int i = 0; i < 200; ++i) {
    const std::string nobody = "nobody" + std::to_string(i) + "@capulet.lit";
    for (const std::string& set : {create_xml(tune), publish_xml(tune, "i1", tune_xml), subscribe_xml(tune, "romeo@montague.lit")}) {
      EXPECT_TRUE(matches(answer(romeo, "set", set, nobody), "<iq type='error'/>"));
    }
    EXPECT_EQ(scene.wait(scene.stores().pubsub.usage(*BareJid::parse(nobody)))->nodes, 0U);
  }
  hush();
}

}  // namespace
}  // namespace aldis::test
