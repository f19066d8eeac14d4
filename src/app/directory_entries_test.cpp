// Tests of directory_entries.h: entries say what a file says, every fault is told with its entry and attribute, and what a file says comes
// back from the entries written of it.
#include "app/directory_entries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "app/config_reader.h"
#include "app/config_text.h"
#include "app/extensions.h"
#include "base/encoding.h"
#include "policy/peer_options.h"

namespace aldis::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const DirectoryPlace place{"cn=aldis,dc=example", "chat1"};

// LDIF as entries_ldif writes it, and as it is written here.
std::vector<ldap::Entry> entries_of(const std::string& ldif) {
  std::vector<ldap::Entry> entries;
  std::istringstream lines(ldif);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t colon = line.find(':');
    if (line.empty() || line.front() == '#' || colon == std::string::npos) {
      continue;
    }
    const bool is_base64 = line.at(colon + 1) == ':';
    const std::string text = line.substr(line.find_first_not_of(": ", colon));
    const std::string value = is_base64 ? base64_decode(text).value() : text;
    if (line.starts_with("dn:")) {
      entries.push_back({value, {}});
    } else {
      entries.back().attributes[lower_case(line.substr(0, colon))].push_back(value);
    }
  }
  return entries;
}

const std::string least = R"(
dn: cn=aldis,dc=example
objectClass: aldisConfiguration
aldisConfigurationSerial: 7

dn: cn=chat1,cn=aldis,dc=example
objectClass: aldisConfigurationPart

dn: cn=common,cn=aldis,dc=example
objectClass: aldisConfigurationPart

dn: cn=clients,cn=common,cn=aldis,dc=example
objectClass: aldisListener
aldisListenerPort: 5222

dn: cn=here,cn=common,cn=aldis,dc=example
objectClass: top
objectClass: aldisDomain
aldisDomainName: localhost

)";

Result<Config, ConfigProblems> config_of(const std::string& ldif) {
  const ConfigSchema schema = config_schema();
  const auto read = read_entries(entries_of(ldif), place, schema);
  return read ? read_config(read->tree, schema) : Result<Config, ConfigProblems>(fail(read.error()));
}

std::vector<std::string> problems_after_least(const std::string& ldif) {
  const auto config = config_of(least + ldif);
  std::vector<std::string> out;
  for (const ConfigProblem& problem : config ? ConfigProblems{} : config.error()) {
    out.push_back(message(problem, "file"));
  }
  return out;
}

std::string entry(const std::string& cn, const std::string& of, const std::string& lines) {
  return "dn: cn=" + cn + ",cn=common,cn=aldis,dc=example\nobjectClass: " + of + "\n" + lines + "\n\n";
}

TEST(DirectoryEntries, EntriesSayWhatAFileSays) {
  const auto config = config_of(least + entry("log", "aldisLog", "aldisLogLevel: debug\naldisLogRate: 50") +
                                entry("mam,cn=here", "aldisExtensionMam", "aldisExtensionMamPage: 20\naldisExtensionMamKeepBytes: 1000") +
                                entry("verona", "aldisPeer", "aldisPeerDomain: verona.example\naldisPeerNextHops: {1}b.example:1\naldisPeerNextHops: {0}a.example:1\n"
                                                             "aldisPeerAcceptStanzas: {}\naldisPeerAllowIntegrityOnly: FALSE\naldisPeerMaxStanza: 64KiB"));
  ASSERT_TRUE(config) << message(config.error().front(), "");
  EXPECT_EQ(config->section<LogOptions>("log").level, LogLevel::debug);
  EXPECT_EQ(config->section<LogOptions>("log").rate, 50U);
  EXPECT_EQ(config->listener(0).port, 5222);
  const auto& peer = config->peers.at(0).as<policy::PeerOptions>();
  EXPECT_THAT(peer.next_hops, ElementsAre("a.example:1", "b.example:1"));
  EXPECT_THAT(peer.accept_stanzas, IsEmpty());
  EXPECT_EQ(peer.max_stanza, 64 * KiB);
  const OptionTable& mam = *config_schema().extension("mam")->table;
  EXPECT_EQ(aldis::to_text(mam.get(config->domains.at(0).extensions.find("mam")->second, "page")), "20");
  EXPECT_EQ(aldis::to_text(mam.get(config->domains.at(0).extensions.find("mam")->second, "keep_bytes")), "\"1000B\"");
}

