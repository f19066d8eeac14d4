// Roles, XEP-0045 (1.35.5) sections 8.2 to 8.5, 9.6 to 9.8: kicking, voice, moderators. All items of a request are carried out, or
// none.
#include "base/log.h"
#include "extensions/muc/room.h"
#include "extensions/muc/status_codes.h"
#include "xmpp/namespaces.h"

namespace aldis::muc {
namespace {
constexpr std::size_t longest_reason = 2000;

// Section 8.4: the refusal of a request, with the item that it is about.
StanzaPtr denial(const Stanza& request, StanzaCondition condition, const xml::Element& item) {
  const StanzaError error(condition);
  std::string more;
  xml::Writer writer(more);
  writer.start("query", ns::muc_admin).element(item).end();
  error.write(writer);
  return make_error(request, error)->amended([](const xml::Element& child) { return child.local() == "error"; }, more);
}
}  // namespace

// muc#admin: what it asks for is told by its items.
void Room::administrate(const Envelope& envelope) {
  const Stanza& stanza = *envelope.stanza;
  const xml::Element query = *stanza.payload();
  const auto first = query.child({"item", ns::muc_admin});
  if (!first) {
    refuse(envelope, StanzaCondition::bad_request);
    return;
  }
  if (stanza.type() == StanzaType::get) {
    send_list(envelope, *first);
    return;
  }
  bool has_role = false;
  bool has_affiliation = false;
  for (const xml::Element item : query.children()) {
    if (item.is({"item", ns::muc_admin})) {
      has_role = has_role || item.attribute("role").has_value();
      has_affiliation = has_affiliation || item.attribute("affiliation").has_value();
    }
  }
  if (has_role == has_affiliation) {  // section 17.4: one or the other
    refuse(envelope, StanzaCondition::bad_request);
    return;
  }
  if (has_role) {
    change_roles(envelope, query);
    return;
  }
  Result<std::vector<AffiliationChange>, StanzaError> changes = read_changes(query);
  if (!changes) {
    refuse(envelope, changes.error());
    return;
  }
  answer_later(envelope, change_affiliations(Pin(*this), envelope, std::move(*changes)));
}

void Room::change_roles(const Envelope& envelope, const xml::Element& query) {
  const Jid& from = *envelope.stanza->from();
  const Standing actor = standing_of(from);
  const Occupant* moderator = occupant_of(from);
  struct Change {
    std::string nickname;
    Role role;
    std::string reason;
  };
  std::vector<Change> changes;
  for (const xml::Element item : query.children()) {
    if (!item.is({"item", ns::muc_admin})) {
      continue;
    }
    const auto role = parse_role(item.attribute("role").value_or(""));
    const auto nickname = item.attribute("nick");
    if (!role || !nickname || item.attribute("affiliation")) {
      refuse(envelope, StanzaCondition::bad_request);
      return;
    }
    const Occupant* target = occupant_called(*nickname);
    if (actor.role != Role::moderator && actor.affiliation < Affiliation::admin) {  // before it is told who is here
      refuse(envelope, StanzaCondition::forbidden);
      return;
    }
    if (target == nullptr) {
      refuse(envelope, StanzaCondition::item_not_found);
      return;
    }
    if (const auto named = item.attribute("jid")) {  // security M03: the two name one occupant, or nothing is done
      const auto jid = Jid::parse(*named);
      if (!jid || jid->bare_str() != target->user.str()) {
        refuse(envelope, StanzaCondition::bad_request);
        return;
      }
    }
    if (const auto condition = refuses_role(actor, {target->affiliation, target->role}, *role, target == moderator)) {
      answer(envelope, denial(*envelope.stanza, *condition, item));
      return;
    }
    const auto reason = item.child({"reason", ns::muc_admin});
    changes.push_back({std::string(*nickname), *role, reason ? reason->text().substr(0, longest_reason) : std::string()});
  }
  bool is_answered = false;
  for (const Change& change : changes) {
    Occupant* target = occupant_called(change.nickname);
    if (target == nullptr) {  // named twice, and gone
      continue;
    }
    log::info("audit-room-role", {{"room", jid_.str()}, {"by", from.str()}, {"of", target->user.str()}, {"role", to_string(change.role)}});
    if (change.role == Role::none) {  // section 8.2: he is told, then the moderator, then the others
      UniqueFunction<void()> between;
      if (!std::exchange(is_answered, true)) {
        between = [this, envelope] { home_.reply(envelope, make_result(*envelope.stanza)); };
      }
      Departure departure{.codes = {status::kicked}, .reason = change.reason, .actor = moderator};
      remove_occupant(*target, departure, std::move(between));
    } else {
      if (!std::exchange(is_answered, true)) {
        answer(envelope, make_result(*envelope.stanza));
      }
      set_role(*target, change.role, change.reason);
    }
  }
}

void Room::set_role(Occupant& occupant, Role role, std::string_view reason, std::string_view versions) {
  const Role before = std::exchange(occupant.role, role);
  const bool saw = sees_real_jids(before);
  const bool sees = sees_real_jids(role);
  occupant.forget_presence();
  if (saw != sees) {
    for (const OccupantClient& client : occupant.clients) {
      fan_out_.set_sees(client.recipient.jid, sees);
      if (sees) {  // section 8: a moderator knows them by their presence
        show_room_to(occupant, client.recipient);
      }
    }
  }
  if (config_.broadcast.contains(before) && !config_.broadcast.contains(role)) {
    Note note{.is_leaving = true};
    fan_out_.to_all({.open = presence_of(occupant, occupant.shown(), true, note),
                     .veiled = presence_of(occupant, occupant.shown(), config_.is_non_anonymous, note),
                     .except = occupant.client_jids()});
  }
  announce(occupant, {.reason = reason, .versions = versions});
}

}  // namespace aldis::muc
