// Stanzas that wait for other servers. The totals of a pair stand in a row of their own, so that an append reads one row and not
// the queue; an empty queue has none.
#include "storage/sql/tables.h"

namespace aldis::sql {
namespace {

// Of the writes of one pair, for reads that must see them.
std::string key_of(const QueuePair& pair) { return pair.host + '\n' + pair.peer; }

void take_from_totals(Transaction& transaction, const QueuePair& pair, std::int64_t stanzas, std::int64_t bytes) {
  if (stanzas == 0) {
    return;
  }
  transaction.change("UPDATE outbound_queues SET stanzas = stanzas - $3, bytes = bytes - $4 WHERE host = $1 AND peer = $2",
                     {pair.host, pair.peer, stanzas, bytes});
  transaction.change("DELETE FROM outbound_queues WHERE host = $1 AND peer = $2 AND stanzas = 0", {pair.host, pair.peer});
}

}  // namespace

Task<Result<void>> SqlOutboundQueue::append(QueuePair pair, QueuedStanza stanza, QueueLimits limits) {
  std::string key = key_of(pair);
  const std::size_t cost = stanza.stanza.size() + 256;
  auto work = [pair = std::move(pair), stanza = std::move(stanza), limits](Transaction& transaction) -> Result<void> {
    std::uint64_t stanzas = 1;
    std::uint64_t bytes = stanza.stanza.size();
    transaction.each("SELECT stanzas, bytes FROM outbound_queues WHERE host = $1 AND peer = $2", {pair.host, pair.peer}, [&](const Row& row) {
      stanzas += row.natural(0);
      bytes += row.natural(1);
    });
    if (stanzas > limits.max_stanzas || bytes > limits.max_bytes) {
      return fail(ErrorKind::full, "what waits for " + pair.peer);
    }
    const std::size_t written = transaction.change(
        "INSERT INTO outbound_stanzas (host, peer, position, queued, bytes, stanza) VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT (host, peer, position) DO NOTHING",
        {pair.host, pair.peer, as_integer(stanza.position), as_ms(stanza.queued), as_integer(stanza.stanza.size()),
         stanza.stanza});
    if (written == 0) {
      return fail(ErrorKind::already_exists, "position " + std::to_string(stanza.position) + " of what waits for " + pair.peer);
    }
    transaction.change(
        "INSERT INTO outbound_queues (host, peer, stanzas, bytes) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (host, peer) DO UPDATE SET stanzas = excluded.stanzas, bytes = excluded.bytes",
        {pair.host, pair.peer, as_integer(stanzas), as_integer(bytes)});
    return {};
  };
  return database_.write(std::move(key), cost, std::move(work));
}

Task<Result<std::vector<QueuedStanza>>> SqlOutboundQueue::load(QueuePair pair, std::uint64_t after, std::size_t limit, std::size_t max_bytes) {
  std::string key = key_of(pair);
  auto work = [pair = std::move(pair), after, limit, max_bytes](Transaction& transaction) -> Result<std::vector<QueuedStanza>> {
    std::vector<QueuedStanza> page;
    std::size_t bytes = 0;
    bool is_full = false;
    const auto at_most = static_cast<std::int64_t>(std::min<std::size_t>(limit, 10'000));
    transaction.each(
        "SELECT position, queued, stanza FROM outbound_stanzas WHERE host = $1 AND peer = $2 AND position > $3 ORDER BY position LIMIT $4",
        {pair.host, pair.peer, as_integer(after), at_most}, [&](const Row& row) {
          bytes += row.bytes(2).size();
          is_full = is_full || (bytes > max_bytes && !page.empty());
          if (!is_full) {
            page.push_back({row.natural(0), as_time(row.integer(1)), row.text(2)});
          }
        });
    return page;
  };
  return database_.read(std::move(key), std::move(work));
}

Task<Result<void>> SqlOutboundQueue::remove_up_to(QueuePair pair, std::uint64_t position) {
  std::string key = key_of(pair);
  auto work = [pair = std::move(pair), position](Transaction& transaction) -> Result<void> {
    std::int64_t stanzas = 0;
    std::int64_t bytes = 0;
    transaction.each(
        "SELECT COUNT(*), CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM outbound_stanzas"
        " WHERE host = $1 AND peer = $2 AND position <= $3",
        {pair.host, pair.peer, as_integer(position)}, [&](const Row& row) {
          stanzas = row.integer(0);
          bytes = row.integer(1);
        });
    transaction.change("DELETE FROM outbound_stanzas WHERE host = $1 AND peer = $2 AND position <= $3",
                       {pair.host, pair.peer, as_integer(position)});
    take_from_totals(transaction, pair, stanzas, bytes);
    return {};
  };
  return database_.write(std::move(key), 256, std::move(work));
}

Task<Result<void>> SqlOutboundQueue::remove(QueuePair pair, std::vector<std::uint64_t> positions) {
  std::string key = key_of(pair);
  const std::size_t cost = 256 + 8 * positions.size();
  auto work = [pair = std::move(pair), positions = std::move(positions)](Transaction& transaction) -> Result<void> {
    std::int64_t stanzas = 0;
    std::int64_t bytes = 0;
    for (const std::uint64_t position : positions) {
      std::int64_t size = 0;
      transaction.each("SELECT bytes FROM outbound_stanzas WHERE host = $1 AND peer = $2 AND position = $3",
                       {pair.host, pair.peer, as_integer(position)}, [&](const Row& row) { size = row.integer(0); });
      if (transaction.change("DELETE FROM outbound_stanzas WHERE host = $1 AND peer = $2 AND position = $3",
                             {pair.host, pair.peer, as_integer(position)}) != 0) {
        ++stanzas;
        bytes += size;
      }
    }
    take_from_totals(transaction, pair, stanzas, bytes);
    return {};
  };
  return database_.write(std::move(key), cost, std::move(work));
}

Task<Result<std::vector<QueueTotals>>> SqlOutboundQueue::totals() {
  auto work = [](Transaction& transaction) -> Result<std::vector<QueueTotals>> {
    std::vector<QueueTotals> all;
    transaction.each("SELECT host, peer, stanzas, bytes FROM outbound_queues ORDER BY host, peer", {}, [&](const Row& row) {
      all.push_back({.pair = {row.text(0), row.text(1)}, .stanzas = row.natural(2), .bytes = row.natural(3), .last_position = 0, .oldest = {}});
    });
    for (QueueTotals& each : all) {
      transaction.each("SELECT position FROM outbound_stanzas WHERE host = $1 AND peer = $2 ORDER BY position DESC LIMIT 1",
                       {each.pair.host, each.pair.peer}, [&](const Row& row) { each.last_position = row.natural(0); });
      transaction.each("SELECT queued FROM outbound_stanzas WHERE host = $1 AND peer = $2 ORDER BY position LIMIT 1",
                       {each.pair.host, each.pair.peer}, [&](const Row& row) { each.oldest = as_time(row.integer(0)); });
    }
    return all;
  };
  return database_.read({}, std::move(work));
}

Task<Result<std::vector<OutboundQueueStore::Expired>>> SqlOutboundQueue::expired(WallTime before, std::size_t limit) {
  auto work = [before, limit](Transaction& transaction) -> Result<std::vector<Expired>> {
    std::vector<Expired> found;
    const auto at_most = static_cast<std::int64_t>(std::min<std::size_t>(limit, 10'000));
    transaction.each(
        "SELECT host, peer, position, queued, stanza FROM outbound_stanzas WHERE queued < $1"
        " ORDER BY queued, host, peer, position LIMIT $2",
        {as_ms(before), at_most}, [&](const Row& row) {
          found.push_back({{row.text(0), row.text(1)}, {row.natural(2), as_time(row.integer(3)), row.text(4)}});
        });
    return found;
  };
  return database_.read({}, std::move(work));
}

}  // namespace aldis::sql
