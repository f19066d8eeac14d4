// Presence in a room, XEP-0045 (1.35.5) sections 7.6, 7.7 and 17.3: what a client sends is shown with what the room says about its
// occupant, and with nothing that pretends to be the room's word (security P04, M05).
#include <algorithm>

#include "extensions/muc/room.h"
#include "extensions/muc/status_codes.h"
#include "xmpp/namespaces.h"
#include "xmpp/nickname.h"

namespace aldis::muc {
namespace {

// What of a presence is the room's to say, or was said to the room and nobody else.
bool is_of_the_room(const xml::Element& child) {
  return child.ns() == ns::muc || child.ns() == ns::muc_user || child.ns() == ns::muc_admin || child.ns() == ns::muc_owner ||
         child.ns() == ns::occupant_id || child.ns() == ns::hats || child.is({"stanza-id", ns::stanza_ids}) || child.is({"delay", ns::delay});
}

}  // namespace

StanzaPtr Room::cleaned(const Stanza& presence) const {
  for (const xml::Element child : presence.element().children()) {
    if (is_of_the_room(child)) {
      return presence.amended(is_of_the_room, {});
    }
  }
  return presence.with_addresses(presence.from(), std::nullopt);
}

StanzaPtr Room::presence_of(const Occupant& occupant, const OccupantClient& client, bool is_open, const Note& note) const {
  const bool is_own_word = note.is_leaving && client.presence->type() == StanzaType::unavailable;
  std::string more;
  xml::Writer writer(more);
  writer.start("x", ns::muc_user);
  writer.start("item").attribute("affiliation", to_string(occupant.affiliation));
  writer.attribute("role", note.is_leaving && note.new_nickname.empty() ? "none" : to_string(occupant.role));
  if (is_open) {
    writer.attribute("jid", client.recipient.jid.str());
  }
  if (!note.new_nickname.empty()) {
    writer.attribute("nick", note.new_nickname);
  }
  if (note.actor != nullptr || !note.actor_address.empty()) {  // by nickname: real addresses are not shown (security M05)
    writer.start("actor");
    if (note.actor != nullptr) {
      writer.attribute("nick", note.actor->nickname());
    } else if (is_open) {
      writer.attribute("jid", note.actor_address);
    }
    writer.end();
  }
  if (!note.reason.empty()) {
    writer.element("reason", note.reason);
  }
  writer.end();
  std::vector<int> codes = note.codes;
  std::ranges::sort(codes);
  for (const int code : codes) {
    writer.start("status").attribute("code", std::to_string(code)).end();
  }
  writer.raw(note.more);
  if (!note.versions.empty()) {
    writer.raw(note.versions);
  } else if (!note.is_leaving && std::ranges::find(codes, status::self) != codes.end()) {  // XEP-0463 section 5.2.1
    write_versions(writer, std::nullopt, announced_version_);
  }
  writer.end();
  writer.start("occupant-id", ns::occupant_id).attribute("id", occupant.id).end();
  if (!note.is_leaving) {
    hats_.write(writer, occupant.user);
  }
  if (note.is_leaving && !is_own_word) {  // the room's own word: nothing of the client's last presence is repeated
    std::string xml;
    xml::Writer outer(xml);
    outer.start("presence").attribute("type", "unavailable").attribute("from", occupant.address.str());
    outer.raw(more).end();
    return Stanza::make(std::move(xml));
  }
  return client.presence->amended(is_of_the_room, more)->with_addresses(occupant.address, std::nullopt);
}

const StanzaPtr& Room::shown(Occupant& occupant, bool is_open) const {
  if (is_open || config_.is_non_anonymous) {
    if (occupant.open == nullptr) {
      occupant.open = presence_of(occupant, occupant.shown(), true, {});
    }
    return occupant.open;
  }
  if (occupant.veiled == nullptr) {
    occupant.veiled = presence_of(occupant, occupant.shown(), false, {});
  }
  return occupant.veiled;
}

void Room::announce(Occupant& occupant, const Note& note) {
  const bool is_plain = note.codes.empty() && note.reason.empty() && note.actor == nullptr && note.actor_address.empty() && note.new_nickname.empty() && note.versions.empty();
  if (config_.broadcast.contains(occupant.role)) {
    FanOut::Speech speech{.except = occupant.client_jids()};
    speech.open = is_plain ? shown(occupant, true) : presence_of(occupant, occupant.shown(), true, note);
    speech.veiled = config_.is_non_anonymous ? speech.open : is_plain ? shown(occupant, false) : presence_of(occupant, occupant.shown(), false, note);
    fan_out_.to_all(std::move(speech));
  }
  Note to_self = note;
  to_self.codes.push_back(status::self);
  const StanzaPtr own = presence_of(occupant, occupant.shown(), sees_real_jids(occupant.role), to_self);
  for (const OccupantClient& client : occupant.clients) {
    fan_out_.to_one(client.recipient, {own});
  }
}

void Room::change_presence(const Envelope& envelope, Occupant& occupant) {
  const Jid& from = *envelope.stanza->from();
  if (envelope.stanza->size() > options_.presence_bytes.count) {
    refuse(envelope, StanzaError(StanzaCondition::policy_violation, "The presence is too large."));
    return;
  }
  if (!spends(from, occupant.affiliation, envelope.stanza->size())) {  // section 14.6: rapid and repeated changes
    refuse(envelope, StanzaError(StanzaCondition::policy_violation, "You say too much in this room.").with_type(ErrorType::wait));
    return;
  }
  const OccupantClient* client = occupant.client(from);
  OccupantClient changed{client->recipient, cleaned(*envelope.stanza), client->keeps_lists};
  if (envelope.origin != SessionId::none && envelope.origin != changed.recipient.session) {  // its session is another now
    changed.recipient.session = envelope.origin;
    fan_out_.add(changed.recipient, sees_real_jids(occupant.role));
  }
  std::erase_if(occupant.clients, [&](const OccupantClient& each) { return each.recipient.jid == from; });
  occupant.clients.push_back(std::move(changed));
  occupant.forget_presence();
  announce(occupant, {});
}

// Section 7.6. The nickname is the occupant's: all clients that share it change with it.
void Room::change_nickname(const Envelope& envelope, Occupant& occupant) {
  const std::string_view wanted = envelope.stanza->to()->resource();
  auto nickname = nickname_for(occupant.user, wanted);
  if (nickname && *nickname != wanted) {
    nickname = fail(StanzaError(StanzaCondition::not_acceptable).with_type(ErrorType::cancel));
  }
  if (nickname && occupant_called(wanted) != nullptr) {  // of his own: two occupants do not become one
    nickname = fail(StanzaError(StanzaCondition::conflict));
  }
  if (nickname && !spends(*envelope.stanza->from(), occupant.affiliation, envelope.stanza->size())) {
    nickname = fail(StanzaError(StanzaCondition::policy_violation, "You say too much in this room.").with_type(ErrorType::wait));
  }
  if (!nickname) {
    refuse(envelope, nickname.error());
    return;
  }
  Note leaving{.codes = {status::new_nickname}, .new_nickname = wanted, .is_leaving = true};
  if (config_.broadcast.contains(occupant.role)) {
    fan_out_.to_all({.open = presence_of(occupant, occupant.shown(), true, leaving),
                     .veiled = presence_of(occupant, occupant.shown(), config_.is_non_anonymous, leaving),
                     .except = occupant.client_jids()});
  }
  leaving.codes.push_back(status::self);
  for (const OccupantClient& client : occupant.clients) {
    fan_out_.to_one(client.recipient, {presence_of(occupant, client, sees_real_jids(occupant.role), leaving)});
  }
  auto node = occupants_.extract(std::string(occupant.nickname()));
  free_nickname(occupant);
  for (std::string& key : nickname_keys(wanted)) {
    nickname_keys_.emplace(std::move(key), occupant.user.str());
  }
  occupant.address = jid_.with_resource(wanted);
  node.key() = std::string(wanted);
  occupants_.insert(std::move(node));
  const Jid& from = *envelope.stanza->from();
  const OccupantClient* client = occupant.client(from);
  OccupantClient changed{client->recipient, cleaned(*envelope.stanza), client->keeps_lists};
  std::erase_if(occupant.clients, [&](const OccupantClient& each) { return each.recipient.jid == from; });
  occupant.clients.push_back(std::move(changed));
  occupant.forget_presence();
  announce(occupant, {});
}

// Section 7.2.17: a client that believes it is here, and is not.
void Room::note_confused(const Envelope& envelope) {
  std::string xml;
  xml::Writer writer(xml);
  writer.start("presence").attribute("type", "unavailable").attribute("from", envelope.stanza->to()->str());
  writer.attribute("to", envelope.stanza->from()->str());
  writer.start("x", ns::muc_user).start("item").attribute("affiliation", "none").attribute("role", "none");
  writer.element("reason", "You are not in the room.").end();
  for (const int code : {status::self, status::kicked, status::technical_problem}) {
    writer.start("status").attribute("code", std::to_string(code)).end();
  }
  writer.end().end();
  const StanzaPtr kick = Stanza::make(std::move(xml));
  fan_out_.then([this, envelope, kick] { home_.reply(envelope, kick); });
}

}  // namespace aldis::muc
