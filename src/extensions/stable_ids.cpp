// XEP-0359 (0.7.0) Unique and Stable Stanza IDs: takes out every stanza-id that claims to be ours before a message goes on,
// so that what is left can be believed (security P04); with it what else only this server may say: a delay of its own
// (XEP-0203), the wrappers of carbons (XEP-0280), and what no client may: results of archives (XEP-0313) and events of nodes
// (XEP-0060). The mam extension assigns ids, of the archive that they point into.
#include "core/account.h"
#include "core/extension.h"
#include "core/forged.h"
#include "core/virtual_host.h"
#include "extensions/extensions.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

// What archives and nodes say; they are accounts, rooms and services, which have no resource (CVE-2023-28686; security P03).
bool is_of_a_service(const xml::Element& child) {
  return child.is({"result", ns::mam}) || child.is({"fin", ns::mam}) || child.is({"event", ns::pubsub_event});
}

}  // namespace

void install_stable_ids(Extension& self) {
  self.advertise_account(ns::stanza_ids);
  self.on_incoming(Phase::amend, StanzaKinds::message, [](const HookCall& call) -> Step {
    const bool is_from_a_client = call.stanza().from() && call.stanza().from()->is_full();
    const auto goes = [&](const xml::Element& child) {
      return is_forged(child, call.account.jid()) || (is_from_a_client && is_of_a_service(child));
    };
    for (const xml::Element child : call.stanza().element().children()) {
      if (goes(child)) {
        return Verdict(Replace{call.stanza().amended(goes, {})});
      }
    }
    return Verdict(Pass{});
  });
}

}  // namespace aldis::ext
