// Router: step 4 of a message's way. Turns a recipient into an account's home (here, or on another shard by its mailbox),
// the service of a domain served here, or an error to the sender. Peers and other nodes are further answers.
#pragma once
#include "core/envelope.h"

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

 private:
  World& world_;
};

}  // namespace aldis
