// XEP-0163 (1.2.2) Personal Eventing Protocol: every account is a publish-subscribe service; what that does is in extensions/pubsub, and here is
// what it asks about its owner: who sees his presence and is in which groups, who is blocked, whose clients are online with which
// interests, how nodes are by default. Who comes online, or wants more than before, or is let in, is shown the last items (section 4.3.4).
#include <algorithm>
#include <array>
#include <iterator>
#include <set>

#include "core/account.h"
#include "core/extension.h"
#include "core/home.h"
#include "core/virtual_host.h"
#include "extensions/extensions.h"
#include "extensions/pep/defaults.h"
#include "extensions/pep/relations.h"
#include "extensions/pep/watchers.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

// Members of larger groups are not watched: everybody would be by everybody. They are asked for when something is published, and are not shown
// the last items when they come.
constexpr std::size_t most_watched_members = 500;

bool is_watched(const Roster& roster, const Jid& contact) {
  return roster.contains(contact) && (roster.shared().size_at_most() <= most_watched_members || !roster.shares(contact));
}

bool is_let_in(const BareJid& owner, const Jid& client, const pubsub::Relation& relation) {
  return client.bare_str() == owner.str() || (relation.sees_presence && !relation.is_blocked);
}

// One cache for each home and all domains, made and used on its shard only.
class CapabilitiesOfHomes {
 public:
  Capabilities& of(Home& home) {
    auto& slot = homes_[home.index()];
    if (slot == nullptr) {
      slot = std::make_unique<Capabilities>(home.questions(), home.shard());
    }
    return *slot;
  }
  // Of this domain, which are those of the domains before it.
  static std::shared_ptr<CapabilitiesOfHomes> shared_by(Extension& self) {
    std::shared_ptr<CapabilitiesOfHomes>& own = self.host().shared<Part>().all;
    for (const auto& [domain, host] : self.world().hosts) {
      const Part* other = host->find_shared<Part>();
      own = own == nullptr && other != nullptr ? other->all : own;
    }
    own = own == nullptr ? std::make_shared<CapabilitiesOfHomes>() : own;
    return own;
  }

 private:
  struct Part {
    std::shared_ptr<CapabilitiesOfHomes> all;
  };
  std::array<std::unique_ptr<Capabilities>, 256> homes_;
};

// What one home knows of a domain's accounts.
class PepHome {
 public:
  PepHome(Home& home, Capabilities& capabilities)
      : watchers_(capabilities, [this, &home](const BareJid& owner, const FullJid& client, std::vector<std::string> nodes, Watchers::Since since) {
          spawn(show_if_let_in(home, owner, client, std::move(nodes), since));
        }) {}

  [[nodiscard]] Watchers& watchers() { return watchers_; }
  void contact_changed(const Account& account, const BareJid* contact) {
    if (!account.exists()) {
      watchers_.forget(account.jid());
      return;
    }
    watchers_.changed(account.jid(), contact, [&](const Jid& client) {
      if (!is_watched(account.roster(), client)) {
        return Watchers::Standing::unknown;
      }
      return is_let_in(account.jid(), client, relation_in(account, client)) ? Watchers::Standing::let_in : Watchers::Standing::outside;
    });
  }

 private:
  Task<void> show_if_let_in(Home& home, BareJid owner, FullJid client, std::vector<std::string> nodes, Watchers::Since since) {
    std::optional<Account::Pin> pin;
    if (Account* account = home.find_account(owner)) {
      pin.emplace(*account);
    }
    const Result<pubsub::Relation> relation = co_await relation_of(home, owner, client.bare());
    const bool may_see = relation && is_let_in(owner, client, *relation);
    watchers_.set_let_in(owner, client, may_see);
    if (may_see) {
      pubsub::show_last_items(home, owner, {.client = client, .relation = *relation, .since = since}, std::move(nodes));
    }
  }

  Watchers watchers_;
};

// One for each home, made and used on its shard only.
class PepHomes {
 public:
  explicit PepHomes(std::shared_ptr<CapabilitiesOfHomes> capabilities) : capabilities_(std::move(capabilities)) {}
  PepHome& of(Home& home) {
    auto& slot = homes_[home.index()];
    if (slot == nullptr) {
      slot = std::make_unique<PepHome>(home, capabilities_->of(home));
    }
    return *slot;
  }

 private:
  std::shared_ptr<CapabilitiesOfHomes> capabilities_;
  std::array<std::unique_ptr<PepHome>, 256> homes_;
};

class Personal final : public pubsub::PersonalRules {
 public:
  explicit Personal(std::shared_ptr<PepHomes> homes) : homes_(std::move(homes)) {}

  Task<Result<pubsub::Relation>> relation(Home& home, BareJid owner, BareJid who) override { return relation_of(home, std::move(owner), std::move(who)); }

