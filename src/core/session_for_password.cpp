// A session that is there to change a password that must be changed, and for nothing else (ADR 0060).
#include "core/account.h"
#include "core/home.h"
#include "core/session.h"
#include "core/virtual_host.h"
#include "xmpp/namespaces.h"

namespace aldis {
namespace {

// What a client asks on its way to "change my password" (XEP-0077 section 3.3), of its server or its own account.
bool serves_the_change(const Stanza& stanza, const Session& session) {
  if (!stanza.is_iq() || !stanza.is_request() || !stanza.payload()) {
    return false;
  }
  const auto& to = stanza.to();
  const bool is_ours = !to || (to->is_bare() && to->bare_str() == session.jid().bare_str()) ||
                       (to->is_domain() && to->domain() == session.account().host().domain());
  const XmlName name = stanza.payload()->name();
  const bool is_question = stanza.type() == StanzaType::get;
  return is_ours && (name == XmlName{"query", ns::registration} || (is_question && name == XmlName{"query", ns::disco_info}) ||
                     (is_question && name == XmlName{"ping", ns::ping}));
}

}  // namespace

bool Session::refuse_but_password(const Stanza& stanza) {
  if (serves_the_change(stanza, *this)) {
    return false;
  }
  // Presence is not answered: every client sends its own, and would take the error for a stranger's. Answers are to nobody's question.
  if (stanza.is_message() || (stanza.is_iq() && stanza.is_request())) {
    if (StanzaPtr answer = make_error(stanza, StanzaError(StanzaCondition::policy_violation, "Your password must be changed first."))) {
      send_own(answer);
    }
  }
  return true;
}

}  // namespace aldis
