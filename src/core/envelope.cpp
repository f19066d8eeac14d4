// What may be counted as soon as it has been handed to the recipient's session.
#include "core/envelope.h"

#include "xmpp/namespaces.h"

namespace aldis {

bool is_settled_when_handed_over(const Envelope& envelope) {
  const Stanza& stanza = *envelope.stanza;
  switch (stanza.kind()) {
    case StanzaKind::presence:
      return true;  // the state of a moment
    case StanzaKind::iq:
      return false;
    case StanzaKind::message:
      break;
  }
  if (envelope.archive_id != 0 || stanza.type() == StanzaType::error || stanza.type() == StanzaType::headline) {
    return true;  // stored by its own rule, or sent by a sender who wants nothing kept
  }
  if (stanza.child({"body", ns::client})) {
    return false;
  }
  if (stanza.child({"no-store", ns::hints}) ||
      stanza.child({"no-permanent-store", ns::hints})) {  // XEP-0334 sections 4.1, 4.2
    return true;
  }
  for (const xml::Element child : stanza.element().children()) {
    if (child.ns() != ns::chat_states && !child.is({"thread", ns::client}) && child.ns() != ns::stanza_ids &&
        child.ns() != ns::hints) {
      return false;
    }
  }
  return true;  // somebody is typing
}

}  // namespace aldis