TEST(DirectoryEntries, OnlyWhatIsCommonAndThisServersOwnCounts) {
  const std::string others = "dn: cn=chat2,cn=aldis,dc=example\nobjectClass: nonsense\n\ndn: cn=log,cn=chat2,cn=aldis,dc=example\nobjectClass: aldisLog\naldisLogLevel: loud\n\n";
  EXPECT_THAT(problems_after_least(others), IsEmpty());
  const auto config = config_of(least + "dn: CN=Own , cn=Chat1,CN=aldis,dc=Example\nobjectClass: ALDISLISTENER\naldislistenerport: 5333\n\n");
  ASSERT_TRUE(config) << message(config.error().front(), "");
  EXPECT_EQ(config->listeners.size(), 2U);
  const ConfigSchema schema = config_schema();
  const auto two = read_entries(entries_of(least + others), place, schema);
  const auto one = read_entries(entries_of(least), place, schema);
  EXPECT_EQ(one->digest, two->digest);
  EXPECT_EQ(one->serial, "7");
  EXPECT_NE(read_entries(entries_of(least + entry("log", "aldisLog", "aldisLogRate: 9")), place, schema)->digest, one->digest);
}

TEST(DirectoryEntries, AFaultIsToldWithItsEntryAndAttribute) {
  EXPECT_THAT(problems_after_least(entry("log", "aldisLog", "aldisLogLevel: loud")),
              ElementsAre(HasSubstr("cn=log,cn=common,cn=aldis,dc=example: aldisLogLevel: [log] level must be one of \"debug\"")));
  EXPECT_THAT(problems_after_least(entry("log", "aldisLog", "aldisLogRate: many")), ElementsAre(HasSubstr("aldisLogRate: [log] rate must be an integer, not \"many\"")));
  EXPECT_THAT(problems_after_least(entry("log", "aldisLog", "aldisLogRate: 1\naldisLogRate: 2")), ElementsAre(HasSubstr("aldisLogRate: must have one value, not 2")));
  EXPECT_THAT(problems_after_least(entry("metrics", "aldisMetrics", "aldisMetricsEnabled: perhaps")),
              ElementsAre(HasSubstr("aldisMetricsEnabled: [metrics] enabled must be true or false")));
  EXPECT_THAT(problems_after_least(entry("log", "aldisLog", "aldisPeerDomain: a.example")), ElementsAre(HasSubstr("cn=log,cn=common,cn=aldis,dc=example: aldispeerdomain: does not belong to aldisLog")));
  EXPECT_THAT(problems_after_least(entry("who", "person", "cn: who")), ElementsAre(HasSubstr("is of no class of a configuration")));
  EXPECT_THAT(problems_after_least(entry("who", "aldisLog\nobjectClass: aldisMetrics", "cn: who")), ElementsAre(HasSubstr("is of two classes")));
  EXPECT_THAT(problems_after_least("dn: cn=hidden,cn=common,cn=aldis,dc=example\ncn: hidden\n\n"), ElementsAre(HasSubstr("may not read its objectClass")));
  EXPECT_THAT(problems_after_least(entry("peer", "aldisPeer", "aldisPeerDomain: a.example\naldisOrder: first")), ElementsAre(HasSubstr("aldisOrder: must be one number")));
  EXPECT_THAT(problems_after_least(entry("mam", "aldisExtensionMam", "aldisExtensionMamPage: 20")), ElementsAre(HasSubstr("right below the entry of its domain")));
  EXPECT_THAT(problems_after_least(entry("a,cn=here", "aldisExtensionMam", "cn: a") + entry("b,cn=here", "aldisExtensionMam", "cn: b")),
              ElementsAre(HasSubstr("cn=b,cn=here,cn=common,cn=aldis,dc=example: the domain has an entry for the extension mam already")));
  // What sections say together is told of entries too.
  EXPECT_THAT(problems_after_least(entry("again", "aldisDomain", "aldisDomainName: LOCALHOST")),
              ElementsAre(HasSubstr("localhost\" is already there")));
  EXPECT_THAT(problems_after_least(entry("open", "aldisListener", "aldisListenerAddress: 0.0.0.0\naldisListenerTls: none")),
              ElementsAre(HasSubstr("cn=open,cn=common,cn=aldis,dc=example: aldisListenerTls: [[listener]] tls = \"none\" is allowed on loopback")));
}

