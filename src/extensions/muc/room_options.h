// RoomOptions: what [[room]] says of one room: that it exists, settings of its owner's form, and who is what in it
// (docs/adr/0063).
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "base/options.h"

namespace aldis::muc {

// A setting that is the configuration's, or is left to the room's owners.
enum class Setting : std::uint8_t { owners, yes, no };
constexpr auto option_names(Setting) {
  return std::array{OptionName{"owners", Setting::owners}, OptionName{"yes", Setting::yes},
                    OptionName{"no", Setting::no}};
}

enum class WhoisSetting : std::uint8_t { owners, moderators, anyone };
constexpr auto option_names(WhoisSetting) {
  return std::array{OptionName{"owners", WhoisSetting::owners}, OptionName{"moderators", WhoisSetting::moderators},
                    OptionName{"anyone", WhoisSetting::anyone}};
}

enum class PrivateMessageSetting : std::uint8_t { owners, anyone, participants, moderators, none };
constexpr auto option_names(PrivateMessageSetting) {
  return std::array{
      OptionName{"owners", PrivateMessageSetting::owners}, OptionName{"anyone", PrivateMessageSetting::anyone},
      OptionName{"participants", PrivateMessageSetting::participants},
      OptionName{"moderators", PrivateMessageSetting::moderators}, OptionName{"none", PrivateMessageSetting::none}};
}

struct RoomOptions {
  std::string address;
  // Empty, "owners" or -1: the owners decide.
  std::string name;
  std::string description;
  std::string language;
  Setting is_public = Setting::owners;
  Setting members_only = Setting::owners;
  Setting moderated = Setting::owners;
  WhoisSetting whois = WhoisSetting::owners;
  Setting archive = Setting::owners;
  std::int32_t history = -1;
  std::int32_t occupants = -1;
  Setting change_subject = Setting::owners;
  Setting invitations = Setting::owners;
  PrivateMessageSetting private_messages = PrivateMessageSetting::owners;
  Setting registration = Setting::owners;
  Setting voice_requests = Setting::owners;
  Setting lock_nicknames = Setting::owners;
  Setting list_occupants = Setting::owners;
  std::vector<std::string> owners;
  std::vector<std::string> admins;
  std::vector<std::string> members;
  std::vector<std::string> outcasts;
  std::vector<std::string> owner_groups;
  std::vector<std::string> admin_groups;
  std::vector<std::string> member_groups;

  friend bool operator==(const RoomOptions&, const RoomOptions&) = default;
};

inline constexpr auto room_option_list = std::tuple{
    Option{"address", &RoomOptions::address, Range{1, 2047},
           "The room, such as \"ops@rooms.example.org\"; what stands behind the @ is a [[domain]] that serves rooms.",
           Reload::live},
    Option{"name", &RoomOptions::name, Range{0, 200}, "What it is called in lists. Empty: the owners say.",
           Reload::live},
    Option{"description", &RoomOptions::description, Range{0, 2000}, "What it is about. Empty: the owners say.",
           Reload::live},
    Option{"language", &RoomOptions::language, Range{0, 35},
           "The language that is spoken there, such as \"en\". Empty: the owners say.", Reload::live},
    Option{"public", &RoomOptions::is_public, "Whether it is listed. \"owners\", here and below: the owners decide.",
           Reload::live},
    Option{"members_only", &RoomOptions::members_only, "Whether only members may enter.", Reload::live},
    Option{"moderated", &RoomOptions::moderated, "Whether only those with voice may speak.", Reload::live},
    Option{"whois", &RoomOptions::whois, "Who sees real addresses: \"moderators\" or \"anyone\".", Reload::live},
    Option{"archive", &RoomOptions::archive, "Whether messages are archived.", Reload::live},
    Option{"history", &RoomOptions::history, Range{-1, 1000}, "Messages shown to who enters. -1: the owners decide.",
           Reload::live},
    Option{"occupants", &RoomOptions::occupants, Range{-1, 100'000},
           "Most occupants; 0: as many as the service allows. -1: the owners decide.", Reload::live},
    Option{"change_subject", &RoomOptions::change_subject, "Whether participants may change the subject.",
           Reload::live},
    Option{"invitations", &RoomOptions::invitations,
           "Whether members of a members-only room may invite, which makes members.", Reload::live},
    Option{"private_messages", &RoomOptions::private_messages, "Who may send private messages.", Reload::live},
    Option{"registration", &RoomOptions::registration, "Whether people may register as members.", Reload::live},
    Option{"voice_requests", &RoomOptions::voice_requests, "Whether visitors may ask for voice.", Reload::live},
    Option{"lock_nicknames", &RoomOptions::lock_nicknames, "Whether who has a reserved nickname must use it.",
           Reload::live},
    Option{"list_occupants", &RoomOptions::list_occupants, "Whether anybody may list the occupants from outside.",
           Reload::live},
    Option{"owners", &RoomOptions::owners, Range{0, 1000},
           "Addresses of owners. Others may become owners besides; who is named here, or in the next three lists, "
           "stays what he is as long as he is named.",
           Reload::live},
    Option{"admins", &RoomOptions::admins, Range{0, 1000}, "Addresses of admins. Who is more by other means is more.",
           Reload::live},
    Option{"members", &RoomOptions::members, Range{0, 10'000}, "Addresses of members. The same.", Reload::live},
    Option{"outcasts", &RoomOptions::outcasts, Range{0, 10'000},
           "Addresses of people, or domains, who are kept out, whatever else they are.", Reload::live},
    Option{"owner_groups", &RoomOptions::owner_groups, Range{0, 100},
           "Groups of directories, \"group@domain\", whose members are owners, as the directory has them now. A person "
           "whom an admin has banned stays out.",
           Reload::live},
    Option{"admin_groups", &RoomOptions::admin_groups, Range{0, 100}, "The same of admins.", Reload::live},
    Option{"member_groups", &RoomOptions::member_groups, Range{0, 100}, "The same of members.", Reload::live},
};

}  // namespace aldis::muc
