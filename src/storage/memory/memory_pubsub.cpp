// Each method waits its turn, then locks, and never holds the lock over a wait.
#include "storage/memory/memory_pubsub.h"

#include <algorithm>
#include <set>

namespace aldis {
namespace {

constexpr std::size_t longest_page = 1000;

Unexpected<Error> no_node(const BareJid& service, const std::string& node) {
  return fail(ErrorKind::not_found, "node " + node + " of " + service.str());
}

// An item, or a subscription.
template <class T>
bool is_there(const T& it, WallTime now) {
  return !it.expires || *it.expires > now;
}

std::uint64_t bytes_of(const std::vector<PubSubItem>& items) {
  std::uint64_t bytes = 0;
  for (const PubSubItem& item : items) {
    bytes += item.payload.size();
  }
  return bytes;
}

// The oldest that are too many.
std::vector<std::string> take_oldest(std::vector<PubSubItem>& items, std::uint64_t left) {
  std::vector<std::string> taken;
  while (items.size() > left) {
    taken.push_back(std::move(items.front().id));
    items.erase(items.begin());
  }
  return taken;
}

bool is_child_of(const PubSubNodeRecord& record, const std::string& parent) {
  return parent.empty() ? record.collections.empty() : std::ranges::find(record.collections, parent) != record.collections.end();
}

// The place of an item that is asked for by name.
Result<std::size_t> place_of(const std::vector<const PubSubItem*>& all, const std::string& id) {
  const auto at = std::ranges::find(all, id, &PubSubItem::id);
  if (at == all.end()) {
    return fail(ErrorKind::not_found, "item " + id);
  }
  return static_cast<std::size_t>(at - all.begin());
}

// Nodes with a subscriber of whom the claim is true.
template <class Nodes, class Claim>
std::vector<std::string> names_where(const Nodes& nodes, const Claim& claim) {
  std::vector<std::string> found;
  for (const auto& [name, node] : nodes) {
    if (std::ranges::any_of(node.subscriptions, [&](const auto& entry) { return claim(node.record, entry.first.first); })) {
      found.push_back(name);
    }
  }
  return found;
}

}  // namespace

MemoryPubSub::Node* MemoryPubSub::find(const BareJid& service, const std::string& node) {
  const auto nodes = services_.find(service.str());
  if (nodes == services_.end()) {
    return nullptr;
  }
  const auto at = nodes->second.find(node);
  return at == nodes->second.end() ? nullptr : &at->second;
}

const MemoryPubSub::Nodes& MemoryPubSub::nodes_of(const BareJid& service) {
  static const Nodes none;
  const auto at = services_.find(service.str());
  return at == services_.end() ? none : at->second;
}

void MemoryPubSub::apply(Node& node, std::vector<PubSubAffiliation> affiliations, std::vector<PubSubSubscription> subscriptions) {
  for (PubSubAffiliation& each : affiliations) {
    if (each.affiliation == pubsub::Affiliation::none) {
      node.affiliations.erase(each.jid);
    } else {
      const Jid jid = each.jid;
      node.affiliations.insert_or_assign(jid, std::move(each));
    }
  }
  for (PubSubSubscription& each : subscriptions) {
    const std::pair key(each.jid, each.subid);
    if (each.state == pubsub::SubscriptionState::none) {
      node.subscriptions.erase(key);
    } else {
      node.subscriptions.insert_or_assign(key, std::move(each));
    }
  }
}

Task<Result<std::optional<PubSubNodeImage>>> MemoryPubSub::load(BareJid service, std::string node, WallTime now) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  const Node* found = find(service, node);
  if (found == nullptr) {
    co_return std::optional<PubSubNodeImage>();
  }
  PubSubNodeImage image{.record = found->record, .affiliations = {}, .subscriptions = {}, .last = {}};
  for (const auto& [jid, each] : found->affiliations) {
    image.affiliations.push_back(each);
  }
  for (const auto& [key, each] : found->subscriptions) {
    if (is_there(each, now)) {
      image.subscriptions.push_back(each);
    }
  }
  for (const PubSubItem& item : found->items) {
    if (is_there(item, now)) {
      image.last = item;
    }
  }
  co_return std::optional(std::move(image));
}

