// Matching from both ends; what "*" stands for lies between.
#include "auth/certificate/name_pattern.h"

namespace aldis {
namespace {

// `text` and `pattern` have the same length.
bool fits(std::string_view text, std::string_view pattern, std::string& digits) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_digit = text[i] >= '0' && text[i] <= '9';
    if (pattern[i] == '#' ? !is_digit : text[i] != pattern[i]) {
      return false;
    }
    if (pattern[i] == '#') {
      digits += text[i];
    }
  }
  return true;
}

}  // namespace

Result<NamePattern> NamePattern::parse(std::string_view pattern) {
  const std::size_t star = pattern.find('*');
  if (pattern.find('#') == std::string_view::npos) {
    return fail(ErrorKind::invalid, "a pattern needs # for each digit that is looked up");
  }
  if (star != pattern.rfind('*')) {
    return fail(ErrorKind::invalid, "a pattern has one * at most");
  }
  NamePattern made;
  made.before_ = pattern.substr(0, star);
  if (star != std::string_view::npos) {
    made.after_ = pattern.substr(star + 1);
  }
  return made;
}

std::optional<std::string> NamePattern::digits_of(std::string_view name) const {
  const std::string_view after = after_ ? std::string_view(*after_) : std::string_view();
  const bool has_room = after_ ? name.size() >= before_.size() + after.size() : name.size() == before_.size();
  std::string digits;
  if (!has_room || !fits(name.substr(0, before_.size()), before_, digits) ||
      !fits(name.substr(name.size() - after.size()), after, digits)) {
    return std::nullopt;
  }
  return digits;
}

}  // namespace aldis
