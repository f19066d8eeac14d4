// XmlError: why a stream or document was refused. The edge maps each to a stream error (RFC 6120 section 4.9.3).
#pragma once
#include <cstdint>
#include <string_view>

namespace aldis::xml {

enum class XmlError : std::uint8_t {
  not_well_formed,       // stream error not-well-formed
  bad_encoding,          // not UTF-8, or a character XML 1.0 forbids: not-well-formed (RFC 6120 4.9.3.13; 11.5)
  unsupported_encoding,  // the XML declaration names another encoding: unsupported-encoding
  restricted_xml,        // DTD, comment, processing instruction or entity of one's own (RFC 6120 11.1): restricted-xml
  bad_namespace,         // undeclared prefix, rebound xml/xmlns, two equal attributes: not-well-formed
  bad_namespace_prefix,  // the stream header's prefix for the streams namespace: bad-namespace-prefix
  too_big,               // Limits::stanza_bytes: policy-violation with stanza-too-big
  too_deep,              // Limits::depth: policy-violation
  too_many,              // Limits::elements, attributes or name_bytes: policy-violation
};

[[nodiscard]] std::string_view to_string(XmlError error);

}  // namespace aldis::xml
