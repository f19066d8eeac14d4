// Requests of clients on their way to the service that has the node they are about.
#pragma once
#include "core/iq.h"

namespace aldis::pubsub {

// A <pubsub/> of either namespace, to a domain of nodes or to an account.
[[nodiscard]] IqReply answer_request(const Iq& request);
// Service discovery about a node of a service, or a list of nodes.
[[nodiscard]] IqReply answer_discovery(const Iq& request, bool is_info);
// A message to a service: an owner's answer about a subscription (section 8.6), or an error in answer to a notification (section 12.4).
// False: it is neither.
[[nodiscard]] bool take_message(Home& here, const BareJid& service, const Envelope& envelope);

}  // namespace aldis::pubsub
