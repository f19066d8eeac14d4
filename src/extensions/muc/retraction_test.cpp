// What is taken back in a room, end to end: the tombstone in the archive names the message that takes it back (XEP-0424 0.4.2 section 4,
// XEP-0425 0.3.0 section 5), which is in the archive as well.
#include "tests/support/room_scene.h"

namespace aldis::test {
namespace {

std::string between(const std::string& text, std::string_view before, char after) {
  const std::size_t begin = text.find(before);
  return begin == std::string::npos ? std::string() : text.substr(begin + before.size(), text.find(after, begin + before.size()) - begin - before.size());
}

class RoomRetraction : public ::testing::Test {
 protected:
  RoomScene scene;
  Client& crone = scene.login("crone1@shakespeare.lit/desktop");      // owner
  Client& hag = scene.login("hag66@shakespeare.lit/pda");
  Client& bystander = scene.login("hecate@shakespeare.lit/broom");
  std::string id;   // of what the hag has said
  void SetUp() override {
    scene.are_online({&crone, &hag, &bystander});
    scene.makes(crone, "firstwitch");
    scene.enters(hag, "thirdwitch", {&crone});
    scene.says(hag, "Show his eyes, and grieve his heart");
    id = between(crone.receives("grieve"), "<stanza-id xmlns='urn:xmpp:sid:0' by='coven@chat.shakespeare.lit' id='", '\'');
    EXPECT_FALSE(id.empty());
    hag.receives("grieve");
  }
  void TearDown() override {
    for (Client* each : {&crone, &hag, &bystander}) {
      each->receives_nothing();
    }
  }
  std::string retraction(std::string_view attributes) const {
    return "<message type='groupchat' to='coven@chat.shakespeare.lit'" + std::string(attributes) + "><retract xmlns='urn:xmpp:message-retract:1' id='" + id + "'/></message>";
  }
  // The two messages of the archive.
  std::pair<std::string, std::string> archive() {
    crone.sends("<iq type='set' id='a' to='coven@chat.shakespeare.lit'><query xmlns='urn:xmpp:mam:2'/></iq>");
    std::string first = crone.receives("<result");
    std::string second = crone.receives("<result");
    crone.receives({"<fin", "id='a'"});
    return {first, second};
  }
};

TEST_F(RoomRetraction, TheAuthorsOwnIsNamedByItsId) {
  hag.sends(retraction(" id='retract-1'"));
  crone.receives({"<retract", "id='retract-1'"});
  hag.receives({"<retract", "id='retract-1'"});
  const auto [buried, retraction] = archive();
  EXPECT_NE(buried.find("<retracted xmlns='urn:xmpp:message-retract:1' id='retract-1' stamp='"), std::string::npos) << buried;
  EXPECT_EQ(buried.find("grieve"), std::string::npos) << buried;
  EXPECT_NE(retraction.find("id='retract-1'"), std::string::npos) << retraction;
}

TEST_F(RoomRetraction, OneWithoutAnIdIsRefused) {
  for (const std::string_view attributes : {"", " id=''"}) {
    hag.sends(retraction(attributes));
    hag.receives({"type='error'", "<bad-request"});
  }
  crone.sends("<iq type='set' id='a' to='coven@chat.shakespeare.lit'><query xmlns='urn:xmpp:mam:2'/></iq>");
  crone.receives({"<result", "grieve"});
  crone.receives({"<fin", "id='a'"});
}

TEST_F(RoomRetraction, AModeratorsIsNamedByTheIdOfTheRoomsMessage) {
  crone.sends("<iq type='set' id='mod' to='coven@chat.shakespeare.lit'><moderate xmlns='urn:xmpp:message-moderate:1' id='" + id +
              "'><retract xmlns='urn:xmpp:message-retract:1'/></moderate></iq>");
  const std::string told = crone.receives({"<message", "<retract"});
  crone.receives({"type='result'", "id='mod'"});
  hag.receives({"<message", "<retract"});
  const std::string name = between(told.substr(0, told.find('>')), " id='", '\'');
  EXPECT_FALSE(name.empty()) << told;
  const auto [buried, retraction] = archive();
  EXPECT_EQ(between(buried, "<retracted xmlns='urn:xmpp:message-retract:1' id='", '\''), name) << buried;
  EXPECT_NE(retraction.find(" id='" + name + "'"), std::string::npos) << retraction;
}

}  // namespace
}  // namespace aldis::test
