// Capulets: the people of XEP-0163 section 1.2: juliet with two clients; the nurse, who is in her group Servants, and romeo, who is in
// Friends, both with a mutual subscription; benvolio without any. Somebody says by his capabilities (XEP-0115) what he wants to be told
// of (NODE+notify), and answers when he is asked what they mean. What nobody has read when a scene ends fails it.
#pragma once
#include <deque>
#include <map>

#include "extensions/caps.h"
#include "tests/support/pubsub_scene.h"

namespace aldis::test {

inline constexpr std::string_view tune = "http://jabber.org/protocol/tune";
inline constexpr std::string_view geoloc = "http://jabber.org/protocol/geoloc";
inline constexpr std::string_view activity = "http://jabber.org/protocol/activity";

class Capulets : public ::testing::Test {
 protected:
  using Where = std::source_location;
  using Interests = std::vector<std::string_view>;

  static SceneOptions options() { return {.domains = {"capulet.lit", "montague.lit"}}; }

  Capulets() {
    scene.are_contacts("juliet@capulet.lit", "nurse@capulet.lit");
    scene.are_contacts("juliet@capulet.lit", "romeo@montague.lit");
  }
  void TearDown() override {
    for (Client* each : everybody) {
      EXPECT_EQ(events(*each), std::vector<std::string>()) << each->jid();
    }
  }

  Scene scene{options()};
  std::vector<Client*> everybody;
  std::map<const Client*, std::string> info;   // what each answers when asked what he can do
  std::map<const Client*, int> asked;          // how often he was

