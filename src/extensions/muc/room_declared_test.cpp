// Rooms that the configuration has ([[room]]): they are there, what it says of them counts and cannot be changed by their owners, and what it
// says no more is left as it was. Each scene has a bystander outside the room.
#include "extensions/extensions.h"
#include "extensions/muc/administration.h"
#include "tests/support/failing_stores.h"
#include "tests/support/restart.h"
#include "tests/support/room_scene.h"

namespace aldis::test {
namespace {

using namespace std::chrono_literals;
using Said = std::vector<std::pair<std::string, OptionValue>>;
using List = std::vector<std::string>;

constexpr std::string_view owner_query = "<query xmlns='http://jabber.org/protocol/muc#owner'/>";
constexpr auto a_look = 5s;   // at the rooms that are declared, to its end

std::string item(std::string_view affiliation, std::string_view user) {
  return "<item affiliation='" + std::string(affiliation) + "' jid='" + std::string(user) + "@shakespeare.lit'/>";
}
BareJid room_of(std::string_view local) { return BareJid::parse(std::string(local) + "@" + std::string(service)).value(); }

void declares(Scene& scene, const std::vector<Said>& rooms) {
  std::vector<OptionObject> all;
  for (const Said& room : rooms) {
    OptionObject object = ext::room_options().make();
    if (room.empty() || room.front().first != "address") {
      EXPECT_TRUE(ext::room_options().set(object, "address", std::string(coven)));
    }
    for (const auto& [option, value] : room) {
      EXPECT_TRUE(ext::room_options().set(object, option, value)) << option;
    }
    all.push_back(std::move(object));
  }
  muc::configure_rooms(scene.world(), all);
  scene.run();
}

std::optional<RoomImage> stored(Scene& scene, std::string_view local = "coven") {
  auto image = scene.wait(scene.stores().rooms.load(room_of(local)));
  EXPECT_TRUE(image.has_value());
  return image ? std::move(*image) : std::nullopt;
}

class RoomDeclared : public ::testing::Test {
 protected:
  RoomScene scene;
  Client& crone = scene.login("crone1@shakespeare.lit/desktop");
  Client& wicca = scene.login("wiccarocks@shakespeare.lit/laptop");
  Client& hag = scene.login("hag66@shakespeare.lit/pda");
  Client& bystander = scene.login("hecate@shakespeare.lit/broom");
  void SetUp() override { scene.are_online({&crone, &wicca, &hag, &bystander}); }
  void TearDown() override {
    for (Client* each : {&crone, &wicca, &hag, &bystander}) {
      each->receives_nothing();
    }
  }
  void are_in(const std::string& role = {}) {   // the owner, and somebody
    EXPECT_NE(scene.enters(crone, "first").find("affiliation='owner'"), std::string::npos);
    const std::string own = scene.enters(hag, "third", {&crone});
    EXPECT_NE(own.find(role.empty() ? "affiliation='none'" : role), std::string::npos) << own;
  }
  // Somebody's request with items is refused, with these words about it.
  void is_refused(Client& client, std::string_view query, std::string_view condition, std::string_view words) {
    client.sends("<iq type='set' id='r' to='" + std::string(coven) + "'>" + std::string(query) + "</iq>");
    client.receives({"type='error'", "id='r'", condition, words});
  }
  std::string list(Client& client, std::string_view affiliation) {
    return client.asks("get", coven, RoomScene::admin("<item affiliation='" + std::string(affiliation) + "'/>"));
  }
};

TEST_F(RoomDeclared, IsThereWithoutAnOwnerAndWhoAsksFirstMakesIt) {
  declares(scene, {{{"name", std::string("The Coven")}, {"public", std::string("yes")}}});
  EXPECT_FALSE(stored(scene));
  EXPECT_NE(bystander.asks("get", coven, "<query xmlns='http://jabber.org/protocol/disco#info'/>").find("name='The Coven'"), std::string::npos);
  const std::string own = scene.enters(hag, "third");
  EXPECT_NE(own.find("affiliation='none'"), std::string::npos);
  EXPECT_EQ(own.find("code='201'"), std::string::npos) << "it is nobody's new room";
  const auto image = stored(scene);
  ASSERT_TRUE(image);
  EXPECT_TRUE(image->affiliations.empty());
  EXPECT_TRUE(image->record.is_persistent);
  EXPECT_EQ(image->record.name, "The Coven");
  hag.sends("<presence type='unavailable' to='" + RoomScene::occupant("third") + "'/>");
  hag.receives({"type='unavailable'", "code='110'"});
  EXPECT_TRUE(stored(scene));
}

TEST_F(RoomDeclared, IsMadeAlsoWhenNobodyAsksAndFollowsWhatIsSaid) {
  std::vector<Said> rooms;
  for (int i = 0; i < 120; ++i) {
    rooms.push_back({{"address", "cave" + std::to_string(i) + "@chat.shakespeare.lit"}, {"public", std::string("yes")}});
  }
  declares(scene, rooms);
  scene.advance(a_look);
  EXPECT_EQ(*scene.wait(scene.stores().rooms.count(std::string(service), true)), 120U);
  rooms[7].push_back({"name", std::string("Lucky")});
  rooms[8][1].second = std::string("no");
  declares(scene, rooms);
  scene.advance(a_look);
  EXPECT_EQ(stored(scene, "cave7")->record.name, "Lucky");
  EXPECT_EQ(*scene.wait(scene.stores().rooms.count(std::string(service), true)), 119U);
  EXPECT_NE(bystander.asks("get", service, "<query xmlns='http://jabber.org/protocol/disco#items'/>").find("name='Lucky'"), std::string::npos);
}

TEST_F(RoomDeclared, ARestartReadsAndWritesNothingOfThoseThatAreAsTheyShould) {
  const std::vector<Said> rooms{{{"moderated", std::string("yes")}, {"owners", List{"crone1@shakespeare.lit"}}},
                                {{"address", std::string("cave@chat.shakespeare.lit")}}};
  declares(scene, rooms);
  scene.advance(a_look);
  const auto before = stored(scene);
  ASSERT_TRUE(before && stored(scene, "cave"));
  testing_support::FailingStores idle(scene.stores(), {});
  testing_support::FailingStores busy(scene.stores(), {});
  RoomScene without({}, on(idle.stores()));
  without.advance(a_look);
  RoomScene again({}, on(busy.stores()));
  declares(again, rooms);
  again.advance(a_look);
  EXPECT_EQ(busy.calls(), idle.calls() + 1) << "one page of the list";
  EXPECT_EQ(again.home().residents().size(), 0U);
  EXPECT_EQ(stored(scene)->record.affiliations_version, before->record.affiliations_version);
  // One that is said otherwise while the server is stopped.
  RoomScene third({}, on(scene.stores()));
  declares(third, {rooms[0], {{"address", std::string("cave@chat.shakespeare.lit")}, {"name", std::string("Cave")}}});
  third.advance(a_look);
  EXPECT_EQ(third.home().residents().size(), 1U);
  EXPECT_EQ(stored(scene, "cave")->record.name, "Cave");
}

TEST_F(RoomDeclared, NobodyDestroysIt) {
  declares(scene, {{{"owners", List{"crone1@shakespeare.lit"}}}});
  are_in();
  is_refused(crone, "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query>", "<not-allowed", "configuration has this room");
  const auto done = scene.wait(scene.world().hosts.at(std::string(service))->room_administration->destroy(room_of("coven"), "why not"));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::denied);
  EXPECT_NE(done.error().what.find("[[room]]"), std::string::npos);
  hag.receives_nothing();
  declares(scene, {});
  crone.receives({"<presence", "/first'", "affiliation='none'"});
  hag.receives({"<presence", "/first'", "affiliation='none'"});
  EXPECT_TRUE(scene.wait(scene.world().hosts.at(std::string(service))->room_administration->destroy(room_of("coven"), "now")));
  for (Client* each : {&crone, &hag}) each->receives({"type='unavailable'", "<destroy"});
}

TEST(RoomDeclaredIdle, IsNotReadToLearnThatItStays) {
  const auto calls = [](bool is_declared) {
    std::optional<testing_support::FailingStores> counting;
    SceneOptions options;
    options.wrap_stores = [&](Stores inner) {
      counting.emplace(inner, testing_support::FailingStores::Plan{});
      return counting->stores();
    };
    RoomScene scene({{"remove_after_idle", OptionValue(std::string("1h"))}}, std::move(options));
    declares(scene, is_declared ? std::vector<Said>{{}} : std::vector<Said>{});
    scene.advance(a_look);
    counting->restart({});
    scene.advance(3h);
    return counting->calls();
  };
  EXPECT_EQ(calls(true), calls(false) + 2) << "twice touched in three hours, and nothing else";
}

TEST(RoomDeclaredIdle, IsNotRemovedAndNeitherIsWhatHasJustBecomeOrdinary) {
  RoomScene scene({{"remove_after_idle", OptionValue(std::string("1h"))}});
  declares(scene, {{}});
  scene.advance(a_look);
  ASSERT_TRUE(stored(scene));
  scene.advance(3h);
  EXPECT_TRUE(stored(scene));
  EXPECT_EQ(scene.home().residents().size(), 0U) << "and is not read for it";
  declares(scene, {});
  scene.advance(50min);
  EXPECT_TRUE(stored(scene)) << "a line taken out by mistake takes no archive with it at once";
  scene.advance(72min);
  EXPECT_FALSE(stored(scene));
}

TEST_F(RoomDeclared, SettingsAreTheConfigurationsOrTheOwners) {
  declares(scene, {{{"moderated", std::string("yes")}, {"whois", std::string("moderators")}, {"history", std::int64_t{5}}, {"owners", List{"crone1@shakespeare.lit"}}}});
  are_in("role='visitor'");
  const std::string form = crone.asks("get", coven, owner_query);
  const std::size_t moderated = form.find("muc#roomconfig_moderatedroom");
  EXPECT_NE(form.substr(moderated, form.find("</field>", moderated) - moderated).find("<desc>The server's configuration says this"), std::string::npos) << form;
  const std::size_t listed = form.find("muc#roomconfig_publicroom");
  EXPECT_EQ(form.substr(listed, form.find("</field>", listed) - listed).find("<desc>"), std::string::npos) << form;
  is_refused(crone, RoomScene::form({{"roomname", "Ours"}, {"moderatedroom", "0"}}), "<not-acceptable", "muc#roomconfig_moderatedroom");
  is_refused(crone, RoomScene::form({{"persistentroom", "0"}}), "<not-acceptable", "muc#roomconfig_persistentroom");
  is_refused(crone, RoomScene::form({{"whois", "anyone"}}), "<not-acceptable", "muc#roomconfig_whois");
  is_refused(crone, RoomScene::form({{"muc#maxhistoryfetch", "6"}}), "<not-acceptable", "muc#maxhistoryfetch");
  EXPECT_EQ(stored(scene)->record.name, "") << "nothing of it";
  crone.asks("set", coven, RoomScene::form({{"roomname", "Ours"}, {"moderatedroom", "1"}, {"roomowners", "crone1@shakespeare.lit"}}));
  for (Client* each : {&crone, &hag}) each->receives({"<message", "code='104'"});
  EXPECT_EQ(stored(scene)->record.name, "Ours");
}

TEST_F(RoomDeclared, AChangeOfSettingsReachesWhoIsThere) {
  scene.makes(crone, "first", {{"persistentroom", "1"}, {"roomname", "Ours"}});
  static_cast<void>(scene.enters(hag, "third", {&crone}));
  declares(scene, {{{"name", std::string("Theirs")}, {"whois", std::string("anyone")}}});
  for (Client* each : {&crone, &hag}) each->receives({"<message", "code='104'", "code='172'"});
  EXPECT_EQ(stored(scene)->record.name, "Theirs");
  declares(scene, {{{"name", std::string("Theirs")}, {"whois", std::string("anyone")}}});   // nothing new
  hag.receives_nothing();
  declares(scene, {{{"members_only", std::string("yes")}}});
  for (Client* each : {&crone, &hag}) each->receives({"<message", "code='104'"});
  hag.receives({"type='unavailable'", "code='322'"});
  crone.receives({"type='unavailable'", "/third'", "code='322'"});
  EXPECT_EQ(stored(scene)->record.name, "Theirs") << "what is not said any more stays, and is the owner's again";
  crone.asks("set", coven, RoomScene::form({{"roomname", "Ours"}}));
  crone.receives({"<message", "code='104'"});
  is_refused(crone, RoomScene::form({{"membersonly", "0"}}), "<not-acceptable", "muc#roomconfig_membersonly");
  // Whoever configures the server answers for the room: its last owner may go.
  crone.asks("set", coven, RoomScene::admin(item("member", "crone1")));
  crone.receives({"<presence", "/first'", "affiliation='member'"});
}

TEST_F(RoomDeclared, AffiliationsAreALayerThatIsNotStored) {
  declares(scene, {{{"owners", List{"crone1@shakespeare.lit"}}, {"members", List{"hag66@shakespeare.lit"}}, {"members_only", std::string("yes")}}});
  are_in("affiliation='member'");
  EXPECT_TRUE(stored(scene)->affiliations.empty());
  EXPECT_NE(list(crone, "owner").find(item("owner", "crone1")), std::string::npos);
  EXPECT_NE(list(crone, "member").find(item("member", "hag66")), std::string::npos);
  // More may be given; what is stored counts where it is more.
  crone.asks("set", coven, RoomScene::admin(item("admin", "hag66")));
  for (Client* each : {&crone, &hag}) each->receives_among({"<presence", "/third'", "affiliation='admin'"});
  hag.ignores_the_rest();   // and sees who is who
  EXPECT_EQ(list(crone, "member").find("hag66"), std::string::npos);
  EXPECT_NE(list(crone, "admin").find(item("admin", "hag66")), std::string::npos);
  // What the configuration gives is not taken away, by whatever request.
  for (const char* less : {"none", "outcast"}) {
    is_refused(crone, RoomScene::admin(item(less, "hag66")), "<not-allowed", "configuration says");
  }
  is_refused(crone, RoomScene::admin(item("admin", "crone1")), "<not-allowed", "configuration says");
  is_refused(crone, RoomScene::form({{"roomowners", ""}}), "<not-allowed", "configuration says");
  is_refused(crone, RoomScene::form({{"roomowners", "hag66@shakespeare.lit"}}), "<not-allowed", "configuration says");
  const auto done = scene.wait(scene.world().hosts.at(std::string(service))->room_administration->set_affiliation(room_of("coven"), *Jid::parse("crone1@shakespeare.lit"), Affiliation::none, ""));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::denied);
  // Back to what is given.
  crone.asks("set", coven, RoomScene::admin(item("member", "hag66")));
  for (Client* each : {&crone, &hag}) each->receives({"<presence", "/third'", "affiliation='member'"});
  EXPECT_EQ(list(crone, "outcast").find("<item"), std::string::npos);
}

