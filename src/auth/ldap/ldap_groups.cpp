// When which groups are read again.
#include "auth/ldap/ldap_groups.h"

#include <algorithm>

#include "auth/ldap/ldap_filter.h"
#include "base/metrics.h"

namespace aldis::ldap {
namespace {

constexpr int most_ranges = 10'000;
metrics::Counter read_anew{"aldis_directory_group_reads_total", "Times all groups of a directory were read, because something had changed."};

Result<std::vector<Entry>> list_people(LdapServers& servers, const DirectoryOptions& options, const Schema& schema, const std::string& since) {
  const std::string filter = since.empty() ? schema.people : all_of(schema.people, at_least(schema.modified, since));
  return servers.search_all(options.base, filter, attributes_of_people_in_groups(schema));
}

// An account that two entries have: where entries were looked at one by one, the old name of one that was moved may be among them.
bool has_two_owners(const PeopleInGroups& people) {
  std::set<std::string_view> seen;
  return std::ranges::any_of(people, [&](const auto& each) {
    return std::ranges::any_of(each.second.accounts, [&](const BareJid& account) { return !seen.insert(account.str()).second; });
  });
}

}  // namespace

LdapGroups::LdapGroups(LdapServers& servers, const DirectoryOptions& options, const Schema& schema, const Clock& clock)
    : servers_(servers), options_(options), schema_(schema), groups_(make_group_schema(options)), clock_(clock) {}

Result<bool> LdapGroups::look_at_people(Domain& state, const std::string& domain, bool is_all) {
  const auto entries = list_people(servers_, options_, schema_, is_all ? std::string() : state.mark);
  if (!entries) {
    return fail(entries.error());
  }
  PeopleInGroups people = is_all ? PeopleInGroups() : state.people;
  std::string mark = state.mark;
  for (const Entry& entry : *entries) {
    people[normal_dn(entry.dn)] = person_in_groups(schema_, entry, domain, clock_.wall());
    mark = std::max(mark, std::string(entry.value(schema_.modified)));
  }
  if (!is_all && !entries->empty() && has_two_owners(people)) {
    return look_at_people(state, domain, true);
  }
  const bool is_other = people != state.people;
  state.people = std::move(people);
  state.mark = std::move(mark);
  state.listed = is_all ? clock_.now() : state.listed;
  return is_other;
}

// The rest of what is given in ranges, a search each; a group that changes meanwhile is read again with the next change of its stamp.
Result<void> LdapGroups::read_rest(Entry& group, const std::string& attribute) {
  std::string from = group.rest.at(attribute);
  for (int count = 0; count < most_ranges; ++count) {
    const auto more = servers_.search(group.dn, "(objectClass=*)", {attribute + ";range=" + from + "-*"}, 1000);
    if (!more) {
      return fail(more.error());
    }
    const auto same = std::ranges::find_if(*more, [&](const Entry& each) { return normal_dn(each.dn) == normal_dn(group.dn); });
    if (same == more->end()) {
      return fail(ErrorKind::unavailable, "the group " + group.dn + " went while it was read");
    }
    const auto& values = same->values(attribute);
    auto& all = group.attributes[attribute];
    all.insert(all.end(), values.begin(), values.end());
    const auto next = same->rest.find(attribute);
    if (next == same->rest.end()) {
      return {};
    }
    if (values.empty()) {
      break;
    }
    from = next->second;
  }
  return fail(ErrorKind::limit, "the members of " + group.dn + " have no end");
}

Result<std::vector<Entry>> LdapGroups::read_groups() {
  auto groups = servers_.search_all(groups_.base, groups_.filter, groups_.attributes());
  if (!groups) {
    return groups;
  }
  for (Entry& group : *groups) {
    for (const char* attribute : {"member", "uniquemember"}) {
      if (group.rest.contains(attribute)) {
        if (auto read = read_rest(group, attribute); !read) {
          return fail(read.error());
        }
      }
    }
  }
  return groups;
}

Result<PeopleDirectory::Groups> LdapGroups::look(const std::string& domain) {
  Domain& state = domains_[domain];
  const bool is_first = state.listed == Monotonic{};
  const bool is_all = is_first || state.mark.empty() || clock_.now() >= state.listed + Monotonic::duration(options_.full_refresh);
  const auto are_others = look_at_people(state, domain, is_all);
  if (!are_others) {
    return fail(are_others.error());
  }
  state.is_settled = state.is_settled && !*are_others;   // until the groups have been read with them
  const auto changed = servers_.search_all(groups_.base, groups_.filter, {schema_.modified});
  if (!changed) {
    return fail(changed.error());
  }
  Stamps stamps;
  bool are_dated = true;
  for (const Entry& group : *changed) {
    const std::string_view when = group.value(schema_.modified);
    are_dated = are_dated && !when.empty();
    stamps.emplace(group.dn, when);
  }
  if (state.is_settled && are_dated && stamps == state.stamps && !is_all) {
    return PeopleDirectory::Groups();
  }
  const auto entries = read_groups();
  if (!entries) {
    return fail(entries.error());
  }
  auto groups = resolve_groups(groups_, *entries, state.people);
  if (!groups) {
    return fail(groups.error());
  }
  read_anew.add();
  state.is_settled = stamps == state.stamps && !is_first;
  state.stamps = std::move(stamps);
  return PeopleDirectory::Groups(std::move(*groups));
}

Result<std::vector<DirectoryGroup>> groups_of_now(LdapServers& servers, const DirectoryOptions& options, const Schema& schema, const BareJid& account,
                                                  const Clock& clock) {
  LdapGroups reader(servers, options, schema, clock);
  auto all = reader.look(std::string(account.domain()));
  if (!all) {
    return fail(all.error());
  }
  std::erase_if(**all, [&](const DirectoryGroup& group) {
    return std::ranges::find(group.members, account, &GroupMember::account) == group.members.end();
  });
  return std::move(**all);
}

}  // namespace aldis::ldap
