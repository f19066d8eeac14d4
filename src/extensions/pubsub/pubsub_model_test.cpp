// Random requests of several people to a few nodes, with a model of XEP-0060 (1.30.0) beside the server: each answer, each notification and
// each list of items must be what the model says. A failure prints its seed; ALDIS_PUBSUB_SEED runs that one alone.
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "tests/support/pubsub_scene.h"

namespace aldis::test {
namespace {

constexpr std::array<std::string_view, 3> node_names{"n1", "n2", "n3"};
constexpr std::array<std::string_view, 3> access_words{"open", "authorize", "whitelist"};
constexpr std::array<std::string_view, 3> publish_words{"publishers", "subscribers", "open"};
constexpr std::array<std::string_view, 6> affiliation_words{"outcast", "none", "member", "publish-only", "publisher", "owner"};
constexpr std::array<std::string_view, 5> item_ids{"a", "b", "c", "d", "e"};

struct ModelNode {
  std::string access{"open"};
  std::string publish{"publishers"};
  std::size_t max_items = 3;
  std::map<std::string, std::string> affiliations;    // none: not there
  std::map<std::string, std::string> subscriptions;   // "pending" or "subscribed"; none: not there
  std::vector<std::string> items;                     // oldest first
  std::map<std::string, std::string> writers;

  [[nodiscard]] std::string affiliation(const std::string& who) const {
    const auto found = affiliations.find(who);
    return found == affiliations.end() ? "none" : found->second;
  }
  [[nodiscard]] bool owns(const std::string& who) const { return affiliation(who) == "owner"; }
  [[nodiscard]] bool is_subscribed(const std::string& who) const {
    const auto found = subscriptions.find(who);
    return found != subscriptions.end() && found->second == "subscribed";
  }
  [[nodiscard]] bool is_pending(const std::string& who) const { return subscriptions.contains(who) && !is_subscribed(who); }
  [[nodiscard]] std::size_t owners() const {
    return static_cast<std::size_t>(std::ranges::count_if(affiliations, [](const auto& each) { return each.second == "owner"; }));
  }
  // Empty: he may.
  [[nodiscard]] std::string refuses_reading(const std::string& who) const {
    const std::string his = affiliation(who);
    if (his == "outcast" || his == "publish-only") {
      return "auth forbidden";
    }
    if (his != "none" || access == "open") {
      return "";
    }
    if (access == "whitelist") {
      return "cancel not-allowed closed-node";
    }
    return is_subscribed(who) ? "" : "auth not-authorized not-subscribed";
  }
  [[nodiscard]] bool may_publish(const std::string& who) const {
    const std::string his = affiliation(who);
    if (his == "owner" || his == "publisher" || his == "publish-only") {
      return true;
    }
    return his != "outcast" && (publish == "open" || (publish == "subscribers" && is_subscribed(who) && refuses_reading(who).empty()));
  }
  void trim() {
    while (items.size() > max_items) {
      items.erase(items.begin());
    }
  }
  void add(const std::string& id, const std::string& who) {
    std::erase(items, id);
    items.push_back(id);
    writers[id] = who;
    trim();
  }
};

class PubSubModel : public Elsinore, public ::testing::WithParamInterface<unsigned> {
 protected:
  void TearDown() override { hush({&hamlet, &francisco, &bernardo, &horatio, &polonius, &bard}); }

  std::mt19937 random{GetParam()};
  std::map<std::string, ModelNode> nodes;
  const std::vector<Client*> people{&hamlet, &francisco, &bernardo, &horatio, &bard};
  std::string step;

  std::size_t any(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random); }
  template <class List>
  auto& one_of(List& list) {
    return list[any(list.size())];
  }

