// Items of nodes: a publish is one write, whatever leaves for it. The counters of the node and of its service change with them.
#include <algorithm>
#include <limits>

#include "storage/sql/pubsub_rows.h"

namespace aldis::sql {
namespace {

constexpr std::size_t longest_page = 1000;

// The counters of a node, and what a write changes.
struct Counters {
  std::int64_t items = 0;
  std::int64_t bytes = 0;
  std::int64_t last_position = 0;
};

std::optional<Counters> read_counters(Transaction& transaction, const BareJid& service, const std::string& node) {
  std::optional<Counters> found;
  transaction.each("SELECT items, bytes, last_position FROM pubsub_nodes WHERE owner = $1 AND node = $2", {service.str(), node},
                   [&](const Row& row) { found = Counters{row.integer(0), row.integer(1), row.integer(2)}; });
  return found;
}

void write_counters(Transaction& transaction, const BareJid& service, const std::string& node, const Counters& before, const Counters& now) {
  transaction.change("UPDATE pubsub_nodes SET items = $3, bytes = $4, last_position = $5 WHERE owner = $1 AND node = $2",
                     {service.str(), node, now.items, now.bytes, now.last_position});
  add_bytes(transaction, service, now.bytes - before.bytes);
}

struct Place {
  std::int64_t position = 0;
  std::int64_t bytes = 0;
};
std::optional<Place> find_item(Transaction& transaction, const BareJid& service, const std::string& node, const std::string& id) {
  std::optional<Place> found;
  transaction.each("SELECT position, bytes FROM pubsub_items WHERE owner = $1 AND node = $2 AND id = $3", {service.str(), node, id},
                   [&](const Row& row) { found = Place{row.integer(0), row.integer(1)}; });
  return found;
}

// False: it was not there.
bool remove_item(Transaction& transaction, const BareJid& service, const std::string& node, const std::string& id, Counters& counters) {
  const std::optional<Place> found = find_item(transaction, service, node, id);
  if (!found) {
    return false;
  }
  transaction.change("DELETE FROM pubsub_items WHERE owner = $1 AND node = $2 AND position = $3", {service.str(), node, found->position});
  --counters.items;
  counters.bytes -= found->bytes;
  return true;
}

void remove_expired(Transaction& transaction, const BareJid& service, const std::string& node, WallTime now, Counters& counters) {
  std::vector<Place> gone;
  transaction.each("SELECT position, bytes FROM pubsub_items WHERE owner = $1 AND node = $2 AND expires > 0 AND expires <= $3",
                   {service.str(), node, as_ms(now)}, [&](const Row& row) { gone.push_back({row.integer(0), row.integer(1)}); });
  for (const Place& each : gone) {
    transaction.change("DELETE FROM pubsub_items WHERE owner = $1 AND node = $2 AND position = $3", {service.str(), node, each.position});
    --counters.items;
    counters.bytes -= each.bytes;
  }
}

std::vector<std::string> remove_oldest(Transaction& transaction, const BareJid& service, const std::string& node, std::uint64_t left,
                                       Counters& counters) {
  std::vector<std::string> gone;
  if (counters.items <= 0 || static_cast<std::uint64_t>(counters.items) <= left) {
    return gone;
  }
  std::int64_t last = 0;
  transaction.each("SELECT id, position, bytes FROM pubsub_items WHERE owner = $1 AND node = $2 ORDER BY position LIMIT $3",
                   {service.str(), node, counters.items - as_integer(left)}, [&](const Row& row) {
                     gone.push_back(row.text(0));
                     last = row.integer(1);
                     --counters.items;
                     counters.bytes -= row.integer(2);
                   });
  transaction.change("DELETE FROM pubsub_items WHERE owner = $1 AND node = $2 AND position <= $3", {service.str(), node, last});
  return gone;
}

void insert_item(Transaction& transaction, const BareJid& service, const std::string& node, const PubSubItem& item, Counters& counters) {
  transaction.change(
      "INSERT INTO pubsub_items (owner, node, position, id, bytes, expires, published, publisher, payload)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
      {service.str(), node, ++counters.last_position, item.id, as_integer(item.payload.size()), expiry(item.expires), as_ms(item.published),
       item.publisher.str(), item.payload});
  ++counters.items;
  counters.bytes += as_integer(item.payload.size());
}

// Of the service, with what this transaction has changed.
std::int64_t read_bytes(Transaction& transaction, const BareJid& service) {
  std::int64_t bytes = 0;
  transaction.each("SELECT bytes FROM pubsub_services WHERE owner = $1", {service.str()}, [&](const Row& row) { bytes = row.integer(0); });
  return bytes;
}

// Columns: position, id, publisher, published, expires, payload.
struct Positioned {
  std::int64_t position;
  PubSubItem item;
};
std::optional<Positioned> read_item(const Row& row) {
  auto publisher = Jid::parse(row.bytes(2));
  if (!publisher) {
    return std::nullopt;
  }
  return Positioned{row.integer(0), {.id = row.text(1),
                                     .payload = row.text(5),
                                     .publisher = std::move(*publisher),
                                     .published = as_time(row.integer(3)),
                                     .expires = as_expiry(row.integer(4))}};
}

Statement page_statement(bool is_backward, bool has_payloads) {
  constexpr Statement forward{
      "SELECT position, id, publisher, published, expires, payload FROM pubsub_items WHERE owner = $1 AND node = $2"
      " AND position > $3 AND position < $4 AND (expires = 0 OR expires > $5) ORDER BY position LIMIT $6 OFFSET $7"};
  constexpr Statement backward{
      "SELECT position, id, publisher, published, expires, payload FROM pubsub_items WHERE owner = $1 AND node = $2"
      " AND position > $3 AND position < $4 AND (expires = 0 OR expires > $5) ORDER BY position DESC LIMIT $6 OFFSET $7"};
  constexpr Statement forward_bare{
      "SELECT position, id, publisher, published, expires, '' FROM pubsub_items WHERE owner = $1 AND node = $2"
      " AND position > $3 AND position < $4 AND (expires = 0 OR expires > $5) ORDER BY position LIMIT $6 OFFSET $7"};
  constexpr Statement backward_bare{
      "SELECT position, id, publisher, published, expires, '' FROM pubsub_items WHERE owner = $1 AND node = $2"
      " AND position > $3 AND position < $4 AND (expires = 0 OR expires > $5) ORDER BY position DESC LIMIT $6 OFFSET $7"};
  return has_payloads ? (is_backward ? backward : forward) : (is_backward ? backward_bare : forward_bare);
}

// A read of one node's items at one moment.
class ItemReader {
 public:
  ItemReader(Transaction& transaction, const BareJid& service, const std::string& node, WallTime now)
      : transaction_(transaction), service_(service), node_(node), now_(now) {}

