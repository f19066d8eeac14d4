// XEP-0359 (0.7.0) Unique and Stable Stanza IDs: takes out every stanza-id that claims to be ours before a message goes on,
// so that what is left can be believed (security P04); and every delay (XEP-0203) in the domain's name, for the same reason.
// Assigning ids comes with the archive that they point into.
#include "core/account.h"
#include "core/extension.h"
#include "core/virtual_host.h"
#include "extensions/extensions.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

// Claims to be by the account itself or by its server, in any spelling that reads as such.
bool is_forged(const xml::Element& child, const Account& account) {
  if (child.is({"delay", ns::delay})) {
    const auto from = child.attribute("from");
    const Result<Jid, JidError> jid = Jid::parse(from.value_or(""));
    return jid && jid->str() == account.host().domain();
  }
  if (!child.is({"stanza-id", ns::stanza_ids})) {
    return false;
  }
  const auto by = child.attribute("by");
  if (!by) {
    return true;  // section 3.1 demands it
  }
  const Result<Jid, JidError> jid = Jid::parse(*by);
  return !jid || jid->bare_str() == account.jid().str() || jid->str() == account.host().domain();
}

}  // namespace

void install_stable_ids(Extension& self) {
  self.advertise_account(ns::stanza_ids);
  self.on_incoming(Phase::amend, StanzaKinds::message, [](const HookCall& call) -> Step {
    for (const xml::Element child : call.stanza().element().children()) {
      if (is_forged(child, call.account)) {
        return Verdict(Replace{call.stanza().amended(
            [&](const xml::Element& each) { return is_forged(each, call.account); }, {})});
      }
    }
    return Verdict(Pass{});
  });
}

}  // namespace aldis::ext
