// Names, by OpenLDAP's library.
#include "auth/ldap/ldap_name.h"

#include <ldap.h>

#include <algorithm>

namespace aldis::ldap {

std::optional<std::vector<std::string>> name_parts(const std::string& dn) {
  LDAPDN parsed = nullptr;
  if (dn.find('\0') != std::string::npos || ldap_str2dn(dn.c_str(), &parsed, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS) {
    return std::nullopt;
  }
  std::optional<std::vector<std::string>> parts(std::in_place);
  for (int i = 0; parsed != nullptr && parsed[i] != nullptr && parts; ++i) {
    char* text = nullptr;
    if (ldap_rdn2str(parsed[i], &text, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS || text == nullptr) {
      parts.reset();
    } else {
      std::string part(text);
      std::ranges::transform(part, part.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
      parts->push_back(std::move(part));
    }
    ldap_memfree(text);
  }
  ldap_dnfree(parsed);
  return parts;
}

std::string escape_in_name(std::string_view value) {
  constexpr std::string_view special = ",+\"\\<>;=";
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    const bool is_edge = (i == 0 && (c == ' ' || c == '#')) || (i + 1 == value.size() && c == ' ');
    if (c == '\0') {
      out += "\\00";
      continue;
    }
    if (is_edge || special.find(c) != std::string_view::npos) {
      out += '\\';
    }
    out += c;
  }
  return out;
}

}  // namespace aldis::ldap
