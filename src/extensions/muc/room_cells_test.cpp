// Every cell of (affiliation and role of the actor) x (act) x (target) of XEP-0045 (1.35.5) chapter 5, through a real room, for local
// users and for users of another server alike. What is expected is computed from the tables and sentences of the XEP as they are
// written down here. Where something is refused its sender is told, and nobody else receives anything: the keeper, who owns the
// room and puts everybody into place, the witness inside it, the target, and the bystander outside.
#include <array>

#include "tests/support/coven.h"

namespace aldis::test {
namespace {

enum Affiliation : std::uint8_t { outcast, none, member, admin, owner };
enum Role : std::uint8_t { outside, visitor, participant, moderator };
constexpr std::array<std::string_view, 5> affiliation_words{"outcast", "none", "member", "admin", "owner"};
constexpr std::array<std::string_view, 4> role_words{"none", "visitor", "participant", "moderator"};

struct Standing {
  Affiliation affiliation;
  Role role;
};
// Whom there can be: an outcast is not in the room, and nobody takes the role from an admin or owner (sections 8.4 and 9.7).
constexpr std::array everybody{Standing{outcast, outside},   Standing{none, outside},      Standing{none, visitor},       Standing{none, participant},
                               Standing{none, moderator},    Standing{member, outside},    Standing{member, visitor},     Standing{member, participant},
                               Standing{member, moderator},  Standing{admin, outside},     Standing{admin, moderator},    Standing{owner, outside},
                               Standing{owner, moderator}};

// The answer: "done", or the condition of the refusal.
using Answer = std::string_view;

// Section 5.1.3, from the row to the column: M: a moderator, A: an admin or owner. And who may not, in the order of sections 8, 9.
constexpr std::array<std::string_view, 3> role_table{"M-MA", "MM-A", "AAA-"};

Answer answer_to_role(Standing actor, Standing target, Role wanted, bool is_self) {
  const bool is_admin = actor.affiliation >= admin;
  const bool is_moderator = actor.role == moderator;
  const bool is_for_admins = role_table[target.role - 1][wanted] == 'A';
  if (wanted == outside) {  // section 8.2
    if (!is_moderator) {
      return "forbidden";   // chapter 8
    }
    if (is_self) {
      return "conflict";
    }
    return target.affiliation > actor.affiliation || (is_for_admins && !is_admin) ? "not-allowed" : "done";
  }
  if (is_for_admins && wanted != visitor) {  // sections 9.6 and 9.7
    if (!is_admin) {
      return "forbidden";   // chapter 9
    }
    return wanted == participant && target.affiliation >= admin ? "not-allowed" : "done";
  }
  if (!is_moderator && !(is_for_admins && is_admin)) {
    return "forbidden";
  }
  if (wanted == visitor) {  // section 8.4; that having no affiliation is no level is ours
    const bool is_at_or_above = target.affiliation >= actor.affiliation && target.affiliation != none;
    if (target.affiliation >= admin || is_at_or_above) {
      return "not-allowed";
    }
    return is_for_admins && !is_admin ? "forbidden" : "done";
  }
  return "done";   // voice, section 8.3
}

// Section 5.2.2, from the row to the column: A: an admin or owner, O: an owner.
constexpr std::array<std::string_view, 5> affiliation_table{"-AAOO", "A-AOO", "AA-OO", "OOO-O", "OOOO-"};

Answer answer_to_affiliation(Standing actor, Affiliation before, Affiliation wanted, bool is_self) {
  if (actor.affiliation < admin) {
    return "forbidden";   // chapter 9
  }
  if (is_self && wanted == outcast) {  // section 9.1
    return "conflict";
  }
  if (actor.affiliation == owner || affiliation_table[before][wanted] == 'A') {
    return "done";
  }
  return wanted == outcast ? "not-allowed" : "forbidden";   // sections 9.1; 10.3 to 10.8
}

class Cells : public ::testing::TestWithParam<std::string_view> {
 protected:
  struct Person {
    std::string bare;
    std::string nickname;
    Client* client = nullptr;             // null: of another server
    std::deque<std::string> mail{};
    bool is_inside = false;
    [[nodiscard]] std::string jid() const { return bare + "/x"; }
  };

  Cells() {
    for (Person* each : {&keeper, &witness, &bystander, &actor, &target}) {
      if (each->bare.ends_with("shakespeare.lit")) {
        each->client = &scene.login(each->jid());
        each->client->comes_online();
      } else {
        static_cast<void>(scene.abroad());
      }
    }
    make_room();
  }
  void TearDown() override { hush(); }

  void make_room() {
    scene.makes(*keeper.client, keeper.nickname, {{"persistentroom", "1"}});
    keeper.is_inside = true;
    witness.is_inside = actor.is_inside = target.is_inside = false;
    place(witness, {none, participant});
  }

