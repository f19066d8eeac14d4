// Tests of config.h: what a file may say, and that every fault is told with its line, column and the nearest known key.
#include "app/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "policy/peer_rules.h"

namespace aldis::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct CarbonsOptions {
  int max_resources = 16;
};
constexpr auto carbons_options =
    std::tuple{Option{"max_resources", &CarbonsOptions::max_resources, Range{1, 64}, "Copies made of one message at most."}};

ConfigSchema schema() {
  ConfigSchema schema = own_schema();
  schema.extensions = {{"ping", "XEP-0199", nullptr, true},
                       {"carbons", "XEP-0280", &option_table<CarbonsOptions>(carbons_options), true},
                       {"register", "XEP-0077", nullptr, false}};
  return schema;
}

constexpr std::string_view least = "[[listener]]\n[[domain]]\nname = \"localhost\"\n";   // lines 1 to 3

std::vector<std::string> problems_of(std::string_view text) {
  const auto config = parse_config(text, "aldis.toml", schema());
  std::vector<std::string> out;
  if (!config) {
    for (const ConfigProblem& problem : config.error()) {
      out.push_back(message(problem, "aldis.toml"));
    }
  }
  return out;
}
std::vector<std::string> problems_after_least(std::string_view text) { return problems_of(std::string(least).append(text)); }

TEST(Config, TheLeastFileHasEveryDefault) {
  const auto config = parse_config(least, "/etc/aldis/aldis.toml", schema());
  ASSERT_TRUE(config);
  EXPECT_EQ(config->listener(0).address, "127.0.0.1");
  EXPECT_EQ(config->listener(0).port, 5222);
  EXPECT_EQ(config->domains[0].get().name, "localhost");
  EXPECT_EQ(config->section<MetricsOptions>("metrics").port, 9422);
  EXPECT_EQ(config->data_dir(), "/etc/aldis/aldis-data");
  EXPECT_EQ(config->admin_socket(), "/etc/aldis/aldis-data/admin.sock");
  EXPECT_EQ(config->domains[0].extensions.size(), 2U);
  EXPECT_EQ(config->domains[0].extensions.find("carbons")->second.as<CarbonsOptions>().max_resources, 16);
}

TEST(Config, EverySectionIsRead) {
  const auto config = parse_config(R"(
[server]
data_dir = "/var/lib/aldis"
shards = 2
[[listener]]
address = "::1"
port = 6000
tls = "none"
[[listener]]
address = "192.0.2.1"
tls = "direct"
[[domain]]
name = "Capulet.Example"
certificates = ["a.pem"]
keys = ["a.key"]
administrators = ["juliet@capulet.example"]
enable = ["register"]
disable = ["ping"]
[domain.extension.carbons]
max_resources = 3
[[domain]]
name = "montague.example"
[log]
level = "debug"
format = "json"
[metrics]
enabled = false
address = "0.0.0.0"
)",
                                   "aldis.toml", schema());
  ASSERT_TRUE(config) << message(config.error().front(), "");
  EXPECT_EQ(config->section<ServerOptions>("server").shards, 2U);
  EXPECT_EQ(config->listener(0).tls, ListenerTls::none);
  EXPECT_EQ(config->listener(1).tls, ListenerTls::direct);
  EXPECT_EQ(config->domains[0].get().name, "capulet.example");   // RFC 7622 section 3.2: prepared
  EXPECT_FALSE(config->domains[0].extensions.contains("ping"));
  EXPECT_TRUE(config->domains[0].extensions.contains("register"));
  EXPECT_EQ(config->domains[0].extensions.find("carbons")->second.as<CarbonsOptions>().max_resources, 3);
  EXPECT_EQ(config->domains[1].extensions.find("carbons")->second.as<CarbonsOptions>().max_resources, 16);
  EXPECT_EQ(config->section<LogOptions>("log").format, LogFormat::json);
}

