// Leaving a room, XEP-0045 (1.35.5) section 7.14, by oneself or not (sections 8.2, 9.1, 9.4, 10.2, 11): the client is told first, then
// the others.
#include <algorithm>

#include "base/log.h"
#include "extensions/muc/room.h"
#include "extensions/muc/status_codes.h"
#include "xmpp/namespaces.h"
#include "xmpp/nickname.h"

namespace aldis::muc {

void Room::leave(const Envelope& envelope, Occupant& occupant) {
  const StanzaPtr own = envelope.stanza->size() <= options_.presence_bytes.count ? cleaned(*envelope.stanza) : nullptr;
  remove_client(occupant, *envelope.stanza->from(), {.presence = own});
}

void Room::remove_client(Occupant& occupant, const Jid& client, const Departure& departure) {
  const OccupantClient* leaving = occupant.client(client);
  if (leaving == nullptr) {
    return;
  }
  OccupantClient gone = *leaving;
  if (occupant.clients.size() == 1) {
    if (departure.presence != nullptr) {
      occupant.clients.front().presence = departure.presence;
    }
    remove_occupant(occupant, departure);
    return;
  }
  if (departure.presence != nullptr) {
    gone.presence = departure.presence;
  }
  Note note{.codes = departure.codes, .is_leaving = true};
  note.codes.push_back(status::self);
  Occupant alone(occupant.address, occupant.user, occupant.id);   // as it stands without the others
  alone.affiliation = occupant.affiliation;
  fan_out_.to_one(gone.recipient, {presence_of(alone, gone, sees_real_jids(occupant.role), note)});
  const bool was_shown = occupant.shown().recipient.jid == client;
  std::erase_if(occupant.clients, [&](const OccupantClient& each) { return each.recipient.jid == client; });
  by_client_.erase(client);
  fan_out_.remove(gone.recipient.jid);
  if (was_shown) {
    occupant.forget_presence();
    announce(occupant, {});
  }
}

void Room::remove_occupant(Occupant& occupant, const Departure& departure, UniqueFunction<void()> between) {
  const Role role = std::exchange(occupant.role, Role::none);
  Note note{.codes = departure.codes, .reason = departure.reason, .actor = departure.actor, .actor_address = departure.actor_address,
            .more = departure.more, .versions = departure.versions, .is_leaving = true};
  Note to_self = note;
  to_self.codes.push_back(status::self);
  if (state_ == State::locked && occupants_.size() == 1) {  // section 10.1.3
    to_self.more = "<destroy/>";
  }
  for (const OccupantClient& client : occupant.clients) {
    fan_out_.to_one(client.recipient, {presence_of(occupant, client, sees_real_jids(role), to_self)});
    fan_out_.remove(client.recipient.jid);
  }
  if (between) {
    fan_out_.then(std::move(between));
  }
  if (config_.broadcast.contains(role)) {
    FanOut::Speech speech{.open = presence_of(occupant, occupant.shown(), true, note), .veiled = presence_of(occupant, occupant.shown(), config_.is_non_anonymous, note)};
    if (is_stopping_) {  // most of those who would be told are leaving, too
      farewells_.push_back(std::move(speech));
    } else {
      fan_out_.to_all(std::move(speech));
    }
  }
  forget_occupant(occupant);
  after_leaving();
}

void Room::forget_occupant(Occupant& occupant) {
  for (const OccupantClient& client : occupant.clients) {
    by_client_.erase(client.recipient.jid);
  }
  free_nickname(occupant);
  if (std::ranges::none_of(occupants_, [&](const auto& entry) { return entry.second.get() != &occupant && entry.second->user == occupant.user; })) {
    if (const auto talk = talks_.find(occupant.user.str()); talk != talks_.end() && talks_.size() > 2 * occupants_.size() + 100) {
      talks_.erase(talk);   // the others are remembered: leaving does not refill what one may say
    }
  }
  occupants_.erase(std::string(occupant.nickname()));
}

// For others, unless it, or one that looks like it, is reserved for him or another of his clients has it.
void Room::free_nickname(const Occupant& occupant) {
  for (const std::string& key : nickname_keys(occupant.nickname())) {
    if (const auto taken = nickname_keys_.find(key); taken != nickname_keys_.end() && taken->second == occupant.user.str()) {
      nickname_keys_.erase(taken);
    }
  }
  const auto keep = [&](std::string_view nickname) {
    for (std::string& key : nickname_keys(nickname)) {
      nickname_keys_.emplace(std::move(key), occupant.user.str());
    }
  };
  if (const RoomAffiliation* record = affiliation_record(occupant.user); record != nullptr && !record->nickname.empty()) {
    keep(record->nickname);
  }
  for (const auto& [nickname, other] : occupants_) {
    if (other.get() != &occupant && other->user == occupant.user) {
      keep(nickname);
    }
  }
}

void Room::after_leaving() {
  if (!occupants_.empty()) {
    return;
  }
  if (state_ == State::locked) {  // section 10.1.3: never configured
    become_absent();
  } else if (state_ == State::open && !config_.is_persistent) {  // section 7.14
    spawn(remove_temporary(Pin(*this)));
  } else if (state_ == State::open) {
    history_.trim(std::min(config_.history, options_.history));
    record_.last_active = home_.world().clock.wall();
    spawn(store_activity(Pin(*this)));
  }
}

Task<void> Room::remove_temporary(Pin self) {
  const Serial::Hold hold = co_await changes_.enter();
  if (!occupants_.empty() || state_ != State::open || config_.is_persistent) {  // somebody came meanwhile
    co_return;
  }
  state_ = State::creating;   // who comes now waits for what is decided
  const Result<void> removed = co_await rooms().remove(jid_);
  if (removed || removed.error().kind == ErrorKind::not_found) {
    become_absent();
    log::info("audit-room-removed", {{"room", jid_.str()}, {"why", "its last occupant left"}});
  } else {  // it goes when it is next looked at
    log::warning("room-not-removed", {{"room", jid_.str()}, {"cause", removed.error().what}});
    state_ = State::open;
  }
  handle_waiting();
}

}  // namespace aldis::muc