TEST_F(RoomDeclared, AReloadRegradesWhoIsThere) {
  declares(scene, {{{"owners", List{"crone1@shakespeare.lit"}}, {"members", List{"hag66@shakespeare.lit"}}, {"members_only", std::string("yes")}}});
  are_in("affiliation='member'");
  declares(scene, {{{"owners", List{"crone1@shakespeare.lit"}}, {"admins", List{"hag66@shakespeare.lit", "wiccarocks@shakespeare.lit"}}, {"members_only", std::string("yes")}}});
  for (Client* each : {&crone, &hag}) each->receives_among({"<presence", "/third'", "affiliation='admin'", "role='moderator'"});
  hag.ignores_the_rest();   // and sees who is who
  wicca.receives_nothing();
  static_cast<void>(scene.enters(wicca, "second", {&crone, &hag}));
  declares(scene, {{{"owners", List{"crone1@shakespeare.lit"}}, {"outcasts", List{"wiccarocks@shakespeare.lit"}}, {"members_only", std::string("yes")}}});
  hag.receives_among({"/third'", "type='unavailable'", "code='321'", "code='110'"});
  wicca.receives_among({"/second'", "type='unavailable'", "code='301'", "code='110'"});
  crone.receives_among({"/third'", "type='unavailable'", "affiliation='none'", "code='321'"});
  crone.receives_among({"/second'", "type='unavailable'", "affiliation='outcast'", "code='301'"});
  for (Client* each : {&wicca, &hag}) each->ignores_the_rest();
  for (const auto& [client, condition] : {std::pair(&wicca, "<forbidden"), {&hag, "<registration-required"}}) {
    RoomScene::tries(*client, "again");
    client->receives({"type='error'", condition});
  }
}

