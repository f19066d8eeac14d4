// Nodes whose items change together (linked_nodes.h): held in one order, stored in one transaction, told one after the other.
#include <algorithm>

#include "base/log.h"
#include "extensions/pubsub/errors.h"
#include "extensions/pubsub/events.h"
#include "extensions/pubsub/linked_nodes.h"
#include "extensions/pubsub/service.h"

namespace aldis::pubsub {

Task<Service::Held> Service::hold(NodePtr node) {
  Held held;
  const LinkedNodes* link = link_of(node->name());
  std::vector<std::string> names;
  if (link != nullptr) {
    names = link->held_with(site_.jid, node->name());
  }
  if (names.empty()) {
    held.nodes.push_back(node);
  }
  for (const std::string& name : names) {
    NodePtr each = co_await find(name);
    held.nodes.push_back(std::move(each));
  }
  for (const NodePtr& each : held.nodes) {
    Serial::Hold one = co_await each->changes().enter();
    held.holds.push_back(std::move(one));
  }
  co_return held;
}

Task<Result<std::vector<PubSubItem>, StanzaError>> Service::items_of(NodePtr node, std::vector<std::string> ids) {
  if (!node->config().persist_items) {
    const bool is_wanted = node->last() && (ids.empty() || std::ranges::find(ids, node->last()->id) != ids.end());
    co_return is_wanted ? std::vector<PubSubItem>{*node->last()} : std::vector<PubSubItem>{};
  }
  std::vector<PubSubItem> found;
  for (;;) {
    PubSubItemRequest wanted{.ids = ids, .limit = 1000, .now = wall()};
    if (!found.empty()) {
      wanted.after = found.back().id;
    }
    Result<PubSubItemPage> page = co_await store().items(site_.jid, node->name(), std::move(wanted));
    if (!page) {
      co_return fail(failure("items", page.error()));
    }
    const bool is_complete = !ids.empty() || page->items.empty() || found.size() + page->items.size() >= page->count;
    std::ranges::move(page->items, std::back_inserter(found));
    if (is_complete) {
      co_return found;
    }
  }
}

Task<Result<std::vector<std::string>, StanzaError>> Service::nodes_named(std::string prefix) {
  std::vector<std::string> names;
  PubSubNodePageRequest wanted{.after = prefix, .limit = 1000};
  for (bool is_more = true; is_more;) {
    PubSubNodePageRequest one = wanted;
    Result<PubSubNodePage> page = co_await store().list(site_.jid, std::move(one));
    if (!page) {
      co_return fail(failure("nodes", page.error()));
    }
    is_more = !page->is_complete && !page->nodes.empty();
    for (PubSubNodeSummary& each : page->nodes) {
      if (!each.record.node.starts_with(prefix)) {   // they are in order
        is_more = false;
        break;
      }
      names.push_back(std::move(each.record.node));
    }
    wanted.after = names.empty() ? prefix : names.back();
  }
  co_return names;
}

// ---- making

Task<std::optional<StanzaError>> Service::make_default(NodePtr node) {
  NodeSettings settings{.config = default_config(frame())};
  if (is_personal()) {
    settings.config = site_.seam->personal->defaults(node->name(), std::move(settings.config));
  }
  Asker owner{.jid = site_.jid, .is_owner = true};
  const Result<void, StanzaError> made = co_await make(node, std::move(owner), std::move(settings));
  co_return made ? std::nullopt : std::optional(made.error());
}

Task<std::optional<StanzaError>> Service::make_own(NodePtr node, NodeConfig config) {
  if (node->exists()) {
    co_return std::nullopt;
  }
  if (node->state() != Node::State::absent) {
    co_return StanzaError(StanzaCondition::resource_constraint);
  }
  PubSubNodeImage image{.record = {.service = site_.jid,
                                   .node = node->name(),
                                   .name = config.title,
                                   .config = to_text(config),
                                   .shows_last = config.send_last == SendLast::on_sub_and_presence,
                                   .creator = site_.jid,
                                   .created = wall()},
                        .affiliations = {},
                        .subscriptions = {},
                        .last = {}};
  // Others make them: a quarter of what there may be is left to the owner.
  const std::uint64_t most = is_personal() ? site_.options->nodes_of_an_account : site_.options->nodes;
  PubSubNodeImage stored = image;
  const Result<void> created = co_await store().create(std::move(stored), {.of_service = most - most / 4});
  if (!created) {
    co_return created.error().kind == ErrorKind::full ? error_with(StanzaCondition::not_allowed, "max-nodes-exceeded") : failure("create", created.error());
  }
  node->set(std::move(image));
  if (known_) {
    known_->insert(node->name());
  }
  log::info("audit-pubsub-node-created", {{"service", site_.jid.str()}, {"node", node->name()}, {"by", site_.jid.str()}});
  co_return std::nullopt;
}

// ---- storing and telling

Task<Result<std::vector<std::vector<std::string>>, StanzaError>> Service::store_edits(std::vector<ItemsEdit> edits) {
  std::vector<PubSubStore::ItemsChange> changes;
  std::vector<NodePtr> nodes;
  for (const ItemsEdit& edit : edits) {
    NodePtr node = co_await find(edit.node);
    changes.push_back({.node = edit.node, .is_purge = edit.is_purge, .retracted = edit.retracted, .published = edit.published,
                       .limit = items_kept(node->config(), *site_.options)});
    const std::uint64_t seconds = seconds_kept(node->config(), *site_.options);
    for (PubSubItem& item : changes.back().published) {
      if (seconds > 0 && !item.expires) {
        item.expires = item.published + std::chrono::seconds(seconds);
      }
    }
    nodes.push_back(std::move(node));
  }
  const std::uint64_t bytes = is_personal() ? site_.options->bytes_of_an_account.count : site_.options->bytes.count;
  Result<std::vector<std::vector<std::string>>> gone = co_await store().change_items(site_.jid, changes, bytes, wall());
  if (!gone) {
    if (gone.error().kind == ErrorKind::full) {
      co_return fail(StanzaError(StanzaCondition::policy_violation, "The service keeps no more of these items.").with_type(ErrorType::wait));
    }
    co_return fail(failure("items", gone.error()));
  }
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const std::optional<PubSubItem>& last = nodes[i]->last();
    if (!changes[i].published.empty()) {
      nodes[i]->set_last(std::move(changes[i].published.back()));
    } else if (changes[i].is_purge) {
      nodes[i]->set_last(std::nullopt);
    } else if (!last || std::ranges::find(changes[i].retracted, last->id) != changes[i].retracted.end()) {
      nodes[i]->forget_last();
    }
  }
  co_return std::move(*gone);
}

