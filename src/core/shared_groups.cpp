// Snapshots of groups, and what lies between two of them.
#include "core/shared_groups.h"

#include <algorithm>
#include <map>

#include "base/encoding.h"
#include "sasl/scram_keys.h"

namespace aldis {
namespace {

constexpr std::size_t most_former = 8;       // for clients that come back with an older version
constexpr std::size_t token_bytes = 12;

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

std::string digest_of(const std::string& text) {
  return hex_encode(sasl::digest(sasl::ScramHash::sha_256, text).bytes().first(token_bytes));
}

std::string digest_of(const SharedGroup& group) {
  std::string text = group.display;
  for (const GroupMember& member : group.members) {
    text.append(1, '\n').append(member.account.str()).append(1, '\0').append(member.name);
  }
  return digest_of(text);
}

bool by_address(const GroupMember* a, const GroupMember* b) { return a->account.str() < b->account.str(); }
bool is_same_account(const GroupMember* a, const GroupMember* b) { return a->account == b->account; }

void sort_once(std::vector<const GroupMember*>& members) {
  if (!std::ranges::is_sorted(members, by_address)) {
    std::ranges::sort(members, by_address);
  }
  const auto twice = std::ranges::unique(members, is_same_account);
  members.erase(twice.begin(), twice.end());
}

void append_members(const SharedGroupPtr& group, std::vector<const GroupMember*>& out) {
  if (group != nullptr) {
    std::ranges::transform(group->members, std::back_inserter(out), [](const GroupMember& member) { return &member; });
  }
}

// Who is in one of two lists only, or has another name in the other.
std::vector<const GroupMember*> difference(const std::vector<GroupMember>& before, const std::vector<GroupMember>& after) {
  std::vector<const GroupMember*> touched;
  auto a = before.begin();
  auto b = after.begin();
  while (a != before.end() || b != after.end()) {
    if (b == after.end() || (a != before.end() && a->account.str() < b->account.str())) {
      touched.push_back(&*a++);
    } else if (a == before.end() || b->account.str() < a->account.str()) {
      touched.push_back(&*b++);
    } else {
      if (a->name != b->name) {
        touched.push_back(&*b);
      }
      ++a;
      ++b;
    }
  }
  return touched;
}

}  // namespace

const GroupMember* SharedGroup::find(std::string_view bare) const {
  const auto at = std::lower_bound(members.begin(), members.end(), bare,
                                   [](const GroupMember& member, std::string_view wanted) { return member.account.str() < wanted; });
  return at != members.end() && at->account.str() == bare ? &*at : nullptr;
}

// ---- what one roster shows

SharedContacts::SharedContacts(std::string owner, std::vector<SharedGroupPtr> groups) : groups_(std::move(groups)) {
  if (!groups_.empty()) {
    owner_ = std::move(owner);
  }
}

const GroupMember* SharedContacts::find(std::string_view bare) const {
  for (const SharedGroupPtr& group : groups_) {
    if (const GroupMember* member = group->find(bare)) {
      return bare == owner_ ? nullptr : member;
    }
  }
  return nullptr;
}

std::vector<std::string> SharedContacts::displays_of(std::string_view bare) const {
  std::vector<std::string> displays;
  for (const SharedGroupPtr& group : groups_) {
    if (group->find(bare) != nullptr) {
      displays.push_back(group->display);
    }
  }
  std::ranges::sort(displays);
  const auto twice = std::ranges::unique(displays);
  displays.erase(twice.begin(), twice.end());
  return displays;
}

std::vector<const GroupMember*> SharedContacts::all() const {
  std::vector<const GroupMember*> members;
  members.reserve(size_at_most());
  for (const SharedGroupPtr& group : groups_) {
    append_members(group, members);
  }
  sort_once(members);
  std::erase_if(members, [&](const GroupMember* member) { return member->account.str() == owner_; });
  return members;
}

std::size_t SharedContacts::size_at_most() const {
  std::size_t size = 0;
  for (const SharedGroupPtr& group : groups_) {
    size += group->members.size();
  }
  return size;
}

std::string SharedContacts::token() const {
  if (groups_.size() <= 1) {
    return groups_.empty() ? std::string() : groups_.front()->digest;
  }
  std::vector<std::string> digests;
  for (const SharedGroupPtr& group : groups_) {
    digests.push_back(group->digest);
  }
  std::ranges::sort(digests);
  std::string text;
  for (const std::string& digest : digests) {
    text.append(digest).append(1, '\n');
  }
  return digest_of(text);
}

bool shows_otherwise(const SharedContacts& before, const SharedContacts& after, std::string_view bare) {
  const GroupMember* was = before.find(bare);
  const GroupMember* is = after.find(bare);
  if (was == nullptr || is == nullptr) {
    return was != is;
  }
  return was->name != is->name || before.displays_of(bare) != after.displays_of(bare);
}

// ---- a snapshot

SharedGroupsPtr SharedGroups::make(std::vector<DirectoryGroup> groups, const SharedGroupsPtr& former) {
  auto made = std::make_shared<SharedGroups>();
  for (DirectoryGroup& group : groups) {
    std::ranges::stable_sort(group.members, {}, [](const GroupMember& member) -> const std::string& { return member.account.str(); });
    const auto twice = std::ranges::unique(group.members, {}, &GroupMember::account);
    group.members.erase(twice.begin(), twice.end());
    if (former != nullptr) {
      const auto at = former->by_name_.find(lower(group.name));
      const SharedGroupPtr known = at == former->by_name_.end() ? nullptr : former->groups_[at->second];
      if (known != nullptr && known->name == group.name && known->display == group.display && known->is_on_rosters == group.is_on_rosters &&
          known->members == group.members) {
        made->groups_.push_back(known);
        continue;
      }
    }
    auto fresh = std::make_shared<SharedGroup>(SharedGroup{std::move(group.name), std::move(group.display), group.is_on_rosters, std::move(group.members), {}});
    fresh->digest = digest_of(*fresh);
    made->groups_.push_back(std::move(fresh));
  }
  std::ranges::sort(made->groups_, {}, [](const SharedGroupPtr& group) { return lower(group->name); });
  for (std::uint32_t i = 0; i < made->groups_.size(); ++i) {
    made->by_name_.emplace(lower(made->groups_[i]->name), i);
    for (const GroupMember& member : made->groups_[i]->members) {
      made->by_member_[member.account.str()].push_back(i);
    }
  }
  if (former != nullptr) {
    made->generation_ = former->generation_ + 1;
    made->former_ = former->former_;
    made->former_.emplace_back();
    std::ranges::copy_if(former->groups_, std::back_inserter(made->former_.back()), &SharedGroup::is_on_rosters);
    if (made->former_.size() > most_former) {
      made->former_.erase(made->former_.begin());
    }
  }
  return made;
}

bool SharedGroups::has(std::string_view group, std::string_view bare) const {
  const auto found = by_name_.find(lower(group));
  return found != by_name_.end() && groups_[found->second]->find(bare) != nullptr;
}

std::vector<SharedGroupPtr> SharedGroups::groups_of(std::string_view bare) const {
  std::vector<SharedGroupPtr> all;
  if (const auto found = by_member_.find(bare); found != by_member_.end()) {
    for (const std::uint32_t at : found->second) {
      all.push_back(groups_[at]);
    }
  }
  return all;
}

SharedContacts SharedGroups::contacts_of(std::string_view bare) const {
  std::vector<SharedGroupPtr> all = groups_of(bare);
  std::erase_if(all, [](const SharedGroupPtr& group) { return !group->is_on_rosters; });
  return SharedContacts(std::string(bare), std::move(all));
}

std::optional<SharedContacts> SharedGroups::contacts_at(std::string_view bare, std::string_view token) const {
  for (auto groups = former_.rbegin(); groups != former_.rend(); ++groups) {
    std::vector<SharedGroupPtr> of;
    std::ranges::copy_if(*groups, std::back_inserter(of), [&](const SharedGroupPtr& group) { return group->find(bare) != nullptr; });
    SharedContacts contacts(std::string(bare), std::move(of));
    if (contacts.token() == token) {
      return contacts;
    }
  }
  return std::nullopt;
}

// ---- a change

SharedGroupsChange make_change(SharedGroupsPtr before, SharedGroupsPtr after) {
  SharedGroupsChange change{.before = std::move(before), .after = std::move(after), .groups = {}, .affected = {}};
  std::map<std::string, SharedGroupsChange::OfGroup> groups;
  const auto gather = [&](const SharedGroupsPtr& snapshot, SharedGroupPtr SharedGroupsChange::OfGroup::*side) {
    if (snapshot == nullptr) {
      return;
    }
    for (const SharedGroupPtr& group : snapshot->groups()) {
      if (group->is_on_rosters) {
        groups[lower(group->name)].*side = group;
      }
    }
  };
  gather(change.before, &SharedGroupsChange::OfGroup::before);
  gather(change.after, &SharedGroupsChange::OfGroup::after);
  for (auto& [name, group] : groups) {
    if (group.before == group.after) {
      continue;
    }
    const bool is_renamed = group.before == nullptr || group.after == nullptr || group.before->display != group.after->display;
    if (is_renamed) {
      append_members(group.before, group.touched);
      append_members(group.after, group.touched);
      sort_once(group.touched);
    } else {
      group.touched = difference(group.before->members, group.after->members);
    }
    std::vector<const GroupMember*> people;
    append_members(group.before, people);
    append_members(group.after, people);
    sort_once(people);
    for (const GroupMember* member : people) {
      change.affected[member->account.str()].push_back(static_cast<std::uint32_t>(change.groups.size()));
    }
    change.groups.push_back(std::move(group));
  }
  return change;
}

std::vector<const GroupMember*> SharedGroupsChange::touched_for(std::string_view bare) const {
  std::vector<const GroupMember*> touched;
  const auto found = affected.find(bare);
  if (found == affected.end()) {
    return touched;
  }
  for (const std::uint32_t at : found->second) {
    const OfGroup& group = groups[at];
    const bool was_in = group.before != nullptr && group.before->find(bare) != nullptr;
    const bool is_in = group.after != nullptr && group.after->find(bare) != nullptr;
    if (was_in && is_in) {
      touched.insert(touched.end(), group.touched.begin(), group.touched.end());
    } else {
      append_members(was_in ? group.before : group.after, touched);
    }
  }
  sort_once(touched);
  std::erase_if(touched, [&](const GroupMember* member) { return member->account.str() == bare; });
  return touched;
}

}  // namespace aldis
