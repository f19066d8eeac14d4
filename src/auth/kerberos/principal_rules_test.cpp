// Principals and whose accounts they are, as tables.
#include "auth/kerberos/principal_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aldis {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;

// The account, "attribute=value", or "nobody".
std::string account(const KerberosOptions& options, std::string_view principal,
                    std::string_view domain = "example.org") {
  const auto rules = PrincipalRules::make(options, domain);
  EXPECT_TRUE(rules.has_value());
  const PrincipalMapping mapping = rules->account_of(principal);
  if (const auto* account = std::get_if<BareJid>(&mapping)) {
    return account->str();
  }
  const auto* asked = std::get_if<DirectoryAttribute>(&mapping);
  return asked != nullptr ? asked->attribute + "=" + asked->value : "nobody";
}

struct Row {
  std::string principal;
  std::string_view exact;   // as the options are by themselves
  std::string_view folded;  // with kerberos_fold_case
};
class Principals : public testing::TestWithParam<Row> {};

TEST_P(Principals, HaveTheAccountOfTheirNameOrNone) {  // security S01
  KerberosOptions options;
  EXPECT_EQ(account(options, GetParam().principal), GetParam().exact) << GetParam().principal;
  options.kerberos_fold_case = true;
  EXPECT_EQ(account(options, GetParam().principal), GetParam().folded) << GetParam().principal;
}

INSTANTIATE_TEST_SUITE_P(
    Each, Principals,
    testing::Values(
        Row{"juliet@EXAMPLE.ORG", "juliet@example.org", "juliet@example.org"},
        Row{"Juliet@EXAMPLE.ORG", "nobody", "juliet@example.org"},
        Row{"JULIET@EXAMPLE.ORG", "nobody", "juliet@example.org"}, Row{"juliet@example.org", "nobody", "nobody"},
        Row{"juliet@PARTNER.EXAMPLE", "nobody", "nobody"}, Row{"juliet@EXAMPLE.ORG.EVIL", "nobody", "nobody"},
        Row{"juliet@SUB.EXAMPLE.ORG", "nobody", "nobody"}, Row{"juliet/admin@EXAMPLE.ORG", "nobody", "nobody"},
        Row{"juliet\\/admin@EXAMPLE.ORG", "nobody", "nobody"}, Row{"juliet\\@evil@EXAMPLE.ORG", "nobody", "nobody"},
        Row{"juliet@EXAMPLE.ORG@EVIL", "nobody", "nobody"}, Row{"juliet@EVIL@EXAMPLE.ORG", "nobody", "nobody"},
        Row{"@EXAMPLE.ORG", "nobody", "nobody"}, Row{"juliet", "nobody", "nobody"}, Row{"juliet@", "nobody", "nobody"},
        Row{"", "nobody", "nobody"}, Row{"juliet\0@EXAMPLE.ORG"s, "nobody", "nobody"},
        Row{"WELLKNOWN/ANONYMOUS@WELLKNOWN:ANONYMOUS", "nobody", "nobody"},
        Row{"o'brien@EXAMPLE.ORG", "o\\27brien@example.org", "o\\27brien@example.org"},
        Row{"o\\27brien@EXAMPLE.ORG", "nobody", "nobody"},
        Row{"host$@EXAMPLE.ORG", "host$@example.org", "host$@example.org"},
        Row{" juliet@EXAMPLE.ORG", "nobody", "nobody"},
        Row{"j\xc3\xbcrgen@EXAMPLE.ORG", "j\xc3\xbcrgen@example.org", "j\xc3\xbcrgen@example.org"},
        Row{"J\xc3\x9cRGEN@EXAMPLE.ORG", "nobody", "nobody"},      // beyond ASCII nothing is folded
        Row{"\xef\xbd\x8auliet@EXAMPLE.ORG", "nobody", "nobody"},  // a fullwidth j
        Row{"jul\xffiet@EXAMPLE.ORG", "nobody", "nobody"},
        Row{std::string(2000, 'a') + "@EXAMPLE.ORG", "nobody", "nobody"}));

