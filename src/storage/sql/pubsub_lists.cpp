// What goes over the nodes of a service: each reads as many rows as it gives.
#include <algorithm>

#include "storage/sql/pubsub_rows.h"

namespace aldis::sql {
namespace {

constexpr std::size_t longest_page = 1000;

// $1 service, $2 after, $3 before or empty, $4 limit, $5 the collection.
Statement list_statement(const PubSubNodePageRequest& request) {
  constexpr Statement all{
      "SELECT node, is_collection, name, config, creator, created, shows_last FROM pubsub_nodes WHERE owner = $1 AND node > $2"
      " AND ($3 = '' OR node < $3) AND $5 = '' ORDER BY node LIMIT $4"};
  constexpr Statement all_backward{
      "SELECT node, is_collection, name, config, creator, created, shows_last FROM pubsub_nodes WHERE owner = $1 AND node > $2"
      " AND ($3 = '' OR node < $3) AND $5 = '' ORDER BY node DESC LIMIT $4"};
  constexpr Statement at_root{
      "SELECT node, is_collection, name, config, creator, created, shows_last FROM pubsub_nodes WHERE owner = $1 AND is_child = 0 AND node > $2"
      " AND ($3 = '' OR node < $3) AND $5 = '' ORDER BY node LIMIT $4"};
  constexpr Statement at_root_backward{
      "SELECT node, is_collection, name, config, creator, created, shows_last FROM pubsub_nodes WHERE owner = $1 AND is_child = 0 AND node > $2"
      " AND ($3 = '' OR node < $3) AND $5 = '' ORDER BY node DESC LIMIT $4"};
  constexpr Statement children{
      "SELECT n.node, n.is_collection, n.name, n.config, n.creator, n.created, n.shows_last FROM pubsub_collections c JOIN pubsub_nodes n"
      " ON n.owner = c.owner AND n.node = c.node WHERE c.owner = $1 AND c.collection = $5 AND c.node > $2"
      " AND ($3 = '' OR c.node < $3) ORDER BY c.node LIMIT $4"};
  constexpr Statement children_backward{
      "SELECT n.node, n.is_collection, n.name, n.config, n.creator, n.created, n.shows_last FROM pubsub_collections c JOIN pubsub_nodes n"
      " ON n.owner = c.owner AND n.node = c.node WHERE c.owner = $1 AND c.collection = $5 AND c.node > $2"
      " AND ($3 = '' OR c.node < $3) ORDER BY c.node DESC LIMIT $4"};
  if (!request.parent) {
    return request.is_last_page ? all_backward : all;
  }
  if (request.parent->empty()) {
    return request.is_last_page ? at_root_backward : at_root;
  }
  return request.is_last_page ? children_backward : children;
}

// False: the affiliation cannot be read.
bool read_viewer(Transaction& transaction, const BareJid& viewer, PubSubNodeSummary& out) {
  bool is_whole = true;
  const PubSubNodeRecord& record = out.record;
  transaction.each("SELECT affiliation FROM pubsub_affiliations WHERE owner = $1 AND node = $2 AND jid = $3",
                   {record.service.str(), record.node, viewer.str()}, [&](const Row& row) {
                     is_whole = row.natural(0) <= static_cast<std::uint64_t>(pubsub::Affiliation::owner);
                     out.affiliation = is_whole ? static_cast<pubsub::Affiliation>(row.integer(0)) : pubsub::Affiliation::none;
                   });
  transaction.each(ALDIS_IS_SUBSCRIBED,
                   {record.service.str(), viewer.str(), record.node, static_cast<std::int64_t>(pubsub::SubscriptionState::subscribed)},
                   [&](const Row&) { out.is_subscribed = true; });
  return is_whole;
}

Result<PubSubNodePage> read_page(Transaction& transaction, const BareJid& service, const PubSubNodePageRequest& request) {
  PubSubNodePage page;
  bool is_whole = true;
  const std::size_t limit = std::min(request.limit, longest_page);
  transaction.each(list_statement(request),
                   {service.str(), request.after, request.before, as_integer(limit + 1), request.parent.value_or("")}, [&](const Row& row) {
                     PubSubNodeRecord record{.service = service, .node = row.text(0), .creator = service};
                     is_whole = read_record(row, 1, record) && is_whole;
                     page.nodes.push_back({.record = std::move(record)});
                   });
  if (page.nodes.size() > limit) {
    page.nodes.pop_back();
    page.is_complete = false;
  }
  if (request.is_last_page) {
    std::ranges::reverse(page.nodes);
  }
  for (PubSubNodeSummary& each : page.nodes) {
    each.record.collections = read_collections(transaction, service, each.record.node);
    is_whole = (!request.viewer || read_viewer(transaction, *request.viewer, each)) && is_whole;
  }
  if (!is_whole) {
    return unreadable("a node", service.str());
  }
  return page;
}

// The first column of each row, once: a node with several subscriptions of one person has as many rows, one after the other.
std::vector<std::string> names_of(Transaction& transaction, Statement statement, std::initializer_list<Value> values) {
  std::vector<std::string> found;
  transaction.each(statement, values, [&](const Row& row) {
    if (found.empty() || found.back() != row.text(0)) {
      found.push_back(row.text(0));
    }
  });
  return found;
}

}  // namespace

Task<Result<PubSubNodePage>> SqlPubSub::list(BareJid service, PubSubNodePageRequest request) {
  std::string key = service.str();
  auto work = [service = std::move(service), request = std::move(request)](Transaction& transaction) {
    return read_page(transaction, service, request);
  };
  return database_.read(std::move(key), std::move(work));
}

Task<Result<std::uint64_t>> SqlPubSub::count(BareJid service, std::optional<std::string> parent) {
  std::string key = service.str();
  auto work = [service = std::move(service), parent = std::move(parent)](Transaction& transaction) -> Result<std::uint64_t> {
    std::uint64_t count = 0;
    const auto at = [&](const Row& row) { count = row.natural(0); };
    if (!parent) {
      transaction.each("SELECT nodes FROM pubsub_services WHERE owner = $1", {service.str()}, at);
    } else if (parent->empty()) {
      transaction.each("SELECT COUNT(*) FROM pubsub_nodes WHERE owner = $1 AND is_child = 0", {service.str()}, at);
    } else {
      transaction.each("SELECT COUNT(*) FROM pubsub_collections WHERE owner = $1 AND collection = $2", {service.str(), *parent}, at);
    }
    return count;
  };
  return database_.read(std::move(key), std::move(work));
}

Task<Result<std::vector<PubSubNodeAffiliation>>> SqlPubSub::affiliations_of(BareJid service, BareJid jid) {
  std::string key = service.str();
  auto work = [service = std::move(service), jid = std::move(jid)](Transaction& transaction) -> Result<std::vector<PubSubNodeAffiliation>> {
    std::vector<PubSubNodeAffiliation> found;
    bool is_whole = true;
    transaction.each(ALDIS_AFFILIATIONS_OF,
                     {service.str(), jid.str()}, [&](const Row& row) {
                       is_whole = is_whole && row.natural(1) <= static_cast<std::uint64_t>(pubsub::Affiliation::owner);
                       if (is_whole) {
                         found.push_back({row.text(0), static_cast<pubsub::Affiliation>(row.integer(1))});
                       }
                     });
    if (!is_whole) {
      return unreadable("an affiliation", service.str());
    }
    return found;
  };
  return database_.read(std::move(key), std::move(work));
}

Task<Result<std::vector<PubSubNodeSubscription>>> SqlPubSub::subscriptions_of(BareJid service, BareJid jid) {
  std::string key = service.str();
  auto work = [service = std::move(service), jid = std::move(jid)](Transaction& transaction) -> Result<std::vector<PubSubNodeSubscription>> {
    std::vector<PubSubNodeSubscription> found;
    bool is_whole = true;
    transaction.each(ALDIS_SUBSCRIPTIONS_OF, {service.str(), jid.str()}, [&](const Row& row) {
      auto subscription = read_subscription(row, 1);
      is_whole = is_whole && subscription;
      if (is_whole) {
        found.push_back({row.text(0), std::move(*subscription)});
      }
    });
    if (!is_whole) {
      return unreadable("a subscription", service.str());
    }
    return found;
  };
  return database_.read(std::move(key), std::move(work));
}

Task<Result<std::vector<std::string>>> SqlPubSub::shown_to(BareJid service, BareJid jid) {
  std::string key = service.str();
  auto work = [service = std::move(service), jid = std::move(jid)](Transaction& transaction) -> Result<std::vector<std::string>> {
    return names_of(transaction, ALDIS_SHOWN_TO, {service.str(), jid.str()});
  };
  return database_.read(std::move(key), std::move(work));
}

Task<Result<std::vector<std::string>>> SqlPubSub::subscribed_by(BareJid service, Jid subscriber) {
  std::string key = service.str();
  auto work = [service = std::move(service), subscriber = std::move(subscriber)](Transaction& transaction) -> Result<std::vector<std::string>> {
    return names_of(transaction, ALDIS_SUBSCRIBED_BY, {service.str(), subscriber.bare_str(), subscriber.str()});
  };
  return database_.read(std::move(key), std::move(work));
}

Task<Result<PubSubUsage>> SqlPubSub::usage(BareJid service) {
  std::string key = service.str();
  auto work = [service = std::move(service)](Transaction& transaction) -> Result<PubSubUsage> {
    PubSubUsage usage;
    transaction.each("SELECT nodes, bytes FROM pubsub_services WHERE owner = $1", {service.str()}, [&](const Row& row) {
      usage = {.nodes = row.natural(0), .bytes = row.natural(1)};
    });
    return usage;
  };
  return database_.read(std::move(key), std::move(work));
}

}  // namespace aldis::sql
