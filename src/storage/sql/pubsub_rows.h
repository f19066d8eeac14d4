// What the stores of nodes share: rows of a node, and its counters.
#pragma once
#include <algorithm>

#include "storage/sql/tables.h"

namespace aldis::sql {

[[nodiscard]] inline Unexpected<Error> no_node(const BareJid& service, const std::string& node) {
  return fail(ErrorKind::not_found, "node " + node + " of " + service.str());
}

// Columns of a record from `first` on: is_collection, name, config, creator, created, shows_last. False: the creator cannot be read.
[[nodiscard]] bool read_record(const Row& row, int first, PubSubNodeRecord& out);
[[nodiscard]] std::vector<std::string> read_collections(Transaction& transaction, const BareJid& service, const std::string& node);
// Columns of a subscription from `first` on: jid, subid, state, options, expires. Nothing: it cannot be read.
[[nodiscard]] std::optional<PubSubSubscription> read_subscription(const Row& row, int first);
// Statements about one person at all nodes of a service, as literals, so that a test asks for their plans. SQLite takes an index of (owner, person)
// over the primary key, whose first column alone fits, only where it reads nothing but the index: hence k, which is that index, and then the row.
#define ALDIS_SUBSCRIPTIONS_OF                                                                          \
  "SELECT s.node, s.jid, s.subid, s.state, s.options, s.expires FROM pubsub_subscriptions k CROSS JOIN" \
  " pubsub_subscriptions s WHERE k.owner = $1 AND k.bare = $2 AND s.owner = k.owner AND s.node = k.node" \
  " AND s.jid = k.jid AND s.subid = k.subid ORDER BY k.node, k.jid, k.subid"
#define ALDIS_IS_SUBSCRIBED                                                                            \
  "SELECT 1 FROM pubsub_subscriptions k CROSS JOIN pubsub_subscriptions s WHERE k.owner = $1"           \
  " AND k.bare = $2 AND k.node = $3 AND s.owner = k.owner AND s.node = k.node AND s.jid = k.jid"        \
  " AND s.subid = k.subid AND s.state = $4 LIMIT 1"
#define ALDIS_AFFILIATIONS_OF                                                                          \
  "SELECT a.node, a.affiliation FROM pubsub_affiliations k CROSS JOIN pubsub_affiliations a"            \
  " WHERE k.owner = $1 AND k.jid = $2 AND a.owner = k.owner AND a.node = k.node AND a.jid = k.jid ORDER BY k.node"
#define ALDIS_SHOWN_TO "SELECT node FROM pubsub_subscriptions WHERE owner = $1 AND bare = $2 AND shows_last = 1 ORDER BY node"
#define ALDIS_SUBSCRIBED_BY "SELECT node FROM pubsub_subscriptions WHERE owner = $1 AND bare = $2 AND jid = $3 ORDER BY node"

// The newest item of the node that has not expired; corrupt.
[[nodiscard]] Result<std::optional<PubSubItem>> read_last_item(Transaction& transaction, const BareJid& service, const std::string& node,
                                                               WallTime now);
// Bytes more or less that a service has.
void add_bytes(Transaction& transaction, const BareJid& service, std::int64_t bytes);

[[nodiscard]] inline std::int64_t expiry(const std::optional<WallTime>& expires) { return expires ? std::max<std::int64_t>(as_ms(*expires), 1) : 0; }
[[nodiscard]] inline std::optional<WallTime> as_expiry(std::int64_t ms) { return ms == 0 ? std::nullopt : std::optional(as_time(ms)); }

}  // namespace aldis::sql
