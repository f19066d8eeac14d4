// Who is what to an account: from the account in memory, or from the store when it is not there.
#include "extensions/pep/relations.h"

#include "core/account.h"
#include "core/home.h"

namespace aldis::ext {
namespace {

pubsub::Relation relation_to(const Roster& roster, const policy::BlockList& blocked, const Jid& who) {
  pubsub::Relation relation{.sees_presence = roster.has_from(who), .is_blocked = blocked.blocks(who)};
  if (auto item = roster.find(who)) {
    relation.groups = std::move(item->groups);
  }
  return relation;
}

}  // namespace

pubsub::Relation relation_in(const Account& account, const Jid& who) { return relation_to(account.roster(), account.blocked(), who); }

Task<Result<Relations>> relations_of(Home& home, BareJid owner) {
  if (const Account* account = home.find_account(owner); account != nullptr && account->exists()) {
    co_return Relations([account](const Jid& who) { return relation_in(*account, who); });
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
  co_return Relations([roster = Roster(std::move(image->roster), home.contacts_of(owner)), blocked = std::move(blocked)](const Jid& who) { return relation_to(roster, blocked, who); });
}

Task<Result<pubsub::Relation>> relation_of(Home& home, BareJid owner, BareJid who) {
  const Result<Relations> relations = co_await relations_of(home, std::move(owner));
  if (!relations) {
    co_return fail(relations.error());
  }
  co_return (*relations)(who);
}

}  // namespace aldis::ext
