// What is taken back in a room: by its author, XEP-0424 (0.4.2), or by a moderator, XEP-0425 (0.3.0). In the archive a tombstone
// stands in its place, with who wrote it and nothing of what it said; the message that takes it back is recorded behind it.
#include "base/log.h"
#include "core/archived.h"
#include "core/iq.h"
#include "extensions/muc/archive.h"
#include "xmpp/namespaces.h"
#include "xmpp/timestamp.h"

namespace aldis::muc {
namespace {

StanzaError answer_to_failure(const BareJid& room, const Error& error) {
  log::warning("room-message-not-taken-back", {{"room", room.str()}, {"cause", error.what}});
  return answer_to(error);
}

// A message that can be taken back: it is there, and an occupant's.
struct Target {
  ArchiveId id = 0;
  StanzaPtr stanza;
  std::string occupant_id;
  bool is_tombstone = false;  // it has been already; doing it again says it again, should the first time have come to nothing
};

Task<Result<Target, StanzaError>> find(Home& home, const BareJid& room, std::string_view text) {
  const std::optional<ArchiveId> id = home.world().archive_form.read(text);
  if (!id) {
    co_return fail(StanzaError(StanzaCondition::item_not_found));
  }
  const Result<ArchivePage> page = co_await home.world().stores.archive.find(room, {.ids = {*id}});
  if (!page && page.error().kind != ErrorKind::not_found) {
    co_return fail(answer_to_failure(room, page.error()));
  }
  if (!page || page->messages.empty()) {
    co_return fail(StanzaError(StanzaCondition::item_not_found));
  }
  Target target{.id = *id, .stanza = as_stored(page->messages.front(), room), .occupant_id = {}};
  target.is_tombstone = target.stanza->child({"retracted", ns::retraction}).has_value();
  const auto occupant = target.stanza->child({"occupant-id", ns::occupant_id});
  // What takes something back stays (XEP-0424 section 5), and so does what the room itself has said.
  if (!occupant || !occupant->attribute("id") || target.stanza->child({"retract", ns::retraction})) {
    co_return fail(StanzaError(StanzaCondition::forbidden, "this message cannot be taken back"));
  }
  target.occupant_id = *occupant->attribute("id");
  co_return target;
}

// Who wrote it stays, for those who may know.
Task<Result<void>> bury(Home& home, const BareJid& room, const Target& target, std::string retracted) {
  if (target.is_tombstone) {
    co_return Result<void>{};
  }
  const auto is_said = [](const xml::Element& child) {
    return !child.is({"occupant-id", ns::occupant_id}) && !child.is({"x", ns::muc_user});
  };
  const Result<void> replaced =
      co_await home.world().stores.archive.replace(room, target.id, target.stanza->amended(is_said, retracted));
  co_return replaced;
}

void write_moderated(xml::Writer& writer, const Moderation& moderation, const Jid& moderator, std::string_view occupant_id) {
  writer.start("moderated", ns::moderation).attribute("by", moderator.str());
  writer.start("occupant-id", ns::occupant_id).attribute("id", occupant_id).end().end();
  if (!moderation.reason.empty()) {
    writer.start("reason").text(moderation.reason).end();
  }
}

}  // namespace

std::optional<std::string> retracted_id(const Stanza& message) {
  const auto retract = message.child({"retract", ns::retraction});
  if (!retract) {
    return std::nullopt;
  }
  return std::string(retract->attribute("id").value_or(""));
}

Task<Result<void, StanzaError>> retract(Home& home, BareJid room, std::string id, std::string occupant_id,
                                        std::string retraction_id) {
  const Result<Target, StanzaError> target = co_await find(home, room, id);
  if (!target) {
    co_return fail(target.error());
  }
  if (target->occupant_id != occupant_id) {  // section 5: by its author alone
    co_return fail(StanzaError(StanzaCondition::forbidden, "only its author takes a message back"));
  }
  std::string xml;
  xml::Writer writer(xml);
  writer.start("retracted", ns::retraction).attribute("id", retraction_id);
  writer.attribute("stamp", format_timestamp(home.world().clock.wall())).end();
  const Result<void> replaced = co_await bury(home, room, *target, std::move(xml));
  if (!replaced) {
    co_return fail(answer_to_failure(room, replaced.error()));
  }
  co_return Result<void, StanzaError>{};
}

bool is_moderation_request(const Stanza& iq) {
  const auto payload = iq.payload();
  return iq.type() == StanzaType::set && payload && payload->is({"moderate", ns::moderation});
}

Result<Moderation, StanzaError> parse_moderation(const Stanza& iq) {
  const xml::Element moderate = *iq.payload();
  const auto id = moderate.attribute("id");
  if (!id) {
    return fail(StanzaError(StanzaCondition::bad_request, "a moderation names a message"));
  }
  if (!moderate.child({"retract", ns::retraction})) {
    return fail(StanzaError(StanzaCondition::feature_not_implemented, "messages are retracted here, nothing else"));
  }
  const auto reason = moderate.child({"reason", ns::moderation});
  return Moderation{.id = std::string(*id), .reason = reason ? reason->text() : std::string()};
}

Task<Result<StanzaPtr, StanzaError>> moderate(Home& home, BareJid room, ArchiveId id, Moderation moderation, Jid moderator,
                                              std::string occupant_id) {
  const Result<Target, StanzaError> target = co_await find(home, room, moderation.id);
  if (!target) {
    co_return fail(target.error());
  }
  const ArchiveIdForm& form = home.world().archive_form;
  const std::string name = form.write(id);
  std::string said;
  xml::Writer message(said);
  message.start("message").attribute("from", room.str()).attribute("type", "groupchat").attribute("id", name);
  message.start("retract", ns::retraction).attribute("id", moderation.id);
  write_moderated(message, moderation, moderator, occupant_id);
  message.end().end();
  const StanzaPtr notice = Stanza::make(std::move(said));

  std::string done;
  xml::Writer writer(done);
  writer.start("retracted", ns::retraction).attribute("id", name);
  writer.attribute("stamp", format_timestamp(home.world().clock.wall()));
  write_moderated(writer, moderation, moderator, occupant_id);
  writer.end();
  const Result<void> replaced = co_await bury(home, room, *target, std::move(done));
  if (!replaced) {
    co_return fail(answer_to_failure(room, replaced.error()));
  }
  const Result<void> recorded =
      co_await home.world().stores.archive.append(room, {.id = id, .message = id, .stanza = notice, .contact = Jid(room)});
  if (!recorded) {
    co_return fail(answer_to_failure(room, recorded.error()));
  }
  const auto keep_all = [](const xml::Element&) { return false; };
  co_return notice->amended(keep_all, stanza_id(id, room, form));
}

}  // namespace aldis::muc
