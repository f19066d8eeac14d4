// XEP-0486 (0.1.0): a room's avatar. The scenes have a bystander outside the room.
#include "tests/support/failing_stores.h"
#include "tests/support/room_scene.h"

namespace aldis::test {
namespace {

constexpr std::string_view info = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
constexpr std::string_view get_card = "<vCard xmlns='vcard-temp'/>";
// The XEP's own, whose hash it gives (section 4.3).
constexpr std::string_view svg = "PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIHdpZHRoPSIzMiIgaGVpZ2h0PSIzMiI+CiA8cmVjdCB4PSIwIiB5PSIwIiB3aWR0aD0i"
                                 "MzIiIGhlaWdodD0iMzIiIGZpbGw9InJlZCIvPgo8L3N2Zz4K";
constexpr std::string_view svg_hash = "a31c4bd04de69663cfd7f424a8453f4674da37ff";

std::string photo(std::string_view data) { return "<PHOTO><TYPE>image/svg+xml</TYPE><BINVAL>" + std::string(data) + "</BINVAL></PHOTO>"; }
std::string card(std::string_view content) { return "<vCard xmlns='vcard-temp'>" + std::string(content) + "</vCard>"; }

class RoomAvatar : public ::testing::Test {
 protected:
  std::optional<testing_support::FailingStores> failing;
  RoomScene scene{{{"vcard_bytes", OptionValue(std::string("2KiB"))}}, options()};
  Client& crone = scene.login("crone1@shakespeare.lit/desktop");      // owner
  Client& hag = scene.login("hag66@shakespeare.lit/pda");
  Client& bystander = scene.login("hecate@shakespeare.lit/broom");
  void SetUp() override {
    scene.are_online({&crone, &hag, &bystander});
    scene.makes(crone, "firstwitch", {{"persistentroom", "1"}});
    scene.enters(hag, "thirdwitch", {&crone});
  }
  void TearDown() override {
    for (Client* each : {&crone, &hag, &bystander}) {
      each->receives_nothing();
    }
  }
  SceneOptions options() {
    SceneOptions made;
    made.wrap_stores = [this](Stores inner) {
      failing.emplace(inner, testing_support::FailingStores::Plan{});
      return failing->stores();
    };
    return made;
  }
  void refused(Client& client, std::string_view type, const std::string& payload, std::string_view condition,
               const std::source_location& where = std::source_location::current()) {
    client.sends("<iq type='" + std::string(type) + "' id='r' to='coven@chat.shakespeare.lit'>" + payload + "</iq>");
    client.receives_error("r", condition, where);
  }
  void is_told_of_a_change() {
    for (Client* each : {&crone, &hag}) {
      each->receives({"<message", "type='groupchat'", "from='coven@chat.shakespeare.lit'", "<status code='104'/>"});
    }
  }
};

TEST_F(RoomAvatar, IsPublishedDiscoveredAndTakenBack) {  // sections 4.1 to 4.4
  EXPECT_NE(bystander.asks("get", service, info).find("<feature var='vcard-temp'/>"), std::string::npos);
  EXPECT_NE(bystander.asks("get", service, get_card).find("<vCard xmlns='vcard-temp'/>"), std::string::npos);
  std::string told = bystander.asks("get", coven, info);
  EXPECT_NE(told.find("<feature var='vcard-temp'/>"), std::string::npos);
  EXPECT_EQ(told.find("avatarhash"), std::string::npos);
  EXPECT_NE(bystander.asks("get", coven, get_card).find("<vCard xmlns='vcard-temp'/>"), std::string::npos);
  crone.asks("set", coven, card(photo(svg)));
  is_told_of_a_change();
  told = bystander.asks("get", coven, info);
  EXPECT_NE(told.find("<field var='muc#roominfo_avatarhash' type='text-multi'"), std::string::npos) << told;
  EXPECT_NE(told.find("<value>" + std::string(svg_hash) + "</value>"), std::string::npos) << told;
  EXPECT_NE(bystander.asks("get", coven, get_card).find(photo(svg)), std::string::npos);
  // Several forms of it, and lines in them (section 5.1).
  crone.asks("set", coven, card(photo(std::string(svg.substr(0, 40)) + "\n   " + std::string(svg.substr(40))) + photo("aGVsbG8=")));
  is_told_of_a_change();
  told = bystander.asks("get", coven, info);
  EXPECT_NE(told.find("<value>" + std::string(svg_hash) + "</value><value>aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d</value>"), std::string::npos) << told;
  crone.asks("set", coven, card(""));
  is_told_of_a_change();
  EXPECT_EQ(bystander.asks("get", coven, info).find("avatarhash"), std::string::npos);
  EXPECT_NE(bystander.asks("get", coven, get_card).find("<vCard xmlns='vcard-temp'/>"), std::string::npos);
}

TEST_F(RoomAvatar, OutlivesTheRoomsTimeInMemoryAndGoesWithTheRoom) {
  crone.asks("set", coven, card(photo(svg)));
  is_told_of_a_change();
  hag.sends("<presence type='unavailable' to='" + RoomScene::occupant("thirdwitch") + "'/>");
  crone.sends("<presence type='unavailable' to='" + RoomScene::occupant("firstwitch") + "'/>");
  crone.ignores_the_rest();
  hag.ignores_the_rest();
  scene.advance(std::chrono::minutes(10));
  EXPECT_NE(bystander.asks("get", coven, info).find(svg_hash), std::string::npos);
  crone.asks("set", coven, "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query>");
  scene.makes(hag, "thirdwitch");
  EXPECT_EQ(bystander.asks("get", coven, info).find("avatarhash"), std::string::npos);
  EXPECT_EQ(bystander.asks("get", coven, get_card).find("PHOTO"), std::string::npos);
}

TEST_F(RoomAvatar, OnlyOwnersSetItAndOnlyWhatCanBeRead) {
  crone.asks("set", coven, card(photo(svg)));
  is_told_of_a_change();
  refused(hag, "set", card(photo("aGVsbG8=")), "forbidden");
  refused(bystander, "set", card(""), "forbidden");
  refused(crone, "set", card(photo("not base64")), "bad-request");
  refused(crone, "set", card(photo("")), "bad-request");
  refused(crone, "set", card("<FN>" + std::string(2048, 'x') + "</FN>"), "not-acceptable");
  std::string many;
  for (int i = 0; i < 9; ++i) {
    many += photo("aGVsbG8=");
  }
  refused(crone, "set", card(many), "bad-request");
  EXPECT_NE(bystander.asks("get", coven, get_card).find(photo(svg)), std::string::npos);
  crone.asks("set", coven, RoomScene::admin("<item affiliation='outcast' jid='hag66@shakespeare.lit'/>"));
  hag.receives("code='301'");
  crone.receives({"thirdwitch", "code='301'"});
  refused(hag, "get", std::string(get_card), "forbidden");
}

TEST_F(RoomAvatar, WhatTheStoreDoesNotTakeIsNotTold) {
  for (std::size_t n = 0; n < 2; ++n) {
    failing->restart({.nth = n});
    refused(crone, "set", card(photo(svg)), "resource-constraint");
    failing->restart({});
    EXPECT_EQ(bystander.asks("get", coven, info).find("avatarhash"), std::string::npos);
  }
}

TEST_F(RoomAvatar, ARoomThatIsNotOpenYetHasNone) {
  constexpr std::string_view heath = "heath@chat.shakespeare.lit";
  scene.enters(hag, "thirdwitch", {}, {}, heath);
  hag.sends("<iq type='set' id='r' to='heath@chat.shakespeare.lit'>" + card(photo(svg)) + "</iq>");
  hag.receives_error("r", "not-allowed");
  bystander.sends("<iq type='get' id='r' to='heath@chat.shakespeare.lit'>" + std::string(get_card) + "</iq>");
  bystander.receives_error("r", "item-not-found");
}

}  // namespace
}  // namespace aldis::test