TEST(Config, UnknownNamesAreToldWithThePlaceAndTheNearest) {
  EXPECT_THAT(problems_after_least("[log]\nlevle = \"info\"\n"),
              ElementsAre("aldis.toml:5:1: unknown key \"levle\"; did you mean \"level\"? (in [log])"));
  EXPECT_THAT(problems_after_least("[mettrics]\n"),
              ElementsAre("aldis.toml:4:2: unknown section \"mettrics\"; did you mean \"metrics\"?"));
  EXPECT_THAT(problems_after_least("[log]\nquite_another_thing = 1\n"),
              ElementsAre("aldis.toml:5:1: unknown key \"quite_another_thing\" (in [log])"));
  EXPECT_THAT(problems_after_least("[domain.extension.carbon]\n"),
              ElementsAre("aldis.toml:4:19: unknown extension \"carbon\"; did you mean \"carbons\"?"));
  EXPECT_THAT(problems_after_least("enable = [\"registre\"]\n"),
              ElementsAre("aldis.toml:4:10: [[domain]] enable: there is no extension \"registre\"; did you mean \"register\"?"));
  EXPECT_THAT(problems_after_least("[domain.extension.carbons]\nmax_resource = 1\n"),
              ElementsAre(HasSubstr("5:1: unknown key \"max_resource\"; did you mean \"max_resources\"? (in [domain.extension.carbons])")));
  EXPECT_THAT(problems_after_least("[domain.extension.ping]\nx = 1\n"), ElementsAre(HasSubstr("5:1: unknown key \"x\"")));
}

TEST(Config, WrongTypesAndRangesAreToldWithThePlace) {
  EXPECT_THAT(problems_after_least("[server]\nshards = \"two\"\n"),
              ElementsAre("aldis.toml:5:10: [server] shards must be an integer, not \"two\""));
  EXPECT_THAT(problems_after_least("[server]\nshards = 1000\n"),
              ElementsAre("aldis.toml:5:10: [server] shards must be 0 to 256, not 1000"));
  EXPECT_THAT(problems_after_least("[log]\nlevel = \"loud\"\n"),
              ElementsAre(HasSubstr("5:9: [log] level must be one of \"debug\", \"info\", \"warning\", \"error\"")));
  EXPECT_THAT(problems_after_least("[server]\nshutdown_timeout = 1979-05-27\n"),
              ElementsAre(HasSubstr("5:20: [server] shutdown_timeout must not be a date or time")));
  EXPECT_THAT(problems_after_least("keys = [1]\n"), ElementsAre(HasSubstr("4:9: [[domain]] keys: every entry")));
  EXPECT_THAT(problems_after_least("[server.data_dir]\n"), ElementsAre(HasSubstr("[server] data_dir must not be a section")));
  // An extension that is off: its options are checked all the same.
  EXPECT_THAT(problems_after_least("disable = [\"carbons\"]\n[domain.extension.carbons]\nmax_resources = 65\n"),
              ElementsAre(HasSubstr("6:17: [domain.extension.carbons] max_resources must be 1 to 64, not 65")));
  EXPECT_THAT(problems_of("[[domain]]\nname = \"localhost\"\n[listener]\nport = 1\n"), ElementsAre(HasSubstr("3:2: write [[listener]]")));
  EXPECT_THAT(problems_of("log = 3\n[[listener]]\n[[domain]]\nname = \"localhost\"\n"),
              ElementsAre(HasSubstr("1:7: [log] must be a section")));
}

