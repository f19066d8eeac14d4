// Rooms: one read to load one, one write for each change. Lists are in sql/room_lists.cpp.
#include "storage/sql/archive_rows.h"

namespace aldis::sql {
namespace {

Unexpected<Error> no_room(const BareJid& room) { return fail(ErrorKind::not_found, "room " + room.str()); }

bool exists(Transaction& transaction, const BareJid& room) {
  bool found = false;
  transaction.each("SELECT 1 FROM rooms WHERE domain = $1 AND local = $2", {room.domain(), room.local()},
                   [&](const Row&) { found = true; });
  return found;
}

bool is_account(Transaction& transaction, const BareJid& jid) {
  bool found = false;
  transaction.each("SELECT 1 FROM accounts WHERE owner = $1", {jid.str()}, [&](const Row&) { found = true; });
  return found;
}

void purge(Transaction& transaction, const BareJid& room) {
  leave_archive(transaction, room);
  transaction.change("DELETE FROM vcards WHERE owner = $1", {room.str()});
  for (const Statement each : {Statement{"DELETE FROM rooms WHERE domain = $1 AND local = $2"},
                               Statement{"DELETE FROM room_states WHERE domain = $1 AND local = $2"},
                               Statement{"DELETE FROM room_affiliations WHERE domain = $1 AND local = $2"},
                               Statement{"DELETE FROM room_occupants WHERE domain = $1 AND local = $2"}}) {
    transaction.change(each, {room.domain(), room.local()});
  }
}

void write_record(Transaction& transaction, const RoomRecord& r) {
  transaction.change(
      "INSERT INTO rooms (domain, local, name, is_public, is_persistent, searchable, details, created, last_active)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
      " ON CONFLICT (domain, local) DO UPDATE SET name = excluded.name, is_public = excluded.is_public,"
      " is_persistent = excluded.is_persistent, searchable = excluded.searchable, details = excluded.details,"
      " last_active = excluded.last_active",
      {r.room.domain(), r.room.local(), r.name, as_integer(r.is_public), as_integer(r.is_persistent), r.searchable, r.details,
       as_ms(r.created), as_ms(r.last_active)});
  transaction.change(
      "INSERT INTO room_states (domain, local, config, hats, avatar, subject, subject_author, subject_author_id, has_subject, subject_at,"
      " occupant_id_key, affiliations_version, affiliations_complete_since)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
      " ON CONFLICT (domain, local) DO UPDATE SET config = excluded.config, hats = excluded.hats, avatar = excluded.avatar,"
      " subject = excluded.subject,"
      " subject_author = excluded.subject_author, subject_author_id = excluded.subject_author_id,"
      " has_subject = excluded.has_subject, subject_at = excluded.subject_at, occupant_id_key = excluded.occupant_id_key,"
      " affiliations_version = excluded.affiliations_version",
      {r.room.domain(), r.room.local(), r.config, r.hats, r.avatar, r.subject, r.subject_author, r.subject_author_id,
       as_integer(r.subject_at.has_value()), as_ms(r.subject_at.value_or(WallTime{})), Blob{r.occupant_id_key},
       as_integer(r.affiliations_version), as_integer(r.affiliations_complete_since)});
}

void forget_oldest_removals(Transaction& transaction, const BareJid& room) {
  constexpr auto none = static_cast<std::int64_t>(Affiliation::none);
  std::int64_t last_forgotten = 0;
  transaction.each(
      "SELECT version FROM room_affiliations WHERE domain = $1 AND local = $2 AND affiliation = $3"
      " ORDER BY version DESC, jid DESC LIMIT 1 OFFSET $4",
      {room.domain(), room.local(), none, as_integer(RoomAffiliation::max_removed)},
      [&](const Row& row) { last_forgotten = row.integer(0); });
  if (last_forgotten == 0) {
    return;
  }
  transaction.change(
      "DELETE FROM room_affiliations WHERE domain = $1 AND local = $2 AND affiliation = $3 AND version <= $4",
      {room.domain(), room.local(), none, last_forgotten});
  transaction.change("UPDATE room_states SET affiliations_complete_since = $3 WHERE domain = $1 AND local = $2",
                     {room.domain(), room.local(), last_forgotten});
}

void write_affiliations(Transaction& transaction, const BareJid& room, const std::vector<RoomAffiliation>& changed) {
  bool has_removals = false;
  for (const RoomAffiliation& each : changed) {
    transaction.change(
        "INSERT INTO room_affiliations (domain, local, jid, affiliation, nickname, reason, version)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)"
        " ON CONFLICT (domain, local, jid) DO UPDATE SET affiliation = excluded.affiliation, nickname = excluded.nickname,"
        " reason = excluded.reason, version = excluded.version",
        {room.domain(), room.local(), each.jid.str(), static_cast<std::int64_t>(each.affiliation), each.nickname,
         each.reason, as_integer(each.version)});
    has_removals = has_removals || each.affiliation == Affiliation::none;
  }
  if (has_removals) {
    forget_oldest_removals(transaction, room);
  }
}

std::size_t cost_of(const RoomRecord& record, const std::vector<RoomAffiliation>& affiliations) {
  std::size_t bytes = 512 + record.config.size() + record.hats.size() + record.avatar.size() + record.details.size() + record.subject.size() + record.searchable.size();
  for (const RoomAffiliation& each : affiliations) {
    bytes += 128 + each.reason.size();
  }
  return bytes;
}

std::optional<RoomRecord> read_record(Transaction& transaction, const BareJid& room) {
  std::optional<RoomRecord> found;
  transaction.each(
      "SELECT r.name, r.is_public, r.is_persistent, r.searchable, r.created, r.last_active, s.config, s.subject,"
      " s.subject_author, s.subject_author_id, s.has_subject, s.subject_at, s.occupant_id_key, s.affiliations_version,"
      " s.affiliations_complete_since, r.details, s.hats, s.avatar FROM rooms r JOIN room_states s ON s.domain = r.domain AND s.local = r.local"
      " WHERE r.domain = $1 AND r.local = $2",
      {room.domain(), room.local()}, [&](const Row& row) {
        found = RoomRecord{.room = room,
                           .name = row.text(0),
                           .is_public = row.boolean(1),
                           .is_persistent = row.boolean(2),
                           .config = row.text(6),
                           .hats = row.text(16),
                           .avatar = row.text(17),
                           .details = row.text(15),
                           .searchable = row.text(3),
                           .subject = row.text(7),
                           .subject_author = row.text(8),
                           .subject_author_id = row.text(9),
                           .subject_at = row.boolean(10) ? std::optional(as_time(row.integer(11))) : std::nullopt,
                           .created = as_time(row.integer(4)),
                           .last_active = as_time(row.integer(5)),
                           .occupant_id_key = row.text(12),
                           .affiliations_version = row.natural(13),
                           .affiliations_complete_since = row.natural(14)};
      });
  return found;
}

// False: one of them cannot be read.
bool read_affiliations(Transaction& transaction, const BareJid& room, std::vector<RoomAffiliation>& out) {
  bool is_whole = true;
  transaction.each(
      "SELECT jid, affiliation, nickname, reason, version FROM room_affiliations WHERE domain = $1 AND local = $2 ORDER BY jid",
      {room.domain(), room.local()}, [&](const Row& row) {
        auto jid = Jid::parse(row.bytes(0));
        if (!jid || row.natural(1) > static_cast<std::uint64_t>(Affiliation::owner)) {
          is_whole = false;
          return;
        }
        out.push_back({.jid = std::move(*jid),
                       .affiliation = static_cast<Affiliation>(row.integer(1)),
                       .nickname = row.text(2),
                       .reason = row.text(3),
                       .version = row.natural(4)});
      });
  return is_whole;
}

}  // namespace

Task<Result<std::optional<RoomImage>>> SqlRooms::load(BareJid room) {
  std::string key = room.str();
  auto work = [room = std::move(room)](Transaction& transaction) -> Result<std::optional<RoomImage>> {
    std::optional<RoomRecord> record = read_record(transaction, room);
    if (!record) {
      return std::optional<RoomImage>();
    }
    RoomImage image{.record = std::move(*record), .affiliations = {}};
    if (!read_affiliations(transaction, room, image.affiliations)) {
      return unreadable("an affiliation", room.str());
    }
    transaction.each("SELECT 1 FROM room_occupants WHERE domain = $1 AND local = $2 LIMIT 1", {room.domain(), room.local()},
                     [&](const Row&) { image.has_occupants = true; });
    return std::optional(std::move(image));
  };
  return database_.read(std::move(key), std::move(work));
}

Task<Result<void>> SqlRooms::create(RoomImage image) {
  std::string key = image.record.room.str();
  const std::size_t bytes = cost_of(image.record, image.affiliations);
  auto work = [image = std::move(image)](Transaction& transaction) -> Result<void> {
    const BareJid& room = image.record.room;
    if (exists(transaction, room) || is_account(transaction, room)) {
      return fail(ErrorKind::already_exists, "room " + room.str());
    }
    purge(transaction, room);  // a write that came after the removal of a room before
    write_record(transaction, image.record);
    write_affiliations(transaction, room, image.affiliations);
    return {};
  };
  return database_.write(std::move(key), bytes, std::move(work));
}

Task<Result<void>> SqlRooms::save(RoomRecord record, std::vector<RoomAffiliation> changed) {
  std::string key = record.room.str();
  const std::size_t bytes = cost_of(record, changed);
  auto work = [record = std::move(record), changed = std::move(changed)](Transaction& transaction) -> Result<void> {
    if (!exists(transaction, record.room)) {
      return no_room(record.room);
    }
    write_record(transaction, record);
    write_affiliations(transaction, record.room, changed);
    return {};
  };
  return database_.write(std::move(key), bytes, std::move(work));
}

Task<Result<void>> SqlRooms::touch(BareJid room, WallTime last_active) {
  std::string key = room.str();
  auto work = [room = std::move(room), last_active](Transaction& transaction) -> Result<void> {
    transaction.change("UPDATE rooms SET last_active = $3 WHERE domain = $1 AND local = $2 AND last_active < $3",
                       {room.domain(), room.local(), as_ms(last_active)});
    return {};
  };
  return database_.write(std::move(key), 128, std::move(work));
}

Task<Result<void>> SqlRooms::remove(BareJid room) {
  std::string key = room.str();
  auto work = [room = std::move(room)](Transaction& transaction) -> Result<void> {
    if (!exists(transaction, room)) {
      return no_room(room);
    }
    purge(transaction, room);
    return {};
  };
  return database_.write(std::move(key), 128, std::move(work));
}

// ---- who was there over a restart

Task<Result<void>> SqlRooms::save_occupants(BareJid room, std::vector<StoredOccupant> occupants) {
  std::string key = room.str();
  std::size_t bytes = 128;
  for (const StoredOccupant& each : occupants) {
    bytes += 256 + each.state.size();
  }
  auto work = [room = std::move(room), occupants = std::move(occupants)](Transaction& transaction) -> Result<void> {
    transaction.change("DELETE FROM room_occupants WHERE domain = $1 AND local = $2", {room.domain(), room.local()});
    std::int64_t position = 0;
    for (const StoredOccupant& each : occupants) {
      transaction.change(
          "INSERT INTO room_occupants (domain, local, position, jid, nickname, state) VALUES ($1, $2, $3, $4, $5, $6)",
          {room.domain(), room.local(), ++position, each.jid.str(), each.nickname, each.state});
    }
    return {};
  };
  return database_.write(std::move(key), bytes, std::move(work));
}

Task<Result<std::vector<StoredOccupant>>> SqlRooms::take_occupants(BareJid room) {
  std::string key = room.str();
  auto work = [room = std::move(room)](Transaction& transaction) -> Result<std::vector<StoredOccupant>> {
    std::vector<StoredOccupant> taken;
    bool is_whole = true;
    transaction.each("SELECT jid, nickname, state FROM room_occupants WHERE domain = $1 AND local = $2 ORDER BY position",
                     {room.domain(), room.local()}, [&](const Row& row) {
                       auto jid = FullJid::parse(row.bytes(0));
                       is_whole = is_whole && jid;
                       if (jid) {
                         taken.push_back({.jid = std::move(*jid), .nickname = row.text(1), .state = row.text(2)});
                       }
                     });
    if (!is_whole) {
      return unreadable("an occupant", room.str());
    }
    transaction.change("DELETE FROM room_occupants WHERE domain = $1 AND local = $2", {room.domain(), room.local()});
    return taken;
  };
  return database_.write(std::move(key), 256, std::move(work));
}

}  // namespace aldis::sql
