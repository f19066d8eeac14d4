// What of a message only this server may say, so that it is taken out when somebody else has said it (XEP-0359 section
// 6).
#pragma once
#include "xml/element.h"
#include "xmpp/jid.h"

namespace aldis {

// A child of a message that reached the owner: a stanza-id or delay in the owner's or its server's name, or a wrapper
// of carbons.
[[nodiscard]] bool is_forged(const xml::Element& child, const BareJid& owner);

}  // namespace aldis
