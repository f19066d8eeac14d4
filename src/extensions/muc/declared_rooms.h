// DeclaredRooms: what the configuration says of rooms, [[room]]: one immutable DeclaredRoom for each, in a snapshot
// that a reload replaces as a whole. A room lays it over what is stored of it (room_declared.cpp): settings that it
// says are the configuration's, affiliations that it gives are a layer of their own. Nothing of a room is read to have
// this.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "auth/directory_group.h"
#include "base/keyed_hash.h"
#include "base/options.h"
#include "extensions/muc/room_config.h"
#include "extensions/muc/room_options.h"
#include "xmpp/affiliation.h"
#include "xmpp/jid.h"

namespace aldis {
class Extension;
}

namespace aldis::muc {

struct DeclaredRoom {
  BareJid address;
  RoomOptions options;
  std::unordered_map<Jid, Affiliation, JidHash, JidEqual> people;  // bare, and domains that are kept out
  struct Group {
    GroupName group;
    Affiliation affiliation;
  };
  std::vector<Group> groups;  // the highest first
  // Of settings and people, the same after a restart: a room whose record has it has been stored with them.
  std::string digest;

  // Options as the configuration's reader accepts them.
  [[nodiscard]] static std::shared_ptr<const DeclaredRoom> make(const RoomOptions& options);
  // Of this very address; nothing: it does not say.
  [[nodiscard]] std::optional<Affiliation> of(std::string_view bare) const;
};
using DeclaredRoomPtr = std::shared_ptr<const DeclaredRoom>;

// What it says, into a room's configuration. Persistent is each of them.
void lay_over(RoomConfig& config, const RoomOptions& options);
// The fields of the owner's form that are the configuration's.
[[nodiscard]] std::vector<std::string_view> fixed_fields(const RoomOptions& options);
// The first of them that has another value there; nothing: none.
[[nodiscard]] std::optional<std::string_view> contradicts(const RoomConfig& wanted, const RoomOptions& options);

// Of one domain. From any thread.
class DeclaredRooms {
 public:
  struct Snapshot {
    std::unordered_map<std::string, DeclaredRoomPtr, KeyedStringHash, std::equal_to<>> rooms;  // by localpart
    bool has_groups = false;
  };
  using SnapshotPtr = std::shared_ptr<const Snapshot>;

  [[nodiscard]] SnapshotPtr now() const { return std::atomic_load(&now_); }
  [[nodiscard]] DeclaredRoomPtr find(std::string_view local) const;  // null: it is not declared
  // RoomOptions of all rooms. Those that are as they were stay the same objects. False: all are.
  bool replace(const std::vector<OptionObject>& rooms);

 private:
  SnapshotPtr now_ = std::make_shared<const Snapshot>();
};

// Rooms that are declared and not there are made, and what is stored of others follows, a page of the domain's list at
// a time. A room with the right mark is neither read nor written. Both outlive it.
void keep_declared_rooms(Extension& self, const DeclaredRooms& declarations);

}  // namespace aldis::muc