Task<void> Service::tell_edits(std::vector<ItemsEdit> edits, Cause cause) {
  for (const ItemsEdit& edit : edits) {
    const NodePtr node = co_await find(edit.node);
    if (!edit.retracted.empty()) {
      Event event{.content = retract_event(node->name(), edit.retracted), .sender = cause.sender, .trace = cause.trace, .acceptance = cause.acceptance};
      co_await notify(node, std::move(event));
    }
    for (const PubSubItem& item : edit.published) {
      std::string content;
      xml::Writer writer(content, ns::pubsub_event);
      writer.start("items").attribute("node", node->name());
      write_item(writer, *node, item, node->config().deliver_payloads);
      writer.end();
      Event event{.content = std::move(content),
                  .payload = node->config().deliver_payloads ? item.payload : std::string(),
                  .is_item = true,
                  .publisher = cause.who,
                  .sender = cause.sender,
                  .trace = cause.trace,
                  .acceptance = cause.acceptance};
      co_await notify(node, std::move(event));
    }
    for (const std::string& id : edit.retracted) {
      observe({.where = {site_.jid, node->name()}, .publisher = cause.who, .id = id, .is_retraction = true});
    }
    for (const PubSubItem& item : edit.published) {
      observe({.where = {site_.jid, node->name()}, .publisher = cause.who, .id = item.id, .payload = item.payload});
    }
  }
}

Task<std::optional<StanzaError>> Service::carry_out(std::vector<ItemsEdit> edits, Cause cause) {
  const auto stored = co_await store_edits(edits);
  if (!stored) {
    co_return stored.error();
  }
  co_await tell_edits(std::move(edits), std::move(cause));
  co_return std::nullopt;
}

// ---- what hangs on items that leave

Task<void> Service::have_left(NodePtr node, std::vector<std::string> ids) {
  if (site_.seam != nullptr) {
    for (const auto& link : site_.seam->links) {
      co_await link->have_left(*this, node, ids);
    }
  }
}

Task<std::optional<StanzaError>> Service::is_emptied(NodePtr node) {
  if (site_.seam != nullptr) {
    for (const auto& link : site_.seam->links) {
      std::optional<StanzaError> error = co_await link->is_emptied(*this, node);
      if (error) {
        co_return error;
      }
    }
  }
  co_return std::nullopt;
}

}  // namespace aldis::pubsub
