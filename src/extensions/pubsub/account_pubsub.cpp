// XEP-0060 (1.30) at accounts ("pubsub-on-a-JID", its section 9): each account has a service of its own at its bare address. Who is what to its owner,
// and who is told without having subscribed, is said by PersonalRules: XEP-0163 has better ones than those here, which know presence
// subscriptions and roster groups alone.
#include "core/account.h"
#include "core/extension.h"
#include "core/home.h"
#include "core/virtual_host.h"
#include "extensions/extensions.h"
#include "extensions/pubsub/features.h"
#include "extensions/pubsub/requests.h"
#include "extensions/pubsub/service.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

using pubsub::PubSubOptions;

inline constexpr auto account_pubsub_option_list = std::tuple{
    Option{"nodes", &PubSubOptions::nodes_of_an_account, Range{1, 10'000}, "Nodes of an account."},
    Option{"items", &PubSubOptions::items, Range{1, 1'000'000}, "Items that a node keeps, whatever its owner configures."},
    Option{"item_bytes", &PubSubOptions::item_bytes, Range{1 * KiB, 1 * MiB}, "Bytes of an item's payload."},
    Option{"bytes", &PubSubOptions::bytes_of_an_account, Range{64 * KiB, 10 * GiB}, "Bytes of items that the nodes of an account keep."},
    Option{"keep_items_for", &PubSubOptions::keep_items_for, Range{std::chrono::seconds(0), std::chrono::seconds(86400LL * 36500)},
           "How long items stay, whatever a node's owner configures. 0: no limit."},
    Option{"subscriptions", &PubSubOptions::subscriptions, Range{1, 10'000'000}, "Subscriptions of a node."},
    Option{"subscriptions_of_a_subscriber", &PubSubOptions::subscriptions_of_a_subscriber, Range{1, 1000},
           "Subscriptions of one user, all his clients together, to one node."},
    Option{"affiliations", &PubSubOptions::affiliations, Range{10, 1'000'000}, "Owners, publishers, members and outcasts of a node together."},
    Option{"longest_lease", &PubSubOptions::longest_lease, Range{std::chrono::seconds(60), std::chrono::seconds(86400LL * 3650)},
           "The latest end of a subscription that has one (XEP-0060 section 12.18)."},
    Option{"page", &PubSubOptions::page, Range{1, 1000}, "Items or nodes in one answer; the rest is asked for page by page (XEP-0059)."},
    pubsub::position_interval_option,
};

class RosterRules final : public pubsub::PersonalRules {
 public:
  Task<Result<pubsub::Relation>> relation(Home& home, BareJid owner, BareJid who) override {
    pubsub::Relation relation;
    if (const Account* account = home.find_account(owner); account != nullptr && account->exists()) {
      fill(relation, account->roster(), who);
      relation.is_blocked = account->blocked().blocks(who);
      co_return relation;
    }
    const Result<RosterData> roster = co_await home.world().stores.rosters.load(owner);
    const Result<std::vector<Jid>> blocked = co_await home.world().stores.blocks.load(owner);
    if (!roster || !blocked) {
      co_return fail(roster ? blocked.error() : roster.error());
    }
    fill(relation, Roster(*roster, home.contacts_of(owner)), who);
    policy::BlockList list;
    for (const Jid& each : *blocked) {
      list.add(each);
    }
    relation.is_blocked = list.blocks(who);
    co_return relation;
  }
  Task<std::vector<pubsub::Interested>> interested(Home&, BareJid, std::string) override { co_return std::vector<pubsub::Interested>{}; }
  pubsub::NodeConfig defaults(std::string_view, pubsub::NodeConfig base) const override { return base; }

 private:
  static void fill(pubsub::Relation& relation, const Roster& roster, const Jid& who) {
    relation.sees_presence = roster.has_from(who);
    if (auto item = roster.find(who)) {
      relation.groups = std::move(item->groups);
    }
  }
};

// Somebody's client has come online: of the domains of nodes it is sent the last item where a node says so (section 12.2).
Task<void> show_subscribed(Home& home, BareJid domain, FullJid client, std::optional<WallTime> since) {
  Result<std::vector<std::string>> nodes = co_await home.world().stores.pubsub.shown_to(domain, client.bare());
  if (nodes && !nodes->empty()) {
    pubsub::show_last_items(home, std::move(domain), {.client = std::move(client), .since = since}, std::move(*nodes));
  }
}

}  // namespace

const OptionTable& account_pubsub_options() { return option_table<PubSubOptions>(account_pubsub_option_list); }

void install_account_pubsub(Extension& self) {
  const auto options = std::make_shared<const PubSubOptions>(self.config<PubSubOptions>());
  pubsub::Seam& seam = pubsub::seam_of(self);
  if (seam.personal == nullptr) {
    seam.personal = std::make_unique<RosterRules>();
  }
  for (const std::string& feature : pubsub::features_of_account()) {
    self.advertise_account(feature);
  }
  self.house_beside_accounts([options](Home& home, const VirtualHost& host, BareJid jid) -> std::unique_ptr<Resident> {
    return std::make_unique<pubsub::Service>(home, host, jid, pubsub::Service::Site{jid, options, pubsub::find_seam(host)});
  });
  for (const std::string_view space : {ns::pubsub, ns::pubsub_owner}) {
    self.on_iq_get({"pubsub", space}, {Recipient::own_account, Recipient::other_account}, pubsub::answer_request);
    self.on_iq_set({"pubsub", space}, {Recipient::own_account, Recipient::other_account}, pubsub::answer_request);
  }
  self.answer_nodes_of_account(pubsub::answer_discovery);
  self.on_incoming(Phase::check, StanzaKinds::message, [](const HookCall& call) -> Step {
    const bool is_taken = call.stanza().to()->is_bare() && pubsub::take_message(call.account.home(), call.account.jid(), call.envelope);
    if (is_taken && call.stanza().type() != StanzaType::error) {
      return Verdict(Consume{});
    }
    return Verdict(Pass{});
  });
  self.on_available([](Session& session) {
    Home& home = session.account().home();
    for (const auto& [domain, host] : home.world().hosts) {
      if (!host->has_accounts && host->beside_accounts) {
        spawn(show_subscribed(home, host->jid(), session.jid(), pubsub::last_there(*session.presence(), home.world().clock.wall())));
      }
    }
  });
  pubsub::remove_expired(self);
}

}  // namespace aldis::ext
