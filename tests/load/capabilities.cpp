// See capabilities.h.
#include "capabilities.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "scram_client.h"
#include "stanza_scanner.h"

namespace aldis::load {
namespace {
constexpr std::string_view kNode = "https://aldis.example/loadgen";
constexpr std::string_view kInfo = "http://jabber.org/protocol/disco#info";
}  // namespace

Capabilities::Capabilities(std::vector<std::string> features) {
  features.emplace_back(kInfo);
  features.emplace_back("http://jabber.org/protocol/caps");
  std::sort(features.begin(), features.end());
  std::string text = "client/bot//loadgen<";  // section 5.1: category/type/lang/name, then the features in order
  for (const std::string& feature : features) {
    text += feature + "<";
    features_ += "<feature var='" + feature + "'/>";
  }
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  presence_ = "<presence><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='" + std::string(kNode) + "' ver='" +
              base64({reinterpret_cast<const char*>(digest.data()), digest.size()}) + "'/></presence>";
}

std::string Capabilities::answer(std::string_view stanza) const {
  if (name_of(stanza) != "iq" || attribute_of(stanza, "type") != "get") {
    return {};
  }
  const auto query = stanza.find("<query");
  if (query == std::string_view::npos || stanza.find(kInfo) == std::string_view::npos) {
    return {};
  }
  const std::string node(attribute_of(stanza.substr(query), "node"));
  const std::string from(attribute_of(stanza, "from"));
  return "<iq type='result' id='" + std::string(attribute_of(stanza, "id")) + "'" + (from.empty() ? "" : " to='" + from + "'") + "><query xmlns='" +
         std::string(kInfo) + "'" + (node.empty() ? "" : " node='" + node + "'") + "><identity category='client' type='bot' name='loadgen'/>" + features_ +
         "</query></iq>";
}

}  // namespace aldis::load
