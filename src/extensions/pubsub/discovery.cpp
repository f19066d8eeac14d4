// What a service says of its nodes (XEP-0060 1.30 sections 5.2 to 5.5, XEP-0248 0.5.0 section 5.2). A node that somebody may not know is in no list,
// and asked for it is not there; a list says how long it is only where nothing of it is hidden. An account tells strangers nothing, as one that is
// not there does (XEP-0030 section 8).
#include <algorithm>
#include <limits>

#include "core/virtual_host.h"
#include "extensions/pubsub/errors.h"
#include "extensions/pubsub/linked_nodes.h"
#include "extensions/pubsub/service.h"
#include "extensions/pubsub/type_filter.h"
#include "xmpp/result_set.h"

namespace aldis::pubsub {
namespace {

constexpr std::size_t most_store_pages = 20;   // behind each other where much is hidden: the rest is asked for again

bool is_stranger(bool is_personal, const Asker& asker) {
  return is_personal && !asker.is_owner && (!asker.relation.sees_presence || asker.relation.is_blocked);
}

// <query/> around what is listed.
std::string list_of(const Request& request, std::string_view content = {}) {
  std::string payload("<query xmlns='");
  payload.append(ns::disco_items).append("'");
  if (!request.node.empty()) {
    payload.append(" node='");
    xml::append_escaped_attribute(payload, request.node);
    payload.append("'");
  }
  if (content.empty()) {
    return payload.append("/>");
  }
  return payload.append(">").append(content).append("</query>");
}

std::uint32_t bounded(std::uint64_t number) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(number, std::numeric_limits<std::uint32_t>::max()));
}

}  // namespace

Task<Reply> Service::info(Request request) {
  Result<NodePtr, Refusal> found = co_await find_for(request, Act::know);
  if (!found) {
    co_return is_stranger(is_personal(), request.asker) ? refuse(StanzaCondition::service_unavailable) : fail(std::move(found.error()));
  }
  const Node& node = **found;
  std::string payload;
  xml::Writer writer(payload);
  writer.start("query", ns::disco_info).attribute("node", request.node);
  writer.start("identity").attribute("category", "pubsub").attribute("type", node.is_collection() ? "collection" : "leaf");
  if (!node.config().title.empty()) {
    writer.attribute("name", node.config().title);
  }
  writer.end();
  for (const std::string_view feature : {ns::pubsub, ns::disco_info, ns::disco_items}) {
    writer.start("feature").attribute("var", feature).end();
  }
  NodeFacts facts = node.facts(wall());
  facts.owners = node.rules().with(Affiliation::owner);
  metadata_form(node.settings(), facts, frame()).write(writer);
  writer.end();
  co_return payload;
}

Task<Reply> Service::disco_items(Request request) {
  const Result<ResultSetRequest, StanzaError> page = ResultSetRequest::parse_child_of(request.payload());
  if (!page) {
    co_return refuse(page.error());
  }
  if (request.node.empty()) {
    Reply list = co_await list_nodes(std::move(request), *page);
    co_return list;
  }
  const NodePtr node = co_await find(request.node);
  std::optional<StanzaError> error = refusal(*node, node->is_collection() ? Act::know : Act::retrieve, request.asker);
  if (error) {
    if (is_stranger(is_personal(), request.asker)) {
      co_return list_of(request);
    }
    std::optional<StanzaError> hidden = refusal(*node, Act::know, request.asker);
    co_return refuse(hidden ? std::move(*hidden) : std::move(*error));
  }
  if (node->is_collection()) {
    Reply list = co_await list_nodes(std::move(request), *page);
    co_return list;
  }
  PubSubItemRequest wanted{.after = page->after, .is_last_page = page->before.has_value(), .limit = page->limit(site_.options->page),
                           .has_payloads = false, .now = wall()};
  if (page->before && !page->before->empty()) {
    wanted.before = page->before;
  }
  if (page->index) {
    wanted.index = *page->index;
  }
  const bool is_count_only = wanted.limit == 0;
  wanted.limit = std::max<std::size_t>(wanted.limit, 1);
  Result<PubSubItemPage> got = co_await store().items(site_.jid, request.node, std::move(wanted));
  if (!got) {
    co_return refuse(got.error().kind == ErrorKind::not_found ? StanzaError(StanzaCondition::item_not_found) : failure("items", got.error()));
  }
  if (is_count_only) {
    got->items.clear();
  }
  std::string list;
  xml::Writer writer(list, ns::disco_items);
  for (const PubSubItem& item : got->items) {   // section 5.5
    writer.start("item").attribute("jid", site_.jid.str()).attribute("name", item.id).end();
  }
  if (got->items.size() < got->count || request.payload().child({"set", ns::rsm})) {
    ResultSet set{.count = bounded(got->count)};
    if (!got->items.empty()) {
      set.first = got->items.front().id;
      set.first_index = bounded(got->first_index);
      set.last = got->items.back().id;
    }
    set.write(writer);
  }
  co_return list_of(request, list);
}

