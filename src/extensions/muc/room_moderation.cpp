// A moderator takes back somebody's message (XEP-0425, 0.3.0): a tombstone stands in the archive before anybody is told. Who may read
// the archive at all.
#include "base/log.h"
#include "extensions/muc/room.h"

namespace aldis::muc {

// XEP-0313 section 5.1.2: who may enter may read.
RoomArchiveView Room::archive_view(const Jid& who) const {
  const Standing standing = standing_of(who);
  const bool is_inside = standing.role != Role::none;
  const bool is_member = standing.affiliation >= Affiliation::member;
  const bool may_enter = standing.affiliation != Affiliation::outcast && (is_inside || is_member || (!config_.is_members_only && config_.password.empty()));
  return {.may_read = may_enter,
          .sees_real_jids = config_.is_non_anonymous || standing.affiliation >= Affiliation::admin || standing.role == Role::moderator};
}

void Room::moderate_message(const Envelope& envelope) {
  const Occupant* moderator = occupant_of(*envelope.stanza->from());
  if (moderator == nullptr || moderator->role != Role::moderator) {
    refuse(envelope, StanzaCondition::forbidden);
    return;
  }
  Result<Moderation, StanzaError> moderation = parse_moderation(*envelope.stanza);
  if (!moderation) {
    refuse(envelope, moderation.error());
    return;
  }
  const FanOut::Ticket ticket = fan_out_.hold({.trace = envelope.trace});
  answer_later(envelope, moderate_stored(Pin(*this), envelope, std::move(*moderation), moderator->address, moderator->id, home_.next_archive_id(), ticket));
}

Task<StanzaPtr> Room::moderate_stored(Pin self, Envelope envelope, Moderation moderation, Jid moderator, std::string occupant_id, ArchiveId id,
                                      FanOut::Ticket ticket) {
  const std::string of = moderation.id;
  Result<StanzaPtr, StanzaError> told = co_await moderate(home_, jid_, id, std::move(moderation), std::move(moderator), std::move(occupant_id));
  if (!told) {
    fan_out_.drop(ticket);
    fan_out_.send();
    co_return make_error(*envelope.stanza, told.error());
  }
  log::info("audit-room-message-moderated", {{"room", jid_.str()}, {"by", envelope.stanza->from()->str()}, {"message", of}});
  history_.remove(of);
  fan_out_.ready(ticket, *told);
  fan_out_.send();
  co_return make_result(*envelope.stanza);
}

}  // namespace aldis::muc
