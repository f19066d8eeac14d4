// aldis directory check: what an entry says of its person's card.
#include <algorithm>

#include "auth/ldap/ldap_directory.h"

namespace aldis::ldap {
namespace {

constexpr std::size_t longest_shown = 120;   // bytes of what is shown of one field

std::string shown(ProfileField field, const std::vector<std::string>& values) {
  if (field == ProfileField::photo) {
    return std::to_string(values.front().size()) + " bytes";
  }
  std::string all;
  for (const std::string& value : values) {
    all.append(all.empty() ? "" : "; ").append(value);
  }
  if (all.size() > longest_shown) {
    std::size_t end = longest_shown;
    while (end > 0 && (static_cast<unsigned char>(all[end]) & 0xC0U) == 0x80U) --end;   // not within a character
    all = all.substr(0, end) + "...";
  }
  return all;
}

std::string_view readers(SeenBy seen_by) {
  switch (seen_by) {
    case SeenBy::self: return "seen by its owner";
    case SeenBy::domain: return "seen by the domain";
    case SeenBy::peers: break;
  }
  return "seen by the domain and peers";
}

std::vector<DirectoryStep> explain_entry(const Entry& entry, const ProfileMap& map) {
  std::vector<DirectoryStep> steps;
  const Profile profile = map.read(entry);
  for (const auto& [field, attributes] : map.attributes_by_field()) {
    const ProfileRule& rule = *map.rules().find(field);
    std::string names;
    for (const std::string& attribute : attributes) {
      names.append(names.empty() ? "" : ", ").append(attribute);
    }
    const std::string what = std::string(to_string(field)) + " (" + names + "; " + std::string(readers(rule.seen_by)) + (rule.is_writable ? "; writable" : "") + ")";
    if (const auto found = profile.values.find(field); found != profile.values.end()) {
      steps.push_back({"profile", true, what + ": " + shown(field, found->second)});
    } else if (field == ProfileField::photo && profile.large_photo) {
      steps.push_back({"profile", false, what + ": left out, for it has " + std::to_string(*profile.large_photo) + " bytes, and profile_photo allows " +
                                             std::to_string(map.rules().photo_bytes)});
    } else if (rule.is_writable) {
      steps.push_back({"profile", true, what + ": nothing"});
    }
  }
  return steps;
}

}  // namespace

std::vector<DirectoryStep> explain_profile(LdapServers& servers, const std::string& base, const Schema& schema, const ProfileMap& map, const BareJid& account) {
  const auto entries = servers.search(base, schema.filter_of(account), map.attributes(), 2);
  if (!entries) {
    return {{"profile", false, entries.error().what}};
  }
  if (entries->size() != 1) {
    return {};
  }
  std::vector<DirectoryStep> steps = explain_entry(entries->front(), map);
  if (std::ranges::any_of(map.rules().fields, [](const auto& each) { return each.second.is_writable; })) {
    const auto allowed = servers.together([&](LdapConnection& connection) -> Result<std::size_t> {
      auto may = connection.may_act_as(entries->front().dn);
      return may ? Result<std::size_t>(std::size_t{1}) : Result<std::size_t>(fail(may.error()));
    });
    steps.push_back({"write", allowed.has_value(), allowed ? "this server may act as the entry (RFC 4370)"
                                                           : allowed.error().what + ". May this server act as its people (proxied authorization)?"});
  }
  return steps;
}

}  // namespace aldis::ldap
