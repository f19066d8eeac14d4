// The nodes in memory: a store of its own under the mutex of the others.
#pragma once
#include <map>
#include <mutex>

#include "storage/memory/memory_turn.h"
#include "storage/pubsub_store.h"

namespace aldis {

class MemoryPubSub final : public PubSubStore {
 public:
  MemoryPubSub(std::mutex& mutex, bool answers_later) : mutex_(mutex), turn_{answers_later} {}
  // With the mutex held.
  void purge(const std::string& service) { services_.erase(service); }

  Task<Result<std::optional<PubSubNodeImage>>> load(BareJid service, std::string node, WallTime now) override;
  Task<Result<void>> create(PubSubNodeImage image, NodeLimits limits) override;
  Task<Result<void>> save(PubSubNodeRecord record, std::vector<PubSubAffiliation> affiliations,
                          std::vector<PubSubSubscription> subscriptions) override;
  Task<Result<void>> save_subscriptions(BareJid service, std::string node, std::vector<PubSubSubscription> subscriptions) override;
  Task<Result<void>> remove(BareJid service, std::string node) override;
  Task<Result<void>> remove_service(BareJid service) override;
  Task<Result<std::vector<std::string>>> publish(BareJid service, std::string node, std::vector<PubSubItem> items, ItemLimits limits,
                                                 WallTime now) override;
  Task<Result<std::vector<std::vector<std::string>>>> change_items(BareJid service, std::vector<ItemsChange> changes, std::uint64_t bytes,
                                                                   WallTime now) override;
  Task<Result<std::vector<std::string>>> retract(BareJid service, std::string node, std::vector<std::string> ids) override;
  Task<Result<void>> purge(BareJid service, std::string node) override;
  Task<Result<std::vector<std::string>>> trim(BareJid service, std::string node, std::uint64_t items) override;
  Task<Result<PubSubItemPage>> items(BareJid service, std::string node, PubSubItemRequest request) override;
  Task<Result<std::vector<LastItem>>> last_items(BareJid service, std::vector<std::string> nodes, WallTime now) override;
  Task<Result<std::uint64_t>> expire(WallTime now, std::size_t limit) override;
  Task<Result<std::uint64_t>> expire_subscriptions(WallTime now, std::size_t limit) override;
  Task<Result<PubSubNodePage>> list(BareJid service, PubSubNodePageRequest request) override;
  Task<Result<std::uint64_t>> count(BareJid service, std::optional<std::string> parent) override;
  Task<Result<std::vector<PubSubNodeAffiliation>>> affiliations_of(BareJid service, BareJid jid) override;
  Task<Result<std::vector<PubSubNodeSubscription>>> subscriptions_of(BareJid service, BareJid jid) override;
  Task<Result<std::vector<std::string>>> shown_to(BareJid service, BareJid jid) override;
  Task<Result<std::vector<std::string>>> subscribed_by(BareJid service, Jid subscriber) override;
  Task<Result<PubSubUsage>> usage(BareJid service) override;

 private:
  struct Node {
    PubSubNodeRecord record;
    std::map<Jid, PubSubAffiliation> affiliations;
    std::map<std::pair<Jid, std::string>, PubSubSubscription> subscriptions;
    std::vector<PubSubItem> items;   // oldest first
  };
  using Nodes = std::map<std::string, Node>;

  Node* find(const BareJid& service, const std::string& node);
  const Nodes& nodes_of(const BareJid& service);
  static void apply(Node& node, std::vector<PubSubAffiliation> affiliations, std::vector<PubSubSubscription> subscriptions);

  std::mutex& mutex_;
  Turn turn_;
  std::map<std::string, Nodes> services_;
};

}  // namespace aldis
