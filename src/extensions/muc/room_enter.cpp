// Entering a room, XEP-0045 (1.35.5) section 7.2, in the order of section 7.1: the others' presence, one's own, history, subject.
#include <algorithm>

#include "base/log.h"
#include "base/secret_bytes.h"
#include "core/virtual_host.h"
#include "extensions/muc/room.h"
#include "extensions/muc/status_codes.h"
#include "xmpp/namespaces.h"
#include "xmpp/nickname.h"

namespace aldis::muc {
namespace {

// Section 7.2.9: owners and admins come in although it is full, so that nobody can keep them out.
constexpr std::uint32_t more_for_admins = 20;

}  // namespace

void Room::enter(const Envelope& envelope, const xml::Element& muc) {
  const Jid& from = *envelope.stanza->from();
  if (from.is_bare()) {  // of no client
    refuse(envelope, StanzaCondition::bad_request);
    return;
  }
  if (is_stopping_) {
    refuse(envelope, StanzaError(StanzaCondition::service_unavailable).with_type(ErrorType::wait));
    return;
  }
  if (state_ == State::absent && declarations_.find(jid_.local()) != nullptr) {  // since it was looked for
    state_ = State::creating;
    waiting_.push_back(envelope);
    spawn(make_for_waiting(Pin(*this)));
    return;
  }
  if (state_ == State::absent) {
    create(envelope);
    return;
  }
  const Affiliation affiliation = affiliation_of(from);
  if (const auto error = refuses_entry(envelope, muc, affiliation)) {
    refuse(envelope, *error);
    return;
  }
  const auto limits = parse_history(muc);
  if (!limits) {
    refuse(envelope, limits.error());
    return;
  }
  const BareJid user = from.bare();
  Occupant* present = occupant_of(from);
  const std::string_view wanted = envelope.stanza->to()->resource();
  if (present != nullptr && present->nickname() != wanted) {  // it lost its synchronisation, and wants another name as well
    change_nickname(envelope, *present);
    return;
  }
  const auto nickname = nickname_for(user, wanted);
  if (!nickname) {
    refuse(envelope, nickname.error());
    return;
  }
  Occupant* occupant = occupant_called(*nickname);
  if (occupant != nullptr && occupant->client(from) == nullptr && occupant->clients.size() >= options_.clients_of_an_occupant) {
    refuse(envelope, StanzaCondition::resource_constraint);
    return;
  }
  if (!spends(from, affiliation, envelope.stanza->size())) {
    refuse(envelope, StanzaError(StanzaCondition::policy_violation, "You say too much in this room.").with_type(ErrorType::wait));
    return;
  }
  if (occupant == nullptr) {
    auto made = std::make_unique<Occupant>(jid_.with_resource(*nickname), user, occupant_id_of(user));
    made->affiliation = affiliation;
    made->role = default_role(affiliation, config_.is_moderated);
    for (std::string& key : nickname_keys(*nickname)) {
      nickname_keys_.emplace(std::move(key), user.str());
    }
    occupant = occupants_.emplace(*nickname, std::move(made)).first->second.get();
  }
  add_client(*occupant, envelope, muc, *nickname != wanted);
}

std::optional<StanzaError> Room::refuses_entry(const Envelope& envelope, const xml::Element& muc, Affiliation affiliation) const {
  const Jid& from = *envelope.stanza->from();
  const policy::Decision decision =
      home_.world().policy.decide(policy::Question{.action = policy::Action::enter_room, .stanza = *envelope.stanza, .other = &from});
  if (!decision.is_granted()) {
    return StanzaError(StanzaCondition::forbidden);
  }
  if (state_ == State::locked && affiliation != Affiliation::owner) {  // section 7.2.10
    return StanzaError(StanzaCondition::item_not_found);
  }
  if (affiliation == Affiliation::outcast) {  // section 7.2.7
    return StanzaError(StanzaCondition::forbidden);
  }
  if (envelope.stanza->size() > options_.presence_bytes.count) {
    return StanzaError(StanzaCondition::policy_violation, "The presence is too large.");
  }
  if (occupant_of(from) != nullptr) {  // section 7.2.1: it wants to see again what there is
    return std::nullopt;
  }
  if (config_.is_members_only && affiliation < Affiliation::member) {  // section 7.2.6
    return StanzaError(StanzaCondition::registration_required);
  }
  if (!config_.password.empty()) {  // section 7.2.5
    const auto password = muc.child({"password", ns::muc});
    if (!password || !equal_constant_time(password->text(), config_.password)) {
      return StanzaError(StanzaCondition::not_authorized);
    }
  }
  const std::uint32_t most = config_.max_users == 0 ? options_.occupants : std::min(config_.max_users, options_.occupants);
  const std::uint32_t more = affiliation >= Affiliation::admin ? more_for_admins : 0;
  const bool is_here = std::ranges::any_of(occupants_, [&](const auto& entry) { return entry.second->user.str() == from.bare_str(); });
  if (!is_here && occupants_.size() >= std::size_t{most} + more) {
    return StanzaError(StanzaCondition::service_unavailable).with_type(ErrorType::wait);
  }
  return std::nullopt;
}

Result<std::string, StanzaError> Room::nickname_for(const BareJid& user, std::string_view wanted) const {
  const RoomAffiliation* record = affiliation_record(user);
  if (config_.locks_nicknames && record != nullptr && !record->nickname.empty()) {  // section 7.10
    return record->nickname;
  }
  if (const auto problem = problem_of_nickname(wanted, options_.nickname_length)) {
    return fail(StanzaError(StanzaCondition::not_acceptable, std::string(to_string(*problem))));
  }
  for (const std::string& key : nickname_keys(wanted)) {  // section 7.2.8; security M04
    const auto taken = nickname_keys_.find(key);
    if (taken != nickname_keys_.end() && taken->second != user.str()) {
      return fail(StanzaError(StanzaCondition::conflict));
    }
  }
  if (const Occupant* there = occupant_called(wanted); there != nullptr && there->user != user) {
    return fail(StanzaError(StanzaCondition::conflict));
  }
  return std::string(wanted);
}

void Room::add_client(Occupant& occupant, const Envelope& envelope, const xml::Element& muc, bool is_assigned) {
  const Jid& from = *envelope.stanza->from();
  const Recipient recipient{from, envelope.sender != nullptr && envelope.sender->is_peer ? SessionId::none : envelope.origin};
  const bool was_here = occupant.client(from) != nullptr;
  std::erase_if(occupant.clients, [&](const OccupantClient& each) { return each.recipient.jid == from; });
  occupant.clients.push_back({recipient, cleaned(*envelope.stanza), muc.child({"mav", ns::muc_affiliations}).has_value()});
  occupant.forget_presence();
  by_client_[from] = &occupant;
  tell_affiliations(occupant, recipient, muc, envelope.stanza->id());
  show_room_to(occupant, recipient);
  Note note{.id = envelope.stanza->id()};
  if (config_.broadcast.contains(occupant.role)) {
    FanOut::Speech speech{.open = shown(occupant, true), .veiled = shown(occupant, false), .sender = envelope.sender, .trace = envelope.trace,
                          .except = occupant.client_jids()};
    if (occupant.clients.size() == 1) {
      fan_out_.announce_entry(std::move(speech), recipient);
    } else {
      fan_out_.to_all(std::move(speech));
    }
  }
  for (const OccupantClient& other : occupant.clients) {  // his other clients see how he is shown now
    if (other.recipient.jid != from) {
      fan_out_.to_one(other.recipient, {presence_of(occupant, occupant.shown(), sees_real_jids(occupant.role), {.codes = {status::self}})});
    }
  }
  fan_out_.add(recipient, sees_real_jids(occupant.role));
  if (config_.is_non_anonymous) {
    note.codes.push_back(status::shows_full_jids);
  }
  note.codes.push_back(status::self);
  if (config_.is_logged) {
    note.codes.push_back(status::logging_enabled);
  }
  if (std::exchange(is_new_, false)) {
    note.codes.push_back(status::room_created);
  }
  if (is_assigned) {
    note.codes.push_back(status::nickname_assigned);
  }
  fan_out_.to_newcomer(recipient, {presence_of(occupant, occupant.shown(), sees_real_jids(occupant.role), note)});
  const auto limits = parse_history(muc);
  show_history_to(recipient, *limits);
  note_activity();
  if (!was_here) {
    log::debug("room-entered", {{"room", jid_.str()}, {"user", from.str()}, {"role", to_string(occupant.role)}});
  }
}

// One burst: each presence was serialised once for all who see alike.
void Room::show_room_to(const Occupant& occupant, const Recipient& client) {
  const bool sees = sees_real_jids(occupant.role);
  std::vector<StanzaPtr> others;
  others.reserve(occupants_.size());
  for (const auto& [nickname, other] : occupants_) {
    if (other.get() != &occupant && config_.broadcast.contains(other->role)) {
      others.push_back(shown(*other, sees));
    }
  }
  if (!others.empty()) {
    fan_out_.to_newcomer(client, std::move(others));
  }
}

void Room::show_history_to(const Recipient& client, HistoryLimits limits) {
  if (options_.keep_for.count() > 0) {  // what the archive does not have any more is not in the history either
    limits.seconds = std::min(limits.seconds.value_or(options_.keep_for), options_.keep_for);
  }
  fan_out_.then([this, client, limits] {  // what has been reflected before this place of the queue
    std::vector<StanzaPtr> words = history_.within(limits, jid_, client.jid, home_.world().clock.wall());
    words.push_back(subject());
    fan_out_.tell(client, std::move(words));
  });
}

}  // namespace aldis::muc
