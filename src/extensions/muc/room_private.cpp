// Private messages, XEP-0045 (1.35.5) section 7.5: from occupant to occupant, by the room, which shows neither's address.
#include "extensions/muc/room.h"
#include "xmpp/namespaces.h"

namespace aldis::muc {
namespace {

bool may_send(RoomConfig::Who who, Role role) {
  switch (who) {
    case RoomConfig::Who::anyone: return role != Role::none;
    case RoomConfig::Who::participants: return role >= Role::participant;
    case RoomConfig::Who::moderators: return role == Role::moderator;
    case RoomConfig::Who::none: return false;
  }
  return false;
}

}  // namespace

void Room::send_private(const Envelope& envelope) {
  const Stanza& stanza = *envelope.stanza;
  const Occupant* sender = occupant_of(*stanza.from());
  if (sender == nullptr) {
    refuse(envelope, StanzaCondition::not_acceptable);
    return;
  }
  if (stanza.type() == StanzaType::groupchat) {
    refuse(envelope, StanzaCondition::bad_request);
    return;
  }
  if (!may_send(config_.private_messages, sender->role)) {
    refuse(envelope, StanzaCondition::forbidden);
    return;
  }
  const Occupant* recipient = occupant_called(stanza.to()->resource());
  if (recipient == nullptr) {
    refuse(envelope, StanzaCondition::item_not_found);
    return;
  }
  if (stanza.size() > options_.message_bytes.count) {
    refuse(envelope, StanzaError(StanzaCondition::policy_violation, "The message is too large for a room."));
    return;
  }
  if (!spends(sender->user, sender->affiliation, stanza.size())) {
    refuse(envelope, StanzaError(StanzaCondition::policy_violation, "You say too much in this room.").with_type(ErrorType::wait));
    return;
  }
  const StanzaPtr said = reflected(stanza, *sender, 0)->amended(nullptr, "<x xmlns='http://jabber.org/protocol/muc#user'/>");
  for (const OccupantClient& client : recipient->clients) {  // section 7.2.8: to all of them
    fan_out_.then([this, stanza = said->with_addresses(sender->address, client.recipient.jid), envelope] {
      home_.router().route(home_, Envelope{.stanza = stanza, .sender = envelope.sender, .trace = envelope.trace, .acceptance = envelope.acceptance});
    });
  }
}

}  // namespace aldis::muc
