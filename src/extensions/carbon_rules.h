// XEP-0280 (1.0.1) section 6.1: which messages are copied to a user's other clients. Advertised as urn:xmpp:carbons:rules:0, so
// that clients may rely on just these rules.
#pragma once
#include <cstdint>

#include "xmpp/stanza.h"

namespace aldis::ext {

enum class Direction : std::uint8_t { sent, received };

// Of a message with both addresses. An error is never eligible by itself: only in answer to a message that was.
[[nodiscard]] bool is_eligible_for_carbons(const Stanza& message, Direction direction);

}  // namespace aldis::ext
