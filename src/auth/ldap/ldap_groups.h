// Groups of an LDAP directory: groupOfNames, groupOfUniqueNames (RFC 4519 sections 3.5 and 3.6), posixGroup (RFC 2307) and Active Directory's,
// with the groups inside them. Members are people's entries; they count where the entry has an account and may log in.
// Not here: members by a user's primaryGroupID (Active Directory's "Domain Users"), groups that are searches (groupOfURLs).
#pragma once
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "auth/ldap/ldap_options.h"
#include "auth/ldap/ldap_schema.h"
#include "auth/ldap/ldap_servers.h"
#include "auth/people_directory.h"
#include "base/clock.h"

namespace aldis::ldap {

inline constexpr int deepest_nesting = 16;              // of groups in groups; what is deeper does not count
inline constexpr std::size_t most_memberships = 5'000'000;

// A name in the form in which two that mean the same entry are equal (RFC 4514; case and spaces do not count).
[[nodiscard]] std::string normal_dn(std::string_view dn);

// What of a person's entry says who that is in groups.
struct PersonInGroups {
  std::vector<BareJid> accounts;      // of the domain
  std::string name;                   // displayName, else cn; empty: none that can be shown
  std::vector<std::string> uids;      // for memberUid, in lower case
  bool is_enabled = true;
  friend bool operator==(const PersonInGroups&, const PersonInGroups&) = default;
};
using PeopleInGroups = std::unordered_map<std::string, PersonInGroups>;   // by normal_dn

// What of groups' entries is searched for and read.
struct GroupSchema {
  std::string base;
  std::string filter;
  std::string name;
  std::string display;                // empty: the name
  std::vector<std::string> roster_groups;

  [[nodiscard]] std::vector<std::string> attributes() const;
  [[nodiscard]] bool is_on_rosters(std::string_view name) const;
};
[[nodiscard]] GroupSchema make_group_schema(const DirectoryOptions& options);
[[nodiscard]] PersonInGroups person_in_groups(const Schema& schema, const Entry& entry, std::string_view domain, WallTime now);
[[nodiscard]] std::vector<std::string> attributes_of_people_in_groups(const Schema& schema);

// The groups, each with all its members, in the order of their names. An account that two people's entries have is nobody's, and so is a
// group's name that two have.
[[nodiscard]] Result<std::vector<DirectoryGroup>> resolve_groups(const GroupSchema& schema, const std::vector<Entry>& groups, const PeopleInGroups& people);

// Reads them again and again. Blocks; for one worker at a time.
class LdapGroups {
 public:
  LdapGroups(LdapServers& servers, const DirectoryOptions& options, const Schema& schema, const Clock& clock);
  // As PeopleDirectory::groups.
  [[nodiscard]] Result<PeopleDirectory::Groups> look(const std::string& domain);

 private:
  using Stamps = std::map<std::string, std::string, std::less<>>;   // of groups: when they were changed, by dn
  struct Domain {
    PeopleInGroups people;
    std::string mark;                 // of the newest change of a person that was seen
    Monotonic listed{};               // when all people were
    Stamps stamps;
    bool is_settled = false;          // read once more since the stamps changed: they are of whole seconds
  };
  // Whether anybody is another now.
  [[nodiscard]] Result<bool> look_at_people(Domain& state, const std::string& domain, bool is_all);
  [[nodiscard]] Result<std::vector<Entry>> read_groups();
  [[nodiscard]] Result<void> read_rest(Entry& group, const std::string& attribute);

  LdapServers& servers_;
  const DirectoryOptions& options_;
  const Schema& schema_;
  GroupSchema groups_;
  const Clock& clock_;
  std::map<std::string, Domain, std::less<>> domains_;
};

// Which groups a person is in, straight from the directory; for an explanation.
[[nodiscard]] Result<std::vector<DirectoryGroup>> groups_of_now(LdapServers& servers, const DirectoryOptions& options, const Schema& schema,
                                                                const BareJid& account, const Clock& clock);

}  // namespace aldis::ldap
