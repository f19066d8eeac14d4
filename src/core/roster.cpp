// The roster in memory.
#include "core/roster.h"

#include <algorithm>

namespace aldis {

Roster::Roster(RosterData data, SharedContacts shared)
    : version_(data.version),
      items_(std::move(data.items)),
      requests_(std::move(data.requests)),
      removals_(std::move(data.removals)),
      removals_complete_since_(data.removals_complete_since),
      shared_(std::move(shared)) {
  std::sort(items_.begin(), items_.end(), [](const RosterItem& a, const RosterItem& b) { return a.jid < b.jid; });
}

std::vector<RosterItem>::const_iterator Roster::place(std::string_view bare) const {
  return std::lower_bound(items_.begin(), items_.end(), bare,
                          [](const RosterItem& item, std::string_view wanted) { return item.jid.str() < wanted; });
}

const RosterItem* Roster::own(const Jid& contact) const {
  const auto at = place(contact.bare_str());
  return at != items_.end() && at->jid.str() == contact.bare_str() ? &*at : nullptr;
}

SubscriptionState Roster::state(const Jid& contact) const {
  SubscriptionState state;
  if (const RosterItem* item = own(contact)) {
    state.subscription = item->subscription;
    state.pending_out = item->ask;
    state.approved = item->approved;
  }
  state.pending_in = has_request(contact);
  return state;
}

bool Roster::contains(const Jid& contact) const { return own(contact) != nullptr || shares(contact); }

std::optional<RosterItem> Roster::find(const Jid& contact) const {
  const RosterItem* item = own(contact);
  const GroupMember* member = shared_.find(contact.bare_str());
  if (member == nullptr) {
    return item == nullptr ? std::nullopt : std::optional<RosterItem>(*item);
  }
  RosterItem both = item != nullptr ? *item : RosterItem{.jid = member->account};
  if (both.name.empty()) {
    both.name = member->name;
  }
  std::vector<std::string> displays = shared_.displays_of(contact.bare_str());
  std::vector<std::string> groups;
  std::ranges::set_union(both.groups, displays, std::back_inserter(groups));
  both.groups = std::move(groups);
  both.subscription = Subscription::both;
  both.ask = false;
  return both;
}

bool Roster::has_from(const Jid& contact) const {
  const RosterItem* item = own(contact);
  return (item != nullptr && (item->subscription == Subscription::from || item->subscription == Subscription::both)) || shares(contact);
}

bool Roster::has_to(const Jid& contact) const {
  const RosterItem* item = own(contact);
  return (item != nullptr && (item->subscription == Subscription::to || item->subscription == Subscription::both)) || shares(contact);
}

std::vector<const BareJid*> Roster::contacts() const {
  std::vector<const BareJid*> all;
  all.reserve(items_.size() + shared_.size_at_most());
  auto item = items_.begin();
  for (const GroupMember* member : shared_.all()) {
    for (; item != items_.end() && item->jid.str() < member->account.str(); ++item) {
      all.push_back(&item->jid);
    }
    if (item != items_.end() && item->jid == member->account) {
      ++item;
    }
    all.push_back(&member->account);
  }
  for (; item != items_.end(); ++item) {
    all.push_back(&item->jid);
  }
  return all;
}

std::string Roster::ver_of(std::uint64_t version, std::string_view token) {
  std::string text = std::to_string(version);
  if (!token.empty()) {
    text.append(1, ':').append(token);
  }
  return text;
}

void Roster::put(RosterItem item) {
  version_ = std::max(version_, item.version);
  std::erase_if(removals_, [&](const auto& removal) { return removal.jid == item.jid; });
  const auto at = place(item.jid.str());
  if (at != items_.end() && at->jid == item.jid) {
    items_[static_cast<std::size_t>(at - items_.begin())] = std::move(item);
  } else {
    items_.insert(at, std::move(item));
  }
}

void Roster::remove(const BareJid& contact, std::uint64_t version) {
  version_ = std::max(version_, version);
  const auto at = place(contact.str());
  if (at != items_.end() && at->jid == contact) {
    items_.erase(at);
  }
  std::erase_if(removals_, [&](const auto& removal) { return removal.jid == contact; });
  removals_.push_back({contact, version});
  if (removals_.size() > RosterData::max_removals) {  // as the store does
    removals_complete_since_ = removals_.front().version;
    removals_.erase(removals_.begin());
  }
}

void Roster::put_request(SubscriptionRequest request) {
  remove_request(request.from);
  requests_.push_back(std::move(request));
}

void Roster::remove_request(const BareJid& from) {
  std::erase_if(requests_, [&](const SubscriptionRequest& request) { return request.from == from; });
}

bool Roster::has_request(const Jid& from) const {
  return std::any_of(requests_.begin(), requests_.end(),
                     [&](const SubscriptionRequest& request) { return request.from.str() == from.bare_str(); });
}

void write_roster_item(xml::Writer& writer, const RosterItem& item) {
  writer.start("item").attribute("jid", item.jid.str());
  if (!item.name.empty()) {
    writer.attribute("name", item.name);
  }
  if (item.approved) {
    writer.attribute("approved", "true");
  }
  if (item.ask) {
    writer.attribute("ask", "subscribe");
  }
  writer.attribute("subscription", to_string(item.subscription));
  for (const std::string& group : item.groups) {
    writer.element("group", group);
  }
  writer.end();
}

}  // namespace aldis
