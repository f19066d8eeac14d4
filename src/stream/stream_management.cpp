// The elements of XEP-0198.
#include "stream/stream_management.h"

#include "xml/writer.h"
#include "xmpp/namespaces.h"
#include "xmpp/number.h"

namespace aldis::stream {
namespace {

// XML Schema's boolean; absent is false (section 3).
std::optional<bool> boolean_of(const xml::Element& element, std::string_view name) {
  const auto text = element.attribute(name);
  if (!text || *text == "false" || *text == "0") {
    return false;
  }
  return *text == "true" || *text == "1" ? std::optional<bool>(true) : std::nullopt;
}

std::optional<std::uint32_t> number_of(const xml::Element& element, std::string_view name) {
  const auto text = element.attribute(name);
  return text ? parse_number<std::uint32_t>(*text) : std::nullopt;
}

ManagementElement read_enable(const xml::Element& element) {
  const std::optional<bool> resume = boolean_of(element, "resume");
  const std::optional<std::uint32_t> max = number_of(element, "max");
  if (!resume || (!max && element.attribute("max"))) {
    return MalformedRequest{};
  }
  return EnableRequest{*resume, max};
}

ManagementElement read_resume(const xml::Element& element) {
  const auto previd = element.attribute("previd");
  const std::optional<std::uint32_t> h = number_of(element, "h");
  if (!previd || !h) {
    return MalformedRequest{};
  }
  return ResumeRequest{std::string(previd->substr(0, longest_previd + 1)), *h};
}

}  // namespace

std::optional<ManagementElement> read_management(const xml::Element& element) {
  if (element.ns() != ns::stream_management) {
    return std::nullopt;
  }
  const std::string_view name = element.local();
  if (name == "r") {
    return AckRequest{};
  }
  if (name == "a") {
    const std::optional<std::uint32_t> h = number_of(element, "h");
    return h ? ManagementElement(Ack{*h}) : ManagementElement(MalformedAck{});
  }
  if (name == "enable") {
    return read_enable(element);
  }
  if (name == "resume") {
    return read_resume(element);
  }
  return std::nullopt;
}

std::optional<ManagementAnswer> read_management_answer(const xml::Element& element) {
  if (element.ns() != ns::stream_management) {
    return std::nullopt;
  }
  const std::string_view name = element.local();
  const std::optional<std::uint32_t> h = number_of(element, "h");
  if (name == "enabled") {
    const std::optional<bool> resume = boolean_of(element, "resume");
    const std::string_view id = element.attribute("id").value_or("");
    if (!resume || id.size() > longest_previd) {
      return MalformedAnswer{};
    }
    Enabled read;
    read.id = *resume ? id : std::string_view();  // prosody 0.12 promises it to servers without an id: then it cannot be had
    read.max = number_of(element, "max").value_or(0);
    return read;
  }
  if (name == "resumed") {
    const auto previd = element.attribute("previd");
    return previd && h ? ManagementAnswer(Resumed{std::string(previd->substr(0, longest_previd + 1)), *h})
                       : ManagementAnswer(MalformedAnswer{});
  }
  return name == "failed" ? std::optional<ManagementAnswer>(ManagementFailed{h}) : std::nullopt;
}

std::string enable(const EnableRequest& request) {
  std::string xml;
  xml::Writer writer(xml);
  writer.start("enable", ns::stream_management);
  if (request.resume) {
    writer.attribute("resume", "true");
  }
  if (request.max) {
    writer.attribute("max", std::to_string(*request.max));
  }
  writer.end();
  return xml;
}

std::string resume(const ResumeRequest& request) {
  std::string xml;
  xml::Writer(xml)
      .start("resume", ns::stream_management)
      .attribute("previd", request.previd)
      .attribute("h", std::to_string(request.h))
      .end();
  return xml;
}

void write_ack(std::string& out, std::uint32_t h) {
  out.append("<a xmlns='urn:xmpp:sm:3' h='").append(std::to_string(h)).append("'/>");
}

std::string enabled(const Enabled& enabled) {
  std::string xml;
  xml::Writer writer(xml);
  writer.start("enabled", ns::stream_management);
  if (!enabled.id.empty()) {
    writer.attribute("id", enabled.id).attribute("resume", "true").attribute("max", std::to_string(enabled.max));
    if (!enabled.location.empty()) {
      writer.attribute("location", enabled.location);
    }
  }
  writer.end();
  return xml;
}

std::string resumed(std::string_view previd, std::uint32_t h) {
  std::string xml;
  xml::Writer(xml)
      .start("resumed", ns::stream_management)
      .attribute("previd", previd)
      .attribute("h", std::to_string(h))
      .end();
  return xml;
}

std::string management_failed(StanzaCondition condition, std::optional<std::uint32_t> h) {
  std::string xml;
  xml::Writer writer(xml);
  writer.start("failed", ns::stream_management);
  if (h) {
    writer.attribute("h", std::to_string(*h));
  }
  writer.start(to_string(condition), ns::stanza_errors).end().end();
  return xml;
}

StreamError handled_count_too_high(std::uint32_t h, std::uint32_t sent) {
  StreamError error{.condition = StreamCondition::undefined_condition};
  error.text = "You acknowledged " + std::to_string(h) + " stanzas, but I only sent you " + std::to_string(sent) + " so far.";
  xml::Writer(error.application)
      .start("handled-count-too-high", ns::stream_management)
      .attribute("h", std::to_string(h))
      .attribute("send-count", std::to_string(sent))
      .end();
  return error;
}

}  // namespace aldis::stream
