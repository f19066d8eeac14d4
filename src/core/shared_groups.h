// SharedGroups: the groups of a domain's people, as something outside of this server has them (auth/directory_group.h): who is in which,
// and which put their members on each other's rosters. Immutable, shared by all threads, replaced as a whole. Nothing of it is stored, and
// nothing is kept for a pair of people: a roster shows it (SharedContacts), a rule asks it.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "auth/directory_group.h"
#include "base/keyed_hash.h"

namespace aldis {

struct SharedGroup {
  std::string name;
  std::string display;
  bool is_on_rosters = false;
  std::vector<GroupMember> members;   // in the order of their addresses, each once
  std::string digest;                 // of what rosters show of it, the same after a restart

  [[nodiscard]] const GroupMember* find(std::string_view bare) const;   // null: no member
};
using SharedGroupPtr = std::shared_ptr<const SharedGroup>;

// What somebody has of groups on the roster: everybody else who is in one of them. Cheap to copy.
class SharedContacts {
 public:
  SharedContacts() = default;
  // All of these groups have the owner.
  SharedContacts(std::string owner, std::vector<SharedGroupPtr> groups);

  [[nodiscard]] bool empty() const { return groups_.empty(); }
  [[nodiscard]] const std::vector<SharedGroupPtr>& groups() const { return groups_; }
  [[nodiscard]] const GroupMember* find(std::string_view bare) const;               // null: no contact by a group
  [[nodiscard]] std::vector<std::string> displays_of(std::string_view bare) const;   // the groups' names, sorted, each once
  // Each contact once, in the order of addresses.
  [[nodiscard]] std::vector<const GroupMember*> all() const;
  // No less than there are.
  [[nodiscard]] std::size_t size_at_most() const;
  // Stands for what a roster shows of them, for versions (RFC 6121 section 2.6). Empty when there are none.
  [[nodiscard]] std::string token() const;
  friend bool operator==(const SharedContacts& a, const SharedContacts& b) { return a.groups_ == b.groups_; }

 private:
  std::string owner_;
  std::vector<SharedGroupPtr> groups_;
};

// A roster has another item for this contact with the one than with the other.
[[nodiscard]] bool shows_otherwise(const SharedContacts& before, const SharedContacts& after, std::string_view bare);

class SharedGroups {
 public:
  // `former`: what these replace; groups that are as they were stay the same objects. Null: nothing is known before.
  [[nodiscard]] static std::shared_ptr<const SharedGroups> make(std::vector<DirectoryGroup> groups, const std::shared_ptr<const SharedGroups>& former);

  [[nodiscard]] std::uint64_t generation() const { return generation_; }
  [[nodiscard]] const std::vector<SharedGroupPtr>& groups() const { return groups_; }   // in the order of their names
  // Upper and lower case of a group's name are the same. False also where there is no such group.
  [[nodiscard]] bool has(std::string_view group, std::string_view bare) const;
  [[nodiscard]] std::vector<SharedGroupPtr> groups_of(std::string_view bare) const;
  [[nodiscard]] SharedContacts contacts_of(std::string_view bare) const;
  // What the account had when that was its token; nothing: it is not known any more.
  [[nodiscard]] std::optional<SharedContacts> contacts_at(std::string_view bare, std::string_view token) const;

 private:
  std::uint64_t generation_ = 1;
  std::vector<SharedGroupPtr> groups_;
  std::unordered_map<std::string, std::size_t> by_name_;                                           // in lower case
  std::unordered_map<std::string_view, std::vector<std::uint32_t>, KeyedStringHash> by_member_;   // names that the groups hold
  std::vector<std::vector<SharedGroupPtr>> former_;   // on rosters, the newest last
};
using SharedGroupsPtr = std::shared_ptr<const SharedGroups>;

// From one to the next: whose roster shows something else now.
struct SharedGroupsChange {
  struct OfGroup {
    SharedGroupPtr before;                     // null: it was not there, or not on rosters; the same with `after`
    SharedGroupPtr after;
    std::vector<const GroupMember*> touched;   // who came, left or has another name
  };
  SharedGroupsPtr before;                      // null: what was before is not known
  SharedGroupsPtr after;
  std::vector<OfGroup> groups;
  std::unordered_map<std::string_view, std::vector<std::uint32_t>, KeyedStringHash> affected;   // of each person: which of `groups`

  // Which contacts the account may see otherwise than before, in the order of addresses, each once. Not all of them need be.
  [[nodiscard]] std::vector<const GroupMember*> touched_for(std::string_view bare) const;
};
[[nodiscard]] SharedGroupsChange make_change(SharedGroupsPtr before, SharedGroupsPtr after);

}  // namespace aldis
