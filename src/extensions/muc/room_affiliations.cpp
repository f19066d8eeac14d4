// Affiliations, XEP-0045 (1.35.5) sections 9.1 to 9.5 and 10.3 to 10.8: bans, members, admins, owners. All items of a request are
// carried out, or none; they are stored before anybody is told.
#include <algorithm>

#include "base/log.h"
#include "extensions/muc/room.h"
#include "extensions/muc/status_codes.h"
#include "xmpp/namespaces.h"
#include "xmpp/nickname.h"

namespace aldis::muc {
namespace {
constexpr std::size_t longest_reason = 2000;
constexpr std::size_t most_items = 1000;
}  // namespace

Result<std::vector<Room::AffiliationChange>, StanzaError> Room::read_changes(const xml::Element& query) const {
  std::vector<AffiliationChange> changes;
  for (const xml::Element item : query.children()) {
    if (!item.is({"item", ns::muc_admin})) {
      continue;
    }
    const auto affiliation = parse_affiliation(item.attribute("affiliation").value_or(""));
    const auto address = item.attribute("jid");
    const auto nickname = item.attribute("nick");
    if (!affiliation || item.attribute("role") || changes.size() >= most_items) {
      return fail(StanzaError(StanzaCondition::bad_request));
    }
    std::optional<BareJid> user;
    if (address) {
      const auto jid = Jid::parse(*address);
      // Section 9.2: a domain stands for all its users, and may be kept out only.
      if (!jid || (!jid->has_local() && *affiliation > Affiliation::none)) {
        return fail(StanzaError(StanzaCondition::jid_malformed));
      }
      user = jid->bare();
    } else if (const Occupant* occupant = nickname ? occupant_called(*nickname) : nullptr) {
      user = occupant->user;   // clients name occupants of semi-anonymous rooms so
    } else {
      return fail(StanzaError(nickname ? StanzaCondition::item_not_found : StanzaCondition::bad_request));
    }
    AffiliationChange change{.user = *user, .wanted = *affiliation};
    if (address && nickname) {
      if (const Occupant* occupant = occupant_called(*nickname); occupant != nullptr && occupant->user != *user) {  // security M03
        return fail(StanzaError(StanzaCondition::bad_request));
      }
      if (*affiliation >= Affiliation::member) {
        const auto prepared = nickname->empty() ? Result<std::string, JidError>(std::string()) : prepare_resource(*nickname);
        if (!prepared || (!prepared->empty() && problem_of_nickname(*prepared, options_.nickname_length))) {
          return fail(StanzaError(StanzaCondition::not_acceptable, "The nickname cannot be used."));
        }
        change.nickname = *prepared;
      }
    }
    if (const auto reason = item.child({"reason", ns::muc_admin})) {
      change.reason = reason->text().substr(0, longest_reason);
    }
    changes.push_back(std::move(change));
  }
  return changes;
}

std::optional<StanzaError> Room::refuses(const Jid& actor, const std::vector<AffiliationChange>& changes) const {
  const Affiliation standing = affiliation_of(actor);
  std::size_t more = 0;
  for (const AffiliationChange& change : changes) {
    const RoomAffiliation* record = affiliation_record(change.user);
    const Affiliation listed = listed_affiliation(change.user.str());
    const Affiliation before = listed == Affiliation::outcast ? listed : std::max(listed, affiliation_by_groups(change.user));   // a group's owner is not banned by an admin
    const bool is_self = actor.bare_str() == change.user.str();
    if (const auto condition = refuses_affiliation(standing, before, change.wanted, is_self)) {
      return StanzaError(*condition);
    }
    if (auto why = contradicts_declaration(change.user, change.wanted)) {
      return StanzaError(StanzaCondition::not_allowed, std::move(*why));
    }
    if (change.wanted == Affiliation::outcast && !change.user.has_local() && actor.domain() == change.user.domain()) {  // and himself
      return StanzaError(StanzaCondition::conflict);
    }
    more += record == nullptr && change.wanted != Affiliation::none ? 1 : 0;
    if (change.nickname && !change.nickname->empty()) {
      for (const std::string& key : nickname_keys(*change.nickname)) {
        const auto taken = nickname_keys_.find(key);
        if (taken != nickname_keys_.end() && taken->second != change.user.str()) {
          return StanzaError(StanzaCondition::conflict);
        }
      }
    }
  }
  if (!leaves_an_owner(changes)) {  // section 10.4
    return StanzaError(StanzaCondition::conflict);
  }
  if (affiliations_.size() + more > options_.affiliations) {
    return StanzaError(StanzaCondition::resource_constraint, "The room has as many affiliations as one may have.");
  }
  return std::nullopt;
}

bool Room::leaves_an_owner(const std::vector<AffiliationChange>& changes) const {
  if (declared_ != nullptr) {  // whoever configures the server answers for it
    return true;
  }
  const auto last_word = [&](const BareJid& user) -> const AffiliationChange* {
    const AffiliationChange* found = nullptr;
    for (const AffiliationChange& change : changes) {
      found = change.user == user ? &change : found;
    }
    return found;
  };
  for (const auto& [jid, each] : affiliations_) {
    const AffiliationChange* change = last_word(jid.bare());
    if ((change != nullptr ? change->wanted : each.affiliation) == Affiliation::owner) {
      return true;
    }
  }
  return std::any_of(changes.begin(), changes.end(), [&](const AffiliationChange& change) {
    return change.wanted == Affiliation::owner && last_word(change.user) == &change;
  });
}

std::vector<RoomAffiliation> Room::versions_of(const std::vector<AffiliationChange>& changes) {
  std::vector<RoomAffiliation> changed;
  std::uint64_t version = record_.affiliations_version;
  for (const AffiliationChange& change : changes) {
    const RoomAffiliation* record = affiliation_record(change.user);
    RoomAffiliation next{.jid = change.user, .affiliation = change.wanted, .reason = change.reason, .version = ++version};
    if (change.wanted >= Affiliation::member) {  // section 9.1: an outcast's nickname is free
      next.nickname = change.nickname.value_or(record != nullptr ? record->nickname : std::string());
    }
    std::erase_if(changed, [&](const RoomAffiliation& each) { return each.jid == change.user; });   // the last word counts
    changed.push_back(std::move(next));
  }
  return changed;
}

Task<StanzaPtr> Room::change_affiliations(Pin self, Envelope envelope, std::vector<AffiliationChange> changes) {
  const Serial::Hold hold = co_await changes_.enter();
  const Jid actor = *envelope.stanza->from();
  if (!exists()) {
    co_return make_error(*envelope.stanza, StanzaError(StanzaCondition::item_not_found));
  }
  if (const auto error = refuses(actor, changes)) {
    co_return make_error(*envelope.stanza, *error);
  }
  const std::vector<RoomAffiliation> changed = versions_of(changes);
  RoomRecord next = changed_record();
  next.affiliations_version = changed.empty() ? next.affiliations_version : changed.back().version;
  if (state_ == State::open) {
    const Result<void> stored = co_await rooms().save(next, changed);
    if (!stored) {
      log::warning("room-affiliations-not-stored", {{"room", jid_.str()}, {"cause", stored.error().what}});
      co_return make_error(*envelope.stanza, StanzaError(StanzaCondition::resource_constraint));
    }
  }
  record_.affiliations_version = next.affiliations_version;
  answer(envelope, make_result(*envelope.stanza));   // before the others are told
  for (const RoomAffiliation& each : changed) {
    apply(each, actor);
  }
  co_return nullptr;
}

// What has been stored, to those who are in the room.
void Room::apply(const RoomAffiliation& changed, const Jid& actor) {
  const BareJid user = changed.jid.bare();
  const RoomAffiliation* record = affiliation_record(user);
  const Affiliation before = listed_affiliation(user.str());
  if (record != nullptr && !record->nickname.empty() && record->nickname != changed.nickname) {
    for (const std::string& key : nickname_keys(record->nickname)) {
      nickname_keys_.erase(key);
    }
    for (const auto& [nickname, occupant] : occupants_) {
      if (occupant->user == user) {
        for (std::string& key : nickname_keys(nickname)) {
          nickname_keys_.emplace(std::move(key), user.str());
        }
      }
    }
  }
  for (std::string& key : changed.nickname.empty() ? std::vector<std::string>{} : nickname_keys(changed.nickname)) {
    nickname_keys_.emplace(std::move(key), user.str());
  }
  const std::uint64_t since = announced_version_;
  note_version(changed);
  RoomAffiliation told = changed;
  told.affiliation = listed_affiliation(user.str());
  log::info("audit-room-affiliation", {{"room", jid_.str()}, {"by", actor.str()}, {"of", user.str()},
                                       {"before", to_string(before)}, {"after", to_string(told.affiliation)}});
  const bool is_here = regrade(told, before, actor, status::removed_by_affiliation, since);
  if (is_here || !user.has_local() || before == told.affiliation) {
    return;
  }
  if (config_.is_members_only && before == Affiliation::none && told.affiliation == Affiliation::member) {  // section 9.5
    const Occupant* inviter = occupant_of(actor);
    send_invitation(user, inviter != nullptr ? Jid(inviter->address) : Jid(jid_), changed.reason, {}, random_token(home_.world().random));
    return;
  }
  if (told.affiliation == Affiliation::outcast || before == Affiliation::outcast) {
    return;   // who was banned is not told every time somebody thinks of him
  }
  std::string xml;   // status 101: he is out of the room
  xml::Writer writer(xml);
  writer.start("message").attribute("from", jid_.str()).attribute("to", user.str()).attribute("id", random_token(home_.world().random));
  writer.start("x", ns::muc_user).start("item").attribute("affiliation", to_string(told.affiliation)).attribute("role", "none").end();
  writer.start("status").attribute("code", std::to_string(status::affiliation_changed)).end().end().end();
  fan_out_.then([this, note = Stanza::make(std::move(xml))] { home_.router().route(home_, Envelope{.stanza = note, .trace = home_.next_trace()}); });
}

// Brings the occupants that an address stands for into line with the lists. False: none is here. What those who know the lists need
// to know of it goes with the presence that all see, or where there is not exactly one such, in a message before it.
bool Room::regrade(const RoomAffiliation& changed, Affiliation before, const Jid& actor, int code_of_removal, std::uint64_t since) {
  const BareJid user = changed.jid.bare();
  std::vector<std::string> here;
  for (const auto& [nickname, occupant] : occupants_) {
    if (occupant->user == user || (!user.has_local() && occupant->user.domain() == user.domain())) {
      here.push_back(nickname);
    }
  }
  std::string told;
  if (user.has_local() && here.size() == 1 && config_.broadcast == Roles::all()) {
    told = versions(since, changed.version);
  } else {
    tell_affiliation(changed, before, since);
  }
  for (const std::string& nickname : here) {
    Occupant* occupant = occupant_called(nickname);
    if (occupant == nullptr) {
      continue;
    }
    const Affiliation now = affiliation_of(occupant->user);
    if (now == occupant->affiliation) {
      if (occupant->user == user) {   // its nickname has been reserved, say
        announce(*occupant, {.reason = changed.reason, .versions = told});
      }
      continue;
    }
    occupant->affiliation = now;
    Departure departure{.reason = changed.reason, .actor = occupant_of(actor), .actor_address = occupant_of(actor) == nullptr ? std::string(actor.bare_str()) : std::string(), .versions = told};
    if (departure.actor == occupant) {
      departure.actor = nullptr;
    }
    if (now == Affiliation::outcast) {  // section 9.1
      departure.codes = {status::banned};
      remove_occupant(*occupant, departure);
    } else if (config_.is_members_only && now < Affiliation::member) {  // section 9.4
      departure.codes = {code_of_removal};
      remove_occupant(*occupant, departure);
    } else {
      set_role(*occupant, default_role(now, config_.is_moderated), changed.reason, told);
    }
  }
  return !here.empty();
}

}  // namespace aldis::muc
