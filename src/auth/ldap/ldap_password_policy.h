// What a directory says of a password when it is checked or changed: the controls of draft-behera-ldap-password-policy-10, those that
// Netscape's descendants send besides (draft-vchu-ldap-pwd-policy-00), and the words of Active Directory's answers. Without I/O.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "auth/credential_source.h"
#include "auth/ldap/ldap_options.h"
#include "base/result.h"

namespace aldis::ldap {

// draft-behera-ldap-password-policy-10 section 6.2, by its numbers.
enum class PolicyError : std::uint8_t {
  password_expired = 0,
  account_locked = 1,
  change_after_reset = 2,
  password_mod_not_allowed = 3,
  must_supply_old_password = 4,
  insufficient_password_quality = 5,
  password_too_short = 6,
  password_too_young = 7,
  password_in_history = 8,
  password_too_long = 9,               // OpenLDAP's own
};

// An answer to a bind or a change.
struct PasswordAnswer {
  int code = 0;                                        // RFC 4511 section 4.1.9
  std::string words{};                                 // its diagnosticMessage
  std::optional<PolicyError> error{};
  std::optional<std::uint32_t> grace_logins{};
  std::optional<std::chrono::seconds> expires_in{};
  bool is_expired = false;                             // by 2.16.840.1.113730.3.4.4
};

// Of a bind as the person. unavailable: the code is no verdict on a password.
[[nodiscard]] Result<PasswordVerdict> judge_bind(Kind kind, const PasswordAnswer& answer);
// Of a change; success, or why not, in words for the person. denied: by nobody, or not like this. invalid: not to this password.
// unavailable: the code is no verdict on a change.
[[nodiscard]] Result<void> judge_change(const PasswordAnswer& answer);

}  // namespace aldis::ldap
