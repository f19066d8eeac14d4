// Who may do what with a node.
#include "extensions/pubsub/access.h"

#include <algorithm>

#include "extensions/pubsub/errors.h"

namespace aldis::pubsub {
namespace {

bool is_in_group(const NodeConfig& config, const Relation& relation) {
  return std::ranges::any_of(relation.groups, [&](const std::string& group) {
    return std::ranges::find(config.roster_groups_allowed, group) != config.roster_groups_allowed.end();
  });
}

// Section 4.5, for somebody without an affiliation; nothing: the access model lets him in. Authorize lets subscribers in.
std::optional<StanzaError> closed_to(const NodeConfig& config, const Standing& who) {
  switch (config.access_model) {
    case AccessModel::open: return std::nullopt;
    case AccessModel::presence:
      if (who.is_personal && who.relation.sees_presence) {
        return std::nullopt;
      }
      return presence_subscription_required();
    case AccessModel::roster:   // section 6.5.1: subscribed to the owner's presence and in the group
      if (!who.is_personal || !who.relation.sees_presence) {
        return presence_subscription_required();
      }
      if (is_in_group(config, who.relation)) {
        return std::nullopt;
      }
      return not_in_roster_group();
    case AccessModel::authorize:
      if (who.is_subscribed) {
        return std::nullopt;
      }
      return not_subscribed_to_retrieve();
    case AccessModel::whitelist: return closed_node();
  }
  return closed_node();
}

// A stranger to an account is told nothing of what is not open to him.
bool is_hidden_from(const NodeConfig& config, const Standing& who) {
  if (!who.is_personal || who.relation.sees_presence || who.affiliation != Affiliation::none || who.is_subscribed || who.is_pending) {
    return false;
  }
  return config.access_model != AccessModel::open && config.access_model != AccessModel::authorize;
}

std::optional<StanzaError> refuses_reading(const NodeConfig& config, const Standing& who) {
  switch (who.affiliation) {
    case Affiliation::owner:
    case Affiliation::publisher:
    case Affiliation::member: return std::nullopt;
    case Affiliation::publish_only:
    case Affiliation::outcast: return forbidden();
    case Affiliation::none: return closed_to(config, who);
  }
  return forbidden();
}

std::optional<StanzaError> refuses_subscribing(const NodeConfig& config, const Standing& who) {
  if (who.affiliation == Affiliation::outcast || who.affiliation == Affiliation::publish_only) {   // the table of section 4.1
    return forbidden();
  }
  if (!config.subscribe) {   // section 6.1.3.10
    return unsupported("subscribe");
  }
  if (who.affiliation != Affiliation::none || config.access_model == AccessModel::authorize) {
    return std::nullopt;
  }
  return closed_to(config, who);
}

bool may_publish(const NodeConfig& config, const Standing& who) {
  switch (who.affiliation) {
    case Affiliation::owner:
    case Affiliation::publisher:
    case Affiliation::publish_only: return true;
    case Affiliation::outcast: return false;
    case Affiliation::member:
    case Affiliation::none: break;
  }
  switch (config.publish_model) {
    case PublishModel::publishers: return false;
    case PublishModel::subscribers: return who.is_subscribed && !refuses_reading(config, who);
    case PublishModel::open: return true;
  }
  return false;
}

}  // namespace

std::optional<StanzaError> refuses(Act act, const NodeConfig& config, const Standing& who) {
  const auto unless = [](bool may) { return may ? std::optional<StanzaError>() : forbidden(); };
  if (who.is_personal && who.relation.is_blocked && who.affiliation != Affiliation::owner) {
    return unknown_node(who);
  }
  const bool owns = who.affiliation == Affiliation::owner || who.is_administrator;
  if (!owns && is_hidden_from(config, who) && !(act == Act::publish && may_publish(config, who))) {
    return unknown_node(who);
  }
  switch (act) {
    case Act::know:
      if (owns || who.is_subscribed || who.is_pending || (who.affiliation != Affiliation::none && who.affiliation != Affiliation::outcast)) {
        return std::nullopt;
      }
      if (who.affiliation == Affiliation::outcast || (config.access_model != AccessModel::authorize && closed_to(config, who))) {
        return unknown_node(who);
      }
      return std::nullopt;
    case Act::subscribe: return refuses_subscribing(config, who);
    case Act::retrieve:
    case Act::receive: return refuses_reading(config, who);
    case Act::publish: return unless(may_publish(config, who));
    case Act::retract:   // the note to the table of section 4.1
      return unless(who.affiliation == Affiliation::owner || (who.wrote_item && who.affiliation != Affiliation::outcast));
    case Act::purge:
    case Act::configure:
    case Act::remove:
    case Act::manage: return unless(owns);
  }
  return forbidden();
}

StanzaError unknown_node(const Standing& who) {
  const bool is_stranger = who.is_personal && (who.relation.is_blocked || !who.relation.sees_presence) && who.affiliation != Affiliation::owner;
  return is_stranger ? presence_subscription_required() : no_such_node();
}

bool needs_approval(const NodeConfig& config, const Standing& who) {
  return config.access_model == AccessModel::authorize && who.affiliation == Affiliation::none;
}

}  // namespace aldis::pubsub
