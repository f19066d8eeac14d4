// The rooms in memory: a store of its own under the mutex of the others, with what they keep under a room's address.
#pragma once
#include <functional>
#include <map>
#include <mutex>

#include "storage/memory/memory_turn.h"
#include "storage/room_store.h"

namespace aldis {

class MemoryRooms final : public RoomStore {
 public:
  // Called with the mutex held.
  struct Others {
    std::function<void(const std::string& room)> purge;        // its archive, its vCard
    std::function<bool(const std::string& room)> is_account;
  };
  MemoryRooms(std::mutex& mutex, Others others, bool answers_later)
      : mutex_(mutex), others_(std::move(others)), turn_{answers_later} {}

  Task<Result<std::optional<RoomImage>>> load(BareJid room) override;
  Task<Result<void>> create(RoomImage image) override;
  Task<Result<void>> save(RoomRecord record, std::vector<RoomAffiliation> changed) override;
  Task<Result<void>> touch(BareJid room, WallTime last_active) override;
  Task<Result<void>> remove(BareJid room) override;
  Task<Result<RoomPage>> list(std::string domain, RoomPageRequest request) override;
  Task<Result<std::uint64_t>> count(std::string domain, bool only_public) override;
  Task<Result<std::vector<BareJid>>> owned_by(std::string domain, BareJid owner, std::size_t limit) override;
  Task<Result<std::vector<RoomSummary>>> idle_since(std::string domain, WallTime before, std::size_t limit) override;
  Task<Result<void>> save_occupants(BareJid room, std::vector<StoredOccupant> occupants) override;
  Task<Result<std::vector<StoredOccupant>>> take_occupants(BareJid room) override;
  Task<Result<std::vector<BareJid>>> rooms_with_occupants(std::string after, std::size_t limit) override;

 private:
  using Key = std::pair<std::string, std::string>;   // domain, localpart
  struct Room {
    RoomRecord record;
    std::map<Jid, RoomAffiliation> affiliations;
  };
  static Key key_of(const BareJid& room) { return {std::string(room.domain()), std::string(room.local())}; }
  static void apply(Room& room, std::vector<RoomAffiliation> changed);

  std::mutex& mutex_;
  Others others_;
  Turn turn_;
  std::map<Key, Room> rooms_;
  std::map<Key, std::vector<StoredOccupant>> occupants_;   // none is empty
};

}  // namespace aldis