TEST_F(RoomDeclared, AnOutcastOfTheConfigurationIsOneWhateverIsStored) {
  scene.makes(crone, "first", {{"persistentroom", "1"}, {"roomadmins", "hag66@shakespeare.lit"}});
  declares(scene, {{{"outcasts", List{"hag66@shakespeare.lit", "crone1@shakespeare.lit"}}, {"members", List{"wiccarocks@shakespeare.lit"}}}});
  crone.receives({"type='unavailable'", "code='301'", "code='110'"});
  hag.ignores_the_rest();   // that he is an admin, when he became one
  for (Client* each : {&crone, &hag}) {
    RoomScene::tries(*each, "x");
    each->receives({"type='error'", "<forbidden"});
  }
  crone.sends("<iq type='get' id='o' to='" + std::string(coven) + "'>" + std::string(owner_query) + "</iq>");
  crone.receives_error("o", "forbidden");
  // A domain stands for all who are there, but for those who are named.
  declares(scene, {{{"outcasts", List{"shakespeare.lit"}}, {"members", List{"wiccarocks@shakespeare.lit"}}}});
  RoomScene::tries(crone, "x");
  crone.receives({"type='error'", "<forbidden"});
  EXPECT_NE(scene.enters(wicca, "second").find("affiliation='member'"), std::string::npos);
  declares(scene, {{}});
  wicca.receives({"/second'", "affiliation='none'"});
  EXPECT_NE(scene.enters(crone, "first", {&wicca}).find("affiliation='owner'"), std::string::npos) << "what is stored was left alone";
}

