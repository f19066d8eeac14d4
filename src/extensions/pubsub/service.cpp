// A service's nodes on one shard: what comes in and where it goes, nodes in memory.
#include "extensions/pubsub/service.h"

#include "base/log.h"
#include "core/virtual_host.h"
#include "extensions/pubsub/errors.h"
#include "extensions/pubsub/linked_nodes.h"

namespace aldis::pubsub {
namespace {
constexpr std::size_t many_nodes = 1000;   // in memory: those that nobody has used for account_idle go
}  // namespace

Service::Service(Home& home, const VirtualHost& host, BareJid address, Site site)
    : home_(home), host_(host), address_(std::move(address)), site_(std::move(site)), outbox_(home) {}

Service::~Service() { ensure(pins_ == 0, "a service outlives what is under way in it"); }

// An account has few nodes: which ones it has is known, so that what its contacts' clients ask for in vain costs no look into the store.
Task<void> Service::load() {
  if (!is_personal()) {
    co_return;
  }
  std::set<std::string, std::less<>> names;
  PubSubNodePageRequest wanted{.limit = 1000};
  for (;;) {
    PubSubNodePageRequest one = wanted;
    const Result<PubSubNodePage> page = co_await store().list(site_.jid, std::move(one));
    if (!page) {   // then each is looked for
      log::warning("pubsub-service-not-read", {{"service", site_.jid.str()}, {"cause", page.error().what}});
      co_return;
    }
    for (const PubSubNodeSummary& each : page->nodes) {
      names.insert(each.record.node);
    }
    if (page->is_complete || page->nodes.empty()) {
      break;
    }
    wanted.after = page->nodes.back().record.node;
  }
  known_ = std::move(names);
}
Task<void> Service::suspend() { co_return; }

void Service::deliver(Envelope envelope) {   // nothing is routed here
  home_.router().bounce(home_, envelope, StanzaError(StanzaCondition::service_unavailable));
}

Resident::Rest Service::rest() const {
  if (pins_ > 0 || !outbox_.is_empty() || has_waiting()) {
    return Rest::busy;
  }
  return known_ && known_->empty() ? Rest::absent : Rest::idle;   // also of an account that is not there
}

std::size_t Service::memory() const {
  std::size_t bytes = sizeof(Service) + outbox_.memory();
  for (const auto& [name, node] : nodes_) {
    bytes += node->memory() + 2 * name.capacity();
  }
  return bytes;
}

void Service::forget() {
  for (const auto& [name, node] : nodes_) {
    node->set_absent();
  }
  if (known_) {
    known_->clear();
  }
}

void Service::unpin() {
  if (--pins_ == 0 && rest() == Rest::absent) {
    home_.residents().look_at(address_.str());
  }
}

PubSubStore& Service::store() const { return home_.world().stores.pubsub; }
WallTime Service::wall() const { return home_.world().clock.wall(); }

StanzaError Service::failure(std::string_view what, const Error& error) const {
  log::warning("pubsub-store-failed", {{"service", site_.jid.str()}, {"what", what}, {"kind", to_string(error.kind)}, {"cause", error.what}});
  return answer_to(error);
}

// ---- nodes in memory

LinkedNodes* Service::link_of(std::string_view node) const {
  if (site_.seam != nullptr) {
    for (const auto& link : site_.seam->links) {
      if (link->includes(node)) {
        return link.get();
      }
    }
  }
  return nullptr;
}

Task<NodePtr> Service::find(std::string name) {
  const LinkedNodes* link = link_of(name);
  std::optional<std::string> ruler = link != nullptr ? link->ruled_by(site_.jid, name) : std::nullopt;
  return ruler ? find_ruled(std::move(name), std::move(*ruler)) : find_own(std::move(name));
}

Task<NodePtr> Service::find_ruled(std::string name, std::string ruler) {
  const NodePtr rules = co_await find_own(std::move(ruler));
  const NodePtr node = co_await find_own(std::move(name));
  node->set_rules(rules);
  if (node->exists() && rules->exists()) {   // it shows the same
    NodeSettings settings = node->settings();
    settings.config.access_model = rules->config().access_model;
    settings.config.publish_model = rules->config().publish_model;
    settings.config.roster_groups_allowed = rules->config().roster_groups_allowed;
    if (settings.config != node->config()) {
      node->set_settings(std::move(settings));
    }
  }
  co_return node;
}

Task<NodePtr> Service::find_own(std::string name) {
  NodePtr node;
  if (const auto found = nodes_.find(name); found != nodes_.end()) {
    node = found->second;
  } else {
    node = std::make_shared<Node>(name, is_personal());
    nodes_.emplace(name, node);
    if (nodes_.size() > many_nodes) {
      forget_idle();
    }
  }
  node->used = home_.now();
  if (node->state() != Node::State::unknown) {   // also one that is being made: it is not there yet
    co_return node;
  }
  if (known_ && !known_->contains(name)) {
    node->set_absent();
    co_return node;
  }
  const Serial::Hold hold = co_await node->changes().enter();   // one reads it, others wait for that
  if (node->state() != Node::State::unknown) {
    co_return node;
  }
  Result<std::optional<PubSubNodeImage>> image = co_await store().load(site_.jid, name, wall());
  if (!image) {
    log::warning("pubsub-node-not-read", {{"service", site_.jid.str()}, {"node", name}, {"cause", image.error().what}});
    node->set_unreadable();
  } else if (!*image) {
    node->set_absent();
  } else {
    node->set(std::move(**image));
    if (!node->exists()) {
      log::error("pubsub-node-unreadable", {{"service", site_.jid.str()}, {"node", name}});
    }
  }
  co_return node;
}

void Service::forget_absent(const std::string& name) {
  const auto found = nodes_.find(name);
  if (found != nodes_.end() && found->second.use_count() == 1 && !found->second->exists() && found->second->changes().is_idle()) {
    nodes_.erase(found);
  }
}

void Service::forget_idle() {
  const Monotonic now = home_.now();
  const auto longest = home_.world().config()->account_idle;
  std::erase_if(nodes_, [&](const auto& entry) {
    return entry.second.use_count() == 1 && now - entry.second->used >= longest && entry.second->changes().is_idle();
  });
}

std::optional<StanzaError> Service::refusal(const Node& node, Act act, const Asker& asker) const {
  const Standing standing = node.rules().standing_of(asker, wall());
  for (const Node* each : {&node, &node.rules()}) {
    if (each->state() == Node::State::unreadable || each->state() == Node::State::unknown) {   // not "no such node": that could not be learnt
      return StanzaError(StanzaCondition::resource_constraint);
    }
    if (!each->exists()) {
      return unknown_node(standing);
    }
  }
  return refuses(act, node.rules().config(), standing);
}

Task<Result<NodePtr, Refusal>> Service::find_for(const Request& request, Act act) {
  const Asker asker = request.asker;
  NodePtr node = co_await find(request.node);
  if (std::optional<StanzaError> error = refusal(*node, act, asker)) {
    co_return refuse(std::move(*error));
  }
  co_return node;
}

// ---- who asks

Task<Result<Asker, StanzaError>> Service::asker_of(Jid who, const PrincipalPtr& sender) {
  Asker asker{.jid = std::move(who), .is_anonymous = sender != nullptr && sender->is_anonymous};
  if (!is_personal()) {
    asker.is_administrator = host_.is_administrator(asker.jid);
    co_return asker;
  }
  asker.is_owner = asker.jid.bare_str() == site_.jid.str();
  if (asker.is_owner) {
    asker.relation.sees_presence = true;
    co_return asker;
  }
  Result<Relation> relation = co_await site_.seam->personal->relation(home_, site_.jid, asker.jid.bare());
  if (relation) {
    asker.relation = std::move(*relation);
  } else if (relation.error().kind != ErrorKind::not_found) {   // an account that is not there has no friends
    co_return fail(failure("relation", relation.error()));
  }
  co_return asker;
}

// ---- requests

void Service::take(Envelope envelope, std::string node) { spawn(respond(Pin(*this), std::move(envelope), std::move(node))); }

Task<void> Service::respond(Pin self, Envelope envelope, std::string node) {
  Result<Asker, StanzaError> asker = co_await asker_of(*envelope.stanza->from(), envelope.sender);
  Reply reply = std::string();
  WallTime newest{};
  if (asker) {
    Request request{.envelope = envelope, .node = node, .asker = std::move(*asker), .newest = &newest};
    reply = co_await answer(std::move(request));
  } else {
    reply = refuse(std::move(asker.error()));
  }
  if (reply) {
    StanzaPtr result = make_result(*envelope.stanza, *reply);
    if (result->names_geoloc()) {
      result = result->with_positions_since(newest != WallTime{} ? newest : wall());
    }
    home_.reply(envelope, std::move(result));
  } else {
    StanzaPtr error = make_error(*envelope.stanza, reply.error().error);
    if (error != nullptr && !reply.error().payload.empty()) {
      error = error->amended(nullptr, reply.error().payload)->with_addresses(error->from(), error->to());
    }
    home_.reply(envelope, std::move(error));
  }
  forget_absent(node);
  outbox_.send();
}

namespace {
Task<Reply> refused(StanzaError error) { co_return refuse(std::move(error)); }
Task<Reply> unknown_request() { return refused(StanzaError(StanzaCondition::bad_request)); }
}  // namespace

Task<Reply> Service::answer(Request request) {
  const XmlName name = request.payload().name();
  const LinkedNodes* link = link_of(request.node);
  if (link != nullptr && (name.ns == ns::pubsub || name.ns == ns::pubsub_owner)) {
    if (std::optional<StanzaError> error = link->forbids(request.node, request.verb().local(), request.is_set())) {
      return refused(std::move(*error));
    }
  }
  if (name.ns == ns::pubsub) {
    return answer_everybody(std::move(request));
  }
  if (name.ns == ns::pubsub_owner) {
    return answer_owner(std::move(request));
  }
  return name.ns == ns::disco_info ? info(std::move(request)) : disco_items(std::move(request));
}

Task<Reply> Service::answer_everybody(Request request) {
  const std::string_view verb = request.verb().local();
  if (request.is_set()) {
    if (verb == "publish") return publish_request(std::move(request));
    if (verb == "subscribe") return subscribe(std::move(request));
    if (verb == "unsubscribe") return unsubscribe(std::move(request));
    if (verb == "options") return set_options(std::move(request));
    if (verb == "retract") return retract_request(std::move(request));
    if (verb == "create") return create(std::move(request));
  } else {
    if (verb == "items") return items(std::move(request));
    if (verb == "options") return options(std::move(request));
    if (verb == "default") return default_options(std::move(request));
    if (verb == "subscriptions") return own_subscriptions(std::move(request));
    if (verb == "affiliations") return own_affiliations(std::move(request));
  }
  return unknown_request();
}

Task<Reply> Service::answer_owner(Request request) {
  const std::string_view verb = request.verb().local();
  if (request.is_set()) {
    if (verb == "configure") return configure(std::move(request));
    if (verb == "delete") return remove(std::move(request));
    if (verb == "purge") return purge(std::move(request));
    if (verb == "subscriptions") return change_subscriptions(std::move(request));
    if (verb == "affiliations") return change_affiliations(std::move(request));
    if (verb == "collection") return associate(std::move(request));
  } else {
    if (verb == "configure") return configuration(std::move(request));
    if (verb == "default") return default_configuration(std::move(request));
    if (verb == "subscriptions") return list_subscriptions(std::move(request));
    if (verb == "affiliations") return list_affiliations(std::move(request));
  }
  return unknown_request();
}

}  // namespace aldis::pubsub
