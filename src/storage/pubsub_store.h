// PubSubStore: nodes (XEP-0060) as they outlive the process: what one is, who is affiliated with it and subscribed to it, and its
// items. A service is a domain's, or an account's own (XEP-0163): its nodes lie under its bare address. A node has one writer: who
// serves it. What is not loaded costs nothing. What an answer depends on is behind every write that was asked for before it.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "runtime/task.h"
#include "xmpp/jid.h"
#include "xmpp/pubsub.h"

namespace aldis {

struct PubSubNodeRecord {
  BareJid service;                          // a domain, or an account
  std::string node;                         // NodeID, not empty
  bool is_collection = false;               // XEP-0248
  std::vector<std::string> collections;     // the nodes it is associated with, in order; none: a child of the root
  std::string name;                         // pubsub#title; for lists; may be empty
  std::string config;                       // pubsub's own words; the store does not read them
  bool shows_last = false;                  // subscribers who come online are sent the last item: shown_to()
  BareJid creator;
  WallTime created{};
};

struct PubSubAffiliation {
  BareJid jid;
  pubsub::Affiliation affiliation = pubsub::Affiliation::none;   // none: taken away
};

struct PubSubSubscription {
  Jid jid;                                  // bare or full, as it subscribed
  std::string subid;                        // unique within the node
  pubsub::SubscriptionState state = pubsub::SubscriptionState::none;   // none: ended
  std::string options;                      // pubsub's own words (section 6.3); may be empty
  std::optional<WallTime> expires{};        // of a lease (section 12.18): not there any more from this moment on
};

struct PubSubItem {
  std::string id;                           // unique within the node
  std::string payload;                      // one element that stands alone, or empty
  Jid publisher;                            // as it published, with its resource
  WallTime published{};
  std::optional<WallTime> expires{};        // not there any more from this moment on
};

struct PubSubNodeImage {
  PubSubNodeRecord record;
  std::vector<PubSubAffiliation> affiliations;    // none of `none`; in the order of the addresses
  std::vector<PubSubSubscription> subscriptions;  // none of `none`; in the order of address and subid
  std::optional<PubSubItem> last;                 // the newest that has not expired
};

// Nodes of a service in the order of their NodeIDs; so are the bounds, exclusive; empty: none.
struct PubSubNodePageRequest {
  std::string after{};
  std::string before{};
  bool is_last_page = false;                // the page that ends what fits, not the one that begins it
  std::optional<std::string> parent{};      // only children of this collection; empty: those in none; nothing: all
  std::optional<BareJid> viewer{};           // whose affiliation and subscription go with each; nothing: nobody's
  std::size_t limit = 100;                  // no more than 1000
};
struct PubSubNodeSummary {
  PubSubNodeRecord record;
  pubsub::Affiliation affiliation = pubsub::Affiliation::none;   // of the viewer
  bool is_subscribed = false;                                    // any resource of the viewer
};
struct PubSubNodePage {
  std::vector<PubSubNodeSummary> nodes{};   // in order
  bool is_complete = true;                  // nothing that fits lies beyond the page, in its direction
};

// Items of a node, from the oldest to the newest by when they were published last. Those that have expired are not there.
struct PubSubItemRequest {
  std::vector<std::string> ids{};           // these alone, whatever else is asked; unknown ones are left out
  std::optional<std::string> after{};       // newer than this one
  std::optional<std::string> before{};      // older than this one
  bool is_last_page = false;                // the newest that fit, not the oldest
  std::optional<std::uint32_t> index{};     // from this place on; not together with after or before
  std::size_t limit = 100;                  // no more than 1000
  bool has_payloads = true;                 // off: payloads stay empty (for lists)
  WallTime now{};
};
struct PubSubItemPage {
  std::vector<PubSubItem> items{};          // oldest first
  std::uint64_t count = 0;                  // all of the node
  std::uint64_t first_index = 0;            // place of the first of the page
};

struct PubSubUsage {
  std::uint64_t nodes = 0;
  std::uint64_t bytes = 0;                  // of payloads
};

struct PubSubNodeAffiliation {
  std::string node;
  pubsub::Affiliation affiliation = pubsub::Affiliation::none;
};
struct PubSubNodeSubscription {
  std::string node;
  PubSubSubscription subscription;
};
struct PubSubNodeName {
  BareJid service;
  std::string node;
};

// What a service's limit of bytes means: it may become smaller whatever the limit is, and larger up to it; 0: no limit.
[[nodiscard]] constexpr bool is_within(std::uint64_t limit, std::uint64_t before, std::uint64_t after) {
  return limit == 0 || after <= before || after <= limit;
}

class PubSubStore {
 public:
  virtual ~PubSubStore() = default;

