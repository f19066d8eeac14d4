// The content of <event/> where it is more than one line (XEP-0060 1.30 section 7).
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "xml/writer.h"
#include "xmpp/namespaces.h"

namespace aldis::pubsub {

[[nodiscard]] inline std::string retract_event(std::string_view node, const std::vector<std::string>& ids) {
  std::string content;
  xml::Writer writer(content, ns::pubsub_event);
  writer.start("items").attribute("node", node);
  for (const std::string& id : ids) {
    writer.start("retract").attribute("id", id).end();
  }
  writer.end();
  return content;
}

}  // namespace aldis::pubsub
