// Every cell of (access model) x (affiliation) x (what he is to the owner: nothing, or a contact in his roster group) x (act) of XEP-0060
// (1.30.0), through the real service, for users of this server and of another (security B01). A service has no roster: of the five access
// models two are refused, and what somebody is to an owner changes nothing; accounts have all five, and are looked at in
// extensions/pep/xep0060_account_test.cpp. The acts are those by which
// something of a node reaches somebody (reading all and one item, subscribing and what comes of it: the last item, the next one;
// what discovery lists), those by which he changes it (publishing, retracting, purging, deleting, configuring), and those that tell
// who else is there (the owner's lists). Making a node is no such act: it has no access model yet. What is expected is computed from the
// tables and sentences of the XEP as they are written down here. Where something is refused its sender is told, and nobody else.
#include <array>
#include <deque>

#include "tests/support/pubsub_scene.h"

namespace aldis::test {
namespace {

enum Affiliation : std::uint8_t { outcast, none, member, publish_only, publisher, owner };
enum Relation : std::uint8_t { stranger, courtier };
constexpr std::array<std::string_view, 6> affiliation_words{"outcast", "none", "member", "publish-only", "publisher", "owner"};
constexpr std::array<std::string_view, 2> relation_words{"stranger", "courtier"};
constexpr std::array<std::string_view, 3> models{"open", "authorize", "whitelist"};

struct Standing {
  std::string_view model;
  Affiliation affiliation;
  Relation relation;
};

// "done", or the words of the refusal.
using Answer = std::string_view;

// Section 4.1: yes, no, or "as the access model has it", which for none alone is not yes.
constexpr Answer denied = "auth forbidden";
Answer by_model(Standing who, Answer authorize) {  // sections 4.5, 6.1.3 and 6.5.9
  if (who.model == "open") {
    return "done";
  }
  return who.model == "authorize" ? authorize : "cancel not-allowed closed-node";
}
Answer answer_to_reading(Standing who, bool is_subscribed) {
  switch (who.affiliation) {
    case outcast:
    case publish_only: return denied;
    case none: return by_model(who, is_subscribed ? "done" : "auth not-authorized not-subscribed");
    default: return "done";   // sections 4.1 and 12.12
  }
}
// "pending": he waits for the owner (section 6.1.4); members and publishers need not.
Answer answer_to_subscribing(Standing who) {
  switch (who.affiliation) {
    case outcast:
    case publish_only: return denied;
    case none: return by_model(who, "pending");
    default: return "done";
  }
}
Answer answer_to_publishing(Standing who) { return who.affiliation >= publish_only ? "done" : denied; }
// Of what the owner has published: that others may is the service's choice, and it does not choose so (section 4.1, the note).
Answer answer_to_retracting(Standing who) { return who.affiliation == owner ? "done" : denied; }
// Chapter 8 and section 14.2.
Answer answer_to_owning(Standing who) { return who.affiliation == owner ? "done" : denied; }

class PubSubCells : public ::testing::TestWithParam<std::string_view> {
 protected:
  struct Person {
    std::string bare;
    Client* client = nullptr;             // null: of another server
    std::deque<std::string> mail{};
    [[nodiscard]] std::string jid() const { return bare + "/x"; }
  };

  PubSubCells() {
    scene.are_contacts("keeper@denmark.lit", actors[courtier].bare);
    for (Person* each : all) {
      if (each->bare.ends_with("denmark.lit")) {
        each->client = &scene.login(each->jid());
        each->client->comes_online();
      } else {
        static_cast<void>(scene.abroad());
      }
    }
    hush();
    keeper.client->asks("set", "", "<query xmlns='jabber:iq:roster'><item jid='" + actors[courtier].bare + "'><group>courtiers</group></item></query>");
    hush();
  }
  void TearDown() override { hush(); }

