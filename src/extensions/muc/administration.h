// What operators do to rooms (core/room_administration.h), done where the rooms are.
#pragma once
#include <memory>

#include "core/room_administration.h"

namespace aldis {
class VirtualHost;
struct World;
}  // namespace aldis

namespace aldis::muc {

// Both outlive it.
[[nodiscard]] std::unique_ptr<RoomAdministration> administration_of(World& world, const VirtualHost& host);

}  // namespace aldis::muc
