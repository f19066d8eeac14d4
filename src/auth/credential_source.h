// CredentialSource: where an account's credentials are learnt. One adapter per kind of source; the local one reads the
// AccountStore.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret_bytes.h"
#include "runtime/task.h"
#include "storage/account_store.h"
#include "xmpp/jid.h"

namespace aldis {

struct Credentials {
  std::vector<ScramKeys> keys;      // empty: no password can be right
  bool is_enabled = true;           // told to the client only after a correct proof
  bool is_expired = false;          // the same
  bool must_change = false;         // the same: the password is right, and good for nothing but setting another
  std::vector<std::string> groups{};
  WallTime changed{};               // last; what was derived from them before is void
};

// What the accounts of a domain can prove themselves with, besides tokens and certificates.
struct ProofsOfDomain {
  bool has_scram = true;            // their keys can be had
  std::vector<std::string> hashes{};   // of these only; empty: whatever is configured
  bool checks_passwords = false;    // PLAIN asks the source; there are no keys to compare with
  bool keeps_keys = true;           // add_keys works
  bool changes_passwords = true;    // by their owners, here
};

// What a source that checks passwords itself says of one.
struct PasswordVerdict {
  enum class Standing : std::uint8_t {
    wrong,          // or the source does not say that it is right
    good,
    disabled,       // it is right, and the account may not be used
    expired,        // it is right, and good for nothing any more
    must_change,    // it is right, and good for setting another
  };
  Standing standing = Standing::wrong;
  std::string why{};                                    // in the source's words, for operators
  std::optional<std::uint32_t> grace_logins{};          // it has expired, and so many logins are left
  std::optional<std::chrono::seconds> expires_in{};     // soon
  bool is_remembered = false;                           // said before, and the source is away
  [[nodiscard]] bool is_right() const { return standing != Standing::wrong; }
};

class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  // not_found only when it is certain that there is no such account; every doubt is another error (security S09).
  virtual Task<Result<Credentials>> find(BareJid account) = 0;
  // Keeps the keys of one more hash of a password whose credentials are those of `changed` (XEP-0480); as
  // AccountStore::add_keys, and denied where a source keeps none.
  virtual Task<Result<void>> add_keys(BareJid account, ScramKeys keys, WallTime changed) = 0;

  [[nodiscard]] virtual ProofsOfDomain proofs(std::string_view domain) const {
    static_cast<void>(domain);
    return {};
  }
  struct Checked {
    Result<Credentials> found;          // as find()
    Result<PasswordVerdict> verdict;    // of an account that is not there: wrong
  };
  // Both at once, only where proofs() says that passwords are checked. About an account that is not there as much is done as about one that is
  // (security S05). The password is prepared; empty: it cannot be right, and is not sent.
  virtual Task<Checked> check_password(BareJid account, SecretBytes password) {
    static_cast<void>(account);
    static_cast<void>(password);
    co_return Checked{fail(ErrorKind::denied, "this source checks no passwords"), fail(ErrorKind::denied, "this source checks no passwords")};
  }
  // The accounts whose entry in the domain's directory has this value, compared without case; none: a clear no. denied: more than one entry
  // has it.
  virtual Task<Result<std::vector<BareJid>>> find_by_attribute(std::string domain, std::string attribute, std::string value) {
    static_cast<void>(domain);
    static_cast<void>(attribute);
    static_cast<void>(value);
    co_return std::vector<BareJid>();
  }
};

}  // namespace aldis