  void send(const Person& person, std::string xml) {
    if (person.client != nullptr) {
      person.client->sends(xml);
      return;
    }
    xml.insert(xml.find(' '), " from='" + person.jid() + "'");
    scene.abroad().sends(xml);
  }
  std::deque<std::string> take(Person& person) {
    if (person.client != nullptr) {
      while (person.client->waiting() > 0) {
        person.mail.push_back(person.client->next());
      }
    } else {
      while (scene.abroad().waiting() > 0) {
        const std::string stanza = scene.abroad().next();
        for (Person& each : actors) {
          if (stanza.find("to='" + each.bare) != std::string::npos) {
            each.mail.push_back(stanza);
          }
        }
      }
    }
    return std::exchange(person.mail, {});
  }
  void hush() {
    for (Person* each : all) {
      take(*each);
    }
  }
  void orders(std::string_view payload) {
    send(keeper, "<iq type='set' id='order' to='pubsub.shakespeare.lit'>" + std::string(payload) + "</iq>");
    std::string answer;
    for (const std::string& stanza : take(keeper)) {
      answer += stanza.find("id='order'") != std::string::npos ? stanza : std::string();
    }
    EXPECT_NE(answer.find("type='result'"), std::string::npos) << payload << answer;
  }
  // A node as it is before each act: the owner's item, the witness's subscription, the actor's affiliation and none of his.
  void place(Standing who) {
    send(keeper, "<iq type='set' id='order' to='pubsub.shakespeare.lit'>" + owner_xml(on_node("delete")) + "</iq>");
    hush();
    orders(create_xml(musings, {{"access_model", who.model}, {"roster_groups_allowed", "courtiers"}, {"persist_items", "1"}, {"max_items", "10"},
                                {"send_last_published_item", "on_sub"}, {"notify_delete", "1"}}));
    orders(owner_xml(on_node("affiliations", musings, "<affiliation jid='witness@denmark.lit' affiliation='member'/>" +
                             (who.affiliation == none ? std::string() : "<affiliation jid='" + actors[who.relation].bare + "' affiliation='" + std::string(affiliation_words[who.affiliation]) + "'/>"))));
    orders(publish_xml(musings, "i1", secret));
    send(witness, "<iq type='set' id='w' to='pubsub.shakespeare.lit'>" + subscribe_xml(musings, "witness@denmark.lit") + "</iq>");
    hush();
  }

  // What the actor is answered; nobody else receives anything when he is refused, and the bystander never does.
  std::string acts(Person& actor, std::string_view type, const std::string& payload, Answer expected, const std::string& cell) {
    SCOPED_TRACE(cell);
    ++cells;
    send(actor, "<iq type='" + std::string(type) + "' id='act' to='pubsub.shakespeare.lit'>" + payload + "</iq>");
    std::string answer;
    std::deque<std::string> rest;
    for (const std::string& stanza : take(actor)) {
      if (stanza.find("id='act'") != std::string::npos && answer.empty()) {
        answer = stanza;
      } else {
        rest.push_back(stanza);
      }
    }
    if (expected == "done" || expected == "pending") {
      EXPECT_NE(answer.find("type='result'"), std::string::npos) << answer;
    } else {
      EXPECT_TRUE(matches(answer.empty() ? "<nothing/>" : answer, "<iq type='error'>" + error_xml(expected) + "</iq>")) << "expected " << expected << ", " << answer;
      EXPECT_EQ(answer.find("a-secret"), std::string::npos) << answer;
      for (Person* each : {&keeper, &witness}) {
        for (const std::string& stanza : take(*each)) {
          ADD_FAILURE() << each->bare << " receives " << stanza;
        }
      }
      for (const std::string& stanza : rest) {
        ADD_FAILURE() << "the actor receives " << stanza;
      }
      rest.clear();
    }
    for (const std::string& stanza : take(bystander)) {
      ADD_FAILURE() << "the bystander receives " << stanza;
    }
    actor.mail = std::move(rest);
    return answer;
  }
  // What he has been sent since, as one text.
  std::string told(Person& person) {
    std::string text;
    for (const std::string& stanza : take(person)) {
      text += stanza;
    }
    return text;
  }
  static bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

  const std::string domain{GetParam()};
  PubSubScene scene;
  Person keeper{"keeper@denmark.lit"};
  Person witness{"witness@denmark.lit"};
  Person bystander{"bystander@denmark.lit"};
  std::array<Person, 2> actors{Person{"stranger@" + domain}, Person{"courtier@" + domain}};
  std::vector<Person*> all{&keeper, &witness, &bystander, &actors[stranger], &actors[courtier]};
  const std::string secret = entry_xml("a-secret");
  int cells = 0;

