// The control of proxied authorization (RFC 4370), for the sources that call OpenLDAP's library.
#pragma once
#include <ldap.h>

#include <string>

namespace aldis::ldap {

// Section 3: the control's value is the authorization identity itself (RFC 4513 section 5.2.1.8).
struct ProxiedAuthorization {
  explicit ProxiedAuthorization(const std::string& dn) : identity("dn:" + dn) {
    control.ldctl_oid = const_cast<char*>(LDAP_CONTROL_PROXY_AUTHZ);   // the library does not write there
    control.ldctl_value = {static_cast<ber_len_t>(identity.size()), identity.data()};
    control.ldctl_iscritical = 1;
  }
  ProxiedAuthorization(const ProxiedAuthorization&) = delete;
  std::string identity;
  LDAPControl control{};
  LDAPControl* all[2]{&control, nullptr};
};

}  // namespace aldis::ldap
