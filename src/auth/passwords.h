// Passwords: sets them, and makes accounts that have one. What is stored are SCRAM keys only, one set per configured hash,
// each with a salt of its own. The one door for every way to set a password (operator, XEP-0077, ad-hoc command), so that
// the same rules hold everywhere (security S14).
#pragma once
#include <cstdint>
#include <vector>

#include "auth/auth_config.h"
#include "auth/key_derivation.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "runtime/task.h"
#include "storage/account_store.h"
#include "xmpp/jid.h"

namespace aldis {

// A password as it is compared and derived from: RFC 8265 OpaqueString. invalid when it cannot be prepared or is empty.
[[nodiscard]] Result<SecretBytes> prepare_password(const SecretBytes& password);

// The least age of a password binds its owner only.
enum class ChangedBy : std::uint8_t { its_owner, an_operator };

class Passwords {
 public:
  // Used from one executor; everything passed outlives it.
  Passwords(AuthConfig config, AccountStore& accounts, KeyDerivation& derivation, Random& random, const Clock& clock);

  // invalid (the rules refuse the password, `what` says why), not_found, unavailable, full.
  [[nodiscard]] Task<Result<void>> set_password(BareJid account, SecretBytes password, ChangedBy by = ChangedBy::an_operator);
  // The same; gives the time that the account's credentials_changed says now.
  [[nodiscard]] Task<Result<WallTime>> change_password(BareJid account, SecretBytes password, ChangedBy by = ChangedBy::an_operator);
  // invalid, already_exists, unavailable, full.
  [[nodiscard]] Task<Result<void>> create_account(BareJid account, SecretBytes password);
  void configure(AuthConfig config) { config_ = std::move(config); }

 private:
  // Of a prepared password.
  [[nodiscard]] Task<Result<std::vector<ScramKeys>>> derive_keys(SecretBytes prepared);
  // The password prepared, when profile and options let it be the account's.
  [[nodiscard]] Result<SecretBytes> check(const BareJid& account, const SecretBytes& password) const;
  // invalid when it was the account's before, or is changed too soon.
  [[nodiscard]] Task<Result<void>> check_former(const AccountRecord& record, SecretBytes prepared, ChangedBy by);

  AuthConfig config_;
  AccountStore& accounts_;
  KeyDerivation& derivation_;
  Random& random_;
  const Clock& clock_;
};

}  // namespace aldis
