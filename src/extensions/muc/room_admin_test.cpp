// XEP-0045 (1.35.5) sections 8, 9 and 10: moderators, admins, owners. Each scene has a bystander outside the room.
#include "tests/support/room_scene.h"

namespace aldis::test {
namespace {

class RoomAdmin : public ::testing::Test {
 protected:
  RoomScene scene;
  Client& crone = scene.login("crone1@shakespeare.lit/desktop");      // owner
  Client& wicca = scene.login("wiccarocks@shakespeare.lit/laptop");   // admin
  Client& hag = scene.login("hag66@shakespeare.lit/pda");             // none
  Client& bystander = scene.login("hecate@shakespeare.lit/broom");
  void SetUp() override { scene.are_online({&crone, &wicca, &hag, &bystander}); }

  void everybody_is_inside(std::initializer_list<std::pair<std::string_view, std::string_view>> fields = {}) {
    scene.makes(crone, "firstwitch", fields);
    crone.asks("set", coven, scene.admin("<item affiliation='admin' jid='wiccarocks@shakespeare.lit'/>"));
    wicca.receives("code='101'");
    scene.enters(wicca, "secondwitch", {&crone});
    scene.enters(hag, "thirdwitch", {&crone, &wicca});
  }
  void refused(Client& client, std::string_view items, std::string_view condition, const std::source_location& where = std::source_location::current()) {
    client.sends("<iq type='set' id='r' to='coven@chat.shakespeare.lit'>" + scene.admin(items) + "</iq>");
    client.receives_error("r", condition, where);
  }
  void nobody_else_hears() {
    crone.receives_nothing();
    wicca.receives_nothing();
    hag.receives_nothing();
    bystander.receives_nothing();
  }
};

// ---- section 8

TEST_F(RoomAdmin, KickTellsTheKickedThenTheModeratorThenTheOthers) {  // section 8.2
  everybody_is_inside();
  wicca.sends("<iq type='set' id='kick1' to='coven@chat.shakespeare.lit'>" + scene.admin("<item nick='thirdwitch' role='none'><reason>Avaunt!</reason></item>") + "</iq>");
  const std::string kicked = hag.receives({"type='unavailable'", "role='none'", "<actor nick='secondwitch'/>", "<reason>Avaunt!</reason>", "<status code='110'/><status code='307'/>"});
  EXPECT_EQ(kicked.find("wiccarocks"), std::string::npos) << kicked;   // security M05
  wicca.receives({"type='result'", "kick1"});
  wicca.receives({"type='unavailable'", "thirdwitch", "<status code='307'/>"});
  crone.receives({"type='unavailable'", "thirdwitch", "<status code='307'/>"});
  scene.enters(hag, "thirdwitch", {&crone, &wicca});   // may come back
  refused(wicca, "<item nick='firstwitch' role='none'/>", "not-allowed");
  refused(hag, "<item nick='firstwitch' role='none'/>", "forbidden");
  refused(wicca, "<item nick='secondwitch' role='none'/>", "conflict");
  refused(wicca, "<item nick='nobody' role='none'/>", "item-not-found");
  refused(bystander, "<item nick='nobody' role='none'/>", "forbidden");
  nobody_else_hears();
}

TEST_F(RoomAdmin, Voice) {  // sections 8.3, 8.4
  everybody_is_inside({{"moderatedroom", "1"}});
  scene.says(hag, "x");
  hag.receives_error("m1", "forbidden");
  wicca.asks("set", coven, scene.admin("<item nick='thirdwitch' role='participant'><reason>A worthy witch indeed!</reason></item>"));
  for (Client* each : {&crone, &wicca, &hag}) {
    each->receives({"thirdwitch", "role='participant'", "<reason>A worthy witch indeed!</reason>"});
  }
  scene.says(hag, "Double, double");
  for (Client* each : {&crone, &wicca, &hag}) {
    each->receives("Double, double");
  }
  wicca.asks("set", coven, scene.admin("<item nick='thirdwitch' role='visitor'/>"));
  for (Client* each : {&crone, &wicca, &hag}) {
    each->receives({"thirdwitch", "role='visitor'"});
  }
  refused(crone, "<item nick='secondwitch' role='visitor'/>", "not-allowed");
  refused(hag, "<item nick='thirdwitch' role='participant'/>", "forbidden");
  nobody_else_hears();
}

TEST_F(RoomAdmin, TheVoiceListIsChangedAsAWholeOrNotAtAll) {  // section 8.5
  everybody_is_inside({{"moderatedroom", "1"}});
  const std::string list = wicca.asks("get", coven, scene.admin("<item role='visitor'/>"));
  EXPECT_NE(list.find("<item nick='thirdwitch' role='visitor' affiliation='none' jid='hag66@shakespeare.lit/pda'/>"), std::string::npos) << list;
  refused(wicca, "<item nick='thirdwitch' role='participant'/><item nick='firstwitch' role='visitor'/>", "not-allowed");
  nobody_else_hears();
  hag.sends("<iq type='get' id='1' to='coven@chat.shakespeare.lit'>" + scene.admin("<item role='visitor'/>") + "</iq>");
  hag.receives_error("1", "forbidden");
}

TEST_F(RoomAdmin, AVisitorAsksForVoice) {  // sections 7.13, 8.6
  everybody_is_inside({{"moderatedroom", "1"}});
  const std::string request = "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#request</value></field>"
                              "<field var='muc#role'><value>participant</value></field>";
  hag.sends("<message id='v' to='coven@chat.shakespeare.lit'>" + request + "</x></message>");
  for (Client* each : {&crone, &wicca}) {
    each->receives({"muc#request_allow", "hag66@shakespeare.lit/pda", "thirdwitch"});
  }
  const std::string approval = request + "<field var='muc#roomnick'><value>thirdwitch</value></field><field var='muc#jid'><value>hag66@shakespeare.lit/pda</value></field>"
                                         "<field var='muc#request_allow'><value>true</value></field></x>";
  hag.sends("<message id='v2' to='coven@chat.shakespeare.lit'>" + approval + "</message>");   // he cannot grant it to himself
  hag.receives_error("v2", "forbidden");
  wicca.sends("<message to='coven@chat.shakespeare.lit'>" + approval + "</message>");
  for (Client* each : {&crone, &wicca, &hag}) {
    each->receives({"thirdwitch", "role='participant'"});
  }
  bystander.receives_nothing();
}

// ---- section 9

TEST_F(RoomAdmin, Ban) {  // sections 9.1, 9.2; security M06
  Client& again = scene.login("hag66@shakespeare.lit/phone");
  everybody_is_inside();
  wicca.sends("<iq type='set' id='ban1' to='coven@chat.shakespeare.lit'>" + scene.admin("<item affiliation='outcast' jid='hag66@shakespeare.lit'><reason>Treason</reason></item>") + "</iq>");
  hag.receives({"type='unavailable'", "affiliation='outcast'", "role='none'", "<reason>Treason</reason>", "code='301'"});
  wicca.receives({"type='result'", "ban1"});
  wicca.receives({"type='unavailable'", "affiliation='outcast'", "code='301'"});
  crone.receives({"type='unavailable'", "affiliation='outcast'", "code='301'"});
  scene.tries(again, "another");
  again.receives_error("join", "forbidden");
  const std::string list = wicca.asks("get", coven, scene.admin("<item affiliation='outcast'/>"));
  EXPECT_NE(list.find("<item affiliation='outcast' jid='hag66@shakespeare.lit'><reason>Treason</reason></item>"), std::string::npos) << list;
  refused(wicca, "<item affiliation='outcast' jid='crone1@shakespeare.lit'/>", "not-allowed");
  refused(wicca, "<item affiliation='outcast' jid='wiccarocks@shakespeare.lit'/>", "conflict");
  refused(crone, "<item affiliation='outcast' jid='crone1@shakespeare.lit'/>", "conflict");
  refused(wicca, "<item affiliation='outcast' jid='x@y.example'/><item affiliation='outcast' jid='crone1@shakespeare.lit'/>", "not-allowed");
  EXPECT_EQ(wicca.asks("get", coven, scene.admin("<item affiliation='outcast'/>")).find("x@y.example"), std::string::npos);
  wicca.asks("set", coven, scene.admin("<item affiliation='none' jid='hag66@shakespeare.lit'/>"));
  scene.enters(again, "thirdwitch", {&crone, &wicca});
}

TEST_F(RoomAdmin, ADomainIsBanned) {  // section 9.2
  SceneAbroad& abroad = scene.abroad();
  scene.makes(crone, "firstwitch");
  abroad.sends("<presence from='iago@venice.example/x' to='coven@chat.shakespeare.lit/iago'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
  crone.receives("iago");
  abroad.ignores_the_rest();
  crone.asks("set", coven, scene.admin("<item affiliation='outcast' jid='venice.example'/>"));
  abroad.receives({"to='iago@venice.example/x'", "type='unavailable'", "code='301'"});
  crone.receives({"iago", "code='301'"});
  abroad.sends("<presence id='j' from='othello@venice.example/x' to='coven@chat.shakespeare.lit/othello'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
  abroad.receives({"type='error'", "<forbidden "});
  refused(crone, "<item affiliation='outcast' jid='shakespeare.lit'/>", "conflict");   // his own
  refused(crone, "<item affiliation='member' jid='venice.example'/>", "jid-malformed");
}

TEST_F(RoomAdmin, Members) {  // sections 9.3 to 9.5
  everybody_is_inside();
  wicca.asks("set", coven, scene.admin("<item affiliation='member' jid='hag66@shakespeare.lit' nick='thirdwitch'/>"));
  for (Client* each : {&crone, &wicca, &hag}) {
    each->receives({"thirdwitch", "affiliation='member'"});
  }
  const std::string list = wicca.asks("get", coven, scene.admin("<item affiliation='member'/>"));
  EXPECT_NE(list.find("<item affiliation='member' jid='hag66@shakespeare.lit' nick='thirdwitch'/>"), std::string::npos) << list;
  wicca.asks("set", coven, scene.admin("<item affiliation='none' jid='hag66@shakespeare.lit'/>"));
  for (Client* each : {&crone, &wicca, &hag}) {
    each->receives({"thirdwitch", "affiliation='none'", "role='participant'"});
  }
  bystander.receives_nothing();
}

TEST_F(RoomAdmin, AMembersOnlyRoomInvitesAndRemoves) {  // sections 9.4, 9.5
  scene.makes(crone, "firstwitch", {{"membersonly", "1"}, {"passwordprotectedroom", "1"}, {"roomsecret", "cauldronburn"}});
  crone.asks("set", coven, scene.admin("<item affiliation='member' jid='hag66@shakespeare.lit'/>"));
  hag.receives({"from='coven@chat.shakespeare.lit'", "<invite from=", "<password>cauldronburn</password>"});
  scene.enters(hag, "thirdwitch", {&crone}, "<password>cauldronburn</password>");
  crone.asks("set", coven, scene.admin("<item affiliation='none' jid='hag66@shakespeare.lit'/>"));
  hag.receives({"type='unavailable'", "affiliation='none'", "code='321'"});
  crone.receives({"type='unavailable'", "thirdwitch", "code='321'"});
  crone.receives_nothing();   // section 9.4: one presence, not two
  scene.tries(hag, "thirdwitch", "<password>cauldronburn</password>");
  hag.receives_error("join", "registration-required");
}

TEST_F(RoomAdmin, Moderators) {  // sections 9.6 to 9.8
  everybody_is_inside();
  wicca.asks("set", coven, scene.admin("<item nick='thirdwitch' role='moderator'/>"));
  hag.receives_among({"<presence", "firstwitch", "jid='crone1@shakespeare.lit/desktop'"});   // now it sees who they are
  hag.receives_among({"<presence", "secondwitch", "jid='wiccarocks@shakespeare.lit/laptop'"});
  for (Client* each : {&crone, &wicca, &hag}) {
    each->receives({"thirdwitch", "role='moderator'"});
  }
  EXPECT_NE(wicca.asks("get", coven, scene.admin("<item role='moderator'/>")).find("nick='thirdwitch'"), std::string::npos);
  refused(hag, "<item nick='secondwitch' role='participant'/>", "forbidden");   // of no admin
  wicca.asks("set", coven, scene.admin("<item nick='thirdwitch' role='participant'/>"));
  for (Client* each : {&crone, &wicca, &hag}) {
    each->receives({"thirdwitch", "role='participant'"});
  }
  refused(wicca, "<item nick='firstwitch' role='participant'/>", "not-allowed");
  nobody_else_hears();
}

// ---- section 10

TEST_F(RoomAdmin, OnlyListedPeopleCreateRoomsWhereThatIsSo) {  // section 10.1.1
  RoomScene strict({{"creators", OptionValue(std::string("listed"))}, {"creator_list", OptionValue(std::vector<std::string>{"hag66@shakespeare.lit"})}});
  Client& none = strict.login("crone1@shakespeare.lit/desktop");
  Client& listed = strict.login("hag66@shakespeare.lit/pda");
  strict.tries(none, "firstwitch");
  none.receives_error("join", "not-allowed");
  strict.makes(listed, "thirdwitch");
}

TEST_F(RoomAdmin, AQuotaOfRooms) {
  RoomScene strict({{"rooms_of_an_owner", OptionValue(std::int64_t{1})}});
  Client& owner = strict.login("crone1@shakespeare.lit/desktop");
  strict.makes(owner, "firstwitch", {{"persistentroom", "1"}});
  strict.tries(owner, "firstwitch", {}, "heath@chat.shakespeare.lit");
  owner.receives_error("join", "not-allowed");
}

TEST_F(RoomAdmin, AnInstantRoom) {  // section 10.1.2
  EXPECT_NE(scene.enters(crone, "firstwitch").find("<status code='110'/><status code='201'/>"), std::string::npos);
  scene.tries(hag, "thirdwitch");
  hag.receives_error("join", "item-not-found");
  crone.asks("set", coven, scene.form({}));
  scene.enters(hag, "thirdwitch", {&crone});
}

TEST_F(RoomAdmin, AReservedRoomIsCancelledOrAbandoned) {  // section 10.1.3
  scene.enters(crone, "firstwitch");
  const std::string form = crone.asks("get", coven, "<query xmlns='http://jabber.org/protocol/muc#owner'/>");
  for (const char* field : {"muc#roomconfig_roomname", "muc#roomconfig_whois", "muc#roomconfig_allowpm", "muc#roomconfig_maxusers", "muc#roomconfig_presencebroadcast",
                            "muc#roomconfig_getmemberlist", "muc#roomconfig_roomadmins", "muc#roomconfig_roomowners", "muc#maxhistoryfetch",
                            "muc#roomconfig_enablearchiving", "muc#roomconfig_slow_mode_duration"}) {
    EXPECT_NE(form.find(field), std::string::npos) << field;
  }
  crone.asks("set", coven, "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='cancel'/></query>");
  crone.ignores_the_rest();   // the destroyed presence and the result
  hag.sends("<iq type='get' id='1' to='coven@chat.shakespeare.lit'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
  hag.receives_error("1", "item-not-found");
  scene.enters(crone, "firstwitch");
  crone.sends("<presence type='unavailable'/>");
  crone.ignores_the_rest();
  hag.sends("<iq type='get' id='2' to='coven@chat.shakespeare.lit'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
  hag.receives_error("2", "item-not-found");
}

TEST_F(RoomAdmin, BadFormsChangeNothing) {  // section 10.1.3; "form values of every wrong type"
  scene.makes(crone, "firstwitch", {{"roomname", "A Dark Cave"}});
  const auto refused_form = [&](std::initializer_list<std::pair<std::string_view, std::string_view>> fields, std::string_view condition) {
    crone.sends("<iq type='set' id='f' to='coven@chat.shakespeare.lit'>" + scene.form(fields) + "</iq>");
    crone.receives_error("f", condition);
  };
  refused_form({{"roomname", "Changed"}, {"persistentroom", "perhaps"}}, "not-acceptable");
  refused_form({{"roomname", "Changed"}, {"whois", "nobody"}}, "not-acceptable");
  refused_form({{"roomname", "Changed"}, {"maxusers", "-1"}}, "not-acceptable");
  refused_form({{"roomname", "Changed"}, {"muc#maxhistoryfetch", "many"}}, "not-acceptable");
  refused_form({{"roomname", "Changed"}, {"roomadmins", "not an address@@"}}, "not-acceptable");
  refused_form({{"roomname", "Changed"}, {"roomowners", ""}}, "not-acceptable");
  refused_form({{"roomname", "Changed"}, {"passwordprotectedroom", "1"}, {"roomsecret", ""}}, "not-acceptable");
  refused_form({{"roomname", "Changed"}, {"slow_mode_duration", "1.5"}}, "not-acceptable");
  refused_form({{"roomname", "Changed"}, {"presencebroadcast", "everybody"}}, "not-acceptable");
  crone.sends("<iq type='set' id='g' to='coven@chat.shakespeare.lit'><query xmlns='http://jabber.org/protocol/muc#owner'/></iq>");
  crone.receives_error("g", "bad-request");
  crone.sends("<iq type='set' id='h' to='coven@chat.shakespeare.lit'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>"
              "<field var='FORM_TYPE'><value>urn:other</value></field><field var='muc#roomconfig_roomname'><value>Changed</value></field></x></query></iq>");
  crone.receives_error("h", "bad-request");   // security M03
  hag.sends("<iq type='set' id='i' to='coven@chat.shakespeare.lit'>" + scene.form({{"roomname", "Mine"}}) + "</iq>");
  hag.receives_error("i", "forbidden");
  EXPECT_NE(crone.asks("get", coven, "<query xmlns='http://jabber.org/protocol/disco#info'/>").find("A Dark Cave"), std::string::npos);
}

TEST_F(RoomAdmin, WhatAChangeOfConfigurationTells) {  // sections 10.2, 10.2.1
  everybody_is_inside();
  crone.asks("set", coven, scene.form({{"whois", "anyone"}, {"enablelogging", "1"}, {"roomname", "New"}}));
  for (Client* each : {&crone, &wicca, &hag}) {
    each->receives({"<message", "type='groupchat'", "<status code='104'/>", "<status code='170'/>", "<status code='172'/>"});
  }
  hag.sends("<presence to='coven@chat.shakespeare.lit/thirdwitch'><show>away</show></presence>");
  for (Client* each : {&crone, &wicca, &hag}) {
    each->receives({"away", "jid='hag66@shakespeare.lit/pda'"});
  }
  wicca.sends("<presence to='coven@chat.shakespeare.lit/secondwitch'><show>away</show></presence>");
  for (Client* each : {&crone, &wicca, &hag}) {
    each->receives({"away", "jid='wiccarocks@shakespeare.lit/laptop'"});
  }
  crone.asks("set", coven, scene.form({{"whois", "moderators"}, {"enablelogging", "0"}}));
  for (Client* each : {&crone, &wicca, &hag}) {
    each->receives({"<status code='171'/>", "<status code='173'/>"});
  }
  wicca.sends("<presence to='coven@chat.shakespeare.lit/secondwitch'/>");
  crone.receives("jid='wiccarocks@shakespeare.lit/laptop'");
  wicca.receives("code='110'");
  EXPECT_EQ(hag.receives("secondwitch").find("wiccarocks"), std::string::npos);
  crone.asks("set", coven, scene.form({{"membersonly", "1"}}));
  for (Client* each : {&crone, &wicca, &hag}) {
    each->receives("code='104'");
  }
  hag.receives({"type='unavailable'", "code='322'"});
  crone.receives({"type='unavailable'", "thirdwitch", "code='322'"});
  wicca.receives({"type='unavailable'", "thirdwitch", "code='322'"});
}

TEST_F(RoomAdmin, TheFullListsOfTheForm) {  // section 10.2
  everybody_is_inside();
  crone.asks("set", coven, scene.form({{"roomadmins", "hag66@shakespeare.lit"}}));
  const auto hears = [&](Client& client) {
    client.receives_among({"thirdwitch", "affiliation='admin'", "role='moderator'"});
    client.receives_among({"secondwitch", "affiliation='member'", "role='participant'"});
    client.ignores_the_rest();
  };
  hears(crone);
  hears(wicca);
  hears(hag);
  refused(crone, "<item affiliation='admin' jid='crone1@shakespeare.lit'/>", "conflict");   // the last owner
  crone.asks("set", coven, scene.form({{"roomowners", "hag66@shakespeare.lit\ncrone1@shakespeare.lit"}}));
  crone.receives({"thirdwitch", "affiliation='owner'"});
  wicca.ignores_the_rest();
  hag.ignores_the_rest();
}

TEST_F(RoomAdmin, OwnersAndAdmins) {  // sections 10.3 to 10.8
  everybody_is_inside();
  crone.asks("set", coven, scene.admin("<item affiliation='owner' jid='hag66@shakespeare.lit/pda'><reason>A worthy witch</reason></item>"));   // full: taken as bare
  for (Client* each : {&crone, &wicca}) {
    each->receives({"thirdwitch", "affiliation='owner'", "role='moderator'", "A worthy witch"});
  }
  hag.receives_among({"thirdwitch", "affiliation='owner'", "code='110'"});
  hag.ignores_the_rest();
  EXPECT_NE(hag.asks("get", coven, scene.admin("<item affiliation='owner'/>")).find("crone1@shakespeare.lit"), std::string::npos);
  refused(wicca, "<item affiliation='owner' jid='wiccarocks@shakespeare.lit'/>", "forbidden");
  refused(wicca, "<item affiliation='admin' jid='hecate@shakespeare.lit'/>", "forbidden");
  refused(wicca, "<item affiliation='none' jid='crone1@shakespeare.lit'/>", "forbidden");
  wicca.sends("<iq type='get' id='1' to='coven@chat.shakespeare.lit'>" + scene.admin("<item affiliation='owner'/>") + "</iq>");
  wicca.receives_error("1", "forbidden");
  crone.asks("set", coven, scene.admin("<item affiliation='admin' jid='crone1@shakespeare.lit'/>"));   // another owner is there
  for (Client* each : {&crone, &wicca, &hag}) {
    each->receives({"firstwitch", "affiliation='admin'"});
  }
  refused(hag, "<item affiliation='none' jid='hag66@shakespeare.lit'/>", "conflict");
  refused(hag, "<item affiliation='owner' role='moderator' jid='crone1@shakespeare.lit'/>", "bad-request");   // section 17.4
  refused(hag, "<item affiliation='member' jid='crone1@shakespeare.lit' nick='secondwitch'/>", "bad-request");   // security M03
  nobody_else_hears();
}

TEST_F(RoomAdmin, Destroying) {  // section 10.9
  everybody_is_inside({{"persistentroom", "1"}});
  hag.sends("<iq type='set' id='d' to='coven@chat.shakespeare.lit'><query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query></iq>");
  hag.receives_error("d", "forbidden");
  crone.sends("<iq type='set' id='begone' to='coven@chat.shakespeare.lit'><query xmlns='http://jabber.org/protocol/muc#owner'>"
              "<destroy jid='heath@chat.shakespeare.lit'><password>p</password><reason>Macbeth doth come.</reason></destroy></query></iq>");
  for (Client* each : {&crone, &wicca, &hag}) {
    each->receives({"type='unavailable'", "<item affiliation='none' role='none'/>", "<destroy jid='heath@chat.shakespeare.lit'>", "<password>p</password>", "Macbeth doth come."});
  }
  crone.receives({"type='result'", "begone"});
  nobody_else_hears();
  scene.run();
  EXPECT_EQ(scene.home().residents().size(), 0U);
  scene.makes(hag, "thirdwitch");   // the name is free
}

// ---- sections 7.8, 7.10, 7.12

TEST_F(RoomAdmin, InvitationAndDecline) {  // section 7.8.2
  everybody_is_inside({{"passwordprotectedroom", "0"}});
  crone.sends("<message id='i' to='coven@chat.shakespeare.lit'><x xmlns='http://jabber.org/protocol/muc#user'><invite to='hecate@shakespeare.lit'><reason>Hey Hecate</reason>"
              "<continue thread='t1'/></invite></x></message>");
  const std::string invitation = bystander.receives({"from='coven@chat.shakespeare.lit'", "<invite from='coven@chat.shakespeare.lit/firstwitch'", "Hey Hecate", "<continue thread='t1'/>"});
  EXPECT_EQ(invitation.find("crone1"), std::string::npos) << invitation;   // security M05
  bystander.sends("<message id='n' to='coven@chat.shakespeare.lit'><x xmlns='http://jabber.org/protocol/muc#user'><decline to='coven@chat.shakespeare.lit/firstwitch'><reason>too busy</reason></decline></x></message>");
  crone.receives({"<decline from='hecate@shakespeare.lit'", "too busy"});
  bystander.sends("<message id='n2' to='coven@chat.shakespeare.lit'><x xmlns='http://jabber.org/protocol/muc#user'><decline to='wiccarocks@shakespeare.lit'/></x></message>");
  bystander.receives_error("n2", "not-acceptable");   // no way to write to others
  crone.asks("set", coven, scene.form({{"membersonly", "1"}}));
  for (Client* each : {&crone, &wicca, &hag}) {
    each->ignores_the_rest();   // hag is no member, and gone
  }
  crone.asks("set", coven, scene.admin("<item affiliation='member' jid='hag66@shakespeare.lit'/>"));
  hag.receives("<invite");
  scene.enters(hag, "thirdwitch", {&crone, &wicca});
  hag.sends("<message id='h' to='coven@chat.shakespeare.lit'><x xmlns='http://jabber.org/protocol/muc#user'><invite to='hecate@shakespeare.lit'/></x></message>");
  hag.receives_error("h", "forbidden");   // section 9.5
  crone.sends("<message to='coven@chat.shakespeare.lit'><x xmlns='http://jabber.org/protocol/muc#user'><invite to='hecate@shakespeare.lit'/></x></message>");
  bystander.receives("<invite");
  EXPECT_NE(crone.asks("get", coven, scene.admin("<item affiliation='member'/>")).find("hecate@shakespeare.lit"), std::string::npos);
  nobody_else_hears();
}

TEST_F(RoomAdmin, Registration) {  // sections 7.10, 7.12
  everybody_is_inside();
  const std::string form = hag.asks("get", coven, "<query xmlns='jabber:iq:register'/>");
  EXPECT_NE(form.find("muc#register_roomnick"), std::string::npos) << form;
  const auto submit = [](std::string_view nickname) {
    return "<query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#register</value></field>"
           "<field var='muc#register_roomnick'><value>" + std::string(nickname) + "</value></field></x></query>";
  };
  hag.sends("<iq type='set' id='1' to='coven@chat.shakespeare.lit'>" + submit("firstwitch") + "</iq>");
  hag.receives_error("1", "conflict");
  hag.sends("<iq type='set' id='2' to='coven@chat.shakespeare.lit'><query xmlns='jabber:iq:register'/></iq>");
  hag.receives_error("2", "bad-request");
  hag.asks("set", coven, submit("thirdwitch"));
  for (Client* each : {&crone, &wicca, &hag}) {
    each->receives({"thirdwitch", "affiliation='member'"});
  }
  EXPECT_NE(hag.asks("get", coven, "<query xmlns='jabber:iq:register'/>").find("<registered/><username>thirdwitch</username>"), std::string::npos);
  EXPECT_NE(hag.asks("get", coven, "<query xmlns='http://jabber.org/protocol/disco#info' node='x-roomuser-item'/>").find("name='thirdwitch'"), std::string::npos);
  hag.sends("<presence type='unavailable' to='coven@chat.shakespeare.lit/thirdwitch'/>");
  hag.receives("unavailable");
  crone.ignores_the_rest();
  wicca.ignores_the_rest();
  scene.tries(bystander, "thirdwitch");
  bystander.receives_error("join", "conflict");
  crone.asks("set", coven, scene.form({{"{https://aldis.im/rooms}lock_nicknames", "1"}}));
  crone.receives("code='104'");
  wicca.receives("code='104'");
  scene.tries(hag, "other");   // section 7.10: it gets the name that is kept for it
  hag.receives_among({"from='coven@chat.shakespeare.lit/thirdwitch'", "<status code='110'/><status code='210'/>"});
  hag.ignores_the_rest();
  crone.receives("thirdwitch");
  wicca.receives("thirdwitch");
}

}  // namespace
}  // namespace aldis::test
