// XEP-0463 (0.2.0): the lists of a room for those who keep them. Each scene has a bystander outside the room, and where it matters
// an occupant who may not read them.
#include "tests/support/room_scene.h"

namespace aldis::test {
namespace {

constexpr std::string_view mav = "<mav xmlns='urn:xmpp:muc:affiliations:1'";

std::string asking(std::string_view since = {}) {
  return std::string(mav) + (since.empty() ? "" : " since='" + std::string(since) + "'") + "/>";
}
std::string attribute(const std::string& stanza, std::string_view name) {
  const std::size_t from = stanza.find(" " + std::string(name) + "='", stanza.find(mav));
  if (stanza.find(mav) == std::string::npos || from == std::string::npos) {
    return {};
  }
  const std::size_t begin = from + name.size() + 3;
  return stanza.substr(begin, stanza.find('\'', begin) - begin);
}
std::size_t items(const std::string& stanza) {
  std::size_t count = 0;
  for (std::size_t at = stanza.find("<item"); at != std::string::npos; at = stanza.find("<item", at + 1)) {
    ++count;
  }
  return count;
}
std::string item(std::string_view affiliation, std::string_view user) {
  return "<item affiliation='" + std::string(affiliation) + "' jid='" + std::string(user) + "@shakespeare.lit'/>";
}

class RoomVersions : public ::testing::Test {
 protected:
  RoomScene scene;
  Client& crone = scene.login("crone1@shakespeare.lit/desktop");      // owner
  Client& wicca = scene.login("wiccarocks@shakespeare.lit/laptop");
  Client& hag = scene.login("hag66@shakespeare.lit/pda");
  Client& bystander = scene.login("hecate@shakespeare.lit/broom");
  void SetUp() override { scene.are_online({&crone, &wicca, &hag, &bystander}); }
  void TearDown() override {
    for (Client* each : {&crone, &wicca, &hag, &bystander}) {
      each->receives_nothing();
    }
  }