TEST_F(RoomDeclared, WhoIsNamedIsNoLongerBannedAndIsAgainWhenHeIsNot) {
  scene.makes(crone, "first", {{"persistentroom", "1"}});
  crone.asks("set", coven, RoomScene::admin(item("outcast", "hag66")));
  declares(scene, {{{"members", List{"hag66@shakespeare.lit"}}}});
  EXPECT_NE(scene.enters(hag, "third", {&crone}).find("affiliation='member'"), std::string::npos);
  // A nickname would be stored over the ban.
  is_refused(hag, "<query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#register</value></field>"
                  "<field var='muc#register_roomnick'><value>third</value></field></x></query>", "<not-allowed", "");
  declares(scene, {});
  hag.receives({"/third'", "type='unavailable'", "code='301'"});
  crone.receives({"/third'", "type='unavailable'", "code='301'"});
}

TEST_F(RoomDeclared, ARegisteredNicknameKeepsNoMoreThanAMember) {
  declares(scene, {{{"owners", List{"crone1@shakespeare.lit"}}}});
  static_cast<void>(scene.enters(crone, "first"));
  crone.asks("set", coven, "<query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#register</value></field>"
                           "<field var='muc#register_roomnick'><value>first</value></field></x></query>");
  crone.receives({"<presence", "/first'", "affiliation='owner'"});
  declares(scene, {});
  crone.receives({"<presence", "/first'", "affiliation='member'"});
  EXPECT_EQ(stored(scene)->affiliations.size(), 1U);
}

