// Passwords on a connection: a bind with one, and its change. What a directory says of its policy comes in controls beside the answer.
#include <lber.h>
#include <ldap.h>

#include <charconv>
#include <memory>

#include "auth/ldap/ldap_connection.h"
#include "auth/ldap/ldap_proxied_authorization.h"
#include "auth/ldap/ldap_result.h"

namespace aldis::ldap {
namespace {

constexpr const char* netscape_expired = "2.16.840.1.113730.3.4.4";
constexpr const char* netscape_expiring = "2.16.840.1.113730.3.4.5";   // its value: seconds, as text

struct FreeMessage {
  void operator()(LDAPMessage* message) const { ldap_msgfree(message); }
};
struct FreeControls {
  void operator()(LDAPControl** controls) const { ldap_controls_free(controls); }
};

// "Tell me what your policy says": not critical, so that a directory without one answers as ever (draft-behera-ldap-password-policy-10
// section 6.1).
struct PolicyRequest {
  PolicyRequest() {
    control.ldctl_oid = const_cast<char*>(LDAP_CONTROL_PASSWORDPOLICYREQUEST);   // the library does not write there
    control.ldctl_iscritical = 0;
  }
  LDAPControl control{};
};

std::string_view value_of(const LDAPControl& control) { return {control.ldctl_value.bv_val, control.ldctl_value.bv_len}; }

// What controls say; false: it cannot be read.
bool read_controls(LDAP* handle, LDAPControl** controls, PasswordAnswer& answer) {
  for (LDAPControl** each = controls; each != nullptr && *each != nullptr; ++each) {
    const std::string_view oid((*each)->ldctl_oid);
    if (oid == LDAP_CONTROL_PASSWORDPOLICYRESPONSE) {
      ber_int_t expires = -1;
      ber_int_t grace = -1;
      LDAPPasswordPolicyError error = PP_noError;
      if (ldap_parse_passwordpolicy_control(handle, *each, &expires, &grace, &error) != LDAP_SUCCESS) {
        return false;
      }
      if (expires >= 0) {
        answer.expires_in = std::chrono::seconds(expires);
      }
      if (grace >= 0) {
        answer.grace_logins = static_cast<std::uint32_t>(grace);
      }
      if (error != PP_noError) {
        if (error < PP_passwordExpired || error > PP_passwordTooLong) {
          return false;
        }
        answer.error = static_cast<PolicyError>(error);
      }
    } else if (oid == netscape_expired) {
      answer.is_expired = true;
    } else if (oid == netscape_expiring && !answer.expires_in) {
      const std::string_view text = value_of(**each);
      std::uint32_t seconds = 0;
      const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
      if (read.ec == std::errc() && read.ptr == text.data() + text.size()) {
        answer.expires_in = std::chrono::seconds(seconds);
      }
    }
  }
  return true;
}

}  // namespace

Result<PasswordAnswer> LdapConnection::await_answer(int sent, int message_id, std::string_view step) {
  if (sent != LDAP_SUCCESS) {
    return failure(sent, step);
  }
  timeval time{static_cast<time_t>(endpoint_.timeout.count() / 1000), static_cast<suseconds_t>(endpoint_.timeout.count() % 1000 * 1000)};
  LDAPMessage* raw = nullptr;
  const int kind = ldap_result(handle_, message_id, LDAP_MSG_ALL, &time, &raw);
  const std::unique_ptr<LDAPMessage, FreeMessage> message(raw);
  if (kind == 0) {
    ldap_abandon_ext(handle_, message_id, nullptr, nullptr);
    return failure(LDAP_TIMEOUT, step);
  }
  int code = LDAP_OTHER;
  if (kind < 0) {
    ldap_get_option(handle_, LDAP_OPT_RESULT_CODE, &code);
    return failure(code < 0 ? code : LDAP_SERVER_DOWN, step);
  }
  char* words = nullptr;
  LDAPControl** given = nullptr;
  const int parsed = ldap_parse_result(handle_, message.get(), &code, nullptr, &words, nullptr, &given, 0);
  const std::unique_ptr<LDAPControl*, FreeControls> controls(given);
  PasswordAnswer answer{.code = code, .words = words == nullptr ? "" : words};
  ldap_memfree(words);
  if (parsed != LDAP_SUCCESS) {
    return failure(parsed, step);
  }
  if (const ResultMeaning meaning = meaning_of(code); meaning == ResultMeaning::not_now || meaning == ResultMeaning::too_late) {   // another server is asked
    return failure(code, step);
  }
  if (!read_controls(handle_, controls.get(), answer)) {
    return failure(LDAP_DECODING_ERROR, step);
  }
  return answer;
}

Result<PasswordAnswer> LdapConnection::proves(const std::string& dn, const SecretBytes& password) {
  if (dn.empty() || password.empty()) {
    return PasswordAnswer{.code = LDAP_INVALID_CREDENTIALS};
  }
  PolicyRequest policy;
  LDAPControl* controls[] = {&policy.control, nullptr};
  berval proof{static_cast<ber_len_t>(password.size()), const_cast<char*>(password.view().data())};
  int message_id = 0;
  const int sent = ldap_sasl_bind(handle_, dn.c_str(), LDAP_SASL_SIMPLE, &proof, controls, nullptr, &message_id);
  return await_answer(sent, message_id, "check of a password");
}

Result<PasswordAnswer> LdapConnection::change_password_as_owner(const std::string& dn, const SecretBytes& password) {
  if (dn.empty() || password.empty()) {
    return PasswordAnswer{.code = LDAP_CONSTRAINT_VIOLATION};
  }
  ProxiedAuthorization as(dn);
  PolicyRequest policy;
  LDAPControl* controls[] = {&as.control, &policy.control, nullptr};
  berval whose{static_cast<ber_len_t>(dn.size()), const_cast<char*>(dn.data())};
  berval fresh{static_cast<ber_len_t>(password.size()), const_cast<char*>(password.view().data())};
  int message_id = 0;
  const int sent = ldap_passwd(handle_, &whose, nullptr, &fresh, controls, nullptr, &message_id);
  return await_answer(sent, message_id, "change of a password");
}

}  // namespace aldis::ldap
