// Requests on their way to the service that has the node they are about.
#include "extensions/pubsub/requests.h"

#include <algorithm>
#include <array>

#include "base/log.h"
#include "core/account.h"
#include "core/home.h"
#include "core/virtual_host.h"
#include "extensions/pubsub/errors.h"
#include "extensions/pubsub/personal.h"
#include "extensions/pubsub/service.h"

namespace aldis::pubsub {
namespace {

constexpr std::size_t longest_node = 1023;

BareJid service_of(const Iq& request) { return request.recipient() == Recipient::server ? request.host().jid() : request.owner(); }

IqReply pass(const Iq& request, std::string node) {
  if (request.recipient() != Recipient::server) {
    const Account* account = request.account();
    if (account != nullptr && account->is_ephemeral()) {   // nothing of it is stored
      return request.error(StanzaCondition::service_unavailable);
    }
  }
  Home& home = request.home();
  const Envelope envelope = request.envelope();
  const std::string about = node;
  at_service(
      home, service_of(request), about, [envelope, node = std::move(node)](Service& service) { service.take(envelope, node); },
      [&home, envelope] { home.reply(envelope, make_error(*envelope.stanza, StanzaError(StanzaCondition::resource_constraint))); });
  return IqReply::sent_already();
}

// What is asked of a node that is not named: the root (XEP-0248 section 8.1), which is nobody's, or an omission.
std::optional<StanzaError> refuses_root(std::string_view verb, bool is_owners, bool is_set) {
  if (is_owners) {
    if (verb == "default" && !is_set) {
      return std::nullopt;
    }
    return verb == "delete" ? StanzaError(StanzaCondition::not_allowed) : nodeid_required();
  }
  constexpr std::array<std::string_view, 4> of_the_service{"create", "default", "subscriptions", "affiliations"};
  if (std::ranges::find(of_the_service, verb) != of_the_service.end()) {
    return std::nullopt;
  }
  return verb == "subscribe" ? unsupported("subscribe") : nodeid_required();
}

// The schema (section 17.1): one request, and beside it what goes with it, once. What is of other namespaces is not looked at here.
bool is_one_request(const xml::Element& pubsub, std::string_view verb) {
  const std::string_view beside = verb == "create" ? "configure" : verb == "subscribe" ? "options" : verb == "publish" ? "publish-options" : "";
  std::size_t own = 0;
  for (const xml::Element child : pubsub.children()) {
    if (child.ns() == pubsub.ns() && (++own > 2 || (own == 2 && child.local() != beside))) {
      return false;
    }
  }
  return true;
}

}  // namespace

IqReply answer_request(const Iq& request) {
  const xml::Element pubsub = request.payload();
  const auto verb = pubsub.first_child();
  if (!verb || verb->ns() != pubsub.ns() || !is_one_request(pubsub, verb->local())) {
    return request.error(StanzaCondition::bad_request);
  }
  const bool is_owners = pubsub.ns() == ns::pubsub_owner;
  std::string node(verb->attribute("node").value_or(""));
  if (is_owners && verb->local() == "collection") {   // XEP-0248 section 7.5: it is the child that changes
    const auto child = verb->first_child();
    node = child ? std::string(child->attribute("node").value_or("")) : std::string();
  }
  if (node.size() > longest_node) {
    return request.error(StanzaCondition::item_not_found);
  }
  if (node.empty()) {
    if (const auto error = refuses_root(verb->local(), is_owners, request.is_set())) {
      return request.error(*error);
    }
    if (request.is_set() && verb->local() == "create") {   // section 8.1.1: an instant node
      node = random_token(request.home().world().random, 160);
    }
  }
  if (const Seam* seam = request.recipient() == Recipient::server ? nullptr : find_seam(request.host())) {
    for (const Seam::Substitute& substitute : seam->substitutes) {
      std::optional<IqReply> reply = substitute.node == node ? substitute.answer(request) : std::nullopt;
      if (reply) {
        return std::move(*reply);
      }
    }
  }
  return pass(request, std::move(node));
}

IqReply answer_discovery(const Iq& request, bool is_info) {
  static_cast<void>(is_info);   // the payload says so
  std::string node(request.payload().attribute("node").value_or(""));
  if (node.size() > longest_node) {
    return request.error(StanzaCondition::item_not_found);
  }
  return pass(request, std::move(node));
}

namespace {

// As it stands: of a form that is cancelled nothing is read (XEP-0004 section 3.1).
std::string form_type_of(const xml::Element& x) {
  for (const xml::Element field : x.children()) {
    const auto value = field.attribute("var") == "FORM_TYPE" ? field.child({"value", ns::forms}) : std::nullopt;
    if (value) {
      return value->text();
    }
  }
  return {};
}

// Which node a notification was of stands in its id, as a hash, and its name among those of who could not get it.
Task<void> find_bounced(Home& here, BareJid service, Jid subscriber, std::string id) {
  const Result<std::vector<std::string>> nodes = co_await here.world().stores.pubsub.subscribed_by(service, subscriber);
  if (!nodes) {
    log::warning("pubsub-bounce-not-followed", {{"service", service.str()}, {"cause", nodes.error().what}});
    co_return;
  }
  for (const std::string& node : *nodes) {
    if (id.starts_with(notification_id(here.world(), node) + "-")) {
      at_service(here, service, node, [subscriber, node](Service& there) { there.take_bounce(subscriber, node); }, [] {});
      co_return;
    }
  }
}

}  // namespace

bool take_message(Home& here, const BareJid& service, const Envelope& envelope) {
  const Stanza& stanza = *envelope.stanza;
  if (stanza.type() == StanzaType::error) {
    const auto error = StanzaError::read(stanza.element());
    const bool is_gone = error && (error->condition == StanzaCondition::gone || error->condition == StanzaCondition::item_not_found);
    if (is_gone && stanza.has_id()) {   // section 12.4; others may be there again
      spawn(find_bounced(here, service, *stanza.from(), std::string(stanza.id())));
    }
    return true;
  }
  if (!stanza.child({"x", ns::forms})) [[likely]] {
    return false;
  }
  Result<std::optional<Form>, StanzaError> form = Form::parse_child_of(stanza.element());
  if (!form || !*form || (**form).type == FormType::form || form_type_of(*stanza.child({"x", ns::forms})) != ns::pubsub_subscribe_authorization) {
    return false;
  }
  const std::string node((**form).value("pubsub#node").value_or(""));
  if ((**form).type == FormType::submit && !node.empty() && node.size() <= longest_node) {
    at_service(
        here, service, node, [envelope, node, form = std::move(**form)](Service& there) { there.take_approval(envelope, node, form); },
        [&here, envelope] { here.router().bounce(here, envelope, StanzaError(StanzaCondition::resource_constraint)); });
  }
  return true;   // a cancelled one leaves the request where it is
}

}  // namespace aldis::pubsub
