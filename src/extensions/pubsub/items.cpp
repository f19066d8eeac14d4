// Retrieving items (XEP-0060 1.30 section 6.5): all, the most recent, by id, or page by page (XEP-0059), oldest first. Collections give none
// (XEP-0248 section 6.2.3 allows that).
#include <algorithm>
#include <limits>

#include "extensions/pubsub/compare.h"
#include "extensions/pubsub/errors.h"
#include "extensions/pubsub/linked_nodes.h"
#include "extensions/pubsub/service.h"
#include "extensions/pubsub/subscription_xml.h"
#include "xmpp/number.h"
#include "xmpp/result_set.h"

namespace aldis::pubsub {
namespace {

constexpr std::size_t most_bytes = 256 * 1024;   // of payloads in one answer: what would be more is another page
constexpr std::size_t most_ids = 1000;

// Section 6.5.9.1: which of several subscriptions is meant.
std::optional<StanzaError> wrong_subid(const Node& node, const Jid& who, std::optional<std::string_view> subid) {
  const std::vector<Subscription>* all = node.subscriptions_of(who.str());
  if (all == nullptr) {
    all = node.subscriptions_of(who.bare_str());
  }
  if (all == nullptr) {
    return std::nullopt;
  }
  if (!subid || subid->empty()) {
    return all->size() > 1 ? std::optional(subid_required()) : std::nullopt;
  }
  return std::ranges::find(*all, *subid, &Subscription::subid) == all->end() ? std::optional(invalid_subid()) : std::nullopt;
}

}  // namespace

std::string Service::publisher_of(const Node& node, const PubSubItem& item) const {
  switch (node.config().item_reply) {   // section 12.16
    case ItemReply::none: return {};
    case ItemReply::publisher: return std::string(item.publisher.bare_str());
    case ItemReply::owner: {
      const std::vector<std::string> owners = node.with(Affiliation::owner);
      return owners.empty() ? std::string() : owners.front();
    }
  }
  return {};
}

void Service::write_item(xml::Writer& writer, const Node& node, const PubSubItem& item, bool has_payload) const {
  writer.start("item").attribute("id", item.id);
  if (const std::string publisher = publisher_of(node, item); !publisher.empty()) {
    writer.attribute("publisher", publisher);
  }
  if (has_payload) {
    writer.raw(item.payload);
  }
  writer.end();
}

Task<Reply> Service::items(Request request) {
  if (LinkedNodes* link = link_of(request.node); link != nullptr && request.asker.is_owner) {
    std::optional<StanzaError> error = co_await link->refresh(*this, request.node);
    if (error) {
      co_return refuse(std::move(*error));
    }
  }
  Result<NodePtr, Refusal> found = co_await find_for(request, Act::retrieve);
  if (!found) {
    co_return fail(std::move(found.error()));
  }
  const NodePtr node = *found;
  if (node->is_collection()) {
    co_return refuse(unsupported("retrieve-items"));
  }
  const xml::Element verb = request.verb();
  if (std::optional<StanzaError> error = wrong_subid(*node, request.asker.jid, verb.attribute("subid"))) {
    co_return refuse(std::move(*error));
  }
  const Result<ResultSetRequest, StanzaError> page = ResultSetRequest::parse_child_of(request.payload());
  if (!page) {
    co_return refuse(page.error());
  }
  PubSubItemRequest wanted{.limit = page->limit(site_.options->page), .now = wall()};
  for (const xml::Element item : verb.children()) {
    if (item.is({"item", ns::pubsub})) {
      const auto id = item.attribute("id");
      if (!id || id->empty() || wanted.ids.size() >= most_ids) {
        co_return refuse(StanzaCondition::bad_request);
      }
      wanted.ids.emplace_back(*id);
    }
  }
  if (const auto most = verb.attribute("max_items")) {
    const auto number = parse_number<std::uint32_t>(*most, 1);
    if (!number) {
      co_return refuse(StanzaCondition::bad_request);
    }
    wanted.limit = std::min<std::size_t>(wanted.limit, *number);
    wanted.is_last_page = true;   // section 6.5.7: the most recent
  }
  wanted.after = page->after;
  if (page->before) {
    wanted.is_last_page = true;
    if (!page->before->empty()) {
      wanted.before = page->before;
    }
  }
  if (page->index) {
    wanted.index = *page->index;
    wanted.is_last_page = false;
  }
  const bool has_set = request.payload().child({"set", ns::rsm}).has_value();
  const bool is_count_only = wanted.limit == 0;
  const bool is_by_id = !wanted.ids.empty();
  const bool is_last_page = wanted.is_last_page;
  PubSubItemPage got;
  if (!node->config().persist_items) {   // section 6.5.5: the last is what there is
    if (!node->config().deliver_payloads) {
      co_return refuse(unsupported("persistent-items"));
    }
    const bool is_wanted = node->last() && (!is_by_id || std::ranges::find(wanted.ids, node->last()->id) != wanted.ids.end());
    if (is_wanted) {
      got.items.push_back(*node->last());
      got.count = 1;
    }
  } else {
    if (is_count_only) {
      wanted.limit = 1;
      wanted.has_payloads = false;
    }
    if (is_by_id) {
      wanted.limit = most_ids;
    }
    Result<PubSubItemPage> read = co_await store().items(site_.jid, node->name(), std::move(wanted));
    if (!read) {
      co_return refuse(read.error().kind == ErrorKind::not_found ? StanzaError(StanzaCondition::item_not_found) : failure("items", read.error()));
    }
    got = std::move(*read);
    if (std::optional<StanzaError> error = refusal(*node, Act::retrieve, request.asker)) {   // no longer
      co_return refuse(std::move(*error));
    }
  }
  if (is_count_only) {
    got.items.clear();
  }
  // No more than fits: of the last page the newest stay.
  std::size_t bytes = 0;
  std::size_t kept = 0;
  while (kept < got.items.size()) {
    const PubSubItem& next = is_last_page ? got.items[got.items.size() - 1 - kept] : got.items[kept];
    bytes += next.payload.size();
    if (bytes > most_bytes && kept > 0) {
      break;
    }
    ++kept;
  }
  if (is_last_page) {
    const auto dropped = static_cast<std::ptrdiff_t>(got.items.size() - kept);
    got.items.erase(got.items.begin(), got.items.begin() + dropped);
    got.first_index += static_cast<std::uint64_t>(dropped);
  } else {
    got.items.resize(kept, PubSubItem{.id = {}, .payload = {}, .publisher = site_.jid});
  }
  std::string payload;
  xml::Writer writer(payload);
  writer.start("pubsub", ns::pubsub).start("items").attribute("node", request.node);
  for (const PubSubItem& item : got.items) {
    write_item(writer, *node, item, true);
    *request.newest = std::max(*request.newest, item.published);
  }
  write_compare_values(writer, got.items);   // XEP-0395 section 3.1
  writer.end();
  const bool is_part = !is_by_id && !verb.attribute("max_items") && got.items.size() < got.count;
  if (has_set || is_part) {   // section 6.5.4
    ResultSet set{.count = static_cast<std::uint32_t>(std::min<std::uint64_t>(got.count, std::numeric_limits<std::uint32_t>::max()))};
    if (!got.items.empty()) {
      set.first = got.items.front().id;
      set.first_index = static_cast<std::uint32_t>(got.first_index);
      set.last = got.items.back().id;
    }
    set.write(writer);
  }
  writer.end();
  co_return payload;
}

Task<Result<std::vector<PubSubItem>, StanzaError>> Service::newest(std::string name, std::size_t limit) {
  const Pin self(*this);
  if (LinkedNodes* link = link_of(name)) {
    std::optional<StanzaError> error = co_await link->refresh(*this, name);
    if (error) {
      co_return fail(std::move(*error));
    }
  }
  const NodePtr node = co_await find(name);
  if (node->state() == Node::State::absent) {
    co_return std::vector<PubSubItem>{};
  }
  if (!node->exists()) {
    co_return fail(StanzaError(StanzaCondition::resource_constraint));
  }
  if (!node->config().persist_items) {
    co_return node->last() ? std::vector<PubSubItem>{*node->last()} : std::vector<PubSubItem>{};
  }
  PubSubItemRequest wanted{.is_last_page = true, .limit = limit, .now = wall()};
  Result<PubSubItemPage> page = co_await store().items(site_.jid, name, std::move(wanted));
  if (!page) {
    co_return fail(failure("items", page.error()));
  }
  co_return std::move(page->items);
}

}  // namespace aldis::pubsub
