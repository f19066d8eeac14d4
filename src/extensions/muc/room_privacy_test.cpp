// Security M05: whatever happens in a semi-anonymous room, no byte that a visitor receives holds a real address: a local visitor and
// one of another server watch everything, and what they have received is looked through at the end.
#include "tests/support/coven.h"

namespace aldis::test {
namespace {

constexpr std::string_view query_archive = "<query xmlns='urn:xmpp:mam:2'/>";

class Privacy : public Coven {
 protected:
  void SetUp() override {
    Coven::SetUp();
    abroad = &scene.abroad();
    scene.makes(crone, "firstwitch", {{"moderatedroom", "1"}, {"changesubject", "1"}});
    sets(crone, "<item affiliation='member' jid='wiccarocks@shakespeare.lit'/>");
    wicca.receives("code='101'");
    scene.enters(wicca, "secondwitch", {&crone});
    scene.tries(hag, "thirdwitch");
    from_abroad("<presence to='coven@chat.shakespeare.lit/iago'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
    look();
  }
  void TearDown() override {
    look();
    for (const std::string_view secret : {"wiccarocks", "crone1", "/laptop", "/desktop"}) {
      if (const std::size_t at = all.find(secret); at != std::string::npos) {
        ADD_FAILURE() << secret << " in " << all.substr(all.rfind('\n', at) + 1, all.find('\n', at) - all.rfind('\n', at) - 1);
      }
    }
    crone.ignores_the_rest();
    wicca.ignores_the_rest();
    hecate.ignores_the_rest();
  }
  void from_abroad(std::string stanza) { abroad->sends(stanza.insert(stanza.find(' '), " from='iago@venice.example/x'")); }
  // The visitors read what there is.
  void look() {
    while (hag.waiting() > 0) {
      all += hag.next() + "\n";
    }
    while (abroad->waiting() > 0) {
      const std::string stanza = abroad->next();
      all += stanza.find("to='iago@venice.example") != std::string::npos ? stanza + "\n" : "";
    }
  }
  // Both visitors ask the same.
  void ask(std::string_view type, std::string_view to, std::string_view payload) {
    const std::string iq = "<iq type='" + std::string(type) + "' id='ask' to='" + std::string(to) + "'>" + std::string(payload) + "</iq>";
    hag.sends(iq);
    from_abroad(iq);
    look();
  }
  void both_have(std::string_view part) {
    look();
    EXPECT_GE(count(all, part), 2U) << part << " in\n" << all;
  }
  // Says it, and gives back the archive's id of it.
  std::string says(Client& client, std::string_view words, std::string_view id = "said") {
    scene.says(client, words, id);
    const std::string got = client.receives_among({words, "<stanza-id"});
    look();
    return value_of(got.substr(got.find("<stanza-id")), "id");
  }

  SceneAbroad* abroad = nullptr;
  std::string all;
};

TEST_F(Privacy, ComingGoingAndChangingNames) {
  for (Client* each : {&wicca, &crone}) {
    const std::string_view nickname = each == &wicca ? "secondwitch" : "firstwitch";
    shows(*each, nickname, "<show>away</show><delay xmlns='urn:xmpp:delay' from='wiccarocks@shakespeare.lit/laptop' stamp='2004-09-29T01:54:37Z'/>");
  }
  shows(wicca, "oldwitch");
  shows(wicca, "oldwitch", {}, "unavailable");
  scene.tries(wicca, "secondwitch");
  wicca.cuts_the_line();
  both_have("<show>away</show>");
  both_have("code='303'");
}

TEST_F(Privacy, RolesAndAffiliations) {  // whoever changes them, from inside or outside, and kicks and bans
  Client& outside = scene.login("crone1@shakespeare.lit/desktop2");
  sets(crone, "<item nick='secondwitch' role='moderator'><reason>so</reason></item>");
  sets(wicca, "<item nick='thirdwitch' role='participant'/>");
  sets(wicca, "<item nick='thirdwitch' role='visitor'/>");
  for (const std::string_view affiliation : {"admin", "owner", "member", "none"}) {
    sets(outside, "<item jid='wiccarocks@shakespeare.lit' affiliation='" + std::string(affiliation) + "'><reason>so</reason></item>");
  }
  sets(outside, "<item jid='wiccarocks@shakespeare.lit' affiliation='outcast'><reason>so</reason></item>");
  both_have("code='301'");
  sets(crone, "<item jid='wiccarocks@shakespeare.lit' affiliation='member'/>");
  scene.tries(wicca, "secondwitch");
  sets(crone, "<item nick='secondwitch' role='none'/>");
  both_have("code='307'");
  sets(outside, "<item jid='hag66@shakespeare.lit' affiliation='outcast'/>");
  sets(crone, "<item nick='iago' role='none'/>");
  both_have("code='110'");
  outside.ignores_the_rest();
}

TEST_F(Privacy, WordsHistoryAndTheArchive) {
  says(crone, "first");
  writes(wicca, "groupchat", "<body>delayed</body><delay xmlns='urn:xmpp:delay' from='wiccarocks@shakespeare.lit/laptop' stamp='2004-09-29T01:54:37Z'/>"
                             "<x xmlns='http://jabber.org/protocol/muc#user'><item jid='wiccarocks@shakespeare.lit/laptop'/></x>");
  writes(wicca, "groupchat", "<subject>Spells</subject>");
  writes(wicca, "chat", "<body>psst</body>", "thirdwitch");
  writes(wicca, "chat", "<body>psst</body>", "iago");
  ask("set", coven, query_archive);
  both_have("<result xmlns='urn:xmpp:mam:2'");
  ask("get", coven, query_archive);
  ask("get", coven, "<metadata xmlns='urn:xmpp:mam:2'/>");
  for (const std::string_view with : {"coven@chat.shakespeare.lit/secondwitch", "coven@chat.shakespeare.lit", "hag66@shakespeare.lit"}) {
    ask("set", coven, "<query xmlns='urn:xmpp:mam:2'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:mam:2</value></field><field var='with'><value>" +
                          std::string(with) + "</value></field></x></query>");
  }
  scene.tries(hag, "thirdwitch");   // history once more
  from_abroad("<presence to='coven@chat.shakespeare.lit/iago'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
  both_have("urn:xmpp:delay");
}

TEST_F(Privacy, TombstonesAndRetractions) {  // XEP-0424 and XEP-0425, live, in the history and in the archive
  const std::string taken_back = says(wicca, "I take this back", "mine");
  const std::string moderated = says(wicca, "this is taken from me", "theirs");
  writes(wicca, "groupchat", "<retract id='" + taken_back + "' xmlns='urn:xmpp:message-retract:1'/><body>retracted</body>");
  wicca.ignores_the_rest();
  crone.asks("set", coven, "<moderate id='" + moderated + "' xmlns='urn:xmpp:message-moderate:1'><retract xmlns='urn:xmpp:message-retract:1'/><reason>so</reason></moderate>");
  both_have("<moderated xmlns='urn:xmpp:message-moderate:1'");
  ask("set", coven, query_archive);
  both_have("<retracted xmlns='urn:xmpp:message-retract:1'");
  EXPECT_FALSE(holds(all.substr(all.find("<result xmlns='urn:xmpp:mam:2'")), "this is taken from me")) << all;
  scene.tries(hag, "thirdwitch");
  from_abroad("<presence to='coven@chat.shakespeare.lit/iago'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
}

TEST_F(Privacy, RequestsToOccupants) {  // vCards, answers, errors with names in them, and requests nobody answers
  wicca.asks("set", "", "<vCard xmlns='vcard-temp'><FN>Wicca</FN><JABBERID>wiccarocks@shakespeare.lit</JABBERID></vCard>");
  ask("get", scene.occupant("secondwitch"), "<vCard xmlns='vcard-temp'/>");
  both_have("<FN>Wicca</FN>");
  ask("get", scene.occupant("firstwitch"), "<vCard xmlns='vcard-temp'/>");   // she has none
  for (const std::string_view answer : {"<iq type='result'", "<iq type='error'"}) {
    ask("get", scene.occupant("secondwitch"), "<query xmlns='jabber:iq:version'/>");
    while (wicca.waiting() > 0) {
      const std::string asked = wicca.next();
      if (holds(asked, "jabber:iq:version")) {
        EXPECT_FALSE(holds(asked, "hag66") || holds(asked, "venice")) << asked;
        wicca.sends(std::string(answer) + " id='" + value_of(asked, "id") + "' to='" + value_of(asked, "from") + "'>" +
                    (holds(answer, "error") ? "<error type='cancel' by='wiccarocks@shakespeare.lit/laptop'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
                                              "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>wiccarocks@shakespeare.lit does not do that</text></error>"
                                            : "<query xmlns='jabber:iq:version'><name>Cauldron</name></query>") +
                    "</iq>");
      }
    }
  }
  both_have("<name>Cauldron</name>");
  both_have("<service-unavailable ");
  ask("get", scene.occupant("secondwitch"), "<query xmlns='jabber:iq:last'/>");
  wicca.cuts_the_line();   // who is asked is gone
  ask("get", scene.occupant("secondwitch"), "<query xmlns='jabber:iq:last'/>");
}

TEST_F(Privacy, DiscoveryListsAndForms) {
  for (const std::string_view payload : {info_query, items_query, owner_query, register_query}) {
    ask("get", coven, payload);
    ask("get", scene.occupant("secondwitch"), payload);
  }
  for (const std::string_view item : {"<item affiliation='owner'/>", "<item affiliation='admin'/>", "<item affiliation='member'/>", "<item affiliation='outcast'/>",
                                      "<item role='moderator'/>", "<item role='participant'/>", "<item role='visitor'/>"}) {
    ask("get", coven, RoomScene::admin(item));
  }
  for (const std::string_view item : {"<item nick='secondwitch' role='none'/>", "<item nick='firstwitch' affiliation='none'/>", "<item nick='secondwitch' affiliation='outcast'/>"}) {
    ask("set", coven, RoomScene::admin(item));
  }
  both_have("<forbidden ");
}

TEST_F(Privacy, InvitationsAndRequestsForVoice) {
  writes(crone, "", "<x xmlns='http://jabber.org/protocol/muc#user'><invite to='hag66@shakespeare.lit'/><invite to='iago@venice.example'/></x>");
  both_have("<invite from='coven@chat.shakespeare.lit/firstwitch'");
  writes(crone, "", "<x xmlns='http://jabber.org/protocol/muc#user'><invite to='hecate@shakespeare.lit'/></x>");
  hecate.receives("<invite");
  hecate.sends("<message to='coven@chat.shakespeare.lit'><x xmlns='http://jabber.org/protocol/muc#user'><decline to='coven@chat.shakespeare.lit/firstwitch'/></x></message>");
  crone.receives_among({"<decline from='hecate@shakespeare.lit'"});
  writes(hag, "", "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#request</value></field><field var='muc#role'><value>participant</value></field></x>");
  crone.receives_among({"muc#request_allow"});
}

TEST_F(Privacy, TheRoomChangesAndEnds) {
  configures({{"roomname", "A Dark Cave"}, {"moderatedroom", "0"}});
  configures({{"enablelogging", "1"}});
  crone.asks("set", coven, "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy jid='heath@chat.shakespeare.lit'><reason>so</reason></destroy></query>");
  both_have("<destroy");
}

TEST_F(Privacy, OccupantIdsTellNothing) {  // XEP-0421 section 4: the same at each visit, another in each room
  const auto id_of = [&](std::string_view nickname, std::string_view room) {
    const std::string from = "from='" + scene.occupant(nickname, room) + "'";
    const std::size_t at = all.rfind(from);
    EXPECT_NE(at, std::string::npos) << from;
    return value_of(all.substr(all.find("<occupant-id", at)), "id");
  };
  const std::string before = id_of("secondwitch", coven);
  shows(wicca, "secondwitch", {}, "unavailable");
  scene.tries(wicca, "another");
  look();
  EXPECT_EQ(id_of("another", coven), before);
  scene.makes(crone, "firstwitch", {}, "heath@chat.shakespeare.lit");
  scene.enters(wicca, "secondwitch", {}, {}, "heath@chat.shakespeare.lit");
  scene.tries(hag, "thirdwitch", {}, "heath@chat.shakespeare.lit");
  look();
  EXPECT_NE(id_of("secondwitch", "heath@chat.shakespeare.lit"), before);
  EXPECT_GE(before.size(), 32U);
}

}  // namespace
}  // namespace aldis::test
