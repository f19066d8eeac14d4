// Rooms over a graceful restart (XEP-0045 section 11.2, XEP-0198 section 5): who resumes is where he was, and nobody is a ghost.
#include "tests/support/managed_client.h"
#include "tests/support/restart.h"
#include "tests/support/room_scene.h"

namespace aldis::test {
namespace {

class SuspendedRooms : public ::testing::Test {
 protected:
  static constexpr std::string_view crone_jid = "crone1@shakespeare.lit/desktop";
  static constexpr std::string_view hag_jid = "hag66@shakespeare.lit/pda";
  static constexpr std::string_view wise_jid = "wiccarocks@shakespeare.lit/laptop";

  std::unique_ptr<RoomScene> scene() { return std::make_unique<RoomScene>(RoomScene::Options{}, on(stores.stores())); }

  // A client that can resume: its SM-ID. Acknowledges nothing.
  static std::string can_resume(Client& client) {
    client.ignores_the_rest();
    return enable_resumption(client);
  }

  MemoryStores stores;
};

TEST_F(SuspendedRooms, WhoResumesIsWhereHeWas) {
  std::string hags;
  std::string crones;
  {
    const auto before = scene();
    Client& crone = before->login(crone_jid);
    Client& hag = before->login(hag_jid);
    Client& wise = before->login(wise_jid);
    before->are_online({&crone, &hag, &wise});
    before->makes(crone, "firstwitch", {{"persistentroom", "1"}, {"moderatedroom", "1"}});
    before->enters(hag, "thirdwitch", {&crone});
    before->enters(wise, "secondwitch", {&crone, &hag});
    crone.asks("set", coven, before->admin("<item nick='thirdwitch' role='participant'/>"));
    hags = can_resume(hag);
    crones = can_resume(crone);
    wise.ignores_the_rest();
    stops(*before);
    hag.is_closed_with("system-shutdown");
    crone.is_closed_with("system-shutdown");
    wise.receives_among({"type='unavailable'", "secondwitch", "<status code='110'/><status code='332'/>"});
    wise.is_closed_with("system-shutdown");
  }
  const auto after = scene();
  EXPECT_EQ(starts(*after), 2U);
  Client& hag = after->resumes("hag66@shakespeare.lit", hags, 0);
  hag.receives("<resumed");
  const std::string gone = hag.receives_among({"<presence", "type='unavailable'", "coven@chat.shakespeare.lit/secondwitch"});
  EXPECT_EQ(gone.find("code='110'"), std::string::npos) << gone;
  hag.ignores_the_rest();
  Client& crone = after->resumes("crone1@shakespeare.lit", crones, 0);
  crone.receives_among({"<presence", "type='unavailable'", "coven@chat.shakespeare.lit/secondwitch", "wiccarocks@shakespeare.lit/laptop"});
  crone.ignores_the_rest();

  after->says(hag, "when shall we three meet again", "m1");   // the voice is still hers
  hag.receives({"when shall we three meet again", "from='coven@chat.shakespeare.lit/thirdwitch'"});
  crone.receives({"when shall we three meet again", "from='coven@chat.shakespeare.lit/thirdwitch'"});
  hag.asks("get", RoomScene::occupant("thirdwitch"), "<ping xmlns='urn:xmpp:ping'/>");   // XEP-0410
  crone.asks("set", coven, after->admin("<item nick='thirdwitch' role='visitor'/>"));   // and she is a moderator
  hag.receives({"<presence", "thirdwitch", "role='visitor'"});
  Client& wise = after->login(wise_jid);
  wise.comes_online();
  after->tries(wise, "secondwitch");
  wise.receives_among({"<presence", "coven@chat.shakespeare.lit/firstwitch", "role='moderator'"});
  wise.receives_among({"<presence", "coven@chat.shakespeare.lit/thirdwitch", "role='visitor'"});
  wise.receives({"<presence", "coven@chat.shakespeare.lit/secondwitch", "code='110'"});
  for (Client* client : {&crone, &hag, &wise}) {
    client->ignores_the_rest();
  }
}

TEST_F(SuspendedRooms, WhoDoesNotComeBackLeaves) {   // when the time to resume is over
  std::string crones;
  {
    const auto before = scene();
    Client& crone = before->login(crone_jid);
    Client& hag = before->login(hag_jid);
    before->are_online({&crone, &hag});
    before->makes(crone, "firstwitch", {{"persistentroom", "0"}});
    before->enters(hag, "thirdwitch", {&crone});
    static_cast<void>(enable_resumption(hag, "max='60'"));
    crones = can_resume(crone);
    stops(*before);
  }
  const auto after = scene();
  EXPECT_EQ(starts(*after), 2U);
  Client& crone = after->resumes("crone1@shakespeare.lit", crones, 0);
  crone.receives("<resumed");
  crone.ignores_the_rest();
  after->advance(std::chrono::seconds(62));
  crone.receives_among({"<presence", "type='unavailable'", "coven@chat.shakespeare.lit/thirdwitch"});
  crone.ignores_the_rest();
}

TEST_F(SuspendedRooms, SessionsThatDidNotLastAreNoGhosts) {   // the server was killed before anybody asked for the room
  {
    const auto before = scene();
    Client& crone = before->login(crone_jid);
    Client& hag = before->login(hag_jid);
    before->are_online({&crone, &hag});
    before->makes(crone, "firstwitch", {{"persistentroom", "1"}});
    before->enters(hag, "thirdwitch", {&crone});
    static_cast<void>(can_resume(hag));
    stops(*before);
    crone.receives({"type='unavailable'", "firstwitch", "<status code='110'/><status code='332'/>"});
    crone.is_closed_with("system-shutdown");
  }
  const auto after = scene();
  const auto forgotten = after->wait(after->stores().sessions.take(100));
  ASSERT_TRUE(forgotten && forgotten->size() == 1U);
  EXPECT_EQ(starts(*after), 0U);
  Client& wise = after->login(wise_jid);
  wise.comes_online();
  after->tries(wise, "secondwitch");
  wise.receives({"<presence", "coven@chat.shakespeare.lit/secondwitch", "code='110'"});   // nobody is shown before
  wise.receives("<subject");
}

TEST_F(SuspendedRooms, WhoWasBannedMeanwhileIsOut) {   // by an operator, while the server was stopped
  std::string hags;
  std::string crones;
  {
    const auto before = scene();
    Client& crone = before->login(crone_jid);
    Client& hag = before->login(hag_jid);
    before->are_online({&crone, &hag});
    before->makes(crone, "firstwitch", {{"persistentroom", "1"}});
    before->enters(hag, "thirdwitch", {&crone});
    hags = can_resume(hag);
    crones = can_resume(crone);
    stops(*before);
    auto image = before->wait(before->stores().rooms.load(*BareJid::parse(coven)));
    ASSERT_TRUE(image && *image);
    const RoomAffiliation ban{.jid = *BareJid::parse("hag66@shakespeare.lit"), .affiliation = Affiliation::outcast, .nickname = {}, .reason = {},
                              .version = (*image)->record.affiliations_version + 1};
    ASSERT_TRUE(before->wait(before->stores().rooms.save((*image)->record, {ban})));
  }
  const auto after = scene();
  EXPECT_EQ(starts(*after), 2U);
  Client& hag = after->resumes("hag66@shakespeare.lit", hags, 0);
  hag.receives_among({"<presence", "type='unavailable'", "thirdwitch", "code='301'"});
  hag.ignores_the_rest();
  Client& crone = after->resumes("crone1@shakespeare.lit", crones, 0);
  crone.receives_among({"<presence", "type='unavailable'", "thirdwitch", "code='301'"});
  crone.ignores_the_rest();
  after->says(crone, "by the pricking of my thumbs");
  crone.receives("by the pricking of my thumbs");
  hag.receives_nothing();
}

TEST_F(SuspendedRooms, AnUnconfiguredRoomEndsWithTheServer) {
  std::string crones;
  {
    const auto before = scene();
    Client& crone = before->login(crone_jid);
    crone.comes_online();
    static_cast<void>(before->enters(crone, "firstwitch"));
    crones = can_resume(crone);
    stops(*before);
    crone.receives_among({"type='unavailable'", "firstwitch", "<status code='110'/><status code='332'/>"});
  }
  const auto after = scene();
  EXPECT_EQ(starts(*after), 1U);
  Client& crone = after->resumes("crone1@shakespeare.lit", crones, 1);
  crone.receives("<resumed");
  crone.sends("<message type='groupchat' id='m1' to='coven@chat.shakespeare.lit'><body>anybody?</body></message>");
  crone.receives({"type='error'", "id='m1'", "<item-not-found "});
}

}  // namespace
}  // namespace aldis::test
