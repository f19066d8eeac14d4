// OutboundQueueStore: stanzas that wait for another server, one queue for each pair of a domain served here and a domain elsewhere
// (docs/adr/0042). One write for each stanza; what is stored survives the process. A queue has one writer, who numbers its
// stanzas: they are read in the order of their positions.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "runtime/task.h"

namespace aldis {

// Both are domains as RFC 7622 prepares them.
struct QueuePair {
  std::string host;   // served here
  std::string peer;   // elsewhere
  friend auto operator<=>(const QueuePair&, const QueuePair&) = default;
};

struct QueuedStanza {
  std::uint64_t position = 0;   // from 1 to 2^63 - 1
  WallTime queued{};            // when its sender was promised that it waits
  std::string stanza;           // in jabber:client, serialised
};

struct QueueLimits {
  std::uint64_t max_stanzas = 10'000;   // of one pair
  std::uint64_t max_bytes = 64 * 1024 * 1024;
};

struct QueueTotals {
  QueuePair pair;
  std::uint64_t stanzas = 0;
  std::uint64_t bytes = 0;           // of their serialised forms
  std::uint64_t last_position = 0;   // the next one is greater
  WallTime oldest{};                 // of the first in order
};

class OutboundQueueStore {
 public:
  virtual ~OutboundQueueStore() = default;
  // full: it would exceed the limits; already_exists: the position is taken.
  virtual Task<Result<void>> append(QueuePair pair, QueuedStanza stanza, QueueLimits limits) = 0;
  // Those behind `after` (0: from the first), in order, up to `limit` and, unless it is one, to `max_bytes`; empty at the end.
  virtual Task<Result<std::vector<QueuedStanza>>> load(QueuePair pair, std::uint64_t after, std::size_t limit, std::size_t max_bytes) = 0;
  // All up to a position, it included; none there: success.
  virtual Task<Result<void>> remove_up_to(QueuePair pair, std::uint64_t position) = 0;
  // Those named; one that is not there: success.
  virtual Task<Result<void>> remove(QueuePair pair, std::vector<std::uint64_t> positions) = 0;
  // Every queue that is not empty, in the order of hosts and peers.
  virtual Task<Result<std::vector<QueueTotals>>> totals() = 0;
  // Up to `limit` stanzas queued before a time, of any pair, the oldest first. They stay until they are removed: who has told
  // their senders removes them.
  struct Expired {
    QueuePair pair;
    QueuedStanza stanza;
  };
  virtual Task<Result<std::vector<Expired>>> expired(WallTime before, std::size_t limit) = 0;
};

}  // namespace aldis
