// The clients that want to be told: who has come, what they want, who has gone.
#include "extensions/pep/watchers.h"

#include <algorithm>

namespace aldis::ext {

const std::vector<Watcher>& Watchers::of(const BareJid& owner) const {
  static const std::vector<Watcher> none;
  const auto found = by_owner_.find(owner.str());
  return found == by_owner_.end() ? none : found->second;
}

Watcher* Watchers::find(const BareJid& owner, const FullJid& client) {
  const auto found = by_owner_.find(owner.str());
  if (found == by_owner_.end()) {
    return nullptr;
  }
  const auto at = std::ranges::find(found->second, client, &Watcher::client);
  return at == found->second.end() ? nullptr : &*at;
}

void Watchers::available(const BareJid& owner, const FullJid& client, const Stanza& presence, Since since) {
  const std::optional<Announced> announced = announced_by(presence);
  if (!announced) {
    return;
  }
  const std::size_t key = KeyedStringHash{}(announced->key() + " " + announced->node);
  Watcher* known = find(owner, client);
  if (known != nullptr && known->announced == key) {
    return;
  }
  if (known != nullptr) {
    known->announced = key;
    since = {};   // XEP-0312 section 2: initial presence alone
  } else {
    auto& all = by_owner_[owner.str()];
    if (all.size() >= most_of_account || size_ >= most) {
      if (all.empty()) {
        by_owner_.erase(owner.str());
      }
      return;
    }
    all.push_back({client, nullptr, key});
    ++size_;
  }
  capabilities_.find(owner, client, *announced,
                     [this, owner, client, key, since](Interests interests) { learnt(owner, client, key, std::move(interests), since); });
}

void Watchers::learnt(const BareJid& owner, const FullJid& client, std::size_t announced, Interests interests, Since since) {
  Watcher* watcher = find(owner, client);
  if (watcher == nullptr || watcher->announced != announced) {
    return;   // it has gone, or says something else by now
  }
  if (interests == nullptr) {
    unavailable(owner, client);   // with its next presence it is asked again
    return;
  }
  std::vector<std::string> added;
  if (watcher->interests == nullptr) {
    added = *interests;
  } else {
    std::ranges::set_difference(*interests, *watcher->interests, std::back_inserter(added));
  }
  watcher->interests = std::move(interests);
  if (!added.empty()) {
    wants_(owner, client, std::move(added), since);
  }
}

void Watchers::unavailable(const BareJid& owner, const Jid& who) {
  const auto found = by_owner_.find(owner.str());
  if (found == by_owner_.end()) {
    return;
  }
  size_ -= std::erase_if(found->second, [&](const Watcher& watcher) {
    return who.is_full() ? static_cast<const Jid&>(watcher.client) == who : watcher.client.bare_str() == who.str();
  });
  if (found->second.empty()) {
    by_owner_.erase(found);
  }
}

void Watchers::forget(const BareJid& owner) {
  const auto found = by_owner_.find(owner.str());
  if (found != by_owner_.end()) {
    size_ -= found->second.size();
    by_owner_.erase(found);
  }
}

void Watchers::changed(const BareJid& owner, const BareJid* contact, const std::function<Standing(const Jid&)>& standing) {
  const auto found = by_owner_.find(owner.str());
  if (found == by_owner_.end()) {
    return;
  }
  std::vector<std::pair<FullJid, std::vector<std::string>>> wanted;
  std::vector<Watcher> rest;
  for (Watcher& watcher : found->second) {
    const std::string_view who = watcher.client.bare_str();
    const bool is_meant = who != owner.str() && (contact == nullptr || who == contact->str());
    const Standing now = is_meant ? standing(watcher.client) : Standing::outside;
    if (now == Standing::let_in && !watcher.is_let_in && watcher.interests != nullptr && !watcher.interests->empty()) {
      wanted.emplace_back(watcher.client, *watcher.interests);
    }
    if (now == Standing::unknown) {
      --size_;
      continue;
    }
    watcher.is_let_in = is_meant ? now == Standing::let_in : watcher.is_let_in;
    rest.push_back(std::move(watcher));
  }
  found->second = std::move(rest);
  if (found->second.empty()) {
    by_owner_.erase(found);
  }
  for (auto& [client, nodes] : wanted) {
    wants_(owner, client, std::move(nodes), {});
  }
}

void Watchers::set_let_in(const BareJid& owner, const FullJid& client, bool is_let_in) {
  if (Watcher* watcher = find(owner, client)) {
    watcher->is_let_in = is_let_in;
  }
}

}  // namespace aldis::ext
