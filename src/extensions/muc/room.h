// Room: one room of Multi-User Chat, XEP-0045 (1.35.5), as a serial machine on the shard its address hashes to. What comes in is
// delivered one stanza at a time; what goes out leaves through its FanOut, in order. Changes of what is stored are written before
// anybody is told of them. Its parts, each a file: room.cpp (what comes in, loading, memory), room_create, room_enter, room_leave,
// room_presence, room_messages, room_private, room_relay (iq between occupants), room_roles, room_affiliations, room_lists, room_versions,
// room_groups, room_declared (what the configuration says of it), room_configuration, room_destroy, room_invitations, room_voice, room_registration, room_moderation, room_hats, room_avatar, room_mentions,
// room_discovery,
// room_administration (operators), room_idle (what nobody uses),
// room_suspension (over a restart).
//
//   absent --enter--> creating --store has no quota against it--> locked --owner's form--> open --owner--> destroyed (absent)
//      |                                                            |                       |  last leaves a temporary room
//      +--load: it is stored--> open                                +--cancel, owner leaves-+--> absent
#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/resident.h"
#include "core/rate.h"
#include "extensions/muc/archive.h"
#include "extensions/muc/declared_rooms.h"
#include "extensions/muc/fan_out.h"
#include "extensions/muc/hats.h"
#include "extensions/muc/history.h"
#include "extensions/muc/mentions.h"
#include "extensions/muc/occupant.h"
#include "extensions/muc/options.h"
#include "extensions/muc/privileges.h"
#include "extensions/muc/relayed.h"
#include "extensions/muc/room_config.h"
#include "runtime/serial.h"
#include "storage/room_store.h"

namespace aldis::muc {

class Room final : public Resident {
 public:
  Room(Home& home, const VirtualHost& host, BareJid jid, const MucOptions& options, const DeclaredRooms& declarations);
  ~Room() override;

  // ---- Resident
  [[nodiscard]] Task<void> load() override;
  void deliver(Envelope envelope) override;
  void on_gone(SessionId session) override;
  void shut_down() override;
  [[nodiscard]] Task<void> suspend() override;
  [[nodiscard]] Rest rest() const override;
  [[nodiscard]] std::size_t memory() const override;

  [[nodiscard]] const BareJid& jid() const { return jid_; }
  // ---- for operators (core/room_administration.h)
  [[nodiscard]] Task<Result<void>> create_for(BareJid owner);
  [[nodiscard]] Task<Result<void>> destroy_for(std::string reason);
  [[nodiscard]] Task<Result<void>> set_affiliation_for(Jid jid, Affiliation affiliation, std::string reason);
  // Not an error: somebody is or has been here after all.
  [[nodiscard]] Task<Result<void>> remove_if_idle(WallTime since);
  // Somebody may be in other groups than before.
  void groups_changed();
  // The configuration may say something else of the room, or something at all.
  void declaration_changed();
  // The same, to the end: the room is there as it is declared, and so is what is stored of it. unavailable: later, perhaps.
  [[nodiscard]] Task<Result<void>> follow_declaration();
  [[nodiscard]] std::size_t occupant_count() const { return occupants_.size(); }
  [[nodiscard]] bool exists() const { return state_ == State::open || state_ == State::locked; }

 private:
  enum class State : std::uint8_t { absent, unreadable, creating, locked, open };
  // While one lives the room stays in memory: coroutines hold one.
  class Pin {
   public:
    explicit Pin(Room& room) : room_(&room) { ++room.pins_; }
    Pin(const Pin& other) : Pin(*other.room_) {}
    Pin& operator=(const Pin&) = delete;
    ~Pin() {
      if (--room_->pins_ == 0 && room_->state_ == State::absent) {
        room_->home_.residents().look_at(room_->jid_.str());
      }
    }
    Room* operator->() const { return room_; }
    Room& operator*() const { return *room_; }

   private:
    Room* room_;
  };

