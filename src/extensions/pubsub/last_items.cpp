// The last item of a node, for who has just subscribed (XEP-0060 1.30 section 6.1.7) and for who has come online (sections 9.2 and 12.2): of one who
// says how long he was away all since then (XEP-0312 0.3).
#include "extensions/pubsub/linked_nodes.h"
#include "extensions/pubsub/service.h"
#include "xmpp/delay.h"
#include "xmpp/namespaces.h"

namespace aldis::pubsub {

namespace {

constexpr std::size_t most_items_since = 50;   // of a node (XEP-0312 section 2, point 5)

// A subscription of the client or of its user that gets all there is.
bool wants_events(const Node& node, const FullJid& client, WallTime now) {
  for (const std::string_view jid : {std::string_view(client.str()), client.bare_str()}) {
    for (const Subscription& each : node.subscriptions_of(jid) != nullptr ? *node.subscriptions_of(jid) : std::vector<Subscription>{}) {
      if (each.is_active(now) && each.options.deliver && each.options.keyword.empty()) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

Task<std::optional<PubSubItem>> Service::last_item(NodePtr node) {
  if (node->is_last_known()) {
    if (node->last() && node->last()->expires && *node->last()->expires <= wall()) {
      node->forget_last();
    } else {
      co_return node->last();
    }
  }
  if (!node->config().persist_items) {
    co_return std::nullopt;
  }
  std::vector<std::string> names{node->name()};
  Result<std::vector<PubSubStore::LastItem>> last = co_await store().last_items(site_.jid, std::move(names), wall());
  if (!last) {
    static_cast<void>(failure("last item", last.error()));
    co_return std::nullopt;
  }
  node->set_last(last->empty() ? std::nullopt : std::optional(std::move(last->front().item)));
  co_return node->last();
}

Task<std::vector<PubSubItem>> Service::items_since(NodePtr node, std::optional<WallTime> since) {
  std::vector<PubSubItem> found;
  if (since && node->config().persist_items) {
    PubSubItemRequest newest{.is_last_page = true, .limit = most_items_since, .now = wall()};
    Result<PubSubItemPage> page = co_await store().items(site_.jid, node->name(), std::move(newest));
    if (!page) {
      static_cast<void>(failure("items", page.error()));
      co_return found;
    }
    found = std::move(page->items);
    while (found.size() > 1 && found.front().published < *since) {
      found.erase(found.begin());
    }
    co_return found;
  }
  std::optional<PubSubItem> last = co_await last_item(node);
  if (last) {
    found.push_back(std::move(*last));
  }
  co_return found;
}

StanzaPtr Service::last_item_message(const Node& node, const PubSubItem& item, std::string extra) {
  std::string content;
  xml::Writer writer(content, ns::pubsub_event);
  writer.start("items").attribute("node", node.name());
  write_item(writer, node, item, node.config().deliver_payloads);
  writer.end();
  Delay{.stamp = item.published}.write(extra);
  return message(node.name(), node.config().is_headline || node.config().presence_based_delivery, content, extra)->with_positions_since(item.published);
}

Task<void> Service::send_last_to(NodePtr node, Jid subscriber) {
  if (node->is_collection() || !node->config().deliver_notifications) {
    co_return;
  }
  const std::optional<PubSubItem> item = co_await last_item(node);
  if (!item) {
    co_return;
  }
  const bool may = co_await may_receive(*node, subscriber);
  if (may) {
    outbox_.to_one({.stanza = last_item_message(*node, *item)}, subscriber);
  }
}

void Service::show_last(Interested client, std::vector<std::string> nodes) {
  spawn(show_last_task(Pin(*this), std::move(client), std::move(nodes)));
}

Task<void> Service::show_last_task(Pin self, Interested client, std::vector<std::string> nodes) {
  const Asker asker{.jid = client.client, .is_owner = is_personal() && client.client.bare_str() == site_.jid.str(), .relation = client.relation};
  for (const std::string& name : nodes) {
    if (LinkedNodes* link = link_of(name); link != nullptr && asker.is_owner) {
      std::optional<StanzaError> error = co_await link->refresh(*this, name);
      if (error) {
        continue;
      }
    }
    const NodePtr node = co_await find(name);
    const bool may = node->exists() && !node->is_collection() && node->config().deliver_notifications &&
                     node->config().send_last == SendLast::on_sub_and_presence && !refusal(*node, Act::receive, asker) &&
                     (is_personal() || wants_events(*node, client.client, wall()));
    if (may) {
      const std::vector<PubSubItem> items = co_await items_since(node, client.since);
      for (const PubSubItem& item : items) {
        outbox_.to_one({.stanza = last_item_message(*node, item, is_personal() ? reply_to(item.publisher) : std::string())}, client.client);
      }
    }
  }
  for (const std::string& name : nodes) {
    forget_absent(name);
  }
  outbox_.send();
}

}  // namespace aldis::pubsub
