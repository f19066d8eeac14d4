// Creating a room, XEP-0045 (1.35.5) section 10.1: who may, how many, and until it is configured only its creator is in it.
#include <algorithm>

#include "base/log.h"
#include "core/virtual_host.h"
#include "extensions/muc/room.h"
#include "extensions/muc/status_codes.h"
#include "xmpp/namespaces.h"
#include "xmpp/nickname.h"

namespace aldis::muc {

bool Room::may_create(const Envelope& entering) const {
  const Jid& from = *entering.stanza->from();
  if (host_.is_administrator(from)) {
    return true;
  }
  if (entering.sender != nullptr && entering.sender->is_anonymous) {  // nobody would answer for the room
    return false;
  }
  switch (options_.creators) {
    case Creators::everybody: return true;
    case Creators::local: return home_.world().find_host(from.domain()) != nullptr;
    case Creators::administrators: return false;
    case Creators::listed:
      return std::ranges::any_of(options_.creator_list, [&](const std::string& each) { return each == from.bare_str() || each == from.domain(); });
  }
  return false;
}

void Room::create(const Envelope& entering) {
  if (!may_create(entering)) {  // section 10.1.1
    refuse(entering, StanzaCondition::not_allowed);
    return;
  }
  if (const auto problem = problem_of_nickname(entering.stanza->to()->resource(), options_.nickname_length)) {
    refuse(entering, StanzaError(StanzaCondition::not_acceptable, std::string(to_string(*problem))));
    return;
  }
  state_ = State::creating;
  spawn(create_checked(Pin(*this), entering));
}

Task<void> Room::create_checked(Pin self, Envelope entering) {
  const BareJid creator = entering.stanza->from()->bare();
  std::optional<StanzaError> error;
  if (options_.rooms_of_an_owner > 0 && !host_.is_administrator(creator)) {
    const Result<std::vector<BareJid>> owned = co_await rooms().owned_by(std::string(jid_.domain()), creator, options_.rooms_of_an_owner);
    if (!owned) {
      error = StanzaError(StanzaCondition::resource_constraint);
    } else if (owned->size() >= options_.rooms_of_an_owner) {
      error = StanzaError(StanzaCondition::not_allowed, "You own as many rooms as one may.");
    }
  }
  state_ = State::absent;
  if (!error) {
    found();
    affiliations_.emplace(creator, RoomAffiliation{.jid = creator, .affiliation = Affiliation::owner, .version = 1});
    state_ = State::locked;
    if (!options_.lock_new_rooms) {
      const Result<void> stored = co_await store_new();
      if (!stored) {
        error = StanzaError(StanzaCondition::resource_constraint);
        become_absent();
      }
    }
  }
  if (error) {
    refuse(entering, *error);
  } else {
    log::info("audit-room-created", {{"room", jid_.str()}, {"by", creator.str()}});
    is_new_ = true;
    enter(entering, *entering.stanza->child({"x", ns::muc}));
    if (occupants_.empty() && state_ == State::locked) {  // he was refused after all
      become_absent();
    } else {
      after_leaving();
    }
  }
  handle_waiting();
}

void Room::handle_waiting() {
  for (const Envelope& each : std::exchange(waiting_, {})) {
    handle(each);
  }
  fan_out_.send();
}

// With the domain's defaults, and the secret behind its occupants' ids.
void Room::found() {
  config_ = RoomConfig::defaults(options_);
  std::string key(32, '\0');
  home_.world().random.fill(std::span(reinterpret_cast<std::uint8_t*>(key.data()), key.size()));
  const WallTime now = home_.world().clock.wall();
  record_ = RoomRecord{.room = jid_, .created = now, .last_active = now, .occupant_id_key = std::move(key), .affiliations_version = 1};
  announced_version_ = 1;
}

RoomRecord Room::changed_record() {
  record_.last_active = std::max(record_.last_active, home_.world().clock.wall());
  activity_stored_ = record_.last_active;
  return current_record();
}

RoomRecord Room::current_record() const {
  RoomRecord record = record_;
  record.name = config_.name;
  record.is_public = config_.is_public;
  record.is_persistent = config_.is_persistent;
  record.config = config_.to_text();
  Listing listing = listing_of(config_);
  listing.declared = {.digest = declared_ != nullptr ? declared_->digest : std::string(), .version = mark_.version};
  record.details = listing.to_text();
  record.searchable.clear();   // in lines, as channel_search.cpp names them
  for (std::string line : {std::string(jid_.local()), config_.name, config_.description}) {
    std::ranges::replace(line, '\n', ' ');
    record.searchable.append(fold_case(line)).append("\n");
  }
  return record;
}

// Opens the room, when it is stored.
Task<Result<void>> Room::store_new() {
  RoomImage image{.record = changed_record(), .affiliations = {}};
  for (const auto& [jid, affiliation] : affiliations_) {
    image.affiliations.push_back(affiliation);
  }
  for (const auto& [jid, version] : removed_) {
    image.affiliations.push_back({.jid = jid, .affiliation = Affiliation::none, .nickname = {}, .reason = {}, .version = version});
  }
  const Result<void> stored = co_await rooms().create(std::move(image));
  if (!stored) {
    log::warning("room-not-stored", {{"room", jid_.str()}, {"cause", stored.error().what}});
    co_return stored;
  }
  state_ = State::open;
  co_return stored;
}

}  // namespace aldis::muc
