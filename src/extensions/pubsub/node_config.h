// NodeConfig: how a node is configured (XEP-0060 1.30 section 16.4.4, XEP-0248 0.5.0 section 9.2). What it is in the store: the submitted form's
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

[[nodiscard]] constexpr SendLast last_of(SendLast) { return SendLast::on_sub_and_presence; }
[[nodiscard]] constexpr NodeFull last_of(NodeFull) { return NodeFull::reject; }
[[nodiscard]] constexpr ItemReply last_of(ItemReply) { return ItemReply::publisher; }
[[nodiscard]] constexpr ChildrenPolicy last_of(ChildrenPolicy) { return ChildrenPolicy::whitelist; }
[[nodiscard]] constexpr std::string_view to_string(SendLast word) {
  constexpr std::string_view words[] = {"never", "on_sub", "on_sub_and_presence"};
  return words[static_cast<std::size_t>(word)];
}
[[nodiscard]] constexpr std::string_view to_string(NodeFull word) {
  constexpr std::string_view words[] = {"retract-oldest", "discard-oldest", "reject"};
  return words[static_cast<std::size_t>(word)];
}
[[nodiscard]] constexpr std::string_view to_string(ItemReply word) {
  constexpr std::string_view words[] = {"none", "owner", "publisher"};
  return words[static_cast<std::size_t>(word)];
}
[[nodiscard]] constexpr std::string_view to_string(ChildrenPolicy word) {
  constexpr std::string_view words[] = {"owners", "all", "whitelist"};
  return words[static_cast<std::size_t>(word)];
}

// Of max_items, children_max, item_expire: as many (so long) as the service allows.
inline constexpr std::uint64_t as_many_as_allowed = ~0ULL;

struct NodeConfig {
  std::string title{};
  std::string description{};
  std::string language{};
  std::string type{};                                // of the payload: its namespace
  std::string body_xslt{};                           // this and the next are kept for clients; the service transforms nothing
  std::string dataform_xslt{};
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
  bool is_headline = true;                           // notification_type
  SendLast send_last = SendLast::on_sub;
  NodeFull node_full = NodeFull::retract_oldest;
  ItemReply item_reply = ItemReply::none;
  std::uint64_t max_items = as_many_as_allowed;
  std::uint64_t item_expire = as_many_as_allowed;    // seconds
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
