// XEP-0352 (1.0.0) Client State Indication: <active/> and <inactive/>, on a bound stream and inside XEP-0386's <bind/>. What an
// inactive client does without is decided in core/client_state.h and waits in its session.
#include "core/extension.h"
#include "core/session.h"
#include "extensions/extensions.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {

void install_client_state(Extension& self) {
  self.stream_feature("<csi xmlns='" + std::string(ns::csi) + "'/>");
  for (const bool is_inactive : {false, true}) {
    const XmlName name{is_inactive ? "inactive" : "active", ns::csi};
    const auto set = [is_inactive](Session& session, const xml::Element&) { session.set_inactive(is_inactive); };
    self.on_nonza(name, set);
    self.on_bind_inline(name, [set](Session& session, const xml::Element& element) {
      set(session, element);
      return std::string();
    });
  }
}

}  // namespace aldis::ext
