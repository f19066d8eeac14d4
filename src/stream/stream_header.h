// What a stream header has on every stream, whoever opens it (RFC 6120 sections 4.7 and 4.8).
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "xml/element.h"
#include "xmpp/stream_error.h"

namespace aldis::stream {

// Section 4.7.5: numbers around a dot; what is 1.0 or later can talk to us.
[[nodiscard]] bool is_supported_version(std::string_view version);
// A language tag by its letters (RFC 5646); it is copied into other people's stanzas.
[[nodiscard]] bool is_language_tag(std::string_view text);

struct StreamHeader {
  xml::Scope scope;
  std::string lang;   // empty when absent or no language tag
};
// Of a stream whose content is of this namespace (section 4.8.2). Whose it is stands in its addresses, which are the caller's business.
[[nodiscard]] Result<StreamHeader, StreamError> read_stream_header(const xml::Document& header, std::string_view content);

}  // namespace aldis::stream