TEST(DirectoryEntries, AListWhoseOrderCountsSaysItsOrder) {
  const auto peer = [](const std::string& lines) { return entry("peer", "aldisPeer", "aldisPeerDomain: a.example\n" + lines); };
  EXPECT_THAT(problems_after_least(peer("aldisPeerNextHops: a:1\naldisPeerNextHops: b:1")), ElementsAre(HasSubstr("their order means something, and a directory keeps none")));
  EXPECT_THAT(problems_after_least(peer("aldisPeerNextHops: {0}a:1\naldisPeerNextHops: b:1")), ElementsAre(HasSubstr("before each of its values or before none")));
  EXPECT_THAT(problems_after_least(peer("aldisPeerNextHops: {0}a:1\naldisPeerNextHops: {0}b:1")), ElementsAre(HasSubstr("two values with one number")));
  EXPECT_THAT(problems_after_least(peer("aldisPeerNextHops: a:1")), IsEmpty());
  EXPECT_THAT(problems_after_least(peer("aldisPeerMaySpeakFor: b.example\naldisPeerMaySpeakFor: c.example")), IsEmpty());
}

TEST(DirectoryEntries, ASectionIsSaidOnce) {
  EXPECT_THAT(problems_after_least(entry("log", "aldisLog", "cn: log") + "dn: cn=log,cn=chat1,cn=aldis,dc=example\nobjectClass: aldisLog\n\n"),
              ElementsAre(HasSubstr("is said by cn=log,cn=chat1,cn=aldis,dc=example already")));
  const ConfigSchema schema = config_schema();
  auto read = read_entries(entries_of(least + entry("log", "aldisLog", "cn: log")), place, schema);
  ConfigTable file;
  file.keys.push_back({"log", {3, 2}, {{3, 1}, ConfigTable{}}});
  const auto joined = join(file, std::move(read->tree));
  ASSERT_FALSE(joined);
  EXPECT_THAT(message(joined.error().front(), "aldis.toml"), HasSubstr("aldis.toml:3:2: [log] stands here and in the directory (cn=log,cn=common"));
}

TEST(DirectoryEntries, WithoutItsBaseItIsNothing) {
  const ConfigSchema schema = config_schema();
  const auto problem = [&](const std::string& ldif, const DirectoryPlace& at) { return message(read_entries(entries_of(ldif), at, schema).error().front(), ""); };
  EXPECT_THAT(problem("", place), HasSubstr("there is no such entry, or this server may not read it"));
  EXPECT_THAT(problem(least, {"cn=aldis,dc=example", "chat3"}), HasSubstr("there is no entry cn=chat3 below it"));
  EXPECT_THAT(problem(least, {"nonsense", ""}), HasSubstr("no distinguished name"));
  EXPECT_THAT(problem("dn: cn=aldis,dc=example\nobjectClass: aldisConfiguration\n", {"cn=aldis,dc=example", ""}), HasSubstr("one number in aldisConfigurationSerial"));
  EXPECT_TRUE(read_entries(entries_of(least), {"cn=aldis,dc=example", ""}, schema));
}

