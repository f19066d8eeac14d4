// Collections (XEP-0248 0.5.0): a node's record names the collections it is in; their children are the nodes whose records name them. A notification
// goes up from part to part by a post, to subscribers who may read both the collection and the node it is about: what is closed is not opened by
// a collection (its section 10.1 warns of that).
#include <algorithm>
#include <deque>
#include <set>

#include "core/virtual_host.h"
#include "extensions/pubsub/errors.h"
#include "extensions/pubsub/service.h"

namespace aldis::pubsub {
namespace {

constexpr std::uint32_t deepest = 32;
constexpr std::size_t most_ancestors = 1000;

StanzaError invalid() { return error_with(StanzaCondition::not_allowed, "invalid-options"); }

}  // namespace

Task<Result<std::vector<std::string>>> Service::children_of(std::string collection) {
  std::vector<std::string> children;
  PubSubNodePageRequest wanted{.parent = collection, .limit = 1000};
  for (;;) {
    PubSubNodePageRequest page_wanted = wanted;
    Result<PubSubNodePage> page = co_await store().list(site_.jid, std::move(page_wanted));
    if (!page) {
      co_return fail(page.error());
    }
    for (const PubSubNodeSummary& each : page->nodes) {
      children.push_back(each.record.node);
    }
    if (page->is_complete || page->nodes.empty()) {
      co_return children;
    }
    wanted.after = children.back();
  }
}

// ---- who may put a node there

Task<std::optional<StanzaError>> Service::may_associate(NodePtr node, const NodeSettings& settings, Jid who) {
  const std::vector<std::string> wanted = settings.collections;
  const bool is_collection = settings.is_collection;
  const std::vector<std::string> standing = node->exists() ? node->collections() : std::vector<std::string>{};
  for (const std::string& collection : wanted) {
    if (collection == node->name()) {
      co_return invalid();
    }
    if (std::ranges::find(standing, collection) != standing.end()) {
      continue;
    }
    Question question{.collection = collection, .child = node->name(), .who = who, .child_is_collection = is_collection};
    std::optional<StanzaError> error = co_await ask_collection(std::move(question));
    if (error) {
      co_return error;
    }
  }
  co_return std::nullopt;
}

Task<std::optional<StanzaError>> Service::ask_collection(Question question) {
  const Completion<std::optional<StanzaError>> done;
  const std::string collection = question.collection;
  at_service(
      home_, site_.jid, collection,
      [done, moved = std::move(question)](Service& there) {
        spawn([](Service::Pin pin, Question asked, Completion<std::optional<StanzaError>> told) -> Task<void> {
          std::optional<StanzaError> error = co_await pin->answer_question(std::move(asked));
          told.complete(std::move(error));
        }(Service::Pin(there), moved, done));
      },
      [done] { done.complete(StanzaError(StanzaCondition::resource_constraint)); });
  std::optional<StanzaError> error = co_await done;
  co_return error;
}

Task<std::optional<StanzaError>> Service::answer_question(Question question) {
  const NodePtr node = co_await find(question.collection);
  Result<Asker, StanzaError> asker = co_await asker_of(question.who, nullptr);
  if (!asker) {
    co_return asker.error();
  }
  if (std::optional<StanzaError> hidden = refusal(*node, Act::know, *asker)) {
    co_return hidden;
  }
  if (!node->is_collection()) {   // section 7.2.3.1
    co_return invalid();
  }
  const NodeConfig& config = node->config();
  const Standing who = node->standing_of(*asker, wall());
  bool may = who.affiliation == Affiliation::owner || who.is_administrator;
  if (!may && !question.is_leaving && who.affiliation != Affiliation::outcast) {
    const bool is_listed = std::ranges::any_of(config.children_association_whitelist, [&](const BareJid& each) { return each.str() == asker->jid.bare_str(); });
    may = config.children_association_policy == ChildrenPolicy::all || (config.children_association_policy == ChildrenPolicy::whitelist && is_listed);
  }
  if (!may) {
    co_return forbidden().with_type(ErrorType::cancel);   // as the examples of sections 7.2.3.2 and 7.5.3.1 have it
  }
  if (question.is_leaving) {
    co_return std::nullopt;
  }
  const Result<std::uint64_t> count = co_await store().count(site_.jid, question.collection);
  if (!count) {
    co_return failure("children", count.error());
  }
  if (*count >= std::min<std::uint64_t>(node->config().children_max, site_.options->children)) {   // section 7.2.3.3
    co_return error_with(StanzaCondition::not_allowed, "max-nodes-exceeded");
  }
  if (!question.child_is_collection) {
    co_return std::nullopt;
  }
  // Section 7.2.3.5: no cycle.
  std::set<std::string> seen;
  std::deque<std::string> above(node->collections().begin(), node->collections().end());
  while (!above.empty()) {
    const std::string next = above.front();
    above.pop_front();
    if (next == question.child || seen.size() > most_ancestors) {
      co_return invalid();
    }
    if (!seen.insert(next).second) {
      continue;
    }
    const Result<std::optional<PubSubNodeImage>> image = co_await store().load(site_.jid, next, wall());
    if (!image) {
      co_return failure("ancestors", image.error());
    }
    if (*image) {
      above.insert(above.end(), (**image).record.collections.begin(), (**image).record.collections.end());
    }
  }
  co_return std::nullopt;
}

// ---- putting it there (sections 7.5 and 7.6)

Task<Reply> Service::associate(Request request) {
  const std::string collection(request.verb().attribute("node").value_or(""));
  const auto child = request.verb().first_child();
  if (collection.empty() || !child || (child->local() != "associate" && child->local() != "dissociate")) {
    co_return refuse(StanzaCondition::bad_request);
  }
  Cause cause{request.asker.jid, request.envelope.sender, request.envelope.trace, request.envelope.acceptance};
  const bool is_in = child->local() == "associate";
  std::optional<StanzaError> error = co_await set_parent(request.node, collection, is_in, std::move(cause));
  if (error) {
    co_return refuse(std::move(*error));
  }
  co_return std::string();
}

Task<std::optional<StanzaError>> Service::set_parent(std::string child, std::string collection, bool is_in, Cause cause) {
  Result<Asker, StanzaError> asker = co_await asker_of(cause.who, cause.sender);
  if (!asker) {
    co_return asker.error();
  }
  const NodePtr node = co_await find(child);
  const Serial::Hold hold = co_await node->changes().enter();
  std::optional<StanzaError> error = refusal(*node, Act::configure, *asker);
  if (error && (is_in || !node->exists())) {
    co_return error->condition == StanzaCondition::forbidden ? forbidden().with_type(ErrorType::cancel) : std::move(*error);
  }
  NodeSettings settings = node->settings();
  const auto standing = std::ranges::find(settings.collections, collection);
  if (is_in == (standing != settings.collections.end())) {
    co_return is_in ? std::nullopt : std::optional(StanzaError(StanzaCondition::bad_request));   // section 7.6.3.1
  }
  if (error) {   // no owner of the node: then of the collection
    Question question{.collection = collection, .child = child, .who = cause.who, .child_is_collection = node->is_collection(), .is_leaving = true};
    std::optional<StanzaError> refused = co_await ask_collection(std::move(question));
    if (refused) {
      co_return refused;
    }
  }
  if (is_in) {
    settings.collections.push_back(collection);
  } else {
    settings.collections.erase(standing);
  }
  std::optional<StanzaError> failed = co_await change_settings(node, std::move(settings), std::move(cause));
  outbox_.send();
  co_return failed;
}

// pubsub#children as a whole: each change is one of a child, and they stop at the first that is refused.
Task<std::optional<StanzaError>> Service::set_children(NodePtr collection, std::vector<std::string> children, Jid who) {
  Result<std::vector<std::string>> standing = co_await children_of(collection->name());
  if (!standing) {
    co_return failure("children", standing.error());
  }
  std::vector<std::pair<std::string, bool>> changes;
  for (const std::string& each : children) {
    if (std::ranges::find(*standing, each) == standing->end()) {
      changes.emplace_back(each, true);
    }
  }
  for (const std::string& each : *standing) {
    if (std::ranges::find(children, each) == children.end()) {
      changes.emplace_back(each, false);
    }
  }
  for (const auto& [child, is_in] : changes) {
    const Completion<std::optional<StanzaError>> done;
    at_service(
        home_, site_.jid, child,
        [done, child = child, is_in = is_in, parent = collection->name(), who](Service& there) {
          spawn([](Service::Pin pin, std::string node, std::string above, bool in, Jid asker, Completion<std::optional<StanzaError>> told) -> Task<void> {
            Cause cause{asker};
            std::optional<StanzaError> error = co_await pin->set_parent(std::move(node), std::move(above), in, std::move(cause));
            told.complete(std::move(error));
          }(Service::Pin(there), child, parent, is_in, who, done));
        },
        [done] { done.complete(StanzaError(StanzaCondition::resource_constraint)); });
    std::optional<StanzaError> error = co_await done;
    if (error) {
      co_return error;
    }
  }
  co_return std::nullopt;
}

// ---- what its subscribers are told (section 5.3)

void Service::send_up(const std::string& collection, ChildEvent event) {
  event.collection = collection;
  at_service(
      home_, site_.jid, collection, [moved = std::move(event)](Service& there) { spawn(there.take_child_event(Pin(there), moved)); }, [] {});
}

void Service::pass_up(Node& node, const Event& event) {
  const ChildEvent up{.child = node.name(),
                      .is_about_items = event.about == About::items,
                      .is_headline = node.config().is_headline || node.config().presence_based_delivery,
                      .event = event.content,
                      .sender = event.sender,
                      .trace = event.trace,
                      .access = node.access_view(wall())};
  for (const std::string& collection : node.collections()) {
    send_up(collection, up);
  }
}

void Service::tell_collection(Node& child, const std::string& collection, std::string_view verb) {
  std::string content;
  xml::Writer writer(content, ns::pubsub_event);
  if (verb == "create") {
    writer.start("create").attribute("node", child.name()).end();
  } else {
    writer.start("collection").attribute("node", collection).start(verb).attribute("node", child.name()).end().end();
  }
  send_up(collection, {.child = child.name(), .is_about_items = false, .event = std::move(content), .access = child.access_view(wall())});
}

Task<void> Service::take_child_event(Pin self, ChildEvent event) {
  const NodePtr node = co_await find(event.collection);
  if (!node->exists() || !node->is_collection() || event.depth > deepest) {
    co_return;
  }
  const WallTime now = wall();
  const Act about_child = event.is_about_items ? Act::receive : Act::know;
  std::map<std::vector<std::string>, std::vector<Jid>> recipients;   // by the SubIDs that are named to them
  std::vector<std::string> addresses;
  for (const auto& [address, all] : node->subscriptions()) {
    addresses.push_back(address);
  }
  for (const std::string& address : addresses) {
    const std::vector<Subscription>* all = node->subscriptions_of(address);
    if (all == nullptr || !node->config().deliver_notifications) {
      continue;
    }
    std::vector<std::string> subids;
    for (const Subscription& each : *all) {
      const bool is_wanted = each.options.type == SubscriptionType::all || (each.options.type == SubscriptionType::items) == event.is_about_items;
      if (each.is_active(now) && each.options.deliver && is_wanted && event.depth <= each.options.depth) {
        subids.push_back(each.subid);
      }
    }
    const Jid jid = all->front().jid;
    if (subids.empty()) {
      continue;
    }
    if (all->size() == 1) {
      subids.clear();
    }
    Result<Asker, StanzaError> who = co_await asker_of(jid, nullptr);
    if (!who) {
      continue;
    }
    who->is_administrator = false;
    Standing to_child = event.access->standing_of(jid);
    to_child.relation = who->relation;
    if (who->is_owner) {
      to_child.affiliation = Affiliation::owner;
    }
    if (!refusal(*node, Act::receive, *who) && !refuses(about_child, event.access->config, to_child)) {
      recipients[subids].push_back(jid);
    }
  }
  for (const auto& [subids, jids] : recipients) {
    std::string headers;
    xml::Writer writer(headers);
    writer.start("headers", ns::shim).start("header").attribute("name", "Collection").text(node->name()).end();
    for (const std::string& subid : subids) {
      writer.start("header").attribute("name", "SubID").text(subid).end();
    }
    writer.end();
    outbox_.to_each({.stanza = message(node->name(), event.is_headline, event.event, headers), .sender = event.sender, .trace = event.trace}, jids);
  }
  ++event.depth;
  for (const std::string& above : node->collections()) {
    send_up(above, event);
  }
  outbox_.send();
}

}  // namespace aldis::pubsub
