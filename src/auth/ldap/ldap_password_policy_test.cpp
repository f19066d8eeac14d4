// What directories say of passwords, as it was seen or is specified.
#include "auth/ldap/ldap_password_policy.h"

#include <gtest/gtest.h>
#include <ldap.h>

namespace aldis::ldap {
namespace {

using Standing = PasswordVerdict::Standing;

PasswordVerdict of(PasswordAnswer answer, Kind kind = Kind::openldap) {
  const auto verdict = judge_bind(kind, answer);
  EXPECT_TRUE(verdict) << (verdict ? "" : verdict.error().what);
  return verdict.value_or(PasswordVerdict{});
}

TEST(PasswordPolicy, ABindThatSucceedsIsGoodUnlessThePolicySaysOtherwise) {   // draft-behera-ldap-password-policy-10 section 9.1
  EXPECT_EQ(of({.code = LDAP_SUCCESS}).standing, Standing::good);
  EXPECT_EQ(of({.code = LDAP_SUCCESS, .error = PolicyError::change_after_reset}).standing, Standing::must_change);
  EXPECT_EQ(of({.code = LDAP_SUCCESS, .error = PolicyError::account_locked}).standing, Standing::disabled);
  EXPECT_EQ(of({.code = LDAP_SUCCESS, .is_expired = true}, Kind::ds389).standing, Standing::must_change);
  const PasswordVerdict grace = of({.code = LDAP_SUCCESS, .grace_logins = 2});
  EXPECT_EQ(grace.standing, Standing::good);
  EXPECT_EQ(grace.grace_logins, 2U);
  EXPECT_EQ(of({.code = LDAP_SUCCESS, .expires_in = std::chrono::seconds(600)}).expires_in, std::chrono::seconds(600));
}

TEST(PasswordPolicy, ABindThatFailsIsAWrongPasswordUnlessItWasRightAndTooOld) {
  EXPECT_EQ(of({.code = LDAP_INVALID_CREDENTIALS}).standing, Standing::wrong);
  EXPECT_EQ(of({.code = LDAP_INVALID_CREDENTIALS, .error = PolicyError::password_expired}).standing, Standing::expired);
  EXPECT_EQ(of({.code = LDAP_INVALID_CREDENTIALS, .is_expired = true}, Kind::ds389).standing, Standing::expired);
  const PasswordVerdict locked = of({.code = LDAP_INVALID_CREDENTIALS, .error = PolicyError::account_locked});
  EXPECT_EQ(locked.standing, Standing::wrong) << "said whatever the password is";
  EXPECT_EQ(locked.why, "the account is locked");
  for (const int code : {LDAP_INAPPROPRIATE_AUTH, LDAP_UNWILLING_TO_PERFORM, LDAP_CONSTRAINT_VIOLATION, LDAP_NO_SUCH_OBJECT}) {
    EXPECT_EQ(of({.code = code}).standing, Standing::wrong);
  }
  for (const int code : {LDAP_OPERATIONS_ERROR, LDAP_REFERRAL, LDAP_OTHER, LDAP_SASL_BIND_IN_PROGRESS, LDAP_INSUFFICIENT_ACCESS}) {
    EXPECT_FALSE(judge_bind(Kind::openldap, {.code = code})) << code << ": only a clear no is a no (security S09)";
  }
}

TEST(PasswordPolicy, ActiveDirectorySaysItInWords) {
  const auto says = [](std::string_view data, Kind kind = Kind::active_directory) {
    return of({.code = LDAP_INVALID_CREDENTIALS, .words = "80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data " + std::string(data) + ", v4563"}, kind);
  };
  EXPECT_EQ(says("52e").standing, Standing::wrong);
  EXPECT_EQ(says("525").standing, Standing::wrong);
  EXPECT_EQ(says("775").standing, Standing::wrong) << "said whatever the password is";
  EXPECT_EQ(says("775").why, "the account is locked (775)");
  EXPECT_EQ(says("532").standing, Standing::expired);
  EXPECT_EQ(says("773").standing, Standing::must_change);
  for (const char* disabled : {"530", "531", "533", "701"}) {
    EXPECT_EQ(says(disabled).standing, Standing::disabled) << disabled;
  }
  for (const char* odd : {"", "5321", "532x", "x", "-532", "99999999999999999999"}) {
    EXPECT_EQ(says(odd).standing, Standing::wrong) << odd;
  }
  EXPECT_EQ(says("532", Kind::openldap).standing, Standing::wrong) << "of no other directory";
}

TEST(PasswordPolicy, ARefusedChangeSaysWhy) {
  const auto refused = [](PasswordAnswer answer) {
    const Result<void> done = judge_change(answer);
    return done ? std::string("done") : std::string(done.error().kind == ErrorKind::invalid ? "invalid " : done.error().kind == ErrorKind::denied ? "denied " : "") + done.error().what;
  };
  EXPECT_EQ(refused({.code = LDAP_SUCCESS}), "done");
  EXPECT_EQ(refused({.code = LDAP_CONSTRAINT_VIOLATION, .error = PolicyError::password_too_short}), "invalid the directory says that the password is too short");
  EXPECT_EQ(refused({.code = LDAP_CONSTRAINT_VIOLATION, .error = PolicyError::password_in_history}), "invalid the directory says that the password is one of the former ones");
  EXPECT_EQ(refused({.code = LDAP_CONSTRAINT_VIOLATION}), "invalid the directory does not take this password");
  EXPECT_EQ(refused({.code = LDAP_INSUFFICIENT_ACCESS, .error = PolicyError::password_mod_not_allowed}), "denied the directory does not let you change your password");
  EXPECT_EQ(refused({.code = LDAP_INSUFFICIENT_ACCESS}), "denied the directory does not let you change your password here: change it there");
  EXPECT_TRUE(refused({.code = LDAP_INSUFFICIENT_ACCESS, .error = PolicyError::must_supply_old_password}).starts_with("denied the directory wants the old password"));
  EXPECT_EQ(refused({.code = LDAP_OTHER}).find("denied"), std::string::npos);
}

}  // namespace
}  // namespace aldis::ldap
