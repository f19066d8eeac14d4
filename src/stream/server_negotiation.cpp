// Headers and addresses of streams between servers.
#include "stream/server_negotiation.h"

#include <algorithm>

#include "stream/stream_header.h"
#include "xml/writer.h"
#include "xmpp/namespaces.h"

namespace aldis::stream {
namespace {

// Nothing when absent.
Result<std::optional<std::string>, StreamError> domain_of(const xml::Element& header, std::string_view name) {
  const auto text = header.attribute(name);
  if (!text) {
    return std::optional<std::string>();
  }
  const auto jid = Jid::parse(*text);
  if (!jid || !jid->is_domain()) {
    return fail(StreamError{.condition = StreamCondition::improper_addressing});  // section 4.9.3.7
  }
  return std::optional<std::string>(jid->domain());
}

}  // namespace

Result<ServerHeader, StreamError> read_server_header(const xml::Document& header) {
  auto common = read_stream_header(header, ns::server);
  if (!common) {
    return fail(common.error());
  }
  const xml::Element root = header.root();
  ServerHeader read;
  read.scope = std::move(common->scope);
  read.lang = std::move(common->lang);
  auto from = domain_of(root, "from");
  auto to = domain_of(root, "to");
  if (!from || !to) {
    return fail(from ? to.error() : from.error());
  }
  read.from = std::move(*from);
  read.to = std::move(*to);
  if (const auto id = root.attribute("id"); id && id->size() <= longest_stream_id) {
    read.id = *id;
  }
  read.has_dialback = std::ranges::any_of(read.scope.prefixes, [](const auto& p) { return p.second == ns::dialback; });
  return read;
}

void write_server_header(std::string& out, const ServerHeaderText& header) {
  const auto attribute = [&out](std::string_view name, std::string_view value) {
    if (!value.empty()) {
      out.append(" ").append(name).append("='");
      xml::append_escaped_attribute(out, value);
      out.append("'");
    }
  };
  out.append("<?xml version='1.0'?><stream:stream");
  attribute("xmlns", ns::server);
  attribute("xmlns:stream", ns::streams);
  attribute("xmlns:db", header.has_dialback ? ns::dialback : std::string_view());
  attribute("from", header.from);
  attribute("to", header.to);
  attribute("id", header.id);
  attribute("version", "1.0");
  attribute("xml:lang", header.lang);
  out.append(">");
}

bool is_server_stanza(const xml::Element& element) {
  return element.ns() == ns::server &&
         (element.local() == "message" || element.local() == "presence" || element.local() == "iq");
}

std::optional<StreamError> check_addresses(const std::optional<Jid>& from, const std::optional<Jid>& to,
                                           const DomainPair& pair) {
  if (!from || !to) {
    return StreamError{.condition = StreamCondition::improper_addressing};  // section 4.9.3.7
  }
  if (from->domain() != pair.from) {
    return StreamError{.condition = StreamCondition::invalid_from};  // section 8.1.2.2
  }
  if (to->domain() != pair.to) {
    return StreamError{.condition = StreamCondition::host_unknown};  // section 8.1.1.2
  }
  return std::nullopt;
}

}  // namespace aldis::stream
