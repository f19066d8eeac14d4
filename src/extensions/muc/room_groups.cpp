// Affiliations by directories' groups, of the domain's options and of the room's own declaration: not stored, and in no list; what is stored counts where it is more, and an outcast stays one. Who is
// in a group no more has lost what it gave with that moment: he leaves a members-only room with status 321 (XEP-0045 section 9.4).
#include <algorithm>

#include "core/virtual_host.h"
#include "extensions/muc/room.h"
#include "extensions/muc/status_codes.h"

namespace aldis::muc {

bool GroupRule::covers(std::string_view room) const {
  return rooms.ends_with('*') ? room.starts_with(std::string_view(rooms).substr(0, rooms.size() - 1)) : room == rooms;
}

std::optional<GroupRule> parse_group_rule(std::string_view text, Affiliation affiliation) {
  const std::size_t equals = text.find('=');
  auto group = parse_group_name(equals == std::string_view::npos ? text : text.substr(equals + 1));
  GroupRule rule{.rooms = equals == std::string_view::npos ? "*" : std::string(text.substr(0, equals)), .group = {}, .affiliation = affiliation};
  if (!group || group->domain.empty() || rule.rooms.empty() || rule.rooms.find('*') < rule.rooms.size() - 1) {
    return std::nullopt;
  }
  rule.group = std::move(*group);
  return rule;
}

std::vector<GroupRule> group_rules_of(const MucOptions& options) {
  std::vector<GroupRule> rules;
  const auto read = [&](const std::vector<std::string>& texts, Affiliation affiliation) {
    for (const std::string& text : texts) {
      if (auto rule = parse_group_rule(text, affiliation)) {
        rules.push_back(std::move(*rule));
      }
    }
  };
  read(options.owner_groups, Affiliation::owner);
  read(options.admin_groups, Affiliation::admin);
  read(options.member_groups, Affiliation::member);
  return rules;
}

Affiliation Room::affiliation_by_groups(const Jid& user) const {
  Affiliation highest = Affiliation::none;
  for (const GroupRule& rule : options_.group_rules) {   // the highest first
    if (rule.covers(jid_.local()) && host_.is_in_group(user, rule.group)) {
      highest = rule.affiliation;
      break;
    }
  }
  if (declared_ != nullptr) {
    const auto found = std::ranges::find_if(declared_->groups, [&](const DeclaredRoom::Group& each) { return host_.is_in_group(user, each.group); });
    highest = found != declared_->groups.end() ? std::max(highest, found->affiliation) : highest;
  }
  return highest;
}

void Room::groups_changed() {
  if (!exists()) {
    return;
  }
  std::vector<std::string> nicknames;   // who leaves is no longer in it
  for (const auto& [nickname, occupant] : occupants_) {
    nicknames.push_back(nickname);
  }
  for (const std::string& nickname : nicknames) {
    Occupant* occupant = occupant_called(nickname);
    if (occupant == nullptr) {
      continue;
    }
    const Affiliation now = affiliation_of(occupant->user);
    if (now == occupant->affiliation) {
      continue;
    }
    occupant->affiliation = now;
    if (config_.is_members_only && now < Affiliation::member) {
      remove_occupant(*occupant, {.codes = {status::removed_by_affiliation}});
    } else {
      set_role(*occupant, default_role(now, config_.is_moderated), {});
    }
  }
  fan_out_.send();
}

}  // namespace aldis::muc
