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
};

class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  // not_found only when it is certain that there is no such account; every doubt is another error (security S09).
  virtual Task<Result<Credentials>> find(BareJid account) = 0;
};

}  // namespace aldis
