// What somebody is to the owner of an account: read from the account in memory, or from the store.
#pragma once
#include <functional>

#include "extensions/pubsub/personal.h"

namespace aldis {
class Account;
}

namespace aldis::ext {

[[nodiscard]] pubsub::Relation relation_in(const Account& account, const Jid& who);
// On the account's shard; both not_found: there is no such account.
// Of anybody; to be used before the next wait.
using Relations = std::function<pubsub::Relation(const Jid& who)>;
[[nodiscard]] Task<Result<Relations>> relations_of(Home& home, BareJid owner);
[[nodiscard]] Task<Result<pubsub::Relation>> relation_of(Home& home, BareJid owner, BareJid who);

}  // namespace aldis::ext
