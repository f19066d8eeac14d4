// Rooms in the store.
#include "operators/room_target.h"

#include <algorithm>

#include "base/random.h"
#include "operators/archive_target.h"

namespace aldis::admin {

Result<void> name_room(Result<void> done, const BareJid& room) {
  if (done) {
    return done;
  }
  if (done.error().kind == ErrorKind::not_found) {
    return fail(ErrorKind::not_found, "there is no room " + room.str());
  }
  if (done.error().kind == ErrorKind::already_exists) {
    return fail(ErrorKind::already_exists, "the room " + room.str() + " exists already");
  }
  return done;
}

Task<Result<std::vector<RoomSummary>>> rooms_in_store(Stores stores, std::string domain, std::string after, std::size_t limit) {
  Result<RoomPage> page = co_await stores.rooms.list(std::move(domain), {.after = std::move(after), .limit = limit});
  if (!page) {
    co_return fail(page.error());
  }
  co_return std::move(page->rooms);
}

namespace {

Task<Result<RoomImage>> load(Stores stores, BareJid room) {
  Result<std::optional<RoomImage>> image = co_await stores.rooms.load(room);
  if (!image) {
    co_return fail(image.error());
  }
  if (!*image) {
    co_return fail(ErrorKind::not_found, "there is no room " + room.str());
  }
  co_return std::move(**image);
}

}  // namespace

Task<Result<RoomInfo>> room_in_store(Stores stores, BareJid room) {
  Result<RoomImage> image = co_await load(stores, room);
  if (!image) {
    co_return fail(image.error());
  }
  std::erase_if(image->affiliations, [](const RoomAffiliation& each) { return each.affiliation == Affiliation::none; });
  const Result<ArchiveSummary> summary = co_await stores.archive.summary(std::move(room));
  if (!summary) {
    co_return fail(summary.error());
  }
  co_return RoomInfo{.image = std::move(*image), .archive = info_of(*summary)};
}

Task<Result<ArchivePart>> room_archive_in_store(Stores stores, BareJid room, ArchiveQuery query) {
  const Result<RoomImage> image = co_await load(stores, room);
  if (!image) {
    co_return fail(image.error());
  }
  if (query.contact && query.contact->bare_str() == room.str()) {  // an occupant, by nickname
    query.alias = query.contact->is_full() ? std::move(query.contact) : std::nullopt;
    query.contact.reset();
  } else if (query.contact) {  // people, not their clients
    query.contact = query.contact->bare();
  }
  Result<ArchivePart> part = co_await read_part(stores, std::move(room), std::move(query));
  co_return part;
}

Task<Result<void>> create_room_in_store(Stores stores, BareJid room, BareJid owner, WallTime now) {
  SystemRandom random;
  RoomImage image{.record = {.room = room,
                             .is_persistent = true,
                             .created = now,
                             .last_active = now,
                             .occupant_id_key = random_token(random, 256),
                             .affiliations_version = 1},
                  .affiliations = {{.jid = Jid(owner), .affiliation = Affiliation::owner, .nickname = {}, .reason = {}, .version = 1}}};
  Result<void> done = co_await stores.rooms.create(std::move(image));
  co_return name_room(std::move(done), room);
}

Task<Result<void>> destroy_room_in_store(Stores stores, BareJid room) {
  Result<void> done = co_await stores.rooms.remove(room);
  co_return name_room(std::move(done), room);
}

Task<Result<void>> set_affiliation_in_store(Stores stores, BareJid room, Jid jid, Affiliation affiliation, std::string reason,
                                            WallTime now, bool needs_owner) {
  Result<RoomImage> image = co_await load(stores, room);
  if (!image) {
    co_return fail(image.error());
  }
  const bool keeps_an_owner =
      !needs_owner || affiliation == Affiliation::owner || std::ranges::any_of(image->affiliations, [&](const RoomAffiliation& each) {
        return each.affiliation == Affiliation::owner && each.jid != jid;
      });
  if (!keeps_an_owner) {
    co_return fail(ErrorKind::denied, room.str() + " would be without an owner");
  }
  RoomAffiliation changed{.jid = jid, .affiliation = affiliation, .nickname = {}, .reason = std::move(reason), .version = 0};
  if (const auto before = std::ranges::find(image->affiliations, jid, &RoomAffiliation::jid);
      before != image->affiliations.end() && affiliation >= Affiliation::member) {
    changed.nickname = before->nickname;
  }
  image->record.last_active = std::max(image->record.last_active, now);
  changed.version = ++image->record.affiliations_version;
  Result<void> done = co_await stores.rooms.save(std::move(image->record), {std::move(changed)});
  co_return name_room(std::move(done), room);
}

}  // namespace aldis::admin
