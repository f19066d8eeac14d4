// Code point classes against the RFCs' own definitions and lists, the Bidi rule, and cost.
#include "xmpp/precis.h"

#include <gtest/gtest.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <ctime>
#include <limits>

namespace aldis::precis {
namespace {

TEST(Precis, ClassesOfSomeCodePoints) {  // RFC 8264 sections 8 and 9
  const std::pair<char32_t, Property> table[] = {
      {0x0020, Property::free_pval}, {0x0021, Property::pvalid},     {0x007E, Property::pvalid},    {0x007F, Property::disallowed},
      {0x0085, Property::disallowed}, {0x00A0, Property::free_pval}, {0x00AA, Property::free_pval}, {0x00AD, Property::disallowed},
      {0x00B5, Property::free_pval}, {0x00B7, Property::contexto},   {0x00DF, Property::pvalid},    {0x0130, Property::pvalid},
      {0x01C5, Property::free_pval}, {0x0345, Property::pvalid},     {0x034F, Property::disallowed}, {0x0378, Property::unassigned},
      {0x03C2, Property::pvalid},    {0x0640, Property::disallowed}, {0x06DD, Property::disallowed}, {0x1100, Property::disallowed},
      {0x115F, Property::disallowed}, {0x1680, Property::free_pval}, {0x200B, Property::disallowed}, {0x200C, Property::contextj},
      {0x2028, Property::disallowed}, {0x202E, Property::disallowed}, {0x2126, Property::free_pval}, {0x2163, Property::free_pval},
      {0x265A, Property::free_pval}, {0x3007, Property::pvalid},     {0x302E, Property::disallowed}, {0x30FB, Property::contexto},
      {0xAC00, Property::pvalid},    {0xE000, Property::disallowed}, {0xFA0E, Property::pvalid},    {0xFDD0, Property::disallowed},
      {0xFE0F, Property::disallowed}, {0xFFFD, Property::free_pval}, {0xFFFF, Property::disallowed}, {0x1F916, Property::free_pval},
      {0xE0001, Property::disallowed}, {0x10FFFF, Property::disallowed}};
  for (const auto& [c, expected] : table) EXPECT_EQ(property(c), expected) << std::hex << static_cast<std::uint32_t>(c);
}

// RFC 5892 section 2.2 and RFC 8264 section 9.17 by their words, slowly.
TEST(Precis, StabilityIsWhatTheRfcsDefine) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* const nfkc = icu::Normalizer2::getNFKCInstance(status);
  ASSERT_TRUE(U_SUCCESS(status));
  for (char32_t c = 0x80; c <= 0x10FFFF; ++c) {
    const auto c32 = static_cast<UChar32>(c);
    if (U_IS_SURROGATE(c32) || u_isdefined(c32) == 0) continue;
    const icu::UnicodeString one(c32);
    const icu::UnicodeString compatible = nfkc->normalize(one, status);
    icu::UnicodeString folded = compatible;
    folded.foldCase(U_FOLD_CASE_DEFAULT);
    const bool is_unstable = nfkc->normalize(folded, status) != one;
    const Property idna = idna_property(c);
    if (is_unstable && c != 0xDF && c != 0x3C2) {
      ASSERT_EQ(idna, Property::disallowed) << std::hex << c32;
    }
    if (compatible != one) {
      ASSERT_NE(property(c), Property::pvalid) << std::hex << c32;
    }
    if (!is_unstable && compatible == one && u_isUAlphabetic(c32) != 0 && u_charType(c32) == U_LOWERCASE_LETTER) {
      ASSERT_EQ(idna, Property::pvalid) << std::hex << c32;
      ASSERT_EQ(property(c), Property::pvalid) << std::hex << c32;
    }
  }
}

TEST(Precis, BidiRule) {  // RFC 5893 section 2
  const std::u32string alef = U"\u05D0";
  const std::u32string arabic = U"\u0627";
  const std::u32string arabic_digit = U"\u0660";
  EXPECT_TRUE(satisfies_bidi_rule(U"abc"));
  EXPECT_TRUE(satisfies_bidi_rule(U"a1"));
  EXPECT_FALSE(satisfies_bidi_rule(U"1a"));                               // 1
  EXPECT_FALSE(satisfies_bidi_rule(alef + U"a"));                         // 2
  EXPECT_FALSE(satisfies_bidi_rule(alef + U"a" + alef));                  // 2
  EXPECT_FALSE(satisfies_bidi_rule(alef + U"-"));                         // 3
  EXPECT_TRUE(satisfies_bidi_rule(alef + U"-1"));
  EXPECT_TRUE(satisfies_bidi_rule(alef + U"\u05B0"));                     // a mark may follow the end
  EXPECT_FALSE(satisfies_bidi_rule(arabic + U"1" + arabic_digit));        // 4
  EXPECT_TRUE(satisfies_bidi_rule(arabic + arabic_digit));
  EXPECT_FALSE(satisfies_bidi_rule(U"a" + alef));                         // 5
  EXPECT_FALSE(satisfies_bidi_rule(U"a-"));                               // 6
  EXPECT_TRUE(has_right_to_left(U"a" + arabic_digit));
  EXPECT_FALSE(has_right_to_left(U"a1-"));
}

TEST(Precis, OpaqueStringIsForPasswordsToo) {  // RFC 8265 section 4.3, table 3
  EXPECT_EQ(opaque_string(U"correct horse battery staple"), U"correct horse battery staple");
  EXPECT_EQ(opaque_string(U"Correct Horse Battery Staple"), U"Correct Horse Battery Staple");
  EXPECT_EQ(opaque_string(U"\u03C0\u00DF\u00E5"), U"\u03C0\u00DF\u00E5");
  EXPECT_EQ(opaque_string(U"Jack of \u2666s"), U"Jack of \u2666s");
  EXPECT_EQ(opaque_string(U"foo\u1680bar"), U"foo bar");
  EXPECT_EQ(opaque_string(U""), std::nullopt);
  EXPECT_EQ(opaque_string(U"my cat is a \u0009by"), std::nullopt);
}

TEST(Precis, UsernamesOfRfc8265) {  // RFC 8265 section 3.5, tables 1 and 2
  EXPECT_EQ(username_case_mapped(U"juliet@example.com"), U"juliet@example.com");
  EXPECT_EQ(username_case_mapped(U"fussball"), U"fussball");
  EXPECT_EQ(username_case_mapped(U"fu\u00DFball"), U"fu\u00DFball");
  EXPECT_EQ(username_case_mapped(U"\u03A3"), U"\u03C3");
  EXPECT_EQ(username_case_mapped(U"\u03C2"), U"\u03C2");
  EXPECT_EQ(username_case_mapped(U"foo bar"), std::nullopt);
  EXPECT_EQ(username_case_mapped(U"henry\u2163"), std::nullopt);
  EXPECT_EQ(username_case_mapped(U"\u265A"), std::nullopt);
}

// A string full of contextual code points must not cost its length squared: 16 times as long, far less than 256 times. In
// processor time, because the machine may be busy.
TEST(Precis, ContextualRulesAreLinear) {
  const auto cost = [](std::u32string_view unit, std::size_t length) {
    std::u32string text;
    for (std::size_t i = 0; i < length; ++i) text += unit;
    text += U"\u30AB";
    std::clock_t best = std::numeric_limits<std::clock_t>::max();
    for (int i = 0; i < 3; ++i) {
      const std::clock_t start = std::clock();
      EXPECT_TRUE(conforms(text, StringClass::identifier));
      best = std::min(best, std::clock() - start);
    }
    return best + 1;
  };
  for (const std::u32string_view unit : {U"\u30FB", U"\u0660", U"\u06F0"}) {
    EXPECT_LT(cost(unit, 160'000), 64 * cost(unit, 10'000));
  }
}

}  // namespace
}  // namespace aldis::precis
