// LoginFailureCounters: how often authentication failed lately, by account, by source address and by the pair of both
// (security S07). One object for every entry of the server; it belongs to one executor (the lobby's). Counts are written to
// the LoginFailureStore before a failure is answered, so that a restart forgives nothing. Refusals do not count.
//
// A try is admitted before its proof is looked at and holds a place in all three counters until its outcome is known, so
// that parallel tries together cannot pass a limit. A success clears the pair only.
#pragma once
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "auth/auth_config.h"
#include "base/clock.h"
#include "base/keyed_hash.h"
#include "base/result.h"
#include "runtime/task.h"
#include "storage/stores.h"
#include "xmpp/jid.h"

namespace aldis {

// The part of an address that counts as one source: an IPv4 address (also when mapped into IPv6), an IPv6 /64, or the text
// itself when it is no IP address.
[[nodiscard]] std::string login_source(std::string_view address);

class LoginFailureCounters {
 public:
  // An admitted try. Ended by failed(), succeeded() or abandoned(); destroying it abandons it. Must not outlive the counters.
  class Try {
   public:
    Try(Try&& other) noexcept;
    Try& operator=(Try&&) = delete;
    ~Try();

   private:
    friend class LoginFailureCounters;
    Try(LoginFailureCounters& counters, std::string account, std::string source);
    LoginFailureCounters* counters_;
    std::string account_;
    std::string source_;
  };

  LoginFailureCounters(AuthConfig config, LoginFailureStore& store, const Clock& clock);

  // What was counted before this process began. To be awaited before the first try is admitted.
  [[nodiscard]] Task<Result<void>> load();
  void configure(const AuthConfig& config);

  // Nothing: a limit is reached and the try must be refused, whatever its proof.
  [[nodiscard]] std::optional<Try> admit(const BareJid& account, std::string_view source_address);
  // The proof was wrong. Returns when the count is durable; a failing store is logged and counted, and the count in memory
  // stands. Names that are no account are counted in memory only: strangers choose them (security E06).
  [[nodiscard]] Task<void> failed(Try attempt, bool is_known_account);
  [[nodiscard]] Task<void> succeeded(Try attempt);
  // Forgets what an account has gathered, with any source: an operator's unlock.
  [[nodiscard]] Task<void> forgive(BareJid account);

  [[nodiscard]] std::size_t size() const;

 private:
  enum class Kind : std::uint8_t { account, source, pair };
  struct Entry;
  struct Table;
  // The implementation's members go here.
};

}  // namespace aldis
