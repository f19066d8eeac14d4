// A room over a graceful restart, XEP-0045 (1.35.5) section 11.2 and XEP-0198 section 5: who cannot come back is removed and told (332);
// clients of this server whose sessions can be resumed stay, and are written down when everybody else has left. The room that is read
// next finds their sessions again, and removes those who did not last (333) or may not be here any more.
#include "base/log.h"
#include "core/virtual_host.h"
#include "extensions/muc/room.h"
#include "extensions/muc/status_codes.h"
#include "xmpp/namespaces.h"
#include "xmpp/nickname.h"

namespace aldis::muc {
namespace {

// StoredOccupant::state: the role, the affiliation it goes with, whether the client keeps the lists, and its presence.
struct Seat {
  Role role;
  Affiliation affiliation;
  StanzaPtr presence;
  bool keeps_lists = false;
};

std::string text_of(const Occupant& occupant, const OccupantClient& client) {
  return std::string(to_string(occupant.role)) + " " + std::string(to_string(occupant.affiliation)) + (client.keeps_lists ? " lists\n" : "\n") + client.presence->to_xml();
}

std::optional<Seat> parse_state(std::string_view text) {
  static const xml::Scope scope{std::string(ns::client), {}};
  const std::size_t space = text.find(' ');
  const std::size_t line = text.find('\n');
  if (space == std::string_view::npos || line == std::string_view::npos || space > line) {
    return std::nullopt;
  }
  const auto role = parse_role(text.substr(0, space));
  std::string_view rest = text.substr(space + 1, line - space - 1);
  const bool keeps_lists = rest.ends_with(" lists");
  rest.remove_suffix(keeps_lists ? std::string_view(" lists").size() : 0);
  const auto affiliation = parse_affiliation(rest);
  Result<StanzaPtr, Stanza::Refusal> presence = Stanza::parse(std::string(text.substr(line + 1)), scope);
  if (!role || !affiliation || !presence || !(*presence)->is_presence()) {
    return std::nullopt;
  }
  return Seat{*role, *affiliation, std::move(*presence), keeps_lists};
}

}  // namespace

// ---- the server stops

void Room::shut_down() {
  is_stopping_ = true;
  const Departure departure{.codes = {status::shutting_down}};
  const Note note{.codes = {status::self, status::shutting_down}, .is_leaving = true};
  std::vector<Jid> leaving;
  for (const auto& [jid, occupant] : by_client_) {
    const OccupantClient& client = *occupant->client(jid);
    if (state_ != State::open || client.recipient.session == SessionId::none) {  // a room that is not configured yet is not stored
      leaving.push_back(jid);
    } else {  // its own shard knows whether it stays
      Occupant alone(occupant->address, occupant->user, occupant->id);
      alone.affiliation = occupant->affiliation;
      fan_out_.say_farewell(client.recipient, presence_of(alone, client, sees_real_jids(occupant->role), note));
    }
  }
  for (const Jid& jid : leaving) {
    remove_client(*occupant_of(jid), jid, departure);
  }
  fan_out_.send();
}

Task<void> Room::suspend() {
  const Pin self(*this);
  for (FanOut::Speech& farewell : std::exchange(farewells_, {})) {
    fan_out_.to_all(std::move(farewell));
  }
  fan_out_.send();
  std::vector<StoredOccupant> occupants;
  for (const auto& [nickname, occupant] : occupants_) {
    for (const OccupantClient& client : occupant->clients) {
      const Jid& jid = client.recipient.jid;
      occupants.push_back({.jid = jid.with_resource(jid.resource()), .nickname = nickname, .state = text_of(*occupant, client)});
    }
  }
  if (occupants.empty()) {
    co_return;
  }
  const std::size_t count = occupants.size();
  const Result<void> saved = co_await rooms().save_occupants(jid_, std::move(occupants));
  if (saved) {
    log::debug("room-suspended", {{"room", jid_.str()}, {"clients", std::to_string(count)}});
    co_return;
  }
  log::warning("room-not-suspended", {{"room", jid_.str()}, {"cause", saved.error().what}});
  std::vector<Jid> all;
  for (const auto& [jid, occupant] : by_client_) {
    all.push_back(jid);
  }
  for (const Jid& jid : all) {  // who comes back knows that he is not here
    remove_client(*occupant_of(jid), jid, {.codes = {status::shutting_down}});
  }
  farewells_.clear();
  fan_out_.send();
}

// ---- the server is back

Task<bool> Room::revive() {
  const Result<std::vector<StoredOccupant>> stored = co_await rooms().take_occupants(jid_);
  if (!stored) {  // they learn that they are not here when they speak
    log::warning("room-occupants-not-read", {{"room", jid_.str()}, {"cause", stored.error().what}});
    co_return false;
  }
  std::vector<FullJid> clients;
  for (const StoredOccupant& each : *stored) {
    clients.push_back(each.jid);
  }
  const std::vector<SessionId> sessions = co_await home_.residents().sessions_of(std::move(clients));
  if (std::ranges::all_of(sessions, [](SessionId session) { return session == SessionId::none; })) {
    co_return false;
  }
  std::vector<Left> left;
  for (std::size_t i = 0; i < stored->size(); ++i) {
    if (const auto one = seat((*stored)[i], sessions[i])) {
      left.push_back(*one);
    }
  }
  for (const Left& each : left) {
    remove_client(*occupant_of(each.client), each.client, {.codes = {each.code}});
  }
  fan_out_.send();
  co_return true;
}

std::optional<Room::Left> Room::seat(const StoredOccupant& stored, SessionId session) {
  const std::optional<Seat> state = parse_state(stored.state);
  if (!state) {
    log::error("room-occupant-unreadable", {{"room", jid_.str()}, {"client", stored.jid.str()}});
    return std::nullopt;
  }
  const BareJid user = stored.jid.bare();
  Occupant* occupant = occupant_called(stored.nickname);
  if (occupant == nullptr) {
    auto made = std::make_unique<Occupant>(jid_.with_resource(stored.nickname), user, occupant_id_of(user));
    made->affiliation = affiliation_of(user);   // operators may have changed it meanwhile
    const bool keeps_role = made->affiliation == state->affiliation || made->affiliation == Affiliation::outcast;   // who leaves leaves as what he was
    made->role = keeps_role ? state->role : default_role(made->affiliation, config_.is_moderated);
    for (std::string& key : nickname_keys(stored.nickname)) {
      nickname_keys_.emplace(std::move(key), user.str());
    }
    occupant = occupants_.emplace(stored.nickname, std::move(made)).first->second.get();
  }
  occupant->clients.push_back({{stored.jid, session}, state->presence, state->keeps_lists});
  by_client_[stored.jid] = occupant;
  fan_out_.add(occupant->clients.back().recipient, sees_real_jids(occupant->role));
  if (session == SessionId::none) {
    return Left{stored.jid, status::technical_problem};
  }
  if (occupant->affiliation == Affiliation::outcast) {
    return Left{stored.jid, status::banned};
  }
  if (config_.is_members_only && occupant->affiliation < Affiliation::member) {
    return Left{stored.jid, status::removed_by_members_only};
  }
  return std::nullopt;
}

}  // namespace aldis::muc
