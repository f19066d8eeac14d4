// Many enter a large room at once (muc/fan_out.h): they are announced together, each once, to everybody, and before what is said next.
#include "tests/support/room_scene.h"

namespace aldis::test {
namespace {

class Rush : public ::testing::Test {
 protected:
  Rush() {
    crone.comes_online();
    scene.makes(crone, "firstwitch");
    for (int i = 0; i < 100; ++i) {
      Client& each = scene.login("imp" + std::to_string(i) + "@shakespeare.lit/x");
      RoomScene::tries(each, "imp" + std::to_string(i));
      scene.advance(std::chrono::milliseconds(60));   // no hurry
      crowd.push_back(&each);
    }
    for (Client* each : crowd) {
      each->ignores_the_rest();
    }
    crone.ignores_the_rest();
  }
  void the_crowd_goes() {
    for (Client* each : crowd) {
      each->ignores_the_rest();
    }
  }
  // What the client reads until the subject, and then until there is nothing: how often this nickname is shown.
  static int shown(Client& client, std::string_view nickname) {
    const std::string from = "from='" + RoomScene::occupant(nickname) + "'";
    int count = 0;
    for (std::string next = client.next(); !next.empty(); next = client.next()) {
      count += next.starts_with("<presence") && next.find(from) != std::string::npos ? 1 : 0;
      if (next.find("<subject") != std::string::npos) {
        break;
      }
    }
    return count;
  }

  RoomScene scene;
  Client& crone = scene.login("crone1@shakespeare.lit/desktop");
  std::vector<Client*> crowd;
};

TEST_F(Rush, NewcomersAreAnnouncedTogetherAndOnce) {
  Client& hag = scene.login("hag66@shakespeare.lit/pda");
  Client& wise = scene.login("wiccarocks@shakespeare.lit/laptop");
  Client& cat = scene.login("graymalkin@shakespeare.lit/x");
  RoomScene::tries(cat, "cat");      // the first of them at once
  crone.receives({"<presence", "/cat'"});
  RoomScene::tries(hag, "thirdwitch");
  RoomScene::tries(wise, "secondwitch");
  crone.receives_nothing();
  EXPECT_EQ(shown(hag, "thirdwitch"), 1);          // they are in, and know who is
  EXPECT_EQ(shown(wise, "thirdwitch"), 1);
  scene.advance(std::chrono::milliseconds(60));
  for (Client* each : {&crone, crowd.front(), crowd.back(), &cat}) {
    each->receives_among({"<presence", "/thirdwitch'"});
    each->receives_among({"<presence", "/secondwitch'"});
  }
  hag.receives({"<presence", "/secondwitch'"});    // who came after her; not herself again
  hag.receives_nothing();
  wise.receives_nothing();
  cat.ignores_the_rest();
  the_crowd_goes();
}

TEST_F(Rush, WhatIsSaidNextComesBehind) {
  Client& hag = scene.login("hag66@shakespeare.lit/pda");
  Client& wise = scene.login("wiccarocks@shakespeare.lit/laptop");
  RoomScene::tries(hag, "thirdwitch");
  RoomScene::tries(wise, "secondwitch");
  crone.receives({"<presence", "/thirdwitch'"});
  RoomScene::says(wise, "fair is foul");
  crone.receives({"<presence", "/secondwitch'"});
  crone.receives("fair is foul");
  hag.ignores_the_rest();
  wise.ignores_the_rest();
  the_crowd_goes();
}

TEST_F(Rush, WhoLeavesAtOnceHasBeenThere) {
  Client& hag = scene.login("hag66@shakespeare.lit/pda");
  Client& wise = scene.login("wiccarocks@shakespeare.lit/laptop");
  RoomScene::tries(hag, "thirdwitch");
  RoomScene::tries(wise, "secondwitch");
  crone.receives({"<presence", "/thirdwitch'"});
  wise.sends("<presence type='unavailable' to='" + RoomScene::occupant("secondwitch") + "'/>");
  const std::string here = crone.receives({"<presence", "/secondwitch'"});
  EXPECT_EQ(here.find("unavailable"), std::string::npos) << here;
  crone.receives({"<presence", "/secondwitch'", "type='unavailable'"});
  hag.ignores_the_rest();
  wise.ignores_the_rest();
  the_crowd_goes();
}

}  // namespace
}  // namespace aldis::test
