// XEP-0133: each command as an administrator uses it, and everybody else refused (security S12).
#include "operators/command.h"
#include "tests/support/failing_scene.h"
#include "tests/support/scene.h"

namespace aldis::test {
namespace {

std::string node(std::string_view name) { return "http://jabber.org/protocol/admin#" + std::string(name); }

std::string command(std::string_view name, std::string_view session = {}, std::string_view payload = {}) {
  std::string xml = "<command xmlns='http://jabber.org/protocol/commands' node='" + node(name) + "'";
  if (!session.empty()) {
    xml += " sessionid='" + std::string(session) + "'";
  }
  return xml + ">" + std::string(payload) + "</command>";
}

using Values = std::initializer_list<std::pair<std::string_view, std::string_view>>;
std::string submit(Values values) {
  std::string xml = "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'>"
                    "<value>http://jabber.org/protocol/admin</value></field>";
  for (const auto& [var, value] : values) {
    xml += "<field var='" + std::string(var) + "'><value>" + std::string(value) + "</value></field>";
  }
  return xml + "</x>";
}

std::string session_of(const std::string& xml) {
  const std::size_t at = xml.find("sessionid='") + 11;
  return xml.substr(at, xml.find('\'', at) - at);
}

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

void install_with_administrator(VirtualHost& host, World& world) {
  install_default_extensions(host, world);
  host.set_administrators({*BareJid::parse("bard@" + std::string(host.domain()))});
}

class ServiceAdministration : public ::testing::Test {
 protected:
  static SceneOptions options() {
    SceneOptions made;
    made.install = install_with_administrator;
    return made;
  }
  Scene scene_{options()};
  Client& bard_ = scene_.login("bard@capulet.example/globe");

