// The rule, as a function of the message alone.
#include "extensions/keeping.h"

#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

bool is_content(const xml::Element& child) {
  return child.ns() != ns::chat_states && !child.is({"thread", ns::client}) && child.ns() != ns::stanza_ids &&
         child.ns() != ns::hints && child.ns() != ns::nick && child.ns() != ns::delay && child.ns() != ns::pubsub_event &&
         child.ns() != ns::occupant_id;
}

Keeping keeping_of_content(const Stanza& message) {
  bool has_content = false;
  bool is_for_store = false;
  bool is_permanent = true;
  for (const xml::Element child : message.element().children()) {
    if (child.ns() == ns::hints) {
      if (child.local() == "no-store") {
        return Keeping::nothing;
      }
      is_permanent = is_permanent && child.local() != "no-permanent-store";
      is_for_store = is_for_store || child.local() == "store";
    }
    has_content = has_content || is_content(child);
  }
  if (!has_content && !is_for_store) {
    return Keeping::nothing;
  }
  return is_permanent ? Keeping::archive : Keeping::until_taken;
}

}  // namespace

Keeping keeping_of(const Stanza& message) {
  return message.type() == StanzaType::chat || message.type() == StanzaType::normal ? keeping_of_content(message) : Keeping::nothing;
}

bool is_kept_by_room(const Stanza& message) {
  return message.type() == StanzaType::groupchat &&
         (message.child({"retract", ns::retraction}) || keeping_of_content(message) == Keeping::archive);
}

}  // namespace aldis::ext
