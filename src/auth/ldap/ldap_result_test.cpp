// Every code of RFC 4511 section 4.1.9 by its number, so that a slip in a constant's name shows.
#include "auth/ldap/ldap_result.h"

#include <gtest/gtest.h>

#include <map>

namespace aldis::ldap {
namespace {

TEST(LdapResult, EachCodeHasItsMeaning) {
  using enum ResultMeaning;
  const std::map<int, ResultMeaning> listed{
      {0, success},          {2, not_understood}, {3, too_late},     {8, not_allowed},   {12, not_allowed}, {13, not_allowed},
      {16, bad_change},      {17, bad_change},    {18, bad_change},  {19, bad_value},    {20, bad_change},  {21, bad_change},
      {32, not_there},       {47, not_allowed},   {48, no_credentials}, {49, wrong_credentials}, {50, not_allowed}, {51, not_now},
      {52, not_now},         {53, unwilling},     {64, bad_change},  {65, bad_change},   {67, bad_change},  {69, bad_change},
      {123, not_allowed}};
  for (int code = 0; code < 1000; ++code) {
    const auto at = listed.find(code);
    EXPECT_EQ(meaning_of(code), at == listed.end() ? other : at->second) << code;
  }
}

TEST(LdapResult, TheLibrarysOwnCodesAreNoVerdict) {
  for (int code = -1; code > -100; --code) {
    EXPECT_EQ(meaning_of(code), code == -5 ? ResultMeaning::too_late : ResultMeaning::not_now) << code;
  }
}

}  // namespace
}  // namespace aldis::ldap