  // room.cpp
  void handle(const Envelope& envelope);
  void handle_presence(const Envelope& envelope);
  void handle_message(const Envelope& envelope);
  void handle_iq(const Envelope& envelope);
  void answer(const Envelope& request, StanzaPtr answer);          // behind what was said before
  void refuse(const Envelope& envelope, const StanzaError& error); // an error to its sender alone
  void refuse(const Envelope& envelope, StanzaCondition condition) { refuse(envelope, StanzaError(condition)); }
  void answer_later(Envelope request, Task<StanzaPtr> task);
  [[nodiscard]] RoomStore& rooms();
  [[nodiscard]] Occupant* occupant_of(const Jid& client) const;          // null: the client is not in the room
  [[nodiscard]] Occupant* occupant_called(std::string_view nickname) const;
  [[nodiscard]] Affiliation affiliation_of(const Jid& user) const;       // of the bare address or its domain, or by a group
  [[nodiscard]] Affiliation listed_affiliation(std::string_view bare) const;   // of this very address, as lists have it: stored or declared
  [[nodiscard]] const RoomAffiliation* affiliation_record(const BareJid& user) const;
  [[nodiscard]] Standing standing_of(const Jid& client) const;
  [[nodiscard]] bool sees_real_jids(Role role) const { return config_.is_non_anonymous || role == Role::moderator; }
  [[nodiscard]] std::string occupant_id_of(const BareJid& user) const;
  [[nodiscard]] bool spends(const Jid& user, Affiliation affiliation, std::size_t bytes);   // false: more than it may
  void become_absent();

  [[nodiscard]] Affiliation affiliation_by_groups(const Jid& user) const;   // room_groups.cpp; none where there are none

  // room_declared.cpp
  struct Listed {
    const Jid* jid;
    Affiliation affiliation;
    const RoomAffiliation* record;       // null: it is declared alone
  };
  [[nodiscard]] std::vector<Listed> listed() const;                      // none are not in it
  // Why an affiliation cannot be: the declaration says otherwise. Nothing: it can.
  [[nodiscard]] std::optional<std::string> contradicts_declaration(const BareJid& user, Affiliation wanted) const;
  [[nodiscard]] bool take_declaration();   // of a room that is being read; false: the store has it as it is
  [[nodiscard]] Task<Result<void>> make_declared();
  [[nodiscard]] Task<Result<void>> open_declared();
  [[nodiscard]] Task<Result<void>> lay_declaration(DeclaredRoomPtr now);
  Task<void> make_for_waiting(Pin self);

  // room_create.cpp
  void create(const Envelope& entering);
  Task<void> create_checked(Pin self, Envelope entering);
  Task<Result<void>> store_new();
  void found();
  void handle_waiting();
  [[nodiscard]] bool may_create(const Envelope& entering) const;
  [[nodiscard]] RoomRecord current_record() const;                       // as it is to be stored
  [[nodiscard]] RoomRecord changed_record();                             // the same with a change, which is activity

  // room_idle.cpp
  void note_activity();
  Task<void> store_activity(Pin self);

  // room_enter.cpp
  void enter(const Envelope& envelope, const xml::Element& muc);
  [[nodiscard]] std::optional<StanzaError> refuses_entry(const Envelope& envelope, const xml::Element& muc, Affiliation affiliation) const;
  // The nickname to use instead, where one is reserved and others are not allowed; or why this one cannot be used.
  [[nodiscard]] Result<std::string, StanzaError> nickname_for(const BareJid& user, std::string_view wanted) const;
  void add_client(Occupant& occupant, const Envelope& envelope, const xml::Element& muc, bool is_assigned);
  void show_room_to(const Occupant& occupant, const Recipient& client);
  void show_history_to(const Recipient& client, HistoryLimits limits);

  // room_leave.cpp
  struct Departure {
    std::vector<int> codes{};
    std::string reason{};
    const Occupant* actor = nullptr;
    std::string actor_address{};        // where the actor is not in the room and may be named
    StanzaPtr presence{};               // the client's own, if it leaves by itself
    std::string more{};                 // further children of muc#user's x
    std::string versions{};             // of the change of an affiliation behind it (XEP-0463)
  };
  void leave(const Envelope& envelope, Occupant& occupant);
  void remove_client(Occupant& occupant, const Jid& client, const Departure& departure);
  void remove_occupant(Occupant& occupant, const Departure& departure, UniqueFunction<void()> between = {});
  void forget_occupant(Occupant& occupant);
  void free_nickname(const Occupant& occupant);
  void after_leaving();
  Task<void> remove_temporary(Pin self);

  // room_suspension.cpp
  [[nodiscard]] Task<bool> revive();       // false: nobody is back, and nothing was done
  struct Left {                            // must not be here any more
    FullJid client;
    int code;
  };
  [[nodiscard]] std::optional<Left> seat(const StoredOccupant& stored, SessionId session);

