// AccountStore: who has an account here, and the keys their passwords are checked with. Only SCRAM keys are stored
// (RFC 5802 section 3), never a password. Every method resumes on the executor that awaited it; a successful write is durable.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "runtime/task.h"
#include "xmpp/jid.h"

namespace aldis {

struct ScramKeys {
  std::string hash;              // "SHA-1", "SHA-256", "SHA-512"
  std::uint32_t iterations = 0;
  std::string salt;              // raw bytes
  SecretBytes stored_key;
  SecretBytes server_key;
};

struct AccountRecord {
  BareJid jid;
  std::vector<ScramKeys> keys;   // empty: no password login
  bool is_enabled = true;
  WallTime created{};
  WallTime credentials_changed{};
  bool must_change = false;      // the password, at the next login; until set_keys
};

class AccountStore {
 public:
  virtual ~AccountStore() = default;
  // not_found when there is no such account; unavailable when that could not be learnt.
  virtual Task<Result<AccountRecord>> find(BareJid jid) = 0;
  // already_exists when the address has one. The new account begins empty: what a late write left under the address of an
  // account removed before (a last activity, say) is purged in the same transaction (security U01).
  virtual Task<Result<void>> create(AccountRecord record) = 0;
  // Ends all tokens of the account, as disabling it does. Of the keys it had, the first stay as former ones, `former` sets of them at
  // most, the oldest go. not_found
  virtual Task<Result<void>> set_keys(BareJid jid, std::vector<ScramKeys> keys, WallTime when, std::size_t former) = 0;
  // One set for each password it had, the last one first; those of now are not among them.
  virtual Task<Result<std::vector<ScramKeys>>> former_keys(BareJid jid) = 0;
  // The keys of one more hash of the same password (XEP-0480), or of one that has fewer iterations now. denied when the credentials have
  // changed since `credentials_changed`, or the account has keys of this hash with as many. not_found
  virtual Task<Result<void>> add_keys(BareJid jid, ScramKeys keys, WallTime credentials_changed) = 0;
  virtual Task<Result<void>> set_enabled(BareJid jid, bool is_enabled) = 0;  // not_found
  // The password must be changed at the next login; the account's tokens end, so that the next login brings it. not_found
  virtual Task<Result<void>> set_must_change(BareJid jid) = 0;
  // Removes the account and everything any store keeps under its address, in one transaction (security U01). not_found
  virtual Task<Result<void>> remove(BareJid jid) = 0;
  // Accounts of a domain in the order of their addresses, after `after` (exclusive), at most `limit`.
  virtual Task<Result<std::vector<AccountRecord>>> list(std::string domain, std::string after, std::size_t limit) = 0;
};

}  // namespace aldis
