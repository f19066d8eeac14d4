// RFC 3921 section 3, session establishment: obsolete, answered as a no-op for clients that still ask for it. Advertised as
// optional, as RFC 6121 appendix E leaves it.
#include "core/extension.h"
#include "extensions/extensions.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {

void install_session(Extension& self) {
  self.stream_feature("<session xmlns='urn:ietf:params:xml:ns:xmpp-session'><optional/></session>");
  self.on_iq_set({"session", ns::session}, {Recipient::server, Recipient::own_account},
                 [](const Iq& request) { return request.result(); });
}

}  // namespace aldis::ext