TEST_F(RoomDeclared, TakenOutItStaysAsItWasAndItsAffiliationsEnd) {
  declares(scene, {{{"owners", List{"crone1@shakespeare.lit"}}, {"moderated", std::string("yes")}, {"name", std::string("The Coven")}}});
  are_in("role='visitor'");
  declares(scene, {});
  for (Client* each : {&crone, &hag}) each->receives({"<presence", "/first'", "affiliation='none'"});
  const auto image = stored(scene);
  ASSERT_TRUE(image);
  EXPECT_TRUE(image->record.is_persistent);
  EXPECT_EQ(image->record.name, "The Coven");
  EXPECT_NE(image->record.config.find("label='Only those with voice may speak'><value>1"), std::string::npos) << image->record.config;
  crone.sends("<iq type='get' id='o' to='" + std::string(coven) + "'>" + std::string(owner_query) + "</iq>");
  crone.receives_error("o", "forbidden");
  // The service's administrators make an owner of it again.
  EXPECT_TRUE(scene.wait(scene.world().hosts.at(std::string(service))->room_administration->set_affiliation(room_of("coven"), *Jid::parse("hag66@shakespeare.lit"), Affiliation::owner, "")));
  for (Client* each : {&crone, &hag}) each->receives_among({"<presence", "/third'", "affiliation='owner'"});
  for (Client* each : {&crone, &hag}) each->ignores_the_rest();
}

