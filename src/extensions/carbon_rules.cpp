// The rules, in the order in which one overrides the next.
#include "extensions/carbon_rules.h"

#include <algorithm>

#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

// "payload elements typically used in IM": receipts (XEP-0184), chat states (XEP-0085), markers (XEP-0333).
bool has_im_payload(const Stanza& message) {
  const auto children = message.element().children();
  return std::any_of(children.begin(), children.end(), [](const xml::Element& child) {
    return child.ns() == ns::receipts || child.ns() == ns::chat_states || child.ns() == ns::chat_markers;
  });
}

}  // namespace

bool is_eligible_for_carbons(const Stanza& message, Direction direction) {
  if (!message.is_message() || message.is_error() || message.type() == StanzaType::groupchat) {
    return false;
  }
  if (message.child({"private", ns::carbons})) {
    return false;
  }
  if (message.to()->is_full() && message.child({"no-copy", ns::hints})) {  // XEP-0334 section 4.3: full addresses only
    return false;
  }
  if (message.child({"x", ns::conference})) {  // a direct invitation (XEP-0249)
    return true;
  }
  if (const auto muc = message.child({"x", ns::muc_user})) {
    if (muc->child({"invite", ns::muc_user})) {  // a mediated invitation (XEP-0045 section 7.8.2)
      return true;
    }
    if (direction == Direction::received && message.from()->is_full()) {
      return false;  // a private message out of a room: the room has sent it to every client that is there
    }
  }
  if (message.type() == StanzaType::chat) {
    return true;
  }
  return (message.type() == StanzaType::normal && message.child({"body", ns::client})) || has_im_payload(message);
}

}  // namespace aldis::ext
