// What other features do with a service's nodes, as the engine's own clients do it: the rules are the same, only the IQ is missing.
// On any shard; each answers on the caller's. The service is a domain's or an account's own (XEP-0163).
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/extension.h"
#include "runtime/task.h"
#include "storage/pubsub_store.h"
#include "xmpp/form.h"
#include "xmpp/stanza_error.h"

namespace aldis::pubsub {

struct NodeAddress {
  BareJid service;
  std::string node;
};

// `who` publishes one item; an empty id: the service chooses. The node is made if there is none and `who` owns the service, with
// `options` (pubsub#publish-options, section 7.1.5) in place of the service's defaults; an existing one must fit them. Durable when it
// returns; returns the id.
[[nodiscard]] Task<Result<std::string, StanzaError>> publish(Home& here, NodeAddress where, Jid who, std::string id, std::string payload,
                                                             std::optional<Form> options);
[[nodiscard]] Task<Result<void, StanzaError>> retract(Home& here, NodeAddress where, Jid who, std::string id, bool notify);
// The newest `limit` items, oldest first, as the owner of the service sees them; none: no such node, or it is empty.
[[nodiscard]] Task<Result<std::vector<PubSubItem>, StanzaError>> newest(Home& here, NodeAddress where, std::size_t limit);

// An item of an account's node has been published or retracted, and is durable: runs on the account's shard, after the
// notifications have left. Registered while extensions are installed.
struct ItemEvent {
  NodeAddress where;
  Jid publisher;
  std::string id;
  std::string payload;     // empty also for a retraction
  bool is_retraction = false;
};
using ItemObserver = std::function<void(Home& home, const VirtualHost& host, const ItemEvent& event)>;
// Registered by seam_of(self).observers.push_back(...) (extensions/pubsub/personal.h).

}  // namespace aldis::pubsub
