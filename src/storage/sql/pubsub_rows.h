// What the stores of nodes share: rows of a node, and its counters.
#pragma once
#include <algorithm>

#include "storage/sql/tables.h"

namespace aldis::sql {

[[nodiscard]] inline Unexpected<Error> no_node(const BareJid& service, const std::string& node) {
  return fail(ErrorKind::not_found, "node " + node + " of " + service.str());
}

// Columns of a record from `first` on: is_collection, name, config, creator, created. False: the creator cannot be read.
constexpr int record_columns = 5;
[[nodiscard]] bool read_record(const Row& row, int first, PubSubNodeRecord& out);
[[nodiscard]] std::vector<std::string> read_collections(Transaction& transaction, const BareJid& service, const std::string& node);
// Columns of a subscription from `first` on: jid, subid, state, options, expires. Nothing: it cannot be read.
[[nodiscard]] std::optional<PubSubSubscription> read_subscription(const Row& row, int first);
// The newest item of the node that has not expired; corrupt.
[[nodiscard]] Result<std::optional<PubSubItem>> read_last_item(Transaction& transaction, const BareJid& service, const std::string& node,
                                                               WallTime now);
// Bytes more or less that a service has.
void add_bytes(Transaction& transaction, const BareJid& service, std::int64_t bytes);

[[nodiscard]] inline std::int64_t expiry(const std::optional<WallTime>& expires) { return expires ? std::max<std::int64_t>(as_ms(*expires), 1) : 0; }
[[nodiscard]] inline std::optional<WallTime> as_expiry(std::int64_t ms) { return ms == 0 ? std::nullopt : std::optional(as_time(ms)); }

}  // namespace aldis::sql
