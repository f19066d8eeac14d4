// Elsinore: the people of XEP-0060's examples before the service pubsub.shakespeare.lit, for the scenes that go through the XEP
// section by section (docs/pubsub-conformance.md): hamlet, who makes nodes and owns them, francisco, bernardo, horatio and polonius
// of denmark.lit, the bard of shakespeare.lit. Yorick is the bystander: he has seen nothing when a scene ends.
#pragma once
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/default_extensions.h"
#include "tests/support/scene.h"
#include "tests/support/xml_pattern.h"

namespace aldis::test {

inline constexpr std::string_view pubsub_service = "pubsub.shakespeare.lit";
inline constexpr std::string_view musings = "princely_musings";

class PubSubScene : public Scene {
 public:
  using Options = std::vector<std::pair<std::string, OptionValue>>;   // of the extension "pubsub"
  explicit PubSubScene(const Options& options = {}, SceneOptions scene = {}) : Scene(with_pubsub(options, std::move(scene))) {}

 private:
  static SceneOptions with_pubsub(const Options& options, SceneOptions scene) {
    scene.domains = {"denmark.lit", "shakespeare.lit"};
    scene.pubsub = {std::string(pubsub_service)};
    scene.install_pubsub = [options](VirtualHost& host, World& world) {
      install_default_extensions(host, world, [&](std::string_view name, const OptionTable& table, OptionObject& object) {
        for (const auto& [option, value] : options) {
          if (name == "pubsub") {
            const Result<void> set = table.set(object, option, value);
            EXPECT_TRUE(set.has_value()) << option;
          }
        }
      }, ServedBy::pubsub);
    };
    return scene;
  }
};

using Fields = std::initializer_list<std::pair<std::string_view, std::string_view>>;

// <pubsub/> in the namespace of everybody, of owners, and <event/>.
inline std::string pubsub_xml(std::string_view content) {
  return "<pubsub xmlns='http://jabber.org/protocol/pubsub'>" + std::string(content) + "</pubsub>";
}
inline std::string owner_xml(std::string_view content) {
  return "<pubsub xmlns='http://jabber.org/protocol/pubsub#owner'>" + std::string(content) + "</pubsub>";
}
inline std::string event_xml(std::string_view content) {
  return "<event xmlns='http://jabber.org/protocol/pubsub#event'>" + std::string(content) + "</event>";
}
// A form that is submitted: of pubsub#node_config and the like. A name without # is pubsub's own; values of one field a line each.
inline std::string form_xml(std::string_view form_type, Fields fields, std::string_view type = "submit") {
  std::string xml = "<x xmlns='jabber:x:data' type='" + std::string(type) + "'><field var='FORM_TYPE' type='hidden'><value>http://jabber.org/protocol/pubsub#" +
                    std::string(form_type) + "</value></field>";
  for (const auto& [name, value] : fields) {
    xml.append("<field var='").append(name.find('#') == std::string_view::npos ? "pubsub#" : "").append(name).append("'>");
    for (std::size_t at = 0; at <= value.size();) {
      const std::size_t end = std::min(value.find('\n', at), value.size());
      xml.append("<value>").append(value.substr(at, end - at)).append("</value>");
      at = end + 1;
    }
    xml.append("</field>");
  }
  return xml + "</x>";
}
inline std::string create_xml(std::string_view node, Fields fields = {}) {
  return pubsub_xml("<create node='" + std::string(node) + "'/>" + (fields.size() == 0 ? "" : "<configure>" + form_xml("node_config", fields) + "</configure>"));
}
inline std::string configure_xml(std::string_view node, Fields fields) {
  return owner_xml("<configure node='" + std::string(node) + "'>" + form_xml("node_config", fields) + "</configure>");
}
// An entry of a weblog, as in most examples.
inline std::string entry_xml(std::string_view title = "Soliloquy") {
  return "<entry xmlns='http://www.w3.org/2005/Atom'><title>" + std::string(title) + "</title></entry>";
}
// An empty id: the service chooses.
inline std::string publish_xml(std::string_view node, std::string_view id, std::string_view payload, Fields options = {}) {
  return pubsub_xml("<publish node='" + std::string(node) + "'><item" + (id.empty() ? "" : " id='" + std::string(id) + "'") + ">" + std::string(payload) + "</item></publish>" +
                    (options.size() == 0 ? "" : "<publish-options>" + form_xml("publish-options", options) + "</publish-options>"));
}
inline std::string retract_xml(std::string_view node, std::string_view id, std::string_view notify = {}) {
  return pubsub_xml("<retract node='" + std::string(node) + "'" + (notify.empty() ? "" : " notify='" + std::string(notify) + "'") + "><item id='" + std::string(id) + "'/></retract>");
}
inline std::string subscribe_xml(std::string_view node, std::string_view jid, std::string_view options = {}) {
  return pubsub_xml("<subscribe node='" + std::string(node) + "' jid='" + std::string(jid) + "'/>" + std::string(options));
}
inline std::string options_xml(Fields fields) { return "<options>" + form_xml("subscribe_options", fields) + "</options>"; }
inline std::string items_xml(std::string_view node, std::string_view content = {}, std::string_view attributes = {}) {
  return pubsub_xml("<items node='" + std::string(node) + "'" + std::string(attributes) + ">" + std::string(content) + "</items>");
}
inline std::string on_node(std::string_view element, std::string_view node = musings, std::string_view content = {}) {
  return "<" + std::string(element) + " node='" + std::string(node) + "'>" + std::string(content) + "</" + std::string(element) + ">";
}
inline std::string info_xml(std::string_view node = {}) {
  return "<query xmlns='http://jabber.org/protocol/disco#info'" + (node.empty() ? std::string() : " node='" + std::string(node) + "'") + "/>";
}
inline std::string nodes_xml(std::string_view node = {}) {
  return "<query xmlns='http://jabber.org/protocol/disco#items'" + (node.empty() ? std::string() : " node='" + std::string(node) + "'") + "/>";
}

// What a refusal holds, from its words: "auth forbidden", "modify bad-request invalid-jid", "cancel feature-not-implemented
// unsupported subscribe"; * as the type: whichever.
inline std::string error_xml(std::string_view words) {
  std::vector<std::string> each;
  for (std::size_t at = 0; at < words.size();) {
    const std::size_t end = std::min(words.find(' ', at), words.size());
    each.emplace_back(words.substr(at, end - at));
    at = end + 1;
  }
  std::string xml = "<error type='" + each.at(0) + "'><" + each.at(1) + " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>";
  if (each.size() > 2) {
    xml += "<" + each[2] + " xmlns='http://jabber.org/protocol/pubsub#errors'" + (each.size() > 3 ? " feature='" + each[3] + "'" : "") + "/>";
  }
  return xml + "</error>";
}

class Elsinore : public ::testing::Test {
 protected:
  using Where = std::source_location;