  std::string run(std::string_view name, Values values) {
    const std::string shown = bard_.asks("set", "capulet.example", command(name));
    EXPECT_TRUE(holds(shown, "status='executing'")) << shown;
    return bard_.asks("set", "capulet.example", command(name, session_of(shown), submit(values)));
  }
  void is_refused(std::string_view name, Values values, std::string_view condition) {
    const std::string shown = bard_.asks("set", "capulet.example", command(name));
    bard_.sends("<iq type='set' id='r' to='capulet.example'>" + command(name, session_of(shown), submit(values)) + "</iq>");
    bard_.receives_error("r", condition);
  }
  bool exists(std::string_view jid) { return scene_.wait(scene_.stores().accounts.find(*BareJid::parse(jid))).has_value(); }
};

constexpr const char* all_commands[] = {
    "add-user", "delete-user", "disable-user", "reenable-user", "end-user-session", "change-user-password", "get-user-roster",
    "get-user-lastlogin", "user-stats", "get-registered-users-num", "get-disabled-users-num", "get-online-users-num",
    "get-active-users-num", "get-idle-users-num", "get-registered-users-list", "get-disabled-users-list",
    "get-online-users-list", "get-active-users", "get-idle-users", "announce", "set-motd", "edit-motd", "delete-motd",
    "set-welcome", "delete-welcome"};

TEST_F(ServiceAdministration, IsForAdministratorsOfThisDomainOnly) {  // security S12
  Client& same_name = scene_.login("bard@montague.example/globe");
  Client& user = scene_.login("juliet@capulet.example/balcony");
  const std::string list = bard_.asks(
      "get", "capulet.example",
      "<query xmlns='http://jabber.org/protocol/disco#items' node='http://jabber.org/protocol/commands'/>");
  for (const char* name : all_commands) {
    EXPECT_TRUE(holds(list, "node='" + node(name) + "'")) << name;
    for (Client* other : {&same_name, &user}) {
      other->sends("<iq type='set' id='c' to='capulet.example'>" + command(name) + "</iq>");
      other->receives_error("c", "forbidden");
    }
  }
  bard_.sends("<iq type='set' id='m' to='montague.example'>" + command("get-registered-users-num") + "</iq>");
  bard_.receives_error("m", "forbidden");
}

TEST_F(ServiceAdministration, ActsOnNoOtherDomain) {
  scene_.has_account("romeo@montague.example", "secret secret");
  for (const char* name : {"delete-user", "disable-user", "reenable-user", "end-user-session", "get-user-roster", "get-user-lastlogin"}) {
    is_refused(name, {{"accountjids", "romeo@montague.example"}}, "not-acceptable");
    is_refused(name, {{"accountjids", "capulet.example"}}, "not-acceptable");
  }
  is_refused("add-user", {{"accountjid", "paris@montague.example"}, {"password", "longenough"}, {"password-verify", "longenough"}}, "not-acceptable");
  is_refused("change-user-password", {{"accountjid", "romeo@montague.example"}, {"password", "longenough"}}, "not-acceptable");
  is_refused("user-stats", {{"accountjid", "romeo@montague.example"}}, "not-acceptable");
  EXPECT_TRUE(exists("romeo@montague.example"));
  EXPECT_FALSE(exists("paris@montague.example"));
}

TEST_F(ServiceAdministration, AddsAUser) {  // section 4.1
  const std::string done = run("add-user", {{"accountjid", "Juliet@capulet.example"}, {"password", "long enough"}, {"password-verify", "long enough"}});
  EXPECT_TRUE(holds(done, "status='completed'")) << done;
  EXPECT_TRUE(exists("juliet@capulet.example"));
  is_refused("add-user", {{"accountjid", "juliet@capulet.example"}, {"password", "long enough"}, {"password-verify", "long enough"}}, "conflict");
  is_refused("add-user", {{"accountjid", "nurse@capulet.example"}, {"password", "long enough"}, {"password-verify", "other one"}}, "not-acceptable");
  is_refused("add-user", {{"accountjid", "nurse@capulet.example"}, {"password", "x"}, {"password-verify", "x"}}, "not-acceptable");
  is_refused("add-user", {{"accountjid", "nurse@capulet.example"}}, "bad-request");
  is_refused("add-user", {{"accountjid", "@"}, {"password", "long enough"}, {"password-verify", "long enough"}}, "bad-request");
  EXPECT_FALSE(exists("nurse@capulet.example"));
}

TEST_F(ServiceAdministration, DeletesUsersAndSaysWhichItCouldNot) {  // section 4.2
  Client& juliet = scene_.login("juliet@capulet.example/balcony");
  const std::string done = bard_.asks("set", "capulet.example", command("delete-user"));
  const std::string answer = bard_.asks(
      "set", "capulet.example",
      command("delete-user", session_of(done),
              "<x xmlns='jabber:x:data' type='submit'><field var='accountjids'><value>juliet@capulet.example</value>"
              "<value>nobody@capulet.example</value></field></x>"));
  EXPECT_TRUE(holds(answer, "<note type='error'>nobody@capulet.example: ")) << answer;
  EXPECT_FALSE(holds(answer, "juliet")) << answer;
  juliet.is_closed_with("not-authorized");
  EXPECT_FALSE(exists("juliet@capulet.example"));
}

TEST_F(ServiceAdministration, DisablesAndReenablesUsers) {  // sections 4.3 and 4.4
  Client& juliet = scene_.login("juliet@capulet.example/balcony");
  static_cast<void>(run("disable-user", {{"accountjids", "juliet@capulet.example"}}));
  juliet.is_closed_with("not-authorized");
  EXPECT_TRUE(holds(bard_.asks("set", "capulet.example", command("get-disabled-users-num")), "<value>1</value>"));
  EXPECT_TRUE(holds(run("get-disabled-users-list", {{"max_items", "25"}}), "<value>juliet@capulet.example</value>"));
  static_cast<void>(run("reenable-user", {{"accountjids", "juliet@capulet.example"}}));
  EXPECT_TRUE(holds(bard_.asks("set", "capulet.example", command("get-disabled-users-num")), "<value>0</value>"));
}

TEST_F(ServiceAdministration, EndsSessions) {  // section 4.5
  Client& balcony = scene_.login("juliet@capulet.example/balcony");
  Client& chamber = scene_.login("juliet@capulet.example/chamber");
  static_cast<void>(run("end-user-session", {{"accountjids", "juliet@capulet.example/balcony"}}));
  balcony.is_closed_with("reset");
  EXPECT_FALSE(chamber.is_closed());
  static_cast<void>(run("end-user-session", {{"accountjids", "juliet@capulet.example"}}));
  chamber.is_closed_with("reset");
}

TEST_F(ServiceAdministration, ChangesAPassword) {  // section 4.7; security S13
  scene_.has_account("juliet@capulet.example", "long enough");
  Client& juliet = scene_.login("juliet@capulet.example/balcony");
  static_cast<void>(run("change-user-password", {{"accountjid", "juliet@capulet.example"}, {"password", "quite another"}}));
  juliet.is_closed_with("reset");
  is_refused("change-user-password", {{"accountjid", "juliet@capulet.example"}, {"password", "x"}}, "not-acceptable");
  is_refused("change-user-password", {{"accountjid", "nobody@capulet.example"}, {"password", "quite another"}}, "item-not-found");
}

TEST_F(ServiceAdministration, JudgesAPasswordAsEveryOtherDoorDoes) {  // security S14: XEP-0133, XEP-0077 and operators in the same words
  scene_.has_account("juliet@capulet.example", "long enough");
  Client& juliet = scene_.login("juliet@capulet.example/balcony");
  const BareJid jid = *BareJid::parse("juliet@capulet.example");
  const std::string salt = scene_.wait(scene_.stores().accounts.find(jid))->keys.front().salt;
  for (const std::string& password : {std::string("short"), std::string(5000, 'x'), std::string("tab\tand more"), std::string()}) {
    const Result<void> set = scene_.wait(scene_.administration().set_password(jid, SecretBytes(std::string_view(password))));
    ASSERT_FALSE(set.has_value());
    const std::string text = ">" + set.error().what + "</text>";
    const std::string escaped = password.empty() ? password : password == "tab\tand more" ? "tab&#9;and more" : password;
    juliet.sends("<iq type='set' id='p' to='capulet.example'><query xmlns='jabber:iq:register'><username>juliet</username><password>" + escaped + "</password></query></iq>");
    const std::string own = juliet.receives("id='p'");
    EXPECT_TRUE(holds(own, "<not-acceptable ") && holds(own, text)) << own << text;
    const std::string session = session_of(bard_.asks("set", "capulet.example", command("change-user-password")));
    bard_.sends("<iq type='set' id='a' to='capulet.example'>" +
                command("change-user-password", session, submit({{"accountjid", "juliet@capulet.example"}, {"password", escaped}})) + "</iq>");
    const std::string admins = bard_.receives("id='a'");
    EXPECT_TRUE(password.empty() || holds(admins, set.error().what)) << admins;
    EXPECT_TRUE(holds(admins, "type='error'")) << admins;
  }
  EXPECT_EQ(scene_.wait(scene_.stores().accounts.find(jid))->keys.front().salt, salt) << "nothing was changed";
}

TEST_F(ServiceAdministration, ShowsWhatAUserHas) {  // sections 4.8 to 4.10
  scene_.has_account("juliet@capulet.example", "long enough");
  scene_.are_contacts("juliet@capulet.example", "romeo@montague.example");
  {
    Client& juliet = scene_.login("juliet@capulet.example/balcony");
    juliet.comes_online();
    juliet.ignores_the_rest();
    const std::string stats = run("user-stats", {{"accountjid", "juliet@capulet.example"}});
    EXPECT_TRUE(holds(stats, "<value>balcony</value>")) << stats;
    EXPECT_TRUE(holds(stats, "<field var='rostersize'")) << stats;
    juliet.sends("</stream:stream>");
    juliet.is_closed_with("");
  }
  const std::string roster = run("get-user-roster", {{"accountjids", "juliet@capulet.example"}});
  EXPECT_TRUE(holds(roster, "<query xmlns='jabber:iq:roster'><item jid='romeo@montague.example'")) << roster;
  scene_.advance(std::chrono::seconds(100));
  const std::string last = run("get-user-lastlogin", {{"accountjids", "juliet@capulet.example"}});
  EXPECT_TRUE(holds(last, "<field var='lastlogin'")) << last;
  is_refused("get-user-roster", {{"accountjids", "nobody@capulet.example"}}, "item-not-found");
}

TEST_F(ServiceAdministration, CountsAndListsUsers) {  // sections 4.13 to 4.20
  Client& juliet = scene_.login("juliet@capulet.example/balcony");
  Client& nurse = scene_.login("nurse@capulet.example/hall");
  Client& romeo = scene_.login("romeo@montague.example/orchard");
  scene_.has_account("tybalt@capulet.example", "long enough");
  juliet.comes_online();
  nurse.sends("<presence><show>away</show></presence>");
  nurse.ignores_the_rest();
  const auto number = [&](std::string_view name) {
    const std::string answer = bard_.asks("set", "capulet.example", command(name));
    const std::size_t at = answer.rfind("<value>") + 7;
    return answer.substr(at, answer.find('<', at) - at);
  };
  EXPECT_EQ(number("get-registered-users-num"), "4");
  EXPECT_EQ(number("get-online-users-num"), "3");
  EXPECT_EQ(number("get-active-users-num"), "1");
  EXPECT_EQ(number("get-idle-users-num"), "2");
  const std::string everybody = run("get-registered-users-list", {{"max_items", "none"}});
  for (const char* who : {"bard@", "juliet@", "nurse@", "tybalt@"}) {
    EXPECT_TRUE(holds(everybody, "<value>" + std::string(who) + "capulet.example</value>")) << everybody;
  }
  EXPECT_FALSE(holds(everybody, "montague"));
  EXPECT_TRUE(holds(run("get-active-users", {{"max_items", "25"}}), "<value>juliet@capulet.example</value>"));
  EXPECT_TRUE(holds(run("get-idle-users", {{"max_items", "25"}}), "<value>nurse@capulet.example</value>"));
  is_refused("get-online-users-list", {{"max_items", "26"}}, "bad-request");
  romeo.receives_nothing();
}

TEST_F(ServiceAdministration, AnnouncesToThoseWhoAreOnline) {  // section 4.21
  Client& juliet = scene_.login("juliet@capulet.example/balcony");
  Client& unavailable = scene_.login("nurse@capulet.example/hall");
  Client& romeo = scene_.login("romeo@montague.example/orchard");
  juliet.comes_online();
  romeo.comes_online();
  const std::string done = run("announce", {{"subject", "A feast"}, {"announcement", "Tonight"}});
  EXPECT_TRUE(holds(done, "<note type='info'>sent to 1 session</note>")) << done;
  juliet.receives({"<message", "type='headline'", "from='capulet.example'", "<subject>A feast</subject><body>Tonight</body>"});
  unavailable.receives_nothing();
  romeo.receives_nothing();
  is_refused("announce", {{"announcement", ""}}, "bad-request");
}

TEST_F(ServiceAdministration, ShowsTheMessageOfTheDayOnceToEachUser) {  // sections 4.22 to 4.24
  Client& juliet = scene_.login("juliet@capulet.example/balcony");
  Client& romeo = scene_.login("romeo@montague.example/orchard");
  juliet.comes_online();
  romeo.comes_online();
  static_cast<void>(run("set-motd", {{"motd", "A feast tonight"}}));
  juliet.receives({"<message", "type='headline'", "from='capulet.example'", "<body>A feast tonight</body>"});
  Client& chamber = scene_.login("juliet@capulet.example/chamber");
  chamber.comes_online();
  chamber.ignores_the_rest();  // the other resource
  juliet.ignores_the_rest();
  chamber.sends("<presence type='unavailable'/>");
  juliet.ignores_the_rest();
  chamber.ignores_the_rest();
  Client& nurse = scene_.login("nurse@capulet.example/hall");
  nurse.receives_nothing();  // not before she comes online
  nurse.comes_online();
  nurse.receives("<body>A feast tonight</body>");
  nurse.sends("<presence type='unavailable'/>");
  nurse.ignores_the_rest();
  nurse.comes_online();
  nurse.receives_nothing();
  const std::string shown = bard_.asks("set", "capulet.example", command("edit-motd"));
  EXPECT_TRUE(holds(shown, "<value>A feast tonight</value>")) << shown;
  static_cast<void>(bard_.asks("set", "capulet.example",
                               command("edit-motd", session_of(shown), submit({{"motd", "The feast is off"}}))));
  juliet.receives_nothing();
  Client& tybalt = scene_.login("tybalt@capulet.example/street");
  tybalt.comes_online();
  tybalt.receives("<body>The feast is off</body>");
  static_cast<void>(bard_.asks("set", "capulet.example", command("delete-motd")));
  Client& late = scene_.login("paris@capulet.example/street");
  late.comes_online();
  late.receives_nothing();
  romeo.receives_nothing();
  bard_.sends("<iq type='set' id='d' to='capulet.example'>" + command("delete-motd") + "</iq>");
  bard_.receives_error("d", "item-not-found");
}

TEST_F(ServiceAdministration, WelcomesNewUsers) {  // sections 4.25 and 4.26
  Client& nurse = scene_.login("nurse@capulet.example/hall");
  nurse.comes_online();
  nurse.sends("<presence type='unavailable'/>");  // no new user any more
  nurse.ignores_the_rest();
  static_cast<void>(run("set-welcome", {{"welcome", "Welcome to Verona"}}));
  nurse.comes_online();
  nurse.receives_nothing();
  Client& juliet = scene_.login("juliet@capulet.example/balcony");
  juliet.comes_online();
  juliet.receives({"type='headline'", "<body>Welcome to Verona</body>"});
  juliet.sends("<presence type='unavailable'/>");
  juliet.ignores_the_rest();
  juliet.comes_online();
  juliet.receives_nothing();
  EXPECT_TRUE(holds(bard_.asks("set", "capulet.example", command("set-welcome")), "<value>Welcome to Verona</value>"));
  static_cast<void>(bard_.asks("set", "capulet.example", command("delete-welcome")));
  Client& tybalt = scene_.login("tybalt@capulet.example/street");
  tybalt.comes_online();
  tybalt.receives_nothing();
}

// What operators can do on the command line, administrators of a domain can do here: one registry.
TEST_F(ServiceAdministration, OffersEveryOperatorsCommandOfADomain) {
  Client& user = scene_.login("juliet@capulet.example/balcony");
  scene_.has_account("romeo@montague.example", "long enough");
  const auto plain = [](const std::string& name, const std::string& session = {}, const std::string& form = {}) {
    return "<command xmlns='http://jabber.org/protocol/commands' node='urn:aldis:operator#" + name + "'" +
           (session.empty() ? "" : " sessionid='" + session + "'") + ">" + form + "</command>";
  };
  const std::string list = bard_.asks(
      "get", "capulet.example",
      "<query xmlns='http://jabber.org/protocol/disco#items' node='http://jabber.org/protocol/commands'/>");
  std::size_t offered = 0;
  for (const admin::OperatorCommand& one : admin::operator_commands()) {
    std::string name = one.name;
    std::replace(name.begin(), name.end(), ' ', '-');
    if (!holds(list, "node='urn:aldis:operator#" + name + "'")) {
      continue;
    }
    ++offered;
    EXPECT_FALSE(one.is_owners) << name;
    user.sends("<iq type='set' id='c' to='capulet.example'>" + plain(name) + "</iq>");
    user.receives_error("c", "forbidden");
  }
  EXPECT_EQ(offered, 17U);  // the others have a node of XEP-0133, or are about the whole server
  const std::string accounts = bard_.asks("set", "capulet.example", plain("user-list"));
  EXPECT_TRUE(holds(accounts, "<reported><field")) << accounts;
  EXPECT_TRUE(holds(accounts, "<value>juliet@capulet.example</value>")) << accounts;
  EXPECT_FALSE(holds(accounts, "montague")) << accounts;
  const auto on = [&](const std::string& name, std::string_view field, std::string_view value) {
    const std::string shown = bard_.asks("set", "capulet.example", plain(name));
    bard_.sends("<iq type='set' id='o' to='capulet.example'>" +
                plain(name, session_of(shown),
                      "<x xmlns='jabber:x:data' type='submit'><field var='" + std::string(field) + "'><value>" +
                          std::string(value) + "</value></field></x>") +
                "</iq>");
    return bard_.receives("id='o'");
  };
  EXPECT_TRUE(holds(on("user-show", "account", "juliet@capulet.example"), "<value>no</value>"));
  EXPECT_TRUE(holds(on("user-unlock", "account", "juliet@capulet.example"), "<note type='info'>failed logins"));
  EXPECT_TRUE(holds(on("user-unlock", "account", "romeo@montague.example"), "not-allowed"));
  EXPECT_TRUE(holds(on("session-list", "account", "romeo@montague.example"), "not-allowed"));
  const std::string imported = on("user-import", "file", "paris@capulet.example\tlong enough\nmercutio@montague.example\tlong enough");
  EXPECT_TRUE(holds(imported, "<note type='info'>1 accounts added, 1 lines refused")) << imported;
  EXPECT_TRUE(exists("paris@capulet.example"));
  EXPECT_FALSE(exists("mercutio@montague.example"));
}

// A reload changes who administers a domain, also in the middle of a command.
TEST_F(ServiceAdministration, AsksAtEachStepWhoMay) {
  const std::string shown = bard_.asks("set", "capulet.example", command("add-user"));
  scene_.world().hosts.at("capulet.example")->set_administrators({});
  bard_.sends("<iq type='set' id='c' to='capulet.example'>" +
              command("add-user", session_of(shown),
                      submit({{"accountjid", "juliet@capulet.example"}, {"password", "long enough"}, {"password-verify", "long enough"}})) +
              "</iq>");
  bard_.receives_error("c", "forbidden");
  EXPECT_FALSE(exists("juliet@capulet.example"));
}

// Exactly one answer, whichever store call fails.
TEST(ServiceAdministrationFailures, EveryStoreCallFailsOnce) {
  const std::pair<const char*, std::string> jobs[] = {
      {"add-user", submit({{"accountjid", "new@capulet.example"}, {"password", "long enough"}, {"password-verify", "long enough"}})},
      {"delete-user", submit({{"accountjids", "juliet@capulet.example"}})},
      {"disable-user", submit({{"accountjids", "juliet@capulet.example"}})},
      {"change-user-password", submit({{"accountjid", "juliet@capulet.example"}, {"password", "long enough"}})},
      {"get-user-roster", submit({{"accountjids", "juliet@capulet.example"}})},
      {"get-user-lastlogin", submit({{"accountjids", "juliet@capulet.example"}})},
      {"set-motd", submit({{"motd", "A feast"}})},
      {"set-welcome", submit({{"welcome", "Welcome"}})},
      {"user-stats", submit({{"accountjid", "juliet@capulet.example"}})},
      {"get-registered-users-list", submit({{"max_items", "25"}})},
  };
  for (const auto& [name, payload] : jobs) {
    const std::size_t failures = fail_each_call([&, &name = name, &payload = payload](std::size_t n) {
      SceneOptions options;
      options.install = install_with_administrator;
      StoresOfScene stores;
      Scene scene(stores.under(std::move(options)));
      scene.has_account("juliet@capulet.example", "long enough");
      Client& bard = scene.login("bard@capulet.example/globe");
      const std::string shown = bard.asks("set", "capulet.example", command(name));
      const bool has_failed = stores.fail({.nth = n}, [&] {
        bard.sends("<iq type='set' id='f' to='capulet.example'>" + command(name, session_of(shown), payload) + "</iq>");
      });
      const std::string answer = bard.receives("id='f'");
      EXPECT_TRUE(!has_failed || holds(answer, "type='error'") || holds(answer, "<note type='error'>") ||
                  std::string_view(name) == "delete-user")
          << name << n << answer;
      bard.receives_nothing();
      return has_failed;
    });
    EXPECT_GE(failures, 1U) << name;
  }
}

}  // namespace
}  // namespace aldis::test
