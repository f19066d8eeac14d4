// XEP-0115 (1.6.0) Entity Capabilities of the server itself, in its stream features (section 6.3). SHA-1 is the hash the
// specification makes mandatory; nothing is secured by it. Clients' capabilities pass through untouched; what the server learns of them is in
// capabilities.h. Installed last, when all that is advertised is known.
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <map>

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

std::string form_text(Form form) {
  std::ranges::sort(form.fields, {}, &Field::var);
  std::string text = std::string(form.form_type()) + "<";
  for (Field& field : form.fields) {
    if (field.var == "FORM_TYPE") {
      continue;
    }
    text += field.var + "<";
    std::ranges::sort(field.values);
    for (const std::string& each : field.values) {
      text += each + "<";
    }
  }
  return text;
}

}  // namespace

std::optional<std::string> caps_text(const xml::Element& query) {
  // Sorted before they are put together: "tune" comes before "tune+notify", though "tune<" would not.
  std::vector<std::array<std::string, 4>> identities;
  std::vector<std::string> features;
  std::map<std::string, Form> forms;
  for (const xml::Element child : query.children()) {
    const auto value = [&](std::string_view name) { return std::string(child.attribute(name).value_or("")); };
    if (child.is({"identity", ns::disco_info})) {
      identities.push_back({value("category"), value("type"), std::string(child.lang().value_or("")), value("name")});
    } else if (child.is({"feature", ns::disco_info})) {
      features.push_back(value("var"));
    } else if (child.is({"x", ns::forms})) {
      Result<Form, StanzaError> form = Form::parse(child);
      if (!form) {
        return std::nullopt;
      }
      const Field* type = form->field("FORM_TYPE");
      if (type == nullptr || type->type != FieldType::hidden || type->values.empty()) {
        continue;   // section 5.4, point 3.6
      }
      std::string name = type->values.front();
      if (std::ranges::count(type->values, name) != std::ssize(type->values) || !forms.emplace(std::move(name), std::move(*form)).second) {
        return std::nullopt;
      }
    }
  }
  std::ranges::sort(identities);
  std::ranges::sort(features);
  if (std::ranges::adjacent_find(identities) != identities.end() || std::ranges::adjacent_find(features) != features.end()) {
    return std::nullopt;
  }
  std::string text;
  for (const auto& [category, type, lang, name] : identities) {
    text.append(category).append("/").append(type).append("/").append(lang).append("/").append(name).append("<");
  }
  for (const std::string& feature : features) {
    text.append(feature).append("<");
  }
  for (auto& [name, form] : forms) {
    text.append(form_text(std::move(form)));
  }
  return text;
}

std::optional<std::string> caps_hash(std::string_view hash, std::string_view text) {
  const EVP_MD* function = hash == "sha-1"     ? EVP_sha1()
                           : hash == "sha-224" ? EVP_sha224()
                           : hash == "sha-256" ? EVP_sha256()
                           : hash == "sha-384" ? EVP_sha384()
                           : hash == "sha-512" ? EVP_sha512()
                                               : nullptr;
  if (function == nullptr) {
    return std::nullopt;
  }
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, function, nullptr) != 1) {
    return std::nullopt;
  }
  return base64_encode(std::span(digest).first(size));
}

std::string caps_verification_string(const xml::Element& query) {
  const std::optional<std::string> text = caps_text(query);
  ensure(text.has_value(), "what we say of ourselves is well-formed");
  const std::optional<std::string> ver = caps_hash("sha-1", *text);
  ensure(ver.has_value(), "SHA-1 is available");
  return *ver;
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
