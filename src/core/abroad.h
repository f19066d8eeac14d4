// Abroad: everything outside the domains served here, as the Router sees it (docs/adr/0041). Stanzas go out through send(); those
// that come in enter through Router::receive(); what could not be delivered comes back through Router::give_back().
#pragma once
#include "core/envelope.h"

namespace aldis {

class Home;

class Abroad {
 public:
  // Takes over an envelope whose to is of a domain not served here: delivers it, keeps it for later, or gives it back, exactly
  // one of them. Called on the thread of any shard, `here` is that shard's home; must not block. Envelopes of one home for one
  // domain leave in the order in which they came. It holds the envelope (and with it the sender's Acceptance, RFC 6120 has no
  // word for it, XEP-0198 section 4) until the other server has acknowledged the stanza, it is on disk, or it is given back.
  // Presence may be dropped where nobody is told.
  virtual void send(Home& here, Envelope envelope) = 0;

 protected:
  ~Abroad() = default;
};

}  // namespace aldis
