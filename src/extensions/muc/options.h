// MucOptions: what a domain of rooms allows, [domain.extension.muc].
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/directory_group.h"
#include "base/bytes.h"
#include "base/options.h"
#include "xmpp/affiliation.h"

namespace aldis::muc {

enum class Creators : std::uint8_t { everybody, local, listed, administrators };
constexpr auto option_names(Creators) {
  return std::array{OptionName{"everybody", Creators::everybody}, OptionName{"local", Creators::local},
                    OptionName{"listed", Creators::listed}, OptionName{"administrators", Creators::administrators}};
}

// What [[domain]]s' directories say of affiliations: the members of a group have one in rooms of these names.
struct GroupRule {
  std::string rooms;       // a localpart; with * at its end all that begin so
  GroupName group;         // its domain is there
  Affiliation affiliation = Affiliation::none;
  [[nodiscard]] bool covers(std::string_view room) const;
};

struct MucOptions {
  std::string name = "Rooms";
  Creators creators = Creators::local;
  std::vector<std::string> creator_list;
  std::uint32_t rooms_of_an_owner = 100;
  bool lock_new_rooms = true;
  // What a new room is like until its owner says otherwise.
  bool default_persistent = false;
  bool default_public = true;
  bool default_members_only = false;
  bool default_moderated = false;
  bool default_non_anonymous = false;
  bool default_archive = true;
  std::uint32_t default_history = 20;
  // Who is what by a group.
  std::vector<std::string> owner_groups;
  std::vector<std::string> admin_groups;
  std::vector<std::string> member_groups;
  std::vector<GroupRule> group_rules;   // what these say; filled when the extension is installed
  // Limits of every room.
  std::uint32_t occupants = 5000;
  std::uint32_t clients_of_an_occupant = 10;
  std::uint32_t affiliations = 10'000;
  std::uint32_t history = 100;
  std::uint32_t nickname_length = 64;
  Bytes message_bytes = 64 * KiB;
  Bytes presence_bytes = 16 * KiB;
  Bytes vcard_bytes = 64 * KiB;
  Bytes rate{16 * 1024};
  Bytes rate_burst{256 * 1024};
  std::uint32_t archive_page = 100;
  bool push_mentions = true;
  // What goes by itself.
  std::chrono::seconds remove_after_idle{0};
  std::chrono::seconds keep_for{0};
  Bytes keep_bytes{0};
};

inline constexpr auto muc_option_list = std::tuple{
    Option{"name", &MucOptions::name, Range{1, 200}, "What the service is called in lists."},
    Option{"creators", &MucOptions::creators,
           "Who may create rooms: \"everybody\", other servers' users too; \"local\": accounts of this server; \"listed\": those of creator_list; "
           "\"administrators\": those of this domain. Administrators always may."},
    Option{"creator_list", &MucOptions::creator_list, Range{0, 1000},
           "With creators = \"listed\": addresses of people, or domains whose users may create rooms."},
    Option{"rooms_of_an_owner", &MucOptions::rooms_of_an_owner, Range{0, 1000},
           "Rooms one address may own when it creates another; administrators are not counted. 0: no limit."},
    Option{"lock_new_rooms", &MucOptions::lock_new_rooms,
           "A new room lets nobody in until its owner has configured it or accepted the defaults (XEP-0045 section 10.1). Off: it is open at once."},
    Option{"default_persistent", &MucOptions::default_persistent, "New rooms stay when the last occupant leaves, unless configured otherwise."},
    Option{"default_public", &MucOptions::default_public, "New rooms are listed, unless configured otherwise."},
    Option{"default_members_only", &MucOptions::default_members_only, "New rooms let only members in, unless configured otherwise."},
    Option{"default_moderated", &MucOptions::default_moderated, "In new rooms only those with voice may speak, unless configured otherwise."},
    Option{"default_non_anonymous", &MucOptions::default_non_anonymous,
           "New rooms show every occupant's real address to all, unless configured otherwise. Off: to moderators only."},
    Option{"default_archive", &MucOptions::default_archive,
           "New rooms keep an archive, unless configured otherwise: a message is handed to the occupants when it is on disk."},
    Option{"default_history", &MucOptions::default_history, Range{0, 1000}, "Messages a new room shows to who enters, unless configured otherwise."},
    Option{"owner_groups", &MucOptions::owner_groups, Range{0, 1000},
           "Groups of directories whose members are owners: \"group@domain\" in all rooms, \"room=group@domain\" in that one, "
           "\"name-*=group@domain\" in those whose names begin so. Who has more in a room keeps it, and an outcast stays one."},
    Option{"admin_groups", &MucOptions::admin_groups, Range{0, 1000}, "The same of admins."},
    Option{"member_groups", &MucOptions::member_groups, Range{0, 1000}, "The same of members."},
    Option{"occupants", &MucOptions::occupants, Range{1, 100'000}, "Occupants of a room, whatever its owner configures; a few more for owners and admins."},
    Option{"clients_of_an_occupant", &MucOptions::clients_of_an_occupant, Range{1, 100}, "Clients of one user that share one nickname."},
    Option{"affiliations", &MucOptions::affiliations, Range{10, 1'000'000}, "Owners, admins, members and outcasts of one room together."},
    Option{"history", &MucOptions::history, Range{0, 1000}, "Messages any room shows to who enters, whatever its owner configures."},
    Option{"nickname_length", &MucOptions::nickname_length, Range{1, 500}, "Characters of a nickname."},
    Option{"message_bytes", &MucOptions::message_bytes, Range{Bytes{1000}, 1 * MiB}, "Bytes of a message to a room."},
    Option{"presence_bytes", &MucOptions::presence_bytes, Range{Bytes{1000}, 256 * KiB}, "Bytes of a presence in a room."},
    Option{"vcard_bytes", &MucOptions::vcard_bytes, Range{1 * KiB, 200 * KiB}, "Bytes of a room's vCard, its avatar included."},
    Option{"rate", &MucOptions::rate, Range{Bytes{0}, Bytes{1024ULL * 1024 * 1024}},
           "Bytes a second that one user may say in one room for long, presence included; what is more is refused. Admins and owners are not counted. "
           "0: no limit."},
    Option{"rate_burst", &MucOptions::rate_burst, Range{Bytes{16 * 1024}, Bytes{1024ULL * 1024 * 1024}}, "Bytes one user may say in one room at once."},
    Option{"archive_page", &MucOptions::archive_page, Range{1, 1000}, "Messages in one page of a room's archive."},
    Option{"push_mentions", &MucOptions::push_mentions,
           "Members who are not in the room and are mentioned in its archive, by their reserved nickname or by reference, are told by push (XEP-0357)."},
    Option{"remove_after_idle", &MucOptions::remove_after_idle, Range{std::chrono::seconds(0), std::chrono::seconds(86400LL * 3650)},
           "How long a persistent room stays in which nobody is, nobody enters, nothing is said and nothing is changed; its archive goes with it. "
           "0: for ever."},
    Option{"keep_for", &MucOptions::keep_for, Range{std::chrono::seconds(0), std::chrono::seconds(86400LL * 36500)},
           "How long messages stay in rooms' archives. 0: no limit."},
    Option{"keep_bytes", &MucOptions::keep_bytes, Range{Bytes{0}, 1024 * GiB},
           "Bytes of messages that one room's archive keeps; the oldest go first. 0: no limit."},
};

// Nothing: `text` is not as the options say.
[[nodiscard]] std::optional<GroupRule> parse_group_rule(std::string_view text, Affiliation affiliation);
// All that can be read.
[[nodiscard]] std::vector<GroupRule> group_rules_of(const MucOptions& options);

}  // namespace aldis::muc
