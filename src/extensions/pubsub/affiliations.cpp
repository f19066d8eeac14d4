// Affiliations with a node as its owners manage them (XEP-0060 1.30 section 8.9), and what follows for subscriptions (sections 4.1 and 8.7).
#include <algorithm>

#include "base/log.h"
#include "extensions/pubsub/errors.h"
#include "extensions/pubsub/service.h"

namespace aldis::pubsub {

Task<Reply> Service::list_affiliations(Request request) {
  Result<NodePtr, Refusal> node = co_await find_for(request, Act::manage);
  if (!node) {
    co_return fail(std::move(node.error()));
  }
  std::string payload;
  xml::Writer writer(payload);
  writer.start("pubsub", ns::pubsub_owner).start("affiliations").attribute("node", request.node);
  for (const auto& [jid, affiliation] : (**node).affiliations()) {
    writer.start("affiliation").attribute("jid", jid).attribute("affiliation", to_string(affiliation)).end();
  }
  writer.end().end();
  co_return payload;
}

Task<Reply> Service::change_affiliations(Request request) {
  Result<NodePtr, Refusal> found = co_await find_for(request, Act::manage);
  if (!found) {
    co_return fail(std::move(found.error()));
  }
  const NodePtr node = *found;
  const Serial::Hold hold = co_await node->changes().enter();
  if (std::optional<StanzaError> error = refusal(*node, Act::manage, request.asker)) {
    co_return refuse(std::move(*error));
  }
  struct Change {
    BareJid jid;
    Affiliation affiliation;
  };
  std::vector<Change> changes;
  std::vector<std::string> seen;
  std::string failed;
  xml::Writer failures(failed);
  failures.start("pubsub", ns::pubsub_owner).start("affiliations").attribute("node", node->name());
  std::size_t failure_count = 0;
  std::size_t count = 0;
  std::size_t total = node->affiliations().size();
  std::size_t owners = node->with(Affiliation::owner).size();
  const auto fails = [&](std::string_view jid, Affiliation standing) {
    ++failure_count;
    failures.start("affiliation").attribute("jid", jid).attribute("affiliation", to_string(standing)).end();
  };
  for (const xml::Element element : request.verb().children()) {
    if (!element.is({"affiliation", ns::pubsub_owner})) {
      continue;
    }
    ++count;
    const std::string_view text = element.attribute("jid").value_or("");
    const Result<Jid, JidError> address = Jid::parse(text);
    if (!address) {
      fails(text, Affiliation::none);
      continue;
    }
    const BareJid jid = address->bare();   // section 4.1: of the bare address
    if (std::ranges::find(seen, jid.str()) != seen.end()) {   // section 8.9.2.4
      co_return refuse(StanzaCondition::bad_request);
    }
    seen.push_back(jid.str());
    const auto word = element.attribute("affiliation");
    if (!word) {
      continue;
    }
    const auto wanted = parse_word<Affiliation>(*word);
    const Affiliation standing = node->affiliation_of(jid.str());
    const bool is_account_owner = is_personal() && jid.str() == site_.jid.str();
    const bool is_last_owner = standing == Affiliation::owner && wanted != Affiliation::owner && owners == 1;
    const bool is_one_more = standing == Affiliation::none && wanted && *wanted != Affiliation::none;
    if (!wanted || is_last_owner || (is_account_owner && *wanted != Affiliation::owner) || (is_one_more && total >= site_.options->affiliations)) {
      fails(jid.str(), is_account_owner ? Affiliation::owner : standing);
      continue;
    }
    if (standing == *wanted) {
      continue;
    }
    owners = owners + (*wanted == Affiliation::owner ? 1 : 0) - (standing == Affiliation::owner ? 1 : 0);
    total = total + (standing == Affiliation::none ? 1 : 0) - (*wanted == Affiliation::none ? 1 : 0);
    changes.push_back({jid, *wanted});
  }
  failures.end().end();
  if (count == 0) {
    co_return refuse(StanzaCondition::bad_request);
  }
  // Section 8.7: who becomes more than a stranger need not wait for approval; who may not be told any more is no subscriber any more.
  std::vector<Subscription> moved;
  for (const Change& change : changes) {
    for (Subscription each : node->subscriptions_of_user(change.jid.str())) {
      Standing who{.affiliation = change.affiliation, .is_personal = is_personal()};
      who.is_subscribed = each.state == SubscriptionState::subscribed;
      const bool is_asked_each_time = node->config().access_model == AccessModel::presence || node->config().access_model == AccessModel::roster;
      const bool may_stay = (is_asked_each_time && change.affiliation == Affiliation::none) || !refuses(Act::receive, node->config(), who);
      if (each.state == SubscriptionState::pending) {
        if (change.affiliation == Affiliation::none) {
          continue;
        }
        each.state = may_stay ? SubscriptionState::subscribed : SubscriptionState::none;
      } else if (!may_stay) {
        each.state = SubscriptionState::none;
      } else {
        continue;
      }
      moved.push_back(std::move(each));
    }
  }
  if (!changes.empty()) {
    std::vector<PubSubAffiliation> affiliations;
    std::vector<PubSubSubscription> subscriptions;
    for (const Change& change : changes) {
      affiliations.push_back({change.jid, change.affiliation});
    }
    for (const Subscription& each : moved) {
      subscriptions.push_back(each.record());
    }
    const Result<void> saved = co_await store().save(node->record(site_.jid, node->settings()), std::move(affiliations), std::move(subscriptions));
    if (!saved) {
      co_return refuse(failure("affiliations", saved.error()));
    }
    for (const Change& change : changes) {
      node->set_affiliation(change.jid, change.affiliation);
      log::info("audit-pubsub-affiliation", {{"service", site_.jid.str()}, {"node", node->name()}, {"jid", change.jid.str()},
                                             {"affiliation", to_string(change.affiliation)}, {"by", std::string(request.asker.jid.bare_str())}});
      tell_affiliation(*node, change.jid, change.affiliation);
    }
    for (const Subscription& each : moved) {
      node->put(each);
      tell_subscription(*node, each);
    }
  }
  if (failure_count > 0) {
    co_return refuse(StanzaError(StanzaCondition::not_acceptable), std::move(failed));
  }
  co_return std::string();
}

}  // namespace aldis::pubsub