  // ---- nodes
  // Nothing: there is no such node. corrupt when a part of it cannot be read: a shorter list of outcasts would let somebody in.
  virtual Task<Result<std::optional<PubSubNodeImage>>> load(BareJid service, std::string node, WallTime now) = 0;
  // With its affiliations and subscriptions; `last` is not looked at. already_exists. full: the service, or nodes that the creator
  // made there, would be more than these; 0: no limit.
  struct NodeLimits {
    std::uint64_t of_service = 0;
    std::uint64_t of_creator = 0;
  };
  virtual Task<Result<void>> create(PubSubNodeImage image, NodeLimits limits) = 0;
  // The record as a whole but for creator and `created`, and these affiliations and subscriptions; others stay. `none` removes.
  // not_found
  virtual Task<Result<void>> save(PubSubNodeRecord record, std::vector<PubSubAffiliation> affiliations,
                                  std::vector<PubSubSubscription> subscriptions) = 0;
  // Without the record, which is the greater part of the writes: not_found
  virtual Task<Result<void>> save_subscriptions(BareJid service, std::string node, std::vector<PubSubSubscription> subscriptions) = 0;
  // With all that is in it, in one transaction; children of a collection stay, and are in it no more. not_found
  virtual Task<Result<void>> remove(BareJid service, std::string node) = 0;
  // Everything under this address: an account was removed.
  virtual Task<Result<void>> remove_service(BareJid service) = 0;

  // ---- items
  struct ItemLimits {
    std::uint64_t items = 0;                // of the node: the oldest go; 0: no limit
    std::uint64_t bytes = 0;                // of payloads in the service: full when there would be more; 0: no limit
  };
  // The newest from now on, in this order; one whose id is there takes its place. All or none. Returns the ids that left to keep the
  // limit of items. not_found: no such node. full
  virtual Task<Result<std::vector<std::string>>> publish(BareJid service, std::string node, std::vector<PubSubItem> items,
                                                         ItemLimits limits, WallTime now) = 0;
  // What changes in the items of one node: these are retracted, as far as they are there, then those are published, as publish() does.
  struct ItemsChange {
    std::string node;
    bool is_purge = false;                  // all are retracted
    std::vector<std::string> retracted{};
    std::vector<PubSubItem> published{};
    std::uint64_t limit = 0;                // of items: the oldest go; 0: no limit
  };
  // Of several nodes of the service, in one transaction: all or none. Returns, for each change, the ids that left to keep its limit.
  // `bytes` as of ItemLimits. not_found: one of the nodes. full
  virtual Task<Result<std::vector<std::vector<std::string>>>> change_items(BareJid service, std::vector<ItemsChange> changes,
                                                                           std::uint64_t bytes, WallTime now) = 0;
  // Those of these ids that were there.
  virtual Task<Result<std::vector<std::string>>> retract(BareJid service, std::string node, std::vector<std::string> ids) = 0;
  virtual Task<Result<void>> purge(BareJid service, std::string node) = 0;
  // The oldest go until so many are left. Returns their ids.
  virtual Task<Result<std::vector<std::string>>> trim(BareJid service, std::string node, std::uint64_t items) = 0;
  // not_found: an id of after or before is unknown.
  virtual Task<Result<PubSubItemPage>> items(BareJid service, std::string node, PubSubItemRequest request) = 0;
  // The newest of each of these nodes of the service that has one, in the order asked for.
  struct LastItem {
    std::string node;
    PubSubItem item;
  };
  virtual Task<Result<std::vector<LastItem>>> last_items(BareJid service, std::vector<std::string> nodes, WallTime now) = 0;
  // Removes up to `limit` that have expired, of any service; returns how many there were.
  virtual Task<Result<std::uint64_t>> expire(WallTime now, std::size_t limit) = 0;
  // The same of subscriptions whose lease is over.
  virtual Task<Result<std::uint64_t>> expire_subscriptions(WallTime now, std::size_t limit) = 0;

  // ---- what goes over nodes
  virtual Task<Result<PubSubNodePage>> list(BareJid service, PubSubNodePageRequest request) = 0;
  virtual Task<Result<std::uint64_t>> count(BareJid service, std::optional<std::string> parent) = 0;
  // In the order of the NodeIDs; nothing of the kind `none`.
  virtual Task<Result<std::vector<PubSubNodeAffiliation>>> affiliations_of(BareJid service, BareJid jid) = 0;
  // Of the bare address and of all its resources, in the order of NodeID, address and subid.
  virtual Task<Result<std::vector<PubSubNodeSubscription>>> subscriptions_of(BareJid service, BareJid jid) = 0;
  // The nodes that show their last item and that the bare address or one of its resources has subscribed to, in order. Reads no row of
  // any other node.
  virtual Task<Result<std::vector<std::string>>> shown_to(BareJid service, BareJid jid) = 0;
  // The nodes that this very address has subscribed to, in order. Reads no row at all, an index alone.
  virtual Task<Result<std::vector<std::string>>> subscribed_by(BareJid service, Jid subscriber) = 0;
  virtual Task<Result<PubSubUsage>> usage(BareJid service) = 0;
};

}  // namespace aldis