TEST(Config, WhatTheSectionsSayTogetherIsChecked) {
  EXPECT_THAT(problems_after_least("[[listener]]\naddress = \"0.0.0.0\"\nport = 1\ntls = \"none\"\n"),
              ElementsAre(HasSubstr("7:7: [[listener]] tls = \"none\" is allowed on loopback addresses only")));
  EXPECT_THAT(problems_after_least("[[listener]]\nport = 1\ntls = \"none\"\nallow_integrity_only = true\n"),
              ElementsAre(HasSubstr("7:24: [[listener]] allow_integrity_only is about TLS")));
  EXPECT_THAT(problems_after_least("[[listener]]\naddress = \"example.org\"\n"), ElementsAre(HasSubstr("5:11: [[listener]] address")));
  EXPECT_THAT(problems_after_least("[[listener]]\n"), ElementsAre(HasSubstr("4:1: [[listener]] another listener")));
  EXPECT_THAT(problems_after_least("[[domain]]\nname = \"LOCALHOST\"\n"), ElementsAre(HasSubstr("5:8: [[domain]] \"localhost\" is already")));
  EXPECT_THAT(problems_after_least("[[domain]]\n"), ElementsAre(HasSubstr("4:1: [[domain]] needs a name")));
  EXPECT_THAT(problems_after_least("[[domain]]\nname = \"a b\"\n"), ElementsAre(HasSubstr("5:8: [[domain]] name \"a b\" is no domain")));
  EXPECT_THAT(problems_after_least("certificates = [\"a\"]\n"), ElementsAre(HasSubstr("needs one entry in keys for each")));
  EXPECT_THAT(problems_after_least("administrators = [\"localhost\"]\n"), ElementsAre(HasSubstr("\"localhost\" is no account's address")));
  EXPECT_THAT(problems_after_least("client_certificates = \"optional\"\n"),
              ElementsAre(HasSubstr("4:23: [[domain]] client_certificates needs client_anchors")));
  EXPECT_THAT(problems_after_least("client_rules = [\"mail\", \"cn\"]\n"),
              ElementsAre(HasSubstr("4:16: [[domain]] client_rules: there is no rule \"cn\"")));
  EXPECT_THAT(problems_after_least("client_common_name = \"x\"\n"), ElementsAre(HasSubstr("4:22: [[domain]] client_common_name: a pattern needs #")));
  EXPECT_THAT(problems_after_least("enable = [\"ping\"]\ndisable = [\"ping\"]\n"), ElementsAre(HasSubstr("5:11: [[domain]] extension \"ping\" is both")));
  EXPECT_THAT(problems_after_least("[metrics]\naddress = \"192.0.2.1\"\n"), ElementsAre(HasSubstr("5:11: [metrics] address must be a loopback")));
  EXPECT_THAT(problems_of("[log]\n"), ElementsAre(HasSubstr("no [[listener]]"), HasSubstr("no [[domain]]")));
}

TEST(Config, PeersAreReadAndMadeRules) {
  const auto config = parse_config(std::string(least) + R"(
[federation]
profile = "open"
[[peer]]
domain = "Verona.example"
name = "the prince"
next_hops = ["gate.verona.example:5269", "192.0.2.7:5270 priority=10 direct"]
direction = "out"
max_stanza = "64KiB"
[[peer]]
domain = "*.evil.example"
action = "reject"
)",
                                   "aldis.toml", schema());
  ASSERT_TRUE(config) << message(config.error().front(), "");
  EXPECT_EQ(config->peers.size(), 2U);
  const policy::PeerRule& verona = *config->peer_rules->of("verona.example");
  EXPECT_EQ(verona.name, "the prince");
  EXPECT_EQ(verona.next_hops.size(), 2U);
  EXPECT_EQ(verona.max_stanza, (64 * KiB).count);
  EXPECT_FALSE(config->peer_rules->of("x.evil.example")->is_allowed);
  EXPECT_TRUE(config->peer_rules->of("else.example")->is_allowed);
  EXPECT_FALSE(parse_config(least, "aldis.toml", schema())->peer_rules->of("else.example")->is_allowed) << "strict unless written";
}

