// What of a message only this server may say.
#include "core/forged.h"

#include "xmpp/namespaces.h"

namespace aldis {
namespace {

// Whether an address is the owner's or its server's, in any spelling that reads as such.
bool is_ours(std::string_view address, const BareJid& owner) {
  const Result<Jid, JidError> jid = Jid::parse(address);
  return jid && (jid->bare_str() == owner.str() || jid->bare_str() == owner.domain());
}

}  // namespace

bool is_forged(const xml::Element& child, const BareJid& owner) {
  if (child.is({"stanza-id", ns::stanza_ids})) {
    const auto by = child.attribute("by");  // section 3.1 demands it
    return !by || !Jid::parse(*by) || is_ours(*by, owner);
  }
  if (child.is({"delay", ns::delay})) {
    const auto from = child.attribute("from");
    return from && is_ours(*from, owner);
  }
  return child.is({"received", ns::carbons}) || child.is({"sent", ns::carbons});  // CVE-2017-5589 and its kind
}

}  // namespace aldis
