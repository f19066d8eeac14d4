// Setting passwords, and the configuration's own rules.
#include "auth/passwords.h"

#include <gtest/gtest.h>

#include "auth/password_rules.h"
#include "sasl/scram_keys.h"
#include "storage/memory/memory_stores.h"
#include "tests/support/failing_stores.h"
#include "tests/support/loop_executor.h"
#include "tests/support/manual_clock.h"

namespace aldis {
namespace {

class SettingPasswords : public testing::Test {
 protected:
  static AuthConfig quick() {
    AuthConfig config;
    config.key_iterations = 10;
    return config;
  }
  static SecretBytes secret(std::string_view text) { return SecretBytes(text); }

  testing_support::LoopExecutor loop;
  test::ManualClock clock;
  SystemRandom random;
  MemoryStores memory{MemoryStores::Answers::later};
  testing_support::FailingStores failing{memory.stores(), {}};
  WorkerPool workers{{.threads = 1}};
  PooledKeyDerivation derivation{workers};
  Stores stores = failing.stores();
  Passwords passwords{quick(), stores.accounts, derivation, random, clock};
  BareJid alice = BareJid::parse("alice@example.org").value();
};

TEST_F(SettingPasswords, StoresKeysOfEachHashAndNothingElse) {
  ASSERT_TRUE(loop.run(passwords.create_account(alice, secret("wonderland"))));
  const auto record = loop.run(stores.accounts.find(alice));
  ASSERT_TRUE(record);
  ASSERT_EQ(record->keys.size(), 3U);
  EXPECT_EQ(record->created, clock.wall());
  for (const ScramKeys& keys : record->keys) {
    const auto hash = sasl::parse_hash(keys.hash);
    ASSERT_TRUE(hash.has_value());
    EXPECT_EQ(keys.iterations, 10U);
    EXPECT_EQ(keys.salt.size(), 16U) << "security C: at least 128 bits";
    const sasl::Keys expected = sasl::derive_keys(*hash, secret("wonderland"), keys.salt, 10);
    EXPECT_EQ(expected.stored_key.view(), keys.stored_key.view());
    EXPECT_EQ(expected.server_key.view(), keys.server_key.view());
  }
  EXPECT_NE(record->keys[0].salt, record->keys[1].salt);
}

TEST_F(SettingPasswords, ChangeReplacesAllKeys) {
  ASSERT_TRUE(loop.run(passwords.create_account(alice, secret("wonderland"))));
  const auto before = loop.run(stores.accounts.find(alice));
  clock.advance(std::chrono::hours(1));
  ASSERT_TRUE(loop.run(passwords.set_password(alice, secret("looking-glass"))));
  const auto after = loop.run(stores.accounts.find(alice));
  EXPECT_EQ(after->credentials_changed, clock.wall());
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NE(before->keys[i].salt, after->keys[i].salt);
  }
}

TEST_F(SettingPasswords, Refusals) {
  const auto kind = [&](std::string_view password) {
    const auto result = loop.run(passwords.create_account(alice, secret(password)));
    return result ? std::optional<ErrorKind>() : result.error().kind;
  };
  EXPECT_EQ(kind(""), ErrorKind::invalid);
  EXPECT_EQ(kind("seven77"), ErrorKind::invalid);
  EXPECT_EQ(kind("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"), ErrorKind::invalid) << "four characters, eight bytes";
  EXPECT_EQ(kind("control\x01character"), ErrorKind::invalid);
  EXPECT_EQ(kind("not UTF-8 \xff\xff"), ErrorKind::invalid);
  EXPECT_EQ(kind(std::string(1024, 'a')), ErrorKind::invalid);
  EXPECT_EQ(kind("eight888"), std::nullopt);
  EXPECT_EQ(kind("eight888"), ErrorKind::already_exists);
  const auto unknown = loop.run(passwords.set_password(BareJid::parse("bob@example.org").value(), secret("eight888")));
  EXPECT_EQ(unknown.error().kind, ErrorKind::not_found);
  const auto domain = loop.run(passwords.create_account(BareJid::parse("example.org").value(), secret("eight888")));
  EXPECT_EQ(domain.error().kind, ErrorKind::invalid);
}

TEST_F(SettingPasswords, SixtyFourCharactersAndSpacesAreFine) {  // security C, 800-63B-4
  EXPECT_TRUE(loop.run(passwords.create_account(alice, secret(std::string(63, 'x') + " y"))));
}

TEST_F(SettingPasswords, UnicodeSpellingsOfOnePasswordAreOne) {  // RFC 8265 section 4.2: NFC, other spaces become spaces
  const auto composed = prepare_password(secret("p\xc3\xa4sswort mit umlaut"));
  const auto decomposed = prepare_password(secret("pa\xcc\x88sswort\xc2\xa0mit umlaut"));
  ASSERT_TRUE(composed && decomposed);
  EXPECT_EQ(composed->view(), decomposed->view());
}

// ---- profiles (password_rules_test.cpp has what they demand of a password by itself)

TEST_F(SettingPasswords, TheReasonIsTheSameHoweverItIsSet) {
  AuthConfig config = quick();
  config.password_profile = PasswordProfile::nist;
  passwords.configure(config);
  const std::string why = "the password is one of those that are guessed first";
  EXPECT_EQ(loop.run(passwords.create_account(alice, secret("passwordpassword"))).error().what, why);
  ASSERT_TRUE(loop.run(passwords.create_account(alice, secret("a looking-glass"))));
  EXPECT_EQ(loop.run(passwords.set_password(alice, secret("passwordpassword"))).error().what, why);
  EXPECT_EQ(loop.run(passwords.change_password(alice, secret("passwordpassword"), ChangedBy::its_owner)).error().what, why);
}

TEST_F(SettingPasswords, FormerPasswordsDoNotComeBack) {
  AuthConfig config = quick();
  config.password_history = 3;
  passwords.configure(config);
  ASSERT_TRUE(loop.run(passwords.create_account(alice, secret("password number 0"))));
  const auto set = [&](int number) { return loop.run(passwords.set_password(alice, secret("password number " + std::to_string(number)))); };
  EXPECT_EQ(set(0).error().what, "the password is one of the account's last 3") << "the one that stands";
  EXPECT_TRUE(set(1));
  EXPECT_TRUE(set(2));
  EXPECT_FALSE(set(0));
  EXPECT_FALSE(set(1));
  EXPECT_FALSE(set(2));
  EXPECT_TRUE(set(3));
  EXPECT_TRUE(set(0)) << "three others were between";
  failing.restart({.nth = 1});   // the account is read, its former passwords cannot be
  EXPECT_EQ(set(9).error().kind, ErrorKind::unavailable) << "a check that cannot be made is a refusal";
}

TEST_F(SettingPasswords, AnOwnerWaitsForTheLeastAgeAndAnOperatorDoesNot) {
  AuthConfig config = quick();
  config.password_min_age = std::chrono::hours(24);
  passwords.configure(config);
  ASSERT_TRUE(loop.run(passwords.create_account(alice, secret("wonderland"))));
  EXPECT_EQ(loop.run(passwords.set_password(alice, secret("looking-glass"), ChangedBy::its_owner)).error().what,
            "the password may be changed again 24 hours after the last change");
  EXPECT_TRUE(loop.run(passwords.set_password(alice, secret("looking-glass"))));
  clock.advance(std::chrono::hours(23));
  EXPECT_FALSE(loop.run(passwords.set_password(alice, secret("jabberwocky"), ChangedBy::its_owner)));
  clock.advance(std::chrono::hours(1));
  EXPECT_TRUE(loop.run(passwords.set_password(alice, secret("jabberwocky"), ChangedBy::its_owner)));
  ASSERT_TRUE(loop.run(stores.accounts.set_must_change(alice)));
  EXPECT_TRUE(loop.run(passwords.set_password(alice, secret("bandersnatch"), ChangedBy::its_owner))) << "one that must be changed may be";
  EXPECT_FALSE(loop.run(passwords.set_password(alice, secret("jubjub bird"), ChangedBy::its_owner)));
}

TEST_F(SettingPasswords, FailingStoreIsReported) {
  failing.restart({.nth = 0});
  const auto result = loop.run(passwords.create_account(alice, secret("wonderland")));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::unavailable);
}

TEST(AuthConfigRules, DefaultsAreValidAndWrongNamesAreNot) {
  EXPECT_TRUE(validate(AuthConfig{}));
  AuthConfig config;
  config.mechanisms = {"SCRAM-SHA-1", "DIGEST-MD5"};
  EXPECT_EQ(validate(config).error().what, "mechanisms: \"DIGEST-MD5\" is not known");
  config.mechanisms = {"PLAIN", "PLAIN"};
  EXPECT_EQ(validate(config).error().what, "mechanisms: \"PLAIN\" is named twice");
  config = {};
  config.key_hashes = {"sha-1"};
  EXPECT_FALSE(validate(config));
  config.key_hashes = {};
  EXPECT_FALSE(validate(config));
  EXPECT_EQ(option_table<AuthConfig>(auth_options).infos().size(), 21U);
}

}  // namespace
}  // namespace aldis