TEST(Config, WhatIsWrongWithAPeerIsToldWithThePlace) {
  EXPECT_THAT(problems_after_least("[[peer]]\ndomain = \"verona.example\"\nnext_hop = [\"a:1\"]\n"),
              ElementsAre("aldis.toml:6:1: unknown key \"next_hop\"; did you mean \"next_hops\"? (in [[peer]])"));
  EXPECT_THAT(problems_after_least("[[peer]]\ndomain = \"verona.example\"\nnext_hops = [\"a\"]\n"),
              ElementsAre(HasSubstr("6:13: [[peer]] next_hops \"a\" is not \"host:port\"")));
  EXPECT_THAT(problems_after_least("[[peer]]\n"), ElementsAre(HasSubstr("4:1: [[peer]] domain is missing")));
  EXPECT_THAT(problems_after_least("[[peer]]\ndomain = \"LOCALHOST\"\n"), ElementsAre(HasSubstr("5:10: [[peer]] domain \"localhost\" is served here")));
  EXPECT_THAT(problems_after_least("[[peer]]\ndomain = \"a.example\"\n[[peer]]\ndomain = \"a.example\"\n"),
              ElementsAre(HasSubstr("7:10: [[peer]] domain \"a.example\" has a rule already")));
  EXPECT_THAT(problems_after_least("[[peer]]\ndomain = \"a.example\"\nauthentication = \"password\"\n"),
              ElementsAre(HasSubstr("6:18: [[peer]] authentication must be one of \"external\", \"external-or-dialback\", \"dialback\"")));
  EXPECT_THAT(problems_after_least("[[peer]]\ndomain = \"a.example\"\ntls = \"none\"\n"), ElementsAre(HasSubstr("6:7: [[peer]] tls must be one of")));
  EXPECT_THAT(problems_after_least("[peer]\n"), ElementsAre(HasSubstr("4:2: write [[peer]]")));
  EXPECT_THAT(problems_after_least("[federation]\nprofile = \"lax\"\n"), ElementsAre(HasSubstr("5:11: [federation] profile must be one of")));
}

TEST(Config, LocationTablesMakeOneSetOfRules) {
  const auto config = parse_config(std::string(least) + "[[location]]\nname = \"visitors\"\nusers = [\"romeo@montague.example\"]\nposition_grid = 10\nposition_delay = \"15m\"\n",
                                   "aldis.toml", schema());
  ASSERT_TRUE(config);
  const auto rule = config->position_rules->of(Jid::parse("romeo@montague.example/x").value());
  EXPECT_EQ(rule->grid, 10U);
  EXPECT_EQ(rule->delay, std::chrono::minutes(15));
  EXPECT_EQ(parse_config(least, "aldis.toml", schema())->position_rules, nullptr);
  EXPECT_THAT(problems_after_least("[[location]]\nname = \"x\"\nusers = [\"capulet.example\"]\n"),
              ElementsAre("aldis.toml:6:9: [[location]] users \"capulet.example\" is no user's address"));
  EXPECT_THAT(problems_after_least("[[location]]\nname = \"x\"\ndomains = [\"a.example\"]\nposition_grid = 20000\n"),
              ElementsAre(HasSubstr("7:17: [[location]] position_grid must be 0 to 5000, not 20000")));
}

TEST(Config, ComponentsAreRead) {
  const auto config = parse_config(std::string(least) + R"(
[[listener]]
serves = "components"
port = 5347
tls = "none"
[[component]]
domain = "Echo.localhost"
name = "Echo"
secret_file = "echo.secret"
second_connection = "replace"
)",
                                   "aldis.toml", schema());
  ASSERT_TRUE(config) << message(config.error().front(), "");
  const auto& echo = config->components.at(0).as<policy::ComponentOptions>();
  EXPECT_EQ(echo.domain, "echo.localhost");
  EXPECT_EQ(echo.second_connection, policy::SecondConnection::replace);
  EXPECT_TRUE(config->peer_rules->of("echo.localhost")->is_component);
}

TEST(Config, WhatIsWrongWithAComponentIsToldWithThePlace) {
  EXPECT_THAT(problems_after_least("[[component]]\ndomain = \"localhost\"\nsecret_file = \"s\"\n"),
              ElementsAre(HasSubstr("5:10: [[component]] domain \"localhost\" is served here")));
  EXPECT_THAT(problems_after_least("[[component]]\ndomain = \"a.localhost\"\n"), ElementsAre(HasSubstr("4:1: [[component]] secret_file is missing")));
  const auto listener = [](std::string_view rest) { return problems_after_least("[[listener]]\nport = 5347\nserves = \"components\"\n" + std::string(rest)); };
  EXPECT_THAT(listener(""), ElementsAre(HasSubstr("XEP-0114 has no STARTTLS")));
  EXPECT_THAT(listener("tls = \"none\"\naddress = \"0.0.0.0\"\n"),
              ElementsAre(HasSubstr("8:11: [[listener]] serves = \"components\" is for loopback addresses, and \"0.0.0.0\" is not one")));
  EXPECT_THAT(listener("tls = \"direct\"\naddress = \"::\"\n"), ElementsAre(HasSubstr("is for loopback addresses")));
  EXPECT_THAT(listener("tls = \"none\"\naddress = \"0.0.0.0\"\nbeyond_loopback = true\n"), ElementsAre());
  EXPECT_THAT(problems_after_least("[[listener]]\nport = 5223\nbeyond_loopback = true\n"), ElementsAre(HasSubstr("beyond_loopback is for serves")));
}

