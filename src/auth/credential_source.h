// CredentialSource: where an account's credentials are learnt. One adapter per kind of source; the local one reads the
// AccountStore.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/task.h"
#include "storage/account_store.h"
#include "xmpp/jid.h"

namespace aldis {

struct Credentials {
  std::vector<ScramKeys> keys;      // empty: no password can be right
  bool is_enabled = true;           // told to the client only after a correct proof
  bool is_expired = false;          // the same
  std::vector<std::string> groups{};
  WallTime changed{};               // last; what was derived from them before is void
};

class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  // not_found only when it is certain that there is no such account; every doubt is another error (security S09).
  virtual Task<Result<Credentials>> find(BareJid account) = 0;
  // Keeps the keys of one more hash of a password whose credentials are those of `changed` (XEP-0480); as
  // AccountStore::add_keys, and denied where a source keeps none.
  virtual Task<Result<void>> add_keys(BareJid account, ScramKeys keys, WallTime changed) = 0;
};

}  // namespace aldis
