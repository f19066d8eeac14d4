// What an extension may touch, passed on to its domain.
#include "core/extension.h"

#include <algorithm>

#include "core/virtual_host.h"
#include "core/world.h"

namespace aldis {

const Stores& Extension::stores() const { return world_.stores; }

void Extension::advertise(std::string_view feature) { host_.discovery.server_features.insert(std::string(feature)); }
void Extension::advertise_account(std::string_view feature) { host_.discovery.account_features.insert(std::string(feature)); }
void Extension::identify(std::string category, std::string type, std::string name) {
  host_.discovery.identity = {std::move(category), std::move(type), std::move(name)};
}
void Extension::identify_too(std::string category, std::string type) {
  host_.discovery.other_identities.push_back({std::move(category), std::move(type), {}});
}
void Extension::list_items(std::function<IqReply(const Iq&)> handler) { host_.discovery.list_items = std::move(handler); }
void Extension::house(ResidentFactory residents) {
  ensure(!host_.residents, "one kind of resident lives at a domain's addresses");
  host_.residents = std::move(residents);
  has_no_accounts();
}
void Extension::house_beside_accounts(ResidentFactory residents) {
  ensure(!host_.beside_accounts, "one kind of resident lives beside a domain's accounts");
  host_.beside_accounts = std::move(residents);
}
void Extension::has_no_accounts() { host_.has_accounts = false; }
void Extension::identify_account(std::string category, std::string type) {
  host_.discovery.account_identities.push_back({std::move(category), std::move(type), {}});
}
void Extension::answer_nodes_of_account(std::function<IqReply(const Iq&, bool)> handler) { host_.discovery.nodes_of_account = std::move(handler); }
void Extension::answer_nodes_of_domain(std::function<IqReply(const Iq&, bool)> handler) { host_.discovery.nodes_of_domain = std::move(handler); }
void Extension::on_message_to_domain(std::function<void(Home&, const Envelope&)> handler) {
  ensure(!host_.messages, "one reads the messages to a domain");
  host_.messages = std::move(handler);
}
void Extension::stream_feature(std::string xml) { host_.stream_features.push_back(std::move(xml)); }

void Extension::administer_rooms(std::unique_ptr<RoomAdministration> rooms) {
  ensure(host_.room_administration == nullptr, "one administers the rooms of a domain");
  host_.room_administration = std::move(rooms);
}

void Extension::on_iq_get(XmlName payload, std::initializer_list<Recipient> recipients, IqHandler handler) {
  for (const Recipient recipient : recipients) {
    host_.requests.add(StanzaType::get, payload, recipient, handler);
  }
}

void Extension::on_iq_set(XmlName payload, std::initializer_list<Recipient> recipients, IqHandler handler) {
  for (const Recipient recipient : recipients) {
    host_.requests.add(StanzaType::set, payload, recipient, handler);
  }
}

void Extension::offer_command(AdHocCommand command) {
  std::string node = command.node;
  ensure(host_.commands.emplace(std::move(node), std::move(command)).second, "a command is offered once");
}

void Extension::on_outgoing(Phase phase, StanzaKinds kinds, Hook hook) { host_.outgoing.add(phase, kinds, name_, std::move(hook)); }
void Extension::on_incoming(Phase phase, StanzaKinds kinds, Hook hook) { host_.incoming.add(phase, kinds, name_, std::move(hook)); }
void Extension::on_undelivered(Hook hook) {
  host_.undelivered.add(Phase::record, StanzaKinds::message, name_, std::move(hook));
}

void Extension::on_bound(std::function<void(Session&)> observer) { host_.observers.bound.push_back(std::move(observer)); }
void Extension::on_available(std::function<void(Session&)> observer) {
  host_.observers.available.push_back(std::move(observer));
}
void Extension::on_unavailable(std::function<void(Session&, const Stanza& presence)> observer) {
  host_.observers.unavailable.push_back(std::move(observer));
}
void Extension::on_resumed(std::function<void(Session&)> observer) { host_.observers.resumed.push_back(std::move(observer)); }
void Extension::on_ended(std::function<void(Session&)> observer) { host_.observers.ended.push_back(std::move(observer)); }
void Extension::on_delivered(std::function<void(Session&, const Envelope&)> observer) {
  host_.observers.delivered.push_back(std::move(observer));
}
void Extension::on_waiting(std::function<void(Account&, const Envelope&)> observer) {
  host_.observers.waiting.push_back(std::move(observer));
}
void Extension::explain_group_rights(std::function<std::vector<std::string>(const BareJid&)> explain) { host_.group_rights.push_back(std::move(explain)); }
void Extension::on_groups_changed(std::function<void(Home&)> observer) { host_.observers.groups_changed.push_back(std::move(observer)); }
void Extension::on_contact_changed(std::function<void(Account&, const BareJid*)> observer) {
  host_.observers.contact_changed.push_back(std::move(observer));
}
void Extension::on_nonza(XmlName name, NonzaHandler handler) { host_.nonzas.push_back({name, std::move(handler)}); }
void Extension::on_bind_inline(XmlName name, InlineHandler handler) {
  const bool is_new = std::ranges::find(host_.inline_features, name, &VirtualHost::InlineFeature::name) == host_.inline_features.end();
  ensure(is_new, "an inline request has one handler");
  host_.inline_features.push_back({name, std::move(handler)});
}
void Extension::on_bound_metadata(std::function<Task<std::string>(Account&)> metadata) {
  host_.bound_metadata.push_back(std::move(metadata));
}

void Extension::on_time(PeriodicWork work) { host_.periodic.push_back(std::move(work)); }

}  // namespace aldis
