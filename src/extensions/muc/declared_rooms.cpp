// One line for each setting that a [[room]] may say, and the snapshots.
#include "extensions/muc/declared_rooms.h"

#include <algorithm>
#include <array>
#include <atomic>

#include "base/encoding.h"
#include "base/ensure.h"

namespace aldis::muc {
namespace {

// A setting: the field of the owner's form, whether it is said, and what follows.
struct Said {
  std::string_view field;
  bool (*is_said)(const RoomOptions&);
  void (*lay)(RoomConfig&, const RoomOptions&);
};

template <Setting RoomOptions::*from, bool RoomConfig::*to>
constexpr Said flag(std::string_view field) {
  return {field, [](const RoomOptions& options) { return options.*from != Setting::owners; },
          [](RoomConfig& config, const RoomOptions& options) { config.*to = options.*from == Setting::yes; }};
}

template <std::string RoomOptions::*from, std::string RoomConfig::*to>
constexpr Said text(std::string_view field) {
  return {field, [](const RoomOptions& options) { return !(options.*from).empty(); },
          [](RoomConfig& config, const RoomOptions& options) { config.*to = options.*from; }};
}

template <std::int32_t RoomOptions::*from, std::uint32_t RoomConfig::*to>
constexpr Said number(std::string_view field) {
  return {
      field, [](const RoomOptions& options) { return options.*from >= 0; },
      [](RoomConfig& config, const RoomOptions& options) { config.*to = static_cast<std::uint32_t>(options.*from); }};
}

RoomConfig::Who who_of(PrivateMessageSetting setting) {
  switch (setting) {
    case PrivateMessageSetting::participants:
      return RoomConfig::Who::participants;
    case PrivateMessageSetting::moderators:
      return RoomConfig::Who::moderators;
    case PrivateMessageSetting::none:
      return RoomConfig::Who::none;
    case PrivateMessageSetting::owners:
    case PrivateMessageSetting::anyone:
      return RoomConfig::Who::anyone;
  }
  return RoomConfig::Who::anyone;
}

constexpr std::array settings{
    Said{"muc#roomconfig_persistentroom", [](const RoomOptions&) { return true; },
         [](RoomConfig& config, const RoomOptions&) { config.is_persistent = true; }},
    text<&RoomOptions::name, &RoomConfig::name>("muc#roomconfig_roomname"),
    text<&RoomOptions::description, &RoomConfig::description>("muc#roomconfig_roomdesc"),
    text<&RoomOptions::language, &RoomConfig::language>("muc#roomconfig_lang"),
    flag<&RoomOptions::is_public, &RoomConfig::is_public>("muc#roomconfig_publicroom"),
    flag<&RoomOptions::members_only, &RoomConfig::is_members_only>("muc#roomconfig_membersonly"),
    flag<&RoomOptions::moderated, &RoomConfig::is_moderated>("muc#roomconfig_moderatedroom"),
    Said{"muc#roomconfig_whois", [](const RoomOptions& options) { return options.whois != WhoisSetting::owners; },
         [](RoomConfig& config, const RoomOptions& options) {
           config.is_non_anonymous = options.whois == WhoisSetting::anyone;
         }},
    flag<&RoomOptions::archive, &RoomConfig::keeps_archive>("muc#roomconfig_enablearchiving"),
    number<&RoomOptions::history, &RoomConfig::history>("muc#maxhistoryfetch"),
    number<&RoomOptions::occupants, &RoomConfig::max_users>("muc#roomconfig_maxusers"),
    flag<&RoomOptions::change_subject, &RoomConfig::occupants_change_subject>("muc#roomconfig_changesubject"),
    flag<&RoomOptions::invitations, &RoomConfig::members_invite>("muc#roomconfig_allowinvites"),
    Said{"muc#roomconfig_allowpm",
         [](const RoomOptions& options) { return options.private_messages != PrivateMessageSetting::owners; },
         [](RoomConfig& config, const RoomOptions& options) {
           config.private_messages = who_of(options.private_messages);
         }},
    flag<&RoomOptions::registration, &RoomConfig::takes_registrations>("{https://aldis.im/rooms}registration"),
    flag<&RoomOptions::voice_requests, &RoomConfig::takes_voice_requests>("{https://aldis.im/rooms}voice_requests"),
    flag<&RoomOptions::lock_nicknames, &RoomConfig::locks_nicknames>("{https://aldis.im/rooms}lock_nicknames"),
    flag<&RoomOptions::list_occupants, &RoomConfig::lists_occupants>("{https://aldis.im/rooms}list_occupants"),
};

// 64 bits, to tell one declaration of a room from the one before it; nobody else's words are in it.
std::string hash_of(std::string_view all) {
  const std::uint64_t hash = KeyedHash(0x616c646973, 0x726f6f6d)(all);
  std::array<std::uint8_t, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(hash >> (8 * i));
  }
  return hex_encode(bytes);
}

}  // namespace

