// All of an account, on one snapshot of the database.
#include "storage/sql/tables.h"

namespace aldis::sql {

// The same statements whether the account exists or not (security L01).
Task<Result<AccountImage>> SqlAccountImages::load(BareJid owner) {
  std::string key = owner.str();
  auto work = [owner = std::move(owner)](Transaction& transaction) -> Result<AccountImage> {
    AccountImage image;
    transaction.each("SELECT is_enabled, credentials_changed FROM accounts WHERE owner = $1", {owner.str()},
                     [&](const Row& row) { image.account = {row.boolean(0), as_time(row.integer(1))}; });
    Result<RosterData> roster = read_roster(transaction, owner);
    Result<std::vector<Jid>> blocked = read_blocks(transaction, owner);
    Result<ArchivePreferences> preferences = read_archive_preferences(transaction, owner);
    transaction.each("SELECT 1 FROM archives WHERE owner = $1 AND pending > 0", {owner.str()},
                     [&](const Row&) { image.has_waiting_messages = true; });
    if (!roster || !blocked || !preferences) {
      return fail(!roster ? roster.error() : !blocked ? blocked.error() : preferences.error());
    }
    image.roster = std::move(*roster);
    image.blocked = std::move(*blocked);
    image.archive_preferences = std::move(*preferences);
    return image;
  };
  return database_.read(std::move(key), std::move(work));
}

}  // namespace aldis::sql
