// XEP-0433 (0.1.0): searching the rooms of a service.
#include "tests/support/room_scene.h"

namespace aldis::test {
namespace {

using Fields = std::initializer_list<std::pair<std::string_view, std::string_view>>;

std::string search(Fields fields, std::string_view set = {}) {
  std::string xml = "<search xmlns='urn:xmpp:channel-search:0:search'>" + std::string(set) +
                    "<x xmlns='jabber:x:data' type='submit'><field type='hidden' var='FORM_TYPE'><value>urn:xmpp:channel-search:0:search-params</value></field>";
  for (const auto& [name, value] : fields) {
    xml.append("<field var='").append(name).append("'><value>").append(value).append("</value></field>");
  }
  return xml + "</x></search>";
}
std::string page(std::string_view content) { return "<set xmlns='http://jabber.org/protocol/rsm'>" + std::string(content) + "</set>"; }

// The localparts of the result, in order.
std::string found(const std::string& answer) {
  std::string out;
  constexpr std::string_view begin = "<item address='";
  for (std::size_t at = answer.find(begin); at != std::string::npos; at = answer.find(begin, at + 1)) {
    out += answer.substr(at + begin.size(), answer.find('@', at) - at - begin.size()) + " ";
  }
  return out;
}

class ChannelSearch : public ::testing::Test {
 protected:
  RoomScene scene;
  Client& crone = scene.login("crone1@shakespeare.lit/desktop");
  Client& hag = scene.login("hag66@shakespeare.lit/pda");
  Client& bystander = scene.login("hecate@shakespeare.lit/broom");
  void SetUp() override {
    scene.are_online({&crone, &hag, &bystander});
    makes("cave", {{"roomname", "A Dark Cave"}, {"roomdesc", "Witches brew here"}, {"lang", "en"}, {"whois", "anyone"}});
    makes("heath", {{"roomname", "The Blasted HEATH"}, {"roomdesc", "no cave, but witches"}, {"membersonly", "1"}});
    makes("inverness", {{"roomdesc", "a castle"}, {"passwordprotectedroom", "1"}, {"roomsecret", "knock"}});
    makes("secret", {{"roomname", "witches in a cave"}, {"publicroom", "0"}});
    scene.enters(hag, "thirdwitch", {&crone}, {}, "cave@chat.shakespeare.lit");
  }
  void TearDown() override {
    for (Client* each : {&crone, &hag, &bystander}) {
      each->receives_nothing();
    }
  }
  void makes(std::string_view local, Fields fields) { scene.makes(crone, "firstwitch", fields, std::string(local) + "@" + std::string(service)); }
  std::string asks(Fields fields, std::string_view set = {}) { return hag.asks("get", service, search(fields, set)); }
  void refused(const std::string& payload, std::string_view condition, std::string_view specific, const std::source_location& where = std::source_location::current()) {
    hag.sends("<iq type='get' id='r' to='chat.shakespeare.lit'>" + payload + "</iq>");
    const std::string error = hag.receives({"id='r'", "type='error'", condition}, where);
    EXPECT_NE(error.find("<" + std::string(specific)), std::string::npos) << error << where.line();
  }
};

TEST_F(ChannelSearch, IsAdvertisedAndHasAForm) {  // sections 4.1 and 4.2.1
  const std::string info = hag.asks("get", service, "<query xmlns='http://jabber.org/protocol/disco#info'/>");
  EXPECT_NE(info.find("<feature var='urn:xmpp:channel-search:0:search'/>"), std::string::npos) << info;
  const std::string form = hag.asks("get", service, "<search xmlns='urn:xmpp:channel-search:0:search'/>");
  for (const std::string_view each : {"urn:xmpp:channel-search:0:search-params", "var='q'", "var='all'", "var='sinname'", "var='sindescription'", "var='sinaddress'", "var='types'",
                                      "var='key'", "{urn:xmpp:channel-search:0:order}address", "type='form'"}) {
    EXPECT_NE(form.find(each), std::string::npos) << each << form;
  }
}

TEST_F(ChannelSearch, FindsPublicRoomsByTheirWords) {
  EXPECT_EQ(found(asks({{"q", "cave"}})), "cave heath ");
  EXPECT_EQ(found(asks({{"q", "WITCHES heath"}})), "heath ");
  EXPECT_EQ(found(asks({{"q", "cave"}, {"sindescription", "false"}})), "cave ");
  EXPECT_EQ(found(asks({{"q", "inver"}})), "inverness ");
  EXPECT_EQ(found(asks({{"q", "inver"}, {"sinaddress", "0"}})), "");
  EXPECT_EQ(found(asks({{"q", "dark"}, {"sinname", "0"}})), "");
  EXPECT_EQ(found(asks({{"q", "brew"}})), "cave ");
  EXPECT_EQ(found(asks({{"q", "brew"}, {"key", "{urn:xmpp:channel-search:0:order}address"}, {"{x}unknown", "1"}})), "cave ");
  const std::string nothing = asks({{"q", "cauldron"}});   // section 5: no error
  EXPECT_NE(nothing.find("<result xmlns='urn:xmpp:channel-search:0:search'>"), std::string::npos) << nothing;
  EXPECT_EQ(found(asks({{"all", "true"}, {"types", "xep-0369"}})), "");
}

TEST_F(ChannelSearch, SaysWhatARoomIs) {  // section 6.2
  const std::string all = asks({{"all", "true"}});
  EXPECT_EQ(found(all), "cave heath inverness ");
  EXPECT_NE(all.find("<item address='cave@chat.shakespeare.lit'><name>A Dark Cave</name><description>Witches brew here</description><language>en</language>"
                     "<nusers>2</nusers><service-type>xep-0045</service-type><is-open>true</is-open>"
                     "<anonymity-mode>{urn:xmpp:channel-search:0:anonymity}none</anonymity-mode></item>"),
            std::string::npos)
      << all;
  EXPECT_NE(all.find("<name>inverness</name><description>a castle</description><nusers>1</nusers><service-type>xep-0045</service-type><is-open>false</is-open>"
                     "<anonymity-mode>muc_semianonymous</anonymity-mode>"),
            std::string::npos)
      << all;
  EXPECT_NE(all.find("<count>3</count>"), std::string::npos) << all;
  EXPECT_EQ(all.find("knock"), std::string::npos);
  // A room that becomes hidden is not found any more.
  crone.asks("set", "cave@chat.shakespeare.lit", RoomScene::form({{"publicroom", "0"}}));
  crone.receives("code='104'");
  hag.receives("code='104'");
  EXPECT_EQ(found(asks({{"q", "cave"}})), "heath ");
}

TEST_F(ChannelSearch, KnowsARoomThatOperatorsMadeOnceItHasBeenReadWithTheDomainsDefaults) {
  RoomRecord made{.room = BareJid::parse("dunsinane@chat.shakespeare.lit").value(), .is_persistent = true, .created = scene.clock().wall(),
                  .last_active = scene.clock().wall() - std::chrono::hours(1), .occupant_id_key = "key", .affiliations_version = 1};
  ASSERT_TRUE(scene.wait(scene.stores().rooms.create({.record = made, .affiliations = {}})).has_value());
  EXPECT_EQ(found(asks({{"q", "dunsinane"}})), "");
  const std::string info = hag.asks("get", made.room.str(), "<query xmlns='http://jabber.org/protocol/disco#info'/>");
  for (const std::string_view each : {"muc_public", "muc_persistent", "muc_semianonymous"}) {
    EXPECT_NE(info.find("<feature var='" + std::string(each) + "'/>"), std::string::npos) << info;
  }
  EXPECT_EQ(found(asks({{"q", "dunsinane"}})), "dunsinane ");
  EXPECT_EQ((**scene.wait(scene.stores().rooms.load(made.room))).record.last_active, made.last_active) << "to be looked at is no activity";
}

TEST_F(ChannelSearch, IsReadInPages) {
  const std::string first = asks({{"all", "1"}}, page("<max>2</max>"));
  EXPECT_EQ(found(first), "cave heath ");
  EXPECT_NE(first.find("<last>heath@chat.shakespeare.lit</last>"), std::string::npos) << first;
  EXPECT_EQ(found(asks({{"all", "1"}}, page("<max>2</max><after>heath@chat.shakespeare.lit</after>"))), "inverness ");
  EXPECT_EQ(found(asks({{"all", "1"}}, page("<max>1</max><before/>"))), "inverness ");
  EXPECT_EQ(found(asks({{"q", "witches"}}, page("<max>1</max><after>cave@chat.shakespeare.lit</after>"))), "heath ");
  EXPECT_EQ(found(asks({{"all", "1"}}, page("<max>0</max>"))), "");
}

TEST_F(ChannelSearch, RefusesWhatItCannotDo) {  // sections 4.2.2.2 to 4.2.2.7
  refused(search({{"q", "cave"}, {"key", "{urn:xmpp:channel-search:0:order}nusers"}}), "feature-not-implemented", "invalid-sort-key");
  refused(search({{"q", " x "}}), "bad-request", "invalid-search-terms");
  refused(search({{"q", ""}}), "bad-request", "invalid-search-terms");
  refused(search({{"q", std::string(300, 'x')}}), "bad-request", "invalid-search-terms");
  refused(search({{"q", "aa bb cc dd ee ff gg hh ii"}}), "bad-request", "invalid-search-terms");
  refused(search({{"q", "cave"}, {"sinname", "0"}, {"sindescription", "0"}, {"sinaddress", "0"}}), "bad-request", "invalid-search-terms");
  refused(search({{"q", "cave"}, {"all", "1"}}), "bad-request", "conflicting-fields");
  refused(search({{"sinname", "1"}}), "bad-request", "no-search-conditions");
  refused(search({{"q", "cave"}, {"sinname", "maybe"}}), "not-acceptable", "text");
  refused(search({{"q", "cave"}}, page("<index>2</index>")), "feature-not-implemented", "feature-not-implemented");
  refused(search({{"q", "cave"}}, page("<after>cave@elsewhere.example</after>")), "item-not-found", "item-not-found");
  refused(search({{"q", "cave"}}, page("<max>many</max>")), "bad-request", "bad-request");
  refused("<search xmlns='urn:xmpp:channel-search:0:search'><x xmlns='jabber:x:data' type='result'/></search>", "bad-request", "bad-request");
}

}  // namespace
}  // namespace aldis::test
