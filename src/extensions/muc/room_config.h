// RoomConfig: what an owner decides about a room, and its form (XEP-0045 1.35.5 section 10.2; muc#roomconfig of section 16.5.3).
// Values of wrong types change nothing.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "extensions/muc/options.h"
#include "extensions/muc/role.h"
#include "xmpp/form.h"

namespace aldis::muc {

struct RoomConfig {
  enum class Who : std::uint8_t { anyone, participants, moderators, none };

  std::string name{};
  std::string description{};
  std::string language{};
  std::string password{};          // empty: none is asked for
  std::string pubsub{};            // XMPP URI of an associated node
  std::string contacts{};          // addresses, one a line
  bool is_persistent = false;
  bool is_public = true;
  bool is_members_only = false;
  bool is_moderated = false;
  bool is_non_anonymous = false;
  bool keeps_archive = true;       // for occupants and members (XEP-0313)
  bool is_logged = false;          // told to be public somewhere else: status 170
  bool occupants_change_subject = false;
  bool members_invite = false;
  bool takes_registrations = true;
  bool takes_voice_requests = true;
  bool locks_nicknames = false;    // who has a reserved nickname gets it, and no other
  bool lists_occupants = false;    // in service discovery, to anybody
  Who private_messages = Who::anyone;
  Roles broadcast = Roles::all();  // whose presence is shown
  Roles member_list = Roles().with(Role::moderator);
  std::uint32_t max_users = 0;     // 0: as many as the service allows
  std::uint32_t history = 20;
  std::chrono::seconds slow_mode{0};   // XEP-0500 (0.1.1)

  [[nodiscard]] static RoomConfig defaults(const MucOptions& options);
  // Words of ours for the store, and back; nothing where they cannot be read.
  [[nodiscard]] std::string to_text() const;
  [[nodiscard]] static std::optional<RoomConfig> from_text(std::string_view text);

  friend bool operator==(const RoomConfig&, const RoomConfig&) = default;
};

// What is known of a room that is, or was, the configuration's (declared_rooms.h).
struct DeclarationMark {
  std::string digest{};        // of the declaration that was stored last; empty: it has none
  std::uint64_t version = 0;   // of the affiliations with which its people last changed; older lists (XEP-0463) do not have that

  friend bool operator==(const DeclarationMark&, const DeclarationMark&) = default;
};

// What is said of a room where rooms are found (XEP-0433), without reading all of it.
struct Listing {
  bool is_open = false;            // entered without being a member or knowing a password
  bool is_non_anonymous = false;
  std::string language{};
  std::string description{};
  DeclarationMark declared{};

  [[nodiscard]] std::string to_text() const;   // RoomRecord::details
  [[nodiscard]] static Listing from_text(const std::string& text);
};
[[nodiscard]] Listing listing_of(const RoomConfig& config);

[[nodiscard]] std::vector<std::string> lines(const std::string& all);

// The form for an owner, filled with what stands now. `fixed`: fields that are the configuration's, which says so in their descriptions.
[[nodiscard]] Form config_form(const RoomConfig& config, std::string_view room, bool is_new, std::vector<std::string> admins,
                               std::vector<std::string> owners, const std::vector<std::string_view>& fixed = {});

struct SubmittedConfig {
  RoomConfig config;
  std::optional<std::vector<BareJid>> admins{};   // the full list, where it was submitted
  std::optional<std::vector<BareJid>> owners{};
};
// What an owner has submitted, on top of what stands. bad-request, not-acceptable: the room stays as it is.
[[nodiscard]] Result<SubmittedConfig, StanzaError> read_config(const RoomConfig& config, const MucOptions& options,
                                                               const Form& submitted, bool needs_owner = true);

}  // namespace aldis::muc
