// What a room says of itself, XEP-0045 (1.35.5) sections 6.4, 6.5, 7.12 and 18.1.1, with XEP-0030 and XEP-0128. To who may not enter
// a hidden room it says what any room says that has this address; its occupants are told to nobody unless the owner wants it (M02).
#include "core/virtual_host.h"
#include "extensions/muc/room.h"
#include "xmpp/namespaces.h"

namespace aldis::muc {

void Room::discover(const Envelope& envelope, bool is_info) {
  const Stanza& stanza = *envelope.stanza;
  const Jid& from = *stanza.from();
  const std::string_view node = stanza.payload()->attribute("node").value_or("");
  if (affiliation_of(from) == Affiliation::outcast) {
    refuse(envelope, StanzaCondition::forbidden);
    return;
  }
  if (state_ == State::locked && affiliation_of(from) != Affiliation::owner) {
    refuse(envelope, StanzaCondition::item_not_found);
    return;
  }
  std::string payload;
  xml::Writer writer(payload);
  writer.start("query", is_info ? ns::disco_info : ns::disco_items);
  if (!node.empty() && discover_commands(envelope, is_info, node)) {
    return;
  }
  if (!node.empty()) {
    if (is_info && node == ns::muc_traffic) {  // section 18.1.1: nothing is discarded
      refuse(envelope, StanzaCondition::service_unavailable);
      return;
    }
    if (!is_info || node != "x-roomuser-item") {
      refuse(envelope, StanzaCondition::item_not_found);
      return;
    }
    writer.attribute("node", node);
    if (const RoomAffiliation* record = affiliation_record(from.bare()); record != nullptr && !record->nickname.empty()) {
      writer.start("identity").attribute("category", "conference").attribute("type", "text").attribute("name", record->nickname).end();
    }
  } else if (is_info) {
    write_info(writer);
  } else if (config_.lists_occupants || occupant_of(from) != nullptr) {
    for (const auto& [nickname, occupant] : occupants_) {
      if (config_.broadcast.contains(occupant->role)) {
        writer.start("item").attribute("jid", occupant->address.str()).end();
      }
    }
  }
  writer.end();
  answer(envelope, make_result(stanza, payload));
}

void Room::write_info(xml::Writer& writer) const {
  writer.start("identity").attribute("category", "conference").attribute("type", "text");
  writer.attribute("name", config_.name.empty() ? jid_.local() : std::string_view(config_.name)).end();
  const auto feature = [&](std::string_view var) { writer.start("feature").attribute("var", var).end(); };
  for (const std::string_view var : {ns::disco_info, ns::disco_items, ns::muc, ns::muc_stable_id, ns::muc_self_ping, ns::muc_request, ns::occupant_id,
                                     ns::stanza_ids, ns::ping, ns::muc_affiliations, ns::hats, ns::commands, ns::vcard}) {
    feature(var);
  }
  if (config_.takes_registrations) {
    feature(ns::registration);
    feature(ns::muc_register);
  }
  if (config_.keeps_archive) {
    for (const std::string_view var : archive_features()) {
      feature(var);
    }
  }
  feature(config_.is_public ? "muc_public" : "muc_hidden");
  feature(config_.is_persistent ? "muc_persistent" : "muc_temporary");
  feature(config_.is_members_only ? "muc_membersonly" : "muc_open");
  feature(config_.is_moderated ? "muc_moderated" : "muc_unmoderated");
  feature(config_.is_non_anonymous ? "muc_nonanonymous" : "muc_semianonymous");
  feature(config_.password.empty() ? "muc_unsecured" : "muc_passwordprotected");
  Form info(FormType::result, ns::muc_roominfo);
  const auto field = [&](std::string_view var, FieldType type, std::vector<std::string> values, std::string label) {
    info.fields.push_back(Field(std::string(var), type, std::move(values), std::move(label)));
  };
  field("muc#roominfo_description", FieldType::text_single, {config_.description}, "Description");
  field("muc#roominfo_occupants", FieldType::text_single, {std::to_string(occupants_.size())}, "Number of occupants");
  field("muc#roomconfig_changesubject", FieldType::boolean, {config_.occupants_change_subject ? "1" : "0"}, "Participants may change the subject");
  field("muc#roominfo_subjectmod", FieldType::boolean, {config_.occupants_change_subject ? "1" : "0"}, "Participants may change the subject");
  field("muc#maxhistoryfetch", FieldType::text_single, {std::to_string(config_.history)}, "Messages shown to who enters");
  if (config_.is_public && !config_.is_members_only && config_.password.empty()) {  // section 14.4: the subject is for those who may enter
    field("muc#roominfo_subject", FieldType::text_single, {record_.subject}, "Subject");
  }
  if (!config_.language.empty()) {
    field("muc#roominfo_lang", FieldType::text_single, {config_.language}, "Language");
  }
  if (!config_.pubsub.empty()) {
    field("muc#roomconfig_pubsub", FieldType::text_single, {config_.pubsub}, "Associated node");
  }
  if (!config_.contacts.empty()) {
    field("muc#roominfo_contactjid", FieldType::jid_multi, lines(config_.contacts), "Addresses to turn to");
  }
  field("muc#roominfo_slow_mode_duration", FieldType::text_single, {std::to_string(config_.slow_mode.count())}, "Seconds between two messages of one user");
  if (!record_.avatar.empty()) {  // XEP-0486 section 4.3
    field("muc#roominfo_avatarhash", FieldType::text_multi, lines(record_.avatar), "Avatar hash");
  }
  if (!hats_.is_empty()) {
    field("hats#hash", FieldType::text_single, {hats_.hash()}, "Changes with the list of hats");
  }
  info.write(writer);
}

}  // namespace aldis::muc
