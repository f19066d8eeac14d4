// Distinguished names (RFC 4514), to compare and to write.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aldis::ldap {

// Its parts, the entry's own first, each in one spelling: "cn=chat" of "CN = Chat". Nothing: it is no name. Letters beyond
// ASCII are compared as they are written.
[[nodiscard]] std::optional<std::vector<std::string>> name_parts(const std::string& dn);

// A value as a part of a name has it: "a\,b" of "a,b".
[[nodiscard]] std::string escape_in_name(std::string_view value);

}  // namespace aldis::ldap
