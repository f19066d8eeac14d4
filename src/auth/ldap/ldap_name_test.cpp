// Tests of ldap_name.h: two spellings are one name, and what is written is read again.
#include "auth/ldap/ldap_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aldis::ldap {
namespace {

using testing::ElementsAre;

TEST(LdapName, TwoSpellingsHaveTheSameParts) {
  EXPECT_EQ(name_parts("CN=Chat , OU=Servers,DC=Example"), name_parts("cn=chat,ou=servers,dc=example"));
  EXPECT_THAT(*name_parts("cn=a\\,b,dc=example"), ElementsAre(testing::StartsWith("cn=a\\"), "dc=example"));
  EXPECT_NE(name_parts("cn=a\\,b,dc=example"), name_parts("cn=a,b=c,dc=example"));
  EXPECT_THAT(*name_parts(""), ElementsAre());
  EXPECT_EQ(name_parts("no name"), std::nullopt);
  EXPECT_EQ(name_parts(std::string("cn=a\0,cn=b", 10)), std::nullopt);
}

TEST(LdapName, AnyValueIsWrittenAndReadAgain) {
  for (const char* value : {"plain", "a,b", " edges ", "#hash", "a=b+c", "\"quoted\"", "back\\slash", "<;>", "*.example.org", "ä"}) {
    const auto parts = name_parts("cn=" + escape_in_name(value) + ",dc=example");
    ASSERT_TRUE(parts) << value;
    EXPECT_EQ(parts->size(), 2U) << value;
  }
  EXPECT_NE(name_parts("cn=" + escape_in_name("a,cn=b")), name_parts("cn=a,cn=b"));
}

}  // namespace
}  // namespace aldis::ldap