  // room_presence.cpp
  void change_presence(const Envelope& envelope, Occupant& occupant);
  void change_nickname(const Envelope& envelope, Occupant& occupant);
  struct Note {                          // what goes with a presence of an occupant
    std::vector<int> codes{};
    std::string_view new_nickname{};
    std::string_view reason{};
    const Occupant* actor = nullptr;
    std::string_view actor_address{};
    std::string_view more{};
    std::string_view versions{};         // of the change of an affiliation behind it (XEP-0463)
    bool is_leaving = false;
    std::string_view id{};               // of the presence it answers
  };
  [[nodiscard]] StanzaPtr presence_of(const Occupant& occupant, const OccupantClient& client, bool is_open, const Note& note) const;
  [[nodiscard]] const StanzaPtr& shown(Occupant& occupant, bool is_open) const;   // as it is
  void announce(Occupant& occupant, const Note& note);                 // to all; to itself with status 110
  [[nodiscard]] StanzaPtr cleaned(const Stanza& presence) const;
  void note_confused(const Envelope& envelope);                        // section 7.2.18

  // room_messages.cpp
  void speak(const Envelope& envelope);
  void change_subject(const Envelope& envelope, Occupant& speaker);
  [[nodiscard]] StanzaPtr reflected(const Stanza& message, const Occupant& speaker, ArchiveId id) const;
  Task<void> record_and_say(Pin self, Envelope envelope, StanzaPtr said, ArchiveId id, MessageAuthor author,
                            FanOut::Ticket ticket);
  Task<void> store_subject(Pin self, Envelope envelope, StanzaPtr said, ArchiveId id, MessageAuthor author,
                           std::string nickname, FanOut::Ticket ticket);
  void say(const Envelope& envelope, StanzaPtr said);
  [[nodiscard]] StanzaPtr subject() const;
  // room_moderation.cpp
  void moderate_message(const Envelope& envelope);
  Task<StanzaPtr> moderate_stored(Pin self, Envelope envelope, Moderation moderation, Jid moderator, std::string occupant_id, ArchiveId id,
                                  FanOut::Ticket ticket);
  [[nodiscard]] RoomArchiveView archive_view(const Jid& who) const;
  void note_configuration(const std::vector<int>& codes);

  void note_mentions(const StanzaPtr& said, const BareJid& author, TraceId trace);   // room_mentions.cpp; of what is recorded

  // room_private.cpp, room_relay.cpp
  void send_private(const Envelope& envelope);
  void relay(const Envelope& envelope);
  void relay_answer(const Envelope& envelope);

  // room_roles.cpp, room_affiliations.cpp, room_lists.cpp
  void administrate(const Envelope& envelope);
  void change_roles(const Envelope& envelope, const xml::Element& query);
  void set_role(Occupant& occupant, Role role, std::string_view reason, std::string_view versions = {});
  struct AffiliationChange {
    BareJid user;
    Affiliation wanted;
    std::optional<std::string> nickname{};
    std::string reason{};
  };
  [[nodiscard]] Result<std::vector<AffiliationChange>, StanzaError> read_changes(const xml::Element& query) const;
  Task<StanzaPtr> change_affiliations(Pin self, Envelope envelope, std::vector<AffiliationChange> changes);
  [[nodiscard]] std::optional<StanzaError> refuses(const Jid& actor, const std::vector<AffiliationChange>& changes) const;
  [[nodiscard]] bool leaves_an_owner(const std::vector<AffiliationChange>& changes) const;   // section 10
  [[nodiscard]] std::vector<RoomAffiliation> versions_of(const std::vector<AffiliationChange>& changes);
  void apply(const RoomAffiliation& changed, const Jid& actor);
  // `since`: the version before.
  bool regrade(const RoomAffiliation& changed, Affiliation before, const Jid& actor, int code_of_removal, std::uint64_t since);
  void send_list(const Envelope& envelope, const xml::Element& item);
  [[nodiscard]] ListRules list_rules() const { return {config_.is_non_anonymous, config_.member_list}; }

  // room_versions.cpp
  [[nodiscard]] std::string version_text(std::uint64_t version) const;
  [[nodiscard]] std::optional<std::uint64_t> read_version(std::string_view text) const;   // nothing: no version of this room
  void write_versions(xml::Writer& writer, std::optional<std::uint64_t> since, std::uint64_t until) const;   // <mav/>
  [[nodiscard]] std::string versions(std::uint64_t since, std::uint64_t until) const;
  void note_version(const RoomAffiliation& changed);
  void tell_affiliations(const Occupant& occupant, const Recipient& client, const xml::Element& muc, std::string_view id);
  void tell_affiliation(const RoomAffiliation& changed, Affiliation before, std::uint64_t since);

  // room_configuration.cpp, room_destroy.cpp
  void own(const Envelope& envelope);
  [[nodiscard]] StanzaPtr configuration_form(const Envelope& envelope) const;
  Task<StanzaPtr> configure(Pin self, Envelope envelope, Form submitted);
  void apply_config(RoomConfig config, bool is_new);
  [[nodiscard]] static std::vector<int> codes_of_change(const RoomConfig& before, const RoomConfig& after);
  Task<StanzaPtr> destroy(Pin self, Envelope envelope);
  void tell_of_destruction(std::string_view alternative, std::string_view password, std::string_view reason);

