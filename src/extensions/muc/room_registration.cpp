// Registering with a room, XEP-0045 (1.35.5) sections 7.10, 7.12 and 9.9: who registers becomes a member with a reserved nickname;
// in a members-only room when an owner or admin has agreed.
#include <algorithm>

#include "base/log.h"
#include "core/virtual_host.h"
#include "extensions/muc/room.h"
#include "xmpp/namespaces.h"
#include "xmpp/nickname.h"

namespace aldis::muc {
namespace {

constexpr std::string_view nickname_field = "muc#register_roomnick";
constexpr std::size_t most_registrations = 100;   // that wait

Form registration_form(std::string_view room) {
  Form form(FormType::form, ns::muc_register);
  form.title = "Registration with " + std::string(room);
  form.instructions = {"Choose the nickname that is kept for you in this room."};
  form.fields.push_back(Field(std::string(nickname_field), FieldType::text_single, {}, "Desired nickname").required_too());
  return form;
}

}  // namespace

void Room::answer_registration_get(const Envelope& envelope) {
  const Jid& from = *envelope.stanza->from();
  const RoomAffiliation* record = affiliation_record(from.bare());
  const bool is_registered = record != nullptr && record->affiliation >= Affiliation::member && affiliation_of(from) != Affiliation::outcast;
  if (!is_registered && (affiliation_of(from) == Affiliation::outcast || !config_.takes_registrations || state_ != State::open)) {
    refuse(envelope, StanzaCondition::not_allowed);
    return;
  }
  std::string payload;
  xml::Writer writer(payload);
  writer.start("query", ns::registration);
  if (is_registered) {
    writer.start("registered").end();
    writer.element("username", record->nickname);
  }
  writer.element("instructions", "Send the form with the nickname that is to be kept for you.");
  registration_form(jid_.str()).write(writer);
  writer.end();
  answer(envelope, make_result(*envelope.stanza, payload));
}

Task<StanzaPtr> Room::register_member(Pin self, Envelope envelope) {
  const Serial::Hold hold = co_await changes_.enter();
  const Stanza& stanza = *envelope.stanza;
  const BareJid user = stanza.from()->bare();
  const auto refusal = [&](StanzaError error) { return make_error(stanza, error); };
  const RoomAffiliation* record = affiliation_record(user);
  const Affiliation standing = affiliation_of(user);
  if (!exists()) {
    co_return refusal(StanzaError(StanzaCondition::item_not_found));
  }
  if (stanza.payload()->child({"remove", ns::registration})) {  // XEP-0077 section 3.2
    if (standing != Affiliation::member) {
      co_return refusal(StanzaError(standing < Affiliation::member ? StanzaCondition::registration_required : StanzaCondition::not_allowed));
    }
    StanzaPtr removed = co_await store_registration(envelope, user, Affiliation::none, {});
    co_return removed;
  }
  if (standing == Affiliation::outcast || (standing == Affiliation::none && !config_.takes_registrations) || state_ != State::open) {
    co_return refusal(StanzaError(StanzaCondition::not_allowed));
  }
  if (envelope.sender != nullptr && envelope.sender->is_anonymous) {  // his address is another's tomorrow
    co_return refusal(StanzaError(StanzaCondition::not_allowed));
  }
  const auto submitted = Form::parse_child_of(*stanza.payload());
  if (!submitted || !*submitted) {
    co_return refusal(StanzaError(StanzaCondition::bad_request));
  }
  const auto accepted = registration_form(jid_.str()).accept(**submitted);
  if (!accepted) {
    co_return refusal(accepted.error());
  }
  const auto nickname = prepare_resource(*accepted->value(nickname_field));
  if (!nickname || problem_of_nickname(*nickname, options_.nickname_length)) {
    co_return refusal(StanzaError(StanzaCondition::not_acceptable, "The nickname cannot be used."));
  }
  for (const std::string& key : nickname_keys(*nickname)) {
    if (const auto taken = nickname_keys_.find(key); taken != nickname_keys_.end() && taken->second != user.str()) {
      co_return refusal(StanzaError(StanzaCondition::conflict));
    }
  }
  if (record == nullptr && affiliations_.size() >= options_.affiliations) {
    co_return refusal(StanzaError(StanzaCondition::resource_constraint));
  }
  if (standing == Affiliation::none && config_.is_members_only) {
    ask_for_approval(user, *nickname);
    co_return make_result(stanza);
  }
  // What a group or the configuration gives besides is not his to keep.
  const Affiliation stored = record != nullptr ? record->affiliation : Affiliation::none;
  if (stored == Affiliation::outcast) {  // the configuration lets him in, and says nothing of what is stored
    co_return refusal(StanzaError(StanzaCondition::not_allowed));
  }
  StanzaPtr registered = co_await store_registration(envelope, user, std::max(stored, Affiliation::member), *nickname);
  co_return registered;
}

Task<StanzaPtr> Room::store_registration(Envelope envelope, BareJid user, Affiliation affiliation, std::string nickname) {
  RoomRecord next = changed_record();
  const RoomAffiliation changed{.jid = user, .affiliation = affiliation, .nickname = std::move(nickname), .version = ++next.affiliations_version};
  std::vector<RoomAffiliation> all{changed};
  const Result<void> stored = co_await rooms().save(next, std::move(all));
  if (!stored) {
    log::warning("room-affiliations-not-stored", {{"room", jid_.str()}, {"cause", stored.error().what}});
    co_return make_error(*envelope.stanza, StanzaError(StanzaCondition::resource_constraint));
  }
  record_.affiliations_version = next.affiliations_version;
  if (envelope.stanza->is_iq()) {
    answer(envelope, make_result(*envelope.stanza));
  }
  apply(changed, *envelope.stanza->from());
  co_return nullptr;
}

// Section 9.9.
void Room::ask_for_approval(const BareJid& user, const std::string& nickname) {
  std::erase_if(registrations_, [&](const Registration& each) { return each.user == user; });
  if (registrations_.size() >= most_registrations) {
    registrations_.erase(registrations_.begin());
  }
  registrations_.push_back({user, nickname});
  Form approval(FormType::form, ns::muc_register);
  approval.title = "Registration request";
  approval.instructions = {"To approve this registration, select the box and submit the form."};
  approval.fields.push_back(Field(std::string(nickname_field), FieldType::text_single, {nickname}, "Desired nickname"));
  approval.fields.push_back(Field("{https://aldis.im/rooms}user", FieldType::jid_single, {user.str()}, "User"));
  approval.fields.push_back(Field("muc#register_allow", FieldType::boolean, {"0"}, "Allow this person to register with the room"));
  std::string xml;
  xml::Writer writer(xml);
  writer.start("message").attribute("from", jid_.str());
  approval.write(writer);
  writer.end();
  const StanzaPtr message = Stanza::make(std::move(xml));
  for (const Listed& each : listed()) {
    if (each.affiliation >= Affiliation::admin) {  // here or not
      fan_out_.then([this, stanza = message->with_to(*each.jid)] { home_.router().route(home_, Envelope{.stanza = stanza, .trace = home_.next_trace()}); });
    }
  }
}

void Room::approve_registration(const Envelope& envelope, const Form& form) {
  if (affiliation_of(*envelope.stanza->from()) < Affiliation::admin) {
    refuse(envelope, StanzaCondition::forbidden);
    return;
  }
  const auto is_allowed = form.boolean("muc#register_allow");
  const auto user = form.jid("{https://aldis.im/rooms}user");
  if (!is_allowed || !*is_allowed || !user || !*user) {
    refuse(envelope, StanzaCondition::bad_request);
    return;
  }
  const auto waiting = std::ranges::find_if(registrations_, [&](const Registration& each) { return each.user.str() == (**user).bare_str(); });
  if (waiting == registrations_.end()) {
    refuse(envelope, StanzaCondition::item_not_found);
    return;
  }
  const Registration registration = *waiting;
  registrations_.erase(waiting);
  if (**is_allowed) {
    spawn(register_approved(Pin(*this), envelope, registration));
  }
}

Task<void> Room::register_approved(Pin self, Envelope envelope, Registration registration) {
  const Serial::Hold hold = co_await changes_.enter();
  const bool is_admin = affiliation_of(*envelope.stanza->from()) >= Affiliation::admin;
  if (exists() && state_ == State::open && is_admin && affiliation_of(registration.user) == Affiliation::none) {
    bool is_free = affiliations_.size() < options_.affiliations;
    for (const std::string& key : nickname_keys(registration.nickname)) {
      const auto taken = nickname_keys_.find(key);
      is_free = is_free && (taken == nickname_keys_.end() || taken->second == registration.user.str());
    }
    if (!is_free) {
      refuse(envelope, StanzaCondition::conflict);
    } else {
      const StanzaPtr error = co_await store_registration(envelope, registration.user, Affiliation::member, registration.nickname);
      if (error != nullptr) {
        fan_out_.then([this, envelope, error] { home_.reply(envelope, error); });
      }
    }
  }
  fan_out_.send();
}

}  // namespace aldis::muc
