// XEP-0077: one's own password and account, and accounts of strangers where that is switched on (security S14).
#include "extensions/extensions.h"
#include "tests/support/fake_directory.h"
#include "tests/support/scene.h"

namespace aldis::test {
namespace {

// Registration alone, with both options on.
SceneOptions open_to_strangers() {
  SceneOptions made;
  made.install = [](VirtualHost& host, World& world) {
    const OptionTable& options = ext::registration_options();
    OptionObject config = options.make();
    EXPECT_TRUE(options.set(config, "allow_registration", true).has_value());
    EXPECT_TRUE(options.set(config, "allow_removal", true).has_value());
    host.install({.name = "registration", .install = ext::install_registration, .options = &options}, world, std::move(config));
  };
  return made;
}

std::string change(std::string_view name, std::string_view password) {
  return "<query xmlns='jabber:iq:register'><username>" + std::string(name) + "</username><password>" + std::string(password) +
         "</password></query>";
}

StanzaPtr request(std::string_view type, std::string_view payload) {
  return Stanza::make("<iq type='" + std::string(type) + "' id='r'>" + std::string(payload) + "</iq>");
}

TEST(Registration, AUserChangesHisOwnPasswordAndNobodyElses) {  // section 3.3; security S13, S14
  Scene scene;
  scene.has_account("juliet@capulet.example", "long enough");
  scene.has_account("nurse@capulet.example", "long enough");
  Client& juliet = scene.login("juliet@capulet.example/balcony");
  Client& chamber = scene.login("juliet@capulet.example/chamber");
  Client& nurse = scene.login("nurse@capulet.example/hall");
  Client& namesake = scene.login("juliet@montague.example/tomb");
  const auto keys = [&](std::string_view jid) {
    const auto record = scene.wait(scene.stores().accounts.find(*BareJid::parse(jid)));
    return record->keys.front().salt;
  };
  const std::string before = keys("nurse@capulet.example");
  juliet.sends("<iq type='set' id='1' to='capulet.example'>" + change("nurse", "mine, now it is") + "</iq>");
  juliet.receives_error("1", "not-allowed");
  namesake.sends("<iq type='set' id='2' to='capulet.example'>" + change("juliet", "mine, now it is") + "</iq>");
  namesake.receives_error("2", "not-allowed");
  namesake.sends("<iq type='get' id='3' to='capulet.example'><query xmlns='jabber:iq:register'/></iq>");
  namesake.receives_error("3", "not-allowed");
  EXPECT_EQ(keys("nurse@capulet.example"), before);
  juliet.sends("<iq type='set' id='4' to='capulet.example'>" + change("juliet", "x") + "</iq>");
  juliet.receives_error("4", "not-acceptable");
  const std::string old = keys("juliet@capulet.example");
  juliet.asks("set", "capulet.example", change("Juliet", "quite another"));
  EXPECT_NE(keys("juliet@capulet.example"), old);
  chamber.is_closed_with("reset");
  nurse.receives_nothing();
  EXPECT_NE(juliet.asks("get", "capulet.example", "<query xmlns='jabber:iq:register'/>").find("<registered/><username>juliet</username>"),
            std::string::npos);
}

TEST(Registration, ADirectorysPasswordIsChangedThereOrNotAtAll) {
  DirectoryScene people;
  Scene scene(people.options());
  Client& juliet = scene.login("juliet@capulet.example/balcony");
  Client& chamber = scene.login("juliet@capulet.example/chamber");
  juliet.sends("<iq type='set' id='1' to='capulet.example'>" + change("juliet", "quite another") + "</iq>");
  EXPECT_NE(juliet.receives("id='1'").find("<not-allowed "), std::string::npos);
  people.directory->changes_passwords = true;
  people.directory->refusal = Error{ErrorKind::invalid, "the directory says that the password is too short"};
  juliet.sends("<iq type='set' id='2' to='capulet.example'>" + change("juliet", "quite another") + "</iq>");
  const std::string refused = juliet.receives("id='2'");
  EXPECT_NE(refused.find("<not-acceptable "), std::string::npos) << refused;
  EXPECT_NE(refused.find("the directory says that the password is too short"), std::string::npos) << refused;
  people.directory->refusal = Error{ErrorKind::timeout, "no answer"};
  juliet.sends("<iq type='set' id='3' to='capulet.example'>" + change("juliet", "quite another") + "</iq>");
  juliet.receives_error("3", "resource-constraint");
  EXPECT_FALSE(scene.wait(scene.administration().set_password(*BareJid::parse("juliet@capulet.example"), SecretBytes(std::string_view("by an operator")))).has_value());
  EXPECT_TRUE(people.directory->changed.empty());
  people.directory->refusal.reset();
  scene.advance(std::chrono::seconds(1));
  juliet.asks("set", "capulet.example", change("juliet", "quite another"));
  EXPECT_EQ(people.directory->changed, std::vector<std::string>{"juliet@capulet.example quite another"});
  chamber.is_closed_with("reset");
  EXPECT_EQ(scene.wait(scene.stores().accounts.find(*BareJid::parse("juliet@capulet.example")))->credentials_changed, scene.clock().wall());
}

TEST(Registration, RemovalIsAnsweredOnceAndThenTheSessionsEnd) {  // section 3.2
  Scene scene(open_to_strangers());
  Client& juliet = scene.login("juliet@capulet.example/balcony");
  juliet.sends("<iq type='set' id='1'><query xmlns='jabber:iq:register'><remove/><username>juliet</username></query></iq>");
  juliet.receives_error("1", "bad-request");
  juliet.sends("<iq type='set' id='2'><query xmlns='jabber:iq:register'><remove/></query></iq>");
  juliet.receives({"type='result'", "id='2'"});
  juliet.is_closed_with("not-authorized");
  EXPECT_FALSE(scene.wait(scene.stores().accounts.find(*BareJid::parse("juliet@capulet.example"))).has_value());
}

TEST(Registration, RemovalIsOffUnlessTheDomainAllowsIt) {
  Scene scene;
  Client& juliet = scene.login("juliet@capulet.example/balcony");
  juliet.sends("<iq type='set' id='1'><query xmlns='jabber:iq:register'><remove/></query></iq>");
  juliet.receives_error("1", "not-allowed");
}

TEST(Registration, StrangersMakeAccountsWhereItIsSwitchedOn) {  // section 3.1
  Scene scene(open_to_strangers());
  const auto& registration = scene.world().find_host("capulet.example")->registration;
  ASSERT_TRUE(registration);
  const auto answer = [&](std::string_view type, std::string_view payload) {
    return scene.wait(registration(request(type, payload), "192.0.2.1"))->to_xml();
  };
  EXPECT_NE(answer("get", "<query xmlns='jabber:iq:register'/>").find("<username/><password/>"), std::string::npos);
  EXPECT_NE(answer("set", change("Paris", "long enough")).find("type='result'"), std::string::npos);
  EXPECT_TRUE(scene.wait(scene.stores().accounts.find(*BareJid::parse("paris@capulet.example"))).has_value());
  EXPECT_NE(answer("set", change("paris", "long enough")).find("<conflict "), std::string::npos);
  EXPECT_NE(answer("set", change("a b", "long enough")).find("<jid-malformed "), std::string::npos);
  EXPECT_NE(answer("set", change("tybalt", "x")).find("<not-acceptable "), std::string::npos);
  EXPECT_NE(answer("set", "<query xmlns='jabber:iq:register'><username>u</username></query>").find("<not-acceptable "), std::string::npos);
  EXPECT_NE(answer("set", "<query xmlns='jabber:iq:register'><remove/></query>").find("<not-acceptable "), std::string::npos);
}

TEST(Registration, IsNotOfferedInClear) {
  Scene scene(open_to_strangers());
  Client& stranger = scene.connect();
  stranger.sends("<stream:stream to='capulet.example' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>");
  std::string seen;
  while (stranger.waiting() != 0) {
    seen += stranger.next();
  }
  EXPECT_NE(seen.find("<mechanisms"), std::string::npos) << seen;
  EXPECT_EQ(seen.find("iq-register"), std::string::npos) << seen;
  stranger.sends("<iq type='set' id='1'>" + change("paris", "long enough") + "</iq>");
  stranger.ignores_the_rest();
  EXPECT_FALSE(scene.wait(scene.stores().accounts.find(*BareJid::parse("paris@capulet.example"))).has_value());
}

TEST(Registration, IsOffUnlessSwitchedOn) {
  Scene scene;
  EXPECT_FALSE(scene.world().find_host("capulet.example")->registration);
}

}  // namespace
}  // namespace aldis::test
