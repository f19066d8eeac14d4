// RoomScene: a scene with the witches of XEP-0045: accounts of shakespeare.lit, rooms of chat.shakespeare.lit.
#pragma once
#include <functional>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "extensions/muc/options.h"
#include "tests/support/default_extensions.h"
#include "tests/support/scene.h"

namespace aldis::test {

inline constexpr std::string_view service = "chat.shakespeare.lit";
inline constexpr std::string_view coven = "coven@chat.shakespeare.lit";

class RoomScene : public Scene {
 public:
  using Options = std::vector<std::pair<std::string, OptionValue>>;   // of the extension
  explicit RoomScene(const Options& options = {}, SceneOptions scene = {}) : Scene(with_rooms(options, std::move(scene))) {}

  static std::string occupant(std::string_view nickname, std::string_view room = coven) {
    return std::string(room) + "/" + std::string(nickname);
  }

  // Sends the presence of section 7.2.1 and nothing more.
  static void tries(Client& client, std::string_view nickname, std::string_view muc = {}, std::string_view room = coven) {
    client.sends("<presence id='join' to='" + occupant(nickname, room) + "'><x xmlns='http://jabber.org/protocol/muc'>" + std::string(muc) + "</x></presence>");
  }

  // Enters: `inside` see it happen, and the client has read everything up to the subject. Its own presence.
  std::string enters(Client& client, std::string_view nickname, std::initializer_list<Client*> inside = {}, std::string_view muc = {},
                     std::string_view room = coven) {
    tries(client, nickname, muc, room);
    const std::string from = "from='" + occupant(nickname, room) + "'";
    std::string own = client.receives_among({"<presence", from, "code='110'"});
    for (int i = 0; i < 10'000; ++i) {
      const std::string next = client.next();
      if (next.empty() || next.find("<subject") != std::string::npos) {
        break;
      }
    }
    for (Client* other : inside) {
      static_cast<void>(other->receives({"<presence", from}));
    }
    return own;
  }

  // Makes a room and opens it: `fields` are pairs of a field's name and its value.
  void makes(Client& owner, std::string_view nickname, std::initializer_list<std::pair<std::string_view, std::string_view>> fields = {},
             std::string_view room = coven) {
    static_cast<void>(enters(owner, nickname, {}, {}, room));
    owner.asks("set", room, form(fields));
    owner.receives_nothing();
  }
  static std::string form(std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
    std::string xml = "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>";
    if (fields.size() > 0) {
      xml += "<field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field>";
    }
    for (const auto& [name, value] : fields) {
      const std::string_view prefix = name.starts_with("muc#") || name.starts_with("{") ? "" : "muc#roomconfig_";
      xml.append("<field var='").append(prefix).append(name).append("'>");
      for (std::size_t at = 0; at <= value.size();) {  // one value a line
        const std::size_t end = std::min(value.find('\n', at), value.size());
        xml.append("<value>").append(value.substr(at, end - at)).append("</value>");
        at = end + 1;
      }
      xml.append("</field>");
    }
    return xml + "</x></query>";
  }
  static std::string admin(std::string_view items) {
    return "<query xmlns='http://jabber.org/protocol/muc#admin'>" + std::string(items) + "</query>";
  }
  static void are_online(std::initializer_list<Client*> clients) {
    for (Client* each : clients) {
      each->comes_online();
    }
  }
  static void says(Client& client, std::string_view body, std::string_view id = "m1", std::string_view room = coven) {
    client.sends("<message type='groupchat' id='" + std::string(id) + "' to='" + std::string(room) + "'><body>" + std::string(body) + "</body></message>");
  }

 private:
  static SceneOptions with_rooms(const Options& options, SceneOptions scene) {
    scene.domains = {"shakespeare.lit"};
    scene.rooms = {std::string(service)};
    scene.install_rooms = [options](VirtualHost& host, World& world) {
      install_default_extensions(host, world, [&](std::string_view name, const OptionTable& table, OptionObject& object) {
        for (const auto& [option, value] : options) {
          if (name == "muc") {
            const Result<void> set = table.set(object, option, value);
            EXPECT_TRUE(set.has_value()) << option;
          }
        }
      }, ServedBy::rooms);
    };
    return scene;
  }
};

}  // namespace aldis::test
