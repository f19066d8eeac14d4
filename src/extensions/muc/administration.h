// What operators do to rooms (core/room_administration.h), done where the rooms are; and rooms that go by themselves.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "base/options.h"
#include "core/room_administration.h"

namespace aldis {
class Extension;
class VirtualHost;
struct World;
}  // namespace aldis

namespace aldis::muc {

class DeclaredRooms;
class Room;

// What the configuration says of rooms, RoomOptions of all of them, checked; in place of what it said before. Of domains that are not served
// nothing comes of it. Takes no time; by whoever starts or reloads the server, once all is installed.
void configure_rooms(World& world, const std::vector<OptionObject>& rooms);

// Runs on the room's shard, when the room has been read, and resumes here. full: too many are being read. What is passed by reference
// outlives it.
using RoomAct = std::function<Task<Result<void>>(Room&)>;
[[nodiscard]] Task<Result<void>> in_room(World& world, const VirtualHost& host, BareJid room, RoomAct act);

// Both outlive it.
[[nodiscard]] std::unique_ptr<RoomAdministration> administration_of(World& world, const VirtualHost& host);

// Rooms of the domain that nobody has used for so long go, with all that is stored of them, a few at a time; not those that are declared.
void remove_idle_rooms(Extension& self, std::chrono::seconds after, const DeclaredRooms& declarations);

}  // namespace aldis::muc
