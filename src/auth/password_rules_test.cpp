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
  return find_fault(of(profile), password, juliet, PasswordBlockList("# our own\nVerona2026\r\nmercutio\n\n")).value_or("");
}

}  // namespace

TEST(PasswordRules, NistAsksForLengthAndNothingElse) {
  const auto nist = PasswordProfile::nist;
  EXPECT_EQ(fault(nist, "a short"), "the password must have at least 8 characters");
  EXPECT_EQ(fault(nist, "all lower case"), "");
  EXPECT_EQ(fault(nist, "\xd1\x87\xd0\xb0\xd0\xb9\xd0\xba\xd0\xb0 \xf0\x9f\x8d\x9e!"), "") << "any character, each counts as one";
  EXPECT_NE(fault(nist, "\xd1\x87\xd0\xb0\xd0\xb9\xd0\xba\xd0\xb0"), "") << "five characters of ten bytes";
  EXPECT_EQ(fault(nist, std::string(64, 'x') + "y"), "") << "at least 64 are allowed";
  EXPECT_EQ(of(nist).max_age, 0s);
}

TEST(PasswordRules, NistBlocksWhatIsGuessed) {
  const auto nist = PasswordProfile::nist;
  for (const char* guess : {"password", "PASSWORD", "P@ssw0rd", "qwertyuiop", "verona2026", "MERCUTIO"}) {
    EXPECT_EQ(fault(nist, guess), "the password is one of those that are guessed first") << guess;
  }
  for (const char* sequence : {"aaaaaaaaaaaa", "12345678", "abcdefghij", "87654321"}) {
    EXPECT_EQ(fault(nist, sequence), "the password is one character again and again, or a sequence") << sequence;
  }
  for (const char* own : {"juliet12", "Juliet!?1", "capulet1", "julietcapulet", "123juliet"}) {
    EXPECT_EQ(fault(nist, own), "the password is little more than the account's or the server's name") << own;
  }
  EXPECT_EQ(fault(nist, "juliet and the nurse"), "");
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
