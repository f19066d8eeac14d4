// PubSub's words (XEP-0060 1.30): affiliations with a node (section 4.1), states of a subscription (section 4.2), access and
// publish models (sections 4.5 and 16.4.3).
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace aldis::pubsub {

// Stored by number.
enum class Affiliation : std::uint8_t { outcast, none, member, publish_only, publisher, owner };
enum class SubscriptionState : std::uint8_t { none, pending, unconfigured, subscribed };
enum class AccessModel : std::uint8_t { open, presence, roster, authorize, whitelist };
enum class PublishModel : std::uint8_t { publishers, subscribers, open };

[[nodiscard]] constexpr Affiliation last_of(Affiliation) { return Affiliation::owner; }
[[nodiscard]] constexpr SubscriptionState last_of(SubscriptionState) { return SubscriptionState::subscribed; }
[[nodiscard]] constexpr AccessModel last_of(AccessModel) { return AccessModel::whitelist; }
[[nodiscard]] constexpr PublishModel last_of(PublishModel) { return PublishModel::open; }

[[nodiscard]] constexpr std::string_view to_string(Affiliation affiliation) {
  switch (affiliation) {
    case Affiliation::outcast: return "outcast";
    case Affiliation::none: return "none";
    case Affiliation::member: return "member";
    case Affiliation::publish_only: return "publish-only";
    case Affiliation::publisher: return "publisher";
    case Affiliation::owner: return "owner";
  }
  return "none";
}
[[nodiscard]] constexpr std::string_view to_string(SubscriptionState state) {
  switch (state) {
    case SubscriptionState::none: return "none";
    case SubscriptionState::pending: return "pending";
    case SubscriptionState::unconfigured: return "unconfigured";
    case SubscriptionState::subscribed: return "subscribed";
  }
  return "none";
}
[[nodiscard]] constexpr std::string_view to_string(AccessModel model) {
  switch (model) {
    case AccessModel::open: return "open";
    case AccessModel::presence: return "presence";
    case AccessModel::roster: return "roster";
    case AccessModel::authorize: return "authorize";
    case AccessModel::whitelist: return "whitelist";
  }
  return "whitelist";
}
[[nodiscard]] constexpr std::string_view to_string(PublishModel model) {
  switch (model) {
    case PublishModel::publishers: return "publishers";
    case PublishModel::subscribers: return "subscribers";
    case PublishModel::open: return "open";
  }
  return "publishers";
}

// The value of this word; nothing: there is none.
template <class Word>
[[nodiscard]] constexpr std::optional<Word> parse_word(std::string_view text) {
  for (std::uint8_t number = 0; number <= static_cast<std::uint8_t>(last_of(Word{})); ++number) {
    if (to_string(static_cast<Word>(number)) == text) {
      return static_cast<Word>(number);
    }
  }
  return std::nullopt;
}

}  // namespace aldis::pubsub
