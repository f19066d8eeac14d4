// XEP-0199 (2.0.1) XMPP Ping: answers pings to this server and to a user's own account. Never pings anybody itself.
#include "core/extension.h"
#include "extensions/extensions.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {

void install_ping(Extension& self) {
  self.advertise(ns::ping);
  self.on_iq_get({"ping", ns::ping}, {Recipient::server, Recipient::own_account}, [](const Iq& request) { return request.result(); });
}

}  // namespace aldis::ext
