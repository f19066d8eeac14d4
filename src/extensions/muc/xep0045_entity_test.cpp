// XEP-0045 (1.35.5) chapters 5 and 6, section by section where room_test.cpp has no scene of it: roles, affiliations, discovery. The
// list of all is docs/rooms-conformance.md.
#include "tests/support/coven.h"

namespace aldis::test {
namespace {

using Muc5_1 = Coven;
using Muc5_1_2 = Coven;
using Muc5_1_3 = Coven;
using Muc5_2 = Coven;
using Muc6_4 = Coven;
using Muc6_5 = Coven;
using Muc6_6 = Coven;

TEST_F(Muc5_1, RoleAndAffiliationAreInEveryPresence) {  // also 5.2, 7.2.2 (one x) and 17.3
  gather({{"moderatedroom", "1"}});
  Client& broom = scene.login("hecate@shakespeare.lit/besom");
  scene.enters(broom, "fourthwitch", {&crone, &wicca, &hag});
  shows(broom, "fourthwitch", "<show>away</show>");
  shows(broom, "fifthwitch");
  sets(crone, "<item nick='fifthwitch' role='participant'/>");
  sets(crone, "<item jid='hecate@shakespeare.lit' affiliation='member'/>");
  sets(crone, "<item jid='hecate@shakespeare.lit' affiliation='none'/>");
  sets(crone, "<item nick='fifthwitch' role='none'/>");
  scene.enters(broom, "fourthwitch");
  shows(broom, "fourthwitch", {}, "unavailable");
  scene.enters(broom, "fourthwitch");
  broom.sends("<message type='error' to='coven@chat.shakespeare.lit/firstwitch'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>");
  scene.enters(broom, "fourthwitch");
  sets(crone, "<item jid='hecate@shakespeare.lit' affiliation='outcast'/>");
  std::size_t presences = 0;
  for (Client* each : {&crone, &hag, &broom}) {
    while (each->waiting() > 0) {
      const std::string stanza = each->next();
      if (stanza.starts_with("<presence")) {
        ++presences;
        EXPECT_EQ(count(stanza, "<x xmlns='http://jabber.org/protocol/muc#user'"), 1U) << stanza;
        EXPECT_EQ(count(stanza, "<item affiliation='"), 1U) << stanza;
        EXPECT_EQ(count(stanza, " role='"), 1U) << stanza;
        const bool is_over = holds(stanza, "type='unavailable'") && !holds(stanza, "code='303'");
        EXPECT_EQ(is_over, holds(stanza, "role='none'")) << stanza;   // section 7.14
      }
    }
  }
  EXPECT_GE(presences, 25U);
  all_ignore();
}

TEST_F(Muc5_1, RolesEndWithTheVisitAndAffiliationsDoNot) {  // also 5.2
  gather();
  sets(crone, "<item nick='thirdwitch' role='moderator'/>");
  all_ignore();
  shows(hag, "thirdwitch", {}, "unavailable");
  all_ignore();
  EXPECT_TRUE(holds(scene.enters(hag, "thirdwitch", {&crone, &wicca}), "role='participant'"));
  shows(wicca, "secondwitch", {}, "unavailable");
  all_ignore();
  EXPECT_TRUE(holds(scene.enters(wicca, "secondwitch", {&crone, &hag}), "affiliation='admin' role='moderator'"));
}

TEST_F(Muc5_1_2, TheRoleOfEachAffiliation) {
  struct Kind {
    std::string_view field;
    std::string_view of_none;
  };
  for (const Kind& kind : {Kind{"moderatedroom", "visitor"}, Kind{"publicroom", "participant"}}) {
    scene.makes(crone, "firstwitch", {{kind.field, "1"}, {"persistentroom", "1"}});
    for (const auto& [affiliation, role] : {std::pair<std::string_view, std::string_view>{"none", kind.of_none}, {"member", "participant"},
                                            {"admin", "moderator"}, {"owner", "moderator"}}) {
      sets(crone, "<item jid='hag66@shakespeare.lit' affiliation='" + std::string(affiliation) + "'/>");
      hag.ignores_the_rest();   // 101
      const std::string own = scene.enters(hag, "thirdwitch", {&crone});
      EXPECT_TRUE(holds(own, "affiliation='" + std::string(affiliation) + "' role='" + std::string(role) + "'")) << own;
      shows(hag, "thirdwitch", {}, "unavailable");
      hag.ignores_the_rest();
      crone.ignores_the_rest();
    }
    crone.asks("set", coven, "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query>");
    crone.ignores_the_rest();
  }
}

TEST_F(Muc5_1_3, AnAffiliationBringsItsRole) {  // and 5.2.2: all occupants are told
  gather({{"moderatedroom", "1"}});
  for (const auto& [affiliation, role] : {std::pair<std::string_view, std::string_view>{"member", "participant"}, {"admin", "moderator"}, {"owner", "moderator"},
                                          {"admin", "moderator"}, {"member", "participant"}, {"none", "visitor"}}) {
    sets(crone, "<item jid='hag66@shakespeare.lit' affiliation='" + std::string(affiliation) + "'/>");
    const std::string item = "affiliation='" + std::string(affiliation) + "' role='" + std::string(role) + "'";
    for (Client* each : {&crone, &wicca, &hag}) {
      each->receives_among({"<presence", "from='coven@chat.shakespeare.lit/thirdwitch'", item});
    }
    hag.ignores_the_rest();   // the others, shown with their addresses now
  }
}

TEST_F(Muc5_2, AffiliationsAreOfBareAddresses) {
  gather();
  Client& phone = scene.login("hag66@shakespeare.lit/phone");
  sets(crone, "<item jid='hag66@shakespeare.lit' affiliation='member'/>");
  all_see({"thirdwitch", "affiliation='member'"});
  EXPECT_TRUE(holds(scene.enters(phone, "fourthwitch", {&crone, &wicca, &hag}), "affiliation='member'"));
}

TEST_F(Muc6_4, EachKindOfRoomIsToldByItsFeature) {  // of the registry of section 16.3
  struct Kind {
    Fields fields;
    std::string_view feature;
    std::string_view other;
  };
  scene.makes(crone, "firstwitch");
  for (const Kind& kind : {Kind{{{"persistentroom", "1"}}, "muc_persistent", "muc_temporary"}, Kind{{{"persistentroom", "0"}}, "muc_temporary", "muc_persistent"},
                           Kind{{{"publicroom", "0"}}, "muc_hidden", "muc_public"}, Kind{{{"publicroom", "1"}}, "muc_public", "muc_hidden"},
                           Kind{{{"membersonly", "1"}}, "muc_membersonly", "muc_open"}, Kind{{{"membersonly", "0"}}, "muc_open", "muc_membersonly"},
                           Kind{{{"moderatedroom", "1"}}, "muc_moderated", "muc_unmoderated"}, Kind{{{"moderatedroom", "0"}}, "muc_unmoderated", "muc_moderated"},
                           Kind{{{"whois", "anyone"}}, "muc_nonanonymous", "muc_semianonymous"}, Kind{{{"whois", "moderators"}}, "muc_semianonymous", "muc_nonanonymous"},
                           Kind{{{"passwordprotectedroom", "1"}, {"roomsecret", "x"}}, "muc_passwordprotected", "muc_unsecured"},
                           Kind{{{"passwordprotectedroom", "0"}}, "muc_unsecured", "muc_passwordprotected"}}) {
    configures(kind.fields);
    const std::string info = hag.asks("get", coven, info_query);
    EXPECT_TRUE(holds(info, "<feature var='" + std::string(kind.feature) + "'/>")) << kind.feature;
    EXPECT_FALSE(holds(info, "'" + std::string(kind.other) + "'")) << kind.feature;
    EXPECT_EQ(count(info, "<identity category='conference' type='text'"), 1U) << info;
  }
  crone.ignores_the_rest();
}

TEST_F(Muc6_4, WhatIsToldBesides) {  // example 10: muc#roominfo
  scene.makes(crone, "firstwitch", {{"roomdesc", "The place for all good witches!"}, {"changesubject", "1"}, {"lang", "en"},
                                    {"muc#roominfo_contactjid", "crone1@shakespeare.lit"}});
  writes(crone, "groupchat", "<subject>Spells</subject>");
  crone.receives("Spells");
  const std::string info = hag.asks("get", coven, info_query);
  for (const std::string_view field : {"<value>http://jabber.org/protocol/muc#roominfo</value>", "<value>The place for all good witches!</value>", "<value>Spells</value>",
                                       "var='muc#roominfo_occupants'", "var='muc#roomconfig_changesubject'", "<value>crone1@shakespeare.lit</value>", "<value>en</value>"}) {
    EXPECT_TRUE(holds(info, field)) << field << " in " << info;
  }
  configures({{"membersonly", "1"}});   // section 14.4: the subject is for those who may enter
  crone.ignores_the_rest();
  EXPECT_FALSE(holds(hag.asks("get", coven, info_query), "Spells"));
}

TEST_F(Muc6_5, OccupantsAreListedWhereTheOwnerWantsIt) {  // examples 11 to 13
  gather();
  EXPECT_FALSE(holds(hecate.asks("get", coven, items_query), "<item"));
  configures({{"{https://aldis.im/rooms}list_occupants", "1"}});
  all_see({"code='104'"});
  const std::string items = hecate.asks("get", coven, items_query);
  for (const std::string_view nickname : {"firstwitch", "secondwitch", "thirdwitch"}) {
    EXPECT_TRUE(holds(items, "<item jid='" + scene.occupant(nickname) + "'")) << items;
  }
  EXPECT_FALSE(holds(items, "affiliation")) << items;
  EXPECT_FALSE(holds(items, "shakespeare.lit/desktop")) << items;
}

TEST_F(Muc6_6, AnOccupantsDiscoveryIsPassedOn) {
  gather();
  hag.sends("<iq type='get' id='i' to='coven@chat.shakespeare.lit/firstwitch'>" + std::string(info_query) + "</iq>");
  const std::string asked = crone.receives({"disco#info", "from='coven@chat.shakespeare.lit/thirdwitch'", "to='crone1@shakespeare.lit/desktop'"});
  crone.sends("<iq type='result' id='" + value_of(asked, "id") + "' to='coven@chat.shakespeare.lit/thirdwitch'><query xmlns='http://jabber.org/protocol/disco#info'>"
              "<identity category='client' type='pc'/></query></iq>");
  hag.receives({"type='result'", "id='i'", "from='coven@chat.shakespeare.lit/firstwitch'", "category='client'"});
  static_cast<void>(denied(hecate, "get", info_query, "bad-request", "coven@chat.shakespeare.lit/firstwitch"));
  static_cast<void>(denied(hecate, "get", items_query, "bad-request", "coven@chat.shakespeare.lit/firstwitch"));
}

}  // namespace
}  // namespace aldis::test