  // What the server answers is a result, or refused with these words; what others receive is exactly this event, or none.
  std::string expects(Client& client, std::string_view type, const std::string& payload, const std::string& words, const std::set<std::string>& hearers = {}, const std::string& event = {}) {
    step += bare(client) + " " + payload + " -> " + (words.empty() ? "done" : words) + "\n";
    const std::string got = answer(client, type, payload);
    const std::string example = words.empty() ? "<iq type='result'/>" : "<iq type='error'>" + error_xml(words) + "</iq>";
    EXPECT_TRUE(matches(got, example)) << "expected " << (words.empty() ? "a result" : words) << ", received " << got;
    for (Client* each : {&hamlet, &francisco, &bernardo, &horatio, &polonius, &bard, &yorick}) {
      std::size_t heard = 0;
      while (each->waiting() > 0) {
        const std::string stanza = each->next();
        if (holds(stanza, "<items")) {
          ++heard;
          EXPECT_TRUE(!event.empty() && matches(stanza, "<message>" + event_xml(event) + "</message>")) << each->jid() << " received " << stanza;
        } else {  // requests for approval, changes of subscriptions and nodes: to those whom it concerns
          EXPECT_NE(each, &yorick) << stanza;
        }
      }
      EXPECT_EQ(heard, hearers.contains(bare(*each)) ? 1U : 0U) << each->jid() << " of " << event;
    }
    return got;
  }
  std::set<std::string> hearers_of(const ModelNode& node) const {
    std::set<std::string> all;
    for (const auto& [who, state] : node.subscriptions) {
      if (state == "subscribed" && node.refuses_reading(who).empty()) {
        all.insert(who);
      }
    }
    return all;
  }