TEST(Config, DirectoriesAreReadAndDomainsNameThem) {
  const std::string people = "[[directory]]\nname = \"people\"\nkind = \"active_directory\"\nservers = [\"ldaps://dc.example.org\"]\n"
                             "base = \"DC=example,DC=org\"\nbind_dn = \"aldis@example.org\"\npassword_file = \"password\"\n";
  const auto config = parse_config("[[listener]]\n[[domain]]\nname = \"localhost\"\ndirectory = \"people\"\n" + people, "aldis.toml", schema());
  ASSERT_TRUE(config) << message(config.error().front(), "");
  EXPECT_EQ(config->directories.at(0).as<ldap::DirectoryOptions>().kind, ldap::Kind::active_directory);
  EXPECT_EQ(config->domains[0].get().directory, "people");
  EXPECT_THAT(problems_of("[[listener]]\n[[domain]]\nname = \"localhost\"\ndirectory = \"folk\"\n" + people),
              ElementsAre(HasSubstr("4:13: [[domain]] directory: there is no [[directory]] with the name \"folk\"")));
  EXPECT_THAT(problems_of("[[listener]]\n[[domain]]\nname = \"localhost\"\nserves = \"rooms\"\ndirectory = \"people\"\n" + people),
              ElementsAre(HasSubstr("5:13: [[domain]] directory is for a domain that serves accounts")));
  const std::string of_people = "[[listener]]\n[[domain]]\nname = \"localhost\"\ndirectory = \"people\"\n";
  EXPECT_THAT(problems_of(of_people + "administrator_groups = [\"ops\"]\n" + people),
              ElementsAre(HasSubstr("administrator_groups: \"ops\": localhost is no domain here whose directory has groups")));
  EXPECT_THAT(problems_of(of_people + "administrator_groups = [\"ops\", \"ops@localhost\"]\n" + people + "group_base = \"ou=groups,dc=example\"\n"), ElementsAre());
  EXPECT_THAT(problems_of(of_people + people + "roster_groups = [\"staff\"]\n"), ElementsAre(HasSubstr("roster_groups: there are no groups without group_base")));
  EXPECT_THAT(problems_after_least(people + people), ElementsAre(HasSubstr("[[directory]] \"people\" is already there")));
  EXPECT_THAT(problems_after_least("[[directory]]\nname = \"people\"\nbase = \"dc=example\"\n"), ElementsAre(HasSubstr("4:1: [[directory]] servers: names none")));
}

TEST(Config, AllProblemsAreToldInTheirOrderUpToABound) {
  EXPECT_THAT(problems_after_least("[log]\nlevle = 1\nrate = 0\n[server]\nshards = -1\n"),
              ElementsAre(HasSubstr(":5:1:"), HasSubstr(":6:8:"), HasSubstr(":8:10:")));
  std::string many(least);
  for (int i = 0; i < 100; ++i) {
    many += "[x" + std::to_string(i) + "]\n";
  }
  const auto problems = problems_of(many);
  ASSERT_EQ(problems.size(), max_config_problems + 1);
  EXPECT_EQ(problems.back(), "aldis.toml: and 80 more problems");
}

TEST(Config, WhatIsNotTomlIsToldWithThePlace) {
  EXPECT_THAT(problems_of("[log]\nlevel = \n"), ElementsAre(HasSubstr("aldis.toml:2:")));
  EXPECT_THAT(problems_of("[log]\n[log]\n"), ElementsAre(HasSubstr("aldis.toml:2:")));
  EXPECT_THAT(problems_of("a = \"\xff\"\n"), ElementsAre(HasSubstr("not TOML")));
  EXPECT_THAT(problems_of(std::string(max_config_bytes + 1, '#')), ElementsAre(HasSubstr("larger than 1 MiB")));
  EXPECT_THAT(problems_of("\xd0\x90 = 1\n"), ElementsAre(HasSubstr("not TOML")));   // a letter where none may stand
  EXPECT_THAT(problems_of(std::string(100000, '[')), ElementsAre(HasSubstr("not TOML")));
}

