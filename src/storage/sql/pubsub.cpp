// Nodes: one read to load one, one write for each change.
#include <algorithm>

#include "storage/sql/pubsub_rows.h"

namespace aldis::sql {
namespace {

bool exists(Transaction& transaction, const BareJid& service, const std::string& node) {
  bool found = false;
  transaction.each("SELECT 1 FROM pubsub_nodes WHERE owner = $1 AND node = $2", {service.str(), node}, [&](const Row&) { found = true; });
  return found;
}

std::uint64_t one_number(Transaction& transaction, Statement statement, std::initializer_list<Value> values) {
  std::uint64_t number = 0;
  transaction.each(statement, values, [&](const Row& row) { number = row.natural(0); });
  return number;
}

void add_nodes(Transaction& transaction, const BareJid& service, std::int64_t nodes) {
  transaction.change(
      "INSERT INTO pubsub_services (owner, nodes, bytes) VALUES ($1, $2, 0)"
      " ON CONFLICT (owner) DO UPDATE SET nodes = pubsub_services.nodes + excluded.nodes",
      {service.str(), nodes});
}

void write_record(Transaction& transaction, const PubSubNodeRecord& r) {
  transaction.change(
      "INSERT INTO pubsub_nodes (owner, node, items, bytes, last_position, is_collection, is_child, creator, created, name, config,"
      " shows_last) VALUES ($1, $2, 0, 0, 0, $3, $4, $5, $6, $7, $8, $9)"
      " ON CONFLICT (owner, node) DO UPDATE SET is_collection = excluded.is_collection, is_child = excluded.is_child,"
      " name = excluded.name, config = excluded.config, shows_last = excluded.shows_last",
      {r.service.str(), r.node, as_integer(r.is_collection), as_integer(!r.collections.empty()), r.creator.str(), as_ms(r.created), r.name,
       r.config, as_integer(r.shows_last)});
}

bool shows_last(Transaction& transaction, const BareJid& service, const std::string& node) {
  return one_number(transaction, "SELECT shows_last FROM pubsub_nodes WHERE owner = $1 AND node = $2", {service.str(), node}) != 0;
}

void write_collections(Transaction& transaction, const PubSubNodeRecord& r) {
  if (read_collections(transaction, r.service, r.node) == r.collections) {
    return;
  }
  transaction.change("DELETE FROM pubsub_collections WHERE owner = $1 AND node = $2", {r.service.str(), r.node});
  std::int64_t position = 0;
  for (const std::string& collection : r.collections) {
    transaction.change(
        "INSERT INTO pubsub_collections (owner, node, collection, position) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (owner, node, collection) DO NOTHING",
        {r.service.str(), r.node, collection, ++position});
  }
}

void write_affiliations(Transaction& transaction, const BareJid& service, const std::string& node,
                        const std::vector<PubSubAffiliation>& changed) {
  for (const PubSubAffiliation& each : changed) {
    if (each.affiliation == pubsub::Affiliation::none) {
      transaction.change("DELETE FROM pubsub_affiliations WHERE owner = $1 AND node = $2 AND jid = $3",
                         {service.str(), node, each.jid.str()});
    } else {
      transaction.change(
          "INSERT INTO pubsub_affiliations (owner, node, jid, affiliation) VALUES ($1, $2, $3, $4)"
          " ON CONFLICT (owner, node, jid) DO UPDATE SET affiliation = excluded.affiliation",
          {service.str(), node, each.jid.str(), static_cast<std::int64_t>(each.affiliation)});
    }
  }
}

void write_subscriptions(Transaction& transaction, const BareJid& service, const std::string& node,
                         const std::vector<PubSubSubscription>& changed) {
  const bool shows = !changed.empty() && shows_last(transaction, service, node);
  for (const PubSubSubscription& each : changed) {
    if (each.state == pubsub::SubscriptionState::none) {
      transaction.change("DELETE FROM pubsub_subscriptions WHERE owner = $1 AND node = $2 AND jid = $3 AND subid = $4",
                         {service.str(), node, each.jid.str(), each.subid});
    } else {
      transaction.change(
          "INSERT INTO pubsub_subscriptions (owner, node, jid, subid, bare, state, expires, options, shows_last)"
          " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
          " ON CONFLICT (owner, node, jid, subid) DO UPDATE SET state = excluded.state, expires = excluded.expires,"
          " options = excluded.options, shows_last = excluded.shows_last",
          {service.str(), node, each.jid.str(), each.subid, each.jid.bare_str(), static_cast<std::int64_t>(each.state),
           expiry(each.expires), each.options, as_integer(shows)});
    }
  }
}

std::size_t cost_of(const std::vector<PubSubSubscription>& subscriptions) {
  std::size_t bytes = 256;
  for (const PubSubSubscription& each : subscriptions) {
    bytes += 256 + each.options.size();
  }
  return bytes;
}

std::size_t cost_of(const PubSubNodeRecord& record, const std::vector<PubSubAffiliation>& affiliations,
                    const std::vector<PubSubSubscription>& subscriptions) {
  return 512 + record.config.size() + record.name.size() + 128 * (affiliations.size() + record.collections.size()) + cost_of(subscriptions);
}

Result<std::optional<PubSubNodeImage>> read_image(Transaction& transaction, const BareJid& service, const std::string& node, WallTime now) {
  std::optional<PubSubNodeImage> image;
  bool is_whole = true;
  transaction.each("SELECT is_collection, name, config, creator, created, shows_last FROM pubsub_nodes WHERE owner = $1 AND node = $2",
                   {service.str(), node}, [&](const Row& row) {
                     PubSubNodeRecord record{.service = service, .node = node, .creator = service};
                     is_whole = read_record(row, 0, record);
                     image = PubSubNodeImage{.record = std::move(record), .affiliations = {}, .subscriptions = {}, .last = {}};
                   });
  if (!image) {
    return std::optional<PubSubNodeImage>();
  }
  image->record.collections = read_collections(transaction, service, node);
  transaction.each("SELECT jid, affiliation FROM pubsub_affiliations WHERE owner = $1 AND node = $2 ORDER BY jid", {service.str(), node},
                   [&](const Row& row) {
                     auto jid = BareJid::parse(row.bytes(0));
                     is_whole = is_whole && jid && row.natural(1) <= static_cast<std::uint64_t>(pubsub::Affiliation::owner);
                     if (is_whole) {
                       image->affiliations.push_back({std::move(*jid), static_cast<pubsub::Affiliation>(row.integer(1))});
                     }
                   });
  transaction.each(
      "SELECT jid, subid, state, options, expires FROM pubsub_subscriptions WHERE owner = $1 AND node = $2"
      " AND (expires = 0 OR expires > $3) ORDER BY jid, subid",
      {service.str(), node, as_ms(now)}, [&](const Row& row) {
        auto subscription = read_subscription(row, 0);
        is_whole = is_whole && subscription;
        if (is_whole) {
          image->subscriptions.push_back(std::move(*subscription));
        }
      });
  if (!is_whole) {
    return unreadable("a node", service.str());
  }
  auto last = read_last_item(transaction, service, node, now);
  if (!last) {
    return fail(std::move(last.error()));
  }
  image->last = std::move(*last);
  return image;
}

}  // namespace

bool read_record(const Row& row, int first, PubSubNodeRecord& out) {
  auto creator = BareJid::parse(row.bytes(first + 3));
  if (!creator) {
    return false;
  }
  out.is_collection = row.boolean(first);
  out.name = row.text(first + 1);
  out.config = row.text(first + 2);
  out.creator = std::move(*creator);
  out.created = as_time(row.integer(first + 4));
  out.shows_last = row.boolean(first + 5);
  return true;
}

std::vector<std::string> read_collections(Transaction& transaction, const BareJid& service, const std::string& node) {
  std::vector<std::string> found;
  transaction.each("SELECT collection FROM pubsub_collections WHERE owner = $1 AND node = $2 ORDER BY position", {service.str(), node},
                   [&](const Row& row) { found.push_back(row.text(0)); });
  return found;
}

std::optional<PubSubSubscription> read_subscription(const Row& row, int first) {
  auto jid = Jid::parse(row.bytes(first));
  if (!jid || row.natural(first + 2) > static_cast<std::uint64_t>(pubsub::SubscriptionState::subscribed)) {
    return std::nullopt;
  }
  return PubSubSubscription{.jid = std::move(*jid),
                            .subid = row.text(first + 1),
                            .state = static_cast<pubsub::SubscriptionState>(row.integer(first + 2)),
                            .options = row.text(first + 3),
                            .expires = as_expiry(row.integer(first + 4))};
}

void add_bytes(Transaction& transaction, const BareJid& service, std::int64_t bytes) {
  if (bytes != 0) {
    transaction.change("UPDATE pubsub_services SET bytes = bytes + $2 WHERE owner = $1", {service.str(), bytes});
  }
}

Task<Result<std::optional<PubSubNodeImage>>> SqlPubSub::load(BareJid service, std::string node, WallTime now) {
  std::string key = service.str();
  auto work = [service = std::move(service), node = std::move(node), now](Transaction& transaction) {
    return read_image(transaction, service, node, now);
  };
  return database_.read(std::move(key), std::move(work));
}

Task<Result<void>> SqlPubSub::create(PubSubNodeImage image, NodeLimits limits) {
  std::string key = image.record.service.str();
  const std::size_t bytes = cost_of(image.record, image.affiliations, image.subscriptions);
  auto work = [image = std::move(image), limits](Transaction& transaction) -> Result<void> {
    const PubSubNodeRecord& record = image.record;
    if (exists(transaction, record.service, record.node)) {
      return fail(ErrorKind::already_exists, "node " + record.node + " of " + record.service.str());
    }
    if ((limits.of_service != 0 &&
         one_number(transaction, "SELECT nodes FROM pubsub_services WHERE owner = $1", {record.service.str()}) >= limits.of_service) ||
        (limits.of_creator != 0 && one_number(transaction, "SELECT COUNT(*) FROM pubsub_nodes WHERE owner = $1 AND creator = $2",
                                              {record.service.str(), record.creator.str()}) >= limits.of_creator)) {
      return fail(ErrorKind::full, "nodes of " + record.service.str());
    }
    write_record(transaction, record);
    write_collections(transaction, record);
    write_affiliations(transaction, record.service, record.node, image.affiliations);
    write_subscriptions(transaction, record.service, record.node, image.subscriptions);
    add_nodes(transaction, record.service, 1);
    return {};
  };
  return database_.write(std::move(key), bytes, std::move(work));
}

Task<Result<void>> SqlPubSub::save(PubSubNodeRecord record, std::vector<PubSubAffiliation> affiliations,
                                   std::vector<PubSubSubscription> subscriptions) {
  std::string key = record.service.str();
  const std::size_t bytes = cost_of(record, affiliations, subscriptions);
  auto work = [record = std::move(record), affiliations = std::move(affiliations),
               subscriptions = std::move(subscriptions)](Transaction& transaction) -> Result<void> {
    if (!exists(transaction, record.service, record.node)) {
      return no_node(record.service, record.node);
    }
    if (shows_last(transaction, record.service, record.node) != record.shows_last) {
      transaction.change("UPDATE pubsub_subscriptions SET shows_last = $3 WHERE owner = $1 AND node = $2",
                         {record.service.str(), record.node, as_integer(record.shows_last)});
    }
    write_record(transaction, record);
    write_collections(transaction, record);
    write_affiliations(transaction, record.service, record.node, affiliations);
    write_subscriptions(transaction, record.service, record.node, subscriptions);
    return {};
  };
  return database_.write(std::move(key), bytes, std::move(work));
}

Task<Result<void>> SqlPubSub::save_subscriptions(BareJid service, std::string node, std::vector<PubSubSubscription> subscriptions) {
  std::string key = service.str();
  const std::size_t bytes = cost_of(subscriptions);
  auto work = [service = std::move(service), node = std::move(node),
               subscriptions = std::move(subscriptions)](Transaction& transaction) -> Result<void> {
    if (!exists(transaction, service, node)) {
      return no_node(service, node);
    }
    write_subscriptions(transaction, service, node, subscriptions);
    return {};
  };
  return database_.write(std::move(key), bytes, std::move(work));
}

Task<Result<std::uint64_t>> SqlPubSub::expire_subscriptions(WallTime now, std::size_t limit) {
  auto work = [now, limit](Transaction& transaction) -> Result<std::uint64_t> {
    struct Gone {
      std::string service, node, jid, subid;
    };
    std::vector<Gone> gone;
    transaction.each(
        "SELECT owner, node, jid, subid FROM pubsub_subscriptions WHERE expires > 0 AND expires <= $1 ORDER BY expires LIMIT $2",
        {as_ms(now), as_integer(std::min<std::size_t>(limit, 100'000))},
        [&](const Row& row) { gone.push_back({row.text(0), row.text(1), row.text(2), row.text(3)}); });
    for (const Gone& each : gone) {
      transaction.change("DELETE FROM pubsub_subscriptions WHERE owner = $1 AND node = $2 AND jid = $3 AND subid = $4",
                         {each.service, each.node, each.jid, each.subid});
    }
    return gone.size();
  };
  return database_.write({}, 128, std::move(work));
}

Task<Result<void>> SqlPubSub::remove(BareJid service, std::string node) {
  std::string key = service.str();
  auto work = [service = std::move(service), node = std::move(node)](Transaction& transaction) -> Result<void> {
    if (!exists(transaction, service, node)) {
      return no_node(service, node);
    }
    const auto bytes = static_cast<std::int64_t>(
        one_number(transaction, "SELECT bytes FROM pubsub_nodes WHERE owner = $1 AND node = $2", {service.str(), node}));
    for (const Statement each : {Statement{"DELETE FROM pubsub_nodes WHERE owner = $1 AND node = $2"},
                                 Statement{"DELETE FROM pubsub_collections WHERE owner = $1 AND node = $2"},
                                 Statement{"DELETE FROM pubsub_affiliations WHERE owner = $1 AND node = $2"},
                                 Statement{"DELETE FROM pubsub_subscriptions WHERE owner = $1 AND node = $2"},
                                 Statement{"DELETE FROM pubsub_items WHERE owner = $1 AND node = $2"},
                                 Statement{"UPDATE pubsub_nodes SET is_child = 0 WHERE owner = $1 AND node IN"
                                           " (SELECT c.node FROM pubsub_collections c WHERE c.owner = $1 AND c.collection = $2)"
                                           " AND NOT EXISTS (SELECT 1 FROM pubsub_collections o WHERE o.owner = $1"
                                           " AND o.node = pubsub_nodes.node AND o.collection <> $2)"},
                                 Statement{"DELETE FROM pubsub_collections WHERE owner = $1 AND collection = $2"}}) {
      transaction.change(each, {service.str(), node});
    }
    add_nodes(transaction, service, -1);
    add_bytes(transaction, service, -bytes);
    return {};
  };
  return database_.write(std::move(key), 256, std::move(work));
}

Task<Result<void>> SqlPubSub::remove_service(BareJid service) {
  std::string key = service.str();
  auto work = [service = std::move(service)](Transaction& transaction) -> Result<void> {
    for (const Statement each : {Statement{"DELETE FROM pubsub_services WHERE owner = $1"},
                                 Statement{"DELETE FROM pubsub_nodes WHERE owner = $1"},
                                 Statement{"DELETE FROM pubsub_collections WHERE owner = $1"},
                                 Statement{"DELETE FROM pubsub_affiliations WHERE owner = $1"},
                                 Statement{"DELETE FROM pubsub_subscriptions WHERE owner = $1"},
                                 Statement{"DELETE FROM pubsub_items WHERE owner = $1"}}) {
      transaction.change(each, {service.str()});
    }
    return {};
  };
  return database_.write(std::move(key), 256, std::move(work));
}

}  // namespace aldis::sql