  [[nodiscard]] std::uint64_t count() {
    std::int64_t count = read_counters(transaction_, service_, node_).value_or(Counters{}).items;
    transaction_.each("SELECT COUNT(*) FROM pubsub_items WHERE owner = $1 AND node = $2 AND expires > 0 AND expires <= $3",
                      {service_.str(), node_, as_ms(now_)}, [&](const Row& row) { count -= row.integer(0); });
    return static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0));
  }
  // not_found
  [[nodiscard]] Result<std::int64_t> position_of(const std::string& id) {
    std::optional<std::int64_t> found;
    transaction_.each(
        "SELECT position FROM pubsub_items WHERE owner = $1 AND node = $2 AND id = $3 AND (expires = 0 OR expires > $4)",
        {service_.str(), node_, id, as_ms(now_)}, [&](const Row& row) { found = row.integer(0); });
    if (!found) {
      return fail(ErrorKind::not_found, "item " + id);
    }
    return *found;
  }
  [[nodiscard]] std::uint64_t place_of(std::int64_t position) {
    std::uint64_t place = 0;
    transaction_.each(
        "SELECT COUNT(*) FROM pubsub_items WHERE owner = $1 AND node = $2 AND position < $3 AND (expires = 0 OR expires > $4)",
        {service_.str(), node_, position, as_ms(now_)}, [&](const Row& row) { place = row.natural(0); });
    return place;
  }
  // False: one of them cannot be read. In the order of the statement.
  bool read(Statement statement, std::int64_t after, std::int64_t before, std::size_t limit, std::uint64_t offset, std::vector<Positioned>& out) {
    bool is_whole = true;
    transaction_.each(statement, {service_.str(), node_, after, before, as_ms(now_), as_integer(limit), as_integer(offset)},
                      [&](const Row& row) {
                        auto item = read_item(row);
                        is_whole = is_whole && item;
                        if (item) {
                          out.push_back(std::move(*item));
                        }
                      });
    return is_whole;
  }

 private:
  Transaction& transaction_;
  const BareJid& service_;
  const std::string& node_;
  const WallTime now_;
};

constexpr std::int64_t last_place = std::numeric_limits<std::int64_t>::max();