TEST_F(RoomDeclared, TakenOutWhileTheServerIsStoppedIsFoundOutLater) {
  declares(scene, {{{"owners", List{"crone1@shakespeare.lit"}}}});
  scene.advance(a_look);
  RoomScene again({}, on(scene.stores()));
  declares(again, {{{"address", std::string("cave@chat.shakespeare.lit")}}});
  again.advance(a_look);
  const auto image = stored(scene);
  ASSERT_TRUE(image);
  EXPECT_EQ(image->record.details.find("closed "), std::string::npos);
  EXPECT_EQ(image->record.details.substr(0, 7), "open - ") << image->record.details;
  Client& there = again.login("crone1@shakespeare.lit/desktop");
  there.comes_online();
  EXPECT_NE(again.enters(there, "first").find("affiliation='none'"), std::string::npos);
}

TEST_F(RoomDeclared, ARoomThatSomebodyIsMakingIsOpened) {
  static_cast<void>(scene.enters(crone, "first"));   // locked
  declares(scene, {{{"public", std::string("no")}}});
  crone.receives({"<message", "code='104'"});
  EXPECT_NE(scene.enters(hag, "third", {&crone}).find("affiliation='none'"), std::string::npos);
  const auto image = stored(scene);
  ASSERT_TRUE(image);
  EXPECT_FALSE(image->record.is_public);
  EXPECT_EQ(image->affiliations.at(0).affiliation, Affiliation::owner);
}

TEST_F(RoomDeclared, GroupsOfADirectoryAreAskedAsTheyAre) {
  declares(scene, {{{"owner_groups", List{"elders@shakespeare.lit"}}, {"member_groups", List{"witches@shakespeare.lit"}}, {"members_only", std::string("yes")}}});
  const auto has = [&](const std::string& group, const List& members) {
    DirectoryGroup made{group, group, false, {}};
    for (const std::string& member : members) made.members.push_back({BareJid::of(member, "shakespeare.lit").value()});
    EXPECT_TRUE(scene.wait([](World& world, std::vector<DirectoryGroup> all) -> Task<bool> {
      co_await share_groups(world, "shakespeare.lit", std::move(all));
      co_return true;
    }(scene.world(), {std::move(made)})));
  };
  has("elders", {"crone1"});
  EXPECT_NE(scene.enters(crone, "first").find("affiliation='owner'"), std::string::npos);
  RoomScene::tries(hag, "third");
  hag.receives({"type='error'", "<registration-required"});
  has("witches", {"hag66"});
  crone.receives({"type='unavailable'", "code='321'"});
  EXPECT_NE(scene.enters(hag, "third").find("affiliation='member'"), std::string::npos);
  declares(scene, {{{"members_only", std::string("yes")}}});
  hag.receives({"type='unavailable'", "code='321'"});
}

