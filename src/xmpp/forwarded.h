// XEP-0297 (1.0) Stanza Forwarding: a stanza as the content of another. What reads one treats it as content and never as
// if it had come by itself (security P07).
#pragma once
#include <optional>
#include <string>

#include "xmpp/delay.h"
#include "xmpp/stanza.h"

namespace aldis {

// Appends <forwarded xmlns='urn:xmpp:forward:0'> around the stanza, which names its own namespace there (section 3), after
// the time it was sent, if that is given.
void write_forwarded(std::string& out, const Stanza& stanza, const std::optional<Delay>& delay = std::nullopt);

}  // namespace aldis