  Task<std::vector<pubsub::Interested>> interested(Home& home, BareJid owner, std::string node) override {
    std::vector<pubsub::Interested> found;
    const auto wants = [&](const Watcher& watcher) { return includes(watcher.interests, node); };
    Watchers& watchers = homes_->of(home).watchers();
    const SharedContacts members = home.contacts_of(owner);
    std::vector<FullJid> unwatched;
    if (members.size_at_most() > most_watched_members) {
      std::vector<FullJid> wanting = co_await members_that_want(home, members, node);
      unwatched = std::move(wanting);
    }
    if (unwatched.empty() && std::ranges::none_of(watchers.of(owner), wants)) {
      co_return found;
    }
    const Result<Relations> relations = co_await relations_of(home, owner);
    if (!relations) {
      co_return found;
    }
    for (const Watcher& watcher : watchers.of(owner)) {
      if (wants(watcher)) {
        pubsub::Relation relation = (*relations)(watcher.client);
        if (is_let_in(owner, watcher.client, relation)) {
          found.push_back({.client = watcher.client, .relation = std::move(relation)});
        }
      }
    }
    std::set<std::string> watched;
    std::ranges::transform(found, std::inserter(watched, watched.end()), [](const pubsub::Interested& each) { return each.client.str(); });
    for (const FullJid& client : unwatched) {
      pubsub::Relation relation = (*relations)(client);
      if (is_let_in(owner, client, relation) && !watched.contains(client.str())) {
        found.push_back({.client = client, .relation = std::move(relation)});
      }
    }
    co_return found;
  }

  pubsub::NodeConfig defaults(std::string_view node, pubsub::NodeConfig base) const override {
    return personal_defaults(node, std::move(base));
  }

 private:
  // By what their clients have announced to their own accounts.
  Task<std::vector<FullJid>> members_that_want(Home& home, SharedContacts members, std::string node) {
    const auto of = std::make_shared<const SharedContacts>(std::move(members));
    std::vector<Completion<std::vector<FullJid>>> asked;
    for (const auto& each : home.world().homes) {
      each->shard().post([homes = homes_, &there = *each, of, node, done = asked.emplace_back()] {
        std::vector<FullJid> clients;
        for (const Account* account : there.available_members(*of)) {
          for (const Watcher& watcher : homes->of(there).watchers().of(account->jid())) {
            if (watcher.client.bare_str() == account->jid().str() && includes(watcher.interests, node)) {
              clients.push_back(watcher.client);
            }
          }
        }
        done.complete(std::move(clients));
      });
    }
    std::vector<FullJid> all;
    for (const Completion<std::vector<FullJid>>& one : asked) {
      std::vector<FullJid> some = co_await one;
      std::ranges::move(some, std::back_inserter(all));
    }
    co_return all;
  }

  std::shared_ptr<PepHomes> homes_;
};

}  // namespace

void install_pep(Extension& self) {
  if (!self.host().has_extension("account_pubsub")) {
    return;   // accounts have no service
  }
  const auto homes = std::make_shared<PepHomes>(CapabilitiesOfHomes::shared_by(self));
  self.identify_account("pubsub", "pep");   // section 6.1
  // Of the access models XEP-0060 means the default; XEP-0373 (section 5.1) and clients ask which there are.
  for (const std::string_view feature : {"access-open", "access-roster", "access-whitelist", "auto-subscribe", "filtered-notifications"}) {
    self.advertise_account(std::string(ns::pubsub) + "#" + std::string(feature));
  }
  pubsub::seam_of(self).personal = std::make_unique<Personal>(homes);

  self.on_outgoing(Phase::copy, StanzaKinds::presence, [homes](const HookCall& call) -> Step {
    const Stanza& presence = call.stanza();
    if (!presence.to() && presence.type() == StanzaType::available) {
      if (const Session* session = call.account.home().find_session(call.envelope.origin)) {
        Home& home = call.account.home();
        homes->of(home).watchers().available(call.account.jid(), session->jid(), presence, pubsub::last_there(presence, home.world().clock.wall()));
      }
    }
    return Verdict(Pass{});
  });
  self.on_unavailable([homes](Session& session, const Stanza&) {
    Account& account = session.account();
    homes->of(account.home()).watchers().unavailable(account.jid(), session.jid());
  });
  // A session that lived through a restart says nothing new.
  self.on_resumed([homes](Session& session) {
    if (session.is_available()) {
      homes->of(session.account().home()).watchers().available(session.account().jid(), session.jid(), *session.presence());
    }
  });
  self.on_incoming(Phase::copy, StanzaKinds::presence, [homes](const HookCall& call) -> Step {
    const Stanza& presence = call.stanza();
    Watchers& watchers = homes->of(call.account.home()).watchers();
    if (presence.type() == StanzaType::unavailable) {
      watchers.unavailable(call.account.jid(), *presence.from());
    } else if (presence.type() == StanzaType::available && presence.from()->is_full() && is_watched(call.account.roster(), *presence.from())) {
      if (const auto client = FullJid::parse(presence.from()->str())) {
        watchers.available(call.account.jid(), *client, presence, pubsub::last_there(presence, call.account.home().world().clock.wall()));
      }
    }
    return Verdict(Pass{});
  });
  self.on_contact_changed([homes](Account& account, const BareJid* contact) {
    homes->of(account.home()).contact_changed(account, contact);
    if (contact != nullptr && account.exists()) {
      pubsub::recheck_subscriptions(account.home(), account.jid(), *contact);
    }
  });
}

}  // namespace aldis::ext
