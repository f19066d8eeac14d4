// Stream errors on the wire, RFC 6120 section 4.9: names, serialisation, and what each refusal of the XML reader becomes.
#include "xmpp/stream_error.h"

#include <array>
#include <utility>

#include "base/ensure.h"
#include "xmpp/namespaces.h"

namespace aldis {
namespace {

// RFC 6120 sections 4.9.3.1 to 4.9.3.25, in the order of the enum.
constexpr std::array<std::pair<StreamCondition, std::string_view>, 25> conditions{{
    {StreamCondition::bad_format, "bad-format"},
    {StreamCondition::bad_namespace_prefix, "bad-namespace-prefix"},
    {StreamCondition::conflict, "conflict"},
    {StreamCondition::connection_timeout, "connection-timeout"},
    {StreamCondition::host_gone, "host-gone"},
    {StreamCondition::host_unknown, "host-unknown"},
    {StreamCondition::improper_addressing, "improper-addressing"},
    {StreamCondition::internal_server_error, "internal-server-error"},
    {StreamCondition::invalid_from, "invalid-from"},
    {StreamCondition::invalid_namespace, "invalid-namespace"},
    {StreamCondition::invalid_xml, "invalid-xml"},
    {StreamCondition::not_authorized, "not-authorized"},
    {StreamCondition::not_well_formed, "not-well-formed"},
    {StreamCondition::policy_violation, "policy-violation"},
    {StreamCondition::remote_connection_failed, "remote-connection-failed"},
    {StreamCondition::reset, "reset"},
    {StreamCondition::resource_constraint, "resource-constraint"},
    {StreamCondition::restricted_xml, "restricted-xml"},
    {StreamCondition::see_other_host, "see-other-host"},
    {StreamCondition::system_shutdown, "system-shutdown"},
    {StreamCondition::undefined_condition, "undefined-condition"},
    {StreamCondition::unsupported_encoding, "unsupported-encoding"},
    {StreamCondition::unsupported_feature, "unsupported-feature"},
    {StreamCondition::unsupported_stanza_type, "unsupported-stanza-type"},
    {StreamCondition::unsupported_version, "unsupported-version"},
}};

constexpr bool in_enum_order() {
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    if (static_cast<std::size_t>(conditions[i].first) != i) return false;
  }
  return true;
}
static_assert(in_enum_order());

// The application-specific condition that RFC 6120 section 4.9.3.14 shows for a stanza over the limit.
constexpr std::string_view stanza_too_big = "<stanza-too-big xmlns='urn:xmpp:errors'/>";

StreamError of(StreamCondition condition, std::string_view text = {}, std::string_view application = {}) {
  return {condition, std::string(text), {}, std::string(application)};
}

}  // namespace

std::string_view to_string(StreamCondition condition) {
  const auto index = static_cast<std::size_t>(condition);
  ensure(index < conditions.size(), "a stream error condition of RFC 6120");
  return conditions[index].second;
}

void StreamError::write(std::string& out) const {
  const std::string_view name = to_string(condition);
  out.append("<stream:error><").append(name).append(" xmlns='").append(ns::stream_errors);
  if (see_other_host.empty()) {
    out.append("'/>");
  } else {
    out.append("'>");
    xml::append_escaped_text(out, see_other_host);
    out.append("</").append(name).append(">");
  }
  if (!text.empty()) {
    out.append("<text xmlns='").append(ns::stream_errors).append("' xml:lang='en'>");
    xml::append_escaped_text(out, text);
    out.append("</text>");
  }
  out.append(application).append("</stream:error>");
}

StreamError to_stream_error(xml::XmlError error) {
  switch (error) {
    case xml::XmlError::not_well_formed:
    case xml::XmlError::bad_encoding:
    case xml::XmlError::bad_namespace: return of(StreamCondition::not_well_formed);
    case xml::XmlError::unsupported_encoding: return of(StreamCondition::unsupported_encoding);
    case xml::XmlError::restricted_xml: return of(StreamCondition::restricted_xml);
    case xml::XmlError::bad_namespace_prefix: return of(StreamCondition::bad_namespace_prefix);
    case xml::XmlError::too_big: return of(StreamCondition::policy_violation, "a stanza is too big", stanza_too_big);
    case xml::XmlError::too_deep: return of(StreamCondition::policy_violation, "elements are nested too deeply");
    case xml::XmlError::too_many:
      return of(StreamCondition::policy_violation, "too many elements or attributes, or too long a name");
  }
  ensure(false, "an error of the XML reader");
  return {};
}

StreamError read_stream_error(const xml::Element& element) {
  constexpr std::size_t longest = 512;
  StreamError read;
  for (const xml::Element child : element.children()) {
    if (child.ns() != ns::stream_errors) continue;
    if (child.local() == "text") {
      read.text = child.text();
      if (read.text.size() > longest) {
        std::size_t end = longest;
        while (end > 0 && (static_cast<unsigned char>(read.text[end]) & 0xC0U) == 0x80U) --end;
        read.text.resize(end);
      }
      continue;
    }
    for (const auto& [condition, name] : conditions) {
      if (name == child.local()) {
        read.condition = condition;
        if (condition == StreamCondition::see_other_host) read.see_other_host = child.text();
      }
    }
  }
  return read;
}

}  // namespace aldis