TEST(PrincipalRules, RealmsHaveRules) {
  KerberosOptions options;
  options.kerberos_realms = {"AD.EXAMPLE.ORG", "PARTNER.EXAMPLE = partner-{name}", "OLD.EXAMPLE={name}"};
  EXPECT_EQ(account(options, "juliet@AD.EXAMPLE.ORG"), "juliet@example.org");
  EXPECT_EQ(account(options, "juliet@PARTNER.EXAMPLE"), "partner-juliet@example.org");
  EXPECT_EQ(account(options, "juliet@OLD.EXAMPLE"), "juliet@example.org");
  EXPECT_EQ(account(options, "juliet@EXAMPLE.ORG"), "nobody") << "only those that are named";
}

TEST(PrincipalRules, ADirectoryMayDecide) {
  KerberosOptions options;
  options.kerberos_attribute = "krbPrincipalName";
  EXPECT_EQ(account(options, "Juliet@EXAMPLE.ORG"), "krbPrincipalName=Juliet@EXAMPLE.ORG");
  EXPECT_EQ(account(options, "juliet@EVIL"), "nobody");
  EXPECT_EQ(account(options, "juliet/admin@EXAMPLE.ORG"), "nobody");
  options.kerberos_attribute = "sAMAccountName";
  EXPECT_EQ(account(options, "juliet@EXAMPLE.ORG"), "sAMAccountName=juliet");
}

struct Wrong {
  std::string_view why;
  std::vector<std::string> realms;
  std::string_view says;
};
class WrongRealms : public testing::TestWithParam<Wrong> {};

TEST_P(WrongRealms, AreNamed) {
  KerberosOptions options;
  options.kerberos_realms = GetParam().realms;
  const auto rules = PrincipalRules::make(options, "example.org");
  ASSERT_FALSE(rules.has_value()) << GetParam().why;
  EXPECT_THAT(rules.error().what, testing::StartsWith("kerberos_realms: "));
  EXPECT_THAT(rules.error().what, HasSubstr(GetParam().says)) << GetParam().why;
}

INSTANTIATE_TEST_SUITE_P(Each, WrongRealms,
                         testing::Values(Wrong{"empty", {""}, "is no \"REALM\""},
                                         Wrong{"a principal", {"juliet@A"}, "is no \"REALM\""},
                                         Wrong{"twice", {"A", "B", "A = x{name}"}, "named twice"},
                                         Wrong{"no name", {"A = juliet"}, "{name} once"},
                                         Wrong{"two names", {"A = {name}{name}"}, "{name} once"},
                                         Wrong{"no localpart", {"A = @{name}"}, "no localpart"},
                                         Wrong{"capitals", {"A = P-{name}"}, "no localpart"}));

TEST(KerberosOptions, AreCheckedTogether) {
  KerberosOptions options;
  EXPECT_TRUE(validate(options, "example.org", false).has_value());
  options.kerberos_keytab = "xmpp.keytab";
  EXPECT_TRUE(validate(options, "example.org", false).has_value());
  EXPECT_THAT(validate(options, "k\xc3\xa4se.example", false).error().what, HasSubstr("kerberos_hostname"));
  options.kerberos_attribute = "krbPrincipalName";
  EXPECT_TRUE(validate(options, "example.org", true).has_value());
  EXPECT_THAT(validate(options, "example.org", false).error().what, HasSubstr("no directory"));
  options.kerberos_attribute = "a)(b";
  EXPECT_THAT(validate(options, "example.org", true).error().what, HasSubstr("no attribute's name"));
  options.kerberos_attribute.clear();
  options.kerberos_mechanisms = {"GSSAPI", "GSSAPI"};
  EXPECT_THAT(validate(options, "example.org", false).error().what, HasSubstr("named twice"));
  options.kerberos_mechanisms = {"SCRAM-SHA-256"};
  EXPECT_THAT(validate(options, "example.org", false).error().what, HasSubstr("not known"));
}

}  // namespace
}  // namespace aldis