Task<Result<void>> MemoryPubSub::create(PubSubNodeImage image, NodeLimits limits) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  const PubSubNodeRecord& record = image.record;
  Nodes& nodes = services_[record.service.str()];
  if (nodes.contains(record.node)) {
    co_return fail(ErrorKind::already_exists, "node " + record.node + " of " + record.service.str());
  }
  const auto made = std::ranges::count_if(nodes, [&](const auto& entry) { return entry.second.record.creator == record.creator; });
  if ((limits.of_service != 0 && nodes.size() >= limits.of_service) ||
      (limits.of_creator != 0 && static_cast<std::uint64_t>(made) >= limits.of_creator)) {
    co_return fail(ErrorKind::full, "nodes of " + record.service.str());
  }
  const std::string name = record.node;
  Node& node = nodes.emplace(name, Node{.record = std::move(image.record), .affiliations = {}, .subscriptions = {}, .items = {}}).first->second;
  apply(node, std::move(image.affiliations), std::move(image.subscriptions));
  co_return Result<void>{};
}

Task<Result<void>> MemoryPubSub::save(PubSubNodeRecord record, std::vector<PubSubAffiliation> affiliations,
                                      std::vector<PubSubSubscription> subscriptions) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  Node* node = find(record.service, record.node);
  if (node == nullptr) {
    co_return no_node(record.service, record.node);
  }
  record.creator = node->record.creator;
  record.created = node->record.created;
  node->record = std::move(record);
  apply(*node, std::move(affiliations), std::move(subscriptions));
  co_return Result<void>{};
}

Task<Result<void>> MemoryPubSub::save_subscriptions(BareJid service, std::string node, std::vector<PubSubSubscription> subscriptions) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  Node* found = find(service, node);
  if (found == nullptr) {
    co_return no_node(service, node);
  }
  apply(*found, {}, std::move(subscriptions));
  co_return Result<void>{};
}

Task<Result<void>> MemoryPubSub::remove(BareJid service, std::string node) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  if (find(service, node) == nullptr) {
    co_return no_node(service, node);
  }
  Nodes& nodes = services_[service.str()];
  nodes.erase(node);
  for (auto& [name, other] : nodes) {
    std::erase(other.record.collections, node);
  }
  co_return Result<void>{};
}

Task<Result<void>> MemoryPubSub::remove_service(BareJid service) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  services_.erase(service.str());
  co_return Result<void>{};
}

// ---- items

Task<Result<std::vector<std::string>>> MemoryPubSub::publish(BareJid service, std::string node, std::vector<PubSubItem> items,
                                                             ItemLimits limits, WallTime now) {
  std::vector<ItemsChange> changes;
  changes.push_back({.node = std::move(node), .published = std::move(items), .limit = limits.items});
  Result<std::vector<std::vector<std::string>>> gone = co_await change_items(std::move(service), std::move(changes), limits.bytes, now);
  if (!gone) {
    co_return fail(std::move(gone.error()));
  }
  co_return std::move(gone->front());
}

Task<Result<std::vector<std::vector<std::string>>>> MemoryPubSub::change_items(BareJid service, std::vector<ItemsChange> changes,
                                                                               std::uint64_t bytes, WallTime now) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  std::map<std::string, std::vector<PubSubItem>> changed;   // by node: what it will have
  std::vector<std::vector<std::string>> gone;
  for (ItemsChange& change : changes) {
    const Node* found = find(service, change.node);
    if (found == nullptr) {
      co_return no_node(service, change.node);
    }
    std::vector<PubSubItem>& items = changed.try_emplace(change.node, found->items).first->second;
    std::erase_if(items, [&](const PubSubItem& item) {
      return change.is_purge || !is_there(item, now) || std::ranges::find(change.retracted, item.id) != change.retracted.end();
    });
    for (PubSubItem& item : change.published) {
      std::erase_if(items, [&](const PubSubItem& other) { return other.id == item.id; });
      items.push_back(std::move(item));
    }
    gone.push_back(change.limit == 0 ? std::vector<std::string>() : take_oldest(items, change.limit));
  }
  std::uint64_t before = 0;
  std::uint64_t after = 0;
  for (const auto& [name, node] : nodes_of(service)) {
    const auto at = changed.find(name);
    before += bytes_of(node.items);
    after += bytes_of(at == changed.end() ? node.items : at->second);
  }
  if (!is_within(bytes, before, after)) {
    co_return fail(ErrorKind::full, "items of " + service.str());
  }
  for (auto& [name, items] : changed) {
    find(service, name)->items = std::move(items);
  }
  co_return gone;
}

