// Members who are away and are mentioned are told by push (XEP-0357). The app server is a client; a bystander has push too and hears nothing.
#include "extensions/muc/mentions.h"
#include "tests/support/room_scene.h"

namespace aldis::test {
namespace {

constexpr std::string_view app_jid = "app@shakespeare.lit/push";

class RoomMentions : public ::testing::Test {
 protected:
  explicit RoomMentions(const RoomScene::Options& options = {}) : scene(options) {}
  RoomScene scene;
  Client* crone = nullptr;       // owner, and speaks
  Client* app = nullptr;
  Client* bystander = nullptr;

  void SetUp() override {
    for (const std::string_view user : {"hag66", "hecate"}) {
      scene.has_account(std::string(user) + "@shakespeare.lit");
      scene.are_contacts("app@shakespeare.lit", std::string(user) + "@shakespeare.lit", Subscription::from);
    }
    app = &scene.login(app_jid);
    crone = &scene.login("crone1@shakespeare.lit/desktop");
    scene.are_online({crone});
    for (const std::string_view user : {"hag66", "hecate"}) {  // their phones enable push and go
      Client& phone = scene.login(std::string(user) + "@shakespeare.lit/phone");
      phone.asks("set", std::string(user) + "@shakespeare.lit", "<enable xmlns='urn:xmpp:push:0' jid='" + std::string(app_jid) + "' node='" + std::string(user) + "'/>");
      phone.sends("</stream:stream>");
      phone.is_closed_with("");
    }
    scene.makes(*crone, "firstwitch", {{"persistentroom", "1"}});
    crone->asks("set", coven, RoomScene::admin("<item affiliation='member' jid='hag66@shakespeare.lit' nick='Third Witch'/>"));
    crone->ignores_the_rest();
  }
  void TearDown() override {
    crone->receives_nothing();
    app->receives_nothing();
  }

