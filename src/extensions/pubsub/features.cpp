// What services advertise.
#include "extensions/pubsub/features.h"

#include "base/log.h"
#include "core/extension.h"
#include "core/home.h"
#include "xmpp/namespaces.h"

namespace aldis::pubsub {
namespace {

constexpr std::string_view common[] = {
    "collections", "config-node", "config-node-max", "create-and-configure", "create-nodes", "delete-items", "delete-nodes", "instant-nodes", "item-ids",
    "leased-subscription", "manage-subscriptions", "member-affiliation", "meta-data", "modify-affiliations", "multi-collections", "multi-items",
    "multi-subscribe", "outcast-affiliation", "persistent-items", "presence-notifications", "publish", "publish-node-full", "publish-only-affiliation",
    "publish-options", "publisher-affiliation", "purge-nodes", "retract-items", "retrieve-affiliations", "retrieve-default", "retrieve-default-sub",
    "retrieve-items", "retrieve-subscriptions", "rsm", "since", "subscribe", "subscription-notifications", "subscription-options"};

std::vector<std::string> all_common() {
  std::vector<std::string> features{std::string(ns::pubsub), std::string(ns::pubsub_filter), std::string(ns::pubsub_cap)};
  for (const std::string_view feature : common) {
    features.push_back(std::string(ns::pubsub) + "#" + std::string(feature));
  }
  return features;
}

}  // namespace

std::vector<std::string> features_of_domain(const PubSubOptions& options) {
  std::vector<std::string> features = all_common();
  const auto add = [&](std::string_view feature) { features.push_back(std::string(ns::pubsub) + "#" + std::string(feature)); };
  switch (options.default_access) {
    case DefaultAccess::open: add("access-open"); break;
    case DefaultAccess::authorize: add("access-authorize"); break;
    case DefaultAccess::whitelist: add("access-whitelist"); break;
  }
  if (options.auto_create) {
    add("auto-create");
  }
  add("get-pending");
  features.emplace_back(ns::rsm);
  features.emplace_back(ns::shim);
  return features;
}

std::vector<std::string> features_of_account() {
  std::vector<std::string> features = all_common();
  for (const std::string_view feature : {"access-presence", "auto-create", "last-published", "pubsub-on-a-jid"}) {
    features.push_back(std::string(ns::pubsub) + "#" + std::string(feature));
  }
  return features;
}

void remove_expired(Extension& self) {
  constexpr std::size_t at_a_time = 500;
  self.on_time([](Home& home) -> Task<std::chrono::milliseconds> {
    PubSubStore& store = home.world().stores.pubsub;
    const Result<std::uint64_t> removed = co_await store.expire(home.world().clock.wall(), at_a_time);
    if (!removed) {
      log::warning("pubsub-items-not-expired", {{"cause", removed.error().what}});
    }
    const Result<std::uint64_t> ended = co_await store.expire_subscriptions(home.world().clock.wall(), at_a_time);   // section 12.18
    if (!ended) {
      log::warning("pubsub-leases-not-ended", {{"cause", ended.error().what}});
    }
    const bool is_more = (removed && *removed >= at_a_time) || (ended && *ended >= at_a_time);
    co_return is_more ? std::chrono::milliseconds(1000) : std::chrono::milliseconds(60'000);
  });
}

}  // namespace aldis::pubsub
