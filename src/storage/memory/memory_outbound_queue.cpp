// The outbound queues in memory.
#include "storage/memory/memory_outbound_queue.h"

#include <algorithm>
#include <tuple>

namespace aldis {
namespace {

std::uint64_t bytes_of(const std::map<std::uint64_t, QueuedStanza>& queue) {
  std::uint64_t bytes = 0;
  for (const auto& [position, stanza] : queue) {
    bytes += stanza.stanza.size();
  }
  return bytes;
}

}  // namespace

Result<void> MemoryOutboundQueue::append(const QueuePair& pair, QueuedStanza stanza, QueueLimits limits) {
  static const Queue nothing;
  const auto found = queues_.find(pair);
  const Queue& queue = found != queues_.end() ? found->second : nothing;
  if (queue.size() + 1 > limits.max_stanzas || bytes_of(queue) + stanza.stanza.size() > limits.max_bytes) {
    return fail(ErrorKind::full, "what waits for " + pair.peer);
  }
  if (queue.contains(stanza.position)) {
    return fail(ErrorKind::already_exists, "position " + std::to_string(stanza.position) + " of what waits for " + pair.peer);
  }
  const std::uint64_t position = stanza.position;
  queues_[pair].emplace(position, std::move(stanza));
  return {};
}

std::vector<QueuedStanza> MemoryOutboundQueue::load(const QueuePair& pair, std::uint64_t after, std::size_t limit, std::size_t max_bytes) const {
  std::vector<QueuedStanza> page;
  const auto found = queues_.find(pair);
  if (found == queues_.end()) {
    return page;
  }
  std::size_t bytes = 0;
  for (auto at = found->second.upper_bound(after); at != found->second.end() && page.size() < limit; ++at) {
    bytes += at->second.stanza.size();
    if (bytes > max_bytes && !page.empty()) {
      break;
    }
    page.push_back(at->second);
  }
  return page;
}

void MemoryOutboundQueue::remove_up_to(const QueuePair& pair, std::uint64_t position) {
  if (const auto found = queues_.find(pair); found != queues_.end()) {
    found->second.erase(found->second.begin(), found->second.upper_bound(position));
    std::erase_if(queues_, [](const auto& entry) { return entry.second.empty(); });
  }
}

void MemoryOutboundQueue::remove(const QueuePair& pair, const std::vector<std::uint64_t>& positions) {
  if (const auto found = queues_.find(pair); found != queues_.end()) {
    for (const std::uint64_t position : positions) {
      found->second.erase(position);
    }
    std::erase_if(queues_, [](const auto& entry) { return entry.second.empty(); });
  }
}

std::vector<QueueTotals> MemoryOutboundQueue::totals() const {
  std::vector<QueueTotals> all;
  for (const auto& [pair, queue] : queues_) {
    all.push_back({.pair = pair,
                   .stanzas = queue.size(),
                   .bytes = bytes_of(queue),
                   .last_position = queue.rbegin()->first,
                   .oldest = queue.begin()->second.queued});
  }
  return all;
}

std::vector<OutboundQueueStore::Expired> MemoryOutboundQueue::expired(WallTime before, std::size_t limit) const {
  std::vector<OutboundQueueStore::Expired> found;
  for (const auto& [pair, queue] : queues_) {
    for (const auto& [position, stanza] : queue) {
      if (stanza.queued < before) {
        found.push_back({pair, stanza});
      }
    }
  }
  std::ranges::sort(found, {}, [](const auto& e) { return std::tie(e.stanza.queued, e.pair, e.stanza.position); });
  if (found.size() > limit) {
    found.resize(limit);
  }
  return found;
}

}  // namespace aldis
