// Where services live: the resident of an account's nodes is at its address; a domain's nodes are in parts, by a keyed hash of the NodeID, so that
// nobody can aim many at one shard.
#include "core/virtual_host.h"
#include "extensions/pubsub/attachment_names.h"
#include "extensions/pubsub/service.h"
#include "xmpp/number.h"

namespace aldis::pubsub {

BareJid resident_for(const World& world, const BareJid& service, std::string_view node) {
  if (service.has_local()) {
    return service;
  }
  const std::optional<std::string> target = attached_to(service, node);   // XEP-0470: with the node whose items it is about
  const std::size_t part = static_cast<std::size_t>(world.placement(target ? std::string_view(*target) : node) % parts_of_a_domain);
  const Result<BareJid, JidError> address = BareJid::of("part-" + std::to_string(part), service.domain());
  ensure(address.has_value(), "a part has an address");
  return *address;
}

void at_service(Home& here, const BareJid& service, std::string_view node, std::function<void(Service&)> work, std::function<void()> refused) {
  const World& world = here.world();
  const VirtualHost* host = world.find_host(service.domain());
  if (host == nullptr || !host->beside_accounts) {
    refused();
    return;
  }
  BareJid address = resident_for(world, service, node);
  Home& home = world.home_of(address.str());
  auto go = [&home, host, address, work = std::move(work), refused = std::move(refused)] {
    home.residents().with(address, *host, [work](Resident& resident) { work(static_cast<Service&>(resident)); }, refused);
  };
  if (&home == &here) {
    go();
  } else {
    home.shard().post(std::move(go));
  }
}

std::optional<WallTime> last_there(const Stanza& presence, WallTime now) {
  const auto ago = presence.child({"ago", "urn:xmpp:ago:0"});
  const auto seconds = ago ? parse_number<std::int64_t>(ago->attribute("secs").value_or(""), 0, std::int64_t{86400} * 36500) : std::nullopt;
  return seconds ? std::optional(now - std::chrono::seconds(*seconds)) : std::nullopt;
}

Seam& seam_of(Extension& self) { return self.host().shared<Seam>(); }
const Seam* find_seam(const VirtualHost& host) { return host.find_shared<Seam>(); }

}  // namespace aldis::pubsub
