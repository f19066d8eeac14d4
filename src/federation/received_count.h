// ReceivedCount: how far the stanzas of a peer's stream have been handled (XEP-0198 section 4), apart from the stream, since it may
// be resumed on another connection. What "handled" means is in docs/durability.md.
#pragma once
#include <cstdint>
#include <string>

#include "base/clock.h"
#include "core/ids.h"
#include "stream/dialback.h"
#include "stream/handled_count.h"

namespace aldis::federation {

struct ReceivedCount {
  SessionId id = SessionId::none;   // by which Settlements names it; of the federation's own Settlements
  stream::HandledCount handled;
  std::uint64_t told = 0;           // handled, as last said
  std::uint64_t asked_at = 0;       // received, when the peer last asked

  // ---- while no connection has it
  std::string previd;               // the SM-ID; empty: it cannot be resumed
  stream::DomainPair pair;          // whose stream it is: only that peer resumes it
  bool is_both_ways = false;        // with XEP-0288: what goes back is counted too, by the Link, and both go on or neither
  Monotonic until{};
};

}  // namespace aldis::federation
