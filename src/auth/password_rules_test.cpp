// SP 800-63B and the STIG, as rules.
#include "auth/password_rules.h"

#include <gtest/gtest.h>

namespace aldis {
namespace {

using namespace std::chrono_literals;

const BareJid juliet = BareJid::parse("juliet@capulet.example").value();

PasswordRules of(PasswordProfile profile) {
  AuthConfig config;
  config.password_profile = profile;
  return rules_of(config);
}
std::string fault(PasswordProfile profile, std::string_view password) {
  return find_fault(of(profile), password, juliet, PasswordBlockList("# our own\nverona20262026!\r\nmercutiomercutio\n\n\xd0\x9f\xd0\x90\xd0\xa0\xd0\x9e\xd0\x9b\xd0\xac \xd0\xbd\xd0\xb0 \xd1\x81\xd0\xb5\xd0\xb3\xd0\xbe\xd0\xb4\xd0\xbd\xd1\x8f\n\xff\xfe\n")).value_or("");
}

}  // namespace

TEST(PasswordRules, NistAsksForLengthAndNothingElse) {  // SP 800-63B-4 section 3.1.1.2
  const auto nist = PasswordProfile::nist;
  EXPECT_EQ(fault(nist, "a short"), "the password must have at least 15 characters");
  EXPECT_EQ(fault(nist, "all lower case "), "");
  EXPECT_EQ(fault(nist, "all lower case"), "the password must have at least 15 characters") << "14";
  EXPECT_EQ(fault(nist, "\xd1\x87\xd0\xb0\xd0\xb9\xd0\xba\xd0\xb0 \xf0\x9f\x8d\x9e! and so on"), "") << "any character, each counts as one";
  EXPECT_NE(fault(nist, "\xd1\x87\xd0\xb0\xd0\xb9\xd0\xba\xd0\xb0\xd1\x87\xd0\xb0\xd0\xb9\xd0\xba"), "") << "nine characters of eighteen bytes";
  EXPECT_EQ(fault(nist, std::string(64, 'x') + "y"), "") << "at least 64 are allowed";
  EXPECT_EQ(of(nist).max_age, 0s);
}

TEST(PasswordRules, NistBlocksWhatIsGuessed) {
  const auto nist = PasswordProfile::nist;
  for (const char* guess : {"passwordpassword", "PasswordPassword", "qwertyuiopasdfghjkl", "Verona20262026!", "MERCUTIOMERCUTIO", "correct horse battery staple"}) {
    EXPECT_EQ(fault(nist, guess), "the password is one of those that are guessed first") << guess;
  }
  for (const char* sequence : {"aaaaaaaaaaaaaaa", "abcabcabcabcabc", "!qA9!qA9!qA9!qA9", "abcdefghijklmnop", "ponmlkjihgfedcba"}) {
    EXPECT_EQ(fault(nist, sequence), "the password is a few characters again and again, or a sequence") << sequence;
  }
  for (const char* own : {"juliet@capulet1", "JulietJuliet123", "capuletjuliet12", "123julietcapulet"}) {
    EXPECT_EQ(fault(nist, own), "the password is little more than the account's or the server's name") << own;
  }
  EXPECT_EQ(fault(nist, "passwordpassword in the orchard"), "") << "wholes are compared, not what is in them";
  EXPECT_EQ(fault(nist, "juliet and the nurse"), "");
}

TEST(PasswordRules, BlockedWordsOfOtherAlphabetsAreComparedWithoutCaseToo) {
  EXPECT_EQ(fault(PasswordProfile::nist, "\xd0\xbf\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb\xd1\x8c \xd0\x9d\xd0\x90 \xd1\x81\xd0\xb5\xd0\xb3\xd0\xbe\xd0\xb4\xd0\xbd\xd1\x8f"),
            "the password is one of those that are guessed first");
}

TEST(PasswordRules, StigAsksForFifteenOfFourClasses) {
  const auto stig = PasswordProfile::stig;
  EXPECT_EQ(fault(stig, "Wherefore art 2"), "") << "15";
  EXPECT_EQ(fault(stig, "Wherefore ar 2"), "the password must have at least 15 characters");
  for (const char* lacking : {"wherefore art 2 romeo", "WHEREFORE ART 2 ROMEO", "Wherefore art thou", "Whereforeart2Romeo"}) {
    EXPECT_EQ(fault(stig, lacking), "the password must have upper case and lower case letters, digits, and other characters") << lacking;
  }
  const PasswordRules rules = of(stig);
  EXPECT_EQ(rules.history, 5U);
  EXPECT_EQ(rules.min_age, 24h);
  EXPECT_EQ(rules.max_age, 60 * 24h);
}

TEST(PasswordRules, OptionsDemandMoreAndNeverLess) {
  AuthConfig config;
  config.password_profile = PasswordProfile::stig;
  config.password_min_characters = 20;
  config.password_history = 24;
  config.password_max_age = 90 * 24h;
  PasswordRules rules = rules_of(config);
  EXPECT_EQ(rules.min_characters, 20U);
  EXPECT_EQ(rules.history, 24U);
  EXPECT_EQ(rules.max_age, 60 * 24h);
  config.password_max_age = 30 * 24h;
  EXPECT_EQ(rules_of(config).max_age, 30 * 24h);
}

TEST(PasswordRules, StigLocksOutAfterThreeFailuresInFifteenMinutes) {
  AuthConfig config;
  config.failures_per_account = 0;
  config.failure_window = 1min;
  EXPECT_EQ(with_profile(config).failures_per_account, 0U) << "basic leaves it alone";
  config.password_profile = PasswordProfile::stig;
  EXPECT_EQ(with_profile(config).failures_per_account, 3U);
  EXPECT_EQ(with_profile(config).failures_per_pair, 3U);
  EXPECT_EQ(with_profile(config).failure_window, 15min);
  config.failures_per_account = 2;
  EXPECT_EQ(with_profile(config).failures_per_account, 2U);
}

TEST(PasswordRules, BasicIsALength) {
  EXPECT_EQ(fault(PasswordProfile::basic, "password"), "");
  EXPECT_EQ(fault(PasswordProfile::basic, "passwor"), "the password must have at least 8 characters");
}

}  // namespace aldis
