// PersonalRules: what the service of an account (XEP-0163) asks about its owner and his contacts, and what it does not know itself:
// presence, roster, entity capabilities. The engine decides (access.h); this says what it decides on. Given to a domain of accounts while
// extensions are installed: seam_of(self).personal = ...; without it accounts have no service.
//
// Everything runs on the shard of the account, and resumes there.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/ids.h"
#include "extensions/pubsub/node_config.h"
#include "extensions/pubsub/nodes.h"
#include "runtime/task.h"

namespace aldis {
class Extension;
class Home;
class VirtualHost;
}  // namespace aldis

namespace aldis::pubsub {

// What somebody is to the owner of a service.
struct Relation {
  bool sees_presence = false;            // is subscribed to the owner's presence
  bool is_blocked = false;               // by the owner (XEP-0191): gets nothing, and learns nothing
  std::vector<std::string> groups{};     // of the owner's roster that he is in
};

// A client that is told of a node although nobody has subscribed it: it has sent capabilities with NODE+notify (section 9.2).
struct Interested {
  FullJid client;
  SessionId session = SessionId::none;   // of this server, if it is known; none: it is reached by its address
  Relation relation{};                   // of its user; for the owner's own clients nobody looks at it
  std::optional<WallTime> since{};       // when it was there last, as it says itself (XEP-0312): it gets what has been published since
};

class PersonalRules {
 public:
  virtual ~PersonalRules() = default;
  // An error: it cannot be known, and is a refusal. An account that is not there: not_found.
  [[nodiscard]] virtual Task<Result<Relation>> relation(Home& home, BareJid owner, BareJid who) = 0;
  // Everybody with that interest who is online, the owner's own clients too. Who of them may have it, the engine decides.
  [[nodiscard]] virtual Task<std::vector<Interested>> interested(Home& home, BareJid owner, std::string node) = 0;
  // How a node of this name is when the owner makes it without saying more, by create or by publish (section 7.1.4); `base` is as the
  // domain's options have it, with access model presence.
  [[nodiscard]] virtual NodeConfig defaults(std::string_view node, NodeConfig base) const = 0;
};

class LinkedNodes;   // linked_nodes.h

// What others have put into the service of a domain, or those of its accounts. Filled while extensions are installed.
struct Seam {
  std::unique_ptr<PersonalRules> personal;
  std::vector<std::shared_ptr<LinkedNodes>> links{};
  std::vector<ItemObserver> observers;
  // Asked before an item is stored in a node whose NodeID begins so; its error is the publisher's answer.
  struct PublishCheck {
    std::string prefix;
    std::function<Task<Result<void, StanzaError>>(Home& home, NodeAddress where, std::string payload)> check;
  };
  std::vector<PublishCheck> checks{};
  // Somebody else answers requests about a node of accounts, which is none of the service's then. Nothing: the service does after all.
  struct Substitute {
    std::string node;
    std::function<std::optional<IqReply>(const Iq& request)> answer;
  };
  std::vector<Substitute> substitutes{};
};
[[nodiscard]] Seam& seam_of(Extension& self);
[[nodiscard]] const Seam* find_seam(const VirtualHost& host);   // null: neither

// What he is to the owner has changed: his subscriptions to nodes that he may not have any more end. On the account's shard.
void recheck_subscriptions(Home& here, const BareJid& service, BareJid who);

// When the client that sends this presence was there last, if it says so (XEP-0312 section 2).
[[nodiscard]] std::optional<WallTime> last_there(const Stanza& presence, WallTime now);

// The last items of these nodes, as somebody who has come online and has these interests gets them (send_last_published_item is
// on_sub_and_presence, and he may have them), or all of them since then: to `client`, with their time (XEP-0203). On any shard; nodes that are not there are passed
// over.
void show_last_items(Home& here, BareJid service, Interested client, std::vector<std::string> nodes);

}  // namespace aldis::pubsub
