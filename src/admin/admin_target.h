// AdminTarget: what operators' commands act on: the running server, or the store of a stopped one (StoreTarget). Every call
// runs and resumes on one executor. Errors: not_found, already_exists, invalid as the text says; unavailable when a thing
// could not be done or learnt now.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "runtime/task.h"
#include "xmpp/jid.h"

namespace aldis::admin {

struct AccountInfo {
  BareJid jid;
  bool is_enabled = true;
  WallTime created{};
  WallTime credentials_changed{};
};

struct SessionInfo {
  std::string jid;                        // full
  std::string source;                     // the client's address
  std::string mechanism;                  // it logged in with
  std::optional<std::int32_t> priority;   // nothing: not available
};

struct ReloadReport {
  std::vector<std::string> applied;         // changed keys that are in force now, "[log] level"
  std::vector<std::string> need_restart;    // changed keys that will be in force after a restart
};

struct ServerStatus {
  std::string version;
  bool is_running = false;
  std::chrono::seconds uptime{0};
  std::vector<std::string> domains;
  std::uint64_t sessions = 0;
};

class AdminTarget {
 public:
  virtual ~AdminTarget() = default;

  virtual Task<Result<void>> create_account(BareJid jid, SecretBytes password) = 0;
  virtual Task<Result<void>> set_password(BareJid jid, SecretBytes password) = 0;
  // Disabling ends the account's sessions.
  virtual Task<Result<void>> set_enabled(BareJid jid, bool is_enabled) = 0;
  // With everything the account owned; ends its sessions.
  virtual Task<Result<void>> delete_account(BareJid jid) = 0;
  // In the order of their addresses, after `after` (exclusive), at most `limit`.
  virtual Task<Result<std::vector<AccountInfo>>> list_accounts(std::string domain, std::string after, std::size_t limit) = 0;

  // Of one account, or of all; at most `limit`.
  virtual Task<Result<std::vector<SessionInfo>>> list_sessions(std::optional<BareJid> account, std::size_t limit) = 0;
  // One session by its full address, or all of an account; how many ended.
  virtual Task<Result<std::size_t>> end_sessions(Jid jid) = 0;

  virtual Task<Result<ReloadReport>> reload() = 0;
  virtual Task<Result<ServerStatus>> status() = 0;
  [[nodiscard]] virtual std::vector<std::string> domains() const = 0;
};

}  // namespace aldis::admin
