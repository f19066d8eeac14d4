// Configuring a room, XEP-0045 (1.35.5) sections 10.1.2, 10.1.3 and 10.2: the form, and what follows from a change of it.
#include <algorithm>

#include "base/log.h"
#include "extensions/muc/room.h"
#include "extensions/muc/status_codes.h"
#include "xmpp/namespaces.h"
#include "xmpp/nickname.h"

namespace aldis::muc {

void Room::own(const Envelope& envelope) {
  const Stanza& stanza = *envelope.stanza;
  if (affiliation_of(*stanza.from()) != Affiliation::owner) {  // section 10.2
    refuse(envelope, StanzaCondition::forbidden);
    return;
  }
  const xml::Element query = *stanza.payload();
  if (stanza.type() == StanzaType::get) {
    answer(envelope, configuration_form(envelope));
    return;
  }
  if (query.child({"destroy", ns::muc_owner})) {
    answer_later(envelope, destroy(Pin(*this), envelope));
    return;
  }
  const auto form = Form::parse_child_of(query);
  if (!form || !*form || ((**form).type != FormType::submit && (**form).type != FormType::cancel)) {
    refuse(envelope, StanzaCondition::bad_request);
    return;
  }
  if (!(**form).fields.empty() && (**form).form_type() != ns::muc_roomconfig) {  // of something else (XEP-0068), or of nothing; security M03
    refuse(envelope, StanzaCondition::bad_request);
    return;
  }
  if ((**form).type == FormType::submit) {
    answer_later(envelope, configure(Pin(*this), envelope, **form));
    return;
  }
  if (state_ == State::locked) {  // section 10.1.3: the room is not to be
    tell_of_destruction({}, {}, {});
  }
  answer(envelope, make_result(stanza));
}

StanzaPtr Room::configuration_form(const Envelope& envelope) const {
  std::vector<std::string> admins;
  std::vector<std::string> owners;
  for (const Listed& each : listed()) {
    if (each.affiliation >= Affiliation::admin) {
      (each.affiliation == Affiliation::owner ? owners : admins).push_back(each.jid->str());
    }
  }
  std::ranges::sort(admins);
  std::ranges::sort(owners);
  std::string payload;
  xml::Writer writer(payload);
  writer.start("query", ns::muc_owner);
  const std::vector<std::string_view> fixed = declared_ != nullptr ? fixed_fields(declared_->options) : std::vector<std::string_view>();
  config_form(config_, jid_.str(), state_ == State::locked, std::move(admins), std::move(owners), fixed).write(writer);
  writer.end();
  return make_result(*envelope.stanza, payload);
}

Task<StanzaPtr> Room::configure(Pin self, Envelope envelope, Form submitted) {
  const Serial::Hold hold = co_await changes_.enter();
  const Jid actor = *envelope.stanza->from();
  const auto refusal = [&](const StanzaError& error) { return make_error(*envelope.stanza, error); };
  if (!exists()) {
    co_return refusal(StanzaError(StanzaCondition::item_not_found));
  }
  if (affiliation_of(actor) != Affiliation::owner) {  // no longer
    co_return refusal(StanzaError(StanzaCondition::forbidden));
  }
  SubmittedConfig wanted{.config = config_};
  if (!submitted.fields.empty()) {  // section 10.1.2: an empty form accepts what stands
    Result<SubmittedConfig, StanzaError> read = read_config(config_, options_, submitted, declared_ == nullptr);
    if (!read) {
      co_return refusal(read.error());
    }
    if (const auto field = declared_ != nullptr ? contradicts(read->config, declared_->options) : std::nullopt) {  // section 10.2: a policy of the service
      co_return refusal(StanzaError(StanzaCondition::not_acceptable, std::string(*field) + " is what the server's configuration says."));
    }
    wanted = std::move(*read);
  }
  // The full lists of owners and admins, as changes of what stands.
  std::vector<AffiliationChange> changes;
  const auto follow = [&](const std::optional<std::vector<BareJid>>& list, Affiliation of) {
    if (!list) {
      return;
    }
    for (const BareJid& jid : *list) {
      const bool is_named_owner = wanted.owners && of == Affiliation::admin && std::ranges::find(*wanted.owners, jid) != wanted.owners->end();
      if (!is_named_owner && listed_affiliation(jid.str()) != of) {
        changes.push_back({.user = jid, .wanted = of});
      }
    }
    for (const Listed& each : listed()) {
      const Jid& jid = *each.jid;
      const bool is_named = std::ranges::any_of(*list, [&](const BareJid& named) { return named == jid; });
      const bool is_moved = std::ranges::any_of(changes, [&](const AffiliationChange& change) { return change.user == jid; });
      if (each.affiliation == of && !is_named && !is_moved) {
        // Section 10.2: who is no owner any more is an admin, who is no admin any more a member.
        changes.push_back({.user = jid.bare(), .wanted = of == Affiliation::owner ? Affiliation::admin : Affiliation::member});
      }
    }
  };
  follow(wanted.owners, Affiliation::owner);
  follow(wanted.admins, Affiliation::admin);
  if (!changes.empty()) {
    if (const auto error = refuses(actor, changes)) {
      co_return refusal(*error);
    }
  }
  const std::vector<RoomAffiliation> changed = versions_of(changes);
  const RoomConfig before = std::exchange(config_, wanted.config);
  RoomRecord next = changed_record();
  config_ = before;
  next.affiliations_version = changed.empty() ? next.affiliations_version : changed.back().version;
  const bool is_new = state_ == State::locked;
  Result<void> stored;
  if (is_new) {
    config_ = wanted.config;
    stored = co_await store_new();
    if (!stored) {
      config_ = before;
    }
  }
  if (stored && (!is_new || !changed.empty())) {
    stored = co_await rooms().save(next, changed);
  }
  if (!stored) {
    log::warning("room-configuration-not-stored", {{"room", jid_.str()}, {"cause", stored.error().what}});
    co_return refusal(StanzaError(StanzaCondition::resource_constraint));
  }
  record_.affiliations_version = next.affiliations_version;
  log::info("audit-room-configured", {{"room", jid_.str()}, {"by", actor.str()}});
  answer(envelope, make_result(*envelope.stanza));
  config_ = before;
  apply_config(wanted.config, is_new);
  for (const RoomAffiliation& each : changed) {
    apply(each, actor);
  }
  after_leaving();
  co_return nullptr;
}

std::vector<int> Room::codes_of_change(const RoomConfig& before, const RoomConfig& after) {
  std::vector<int> codes;
  if (after.is_logged != before.is_logged) {
    codes.push_back(after.is_logged ? status::logging_enabled : status::logging_disabled);
  }
  if (after.is_non_anonymous != before.is_non_anonymous) {
    codes.push_back(after.is_non_anonymous ? status::now_non_anonymous : status::now_semi_anonymous);
  }
  RoomConfig rest = before;   // what else has changed
  rest.is_logged = after.is_logged;
  rest.is_non_anonymous = after.is_non_anonymous;
  if (rest != after) {
    codes.insert(codes.begin(), status::configuration_changed);
  }
  return codes;
}

void Room::apply_config(RoomConfig config, bool is_new) {
  const RoomConfig before = std::exchange(config_, std::move(config));
  history_.trim(std::min(config_.history, options_.history));
  if (!config_.keeps_archive && before.keeps_archive && !is_new) {
    log::info("audit-room-archive-off", {{"room", jid_.str()}});
  }
  if (config_.is_non_anonymous != before.is_non_anonymous) {
    for (const auto& [nickname, occupant] : occupants_) {
      occupant->forget_presence();
      for (const OccupantClient& client : occupant->clients) {
        fan_out_.set_sees(client.recipient.jid, sees_real_jids(occupant->role));
      }
    }
  }
  const std::vector<int> codes = codes_of_change(before, config_);
  if (!codes.empty() && !is_new) {
    note_configuration(codes);
  }
  if (config_.is_members_only && !before.is_members_only) {
    std::vector<std::string> outsiders;
    for (const auto& [nickname, occupant] : occupants_) {
      if (occupant->affiliation < Affiliation::member) {
        outsiders.push_back(nickname);
      }
    }
    for (const std::string& nickname : outsiders) {
      if (Occupant* occupant = occupant_called(nickname)) {
        remove_occupant(*occupant, {.codes = {status::removed_by_members_only}});
      }
    }
  }
}

}  // namespace aldis::muc
