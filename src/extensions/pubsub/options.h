// PubSubOptions: what publish-subscribe allows: at a domain of nodes, [domain.extension.pubsub], and at accounts, [domain.extension.account_pubsub],
// which has its own table (account_pubsub.cpp).
#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/options.h"
#include "xmpp/pubsub.h"

namespace aldis::pubsub {

enum class Creators : std::uint8_t { everybody, local, listed, administrators };
constexpr auto option_names(Creators) {
  return std::array{OptionName{"everybody", Creators::everybody}, OptionName{"local", Creators::local},
                    OptionName{"listed", Creators::listed}, OptionName{"administrators", Creators::administrators}};
}
// Of a domain of nodes; that of accounts' nodes is presence (XEP-0163 section 3).
enum class DefaultAccess : std::uint8_t { open, authorize, whitelist };
constexpr auto option_names(DefaultAccess) {
  return std::array{OptionName{"open", DefaultAccess::open}, OptionName{"authorize", DefaultAccess::authorize},
                    OptionName{"whitelist", DefaultAccess::whitelist}};
}

struct PubSubOptions {
  std::string name = "Publish-subscribe";
  Creators creators = Creators::local;
  std::vector<std::string> creator_list;
  bool auto_create = false;
  DefaultAccess default_access = DefaultAccess::open;
  std::uint32_t nodes = 1'000'000;
  std::uint32_t nodes_of_a_creator = 1000;
  std::uint32_t nodes_of_an_account = 200;
  std::uint32_t items = 1000;
  Bytes item_bytes = 64 * KiB;
  Bytes bytes = 4 * GiB;
  Bytes bytes_of_an_account = 20 * MiB;
  std::chrono::seconds keep_items_for{0};
  std::uint32_t subscriptions = 100'000;
  std::uint32_t subscriptions_of_a_subscriber = 20;
  std::uint32_t affiliations = 10'000;
  std::uint32_t children = 1000;
  std::chrono::seconds longest_lease{86400LL * 365};
  std::uint32_t page = 100;
  std::chrono::milliseconds position_interval{500};
};

inline constexpr Option position_interval_option{
    "position_interval", &PubSubOptions::position_interval, Range{std::chrono::milliseconds(0), std::chrono::milliseconds(10'000)},
    "How often a node's subscribers are told of positions (XEP-0080) at most; what is published more often is stored as it comes, and the last of it told "
    "at the end of this time. 0: always."};

inline constexpr auto pubsub_option_list = std::tuple{
    Option{"name", &PubSubOptions::name, Range{1, 200}, "What the service is called in lists."},
    Option{"creators", &PubSubOptions::creators,
           "Who may create nodes: \"everybody\", other servers' users too; \"local\": accounts of this server; \"listed\": those of "
           "creator_list; \"administrators\": those of this domain. Administrators always may."},
    Option{"creator_list", &PubSubOptions::creator_list, Range{0, 1000},
           "With creators = \"listed\": addresses of people, or domains whose users may create nodes."},
    Option{"auto_create", &PubSubOptions::auto_create,
           "Who may create nodes creates one by publishing to it (XEP-0060 section 7.1.4)."},
    Option{"default_access", &PubSubOptions::default_access,
           "Who may subscribe to a new node, unless configured otherwise: \"open\": everybody; \"authorize\": whom an owner approves; "
           "\"whitelist\": whom an owner has named."},
    Option{"nodes", &PubSubOptions::nodes, Range{0, 100'000'000}, "Nodes of the domain. 0: no limit."},
    Option{"nodes_of_a_creator", &PubSubOptions::nodes_of_a_creator, Range{0, 10'000'000},
           "Nodes that one address has created; administrators are not counted. 0: no limit."},
    Option{"items", &PubSubOptions::items, Range{1, 1'000'000}, "Items that a node keeps, whatever its owner configures."},
    Option{"item_bytes", &PubSubOptions::item_bytes, Range{1 * KiB, 1 * MiB}, "Bytes of an item's payload."},
    Option{"bytes", &PubSubOptions::bytes, Range{Bytes{0}, 1024 * GiB}, "Bytes of items that the domain keeps. 0: no limit."},
    Option{"keep_items_for", &PubSubOptions::keep_items_for, Range{std::chrono::seconds(0), std::chrono::seconds(86400LL * 36500)},
           "How long items stay, whatever a node's owner configures. 0: no limit."},
    Option{"subscriptions", &PubSubOptions::subscriptions, Range{1, 10'000'000}, "Subscriptions of a node."},
    Option{"subscriptions_of_a_subscriber", &PubSubOptions::subscriptions_of_a_subscriber, Range{1, 1000},
           "Subscriptions of one user, all his clients together, to one node."},
    Option{"affiliations", &PubSubOptions::affiliations, Range{10, 1'000'000}, "Owners, publishers, members and outcasts of a node together."},
    Option{"children", &PubSubOptions::children, Range{1, 1'000'000}, "Nodes of a collection, whatever its owner configures (XEP-0248)."},
    Option{"longest_lease", &PubSubOptions::longest_lease, Range{std::chrono::seconds(60), std::chrono::seconds(86400LL * 3650)},
           "The latest end of a subscription that has one (XEP-0060 section 12.18)."},
    Option{"page", &PubSubOptions::page, Range{1, 1000}, "Items or nodes in one answer; the rest is asked for page by page (XEP-0059)."},
    position_interval_option,
};

}  // namespace aldis::pubsub
