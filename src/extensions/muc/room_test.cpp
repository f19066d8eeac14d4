// XEP-0045 (1.35.5) sections 6 and 7: finding, entering, speaking, leaving. Each scene has a bystander outside the room.
#include "tests/support/room_scene.h"

namespace aldis::test {
namespace {

class Rooms : public ::testing::Test {
 protected:
  RoomScene scene;
  Client& crone = scene.login("crone1@shakespeare.lit/desktop");
  Client& wicca = scene.login("wiccarocks@shakespeare.lit/laptop");
  Client& hag = scene.login("hag66@shakespeare.lit/pda");
  Client& bystander = scene.login("hecate@shakespeare.lit/broom");   // must see nothing
  void SetUp() override { scene.are_online({&crone, &wicca, &hag, &bystander}); }
};

// ---- section 6

TEST_F(Rooms, TheServiceIsFoundAndSaysWhatItIs) {  // sections 6.1, 6.2
  const std::string items = crone.asks("get", "shakespeare.lit", "<query xmlns='http://jabber.org/protocol/disco#items'/>");
  EXPECT_NE(items.find("jid='chat.shakespeare.lit'"), std::string::npos) << items;
  const std::string info = crone.asks("get", service, "<query xmlns='http://jabber.org/protocol/disco#info'/>");
  EXPECT_NE(info.find("<identity category='conference' type='text'"), std::string::npos) << info;
  EXPECT_NE(info.find("<feature var='http://jabber.org/protocol/muc'/>"), std::string::npos) << info;
  EXPECT_EQ(info.find("category='server'"), std::string::npos) << info;
}

TEST_F(Rooms, PublicRoomsAreListedAndHiddenOnesAreNot) {  // section 6.3; security M02
  scene.makes(crone, "firstwitch", {{"roomname", "A Dark Cave"}, {"persistentroom", "1"}});
  scene.makes(crone, "firstwitch", {{"publicroom", "0"}, {"persistentroom", "1"}}, "heath@chat.shakespeare.lit");
  const std::string items = hag.asks("get", service, "<query xmlns='http://jabber.org/protocol/disco#items'/>");
  EXPECT_NE(items.find("<item jid='coven@chat.shakespeare.lit' name='A Dark Cave'/>"), std::string::npos) << items;
  EXPECT_EQ(items.find("heath"), std::string::npos) << items;
}

TEST_F(Rooms, TheListComesInPages) {  // section 6.3, XEP-0059
  for (const char* room : {"a@chat.shakespeare.lit", "b@chat.shakespeare.lit", "c@chat.shakespeare.lit"}) {
    scene.makes(crone, "firstwitch", {{"persistentroom", "1"}}, room);
  }
  const auto page = [&](std::string_view set) {
    return hag.asks("get", service, "<query xmlns='http://jabber.org/protocol/disco#items'><set xmlns='http://jabber.org/protocol/rsm'>" + std::string(set) + "</set></query>");
  };
  const std::string first = page("<max>2</max>");
  EXPECT_NE(first.find("<last>b@chat.shakespeare.lit</last><count>3</count>"), std::string::npos) << first;
  EXPECT_EQ(first.find("jid='c@"), std::string::npos) << first;
  const std::string second = page("<max>2</max><after>b@chat.shakespeare.lit</after>");
  EXPECT_NE(second.find("jid='c@chat.shakespeare.lit'"), std::string::npos) << second;
  EXPECT_EQ(second.find("jid='b@"), std::string::npos) << second;
  const std::string last = page("<max>1</max><before/>");
  EXPECT_NE(last.find("jid='c@chat.shakespeare.lit'"), std::string::npos) << last;
}

TEST_F(Rooms, ARoomSaysWhatKindItIs) {  // section 6.4
  scene.makes(crone, "firstwitch", {{"roomname", "A Dark Cave"}, {"roomdesc", "The place for all good witches!"}, {"publicroom", "0"},
                                    {"passwordprotectedroom", "1"}, {"roomsecret", "cauldronburn"}, {"whois", "anyone"}});
  const std::string info = hag.asks("get", coven, "<query xmlns='http://jabber.org/protocol/disco#info'/>");
  for (const char* part : {"name='A Dark Cave'", "muc_passwordprotected", "muc_hidden", "muc_temporary", "muc_open", "muc_unmoderated",
                           "muc_nonanonymous", "http://jabber.org/protocol/muc#stable_id", "urn:xmpp:occupant-id:0",
                           "The place for all good witches!", "muc#roominfo_occupants"}) {
    EXPECT_NE(info.find(part), std::string::npos) << part << " in " << info;
  }
  EXPECT_EQ(info.find("cauldronburn"), std::string::npos);
  hag.sends("<iq type='get' id='1' to='nowhere@chat.shakespeare.lit'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
  hag.receives_error("1", "item-not-found");
}

TEST_F(Rooms, OccupantsAreToldToNobodyOutside) {  // section 6.5; security M02
  scene.makes(crone, "firstwitch");
  EXPECT_NE(hag.asks("get", coven, "<query xmlns='http://jabber.org/protocol/disco#items'/>").find("<query xmlns='http://jabber.org/protocol/disco#items'/>"), std::string::npos);
  const std::string inside = crone.asks("get", coven, "<query xmlns='http://jabber.org/protocol/disco#items'/>");
  EXPECT_NE(inside.find("jid='coven@chat.shakespeare.lit/firstwitch'"), std::string::npos);
}

TEST_F(Rooms, StrangersLearnNothingOfAnOccupant) {  // section 6.6
  scene.makes(crone, "firstwitch");
  hag.sends("<iq type='get' id='1' to='coven@chat.shakespeare.lit/firstwitch'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
  hag.receives_error("1", "bad-request");
  hag.sends("<iq type='get' id='2' to='coven@chat.shakespeare.lit/nobody'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
  hag.receives_error("2", "bad-request");
}

// ---- section 7.1, 7.2

TEST_F(Rooms, EnteringShowsOthersThenOneselfThenHistoryThenTheSubject) {  // sections 7.1, 7.2.2, 7.2.13, 7.2.15
  scene.makes(crone, "firstwitch");
  scene.says(crone, "Thrice the brinded cat hath mew'd.");
  crone.receives({"from='coven@chat.shakespeare.lit/firstwitch'", "id='m1'", "type='groupchat'", "brinded"});
  scene.tries(hag, "thirdwitch");
  hag.receives({"<presence", "from='coven@chat.shakespeare.lit/firstwitch'", "affiliation='owner'", "role='moderator'", "urn:xmpp:occupant-id:0"});
  const std::string own = hag.receives({"<presence", "id='join'", "from='coven@chat.shakespeare.lit/thirdwitch'", "affiliation='none'", "role='participant'", "<status code='110'/>"});
  EXPECT_EQ(own.find("code='201'"), std::string::npos);
  hag.receives({"<message", "brinded", "<delay xmlns='urn:xmpp:delay'", "from='coven@chat.shakespeare.lit'"});
  hag.receives({"<message", "type='groupchat'", "<subject/>"});
  hag.receives_nothing();
  const std::string seen = crone.receives({"<presence", "from='coven@chat.shakespeare.lit/thirdwitch'", "jid='hag66@shakespeare.lit/pda'"});
  EXPECT_EQ(seen.find("code='110'"), std::string::npos);
  scene.says(hag, "'Tis time.", "m2");
  hag.receives({"thirdwitch", "m2", "<occupant-id", "<stanza-id"});
  crone.receives({"thirdwitch", "to='crone1@shakespeare.lit/desktop'", "'Tis time."});
  bystander.receives_nothing();
}

TEST_F(Rooms, ANicknameIsNeeded) {  // section 7.2.1
  hag.sends("<presence id='1' to='coven@chat.shakespeare.lit'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
  hag.receives({"type='error'", "<jid-malformed ", "<x xmlns='http://jabber.org/protocol/muc'/>"});
}

TEST_F(Rooms, ASemiAnonymousRoomShowsAddressesToModeratorsOnly) {  // section 7.2.4; security M05
  scene.makes(crone, "firstwitch");
  EXPECT_EQ(scene.enters(hag, "thirdwitch", {&crone}).find(" jid="), std::string::npos);
  scene.tries(wicca, "secondwitch");
  for (const std::string& each : {wicca.next(), wicca.next()}) {
    EXPECT_EQ(each.find(" jid="), std::string::npos) << each;
  }
  wicca.ignores_the_rest();
  crone.receives({"secondwitch", "jid='wiccarocks@shakespeare.lit/laptop'"});
  const std::string to_hag = hag.receives({"secondwitch"});
  EXPECT_EQ(to_hag.find("wiccarocks"), std::string::npos) << to_hag;
}

TEST_F(Rooms, ANonAnonymousRoomWarns) {  // section 7.2.3
  scene.makes(crone, "firstwitch", {{"whois", "anyone"}, {"enablelogging", "1"}});
  const std::string own = scene.enters(hag, "thirdwitch", {&crone});
  EXPECT_NE(own.find("<status code='100'/><status code='110'/><status code='170'/>"), std::string::npos) << own;   // 7.2.12
  EXPECT_NE(own.find("jid='hag66@shakespeare.lit/pda'"), std::string::npos) << own;
}

TEST_F(Rooms, WhoMayNotEnterIsToldWhy) {  // sections 7.2.5 to 7.2.10
  scene.tries(crone, "firstwitch");
  crone.receives("<status code='201'/>");
  crone.ignores_the_rest();
  scene.tries(hag, "thirdwitch");
  hag.receives_error("join", "item-not-found");   // locked
  crone.asks("set", coven, scene.form({{"passwordprotectedroom", "1"}, {"roomsecret", "cauldronburn"}, {"maxusers", "2"}}));
  scene.tries(hag, "thirdwitch");
  hag.receives_error("join", "not-authorized");
  scene.tries(hag, "thirdwitch", "<password>cauldronbubble</password>");
  hag.receives_error("join", "not-authorized");
  scene.tries(hag, "firstwitch", "<password>cauldronburn</password>");
  hag.receives_error("join", "conflict");
  scene.enters(hag, "thirdwitch", {&crone}, "<password>cauldronburn</password>");
  scene.tries(wicca, "secondwitch", "<password>cauldronburn</password>");
  const std::string full = wicca.receives({"<presence", "type='error'", "<service-unavailable "});
  EXPECT_NE(full.find("type='wait'"), std::string::npos);
  crone.asks("set", coven, scene.admin("<item affiliation='admin' jid='wiccarocks@shakespeare.lit'/>"));
  wicca.receives("code='101'");
  scene.enters(wicca, "secondwitch", {&crone, &hag}, "<password>cauldronburn</password>");   // 7.2.9: an admin comes in
  bystander.receives_nothing();
}

TEST_F(Rooms, MembersOnlyAndBans) {  // sections 7.2.6, 7.2.7
  scene.makes(crone, "firstwitch", {{"membersonly", "1"}});
  scene.tries(hag, "thirdwitch");
  hag.receives_error("join", "registration-required");
  crone.asks("set", coven, scene.admin("<item affiliation='outcast' jid='hag66@shakespeare.lit'/>"));
  scene.tries(hag, "thirdwitch");
  hag.receives_error("join", "forbidden");
}

TEST_F(Rooms, OneNicknameForSeveralClientsOfAUser) {  // section 7.2.8
  Client& other = scene.login("crone1@shakespeare.lit/phone");
  scene.makes(crone, "firstwitch");
  scene.enters(hag, "thirdwitch", {&crone});
  scene.enters(other, "firstwitch", {&hag});
  crone.receives({"<presence", "firstwitch"});
  scene.says(hag, "Harpier cries");
  for (Client* each : {&crone, &other, &hag}) {
    each->receives("Harpier cries");
  }
  hag.sends("<message type='chat' id='p' to='coven@chat.shakespeare.lit/firstwitch'><body>psst</body></message>");
  crone.receives({"psst", "from='coven@chat.shakespeare.lit/thirdwitch'"});
  other.receives({"psst", "from='coven@chat.shakespeare.lit/thirdwitch'"});
  other.sends("<presence type='unavailable' to='coven@chat.shakespeare.lit/firstwitch'/>");
  other.receives({"type='unavailable'", "code='110'", "role='none'"});
  hag.receives({"<presence", "firstwitch"});       // still there, as the other client shows it
  crone.receives({"<presence", "firstwitch", "code='110'"});
  scene.says(other, "gone");
  other.receives_error("m1", "not-acceptable");
}

TEST_F(Rooms, WhoEntersAgainSeesEverythingAgain) {  // section 7.2.1: it lost its synchronisation
  scene.makes(crone, "firstwitch");
  scene.enters(hag, "thirdwitch", {&crone});
  scene.tries(hag, "thirdwitch");
  hag.receives({"firstwitch"});
  hag.receives({"thirdwitch", "code='110'"});
  hag.receives("<subject");
  crone.receives("thirdwitch");
}

TEST_F(Rooms, APresenceWithoutTheElementFromOutsideIsNoEntry) {  // section 7.2.18
  scene.makes(crone, "firstwitch");
  hag.sends("<presence to='coven@chat.shakespeare.lit/thirdwitch'/>");
  hag.receives({"type='unavailable'", "role='none'", "<status code='110'/><status code='307'/><status code='333'/>"});
  crone.receives_nothing();
}

TEST_F(Rooms, HistoryIsAsLongAsIsAskedFor) {  // section 7.2.14
  scene.makes(crone, "firstwitch", {{"muc#maxhistoryfetch", "3"}});
  for (const char* id : {"m1", "m2", "m3", "m4"}) {
    scene.says(crone, id, id);
    crone.receives(id);
    scene.advance(std::chrono::seconds(10));
  }
  const auto count = [&](std::string_view history) {
    scene.tries(hag, "thirdwitch", history);
    int messages = 0;
    for (std::string next = hag.next(); next.find("<subject") == std::string::npos; next = hag.next()) {
      messages += next.find("<body>") != std::string::npos ? 1 : 0;
    }
    hag.sends("<presence type='unavailable' to='coven@chat.shakespeare.lit/thirdwitch'/>");
    hag.receives("unavailable");
    crone.ignores_the_rest();
    return messages;
  };
  EXPECT_EQ(count(""), 3);
  EXPECT_EQ(count("<history maxstanzas='2'/>"), 2);
  EXPECT_EQ(count("<history maxchars='0'/>"), 0);
  EXPECT_EQ(count("<history seconds='25'/>"), 2);
  EXPECT_EQ(count("<history since='1970-01-01T00:00:00Z'/>"), 3);
  EXPECT_EQ(count("<history maxstanzas='2' seconds='15'/>"), 1);
  EXPECT_EQ(count("<history maxchars='100000' maxstanzas='1'/>"), 1);
  scene.tries(hag, "thirdwitch", "<history maxstanzas='many'/>");
  hag.receives_error("join", "bad-request");
}

// ---- sections 7.4 to 7.7, 7.14

TEST_F(Rooms, OnlyOccupantsSpeak) {  // section 7.4
  scene.makes(crone, "firstwitch", {{"moderatedroom", "1"}});
  scene.says(hag, "outside");
  hag.receives_error("m1", "not-acceptable");
  scene.enters(hag, "thirdwitch", {&crone});
  scene.says(hag, "without voice");
  hag.receives_error("m1", "forbidden");
  hag.sends("<message type='groupchat' id='m2' to='nowhere@chat.shakespeare.lit'><body>x</body></message>");
  hag.receives_error("m2", "item-not-found");
  crone.receives_nothing();
}

TEST_F(Rooms, TheSubjectIsTheModeratorsUnlessTheRoomSaysOtherwise) {  // section 8.1
  scene.makes(crone, "firstwitch");
  scene.enters(hag, "thirdwitch", {&crone});
  hag.sends("<message type='groupchat' id='s1' to='coven@chat.shakespeare.lit'><subject>Mine</subject></message>");
  hag.receives_error("s1", "forbidden");
  crone.sends("<message type='groupchat' id='s2' to='coven@chat.shakespeare.lit'><subject>Fire Burn and Cauldron Bubble!</subject></message>");
  crone.receives({"<subject>Fire Burn", "from='coven@chat.shakespeare.lit/firstwitch'"});
  hag.receives({"<subject>Fire Burn", "id='s2'"});
  hag.sends("<message type='groupchat' id='s3' to='coven@chat.shakespeare.lit'><subject>With</subject><body>a body</body></message>");
  hag.receives("a body");       // section 7.2.15: a message, no change
  crone.receives("a body");
  scene.tries(wicca, "secondwitch");
  wicca.receives_among({"<subject>Fire Burn", "from='coven@chat.shakespeare.lit/firstwitch'", "<delay xmlns='urn:xmpp:delay'", "from='coven@chat.shakespeare.lit'"});
  wicca.ignores_the_rest();
  crone.ignores_the_rest();
  hag.ignores_the_rest();
  crone.sends("<message type='groupchat' id='s4' to='coven@chat.shakespeare.lit'><subject/></message>");
  hag.receives({"<subject", "s4"});
  crone.ignores_the_rest();
  wicca.ignores_the_rest();
}

TEST_F(Rooms, PrivateMessages) {  // section 7.5
  scene.makes(crone, "firstwitch");
  scene.enters(hag, "thirdwitch", {&crone});
  scene.enters(wicca, "secondwitch", {&crone, &hag});
  wicca.sends("<message type='chat' id='hgn27af1' to='coven@chat.shakespeare.lit/thirdwitch'><body>I'll give thee a wind.</body></message>");
  const std::string got = hag.receives({"type='chat'", "from='coven@chat.shakespeare.lit/secondwitch'", "to='hag66@shakespeare.lit/pda'", "<x xmlns='http://jabber.org/protocol/muc#user'/>"});
  EXPECT_EQ(got.find("wiccarocks"), std::string::npos) << got;
  wicca.sends("<message type='groupchat' id='1' to='coven@chat.shakespeare.lit/thirdwitch'><body>x</body></message>");
  wicca.receives_error("1", "bad-request");
  wicca.sends("<message type='chat' id='2' to='coven@chat.shakespeare.lit/nobody'><body>x</body></message>");
  wicca.receives_error("2", "item-not-found");
  bystander.sends("<message type='chat' id='3' to='coven@chat.shakespeare.lit/thirdwitch'><body>x</body></message>");
  bystander.receives_error("3", "not-acceptable");
  crone.asks("set", coven, scene.form({{"allowpm", "moderators"}}));
  crone.receives("code='104'");
  wicca.ignores_the_rest();
  hag.ignores_the_rest();
  wicca.sends("<message type='chat' id='4' to='coven@chat.shakespeare.lit/thirdwitch'><body>x</body></message>");
  wicca.receives_error("4", "forbidden");
  crone.receives_nothing();
}

TEST_F(Rooms, ChangingTheNickname) {  // section 7.6
  scene.makes(crone, "firstwitch");
  scene.enters(hag, "thirdwitch", {&crone});
  hag.sends("<presence id='n' to='coven@chat.shakespeare.lit/oldhag'/>");
  crone.receives({"type='unavailable'", "thirdwitch", "nick='oldhag'", "<status code='303'/>", "role='participant'"});
  crone.receives({"from='coven@chat.shakespeare.lit/oldhag'"});
  hag.receives({"type='unavailable'", "nick='oldhag'", "<status code='110'/><status code='303'/>"});
  hag.receives({"from='coven@chat.shakespeare.lit/oldhag'", "code='110'"});
  hag.sends("<presence id='n2' to='coven@chat.shakespeare.lit/firstwitch'/>");
  hag.receives_error("n2", "conflict");
  scene.says(hag, "who am I");
  crone.receives("/oldhag'");
  hag.receives("/oldhag'");
  scene.enters(wicca, "thirdwitch", {&crone, &hag});   // the old name is free
}

TEST_F(Rooms, ChangingAvailability) {  // section 7.7
  scene.makes(crone, "firstwitch");
  scene.enters(hag, "thirdwitch", {&crone});
  hag.sends("<presence to='coven@chat.shakespeare.lit/thirdwitch'><show>xa</show><status>gone where the goblins go</status></presence>");
  crone.receives({"<show>xa</show>", "goblins", "role='participant'", "jid='hag66@shakespeare.lit/pda'"});
  hag.receives({"<show>xa</show>", "code='110'"});
}

TEST_F(Rooms, Leaving) {  // section 7.14
  scene.makes(crone, "firstwitch");
  scene.enters(hag, "thirdwitch", {&crone});
  hag.sends("<presence type='unavailable' to='coven@chat.shakespeare.lit/thirdwitch'><status>gone</status></presence>");
  hag.receives({"type='unavailable'", "role='none'", "<status code='110'/>", "<status>gone</status>"});
  crone.receives({"type='unavailable'", "role='none'", "<status>gone</status>"});
  hag.sends("<presence type='unavailable' to='coven@chat.shakespeare.lit/thirdwitch'/>");   // section 17.3: silently ignored
  hag.receives_nothing();
  scene.says(hag, "x");
  hag.receives_error("m1", "not-acceptable");
}

TEST_F(Rooms, WhoseSessionEndsHasLeft) {  // section 7.14: its server says so
  scene.makes(crone, "firstwitch");
  Client& gone = scene.login("hag66@shakespeare.lit/away");
  scene.enters(gone, "thirdwitch", {&crone});
  gone.cuts_the_line();
  crone.receives({"type='unavailable'", "thirdwitch"});
}

TEST_F(Rooms, ATemporaryRoomGoesWithItsLastOccupant) {  // section 7.14
  scene.makes(crone, "firstwitch");
  crone.sends("<presence type='unavailable' to='coven@chat.shakespeare.lit/firstwitch'/>");
  crone.receives("unavailable");
  hag.sends("<iq type='get' id='1' to='coven@chat.shakespeare.lit'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
  hag.receives_error("1", "item-not-found");
  scene.run();
  EXPECT_EQ(scene.home().residents().size(), 0U);
}

TEST_F(Rooms, APersistentRoomLeavesMemoryAndComesBack) {
  scene.makes(crone, "firstwitch", {{"persistentroom", "1"}, {"roomname", "A Dark Cave"}, {"moderatedroom", "1"}});
  crone.sends("<message type='groupchat' id='s2' to='coven@chat.shakespeare.lit'><subject>Bubble</subject></message>");
  crone.receives("Bubble");
  crone.sends("<presence type='unavailable' to='coven@chat.shakespeare.lit/firstwitch'/>");
  crone.receives("unavailable");
  EXPECT_EQ(scene.home().residents().size(), 1U);
  scene.advance(std::chrono::seconds(100));
  EXPECT_EQ(scene.home().residents().size(), 0U);
  scene.tries(hag, "thirdwitch");
  hag.receives({"role='visitor'", "affiliation='none'"});
  hag.receives({"<subject>Bubble</subject>", "/firstwitch'"});
  scene.tries(crone, "firstwitch");
  crone.receives("thirdwitch");
  crone.receives({"affiliation='owner'", "role='moderator'"});
  crone.ignores_the_rest();
  hag.ignores_the_rest();
}

}  // namespace
}  // namespace aldis::test
