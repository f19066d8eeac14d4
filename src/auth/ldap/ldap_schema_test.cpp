// What the presets search for, and what they read out of entries as each product writes them.
#include "auth/ldap/ldap_schema.h"

#include <gtest/gtest.h>

#include "auth/ldap/ldap_time.h"

using namespace aldis;
using namespace aldis::ldap;
using namespace std::chrono_literals;

namespace {

const WallTime now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 26);

Entry entry(std::map<std::string, std::vector<std::string>, std::less<>> attributes) { return {"cn=somebody,dc=example", std::move(attributes)}; }
Schema schema_of(Kind kind, std::string login = {}) {
  DirectoryOptions options;
  options.kind = kind;
  options.login = std::move(login);
  return make_schema(options);
}
BareJid jid(std::string_view text) { return BareJid::parse(text).value(); }
std::vector<std::string> accounts(const Schema& schema, const Entry& of) {
  std::vector<std::string> all;
  for (const BareJid& account : schema.accounts_of(of, "capulet.example")) all.push_back(account.str());
  return all;
}

}  // namespace

TEST(LdapSchema, FiltersOfThePresets) {
  const BareJid juliet = jid("juliet@capulet.example");
  EXPECT_EQ(schema_of(Kind::openldap).filter_of(juliet), "(&(objectClass=inetOrgPerson)(uid=juliet))");
  EXPECT_EQ(schema_of(Kind::active_directory).filter_of(juliet), "(&(&(objectCategory=person)(objectClass=user))(sAMAccountName=juliet))");
  EXPECT_EQ(schema_of(Kind::ds389).filter_of(juliet), "(&(objectClass=person)(uid=juliet))");
  EXPECT_EQ(schema_of(Kind::active_directory, "userPrincipalName").filter_of(juliet),
            "(&(&(objectCategory=person)(objectClass=user))(userPrincipalName=juliet@capulet.example))");
  EXPECT_EQ(schema_of(Kind::openldap, "jid").filter_of(juliet), "(&(objectClass=inetOrgPerson)(jid=juliet@capulet.example))") << "RFC 8284";
  EXPECT_EQ(schema_of(Kind::openldap).filter_of(jid("o\\27brien@capulet.example")), "(&(objectClass=inetOrgPerson)(uid=o'brien))") << "XEP-0106";
  EXPECT_EQ(schema_of(Kind::openldap).filter_of(jid("a*)(b@capulet.example")), "(&(objectClass=inetOrgPerson)(uid=a\\2a\\29\\28b))");
}

TEST(LdapSchema, WhatTheOperatorSaysCounts) {
  DirectoryOptions options;
  options.people = "(employeeType=staff)";
  options.login = "mail";
  options.login_domain = "verona.example";
  const Schema schema = make_schema(options);
  EXPECT_EQ(schema.filter_of(jid("juliet@capulet.example")), "(&(employeeType=staff)(mail=juliet@verona.example))");
  EXPECT_EQ(accounts(schema, entry({{"mail", {"juliet@Verona.example", "juliet@elsewhere.example", "juliet"}}})),
            (std::vector<std::string>{"juliet@capulet.example"}));
}

TEST(LdapSchema, NamesAreAddresses) {
  const Schema schema = schema_of(Kind::openldap);
  EXPECT_EQ(accounts(schema, entry({{"uid", {"Juliet", "juliet"}}})), (std::vector<std::string>{"juliet@capulet.example"}));
  EXPECT_EQ(accounts(schema, entry({{"uid", {"d'artagnan"}}})), (std::vector<std::string>{"d\\27artagnan@capulet.example"}));
  EXPECT_TRUE(accounts(schema, entry({{"uid", {"", " ", std::string("a\0b", 3), std::string(2000, 'x'), "\xff"}}})).empty());
  EXPECT_TRUE(accounts(schema, entry({})).empty());
}

TEST(LdapSchema, OpenLdap) {
  const Schema schema = schema_of(Kind::openldap);
  EXPECT_TRUE(schema.person_of(entry({}), now).is_enabled);
  EXPECT_FALSE(schema.person_of(entry({{"pwdaccountlockedtime", {"000001010000Z"}}}), now).is_enabled);
  EXPECT_TRUE(schema.person_of(entry({{"pwdaccountlockedtime", {"20261125000000Z"}}}), now).is_enabled) << "a lockout that passes: the bind decides";
  EXPECT_TRUE(schema.person_of(entry({{"pwdreset", {"TRUE"}}}), now).must_change);
  EXPECT_EQ(schema.person_of(entry({{"pwdchangedtime", {"20261125000000Z"}}}), now).credentials_changed, now - 24h);
  EXPECT_EQ(schema.person_of(entry({}), now).credentials_changed, std::nullopt);
}

TEST(LdapSchema, ActiveDirectory) {
  const Schema schema = schema_of(Kind::active_directory);
  const auto person = [&](std::string control, std::string expires, std::string set) {
    return schema.person_of(entry({{"useraccountcontrol", {control}}, {"accountexpires", {expires}}, {"pwdlastset", {set}}}), now);
  };
  EXPECT_TRUE(person("512", "9223372036854775807", "134080000000000000").is_enabled);
  EXPECT_TRUE(person("512", "0", "134080000000000000").is_enabled);
  EXPECT_FALSE(person("514", "0", "1").is_enabled) << "UF_ACCOUNTDISABLE";
  EXPECT_FALSE(person("512", "133000000000000000", "1").is_enabled) << "expired in 2022";
  EXPECT_FALSE(person("many", "0", "1").is_enabled);
  EXPECT_FALSE(schema.person_of(entry({}), now).is_enabled) << "what cannot be read is a refusal";
  EXPECT_TRUE(person("512", "0", "0").must_change);
  EXPECT_FALSE(person("512", "0", "1").must_change);
}

