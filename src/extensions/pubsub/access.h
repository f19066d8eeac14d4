// Who may do what with a node (XEP-0060 1.30 sections 4.1 and 4.5, and the errors of sections 5 to 8): pure functions of how it is configured
// and of who asks. Nothing else decides.
#pragma once
#include <optional>

#include "extensions/pubsub/node_config.h"
#include "extensions/pubsub/personal.h"
#include "xmpp/pubsub.h"
#include "xmpp/stanza_error.h"

namespace aldis::pubsub {

enum class Act : std::uint8_t {
  know,        // that there is such a node, and its metadata: service discovery
  subscribe,
  retrieve,    // items, by request; also the last one when he has just subscribed
  receive,     // notifications
  publish,
  retract,     // an item; his own where he is no owner
  purge,
  configure,
  remove,      // the node
  manage,      // its affiliations and subscriptions
};
[[nodiscard]] constexpr Act last_of(Act) { return Act::manage; }

// What somebody is to a node and to its service.
struct Standing {
  Affiliation affiliation = Affiliation::none;
  bool is_subscribed = false;       // any of his clients, in the state subscribed
  bool is_pending = false;
  bool is_administrator = false;    // of the service's domain: does what owners do with a node, and reads no more than others
  bool is_personal = false;         // the service is an account's own
  Relation relation{};              // to its owner; without meaning in a domain of nodes
  bool wrote_item = false;          // with retract: the item is his
};

// Why not; nothing: he may.
[[nodiscard]] std::optional<StanzaError> refuses(Act act, const NodeConfig& config, const Standing& who);

// What somebody is told of a node that is not there. At an account's service a stranger is told the same of every node that he may not
// know, of one that is not there and of an account that is not there.
[[nodiscard]] StanzaError unknown_node(const Standing& who);

// Subscribing needs an owner's approval.
[[nodiscard]] bool needs_approval(const NodeConfig& config, const Standing& who);

}  // namespace aldis::pubsub
