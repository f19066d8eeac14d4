// Coven: the witches of XEP-0045 section 4.3 before their room, for the scenes that go through the XEP chapter by chapter
// (docs/rooms-conformance.md): crone1, who makes the room and owns it, wiccarocks, its admin, hag66 without affiliation; hecate
// is the bystander, who has seen nothing when a scene ends unless it says so.
#pragma once
#include "tests/support/room_scene.h"

namespace aldis::test {

class Coven : public ::testing::Test {
 protected:
  using Fields = std::initializer_list<std::pair<std::string_view, std::string_view>>;
  using Fragments = std::initializer_list<std::string_view>;
  using Where = std::source_location;

  RoomScene scene;
  Client& crone = scene.login("crone1@shakespeare.lit/desktop");
  Client& wicca = scene.login("wiccarocks@shakespeare.lit/laptop");
  Client& hag = scene.login("hag66@shakespeare.lit/pda");
  Client& hecate = scene.login("hecate@shakespeare.lit/broom");
  void SetUp() override { scene.are_online({&crone, &wicca, &hag, &hecate}); }

  // All three are in the room; everything has been read.
  void gather(Fields fields = {}) {
    scene.makes(crone, "firstwitch", fields);
    sets(crone, "<item affiliation='admin' jid='wiccarocks@shakespeare.lit'/>");
    wicca.receives("code='101'");
    scene.enters(wicca, "secondwitch", {&crone});
    scene.enters(hag, "thirdwitch", {&crone, &wicca});
  }
  void configures(Fields fields, const Where& where = Where::current()) { crone.asks("set", coven, scene.form(fields), where); }

  // Everybody in the room receives it next.
  void all_see(Fragments fragments, const Where& where = Where::current()) {
    for (Client* each : {&crone, &wicca, &hag}) {
      each->receives(fragments, where);
    }
  }
  void all_ignore() {
    for (Client* each : {&crone, &wicca, &hag}) {
      each->ignores_the_rest();
    }
  }

  // Requests with items of muc#admin: carried out; the answer of a get; denied to their sender alone.
  std::string sets(Client& client, std::string_view items, const Where& where = Where::current()) {
    return client.asks("set", coven, scene.admin(items), where);
  }
  std::string gets(Client& client, std::string_view items, const Where& where = Where::current()) {
    return client.asks("get", coven, scene.admin(items), where);
  }
  std::string denied(Client& client, std::string_view type, std::string_view payload, std::string_view condition,
                     std::string_view to = coven, const Where& where = Where::current()) {
    client.sends("<iq type='" + std::string(type) + "' id='d' to='" + std::string(to) + "'>" + std::string(payload) + "</iq>");
    const std::string word = "<" + std::string(condition) + " ";
    return client.receives({"<iq", "type='error'", "id='d'", word}, where);
  }
  void set_denied(Client& client, std::string_view items, std::string_view condition, const Where& where = Where::current()) {
    static_cast<void>(denied(client, "set", scene.admin(items), condition, coven, where));
  }
  void get_denied(Client& client, std::string_view items, std::string_view condition, const Where& where = Where::current()) {
    static_cast<void>(denied(client, "get", scene.admin(items), condition, coven, where));
  }

  // <message id='m' to='coven@…'/nickname> with what it holds.
  static void writes(Client& client, std::string_view type, std::string_view content, std::string_view nickname = {}, std::string_view id = "m") {
    const std::string to = nickname.empty() ? std::string(coven) : RoomScene::occupant(nickname);
    client.sends("<message id='" + std::string(id) + "'" + (type.empty() ? "" : " type='" + std::string(type) + "'") + " to='" + to + "'>" +
                 std::string(content) + "</message>");
  }
  static void shows(Client& client, std::string_view nickname, std::string_view content = {}, std::string_view type = {}) {
    client.sends("<presence id='p' to='" + RoomScene::occupant(nickname) + "'" + (type.empty() ? "" : " type='" + std::string(type) + "'") + ">" +
                 std::string(content) + "</presence>");
  }

  static bool holds(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }
  static std::size_t count(std::string_view text, std::string_view part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) {
      ++found;
    }
    return found;
  }
  // An answer without its start tag.
  static std::string query_of(std::string_view answer) { return std::string(answer.substr(answer.find("<query"))); }
  // The value of the first such attribute.
  static std::string value_of(std::string_view text, std::string_view attribute) {
    const std::string start = " " + std::string(attribute) + "='";
    const std::size_t at = text.find(start);
    return at == std::string_view::npos ? std::string() : std::string(text.substr(at + start.size(), text.find('\'', at + start.size()) - at - start.size()));
  }
};

inline constexpr std::string_view info_query = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
inline constexpr std::string_view items_query = "<query xmlns='http://jabber.org/protocol/disco#items'/>";
inline constexpr std::string_view owner_query = "<query xmlns='http://jabber.org/protocol/muc#owner'/>";
inline constexpr std::string_view register_query = "<query xmlns='jabber:iq:register'/>";

}  // namespace aldis::test
