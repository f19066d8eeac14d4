// What scenes of stream management (XEP-0198) say and read.
#pragma once
#include <string>

#include "tests/support/scene.h"

namespace aldis::test {

inline std::string ack(std::uint32_t h) { return "<a xmlns='urn:xmpp:sm:3' h='" + std::to_string(h) + "'/>"; }

// Enables stream management with resumption; the SM-ID.
inline std::string enable_resumption(Client& client, std::string_view attributes = {}) {
  client.sends("<enable xmlns='urn:xmpp:sm:3' resume='true' " + std::string(attributes) + "/>");
  const std::string enabled = client.receives({"<enabled xmlns='urn:xmpp:sm:3' id='", "resume='true'"});
  const std::size_t start = enabled.find("id='") + 4;
  return enabled.substr(start, enabled.find('\'', start) - start);
}

// Asks for an ack and reads it.
inline void is_acknowledged(Client& client, std::uint32_t h, const std::source_location& where = std::source_location::current()) {
  client.sends("<r xmlns='urn:xmpp:sm:3'/>");
  client.receives(ack(h), where);
}

}  // namespace aldis::test
