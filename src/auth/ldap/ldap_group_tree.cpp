// Entries of groups and of people, made into groups with members. Nothing here speaks with a directory.
#include <ldap.h>

#include <algorithm>

#include "auth/ldap/ldap_groups.h"
#include "base/log.h"
#include "xml/characters.h"
#include "xmpp/precis.h"

namespace aldis::ldap {
namespace {

constexpr std::size_t longest_name = 255;   // bytes; of groups and people

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

// Text that may stand on a roster; empty otherwise.
std::string shown(std::string_view value) {
  const auto text = precis::from_utf8(value);
  const bool is_good = text && value.size() <= longest_name &&
                       std::ranges::all_of(*text, [](char32_t c) { return c >= 0x20 && c != 0x7f && xml::is_xml_char(static_cast<std::uint32_t>(c)); });
  return is_good ? std::string(value) : std::string();
}

// RFC 4517 section 3.3.21: a name, perhaps with #'0101'B behind it.
std::string_view without_uid(std::string_view value) {
  const std::size_t at = value.rfind("#'");
  return value.ends_with("'B") && at != std::string_view::npos ? value.substr(0, at) : value;
}

class Tree {
 public:
  Tree(const std::vector<Entry>& groups, const PeopleInGroups& people) : people_(people) {
    for (const auto& [dn, person] : people) {
      for (const std::string& uid : person.uids) {
        by_uid_[uid].push_back(&person);
      }
      for (const BareJid& account : person.accounts) {
        ++owners_[account.str()];
      }
    }
    for (const Entry& group : groups) {
      Node& node = nodes_[normal_dn(group.dn)];
      for (const std::string_view attribute : {"member", "uniqueMember"}) {
        for (const std::string& value : group.values(attribute)) {
          node.members.push_back(normal_dn(without_uid(value)));
        }
      }
      for (const std::string& value : group.values("memberUid")) {
        node.uids.push_back(lower(value));
      }
    }
  }

  [[nodiscard]] std::vector<GroupMember> members_of(const std::string& dn) const {
    std::set<const Node*> seen;   // what is inside itself is looked at once
    Members members;
    gather(dn, seen, members);
    std::vector<GroupMember> all;
    all.reserve(members.size());
    for (auto& [address, member] : members) {
      all.push_back(std::move(member));
    }
    return all;
  }

 private:
  struct Node {
    std::vector<std::string> members;
    std::vector<std::string> uids;
  };
  using Members = std::map<std::string, GroupMember, std::less<>>;

  void add(const PersonInGroups& person, Members& members) const {
    for (const BareJid& account : person.is_enabled ? person.accounts : std::vector<BareJid>()) {
      if (owners_.at(account.str()) == 1) {
        members.try_emplace(account.str(), GroupMember{account, person.name});
      }
    }
  }

  // Breadth first, so that what is near counts although it is also far away.
  void gather(const std::string& dn, std::set<const Node*>& seen, Members& members) const {
    std::vector<const Node*> level;
    if (const auto found = nodes_.find(dn); found != nodes_.end()) {
      level.push_back(&found->second);
      seen.insert(&found->second);
    }
    for (int depth = 0; depth <= deepest_nesting && !level.empty(); ++depth) {
      std::vector<const Node*> next;
      for (const Node* node : level) {
        for (const std::string& uid : node->uids) {
          const auto found = by_uid_.find(uid);
          if (found != by_uid_.end() && found->second.size() == 1) {
            add(*found->second.front(), members);
          }
        }
        for (const std::string& member : node->members) {
          if (const auto person = people_.find(member); person != people_.end()) {
            add(person->second, members);
          } else if (const auto inner = nodes_.find(member); inner != nodes_.end() && seen.insert(&inner->second).second) {
            next.push_back(&inner->second);
          }
        }
      }
      level = std::move(next);
    }
    if (!level.empty()) {
      log::warning("directory-groups-too-deep", {{"group", dn}, {"depth", std::to_string(deepest_nesting)}});
    }
  }

