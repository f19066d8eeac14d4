// MemoryOutboundQueue: what the outbound queues in memory hold and do, without locks or waits.
#pragma once
#include <map>

#include "storage/outbound_queue_store.h"

namespace aldis {

class MemoryOutboundQueue {
 public:
  Result<void> append(const QueuePair& pair, QueuedStanza stanza, QueueLimits limits);
  std::vector<QueuedStanza> load(const QueuePair& pair, std::uint64_t after, std::size_t limit, std::size_t max_bytes) const;
  void remove_up_to(const QueuePair& pair, std::uint64_t position);
  void remove(const QueuePair& pair, const std::vector<std::uint64_t>& positions);
  std::vector<QueueTotals> totals() const;
  std::vector<OutboundQueueStore::Expired> expired(WallTime before, std::size_t limit) const;

 private:
  using Queue = std::map<std::uint64_t, QueuedStanza>;   // by position
  std::map<QueuePair, Queue> queues_;                    // none is empty
};

}  // namespace aldis
