// Commands about other servers.
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
    listing.rows.push_back({line.topic, line.is_good, line.text});
  }
  co_return listing;
}

}  // namespace aldis::admin::commands
