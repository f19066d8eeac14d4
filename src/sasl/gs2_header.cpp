// Reading of gs2-header.
#include "sasl/gs2_header.h"

#include <algorithm>
#include <utility>

namespace aldis::sasl {
namespace {

using Why = std::string_view;
Unexpected<Why> refused(Why why) {
  return Unexpected<Why>{why};
}

constexpr std::size_t authzid_max = 3071;  // bytes of a bare address at most (RFC 7622 section 3.1)

// cb-name = 1*(ALPHA / DIGIT / "." / "-")
bool is_binding_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
}

// What stands before the next comma, which must be there; the rest stays.
std::optional<std::string_view> take(std::string_view& rest) {
  const std::size_t comma = rest.find(',');
  if (comma == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view field = rest.substr(0, comma);
  rest.remove_prefix(comma + 1);
  return field;
}

}  // namespace

std::optional<std::string> decode_saslname(std::string_view text) {
  std::string name;
  name.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\0') {
      return std::nullopt;
    }
    if (text[i] != '=') {
      name += text[i];
      continue;
    }
    const std::string_view escape = text.substr(i, 3);
    if (escape != "=2C" && escape != "=3D") {
      return std::nullopt;
    }
    name += escape == "=2C" ? ',' : '=';
    i += 2;
  }
  return name;
}

Result<Gs2Header, Why> parse_gs2_header(std::string_view message) {
  Gs2Header header;
  std::string_view rest = message;
  if (rest.starts_with("F,")) {
    header.is_nonstandard = true;
    rest.remove_prefix(2);
  }
  const std::size_t begin = message.size() - rest.size();
  const auto flag = take(rest);
  if (flag == "n" || flag == "y") {
    header.flag = static_cast<BindingFlag>((*flag)[0]);
  } else if (flag && flag->starts_with("p=") && is_binding_name(flag->substr(2))) {
    header.flag = BindingFlag::used;
    header.binding_type = flag->substr(2);
  } else {
    return refused("gs2-cbind-flag");
  }
  const auto authzid = take(rest);
  if (!authzid) {
    return refused("gs2-header");
  }
  if (!authzid->empty()) {
    auto decoded = authzid->starts_with("a=") ? decode_saslname(authzid->substr(2)) : std::nullopt;
    if (!decoded || decoded->empty() || decoded->size() > authzid_max) {
      return refused("authzid");
    }
    header.authzid = std::move(*decoded);
  }
  header.size = message.size() - rest.size();
  header.text = message.substr(begin, header.size - begin);
  return header;
}

}  // namespace aldis::sasl