TEST(Config, AHostileKeyStaysOnOneLineOfTheMessage) {
  const auto problems = problems_after_least("[log]\n\"a\\nb\\u001b[2J\" = 1\n");
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].find_first_of("\n\x1b"), std::string::npos) << problems[0];
  for (const char* text : {"x = fal\ny", "x = \x1b[2J", "[domain.extension.\"a\\nb\"]\nx = 1\n"}) {
    for (const std::string& problem : problems_after_least(text)) {
      EXPECT_EQ(problem.find_first_of("\n\x1b"), std::string::npos) << problem;
    }
  }
}

TEST(Config, AFileThatIsNotThereIsAProblem) {
  const auto config = load_config("/nonexistent/aldis.toml", schema());
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().front().text, HasSubstr("no such file"));
  EXPECT_THAT(load_config("/", schema()).error().front().text, HasSubstr("is not a file"));
}

TEST(Config, TheControlSocketIsFoundInAFileThatDoesNotPass) {
  const std::string path = testing::TempDir() + "aldis_config_test.toml";
  std::ofstream(path) << "[nonsense]\n[server]\ndata_dir = \"/srv/aldis\"\nshards = -1\n";
  EXPECT_EQ(find_admin_socket(path), "/srv/aldis/admin.sock");
  std::ofstream(path) << "[admin]\nsocket = \"/run/aldis/control\"\n";
  EXPECT_EQ(find_admin_socket(path), "/run/aldis/control");
  std::ofstream(path) << "[admin\n";
  EXPECT_EQ(find_admin_socket(path), std::nullopt);
  std::filesystem::remove(path);
  EXPECT_EQ(find_admin_socket(path), std::nullopt);
}

TEST(Config, LoopbackIsJudgedByTheNumber) {
  for (const char* address : {"127.0.0.1", "127.255.1.2", "::1"}) {
    EXPECT_TRUE(is_loopback(address)) << address;
  }
  for (const char* address : {"localhost", "128.0.0.1", "0.0.0.0", "::", "::ffff:127.0.0.1", "127.1", "", "127.0.0.1 "}) {
    EXPECT_FALSE(is_loopback(address)) << address;
  }
}

TEST(Config, TlsListsAreOfTheProfileAndTheProfileFitsWhatIsAllowed) {
  EXPECT_TRUE(problems_after_least("[tls]\nprofile = \"nist\"\ngroups = [\"P-384\"]\n").empty());
  EXPECT_THAT(problems_after_least("[tls]\nprofile = \"nist\"\ngroups = [\"X25519\"]\n"),
              ElementsAre(HasSubstr("[tls] groups: \"X25519\" is none of the profile nist")));
  EXPECT_THAT(problems_of("[tls]\nprofile = \"cnsa\"\n[[listener]]\nallow_integrity_only = true\n[[domain]]\nname = \"localhost\"\n"),
              ElementsAre(HasSubstr("aldis.toml:4:24: [[listener]] allow_integrity_only goes with the TLS profile modern only")));
  EXPECT_TRUE(problems_of("[tls]\nprofile = \"cnsa\"\n[[listener]]\nallow_integrity_only = true\ntls_profile = \"modern\"\n[[domain]]\nname = \"localhost\"\n")
                  .empty());
  EXPECT_THAT(problems_after_least("[[peer]]\ndomain = \"a.example\"\ntls_profile = \"nist\"\nallow_integrity_only = true\nintegrity_only_networks = [\"192.0.2.0/24\"]\n"),
              ElementsAre(HasSubstr("[[peer]] allow_integrity_only goes with the TLS profile modern only")));
  EXPECT_THAT(problems_after_least("staples = [\"a.ocsp\"]\n"), ElementsAre(HasSubstr("[[domain]] has more staples than certificates")));
}

}  // namespace
}  // namespace aldis::app
