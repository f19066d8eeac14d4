// The list.
#include "auth/ldap/ldap_result.h"

#include <ldap.h>

namespace aldis::ldap {

ResultMeaning meaning_of(int code) {
  switch (code) {
    case LDAP_SUCCESS: return ResultMeaning::success;
    case LDAP_TIMEOUT:
    case LDAP_TIMELIMIT_EXCEEDED: return ResultMeaning::too_late;
    case LDAP_BUSY:
    case LDAP_UNAVAILABLE: return ResultMeaning::not_now;
    case LDAP_INVALID_CREDENTIALS: return ResultMeaning::wrong_credentials;
    case LDAP_INAPPROPRIATE_AUTH: return ResultMeaning::no_credentials;
    case LDAP_INSUFFICIENT_ACCESS:
    case LDAP_PROXIED_AUTHORIZATION_DENIED:
    case LDAP_X_PROXY_AUTHZ_FAILURE:
    case LDAP_UNAVAILABLE_CRITICAL_EXTENSION:
    case LDAP_CONFIDENTIALITY_REQUIRED:
    case LDAP_STRONG_AUTH_REQUIRED: return ResultMeaning::not_allowed;
    case LDAP_UNWILLING_TO_PERFORM: return ResultMeaning::unwilling;
    case LDAP_CONSTRAINT_VIOLATION: return ResultMeaning::bad_value;
    case LDAP_INVALID_SYNTAX:
    case LDAP_UNDEFINED_TYPE:
    case LDAP_NO_SUCH_ATTRIBUTE:
    case LDAP_TYPE_OR_VALUE_EXISTS:
    case LDAP_INAPPROPRIATE_MATCHING:
    case LDAP_NAMING_VIOLATION:
    case LDAP_OBJECT_CLASS_VIOLATION:
    case LDAP_NOT_ALLOWED_ON_RDN:
    case LDAP_NO_OBJECT_CLASS_MODS: return ResultMeaning::bad_change;
    case LDAP_NO_SUCH_OBJECT: return ResultMeaning::not_there;
    case LDAP_PROTOCOL_ERROR: return ResultMeaning::not_understood;
    default: return code < 0 ? ResultMeaning::not_now : ResultMeaning::other;
  }
}

}  // namespace aldis::ldap
