// RFC 4515: nothing that somebody types is a part of the filter.
#include "auth/ldap/ldap_filter.h"

#include <gtest/gtest.h>

using namespace aldis::ldap;

TEST(LdapFilter, ValuesAreEscaped) {   // RFC 4515 sections 3 and 4; security K01
  EXPECT_EQ(equals("uid", "juliet"), "(uid=juliet)");
  EXPECT_EQ(equals("uid", "*"), "(uid=\\2a)");
  EXPECT_EQ(equals("uid", "a)(uid=*"), "(uid=a\\29\\28uid=\\2a)");
  EXPECT_EQ(escape("a\\2a"), "a\\5c2a");
  EXPECT_EQ(escape(std::string_view("\0\x04", 2)), "\\00\\04");
  EXPECT_EQ(escape("Lu\xc4\x8di\xc4\x87"), "Lu\\c4\\8di\\c4\\87");
  EXPECT_EQ(escape("\x7f\xff"), "\\7f\\ff");
  EXPECT_EQ(escape("o'brien =,#"), "o'brien =,#") << "those are a DN's, not a filter's";
  const std::string escaped = escape(std::string(5000, '('));
  EXPECT_EQ(escaped.size(), 15'000U);
  EXPECT_EQ(escaped.find('('), std::string::npos);
}

TEST(LdapFilter, EveryByteComesBackAsItself) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string escaped = escape(std::string(1, static_cast<char>(byte)));
    EXPECT_TRUE(escaped.size() == 1 || escaped.size() == 3) << byte;
    const int back = escaped.size() == 1 ? static_cast<unsigned char>(escaped[0]) : std::stoi(escaped.substr(1), nullptr, 16);
    EXPECT_EQ(back, byte);
    EXPECT_EQ(escaped.find_first_of(std::string_view("*()\0", 4)), std::string::npos) << byte;
  }
}

TEST(LdapFilter, NamesOfAttributes) {
  for (const char* name : {"uid", "sAMAccountName", "x-1", "0.9.2342.19200300.100.1.1"}) EXPECT_TRUE(is_attribute(name)) << name;
  for (const char* name : {"", "u id", "uid=", "uid)(", "1.2.", "1..2", "-x", "uid;lang-de", "*"}) EXPECT_FALSE(is_attribute(name)) << name;
}

TEST(LdapFilter, ParenthesesOfAFilter) {
  for (const char* text : {"(uid=x)", "(&(a=b)(!(c=d)))"}) EXPECT_TRUE(is_filter(text)) << text;
  for (const char* text : {"", "uid=x", "(uid=x", "(uid=x))", "(a=b)(c=d)", ")(", "((a=b)"}) EXPECT_FALSE(is_filter(text)) << text;
}
