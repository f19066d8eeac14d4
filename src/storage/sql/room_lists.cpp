// Lists of rooms, in pages: each reads as many rows as it gives, but for a search, which looks through the domain's rooms until
// its page is full.
#include <algorithm>

#include "storage/sql/tables.h"

namespace aldis::sql {
namespace {

constexpr std::size_t longest_page = 1000;

// What a page reads next, from one side or the other of what it has.
struct Place {
  std::string after, before;   // exclusive; an empty `before`: none
  bool is_backward = false;
  bool only_public = false;
};

struct Found {
  RoomSummary room;
  std::string searchable;
};

// At most `limit` rooms; false: an address that cannot be read.
bool read_rooms(Transaction& transaction, const std::string& domain, const Place& place, std::int64_t limit,
                std::vector<Found>& out) {
  constexpr Statement all_forward{
      "SELECT local, name, is_public, is_persistent, created, last_active, details, searchable FROM rooms"
      " WHERE domain = $1 AND local > $2 AND ($3 = '' OR local < $3) ORDER BY local LIMIT $4"};
  constexpr Statement all_backward{
      "SELECT local, name, is_public, is_persistent, created, last_active, details, searchable FROM rooms"
      " WHERE domain = $1 AND local > $2 AND ($3 = '' OR local < $3) ORDER BY local DESC LIMIT $4"};
  constexpr Statement public_forward{
      "SELECT local, name, is_public, is_persistent, created, last_active, details, searchable FROM rooms"
      " WHERE domain = $1 AND is_public = 1 AND local > $2 AND ($3 = '' OR local < $3) ORDER BY local LIMIT $4"};
  constexpr Statement public_backward{
      "SELECT local, name, is_public, is_persistent, created, last_active, details, searchable FROM rooms"
      " WHERE domain = $1 AND is_public = 1 AND local > $2 AND ($3 = '' OR local < $3) ORDER BY local DESC LIMIT $4"};
  const Statement statement = place.only_public ? (place.is_backward ? public_backward : public_forward)
                                                : (place.is_backward ? all_backward : all_forward);
  bool is_whole = true;
  transaction.each(statement, {domain, place.after, place.before, limit}, [&](const Row& row) {
    auto room = BareJid::parse(row.text(0) + "@" + domain);
    is_whole = is_whole && room;
    if (room) {
      out.push_back({.room = {.room = std::move(*room),
                              .name = row.text(1),
                              .details = row.text(6),
                              .is_public = row.boolean(2),
                              .is_persistent = row.boolean(3),
                              .created = as_time(row.integer(4)),
                              .last_active = as_time(row.integer(5))},
                     .searchable = row.text(7)});
    }
  });
  return is_whole;
}

Result<RoomPage> read_page(Transaction& transaction, const std::string& domain, const RoomPageRequest& request) {
  RoomPage page;
  const std::size_t limit = std::min(request.limit, longest_page);
  Place place{request.after, request.before, request.is_last_page, request.only_public};
  for (bool has_more = true; has_more;) {
    std::vector<Found> found;
    const std::size_t wanted = request.words.empty() ? limit + 1 : longest_page;
    if (!read_rooms(transaction, domain, place, as_integer(wanted), found)) {
      return unreadable("a room", domain);
    }
    has_more = found.size() == wanted && !request.words.empty();
    for (Found& each : found) {
      (place.is_backward ? place.before : place.after) = std::string(each.room.room.local());
      if (!has_all_words(each.searchable, request.words, request.lines)) {
        continue;
      }
      if (page.rooms.size() == limit) {
        page.is_complete = false;
        has_more = false;
        break;
      }
      page.rooms.push_back(std::move(each.room));
    }
  }
  if (request.is_last_page) {
    std::ranges::reverse(page.rooms);
  }
  return page;
}

}  // namespace

Task<Result<RoomPage>> SqlRooms::list(std::string domain, RoomPageRequest request) {
  auto work = [domain = std::move(domain), request = std::move(request)](Transaction& transaction) {
    return read_page(transaction, domain, request);
  };
  return database_.read({}, std::move(work));
}

Task<Result<std::uint64_t>> SqlRooms::count(std::string domain, bool only_public) {
  auto work = [domain = std::move(domain), only_public](Transaction& transaction) -> Result<std::uint64_t> {
    std::uint64_t count = 0;
    const auto at = [&](const Row& row) { count += row.natural(0); };
    transaction.each("SELECT COUNT(*) FROM rooms WHERE domain = $1 AND is_public = 1", {domain}, at);
    if (!only_public) {
      transaction.each("SELECT COUNT(*) FROM rooms WHERE domain = $1 AND is_public = 0", {domain}, at);
    }
    return count;
  };
  return database_.read({}, std::move(work));
}

Task<Result<std::vector<BareJid>>> SqlRooms::owned_by(std::string domain, BareJid owner, std::size_t limit) {
  auto work = [domain = std::move(domain), owner = std::move(owner), limit](Transaction& transaction) -> Result<std::vector<BareJid>> {
    std::vector<BareJid> found;
    bool is_whole = true;
    transaction.each(
        "SELECT local FROM room_affiliations WHERE jid = $1 AND affiliation = $2 AND domain = $3 ORDER BY local LIMIT $4",
        {owner.str(), static_cast<std::int64_t>(Affiliation::owner), domain, as_integer(std::min<std::size_t>(limit, 10'000))},
        [&](const Row& row) {
          auto room = BareJid::parse(row.text(0) + "@" + domain);
          is_whole = is_whole && room;
          if (room) {
            found.push_back(std::move(*room));
          }
        });
    if (!is_whole) {
      return unreadable("a room", domain);
    }
    return found;
  };
  return database_.read({}, std::move(work));
}

Task<Result<std::vector<RoomSummary>>> SqlRooms::idle_since(std::string domain, WallTime before, std::size_t limit) {
  auto work = [domain = std::move(domain), before, limit](Transaction& transaction) -> Result<std::vector<RoomSummary>> {
    std::vector<RoomSummary> found;
    bool is_whole = true;
    transaction.each(
        "SELECT local, name, is_public, is_persistent, created, last_active, details FROM rooms"
        " WHERE domain = $1 AND last_active < $2 ORDER BY last_active, local LIMIT $3",
        {domain, as_ms(before), as_integer(std::min(limit, longest_page))}, [&](const Row& row) {
          auto room = BareJid::parse(row.text(0) + "@" + domain);
          is_whole = is_whole && room;
          if (room) {
            found.push_back({.room = std::move(*room),
                             .name = row.text(1),
                             .details = row.text(6),
                             .is_public = row.boolean(2),
                             .is_persistent = row.boolean(3),
                             .created = as_time(row.integer(4)),
                             .last_active = as_time(row.integer(5))});
          }
        });
    if (!is_whole) {
      return unreadable("a room", domain);
    }
    return found;
  };
  return database_.read({}, std::move(work));
}

Task<Result<std::vector<BareJid>>> SqlRooms::rooms_with_occupants(std::string after, std::size_t limit) {
  auto work = [after = std::move(after), limit](Transaction& transaction) -> Result<std::vector<BareJid>> {
    std::vector<BareJid> found;
    std::string domain, local;
    if (const std::size_t at = after.find('@'); at != std::string::npos) {
      local = after.substr(0, at);
      domain = after.substr(at + 1);
    }
    bool is_whole = true;
    transaction.each(
        "SELECT domain, local FROM room_occupants WHERE position = 1 AND (domain > $1 OR (domain = $1 AND local > $2))"
        " ORDER BY domain, local LIMIT $3",
        {domain, local, as_integer(std::min(limit, longest_page))}, [&](const Row& row) {
          auto room = BareJid::parse(row.text(1) + "@" + row.text(0));
          is_whole = is_whole && room;
          if (room) {
            found.push_back(std::move(*room));
          }
        });
    if (!is_whole) {
      return unreadable("a room with occupants", after);
    }
    return found;
  };
  return database_.read({}, std::move(work));
}

}  // namespace aldis::sql
