// Attributes of a stream header that every stream has, whoever opens it (RFC 6120 section 4.7).
#pragma once
#include <string_view>

namespace aldis::stream {

// Section 4.7.5: numbers around a dot; what is 1.0 or later can talk to us.
[[nodiscard]] bool is_supported_version(std::string_view version);
// A language tag by its letters (RFC 5646); it is copied into other people's stanzas.
[[nodiscard]] bool is_language_tag(std::string_view text);

}  // namespace aldis::stream
