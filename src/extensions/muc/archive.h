// A room's archive (XEP-0313 1.1.3 section 5.1.2): what a room reflects is recorded under the room's address before it is
// reflected, and read by those who may enter. Real addresses are kept with the messages and shown to those who may see them
// and to nobody else, in results and filters alike. Everything here is called by the room, which knows who asks and what he
// may do; nothing here sends by itself. What each function needs of the server is its Home.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/home.h"
#include "storage/archive_store.h"
#include "xmpp/affiliation.h"
#include "xmpp/stanza.h"
#include "xmpp/stanza_error.h"

namespace aldis::muc {

// Who asks, at the time of asking (section 5.1.2: the right to enter, not presence in the room).
struct RoomArchiveView {
  bool may_read = false;
  bool sees_real_jids = false;
};

// What a message carries into the archive beside itself.
struct MessageAuthor {
  FullJid jid;                    // the real one
  Affiliation affiliation = Affiliation::none;
  std::string role;               // "participant"
  std::string occupant_id;        // XEP-0421; written into the message by the room
};

// What a room with an archive advertises.
[[nodiscard]] std::span<const std::string_view> archive_features();

// ---- recording

// Whether a groupchat message belongs into an archive: with a body, a subject or another content; hints (XEP-0334) first.
[[nodiscard]] bool is_recorded(const Stanza& message);
// Resumes when the message is durable. `reflected`: from its occupant's address, with its occupant id, `to` nobody. `id`: from
// Home::next_archive_id, of the <stanza-id/> that the message is reflected with (core/archived.h). Messages of a room that are
// recorded one behind the other resume in that order.
[[nodiscard]] Task<Result<void>> record(Home& home, BareJid room, ArchiveId id, StanzaPtr reflected, MessageAuthor author);

// ---- reading

// An iq whose payload is XEP-0313's: <query/> or <metadata/>.
[[nodiscard]] bool is_archive_request(const Stanza& iq);
// Sends one result; false when who asked is gone. The room adds policy's decision.
using SendResult = std::function<bool(StanzaPtr result)>;
// The answer, when the results have been sent: the form (a get), a page, metadata, or the error, which is forbidden for one who
// may not read. `most`: messages in a page.
[[nodiscard]] Task<StanzaPtr> answer_archive_request(Home& home, BareJid room, StanzaPtr request, RoomArchiveView view,
                                                     std::uint32_t most, SendResult send);

// What a new occupant wants of the history (XEP-0045 section 7.2.14); nothing set: as much as the room gives.
struct HistoryLimits {
  std::optional<std::size_t> max_chars{};
  std::optional<std::size_t> max_stanzas{};
  std::optional<std::chrono::seconds> seconds{};
  std::optional<WallTime> since{};
};
// The <history/> of a <x xmlns='http://jabber.org/protocol/muc'/>. bad-request: a value that is none.
[[nodiscard]] Result<HistoryLimits, StanzaError> parse_history(const xml::Element& muc);
// The latest messages from the archive, oldest first, `most` at most: as they were reflected, with their <delay/> and stanza-id,
// without `to`. Only what has a body: subjects are not history, nor what was taken back.
[[nodiscard]] Task<Result<std::vector<StanzaPtr>>> recent(Home& home, BareJid room, HistoryLimits limits, std::size_t most);

// ---- what is taken back

// The stanza-id that a groupchat message retracts (XEP-0424 0.4.2); nothing: it retracts none.
[[nodiscard]] std::optional<std::string> retracted_id(const Stanza& message);
// Puts a tombstone in the place of the author's message, with the id attribute of the message that takes it back.
// item-not-found: no such message; forbidden: somebody else's, or the room's own word. Again: success.
// The message of the retraction is recorded and reflected behind that.
[[nodiscard]] Task<Result<void, StanzaError>> retract(Home& home, BareJid room, std::string id, std::string occupant_id,
                                                      std::string retraction_id);

// <moderate/> of XEP-0425 (0.3.0), asked by iq.
struct Moderation {
  std::string id;        // of the message
  std::string reason;    // may be empty
};
[[nodiscard]] bool is_moderation_request(const Stanza& iq);
[[nodiscard]] Result<Moderation, StanzaError> parse_moderation(const Stanza& iq);
// Puts a tombstone in the message's place and records the message that says so; that message, to be reflected, stanza-id and all.
// `moderator`: his occupant address; `id`: of that message, from Home::next_archive_id. Errors as of retract, but nothing is
// somebody else's.
[[nodiscard]] Task<Result<StanzaPtr, StanzaError>> moderate(Home& home, BareJid room, ArchiveId id, Moderation moderation,
                                                            Jid moderator, std::string occupant_id);

}  // namespace aldis::muc