  void makes(std::initializer_list<std::pair<std::string_view, std::string_view>> fields = {}) {
    scene.makes(crone, "firstwitch", fields);
    crone.asks("set", coven, RoomScene::form({{"persistentroom", "1"}}));
    crone.ignores_the_rest();
  }
  void leaves(Client& client, std::string_view nickname, std::initializer_list<Client*> inside = {}) {
    client.sends("<presence type='unavailable' to='" + RoomScene::occupant(nickname) + "'/>");
    client.receives({"type='unavailable'", "code='110'"});
    for (Client* each : inside) {
      each->receives({"type='unavailable'", nickname});
    }
  }
  // Sets affiliations, one a request; nobody looks at what occupants are told.
  void sets(Client& actor, std::initializer_list<std::pair<std::string_view, std::string_view>> changes) {
    for (const auto& [affiliation, user] : changes) {
      actor.asks("set", coven, RoomScene::admin(item(affiliation, user)));
      for (Client* each : {&crone, &wicca, &hag, &bystander}) {
        each->ignores_the_rest();
      }
    }
  }
  // Enters as firstwitch's owner did, asking: what comes before the presence ("" : nothing), and the version that stands then.
  std::string enters_asking(Client& client, std::string_view nickname, std::string_view since, std::string& until,
                            std::initializer_list<Client*> inside = {}) {
    RoomScene::tries(client, nickname, asking(since));
    std::string told;
    std::string first = client.next();
    if (first.starts_with("<message")) {
      told = first;
      first = client.next();
    }
    EXPECT_TRUE(first.starts_with("<presence")) << first;
    while (first.find("code='110'") == std::string::npos && !first.empty()) {
      EXPECT_EQ(first.find("<mav"), std::string::npos) << first;
      first = client.next();
    }
    until = attribute(first, "until");
    EXPECT_FALSE(until.empty()) << first;
    EXPECT_EQ(attribute(first, "since"), "") << first;
    client.receives("<subject");
    for (Client* each : inside) {
      EXPECT_EQ(each->receives({"<presence", nickname}).find("<mav"), std::string::npos);
    }
    return told;
  }
};

TEST_F(RoomVersions, IsAdvertisedByTheRoom) {  // section 4
  makes();
  const std::string info = bystander.asks("get", coven, "<query xmlns='http://jabber.org/protocol/disco#info'/>");
  EXPECT_NE(info.find("<feature var='urn:xmpp:muc:affiliations:1'/>"), std::string::npos) << info;
}

TEST_F(RoomVersions, AllOfItThenOnlyWhatHasChanged) {  // section 5.2.1
  makes();
  sets(crone, {{"owner", "wiccarocks"}, {"member", "hag66"}, {"outcast", "thane"}});
  leaves(crone, "firstwitch");
  std::string until;
  std::string told = enters_asking(crone, "firstwitch", {}, until);
  EXPECT_EQ(attribute(told, "since"), "");
  EXPECT_EQ(attribute(told, "until"), until);
  EXPECT_EQ(items(told), 4U) << told;
  for (const std::string& each : {item("owner", "crone1"), item("owner", "wiccarocks"), item("member", "hag66"), item("outcast", "thane")}) {
    EXPECT_NE(told.find(each), std::string::npos) << told;
  }
  leaves(crone, "firstwitch");
  const std::string known = until;
  EXPECT_EQ(enters_asking(crone, "firstwitch", known, until), "") << "it is current";
  EXPECT_EQ(until, known);
  leaves(crone, "firstwitch");
  sets(wicca, {{"none", "hag66"}, {"admin", "thane"}, {"member", "banquo"}, {"admin", "banquo"}});
  told = enters_asking(crone, "firstwitch", known, until);
  EXPECT_EQ(attribute(told, "since"), known);
  EXPECT_EQ(attribute(told, "until"), until);
  EXPECT_NE(until, known);
  EXPECT_EQ(items(told), 3U) << told;
  for (const std::string& each : {item("none", "hag66"), item("admin", "thane"), item("admin", "banquo")}) {
    EXPECT_NE(told.find(each), std::string::npos) << told;
  }
  EXPECT_NE(told.find("http://jabber.org/protocol/muc#user"), std::string::npos);
}

TEST_F(RoomVersions, OutliveTheRoomsTimeInMemory) {
  makes();
  sets(crone, {{"owner", "wiccarocks"}, {"member", "hag66"}});
  leaves(crone, "firstwitch");
  std::string known;
  static_cast<void>(enters_asking(crone, "firstwitch", {}, known));
  leaves(crone, "firstwitch");
  sets(wicca, {{"none", "hag66"}});
  scene.advance(std::chrono::minutes(10));
  std::string until;
  const std::string told = enters_asking(crone, "firstwitch", known, until);
  EXPECT_EQ(attribute(told, "since"), known);
  EXPECT_EQ(items(told), 1U) << told;
  EXPECT_NE(told.find(item("none", "hag66")), std::string::npos) << told;
}

TEST_F(RoomVersions, WhatTheRoomDoesNotKnowIsAnsweredWithAllOfIt) {
  makes();
  sets(crone, {{"member", "hag66"}});
  leaves(crone, "firstwitch");
  std::string known, until;
  static_cast<void>(enters_asking(crone, "firstwitch", {}, known));
  leaves(crone, "firstwitch");
  const std::string later = known.substr(0, known.rfind('-')) + "-99";
  for (const std::string& since : {std::string("9pacabr2q1"), later, std::string("-"), known + "0", "0" + known, std::string("' onload='")}) {
    if (since.find('\'') != std::string::npos) {
      continue;
    }
    const std::string told = enters_asking(crone, "firstwitch", since, until);
    EXPECT_EQ(attribute(told, "since"), "") << since;
    EXPECT_EQ(items(told), 2U) << told;
    leaves(crone, "firstwitch");
  }
  // Another room of that name.
  crone.asks("set", coven, "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query>");
  scene.advance(std::chrono::seconds(1));
  makes();
  leaves(crone, "firstwitch");
  const std::string told = enters_asking(crone, "firstwitch", known, until);
  EXPECT_EQ(attribute(told, "since"), "");
  EXPECT_EQ(items(told), 1U) << told;
  EXPECT_NE(until, known);
}

TEST_F(RoomVersions, WhoMayNotReadTheListsIsToldSoAndComesIn) {  // section 5.2.3
  makes();
  RoomScene::tries(hag, "thirdwitch", asking());
  const std::string error = hag.receives({"<message", "type='error'", "id='join'", "from='coven@chat.shakespeare.lit'", "<error type='auth'>", "<forbidden"});
  EXPECT_EQ(error.find("crone1"), std::string::npos) << error;
  hag.receives("firstwitch");
  hag.receives({"thirdwitch", "code='110'"});
  hag.receives("<subject");
  crone.receives("thirdwitch");
}

TEST_F(RoomVersions, ChangesAreToldWithTheirVersions) {  // section 5.2.2
  makes();
  scene.enters(hag, "thirdwitch", {&crone});
  leaves(crone, "firstwitch", {&hag});
  std::string known;
  static_cast<void>(enters_asking(crone, "firstwitch", {}, known, {&hag}));
  // Of an occupant: with the presence that all get.
  crone.sends("<iq type='set' id='a' to='coven@chat.shakespeare.lit'>" + RoomScene::admin(item("member", "hag66")) + "</iq>");
  crone.receives({"type='result'", "id='a'"});
  std::string shown = crone.receives({"<presence", "thirdwitch", "affiliation='member'"});
  EXPECT_EQ(attribute(shown, "since"), known);
  std::string now = attribute(shown, "until");
  EXPECT_NE(now, known);
  shown = hag.receives({"<presence", "thirdwitch", "affiliation='member'", "code='110'"});
  EXPECT_EQ(attribute(shown, "until"), now);
  // Of somebody else: with a message to those who may read the lists.
  crone.asks("set", coven, RoomScene::admin(item("outcast", "banquo")));
  shown = crone.receives({"<message", "from='coven@chat.shakespeare.lit'", item("outcast", "banquo")});
  EXPECT_EQ(attribute(shown, "since"), now);
  now = attribute(shown, "until");
  hag.receives_nothing();
  // And what it says is what stands.
  crone.sends("<presence id='p' to='" + RoomScene::occupant("firstwitch") + "'><show>away</show></presence>");
  EXPECT_EQ(attribute(crone.receives({"away", "code='110'"}), "until"), now);
  EXPECT_EQ(hag.receives("away").find("<mav"), std::string::npos);
  // Removed with a ban.
  crone.sends("<iq type='set' id='b' to='coven@chat.shakespeare.lit'>" + RoomScene::admin(item("outcast", "hag66")) + "</iq>");
  crone.receives({"type='result'", "id='b'"});
  shown = crone.receives({"type='unavailable'", "thirdwitch", "affiliation='outcast'", "code='301'"});
  EXPECT_EQ(attribute(shown, "since"), now);
  hag.receives({"type='unavailable'", "code='301'"});
}

TEST_F(RoomVersions, WhoHasNotAskedIsToldNothing) {  // section 9: it is negotiated
  makes();
  crone.asks("set", coven, RoomScene::admin(item("outcast", "banquo")));
  crone.receives_nothing();
}

TEST_F(RoomVersions, InANonAnonymousRoomMembersKeepThemWithoutTheOutcasts) {
  makes({{"whois", "anyone"}});
  sets(crone, {{"member", "wiccarocks"}, {"outcast", "thane"}});
  std::string known, until;
  leaves(crone, "firstwitch");
  static_cast<void>(enters_asking(crone, "firstwitch", {}, known));
  std::string told = enters_asking(wicca, "secondwitch", {}, known, {&crone});
  EXPECT_EQ(items(told), 2U) << told;
  EXPECT_NE(told.find(item("owner", "crone1")), std::string::npos) << told;
  EXPECT_EQ(told.find("thane"), std::string::npos) << told;
  // A ban he may not know of: the version goes on, and nobody is named.
  crone.asks("set", coven, RoomScene::admin(item("outcast", "banquo")));
  crone.receives({"<message", item("outcast", "banquo")});
  told = wicca.receives({"<message", mav});
  EXPECT_EQ(attribute(told, "since"), known);
  EXPECT_EQ(items(told), 0U) << told;
  // One that was on a list he reads is on none any more.
  crone.asks("set", coven, RoomScene::admin(item("member", "hag66")));
  crone.receives({"<message", item("member", "hag66")});
  hag.receives("code='101'");
  wicca.receives({"<message", item("member", "hag66")});
  crone.asks("set", coven, RoomScene::admin(item("outcast", "hag66")));
  crone.receives({"<message", item("outcast", "hag66")});
  told = wicca.receives({"<message", item("none", "hag66")});
  known = attribute(told, "until");
  leaves(wicca, "secondwitch", {&crone});
  // What he cannot be told as a difference he is told as a whole, without the outcasts.
  sets(crone, {{"none", "banquo"}, {"admin", "macduff"}});
  told = enters_asking(wicca, "secondwitch", known, until, {&crone});
  EXPECT_EQ(attribute(told, "since"), "") << told;
  EXPECT_EQ(items(told), 3U) << told;
  EXPECT_EQ(told.find("banquo"), std::string::npos) << told;
  leaves(wicca, "secondwitch", {&crone});
  known = until;
  sets(crone, {{"member", "lennox"}});
  told = enters_asking(wicca, "secondwitch", known, until, {&crone});
  EXPECT_EQ(attribute(told, "since"), known);
  EXPECT_EQ(items(told), 1U) << told;
}

TEST_F(RoomVersions, NobodyLearnsWhatWasBeforeHim) {  // section 6
  makes({{"whois", "anyone"}});
  leaves(crone, "firstwitch");
  std::string before, until;
  static_cast<void>(enters_asking(crone, "firstwitch", {}, before));
  sets(crone, {{"member", "banquo"}, {"none", "banquo"}, {"admin", "hag66"}});
  const std::string told = enters_asking(hag, "thirdwitch", before, until, {&crone});
  EXPECT_EQ(attribute(told, "since"), "") << told;
  EXPECT_EQ(told.find("banquo"), std::string::npos) << told;
  EXPECT_EQ(items(told), 2U) << told;
}

TEST_F(RoomVersions, WherePresenceIsThinnedMessagesTellAll) {
  makes({{"presencebroadcast", "moderator"}});
  scene.enters(hag, "thirdwitch");
  leaves(crone, "firstwitch", {&hag});
  std::string known;
  static_cast<void>(enters_asking(crone, "firstwitch", {}, known, {&hag}));
  crone.asks("set", coven, RoomScene::admin(item("member", "hag66")));
  const std::string told = crone.receives({"<message", item("member", "hag66")});
  EXPECT_EQ(attribute(told, "since"), known);
  EXPECT_EQ(attribute(hag.receives({"<presence", "code='110'", "affiliation='member'"}), "until"), attribute(told, "until"));
}

TEST_F(RoomVersions, LongListsAreSplitAndForgottenRemovalsMeanAllOfIt) {
  makes();
  sets(crone, {{"owner", "wiccarocks"}});
  leaves(crone, "firstwitch");
  std::string known, until;
  static_cast<void>(enters_asking(crone, "firstwitch", {}, known));
  leaves(crone, "firstwitch");
  const auto set_many = [&](std::string_view affiliation, int from, int to) {
    std::string all;
    for (int i = from; i < to; ++i) {
      all += item(affiliation, "u" + std::to_string(i));
    }
    wicca.asks("set", coven, RoomScene::admin(all));
  };
  set_many("member", 0, 450);
  RoomScene::tries(crone, "firstwitch", asking(known));
  std::size_t count = 0;
  std::string place = known;
  for (int i = 0; i < 3; ++i) {
    const std::string part = crone.receives({"<message", mav});
    EXPECT_EQ(attribute(part, "since"), place);
    place = attribute(part, "until");
    count += items(part);
  }
  EXPECT_EQ(count, 450U);
  EXPECT_EQ(attribute(crone.receives({"<presence", "code='110'"}), "until"), place);
  crone.receives("<subject");
  leaves(crone, "firstwitch");
  set_many("none", 0, 200);
  std::string told = enters_asking(crone, "firstwitch", place, until);
  EXPECT_EQ(attribute(told, "since"), place);
  crone.ignores_the_rest();
  leaves(crone, "firstwitch");
  set_many("none", 200, 300);
  told = enters_asking(crone, "firstwitch", place, until);
  EXPECT_EQ(attribute(told, "since"), "") << "not all removals since then are known";
  EXPECT_EQ(items(told), 152U);
}

}  // namespace
}  // namespace aldis::test
