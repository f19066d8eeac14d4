// ManagedStream: what a session keeps for stream management (XEP-0198, 1.6.3): both counts, what the client has not
// acknowledged, and whether and how long the session waits for its client to come back. A session without it has none.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>

#include "core/unacknowledged.h"
#include "runtime/executor.h"
#include "stream/handled_count.h"
#include "stream/stream_management.h"

namespace aldis {

struct ManagedStream {
  stream::HandledCount handled;         // of the client's stanzas
  std::uint64_t told = 0;               // handled, as last said
  std::uint64_t asked_at = 0;           // received, when the client last asked: it is told until that is settled
  stream::SentCount sent;
  Unacknowledged queue;
  std::uint32_t since_request = 0;      // sent since we last asked
  TimerId request_timer = TimerId::none;

  std::string id;                       // the SM-ID; empty: cannot be resumed
  std::chrono::seconds max{0};          // that a detached session waits
  Monotonic until{};                    // of a detached session
  TimerId expiry = TimerId::none;       // set while detached
  bool is_overflowing = false;          // it ends as soon as it can

  // The configuration of the moment it was enabled.
  std::uint32_t request_every = 0;
  std::chrono::milliseconds request_after{0};
  std::uint32_t most_stanzas = 0;
  std::uint64_t most_bytes = 0;
};

}  // namespace aldis