Task<Result<std::vector<std::string>>> MemoryPubSub::retract(BareJid service, std::string node, std::vector<std::string> ids) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  std::vector<std::string> gone;
  if (Node* found = find(service, node)) {
    for (std::string& id : ids) {
      if (std::erase_if(found->items, [&](const PubSubItem& item) { return item.id == id; }) != 0) {
        gone.push_back(std::move(id));
      }
    }
  }
  co_return gone;
}

Task<Result<void>> MemoryPubSub::purge(BareJid service, std::string node) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  if (Node* found = find(service, node)) {
    found->items.clear();
  }
  co_return Result<void>{};
}

Task<Result<std::vector<std::string>>> MemoryPubSub::trim(BareJid service, std::string node, std::uint64_t items) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  Node* found = find(service, node);
  co_return found == nullptr ? std::vector<std::string>{} : take_oldest(found->items, items);
}

Task<Result<PubSubItemPage>> MemoryPubSub::items(BareJid service, std::string node, PubSubItemRequest request) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  std::vector<const PubSubItem*> all;
  if (const Node* found = find(service, node)) {
    for (const PubSubItem& item : found->items) {
      if (is_there(item, request.now)) {
        all.push_back(&item);
      }
    }
  }
  PubSubItemPage page{.items = {}, .count = all.size()};
  std::vector<std::size_t> places;   // of the page
  if (!request.ids.empty()) {
    const std::set<std::string> wanted(request.ids.begin(), request.ids.end());
    for (std::size_t place = 0; place < all.size(); ++place) {
      if (wanted.contains(all[place]->id)) {
        places.push_back(place);
      }
    }
  } else {
    std::size_t first = request.index.value_or(0);
    std::size_t end = all.size();
    if (request.after) {
      const auto at = place_of(all, *request.after);
      if (!at) {
        co_return fail(at.error());
      }
      first = *at + 1;
    }
    if (request.before) {
      const auto at = place_of(all, *request.before);
      if (!at) {
        co_return fail(at.error());
      }
      end = *at;
    }
    first = std::min(first, end);
    const std::size_t size = std::min({request.limit, longest_page, end - first});
    first = request.is_last_page ? end - size : first;
    for (std::size_t place = first; place < first + size; ++place) {
      places.push_back(place);
    }
  }
  page.first_index = places.empty() ? 0 : places.front();
  for (const std::size_t place : places) {
    page.items.push_back(*all[place]);
    if (!request.has_payloads) {
      page.items.back().payload.clear();
    }
  }
  co_return page;
}

Task<Result<std::vector<MemoryPubSub::LastItem>>> MemoryPubSub::last_items(BareJid service, std::vector<std::string> nodes, WallTime now) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  std::vector<LastItem> found;
  for (std::string& name : nodes) {
    const Node* node = find(service, name);
    if (node == nullptr) {
      continue;
    }
    const auto last = std::ranges::find_if(node->items.rbegin(), node->items.rend(), [&](const PubSubItem& item) { return is_there(item, now); });
    if (last != node->items.rend()) {
      found.push_back({std::move(name), *last});
    }
  }
  co_return found;
}

Task<Result<std::uint64_t>> MemoryPubSub::expire(WallTime now, std::size_t limit) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  std::uint64_t gone = 0;
  for (auto& [service, nodes] : services_) {
    for (auto& [name, node] : nodes) {
      std::erase_if(node.items, [&](const PubSubItem& item) {
        const bool goes = !is_there(item, now) && gone < limit;
        gone += goes ? 1U : 0U;
        return goes;
      });
    }
  }
  co_return gone;
}

