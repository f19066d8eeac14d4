// XEP-0045 (1.35.5) sections 7.8 to 7.14, with chapters 17 and 18: invitations, a chat that becomes a room, registration, requests for
// voice, leaving, rules for messages, presence and requests. The list of all is docs/rooms-conformance.md.
#include "tests/support/coven.h"

namespace aldis::test {
namespace {

using Muc7_8_2 = Coven;
using Muc7_9 = Coven;
using Muc7_10 = Coven;
using Muc7_12 = Coven;
using Muc7_13 = Coven;
using Muc7_14 = Coven;
using Muc17_1 = Coven;
using Muc17_3 = Coven;
using Muc17_4 = Coven;
using Muc18_1 = Coven;
using Muc18_1_1 = Coven;
using Muc18_1_2 = Coven;

std::string invite(std::string_view to, std::string_view more = {}) {
  return "<x xmlns='http://jabber.org/protocol/muc#user'><invite to='" + std::string(to) + "'>" + std::string(more) + "</invite></x>";
}

std::string registration(std::string_view nickname) {
  return "<query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#register</value></field>"
         "<field var='muc#register_roomnick'><value>" + std::string(nickname) + "</value></field></x></query>";
}

// ---- section 7.8

TEST_F(Muc7_8_2, TheRoomInvitesAndTellsThePassword) {  // examples 56 to 59
  gather();
  configures({{"passwordprotectedroom", "1"}, {"roomsecret", "cauldronburn"}, {"whois", "anyone"}});
  all_see({"code='104'", "code='172'"});
  writes(crone, "", invite("hecate@shakespeare.lit", "<reason>Hey Hecate, this is the place for all good witches!</reason>"));
  const std::string invitation = hecate.receives({"<message", "from='coven@chat.shakespeare.lit'", "to='hecate@shakespeare.lit'", "id='m'", "<invite from='crone1@shakespeare.lit'",
                                                  "<reason>Hey Hecate, this is the place for all good witches!</reason>", "<password>cauldronburn</password>"});
  EXPECT_FALSE(holds(invitation, " type=")) << invitation;
  hecate.sends("<message id='no' to='coven@chat.shakespeare.lit'><x xmlns='http://jabber.org/protocol/muc#user'><decline to='crone1@shakespeare.lit'>"
               "<reason>Sorry, I'm too busy right now.</reason></decline></x></message>");
  crone.receives({"<message", "from='coven@chat.shakespeare.lit'", "id='no'", "<decline from='hecate@shakespeare.lit'", "<reason>Sorry, I'm too busy right now.</reason>"});
  wicca.receives_nothing();
}

TEST_F(Muc7_8_2, NobodyInvitesFromOutsideAndNobodyInvitesNobody) {
  gather();
  writes(hecate, "", invite("bassanio@venice.example"));
  hecate.receives_error("m", "not-acceptable");
  for (const std::string_view wrong : {"", "@", "shakespeare.lit", "a@b@c"}) {
    writes(crone, "", invite(wrong));
    crone.receives_error("m", "jid-malformed");
  }
  writes(crone, "", "<x xmlns='http://jabber.org/protocol/muc#user'><invite/></x>");
  crone.receives_error("m", "jid-malformed");
  writes(crone, "", "<x xmlns='http://jabber.org/protocol/muc#user'><status code='110'/></x>");
  crone.receives_error("m", "bad-request");
  sets(crone, "<item affiliation='outcast' jid='hecate@shakespeare.lit'/>");
  writes(crone, "", invite("hecate@shakespeare.lit"));
  crone.receives_error("m", "not-allowed");
}

// ---- section 7.9

TEST_F(Muc7_9, AChatBecomesARoom) {  // examples 60 to 65
  scene.makes(crone, "firstwitch", {{"whois", "anyone"}});
  crone.sends("<message type='groupchat' id='h1' to='coven@chat.shakespeare.lit'><thread>e0ffe42b</thread><body>Thrice the brinded cat hath mew'd.</body>"
              "<delay xmlns='urn:xmpp:delay' from='crone1@shakespeare.lit/desktop' stamp='2004-09-29T01:54:37Z'/></message>");
  const std::string told = crone.receives({"brinded", "<thread>e0ffe42b</thread>", "<delay xmlns='urn:xmpp:delay' from='crone1@shakespeare.lit/desktop' stamp='2004-09-29T01:54:37Z'/>"});
  EXPECT_EQ(count(told, "urn:xmpp:delay"), 1U) << told;   // the room adds none of its own
  crone.sends("<message id='i' to='coven@chat.shakespeare.lit'><x xmlns='http://jabber.org/protocol/muc#user'><invite to='wiccarocks@shakespeare.lit/laptop'>"
              "<reason>This coven needs both wiccarocks and hag66.</reason><continue thread='e0ffe42b'/></invite>"
              "<invite to='hag66@shakespeare.lit'><continue thread='e0ffe42b'/></invite></x></message>");
  wicca.receives({"to='wiccarocks@shakespeare.lit/laptop'", "This coven needs both", "<continue thread='e0ffe42b'/>"});
  hag.receives({"to='hag66@shakespeare.lit'", "<continue thread='e0ffe42b'/>"});
  scene.tries(wicca, "secondwitch");
  wicca.receives("/firstwitch'");
  wicca.receives("code='110'");
  wicca.receives({"brinded", "stamp='2004-09-29T01:54:37Z'", "<thread>e0ffe42b</thread>"});
  wicca.receives("<subject");
  crone.receives("/secondwitch'");
}

// ---- sections 7.10 and 7.12

TEST_F(Muc7_10, WhoMayNotRegisterIsTold) {  // examples 66 to 68, 74
  static_cast<void>(denied(hag, "get", register_query, "item-not-found", "nowhere@chat.shakespeare.lit"));
  static_cast<void>(denied(hag, "set", registration("x"), "item-not-found", "nowhere@chat.shakespeare.lit"));
  gather({{"{https://aldis.im/rooms}registration", "0"}});
  static_cast<void>(denied(hag, "get", register_query, "not-allowed"));
  static_cast<void>(denied(hag, "set", registration("thirdwitch"), "not-allowed"));
  configures({{"{https://aldis.im/rooms}registration", "1"}});
  all_see({"code='104'"});
  for (const std::string_view wrong : {"<query xmlns='jabber:iq:register'/>", "<query xmlns='jabber:iq:register'><username>thirdwitch</username></query>"}) {
    static_cast<void>(denied(hag, "set", wrong, "bad-request"));
  }
  static_cast<void>(denied(hag, "set", registration(""), "not-acceptable"));
  static_cast<void>(denied(hag, "set", registration(" "), "not-acceptable"));
  sets(crone, "<item affiliation='outcast' jid='hecate@shakespeare.lit'/>");
  static_cast<void>(denied(hecate, "get", register_query, "not-allowed"));
  static_cast<void>(denied(hecate, "set", registration("fourthwitch"), "not-allowed"));
}

TEST_F(Muc7_10, WhoRegistersIsAMember) {  // examples 69 to 72, 75, 76
  gather();
  const std::string form = hag.asks("get", coven, register_query);
  for (const std::string_view part : {"<x xmlns='jabber:x:data' type='form'", "<value>http://jabber.org/protocol/muc#register</value>", "var='muc#register_roomnick'"}) {
    EXPECT_TRUE(holds(form, part)) << form;
  }
  EXPECT_FALSE(holds(form, "<registered")) << form;
  static_cast<void>(denied(hag, "set", registration("secondwitch"), "conflict"));
  hag.asks("set", coven, registration("thirdwitch"));
  all_see({"from='coven@chat.shakespeare.lit/thirdwitch'", "affiliation='member'", "role='participant'"});
  EXPECT_TRUE(holds(hag.asks("get", coven, register_query), "<registered/><username>thirdwitch</username>"));
  static_cast<void>(denied(hecate, "set", registration("thirdwitch"), "conflict"));
  static_cast<void>(denied(hecate, "set", registration("ThirdWitch"), "conflict"));
  hag.asks("set", coven, "<query xmlns='jabber:iq:register'><remove/></query>");   // XEP-0077 section 3.2
  all_see({"thirdwitch", "affiliation='none'"});
  static_cast<void>(denied(hag, "set", "<query xmlns='jabber:iq:register'><remove/></query>", "registration-required"));
  hecate.asks("set", coven, registration("fourthwitch"));
  hecate.ignores_the_rest();   // the message of section 18.1
}

TEST_F(Muc7_12, TheReservedNickname) {  // examples 77 and 78
  const std::string query = "<query xmlns='http://jabber.org/protocol/disco#info' node='x-roomuser-item'/>";
  gather();
  EXPECT_FALSE(holds(hag.asks("get", coven, query), "<identity"));
  sets(crone, "<item affiliation='member' jid='hag66@shakespeare.lit' nick='oldhag'/>");
  all_see({"affiliation='member'"});
  const std::string kept = hag.asks("get", coven, query);   // also from within the room
  EXPECT_TRUE(holds(kept, "node='x-roomuser-item'><identity category='conference' type='text' name='oldhag'/></query>")) << kept;
  EXPECT_FALSE(holds(hecate.asks("get", coven, query), "oldhag"));
  scene.tries(hecate, "oldhag");
  hecate.receives_error("join", "conflict");
}

// ---- section 7.13

TEST_F(Muc7_13, OnlyVisitorsAskForVoice) {
  gather({{"moderatedroom", "1"}});
  const auto request = [](std::string_view role) {
    return "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#request</value></field>"
           "<field var='muc#role'><value>" + std::string(role) + "</value></field></x>";
  };
  for (const std::string_view role : {"moderator", "visitor", ""}) {
    writes(hag, "", request(role));
    hag.receives_error("m", "bad-request");
  }
  writes(wicca, "", request("participant"));
  wicca.receives_error("m", "bad-request");
  writes(hecate, "", request("participant"));
  hecate.receives_error("m", "not-acceptable");
  configures({{"{https://aldis.im/rooms}voice_requests", "0"}});
  all_see({"code='104'"});
  writes(hag, "", request("participant"));
  hag.receives_error("m", "forbidden");
}

// ---- section 7.14

TEST_F(Muc7_14, LeavingIsToldToHimFirstAndToTheOthers) {  // examples 80 to 83
  gather();
  shows(hag, "thirdwitch", "<status>gone where the goblins go</status>", "unavailable");
  hag.receives({"<presence", "type='unavailable'", "from='coven@chat.shakespeare.lit/thirdwitch'", "affiliation='none' role='none'", "<status code='110'/>",
                "<status>gone where the goblins go</status>"});
  for (Client* each : {&crone, &wicca}) {
    EXPECT_FALSE(holds(each->receives({"type='unavailable'", "affiliation='none' role='none'", "<status>gone where the goblins go</status>"}), "code='110'"));
  }
  shows(hag, "thirdwitch", {}, "unavailable");
  hag.receives_nothing();
}

TEST_F(Muc7_14, HisServerLeavesForHim) {  // RFC 6121 section 4.5.2
  gather();
  hag.sends("<presence type='unavailable'><status>good night</status></presence>");
  for (Client* each : {&crone, &wicca}) {
    each->receives({"type='unavailable'", "thirdwitch", "role='none'", "good night"});
  }
  hag.ignores_the_rest();
  scene.says(crone, "gone?");
  crone.receives("gone?");
  wicca.receives("gone?");
}

TEST_F(Muc7_14, APersistentRoomStaysAndATemporaryOneGoes) {
  for (const std::string_view persistent : {"1", "0"}) {
    scene.makes(crone, "firstwitch", {{"persistentroom", persistent}});
    shows(crone, "firstwitch", {}, "unavailable");
    crone.receives("unavailable");
    hag.sends("<iq type='get' id='i' to='coven@chat.shakespeare.lit'>" + std::string(info_query) + "</iq>");
    hag.receives({persistent == "1" ? "muc_persistent" : "<item-not-found "});
    if (persistent == "1") {
      crone.asks("set", coven, "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query>");
    }
  }
}

// ---- chapter 17

TEST_F(Muc17_1, ARoomsAddressHasOneForm) {  // Nodeprep and Resourceprep
  scene.makes(crone, "firstwitch");
  hag.sends("<presence id='join' to='COVEN@Chat.Shakespeare.LIT/thirdwitch'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
  crone.receives("from='coven@chat.shakespeare.lit/thirdwitch'");
  hag.receives("from='coven@chat.shakespeare.lit/firstwitch'");
  hag.receives({"from='coven@chat.shakespeare.lit/thirdwitch'", "code='110'"});
  hag.receives("<subject");
  for (const std::string_view blank : {" ", "  ", "\u00a0", "\u200b", "\u2060\u2060"}) {
    hecate.sends("<presence id='join' to='coven@chat.shakespeare.lit/" + std::string(blank) + "'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
    hecate.receives({"<presence", "type='error'"});
  }
}

TEST_F(Muc17_3, OnlyUnavailablePresenceLeaves) {
  gather();
  for (const std::string_view type : {"probe", "subscribe", "unsubscribe", "subscribed", "unsubscribed"}) {
    shows(hag, "thirdwitch", {}, type);
  }
  hag.ignores_the_rest();
  crone.receives_nothing();
  shows(hecate, "firstwitch", {}, "unavailable");   // of nobody here: silently ignored
  hecate.receives_nothing();
  scene.says(hag, "still here");
  all_see({"still here"});
}

TEST_F(Muc17_3, WhoEntersAgainIsShownEverything) {  // section 7.2.1; and with it what has changed is shown to the others
  gather();
  scene.says(crone, "once");
  all_see({"once"});
  hag.sends("<presence id='again' to='coven@chat.shakespeare.lit/thirdwitch'><x xmlns='http://jabber.org/protocol/muc'/><show>dnd</show></presence>");
  hag.receives("<presence");
  hag.receives("<presence");
  hag.receives({"thirdwitch", "code='110'", "id='again'"});
  hag.receives({"once", "<delay"});
  hag.receives("<subject");
  crone.receives({"thirdwitch", "<show>dnd</show>"});
  wicca.receives({"thirdwitch", "<show>dnd</show>"});
}

TEST_F(Muc17_4, RoleAndAffiliationAreNotChangedTogether) {
  gather();
  for (const std::string_view both : {"<item nick='thirdwitch' role='visitor' affiliation='member'/>", "<item nick='thirdwitch' role='visitor'/><item jid='hag66@shakespeare.lit' affiliation='member'/>",
                                      "<item jid='hag66@shakespeare.lit' affiliation='member' role='participant'/>", "<item nick='thirdwitch'/>", "<item/>", "",
                                      "<item nick='thirdwitch' role='king'/>", "<item jid='hag66@shakespeare.lit' affiliation='friend'/>", "<item role='visitor'/>", "<item affiliation='member'/>"}) {
    set_denied(crone, both, "bad-request");
  }
  for (const std::string_view list : {"", "<item/>", "<item role='participant' affiliation='member'/>", "<item role='king'/>", "<item role='none'/>", "<item affiliation='none'/>"}) {
    get_denied(crone, list, "bad-request");
  }
}

TEST_F(Muc17_4, ListsOfRolesAndOfAffiliationsHoldWhatTheyMust) {  // also 8.5, 9.2, 9.5, 9.8, 10.5, 10.8
  gather();
  sets(crone, "<item affiliation='member' jid='bassanio@venice.example' nick='Bassanio'/><item affiliation='outcast' jid='iago@venice.example'><reason>lies</reason></item>");
  scene.abroad().ignores_the_rest();
  const std::string voices = gets(crone, "<item role='participant'/>");
  EXPECT_TRUE(holds(voices, "<query xmlns='http://jabber.org/protocol/muc#admin'><item nick='thirdwitch' role='participant' affiliation='none' jid='hag66@shakespeare.lit/pda'/></query>")) << voices;
  EXPECT_EQ(count(gets(crone, "<item role='moderator'/>"), "<item nick='"), 2U);
  EXPECT_EQ(count(gets(crone, "<item role='visitor'/>"), "<item "), 0U);
  for (const auto& [list, item] : {std::pair<std::string_view, std::string_view>{"owner", "<item affiliation='owner' jid='crone1@shakespeare.lit'/>"},
                                   {"admin", "<item affiliation='admin' jid='wiccarocks@shakespeare.lit'/>"},
                                   {"member", "<item affiliation='member' jid='bassanio@venice.example' nick='Bassanio'/>"},
                                   {"outcast", "<item affiliation='outcast' jid='iago@venice.example'><reason>lies</reason></item>"}}) {
    const std::string answer = gets(crone, "<item affiliation='" + std::string(list) + "'/>");
    EXPECT_TRUE(holds(answer, "<query xmlns='http://jabber.org/protocol/muc#admin'>" + std::string(item) + "</query>")) << answer;
  }
}

TEST_F(Muc17_4, RequestsToTheRoomAreTheRooms) {  // and not anybody's in it
  gather();
  static_cast<void>(denied(hag, "get", "<query xmlns='jabber:iq:version'/>", "service-unavailable"));
  static_cast<void>(denied(hag, "set", "<query xmlns='urn:example:unknown'/>", "service-unavailable"));
  hag.asks("get", coven, "<ping xmlns='urn:xmpp:ping'/>");
  crone.receives_nothing();
}

// ---- chapter 18

TEST_F(Muc18_1, WhoIsAwayIsToldOfHisAffiliation) {  // status 101, to the bare address
  scene.makes(crone, "firstwitch");
  for (const std::string_view affiliation : {"member", "admin", "owner", "none"}) {
    sets(crone, "<item affiliation='" + std::string(affiliation) + "' jid='hag66@shakespeare.lit'/>");
    hag.receives({"<message", "from='coven@chat.shakespeare.lit'", "to='hag66@shakespeare.lit'", "affiliation='" + std::string(affiliation) + "'", "<status code='101'/>"});
  }
  sets(crone, "<item affiliation='none' jid='hag66@shakespeare.lit'/>");   // nothing changes
  hag.receives_nothing();
}

TEST_F(Muc18_1_1, NothingIsDiscarded) {  // examples 218 and 220
  scene.makes(crone, "firstwitch");
  static_cast<void>(denied(crone, "get", "<query xmlns='http://jabber.org/protocol/disco#info' node='http://jabber.org/protocol/muc#traffic'/>", "service-unavailable"));
  static_cast<void>(denied(crone, "get", "<query xmlns='http://jabber.org/protocol/disco#info' node='urn:example:other'/>", "item-not-found"));
}

TEST_F(Muc18_1_2, EachErrorThatTellsOfAbsenceRemoves) {  // gone, item-not-found, recipient-unavailable, redirect, remote servers
  SceneAbroad& abroad = scene.abroad();
  scene.makes(crone, "firstwitch");
  struct Row {
    std::string_view condition;
    bool removes;
  };
  for (const Row& row : {Row{"gone", true}, Row{"item-not-found", true}, Row{"recipient-unavailable", true}, Row{"redirect", true}, Row{"remote-server-not-found", true},
                         Row{"remote-server-timeout", true}, Row{"service-unavailable", true}, Row{"policy-violation", false}, Row{"resource-constraint", false},
                         Row{"not-acceptable", false}, Row{"forbidden", false}}) {
    for (const std::string_view kind : {"message", "presence"}) {
      abroad.sends("<presence from='iago@venice.example/x' to='coven@chat.shakespeare.lit/iago'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
      crone.receives("/iago'");
      abroad.ignores_the_rest();
      const std::string start = "<" + std::string(kind);
      abroad.sends(start + " type='error' from='iago@venice.example/x' to='coven@chat.shakespeare.lit/firstwitch'><error type='cancel'><" + std::string(row.condition) +
                   " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></" + std::string(kind) + ">");
      if (row.removes) {
        crone.receives({"type='unavailable'", "/iago'", "role='none'", "<status code='333'/>"});   // examples 205 and 206
        abroad.receives({"type='unavailable'", "role='none'", "<status code='110'/><status code='333'/>"});
      } else {
        crone.receives_nothing();
        abroad.sends("<presence type='unavailable' from='iago@venice.example/x' to='coven@chat.shakespeare.lit/iago'/>");
        crone.receives("unavailable");
        abroad.receives("unavailable");
      }
    }
  }
}

}  // namespace
}  // namespace aldis::test
