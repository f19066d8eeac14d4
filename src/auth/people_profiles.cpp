// Who may see what.
#include "auth/people_profiles.h"

#include <algorithm>

namespace aldis {

std::optional<ProfileField> parse_profile_field(std::string_view name) {
  const auto found = std::ranges::find(profile_fields, name, [](const auto& each) { return each.name; });
  return found == profile_fields.end() ? std::nullopt : std::optional(found->value);
}

bool is_repeated(ProfileField field) {
  switch (field) {
    case ProfileField::email:
    case ProfileField::telephone:
    case ProfileField::mobile:
    case ProfileField::fax:
    case ProfileField::pager:
    case ProfileField::home_telephone:
    case ProfileField::unit:
    case ProfileField::url: return true;
    default: return false;
  }
}

const ProfileRule* ProfileRules::find(ProfileField field) const {
  const auto found = fields.find(field);
  return found == fields.end() ? nullptr : &found->second;
}

bool ProfileRules::may_see(ProfileField field, const BareJid& owner, const Jid& reader) const {
  const ProfileRule* rule = find(field);
  if (rule == nullptr) {
    return false;
  }
  if (reader.bare_str() == owner.str()) {
    return true;
  }
  if (!reader.has_local() || rule->seen_by == SeenBy::self) {
    return false;
  }
  return reader.domain() == owner.domain() ||
         (rule->seen_by == SeenBy::peers && std::ranges::find(peers, reader.domain()) != peers.end());
}

bool ProfileRules::is_open_to(std::string_view domain, const Jid& reader) const {
  if (!reader.has_local()) {
    return false;
  }
  const bool is_peer = std::ranges::find(peers, reader.domain()) != peers.end();
  return reader.domain() == domain ||
         (is_peer && std::ranges::any_of(fields, [](const auto& each) { return each.second.seen_by == SeenBy::peers; }));
}

}  // namespace aldis
