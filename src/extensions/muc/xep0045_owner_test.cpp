// XEP-0045 (1.35.5) chapters 10 and 11, section by section where room_admin_test.cpp has no scene of it: creating, configuring,
// owners, admins, destroying. The list of all is docs/rooms-conformance.md.
#include "tests/support/coven.h"

namespace aldis::test {
namespace {

using Muc10_1_1 = Coven;
using Muc10_1_2 = Coven;
using Muc10_1_3 = Coven;
using Muc10_2 = Coven;
using Muc10_2_1 = Coven;
using Muc10_3 = Coven;
using Muc10_4 = Coven;
using Muc10_5 = Coven;
using Muc10_6 = Coven;
using Muc10_7 = Coven;
using Muc10_8 = Coven;
using Muc10_9 = Coven;

constexpr std::string_view cancelled = "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='cancel'/></query>";

// ---- section 10.1

TEST_F(Muc10_1_1, WhoCreatesARoomOwnsIt) {  // examples 153 and 154
  scene.tries(crone, "firstwitch");
  crone.receives({"<presence", "from='coven@chat.shakespeare.lit/firstwitch'", "affiliation='owner' role='moderator'", "<status code='110'/><status code='201'/>"});
  crone.receives("<subject/>");
  EXPECT_TRUE(holds(gets(crone, "<item affiliation='owner'/>"), "<item affiliation='owner' jid='crone1@shakespeare.lit'/></query>"));
}

TEST(Muc10_1, WhoMayNotCreateIsTold) {  // example 152
  RoomScene strict({{"creators", OptionValue(std::string("administrators"))}});
  Client& hag = strict.login("hag66@shakespeare.lit/pda");
  strict.tries(hag, "thirdwitch");
  hag.receives({"<presence", "from='coven@chat.shakespeare.lit/thirdwitch'", "type='error'", "<error type='cancel'><not-allowed "});
  hag.sends("<iq type='get' id='i' to='coven@chat.shakespeare.lit'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
  hag.receives_error("i", "item-not-found");
}

TEST_F(Muc10_1_2, TheDefaultsAreAccepted) {  // example 155
  scene.enters(crone, "firstwitch");
  scene.tries(hag, "thirdwitch");
  hag.receives_error("join", "item-not-found");
  crone.asks("set", coven, "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query>");
  crone.receives_nothing();
  scene.enters(hag, "thirdwitch", {&crone});
}

TEST_F(Muc10_1_3, TheFormIsAskedForAndSent) {  // examples 156, 157, 159, 160
  scene.enters(crone, "firstwitch");
  const std::string form = crone.asks("get", coven, owner_query);
  EXPECT_TRUE(holds(form, "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='form'>")) << form;
  EXPECT_TRUE(holds(form, "<value>http://jabber.org/protocol/muc#roomconfig</value>")) << form;
  crone.asks("set", coven,
             scene.form({{"roomname", "A Dark Cave"}, {"roomdesc", "The place for all good witches!"}, {"enablelogging", "0"}, {"changesubject", "1"}, {"allowinvites", "0"},
                         {"allowpm", "anyone"}, {"maxusers", "10"}, {"publicroom", "0"}, {"persistentroom", "0"}, {"moderatedroom", "0"}, {"membersonly", "0"},
                         {"passwordprotectedroom", "1"}, {"roomsecret", "cauldronburn"}, {"whois", "moderators"}, {"muc#maxhistoryfetch", "50"},
                         {"roomadmins", "wiccarocks@shakespeare.lit\nhecate@shakespeare.lit"}}));
  wicca.receives({"affiliation='admin'", "code='101'"});
  hecate.receives({"affiliation='admin'", "code='101'"});
  const std::string now = crone.asks("get", coven, owner_query);
  for (const std::string_view value : {"A Dark Cave", "The place for all good witches!", "cauldronburn", "<value>10</value>", "<value>50</value>", "<value>hecate@shakespeare.lit</value>"}) {
    EXPECT_TRUE(holds(now, value)) << value << " in " << now;
  }
  scene.enters(hag, "thirdwitch", {&crone}, "<password>cauldronburn</password>");
}

TEST_F(Muc10_1_3, ABadFormLeavesItLocked) {  // example 161
  scene.enters(crone, "firstwitch");
  const std::string error = denied(crone, "set", scene.form({{"passwordprotectedroom", "1"}, {"roomsecret", ""}}), "not-acceptable");
  EXPECT_TRUE(holds(error, "<error type='modify'>")) << error;
  scene.tries(hag, "thirdwitch");
  hag.receives_error("join", "item-not-found");
  configures({});
  scene.enters(hag, "thirdwitch", {&crone});
}

TEST_F(Muc10_1_3, WhoCancelsHasNoRoom) {  // example 162, and section 10.9 of how he is told
  scene.enters(crone, "firstwitch");
  crone.sends("<iq type='set' id='cancel' to='coven@chat.shakespeare.lit'>" + std::string(cancelled) + "</iq>");
  crone.receives({"<presence", "type='unavailable'", "from='coven@chat.shakespeare.lit/firstwitch'", "<item affiliation='none' role='none'/>", "<destroy"});
  crone.receives({"<iq", "type='result'", "id='cancel'"});
  static_cast<void>(denied(crone, "get", info_query, "item-not-found"));
  EXPECT_TRUE(holds(scene.enters(hag, "thirdwitch"), "code='201'"));
}

TEST_F(Muc10_1_3, WhoLeavesBeforeHeConfiguresHasNoRoom) {
  scene.enters(crone, "firstwitch");
  shows(crone, "firstwitch", {}, "unavailable");
  crone.receives({"<presence", "type='unavailable'", "code='110'", "<destroy"});
  static_cast<void>(denied(crone, "get", info_query, "item-not-found"));
  Client& phone = scene.login("hag66@shakespeare.lit/phone");
  scene.enters(phone, "thirdwitch");
  phone.cuts_the_line();
  static_cast<void>(denied(crone, "get", info_query, "item-not-found"));
}

// ---- section 10.2

TEST_F(Muc10_2, OnlyOwnersConfigure) {  // examples 163 to 166
  gather();
  for (Client* each : {&wicca, &hag, &hecate}) {
    EXPECT_TRUE(holds(denied(*each, "get", owner_query, "forbidden"), "<error type='auth'>"));
    static_cast<void>(denied(*each, "set", scene.form({{"roomname", "Mine"}}), "forbidden"));
    static_cast<void>(denied(*each, "set", scene.form({}), "forbidden"));
    static_cast<void>(denied(*each, "set", cancelled, "forbidden"));
  }
  const std::string before = crone.asks("get", coven, owner_query);
  crone.asks("set", coven, cancelled);
  EXPECT_EQ(query_of(crone.asks("get", coven, owner_query)), query_of(before));
  static_cast<void>(denied(crone, "set", owner_query, "bad-request"));
  static_cast<void>(denied(crone, "set", "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='form'/></query>", "bad-request"));
}

TEST_F(Muc10_2, TheFormsListsMakeAndUnmakeAdminsAndOwners) {  // examples 167 to 170
  gather();
  const auto each_sees = [&](std::string_view nickname, std::string_view item) {
    for (Client* each : {&crone, &wicca, &hag}) {
      each->receives_among({"<presence", "from='coven@chat.shakespeare.lit/" + std::string(nickname) + "'", item});
    }
    all_ignore();   // what new moderators are shown
  };
  configures({{"roomadmins", "wiccarocks@shakespeare.lit\nhag66@shakespeare.lit"}});
  each_sees("thirdwitch", "affiliation='admin' role='moderator'");
  configures({{"roomadmins", "wiccarocks@shakespeare.lit"}});
  each_sees("thirdwitch", "affiliation='member' role='participant'");
  configures({{"roomowners", "crone1@shakespeare.lit\nhag66@shakespeare.lit"}});
  each_sees("thirdwitch", "affiliation='owner' role='moderator'");
  configures({{"roomowners", "crone1@shakespeare.lit"}});
  each_sees("thirdwitch", "affiliation='admin' role='moderator'");
  static_cast<void>(denied(crone, "set", scene.form({{"roomowners", ""}}), "not-acceptable"));
  static_cast<void>(denied(crone, "set", scene.form({{"roomadmins", "crone1@shakespeare.lit"}}), "conflict"));   // the last owner
  configures({{"roomowners", "hag66@shakespeare.lit"}});   // another is there: he may
  each_sees("firstwitch", "affiliation='admin' role='moderator'");
  static_cast<void>(denied(crone, "get", owner_query, "forbidden"));
}

TEST_F(Muc10_2, MembersOnlyRemovesWhoIsNone) {  // status 322
  gather();
  configures({{"membersonly", "1"}});
  all_see({"code='104'"});
  hag.receives({"<presence", "type='unavailable'", "thirdwitch", "role='none'", "<status code='322'/>"});
  for (Client* each : {&crone, &wicca}) {
    each->receives({"<presence", "type='unavailable'", "thirdwitch", "role='none'", "<status code='322'/>"});
  }
  scene.tries(hag, "thirdwitch");
  hag.receives_error("join", "registration-required");
}

TEST_F(Muc10_2_1, EachChangeHasItsCode) {  // example 171: a message with nothing but the codes
  gather();
  struct Row {
    Fields fields;
    std::string_view codes;
  };
  for (const Row& row : {Row{{{"enablelogging", "1"}}, "<status code='170'/>"}, Row{{{"enablelogging", "0"}}, "<status code='171'/>"},
                         Row{{{"whois", "anyone"}}, "<status code='172'/>"}, Row{{{"whois", "moderators"}}, "<status code='173'/>"},
                         Row{{{"roomname", "A Dark Cave"}}, "<status code='104'/>"}, Row{{{"moderatedroom", "1"}, {"enablelogging", "1"}}, "<status code='104'/><status code='170'/>"}}) {
    configures(row.fields);
    const std::string note = "<x xmlns='http://jabber.org/protocol/muc#user'>" + std::string(row.codes) + "</x></message>";
    all_see({"<message", "type='groupchat'", "from='coven@chat.shakespeare.lit'", note});
  }
  configures({{"roomname", "A Dark Cave"}});   // nothing has changed
  crone.receives_nothing();
}

// ---- sections 10.3 to 10.8: the same of owners and admins

TEST_F(Muc10_3, OwnersAreMade) {  // examples 172 to 175
  gather();
  crone.sends("<iq type='set' id='owner1' to='coven@chat.shakespeare.lit'>" + scene.admin("<item affiliation='owner' jid='hag66@shakespeare.lit/pda'><reason>A worthy witch indeed!</reason></item>") + "</iq>");
  crone.receives({"<iq", "type='result'", "id='owner1'"});
  for (Client* each : {&crone, &wicca, &hag}) {
    each->receives_among({"<presence", "/thirdwitch'", "affiliation='owner' role='moderator'", "<reason>A worthy witch indeed!</reason>"});
  }
  hag.ignores_the_rest();
  EXPECT_TRUE(holds(gets(hag, "<item affiliation='owner'/>"), "jid='hag66@shakespeare.lit'>"));
  set_denied(wicca, "<item affiliation='owner' jid='wiccarocks@shakespeare.lit'/>", "forbidden");
  set_denied(hecate, "<item affiliation='owner' jid='hecate@shakespeare.lit'/>", "forbidden");
}

TEST_F(Muc10_4, OwnersAreUnmadeButTheLast) {  // examples 177 to 180
  gather();
  for (const std::string_view less : {"admin", "member", "none"}) {
    set_denied(crone, "<item affiliation='" + std::string(less) + "' jid='crone1@shakespeare.lit'/>", "conflict");
  }
  sets(crone, "<item affiliation='owner' jid='hag66@shakespeare.lit'/>");
  all_ignore();
  set_denied(crone, "<item affiliation='none' jid='hag66@shakespeare.lit'/><item affiliation='none' jid='crone1@shakespeare.lit'/>", "conflict");   // both at once
  set_denied(wicca, "<item affiliation='none' jid='hag66@shakespeare.lit'/>", "forbidden");
  sets(crone, "<item affiliation='admin' jid='hag66@shakespeare.lit'><reason>Not so worthy after all!</reason></item>");
  all_see({"/thirdwitch'", "affiliation='admin' role='moderator'", "<reason>Not so worthy after all!</reason>"});
  sets(crone, "<item affiliation='owner' jid='hag66@shakespeare.lit'/><item affiliation='none' jid='crone1@shakespeare.lit'/>");
  all_see({"/thirdwitch'", "affiliation='owner'"});
  all_see({"/firstwitch'", "affiliation='none' role='participant'"});
}

TEST_F(Muc10_5, TheOwnerList) {  // examples 181 to 185
  gather();
  sets(crone, "<item affiliation='owner' jid='hecate@shakespeare.lit'/>");
  hecate.receives({"affiliation='owner'", "code='101'"});
  const std::string list = gets(crone, "<item affiliation='owner'/>");
  EXPECT_TRUE(holds(list, "<item affiliation='owner' jid='crone1@shakespeare.lit'/><item affiliation='owner' jid='hecate@shakespeare.lit'/></query>")) << list;
  for (Client* each : {&wicca, &hag}) {
    EXPECT_TRUE(holds(denied(*each, "get", scene.admin("<item affiliation='owner'/>"), "forbidden"), "<error type='auth'>"));
    set_denied(*each, "<item affiliation='owner' jid='hag66@shakespeare.lit'/>", "forbidden");
  }
  sets(hecate, "<item affiliation='none' jid='hecate@shakespeare.lit'/>");
  hecate.ignores_the_rest();
  EXPECT_EQ(count(gets(crone, "<item affiliation='owner'/>"), "<item"), 1U);
}

TEST_F(Muc10_6, AdminsAreMade) {  // examples 186 to 189
  gather();
  crone.sends("<iq type='set' id='admin1' to='coven@chat.shakespeare.lit'>" + scene.admin("<item affiliation='admin' jid='hag66@shakespeare.lit'><reason>A worthy witch indeed!</reason></item>") + "</iq>");
  crone.receives({"<iq", "type='result'", "id='admin1'"});
  for (Client* each : {&crone, &wicca, &hag}) {
    each->receives_among({"<presence", "/thirdwitch'", "affiliation='admin' role='moderator'", "<reason>A worthy witch indeed!</reason>"});
  }
  hag.ignores_the_rest();
  set_denied(wicca, "<item affiliation='admin' jid='hecate@shakespeare.lit'/>", "forbidden");
}

TEST_F(Muc10_7, AdminsAreUnmade) {  // examples 191 to 194
  gather();
  set_denied(wicca, "<item affiliation='none' jid='wiccarocks@shakespeare.lit'/>", "forbidden");
  sets(crone, "<item affiliation='none' jid='wiccarocks@shakespeare.lit'><reason>Not so worthy after all!</reason></item>");
  all_see({"/secondwitch'", "affiliation='none' role='participant'", "<reason>Not so worthy after all!</reason>"});
  set_denied(wicca, "<item affiliation='outcast' jid='hag66@shakespeare.lit'/>", "forbidden");   // and has its rights no more
  set_denied(wicca, "<item nick='thirdwitch' role='none'/>", "forbidden");
}

TEST_F(Muc10_8, TheAdminList) {  // examples 196 to 200
  gather();
  sets(crone, "<item affiliation='admin' jid='hecate@shakespeare.lit'/><item affiliation='none' jid='wiccarocks@shakespeare.lit'/>");
  hecate.receives("code='101'");
  all_see({"/secondwitch'", "affiliation='none' role='participant'"});
  EXPECT_TRUE(holds(gets(crone, "<item affiliation='admin'/>"), "<query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='admin' jid='hecate@shakespeare.lit'/></query>"));
  for (Client* each : {&wicca, &hag, &hecate}) {
    get_denied(*each, "<item affiliation='admin'/>", "forbidden");
    set_denied(*each, "<item affiliation='admin' jid='hag66@shakespeare.lit'/>", "forbidden");
  }
}

// ---- section 10.9

TEST_F(Muc10_9, EverybodyIsToldOnceAndTheRoomIsGone) {  // examples 201 to 204
  gather({{"persistentroom", "1"}});
  const std::string_view destroy = "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy jid='heath@chat.shakespeare.lit'><reason>Macbeth doth come.</reason></destroy></query>";
  for (Client* each : {&wicca, &hag, &hecate}) {
    EXPECT_TRUE(holds(denied(*each, "set", destroy, "forbidden"), "<error type='auth'>"));
  }
  static_cast<void>(denied(crone, "set", "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy jid='@'/></query>", "jid-malformed"));
  crone.sends("<iq type='set' id='begone' to='coven@chat.shakespeare.lit'>" + std::string(destroy) + "</iq>");
  for (const auto& [client, nickname] : {std::pair<Client*, std::string_view>{&crone, "firstwitch"}, {&wicca, "secondwitch"}, {&hag, "thirdwitch"}}) {
    client->receives({"<presence", "type='unavailable'", "from='" + scene.occupant(nickname) + "'", "<item affiliation='none' role='none'/>",
                      "<destroy jid='heath@chat.shakespeare.lit'><reason>Macbeth doth come.</reason></destroy>"});
  }
  crone.receives({"<iq", "type='result'", "id='begone'"});
  all_ignore();
  static_cast<void>(denied(crone, "get", info_query, "item-not-found"));
  EXPECT_FALSE(holds(crone.asks("get", service, items_query), "coven"));
  EXPECT_TRUE(holds(scene.enters(hag, "thirdwitch"), "code='201'"));   // and whoever comes next has a new one
}

TEST_F(Muc10_9, WithoutAWordOfWhy) {
  gather();
  crone.asks("set", coven, "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query>");
  all_see({"type='unavailable'", "<destroy/>"});
  static_cast<void>(denied(crone, "set", "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query>", "item-not-found"));
}

}  // namespace
}  // namespace aldis::test
