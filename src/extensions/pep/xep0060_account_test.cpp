// XEP-0060 (1.30.0) chapter 9: accounts that are services. Who is subscribed by his presence, what he is told of by his capabilities
// (XEP-0115, whose hashes are verified), and the five access models against everybody that somebody can be to the owner (security B01).
#include "tests/support/pep_scene.h"

namespace aldis::test {
namespace {

class Account : public Capulets {
 protected:
  static constexpr std::string_view her = "juliet@capulet.lit";
};
using Pubsub6_1_3 = Account;
using Pubsub9_1 = Account;
using Pubsub9_2 = Account;

TEST_F(Pubsub9_1, TheOwnerIsSubscribedToEverything) {  // section 9.1.1: all access models
  Client& juliet = login("juliet@capulet.lit/balcony");
  Client& chamber = login("juliet@capulet.lit/chamber");
  shows(juliet, {});
  for (const std::string_view model : {"open", "presence", "roster", "authorize", "whitelist"}) {
    const std::string node = "urn:example:" + std::string(model);
    shows(chamber, {node});
    hush();
    publishes(juliet, node, "i1", tune_xml, {{"access_model", model}});
    sees(chamber, item_event(node, tune_xml));
  }
}

TEST_F(Pubsub9_1, PresenceWithoutASubscriptionIsNoSubscription) {  // section 9.1.3 is left out: who is no contact subscribes to what is open
  Client& juliet = login("juliet@capulet.lit/balcony");
  Client& benvolio = login("benvolio@montague.lit/street");
  shows(juliet, {});
  publishes(juliet, tune, {}, tune_xml, {{"access_model", "open"}});
  publishes(juliet, geoloc, {}, geoloc_xml, {{"access_model", "presence"}});
  hush();
  shows(benvolio, {tune, geoloc}, her);
  hush();
  publishes(juliet, geoloc, {}, geoloc_xml);
  EXPECT_EQ(events(benvolio), std::vector<std::string>());
  done(benvolio, "set", subscribe_xml(tune, "benvolio@montague.lit/street"), her);
  hush();
  publishes(juliet, tune);
  sees(benvolio, item_event(tune, tune_xml));
  done(benvolio, "set", pubsub_xml("<unsubscribe node='" + std::string(tune) + "' jid='benvolio@montague.lit/street'/>"), her);
  hush();
  publishes(juliet, tune);
  EXPECT_EQ(events(benvolio), std::vector<std::string>());
  hush();
}

TEST_F(Pubsub9_2, InterestIsReadFromCapabilities) {  // examples 212 to 215 and what follows them
  Client& juliet = login("juliet@capulet.lit/balcony");
  Client& nurse = login("nurse@capulet.lit/chamber");
  Client& romeo = login("romeo@montague.lit/orchard");
  groups(juliet, "romeo@montague.lit", "Friends");
  groups(juliet, "nurse@capulet.lit", "Servants");
  shows(juliet, {});
  shows(nurse, {activity, geoloc, tune});
  shows(romeo, {geoloc, tune});
  EXPECT_GE(asked[&nurse], 1);
  EXPECT_GE(asked[&romeo], 1);
  hush();
  publishes(juliet, tune, {}, tune_xml);
  sees(nurse, item_event(tune, tune_xml));
  sees(romeo, item_event(tune, tune_xml));
  publishes(juliet, activity, {}, activity_xml);
  sees(nurse, item_event(activity, activity_xml));
  publishes(juliet, geoloc, {}, geoloc_xml, {{"access_model", "roster"}, {"roster_groups_allowed", "Friends"}});
  sees(romeo, item_event(geoloc, geoloc_xml));
}

TEST_F(Pubsub9_2, WhatIsKnownIsNotAskedAgain) {  // XEP-0115: the cache
  Client& juliet = login("juliet@capulet.lit/balcony");
  Client& nurse = login("nurse@capulet.lit/chamber");
  Client& kitchen = login("nurse@capulet.lit/kitchen");
  shows(juliet, {});
  shows(nurse, {tune});
  EXPECT_EQ(asked[&nurse], 1);
  shows(kitchen, {tune});   // the same ver, at the same domain
  EXPECT_EQ(asked[&kitchen], 0);
  hush();
  publishes(juliet, tune);
  sees(kitchen, item_event(tune));
  sees(nurse, item_event(tune));
}

TEST_F(Pubsub9_2, AHashThatIsNotRightTeachesNothing) {  // security E09: nobody is told, or not told, what another wants
  Client& juliet = login("juliet@capulet.lit/balcony");
  Client& nurse = login("nurse@capulet.lit/chamber");
  Client& romeo = login("romeo@montague.lit/orchard");
  shows(juliet, {});
  // The nurse says first that romeo's ver means geoloc and not tune.
  info[&nurse] = info_of({geoloc});
  presents(nurse, ver_of(info_of({tune})));
  shows(romeo, {tune});
  hush();
  publishes(juliet, tune);
  sees(romeo, item_event(tune));
  EXPECT_EQ(events(nurse), std::vector<std::string>());
  publishes(juliet, geoloc, {}, geoloc_xml);
  EXPECT_EQ(events(romeo), std::vector<std::string>());
  hush();   // whether she is told for herself is nobody's matter
}

TEST_F(Pubsub9_2, NorDoesAnAnswerOfSomebodyElse) {
  Client& juliet = login("juliet@capulet.lit/balcony");
  Client& nurse = login("nurse@capulet.lit/chamber");
  Client& romeo = login("romeo@montague.lit/orchard");
  shows(juliet, {});
  const std::string ver = ver_of(info_of({tune}));
  romeo.sends("<presence>" + caps_xml(ver) + "</presence>");
  std::string question;
  while (romeo.waiting() > 0) {
    const std::string stanza = romeo.next();
    question = holds(stanza, "disco#info") ? stanza : question;
  }
  ASSERT_FALSE(question.empty());
  const std::string lie = info_of({geoloc});
  for (const std::string_view to : {"juliet@capulet.lit", "capulet.lit", "montague.lit", "romeo@montague.lit"}) {
    nurse.sends("<iq type='result' id='" + value_of(question, "iq", "id") + "' to='" + std::string(to) + "'>" + lie + "</iq>");
  }
  info[&romeo] = info_of({tune});
  std::string truth = info[&romeo];
  truth.insert(truth.find("<query") + 6, " node='" + value_of(question, "query", "node") + "'");
  romeo.sends("<iq type='result' id='" + value_of(question, "iq", "id") + "' to='" + value_of(question, "iq", "from") + "'>" + truth + "</iq>");
  hush();
  publishes(juliet, tune);
  sees(romeo, item_event(tune));
  publishes(juliet, geoloc, {}, geoloc_xml);
  EXPECT_EQ(events(nurse), std::vector<std::string>());
  hush();
}

TEST_F(Pubsub6_1_3, PresenceOrTheRosterGroupIsNeeded) {  // examples 31 and 32, 89 and 90; 146
  Client& juliet = login("juliet@capulet.lit/balcony");
  Client& nurse = login("nurse@capulet.lit/chamber");
  Client& benvolio = login("benvolio@montague.lit/street");
  groups(juliet, "nurse@capulet.lit", "Servants");
  shows(juliet, {});
  publishes(juliet, tune);
  refused(benvolio, "set", subscribe_xml(tune, "benvolio@montague.lit"), "auth not-authorized presence-subscription-required", her);
  refused(benvolio, "get", items_xml(tune), "auth not-authorized presence-subscription-required", her);
  done(juliet, "set", configure_xml(tune, {{"access_model", "roster"}, {"roster_groups_allowed", "Friends\nCousins"}}));
  refused(nurse, "set", subscribe_xml(tune, "nurse@capulet.lit"), "auth not-authorized not-in-roster-group", her);
  refused(nurse, "get", items_xml(tune), "auth not-authorized not-in-roster-group", her);
  const std::string form = done(juliet, "get", owner_xml(on_node("configure", tune)));
  EXPECT_EQ(field_of(form, "pubsub#access_model"), "roster");
  EXPECT_EQ(field_of(form, "pubsub#roster_groups_allowed"), "Friends|Cousins");
  for (const std::string_view model : {"open", "presence", "roster", "authorize", "whitelist"}) {
    EXPECT_TRUE(holds(form, "<value>" + std::string(model) + "</value></option>")) << model << form;
  }
  hush();
}

TEST_F(Pubsub9_2, ContactsOfOtherServersToo) {  // what they show is asked about abroad, and nobody else is told
  scene.are_contacts(her, "portia@venice.example");
  Client& juliet = login("juliet@capulet.lit/balcony");
  SceneAbroad& abroad = scene.abroad();
  shows(juliet, {});
  abroad.ignores_the_rest();
  const std::string wanted = info_of({tune});
  for (const std::string_view from : {"portia@venice.example/x", "shylock@venice.example/x"}) {
    abroad.sends("<presence from='" + std::string(from) + "' to='juliet@capulet.lit'>" + caps_xml(ver_of(wanted)) + "</presence>");
    while (abroad.waiting() > 0) {
      const std::string stanza = abroad.next();
      if (stanza.starts_with("<iq") && holds(stanza, "disco#info")) {
        std::string truth = wanted;
        truth.insert(truth.find("<query") + 6, " node='" + value_of(stanza, "query", "node") + "'");
        abroad.sends("<iq type='result' id='" + value_of(stanza, "iq", "id") + "' from='" + std::string(from) + "' to='" + value_of(stanza, "iq", "from") + "'>" + truth + "</iq>");
      }
    }
  }
  hush();
  publishes(juliet, tune);
  const std::string got = abroad.next();
  EXPECT_TRUE(matches(got, "<message type='headline' from='juliet@capulet.lit' to='portia@venice.example/x'>" + event_xml(item_event(tune, tune_xml)) + "</message>")) << got;
  abroad.receives_nothing();
  done(juliet, "set", configure_xml(tune, {{"access_model", "whitelist"}}));
  publishes(juliet, tune);
  abroad.receives_nothing();
  done(juliet, "set", configure_xml(tune, {{"access_model", "presence"}}));
  abroad.ignores_the_rest();   // she may be told again
  abroad.sends("<presence type='unavailable' from='portia@venice.example/x' to='juliet@capulet.lit'/>");
  publishes(juliet, tune);
  abroad.receives_nothing();
  hush();
}

// ---- five access models, and everybody that somebody can be (sections 4.5, 6.5.1, 9.1.2; XEP-0163 sections 4 and 6.2)

struct Somebody {
  std::string_view name;
  bool sees_presence;          // is subscribed to hers
  bool shows_his;              // she is subscribed to his
  std::string_view group;
  std::string_view affiliation;
  bool is_blocked;
};
constexpr std::array people{
    Somebody{"stranger", false, false, "", "none", false}, Somebody{"follower", true, false, "", "none", false}, Somebody{"followed", false, true, "", "none", false},
    Somebody{"contact", true, true, "", "none", false},    Somebody{"friend", true, true, "Friends", "none", false}, Somebody{"enemy", true, true, "Enemies", "none", false},
    Somebody{"lapsed", false, true, "Friends", "none", false}, Somebody{"member", false, false, "", "member", false}, Somebody{"outcast", true, true, "Friends", "outcast", false},
    Somebody{"blocked", true, true, "Friends", "none", true}, Somebody{"secretary", false, false, "", "publisher", false}, Somebody{"scribe", true, true, "Friends", "publish-only", false},
    Somebody{"husband", false, false, "", "owner", false}};

// May he read and subscribe (section 4.5)?
bool may(std::string_view model, const Somebody& who) {
  if (who.is_blocked || who.affiliation == "outcast" || who.affiliation == "publish-only") {
    return false;
  }
  if (who.affiliation != "none") {  // section 4.1
    return true;
  }
  return model == "open" ? true : model == "presence" ? who.sees_presence : model == "roster" ? who.sees_presence && who.group == "Friends" : false;
}

class AccessOfAccounts : public Account, public ::testing::WithParamInterface<std::string_view> {};

TEST_P(AccessOfAccounts, NobodyHasWhatHeMayNotHave) {
  const std::string_view model = GetParam();
  const std::string secret = "a-secret-of-hers";
  const std::string payload = "<tune xmlns='http://jabber.org/protocol/tune'><title>" + secret + "</title></tune>";
  std::map<std::string_view, Client*> clients;
  for (const Somebody& who : people) {
    const std::string jid = std::string(who.name) + "@montague.lit";
    scene.has_account(jid);
    if (who.sees_presence || who.shows_his) {
      scene.are_contacts(her, jid, who.sees_presence && who.shows_his ? Subscription::both : who.sees_presence ? Subscription::from : Subscription::to);
    }
  }
  Client& juliet = login("juliet@capulet.lit/balcony");
  shows(juliet, {});
  for (const Somebody& who : people) {
    const std::string jid = std::string(who.name) + "@montague.lit";
    if (!who.group.empty()) {
      groups(juliet, jid, who.group);
    }
    if (who.is_blocked) {
      done(juliet, "set", "<block xmlns='urn:xmpp:blocking'><item jid='" + jid + "'/></block>");
    }
  }
  publishes(juliet, tune, "the-id-of-it", payload, {{"access_model", model}, {"roster_groups_allowed", "Friends"}, {"persist_items", "1"}});
  for (const Somebody& who : people) {
    if (who.affiliation != "none") {
      done(juliet, "set", owner_xml(on_node("affiliations", tune, "<affiliation jid='" + std::string(who.name) + "@montague.lit' affiliation='" + std::string(who.affiliation) + "'/>")));
    }
  }
  hush();
  for (const Somebody& who : people) {
    SCOPED_TRACE(std::string(model) + " " + std::string(who.name));
    Client& client = *(clients[who.name] = &login(std::string(who.name) + "@montague.lit/x"));
    // The last item when he comes (and shows himself to her, where he is no contact of hers): only if he may have it.
    shows(client, {tune});
    if (!who.shows_his) {
      shows(client, {tune}, her);
    }
    std::string last;
    for (const std::string& each : events(client)) {
      last += each;
    }
    if (!may(model, who)) {
      EXPECT_EQ(last, "");
    } else if (who.sees_presence && who.shows_his) {
      EXPECT_TRUE(holds(last, secret)) << last;
    }
    // Reading, one and all; nodes; subscribing.
    const std::string all = answer(client, "get", items_xml(tune), her);
    const std::string one = answer(client, "get", items_xml(tune, "<item id='the-id-of-it'/>"), her);
    const std::string listed = answer(client, "get", nodes_xml(), her);
    const std::string ids = answer(client, "get", nodes_xml(tune), her);
    EXPECT_EQ(holds(all, secret), may(model, who)) << all;
    EXPECT_EQ(holds(one, secret), may(model, who)) << one;
    EXPECT_EQ(holds(all, "type='error'"), !may(model, who)) << all;
    const bool may_ask = model == "authorize" && who.affiliation == "none" && !who.is_blocked;   // to be let in, and so knows the node
    if (!may(model, who)) {
      EXPECT_FALSE(holds(listed, tune) && !may_ask) << listed;
      EXPECT_FALSE(holds(ids, "the-id-of-it")) << ids;
    }
    const std::string subscribed = answer(client, "set", subscribe_xml(tune, std::string(who.name) + "@montague.lit"), her);
    EXPECT_EQ(holds(subscribed, "subscription='subscribed'"), may(model, who)) << subscribed;
    hush();
    // Nobody has a say but she, and whom she has given it.
    const bool owns = who.affiliation == "owner";
    for (const std::string& get : {owner_xml(on_node("configure", tune)), owner_xml(on_node("subscriptions", tune)), owner_xml(on_node("affiliations", tune))}) {
      EXPECT_TRUE(matches(answer(client, "get", get, her), owns ? "<iq type='result'/>" : "<iq type='error'/>")) << get;
    }
    if (!owns) {
      for (const std::string& set : {retract_xml(tune, "the-id-of-it"), owner_xml(on_node("delete", tune)), owner_xml(on_node("purge", tune)), configure_xml(tune, {{"access_model", "open"}}),
                                     owner_xml(on_node("affiliations", tune, "<affiliation jid='" + std::string(who.name) + "@montague.lit' affiliation='owner'/>"))}) {
        EXPECT_TRUE(matches(answer(client, "set", set, her), "<iq type='error'/>")) << set;
      }
    }
    const bool publishes_too = owns || who.affiliation == "publisher" || who.affiliation == "publish-only";
    EXPECT_TRUE(matches(answer(client, "set", publish_xml(tune, "the-id-of-it", payload), her), publishes_too ? "<iq type='result'/>" : "<iq type='error'/>"));
    hush();
  }
  // What she publishes next.
  publishes(juliet, tune, "the-id-of-it", payload);
  done(juliet, "get", items_xml(tune), {}, pubsub_xml(on_node("items", tune, "<item id='the-id-of-it'/><cap-v-map xmlns='urn:xmpp:pubsub:cap:0'/><nothing-more/>")));
  for (const Somebody& who : people) {
    SCOPED_TRACE(std::string(model) + " " + std::string(who.name));
    std::string told;
    for (const std::string& each : events(*clients[who.name])) {
      told += each;
    }
    if (may(model, who)) {
      EXPECT_TRUE(holds(told, secret)) << told;
    } else {
      EXPECT_EQ(told, "");
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Of, AccessOfAccounts, ::testing::Values("open", "presence", "roster", "authorize", "whitelist"), [](const auto& each) { return std::string(each.param); });

// Who may not have a node hears of it what he hears of one that is not there, and of an account what he hears of nobody (security L01).
TEST_F(Account, StrangersHearTheSameOfNodesAndOfNobody) {
  Client& juliet = login("juliet@capulet.lit/balcony");
  shows(juliet, {});
  publishes(juliet, tune, "the-id-of-it", tune_xml, {{"access_model", "whitelist"}});
  publishes(juliet, geoloc, "the-id-of-it", geoloc_xml, {{"access_model", "presence"}});
  hush();
  Client& stranger = login("stranger@montague.lit/x");
  shows(stranger, {});
  const auto renamed = [](std::string text, std::string_view from, std::string_view to) {
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
      text.replace(at, from.size(), to);
    }
    return text;
  };
  for (const std::string_view there : {tune, geoloc}) {
    for (const auto& ask : {+[](std::string_view node) { return info_xml(node); }, +[](std::string_view node) { return nodes_xml(node); }}) {
      const std::string of_it = answer(stranger, "get", ask(there), her);
      const std::string of_none = answer(stranger, "get", ask("urn:example:absent"), her);
      EXPECT_EQ(renamed(of_it, there, "urn:example:absent"), of_none);
    }
  }
  for (const std::string& get : {info_xml(), nodes_xml(), items_xml(tune), items_xml(geoloc), items_xml("urn:example:absent")}) {
    const std::string of_her = answer(stranger, "get", get, her);
    const std::string of_nobody = answer(stranger, "get", get, "nobody@capulet.lit");
    EXPECT_EQ(renamed(of_her, her, "nobody@capulet.lit"), of_nobody) << get;
  }
}

}  // namespace
}  // namespace aldis::test