  explicit Elsinore(const PubSubScene::Options& options = {}, SceneOptions scene_options = {}) : scene(options, std::move(scene_options)) {
    for (Client* each : {&hamlet, &francisco, &bernardo, &horatio, &polonius, &bard, &yorick}) {
      each->comes_online();
    }
  }

  PubSubScene scene;
  Client& hamlet = scene.login("hamlet@denmark.lit/elsinore");
  Client& francisco = scene.login("francisco@denmark.lit/barracks");
  Client& bernardo = scene.login("bernardo@denmark.lit/watch");
  Client& horatio = scene.login("horatio@denmark.lit/mobile");
  Client& polonius = scene.login("polonius@denmark.lit/arras");
  Client& bard = scene.login("bard@shakespeare.lit/globe");
  Client& yorick = scene.login("yorick@denmark.lit/grave");

  static std::string bare(const Client& client) { return client.jid().substr(0, client.jid().find('/')); }

  // The answer to a request, result or error: the only stanza that has its id. Whatever else comes stays to be read.
  static std::string answer(Client& client, std::string_view type, std::string_view payload, std::string_view to = pubsub_service,
                            const Where& where = Where::current()) {
    client.sends("<iq type='" + std::string(type) + "' id='ask' to='" + std::string(to) + "'>" + std::string(payload) + "</iq>");
    return client.receives_among({"<iq", "id='ask'"}, where);
  }
  // A result that holds this; an empty one: anything.
  static std::string done(Client& client, std::string_view type, std::string_view payload, std::string_view holds = {},
                          std::string_view to = pubsub_service, const Where& where = Where::current()) {
    std::string got = answer(client, type, payload, to, where);
    const std::string example = "<iq type='result' id='ask' from='" + std::string(to) + "' to='" + client.jid() + "'>" + std::string(holds) + "</iq>";
    if (!matches(got, example)) {
      ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line())) << client.jid() << " expected " << example << "\nand received " << got;
    }
    return got;
  }
  // Refused with these words (error_xml); nobody else hears of it, which the end of the scene sees.
  static std::string refused(Client& client, std::string_view type, std::string_view payload, std::string_view words,
                             std::string_view to = pubsub_service, const Where& where = Where::current()) {
    std::string got = answer(client, type, payload, to, where);
    const std::string example = "<iq type='error' id='ask' from='" + std::string(to) + "' to='" + client.jid() + "'>" + error_xml(words) + "</iq>";
    if (!matches(got, example)) {
      ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line())) << client.jid() << " expected " << words << "\nand received " << got;
    }
    return got;
  }

  void creates(Client& client, std::string_view node = musings, Fields fields = {}, const Where& where = Where::current()) {
    done(client, "set", create_xml(node, fields), {}, pubsub_service, where);
  }
  void configures(Client& client, std::string_view node, Fields fields, const Where& where = Where::current()) {
    done(client, "set", configure_xml(node, fields), {}, pubsub_service, where);
  }
  // By the bare address; the subid, which may be empty.
  std::string subscribes(Client& client, std::string_view node = musings, std::string_view options = {}, const Where& where = Where::current()) {
    return value_of(done(client, "set", subscribe_xml(node, bare(client), options),
                         pubsub_xml("<subscription node='" + std::string(node) + "' jid='" + bare(client) + "' subscription='subscribed'/>"), pubsub_service, where),
                    "subscription", "subid");
  }
  // The id of the item.
  std::string publishes(Client& client, std::string_view node = musings, std::string_view id = {}, std::string_view payload = entry_xml(),
                        const Where& where = Where::current()) {
    const std::string got = done(client, "set", publish_xml(node, id, payload), pubsub_xml("<publish node='" + std::string(node) + "'/>"), pubsub_service, where);
    return id.empty() ? value_of(got, "item", "id") : std::string(id);
  }
  void affiliates(Client& owner, std::string_view jid, std::string_view affiliation, std::string_view node = musings, const Where& where = Where::current()) {
    done(owner, "set", owner_xml("<affiliations node='" + std::string(node) + "'><affiliation jid='" + std::string(jid) + "' affiliation='" + std::string(affiliation) + "'/></affiliations>"),
         {}, pubsub_service, where);
  }
  // The ids of the items, as the client is given them, in order.
  static std::vector<std::string> items(Client& client, std::string_view node = musings, std::string_view content = {}, std::string_view attributes = {},
                                        const Where& where = Where::current()) {
    return values_of(done(client, "get", items_xml(node, content, attributes), pubsub_xml("<items node='" + std::string(node) + "'/>"), pubsub_service, where), "item", "id");
  }

  // The next stanza is an event from the service that holds this (section 12.4: with an id). The stanza.
  static std::string sees(Client& client, std::string_view event, std::string_view to = {}, const Where& where = Where::current()) {
    const std::string got = client.next(where);
    const std::string example = "<message from='" + std::string(pubsub_service) + "' to='" + (to.empty() ? bare(client) : std::string(to)) + "' id='*'>" + event_xml(event) + "</message>";
    if (!matches(got, example)) {
      ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line())) << client.jid() << " expected " << example << "\nand received " << got;
    }
    return got;
  }
  static void all_see(std::initializer_list<Client*> clients, std::string_view event, const Where& where = Where::current()) {
    for (Client* each : clients) {
      sees(*each, event, {}, where);
      each->receives_nothing(where);
    }
  }
  static void hush(std::initializer_list<Client*> clients) {
    for (Client* each : clients) {
      each->ignores_the_rest();
    }
  }
  void none_sees(const Where& where = Where::current()) {
    for (Client* each : {&hamlet, &francisco, &bernardo, &horatio, &polonius, &bard, &yorick}) {
      each->receives_nothing(where);
    }
  }
  static bool holds(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }
  static std::string item_event(std::string_view id, std::string_view payload = {}, std::string_view node = musings) {
    return "<items node='" + std::string(node) + "'><item id='" + std::string(id) + "'>" + std::string(payload) + "</item></items>";
  }
  static std::string without_payload(std::string_view id, std::string_view node = musings) { return item_event(id, "<nothing-more/>", node); }
};

}  // namespace aldis::test