TEST_F(RoomDeclared, WhoKeepsTheListsIsToldOfItsPeople) {  // XEP-0463
  const std::string asking = "<mav xmlns='urn:xmpp:muc:affiliations:1'";
  const auto since = [&](const std::string& stanza) {
    const std::size_t from = stanza.find(" until='") + 8;
    return stanza.substr(from, stanza.find('\'', from) - from);
  };
  declares(scene, {{{"owners", List{"crone1@shakespeare.lit", "wiccarocks@shakespeare.lit"}}}});
  RoomScene::tries(crone, "first", asking + "/>");
  std::string told = crone.receives({"<message", "<mav", item("owner", "crone1"), item("owner", "wiccarocks")});
  crone.receives({"code='110'"});
  crone.receives("<subject");
  declares(scene, {{{"owners", List{"crone1@shakespeare.lit"}}, {"members", List{"wiccarocks@shakespeare.lit"}}}});
  const std::string change = crone.receives({"<message", "<mav", item("member", "wiccarocks")});
  EXPECT_NE(since(change), since(told));
  // Changed while the server is stopped: an older list is not made good by a difference.
  RoomScene again({}, on(scene.stores()));
  declares(again, {{{"owners", List{"crone1@shakespeare.lit", "thane@shakespeare.lit"}}}});
  Client& there = again.login("crone1@shakespeare.lit/desktop");
  there.comes_online();
  RoomScene::tries(there, "first", asking + " since='" + since(change) + "'/>");
  const std::string all = there.receives({"<message", "<mav", item("owner", "crone1"), item("owner", "thane")});
  EXPECT_EQ(all.find("since='"), std::string::npos) << all;
  there.ignores_the_rest();
}

TEST_F(RoomDeclared, AListFromBeforeIsGivenAsAWhole) {  // XEP-0463
  const std::string asking = "<mav xmlns='urn:xmpp:muc:affiliations:1'";
  scene.makes(crone, "first", {{"persistentroom", "1"}});
  RoomScene::tries(crone, "first", asking + "/>");
  const std::string told = crone.receives({"<message", "<mav", item("owner", "crone1")});
  crone.ignores_the_rest();
  const std::size_t from = told.find(" until='") + 8;
  const std::string since = told.substr(from, told.find('\'', from) - from);
  RoomScene again({}, on(scene.stores()));
  declares(again, {{{"owners", List{"thane@shakespeare.lit"}}}});
  again.advance(a_look);
  EXPECT_TRUE(again.wait(again.world().hosts.at(std::string(service))->room_administration->set_affiliation(room_of("coven"), *Jid::parse("hag66@shakespeare.lit"), Affiliation::member, "")));
  Client& there = again.login("crone1@shakespeare.lit/desktop");
  there.comes_online();
  RoomScene::tries(there, "first", asking + " since='" + since + "'/>");
  // The difference that is stored has hag66 alone.
  there.receives({"<message", "<mav", item("owner", "thane"), item("owner", "crone1"), item("member", "hag66")});
  there.ignores_the_rest();
}

TEST(RoomDeclaredFailures, AFailureAtAnyStepIsMadeGoodByTheNextLook) {
  for (std::size_t n = 0;; ++n) {
    std::optional<testing_support::FailingStores> failing;
    SceneOptions options;
    options.wrap_stores = [&](Stores inner) {
      failing.emplace(inner, testing_support::FailingStores::Plan{});
      return failing->stores();
    };
    RoomScene scene({}, std::move(options));
    Client& crone = scene.login("crone1@shakespeare.lit/desktop");
    crone.comes_online();
    scene.makes(crone, "first", {{"persistentroom", "1"}});
    failing->restart({.nth = n});
    declares(scene, {{{"members", List{"hag66@shakespeare.lit"}}, {"name", std::string("Said")}}, {{"address", std::string("cave@chat.shakespeare.lit")}}});
    scene.advance(40s);
    const bool was_whole = !failing->has_failed();
    failing->restart({});
    scene.advance(40s);
    EXPECT_EQ(stored(scene)->record.name, "Said") << n;
    EXPECT_TRUE(stored(scene, "cave")) << n;
    EXPECT_NE(crone.asks("get", coven, RoomScene::admin("<item affiliation='member'/>")).find(item("member", "hag66")), std::string::npos) << n;
    crone.ignores_the_rest();
    if (was_whole) break;
    ASSERT_LT(n, 200U);
  }
}

}  // namespace
}  // namespace aldis::test
