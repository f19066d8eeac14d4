// Rosters in memory, their versions and removals, and subscription requests that wait.
#include "storage/memory/memory_shelves.h"

#include <algorithm>

namespace aldis::memory {
namespace {

class Rosters final : public RosterStore, OnShelves {
 public:
  using OnShelves::OnShelves;

  Task<Result<RosterData>> load(BareJid owner) override {
    co_await turn();
    const auto held = lock();
    co_return roster_of(shelves_, owner);
  }
  Task<Result<void>> put(BareJid owner, RosterItem item) override {
    co_await turn();
    const auto held = lock();
    Roster& roster = shelves_.rosters[owner.str()];
    roster.version = item.version;
    std::erase_if(roster.removals, [&](const auto& removal) { return removal.jid == item.jid; });
    const BareJid contact = item.jid;
    roster.items.insert_or_assign(contact, std::move(item));
    co_return Result<void>{};
  }
  Task<Result<void>> remove(BareJid owner, BareJid contact, std::uint64_t version) override {
    co_await turn();
    const auto held = lock();
    Roster& roster = shelves_.rosters[owner.str()];
    roster.version = version;
    roster.items.erase(contact);
    std::erase_if(roster.removals, [&](const auto& removal) { return removal.jid == contact; });
    roster.removals.push_back({contact, version});
    if (roster.removals.size() > RosterData::max_removals) {
      roster.removals_complete_since = roster.removals.front().version;
      roster.removals.erase(roster.removals.begin());
    }
    co_return Result<void>{};
  }
  Task<Result<void>> put_request(BareJid owner, SubscriptionRequest request) override {
    co_await turn();
    const auto held = lock();
    auto& requests = shelves_.rosters[owner.str()].requests;
    const auto at = std::ranges::find(requests, request.from, &SubscriptionRequest::from);
    if (at == requests.end()) {
      requests.push_back(std::move(request));
    } else {
      *at = std::move(request);
    }
    co_return Result<void>{};
  }
  Task<Result<void>> remove_request(BareJid owner, BareJid from) override {
    co_await turn();
    const auto held = lock();
    std::erase_if(shelves_.rosters[owner.str()].requests, [&](const auto& request) { return request.from == from; });
    co_return Result<void>{};
  }
};

}  // namespace

RosterData roster_of(const Shelves& shelves, const BareJid& owner) {
  RosterData data;
  const auto at = shelves.rosters.find(owner.str());
  if (at != shelves.rosters.end()) {
    const Roster& roster = at->second;
    data.version = roster.version;
    data.removals_complete_since = roster.removals_complete_since;
    for (const auto& [contact, item] : roster.items) {
      data.items.push_back(item);
    }
    data.requests = roster.requests;
    data.removals = roster.removals;
  }
  return data;
}

std::unique_ptr<RosterStore> make_rosters(Shelves& shelves, Turn turn) { return std::make_unique<Rosters>(shelves, turn); }

}  // namespace aldis::memory