TEST(LdapSchema, DirectoryServer389) {
  const Schema schema = schema_of(Kind::ds389);
  EXPECT_TRUE(schema.person_of(entry({}), now).is_enabled);
  EXPECT_FALSE(schema.person_of(entry({{"nsaccountlock", {"TRUE"}}}), now).is_enabled);
  EXPECT_TRUE(schema.person_of(entry({{"nsaccountlock", {"false"}}}), now).is_enabled);
  EXPECT_TRUE(schema.person_of(entry({{"passwordexpirationtime", {"20261125000000Z"}}}), now).is_expired);
  EXPECT_FALSE(schema.person_of(entry({{"passwordexpirationtime", {"20270101000000Z"}}}), now).is_expired);
  const DirectoryPerson reset = schema.person_of(entry({{"passwordexpirationtime", {"19700101000000Z"}}}), now);
  EXPECT_TRUE(reset.must_change);
  EXPECT_FALSE(reset.is_expired);
  EXPECT_TRUE(schema.person_of(entry({{"passwordexpirationtime", {"soon"}}}), now).is_expired) << "what cannot be read is a refusal";
}

TEST(LdapTime, Generalized) {   // RFC 4517 section 3.3.13
  EXPECT_EQ(parse_generalized_time("20261126000000Z"), now);
  EXPECT_EQ(parse_generalized_time("20261126000000.0Z"), now) << "Active Directory";
  EXPECT_EQ(parse_generalized_time("20261126000000.123456Z"), now + 123ms) << "OpenLDAP";
  EXPECT_EQ(parse_generalized_time("2026112600Z"), now);
  EXPECT_EQ(parse_generalized_time("202611260030Z"), now + 30min);
  EXPECT_EQ(parse_generalized_time("2026112600,5Z"), now + 30min);
  EXPECT_EQ(parse_generalized_time("20261126010000+0100"), now);
  EXPECT_EQ(parse_generalized_time("20261125190000-05"), now);
  for (const char* text : {"", "Z", "20261126000000", "20261126000000z", "20261326000000Z", "20261132000000Z", "20261126240000Z", "2026112600.Z",
                           "20261126000000Zx", "x0261126000000Z", "20261126000000+1"}) {
    EXPECT_EQ(parse_generalized_time(text), std::nullopt) << text;
  }
}

TEST(LdapTime, FileTime) {
  EXPECT_EQ(parse_filetime("116444736000000000"), WallTime{});
  EXPECT_EQ(parse_filetime("116444736010000000"), WallTime{1s});
  for (const char* text : {"", "0", "-1", "9223372036854775807", "99999999999999999999", "1x"}) EXPECT_EQ(parse_filetime(text), std::nullopt) << text;
}

TEST(LdapOptions, WhatTheyMustSayTogether) {
  DirectoryOptions good;
  good.name = "people";
  good.servers = {"ldaps://ldap.example.org", "ldap://ldap2.example.org:3389"};
  good.base = "ou=people,dc=example,dc=org";
  good.bind_dn = "cn=aldis,dc=example,dc=org";
  good.password_file = "password";
  EXPECT_TRUE(validate(good));
  const auto refused = [&](auto change, std::string_view option) {
    DirectoryOptions options = good;
    change(options);
    const auto checked = validate(options);
    ASSERT_FALSE(checked) << option;
    EXPECT_TRUE(checked.error().what.starts_with(option)) << checked.error().what;
  };
  refused([](auto& options) { options.servers.clear(); }, "servers");
  refused([](auto& options) { options.servers = {"http://ldap.example.org"}; }, "servers");
  refused([](auto& options) { options.servers = {"ldap.example.org"}; }, "servers");
  refused([](auto& options) { options.servers = {"ldap:///dc=example"}; }, "servers");
  refused([](auto& options) { options.servers = {"ldaps://ldap.example.org/dc=example"}; }, "servers");
  refused([](auto& options) { options.starttls = false; }, "starttls");
  refused([](auto& options) { options.base = ""; }, "base");
  refused([](auto& options) { options.base = "people"; }, "base");
  refused([](auto& options) { options.people = "objectClass=person"; }, "people");
  refused([](auto& options) { options.login = "uid)(a=b"; }, "login");
  refused([](auto& options) { options.verifier = "a b"; }, "verifier");
  refused([](auto& options) { options.hashes = {"MD5"}; }, "hashes");
  refused([](auto& options) { options.password_file = ""; }, "password_file");
  refused([](auto& options) { options.key = "key.pem"; }, "key");
  refused([](auto& options) { options.bind_dn = options.password_file = ""; }, "bind_dn");
  DirectoryOptions local = good;
  local.servers = {"ldap://127.0.0.1"};
  local.starttls = false;
  EXPECT_TRUE(validate(local)) << "on this machine";
}
