// Publishing and retracting items (XEP-0060 1.30 sections 7.1 and 7.2). An item is stored before its publisher is answered and before anybody is
// told; transient nodes keep their last in memory alone.
#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"
#include "extensions/pubsub/compare.h"
#include "extensions/pubsub/errors.h"
#include "extensions/pubsub/events.h"
#include "extensions/pubsub/linked_nodes.h"
#include "extensions/pubsub/service.h"

namespace aldis::pubsub {
namespace {

metrics::Counter published{"aldis_pubsub_items_published_total", "Items published."};
constexpr std::size_t longest_item_id = 1023;

// An element as it stands in the store and goes out in: all its namespaces are declared within it.
std::string standalone(const xml::Element& element) {
  std::string text;
  xml::Writer(text, "urn:none").element(element);
  return text;
}

StanzaError bad(std::string_view own) { return error_with(StanzaCondition::bad_request, own); }

// The namespace of what stands alone: its parser has read it before.
std::string namespace_of(const std::string& payload) {
  const auto document = xml::parse(payload);
  return document ? std::string((*document)->root().ns()) : std::string();
}

}  // namespace

Task<Reply> Service::publish_request(Request request) {
  Publication publication{.who = request.asker.jid,
                          .sender = request.envelope.sender,
                          .trace = request.envelope.trace,
                          .acceptance = request.envelope.acceptance,
                          .node = request.node,
                          .has_item = false};
  for (const xml::Element item : request.verb().children()) {
    if (!item.is({"item", ns::pubsub})) {
      continue;
    }
    if (publication.has_item) {   // section 7.1.1: one at most
      co_return refuse(error_with(StanzaCondition::not_allowed, "max-items-exceeded"));
    }
    publication.has_item = true;
    publication.id = std::string(item.attribute("id").value_or(""));
    if (publication.id.size() > longest_item_id) {
      co_return refuse(StanzaError(StanzaCondition::bad_request, "the id of the item is too long"));
    }
    if (item.child_count() > 1 || item.has_text()) {   // section 7.1.3.6
      co_return refuse(bad("invalid-payload"));
    }
    if (const auto payload = item.first_child()) {
      if (payload->ns().empty() || payload->ns() == ns::pubsub) {   // section 17.1: it stands in a namespace of its own
        co_return refuse(bad("invalid-payload"));
      }
      publication.payload = standalone(*payload);
    }
  }
  if (const auto options = request.payload().child({"publish-options", ns::pubsub})) {
    Result<std::optional<Form>, StanzaError> form = Form::parse_child_of(*options);
    if (!form || !*form || (**form).form_type() != ns::publish_options || (**form).type != FormType::submit) {   // section 7.1.5
      co_return refuse(form ? StanzaError(StanzaCondition::bad_request) : form.error());
    }
    publication.options = std::move(**form);
  }
  const bool had_id = !publication.id.empty() || !publication.has_item;
  const Result<std::string, StanzaError> id = co_await publish(request.asker, std::move(publication));
  if (!id) {
    co_return refuse(id.error());
  }
  std::string payload;
  xml::Writer writer(payload);
  writer.start("pubsub", ns::pubsub).start("publish").attribute("node", request.node);
  if (!had_id || !id->empty()) {
    writer.start("item").attribute("id", *id).end();
  }
  writer.end().end();
  co_return payload;
}

// Whether the item is what the node takes (sections 4.3 and 7.1.3.7).
std::optional<StanzaError> Service::unfit(const NodeSettings& settings, const Publication& publication) const {
  if (settings.is_collection) {   // section 7.1.3.2
    return unsupported("publish");
  }
  const NodeConfig& config = settings.config;
  if (!config.persist_items && !config.deliver_payloads) {
    return publication.has_item ? std::optional(bad("item-forbidden")) : std::nullopt;
  }
  if (!publication.has_item) {
    return bad("item-required");
  }
  if (config.deliver_payloads && publication.payload.empty()) {
    return bad("payload-required");
  }
  const std::uint64_t allowed = std::max<std::uint64_t>(site_.options->item_bytes.count, publication.allowed_bytes);
  const std::uint64_t most = config.max_payload_size == 0 ? allowed : std::min(config.max_payload_size, allowed);
  if (publication.payload.size() > most) {
    return error_with(StanzaCondition::not_acceptable, "payload-too-big");
  }
  if (!config.type.empty() && !publication.payload.empty() && namespace_of(publication.payload) != config.type) {
    return bad("invalid-payload");
  }
  return std::nullopt;
}

Task<Result<std::string, StanzaError>> Service::publish(Asker asker, Publication publication) {
  const Pin self(*this);
  LinkedNodes* link = link_of(publication.node);
  if (link != nullptr) {
    std::optional<StanzaError> error = co_await link->prepare(*this, asker, publication);
    if (error) {
      co_return fail(std::move(*error));
    }
  }
  const Result<std::optional<std::string>, StanzaError> expected = take_expected_value(publication.options);   // XEP-0395
  if (!expected) {
    co_return fail(expected.error());
  }
  const NodePtr node = co_await find(publication.node);
  const Held held = co_await hold(node);
  const bool makes = node->state() == Node::State::absent && node->has_own_rules() && (is_personal() || site_.options->auto_create) && may_create(asker);
  if (makes) {   // section 7.1.4
    NodeSettings settings{.config = default_config(frame())};
    if (is_personal()) {
      settings.config = site_.seam->personal->defaults(node->name(), std::move(settings.config));
    }
    if (publication.options) {
      Result<NodeSettings, StanzaError> wanted = configured(settings, *publication.options, frame());
      if (!wanted) {   // section 7.1.5: also an unknown field
        co_return fail(error_with(StanzaCondition::conflict, "precondition-not-met", wanted.error().text));
      }
      settings = std::move(*wanted);
    }
    if (std::optional<StanzaError> error = unfit(settings, publication)) {
      co_return fail(std::move(*error));
    }
    if (*expected && !(*expected)->empty()) {   // nothing is published there yet
      co_return fail(compare_and_publish_failed({}));
    }
    const Result<void, StanzaError> made = co_await make(node, asker, std::move(settings));
    if (!made) {
      co_return fail(made.error());
    }
  } else {
    if (std::optional<StanzaError> error = refusal(*node, Act::publish, asker)) {
      co_return fail(std::move(*error));
    }
    if (publication.options) {
      if (std::optional<StanzaError> error = unmet(node->settings(), *publication.options, frame())) {
        co_return fail(std::move(*error));
      }
    }
    if (std::optional<StanzaError> error = unfit(node->settings(), publication)) {
      co_return fail(std::move(*error));
    }
  }
  if (*expected) {
    if (std::optional<StanzaError> error = refusal(*node, Act::retrieve, asker)) {   // who cannot read the last item has nothing to compare
      co_return fail(std::move(*error));
    }
    const std::optional<PubSubItem> last = co_await last_item(node);
    const std::string value = last ? compare_value(*last) : std::string();
    if (value != **expected) {
      co_return fail(compare_and_publish_failed(value));
    }
  }
  if (site_.seam != nullptr && publication.has_item) {
    for (const Seam::PublishCheck& each : site_.seam->checks) {
      if (node->name().starts_with(each.prefix)) {
        NodeAddress where{site_.jid, node->name()};
        const Result<void, StanzaError> checked = co_await each.check(home_, std::move(where), publication.payload);
        if (!checked) {
          co_return fail(checked.error());
        }
      }
    }
  }
  const NodeConfig& config = node->config();
  std::vector<ItemsEdit> others;   // what changes with it
  PubSubItem item{.id = publication.id, .payload = publication.payload, .publisher = asker.jid, .published = wall()};
  if (publication.has_item) {
    if (item.id.empty()) {
      item.id = random_token(home_.world().random);
    }
    ItemsEdit edit{.node = node->name(), .published = {item}};
    if (link != nullptr && config.persist_items) {
      Result<std::vector<ItemsEdit>, StanzaError> followed = co_await link->follow(*this, edit);
      if (!followed) {
        co_return fail(std::move(followed.error()));
      }
      others = std::move(*followed);
      item = edit.published.front();
    }
    const std::uint64_t seconds = seconds_kept(config, *site_.options);
    if (seconds > 0) {
      item.expires = item.published + std::chrono::seconds(seconds);
      edit.published.front().expires = item.expires;
    }
    const Result<std::vector<std::string>, StanzaError> gone = co_await keep(node, std::move(edit), others);
    if (!gone) {
      co_return fail(gone.error());
    }
    if (!gone->empty()) {
      co_await have_left(node, *gone);
    }
    if (!gone->empty() && config.node_full == NodeFull::retract_oldest && config.notify_retract && items_kept(config, *site_.options) > 1) {
      Event event{.content = retract_event(node->name(), *gone), .sender = publication.sender, .trace = publication.trace};   // section 7.1.2.6
      co_await notify(node, std::move(event));
    }
  }
  published.add();
  std::string content;
  xml::Writer writer(content, ns::pubsub_event);
  writer.start("items").attribute("node", node->name());
  if (publication.has_item) {
    write_item(writer, *node, item, config.deliver_payloads);
  }
  writer.end();
  Event event{.content = std::move(content),
              .payload = config.deliver_payloads ? item.payload : std::string(),
              .is_item = publication.has_item,
              .publisher = asker.jid,
              .sender = publication.sender,
              .trace = publication.trace,
              .acceptance = publication.acceptance};
  co_await notify_paced(node, std::move(event));
  observe({.where = {site_.jid, node->name()}, .publisher = asker.jid, .id = item.id, .payload = item.payload});
  if (!others.empty()) {
    Cause cause{asker.jid, publication.sender, publication.trace, publication.acceptance};
    co_await tell_edits(std::move(others), std::move(cause));
  }
  outbox_.send();
  co_return item.id;
}

Task<Result<std::vector<std::string>, StanzaError>> Service::keep(NodePtr node, ItemsEdit edit, std::vector<ItemsEdit> others) {
  const NodeConfig& config = node->config();
  if (!config.persist_items) {
    node->set_last(std::move(edit.published.front()));
    co_return std::vector<std::string>{};
  }
  if (config.node_full == NodeFull::reject) {   // section 7.1.3.4; an item in the place of another fits
    PubSubItemRequest wanted{.ids = {edit.published.front().id}, .has_payloads = false, .now = wall()};
    const Result<PubSubItemPage> same = co_await store().items(site_.jid, node->name(), std::move(wanted));
    if (!same) {
      co_return fail(failure("items", same.error()));
    }
    if (same->items.empty() && same->count >= items_kept(config, *site_.options)) {
      co_return fail(error_with(StanzaCondition::conflict, "node-full"));
    }
  }
  std::vector<ItemsEdit> edits{std::move(edit)};
  std::ranges::move(others, std::back_inserter(edits));
  Result<std::vector<std::vector<std::string>>, StanzaError> gone = co_await store_edits(std::move(edits));
  if (!gone) {
    co_return fail(std::move(gone.error()));
  }
  co_return std::move(gone->front());
}

void Service::observe(ItemEvent event) {
  if (site_.seam == nullptr || site_.seam->observers.empty()) {
    return;
  }
  outbox_.then([this, moved = std::move(event)] {
    for (const ItemObserver& observer : site_.seam->observers) {
      observer(home_, host_, moved);
    }
  });
}

// ---- retracting

Task<Reply> Service::retract_request(Request request) {
  Retraction retraction{.node = request.node, .sender = request.envelope.sender, .trace = request.envelope.trace, .acceptance = request.envelope.acceptance};
  const auto item = request.verb().child({"item", ns::pubsub});
  retraction.id = item ? std::string(item->attribute("id").value_or("")) : std::string();
  if (retraction.id.empty()) {   // section 7.2.3.4
    co_return refuse(bad("item-required"));
  }
  if (request.verb().child_count() > 1) {   // section 7.2.1: one; and not the first of several (section 12.11)
    co_return refuse(StanzaCondition::bad_request);
  }
  if (const auto notify = request.verb().attribute("notify")) {
    const std::optional<bool> truth = parse_boolean(*notify);
    if (!truth) {
      co_return refuse(StanzaCondition::bad_request);
    }
    retraction.notify = *truth;
  }
  const Result<void, StanzaError> done = co_await retract(request.asker, std::move(retraction));
  if (!done) {
    co_return refuse(done.error());
  }
  co_return std::string();
}

Task<Result<void, StanzaError>> Service::retract(Asker asker, Retraction retraction) {
  const Pin self(*this);
  const NodePtr node = co_await find(retraction.node);
  const Held held = co_await hold(node);
  if (std::optional<StanzaError> error = refusal(*node, Act::retrieve, asker); error && refusal(*node, Act::publish, asker)) {
    // He can neither read nor write: what there is is nothing to him (section 7.2.3.1).
    std::optional<StanzaError> no = refusal(*node, Act::retract, asker);
    co_return fail(no ? std::move(*no) : forbidden());
  }
  if (node->is_collection() || !node->config().persist_items) {   // section 7.2.3.5
    co_return fail(unsupported("persistent-items"));
  }
  Standing who = node->rules().standing_of(asker, wall());
  LinkedNodes* link = link_of(node->name());
  const bool is_his_own = refuses(Act::retract, node->rules().config(), who).has_value();   // no owner: then that at most
  if (is_his_own || link != nullptr) {
    PubSubItemRequest wanted{.ids = {retraction.id}, .has_payloads = false, .now = wall()};
    const Result<PubSubItemPage> found = co_await store().items(site_.jid, node->name(), std::move(wanted));
    if (!found) {
      co_return fail(failure("items", found.error()));
    }
    if (found->items.empty()) {
      co_return fail(StanzaError(StanzaCondition::item_not_found));
    }
    who.wrote_item = found->items.front().publisher.bare_str() == asker.jid.bare_str();
    if (std::optional<StanzaError> error = refuses(Act::retract, node->rules().config(), who)) {
      co_return fail(std::move(*error));
    }
  }
  std::vector<ItemsEdit> others;
  if (link != nullptr) {
    std::vector<ItemsEdit> edits;
    edits.push_back({.node = node->name(), .retracted = {retraction.id}});
    Result<std::vector<ItemsEdit>, StanzaError> followed = co_await link->follow(*this, edits.front());
    if (!followed) {
      co_return fail(std::move(followed.error()));
    }
    others = std::move(*followed);
    edits.insert(edits.end(), others.begin(), others.end());
    const auto stored = co_await store_edits(std::move(edits));
    if (!stored) {
      co_return fail(stored.error());
    }
  } else {
    std::vector<std::string> ids{retraction.id};
    const Result<std::vector<std::string>> gone = co_await store().retract(site_.jid, node->name(), std::move(ids));
    if (!gone) {
      co_return fail(failure("retract", gone.error()));
    }
    if (gone->empty()) {
      co_return fail(StanzaError(StanzaCondition::item_not_found));
    }
    if (!node->last() || node->last()->id == retraction.id) {
      node->forget_last();
    }
    co_await have_left(node, {retraction.id});
  }
  if (retraction.notify || node->config().notify_retract) {
    Event event{.content = retract_event(node->name(), {retraction.id}), .sender = retraction.sender, .trace = retraction.trace,
                .acceptance = retraction.acceptance};
    co_await notify(node, std::move(event));
  }
  observe({.where = {site_.jid, node->name()}, .publisher = asker.jid, .id = retraction.id, .is_retraction = true});
  if (!others.empty()) {
    Cause cause{asker.jid, retraction.sender, retraction.trace, retraction.acceptance};
    co_await tell_edits(std::move(others), std::move(cause));
  }
  outbox_.send();
  co_return Result<void, StanzaError>{};
}

}  // namespace aldis::pubsub
