// What entries say, as one number to compare.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "auth/ldap/ldap_schema.h"

namespace aldis::app {

// SHA-256, hexadecimal. The base itself does not count: its serial says when, not what. In whatever order entries and values come.
[[nodiscard]] std::string digest_of(const std::vector<ldap::Entry>& entries, const std::string& base);
[[nodiscard]] std::string sha256(std::string_view text);

}  // namespace aldis::app
