// Affiliations by groups of a directory: what they give, where what is stored is more, and that they end with the membership (XEP-0045 section 9.4).
#include "tests/support/room_scene.h"

namespace aldis::test {
namespace {

using Members = std::map<std::string, std::vector<std::string>>;

class RoomGroups : public ::testing::Test {
 protected:
  void has(const Members& groups) {
    std::vector<DirectoryGroup> all;
    for (const auto& [name, members] : groups) {
      DirectoryGroup group{name, name, false, {}};
      for (const std::string& member : members) group.members.push_back({BareJid::of(member, "shakespeare.lit").value()});
      all.push_back(std::move(group));
    }
    EXPECT_TRUE(scene.wait([](World& world, std::vector<DirectoryGroup> of) -> Task<bool> {
      co_await share_groups(world, "shakespeare.lit", std::move(of));
      co_return true;
    }(scene.world(), std::move(all))));
  }
  static std::vector<std::string> list(std::string text) { return {std::move(text)}; }

  RoomScene scene{{{"owner_groups", list("coven=elders@shakespeare.lit")}, {"member_groups", list("cov*=witches@shakespeare.lit")}}};
  Client& crone = scene.login("crone1@shakespeare.lit/desktop");
  Client& hag = scene.login("hag66@shakespeare.lit/pda");
  Client& wise = scene.login("wiccarocks@shakespeare.lit/laptop");
};

TEST_F(RoomGroups, MembersEnterAndLeaveWithTheGroup) {
  scene.are_online({&crone, &hag, &wise});
  has({{"witches", {"hag66"}}});
  scene.makes(crone, "first", {{"membersonly", "1"}});
  EXPECT_NE(scene.enters(hag, "third", {&crone}).find("affiliation='member'"), std::string::npos);
  RoomScene::tries(wise, "second");
  wise.receives({"type='error'", "<registration-required"});
  has({{"witches", {"hag66", "wiccarocks"}}});
  static_cast<void>(scene.enters(wise, "second", {&crone, &hag}));
  has({{"witches", {"wiccarocks"}}});
  for (Client* each : {&crone, &wise}) each->receives({"<presence", "/third'", "type='unavailable'", "affiliation='none'", "code='321'"});
  hag.receives({"<presence", "/third'", "type='unavailable'", "code='321'", "code='110'"});
  RoomScene::says(hag, "again?");
  hag.receives("type='error'");
  has({{"witches", {"wiccarocks"}}, {"elders", {"nobody"}}});
  crone.receives_nothing();
}

TEST_F(RoomGroups, TheHigherCountsAndAnOutcastStaysOne) {
  scene.are_online({&crone, &hag, &wise});
  has({{"witches", {"hag66", "wiccarocks", "crone1"}}, {"elders", {"hag66"}}});
  scene.makes(crone, "first");
  EXPECT_NE(scene.enters(hag, "third", {&crone}).find("affiliation='owner'"), std::string::npos);
  hag.asks("get", coven, "<query xmlns='http://jabber.org/protocol/muc#owner'/>");
  static_cast<void>(scene.enters(wise, "second", {&crone, &hag}));
  wise.sends("<iq type='set' id='b' to='" + std::string(coven) + "'>" +
             RoomScene::admin("<item affiliation='outcast' jid='hag66@shakespeare.lit'/>") + "</iq>");
  wise.receives_error("b", "forbidden");
  crone.asks("set", coven, RoomScene::admin("<item affiliation='outcast' jid='wiccarocks@shakespeare.lit'/>"));
  wise.receives({"/second'", "type='unavailable'", "code='301'"});
  crone.ignores_the_rest();
  hag.ignores_the_rest();
  RoomScene::tries(wise, "second");
  wise.receives({"type='error'", "<forbidden"});
  has({{"elders", {"wiccarocks"}}});   // the founder keeps what is stored, who has lost all stays in an open room
  for (Client* each : {&crone, &hag}) each->receives({"<presence", "/third'", "affiliation='none'"});
  RoomScene::tries(wise, "second");
  wise.receives({"type='error'", "<forbidden"});
  hag.sends("<iq type='get' id='o' to='" + std::string(coven) + "'><query xmlns='http://jabber.org/protocol/muc#owner'/></iq>");
  hag.receives_error("o", "forbidden");
}

TEST_F(RoomGroups, OnlyWhereTheRuleSays) {
  scene.are_online({&crone, &hag, &wise});
  has({{"witches", {"hag66"}}, {"elders", {"hag66"}}});
  const std::string heath = "heath@chat.shakespeare.lit";
  scene.makes(crone, "first", {{"membersonly", "1"}}, heath);
  RoomScene::tries(hag, "third", {}, heath);
  hag.receives({"type='error'", "<registration-required"});
  crone.receives_nothing();
}

}  // namespace
}  // namespace aldis::test
