// PubSub's own conditions (XEP-0060 1.30 section 17.5.4) beside the stanza errors that its sections give them.
#pragma once
#include <string>
#include <string_view>

#include "xmpp/namespaces.h"
#include "xmpp/stanza_error.h"

namespace aldis::pubsub {

[[nodiscard]] inline StanzaError error_with(StanzaCondition condition, std::string_view own, std::string text = {}) {
  return StanzaError(condition, std::move(text)).with_application("<" + std::string(own) + " xmlns='" + std::string(ns::pubsub_errors) + "'/>");
}
// `feature` without the namespace that features begin with (section 10).
[[nodiscard]] inline StanzaError unsupported(std::string_view feature, std::string text = {}) {
  return StanzaError(StanzaCondition::feature_not_implemented, std::move(text))
      .with_application("<unsupported xmlns='" + std::string(ns::pubsub_errors) + "' feature='" + std::string(feature) + "'/>");
}

[[nodiscard]] inline StanzaError no_such_node() { return StanzaError(StanzaCondition::item_not_found); }
[[nodiscard]] inline StanzaError forbidden() { return StanzaError(StanzaCondition::forbidden); }
[[nodiscard]] inline StanzaError presence_subscription_required() {
  return error_with(StanzaCondition::not_authorized, "presence-subscription-required");
}
[[nodiscard]] inline StanzaError not_in_roster_group() { return error_with(StanzaCondition::not_authorized, "not-in-roster-group"); }
[[nodiscard]] inline StanzaError closed_node() { return error_with(StanzaCondition::not_allowed, "closed-node"); }
[[nodiscard]] inline StanzaError not_subscribed_to_retrieve() { return error_with(StanzaCondition::not_authorized, "not-subscribed"); }
[[nodiscard]] inline StanzaError pending_subscription() { return error_with(StanzaCondition::not_authorized, "pending-subscription"); }
[[nodiscard]] inline StanzaError nodeid_required() { return error_with(StanzaCondition::bad_request, "nodeid-required"); }
[[nodiscard]] inline StanzaError invalid_options(std::string text) {
  return error_with(StanzaCondition::bad_request, "invalid-options", std::move(text));
}
[[nodiscard]] inline StanzaError subid_required() { return error_with(StanzaCondition::bad_request, "subid-required"); }
[[nodiscard]] inline StanzaError invalid_subid() { return error_with(StanzaCondition::not_acceptable, "invalid-subid"); }
[[nodiscard]] inline StanzaError jid_required() { return error_with(StanzaCondition::bad_request, "jid-required"); }
[[nodiscard]] inline StanzaError invalid_jid() { return error_with(StanzaCondition::bad_request, "invalid-jid"); }
[[nodiscard]] inline StanzaError not_a_subscriber() { return error_with(StanzaCondition::unexpected_request, "not-subscribed").with_type(ErrorType::cancel); }

}  // namespace aldis::pubsub
