// Contacts by shared groups: rosters, presence and subscriptions of their members (RFC 6121 sections 2 to 4), when groups change too.
#include <gmock/gmock.h>

#include <random>
#include <regex>
#include <set>

#include "tests/support/scene.h"

namespace aldis::test {
namespace {

BareJid jid(std::string_view local) { return BareJid::of(local, "capulet.example").value(); }

DirectoryGroup group(const std::string& name, const std::vector<std::string>& members, bool is_on_rosters = true) {
  DirectoryGroup made{name, "The " + name, is_on_rosters, {}};
  for (const std::string& member : members) made.members.push_back({jid(member), "Name of " + member});
  return made;
}

Task<bool> shared(World& world, std::vector<DirectoryGroup> groups) {
  co_await share_groups(world, "capulet.example", std::move(groups));
  co_return true;
}

struct House {
  Scene scene;
  explicit House(std::size_t shards = 1) : scene({.shards = shards}) {
    for (const char* who : {"juliet", "nurse", "tybalt", "paris"}) scene.has_account(std::string(who) + "@capulet.example");
    has({group("staff", {"juliet", "nurse", "tybalt"}), group("quiet", {"juliet", "paris"}, false)});
  }
  void has(std::vector<DirectoryGroup> groups) { EXPECT_TRUE(scene.wait(shared(scene.world(), std::move(groups)))); }
  Client& login(const std::string& local) { return scene.login(local + "@capulet.example/" + local.substr(0, 1)); }
  Client& here(const std::string& local) {   // with a roster, and available; what came of it thrown away
    Client& client = login(local);
    client.wants_roster();
    client.comes_online();
    client.ignores_the_rest();
    return client;
  }
};

constexpr auto roster_get = "<query xmlns='jabber:iq:roster' ver=''/>";
std::string get_since(std::string_view ver) { return "<query xmlns='jabber:iq:roster' ver='" + std::string(ver) + "'/>"; }
std::string ver_of(const std::string& xml) {
  std::smatch match;
  return std::regex_search(xml, match, std::regex("ver='([^']*)'")) ? match[1].str() : std::string();
}

TEST(SharedGroups, MembersHaveEachOtherOnTheirRosters) {
  House house;
  Client& juliet = house.login("juliet");
  const std::string roster = juliet.asks("get", "", roster_get);
  for (const char* wanted : {"<item jid='nurse@capulet.example' name='Name of nurse' subscription='both'><group>The staff</group></item>",
                             "<item jid='tybalt@capulet.example'"}) {
    EXPECT_THAT(roster, ::testing::HasSubstr(wanted));
  }
  EXPECT_THAT(roster, ::testing::Not(::testing::HasSubstr("juliet@capulet.example' name"))) << "not oneself";
  EXPECT_THAT(roster, ::testing::Not(::testing::HasSubstr("paris"))) << "its group is on no roster";
  Client& paris = house.login("paris");
  EXPECT_THAT(paris.asks("get", "", roster_get), ::testing::Not(::testing::HasSubstr("<item")));
}

TEST(SharedGroups, PresencePassesAndNobodyIsWokenForIt) {
  House house;
  Client& paris = house.here("paris");
  Client& nurse = house.here("nurse");
  Client& juliet = house.login("juliet");
  juliet.sends("<presence><show>away</show></presence>");
  juliet.receives_among({"from='juliet@capulet.example/j'"});
  juliet.receives_among({"from='nurse@capulet.example/n'"});   // the probe's answer; none of who is not there (RFC 6121 section 4.3.2)
  nurse.receives({"from='juliet@capulet.example/j'", "<show>away</show>"});
  EXPECT_EQ(house.scene.home().find_account(jid("tybalt")), nullptr) << "who is not there is not loaded";
  nurse.sends("<presence to='juliet@capulet.example' type='probe'/>");   // 4.3.2: she may
  nurse.receives({"from='juliet@capulet.example/j'", "<show>away</show>"});
  juliet.sends("<presence type='unavailable'/>");
  juliet.receives({"from='juliet@capulet.example/j'", "type='unavailable'"});
  nurse.receives({"from='juliet@capulet.example/j'", "type='unavailable'"});
  paris.receives_nothing();
}

TEST(SharedGroups, WhoseSessionEndsIsSeenGoing) {
  House house(2);
  Client& nurse = house.here("nurse");
  Client& juliet = house.here("juliet");
  nurse.ignores_the_rest();
  juliet.cuts_the_line();
  nurse.receives({"from='juliet@capulet.example/j'", "type='unavailable'"});
}

TEST(SharedGroups, AContactIsNamedByTheOwnerAndRemovedByNobody) {
  House house;
  Client& nurse = house.here("nurse");
  Client& juliet = house.here("juliet");
  nurse.ignores_the_rest();
  const std::string set = "<iq type='set' id='1'><query xmlns='jabber:iq:roster'><item jid='nurse@capulet.example'";
  juliet.sends(set + " name='Angelica'><group>Home</group><group>The staff</group></item></query></iq>");
  juliet.receives({"type='set'", "name='Angelica'", "subscription='both'", "<group>Home</group><group>The staff</group>"});
  juliet.receives({"type='result'", "id='1'"});
  juliet.sends(set + " subscription='remove'/></query></iq>");
  juliet.receives_error("1", "not-allowed");
  juliet.sends("<presence to='nurse@capulet.example' type='unsubscribe' id='2'/>");
  juliet.receives_error("2", "not-allowed");
  juliet.sends("<presence to='nurse@capulet.example' type='unsubscribed' id='3'/>");
  juliet.receives_error("3", "not-allowed");
  juliet.sends("<presence to='nurse@capulet.example' type='subscribe'/>");
  juliet.receives_nothing();
  nurse.receives_nothing();
  // Without the group it is the owner's item, and nothing of the group has stuck to it.
  house.has({group("staff", {"juliet", "tybalt"})});
  juliet.receives_among({"type='set'", "jid='nurse@capulet.example' name='Angelica' subscription='none'><group>Home</group></item>"});
  juliet.receives_among({"from='nurse@capulet.example/n'", "type='unavailable'"});
  nurse.ignores_the_rest();
}

TEST(SharedGroups, WhatTheDirectorySaysIsNotCopied) {
  House house;
  Client& juliet = house.here("juliet");
  juliet.sends("<iq type='set' id='1'><query xmlns='jabber:iq:roster'><item jid='nurse@capulet.example' name='Name of nurse'>"
               "<group>The staff</group></item></query></iq>");
  juliet.receives({"type='set'", "name='Name of nurse'", "subscription='both'"});
  juliet.receives({"type='result'"});
  EXPECT_TRUE(house.scene.wait(house.scene.stores().rosters.load(jid("juliet")))->items.empty());
}

TEST(SharedGroups, OneWhoComesCostsOnePushForEachWhoIsThere) {
  House house(2);
  Client& nurse = house.here("nurse");
  Client& juliet = house.here("juliet");
  Client& paris = house.here("paris");
  nurse.ignores_the_rest();
  house.has({group("staff", {"juliet", "nurse", "tybalt", "paris"})});
  for (Client* each : {&nurse, &juliet}) {
    each->receives({"type='set'", "ver='0:", "<item jid='paris@capulet.example' name='Name of paris' subscription='both'><group>The staff</group>"});
    each->receives({"<presence", "from='paris@capulet.example/p'"});
    each->receives_nothing();
  }
  for (const char* contact : {"juliet", "nurse", "tybalt"}) paris.receives_among({"type='set'", std::string("<item jid='") + contact});
  for (const char* contact : {"juliet", "nurse"}) paris.receives_among({"<presence", std::string("from='") + contact});
  paris.receives_nothing();
  EXPECT_EQ(house.scene.home_of("tybalt@capulet.example").find_account(jid("tybalt")), nullptr);

  house.has({group("staff", {"juliet", "nurse", "tybalt"})});
  for (Client* each : {&nurse, &juliet}) {
    each->receives({"<presence", "from='paris@capulet.example/p'", "type='unavailable'"});
    each->receives({"type='set'", "<item jid='paris@capulet.example' subscription='remove'/>"});
    each->receives_nothing();
  }
  for (const char* contact : {"juliet", "nurse"}) paris.receives_among({"<presence", std::string("from='") + contact, "type='unavailable'"});
  for (const char* contact : {"juliet", "nurse", "tybalt"}) paris.receives_among({"subscription='remove'", std::string("<item jid='") + contact});
  paris.sends("<presence><show>dnd</show></presence>");
  paris.receives("<show>dnd</show>");   // herself only
}

TEST(SharedGroups, TheOwnSubscriptionLiesUnderneath) {
  House house;
  house.scene.are_contacts("juliet@capulet.example", "nurse@capulet.example");
  Client& nurse = house.here("nurse");
  Client& juliet = house.here("juliet");
  nurse.ignores_the_rest();
  house.has({});
  juliet.receives_among({"<item jid='nurse@capulet.example' subscription='both'/>"});
  juliet.receives_among({"<item jid='tybalt@capulet.example' subscription='remove'/>"});
  juliet.receives_nothing();   // and nobody has gone
  nurse.ignores_the_rest();
  juliet.sends("<presence><show>xa</show></presence>");
  juliet.receives("<show>xa</show>");
  nurse.receives("<show>xa</show>");
}

TEST(SharedGroups, ARequestIsNotAskedOfWhoHasWhatItAsksFor) {
  House house;
  Client& paris = house.here("paris");
  Client& juliet = house.here("juliet");
  paris.sends("<presence to='juliet@capulet.example' type='subscribe'/>");
  paris.receives({"type='set'", "ask='subscribe'"});
  juliet.receives("type='subscribe'");
  house.has({group("all", {"juliet", "paris"})});
  paris.receives_among({"type='set'", "subscription='both'"});
  paris.ignores_the_rest();
  juliet.ignores_the_rest();
  Client& again = house.scene.login("juliet@capulet.example/again");
  again.comes_online();
  again.receives_among({"from='paris@capulet.example/p'"});
  again.receives_among({"from='juliet@capulet.example/j'"});
  again.receives_nothing();   // the request is not offered
  juliet.ignores_the_rest();
  paris.ignores_the_rest();
}

TEST(SharedGroups, BlockListsGoBeforeGroups) {   // XEP-0191 section 3.3
  House house;
  Client& nurse = house.here("nurse");
  Client& juliet = house.here("juliet");
  nurse.ignores_the_rest();
  juliet.sends("<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='nurse@capulet.example'/></block></iq>");
  juliet.ignores_the_rest();
  nurse.receives({"from='juliet@capulet.example/j'", "type='unavailable'"});
  juliet.sends("<presence><show>dnd</show></presence>");
  juliet.ignores_the_rest();
  nurse.sends("<presence><show>away</show></presence>");
  nurse.receives("<show>away</show>");
  nurse.receives_nothing();
  juliet.receives_nothing();
  juliet.sends("<iq type='set' id='u'><unblock xmlns='urn:xmpp:blocking'/></iq>");
  juliet.ignores_the_rest();
  nurse.receives({"from='juliet@capulet.example/j'", "<show>dnd</show>"});
}

// RFC 6121 section 2.6: the version says what of both a client has.
TEST(SharedGroups, Versions) {
  House house;
  Client& first = house.login("juliet");
  const std::string ver = ver_of(first.asks("get", "", roster_get));
  Client& same = house.scene.login("juliet@capulet.example/same");
  EXPECT_THAT(same.asks("get", "", get_since(ver)), ::testing::Not(::testing::HasSubstr("<query")));
  same.receives_nothing();
  first.cuts_the_line();
  same.cuts_the_line();
  house.has({group("staff", {"juliet", "nurse", "paris"})});
  Client& later = house.scene.login("juliet@capulet.example/later");
  EXPECT_THAT(later.asks("get", "", get_since(ver)), ::testing::Not(::testing::HasSubstr("<query")));
  later.receives({"type='set'", "ver='" + ver + "'", "<item jid='tybalt@capulet.example' subscription='remove'/>"});
  const std::string last = later.receives({"type='set'", "<item jid='paris@capulet.example'", "subscription='both'"});
  later.receives_nothing();
  Client& current = house.scene.login("juliet@capulet.example/current");
  EXPECT_THAT(current.asks("get", "", get_since(ver_of(last))), ::testing::Not(::testing::HasSubstr("<query")));
  current.receives_nothing();
  for (const char* unknown : {"0", "0:0123", "7:", "x", ":", "0:0:0"}) {
    EXPECT_THAT(current.asks("get", "", get_since(unknown)), ::testing::HasSubstr("<item jid='paris@capulet.example'")) << unknown;
  }
}

// Of administrators, with the membership and no longer; a group of the same name elsewhere gives nothing.
TEST(SharedGroups, ARightEndsWithTheMembership) {
  House house;
  VirtualHost& capulet = *house.scene.world().hosts.find("capulet.example")->second;
  VirtualHost& montague = *house.scene.world().hosts.find("montague.example")->second;
  capulet.set_administrators({jid("paris")}, {{"OPS", {}}});
  montague.set_administrators({}, {{"ops", {}}, {"quiet", "capulet.example"}});
  const auto who = [](const VirtualHost& host) {
    std::string all;
    for (const char* each : {"juliet@capulet.example/x", "nurse@capulet.example", "paris@capulet.example", "juliet@montague.example"}) {
      all += host.is_administrator(Jid::parse(each).value()) ? std::string(each).substr(0, 1) : "-";
    }
    return all;
  };
  EXPECT_EQ(who(capulet), "--p-");
  EXPECT_EQ(who(montague), "j-p-");   // quiet has them
  house.has({group("ops", {"nurse"}, false), group("quiet", {}, false)});
  EXPECT_EQ(who(capulet), "-np-");
  EXPECT_EQ(who(montague), "----") << "ops of montague.example is another group";
  house.has({});
  EXPECT_EQ(who(capulet), "--p-");
  EXPECT_EQ(house.scene.world().is_in_group(jid("nurse"), {"ops", "capulet.example"}), std::optional(false));
  montague.expects_groups = true;
  EXPECT_EQ(house.scene.world().is_in_group(Jid::parse("a@montague.example").value(), {"ops", "montague.example"}), std::nullopt);
}

// Until the directory has answered nothing is said that would take contacts away; then they come.
TEST(SharedGroups, WhoComesBeforeTheGroupsAreKnownIsTold) {
  Scene scene;
  scene.world().hosts.find("capulet.example")->second->expects_groups = true;
  for (const char* who : {"juliet", "nurse"}) scene.has_account(std::string(who) + "@capulet.example");
  Client& juliet = scene.login("juliet@capulet.example/j");
  Client& nurse = scene.login("nurse@capulet.example/n");
  for (Client* each : {&juliet, &nurse}) {
    EXPECT_THAT(each->asks("get", "", get_since("0:0123")), ::testing::Not(::testing::HasSubstr("<item")));
    each->comes_online();
    each->ignores_the_rest();
  }
  EXPECT_TRUE(scene.wait(shared(scene.world(), {group("staff", {"juliet", "nurse"})})));
  juliet.receives({"type='set'", "<item jid='nurse@capulet.example'"});
  juliet.receives_among({"<presence", "from='nurse@capulet.example/n'"});
  nurse.receives({"type='set'", "<item jid='juliet@capulet.example'"});
  nurse.receives_among({"<presence", "from='juliet@capulet.example/j'"});
  juliet.ignores_the_rest();
  nurse.ignores_the_rest();
}

// ---- any sequence of changes

// A client's copy of its roster: whole items by address.
struct Copy {
  std::map<std::string, std::string> items;
  std::string ver;
  std::size_t pushes = 0;
  void takes(const std::string& xml) {
    static const std::regex item("<item jid='([^']*)'[^>]*?(/>|>.*?</item>)");
    for (auto at = std::sregex_iterator(xml.begin(), xml.end(), item); at != std::sregex_iterator(); ++at) {
      const std::string whole = (*at)[0].str();
      if (whole.find("subscription='remove'") != std::string::npos) {
        items.erase((*at)[1].str());
      } else {
        items[(*at)[1].str()] = whole;
      }
    }
    ver = ver_of(xml);
  }
};

using Model = std::map<std::string, std::set<std::string>>;   // groups

std::map<std::string, std::string> expected(const Model& model, const std::string& who) {
  std::map<std::string, std::set<std::string>> groups;
  for (const auto& [name, members] : model) {
    if (!members.contains(who)) continue;
    for (const std::string& member : members) {
      if (member != who) groups[member].insert("The " + name);
    }
  }
  std::map<std::string, std::string> items;
  for (const auto& [member, names] : groups) {
    std::string item = "<item jid='" + member + "@capulet.example' name='Name of " + member + "' subscription='both'>";
    for (const std::string& name : names) item += "<group>" + name + "</group>";
    items[member + "@capulet.example"] = item + "</item>";
  }
  return items;
}

TEST(SharedGroups, AnySequenceOfChangesLeavesEveryRosterAsItShouldBe) {
  for (unsigned seed = 1; seed <= 6; ++seed) {
    std::mt19937 random(seed);
    const auto draw = [&](std::size_t below) { return static_cast<std::size_t>(random() % below); };
    Scene scene({.shards = 3});
    std::vector<std::string> people;
    for (int i = 0; i < 12; ++i) {
      people.push_back("p" + std::to_string(i));
      scene.has_account(people.back() + "@capulet.example");
    }
    Model model{{"a", {}}, {"b", {}}, {"c", {}}};
    const auto share = [&] {
      std::vector<DirectoryGroup> groups;
      for (const auto& [name, members] : model) {
        groups.push_back(group(name, std::vector<std::string>(members.begin(), members.end())));
      }
      ASSERT_TRUE(scene.wait(shared(scene.world(), std::move(groups))));
    };
    share();
    std::map<std::string, std::pair<Client*, Copy>> clients;   // of the first eight
    int sessions = 0;
    const auto comes = [&](const std::string& who, const std::string& ver) {
      auto& [client, copy] = clients[who];
      client = &scene.login(who + "@capulet.example/" + std::to_string(++sessions));
      const std::string answer = client->asks("get", "", get_since(ver));
      if (answer.find("<query") != std::string::npos) {
        copy.items.clear();
        copy.takes(answer);
      }
    };
    const auto read = [&](const std::string& who) {
      auto& [client, copy] = clients[who];
      while (client->waiting() > 0) {
        const std::string xml = client->next();
        if (xml.find("jabber:iq:roster") != std::string::npos) {
          copy.takes(xml);
          ++copy.pushes;
        }
      }
    };
    for (std::size_t i = 0; i < 8; ++i) {
      comes(people[i], "");
      if (i % 2 == 0) clients[people[i]].first->comes_online();
    }
    for (int step = 0; step < 60; ++step) {
      const Model before = model;
      for (std::size_t n = 1 + draw(3); n > 0; --n) {
        auto members = std::next(model.begin(), static_cast<std::ptrdiff_t>(draw(model.size())));
        const std::string& who = people[draw(people.size())];
        if (!members->second.erase(who)) members->second.insert(who);
      }
      std::string away;
      if (draw(4) == 0) {   // somebody misses it
        away = people[draw(8)];
        read(away);
        clients[away].first->cuts_the_line();
        scene.run();
      }
      share();
      if (!away.empty()) comes(away, clients[away].second.ver);
      for (auto& [who, client] : clients) {
        client.second.pushes = 0;
        read(who);
        ASSERT_EQ(client.second.items, expected(model, who)) << "seed " << seed << " step " << step << " of " << who;
        const auto was = expected(before, who);
        const auto is = expected(model, who);
        std::size_t differences = 0;
        for (const auto& [address, item] : was) differences += !is.contains(address) || is.at(address) != item ? 1U : 0U;
        for (const auto& [address, item] : is) differences += !was.contains(address) ? 1U : 0U;
        if (who != away) {
          ASSERT_EQ(client.second.pushes, differences) << "seed " << seed << " step " << step << " of " << who;
        }
      }
    }
    scene.leaves_the_rest_unread();
  }
}

}  // namespace
}  // namespace aldis::test