Result<PubSubItemPage> read_page(Transaction& transaction, const BareJid& service, const std::string& node, const PubSubItemRequest& request) {
  ItemReader reader(transaction, service, node, request.now);
  std::vector<Positioned> found;
  bool is_whole = true;
  if (!request.ids.empty()) {
    std::vector<std::int64_t> positions;
    for (const std::string& id : request.ids) {
      if (const auto position = reader.position_of(id)) {
        positions.push_back(*position);
      }
    }
    std::ranges::sort(positions);
    positions.erase(std::ranges::unique(positions).begin(), positions.end());
    for (const std::int64_t position : positions) {
      is_whole = reader.read(page_statement(false, request.has_payloads), position - 1, position + 1, 1, 0, found) && is_whole;
    }
  } else {
    std::int64_t after = 0;
    std::int64_t before = last_place;
    for (const auto& [id, bound] : {std::pair{&request.after, &after}, std::pair{&request.before, &before}}) {
      if (*id) {
        const auto position = reader.position_of(**id);
        if (!position) {
          return fail(position.error());
        }
        *bound = *position;
      }
    }
    is_whole = reader.read(page_statement(request.is_last_page, request.has_payloads), after, before, std::min(request.limit, longest_page),
                           request.is_last_page ? 0 : request.index.value_or(0), found);
    if (request.is_last_page) {
      std::ranges::reverse(found);
    }
  }
  if (!is_whole) {
    return unreadable("an item", service.str());
  }
  PubSubItemPage page{.items = {}, .count = reader.count()};
  const bool is_from_start = request.ids.empty() && !request.after && !request.is_last_page;
  if (!found.empty()) {
    page.first_index = is_from_start ? request.index.value_or(0) : reader.place_of(found.front().position);
  }
  for (Positioned& each : found) {
    page.items.push_back(std::move(each.item));
  }
  return page;
}

}  // namespace

Result<std::optional<PubSubItem>> read_last_item(Transaction& transaction, const BareJid& service, const std::string& node, WallTime now) {
  std::vector<Positioned> found;
  if (!ItemReader(transaction, service, node, now).read(page_statement(true, true), 0, last_place, 1, 0, found)) {
    return unreadable("an item", service.str());
  }
  return found.empty() ? std::optional<PubSubItem>() : std::optional(std::move(found.front().item));
}

Task<Result<std::vector<std::string>>> SqlPubSub::publish(BareJid service, std::string node, std::vector<PubSubItem> items,
                                                          ItemLimits limits, WallTime now) {
  std::vector<ItemsChange> changes;
  changes.push_back({.node = std::move(node), .published = std::move(items), .limit = limits.items});
  Result<std::vector<std::vector<std::string>>> gone = co_await change_items(std::move(service), std::move(changes), limits.bytes, now);
  if (!gone) {
    co_return fail(std::move(gone.error()));
  }
  co_return std::move(gone->front());
}

Task<Result<std::vector<std::vector<std::string>>>> SqlPubSub::change_items(BareJid service, std::vector<ItemsChange> changes,
                                                                            std::uint64_t bytes, WallTime now) {
  std::string key = service.str();
  std::size_t cost = 128;
  for (const ItemsChange& change : changes) {
    cost += 64 * change.retracted.size();
    for (const PubSubItem& item : change.published) {
      cost += 256 + item.payload.size();
    }
  }
  auto work = [service = std::move(service), changes = std::move(changes), bytes,
               now](Transaction& transaction) -> Result<std::vector<std::vector<std::string>>> {
    std::vector<std::vector<std::string>> gone;
    std::int64_t more = 0;
    for (const ItemsChange& change : changes) {
      const std::optional<Counters> before = read_counters(transaction, service, change.node);
      if (!before) {
        return no_node(service, change.node);
      }
      Counters counters = *before;
      if (change.is_purge) {
        transaction.change("DELETE FROM pubsub_items WHERE owner = $1 AND node = $2", {service.str(), change.node});
        counters = {.last_position = before->last_position};
      }
      remove_expired(transaction, service, change.node, now, counters);
      for (const std::string& id : change.retracted) {
        remove_item(transaction, service, change.node, id, counters);
      }
      for (const PubSubItem& item : change.published) {
        remove_item(transaction, service, change.node, item.id, counters);
        insert_item(transaction, service, change.node, item, counters);
      }
      gone.push_back(change.limit == 0 ? std::vector<std::string>()
                                       : remove_oldest(transaction, service, change.node, change.limit, counters));
      write_counters(transaction, service, change.node, *before, counters);
      more += counters.bytes - before->bytes;
    }
    if (more > 0) {
      const std::int64_t after = read_bytes(transaction, service);
      if (!is_within(bytes, static_cast<std::uint64_t>(after - more), static_cast<std::uint64_t>(after))) {
        return fail(ErrorKind::full, "items of " + service.str());
      }
    }
    return gone;
  };
  return database_.write(std::move(key), cost, std::move(work));
}

