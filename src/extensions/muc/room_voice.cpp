// Requests for voice, XEP-0045 (1.35.5) sections 7.13 and 8.6: a visitor's form goes to the moderators, and one of them decides.
#include "base/log.h"
#include "extensions/muc/room.h"
#include "xmpp/namespaces.h"

namespace aldis::muc {

// A form sent to the room in a message: a request for voice, or a moderator's or admin's answer to a form of ours.
void Room::take_form(const Envelope& envelope, const Form& form) {
  if (form.type == FormType::cancel && occupant_of(*envelope.stanza->from()) != nullptr) {
    return;   // section 8.6: the request is skipped
  }
  if (form.type != FormType::submit) {
    refuse(envelope, StanzaCondition::bad_request);
  } else if (form.form_type() == ns::muc_register) {
    approve_registration(envelope, form);
  } else if (form.form_type() != ns::muc_request) {
    refuse(envelope, StanzaCondition::bad_request);
  } else if (form.field("muc#request_allow") != nullptr) {
    approve_voice(envelope, form);
  } else {
    request_voice(envelope, form);
  }
}

void Room::request_voice(const Envelope& envelope, const Form& form) {
  const Occupant* visitor = occupant_of(*envelope.stanza->from());
  if (visitor == nullptr) {
    refuse(envelope, StanzaCondition::not_acceptable);
    return;
  }
  if (form.value("muc#role") != to_string(Role::participant) || visitor->role != Role::visitor) {
    refuse(envelope, StanzaCondition::bad_request);
    return;
  }
  if (!config_.takes_voice_requests) {
    refuse(envelope, StanzaCondition::forbidden);
    return;
  }
  if (!spends(visitor->user, visitor->affiliation, 4096)) {  // moderators are not to be buried in them
    refuse(envelope, StanzaError(StanzaCondition::policy_violation, "You say too much in this room.").with_type(ErrorType::wait));
    return;
  }
  Form approval(FormType::form, ns::muc_request);
  approval.title = "Voice request";
  approval.instructions = {"To approve this request for voice, select the box and submit the form."};
  approval.fields.push_back(Field("muc#role", FieldType::list_single, {"participant"}, "Requested role").with_options({{"participant", "Participant"}}));
  approval.fields.push_back(Field("muc#jid", FieldType::jid_single, {visitor->clients.back().recipient.jid.str()}, "User"));
  approval.fields.push_back(Field("muc#roomnick", FieldType::text_single, {std::string(visitor->nickname())}, "Nickname"));
  approval.fields.push_back(Field("muc#request_allow", FieldType::boolean, {"0"}, "Grant voice to this person"));
  std::string xml;
  xml::Writer writer(xml);
  writer.start("message").attribute("from", jid_.str());
  approval.write(writer);
  writer.end();
  const StanzaPtr message = Stanza::make(std::move(xml));
  for (const auto& [nickname, occupant] : occupants_) {
    if (occupant->role == Role::moderator) {
      for (const OccupantClient& client : occupant->clients) {
        fan_out_.to_one(client.recipient, {message});
      }
    }
  }
}

void Room::approve_voice(const Envelope& envelope, const Form& form) {
  const Occupant* moderator = occupant_of(*envelope.stanza->from());
  if (moderator == nullptr || moderator->role != Role::moderator) {
    refuse(envelope, StanzaCondition::forbidden);
    return;
  }
  const auto is_allowed = form.boolean("muc#request_allow");
  const auto nickname = form.value("muc#roomnick");
  if (!is_allowed || !*is_allowed || !nickname || form.value("muc#role") != to_string(Role::participant)) {
    refuse(envelope, StanzaCondition::bad_request);
    return;
  }
  Occupant* visitor = occupant_called(*nickname);
  const auto address = form.jid("muc#jid");
  if (!address) {
    refuse(envelope, address.error());
    return;
  }
  if (visitor == nullptr || (*address && (**address).bare_str() != visitor->user.str())) {  // gone, and another has taken the name
    refuse(envelope, StanzaCondition::item_not_found);
    return;
  }
  if (**is_allowed && visitor->role == Role::visitor) {
    log::info("audit-room-role", {{"room", jid_.str()}, {"by", envelope.stanza->from()->str()}, {"of", visitor->user.str()}, {"role", "participant"}});
    set_role(*visitor, Role::participant, {});
  }
}

}  // namespace aldis::muc