void lay_over(RoomConfig& config, const RoomOptions& options) {
  for (const Said& each : settings) {
    if (each.is_said(options)) {
      each.lay(config, options);
    }
  }
}

std::vector<std::string_view> fixed_fields(const RoomOptions& options) {
  std::vector<std::string_view> fields;
  for (const Said& each : settings) {
    if (each.is_said(options)) {
      fields.push_back(each.field);
    }
  }
  return fields;
}

std::optional<std::string_view> contradicts(const RoomConfig& wanted, const RoomOptions& options) {
  for (const Said& each : settings) {
    RoomConfig laid = wanted;
    if (each.is_said(options)) {
      each.lay(laid, options);
    }
    if (laid != wanted) {
      return each.field;
    }
  }
  return std::nullopt;
}

DeclaredRoomPtr DeclaredRoom::make(const RoomOptions& options) {
  auto address = BareJid::parse(options.address);
  ensure(address.has_value(), "a declared room has been checked");
  auto room = std::make_shared<DeclaredRoom>(
      DeclaredRoom{.address = std::move(*address), .options = options, .people = {}, .groups = {}, .digest = {}});
  RoomConfig laid;
  lay_over(laid, options);
  std::string all = laid.to_text();
  for (const std::string_view field : fixed_fields(options)) {
    all.append("\n").append(field);
  }
  const auto add = [&](const std::vector<std::string>& addresses, Affiliation affiliation) {
    std::vector<std::string> names;
    for (const std::string& each : addresses) {
      const auto jid = Jid::parse(each);
      ensure(jid.has_value(), "a declared room has been checked");
      room->people.emplace(jid->bare(), affiliation);
      names.emplace_back(jid->bare_str());
    }
    std::ranges::sort(names);  // a directory keeps no order
    for (const std::string& each : names) {
      all.append("\n").append(to_string(affiliation)).append(" ").append(each);
    }
  };
  add(options.owners, Affiliation::owner);
  add(options.admins, Affiliation::admin);
  add(options.members, Affiliation::member);
  add(options.outcasts, Affiliation::outcast);
  room->digest = hash_of(all);
  const auto add_groups = [&](const std::vector<std::string>& names, Affiliation affiliation) {
    for (const std::string& each : names) {
      if (auto group = parse_group_name(each)) {
        room->groups.push_back({std::move(*group), affiliation});
      }
    }
  };
  add_groups(options.owner_groups, Affiliation::owner);
  add_groups(options.admin_groups, Affiliation::admin);
  add_groups(options.member_groups, Affiliation::member);
  return room;
}

std::optional<Affiliation> DeclaredRoom::of(std::string_view bare) const {
  const auto found = people.find(bare);
  return found == people.end() ? std::nullopt : std::optional(found->second);
}

DeclaredRoomPtr DeclaredRooms::find(std::string_view local) const {
  const SnapshotPtr all = now();
  const auto found = all->rooms.find(local);
  return found == all->rooms.end() ? nullptr : found->second;
}

bool DeclaredRooms::replace(const std::vector<OptionObject>& rooms) {
  const SnapshotPtr before = now();
  auto fresh = std::make_shared<Snapshot>();
  bool is_same = true;
  for (const OptionObject& each : rooms) {
    const auto& options = each.as<RoomOptions>();
    const auto address = BareJid::parse(options.address);
    ensure(address.has_value(), "a declared room has been checked");
    const auto known = before->rooms.find(address->local());
    const bool is_known = known != before->rooms.end() && known->second->options == options;
    is_same = is_same && is_known;
    DeclaredRoomPtr room = is_known ? known->second : DeclaredRoom::make(options);
    fresh->has_groups = fresh->has_groups || !room->groups.empty();
    fresh->rooms.emplace(std::string(address->local()), std::move(room));
  }
  if (is_same && fresh->rooms.size() == before->rooms.size()) {
    return false;
  }
  std::atomic_store(&now_, SnapshotPtr(std::move(fresh)));
  return true;
}

}  // namespace aldis::muc