  void send(const Person& person, std::string xml) {
    if (person.client != nullptr) {
      person.client->sends(xml);
      return;
    }
    xml.insert(xml.find(' '), " from='" + person.jid() + "'");
    scene.abroad().sends(xml);
  }
  // All that waits for somebody; what waits for others stays.
  std::deque<std::string> take(Person& person) {
    if (person.client != nullptr) {
      while (person.client->waiting() > 0) {
        person.mail.push_back(person.client->next());
      }
    } else {
      while (scene.abroad().waiting() > 0) {
        const std::string stanza = scene.abroad().next();
        for (Person* each : {&actor, &target}) {
          if (stanza.find("to='" + each->bare) != std::string::npos) {
            each->mail.push_back(stanza);
          }
        }
      }
    }
    return std::exchange(person.mail, {});
  }
  void hush() {
    for (Person* each : {&keeper, &witness, &bystander, &actor, &target}) {
      take(*each);
    }
  }

  void orders(std::string_view item) {  // the keeper's
    keeper.client->asks("set", coven, RoomScene::admin(item));
  }
  static std::string affiliation_item(const Person& person, Affiliation affiliation) {
    return "<item jid='" + person.bare + "' affiliation='" + std::string(affiliation_words[affiliation]) + "'/>";
  }
  static std::string role_item(const Person& person, Role role) {
    return "<item nick='" + person.nickname + "' role='" + std::string(role_words[role]) + "'/>";
  }
  void place(Person& person, Standing standing) {
    if (standing.role == outside && person.is_inside) {
      send(person, "<presence type='unavailable' to='" + RoomScene::occupant(person.nickname) + "'/>");
    }
    orders(affiliation_item(person, standing.affiliation));
    if (standing.role != outside) {
      if (!person.is_inside) {
        send(person, "<presence to='" + RoomScene::occupant(person.nickname) + "'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
      }
      if (standing.affiliation < admin) {
        orders(role_item(person, standing.role));
      }
    }
    person.is_inside = standing.role != outside;
    scene.advance(std::chrono::seconds(1));
    hush();
  }

  // The actor sends it, an iq or message with the id "act"; what it is answered, and nobody else receives anything if it is refused.
  std::string acts(const std::string& xml, Answer expected, const std::string& cell) {
    SCOPED_TRACE(cell);
    ++cells;
    send(actor, xml);
    std::string answer;
    for (const std::string& stanza : take(actor)) {
      if (stanza.find("id='act'") != std::string::npos && answer.empty()) {
        answer = stanza;
      } else if (expected != "done") {
        ADD_FAILURE() << "the actor receives " << stanza;
      }
    }
    if (expected == "done") {
      EXPECT_EQ(answer.find("type='error'"), std::string::npos) << answer;
      EXPECT_FALSE(answer.empty());
    } else {
      EXPECT_NE(answer.find("type='error'"), std::string::npos) << "expected " << expected << ", " << answer;
      EXPECT_NE(answer.find("<" + std::string(expected) + " "), std::string::npos) << "expected " << expected << ", " << answer;
      for (Person* each : {&keeper, &witness, &target}) {
        for (const std::string& stanza : take(*each)) {
          ADD_FAILURE() << each->nickname << " receives " << stanza;
        }
      }
    }
    for (const std::string& stanza : take(bystander)) {
      ADD_FAILURE() << "the bystander receives " << stanza;
    }
    return answer;
  }
  std::string iq(std::string_view type, std::string_view payload) {
    return "<iq type='" + std::string(type) + "' id='act' to='coven@chat.shakespeare.lit'>" + std::string(payload) + "</iq>";
  }
  static std::string text(Standing standing) { return std::string(affiliation_words[standing.affiliation]) + "/" + std::string(role_words[standing.role]); }
  // Everybody inside has seen the target so; the last word counts.
  void is_seen_as(std::string_view part, const std::string& cell) {
    for (Person* each : {&keeper, &witness}) {
      std::string last;
      for (const std::string& stanza : take(*each)) {
        if (stanza.find("from='" + RoomScene::occupant(target.nickname) + "'") != std::string::npos) {
          last = stanza;
        }
      }
      EXPECT_NE(last.find(part), std::string::npos) << cell << ": " << each->nickname << " has seen " << last;
    }
  }
  bool is_listed(const Person& person, Affiliation affiliation) {
    const std::string list = keeper.client->asks("get", coven, RoomScene::admin("<item affiliation='" + std::string(affiliation_words[affiliation]) + "'/>"));
    return list.find("jid='" + person.bare + "'") != std::string::npos;
  }

  const std::string domain{GetParam()};
  RoomScene scene{{{"rate", OptionValue(std::int64_t{0})}}};
  Person keeper{"keeper@shakespeare.lit", "keeper"};
  Person witness{"witness@shakespeare.lit", "witness"};
  Person bystander{"bystander@shakespeare.lit", "bystander"};
  Person actor{"actor@" + domain, "actor"};
  Person target{"target@" + domain, "target"};
  int cells = 0;
};

TEST_P(Cells, Roles) {  // sections 8.2 to 8.5, 9.6 to 9.8
  for (const Standing who : everybody) {
    place(actor, who);
    for (const Standing whom : everybody) {
      place(target, whom);
      for (const Role wanted : {outside, visitor, participant, moderator}) {
        const std::string cell = text(who) + " makes " + text(whom) + " " + std::string(role_words[wanted]);
        const std::string change = iq("set", RoomScene::admin(role_item(target, wanted)));
        if (whom.role == outside) {
          acts(change, who.role == moderator || who.affiliation >= admin ? "item-not-found" : "forbidden", cell);
          continue;
        }
        if (whom.role == wanted) {
          continue;
        }
        const Answer expected = answer_to_role(who, whom, wanted, false);
        acts(change, expected, cell);
        if (expected == "done") {
          is_seen_as(wanted == outside ? "type='unavailable'" : "role='" + std::string(role_words[wanted]) + "'", cell);
          target.is_inside = wanted != outside;
          place(target, whom);
        }
      }
    }
    for (const Role wanted : {outside, visitor, participant, moderator}) {  // himself
      if (who.role != outside && wanted != who.role) {
        const Answer expected = answer_to_role(who, who, wanted, true);
        acts(iq("set", RoomScene::admin(role_item(actor, wanted))), expected, text(who) + " makes himself " + std::string(role_words[wanted]));
        place(actor, who);
      }
    }
  }
  EXPECT_EQ(cells, 13 * (5 * 4 + 8 * 3) + 8 * 3);
}

TEST_P(Cells, Affiliations) {  // sections 9.1 to 9.5, 10.3 to 10.8
  for (const Standing who : everybody) {
    place(actor, who);
    for (const Standing whom : everybody) {
      place(target, whom);
      for (const Affiliation wanted : {outcast, none, member, admin, owner}) {
        if (wanted == whom.affiliation) {
          continue;
        }
        const std::string cell = text(who) + " makes " + text(whom) + " " + std::string(affiliation_words[wanted]);
        const Answer expected = answer_to_affiliation(who, whom.affiliation, wanted, false);
        acts(iq("set", RoomScene::admin(affiliation_item(target, wanted))), expected, cell);
        if (expected == "done") {
          if (whom.role != outside) {
            is_seen_as("affiliation='" + std::string(affiliation_words[wanted]) + "' role='" + (wanted == outcast ? "none" : wanted >= admin ? "moderator" : "participant") + "'", cell);
          }
          EXPECT_TRUE(wanted == none || is_listed(target, wanted)) << cell;
          target.is_inside = target.is_inside && wanted != outcast;
          place(target, whom);
        } else {
          EXPECT_TRUE(whom.affiliation == none || is_listed(target, whom.affiliation)) << cell;
        }
      }
    }
    for (const Affiliation wanted : {outcast, none, member, admin, owner}) {  // himself; the keeper owns the room too
      if (wanted != who.affiliation) {
        const Answer expected = answer_to_affiliation(who, who.affiliation, wanted, true);
        acts(iq("set", RoomScene::admin(affiliation_item(actor, wanted))), expected, text(who) + " makes himself " + std::string(affiliation_words[wanted]));
        place(actor, who);
      }
    }
  }
  EXPECT_EQ(cells, 13 * 13 * 4 + 13 * 4);
}

TEST_P(Cells, Lists) {  // sections 8.5, 9.2, 9.5, 9.8, 10.5, 10.8; security M01
  for (const bool is_non_anonymous : {false, true}) {
    keeper.client->asks("set", coven, RoomScene::form({{"whois", is_non_anonymous ? "anyone" : "moderators"}}));
    hush();
    for (const Standing who : everybody) {
      place(actor, who);
      const bool is_admin = who.affiliation >= admin;
      const auto reads = [&](std::string_view item, bool may) {
        const std::string cell = text(who) + " reads " + std::string(item) + (is_non_anonymous ? " where all see addresses" : "");
        const std::string answer = acts(iq("get", RoomScene::admin(item)), may ? "done" : "forbidden", cell);
        EXPECT_TRUE(may || answer.find("keeper@") == std::string::npos) << cell << answer;
      };
      reads("<item affiliation='outcast'/>", is_admin);
      reads("<item affiliation='member'/>", is_admin || who.role == moderator || (is_non_anonymous && who.affiliation >= member));
      for (const std::string_view list : {"<item affiliation='admin'/>", "<item affiliation='owner'/>"}) {
        // Sections 10.5 and 10.8: in non-anonymous rooms the service may tell others than owners, who are of the room.
        const bool is_open = is_non_anonymous && (who.affiliation >= member || who.role == moderator);
        if (who.affiliation != owner && is_open) {
          ++cells;   // which of them: privileges_test.cpp
        } else {
          reads(list, who.affiliation == owner);
        }
      }
      reads("<item role='visitor'/>", is_admin || who.role == moderator);
      reads("<item role='participant'/>", is_admin || who.role == moderator);
      reads("<item role='moderator'/>", is_admin);
    }
  }
  EXPECT_EQ(cells, 2 * 13 * 7);
}

TEST_P(Cells, TheRoomItself) {  // sections 5.1.1, 7.4, 7.6, 8.1, 10.2, 10.9; XEP-0425 section 3
  for (const Standing who : everybody) {
    place(target, {none, participant});
    place(actor, who);
    const std::string subject = text(who);
    const auto message = [](std::string_view content) { return "<message type='groupchat' id='act' to='coven@chat.shakespeare.lit'>" + std::string(content) + "</message>"; };
    const Answer from_outside = "not-acceptable";
    acts(message("<body>" + subject + "</body>"), who.role == outside ? from_outside : who.role == visitor ? "forbidden" : "done", subject + " speaks");
    hush();
    acts(message("<subject>" + subject + "</subject>"), who.role == outside ? from_outside : who.role == moderator ? "done" : "forbidden", subject + " changes the subject");
    hush();
    if (who.role != outside) {  // another's nickname
      acts("<presence id='act' to='coven@chat.shakespeare.lit/target'/>", "conflict", subject + " takes a nickname");
      acts("<presence type='unavailable' id='act' to='coven@chat.shakespeare.lit/actor'/>", "done", subject + " leaves");
      actor.is_inside = false;
      place(actor, who);
    }
    keeper.client->sends("<message type='groupchat' id='said' to='coven@chat.shakespeare.lit'><body>said</body></message>");
    std::string id;
    for (const std::string& stanza : take(keeper)) {
      const std::size_t at = stanza.find("<stanza-id");
      id = at == std::string::npos ? id : stanza.substr(stanza.find(" id='", at) + 5, stanza.find('\'', stanza.find(" id='", at) + 5) - stanza.find(" id='", at) - 5);
    }
    hush();
    acts(iq("set", "<moderate id='" + id + "' xmlns='urn:xmpp:message-moderate:1'><retract xmlns='urn:xmpp:message-retract:1'/></moderate>"),
         who.role == moderator ? "done" : "forbidden", subject + " moderates");
    hush();
    const Answer of_owners = who.affiliation == owner ? "done" : "forbidden";
    acts(iq("get", owner_query), of_owners, subject + " reads the configuration");
    acts(iq("set", RoomScene::form({{"roomname", subject}})), of_owners, subject + " configures");
    hush();
    acts(iq("set", "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query>"), of_owners, subject + " destroys");
    if (of_owners == "done") {
      hush();
      make_room();
    }
  }
  EXPECT_EQ(cells, 13 * 6 + 8 * 2);
}

TEST_P(Cells, Invitations) {  // section 9.5: in a members-only room, with members' invitations off and on
  place(witness, {member, participant});
  for (const bool members_invite : {false, true}) {
    keeper.client->asks("set", coven, RoomScene::form({{"membersonly", "1"}, {"allowinvites", members_invite ? "1" : "0"}}));
    hush();
    for (const Standing who : everybody) {
      if (who.affiliation < member && who.role != outside) {  // not in such a room
        continue;
      }
      place(target, {none, outside});
      place(actor, who);
      const std::string cell = text(who) + " invites";
      const std::string invitation = "<message id='act' to='coven@chat.shakespeare.lit'><x xmlns='http://jabber.org/protocol/muc#user'><invite to='" + target.bare + "'/></x></message>";
      if (who.role != outside && (who.affiliation >= admin || members_invite)) {
        ++cells;
        send(actor, invitation);
        EXPECT_TRUE(take(actor).empty()) << cell;
        const std::deque<std::string> mail = take(target);
        ASSERT_EQ(mail.size(), 1U) << cell;
        EXPECT_NE(mail.front().find("<invite from='coven@chat.shakespeare.lit/actor'"), std::string::npos) << cell << mail.front();
        EXPECT_TRUE(is_listed(target, member)) << cell;
      } else {
        acts(invitation, who.role == outside ? "not-acceptable" : "forbidden", cell);
        EXPECT_FALSE(is_listed(target, member)) << cell;
      }
    }
  }
  EXPECT_EQ(cells, 2 * 10);
}

INSTANTIATE_TEST_SUITE_P(Of, Cells, ::testing::Values("shakespeare.lit", "venice.example"),
                         [](const auto& each) { return std::string(each.param == "venice.example" ? "AnotherServer" : "ThisServer"); });

}  // namespace
}  // namespace aldis::test
