// XEP-0357 (0.4.1) Push Notifications: the user's server's part. A client enables the node of its app server; when a message
// with words waits for clients, because none was there to take it or because a session has lost its connection and waits to
// be resumed, the nodes of those clients that are not connected are published to, from the account's bare address. What is told
// is how many messages wait; sender and words only where the operator says so, for the app server and whoever carries its
// notifications read them. A server may retry a node that was disabled by an error, and this one does not: clients enable
// theirs at each login. Not here: the app server's part.
#include "core/home.h"
#include "core/virtual_host.h"
#include "extensions/extensions.h"
#include "extensions/push/publisher.h"
#include "xmpp/form.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

using Publisher = std::shared_ptr<PushPublisher>;
constexpr std::size_t longest_node = 1023;   // bytes

constexpr auto options = std::tuple{
    Option{"registrations", &PushConfig::registrations, Range{1, 100}, "Nodes of app servers that one account may have enabled."},
    Option{"options_bytes", &PushConfig::options_bytes, Range{Bytes{256}, 64 * KiB},
           "Size of the publish options that a client gives with a node."},
    Option{"include_sender", &PushConfig::include_sender,
           "Whether a notification names the last message's sender. The app server and the push service of the device's maker "
           "read it."},
    Option{"include_body", &PushConfig::include_body,
           "Whether a notification has the last message's words, up to 1024 bytes. The same read them."},
    Option{"answer_time", &PushConfig::answer_time, Range{std::chrono::seconds(5), std::chrono::seconds(600)},
           "How long the next notification waits for the app server's answer to the one before."}};

struct Target {
  Jid service;
  std::optional<std::string> node;
};

// Sections 5 and 6: the jid must be there, the node may.
Result<Target, StanzaError> read_target(const xml::Element& request) {
  const auto jid = request.attribute("jid");
  if (!jid) {
    return fail(StanzaError(StanzaCondition::bad_request, "the address of the app server is missing"));
  }
  Result<Jid, JidError> service = Jid::parse(*jid);
  if (!service) {
    return fail(StanzaError(StanzaCondition::jid_malformed));
  }
  Target target{std::move(*service), std::nullopt};
  if (const auto node = request.attribute("node")) {
    if (node->size() > longest_node) {
      return fail(StanzaError(StanzaCondition::bad_request, "a node has at most 1023 bytes"));
    }
    target.node = std::string(*node);
  }
  return target;
}

// The form as it goes into <publish-options/>; empty: there is none.
Result<std::string, StanzaError> read_options(const xml::Element& enable, std::size_t most) {
  const Result<std::optional<Form>, StanzaError> form = Form::parse_child_of(enable);
  if (!form) {
    return fail(form.error());
  }
  if (!*form) {
    return std::string();
  }
  if ((*form)->type != FormType::submit || (*form)->form_type() != ns::publish_options) {
    return fail(StanzaError(StanzaCondition::bad_request, "publish options are a submitted form of FORM_TYPE " +
                                                              std::string(ns::publish_options)));
  }
  std::string xml;
  xml::Writer writer(xml);
  (*form)->write(writer);
  if (xml.size() > most) {
    return fail(StanzaError(StanzaCondition::not_acceptable, "publish options have at most " + std::to_string(most) + " bytes"));
  }
  return xml;
}

Task<StanzaPtr> enable(Iq request, PushRegistration registration, Publisher publisher, std::size_t most) {
  const Result<void> stored = co_await request.home().world().stores.push.put(request.owner(), registration, most);
  if (!stored) {
    co_return request.failure(stored.error());
  }
  publisher->forget(request.owner(), registration.service, registration.node);
  co_return request.result();
}

Task<StanzaPtr> disable(Iq request, Target target, Publisher publisher) {
  const Result<void> removed = co_await request.home().world().stores.push.remove(request.owner(), target.service, target.node);
  if (!removed) {
    co_return request.failure(removed.error());
  }
  publisher->forget(request.owner(), target.service, target.node);
  co_return request.result();
}

IqReply on_enable(const Iq& request, const PushConfig& config, const Publisher& publisher) {
  const Session* session = request.session();
  const Account* account = request.account();
  if (session == nullptr || account == nullptr) {
    return request.error(StanzaCondition::internal_server_error);
  }
  if (account->is_ephemeral()) {
    return request.error(StanzaCondition::not_allowed, "nothing waits for an anonymous user");
  }
  Result<Target, StanzaError> target = read_target(request.payload());
  if (!target) {
    return request.error(target.error());
  }
  Result<std::string, StanzaError> given = read_options(request.payload(), config.options_bytes.size());
  if (!given) {
    return request.error(given.error());
  }
  PushRegistration registration{.service = std::move(target->service),
                                .node = target->node.value_or(std::string()),
                                .options = std::move(*given),
                                .client = session->principal()->client,
                                .resource = std::string(session->jid().resource())};
  return enable(request, std::move(registration), publisher, config.registrations);
}

IqReply on_disable(const Iq& request, const Publisher& publisher) {
  Result<Target, StanzaError> target = read_target(request.payload());
  if (!target) {
    return request.error(target.error());
  }
  return disable(request, std::move(*target), publisher);
}

}  // namespace

const OptionTable& push_options() { return option_table<PushConfig>(options); }

void install_push(Extension& self) {
  self.advertise_account(ns::push);
  const PushConfig config = self.config<PushConfig>();
  const auto publisher = std::make_shared<PushPublisher>(self.world(), config);
  self.on_iq_set({"enable", ns::push}, {Recipient::own_account},
                 [config, publisher](const Iq& request) { return on_enable(request, config, publisher); });
  self.on_iq_set({"disable", ns::push}, {Recipient::own_account},
                 [publisher](const Iq& request) { return on_disable(request, publisher); });
  const auto forbid = [](const Iq& request) -> IqReply { return request.error(StanzaCondition::forbidden); };
  self.on_iq_set({"enable", ns::push}, {Recipient::other_account}, forbid);
  self.on_iq_set({"disable", ns::push}, {Recipient::other_account}, forbid);
  self.on_waiting([publisher](Account& account, const Envelope& envelope) { publisher->on_waiting(account, envelope); });
  self.on_bound([publisher](const Session& session) { publisher->on_client_here(session); });
  self.on_resumed([publisher](const Session& session) { publisher->on_client_here(session); });
  self.on_incoming(Phase::check, StanzaKinds::iq, [publisher](const HookCall& call) -> Step {
    const Stanza& stanza = call.stanza();
    const bool is_ours = !stanza.is_request() && stanza.to()->is_bare() && publisher->take_answer(call.account, stanza);
    return is_ours ? Verdict(Consume{}) : Verdict(Pass{});
  });
}

}  // namespace aldis::ext
