// Occupant: somebody in a room: a nickname, and the clients that share it (XEP-0045 section 7.2.8). Held by its Room.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/ids.h"
#include "extensions/muc/fan_out.h"
#include "extensions/muc/role.h"
#include "xmpp/affiliation.h"
#include "xmpp/jid.h"
#include "xmpp/stanza.h"

namespace aldis::muc {

struct OccupantClient {
  Recipient recipient;
  StanzaPtr presence;    // the last it sent, without what only the room may say
  bool keeps_lists = false;   // it asked for the lists when it entered, and is told of their changes (XEP-0463)
};

struct Occupant {
  Occupant(FullJid in_room, BareJid who, std::string occupant_id)
      : address(std::move(in_room)), user(std::move(who)), id(std::move(occupant_id)) {}

  FullJid address;             // room@service/nickname
  BareJid user;
  std::string id;              // XEP-0421
  Affiliation affiliation = Affiliation::none;
  Role role = Role::none;
  std::vector<OccupantClient> clients{};   // the last is the one whose presence is shown
  StanzaPtr open{};            // that presence as those see it who see real addresses; null: to be made
  StanzaPtr veiled{};          // and as the others do

  [[nodiscard]] std::string_view nickname() const { return address.resource(); }
  [[nodiscard]] OccupantClient& shown() { return clients.back(); }
  [[nodiscard]] OccupantClient* client(const Jid& jid) {
    for (OccupantClient& each : clients) {
      if (each.recipient.jid == jid) {
        return &each;
      }
    }
    return nullptr;
  }
  [[nodiscard]] std::vector<Jid> client_jids() const {
    std::vector<Jid> all;
    for (const OccupantClient& each : clients) {
      all.push_back(each.recipient.jid);
    }
    return all;
  }
  void forget_presence() {
    open.reset();
    veiled.reset();
  }
};

}  // namespace aldis::muc
