// <subscription/> as answers and events have it, and which one a request means by address and SubID (XEP-0060 1.30 sections 6.1 to 6.3).
#pragma once
#include <optional>
#include <string>

#include "base/result.h"
#include "extensions/pubsub/node.h"
#include "xml/writer.h"
#include "xmpp/stanza_error.h"

namespace aldis::pubsub {

// In the namespace where the writer stands; with the node's name, an empty one: without.
void write_subscription(xml::Writer& writer, std::string_view node, const Subscription& subscription);
// <pubsub/> with it, and with its options where a frame is given.
[[nodiscard]] std::string subscription_answer(const Node& node, const Subscription& subscription, const std::optional<OptionsFrame>& frame);
// The one of exactly this address; not-subscribed, subid-required, invalid-subid (sections 6.2.3 and 6.3.4).
[[nodiscard]] Result<Subscription, StanzaError> named_subscription(const Node& node, const Jid& jid, std::optional<std::string_view> subid);

}  // namespace aldis::pubsub
