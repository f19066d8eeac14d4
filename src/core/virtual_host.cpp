// A served domain: installation of its extensions, the lookups of the world, and what is addressed to the domain itself.
#include "core/virtual_host.h"

#include <algorithm>

#include "base/log.h"
#include "core/home.h"
#include "core/session.h"
#include "core/world.h"
#include "policy/peer_rules.h"
#include "xmpp/namespaces.h"

namespace aldis {
namespace {

// XEP-0198 section 8.2: enabled inside XEP-0386's <bind/>.
std::string enable_inline(Session& session, const xml::Element& element) {
  const auto read = stream::read_management(element);
  const auto* request = read ? std::get_if<stream::EnableRequest>(&*read) : nullptr;
  return request != nullptr ? session.enable_management(*request)
                            : stream::management_failed(StanzaCondition::bad_request);
}

}  // namespace

VirtualHost::VirtualHost(BareJid domain) : jid_(std::move(domain)) {
  inline_features.push_back({{"enable", ns::stream_management}, enable_inline});
}

World::World(const Clock& c, Random& r, Stores s) : clock(c), random(r), stores(s), placement(r), archive_form(KeyedHash(r)) {}
World::~World() = default;

const VirtualHost* World::find_host(std::string_view domain) const {
  const auto found = hosts.find(domain);
  return found == hosts.end() ? nullptr : found->second.get();
}

std::optional<bool> World::is_in_group(const Jid& who, const GroupName& group) const {
  const VirtualHost* host = who.domain() == group.domain ? find_host(group.domain) : nullptr;
  if (host == nullptr) {
    return false;
  }
  const SharedGroupsPtr groups = host->groups();
  return groups != nullptr ? std::optional(groups->has(group.group, who.bare_str())) : host->expects_groups ? std::nullopt : std::optional(false);
}

bool World::is_component(std::string_view domain) const {
  const policy::PeerRulesPtr rules = policy.peers();
  return rules != nullptr && rules->of(domain)->is_component;
}

Home& World::home_of(std::string_view bare) const {
  return *homes[homes.size() == 1 ? 0 : static_cast<std::size_t>(placement(bare) % homes.size())];
}

bool VirtualHost::is_in_group(const Jid& user, const GroupName& group) const {
  const std::string_view of = group.domain.empty() ? domain() : std::string_view(group.domain);
  if (user.domain() != of) {
    return false;
  }
  const VirtualHost* host = of == domain() ? this : world_ != nullptr ? world_->find_host(of) : nullptr;
  const SharedGroupsPtr groups = host != nullptr ? host->groups() : nullptr;
  return groups != nullptr && groups->has(group.group, user.bare_str());
}

bool VirtualHost::is_administrator(const Jid& jid) const {
  const auto all = std::atomic_load(&administrators_);
  return all->people.contains(jid.bare()) ||
         std::ranges::any_of(all->groups, [&](const GroupName& group) { return is_in_group(jid, group); });
}

void VirtualHost::install(const ExtensionEntry& entry, World& world, OptionObject config) {
  world_ = &world;
  ensure(extensions_.insert(std::string(entry.name)).second, "an extension is installed once");
  Extension extension(entry.name, *this, world, std::move(config));
  entry.install(extension);
}

void VirtualHost::deliver(Home& here, const Envelope& envelope) const {
  const Stanza& stanza = *envelope.stanza;
  const auto refuse = [&](StanzaCondition condition) { here.router().bounce(here, envelope, StanzaError(condition)); };
  if (stanza.is_iq()) {
    if (!stanza.is_request()) {
      return;
    }
    const IqHandler* handler =
        stanza.to()->is_domain() ? requests.find(stanza.type(), stanza.payload()->name(), Recipient::server) : nullptr;
    if (handler == nullptr) {
      refuse(StanzaCondition::service_unavailable);
      return;
    }
    IqReply reply = (*handler)(Iq(envelope, Recipient::server, *this, here));
    if (auto* answer = std::get_if<StanzaPtr>(&reply.state())) {
      here.reply(envelope, std::move(*answer));
    } else if (auto* waiting = std::get_if<Task<StanzaPtr>>(&reply.state())) {
      spawn([](Home& home, Envelope request, Task<StanzaPtr> task) -> Task<void> {
        StanzaPtr answer = co_await std::move(task);
        home.reply(request, std::move(answer));
      }(here, envelope, std::move(*waiting)));
    }
    return;
  }
  if (stanza.is_message() && messages && stanza.to()->is_domain()) {
    messages(here, envelope);
    return;
  }
  if (stanza.is_message() && stanza.type() != StanzaType::error && stanza.type() != StanzaType::headline) {
    refuse(StanzaCondition::service_unavailable);  // nobody reads the domain's messages
  }
}

}  // namespace aldis
