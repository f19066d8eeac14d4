// Router: step 4 of a message's way. Turns a recipient into an account's home (here, or on another shard by its mailbox),
// the service of a domain served here, what is abroad (core/abroad.h), or an error to the sender. Other nodes are a further
// answer.
#pragma once
#include "base/result.h"
#include "core/envelope.h"
#include "xmpp/stream_error.h"

namespace aldis {

class Home;
struct World;

class Router {
 public:
  explicit Router(World& world) : world_(world) {}

  // `here` is the home the caller runs on. The stanza has a from and a to.
  void route(Home& here, Envelope envelope) const;
  // The error answer to a stanza, back to its sender; nothing for stanzas that must not be answered (RFC 6120 8.3.1).
  void bounce(Home& here, const Envelope& envelope, const StanzaError& error) const;

  // ---- for what is abroad; both from any thread
  // A stanza another server sent, in jabber:client (Stanza::parse_from_server). Its sender, a Principal with is_peer, must speak
  // for the domain of its from, and that is never one of ours (security D04); its to is of a domain served here, or a component's,
  // unless the peer's rule makes this server a trunk to it. Which of our domains were proved to that server is the caller's to
  // know. A component's own stanzas (is_component) are from its domain and for anybody. An error: nothing was routed, and the
  // stream must end with it. What the rule does not let pass is answered like any other stanza that fails.
  [[nodiscard]] Result<void, StreamError> receive(Envelope envelope) const;
  // What Abroad could not deliver: bounced on its sender's home, unless a request that has been answered meanwhile.
  void give_back(Envelope envelope, StanzaError error) const;

 private:
  // Nothing: it goes no further.
  void send_abroad(Home& here, Envelope envelope) const;
  [[nodiscard]] bool show_positions(Home& here, Envelope& envelope, const policy::PositionRulePtr& rule) const;
  World& world_;
};

}  // namespace aldis
