// XEP-0115 (1.6.0) Entity Capabilities of the server itself, in its stream features (section 6.3). SHA-1 is the hash the
// specification makes mandatory; nothing is secured by it. Clients' capabilities pass through untouched. Installed last, when
// all that is advertised is known.
#include <openssl/evp.h>

#include <algorithm>

#include "base/encoding.h"
#include "core/extension.h"
#include "extensions/caps.h"
#include "extensions/disco.h"
#include "extensions/extensions.h"
#include "xmpp/form.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

constexpr std::string_view caps_node = "https://aldis.im/server";

}  // namespace

std::string caps_verification_string(const xml::Element& query) {
  std::vector<std::string> identities;
  std::vector<std::string> features;
  std::vector<std::string> forms;
  for (const xml::Element child : query.children()) {
    const auto value = [&](std::string_view name) { return std::string(child.attribute(name).value_or("")); };
    if (child.local() == "identity") {
      identities.push_back(value("category") + "/" + value("type") + "/" + std::string(child.lang().value_or("")) + "/" + value("name") + "<");
    } else if (child.local() == "feature") {
      features.push_back(value("var") + "<");
    } else if (Result<Form, StanzaError> form = Form::parse(child)) {
      std::vector<Field> fields = form->fields;
      std::sort(fields.begin(), fields.end(), [](const Field& a, const Field& b) { return a.var < b.var; });
      std::string text = std::string(form->form_type()) + "<";
      for (Field& field : fields) {
        if (field.var == "FORM_TYPE") {
          continue;
        }
        text += field.var + "<";
        std::sort(field.values.begin(), field.values.end());
        for (const std::string& each : field.values) {
          text += each + "<";
        }
      }
      forms.push_back(std::move(text));
    }
  }
  std::string all;
  for (auto* part : {&identities, &features, &forms}) {
    std::sort(part->begin(), part->end());
    for (const std::string& each : *part) {
      all += each;
    }
  }
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  ensure(EVP_Digest(all.data(), all.size(), digest.data(), &size, EVP_sha1(), nullptr) == 1, "SHA-1 is available");
  return base64_encode(std::span(digest).first(size));
}

void install_caps(Extension& self) {
  self.advertise(ns::caps);
  std::string info;
  xml::Writer writer(info);
  writer.start("query", ns::disco_info);
  write_server_info(writer, self.host());
  writer.end();
  const auto document = xml::parse(info);
  ensure(document.has_value(), "what we write is well-formed");
  const std::string ver = caps_verification_string((*document)->root());
  std::string feature;
  xml::Writer(feature).start("c", ns::caps).attribute("hash", "sha-1").attribute("node", caps_node).attribute("ver", ver).end();
  self.stream_feature(std::move(feature));
  self.host().discovery.nodes.emplace(
      std::string(caps_node),
      VirtualHost::DiscoveryNode{
          [](const Iq& request, xml::Writer& out) -> std::optional<StanzaError> {
            write_server_info(out, request.host());
            return std::nullopt;
          },
          [](const Iq&, xml::Writer&) -> std::optional<StanzaError> { return std::nullopt; }});
}

}  // namespace aldis::ext
