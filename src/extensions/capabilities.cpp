// Asking a client for each new hash, proving the answer, remembering it (XEP-0115 section 5.4).
#include "extensions/capabilities.h"

#include <algorithm>

#include "base/metrics.h"
#include "extensions/caps.h"
#include "xml/writer.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

metrics::Counter unproved{"aldis_capabilities_unproved_total", "Answers about capabilities that their hash does not prove."};

constexpr std::size_t longest_value = 1024;
constexpr std::string_view suffix = "+notify";

// Of the text that is hashed. Null: more than one client may want.
Interests interests_in(std::string_view text, const Capabilities::Limits& limits) {
  auto nodes = std::make_shared<std::vector<std::string>>();
  std::size_t bytes = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('<'), text.size());
    std::string_view token = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (token.size() <= suffix.size() || !token.ends_with(suffix)) {
      continue;
    }
    token.remove_suffix(suffix.size());
    bytes += token.size();
    nodes->emplace_back(token);
    if (nodes->size() > limits.nodes || bytes > limits.node_bytes) {
      return nullptr;
    }
  }
  std::ranges::sort(*nodes);
  nodes->erase(std::ranges::unique(*nodes).begin(), nodes->end());
  nodes->shrink_to_fit();
  return nodes;
}

bool can_be_proved(const Announced& announced) { return caps_hash(announced.hash, {}).has_value(); }

std::size_t bytes_of(const std::string& key, const Interests& interests) {
  std::size_t bytes = 256 + 2 * key.size();
  for (const std::string& node : *interests) {
    bytes += sizeof(std::string) + node.size();
  }
  return bytes;
}

}  // namespace

bool includes(const Interests& interests, std::string_view node) {
  return interests != nullptr && std::ranges::binary_search(*interests, node, std::less<std::string_view>());
}

std::optional<Announced> announced_by(const Stanza& presence) {
  const auto c = presence.child({"c", ns::caps});
  if (!c) {
    return std::nullopt;
  }
  const auto value = [&](std::string_view name) { return c->attribute(name).value_or(std::string_view()); };
  if (value("ver").empty() || value("node").size() > longest_value || value("ver").size() > longest_value || value("hash").size() > 32) {
    return std::nullopt;
  }
  return Announced{.node = std::string(value("node")), .ver = std::string(value("ver")), .hash = std::string(value("hash"))};
}

void Capabilities::find(const BareJid& account, const FullJid& client, const Announced& announced, Learnt learnt) {
  const bool counts_for_all = can_be_proved(announced);   // if not (section 5.4, points 1 and 2), for that client alone
  const std::string key = counts_for_all ? announced.key() : "client " + client.str();
  if (const auto known = known_.find(key); known != known_.end()) {
    by_use_.splice(by_use_.begin(), by_use_, known->second.place);
    learnt(known->second.interests);
    return;
  }
  if (waiting_ >= limits_.waiting) {
    learnt(nullptr);
    return;
  }
  ++waiting_;
  auto& askers = asked_[key];
  askers.push_back({.account = account, .client = client, .announced = announced, .learnt = std::move(learnt)});
  if (askers.size() == 1) {
    ask(key);
  }
}

// The first that waits and whose client is not asked already; whom nobody can ask for is told so.
void Capabilities::ask(const std::string& key) {
  for (auto found = asked_.find(key); found != asked_.end(); found = asked_.find(key)) {
    std::list<Asker>& askers = found->second;
    if (askers.empty()) {
      asked_.erase(found);
      return;
    }
    const auto is_asked = [&](const FullJid& client) {
      return std::ranges::any_of(askers, [&](const Asker& each) { return each.question != 0 && each.client == client; });
    };
    const auto next = std::ranges::find_if(askers, [&](const Asker& each) { return each.question == 0 && !is_asked(each.client); });
    if (next == askers.end()) {
      return;
    }
    const std::uint64_t question = ++last_question_;
    next->question = question;
    std::string payload;
    xml::Writer(payload).start("query", ns::disco_info).attribute("node", next->announced.node + "#" + next->announced.ver).end();
    if (questions_.get(next->account, next->client, payload, [this, key, question](const Stanza* answer) { answered(key, question, answer); })) {
      timers_.after(limits_.patience, [this, key, question] { ask_another(key, question); });
      return;
    }
    Learnt learnt = std::move(next->learnt);
    askers.erase(next);
    --waiting_;
    learnt(nullptr);
  }
}

void Capabilities::ask_another(const std::string& key, std::uint64_t silent) {
  const auto found = asked_.find(key);
  if (found == asked_.end() || std::ranges::find(found->second, silent, &Asker::question) == found->second.end()) {
    return;   // it has answered
  }
  ask_one_more(key);
}

void Capabilities::ask_one_more(const std::string& key) {
  const auto found = asked_.find(key);
  const auto is_asked = [](const Asker& each) { return each.question != 0; };
  if (found != asked_.end() && static_cast<std::size_t>(std::ranges::count_if(found->second, is_asked)) < limits_.at_once) {
    ask(key);
  }
}

void Capabilities::answered(const std::string& key, std::uint64_t question, const Stanza* answer) {
  const auto found = asked_.find(key);
  if (found == asked_.end()) {
    return;   // another was quicker
  }
  const auto who = std::ranges::find(found->second, question, &Asker::question);
  if (who == found->second.end()) {
    return;   // the same, and it is asked anew since
  }
  Asker asker = std::move(*who);
  found->second.erase(who);
  --waiting_;
  std::optional<std::string> text;
  if (answer != nullptr && answer->type() == StanzaType::result) {
    if (const auto query = answer->child({"query", ns::disco_info})) {
      text = caps_text(*query);
    }
  }
  Interests interests = text ? interests_in(*text, limits_) : nullptr;
  const bool is_proved = interests != nullptr && caps_hash(asker.announced.hash, *text) == asker.announced.ver;
  if (!is_proved) {
    unproved.add();
    asker.learnt(std::move(interests));
    ask_one_more(key);   // somebody else who announces the same may prove it
    return;
  }
  remember(key, interests);
  std::list<Asker> rest = std::move(asked_.at(key));
  asked_.erase(key);
  waiting_ -= rest.size();
  asker.learnt(interests);
  for (Asker& each : rest) {
    each.learnt(interests);
  }
}

void Capabilities::remember(const std::string& key, Interests interests) {
  const std::size_t bytes = bytes_of(key, interests);
  by_use_.push_front(key);
  bytes_ += bytes;
  known_.insert_or_assign(key, Known{std::move(interests), bytes, by_use_.begin()});
  while (bytes_ > limits_.bytes && by_use_.size() > 1) {
    const auto oldest = known_.find(by_use_.back());
    bytes_ -= oldest->second.bytes;
    known_.erase(oldest);
    by_use_.pop_back();
  }
}

}  // namespace aldis::ext
