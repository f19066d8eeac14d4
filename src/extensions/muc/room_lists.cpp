// The lists of a room, XEP-0045 (1.35.5) sections 8.5, 9.2, 9.5, 9.8, 10.5 and 10.8, for those who may read them (security M01).
#include <algorithm>

#include "extensions/muc/room.h"
#include "xmpp/namespaces.h"

namespace aldis::muc {

void Room::send_list(const Envelope& envelope, const xml::Element& item) {
  const Standing actor = standing_of(*envelope.stanza->from());
  const auto affiliation_word = item.attribute("affiliation");
  const auto role_word = item.attribute("role");
  const auto affiliation = affiliation_word ? parse_affiliation(*affiliation_word) : std::nullopt;
  const auto role = role_word ? parse_role(*role_word) : std::nullopt;
  if (affiliation.has_value() == role.has_value() || affiliation_word.has_value() == role_word.has_value()) {
    refuse(envelope, StanzaCondition::bad_request);
    return;
  }
  const auto refusal = affiliation ? refuses_list(actor, *affiliation, list_rules()) : refuses_list(actor, *role);
  if (refusal) {
    refuse(envelope, StanzaError(*refusal));
    return;
  }
  std::string payload;
  xml::Writer writer(payload);
  writer.start("query", ns::muc_admin);
  if (affiliation) {
    std::vector<Listed> list = listed();
    std::erase_if(list, [&](const Listed& each) { return each.affiliation != *affiliation; });
    std::ranges::sort(list, {}, [](const Listed& each) { return each.jid->str(); });
    for (const Listed& each : list) {
      writer.start("item").attribute("affiliation", to_string(each.affiliation)).attribute("jid", each.jid->str());
      if (each.record != nullptr && !each.record->nickname.empty()) {
        writer.attribute("nick", each.record->nickname);
      }
      if (each.record != nullptr && !each.record->reason.empty() && each.record->affiliation == each.affiliation) {
        writer.element("reason", each.record->reason);
      }
      writer.end();
    }
  } else {
    std::vector<const Occupant*> list;
    for (const auto& [nickname, occupant] : occupants_) {
      if (occupant->role == *role) {
        list.push_back(occupant.get());
      }
    }
    std::ranges::sort(list, {}, [](const Occupant* each) { return each->nickname(); });
    for (const Occupant* each : list) {
      writer.start("item").attribute("nick", each->nickname()).attribute("role", to_string(each->role));
      writer.attribute("affiliation", to_string(each->affiliation)).attribute("jid", each->clients.back().recipient.jid.str()).end();
    }
  }
  writer.end();
  answer(envelope, make_result(*envelope.stanza, payload));
}

}  // namespace aldis::muc
