// XEP-0317 (0.3.1): hats. The scenes have a bystander outside the room.
#include "tests/support/room_scene.h"

namespace aldis::test {
namespace {

using Fields = std::initializer_list<std::pair<std::string_view, std::string_view>>;
constexpr std::string_view teacher = "http://tech.example.edu/hats#Teacher";
constexpr std::string_view assistant = "http://tech.example.edu/hats#TeacherAssistant";

std::string form(Fields fields) {
  std::string xml = "<x xmlns='jabber:x:data' type='submit'><field type='hidden' var='FORM_TYPE'><value>urn:xmpp:hats:commands</value></field>";
  for (const auto& [name, value] : fields) {
    xml.append("<field var='hats#").append(name).append("'><value>").append(value).append("</value></field>");
  }
  return xml + "</x>";
}
std::string command(std::string_view what, std::string_view content = {}, std::string_view attributes = "action='execute'") {
  return "<command xmlns='http://jabber.org/protocol/commands' " + std::string(attributes) + " node='urn:xmpp:hats:commands:" + std::string(what) + "'>" +
         std::string(content) + "</command>";
}
std::string hat(std::string_view title, std::string_view uri, std::string_view hue = {}) {
  return "<hat title='" + std::string(title) + "' uri='" + std::string(uri) + (hue.empty() ? "'" : "' hue='" + std::string(hue) + "'") + "/>";
}
std::string session_of(const std::string& answer) {
  const std::size_t begin = answer.find("sessionid='") + 11;
  return answer.substr(begin, answer.find('\'', begin) - begin);
}

class RoomHats : public ::testing::Test {
 protected:
  RoomScene scene;
  Client& crone = scene.login("crone1@shakespeare.lit/desktop");      // owner
  Client& wicca = scene.login("wiccarocks@shakespeare.lit/laptop");   // admin
  Client& hag = scene.login("hag66@shakespeare.lit/pda");             // none
  Client& bystander = scene.login("hecate@shakespeare.lit/broom");
  void SetUp() override {
    scene.are_online({&crone, &wicca, &hag, &bystander});
    scene.makes(crone, "firstwitch", {{"persistentroom", "1"}});
    crone.asks("set", coven, RoomScene::admin("<item affiliation='admin' jid='wiccarocks@shakespeare.lit'/>"));
    scene.enters(hag, "thirdwitch", {&crone});
    wicca.ignores_the_rest();
    crone.ignores_the_rest();
  }
  void TearDown() override {
    for (Client* each : {&crone, &wicca, &hag, &bystander}) {
      each->receives_nothing();
    }
  }
  void refused(Client& client, const std::string& payload, std::string_view condition, const std::source_location& where = std::source_location::current()) {
    client.sends("<iq type='set' id='r' to='coven@chat.shakespeare.lit'>" + payload + "</iq>");
    client.receives_error("r", condition, where);
  }
  void makes_hats() {
    for (const auto& [title, uri] : {std::pair{"Teacher", teacher}, std::pair{"Assistant", assistant}}) {
      wicca.asks("set", coven, command("create", form({{"title", title}, {"uri", uri}, {"hue", "327.255249"}})));
      crone.receives("code='104'");
      hag.receives("code='104'");
    }
  }
};

TEST_F(RoomHats, AreMadeByFormAndListed) {  // sections 2, 3.2 and 3.4
  std::string info = bystander.asks("get", coven, "<query xmlns='http://jabber.org/protocol/disco#info'/>");
  EXPECT_NE(info.find("<feature var='urn:xmpp:hats:0'/>"), std::string::npos) << info;
  EXPECT_EQ(info.find("hats#hash"), std::string::npos) << info;
  const std::string asked = crone.asks("set", coven, command("create"));
  for (const std::string_view each : {"status='executing'", "type='form'", "urn:xmpp:hats:commands", "hats#title", "hats#uri", "hats#hue", "<required/>"}) {
    EXPECT_NE(asked.find(each), std::string::npos) << each << asked;
  }
  crone.sends("<iq type='set' id='go' to='coven@chat.shakespeare.lit'>" +
              command("create", form({{"title", "Assistant"}, {"uri", assistant}, {"hue", "327.255249"}}), "sessionid='" + session_of(asked) + "'") + "</iq>");
  crone.receives({"id='go'", "status='completed'", "sessionid='" + session_of(asked) + "'", "urn:xmpp:hats:commands:create"});
  crone.receives({"<message", "type='groupchat'", "code='104'"});
  hag.receives({"<message", "type='groupchat'", "code='104'"});
  info = bystander.asks("get", coven, "<query xmlns='http://jabber.org/protocol/disco#info'/>");
  const std::size_t hash = info.find("hats#hash");
  EXPECT_NE(hash, std::string::npos) << info;
  // The list is for who may enter.
  const std::string list = bystander.asks("set", coven, command("list"));
  for (const std::string_view each : {"status='completed'", "type='result'", "<reported>", "<value>Assistant</value>", "<value>327.255249</value>"}) {
    EXPECT_NE(list.find(each), std::string::npos) << each << list;
  }
  // Another title for one that is there, and another hash.
  crone.asks("set", coven, command("create", form({{"title", "Helper"}, {"uri", assistant}})));
  crone.receives("code='104'");
  hag.receives("code='104'");
  EXPECT_NE(bystander.asks("get", coven, "<query xmlns='http://jabber.org/protocol/disco#info'/>").substr(hash, 160), info.substr(hash, 160));
  EXPECT_EQ(bystander.asks("set", coven, command("list")).find("<value>Assistant</value>"), std::string::npos);
}

TEST_F(RoomHats, AreWornInPresence) {  // sections 3.1 and 3.5
  makes_hats();
  const std::string asked = crone.asks("set", coven, command("assign"));
  EXPECT_NE(asked.find("<option label='Teacher'><value>" + std::string(teacher) + "</value></option>"), std::string::npos) << asked;
  const auto gives = [&](std::string_view user, std::string_view uri) {
    crone.asks("set", coven, command("assign", form({{"jid", std::string(user) + "@shakespeare.lit"}, {"uri", uri}})));
  };
  gives("hag66", assistant);
  const std::string worn = "<hats xmlns='urn:xmpp:hats:0'>" + hat("Assistant", assistant, "327.255249") + "</hats>";
  crone.receives({"<presence", "thirdwitch", worn});
  hag.receives({"<presence", "thirdwitch", "code='110'", worn});
  gives("wiccarocks", teacher);   // who is not here
  gives("wiccarocks", assistant);
  gives("wiccarocks", teacher);   // has it already
  RoomScene::tries(wicca, "secondwitch");
  const std::string first = wicca.next() + wicca.next();
  EXPECT_NE(first.find(worn), std::string::npos) << first;
  wicca.receives({"code='110'", hat("Teacher", teacher, "327.255249") + hat("Assistant", assistant, "327.255249") + "</hats>"});
  wicca.receives("<subject");
  crone.receives({"secondwitch", hat("Teacher", teacher, "327.255249")});
  hag.receives({"secondwitch", hat("Teacher", teacher, "327.255249")});
  // What a client puts on itself is taken off, what the room has put on stays.
  hag.sends("<presence to='" + RoomScene::occupant("thirdwitch") + "'><show>away</show><hats xmlns='urn:xmpp:hats:0'>" + hat("Teacher", teacher) + "</hats></presence>");
  for (Client* each : {&crone, &wicca, &hag}) {
    const std::string shown = each->receives({"away", worn});
    EXPECT_EQ(shown.find("Teacher'"), std::string::npos) << shown;
  }
  // Who wears which, for those who see real addresses.
  const std::string list = wicca.asks("set", coven, command("list-assigned"));
  EXPECT_NE(list.find("<value>hag66@shakespeare.lit</value>"), std::string::npos) << list;
  refused(hag, command("list-assigned"), "forbidden");
  // Taken off; and destroyed, from every head.
  crone.asks("set", coven, command("unassign", form({{"jid", "wiccarocks@shakespeare.lit"}, {"uri", teacher}})));
  for (Client* each : {&crone, &wicca, &hag}) {
    EXPECT_EQ(each->receives({"secondwitch", assistant}).find("Teacher'"), std::string::npos);
  }
  wicca.asks("set", coven, command("destroy", form({{"uri", assistant}})));
  for (Client* each : {&crone, &wicca, &hag}) {
    each->receives("code='104'");
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(each->receives("<presence").find("hats"), std::string::npos);
    }
  }
}

TEST_F(RoomHats, AreThereWhenTheRoomIsReadAgain) {
  makes_hats();
  crone.asks("set", coven, command("assign", form({{"jid", "hag66@shakespeare.lit"}, {"uri", teacher}})));
  for (Client* each : {&crone, &hag}) {
    each->receives({"thirdwitch", "hats"});
  }
  hag.sends("<presence type='unavailable' to='" + RoomScene::occupant("thirdwitch") + "'/>");
  crone.sends("<presence type='unavailable' to='" + RoomScene::occupant("firstwitch") + "'/>");
  crone.ignores_the_rest();
  hag.ignores_the_rest();
  scene.advance(std::chrono::minutes(10));
  const std::string own = scene.enters(hag, "thirdwitch");
  EXPECT_NE(own.find(hat("Teacher", teacher, "327.255249")), std::string::npos) << own;
}

TEST_F(RoomHats, BadInputChangesNothing) {
  makes_hats();
  refused(hag, command("create", form({{"title", "Queen"}, {"uri", "urn:x:queen"}})), "forbidden");
  for (const std::string_view what : {"destroy", "assign", "unassign"}) {
    refused(hag, command(what), "forbidden");
    refused(bystander, command(what), "forbidden");
  }
  for (const Fields fields : std::initializer_list<Fields>{{{"title", "Queen"}, {"uri", "queen"}}, {{"title", "Queen"}, {"uri", "urn:x: y"}},
                                                           {{"title", "Qu\xE2\x80\x8B" "een"}, {"uri", "urn:x:queen"}}, {{"title", "Queen"}, {"uri", "urn:x:q"}, {"hue", "361"}},
                                                           {{"title", "Queen"}, {"uri", "urn:x:q"}, {"hue", "nan"}}}) {
    refused(crone, command("create", form(fields)), "not-acceptable");
  }
  refused(crone, command("create", form({{"title", "Queen"}})), "bad-request");   // bad-payload: a required field
  refused(crone, command("create", "<x xmlns='jabber:x:data' type='result'/>"), "bad-request");
  refused(crone, command("assign", form({{"jid", "hag66@shakespeare.lit"}, {"uri", "urn:x:none"}})), "item-not-found");
  refused(crone, command("assign", form({{"jid", "shakespeare.lit"}, {"uri", teacher}})), "jid-malformed");
  refused(crone, command("assign", form({{"jid", "@"}, {"uri", teacher}})), "bad-request");
  refused(crone, command("unassign", form({{"jid", "hag66@shakespeare.lit"}, {"uri", teacher}})), "item-not-found");
  refused(crone, command("destroy", form({{"uri", "urn:x:none"}})), "item-not-found");
  refused(crone, command("fly"), "item-not-found");
  refused(crone, "<command xmlns='http://jabber.org/protocol/commands'/>", "bad-request");
  refused(crone, command("create", {}, "action='fly'"), "bad-request");
  refused(crone, command("create", {}, "action='complete'"), "bad-request");
  // Executions: of another, of another command, cancelled, too old.
  const std::string session = session_of(crone.asks("set", coven, command("create")));
  const std::string mine = "sessionid='" + session + "'";
  const std::string queen = form({{"title", "Queen"}, {"uri", "urn:x:queen"}});
  refused(wicca, command("create", queen, mine), "bad-request");
  refused(crone, command("assign", queen, mine), "bad-request");
  refused(crone, command("create", queen, "sessionid='1-0'"), "bad-request");
  refused(crone, command("create", {}, mine), "bad-request");
  refused(crone, command("create", queen, mine + " action='prev'"), "bad-request");
  EXPECT_NE(crone.asks("set", coven, command("create", {}, mine + " action='cancel'")).find("status='canceled'"), std::string::npos);
  scene.advance(std::chrono::minutes(61));
  refused(crone, command("create", queen, mine), "not-allowed");
  const std::string list = crone.asks("set", coven, command("list"));
  EXPECT_EQ(list.find("ueen"), std::string::npos) << list;
  // Who was banned is told nothing.
  crone.asks("set", coven, RoomScene::admin("<item affiliation='outcast' jid='hag66@shakespeare.lit'/>"));
  crone.receives("thirdwitch");
  hag.receives("code='301'");
  refused(hag, command("list"), "forbidden");
}

TEST_F(RoomHats, AreBounded) {
  for (int i = 0; i < 100; ++i) {
    crone.asks("set", coven, command("create", form({{"title", "Hat"}, {"uri", "urn:x:" + std::to_string(i)}})));
    crone.ignores_the_rest();
    hag.ignores_the_rest();
  }
  refused(crone, command("create", form({{"title", "Hat"}, {"uri", "urn:x:100"}})), "resource-constraint");
  for (int i = 0; i < 10; ++i) {
    crone.asks("set", coven, command("assign", form({{"jid", "hag66@shakespeare.lit"}, {"uri", "urn:x:" + std::to_string(i)}})));
    crone.ignores_the_rest();
    hag.ignores_the_rest();
  }
  refused(crone, command("assign", form({{"jid", "hag66@shakespeare.lit"}, {"uri", "urn:x:10"}})), "resource-constraint");
}

TEST_F(RoomHats, CommandsAreFoundByThoseWhoMayExecuteThem) {  // XEP-0050 section 2.2
  constexpr std::string_view list = "<query xmlns='http://jabber.org/protocol/disco#items' node='http://jabber.org/protocol/commands'/>";
  const std::string for_admin = wicca.asks("get", coven, list);
  for (const std::string_view each : {"create", "destroy", "list", "assign", "unassign", "list-assigned"}) {
    EXPECT_NE(for_admin.find("node='urn:xmpp:hats:commands:" + std::string(each) + "'"), std::string::npos) << for_admin;
  }
  const std::string for_others = hag.asks("get", coven, list);
  EXPECT_NE(for_others.find("node='urn:xmpp:hats:commands:list'"), std::string::npos) << for_others;
  EXPECT_EQ(for_others.find("assign"), std::string::npos) << for_others;
  const std::string info = wicca.asks("get", coven, "<query xmlns='http://jabber.org/protocol/disco#info' node='urn:xmpp:hats:commands:assign'/>");
  EXPECT_NE(info.find("type='command-node'"), std::string::npos) << info;
  hag.sends("<iq type='get' id='r' to='coven@chat.shakespeare.lit'><query xmlns='http://jabber.org/protocol/disco#info' node='urn:xmpp:hats:commands:assign'/></iq>");
  hag.receives_error("r", "forbidden");
}

}  // namespace
}  // namespace aldis::test
