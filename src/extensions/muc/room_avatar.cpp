// A room's vCard and the avatar in it, XEP-0486 (0.1.0) with vcard-temp (XEP-0054): its owners set it, whoever may ask what the room is
// may see it. The hashes (XEP-0153) are in the answer to service discovery; there is no presence from the room's own address, which the
// XEP does not encourage (section 5.2) and clients take for an occupant without a nickname. Photos by reference (EXTVAL) are
// kept and not fetched: they have no hash.
#include <algorithm>

#include "base/encoding.h"
#include "base/log.h"
#include "extensions/muc/room.h"
#include "extensions/muc/status_codes.h"
#include "sasl/scram_keys.h"
#include "xmpp/namespaces.h"

namespace aldis::muc {
namespace {

constexpr std::size_t most_photos = 8;

// Of each photo, one a line; nothing: one cannot be read.
std::optional<std::string> hashes_of(const xml::Element& card) {
  std::string hashes;
  std::size_t count = 0;
  for (const xml::Element photo : card.children()) {
    const auto value = photo.is({"PHOTO", ns::vcard}) ? photo.child({"BINVAL", ns::vcard}) : std::nullopt;
    if (!value) {
      continue;
    }
    std::string text = value->text();
    std::erase_if(text, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });   // lines of base64 (RFC 2426 section 3.1.4)
    const std::optional<std::string> image = base64_decode(text);
    if (!image || image->empty() || ++count > most_photos) {
      return std::nullopt;
    }
    hashes.append(hashes.empty() ? "" : "\n").append(hex_encode(sasl::digest(sasl::ScramHash::sha_1, *image).bytes()));
  }
  return hashes;
}

}  // namespace

void Room::handle_card(const Envelope& envelope) {
  const Stanza& stanza = *envelope.stanza;
  const Affiliation affiliation = affiliation_of(*stanza.from());
  if (state_ == State::locked && affiliation != Affiliation::owner) {
    refuse(envelope, StanzaCondition::item_not_found);
    return;
  }
  if (stanza.type() == StanzaType::get) {
    if (affiliation == Affiliation::outcast) {
      refuse(envelope, StanzaCondition::forbidden);
    } else {
      answer_later(envelope, load_card(Pin(*this), envelope));
    }
    return;
  }
  if (affiliation != Affiliation::owner) {
    refuse(envelope, StanzaError(StanzaCondition::forbidden, "Only owners are allowed to set avatars."));
    return;
  }
  if (stanza.payload()->outer_bytes().size() > options_.vcard_bytes.count) {
    refuse(envelope, StanzaError(StanzaCondition::not_acceptable, "The card is too large."));
    return;
  }
  std::optional<std::string> hashes = hashes_of(*stanza.payload());
  if (!hashes) {
    refuse(envelope, StanzaError(StanzaCondition::bad_request, "A photo cannot be read."));
    return;
  }
  answer_later(envelope, store_card(Pin(*this), envelope, std::move(*hashes)));
}

Task<StanzaPtr> Room::load_card(Pin self, Envelope envelope) {
  const Result<std::optional<std::string>> card = co_await home_.world().stores.vcards.load(jid_);
  if (!card) {
    log::warning("room-card-not-read", {{"room", jid_.str()}, {"cause", card.error().what}});
    co_return make_error(*envelope.stanza, answer_to(card.error()));
  }
  co_return make_result(*envelope.stanza, *card ? std::string_view(**card) : "<vCard xmlns='vcard-temp'/>");
}

Task<StanzaPtr> Room::store_card(Pin self, Envelope envelope, std::string hashes) {
  const Serial::Hold hold = co_await changes_.enter();
  const Stanza& stanza = *envelope.stanza;
  if (!exists() || affiliation_of(*stanza.from()) != Affiliation::owner) {  // no longer
    co_return make_error(stanza, StanzaError(exists() ? StanzaCondition::forbidden : StanzaCondition::item_not_found));
  }
  if (state_ == State::locked) {  // nothing is stored of it
    co_return make_error(stanza, StanzaError(StanzaCondition::not_allowed, "The room has not been configured yet."));
  }
  std::string text;
  xml::Writer(text).element(*stanza.payload());
  Result<void> stored = co_await home_.world().stores.vcards.store(jid_, std::move(text));
  RoomRecord record = changed_record();
  record.avatar = hashes;
  if (stored) {
    stored = co_await rooms().save(record, {});
  }
  if (!stored) {
    log::warning("room-card-not-stored", {{"room", jid_.str()}, {"cause", stored.error().what}});
    co_return make_error(stanza, answer_to(stored.error()));
  }
  record_.avatar = std::move(hashes);
  log::info("audit-room-card", {{"room", jid_.str()}, {"by", stanza.from()->str()}});
  answer(envelope, make_result(stanza));
  note_configuration({status::configuration_changed});
  co_return nullptr;
}

}  // namespace aldis::muc
