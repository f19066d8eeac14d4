// Verdicts.
#include "auth/ldap/ldap_password_policy.h"

#include <ldap.h>

#include <charconv>

#include "auth/ldap/ldap_result.h"

namespace aldis::ldap {
namespace {

using Standing = PasswordVerdict::Standing;

// "80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data 532, v4563": the number, of WinError.h, hexadecimal.
std::optional<std::uint32_t> active_directory_code(std::string_view words) {
  constexpr std::string_view mark = "AcceptSecurityContext error, data ";
  const std::size_t at = words.find(mark);
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  words.remove_prefix(at + mark.size());
  std::uint32_t code = 0;
  const auto read = std::from_chars(words.data(), words.data() + words.size(), code, 16);
  const bool is_whole = read.ec == std::errc() && (read.ptr == words.data() + words.size() || *read.ptr == ',');
  return is_whole ? std::optional(code) : std::nullopt;
}

PasswordVerdict wrong(std::string why) { return {.standing = Standing::wrong, .why = std::move(why)}; }

// Active Directory says these only to who has proved the password; 775 it says to everybody.
PasswordVerdict judge_active_directory(const PasswordAnswer& answer) {
  switch (active_directory_code(answer.words).value_or(0)) {
    case 0x530: return {.standing = Standing::disabled, .why = "no login at this time (530)"};
    case 0x531: return {.standing = Standing::disabled, .why = "no login from this machine (531)"};
    case 0x532: return {.standing = Standing::expired, .why = "the password has expired (532)"};
    case 0x533: return {.standing = Standing::disabled, .why = "the account is disabled (533)"};
    case 0x701: return {.standing = Standing::disabled, .why = "the account has expired (701)"};
    case 0x773: return {.standing = Standing::must_change, .why = "the password must be changed (773)"};
    case 0x775: return wrong("the account is locked (775)");
    default: return wrong(answer.words);
  }
}

PasswordVerdict judge_success(const PasswordAnswer& answer) {
  PasswordVerdict verdict{.standing = Standing::good, .why = {}, .grace_logins = answer.grace_logins, .expires_in = answer.expires_in};
  if (answer.error == PolicyError::account_locked) {   // no directory should let in whom it calls locked
    verdict.standing = Standing::disabled;
    verdict.why = "the account is locked";
  } else if (answer.error || answer.is_expired) {      // section 9.1: every other error of a bind that succeeded wants another password
    verdict.standing = Standing::must_change;
    verdict.why = "the password must be changed";
  }
  return verdict;
}

}  // namespace

Result<PasswordVerdict> judge_bind(Kind kind, const PasswordAnswer& answer) {
  switch (meaning_of(answer.code)) {
    case ResultMeaning::success: return judge_success(answer);
    case ResultMeaning::wrong_credentials:
      if (answer.error == PolicyError::account_locked) {   // said whether the password is right or not
        return wrong("the account is locked");
      }
      if (answer.error == PolicyError::password_expired || answer.is_expired) {   // said only when it is right
        return PasswordVerdict{.standing = Standing::expired, .why = "the password has expired"};
      }
      return kind == Kind::active_directory ? judge_active_directory(answer) : wrong(answer.words);
    case ResultMeaning::no_credentials:
    case ResultMeaning::unwilling:       // 389-ds: the account is inactivated
    case ResultMeaning::bad_value:       // 389-ds: locked after too many tries
    case ResultMeaning::not_there: return wrong(answer.words.empty() ? ldap_err2string(answer.code) : answer.words);
    default: return fail(ErrorKind::unavailable, std::string("check of a password: ") + ldap_err2string(answer.code));
  }
}

Result<void> judge_change(const PasswordAnswer& answer) {
  if (answer.code == LDAP_SUCCESS) {
    return {};
  }
  if (answer.error) {
    switch (*answer.error) {
      case PolicyError::password_mod_not_allowed: return fail(ErrorKind::denied, "the directory does not let you change your password");
      case PolicyError::must_supply_old_password:
        return fail(ErrorKind::denied, "the directory wants the old password beside the new one, which does not pass here: change it there");
      case PolicyError::insufficient_password_quality: return fail(ErrorKind::invalid, "the directory says that the password is not good enough");
      case PolicyError::password_too_short: return fail(ErrorKind::invalid, "the directory says that the password is too short");
      case PolicyError::password_too_long: return fail(ErrorKind::invalid, "the directory says that the password is too long");
      case PolicyError::password_too_young: return fail(ErrorKind::invalid, "the directory says that the password was changed too short a time ago");
      case PolicyError::password_in_history: return fail(ErrorKind::invalid, "the directory says that the password is one of the former ones");
      case PolicyError::password_expired:
      case PolicyError::account_locked:
      case PolicyError::change_after_reset: break;
    }
  }
  switch (meaning_of(answer.code)) {
    case ResultMeaning::bad_value: return fail(ErrorKind::invalid, "the directory does not take this password");
    case ResultMeaning::wrong_credentials:
    case ResultMeaning::not_allowed:
    case ResultMeaning::unwilling:
    case ResultMeaning::not_understood:
    case ResultMeaning::not_there: return fail(ErrorKind::denied, "the directory does not let you change your password here: change it there");
    default: return fail(ErrorKind::unavailable, std::string("change of a password: ") + ldap_err2string(answer.code));
  }
}

}  // namespace aldis::ldap
