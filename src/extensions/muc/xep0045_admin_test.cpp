// XEP-0045 (1.35.5) chapter 9, section by section where room_admin_test.cpp has no scene of it: bans, members, moderators. The list of
// all is docs/rooms-conformance.md.
#include "tests/support/coven.h"

namespace aldis::test {
namespace {

using Muc9_1 = Coven;
using Muc9_2 = Coven;
using Muc9_3 = Coven;
using Muc9_4 = Coven;
using Muc9_5 = Coven;
using Muc9_6 = Coven;
using Muc9_7 = Coven;
using Muc9_8 = Coven;
using Muc9_9 = Coven;

TEST_F(Muc9_1, ABanTakesTheSeatAndTheName) {  // examples 110 to 115
  gather();
  sets(crone, "<item affiliation='member' jid='hag66@shakespeare.lit' nick='oldhag'/>");
  all_see({"affiliation='member'"});
  wicca.sends("<iq type='set' id='ban1' to='coven@chat.shakespeare.lit'>" + scene.admin("<item affiliation='outcast' jid='hag66@shakespeare.lit'><reason>Treason</reason></item>") + "</iq>");
  hag.receives({"<presence", "type='unavailable'", "from='coven@chat.shakespeare.lit/thirdwitch'", "affiliation='outcast' role='none'", "<actor nick='secondwitch'/>",
                "<reason>Treason</reason>", "<status code='301'/>"});
  wicca.receives({"<iq", "type='result'", "id='ban1'"});
  for (Client* each : {&wicca, &crone}) {
    each->receives({"<presence", "type='unavailable'", "thirdwitch", "affiliation='outcast' role='none'", "<status code='301'/>"});
  }
  EXPECT_TRUE(holds(gets(wicca, "<item affiliation='outcast'/>"), "<item affiliation='outcast' jid='hag66@shakespeare.lit'><reason>Treason</reason></item>"));
  EXPECT_FALSE(holds(gets(wicca, "<item affiliation='member'/>"), "hag66"));
  scene.enters(hecate, "oldhag", {&crone, &wicca});   // the name is nobody's any more
  set_denied(wicca, "<item affiliation='outcast' jid='crone1@shakespeare.lit'/>", "not-allowed");
  set_denied(wicca, "<item affiliation='outcast' jid='wiccarocks@shakespeare.lit'/>", "conflict");
  set_denied(crone, "<item affiliation='outcast' jid='crone1@shakespeare.lit'/>", "conflict");
  set_denied(hecate, "<item affiliation='outcast' jid='wiccarocks@shakespeare.lit'/>", "forbidden");
}

TEST_F(Muc9_1, WhoIsNotHereIsBannedToo) {
  gather();
  sets(wicca, "<item affiliation='outcast' jid='hecate@shakespeare.lit/broom'/>");   // of the bare address, whatever was written
  EXPECT_TRUE(holds(gets(wicca, "<item affiliation='outcast'/>"), "jid='hecate@shakespeare.lit'/>"));
  for (const std::string_view nickname : {"fourthwitch", "hecate"}) {
    scene.tries(hecate, nickname);
    hecate.receives({"type='error'", "<error type='auth'><forbidden "});
  }
}

TEST_F(Muc9_2, TheBanListIsChangedAsAWhole) {  // examples 116 to 119
  gather();
  sets(wicca, "<item affiliation='outcast' jid='lordscroop@shakespeare.lit'><reason>Treason</reason></item><item affiliation='outcast' jid='sirthomasgrey@shakespeare.lit'/>"
              "<item affiliation='outcast' jid='hag66@shakespeare.lit'/>");
  hag.receives({"code='301'", "code='110'"});
  wicca.receives({"code='301'"});
  crone.receives({"code='301'"});
  const std::string list = gets(wicca, "<item affiliation='outcast'/>");
  EXPECT_EQ(count(list, "<item affiliation='outcast' jid='"), 3U) << list;
  EXPECT_FALSE(holds(list, " role=")) << list;
  EXPECT_FALSE(holds(list, " nick=")) << list;
  set_denied(wicca, "<item affiliation='none' jid='hag66@shakespeare.lit'/><item affiliation='outcast' jid='wiccarocks@shakespeare.lit'/>", "conflict");
  set_denied(wicca, "<item affiliation='none' jid='hag66@shakespeare.lit'/><item affiliation='outcast' jid='crone1@shakespeare.lit'/>", "not-allowed");
  EXPECT_EQ(query_of(gets(wicca, "<item affiliation='outcast'/>")), query_of(list));   // nothing of it was done
  get_denied(hecate, "<item affiliation='outcast'/>", "forbidden");
}

TEST_F(Muc9_2, APersonBeforeHisDomain) {
  SceneAbroad& abroad = scene.abroad();
  gather();
  sets(wicca, "<item affiliation='outcast' jid='venice.example'/><item affiliation='member' jid='portia@venice.example'/>");
  abroad.receives({"to='portia@venice.example'", "code='101'"});
  abroad.sends("<presence from='portia@venice.example/x' to='coven@chat.shakespeare.lit/portia'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
  all_see({"/portia'", "affiliation='member'"});
  abroad.ignores_the_rest();
  abroad.sends("<presence from='iago@venice.example/x' to='coven@chat.shakespeare.lit/iago'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
  abroad.receives({"type='error'", "<forbidden "});
  sets(wicca, "<item affiliation='none' jid='venice.example'/>");
  abroad.sends("<presence from='iago@venice.example/x' to='coven@chat.shakespeare.lit/iago'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
  all_see({"/iago'", "affiliation='none'"});
  abroad.ignores_the_rest();
}

TEST_F(Muc9_3, MembershipIsGranted) {  // examples 120 to 123
  gather();
  wicca.sends("<iq type='set' id='member1' to='coven@chat.shakespeare.lit'>" +
              scene.admin("<item affiliation='member' jid='hag66@shakespeare.lit' nick='thirdwitch'><reason>A worthy witch indeed!</reason></item>") + "</iq>");
  wicca.receives({"<iq", "type='result'", "id='member1'"});
  all_see({"<presence", "from='coven@chat.shakespeare.lit/thirdwitch'", "affiliation='member' role='participant'", "<reason>A worthy witch indeed!</reason>"});
  EXPECT_TRUE(holds(gets(wicca, "<item affiliation='member'/>"), "<item affiliation='member' jid='hag66@shakespeare.lit' nick='thirdwitch'>"));
}

TEST_F(Muc9_4, MembershipIsRevoked) {  // examples 124 to 127
  gather();
  sets(crone, "<item affiliation='member' jid='hag66@shakespeare.lit'/>");
  all_see({"affiliation='member'"});
  wicca.sends("<iq type='set' id='member2' to='coven@chat.shakespeare.lit'>" + scene.admin("<item affiliation='none' jid='hag66@shakespeare.lit'><reason>Not so worthy after all!</reason></item>") + "</iq>");
  wicca.receives({"<iq", "type='result'", "id='member2'"});
  all_see({"<presence", "from='coven@chat.shakespeare.lit/thirdwitch'", "affiliation='none' role='participant'", "<reason>Not so worthy after all!</reason>"});
}

TEST_F(Muc9_4, AMembersOnlyRoomRemovesHim) {  // example 128: one presence, not two
  scene.makes(crone, "firstwitch", {{"membersonly", "1"}});
  sets(crone, "<item affiliation='member' jid='hag66@shakespeare.lit'/><item affiliation='member' jid='wiccarocks@shakespeare.lit'/>");
  hag.receives("<invite");
  wicca.receives("<invite");
  scene.enters(hag, "thirdwitch", {&crone});
  scene.enters(wicca, "secondwitch", {&crone, &hag});
  crone.sends("<iq type='set' id='member2' to='coven@chat.shakespeare.lit'>" + scene.admin("<item affiliation='none' jid='hag66@shakespeare.lit'><reason>Not so worthy after all!</reason></item>") + "</iq>");
  hag.receives({"<presence", "type='unavailable'", "thirdwitch", "affiliation='none' role='none'", "<reason>Not so worthy after all!</reason>", "<status code='321'/>"});
  crone.receives({"<iq", "type='result'", "id='member2'"});
  for (Client* each : {&crone, &wicca}) {
    each->receives({"<presence", "type='unavailable'", "thirdwitch", "affiliation='none' role='none'", "<status code='321'/>"});
  }
  scene.tries(hag, "thirdwitch");   // section 9.5: and may not come back
  hag.receives_error("join", "registration-required");
}

TEST_F(Muc9_5, TheMemberListIsReadAndChanged) {  // examples 129 to 133
  gather();
  sets(wicca, "<item affiliation='member' jid='hag66@shakespeare.lit' nick='thirdwitch'/><item affiliation='member' jid='hecate@shakespeare.lit'/>");
  all_see({"affiliation='member'"});
  hecate.receives("code='101'");
  const std::string list = gets(wicca, "<item affiliation='member'/>");
  EXPECT_TRUE(holds(list, "<item affiliation='member' jid='hag66@shakespeare.lit' nick='thirdwitch'/><item affiliation='member' jid='hecate@shakespeare.lit'/>")) << list;
  sets(wicca, "<item affiliation='member' jid='hag66@shakespeare.lit' nick=''/>");   // the reserved nickname is unset
  all_see({"thirdwitch", "affiliation='member'"});
  EXPECT_TRUE(holds(gets(wicca, "<item affiliation='member'/>"), "<item affiliation='member' jid='hag66@shakespeare.lit'/>"));
  sets(wicca, "<item affiliation='none' jid='hag66@shakespeare.lit'/><item affiliation='none' jid='hecate@shakespeare.lit'/>");
  all_see({"thirdwitch", "affiliation='none' role='participant'"});
  hecate.receives("code='101'");
  EXPECT_TRUE(holds(gets(wicca, "<item affiliation='member'/>"), "<query xmlns='http://jabber.org/protocol/muc#admin'/>"));
  get_denied(hag, "<item affiliation='member'/>", "forbidden");
  set_denied(hag, "<item affiliation='member' jid='hag66@shakespeare.lit'/>", "forbidden");
}

TEST_F(Muc9_5, WhoReadsTheListWhereAddressesAreShown) {  // members, even from outside; in semi-anonymous rooms no member (5.2.1)
  for (const std::string_view whois : {"anyone", "moderators"}) {
    scene.makes(crone, "firstwitch", {{"membersonly", "1"}, {"whois", whois}});
    sets(crone, "<item affiliation='member' jid='hag66@shakespeare.lit'/>");
    hag.receives("<invite");
    if (whois == "anyone") {
      EXPECT_TRUE(holds(gets(hag, "<item affiliation='member'/>"), "hag66@shakespeare.lit"));
    } else {
      get_denied(hag, "<item affiliation='member'/>", "forbidden");
    }
    get_denied(hecate, "<item affiliation='member'/>", "forbidden");
    crone.asks("set", coven, "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query>");
    crone.ignores_the_rest();
  }
}

TEST_F(Muc9_5, InvitationsAndMembers) {  // examples 134 to 136
  gather();
  writes(hag, "", "<x xmlns='http://jabber.org/protocol/muc#user'><invite to='hecate@shakespeare.lit'/></x>");
  hecate.receives("<invite");
  EXPECT_FALSE(holds(gets(crone, "<item affiliation='member'/>"), "<item"));   // an open room's invitation makes nobody a member
  sets(crone, "<item affiliation='member' jid='hag66@shakespeare.lit'/>");
  all_see({"affiliation='member'"});
  configures({{"membersonly", "1"}, {"passwordprotectedroom", "1"}, {"roomsecret", "cauldronburn"}});
  all_see({"code='104'"});
  writes(hag, "", "<x xmlns='http://jabber.org/protocol/muc#user'><invite to='hecate@shakespeare.lit'/></x>");
  hag.receives({"<message", "type='error'", "<error type='auth'><forbidden "});
  sets(crone, "<item affiliation='member' jid='hecate@shakespeare.lit'/>");
  const std::string invitation = hecate.receives({"<message", "from='coven@chat.shakespeare.lit'", "to='hecate@shakespeare.lit'", "<invite from='coven@chat.shakespeare.lit/firstwitch'",
                                                  "<password>cauldronburn</password>"});
  EXPECT_FALSE(holds(invitation, "crone1")) << invitation;
  configures({{"allowinvites", "1"}});
  all_see({"code='104'"});
  scene.has_account("banquo@shakespeare.lit");
  writes(hag, "", "<x xmlns='http://jabber.org/protocol/muc#user'><invite to='banquo@shakespeare.lit'/></x>");
  hag.receives_nothing();
  EXPECT_TRUE(holds(gets(crone, "<item affiliation='member'/>"), "<item affiliation='member' jid='banquo@shakespeare.lit'/>"));
}

TEST_F(Muc9_6, ModeratorsAreMade) {  // examples 137 to 140
  gather();
  wicca.sends("<iq type='set' id='mod1' to='coven@chat.shakespeare.lit'>" + scene.admin("<item nick='thirdwitch' role='moderator'><reason>A worthy witch indeed!</reason></item>") + "</iq>");
  wicca.receives({"<iq", "type='result'", "id='mod1'"});
  for (Client* each : {&crone, &wicca, &hag}) {
    each->receives_among({"<presence", "from='coven@chat.shakespeare.lit/thirdwitch'", "affiliation='none' role='moderator'", "<reason>A worthy witch indeed!</reason>"});
  }
  hag.ignores_the_rest();
  Client& broom = scene.login("hecate@shakespeare.lit/besom");
  scene.enters(broom, "fourthwitch", {&crone, &wicca});
  EXPECT_TRUE(holds(hag.receives("fourthwitch"), "jid='hecate@shakespeare.lit/besom'"));   // chapter 8: it sees who they are
  set_denied(hag, "<item nick='fourthwitch' role='moderator'/>", "forbidden");   // no admin
}

TEST_F(Muc9_7, ModeratorsAreUnmade) {  // examples 141 to 145
  gather();
  sets(crone, "<item nick='thirdwitch' role='moderator'/>");
  all_ignore();
  set_denied(hag, "<item nick='secondwitch' role='participant'/>", "forbidden");   // chapter 9: of no admin
  set_denied(hag, "<item nick='firstwitch' role='participant'/>", "forbidden");
  set_denied(wicca, "<item nick='firstwitch' role='participant'/>", "not-allowed");
  set_denied(crone, "<item nick='secondwitch' role='participant'/>", "not-allowed");
  sets(wicca, "<item nick='thirdwitch' role='participant'><reason>Not so worthy after all!</reason></item>");
  all_see({"from='coven@chat.shakespeare.lit/thirdwitch'", "affiliation='none' role='participant'", "<reason>Not so worthy after all!</reason>"});
}

TEST_F(Muc9_8, TheModeratorList) {  // examples 146 to 150
  gather();
  Client& broom = scene.login("hecate@shakespeare.lit/besom");
  scene.enters(broom, "fourthwitch", {&crone, &wicca, &hag});
  sets(wicca, "<item nick='thirdwitch' role='moderator'/>");
  all_ignore();
  broom.ignores_the_rest();
  EXPECT_EQ(count(gets(wicca, "<item role='moderator'/>"), " role='moderator'"), 3U);
  sets(wicca, "<item nick='thirdwitch' role='participant'/><item nick='fourthwitch' role='moderator'/>");
  for (Client* each : {&crone, &wicca, &hag, &broom}) {
    each->receives_among({"thirdwitch", "role='participant'"});
    each->receives_among({"fourthwitch", "role='moderator'"});
  }
  broom.ignores_the_rest();
  set_denied(wicca, "<item nick='fourthwitch' role='participant'/><item nick='firstwitch' role='participant'/>", "not-allowed");
  get_denied(broom, "<item role='moderator'/>", "forbidden");
}

TEST_F(Muc9_9, ARegistrationIsApproved) {  // example 151
  scene.makes(crone, "firstwitch", {{"membersonly", "1"}});
  sets(crone, "<item affiliation='admin' jid='wiccarocks@shakespeare.lit'/>");
  wicca.receives("code='101'");
  const auto decision = [](std::string_view allow, std::string_view user) {
    return "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#register</value></field>"
           "<field var='{https://aldis.im/rooms}user'><value>" + std::string(user) + "</value></field><field var='muc#register_allow'><value>" + std::string(allow) + "</value></field></x>";
  };
  const std::string wish = "<query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#register</value></field>"
                           "<field var='muc#register_roomnick'><value>thirdwitch</value></field></x></query>";
  for (const std::string_view allow : {"false", "true"}) {
    hag.asks("set", coven, wish);
    for (Client* each : {&crone, &wicca}) {   // who is in the room and who is not
      each->receives({"<message", "from='coven@chat.shakespeare.lit'", "<value>http://jabber.org/protocol/muc#register</value>", "<value>thirdwitch</value>",
                      "<value>hag66@shakespeare.lit</value>", "var='muc#register_allow'"});
    }
    scene.tries(hag, "thirdwitch");
    hag.receives_error("join", "registration-required");
    writes(hag, "", decision("true", "hag66@shakespeare.lit"));
    hag.receives_error("m", "forbidden");
    writes(wicca, "", decision("true", "hecate@shakespeare.lit"));   // who has asked for nothing
    wicca.receives_error("m", "item-not-found");
    writes(wicca, "", decision(allow, "hag66@shakespeare.lit"));
  }
  hag.receives("<invite");
  scene.enters(hag, "thirdwitch", {&crone});
  EXPECT_TRUE(holds(gets(crone, "<item affiliation='member'/>"), "<item affiliation='member' jid='hag66@shakespeare.lit' nick='thirdwitch'/>"));
}

}  // namespace
}  // namespace aldis::test