  const PeopleInGroups& people_;
  std::unordered_map<std::string, Node> nodes_;
  std::unordered_map<std::string, std::vector<const PersonInGroups*>> by_uid_;
  std::unordered_map<std::string, std::size_t> owners_;   // entries with that account
};

}  // namespace

std::string normal_dn(std::string_view text) {
  LDAPDN dn = nullptr;
  char* normal = nullptr;
  const std::string copy(text);
  std::string out = copy;
  if (ldap_str2dn(copy.c_str(), &dn, LDAP_DN_FORMAT_LDAPV3) == LDAP_SUCCESS && ldap_dn2str(dn, &normal, LDAP_DN_FORMAT_LDAPV3) == LDAP_SUCCESS) {
    out = normal;
  }
  ldap_memfree(normal);
  ldap_dnfree(dn);
  return lower(out);
}

GroupSchema make_group_schema(const DirectoryOptions& options) {
  GroupSchema schema{options.group_base, options.groups, options.group_name, options.group_display, options.roster_groups};
  if (schema.filter.empty()) {
    schema.filter = options.kind == Kind::active_directory
                        ? "(objectCategory=group)"
                        : "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))";
  }
  return schema;
}

std::vector<std::string> GroupSchema::attributes() const {
  std::vector<std::string> all{name, "member", "uniqueMember", "memberUid"};
  if (!display.empty()) {
    all.push_back(display);
  }
  return all;
}

bool GroupSchema::is_on_rosters(std::string_view group) const {
  const std::string wanted = lower(group);
  return std::ranges::any_of(roster_groups, [&](const std::string& rule) {
    const std::string pattern = lower(rule);
    return pattern.ends_with('*') ? wanted.starts_with(std::string_view(pattern).substr(0, pattern.size() - 1)) : wanted == pattern;
  });
}

std::vector<std::string> attributes_of_people_in_groups(const Schema& schema) {
  std::vector<std::string> all = schema.standing_attributes();
  for (const char* more : {"displayName", "cn", "uid"}) {
    if (std::ranges::find(all, more) == all.end()) {
      all.emplace_back(more);
    }
  }
  return all;
}

PersonInGroups person_in_groups(const Schema& schema, const Entry& entry, std::string_view domain, WallTime now) {
  PersonInGroups person{schema.accounts_of(entry, domain), shown(entry.value("displayName")), {}, schema.person_of(entry, now).is_enabled};
  if (person.name.empty()) {
    person.name = shown(entry.value("cn"));
  }
  for (const std::string& uid : entry.values("uid")) {
    person.uids.push_back(lower(uid));
  }
  return person;
}

Result<std::vector<DirectoryGroup>> resolve_groups(const GroupSchema& schema, const std::vector<Entry>& groups, const PeopleInGroups& people) {
  const Tree tree(groups, people);
  std::map<std::string, std::vector<DirectoryGroup>, std::less<>> by_name;   // in lower case
  std::size_t memberships = 0;
  for (const Entry& entry : groups) {
    DirectoryGroup group;
    group.name = shown(entry.value(schema.name));
    if (group.name.empty()) {
      log::warning("directory-group-without-name", {{"entry", entry.dn}});
      continue;
    }
    group.display = schema.display.empty() ? std::string() : shown(entry.value(schema.display));
    group.display = group.display.empty() ? group.name : group.display;
    group.is_on_rosters = schema.is_on_rosters(group.name);
    group.members = tree.members_of(normal_dn(entry.dn));
    memberships += group.members.size();
    if (memberships > most_memberships) {
      return fail(ErrorKind::limit, "groups have more than five million members together");
    }
    by_name[lower(group.name)].push_back(std::move(group));
  }
  std::vector<DirectoryGroup> all;
  for (auto& [name, same] : by_name) {
    if (same.size() == 1) {
      all.push_back(std::move(same.front()));
    } else {
      log::warning("audit-directory-group-twice", {{"group", name}, {"entries", same.size()}});
    }
  }
  return all;
}

}  // namespace aldis::ldap