TEST(DirectoryEntries, HostileBytesAreAProblemOnOneLine) {
  std::vector<ldap::Entry> entries = entries_of(least);
  entries.back().attributes["aldisdomainname"] = {"\xff\xfe"};
  entries.back().dn = "cn=a\nb,cn=common,cn=aldis,dc=example";
  const auto read = read_entries(entries, place, config_schema());
  ASSERT_FALSE(read);
  EXPECT_THAT(message(read.error().front(), ""), HasSubstr("must be text in UTF-8"));
  EXPECT_EQ(message(read.error().front(), "").find('\n'), std::string::npos);
  const auto secret = problems_after_least(entry("keys", "aldisDomain", "aldisDomainName: b.example\naldisDomainCertificates: b.pem\naldisDomainKeys: pkcs11:object=k?pin-value=4711"));
  ASSERT_EQ(secret.size(), 1U);
  EXPECT_THAT(secret.front(), HasSubstr("holds a PIN"));
  EXPECT_EQ(secret.front().find("4711"), std::string::npos);
  entries = entries_of(least);
  entries.back().rest["aldisdomainadministrators"] = "1500";
  EXPECT_THAT(message(read_entries(entries, place, config_schema()).error().front(), ""), HasSubstr("only a part of the values"));
}

TEST(DirectoryEntries, WhatAFileSaysComesBackFromItsEntries) {
  const ConfigSchema schema = config_schema();
  const auto before = parse_config(R"(
[server]
shards = 3
[[listener]]
port = 5223
tls = "direct"
[[listener]]
address = "::1"
[[domain]]
name = "capulet.example"
certificates = ["a.pem", "b.pem"]
keys = ["a.key", "pkcs11:object=b?pin-source=file:/pin"]
staples = ["", "b.ocsp"]
administrators = ["juliet@capulet.example", "nurse@capulet.example"]
enable = ["push"]
disable = ["ping"]
[domain.extension.mam]
keep_for = "30d"
[[domain]]
name = "rooms.capulet.example"
serves = "rooms"
[domain.extension.muc]
default_members_only = true
[[peer]]
domain = "default"
name = "{0} grüße "
accept_stanzas = []
rate = "64KiB"
[[location]]
name = "visitors, and others"
users = ["romeo@montague.example"]
position_delay = "15m"
[[location]]
name = "guests"
domains = ["*.example.org"]
[[component]]
domain = "echo.capulet.example"
secret_file = "echo.secret"
[[directory]]
name = "people"
servers = ["ldaps://a.example", "ldaps://b.example"]
base = "ou=people,dc=example"
bind_dn = "cn=aldis,dc=example"
password_file = "password"
search = []
[metrics]
enabled = false
[limits]
rate = 0
)",
                                   "/etc/aldis/aldis.toml", schema);
  ASSERT_TRUE(before) << message(before.error().front(), "");
  for (const DirectoryPlace& at : {DirectoryPlace{"cn=aldis,dc=example", "chat, the first"}, DirectoryPlace{"ou=aldis,dc=example", ""}}) {
    const auto ldif = entries_ldif(*before, schema, at);
    ASSERT_TRUE(ldif) << ldif.error().what;
    auto read = read_entries(entries_of(*ldif), at, schema);
    ASSERT_TRUE(read) << message(read.error().front(), "") << *ldif;
    auto after = read_config(read->tree, schema);
    ASSERT_TRUE(after) << message(after.error().front(), "") << *ldif;
    std::vector<std::string> different;
    for (const ConfigDifference& each : differences(*before, *after, schema)) {
      different.push_back(to_text(each));
    }
    EXPECT_THAT(different, ElementsAre(HasSubstr("[server] shards: 3 -> 0"))) << *ldif;
  }
}

TEST(DirectoryEntries, NoSecretIsWritten) {
  const ConfigSchema schema = config_schema();
  const auto config = parse_config("[[listener]]\n[[domain]]\nname = \"localhost\"\ncertificates = [\"a\"]\nkeys = [\"pkcs11:object=k?pin-value=4711\"]\n", "aldis.toml", schema);
  ASSERT_TRUE(config);
  const auto ldif = entries_ldif(*config, schema, place);
  ASSERT_FALSE(ldif);
  EXPECT_EQ(ldif.error().what.find("4711"), std::string::npos);
  EXPECT_EQ(config_toml(*config, schema, true).find("4711"), std::string::npos);
  EXPECT_FALSE(entries_ldif(*config, schema, {"", ""}));
}

}  // namespace
}  // namespace aldis::app
