// What somebody is to the owner of an account: read from the account in memory, or from the store.
#pragma once
#include "extensions/pubsub/personal.h"

namespace aldis {
class Account;
}

namespace aldis::ext {

[[nodiscard]] pubsub::Relation relation_in(const Account& account, const Jid& who);
// On the account's shard. not_found: there is no such account.
[[nodiscard]] Task<Result<pubsub::Relation>> relation_of(Home& home, BareJid owner, BareJid who);

}  // namespace aldis::ext
