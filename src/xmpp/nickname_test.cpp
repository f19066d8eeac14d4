// RFC 8266 and UTS 39: what may be shown, and what is taken for what.
#include "xmpp/nickname.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>

namespace aldis {
namespace {

bool look_alike(std::string_view a, std::string_view b) {
  const auto of_a = nickname_keys(a);
  const auto of_b = nickname_keys(b);
  return std::ranges::any_of(of_a, [&](const std::string& key) { return std::ranges::find(of_b, key) != of_b.end(); });
}

TEST(Nickname, MostNamesArePassable) {
  for (const char* name : {"thirdwitch", "The \u265A", "Ren\u00E9 d'Arc", "\u041D\u0430\u0442\u0430\u0448\u0430", "\u5C71\u7530", "\u0645\u062D\u0645\u062F", "\U0001F916", "a"}) {
    EXPECT_FALSE(problem_of_nickname(name, 64).has_value()) << name;
  }
}

TEST(Nickname, WhatNobodySeesIsRefused) {  // security M04
  for (const char* name : {"", " ", "   ", "\u00A0", " Alice", "Alice ", "Al  ice", "Al\u200Bice", "Al\u202Eice", "\uFEFF", "Alice\u2028", "Al\u00ADice", "Al\x01", "Al\u2066ice",
                           "\u2800", "Al\U000E0041ice", "\u3164", "\uE000", "\xFF\xFE"}) {
    EXPECT_TRUE(problem_of_nickname(name, 64).has_value()) << name;
  }
}

TEST(Nickname, LengthsAreInCharacters) {
  EXPECT_FALSE(problem_of_nickname(std::string(64, 'a'), 64).has_value());
  EXPECT_EQ(problem_of_nickname(std::string(65, 'a'), 64), NicknameProblem::too_long);
  std::string wide;
  for (int i = 0; i < 64; ++i) {
    wide += "\u5C71";
  }
  EXPECT_FALSE(problem_of_nickname(wide, 64).has_value());
}

TEST(Nickname, WhatLooksAlikeIsTheSame) {  // security M04
  using Pairs = std::initializer_list<std::pair<const char*, const char*>>;
  for (const auto& [a, b] : Pairs{{"Alice", "alice"}, {"Alice", "ALICE"}, {"Alice", "\u0410lice"} /* Cyrillic A */, {"paypal", "p\u0430yp\u0430l"},
                             {"Alice", "\uFF21lice"} /* full width */, {"Bill", "BiIl"}, {"O0", "00"}, {"caf\u00E9", "cafe\u0301"}, {"\u0455cope", "scope"}}) {
    EXPECT_TRUE(look_alike(a, b)) << a << " " << b;
  }
  for (const auto& [a, b] : Pairs{{"Alice", "Bob"}, {"firstwitch", "secondwitch"}, {"\u5C71", "\u5C72"}, {"op2", "op3"}}) {
    EXPECT_FALSE(look_alike(a, b)) << a << " " << b;
  }
}

}  // namespace
}  // namespace aldis
