// Destroying a room, XEP-0045 (1.35.5) section 10.9: it is gone from the store before its occupants are told, once each.
#include "base/log.h"
#include "extensions/muc/room.h"
#include "xmpp/namespaces.h"

namespace aldis::muc {

Task<StanzaPtr> Room::destroy(Pin self, Envelope envelope) {
  const Serial::Hold hold = co_await changes_.enter();
  const Stanza& stanza = *envelope.stanza;
  const Jid actor = *stanza.from();
  if (!exists() || affiliation_of(actor) != Affiliation::owner) {
    co_return make_error(stanza, StanzaError(exists() ? StanzaCondition::forbidden : StanzaCondition::item_not_found));
  }
  if (declarations_.find(jid_.local()) != nullptr) {
    co_return make_error(stanza, StanzaError(StanzaCondition::not_allowed, "The server's configuration has this room: it can be destroyed when it is not there any more."));
  }
  const xml::Element wish = *stanza.payload()->child({"destroy", ns::muc_owner});
  const auto alternative = wish.attribute("jid");
  const auto jid = alternative ? Jid::parse(*alternative) : Result<Jid, JidError>(jid_);
  if (!jid) {
    co_return make_error(stanza, StanzaError(StanzaCondition::jid_malformed));
  }
  if (state_ == State::open) {
    const Result<void> removed = co_await rooms().remove(jid_);
    if (!removed && removed.error().kind != ErrorKind::not_found) {
      log::warning("room-not-removed", {{"room", jid_.str()}, {"cause", removed.error().what}});
      co_return make_error(stanza, StanzaError(StanzaCondition::resource_constraint));
    }
  }
  log::info("audit-room-destroyed", {{"room", jid_.str()}, {"by", actor.str()}});
  const auto password = wish.child({"password", ns::muc_owner});
  const auto reason = wish.child({"reason", ns::muc_owner});
  tell_of_destruction(alternative ? jid->str() : std::string(), password ? password->text() : std::string(), reason ? reason->text() : std::string());
  co_return make_result(stanza);
}

void Room::tell_of_destruction(std::string_view alternative, std::string_view password, std::string_view reason) {
  std::string destroyed;
  xml::Writer writer(destroyed, ns::muc_user);
  writer.start("destroy", ns::muc_user);
  if (!alternative.empty()) {
    writer.attribute("jid", alternative);
  }
  if (!password.empty()) {
    writer.element("password", password);
  }
  if (!reason.empty()) {
    writer.element("reason", reason);
  }
  writer.end();
  for (const auto& [nickname, occupant] : occupants_) {
    occupant->affiliation = Affiliation::none;
    occupant->role = Role::none;
    for (const OccupantClient& client : occupant->clients) {
      const Note note{.codes = {}, .more = destroyed, .is_leaving = true};
      fan_out_.to_one(client.recipient, {presence_of(*occupant, client, false, note)});
      fan_out_.remove(client.recipient.jid);
    }
  }
  by_client_.clear();
  occupants_.clear();
  become_absent();
}

}  // namespace aldis::muc
