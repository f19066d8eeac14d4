// XEP-0060 (1.30) Publish-Subscribe and XEP-0248 (0.5.0) Collection Nodes: the service of a domain of nodes: what it says of itself, and its parts
// (extensions/pubsub/service.h, docs/adr/0051). Left out: digests, subscriptions that end with presence, purge_offline, transformations (XSLT),
// payment, the access models presence and roster (which accounts' services have), and subscribing to the root.
#include "core/extension.h"
#include "core/home.h"
#include "core/virtual_host.h"
#include "extensions/extensions.h"
#include "extensions/pubsub/features.h"
#include "extensions/pubsub/get_pending.h"
#include "extensions/pubsub/requests.h"
#include "extensions/pubsub/service.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {

const OptionTable& pubsub_options() { return option_table<pubsub::PubSubOptions>(pubsub::pubsub_option_list); }

void install_pubsub(Extension& self) {
  const auto options = std::make_shared<const pubsub::PubSubOptions>(self.config<pubsub::PubSubOptions>());
  self.identify("pubsub", "service", options->name);
  self.has_no_accounts();
  for (const std::string& feature : pubsub::features_of_domain(*options)) {
    self.advertise(feature);
  }
  self.house_beside_accounts([options](Home& home, const VirtualHost& host, BareJid jid) -> std::unique_ptr<Resident> {
    return std::make_unique<pubsub::Service>(home, host, std::move(jid), pubsub::Service::Site{host.jid(), options, pubsub::find_seam(host)});
  });
  for (const std::string_view space : {ns::pubsub, ns::pubsub_owner}) {
    self.on_iq_get({"pubsub", space}, {Recipient::server}, pubsub::answer_request);
    self.on_iq_set({"pubsub", space}, {Recipient::server}, pubsub::answer_request);
  }
  self.list_items([](const Iq& request) { return pubsub::answer_discovery(request, false); });
  self.answer_nodes_of_domain(pubsub::answer_discovery);
  self.on_message_to_domain([](Home& here, const Envelope& envelope) {
    const Stanza& stanza = *envelope.stanza;
    if (!pubsub::take_message(here, stanza.to()->bare(), envelope) && stanza.type() != StanzaType::headline) {
      here.router().bounce(here, envelope, StanzaError(StanzaCondition::service_unavailable));
    }
  });
  pubsub::offer_get_pending(self);
  pubsub::remove_expired(self);
}

}  // namespace aldis::ext
