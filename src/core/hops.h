// Hops: how often a stanza has been passed on by trunks, as an attribute of our own on its start tag, so that servers whose rules
// send it in a circle notice. Who does not know the attribute ignores it (RFC 6120 section 8.1 names those that count).
#pragma once
#include <cstdint>

#include "xmpp/stanza.h"

namespace aldis {

inline constexpr std::uint32_t most_hops = 8;

// 0 without the attribute; more than most_hops when it cannot be read.
[[nodiscard]] std::uint32_t hops_of(const Stanza& stanza);
// The same stanza with another count; 0: without it. Null when that cannot be written: its declaration is used for something else.
[[nodiscard]] StanzaPtr with_hops(const Stanza& stanza, std::uint32_t hops);

}  // namespace aldis
