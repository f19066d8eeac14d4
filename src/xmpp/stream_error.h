// StreamError: RFC 6120 section 4.9.3.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "xml/element.h"
#include "xml/error.h"
#include "xml/writer.h"

namespace aldis {

enum class StreamCondition : std::uint8_t {
  bad_format, bad_namespace_prefix, conflict, connection_timeout, host_gone, host_unknown, improper_addressing,
  internal_server_error, invalid_from, invalid_namespace, invalid_xml, not_authorized, not_well_formed,
  policy_violation, remote_connection_failed, reset, resource_constraint, restricted_xml, see_other_host,
  system_shutdown, undefined_condition, unsupported_encoding, unsupported_feature, unsupported_stanza_type,
  unsupported_version,
};

[[nodiscard]] std::string_view to_string(StreamCondition condition);

struct StreamError {
  StreamCondition condition = StreamCondition::undefined_condition;
  std::string text{};
  std::string see_other_host{};   // "host" or "host:port" (RFC 6120 section 4.9.3.19)
  std::string application{};      // serialised application-specific condition, such as stanza-too-big, or empty

  // <stream:error>...</stream:error>; the stream prefix is in scope on every stream we open.
  void write(std::string& out) const;
};

// What a peer's <stream:error/> says: an unknown condition is undefined-condition, the text is cut at 512 bytes (at a
// character), `application` is not read.
[[nodiscard]] StreamError read_stream_error(const xml::Element& element);

// The stream error for what the XML reader refused.
[[nodiscard]] StreamError to_stream_error(xml::XmlError error);

}  // namespace aldis
