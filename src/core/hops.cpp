// Reading and writing the count of a trunk's stanza.
#include "core/hops.h"

#include <vector>

#include "xmpp/namespaces.h"
#include "xmpp/number.h"
#include "xmpp/self_contained.h"

namespace aldis {

std::uint32_t hops_of(const Stanza& stanza) {
  const auto count = stanza.element().attribute("n", ns::hops);
  return count ? parse_number<std::uint32_t>(*count, 0U, 1000U).value_or(most_hops + 1) : 0;
}

StanzaPtr with_hops(const Stanza& stanza, std::uint32_t hops) {
  const std::string bytes = stanza.to_xml();
  StartTagReader tag(bytes);
  std::vector<StartTagReader::Entry> entries;
  std::string attribute;   // under the prefix with which it came
  constexpr std::string_view declaration = "xmlns:";
  const auto declares = [&](const StartTagReader::Entry& entry) {
    return entry.value == ns::hops && entry.name.starts_with(declaration);
  };
  while (const auto entry = tag.next()) {
    entries.push_back(*entry);
    if (declares(*entry)) {
      attribute = std::string(entry->name.substr(declaration.size())) + ":n";
    }
  }
  std::string out("<");
  out.append(tag.name());
  const char* rest = tag.name().data() + tag.name().size();
  for (const StartTagReader::Entry& entry : entries) {
    if (!declares(entry) && entry.name != attribute) {
      out.append(entry.bytes);
    }
    rest = entry.bytes.data() + entry.bytes.size();
  }
  if (hops != 0) {
    out.append(" xmlns:hops='").append(ns::hops).append("' hops:n='").append(std::to_string(hops)).append("'");
  }
  out.append(rest, bytes.data() + bytes.size());
  xml::Limits limits;   // of what has passed a peer's already
  limits.stanza_bytes = out.size();
  limits.depth = 1024;
  limits.elements = out.size();
  limits.attributes = 1024;
  Result<StanzaPtr, Stanza::Refusal> read = Stanza::parse(std::move(out), {std::string(ns::client), {}}, limits);
  return read ? std::move(*read) : nullptr;
}

}  // namespace aldis
