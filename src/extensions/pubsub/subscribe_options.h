// SubscribeOptions: what a subscriber wants to be told (XEP-0060 1.30 section 16.4.2, XEP-0248 0.5.0 section 9.2.1). Digests and subscriptions
// that end with the subscriber's presence are not supported; a keyword is matched anywhere in the text of a payload, in any case (section 12.19).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "xmpp/form.h"
#include "xmpp/stanza_error.h"

namespace aldis::pubsub {

enum class SubscriptionType : std::uint8_t { items, nodes, all };
[[nodiscard]] constexpr SubscriptionType last_of(SubscriptionType) { return SubscriptionType::all; }
[[nodiscard]] constexpr std::string_view to_string(SubscriptionType type) {
  constexpr std::string_view words[] = {"items", "nodes", "all"};
  return words[static_cast<std::size_t>(type)];
}

inline constexpr std::string_view keyword_field = "x-https://aldis.im/pubsub#keyword";
inline constexpr std::uint32_t any_depth = ~0U;
inline constexpr std::uint8_t any_show = 0;   // of `shows`

struct SubscribeOptions {
  bool deliver = true;
  bool include_body = false;
  std::uint8_t shows = any_show;                            // bits in the order of show_words; only for accounts of this server
  SubscriptionType type = SubscriptionType::nodes;          // this and the next of collections
  std::uint32_t depth = 1;
  std::string keyword{};                                    // empty: everything
  std::optional<WallTime> expires{};

  // Every notification of the node, as it is: what is written once for all.
  [[nodiscard]] bool is_plain() const { return deliver && !include_body && shows == any_show && keyword.empty() && !expires; }
  friend bool operator==(const SubscribeOptions&, const SubscribeOptions&) = default;
};

inline constexpr std::string_view show_words[] = {"away", "chat", "dnd", "online", "xa"};

struct OptionsFrame {
  bool is_collection = false;
  bool has_body = false;         // the node's payloads have a body that the service knows (RFC 4287)
  bool knows_presence = false;   // the subscriber is a user of this server
  WallTime now{};
  std::chrono::seconds longest_lease{};
};

[[nodiscard]] Form options_form(const SubscribeOptions& options, const OptionsFrame& frame, FormType type);
// bad_request with invalid-options, naming the field (section 6.3.7.2); a lease that is too long is shortened (section 12.18).
[[nodiscard]] Result<SubscribeOptions, StanzaError> options_from(const SubscribeOptions& standing, const Form& submitted, const OptionsFrame& frame);

// As the store keeps them, but for `expires`.
[[nodiscard]] std::string to_text(const SubscribeOptions& options);
[[nodiscard]] std::optional<SubscribeOptions> subscribe_options_from(std::string_view text);

}  // namespace aldis::pubsub
