// Commands about other servers, and components of this one.
#include "operators/commands.h"

namespace aldis::admin::commands {

Outcome peer_list(AdminTarget& target, CommandArguments arguments) {
  static_cast<void>(arguments);
  const auto peers = co_await target.list_peers();
  if (!peers) {
    co_return fail(peers.error());
  }
  OperatorResult listing;
  for (const PeerInfo& peer : *peers) {
    listing.rows.push_back({peer.host, peer.peer, peer.direction, peer.state, some(peer.address), some(peer.tls), some(peer.proof),
                            static_cast<std::int64_t>(peer.stanzas), static_cast<std::int64_t>(peer.waiting),
                            some(peer.last_failure)});
  }
  co_return listing;
}

Outcome peer_explain(AdminTarget& target, CommandArguments arguments) {
  const auto host = arguments.values.find("host");
  const auto explanation =
      co_await target.explain_peer(host != arguments.values.end() ? host->second : std::string(), arguments.values.find("peer")->second);
  if (!explanation) {
    co_return fail(explanation.error());
  }
  OperatorResult listing;
  for (const PeerExplanation::Line& line : explanation->lines) {
    listing.rows.push_back({std::string(line.is_inbound ? "in" : "out"), line.topic, line.is_good, line.text});
  }
  co_return listing;
}

Outcome component_list(AdminTarget& target, CommandArguments arguments) {
  static_cast<void>(arguments);
  const auto components = co_await target.list_components();
  if (!components) {
    co_return fail(components.error());
  }
  OperatorResult listing;
  for (const ComponentInfo& component : *components) {
    listing.rows.push_back({component.domain, component.is_connected, some(component.address), some(component.tls),
                            component.is_connected ? Value(time_text(component.since)) : Value(), number(component.received),
                            number(component.sent), number(component.waiting)});
  }
  co_return listing;
}

}  // namespace aldis::admin::commands
