// NodeConfig: how a node is configured (XEP-0060 1.30 section 16.4.4, XEP-0248 0.4.0 section 9.2). What it is in the store: the submitted form's
// words, one "name=value" a line.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "xmpp/jid.h"
#include "xmpp/pubsub.h"

namespace aldis::pubsub {

enum class SendLast : std::uint8_t { never, on_sub, on_sub_and_presence };
enum class NodeFull : std::uint8_t { retract_oldest, discard_oldest, reject };
enum class ItemReply : std::uint8_t { none, owner, publisher };          // section 12.16
enum class ChildrenPolicy : std::uint8_t { owners, all, whitelist };     // XEP-0248: who may associate nodes with a collection

// Of max_items, children_max, item_expire: as many (so long) as the service allows.
inline constexpr std::uint64_t as_many_as_allowed = ~0ULL;

struct NodeConfig {
  std::string title{};
  std::string description{};
  std::string language{};
  std::string type{};                                // of the payload
  std::vector<BareJid> contacts{};
  AccessModel access_model = AccessModel::open;
  std::vector<std::string> roster_groups_allowed{};
  PublishModel publish_model = PublishModel::publishers;
  bool deliver_notifications = true;
  bool deliver_payloads = true;
  bool persist_items = true;
  bool subscribe = true;
  bool notify_config = false;
  bool notify_delete = true;
  bool notify_retract = true;
  bool notify_sub = false;
  bool presence_based_delivery = false;
  bool purge_offline = false;
  bool tempsub = false;
  bool is_headline = true;                           // notification_type
  SendLast send_last = SendLast::on_sub;
  NodeFull node_full = NodeFull::retract_oldest;
  ItemReply item_reply = ItemReply::none;
  std::uint64_t max_items = as_many_as_allowed;
  std::uint64_t item_expire = 0;                     // seconds; 0: never
  std::uint64_t max_payload_size = 0;                // bytes; 0: as the service has it
  // ---- of collections (XEP-0248)
  ChildrenPolicy children_association_policy = ChildrenPolicy::owners;
  std::vector<BareJid> children_association_whitelist{};
  std::uint64_t children_max = as_many_as_allowed;

  friend bool operator==(const NodeConfig&, const NodeConfig&) = default;
};

[[nodiscard]] std::string to_text(const NodeConfig& config);
// Nothing: it is none, and nobody may be let in by it.
[[nodiscard]] std::optional<NodeConfig> node_config_from(std::string_view text);

}  // namespace aldis::pubsub
