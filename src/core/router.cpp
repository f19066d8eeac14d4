// Step 4.
#include "core/router.h"

#include "base/log.h"
#include "base/metrics.h"
#include "core/home.h"
#include "core/virtual_host.h"
#include "core/world.h"

namespace aldis {
namespace {
metrics::Counter routed{"aldis_stanzas_total", "Stanzas that passed a step of their way through the server.",
                        {{"step", "router_route"}}};
metrics::Counter bounced{"aldis_stanzas_bounced_total", "Stanzas answered with an error."};
}  // namespace

void Router::route(Home& here, Envelope envelope) const {
  routed.add();
  ensure(envelope.stanza->to().has_value() && envelope.stanza->from().has_value(), "what is routed has both addresses");
  const Jid& to = *envelope.stanza->to();
  const VirtualHost* host = world_.find_host(to.domain());
  if (host == nullptr) {
    bounce(here, envelope, StanzaError(StanzaCondition::remote_server_not_found));
    return;
  }
  if (!to.has_local()) {
    host->deliver(here, envelope);
    return;
  }
  Home& home = world_.home_of(to.bare_str());
  if (&home == &here) {
    home.deliver(std::move(envelope));
    return;
  }
  home.shard().post([&home, moved = std::move(envelope)]() mutable { home.deliver(std::move(moved)); });
}

void Router::bounce(Home& here, const Envelope& envelope, const StanzaError& error) const {
  const Stanza& stanza = *envelope.stanza;
  // Presence that fails is not answered, but for the subscription verbs and what was sent directly from a session here.
  if (stanza.is_presence() && (stanza.type() == StanzaType::probe || envelope.origin == SessionId::none)) {
    return;
  }
  StanzaPtr answer = make_error(stanza, error);
  if (answer == nullptr) {
    return;
  }
  bounced.add();
  log::debug("stanza-bounced", {{"from", stanza.from()->str()},
                                {"to", stanza.to() ? stanza.to()->str() : std::string()},
                                {"condition", to_string(error.condition)}});
  if (Session* session = here.find_session(envelope.origin)) {
    Account& account = session->account();
    if (stanza.is_message() && answer->from() && account.copied_messages != nullptr &&
        account.copied_messages->contains(answer->from()->bare_str(), answer->id())) {
      // Its other clients saw the message: they see this too.
      account.deliver(Envelope{.stanza = std::move(answer), .trace = envelope.trace, .acceptance = envelope.acceptance});
      return;
    }
    session->send_own(answer);
    return;
  }
  if (!answer->from()) {
    return;  // it was for the sender's own account, and the session it came from has ended
  }
  if (world_.find_host(answer->to()->domain()) == nullptr) {
    return;  // its sender is nowhere: an error is not answered with an error
  }
  route(here, Envelope{std::move(answer), nullptr, SessionId::none, envelope.trace, envelope.acceptance});
}

}  // namespace aldis