  template <class Test>
  void in_every_cell(const Test& test) {
    for (const std::string_view model : models) {
      for (std::uint8_t affiliation = outcast; affiliation <= owner; ++affiliation) {
        for (std::uint8_t relation = stranger; relation <= courtier; ++relation) {
          const Standing who{model, static_cast<Affiliation>(affiliation), static_cast<Relation>(relation)};
          place(who);
          test(who, actors[relation], std::string(model) + "/" + std::string(affiliation_words[affiliation]) + "/" + std::string(relation_words[relation]));
          hush();
        }
      }
    }
  }
};

TEST_P(PubSubCells, Reading) {  // sections 5.5, 6.5, 4.1 and 4.5
  in_every_cell([&](Standing who, Person& actor, const std::string& cell) {
    const Answer expected = answer_to_reading(who, false);
    const bool may = expected == "done";
    EXPECT_EQ(has(acts(actor, "get", items_xml(musings), expected, cell + " reads all"), "a-secret"), may) << cell;
    EXPECT_EQ(has(acts(actor, "get", items_xml(musings, "<item id='i1'/>"), expected, cell + " reads one"), "a-secret"), may) << cell;
    EXPECT_EQ(has(acts(actor, "get", items_xml(musings, {}, " max_items='1'"), expected, cell + " reads the newest"), "a-secret"), may) << cell;
    send(actor, "<iq type='get' id='act' to='pubsub.shakespeare.lit'>" + nodes_xml(musings) + "</iq>");
    EXPECT_EQ(has(told(actor), "'i1'"), may) << cell << " lists the items";
    send(actor, "<iq type='get' id='act' to='pubsub.shakespeare.lit'>" + nodes_xml() + "</iq>");
    const std::string nodes = told(actor);
    if (may || who.affiliation == outcast) {  // section 5.2: those that are accessible to him
      EXPECT_EQ(has(nodes, musings), may) << cell << nodes;
    }
  });
  EXPECT_EQ(cells, 3 * 6 * 2 * 3);
}

TEST_P(PubSubCells, SubscribingAndWhatComesOfIt) {  // sections 6.1, 6.2, 4.2, 12.10
  in_every_cell([&](Standing who, Person& actor, const std::string& cell) {
    const Answer expected = answer_to_subscribing(who);
    const std::string answer = acts(actor, "set", subscribe_xml(musings, actor.bare), expected, cell + " subscribes");
    const std::string last = told(actor);
    if (expected == "done" || expected == "pending") {
      EXPECT_EQ(value_of(answer, "subscription", "subscription"), expected == "done" ? "subscribed" : "pending") << cell;
    }
    EXPECT_EQ(has(last, "a-secret"), expected == "done") << cell << ": the last item: " << last;
    hush();
    orders(publish_xml(musings, "i2", secret));
    EXPECT_EQ(has(told(actor), "a-secret"), expected == "done") << cell << ": the next item";
    const std::string seen = told(witness);
    EXPECT_EQ(values_of("<all>" + seen + "</all>", "item", "id"), (std::vector<std::string>{"i2"})) << cell << seen;
    EXPECT_EQ(told(bystander), "") << cell;
    // Reading once more, now that he is subscribed or waits.
    acts(actor, "get", items_xml(musings), answer_to_reading(who, expected == "done"), cell + " reads then");
    // His own and nobody else's.
    acts(actor, "set", pubsub_xml("<unsubscribe node='princely_musings' jid='witness@denmark.lit'/>"), denied, cell + " unsubscribes another");
    // Put out, he hears no more, however he came in.
    if (who.affiliation != owner) {
      orders(owner_xml(on_node("affiliations", musings, "<affiliation jid='" + actor.bare + "' affiliation='outcast'/>")));
      hush();
      orders(publish_xml(musings, "i3", secret));
      EXPECT_EQ(told(actor), "") << cell << ": as an outcast";
      hush();
      acts(actor, "get", items_xml(musings), denied, cell + " reads as an outcast");
    } else {
      acts(actor, "set", pubsub_xml("<unsubscribe node='princely_musings' jid='" + actor.bare + "'/>"), "done", cell + " unsubscribes");
      hush();
      orders(publish_xml(musings, "i3", secret));
      EXPECT_EQ(told(actor), "") << cell << ": unsubscribed";
    }
  });
}

TEST_P(PubSubCells, Changing) {  // sections 7.1, 7.2
  in_every_cell([&](Standing who, Person& actor, const std::string& cell) {
    acts(actor, "set", retract_xml(musings, "i1", "1"), answer_to_retracting(who), cell + " retracts");
    hush();
    const std::string payload = entry_xml("of the actor");
    const Answer expected = answer_to_publishing(who);
    acts(actor, "set", publish_xml(musings, "of-the-actor", payload), expected, cell + " publishes");
    EXPECT_EQ(has(told(witness), "of the actor"), expected == "done") << cell;
    if (expected == "done") {
      acts(actor, "set", retract_xml(musings, "of-the-actor"), "done", cell + " retracts his own");
    }
  });
}

TEST_P(PubSubCells, Owning) {  // sections 8.2 to 8.5, 8.8, 8.9 and 14.2
  in_every_cell([&](Standing who, Person& actor, const std::string& cell) {
    const Answer expected = answer_to_owning(who);
    const auto gets = [&](const std::string& payload) {
      const std::string answer = acts(actor, "get", payload, expected, cell + " gets " + payload);
      EXPECT_EQ(has(answer, "witness@"), expected == "done" && !has(payload, "<configure")) << cell << answer;
    };
    gets(owner_xml(on_node("configure")));
    gets(owner_xml(on_node("affiliations")));
    gets(owner_xml(on_node("subscriptions")));
    const auto sets = [&](const std::string& payload) {
      acts(actor, "set", payload, expected, cell + " sets " + payload);
      hush();
    };
    sets(configure_xml(musings, {{"title", "another"}}));
    sets(owner_xml(on_node("affiliations", musings, "<affiliation jid='yorick@denmark.lit' affiliation='publisher'/>")));
    sets(owner_xml(on_node("subscriptions", musings, "<subscription jid='witness@denmark.lit' subscription='none'/>")));
    sets(owner_xml(on_node("purge")));
    sets(owner_xml(on_node("delete")));
    if (expected != "done") {  // and all is as it was
      send(witness, "<iq type='get' id='w' to='pubsub.shakespeare.lit'>" + items_xml(musings) + "</iq>");
      EXPECT_TRUE(has(told(witness), "a-secret")) << cell;
      send(keeper, "<iq type='get' id='k' to='pubsub.shakespeare.lit'>" + owner_xml(on_node("affiliations")) + "</iq>");
      EXPECT_FALSE(has(told(keeper), "yorick")) << cell;
      orders(publish_xml(musings, "i2", secret));
      EXPECT_TRUE(has(told(witness), "a-secret")) << cell;
    }
  });
  EXPECT_EQ(cells, 3 * 6 * 2 * 8);
}

TEST_P(PubSubCells, ThereIsNoSuchNode) {  // who may not know a node hears of it what he hears of one that is not there, but for section 8's "forbidden" and the like
  place({"whitelist", none, stranger});
  Person& actor = actors[stranger];
  const auto asks = [&](const std::string& payload) {
    send(actor, "<iq type='get' id='act' to='pubsub.shakespeare.lit'>" + payload + "</iq>");
    std::string text = told(actor);
    for (std::size_t at = text.find("absent_things"); at != std::string::npos; at = text.find("absent_things", at)) {
      text.replace(at, 13, musings);
    }
    return text;
  };
  for (const std::string_view list : {"subscriptions", "affiliations"}) {
    EXPECT_EQ(asks(pubsub_xml(on_node(list))), asks(pubsub_xml(on_node(list, "absent_things")))) << list;
  }
  EXPECT_EQ(asks(info_xml(musings)), asks(info_xml("absent_things")));
  EXPECT_EQ(asks(nodes_xml(musings)), asks(nodes_xml("absent_things")));
  EXPECT_FALSE(has(asks(nodes_xml()), musings));
  const std::string subid = "<unsubscribe node='princely_musings' jid='witness@denmark.lit'/>";
  for (const std::string& set : {pubsub_xml(subid), pubsub_xml("<options node='princely_musings' jid='witness@denmark.lit'/>")}) {
    EXPECT_FALSE(has(asks(set), "subscribed")) << set;
  }
}

INSTANTIATE_TEST_SUITE_P(Of, PubSubCells, ::testing::Values("denmark.lit", "venice.example"),
                         [](const auto& each) { return std::string(each.param == "venice.example" ? "AnotherServer" : "ThisServer"); });

}  // namespace
}  // namespace aldis::test
