// TokenStore: the tokens that clients log in with in place of a password (XEP-0484). Of each client, named by its user-agent
// id, there are two at most: the one in use (current) and one that was handed out and not used yet (its section 5.1). A token
// itself is not stored: it is made anew from its seed and a key that is not in this store (auth/client_tokens.h).
// Tokens end with what they rest on: AccountStore::set_keys, set_enabled(false) and remove take an account's away in their
// own transactions (security S13).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "runtime/task.h"
#include "xmpp/jid.h"

namespace aldis {

struct ClientToken {
  std::string client;            // the user-agent id
  bool is_current = false;       // false: handed out, not used yet
  std::string mechanism;         // the only one it is good for
  std::string seed;              // raw bytes, unique
  WallTime issued{};
  WallTime expires{};
  WallTime used{};               // last; WallTime{}: never
  std::uint64_t count = 0;       // the highest that came with it; 0: none
  std::string software;          // as the client describes itself
  std::string device;
};

class TokenStore {
 public:
  virtual ~TokenStore() = default;
  // Also those that have expired. Not used ones first; of all clients in the order of their ids when `client` is empty.
  virtual Task<Result<std::vector<ClientToken>>> load(BareJid owner, std::string client) = 0;
  // Puts a token that has not been used into its client's place for one, over what is there. What has expired by
  // token.issued goes, and of more than `max_clients` clients those that were here longest ago. denied when the account is
  // gone, disabled, or its credentials have changed since `credentials_changed`.
  virtual Task<Result<void>> issue(BareJid owner, ClientToken token, WallTime credentials_changed, std::size_t max_clients) = 0;
  // The token of this seed has been proved: it becomes the current one, and its client's tokens that expire earlier go
  // (section 3.5). not_found when it is gone; denied when `count` is not above the highest seen.
  virtual Task<Result<void>> use(BareJid owner, std::string client, std::string seed, std::optional<std::uint64_t> count,
                                 WallTime when) = 0;
  // All tokens of a client, or of every client when `client` is empty; the clients that had some, in order.
  virtual Task<Result<std::vector<std::string>>> forget(BareJid owner, std::string client) = 0;
};

}  // namespace aldis
