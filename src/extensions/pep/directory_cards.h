// vCard4 (XEP-0292 0.12.0) on domains whose people's cards are a directory's (extensions/card_source.h): what is read at and published to the account's node
// urn:xmpp:vcard4 is that card. There is no such node: nobody is notified, for everybody may see other fields; its access model is the operator's
// word on who sees what. What vcard-temp has no word for (a photo is the vcard-temp card's) cannot be kept.
#pragma once
#include <optional>

#include "core/iq.h"

namespace aldis::ext {

// A request about that node: reading its items, or publishing one. Nothing: another, which finds no such node.
[[nodiscard]] std::optional<IqReply> answer_for_directory(const Iq& request);

}  // namespace aldis::ext
