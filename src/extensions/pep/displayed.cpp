// XEP-0490 (1.0.1) Message Displayed Synchronization: server assist (section 4.5). A message of a client that says beside something else what
// its user has seen: that element is taken out of it and published in the account's node urn:xmpp:mds:displayed:0, and then the message goes on,
// before it is archived or copied (section 5.2). What cannot be published goes back to its sender, and to nobody. The node itself is a node
// like others; what it is like by default stands in extensions/pep/defaults.cpp.
#include "core/account.h"
#include "core/extension.h"
#include "core/home.h"
#include "core/virtual_host.h"
#include "extensions/extensions.h"
#include "extensions/pubsub/nodes.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

constexpr XmlName displayed{"displayed", ns::displayed};

// Section 4.1: exactly one <stanza-id/>, which is not looked into (section 5.2).
bool is_well_formed(const xml::Element& element) {
  const auto id = element.first_child();
  return element.child_count() == 1 && id && id->is({"stanza-id", ns::stanza_ids}) && id->attribute("id") && id->attribute("by");
}

// Section 4.2; XEP-0223 section 5: a node that others may read is not published to.
Form private_node() {
  Form options(FormType::submit, ns::publish_options);
  options.fields.emplace_back("pubsub#persist_items", FieldType::boolean, std::vector<std::string>{"true"});
  options.fields.emplace_back("pubsub#max_items", FieldType::text_single, std::vector<std::string>{"max"});
  options.fields.emplace_back("pubsub#send_last_published_item", FieldType::list_single, std::vector<std::string>{"never"});
  options.fields.emplace_back("pubsub#access_model", FieldType::list_single, std::vector<std::string>{"whitelist"});
  return options;
}

Task<Verdict> publish_and_pass(Home& home, StanzaPtr message, BareJid owner, std::string payload) {
  pubsub::NodeAddress where{.service = owner, .node = std::string(ns::displayed)};
  std::string id(message->to() ? message->to()->str() : owner.str());
  const Result<std::string, StanzaError> published =
      co_await pubsub::publish(home, std::move(where), *message->from(), std::move(id), std::move(payload), private_node());
  if (!published) {
    co_return Verdict(Reject{published.error()});
  }
  co_return Verdict(Replace{message->amended([](const xml::Element& child) { return child.is(displayed); }, {})});
}

Step on_sent(const HookCall& call) {
  const Stanza& message = call.stanza();
  const auto element = message.child(displayed);
  if (!element || message.is_error()) {
    return Verdict(Pass{});
  }
  if (call.account.is_ephemeral()) {   // nothing of it is stored
    return Verdict(Reject{StanzaError(StanzaCondition::service_unavailable)});
  }
  std::size_t others = 0;
  std::size_t count = 0;
  for (const xml::Element child : message.element().children()) {
    child.is(displayed) ? ++count : ++others;
  }
  if (count != 1 || !is_well_formed(*element)) {
    return Verdict(Reject{StanzaError(StanzaCondition::bad_request, "What has been displayed is one stanza-id.")});
  }
  if (others == 0) {   // section 4.5.3: nobody is sent an empty message
    return Verdict(Reject{StanzaError(StanzaCondition::bad_request, "The message is otherwise empty.")});
  }
  std::string payload;
  xml::Writer(payload, "urn:none").element(*element);
  return publish_and_pass(call.account.home(), call.envelope.stanza, call.account.jid(), std::move(payload));
}

}  // namespace

void install_displayed(Extension& self) {
  if (!self.host().has_extension("account_pubsub")) {
    return;
  }
  self.advertise_account("urn:xmpp:mds:server-assist:0");
  self.on_outgoing(Phase::amend, StanzaKinds::message, on_sent);
}

}  // namespace aldis::ext
