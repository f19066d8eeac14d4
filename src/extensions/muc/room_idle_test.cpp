// Rooms that go by themselves, and what goes of their archives by itself.
#include "tests/support/failing_stores.h"
#include "tests/support/room_scene.h"

namespace aldis::test {
namespace {

using namespace std::chrono_literals;

RoomScene::Options after_an_hour() { return {{"remove_after_idle", OptionValue(std::string("1h"))}}; }
constexpr auto an_hour_and_a_bit = 72min;   // what the store knows of activity may be ten minutes old

BareJid room_of(std::string_view local) { return BareJid::parse(std::string(local) + "@" + std::string(service)).value(); }

bool is_stored(Scene& scene, const BareJid& room) {
  const auto image = scene.wait(scene.stores().rooms.load(room));
  EXPECT_TRUE(image.has_value());
  return image && image->has_value();
}
WallTime last_active(Scene& scene, const BareJid& room) { return (**scene.wait(scene.stores().rooms.load(room))).record.last_active; }
std::uint64_t archived(Scene& scene, const BareJid& room) { return scene.wait(scene.stores().archive.summary(room))->messages; }

RoomImage stored_room(Scene& scene, std::string_view local, std::string config = {}) {
  return {.record = {.room = room_of(local), .is_public = true, .is_persistent = true, .config = std::move(config), .created = scene.clock().wall(),
                     .last_active = scene.clock().wall(), .occupant_id_key = "key", .affiliations_version = 1},
          .affiliations = {{.jid = Jid::parse("crone1@shakespeare.lit").value(), .affiliation = Affiliation::owner, .nickname = {}, .reason = {}, .version = 1}}};
}

TEST(RoomIdle, WhatNobodyUsesGoesWithItsArchive) {
  RoomScene scene(after_an_hour());
  Client& crone = scene.login("crone1@shakespeare.lit/desktop");
  Client& hag = scene.login("hag66@shakespeare.lit/pda");
  Client& bystander = scene.login("hecate@shakespeare.lit/broom");
  scene.are_online({&crone, &hag, &bystander});
  const std::string heath = "heath@chat.shakespeare.lit";
  for (const std::string& room : {std::string(coven), heath}) {
    scene.makes(crone, "firstwitch", {{"persistentroom", "1"}}, room);
    scene.says(crone, "Thrice the brinded cat hath mew'd.", "m1", room);
    crone.receives("brinded");
  }
  crone.sends("<presence type='unavailable' to='" + RoomScene::occupant("firstwitch") + "'/>");
  crone.receives({"type='unavailable'", "code='110'"});
  EXPECT_EQ(archived(scene, room_of("coven")), 1U);
  scene.advance(50min);
  EXPECT_TRUE(is_stored(scene, room_of("coven")));
  scene.advance(an_hour_and_a_bit);
  EXPECT_FALSE(is_stored(scene, room_of("coven")));
  EXPECT_EQ(archived(scene, room_of("coven")), 0U);
  EXPECT_TRUE(is_stored(scene, room_of("heath"))) << "somebody is there, silent as he is";
  EXPECT_EQ(archived(scene, room_of("heath")), 1U);
  hag.sends("<iq type='get' id='d' to='coven@chat.shakespeare.lit'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
  hag.receives_error("d", "item-not-found");
  scene.enters(hag, "secondwitch", {&crone}, {}, heath);
  for (Client* each : {&crone, &hag, &bystander}) {
    each->receives_nothing();
  }
}

TEST(RoomIdle, EnteringSpeakingAndChangingAreActivity) {
  RoomScene scene(after_an_hour());
  Client& crone = scene.login("crone1@shakespeare.lit/desktop");
  scene.are_online({&crone});
  scene.makes(crone, "firstwitch", {{"persistentroom", "1"}});
  const WallTime made = last_active(scene, room_of("coven"));
  scene.advance(5min);
  scene.says(crone, "Tis time.");
  crone.receives("Tis time");
  EXPECT_EQ(last_active(scene, room_of("coven")), made) << "not for each message a write";
  scene.advance(6min);
  scene.says(crone, "'Tis time.", "m2");
  crone.receives("Tis time");
  EXPECT_EQ(last_active(scene, room_of("coven")), scene.clock().wall()) << "a server that is killed now knows of it";
  crone.sends("<presence type='unavailable' to='" + RoomScene::occupant("firstwitch") + "'/>");
  crone.receives({"type='unavailable'", "code='110'"});
  for (int i = 0; i < 3; ++i) {  // changed from outside, by its owner
    scene.advance(50min);
    crone.asks("set", coven, RoomScene::admin("<item affiliation='member' jid='hag66@shakespeare.lit' nick='n" + std::to_string(i) + "'/>"));
    EXPECT_EQ(last_active(scene, room_of("coven")), scene.clock().wall());
  }
  scene.advance(50min);
  EXPECT_TRUE(is_stored(scene, room_of("coven")));
  scene.advance(an_hour_and_a_bit);
  EXPECT_FALSE(is_stored(scene, room_of("coven")));
  crone.receives_nothing();
}

TEST(RoomIdle, ManyGoABatchAtATimeAndWhatCannotBeReadIsInNobodysWay) {
  RoomScene scene(after_an_hour());
  Client& bystander = scene.login("hecate@shakespeare.lit/broom");
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(scene.wait(scene.stores().rooms.create(stored_room(scene, "bad" + std::to_string(i), "<no form/>"))).has_value());
  }
  for (int i = 0; i < 70; ++i) {
    ASSERT_TRUE(scene.wait(scene.stores().rooms.create(stored_room(scene, "cave" + std::to_string(i)))).has_value());
  }
  scene.advance(65min);
  EXPECT_EQ(*scene.wait(scene.stores().rooms.count(std::string(service), false)), 100U);
  scene.advance(8min);
  EXPECT_EQ(*scene.wait(scene.stores().rooms.count(std::string(service), false)), 30U);
  EXPECT_TRUE(is_stored(scene, room_of("bad7")));
  EXPECT_FALSE(is_stored(scene, room_of("cave7")));
  bystander.receives_nothing();
}

TEST(RoomIdle, WithoutALimitRoomsStay) {
  RoomScene scene;
  ASSERT_TRUE(scene.wait(scene.stores().rooms.create(stored_room(scene, "cave"))).has_value());
  scene.advance(3h);
  EXPECT_TRUE(is_stored(scene, room_of("cave")));
}

TEST(RoomIdle, WhoComesWhileItGoesMakesANewOne) {
  std::optional<testing_support::FailingStores> slow;
  SceneOptions options;
  options.wrap_stores = [&](Stores inner) {
    slow.emplace(inner, testing_support::FailingStores::Plan{});
    return slow->stores();
  };
  RoomScene scene(after_an_hour(), std::move(options));
  Client& hag = scene.login("hag66@shakespeare.lit/pda");
  scene.are_online({&hag});
  ASSERT_TRUE(scene.wait(scene.stores().rooms.create(stored_room(scene, "coven"))).has_value());
  const Completion<bool> removed;
  slow->hold_removal(removed);
  scene.advance(an_hour_and_a_bit);
  ASSERT_TRUE(is_stored(scene, room_of("coven")));
  RoomScene::tries(hag, "secondwitch");
  hag.receives_nothing();
  removed.complete(true);
  scene.run();
  hag.receives({"secondwitch", "affiliation='owner'", "code='201'"});
  hag.receives("<subject");
  hag.asks("set", coven, RoomScene::form({}));
  const auto image = scene.wait(scene.stores().rooms.load(room_of("coven")));
  ASSERT_EQ((**image).affiliations.size(), 1U) << "nothing is left of the one before";
  EXPECT_EQ((**image).affiliations[0].jid.str(), "hag66@shakespeare.lit");
  hag.receives_nothing();
}

TEST(RoomIdle, AFailureAtAnyStepIsMadeGoodByTheNextLook) {
  std::optional<testing_support::FailingStores> failing;
  SceneOptions options;
  options.wrap_stores = [&](Stores inner) {
    failing.emplace(inner, testing_support::FailingStores::Plan{});
    return failing->stores();
  };
  RoomScene scene(after_an_hour(), std::move(options));
  Client& bystander = scene.login("hecate@shakespeare.lit/broom");
  for (std::size_t n = 0; n < 12; ++n) {
    RoomImage idle = stored_room(scene, "coven");
    idle.record.last_active = scene.clock().wall() - 2h;
    ASSERT_TRUE(scene.wait(scene.stores().rooms.create(idle)).has_value());
    failing->restart({.nth = n, .takes_effect = n % 2 == 1});
    scene.advance(61s);
    scene.advance(61s);
    failing->restart({});
    scene.advance(1s);
    EXPECT_FALSE(is_stored(scene, room_of("coven"))) << n;
  }
  bystander.receives_nothing();
}

TEST(RoomRetention, OldMessagesLeaveTheArchiveAndTheHistory) {
  RoomScene scene({{"keep_for", OptionValue(std::string("10m"))}});
  Client& crone = scene.login("crone1@shakespeare.lit/desktop");
  Client& hag = scene.login("hag66@shakespeare.lit/pda");
  scene.are_online({&crone, &hag});
  scene.makes(crone, "firstwitch", {{"persistentroom", "1"}});
  scene.says(crone, "Harpier cries");
  crone.receives("Harpier");
  scene.advance(8min);
  scene.says(crone, "'Tis time", "m2");
  crone.receives("Tis time");
  EXPECT_EQ(archived(scene, room_of("coven")), 2U);
  scene.advance(4min);
  EXPECT_EQ(archived(scene, room_of("coven")), 1U);
  RoomScene::tries(hag, "secondwitch");
  hag.receives("firstwitch");
  hag.receives({"secondwitch", "code='110'"});
  hag.receives({"Tis time", "delay"});
  hag.receives("<subject");
  crone.receives("secondwitch");
}

TEST(RoomRetention, AnArchiveKeepsSoManyBytes) {
  RoomScene scene({{"keep_bytes", OptionValue(std::string("4KiB"))}});
  Client& crone = scene.login("crone1@shakespeare.lit/desktop");
  scene.are_online({&crone});
  scene.makes(crone, "firstwitch", {{"persistentroom", "1"}});
  for (int i = 0; i < 20; ++i) {
    scene.says(crone, std::string(500, 'x'), "m" + std::to_string(i));
    crone.receives("xxx");
  }
  EXPECT_EQ(archived(scene, room_of("coven")), 20U);
  scene.advance(2min);
  EXPECT_LE(archived(scene, room_of("coven")), 7U);
  EXPECT_GE(archived(scene, room_of("coven")), 1U);
}

}  // namespace
}  // namespace aldis::test