// Nodes at the root, or in a collection.
Task<Reply> Service::list_nodes(Request request, ResultSetRequest page) {
  if (page.index) {   // XEP-0059 section 2.6: places are not counted
    co_return refuse(StanzaCondition::feature_not_implemented);
  }
  if (is_stranger(is_personal(), request.asker)) {
    co_return list_of(request);
  }
  const Result<TypeFilter, StanzaError> filter = TypeFilter::parse_child_of(request.payload());
  if (!filter) {
    co_return refuse(filter.error());
  }
  constexpr std::size_t most_of_the_store = 1000;   // in a page of its
  const bool is_count_only = page.max == 0;   // XEP-0059 section 2.7: of those that he may know
  const std::size_t limit = is_count_only ? most_store_pages * most_of_the_store : page.limit(site_.options->page);
  const bool is_last_page = page.before.has_value();
  PubSubNodePageRequest wanted{.after = page.after.value_or(""), .before = page.before.value_or(""), .is_last_page = is_last_page,
                               .parent = request.node, .viewer = request.asker.jid.bare(), .limit = std::min(limit + 1, most_of_the_store)};
  std::vector<PubSubNodeSummary> shown;
  bool is_complete = false;
  bool hides = false;
  for (std::size_t i = 0; i < most_store_pages && shown.size() < limit && !is_complete; ++i) {
    PubSubNodePageRequest one = wanted;
    Result<PubSubNodePage> got = co_await store().list(site_.jid, std::move(one));
    if (!got) {
      co_return refuse(failure("nodes", got.error()));
    }
    is_complete = got->is_complete;
    if (got->nodes.empty()) {
      break;
    }
    (is_last_page ? wanted.before : wanted.after) = is_last_page ? got->nodes.front().record.node : got->nodes.back().record.node;
    std::vector<PubSubNodeSummary> known;
    for (PubSubNodeSummary& each : got->nodes) {
      const std::optional<NodeConfig> config = node_config_from(each.record.config);
      const Standing who{.affiliation = request.asker.is_owner ? Affiliation::owner : each.affiliation,
                         .is_subscribed = each.is_subscribed,
                         .is_administrator = request.asker.is_administrator,
                         .is_personal = is_personal(),
                         .relation = request.asker.relation};
      // XEP-0163 section 6.2: of an account only what one may subscribe to or read.
      const bool is_for_him = config && !refuses(Act::know, *config, who) &&
                              (!is_personal() || !refuses(Act::subscribe, *config, who) || !refuses(Act::retrieve, *config, who));
      // Whose rules are another's is found by its name, not in lists.
      const LinkedNodes* link = link_of(each.record.node);
      const bool is_listed = link == nullptr || !link->ruled_by(site_.jid, each.record.node);
      if (is_listed && is_for_him && filter->passes(config->type)) {
        known.push_back(std::move(each));
      } else {
        hides = true;
      }
    }
    if (is_last_page) {
      known.insert(known.end(), std::make_move_iterator(shown.begin()), std::make_move_iterator(shown.end()));
      shown = std::move(known);
    } else {
      shown.insert(shown.end(), std::make_move_iterator(known.begin()), std::make_move_iterator(known.end()));
    }
  }
  if (shown.size() > limit) {
    is_complete = false;
    if (is_last_page) {
      shown.erase(shown.begin(), shown.end() - static_cast<std::ptrdiff_t>(limit));
    } else {
      shown.erase(shown.begin() + static_cast<std::ptrdiff_t>(limit), shown.end());
    }
  }
  const std::size_t counted = shown.size();
  if (is_count_only) {
    shown.clear();
  }
  std::string list;
  xml::Writer writer(list, ns::disco_items);
  if (const Account* account = is_personal() && request.node.empty() && request.asker.is_owner ? home_.find_account(site_.jid) : nullptr) {
    for (const auto& session : account->sessions()) {   // XEP-0030 section 8: and his own clients
      if (session->is_available()) {
        writer.start("item").attribute("jid", session->jid().str()).end();
      }
    }
  }
  for (const PubSubNodeSummary& each : shown) {
    writer.start("item").attribute("jid", site_.jid.str()).attribute("node", each.record.node);
    if (!each.record.name.empty()) {
      writer.attribute("name", each.record.name);
    }
    writer.end();
  }
  const bool is_whole = is_complete && !page.after && !page.before;
  if (!is_whole || request.payload().child({"set", ns::rsm})) {
    ResultSet set;
    if (!shown.empty()) {
      set.first = shown.front().record.node;
      set.last = shown.back().record.node;
    }
    if (is_count_only && is_complete) {
      set.count = bounded(counted);
    } else if (!hides) {
      const Result<std::uint64_t> count = co_await store().count(site_.jid, request.node);
      if (count && is_whole) {
        set.count = bounded(*count);
      }
    }
    set.write(writer);
  }
  co_return list_of(request, list);
}

}  // namespace aldis::pubsub
