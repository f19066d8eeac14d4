// What is said to all, XEP-0045 (1.35.5) sections 7.4, 7.2.15 and 8.1. A message is reflected with the room's stanza-id (XEP-0359)
// and its author's occupant id (XEP-0421), and without what only the room or somebody's server may say (security P04). Where the
// room keeps an archive it is written first; meanwhile the next ones are written too, and all leave in the order they came.
#include "base/log.h"
#include "core/forged.h"
#include "core/virtual_host.h"
#include "extensions/muc/room.h"
#include "extensions/muc/status_codes.h"
#include "xmpp/delay.h"
#include "xmpp/namespaces.h"

namespace aldis::muc {
namespace {

std::string id_text(ArchiveId id, const World& world) { return world.archive_form.write(id); }

// A message with a subject and neither body nor thread (section 8.1).
bool changes_subject(const Stanza& message) {
  return message.child({"subject", ns::client}) && !message.child({"body", ns::client}) && !message.child({"thread", ns::client});
}

}  // namespace

void Room::speak(const Envelope& envelope) {
  const Stanza& stanza = *envelope.stanza;
  Occupant* speaker = occupant_of(*stanza.from());
  if (speaker == nullptr) {
    refuse(envelope, StanzaCondition::not_acceptable);
    return;
  }
  const policy::Decision decision =
      home_.world().policy.decide(policy::Question{.action = policy::Action::reflect, .stanza = stanza, .other = &*stanza.from()});
  if (!decision.is_granted()) {
    refuse(envelope, StanzaCondition::policy_violation);
    return;
  }
  if (stanza.size() > options_.message_bytes.count) {
    refuse(envelope, StanzaError(StanzaCondition::policy_violation, "The message is too large for a room."));
    return;
  }
  if (!spends(speaker->user, speaker->affiliation, stanza.size())) {
    refuse(envelope, StanzaError(StanzaCondition::policy_violation, "You say too much in this room.").with_type(ErrorType::wait));
    return;
  }
  if (changes_subject(stanza)) {
    change_subject(envelope, *speaker);
    return;
  }
  if (speaker->role < Role::participant) {
    refuse(envelope, StanzaCondition::forbidden);
    return;
  }
  if (config_.slow_mode.count() > 0 && speaker->affiliation < Affiliation::admin && stanza.child({"body", ns::client})) {  // XEP-0500
    Talk& talk = talks_[speaker->user.str()];
    const Monotonic now = home_.now();
    if (talk.last_message != Monotonic{} && now - talk.last_message < config_.slow_mode) {
      refuse(envelope, StanzaError(StanzaCondition::policy_violation,
                                   "There are " + std::to_string(config_.slow_mode.count()) + " seconds between two messages in this room.")
                           .with_type(ErrorType::wait));
      return;
    }
    talk.last_message = now;
  }
  note_activity();
  if (retracted_id(stanza) && stanza.id().empty()) {  // XEP-0424 section 4: the tombstone names it
    refuse(envelope, StanzaError(StanzaCondition::bad_request, "A retraction has an id."));
    return;
  }
  const ArchiveId id = is_recorded(stanza) ? home_.next_archive_id() : 0;
  StanzaPtr said = reflected(stanza, *speaker, id);
  if (!config_.keeps_archive || state_ != State::open || id == 0) {
    say(envelope, std::move(said));
    return;
  }
  if (home_.world().stores.archive.refuses_writes()) {
    refuse(envelope, StanzaCondition::resource_constraint);
    return;
  }
  MessageAuthor author{.jid = stanza.from()->bare().with_resource(stanza.from()->resource()), .affiliation = speaker->affiliation,
                       .role = std::string(to_string(speaker->role)), .occupant_id = speaker->id};
  const FanOut::Ticket ticket = fan_out_.hold({.open = said, .veiled = said, .sender = envelope.sender, .trace = envelope.trace, .acceptance = envelope.acceptance});
  spawn(record_and_say(Pin(*this), envelope, std::move(said), id, std::move(author), ticket));
}

Task<void> Room::record_and_say(Pin self, Envelope envelope, StanzaPtr said, ArchiveId id, MessageAuthor author,
                                FanOut::Ticket ticket) {
  std::optional<StanzaError> error;
  if (const std::optional<std::string> retracted = retracted_id(*said)) {
    const Result<void, StanzaError> done = co_await retract(home_, jid_, *retracted, author.occupant_id, std::string(said->id()));
    if (done) {
      history_.remove(*retracted);
    } else {
      error = done.error();
    }
  }
  if (!error) {
    const Result<void> recorded = co_await muc::record(home_, jid_, id, said, author);
    if (!recorded) {
      log::warning("room-message-not-recorded", {{"room", jid_.str()}, {"cause", recorded.error().what}});
      error = StanzaError(StanzaCondition::resource_constraint);
    }
  }
  if (error) {
    fan_out_.drop(ticket);
    refuse(envelope, *error);
  } else {
    if (exists() && said->child({"body", ns::client})) {
      history_.add(said, home_.world().clock.wall(), id_text(id, home_.world()), std::min(config_.history, options_.history));
    }
    fan_out_.ready(ticket);
    note_mentions(said, author.jid.bare(), envelope.trace);
  }
  fan_out_.send();
}

// Not recorded.
void Room::say(const Envelope& envelope, StanzaPtr said) {
  if (said->child({"body", ns::client})) {
    const WallTime now = home_.world().clock.wall();
    fan_out_.then([this, said, now] { history_.add(said, now, {}, std::min(config_.history, options_.history)); });
  }
  fan_out_.to_all({.open = said, .veiled = said, .sender = envelope.sender, .trace = envelope.trace, .acceptance = envelope.acceptance});
}

StanzaPtr Room::reflected(const Stanza& message, const Occupant& speaker, ArchiveId id) const {
  const auto is_ours_to_say = [&](const xml::Element& child) {
    if (child.ns() == ns::muc || child.ns() == ns::muc_user || child.ns() == ns::muc_admin || child.ns() == ns::muc_owner ||
        child.ns() == ns::occupant_id || child.ns() == ns::hats || is_forged(child, jid_)) {
      return true;
    }
    if (child.is({"stanza-id", ns::stanza_ids})) {  // of whoever is served here: their accounts do not look at it any more
      const auto by = child.attribute("by");
      const auto jid = by ? Jid::parse(*by) : Result<Jid, JidError>(fail(JidError::empty));
      return !jid || home_.world().find_host(jid->domain()) != nullptr;
    }
    if (child.is({"delay", ns::delay})) {
      const auto delay = Delay::parse(child);
      // Section 7.9: the creator of a room repeats what was said elsewhere, with the addresses of those who said it.
      return !delay || !config_.is_non_anonymous || (delay->from && home_.world().find_host(delay->from->domain()) != nullptr &&
                                                     delay->from->bare_str() != message.from()->bare_str());
    }
    return child.is({"result", ns::mam}) || child.is({"fin", ns::mam}) || child.is({"event", ns::pubsub_event});
  };
  std::string more;
  xml::Writer writer(more);
  writer.start("occupant-id", ns::occupant_id).attribute("id", speaker.id).end();
  if (id != 0) {
    writer.start("stanza-id", ns::stanza_ids).attribute("by", jid_.str()).attribute("id", id_text(id, home_.world())).end();
  }
  return message.amended(is_ours_to_say, more)->with_addresses(speaker.address, std::nullopt);
}

// ---- the subject

void Room::change_subject(const Envelope& envelope, Occupant& speaker) {
  const bool may = speaker.role == Role::moderator || (config_.occupants_change_subject && speaker.role == Role::participant);
  if (!may) {
    refuse(envelope, StanzaCondition::forbidden);
    return;
  }
  const ArchiveId id = config_.keeps_archive && state_ == State::open ? home_.next_archive_id() : 0;
  StanzaPtr said = reflected(*envelope.stanza, speaker, id);
  const FanOut::Ticket ticket = fan_out_.hold({.open = said, .veiled = said, .sender = envelope.sender, .trace = envelope.trace, .acceptance = envelope.acceptance});
  MessageAuthor author{.jid = envelope.stanza->from()->bare().with_resource(envelope.stanza->from()->resource()), .affiliation = speaker.affiliation,
                       .role = std::string(to_string(speaker.role)), .occupant_id = speaker.id};
  spawn(store_subject(Pin(*this), envelope, std::move(said), id, std::move(author), std::string(speaker.nickname()), ticket));
}

Task<void> Room::store_subject(Pin self, Envelope envelope, StanzaPtr said, ArchiveId id, MessageAuthor author,
                               std::string nickname, FanOut::Ticket ticket) {
  Result<void> stored;
  {
    const Serial::Hold hold = co_await changes_.enter();
    RoomRecord changed = changed_record();
    const auto element = said->child({"subject", ns::client});
    changed.subject = element->text();
    changed.subject_author = nickname;
    changed.subject_author_id = author.occupant_id;
    changed.subject_at = home_.world().clock.wall();
    if (state_ == State::open) {
      stored = co_await rooms().save(changed, {});
    }
    if (stored && id != 0 && is_recorded(*said)) {
        stored = co_await muc::record(home_, jid_, id, said, author);
    }
    if (stored) {
      record_.subject = changed.subject;
      record_.subject_author = changed.subject_author;
      record_.subject_author_id = changed.subject_author_id;
      record_.subject_at = changed.subject_at;
    }
  }
  if (stored) {
    fan_out_.ready(ticket);
  } else {
    log::warning("room-subject-not-stored", {{"room", jid_.str()}, {"cause", stored.error().what}});
    fan_out_.drop(ticket);
    refuse(envelope, StanzaCondition::resource_constraint);
  }
  fan_out_.send();
}

// Section 7.2.15: also where there is none.
StanzaPtr Room::subject() const {
  std::string xml;
  xml::Writer writer(xml);
  writer.start("message").attribute("type", "groupchat");
  const bool is_set = record_.subject_at.has_value() && !record_.subject_author.empty();
  writer.attribute("from", is_set ? jid_.with_resource(record_.subject_author).str() : jid_.str());
  writer.element("subject", record_.subject);
  if (record_.subject_at) {
    std::string delay;
    Delay{.stamp = *record_.subject_at, .from = jid_}.write(delay);
    writer.raw(delay);
  }
  if (is_set && !record_.subject_author_id.empty()) {
    writer.start("occupant-id", ns::occupant_id).attribute("id", record_.subject_author_id).end();
  }
  writer.end();
  return Stanza::make(std::move(xml));
}

// Section 10.2.1.
void Room::note_configuration(const std::vector<int>& codes) {
  std::string xml;
  xml::Writer writer(xml);
  writer.start("message").attribute("type", "groupchat").attribute("from", jid_.str()).start("x", ns::muc_user);
  for (const int code : codes) {
    writer.start("status").attribute("code", std::to_string(code)).end();
  }
  writer.end().end();
  StanzaPtr note = Stanza::make(std::move(xml));
  fan_out_.to_all({.open = note, .veiled = note});
}

}  // namespace aldis::muc
