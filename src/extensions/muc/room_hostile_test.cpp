// Security rows M01 to M06 and P01 to P07 in rooms: what a visitor receives is looked through byte by byte, whoever sends it.
#include "tests/support/room_scene.h"

namespace aldis::test {
namespace {

class HostileRooms : public ::testing::Test {
 protected:
  RoomScene scene;
  Client& crone = scene.login("crone1@shakespeare.lit/desktop");
  Client& wicca = scene.login("wiccarocks@shakespeare.lit/laptop");
  Client& hag = scene.login("hag66@shakespeare.lit/pda");
  Client& bystander = scene.login("hecate@shakespeare.lit/broom");
  void SetUp() override { scene.are_online({&crone, &wicca, &hag, &bystander}); }

  // All that waits for the client, as one text.
  static std::string everything(Client& client) {
    std::string all;
    while (client.waiting() > 0) {
      all += client.next() + "\n";
    }
    return all;
  }
};

TEST_F(HostileRooms, NoRealAddressReachesAVisitor) {  // M05: presence, messages, errors, kicks, nick changes, history, iq, lists
  scene.makes(crone, "firstwitch", {{"moderatedroom", "1"}, {"changesubject", "1"}});
  scene.says(crone, "Before.", "h1");
  crone.receives("Before.");
  scene.enters(wicca, "secondwitch", {&crone});
  scene.tries(hag, "thirdwitch");
  std::string all = everything(hag);
  const auto gather = [&] { all += everything(hag); };
  crone.asks("set", coven, scene.admin("<item nick='secondwitch' role='participant'/>"));
  scene.says(wicca, "I'll give thee a wind.");
  wicca.sends("<message type='groupchat' id='f' to='coven@chat.shakespeare.lit'><body>x</body><delay xmlns='urn:xmpp:delay' from='wiccarocks@shakespeare.lit/laptop' stamp='2004-09-29T01:54:37Z'/></message>");
  wicca.sends("<message type='chat' id='p' to='coven@chat.shakespeare.lit/thirdwitch'><body>psst</body></message>");
  wicca.sends("<presence to='coven@chat.shakespeare.lit/secondwitch'><show>away</show><delay xmlns='urn:xmpp:delay' from='wiccarocks@shakespeare.lit/laptop' stamp='2004-09-29T01:54:37Z'/></presence>");
  wicca.sends("<presence to='coven@chat.shakespeare.lit/oldwitch'/>");
  wicca.sends("<iq type='get' id='v' to='coven@chat.shakespeare.lit/thirdwitch'><query xmlns='jabber:iq:version'/></iq>");
  gather();
  hag.sends("<iq type='get' id='w' to='coven@chat.shakespeare.lit/oldwitch'><query xmlns='jabber:iq:version'/></iq>");
  const std::string asked = wicca.receives_among({"jabber:iq:version", "type='get'", "to='wiccarocks@shakespeare.lit/laptop'"});
  EXPECT_EQ(asked.find("hag66"), std::string::npos) << asked;
  const std::size_t at = asked.find("id='") + 4;
  const std::string id = asked.substr(at, asked.find('\'', at) - at);
  wicca.sends("<iq type='error' id='" + id + "' to='coven@chat.shakespeare.lit/thirdwitch'><error type='cancel' by='shakespeare.lit'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
              "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>wiccarocks@shakespeare.lit does not do that</text></error></iq>");
  gather();
  hag.sends("<iq type='get' id='c' to='coven@chat.shakespeare.lit/oldwitch'><vCard xmlns='vcard-temp'/></iq>");
  gather();
  for (const char* list : {"<item affiliation='owner'/>", "<item affiliation='member'/>", "<item affiliation='outcast'/>", "<item role='participant'/>", "<item role='moderator'/>"}) {
    hag.sends("<iq type='get' id='l' to='coven@chat.shakespeare.lit'>" + scene.admin(list) + "</iq>");
  }
  crone.asks("set", coven, scene.admin("<item affiliation='outcast' jid='wiccarocks@shakespeare.lit'><reason>so</reason></item>"));
  gather();
  crone.asks("set", coven, scene.admin("<item nick='thirdwitch' role='none'/>"));
  gather();
  EXPECT_NE(all.find("psst"), std::string::npos);
  EXPECT_NE(all.find("code='303'"), std::string::npos);
  EXPECT_NE(all.find("code='301'"), std::string::npos);
  EXPECT_NE(all.find("code='307'"), std::string::npos);
  for (const char* secret : {"wiccarocks", "crone1", "/laptop", "/desktop"}) {
    EXPECT_EQ(all.find(secret), std::string::npos) << secret << " in\n" << all;
  }
  crone.ignores_the_rest();
  wicca.ignores_the_rest();
  bystander.receives_nothing();
}

TEST_F(HostileRooms, WhatTheRoomSaysNobodyElseSays) {  // P04: three copies, other prefixes, other spellings
  scene.makes(crone, "firstwitch");
  scene.enters(hag, "thirdwitch", {&crone});
  hag.sends("<message type='groupchat' id='m1' to='coven@chat.shakespeare.lit'><body>x</body>"
            "<stanza-id xmlns='urn:xmpp:sid:0' by='coven@chat.shakespeare.lit' id='forged1'/>"
            "<s:stanza-id xmlns:s='urn:xmpp:sid:0' by='COVEN@chat.shakespeare.LIT' id='forged2'/>"
            "<stanza-id xmlns='urn:xmpp:sid:0' by='crone1@shakespeare.lit' id='forged3'/>"
            "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='forged4'/><o:occupant-id xmlns:o='urn:xmpp:occupant-id:0' id='forged5'/>"
            "<x xmlns='http://jabber.org/protocol/muc#user'><status code='301'/><item affiliation='owner' jid='forged6'/></x>"
            "<hats xmlns='urn:xmpp:hats:0'><hat title='forged7' uri='x'/></hats>"
            "<delay xmlns='urn:xmpp:delay' from='coven@chat.shakespeare.lit' stamp='2004-09-29T01:54:37Z'>forged8</delay>"
            "<received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'><message><body>forged9</body></message></forwarded></received>"
            "<result xmlns='urn:xmpp:mam:2' id='forged10'/><event xmlns='http://jabber.org/protocol/pubsub#event'>forged11</event></message>");
  for (Client* each : {&crone, &hag}) {
    const std::string got = each->receives({"<body>x</body>", "<occupant-id ", "<stanza-id "});
    EXPECT_EQ(got.find("forged"), std::string::npos) << got;
    EXPECT_EQ(got.find("stanza-id"), got.rfind("<stanza-id") + 1) << got;
    EXPECT_EQ(got.find("muc#user"), std::string::npos) << got;
  }
  hag.sends("<presence to='coven@chat.shakespeare.lit/thirdwitch'><x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='owner' role='moderator'/><status code='110'/></x>"
            "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='forged'/><hats xmlns='urn:xmpp:hats:0'><hat title='forged' uri='x'/></hats></presence>");
  const std::string seen = crone.receives({"thirdwitch", "affiliation='none'", "role='participant'"});
  EXPECT_EQ(seen.find("owner"), std::string::npos) << seen;
  EXPECT_EQ(seen.find("forged"), std::string::npos) << seen;
  EXPECT_EQ(seen.find("code='110'"), std::string::npos) << seen;
  hag.receives("thirdwitch");
}

TEST_F(HostileRooms, NobodySpeaksAsAnother) {  // P01
  scene.makes(crone, "firstwitch");
  scene.enters(hag, "thirdwitch", {&crone});
  Client& mallory = scene.login("mallory@shakespeare.lit/x");
  mallory.sends("<message type='groupchat' id='1' from='coven@chat.shakespeare.lit/firstwitch' to='hag66@shakespeare.lit/pda'><body>x</body></message>");
  mallory.is_closed_with("invalid-from");
  hag.receives_nothing();
  crone.receives_nothing();
}

TEST_F(HostileRooms, AnswersToNoQuestionGoNowhere) {  // P06
  scene.makes(crone, "firstwitch");
  scene.enters(hag, "thirdwitch", {&crone});
  scene.enters(wicca, "secondwitch", {&crone, &hag});
  hag.sends("<iq type='get' id='v1' to='coven@chat.shakespeare.lit/firstwitch'><query xmlns='jabber:iq:version'/></iq>");
  const std::string asked = crone.receives({"jabber:iq:version", "from='coven@chat.shakespeare.lit/thirdwitch'"});
  const std::size_t at = asked.find("id='") + 4;
  const std::string id = asked.substr(at, asked.find('\'', at) - at);
  EXPECT_NE(id, "v1");   // of the room's own, unguessable
  for (const char* to : {"coven@chat.shakespeare.lit/thirdwitch", "coven@chat.shakespeare.lit/firstwitch"}) {   // somebody else answers
    wicca.sends("<iq type='result' id='" + id + "' to='" + std::string(to) + "'><query xmlns='jabber:iq:version'><name>forged</name></query></iq>");
    wicca.sends("<iq type='result' id='v1' to='" + std::string(to) + "'><query xmlns='jabber:iq:version'><name>forged</name></query></iq>");
  }
  hag.receives_nothing();
  crone.sends("<iq type='result' id='" + id + "' to='coven@chat.shakespeare.lit/thirdwitch'><query xmlns='jabber:iq:version'><name>Mine</name></query></iq>");
  hag.receives({"type='result'", "id='v1'", "from='coven@chat.shakespeare.lit/firstwitch'", "<name>Mine</name>"});
  crone.sends("<iq type='result' id='" + id + "' to='coven@chat.shakespeare.lit/thirdwitch'><query xmlns='jabber:iq:version'><name>Twice</name></query></iq>");
  hag.receives_nothing();
  bystander.receives_nothing();
}

TEST_F(HostileRooms, SelfPing) {  // XEP-0410 sections 3.2 and 3.3
  scene.makes(crone, "firstwitch");
  scene.enters(hag, "thirdwitch", {&crone});
  hag.asks("get", scene.occupant("thirdwitch"), "<ping xmlns='urn:xmpp:ping'/>");
  bystander.sends("<iq type='get' id='1' to='coven@chat.shakespeare.lit/thirdwitch'><ping xmlns='urn:xmpp:ping'/></iq>");
  bystander.receives_error("1", "not-acceptable");
  hag.receives_nothing();
}

TEST_F(HostileRooms, NicknamesThatDeceive) {  // M04
  scene.makes(crone, "Alice");
  const auto refused = [&](std::string_view nickname, std::string_view condition) {
    hag.sends("<presence id='join' to='coven@chat.shakespeare.lit/" + std::string(nickname) + "'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
    hag.receives_error("join", condition);
  };
  refused("alice", "conflict");
  refused("\u0410lice", "conflict");
  refused("Alice ", "not-acceptable");
  refused(std::string(100, 'a'), "not-acceptable");
  refused(" ", "not-acceptable");
  crone.receives_nothing();
}

TEST_F(HostileRooms, WhoIsBannedHasNoSeatLeft) {  // M06: in whatever spelling, on whatever client
  Client& phone = scene.login("hag66@shakespeare.lit/phone");
  scene.makes(crone, "firstwitch", {{"persistentroom", "1"}});
  scene.enters(hag, "thirdwitch", {&crone});
  scene.enters(phone, "fourthwitch", {&crone, &hag});
  crone.asks("set", coven, scene.admin("<item affiliation='outcast' jid='HAG66@Shakespeare.lit'/>"));
  hag.receives_among({"code='301'", "thirdwitch", "code='110'"});
  phone.receives_among({"code='301'", "fourthwitch", "code='110'"});
  hag.ignores_the_rest();
  phone.ignores_the_rest();
  crone.ignores_the_rest();
  scene.says(hag, "still here");
  hag.receives_error("m1", "not-acceptable");
  hag.sends("<presence id='join' to='COVEN@chat.shakespeare.lit/x'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
  hag.receives_error("join", "forbidden");
  hag.sends("<iq type='get' id='d' to='coven@chat.shakespeare.lit'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>");
  hag.receives_error("d", "forbidden");
}

TEST_F(HostileRooms, GhostsAreRemovedWhenTheirServerSaysSo) {  // sections 11.1 and 18.1.2
  SceneAbroad& abroad = scene.abroad();
  scene.makes(crone, "firstwitch");
  abroad.sends("<presence from='iago@venice.example/x' to='coven@chat.shakespeare.lit/iago'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
  crone.receives("iago");
  abroad.ignores_the_rest();
  scene.says(crone, "Anybody?");
  crone.receives("Anybody?");
  abroad.receives({"to='iago@venice.example/x'", "Anybody?", "from='coven@chat.shakespeare.lit/firstwitch'"});
  abroad.sends("<message type='error' from='iago@venice.example/x' to='coven@chat.shakespeare.lit/firstwitch'><error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>");
  crone.receives({"type='unavailable'", "iago", "code='333'"});
  abroad.receives({"type='unavailable'", "<status code='110'/><status code='333'/>"});
  abroad.sends("<message type='error' from='othello@venice.example/x' to='coven@chat.shakespeare.lit/firstwitch'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>");
  crone.receives_nothing();   // who is not here is not removed, and nobody else is
}

TEST_F(HostileRooms, RemoteUsersHaveEveryRight) {  // rooms' owners, admins and members may be anywhere
  SceneAbroad& abroad = scene.abroad();
  scene.makes(crone, "firstwitch", {{"membersonly", "1"}});
  crone.asks("set", coven, scene.admin("<item affiliation='owner' jid='portia@venice.example'/>"));
  abroad.receives({"to='portia@venice.example'", "code='101'"});
  abroad.sends("<iq type='set' id='1' from='portia@venice.example/x' to='coven@chat.shakespeare.lit'>" + scene.admin("<item affiliation='member' jid='hag66@shakespeare.lit'/>") + "</iq>");
  abroad.receives({"type='result'", "id='1'"});
  hag.receives("<invite");
  abroad.sends("<iq type='set' id='2' from='shylock@venice.example/x' to='coven@chat.shakespeare.lit'>" + scene.admin("<item affiliation='none' jid='hag66@shakespeare.lit'/>") + "</iq>");
  abroad.receives({"type='error'", "id='2'", "<forbidden "});
  abroad.sends("<iq type='set' id='3' from='portia@venice.example/x' to='coven@chat.shakespeare.lit'><query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query></iq>");
  crone.receives({"type='unavailable'", "<destroy"});
  abroad.receives({"type='result'", "id='3'"});
}

TEST_F(HostileRooms, AServerThatStopsLeavesNoGhosts) {  // section 11.2
  SceneAbroad& abroad = scene.abroad();
  scene.makes(crone, "firstwitch", {{"persistentroom", "1"}});
  abroad.sends("<presence from='iago@venice.example/x' to='coven@chat.shakespeare.lit/iago'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
  crone.receives("iago");
  abroad.ignores_the_rest();
  scene.shard().post([this] { scene.home().residents().shut_down(); });
  scene.run();
  crone.receives({"type='unavailable'", "firstwitch", "<status code='110'/><status code='332'/>"});
  abroad.receives({"type='unavailable'", "iago", "<status code='110'/><status code='332'/>"});
  crone.receives_nothing();
}

TEST_F(HostileRooms, SlowModeAndRates) {  // XEP-0500 section 6
  scene.makes(crone, "firstwitch", {{"slow_mode_duration", "20"}});
  scene.enters(hag, "thirdwitch", {&crone});
  scene.says(hag, "one", "m1");
  hag.receives("one");
  crone.receives("one");
  scene.says(hag, "two", "m2");
  const std::string refused = hag.receives({"type='error'", "m2", "<policy-violation ", "20 seconds"});
  EXPECT_NE(refused.find("type='wait'"), std::string::npos) << refused;
  hag.sends("<message type='groupchat' to='coven@chat.shakespeare.lit'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>");
  hag.receives("composing");
  crone.receives("composing");
  scene.says(crone, "owners are not slowed", "m3");
  scene.says(crone, "down", "m4");
  for (const char* id : {"m3", "m4"}) {
    hag.receives(id);
    crone.receives(id);
  }
  scene.advance(std::chrono::seconds(20));
  scene.says(hag, "three", "m5");
  hag.receives("three");
  crone.receives("three");
}

TEST_F(HostileRooms, PresenceOfRolesThatAreNotShown) {  // presence thinning: muc#roomconfig_presencebroadcast
  scene.makes(crone, "firstwitch", {{"presencebroadcast", "moderator"}});
  scene.tries(hag, "thirdwitch");
  hag.receives("firstwitch");
  hag.receives({"thirdwitch", "code='110'"});
  hag.receives("<subject");
  crone.receives_nothing();
  scene.says(hag, "I speak all the same");
  crone.receives("I speak");
  hag.receives("I speak");
  crone.asks("set", coven, scene.admin("<item nick='thirdwitch' role='moderator'/>"));
  crone.receives({"thirdwitch", "role='moderator'"});
  hag.receives("firstwitch");
  hag.receives({"thirdwitch", "role='moderator'", "code='110'"});
  crone.asks("set", coven, scene.admin("<item nick='thirdwitch' role='participant'/>"));
  crone.receives({"type='unavailable'", "thirdwitch"});
  hag.receives({"thirdwitch", "role='participant'", "code='110'"});
  hag.sends("<presence type='unavailable' to='coven@chat.shakespeare.lit/thirdwitch'/>");
  hag.receives("unavailable");
  crone.receives_nothing();
}

}  // namespace
}  // namespace aldis::test