Task<Result<std::vector<std::string>>> SqlPubSub::retract(BareJid service, std::string node, std::vector<std::string> ids) {
  std::string key = service.str();
  auto work = [service = std::move(service), node = std::move(node),
               ids = std::move(ids)](Transaction& transaction) -> Result<std::vector<std::string>> {
    std::vector<std::string> gone;
    const std::optional<Counters> before = read_counters(transaction, service, node);
    Counters counters = before.value_or(Counters{});
    for (const std::string& id : ids) {
      if (before && remove_item(transaction, service, node, id, counters)) {
        gone.push_back(id);
      }
    }
    if (!gone.empty()) {
      write_counters(transaction, service, node, *before, counters);
    }
    return gone;
  };
  return database_.write(std::move(key), 256, std::move(work));
}

Task<Result<void>> SqlPubSub::purge(BareJid service, std::string node) {
  std::string key = service.str();
  auto work = [service = std::move(service), node = std::move(node)](Transaction& transaction) -> Result<void> {
    if (const std::optional<Counters> before = read_counters(transaction, service, node)) {
      transaction.change("DELETE FROM pubsub_items WHERE owner = $1 AND node = $2", {service.str(), node});
      write_counters(transaction, service, node, *before, {.last_position = before->last_position});
    }
    return {};
  };
  return database_.write(std::move(key), 128, std::move(work));
}

Task<Result<std::vector<std::string>>> SqlPubSub::trim(BareJid service, std::string node, std::uint64_t items) {
  std::string key = service.str();
  auto work = [service = std::move(service), node = std::move(node), items](Transaction& transaction) -> Result<std::vector<std::string>> {
    const std::optional<Counters> before = read_counters(transaction, service, node);
    Counters counters = before.value_or(Counters{});
    std::vector<std::string> gone = remove_oldest(transaction, service, node, items, counters);
    if (!gone.empty()) {
      write_counters(transaction, service, node, *before, counters);
    }
    return gone;
  };
  return database_.write(std::move(key), 128, std::move(work));
}

Task<Result<PubSubItemPage>> SqlPubSub::items(BareJid service, std::string node, PubSubItemRequest request) {
  std::string key = service.str();
  auto work = [service = std::move(service), node = std::move(node), request = std::move(request)](Transaction& transaction) {
    return read_page(transaction, service, node, request);
  };
  return database_.read(std::move(key), std::move(work));
}

Task<Result<std::vector<SqlPubSub::LastItem>>> SqlPubSub::last_items(BareJid service, std::vector<std::string> nodes, WallTime now) {
  std::string key = service.str();
  auto work = [service = std::move(service), nodes = std::move(nodes), now](Transaction& transaction) -> Result<std::vector<LastItem>> {
    std::vector<LastItem> found;
    for (const std::string& node : nodes) {
      auto last = read_last_item(transaction, service, node, now);
      if (!last) {
        return fail(std::move(last.error()));
      }
      if (*last) {
        found.push_back({node, std::move(**last)});
      }
    }
    return found;
  };
  return database_.read(std::move(key), std::move(work));
}

Task<Result<std::uint64_t>> SqlPubSub::expire(WallTime now, std::size_t limit) {
  auto work = [now, limit](Transaction& transaction) -> Result<std::uint64_t> {
    struct Gone {
      std::string service, node;
      Place place;
    };
    std::vector<Gone> gone;
    transaction.each(
        "SELECT owner, node, position, bytes FROM pubsub_items WHERE expires > 0 AND expires <= $1 ORDER BY expires LIMIT $2",
        {as_ms(now), as_integer(std::min<std::size_t>(limit, 100'000))},
        [&](const Row& row) { gone.push_back({row.text(0), row.text(1), {row.integer(2), row.integer(3)}}); });
    for (const Gone& each : gone) {
      transaction.change("DELETE FROM pubsub_items WHERE owner = $1 AND node = $2 AND position = $3",
                         {each.service, each.node, each.place.position});
      transaction.change("UPDATE pubsub_nodes SET items = items - 1, bytes = bytes - $3 WHERE owner = $1 AND node = $2",
                         {each.service, each.node, each.place.bytes});
      transaction.change("UPDATE pubsub_services SET bytes = bytes - $2 WHERE owner = $1", {each.service, each.place.bytes});
    }
    return gone.size();
  };
  return database_.write({}, 128, std::move(work));
}

}  // namespace aldis::sql
