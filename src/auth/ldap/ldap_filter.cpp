// Escaping.
#include "auth/ldap/ldap_filter.h"

#include <algorithm>

namespace aldis::ldap {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::string escape(std::string_view value) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f || c == '*' || c == '(' || c == ')' || c == '\\') {
      out += '\\';
      out += digits[byte >> 4U];
      out += digits[byte & 15U];
    } else {
      out += c;
    }
  }
  return out;
}

std::string equals(std::string_view attribute, std::string_view value) {
  return "(" + std::string(attribute) + "=" + escape(value) + ")";
}

std::string at_least(std::string_view attribute, std::string_view value) {
  return "(" + std::string(attribute) + ">=" + escape(value) + ")";
}

std::string all_of(std::string_view first, std::string_view second) {
  return "(&" + std::string(first) + std::string(second) + ")";
}

bool is_attribute(std::string_view name) {
  if (name.empty() || name.size() > 100) {
    return false;
  }
  if (is_digit(name.front())) {
    return name.back() != '.' && name.find("..") == std::string_view::npos &&
           std::ranges::all_of(name, [](char c) { return is_digit(c) || c == '.'; });
  }
  return is_letter(name.front()) && std::ranges::all_of(name, [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
}

bool is_filter(std::string_view text) {
  if (!text.starts_with('(') || !text.ends_with(')')) {
    return false;
  }
  int open = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    open += text[i] == '(' ? 1 : 0;
    open -= text[i] == ')' ? 1 : 0;
    if (open <= 0 && i + 1 != text.size()) {   // a second filter behind the first, or one too many
      return false;
    }
  }
  return open == 0;
}

}  // namespace aldis::ldap
