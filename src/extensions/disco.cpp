// XEP-0030 (2.5.0) Service Discovery and XEP-0128 (1.0.1) extended information: what the domain, its components and its accounts offer. An
// account answers only those who may see its presence; to others it says what an account that does not exist says
// (security L01). Nodes belong to the extensions that registered them.
#include "extensions/disco.h"

#include <algorithm>

#include "core/account.h"
#include "core/extension.h"
#include "core/home.h"
#include "extensions/extensions.h"
#include "policy/peer_rules.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

void write_features(xml::Writer& writer, const std::set<std::string, std::less<>>& features) {
  for (const std::string& feature : features) {
    writer.start("feature").attribute("var", feature).end();
  }
}

void write_item(xml::Writer& writer, std::string_view jid, std::string_view name) {
  writer.start("item").attribute("jid", jid);
  if (!name.empty()) {
    writer.attribute("name", name);
  }
  writer.end();
}

// What the domain lists: what extensions have put there, the services of domains below it that are served here too, and components
// as they are configured, connected or not.
void write_items(xml::Writer& writer, const Iq& request) {
  for (const auto& item : request.host().discovery.items) {
    write_item(writer, item.jid.str(), item.name);
  }
  const std::string below = "." + std::string(request.host().domain());
  for (const auto& [domain, host] : request.home().world().hosts) {
    if (!host->has_accounts && domain.ends_with(below)) {
      write_item(writer, domain, host->discovery.identity.name);
    }
  }
  const policy::PeerRulesPtr rules = request.home().world().policy.peers();
  if (rules == nullptr) {
    return;
  }
  for (const policy::ComponentEntry& component : rules->components()) {
    if (std::ranges::count(component.listed_by, request.host().domain()) != 0) {
      write_item(writer, component.domain, component.name);
    }
  }
}

IqReply server_query(const Iq& request, bool is_info) {
  const std::string_view node = request.payload().attribute("node").value_or("");
  std::string payload;
  xml::Writer writer(payload);
  writer.start("query", is_info ? ns::disco_info : ns::disco_items);
  if (!node.empty()) {
    const auto& nodes = request.host().discovery.nodes;
    const auto found = nodes.find(node.substr(0, node.find('#')));
    const auto exact = nodes.find(node);
    const auto& use = exact != nodes.end() ? exact : found;
    if (use == nodes.end()) {
      const auto& more = request.host().discovery.nodes_of_domain;
      return more ? more(request, is_info) : IqReply(request.error(StanzaCondition::item_not_found));
    }
    writer.attribute("node", node);
    const std::optional<StanzaError> error = is_info ? use->second.info(request, writer) : use->second.items(request, writer);
    if (error) {
      return request.error(*error);
    }
  } else if (is_info) {
    write_server_info(writer, request.host());
  } else if (request.host().discovery.list_items) {
    return request.host().discovery.list_items(request);
  } else {
    write_items(writer, request);
  }
  writer.end();
  return request.result(payload);
}

IqReply account_info(const Iq& request) {
  const Account* account = request.account();
  const bool has_node = request.payload().attribute("node").has_value();
  if (const auto& nodes = request.host().discovery.nodes_of_account; has_node && nodes) {
    return nodes(request, true);
  }
  if (account == nullptr || !request.sender_sees_presence()) {
    return request.error(StanzaCondition::service_unavailable);  // section 8
  }
  if (has_node) {
    return request.error(StanzaCondition::item_not_found);
  }
  std::string payload;
  xml::Writer writer(payload);
  writer.start("query", ns::disco_info);
  writer.start("identity").attribute("category", "account");
  writer.attribute("type", account->is_ephemeral() ? "anonymous" : "registered").end();
  for (const auto& identity : request.host().discovery.account_identities) {
    writer.start("identity").attribute("category", identity.category).attribute("type", identity.type).end();
  }
  write_features(writer, request.host().discovery.account_features);
  writer.end();
  return request.result(payload);
}

IqReply account_items(const Iq& request) {
  if (const auto& nodes = request.host().discovery.nodes_of_account) {
    return nodes(request, false);
  }
  const Account* account = request.account();
  std::string payload;
  xml::Writer writer(payload);
  writer.start("query", ns::disco_items);
  if (const auto node = request.payload().attribute("node")) {
    writer.attribute("node", *node);
  }
  // Section 8: nothing for strangers, and the same nothing where there is no account.
  if (account != nullptr && request.recipient() == Recipient::own_account && !request.payload().attribute("node")) {
    for (const auto& session : account->sessions()) {
      if (session->is_available()) {
        writer.start("item").attribute("jid", session->jid().str()).end();
      }
    }
  }
  writer.end();
  return request.result(payload);
}

}  // namespace

void write_server_info(xml::Writer& writer, const VirtualHost& host) {
  const auto& identity = host.discovery.identity;
  writer.start("identity").attribute("category", identity.category).attribute("type", identity.type).attribute("name", identity.name).end();
  write_features(writer, host.discovery.server_features);
  for (const auto& form : host.discovery.server_forms) {
    form(writer);
  }
}

void install_disco(Extension& self) {
  self.advertise(ns::disco_info);
  self.advertise(ns::disco_items);
  self.advertise_account(ns::disco_info);
  self.advertise_account(ns::disco_items);
  constexpr XmlName info{"query", ns::disco_info};
  constexpr XmlName items{"query", ns::disco_items};
  self.on_iq_get(info, {Recipient::server}, [](const Iq& request) { return server_query(request, true); });
  self.on_iq_get(items, {Recipient::server}, [](const Iq& request) { return server_query(request, false); });
  self.on_iq_get(info, {Recipient::own_account, Recipient::other_account}, account_info);
  self.on_iq_get(items, {Recipient::own_account, Recipient::other_account}, account_items);
}

}  // namespace aldis::ext
