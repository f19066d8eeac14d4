// Who is told what, and how (XEP-0060 1.30 sections 7.1.2, 12.3, 12.11 and 12.13 to 12.16): a notification is written once for all who get it as it is; for the
// others, who have several subscriptions, filters or bodies, one by one.
#include <algorithm>

#include "base/encoding.h"
#include "core/virtual_host.h"
#include "extensions/pubsub/item_text.h"
#include "extensions/pubsub/service.h"
#include "extensions/pubsub/subscription_xml.h"
#include "xmpp/namespaces.h"

namespace aldis::pubsub {
namespace {

// XEP-0131: at the end of the message (section 7.1.2.5).
std::string headers_with(const std::vector<std::string>& subids, std::string_view collection) {
  if (subids.empty() && collection.empty()) {
    return {};
  }
  std::string text;
  xml::Writer writer(text);
  writer.start("headers", ns::shim);
  if (!collection.empty()) {
    writer.start("header").attribute("name", "Collection").text(collection).end();
  }
  for (const std::string& subid : subids) {
    writer.start("header").attribute("name", "SubID").text(subid).end();
  }
  writer.end();
  return text;
}

// What presence of a session says, as a bit of SubscribeOptions::shows.
std::uint8_t show_of(const Session& session) {
  const auto show = session.presence() != nullptr ? session.presence()->child({"show", ns::client}) : std::nullopt;
  const std::string word = show ? show->text() : "online";
  const auto* found = std::ranges::find(show_words, word);
  return found == std::end(show_words) ? 0 : static_cast<std::uint8_t>(1U << (found - std::begin(show_words)));
}

// To those clients of the address whose presence is wanted.
void deliver_by_show(Home& here, const Envelope& envelope, const Jid& to, std::uint8_t shows) {
  Home& home = here.world().home_of(to.bare_str());
  const auto deliver = [&home, envelope, to, shows] {
    const Account* account = home.find_account(to.bare());
    if (account == nullptr) {
      return;
    }
    std::vector<Jid> clients;
    for (const auto& session : account->sessions()) {
      if (session->is_available() && (show_of(*session) & shows) != 0 && (to.is_bare() || session->jid() == to)) {
        clients.push_back(session->jid());
      }
    }
    home.deliver_each(envelope, clients);
  };
  if (&home == &here) {
    deliver();
  } else {
    home.shard().post(deliver);
  }
}

}  // namespace

std::string Service::next_id(std::string_view node) {   // section 12.4: an error in answer to it names the node
  return notification_id(home_.world(), node) + "-" + std::to_string(++next_number_) + "-" + random_token(home_.world().random, 32);
}

std::string notification_id(const World& world, std::string_view node) {
  const std::uint64_t hash = world.placement(node);
  return hex_encode(std::span(reinterpret_cast<const std::uint8_t*>(&hash), sizeof(hash)));
}

StanzaPtr Service::message(std::string_view node, bool is_headline, std::string_view event, std::string_view headers, std::string_view body) {
  std::string text;
  xml::Writer writer(text);
  writer.start("message").attribute("from", site_.jid.str());
  if (is_headline) {
    writer.attribute("type", "headline");
  }
  writer.attribute("id", next_id(node));
  if (!body.empty()) {
    writer.element("body", body);
  }
  writer.start("event", ns::pubsub_event).raw(event).end();
  writer.raw(headers).end();
  return Stanza::make(std::move(text));
}

FanOutPlanPtr Service::make_plan(const Node& node) const {
  const NodeConfig& config = node.config();
  const bool depends_on_presence = config.access_model == AccessModel::presence || config.access_model == AccessModel::roster;
  std::vector<Jid> plain;
  FanOutPlan plan;
  for (const auto& [address, all] : node.subscriptions()) {
    if (std::ranges::none_of(all, [](const Subscription& each) { return each.state == SubscriptionState::subscribed; })) {
      continue;
    }
    Standing who{.affiliation = node.affiliation_of(all.front().jid.bare_str()), .is_subscribed = true, .is_personal = is_personal()};
    if (!node.has_own_rules() || (depends_on_presence && who.affiliation == Affiliation::none)) {
      plan.others.push_back(address);
    } else if (refuses(Act::receive, config, who)) {
      continue;
    } else if (all.size() == 1 && all.front().options.is_plain()) {
      plain.push_back(all.front().jid);
    } else {
      plan.others.push_back(address);
    }
  }
  plan.plain = lanes_of(home_.world(), plain);
  return std::make_shared<const FanOutPlan>(std::move(plan));
}

Task<void> Service::notify(NodePtr node, Event event) {
  co_await tell_waiting(node);
  const NodeConfig& config = node->config();
  if (!config.deliver_notifications) {
    co_return;
  }
  const bool is_headline = config.is_headline || config.presence_based_delivery;   // a headline reaches who is available (RFC 6121 8.5.2)
  const Outbox::Notification shared{.stanza = message(node->name(), is_headline, event.content),
                                    .sender = event.sender,
                                    .trace = event.trace,
                                    .acceptance = event.acceptance};
  if (event.is_for_all) {
    std::vector<Jid> everybody;
    for (const auto& [address, all] : node->subscriptions()) {
      everybody.push_back(all.front().jid);
    }
    outbox_.to_each(shared, everybody);
  } else {
    const FanOutPlanPtr plan = node->plan([&] { return make_plan(*node); });
    outbox_.to_lanes(shared, plan->plain);
    co_await notify_others(node, *plan, event);
  }
  if (is_personal()) {
    co_await notify_interested(node, event, shared);
  }
  if (event.passes_up && !node->collections().empty()) {
    pass_up(*node, event);
  }
}

Task<bool> Service::may_receive(const Node& node, const Jid& subscriber) {
  Result<Asker, StanzaError> who = co_await asker_of(subscriber, nullptr);
  if (!who) {   // it cannot be known
    co_return false;
  }
  who->is_administrator = false;
  co_return !refusal(node, Act::receive, *who);
}

Task<void> Service::notify_others(NodePtr node, const FanOutPlan& plan, const Event& event) {
  const std::vector<std::string> others = plan.others;
  if (others.empty()) {
    co_return;
  }
  const WallTime now = wall();
  const bool is_headline = node->config().is_headline || node->config().presence_based_delivery;
  const ItemText text = event.is_item ? ItemText(event.payload) : ItemText();
  for (const std::string& address : others) {
    const std::vector<Subscription>* standing = node->subscriptions_of(address);
    if (standing == nullptr) {
      continue;
    }
    std::vector<std::string> subids;
    bool has_body = false;
    std::uint8_t shows = 0;
    bool is_any_show = false;
    for (const Subscription& each : *standing) {
      if (!each.is_active(now) || !each.options.deliver || (event.is_item && !text.holds(each.options.keyword))) {
        continue;
      }
      subids.push_back(each.subid);
      has_body = has_body || each.options.include_body;
      is_any_show = is_any_show || each.options.shows == any_show;
      shows = static_cast<std::uint8_t>(shows | each.options.shows);
    }
    const Jid jid = standing->front().jid;
    if (subids.empty()) {
      continue;
    }
    if (standing->size() == 1) {   // section 7.1.2.5 is about several
      subids.clear();
    }
    const bool may = co_await may_receive(*node, jid);
    if (!may) {
      continue;
    }
    const StanzaPtr stanza = message(node->name(), is_headline, event.content, event.about == About::items && event.has_subids ? headers_with(subids, {}) : std::string(),
                                     has_body ? text.body() : std::string_view());
    if (!is_any_show) {
      const Envelope envelope{.stanza = stanza, .sender = event.sender, .trace = event.trace};
      outbox_.then([this, envelope, jid, shows] { deliver_by_show(home_, envelope, jid, shows); });
      continue;
    }
    outbox_.to_one({.stanza = stanza, .sender = event.sender, .trace = event.trace, .acceptance = event.acceptance}, jid);
  }
}

std::string Service::reply_to(const Jid& publisher) const {
  if (publisher.is_bare() || publisher.bare_str() != site_.jid.str()) {
    return {};
  }
  std::string text;
  xml::Writer(text).start("addresses", ns::addresses).start("address").attribute("type", "replyto").attribute("jid", publisher.str()).end().end();
  return text;
}

// Section 9.2. Who has subscribed is told so, and not twice.
Task<void> Service::notify_interested(NodePtr node, const Event& event, Outbox::Notification shared) {
  if (const std::string from = event.publisher ? reply_to(*event.publisher) : std::string(); !from.empty()) {   // all of them see his presence
    const bool is_headline = node->config().is_headline || node->config().presence_based_delivery;
    shared.stanza = message(node->name(), is_headline, event.content, from);
  }
  const std::vector<Interested> interested = co_await site_.seam->personal->interested(home_, site_.jid, node->name());
  const WallTime now = wall();
  std::vector<Jid> clients;
  for (const Interested& each : interested) {
    const auto is_told = [&](std::string_view jid) {
      const std::vector<Subscription>* all = node->subscriptions_of(jid);
      return all != nullptr && std::ranges::any_of(*all, [&](const Subscription& one) { return one.is_active(now) && one.options.deliver; });
    };
    const Asker asker{.jid = each.client, .is_owner = each.client.bare_str() == site_.jid.str(), .relation = each.relation};
    if (!is_told(each.client.str()) && !is_told(each.client.bare_str()) && !refusal(*node, Act::receive, asker)) {
      clients.push_back(each.client);
    }
  }
  outbox_.to_each(std::move(shared), clients);
}

// ---- words to one

void Service::tell_subscription(const Node& node, const Subscription& subscription) {   // section 12.13
  std::string content;
  xml::Writer writer(content, ns::pubsub_event);
  write_subscription(writer, node.name(), subscription);
  outbox_.to_one({.stanza = message(node.name(), false, content)}, subscription.jid);
}

void Service::tell_owners_of_subscription(const Node& node, const Subscription& subscription) {
  std::string content;
  xml::Writer writer(content, ns::pubsub_event);
  write_subscription(writer, node.name(), subscription);
  std::vector<Jid> owners;
  for (const std::string& each : node.rules().with(Affiliation::owner)) {
    if (const auto jid = Jid::parse(each)) {
      owners.push_back(*jid);
    }
  }
  outbox_.to_each({.stanza = message(node.name(), true, content)}, owners);
}

void Service::tell_affiliation(const Node& node, const BareJid& jid, Affiliation affiliation) {   // section 8.9.4
  std::string text;
  xml::Writer writer(text);
  writer.start("message").attribute("from", site_.jid.str()).attribute("type", "headline").attribute("id", next_id(node.name()));
  writer.start("pubsub", ns::pubsub).start("affiliations").attribute("node", node.name());
  writer.start("affiliation").attribute("jid", jid.str()).attribute("affiliation", to_string(affiliation)).end();
  writer.end().end().end();
  outbox_.to_one({.stanza = Stanza::make(std::move(text))}, jid);
}

}  // namespace aldis::pubsub
