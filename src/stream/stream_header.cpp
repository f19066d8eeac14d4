// The attributes of a stream header that every stream has.
#include "stream/stream_header.h"

#include <algorithm>

namespace aldis::stream {

bool is_supported_version(std::string_view version) {
  const std::size_t dot = version.find('.');
  const auto is_number = [](std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  };
  return dot != std::string_view::npos && is_number(version.substr(0, dot)) && is_number(version.substr(dot + 1)) &&
         version.substr(0, dot).find_first_not_of('0') != std::string_view::npos;
}

bool is_language_tag(std::string_view text) {
  return !text.empty() && text.size() <= 35 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

}  // namespace aldis::stream
