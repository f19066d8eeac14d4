// Rooms that nobody uses: activity is noted, and what has had none for long goes, with its archive. Activity is being there, entering,
// what is said and what is changed. It is stored when a room becomes empty and now and then before, so that a server that ends
// without a word does not take a busy room for one that has been idle since it was last empty.
#include "base/log.h"
#include "core/extension.h"
#include "core/virtual_host.h"
#include "core/world.h"
#include "extensions/muc/administration.h"
#include "extensions/muc/room.h"

namespace aldis::muc {
namespace {

constexpr std::chrono::minutes between_writes{10};   // what the store knows is never older, while something goes on
constexpr std::size_t rooms_at_a_time = 20;
constexpr std::chrono::milliseconds while_there_are_more{200};
constexpr std::chrono::milliseconds when_all_are_looked_at{60'000};

// One indexed read, which finds those that have been idle longest: the number of rooms does not matter.
Task<std::chrono::milliseconds> look(Home& home, const VirtualHost& host, std::chrono::seconds after, const DeclaredRooms& declarations) {
  const WallTime since = home.world().clock.wall() - after - between_writes;
  const Result<std::vector<RoomSummary>> idle = co_await home.world().stores.rooms.idle_since(std::string(host.domain()), since, rooms_at_a_time);
  if (!idle) {
    log::warning("idle-rooms-not-found", {{"domain", host.domain()}, {"cause", idle.error().what}});
    co_return when_all_are_looked_at;
  }
  for (const RoomSummary& each : *idle) {
    if (declarations.find(each.room.local()) != nullptr) {   // out of the way of those behind it, without being read
      const Result<void> touched = co_await home.world().stores.rooms.touch(each.room, home.world().clock.wall());
      if (!touched) {
        log::warning("room-not-touched", {{"room", each.room.str()}, {"cause", touched.error().what}});
        co_return when_all_are_looked_at;
      }
      continue;
    }
    const RoomAct remove = [since](Room& room) { return room.remove_if_idle(since); };
    const Result<void> done = co_await in_room(home.world(), host, each.room, remove);
    if (!done) {
      log::warning("idle-room-not-removed", {{"room", each.room.str()}, {"cause", done.error().what}});
      co_return when_all_are_looked_at;
    }
  }
  co_return idle->size() == rooms_at_a_time ? while_there_are_more : when_all_are_looked_at;
}

}  // namespace

void remove_idle_rooms(Extension& self, std::chrono::seconds after, const DeclaredRooms& declarations) {
  self.on_time([&host = self.host(), after, &declarations](Home& home) { return look(home, host, after, declarations); });
}

void Room::note_activity() {
  record_.last_active = std::max(record_.last_active, home_.world().clock.wall());
  if (state_ == State::open && config_.is_persistent && record_.last_active - activity_stored_ >= between_writes) {
    spawn(store_activity(Pin(*this)));
  }
}

Task<void> Room::store_activity(Pin self) {
  activity_stored_ = record_.last_active;
  const Result<void> touched = co_await rooms().touch(jid_, activity_stored_);
  if (!touched) {
    log::warning("room-not-touched", {{"room", jid_.str()}, {"cause", touched.error().what}});
  }
}

Task<Result<void>> Room::remove_if_idle(WallTime since) {
  const Pin self(*this);
  const Serial::Hold hold = co_await changes_.enter();
  if (state_ == State::unreadable && !is_corrupt_) {
    co_return fail(ErrorKind::unavailable, "the room could not be read");
  }
  // What cannot be read is for an operator to look at.
  const bool is_kept = state_ == State::unreadable || !occupants_.empty() || declarations_.find(jid_.local()) != nullptr;
  if (is_kept || (state_ == State::open && record_.last_active >= since)) {   // out of the way of those behind it
    Result<void> touched = co_await rooms().touch(jid_, is_kept ? home_.world().clock.wall() : record_.last_active);
    co_return touched;
  }
  if (state_ == State::locked || state_ == State::creating) {  // not stored yet
    co_return Result<void>{};
  }
  const bool was_there = std::exchange(state_, State::creating) == State::open;   // who comes now waits for what is decided
  Result<void> removed = co_await rooms().remove(jid_);
  if (!removed && removed.error().kind == ErrorKind::not_found) {  // a temporary room goes when it is looked at
    removed = Result<void>{};
  }
  if (removed) {
    become_absent();
    if (was_there) {
      log::info("audit-room-destroyed", {{"room", jid_.str()}, {"by", "the server"}, {"why", "nobody used it for remove_after_idle"}});
    }
  } else {
    state_ = was_there ? State::open : State::absent;
  }
  handle_waiting();
  co_return removed;
}

}  // namespace aldis::muc
