// Search filters (RFC 4515): what a person typed becomes a value and never a part of the filter (security K01).
#pragma once
#include <string>
#include <string_view>

namespace aldis::ldap {

// Section 3: everything that is not a plain ASCII character is written as \ and two hexadecimal digits.
[[nodiscard]] std::string escape(std::string_view value);
// (attribute=value), the value escaped.
[[nodiscard]] std::string equals(std::string_view attribute, std::string_view value);
// (attribute>=value), the same.
[[nodiscard]] std::string at_least(std::string_view attribute, std::string_view value);
// (&...) of two filters that are written already.
[[nodiscard]] std::string all_of(std::string_view first, std::string_view second);

// An attribute's name as RFC 4512 section 1.4 has it, or an OID; without options.
[[nodiscard]] bool is_attribute(std::string_view name);
// Whether parentheses stand as a filter has them; what is between them the directory judges.
[[nodiscard]] bool is_filter(std::string_view text);

}  // namespace aldis::ldap