  Client& login(std::string_view jid) {
    Client& client = scene.login(jid);
    everybody.push_back(&client);
    return client;
  }
  static std::string info_of(const Interests& nodes, std::string_view type = "pc") {
    std::string xml = "<query xmlns='http://jabber.org/protocol/disco#info'><identity category='client' type='" + std::string(type) + "'/>";
    std::vector<std::string> features{"http://jabber.org/protocol/disco#info"};
    for (const std::string_view node : nodes) {
      features.push_back(std::string(node) + "+notify");
    }
    for (const std::string& feature : features) {
      xml += "<feature var='" + feature + "'/>";
    }
    return xml + "</query>";
  }
  static std::string ver_of(std::string_view query) {
    const auto document = xml::parse(std::string(query));
    return ext::caps_verification_string((*document)->root());
  }
  static std::string caps_xml(std::string_view ver) {
    return "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='http://www.chatopus.com' ver='" + std::string(ver) + "'/>";
  }
  // Comes online, or says again that he is, with these interests; to somebody alone, if it is said.
  void shows(Client& client, const Interests& nodes, std::string_view to = {}) {
    info[&client] = info_of(nodes);
    presents(client, ver_of(info[&client]), to);
  }
  void presents(Client& client, std::string_view ver, std::string_view to = {}) {
    client.sends("<presence" + (to.empty() ? std::string() : " to='" + std::string(to) + "'") + ">" + caps_xml(ver) + "</presence>");
    settle();
  }
  // Everybody answers what he is asked until nobody is any more.
  void settle() {
    for (bool any = true; any;) {
      any = false;
      for (Client* each : everybody) {
        while (each->waiting() > 0) {
          const std::string stanza = each->next();
          if (stanza.starts_with("<iq") && holds(stanza, "type='get'") && holds(stanza, "http://jabber.org/protocol/disco#info")) {
            std::string answer = info[each];
            const std::string node = value_of(stanza, "query", "node");
            if (!node.empty() && !answer.empty()) {
              answer.insert(answer.find("<query") + 6, " node='" + node + "'");
            }
            ++asked[each];
            each->sends("<iq type='" + std::string(answer.empty() ? "error" : "result") + "' id='" + value_of(stanza, "iq", "id") + "' to='" + value_of(stanza, "iq", "from") + "'>" + answer + "</iq>");
            any = true;
          } else {
            mail_[each].push_back(stanza);
          }
        }
      }
    }
  }
  // The events that somebody has been sent since; other messages fail the test, presence and answers are passed over.
  std::vector<std::string> events(Client& client) {
    settle();
    std::vector<std::string> found;
    for (const std::string& stanza : mail_[&client]) {
      if (stanza.starts_with("<message")) {
        found.push_back(stanza);
      }
    }
    mail_[&client].clear();
    return found;
  }
  // Of the account: exactly this one event, to this client.
  void sees(Client& client, std::string_view event, std::string_view from = "juliet@capulet.lit", const Where& where = Where::current()) {
    const std::vector<std::string> found = events(client);
    const std::string example = "<message type='headline' id='*' from='" + std::string(from) + "' to='" + client.jid() + "'>" + event_xml(event) + "</message>";
    if (found.size() != 1 || !matches(found.front(), example)) {
      std::string all;
      for (const std::string& each : found) {
        all += "\n" + each;
      }
      ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line())) << client.jid() << " expected " << example << "\nand received " << found.size() << ":" << all;
    }
  }
  void hush() {
    settle();
    mail_.clear();
  }
  // An answer; what else comes stays.
  std::string answer(Client& client, std::string_view type, std::string_view payload, std::string_view to = {}) {
    settle();
    client.sends("<iq type='" + std::string(type) + "' id='ask'" + (to.empty() ? std::string() : " to='" + std::string(to) + "'") + ">" + std::string(payload) + "</iq>");
    settle();
    std::string found;
    std::erase_if(mail_[&client], [&](const std::string& stanza) {
      const bool is_it = stanza.starts_with("<iq") && holds(stanza, "id='ask'") && !holds(stanza, "type='set'");
      found = is_it ? stanza : found;
      return is_it;
    });
    return found;
  }
  std::string done(Client& client, std::string_view type, std::string_view payload, std::string_view to = {}, std::string_view holds_it = {}, const Where& where = Where::current()) {
    const std::string got = answer(client, type, payload, to);
    if (!matches(got.empty() ? "<none/>" : got, "<iq type='result'>" + std::string(holds_it) + "</iq>")) {
      ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line())) << client.jid() << " expected a result with " << holds_it << "\nand received " << got;
    }
    return got;
  }
  void refused(Client& client, std::string_view type, std::string_view payload, std::string_view words, std::string_view to, const Where& where = Where::current()) {
    const std::string got = answer(client, type, payload, to);
    if (!matches(got.empty() ? "<none/>" : got, "<iq type='error'>" + error_xml(words) + "</iq>")) {
      ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line())) << client.jid() << " expected " << words << "\nand received " << got;
    }
  }
  std::string publishes(Client& client, std::string_view node, std::string_view id = {}, std::string_view payload = tune_xml, Fields publish_options = {}, const Where& where = Where::current()) {
    const std::string got = done(client, "set", publish_xml(node, id, payload, publish_options), {}, pubsub_xml(on_node("publish", node)), where);
    return id.empty() ? value_of(got, "item", "id") : std::string(id);
  }
  void groups(Client& owner, std::string_view contact, std::string_view group) {
    done(owner, "set", "<query xmlns='jabber:iq:roster'><item jid='" + std::string(contact) + "'>" + (group.empty() ? std::string() : "<group>" + std::string(group) + "</group>") + "</item></query>");
  }
  static bool holds(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }
  static std::string item_event(std::string_view node, std::string_view payload = {}) { return on_node("items", node, "<item>" + std::string(payload) + "</item>"); }

  static constexpr std::string_view tune_xml =
      "<tune xmlns='http://jabber.org/protocol/tune'><artist>Gerald Finzi</artist><length>255</length><title>Introduction (Allegro vigoroso)</title><track>1</track></tune>";
  static constexpr std::string_view geoloc_xml = "<geoloc xmlns='http://jabber.org/protocol/geoloc'><lat>45.44</lat><lon>12.33</lon></geoloc>";
  static constexpr std::string_view activity_xml = "<activity xmlns='http://jabber.org/protocol/activity'><relaxing/></activity>";

 private:
  std::map<const Client*, std::deque<std::string>> mail_;
};

}  // namespace aldis::test
