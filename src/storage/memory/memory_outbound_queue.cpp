// The outbound queues in memory.
#include "storage/memory/memory_outbound_queue.h"

#include <algorithm>
#include <tuple>

#include "storage/memory/memory_shelves.h"

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

namespace aldis::memory {
namespace {

class OutboundQueue final : public OutboundQueueStore, OnShelves {
 public:
  using OnShelves::OnShelves;

  Task<Result<void>> append(QueuePair pair, QueuedStanza stanza, QueueLimits limits) override {
    co_await turn();
    const auto held = lock();
    co_return shelves_.outbound_queue.append(pair, std::move(stanza), limits);
  }
  Task<Result<std::vector<QueuedStanza>>> load(QueuePair pair, std::uint64_t after, std::size_t limit, std::size_t max_bytes) override {
    co_await turn();
    const auto held = lock();
    co_return shelves_.outbound_queue.load(pair, after, limit, max_bytes);
  }
  Task<Result<void>> remove_up_to(QueuePair pair, std::uint64_t position) override {
    co_await turn();
    const auto held = lock();
    shelves_.outbound_queue.remove_up_to(pair, position);
    co_return Result<void>{};
  }
  Task<Result<void>> remove(QueuePair pair, std::vector<std::uint64_t> positions) override {
    co_await turn();
    const auto held = lock();
    shelves_.outbound_queue.remove(pair, positions);
    co_return Result<void>{};
  }
  Task<Result<std::vector<QueueTotals>>> totals() override {
    co_await turn();
    const auto held = lock();
    co_return shelves_.outbound_queue.totals();
  }
  Task<Result<std::vector<Expired>>> expired(WallTime before, std::size_t limit) override {
    co_await turn();
    const auto held = lock();
    co_return shelves_.outbound_queue.expired(before, limit);
  }
};

}  // namespace

std::unique_ptr<OutboundQueueStore> make_outbound_queue(Shelves& shelves, Turn turn) { return std::make_unique<OutboundQueue>(shelves, turn); }

}  // namespace aldis::memory