  // room_invitations.cpp, room_voice.cpp, room_registration.cpp
  void mediate(const Envelope& envelope, const xml::Element& x);
  [[nodiscard]] bool may_invite(const Occupant& inviter) const;
  Task<void> invite_as_member(Pin self, Envelope envelope, BareJid invitee, std::string reason, std::string more);
  void send_invitation(const Jid& invitee, const Jid& inviter, std::string_view reason, std::string_view more, std::string_view id);
  void decline(const Envelope& envelope, const xml::Element& decline);
  void take_form(const Envelope& envelope, const Form& form);
  void request_voice(const Envelope& envelope, const Form& form);
  void approve_voice(const Envelope& envelope, const Form& form);
  void answer_registration_get(const Envelope& envelope);
  Task<StanzaPtr> register_member(Pin self, Envelope envelope);
  // Null: it has been answered. Within changes_.
  Task<StanzaPtr> store_registration(Envelope envelope, BareJid user, Affiliation affiliation, std::string nickname);
  struct Registration {
    BareJid user;
    std::string nickname;
  };
  void ask_for_approval(const BareJid& user, const std::string& nickname);
  Task<void> register_approved(Pin self, Envelope envelope, Registration registration);
  void approve_registration(const Envelope& envelope, const Form& form);

  // room_hats.cpp
  [[nodiscard]] bool may_execute(HatCommand which, const Jid& who) const;
  [[nodiscard]] std::string execution_id(const Jid& who, std::string_view node, std::int64_t begun) const;   // seconds since 1970
  [[nodiscard]] std::optional<StanzaError> problem_of_execution(std::string_view id, const Jid& who, std::string_view node) const;
  void execute(const Envelope& envelope);
  Task<StanzaPtr> change_hats(Pin self, Envelope envelope, HatCommand which, Form form, std::string session);
  bool discover_commands(const Envelope& envelope, bool is_info, std::string_view node);

  // room_avatar.cpp
  void handle_card(const Envelope& envelope);
  Task<StanzaPtr> load_card(Pin self, Envelope envelope);
  Task<StanzaPtr> store_card(Pin self, Envelope envelope, std::string hashes);

  // room_discovery.cpp
  void discover(const Envelope& envelope, bool is_info);
  void write_info(xml::Writer& writer) const;

  Home& home_;
  const VirtualHost& host_;
  const MucOptions& options_;
  const DeclaredRooms& declarations_;
  BareJid jid_;
  State state_ = State::absent;
  RoomRecord record_;
  DeclaredRoomPtr declared_;             // as it is in force here; null: it is not declared
  DeclarationMark mark_{};               // as the store has it, but for a version that it is about to have
  RoomConfig config_{};
  Hats hats_;
  std::unordered_map<Jid, RoomAffiliation, JidHash, JidEqual> affiliations_;   // none are not in it
  std::unordered_map<Jid, std::uint64_t, JidHash, JidEqual> removed_;          // affiliations that were taken away, with their versions
  std::uint64_t announced_version_ = 0;  // of affiliations, as occupants know it
  std::unordered_map<std::string, std::unique_ptr<Occupant>, KeyedStringHash, std::equal_to<>> occupants_;   // by nickname
  std::unordered_map<Jid, Occupant*, JidHash, JidEqual> by_client_;
  std::unordered_map<std::string, std::string, KeyedStringHash, std::equal_to<>> nickname_keys_;   // to the user who has it
  struct Talk {                          // of one user, over all clients
    Allowance allowance{};
    Monotonic last_message{};
  };
  std::unordered_map<std::string, Talk, KeyedStringHash, std::equal_to<>> talks_;
  Mentions mentions_;                    // as of that version of the affiliations
  std::uint64_t mentions_version_ = 0;
  History history_;
  FanOut fan_out_;
  Relayed relayed_;
  Serial changes_;
  std::deque<Envelope> waiting_;         // while it is being created
  std::unordered_map<std::string, std::string, KeyedStringHash, std::equal_to<>> invitations_;   // invitee to who invited
  std::vector<Registration> registrations_;   // that wait for an admin
  WallTime activity_stored_{};           // the last_active that the store has
  std::uint32_t pins_ = 0;
  bool is_corrupt_ = false;              // unreadable, and will be the next time
  bool is_new_ = false;                  // and who enters first is told
  bool is_stopping_ = false;             // with the server
  std::vector<FanOut::Speech> farewells_; // of those who have left since; for who stays, if anybody does
};

}  // namespace aldis::muc
