// AccountImage: what a server holds in memory of an account that is in use, given by the store in one read, whatever it would
// give in parts. The keys are not in it.
#pragma once
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "runtime/task.h"
#include "storage/archive_store.h"
#include "storage/roster_store.h"
#include "xmpp/jid.h"

namespace aldis {

struct AccountImage {
  struct Standing {
    bool is_enabled = true;
    WallTime credentials_changed{};
  };
  std::optional<Standing> account;           // nothing: there is no such account
  RosterData roster;                         // as RosterStore::load
  std::vector<Jid> blocked;                  // as BlockStore::load
  ArchivePreferences archive_preferences;    // as ArchiveStore::load_preferences
  bool has_waiting_messages = false;         // ArchiveStore::load_pending would give some
};

class AccountImageStore {
 public:
  virtual ~AccountImageStore() = default;
  // All parts at one point in time, behind every write of the owner that was asked for before. An account that is not there
  // costs what one costs that is (security L01). An error when any part cannot be read.
  virtual Task<Result<AccountImage>> load(BareJid owner) = 0;
};

}  // namespace aldis
