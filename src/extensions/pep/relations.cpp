#include "extensions/pep/relations.h"

#include "core/account.h"
#include "core/home.h"

namespace aldis::ext {
namespace {

pubsub::Relation relation_to(const Roster& roster, const policy::BlockList& blocked, const Jid& who) {
  pubsub::Relation relation{.sees_presence = roster.has_from(who), .is_blocked = blocked.blocks(who)};
  if (const RosterItem* item = roster.find(who)) {
    relation.groups = item->groups;
  }
  return relation;
}

}  // namespace

pubsub::Relation relation_in(const Account& account, const Jid& who) { return relation_to(account.roster(), account.blocked(), who); }

Task<Result<pubsub::Relation>> relation_of(Home& home, BareJid owner, BareJid who) {
  if (const Account* account = home.find_account(owner); account != nullptr && account->exists()) {
    co_return relation_in(*account, who);
  }
  Result<AccountImage> image = co_await home.world().stores.images.load(owner);
  if (!image) {
    co_return fail(std::move(image.error()));
  }
  if (!image->account) {
    co_return fail(ErrorKind::not_found, "account " + owner.str());
  }
  policy::BlockList blocked;
  for (const Jid& jid : image->blocked) {
    blocked.add(jid);
  }
  co_return relation_to(Roster(std::move(image->roster)), blocked, who);
}

}  // namespace aldis::ext
