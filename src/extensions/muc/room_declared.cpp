// What the configuration says of a room ([[room]], docs/adr/0063), laid over what is stored of it when it is read, and
// when the configuration changes. Settings that it says are stored with the room, so that nothing is lost when it says
// them no more; affiliations that it gives are not. A room that is declared and not stored is made by whoever asks for
// it first, or by the look that keep_declared_rooms takes.
#include <algorithm>
#include <map>

#include "base/log.h"
#include "core/extension.h"
#include "core/virtual_host.h"
#include "core/world.h"
#include "extensions/muc/administration.h"
#include "extensions/muc/room.h"
#include "extensions/muc/status_codes.h"

namespace aldis::muc {
namespace {

constexpr std::string_view by_configuration = "the configuration";
constexpr std::size_t rooms_of_a_page = 500;
constexpr std::size_t rooms_made_at_a_time = 50;
constexpr std::chrono::milliseconds while_there_is_more{10};
constexpr std::chrono::milliseconds until_the_next_look{1'000};  // at the snapshot's address, no more
constexpr std::chrono::milliseconds after_a_failure{10'000};

// One look at the rooms of a domain, over many calls.
struct Look {
  DeclaredRooms::SnapshotPtr of;  // what it goes by; null: there has been none
  bool is_over = false;
  std::string after;                   // the last localpart that has been looked at
  bool has_listed = false;             // all that is stored has been
  std::vector<std::string> missing{};  // localparts

  void begin(DeclaredRooms::SnapshotPtr now) {
    const bool has_anything = !now->rooms.empty() || (of != nullptr && !of->rooms.empty());
    of = std::move(now);
    is_over = !has_anything;
    after.clear();
    has_listed = false;
    missing.clear();
    for (const auto& [local, room] : of->rooms) {
      missing.push_back(local);
    }
    std::ranges::sort(missing);
  }
};

// What is declared of an address and what is stored of it; an older ban of who is named there is over.
Affiliation together(std::optional<Affiliation> declared, Affiliation stored) {
  return !declared ? stored : *declared == Affiliation::outcast ? Affiliation::outcast : std::max(stored, *declared);
}

Task<Result<void>> follow(Home& home, const VirtualHost& host, BareJid room) {
  const RoomAct act = [](Room& there) { return there.follow_declaration(); };
  Result<void> done = co_await in_room(home.world(), host, room, act);
  if (!done) {
    log::warning("room-declaration-not-followed", {{"room", room.str()}, {"cause", done.error().what}});
  }
  co_return done;
}

Task<Result<void>> look_at_page(Home& home, const VirtualHost& host, Look& look) {
  const Result<RoomPage> page = co_await home.world().stores.rooms.list(
      std::string(host.domain()), {.after = look.after, .limit = rooms_of_a_page});
  if (!page) {
    log::warning("declared-rooms-not-listed", {{"domain", host.domain()}, {"cause", page.error().what}});
    co_return fail(page.error());
  }
  for (const RoomSummary& each : page->rooms) {
    const auto declared = look.of->rooms.find(each.room.local());
    const std::string digest = declared != look.of->rooms.end() ? declared->second->digest : std::string();
    if (Listing::from_text(each.details).declared.digest != digest) {
      const Result<void> done = co_await follow(home, host, each.room);
      if (!done) {
        co_return done;
      }
    }
    if (const auto found = std::ranges::lower_bound(look.missing, each.room.local());
        found != look.missing.end() && *found == each.room.local()) {
      look.missing.erase(found);
    }
    look.after = std::string(each.room.local());
  }
  look.has_listed = page->is_complete;
  co_return Result<void>{};
}

Task<Result<void>> make_some(Home& home, const VirtualHost& host, Look& look) {
  for (std::size_t i = 0; i < rooms_made_at_a_time && !look.missing.empty(); ++i) {
    const auto room = look.of->rooms.find(look.missing.back());
    const Result<void> done = co_await follow(home, host, room->second->address);
    if (!done) {
      co_return done;
    }
    look.missing.pop_back();
  }
  look.is_over = look.missing.empty();
  co_return Result<void>{};
}

Task<std::chrono::milliseconds> go_on(Home& home, const VirtualHost& host, const DeclaredRooms& declarations,
                                      std::shared_ptr<Look> look) {
  DeclaredRooms::SnapshotPtr now = declarations.now();
  if (look->of != now) {
    look->begin(std::move(now));
  }
  if (look->is_over) {
    co_return until_the_next_look;
  }
  Result<void> done;
  if (!look->has_listed) {
    done = co_await look_at_page(home, host, *look);
  } else {
    done = co_await make_some(home, host, *look);
  }
  co_return !done ? after_a_failure : while_there_is_more;
}

}  // namespace

void keep_declared_rooms(Extension& self, const DeclaredRooms& declarations) {
  self.on_time([&host = self.host(), &declarations, look = std::make_shared<Look>()](Home& home) {
    return go_on(home, host, declarations, look);
  });
}

void configure_rooms(World& world, const std::vector<OptionObject>& rooms) {
  std::map<std::string, std::vector<OptionObject>> by_domain;
  for (const OptionObject& room : rooms) {
    const auto address = BareJid::parse(room.as<RoomOptions>().address);
    ensure(address.has_value(), "a declared room has been checked");
    by_domain[std::string(address->domain())].push_back(room);
  }
  for (const auto& [domain, host] : world.hosts) {
    // Installed with the service: asking does not make it.
    if (host->find_shared<DeclaredRooms>() == nullptr || !host->shared<DeclaredRooms>().replace(by_domain[domain])) {
      continue;
    }
    for (const auto& home : world.homes) {  // rooms that are not in memory follow when they are read, or a little later
      home->shard().post([&there = *home, of = domain] {
        there.residents().for_each_of(of,
                                      [](Resident& resident) { static_cast<Room&>(resident).declaration_changed(); });
      });
    }
  }
}

// ---- affiliations

Affiliation Room::listed_affiliation(std::string_view bare) const {
  const auto record = affiliations_.find(bare);
  const Affiliation stored = record != affiliations_.end() ? record->second.affiliation : Affiliation::none;
  return together(declared_ != nullptr ? declared_->of(bare) : std::nullopt, stored);
}

std::vector<Room::Listed> Room::listed() const {
  std::vector<Listed> all;
  for (const auto& [jid, record] : affiliations_) {
    all.push_back({&jid, listed_affiliation(jid.str()), &record});
  }
  if (declared_ != nullptr) {
    for (const auto& [jid, affiliation] : declared_->people) {
      if (!affiliations_.contains(jid.str())) {
        all.push_back({&jid, affiliation, nullptr});
      }
    }
  }
  return all;
}

std::optional<std::string> Room::contradicts_declaration(const BareJid& user, Affiliation wanted) const {
  if (declared_ == nullptr) {
    return std::nullopt;
  }
  const auto said = declared_->of(user.str());
  const bool is_kept_out_by_domain =
      !said && user.has_local() && declared_->of(user.domain()) && wanted > Affiliation::none;
  const bool takes_away = said && (*said == Affiliation::outcast ? wanted != Affiliation::outcast : wanted < *said);
  return takes_away || is_kept_out_by_domain
             ? std::optional(std::string("The server's configuration says what this person is here."))
             : std::nullopt;
}

// ---- the room

// The version is greater also where it is only settings that are others: who keeps the lists gets them again once.
bool Room::take_declaration() {
  mark_ = Listing::from_text(record_.details).declared;
  if (declared_ != nullptr) {
    lay_over(config_, declared_->options);
  }
  if (mark_.digest == (declared_ != nullptr ? declared_->digest : std::string())) {
    return false;
  }
  if (declared_ == nullptr) {
    log::warning("room-no-longer-configured", {{"room", jid_.str()}});
  } else {
    log::info("audit-room-configured", {{"room", jid_.str()}, {"by", by_configuration}});
  }
  mark_.version = ++record_.affiliations_version;
  announced_version_ = record_.affiliations_version;
  return true;
}

// Of an address where there is no room. What asks for it meanwhile waits; when this fails, it is told that it could not
// be learnt.
Task<Result<void>> Room::make_declared() {
  state_ = State::creating;
  found();
  lay_over(config_, declared_->options);
  mark_.version = record_.affiliations_version;
  Result<void> stored = co_await store_new();
  if (!stored) {
    become_absent();
    state_ = State::unreadable;
    co_return stored;
  }
  mark_.digest = declared_->digest;
  log::info("audit-room-created", {{"room", jid_.str()}, {"by", by_configuration}});
  co_return stored;
}

Task<void> Room::make_for_waiting(Pin self) {
  const Serial::Hold hold = co_await changes_.enter();
  declared_ = declarations_.find(jid_.local());
  if (declared_ != nullptr) {
    const Result<void> made = co_await make_declared();
    static_cast<void>(made);
  } else {
    state_ = State::absent;
  }
  handle_waiting();
}

void Room::declaration_changed() {
  if (declarations_.find(jid_.local()) == declared_) {
    return;
  }
  spawn([](Pin self) -> Task<void> {
    const Result<void> done = co_await self->follow_declaration();
    if (!done) {  // the look that is taken comes by again
      log::warning("room-declaration-not-followed", {{"room", self->jid_.str()}, {"cause", done.error().what}});
    }
  }(Pin(*this)));
}

Task<Result<void>> Room::follow_declaration() {
  const Pin self(*this);
  const Serial::Hold hold = co_await changes_.enter();
  DeclaredRoomPtr now = declarations_.find(jid_.local());
  Result<void> done;
  switch (state_) {
    case State::unreadable:
      if (!is_corrupt_) {
        done = fail(ErrorKind::unavailable, "the room could not be read");
      }
      break;
    case State::creating:
      done = fail(ErrorKind::unavailable, "the room is being made");
      break;
    case State::absent:
      if (now != nullptr) {
        declared_ = std::move(now);
        done = co_await make_declared();
        handle_waiting();
      }
      break;
    case State::locked:
      if (now != nullptr) {
        declared_ = std::move(now);
        done = co_await open_declared();
      }
      break;
    case State::open:
      done = co_await lay_declaration(std::move(now));
      break;
  }
  co_return done;
}

// Somebody was making it: he owns it, and it is open.
Task<Result<void>> Room::open_declared() {
  const RoomConfig before = config_;
  lay_over(config_, declared_->options);
  mark_.version = record_.affiliations_version;
  Result<void> stored = co_await store_new();
  if (!stored) {
    config_ = before;
    declared_ = nullptr;
    mark_ = {};
    co_return stored;
  }
  mark_.digest = declared_->digest;
  log::info("audit-room-configured", {{"room", jid_.str()}, {"by", by_configuration}});
  RoomConfig wanted = std::exchange(config_, before);
  apply_config(std::move(wanted), false);
  groups_changed();
  co_return stored;
}

// Stored first, as any change; then those who are here follow.
Task<Result<void>> Room::lay_declaration(DeclaredRoomPtr now) {
  const std::string digest = now != nullptr ? now->digest : std::string();
  if (now == declared_ && mark_.digest == digest) {
    co_return Result<void>{};
  }
  RoomConfig wanted = config_;
  if (now != nullptr) {
    lay_over(wanted, now->options);
  }
  const DeclaredRoomPtr former = declared_;
  struct Change {
    Jid jid;
    Affiliation before;
    Affiliation after;
  };
  std::vector<Change> changes;
  const auto compare = [&](const DeclaredRoomPtr& one, const DeclaredRoomPtr& other, bool has_common) {
    if (one == nullptr) {
      return;
    }
    for (const auto& [jid, affiliation] : one->people) {
      const auto there = other != nullptr ? other->of(jid.str()) : std::nullopt;
      if (there == affiliation || (there && !has_common)) {
        continue;
      }
      const RoomAffiliation* record = affiliation_record(jid.bare());
      const Affiliation stored = record != nullptr ? record->affiliation : Affiliation::none;
      const Affiliation before = together(former != nullptr ? former->of(jid.str()) : std::nullopt, stored);
      const Affiliation after = together(now != nullptr ? now->of(jid.str()) : std::nullopt, stored);
      if (before != after) {
        changes.push_back({jid, before, after});
      }
    }
  };
  compare(former, now, true);
  compare(now, former, false);
  std::ranges::stable_partition(changes, [](const Change& each) { return each.jid.has_local(); });   // who is named is told once
  std::uint64_t version = record_.affiliations_version;
  const DeclarationMark mark{.digest = digest, .version = changes.empty() ? mark_.version : version + changes.size()};
  if (mark != mark_) {
    RoomConfig config = std::exchange(config_, wanted);
    DeclarationMark old_mark = std::exchange(mark_, mark);
    declared_ = now;
    RoomRecord next = changed_record();
    next.affiliations_version = version + changes.size();
    config_ = std::move(config);
    mark_ = std::move(old_mark);
    declared_ = former;
    Result<void> stored = co_await rooms().save(std::move(next), {});
    if (!stored) {
      co_return stored;
    }
  }
  if (now == nullptr) {
    log::warning("room-no-longer-configured", {{"room", jid_.str()}});
  } else {
    log::info("audit-room-configured", {{"room", jid_.str()}, {"by", by_configuration}});
  }
  declared_ = std::move(now);
  mark_ = mark;
  record_.affiliations_version += changes.size();
  for (const Change& each : changes) {
    log::info("audit-room-affiliation", {{"room", jid_.str()},
                                         {"by", by_configuration},
                                         {"of", each.jid.str()},
                                         {"before", to_string(each.before)},
                                         {"after", to_string(each.after)}});
    const std::uint64_t since = std::exchange(announced_version_, ++version);
    const RoomAffiliation changed{
        .jid = each.jid, .affiliation = each.after, .nickname = {}, .reason = {}, .version = version};
    static_cast<void>(regrade(changed, each.before, Jid(host_.jid()), status::removed_by_affiliation, since));
  }
  apply_config(std::move(wanted), false);
  groups_changed();
  co_return Result<void>{};
}

}  // namespace aldis::muc
