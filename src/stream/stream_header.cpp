// Reading a stream header, but for its addresses.
#include "stream/stream_header.h"

#include <algorithm>

#include "xmpp/namespaces.h"

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

Result<StreamHeader, StreamError> read_stream_header(const xml::Document& header, std::string_view content) {
  const xml::Element root = header.root();
  if (root.ns() != ns::streams) {
    return fail(StreamError{.condition = StreamCondition::invalid_namespace});  // section 4.8.1
  }
  if (root.local() != "stream") {
    return fail(StreamError{.condition = StreamCondition::bad_format});
  }
  StreamHeader read{.scope = header.root_scope(), .lang = {}};
  // Section 4.8.2: a content namespace may be left to each stanza, but no other may be declared.
  if (!read.scope.default_ns.empty() && read.scope.default_ns != content) {
    return fail(StreamError{.condition = StreamCondition::invalid_namespace});
  }
  if (const auto version = root.attribute("version"); !version || !is_supported_version(*version)) {
    return fail(StreamError{.condition = StreamCondition::unsupported_version});  // section 4.7.5
  }
  if (const auto lang = root.lang(); lang && is_language_tag(*lang)) {
    read.lang = *lang;
  }
  return read;
}

}  // namespace aldis::stream
