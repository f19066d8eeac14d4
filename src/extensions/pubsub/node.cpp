// One node in memory.
#include "extensions/pubsub/node.h"

#include <algorithm>

namespace aldis::pubsub {

void Node::set(PubSubNodeImage image) {
  const std::optional<NodeConfig> config = node_config_from(image.record.config);
  bool is_good = config.has_value();
  affiliations_.clear();
  subscriptions_.clear();
  subscription_count_ = 0;
  changed();
  for (const PubSubAffiliation& each : image.affiliations) {
    affiliations_.emplace(each.jid.str(), each.affiliation);
  }
  for (PubSubSubscription& each : image.subscriptions) {
    std::optional<SubscribeOptions> options = subscribe_options_from(each.options);
    is_good = is_good && options;
    if (options) {
      options->expires = each.expires;
      put({.jid = std::move(each.jid), .subid = std::move(each.subid), .state = each.state, .options = std::move(*options)});
    }
  }
  if (!is_good) {
    state_ = State::unreadable;
    return;
  }
  settings_ = {.config = *config, .is_collection = image.record.is_collection, .collections = std::move(image.record.collections)};
  creator_ = image.record.creator;
  created_ = image.record.created;
  set_last(std::move(image.last));
  state_ = State::ready;
}

void Node::set_absent() {
  state_ = State::absent;
  settings_ = {};
  affiliations_.clear();
  subscriptions_.clear();
  subscription_count_ = 0;
  has_attachments.reset();
  changed();
  forget_last();
}

void Node::set_settings(NodeSettings settings) {
  settings.children.reset();
  settings_ = std::move(settings);
  changed();
}

void Node::set_affiliation(const BareJid& jid, Affiliation affiliation) {
  changed();
  if (affiliation == Affiliation::none) {
    affiliations_.erase(jid.str());
  } else {
    affiliations_.insert_or_assign(jid.str(), affiliation);
  }
}

void Node::forget_lapsed(WallTime now) {
  for (auto entry = subscriptions_.begin(); entry != subscriptions_.end();) {
    const auto gone = std::erase_if(entry->second, [&](const Subscription& each) { return each.options.expires && *each.options.expires <= now; });
    subscription_count_ -= gone;
    if (gone > 0) {
      changed();
    }
    entry = entry->second.empty() ? subscriptions_.erase(entry) : std::next(entry);
  }
}

void Node::put(Subscription subscription) {
  changed();
  const std::string jid = subscription.jid.str();
  const bool is_gone = subscription.state == SubscriptionState::none;
  std::vector<Subscription>& all = subscriptions_[jid];
  const auto found = std::ranges::find(all, subscription.subid, &Subscription::subid);
  if (found != all.end()) {
    if (is_gone) {
      all.erase(found);
      --subscription_count_;
    } else {
      *found = std::move(subscription);
    }
  } else if (!is_gone) {
    all.push_back(std::move(subscription));
    ++subscription_count_;
  }
  if (all.empty()) {
    subscriptions_.erase(jid);
  }
}

PubSubNodeRecord Node::record(const BareJid& service, const NodeSettings& settings) const {
  return {.service = service,
          .node = name_,
          .is_collection = settings.is_collection,
          .collections = settings.collections,
          .name = settings.config.title,
          .config = to_text(settings.config),
          .shows_last = settings.config.send_last == SendLast::on_sub_and_presence,
          .creator = creator(),
          .created = created_};
}

NodeFacts Node::facts(WallTime now) const {
  NodeFacts facts{.creator = creator(), .created = created_, .owners = with(Affiliation::owner), .publishers = with(Affiliation::publisher)};
  for (const auto& [jid, all] : subscriptions_) {
    facts.subscribers += std::ranges::any_of(all, [&](const Subscription& each) { return each.is_active(now); }) ? 1 : 0;
  }
  return facts;
}

Affiliation Node::affiliation_of(std::string_view bare) const {
  const auto found = affiliations_.find(bare);
  return found == affiliations_.end() ? Affiliation::none : found->second;
}

std::vector<std::string> Node::with(Affiliation affiliation) const {
  std::vector<std::string> jids;
  for (const auto& [jid, each] : affiliations_) {
    if (each == affiliation) {
      jids.push_back(jid);
    }
  }
  return jids;
}

const std::vector<Subscription>* Node::subscriptions_of(std::string_view jid) const {
  const auto found = subscriptions_.find(jid);
  return found == subscriptions_.end() ? nullptr : &found->second;
}

std::vector<Subscription> Node::subscriptions_of_user(std::string_view bare) const {
  std::vector<Subscription> all;
  if (const auto* own = subscriptions_of(bare)) {
    all = *own;
  }
  const std::string clients = std::string(bare) + "/";
  for (auto entry = subscriptions_.lower_bound(clients); entry != subscriptions_.end() && entry->first.starts_with(clients); ++entry) {
    all.insert(all.end(), entry->second.begin(), entry->second.end());
  }
  return all;
}

Standing Node::standing_of(const Asker& asker, WallTime now) const {
  Standing standing = standing_of(asker.jid, now);
  if (asker.is_owner) {
    standing.affiliation = Affiliation::owner;
  }
  standing.is_administrator = asker.is_administrator;
  standing.relation = asker.relation;
  return standing;
}

Standing Node::standing_of(const Jid& subscriber, WallTime now) const {
  Standing standing{.affiliation = affiliation_of(subscriber.bare_str()), .is_personal = is_personal_};
  for (const Subscription& each : subscriptions_of_user(subscriber.bare_str())) {
    standing.is_subscribed = standing.is_subscribed || each.is_active(now);
    standing.is_pending = standing.is_pending || each.state == SubscriptionState::pending;
  }
  return standing;
}

AccessViewPtr Node::access_view(WallTime now) {
  if (view_ == nullptr) {
    AccessView view{.config = config(), .is_personal = is_personal_, .affiliations = affiliations_, .subscribed = {}};
    for (const auto& [jid, all] : subscriptions_) {
      if (std::ranges::any_of(all, [&](const Subscription& each) { return each.is_active(now); })) {
        view.subscribed.emplace(all.front().jid.bare_str());
      }
    }
    view_ = std::make_shared<const AccessView>(std::move(view));
  }
  return view_;
}

Standing AccessView::standing_of(const Jid& who) const {
  const auto found = affiliations.find(who.bare_str());
  return {.affiliation = found == affiliations.end() ? Affiliation::none : found->second,
          .is_subscribed = subscribed.contains(who.bare_str()),
          .is_personal = is_personal};
}

std::size_t Node::memory() const {
  return sizeof(Node) + settings_.config.title.capacity() + settings_.config.description.capacity() + affiliations_.size() * 120 +
         subscription_count_ * (sizeof(Subscription) + 160) + (last_ ? last_->payload.capacity() : 0);
}

}  // namespace aldis::pubsub