Task<Result<std::uint64_t>> MemoryPubSub::expire_subscriptions(WallTime now, std::size_t limit) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  std::uint64_t gone = 0;
  for (auto& [service, nodes] : services_) {
    for (auto& [name, node] : nodes) {
      std::erase_if(node.subscriptions, [&](const auto& entry) {
        const bool goes = !is_there(entry.second, now) && gone < limit;
        gone += goes ? 1U : 0U;
        return goes;
      });
    }
  }
  co_return gone;
}

// ---- what goes over nodes

Task<Result<PubSubNodePage>> MemoryPubSub::list(BareJid service, PubSubNodePageRequest request) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  PubSubNodePage page;
  for (const auto& [name, node] : nodes_of(service)) {
    if (name <= request.after || (!request.before.empty() && name >= request.before) ||
        (request.parent && !is_child_of(node.record, *request.parent))) {
      continue;
    }
    PubSubNodeSummary summary{.record = node.record};
    if (request.viewer) {
      const auto at = node.affiliations.find(*request.viewer);
      summary.affiliation = at == node.affiliations.end() ? pubsub::Affiliation::none : at->second.affiliation;
      summary.is_subscribed = std::ranges::any_of(node.subscriptions, [&](const auto& entry) {
        return entry.second.jid.bare() == *request.viewer && entry.second.state == pubsub::SubscriptionState::subscribed;
      });
    }
    page.nodes.push_back(std::move(summary));
  }
  const std::size_t limit = std::min(request.limit, longest_page);
  if (page.nodes.size() > limit) {
    page.is_complete = false;
    const auto surplus = static_cast<std::ptrdiff_t>(page.nodes.size() - limit);
    const auto first = request.is_last_page ? page.nodes.begin() : page.nodes.end() - surplus;
    page.nodes.erase(first, first + surplus);
  }
  co_return page;
}

Task<Result<std::uint64_t>> MemoryPubSub::count(BareJid service, std::optional<std::string> parent) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  co_return static_cast<std::uint64_t>(std::ranges::count_if(
      nodes_of(service), [&](const auto& entry) { return !parent || is_child_of(entry.second.record, *parent); }));
}

Task<Result<std::vector<PubSubNodeAffiliation>>> MemoryPubSub::affiliations_of(BareJid service, BareJid jid) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  std::vector<PubSubNodeAffiliation> found;
  for (const auto& [name, node] : nodes_of(service)) {
    if (const auto at = node.affiliations.find(jid); at != node.affiliations.end()) {
      found.push_back({name, at->second.affiliation});
    }
  }
  co_return found;
}

Task<Result<std::vector<PubSubNodeSubscription>>> MemoryPubSub::subscriptions_of(BareJid service, BareJid jid) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  std::vector<PubSubNodeSubscription> found;
  for (const auto& [name, node] : nodes_of(service)) {
    for (const auto& [key, subscription] : node.subscriptions) {
      if (key.first.bare() == jid) {
        found.push_back({name, subscription});
      }
    }
  }
  co_return found;
}

Task<Result<std::vector<std::string>>> MemoryPubSub::shown_to(BareJid service, BareJid jid) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  co_return names_where(nodes_of(service), [&](const PubSubNodeRecord& node, const Jid& subscriber) { return node.shows_last && subscriber.bare() == jid; });
}

Task<Result<std::vector<std::string>>> MemoryPubSub::subscribed_by(BareJid service, Jid subscriber) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  co_return names_where(nodes_of(service), [&](const PubSubNodeRecord&, const Jid& one) { return one == subscriber; });
}

Task<Result<PubSubUsage>> MemoryPubSub::usage(BareJid service) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  PubSubUsage usage;
  for (const auto& [name, node] : nodes_of(service)) {
    ++usage.nodes;
    usage.bytes += bytes_of(node.items);
  }
  co_return usage;
}

}  // namespace aldis