  void is_answered(std::string_view node, int count, const std::source_location& where = std::source_location::current()) {
    const std::string push = app->receives({"<iq", "from='" + std::string(node) + "@shakespeare.lit'", "node='" + std::string(node) + "'",
                                            "<field var='message-count'><value>" + std::to_string(count) + "</value>"}, where);
    const std::size_t id = push.find(" id='") + 5;
    app->sends("<iq type='result' id='" + push.substr(id, push.find('\'', id) - id) + "' to='" + std::string(node) + "@shakespeare.lit'/>");
  }
  void says(std::string_view body, std::string_view more = {}) {
    crone->sends("<message type='groupchat' id='m' to='" + std::string(coven) + "'><body>" + std::string(body) + "</body>" + std::string(more) + "</message>");
    crone->receives({"<message", "type='groupchat'", "firstwitch"});
  }
  static std::string reference(std::string_view uri, std::string_view type = "mention") {
    return "<reference xmlns='urn:xmpp:reference:0' type='" + std::string(type) + "' uri='" + std::string(uri) + "'/>";
  }
};

TEST_F(RoomMentions, ByNicknameOrReference) {
  says("Where hast thou been, sister?");
  app->receives_nothing();
  says("Third Witch: where thou?");
  is_answered("hag66", 1);
  says("And you, @third witch?");
  is_answered("hag66", 2);
  says("Look what I have", reference("xmpp:hag66@shakespeare.lit"));
  is_answered("hag66", 3);
  says("Show me", reference("xmpp:coven@chat.shakespeare.lit/Third%20Witch?message"));
  is_answered("hag66", 4);
  says("Third Witch and Third Witch", reference("xmpp:hag66@shakespeare.lit"));
  is_answered("hag66", 5);   // once
  for (const std::string_view body : {"Third Witches", "aThird Witch", "Third  Witch", "third"}) {
    says(body);
    app->receives_nothing();
  }
  says("data", reference("xmpp:hag66@shakespeare.lit", "data"));
  says("none", reference("hag66@shakespeare.lit"));
  says("none", reference("xmpp:%zz@shakespeare.lit"));
  says("a stranger", reference("xmpp:hecate@shakespeare.lit"));
  says("nobody", reference("xmpp:nobody@shakespeare.lit") + reference("xmpp:chat.shakespeare.lit") + reference("xmpp:coven@chat.shakespeare.lit") +
                     reference("xmpp:hag66@elsewhere.example"));
}

TEST_F(RoomMentions, WhoIsInTheRoomOrSpeaksIsNotAway) {
  Client& hag = scene.login("hag66@shakespeare.lit/pda");
  hag.comes_online();
  hag.ignores_the_rest();
  scene.enters(hag, "Third Witch", {crone});
  says("Third Witch: here?");
  hag.receives("here?");
  hag.sends("<presence type='unavailable' to='" + RoomScene::occupant("Third Witch") + "'/>");
  hag.receives("code='110'");
  crone->receives({"type='unavailable'", "Third Witch"});
  says("Third Witch: gone?");   // his phone is not connected, he is
  is_answered("hag66", 1);
  hag.receives_nothing();
}

TEST_F(RoomMentions, WhomHeBlocksDoesNotWakeHim) {  // XEP-0191: policy is asked
  Client& hag = scene.login("hag66@shakespeare.lit/pda");
  hag.asks("set", "hag66@shakespeare.lit", "<block xmlns='urn:xmpp:blocking'><item jid='" + RoomScene::occupant("firstwitch") + "'/></block>");
  hag.sends("</stream:stream>");
  hag.is_closed_with("");
  says("Third Witch: where thou?");
  crone->receives_nothing();   // nor is its author told anything
}

TEST_F(RoomMentions, WhatIsNotInTheArchiveIsNotToldOf) {
  crone->asks("set", coven, RoomScene::form({{"enablearchiving", "0"}}));
  crone->receives("code='104'");
  says("Third Witch: where thou?");
}

TEST_F(RoomMentions, WhoIsNoMemberAnyMoreIsNotTold) {
  crone->asks("set", coven, RoomScene::admin("<item affiliation='none' jid='hag66@shakespeare.lit'/>"));
  crone->ignores_the_rest();
  says("Third Witch: where thou?", reference("xmpp:hag66@shakespeare.lit"));
  crone->asks("set", coven, RoomScene::admin("<item affiliation='outcast' jid='hecate@shakespeare.lit'/>"));
  crone->ignores_the_rest();
  says("and thou?", reference("xmpp:hecate@shakespeare.lit"));
}

class RoomMentionsOff : public RoomMentions {
 protected:
  RoomMentionsOff() : RoomMentions({{"push_mentions", OptionValue(false)}}) {}
};
TEST_F(RoomMentionsOff, NobodyIsTold) { says("Third Witch: where thou?"); }

TEST(Mentions, AreBoundedAndFoldCase) {
  muc::Mentions mentions;
  const BareJid room = BareJid::parse(coven).value();
  std::string body, references;
  for (int i = 0; i < 50; ++i) {
    mentions.add("Witch" + std::to_string(i), BareJid::parse("w" + std::to_string(i) + "@b.example").value());
    body += "witch" + std::to_string(i) + " ";
  }
  const auto in = [&](const std::string& text) { return mentions.in(*Stanza::make("<message><body>" + text + "</body></message>"), room); };
  EXPECT_EQ(in(body).size(), muc::Mentions::most);
  EXPECT_EQ(in("\xEF\xBC\xB7ITCH7!").size(), 1U);   // a wide W
  EXPECT_EQ(in("witch5\xC3\xA9").size(), 0U);
  EXPECT_EQ(in(std::string(muc::Mentions::longest_body, ' ') + "witch7").size(), 0U);
  EXPECT_EQ(in(std::string(muc::Mentions::longest_body - 1, 'x') + "\xC3\xA9").size(), 0U);   // cut within a character
  EXPECT_EQ(in("").size(), 0U);
}

}  // namespace
}  // namespace aldis::test
