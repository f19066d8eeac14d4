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
  askers.push_back({account, client, announced, std::move(learnt)});
  if (askers.size() == 1) {
    ask(key);
  }
}

// The first that waits; whom nobody can ask for is told so.
void Capabilities::ask(const std::string& key) {
  for (auto found = asked_.find(key); found != asked_.end(); found = asked_.find(key)) {
    if (found->second.empty()) {
      asked_.erase(found);
      return;
    }
    const Asker& first = found->second.front();
    std::string payload;
    xml::Writer(payload).start("query", ns::disco_info).attribute("node", first.announced.node + "#" + first.announced.ver).end();
    if (questions_.get(first.account, first.client, payload, [this, key](const Stanza* answer) { answered(key, answer); })) {
      return;
    }
    Learnt learnt = std::move(found->second.front().learnt);
    found->second.pop_front();
    --waiting_;
    learnt(nullptr);
  }
}

void Capabilities::answered(const std::string& key, const Stanza* answer) {
  const auto found = asked_.find(key);
  ensure(found != asked_.end() && !found->second.empty(), "whoever was asked is remembered");
  Asker first = std::move(found->second.front());
  found->second.pop_front();
  --waiting_;
  std::optional<std::string> text;
  if (answer != nullptr && answer->type() == StanzaType::result) {
    if (const auto query = answer->child({"query", ns::disco_info})) {
      text = caps_text(*query);
    }
  }
  Interests interests = text ? interests_in(*text, limits_) : nullptr;
  const bool is_proved = interests != nullptr && caps_hash(first.announced.hash, *text) == first.announced.ver;
  if (!is_proved) {
    unproved.add();
    first.learnt(std::move(interests));
    ask(key);   // somebody else who announces the same may prove it
    return;
  }
  remember(key, interests);
  std::list<Asker> rest = std::move(asked_.at(key));
  asked_.erase(key);
  waiting_ -= rest.size();
  first.learnt(interests);
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
