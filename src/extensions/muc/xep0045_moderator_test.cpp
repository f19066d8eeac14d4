// XEP-0045 (1.35.5) chapter 8, section by section where room_admin_test.cpp has no scene of it: the subject, kicking, voice. The list
// of all is docs/rooms-conformance.md.
#include "tests/support/coven.h"

namespace aldis::test {
namespace {

using Muc8_1 = Coven;
using Muc8_2 = Coven;
using Muc8_3 = Coven;
using Muc8_4 = Coven;
using Muc8_5 = Coven;
using Muc8_6 = Coven;

TEST_F(Muc8_1, WhoMayChangeTheSubjectIsConfigured) {  // examples 84 to 88
  gather({{"moderatedroom", "1"}});
  const auto denied_to = [&](Client& client) {
    writes(client, "groupchat", "<subject>Mine</subject>");
    client.receives({"<message", "type='error'", "id='m'", "from='coven@chat.shakespeare.lit'", "<error type='auth'><forbidden "});
  };
  const auto changes = [&](Client& client, std::string_view nickname) {
    writes(client, "groupchat", "<subject>Fire Burn and Cauldron Bubble!</subject>");
    for (Client* each : {&crone, &wicca, &hag}) {
      EXPECT_FALSE(holds(each->receives({"<subject>Fire Burn and Cauldron Bubble!</subject>", "type='groupchat'", "id='m'", "/" + std::string(nickname) + "'"}), "<body"));
    }
  };
  changes(crone, "firstwitch");
  changes(wicca, "secondwitch");
  denied_to(hag);   // a visitor
  sets(crone, "<item nick='thirdwitch' role='participant'/>");
  all_see({"role='participant'"});
  denied_to(hag);   // a participant, unless it is allowed
  configures({{"changesubject", "1"}});
  all_see({"code='104'"});
  changes(hag, "thirdwitch");
  sets(crone, "<item nick='thirdwitch' role='visitor'/>");
  all_see({"role='visitor'"});
  denied_to(hag);
  writes(hecate, "groupchat", "<subject>Mine</subject>");
  hecate.receives_error("m", "not-acceptable");
}

TEST_F(Muc8_1, ASubjectBesideABodyOrAThreadIsAMessage) {
  gather();
  for (const std::string_view more : {"<body>words</body>", "<thread>t</thread>"}) {
    writes(crone, "groupchat", "<subject>No change</subject>" + std::string(more));
    all_see({"<subject>No change</subject>", more});
  }
  writes(crone, "groupchat", "<subject>A change</subject><x xmlns='urn:example:mine'/>");   // other elements are allowed
  all_see({"<subject>A change</subject>", "<x xmlns='urn:example:mine'/>"});
  Client& broom = scene.login("hecate@shakespeare.lit/besom");
  scene.tries(broom, "fourthwitch");
  broom.receives_among({"<subject>A change</subject>", "<delay"});
  EXPECT_EQ(broom.waiting(), 5U);   // three, oneself, the one with a body
  broom.ignores_the_rest();
  all_ignore();
}

TEST_F(Muc8_2, TheKickedIsToldFirst) {  // examples 89 to 92; who it was by nickname
  gather();
  wicca.sends("<iq type='set' id='kick1' to='coven@chat.shakespeare.lit'>" + scene.admin("<item nick='thirdwitch' role='none'><reason>Avaunt, you cullion!</reason></item>") + "</iq>");
  hag.receives({"<presence", "type='unavailable'", "from='coven@chat.shakespeare.lit/thirdwitch'", "affiliation='none' role='none'", "<actor nick='secondwitch'/>",
                "<reason>Avaunt, you cullion!</reason>", "<status code='307'/>"});
  wicca.receives({"<iq", "type='result'", "id='kick1'"});
  for (Client* each : {&wicca, &crone}) {
    const std::string seen = each->receives({"<presence", "type='unavailable'", "thirdwitch", "role='none'", "<status code='307'/>"});
    EXPECT_FALSE(holds(seen, "code='110'")) << seen;
  }
}

TEST_F(Muc8_2, SeveralAreKickedOrNobody) {
  gather();
  Client& broom = scene.login("hecate@shakespeare.lit/besom");
  scene.enters(broom, "fourthwitch", {&crone, &wicca, &hag});
  set_denied(wicca, "<item nick='thirdwitch' role='none'/><item nick='firstwitch' role='none'/>", "not-allowed");   // example 93
  set_denied(wicca, "<item nick='thirdwitch' role='none'/><item nick='nobody' role='none'/>", "item-not-found");
  set_denied(wicca, "<item nick='thirdwitch' role='none'/><item nick='secondwitch' role='none'/>", "conflict");
  hag.receives_nothing();
  sets(wicca, "<item nick='thirdwitch' role='none'/><item nick='fourthwitch' role='none'/>");
  for (Client* each : {&hag, &broom}) {
    each->receives_among({"code='110'", "code='307'"});
    each->ignores_the_rest();
  }
  for (Client* each : {&crone, &wicca}) {
    each->receives({"code='307'"});
    each->receives({"code='307'"});
  }
}

TEST_F(Muc8_3, VoiceIsGrantedAndEverybodyIsTold) {  // examples 94 to 97
  gather({{"moderatedroom", "1"}});
  for (const std::string_view reason : {"", "<reason>A worthy witch indeed!</reason>"}) {
    wicca.sends("<iq type='set' id='voice1' to='coven@chat.shakespeare.lit'>" + scene.admin("<item nick='thirdwitch' role='participant'>" + std::string(reason) + "</item>") + "</iq>");
    wicca.receives({"<iq", "type='result'", "id='voice1'", "from='coven@chat.shakespeare.lit'"});   // first
    for (Client* each : {&crone, &wicca, &hag}) {
      each->receives({"<presence", "from='coven@chat.shakespeare.lit/thirdwitch'", "affiliation='none' role='participant'", reason});
    }
    sets(wicca, "<item nick='thirdwitch' role='visitor'/>");
    all_see({"role='visitor'"});
  }
}

TEST_F(Muc8_4, FromWhomVoiceCannotBeTaken) {  // examples 98 to 102: the item is returned with the error
  gather({{"moderatedroom", "1"}});
  sets(crone, "<item nick='thirdwitch' role='moderator'/>");
  all_ignore();
  Client& broom = scene.login("hecate@shakespeare.lit/besom");
  sets(crone, "<item affiliation='member' jid='hecate@shakespeare.lit'/>");
  hecate.receives("code='101'");
  scene.enters(broom, "fourthwitch", {&crone, &wicca, &hag});
  for (const auto& [who, nickname] : {std::pair<Client*, std::string_view>{&crone, "secondwitch"}, {&wicca, "firstwitch"}, {&hag, "firstwitch"}, {&hag, "secondwitch"}, {&hag, "fourthwitch"}}) {
    const std::string item = "<item nick='" + std::string(nickname) + "' role='visitor'/>";
    const std::string error = denied(*who, "set", scene.admin(item), "not-allowed");
    EXPECT_TRUE(holds(error, "<query xmlns='http://jabber.org/protocol/muc#admin'>" + item + "</query>")) << error;
    EXPECT_TRUE(holds(error, "<error type='cancel'>")) << error;
  }
  sets(wicca, "<item nick='fourthwitch' role='visitor'><reason>Not so worthy after all!</reason></item>");   // example 101
  for (Client* each : {&crone, &wicca, &hag, &broom}) {
    each->receives({"fourthwitch", "affiliation='member' role='visitor'", "<reason>Not so worthy after all!</reason>"});
  }
}

TEST_F(Muc8_5, TheVoiceListIsReadAndChanged) {  // examples 103 to 107
  gather({{"moderatedroom", "1"}});
  Client& broom = scene.login("hecate@shakespeare.lit/besom");
  scene.enters(broom, "fourthwitch", {&crone, &wicca, &hag});
  sets(wicca, "<item nick='thirdwitch' role='participant'/>");
  all_see({"role='participant'"});
  broom.receives("role='participant'");
  EXPECT_TRUE(holds(gets(wicca, "<item role='participant'/>"), "<item nick='thirdwitch' role='participant' affiliation='none' jid='hag66@shakespeare.lit/pda'/></query>"));
  sets(wicca, "<item nick='thirdwitch' role='visitor'/><item nick='fourthwitch' role='participant'><reason>Her turn</reason></item>");
  for (Client* each : {&crone, &wicca, &hag, &broom}) {
    each->receives({"thirdwitch", "role='visitor'"});
    each->receives({"fourthwitch", "role='participant'", "<reason>Her turn</reason>"});
  }
  set_denied(wicca, "<item nick='fourthwitch' role='visitor'/><item nick='firstwitch' role='visitor'/>", "not-allowed");
  get_denied(hag, "<item role='participant'/>", "forbidden");
  get_denied(hecate, "<item role='participant'/>", "forbidden");
}

TEST_F(Muc8_6, AVoiceRequestIsApprovedOrNot) {  // examples 108 and 109
  gather({{"moderatedroom", "1"}});
  const std::string head = "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#request</value></field>"
                           "<field var='muc#role'><value>participant</value></field>";
  const auto submission = [&](std::string_view allow, std::string_view jid, std::string_view nickname) {
    return head + "<field var='muc#jid'><value>" + std::string(jid) + "</value></field><field var='muc#roomnick'><value>" + std::string(nickname) +
           "</value></field><field var='muc#request_allow'><value>" + std::string(allow) + "</value></field></x>";
  };
  writes(hag, "", head + "</x>");
  for (Client* each : {&crone, &wicca}) {
    each->receives({"<message", "from='coven@chat.shakespeare.lit'", "<x xmlns='jabber:x:data' type='form'>", "<value>http://jabber.org/protocol/muc#request</value>",
                    "<value>participant</value>", "<value>hag66@shakespeare.lit/pda</value>", "<value>thirdwitch</value>", "var='muc#request_allow'"});
  }
  hag.receives_nothing();
  writes(wicca, "", "<x xmlns='jabber:x:data' type='cancel'/>");
  writes(wicca, "", submission("false", "hag66@shakespeare.lit/pda", "thirdwitch"));
  wicca.receives_nothing();
  writes(wicca, "", submission("perhaps", "hag66@shakespeare.lit/pda", "thirdwitch"));
  wicca.receives_error("m", "bad-request");
  writes(wicca, "", submission("true", "hag66@shakespeare.lit/pda", "nobody"));
  wicca.receives_error("m", "item-not-found");
  writes(wicca, "", submission("true", "hag6@shakespeare.lit/pda", "thirdwitch"));   // another has taken the name since
  wicca.receives_error("m", "item-not-found");
  writes(wicca, "", submission("true", "hag66@shakespeare.li", "thirdwitch"));
  wicca.receives_error("m", "item-not-found");
  writes(wicca, "", submission("true", "hag66@shakespeare.literature", "thirdwitch"));
  wicca.receives_error("m", "item-not-found");
  writes(hecate, "", submission("true", "hag66@shakespeare.lit/pda", "thirdwitch"));
  hecate.receives_error("m", "forbidden");
  writes(wicca, "", submission("true", "hag66@shakespeare.lit/pda", "thirdwitch"));
  all_see({"thirdwitch", "affiliation='none' role='participant'"});
}

}  // namespace
}  // namespace aldis::test
