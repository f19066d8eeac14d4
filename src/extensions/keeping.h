// What is kept of a message that passes: the one rule for the archive (XEP-0313 section 5.1.1) and for messages that
// wait for an absent recipient (XEP-0160 section 3).
#pragma once
#include "xmpp/stanza.h"

namespace aldis::ext {

enum class Keeping : std::uint8_t {
  nothing,      // goes to who is there
  until_taken,  // waits for an absent recipient, and is in no archive
  archive,      // is archived; waits for an absent recipient
};

// chat and normal messages with content are archived: a body, or any payload that is not merely the state of a moment,
// such as receipts, markers, reactions, retractions, corrections and invitations. Never errors, headlines, what rooms
// send (groupchat), chat states (XEP-0085) by themselves, or news of pubsub nodes (XEP-0060), which the nodes keep.
// Hints (XEP-0334) go before that: no-store and no-permanent-store, then store.
[[nodiscard]] Keeping keeping_of(const Stanza& message);
// Whether what a room reflects belongs into the room's archive: the same content, of type groupchat, and whatever the hints say
// what takes another message back (XEP-0424 section 5).
[[nodiscard]] bool is_kept_by_room(const Stanza& message);

}  // namespace aldis::ext
