// Creating nodes (XEP-0060 1.30 section 8.1): with the default configuration or another, by who may.
#include <algorithm>

#include "base/log.h"
#include "core/virtual_host.h"
#include "extensions/pubsub/errors.h"
#include "extensions/pubsub/service.h"

namespace aldis::pubsub {

bool Service::may_create(const Asker& asker) const {
  if (is_personal()) {
    return asker.is_owner;
  }
  if (asker.is_administrator) {
    return true;
  }
  if (asker.is_anonymous) {   // nobody would answer for the node
    return false;
  }
  const PubSubOptions& options = *site_.options;
  switch (options.creators) {
    case Creators::everybody: return true;
    case Creators::local: return home_.world().find_host(asker.jid.domain()) != nullptr;
    case Creators::administrators: return false;
    case Creators::listed:
      return std::ranges::any_of(options.creator_list, [&](const std::string& each) { return each == asker.jid.bare_str() || each == asker.jid.domain(); });
  }
  return false;
}

Task<Reply> Service::create(Request request) {
  const Asker asker = request.asker;
  if (!may_create(asker)) {
    const bool is_stranger = is_personal() && (!asker.relation.sees_presence || asker.relation.is_blocked);
    co_return refuse(is_stranger ? unknown_node({.is_personal = true, .relation = asker.relation}) : forbidden());
  }
  const xml::Element verb = request.verb();
  Result<Form, StanzaError> submitted = Form(FormType::submit);
  for (const xml::Element child : request.payload().children()) {
    if (!child.is({"configure", ns::pubsub})) {
      continue;
    }
    if (child.attribute("node")) {   // section 8.1.3
      co_return refuse(StanzaCondition::bad_request);
    }
    Result<std::optional<Form>, StanzaError> form = Form::parse_child_of(child);
    if (!form) {
      co_return refuse(form.error());
    }
    if (*form) {
      submitted = std::move(**form);
    }
  }
  if (submitted->type != FormType::submit || (!submitted->form_type().empty() && submitted->form_type() != ns::pubsub_node_config)) {
    co_return refuse(StanzaCondition::bad_request);
  }
  NodeSettings standing{.config = default_config(frame())};
  if (is_personal()) {
    standing.config = site_.seam->personal->defaults(request.node, std::move(standing.config));
  }
  Result<NodeSettings, StanzaError> settings = configured(standing, *submitted, frame());
  if (!settings) {
    co_return refuse(settings.error());
  }
  NodePtr node = co_await find(request.node);
  const Serial::Hold hold = co_await node->changes().enter();
  const Result<void, StanzaError> made = co_await make(node, asker, std::move(*settings));
  if (!made) {
    co_return refuse(made.error());
  }
  if (verb.attribute("node") == request.node) {   // the answer may leave it out
    co_return std::string();
  }
  std::string payload;
  xml::Writer writer(payload);
  writer.start("pubsub", ns::pubsub).start("create").attribute("node", request.node).end().end();
  co_return payload;
}

Task<Result<void, StanzaError>> Service::make(NodePtr node, Asker asker, NodeSettings settings) {
  if (node->exists()) {
    co_return fail(StanzaError(StanzaCondition::conflict));
  }
  if (node->state() != Node::State::absent) {
    co_return fail(StanzaError(StanzaCondition::resource_constraint));
  }
  const Result<std::string, JidError> prepared = prepare_resource(node->name());   // section 4.6.2: as it could be a resourcepart
  if (!prepared || *prepared != node->name()) {
    co_return fail(StanzaError(StanzaCondition::not_acceptable, "the NodeID is no resourcepart of an address"));
  }
  if (settings.children && !settings.children->empty()) {   // they are associated when it is there
    co_return fail(StanzaError(StanzaCondition::not_acceptable, "the field pubsub#children is for a collection that exists"));
  }
  std::optional<StanzaError> closed = co_await may_associate(node, settings, asker.jid);
  if (closed) {
    co_return fail(std::move(*closed));
  }
  const BareJid owner = asker.jid.bare();
  PubSubNodeImage image{.record = {.service = site_.jid,
                                   .node = node->name(),
                                   .is_collection = settings.is_collection,
                                   .collections = settings.collections,
                                   .name = settings.config.title,
                                   .config = to_text(settings.config),
                                   .shows_last = settings.config.send_last == SendLast::on_sub_and_presence,
                                   .creator = owner,
                                   .created = wall()},
                        .affiliations = {{owner, Affiliation::owner}},
                        .subscriptions = {},
                        .last = {}};
  PubSubStore::NodeLimits limits{.of_service = is_personal() ? site_.options->nodes_of_an_account : site_.options->nodes};
  if (!is_personal() && !asker.is_administrator) {
    limits.of_creator = site_.options->nodes_of_a_creator;
  }
  PubSubNodeImage stored = image;
  const Result<void> created = co_await store().create(std::move(stored), limits);
  if (!created) {
    switch (created.error().kind) {
      case ErrorKind::already_exists: co_return fail(StanzaError(StanzaCondition::conflict));
      case ErrorKind::full: co_return fail(error_with(StanzaCondition::not_allowed, "max-nodes-exceeded"));
      default: co_return fail(failure("create", created.error()));
    }
  }
  node->set(std::move(image));
  if (known_) {
    known_->insert(node->name());
  }
  log::info("audit-pubsub-node-created", {{"service", site_.jid.str()}, {"node", node->name()}, {"by", owner.str()}});
  for (const std::string& collection : node->collections()) {
    tell_collection(*node, collection, "create");
  }
  co_return Result<void, StanzaError>{};
}

}  // namespace aldis::pubsub
