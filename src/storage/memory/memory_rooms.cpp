// Each method waits its turn, then locks, and never holds the lock over a wait.
#include "storage/memory/memory_rooms.h"

#include <algorithm>

namespace aldis {
namespace {

constexpr std::size_t longest_page = 1000;

Unexpected<Error> no_room(const BareJid& room) { return fail(ErrorKind::not_found, "room " + room.str()); }

RoomSummary summary_of(const RoomRecord& record) {
  return {.room = record.room,
          .name = record.name,
          .details = record.details,
          .is_public = record.is_public,
          .is_persistent = record.is_persistent,
          .created = record.created,
          .last_active = record.last_active};
}

bool fits(const RoomRecord& record, const RoomPageRequest& request) {
  const std::string_view local = record.room.local();
  return (record.is_public || !request.only_public) && local > request.after &&
         (request.before.empty() || local < request.before) &&
         has_all_words(record.searchable, request.words, request.lines);
}

}  // namespace

void MemoryRooms::apply(Room& room, std::vector<RoomAffiliation> changed) {
  for (RoomAffiliation& each : changed) {
    const Jid jid = each.jid;
    room.affiliations.insert_or_assign(jid, std::move(each));
  }
  std::vector<std::pair<std::uint64_t, Jid>> removed;
  for (const auto& [jid, each] : room.affiliations) {
    if (each.affiliation == Affiliation::none) {
      removed.emplace_back(each.version, jid);
    }
  }
  if (removed.size() > RoomAffiliation::max_removed) {
    std::ranges::sort(removed, std::greater());
    const std::uint64_t last_forgotten = removed[RoomAffiliation::max_removed].first;
    std::erase_if(room.affiliations, [&](const auto& entry) {
      return entry.second.affiliation == Affiliation::none && entry.second.version <= last_forgotten;
    });
    room.record.affiliations_complete_since = last_forgotten;
  }
}

Task<Result<std::optional<RoomImage>>> MemoryRooms::load(BareJid room) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  const auto at = rooms_.find(key_of(room));
  if (at == rooms_.end()) {
    co_return std::optional<RoomImage>();
  }
  RoomImage image{.record = at->second.record, .affiliations = {}, .has_occupants = occupants_.contains(at->first)};
  for (const auto& [jid, affiliation] : at->second.affiliations) {
    image.affiliations.push_back(affiliation);
  }
  co_return std::optional(std::move(image));
}

Task<Result<void>> MemoryRooms::create(RoomImage image) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  const Key key = key_of(image.record.room);
  if (rooms_.contains(key) || others_.is_account(image.record.room.str())) {
    co_return fail(ErrorKind::already_exists, "room " + image.record.room.str());
  }
  others_.purge(image.record.room.str());
  occupants_.erase(key);
  Room& room = rooms_.emplace(key, Room{std::move(image.record), {}}).first->second;
  apply(room, std::move(image.affiliations));
  co_return Result<void>{};
}

Task<Result<void>> MemoryRooms::save(RoomRecord record, std::vector<RoomAffiliation> changed) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  const auto at = rooms_.find(key_of(record.room));
  if (at == rooms_.end()) {
    co_return no_room(record.room);
  }
  RoomRecord& stored = at->second.record;
  record.created = stored.created;
  record.affiliations_complete_since = stored.affiliations_complete_since;
  stored = std::move(record);
  apply(at->second, std::move(changed));
  co_return Result<void>{};
}

Task<Result<void>> MemoryRooms::touch(BareJid room, WallTime last_active) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  if (const auto at = rooms_.find(key_of(room)); at != rooms_.end()) {
    at->second.record.last_active = std::max(at->second.record.last_active, last_active);
  }
  co_return Result<void>{};
}

Task<Result<void>> MemoryRooms::remove(BareJid room) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  if (rooms_.erase(key_of(room)) == 0) {
    co_return no_room(room);
  }
  occupants_.erase(key_of(room));
  others_.purge(room.str());
  co_return Result<void>{};
}

Task<Result<RoomPage>> MemoryRooms::list(std::string domain, RoomPageRequest request) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  RoomPage page;
  for (const auto& [key, room] : rooms_) {
    if (key.first == domain && fits(room.record, request)) {
      page.rooms.push_back(summary_of(room.record));
    }
  }
  const std::size_t limit = std::min(request.limit, longest_page);
  if (page.rooms.size() > limit) {
    page.is_complete = false;
    const auto surplus = static_cast<std::ptrdiff_t>(page.rooms.size() - limit);
    const auto first = request.is_last_page ? page.rooms.begin() : page.rooms.end() - surplus;
    page.rooms.erase(first, first + surplus);
  }
  co_return page;
}

Task<Result<std::uint64_t>> MemoryRooms::count(std::string domain, bool only_public) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  co_return static_cast<std::uint64_t>(std::ranges::count_if(rooms_, [&](const auto& entry) {
    return entry.first.first == domain && (entry.second.record.is_public || !only_public);
  }));
}

Task<Result<std::vector<BareJid>>> MemoryRooms::owned_by(std::string domain, BareJid owner, std::size_t limit) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  std::vector<BareJid> found;
  for (const auto& [key, room] : rooms_) {
    const auto at = room.affiliations.find(Jid(owner));
    if (key.first == domain && at != room.affiliations.end() && at->second.affiliation == Affiliation::owner &&
        found.size() < limit) {
      found.push_back(room.record.room);
    }
  }
  co_return found;
}

Task<Result<std::vector<RoomSummary>>> MemoryRooms::idle_since(std::string domain, WallTime before, std::size_t limit) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  std::vector<RoomSummary> found;
  for (const auto& [key, room] : rooms_) {
    if (key.first == domain && room.record.last_active < before) {
      found.push_back(summary_of(room.record));
    }
  }
  std::ranges::stable_sort(found, {}, &RoomSummary::last_active);
  found.erase(found.begin() + static_cast<std::ptrdiff_t>(std::min({found.size(), limit, longest_page})), found.end());
  co_return found;
}

Task<Result<void>> MemoryRooms::save_occupants(BareJid room, std::vector<StoredOccupant> occupants) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  occupants_.erase(key_of(room));
  if (!occupants.empty()) {
    occupants_.emplace(key_of(room), std::move(occupants));
  }
  co_return Result<void>{};
}

Task<Result<std::vector<StoredOccupant>>> MemoryRooms::take_occupants(BareJid room) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  std::vector<StoredOccupant> taken;
  if (const auto at = occupants_.find(key_of(room)); at != occupants_.end()) {
    taken = std::move(at->second);
    occupants_.erase(at);
  }
  co_return taken;
}

Task<Result<std::vector<BareJid>>> MemoryRooms::rooms_with_occupants(std::string after, std::size_t limit) {
  co_await turn_;
  const std::scoped_lock held(mutex_);
  const auto behind = BareJid::parse(after);
  std::vector<BareJid> found;
  for (auto at = behind ? occupants_.upper_bound(key_of(*behind)) : occupants_.begin();
       at != occupants_.end() && found.size() < std::min(limit, longest_page); ++at) {
    found.push_back(BareJid::of(at->first.second, at->first.first).value());
  }
  co_return found;
}

}  // namespace aldis
