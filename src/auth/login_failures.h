// LoginFailureCounters: how often authentication failed lately, by account, by source address and by the pair of both
// (security S07). One object for every entry of the server; it belongs to one executor (the lobby's). Counts are written to
// the LoginFailureStore before a failure is answered, so that a restart forgives nothing. Refusals do not count.
//
// A try is admitted before its proof is looked at and holds a place in all three counters until its outcome is known, so
// that parallel tries together cannot pass a limit: where a limit has room only if others succeed, a try waits for them.
// A success clears the pair only.
#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "auth/auth_config.h"
#include "base/clock.h"
#include "base/keyed_hash.h"
#include "base/result.h"
#include "runtime/executor.h"
#include "runtime/task.h"
#include "storage/stores.h"
#include "xmpp/jid.h"

namespace aldis {

// The part of an address that counts as one source: an IPv4 address (also when mapped into IPv6), an IPv6 /64, or the text
// itself when it is no IP address.
[[nodiscard]] std::string login_source(std::string_view address);

class LoginFailureCounters {
 public:
  // An admitted try. Ended by failed() or succeeded(); destroying it gives its place back without a mark.
  class Try {
   public:
    Try(Try&& other) noexcept
        : counters_(std::exchange(other.counters_, nullptr)),
          account_(std::move(other.account_)),
          source_(std::move(other.source_)) {}
    Try& operator=(Try&& other) noexcept {
      std::swap(counters_, other.counters_);
      account_.swap(other.account_);
      source_.swap(other.source_);
      return *this;
    }
    ~Try();

   private:
    friend class LoginFailureCounters;
    Try(LoginFailureCounters& counters, std::string account, std::string source)
        : counters_(&counters), account_(std::move(account)), source_(std::move(source)) {}
    LoginFailureCounters* counters_;
    std::string account_;
    std::string source_;
  };

  // Outlives every Try and Task it gave; so do `store` and `clock` the counters.
  LoginFailureCounters(AuthConfig config, LoginFailureStore& store, const Clock& clock);

  // What was counted before this process began. To be awaited before the first try.
  [[nodiscard]] Task<Result<void>> load();
  void configure(AuthConfig config) { config_ = std::move(config); }

  // Nothing: a limit is reached and the try must be refused, whatever its proof. `account` is the name that is claimed:
  // a bare address, or the client's text where that is none.
  [[nodiscard]] Task<std::optional<Try>> admit(std::string account, std::string source_address);
  // The proof was wrong. Returns when the count is durable; when the store fails this is logged and the count in memory
  // stands. Names that are no account are counted apart and in memory only: strangers choose them (security E06).
  [[nodiscard]] Task<void> failed(Try attempt, bool is_known_account);
  [[nodiscard]] Task<void> succeeded(Try attempt);
  // Forgets what an account has gathered, with any source: an operator's unlock.
  [[nodiscard]] Task<Result<void>> forgive(BareJid account);

  // What keeps people out of an account now, whatever their proof.
  struct Lockout {
    bool is_everywhere = false;          // the account's own limit is reached
    std::vector<std::string> sources;    // whose limit for this account is reached (login_source)
  };
  // By bare address; only accounts that somebody is kept out of.
  [[nodiscard]] std::map<std::string, Lockout, std::less<>> lockouts() const;

  // Entries held, of all kinds.
  [[nodiscard]] std::size_t size() const;

 private:
  struct Entry {
    std::string key;
    std::uint32_t count = 0;
    Monotonic first{};
    Monotonic last{};
  };
  // Entries by key, the longest untouched at the front.
  struct Table {
    std::list<Entry> entries;
    std::unordered_map<std::string_view, std::list<Entry>::iterator, KeyedStringHash, std::equal_to<>> by_key;
    [[nodiscard]] const Entry* find(std::string_view key) const;
    // The entry of the key, made if need be, moved to the back.
    Entry& touch(std::string_view key);
    bool erase(std::string_view key);
  };
  struct Limit {
    std::string key;
    std::uint32_t failures;
  };
  using Limits = std::array<Limit, 3>;

  [[nodiscard]] Limits limits_of(std::string_view account, std::string_view source) const;
  [[nodiscard]] std::uint32_t counted(const Limit& limit) const;
  [[nodiscard]] std::uint32_t standing(const Entry& entry, std::uint32_t limit) const;
  [[nodiscard]] std::uint32_t limit_of(std::string_view key) const;
  void add_failure(Table& table, std::string_view key, std::uint32_t limit);
  [[nodiscard]] std::vector<std::string> evict(Table& table);
  void release(std::string_view account, std::string_view source);
  void wake_one(std::string_view key);
  [[nodiscard]] LoginFailures as_stored(const Entry& entry) const;
  [[nodiscard]] Task<void> write(std::vector<std::pair<std::string, LoginFailures>> puts, std::vector<std::string> removals);

  AuthConfig config_;
  LoginFailureStore& store_;
  const Clock& clock_;
  Table stored_accounts_;   // of accounts that exist; written to the store, as are the next two
  Table stored_sources_;
  Table stored_pairs_;
  Table strangers_;         // names that are no account, alone and paired, by a hash of their key; in memory only
  std::unordered_map<std::string, std::uint32_t, KeyedStringHash, std::equal_to<>> in_flight_;
  std::unordered_map<std::string, std::deque<Completion<bool>>, KeyedStringHash, std::equal_to<>> waiting_;
};

}  // namespace aldis
