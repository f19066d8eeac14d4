// Groups on one home: what its accounts have of them, and the steps of a change.
#include "core/home.h"
#include "core/virtual_host.h"

namespace aldis {
namespace {
constexpr std::size_t accounts_at_a_time = 50;
}  // namespace

SharedContacts Home::contacts_of(const BareJid& account) const {
  const auto found = groups_.find(account.domain());
  return found == groups_.end() ? SharedContacts() : found->second->contacts_of(account.str());
}

const SharedGroups* Home::groups_of_domain(std::string_view domain) const {
  const auto found = groups_.find(domain);
  return found == groups_.end() ? nullptr : found->second.get();
}

Task<void> Home::change_groups(std::string domain, std::shared_ptr<const SharedGroupsChange> change, GroupStep step) {
  if (step == GroupStep::take) {
    groups_[domain] = change->after;
  }
  std::vector<std::string> affected;
  if (accounts_.size() < change->affected.size()) {
    for (const auto& [bare, account] : accounts_) {
      if (change->affected.contains(bare)) {
        affected.push_back(bare);
      }
    }
  } else {
    for (const auto& [bare, groups] : change->affected) {
      if (accounts_.contains(bare)) {
        affected.emplace_back(bare);
      }
    }
  }
  for (std::size_t i = 0; i < affected.size(); ++i) {
    if (i % accounts_at_a_time == accounts_at_a_time - 1) {   // others have their turn
      const Completion<bool> done;
      shard_.post([done] { done.complete(true); });
      const bool is_over = co_await done;
      static_cast<void>(is_over);
    }
    const auto found = accounts_.find(affected[i]);
    if (found == accounts_.end() || !found->second->exists()) {
      continue;
    }
    switch (step) {
      case GroupStep::leave: found->second->leave_groups(*change); break;
      case GroupStep::take: found->second->take_groups(*change); break;
      case GroupStep::join: found->second->join_groups(*change); break;
    }
  }
}

Task<void> share_groups(World& world, std::string domain, std::vector<DirectoryGroup> groups) {
  const auto host = world.hosts.find(domain);
  ensure(host != world.hosts.end(), "the groups of a domain that is served");
  const SharedGroupsPtr before = host->second->groups();
  const auto change = std::make_shared<const SharedGroupsChange>(make_change(before, SharedGroups::make(std::move(groups), before)));
  host->second->set_groups(change->after);   // rights first: who has lost one has it no more
  for (const auto& home : world.homes) {
    home->shard().post([&there = *home] {
      for (const auto& [name, each] : there.world().hosts) {
        for (const auto& observer : each->observers.groups_changed) {
          observer(there);
        }
      }
    });
  }
  const bool is_for_rosters = before == nullptr || !change->groups.empty();
  for (const GroupStep step : {GroupStep::leave, GroupStep::take, GroupStep::join}) {
    if (!is_for_rosters && step != GroupStep::take) {
      continue;
    }
    std::vector<Completion<bool>> steps;
    for (const auto& home : world.homes) {
      home->shard().post([&there = *home, domain, change, step, done = steps.emplace_back()] {
        spawn([](Home& on, std::string of, std::shared_ptr<const SharedGroupsChange> what, GroupStep how, Completion<bool> told) -> Task<void> {
          co_await on.change_groups(std::move(of), std::move(what), how);
          told.complete(true);
        }(there, domain, change, step, done));
      });
    }
    for (const Completion<bool>& done : steps) {
      const bool is_done = co_await done;
      static_cast<void>(is_done);
    }
  }
}

}  // namespace aldis