  void creates_one(Client& client, const std::string& name) {
    ModelNode node;
    node.access = one_of(access_words);
    node.publish = one_of(publish_words);
    node.max_items = 1 + any(4);
    node.affiliations[bare(client)] = "owner";
    const std::string count = std::to_string(node.max_items);
    expects(client, "set", create_xml(name, {{"access_model", node.access}, {"publish_model", node.publish}, {"max_items", count}, {"persist_items", "1"},
                                             {"send_last_published_item", "never"}, {"notify_retract", "0"}, {"deliver_payloads", "1"}}), nodes.contains(name) ? "cancel conflict" : "");
    nodes.try_emplace(name, node);
  }
  void subscribes_to(Client& client, const std::string& name, ModelNode& node) {
    const std::string who = bare(client);
    const std::string his = node.affiliation(who);
    if (node.is_subscribed(who)) {
      return;
    }
    std::string words;
    std::string state = "subscribed";
    if (his == "outcast" || his == "publish-only") {
      words = "auth forbidden";
    } else if (node.is_pending(who)) {
      words = "auth not-authorized pending-subscription";
    } else if (his == "none" && node.access == "whitelist") {
      words = "cancel not-allowed closed-node";
    } else if (his == "none" && node.access == "authorize") {
      state = "pending";
    }
    const std::string got = expects(client, "set", subscribe_xml(name, who), words);
    if (words.empty()) {
      EXPECT_EQ(value_of(got, "subscription", "subscription"), state);
      node.subscriptions[who] = state;
    }
  }
  void configures_it(Client& client, const std::string& name, ModelNode& node) {
    if (std::ranges::any_of(node.subscriptions, [](const auto& each) { return each.second == "pending"; })) {
      return;   // what becomes of them is not said
    }
    const std::string access(one_of(access_words));
    const std::size_t count = 1 + any(4);
    const bool may = node.owns(bare(client));
    const std::string text = std::to_string(count);
    expects(client, "set", configure_xml(name, {{"access_model", access}, {"max_items", text}}), may ? "" : "auth forbidden");
    if (may) {
      node.access = access;
      node.max_items = count;
      node.trim();
      std::erase_if(node.subscriptions, [&](const auto& each) { return !node.refuses_reading(each.first).empty(); });   // who may not be told is none
    }
  }
  void affiliates_one(Client& client, const std::string& name, ModelNode& node) {
    const std::string whom = bare(*one_of(people));
    const std::string word(one_of(affiliation_words));
    if (node.is_pending(whom) && word != "outcast" && word != "publisher" && word != "owner") {
      return;   // section 8.7.4 says it of these alone
    }
    const bool may = node.owns(bare(client));
    const bool is_last = node.owns(whom) && node.owners() == 1 && word != "owner";
    expects(client, "set", owner_xml(on_node("affiliations", name, "<affiliation jid='" + whom + "' affiliation='" + word + "'/>")), !may ? "auth forbidden" : is_last ? "modify not-acceptable" : "");
    if (!may || is_last) {
      return;
    }
    if (word == "outcast") {
      node.subscriptions.erase(whom);
    } else if (node.is_pending(whom)) {
      node.subscriptions[whom] = "subscribed";
    }
    node.affiliations.erase(whom);
    if (word != "none") {
      node.affiliations[whom] = word;
    }
    if (node.is_subscribed(whom) && !node.refuses_reading(whom).empty()) {
      node.subscriptions.erase(whom);
    }
  }
  void does_something(Client& client, const std::string& name, ModelNode& node) {
    const std::string who = bare(client);
    const std::string id(one_of(item_ids));
    switch (any(12)) {
      case 0:
      case 1: subscribes_to(client, name, node); return;
      case 2:
        expects(client, "set", pubsub_xml("<unsubscribe node='" + name + "' jid='" + who + "'/>"), node.subscriptions.contains(who) ? "" : "* unexpected-request not-subscribed");
        node.subscriptions.erase(who);
        return;
      case 3:
      case 4:
      case 5: {
        const bool may = node.may_publish(who);
        expects(client, "set", publish_xml(name, id, entry_xml(step.size() % 2 == 0 ? "even" : "odd")), may ? "" : "auth forbidden", may ? hearers_of(node) : std::set<std::string>(), item_event(id, {}, name));
        if (may) {
          node.add(id, who);
        }
        return;
      }
      case 6: {
        const bool is_there = std::ranges::find(node.items, id) != node.items.end();
        if (!is_there && !node.owns(who)) {
          return;   // whether it is there, or he may: either may be said first
        }
        const bool may = node.owns(who) || (node.writers[id] == who && node.affiliation(who) != "outcast");
        if (may && !node.owns(who) && node.affiliation(who) != "publisher" && node.affiliation(who) != "publish-only") {
          return;   // who published it once and may not any more
        }
        expects(client, "set", retract_xml(name, id, "1"), !is_there ? "cancel item-not-found" : may ? "" : "auth forbidden",
                is_there && may ? hearers_of(node) : std::set<std::string>(), on_node("items", name, "<retract id='" + id + "'/>"));
        if (may) {
          std::erase(node.items, id);
        }
        return;
      }
      case 7: affiliates_one(client, name, node); return;
      case 8: affiliates_one(hamlet, name, node); return;
      case 9: configures_it(client, name, node); return;
      case 10: {
        const std::string words = node.refuses_reading(who);
        const std::string got = expects(client, "get", items_xml(name), words);
        if (words.empty()) {
          EXPECT_EQ(values_of(got, "item", "id"), node.items);
        }
        return;
      }
      default:
        if (any(4) == 0) {
          expects(client, "set", owner_xml(on_node("delete", name)), node.owns(who) ? "" : "auth forbidden");
          if (node.owns(who)) {
            nodes.erase(name);
          }
        } else {
          expects(client, "set", owner_xml(on_node("purge", name)), node.owns(who) ? "" : "auth forbidden");
          if (node.owns(who)) {
            node.items.clear();
          }
        }
    }
  }
};

TEST_P(PubSubModel, EverythingIsAsItSays) {
  for (int i = 0; i < 400 && !HasFailure(); ++i) {
    Client& client = any(3) == 0 ? hamlet : *one_of(people);
    const std::string name(one_of(node_names));
    const auto found = nodes.find(name);
    if (found == nodes.end() || any(40) == 0) {
      creates_one(any(2) == 0 ? hamlet : client, name);
    } else {
      does_something(client, name, found->second);
    }
  }
  // And what each finds about himself at the end.
  for (Client* each : people) {
    std::map<std::string, std::string> subscriptions;
    const std::string list = answer(*each, "get", pubsub_xml("<subscriptions/>"));
    const std::vector<std::string> its_nodes = values_of(list, "subscription", "node");
    const std::vector<std::string> states = values_of(list, "subscription", "subscription");
    for (std::size_t i = 0; i < its_nodes.size(); ++i) {
      subscriptions[its_nodes[i]] = states[i];
    }
    std::map<std::string, std::string> expected;
    for (const auto& [name, node] : nodes) {
      if (node.subscriptions.contains(bare(*each))) {
        expected[name] = node.subscriptions.at(bare(*each));
      }
    }
    EXPECT_EQ(subscriptions, expected) << each->jid();
  }
  if (HasFailure()) {
    std::printf("seed %u\n%s", GetParam(), step.c_str());
  }
}

std::vector<unsigned> seeds() {
  if (const char* one = std::getenv("ALDIS_PUBSUB_SEED")) {
    return {static_cast<unsigned>(std::strtoul(one, nullptr, 10))};
  }
  return {1, 2, 3, 4};
}
INSTANTIATE_TEST_SUITE_P(Seed, PubSubModel, ::testing::ValuesIn(seeds()), [](const auto& each) { return std::to_string(each.param); });

}  // namespace
}  // namespace aldis::test
