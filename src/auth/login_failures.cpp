// Counters of failed authentication. Keys, in memory and in the store: "account:" name, "source:" source, "pair:" name " "
// source (a localpart and a domainpart hold no space).
#include "auth/login_failures.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/encoding.h"
#include "base/ensure.h"
#include "base/log.h"
#include "base/metrics.h"

namespace aldis {
namespace {

constexpr std::string_view account_prefix = "account:";
constexpr std::string_view source_prefix = "source:";
constexpr std::string_view pair_prefix = "pair:";

metrics::Counter failures_counted{"aldis_login_failures_total", "Authentications that failed at their proof."};
metrics::Counter tries_refused{"aldis_login_refusals_total", "Authentications refused because a limit of failures was reached."};

std::string stranger_key(std::string_view key) { return std::to_string(KeyedHash::of_process()(key)); }

std::string pair_key(std::string_view account, std::string_view source) {
  std::string key(pair_prefix);
  key.append(account).append(1, ' ').append(source);
  return key;
}

}  // namespace

std::string login_source(std::string_view address) {
  std::string text(address.substr(0, address.find('%')));  // without a zone
  std::array<unsigned char, 16> bytes{};
  std::array<char, INET6_ADDRSTRLEN> out{};
  if (::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
    return ::inet_ntop(AF_INET, bytes.data(), out.data(), out.size());
  }
  if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) {
    return text;
  }
  static constexpr std::array<unsigned char, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::equal(mapped.begin(), mapped.end(), bytes.begin())) {
    return ::inet_ntop(AF_INET, bytes.data() + mapped.size(), out.data(), out.size());
  }
  std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
  return std::string(::inet_ntop(AF_INET6, bytes.data(), out.data(), out.size())) + "/64";
}

// ---- Table

const LoginFailureCounters::Entry* LoginFailureCounters::Table::find(std::string_view key) const {
  const auto found = by_key.find(key);
  return found == by_key.end() ? nullptr : &*found->second;
}

LoginFailureCounters::Entry& LoginFailureCounters::Table::touch(std::string_view key) {
  if (const auto found = by_key.find(key); found != by_key.end()) {
    entries.splice(entries.end(), entries, found->second);
    return *found->second;
  }
  Entry& entry = entries.emplace_back();
  entry.key = key;
  by_key.emplace(entry.key, std::prev(entries.end()));
  return entry;
}

bool LoginFailureCounters::Table::erase(std::string_view key) {
  const auto found = by_key.find(key);
  if (found == by_key.end()) {
    return false;
  }
  const auto entry = found->second;
  by_key.erase(found);
  entries.erase(entry);
  return true;
}

// ---- counting

LoginFailureCounters::LoginFailureCounters(AuthConfig config, LoginFailureStore& store, const Clock& clock)
    : config_(std::move(config)), store_(store), clock_(clock) {}

LoginFailureCounters::Try::~Try() {
  if (counters_ != nullptr) {
    counters_->release(account_, source_);
  }
}

LoginFailureCounters::Limits LoginFailureCounters::limits_of(std::string_view account, std::string_view source) const {
  return {Limit{std::string(account_prefix).append(account), config_.failures_per_account},
          Limit{std::string(source_prefix).append(source), config_.failures_per_source},
          Limit{pair_key(account, source), config_.failures_per_pair}};
}

std::uint32_t LoginFailureCounters::limit_of(std::string_view key) const {
  return key.starts_with(account_prefix)  ? config_.failures_per_account
         : key.starts_with(source_prefix) ? config_.failures_per_source
                                          : config_.failures_per_pair;
}

// The failures of an entry that still count: none once its window, or the lockout it led to, is over.
std::uint32_t LoginFailureCounters::standing(const Entry& entry, std::uint32_t limit) const {
  const Monotonic now = clock_.now();
  const bool is_locked = limit != 0 && entry.count >= limit;
  const bool still_counts = is_locked ? now < entry.last + config_.lockout : now < entry.first + config_.failure_window;
  return still_counts ? entry.count : 0;
}

std::uint32_t LoginFailureCounters::counted(const Limit& limit) const {
  std::uint32_t count = 0;
  for (const Table* table : {&stored_accounts_, &stored_sources_, &stored_pairs_}) {
    if (const Entry* entry = table->find(limit.key)) {
      count += standing(*entry, limit.failures);
    }
  }
  if (const Entry* entry = strangers_.find(stranger_key(limit.key))) {
    count += standing(*entry, limit.failures);
  }
  return count;
}

Task<std::optional<LoginFailureCounters::Try>> LoginFailureCounters::admit(std::string account,
                                                                           std::string source_address) {
  const std::string source = login_source(source_address);
  std::string waited_for;
  while (true) {
    const Limits limits = limits_of(account, source);
    const Limit* full = nullptr;
    for (const Limit& limit : limits) {
      if (limit.failures == 0) {
        continue;
      }
      const std::uint32_t failures = counted(limit);
      if (failures >= limit.failures) {
        if (!waited_for.empty()) {
          wake_one(waited_for);
        }
        tries_refused.add();
        co_return std::nullopt;
      }
      const auto flying = in_flight_.find(limit.key);
      if (full == nullptr && flying != in_flight_.end() && failures + flying->second >= limit.failures) {
        full = &limit;
      }
    }
    if (full == nullptr) {
      for (const Limit& limit : limits) {
        ++in_flight_[limit.key];
      }
      co_return Try(*this, std::move(account), source);
    }
    // Whoever leaves wakes one who waits for the same key; one that cannot use the place hands it on.
    if (!waited_for.empty() && waited_for != full->key) {
      wake_one(waited_for);
    }
    waited_for = full->key;
    const Completion<bool> turn;
    waiting_[waited_for].push_back(turn);
    co_await turn;
  }
}

void LoginFailureCounters::release(std::string_view account, std::string_view source) {
  for (const Limit& limit : limits_of(account, source)) {
    const auto found = in_flight_.find(limit.key);
    ensure(found != in_flight_.end() && found->second > 0, "a try gives back a place it held");
    if (--found->second == 0) {
      in_flight_.erase(found);
    }
    wake_one(limit.key);
  }
}

void LoginFailureCounters::wake_one(std::string_view key) {
  const auto found = waiting_.find(key);
  if (found == waiting_.end()) {
    return;
  }
  const Completion<bool> first = std::move(found->second.front());
  found->second.pop_front();
  if (found->second.empty()) {
    waiting_.erase(found);
  }
  first.complete(true);
}

void LoginFailureCounters::add_failure(Table& table, std::string_view key, std::uint32_t limit) {
  const Monotonic now = clock_.now();
  Entry& entry = table.touch(key);
  if (standing(entry, limit) == 0) {
    entry.count = 0;
    entry.first = now;
  }
  ++entry.count;
  entry.last = now;
}

std::vector<std::string> LoginFailureCounters::evict(Table& table) {
  std::vector<std::string> gone;
  while (table.entries.size() > config_.failure_entries_max) {
    gone.push_back(table.entries.front().key);
    table.erase(gone.back());
  }
  return gone;
}

Task<void> LoginFailureCounters::failed(Try attempt, bool is_known_account) {
  failures_counted.add();
  std::vector<std::pair<std::string, LoginFailures>> puts;
  std::vector<std::string> removals;
  {
    // The failure counts before the place is given back: nobody slips in between.
    Try ended(std::move(attempt));
    const Limits limits = limits_of(ended.account_, ended.source_);
    for (const Limit& limit : limits) {
      const bool is_source = limit.key.starts_with(source_prefix);
      if (!is_source && !is_known_account) {
        add_failure(strangers_, stranger_key(limit.key), limit.failures);
        (void)evict(strangers_);
        continue;
      }
      Table& table = is_source ? stored_sources_ : limit.key.starts_with(account_prefix) ? stored_accounts_ : stored_pairs_;
      add_failure(table, limit.key, limit.failures);
      puts.emplace_back(limit.key, as_stored(*table.find(limit.key)));
      std::vector<std::string> gone = evict(table);
      removals.insert(removals.end(), std::make_move_iterator(gone.begin()), std::make_move_iterator(gone.end()));
    }
  }
  co_await write(std::move(puts), std::move(removals));
}

Task<void> LoginFailureCounters::succeeded(Try attempt) {
  std::vector<std::string> removals;
  {
    Try ended(std::move(attempt));
    std::string key = pair_key(ended.account_, ended.source_);
    strangers_.erase(stranger_key(key));
    if (stored_pairs_.erase(key)) {
      removals.push_back(std::move(key));
    }
  }
  if (!removals.empty()) {
    co_await write({}, std::move(removals));
  }
}

// ---- the store

LoginFailures LoginFailureCounters::as_stored(const Entry& entry) const {
  const auto wall_of = [this](Monotonic when) {
    return clock_.wall() - std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now() - when);
  };
  return LoginFailures{entry.count, wall_of(entry.first), wall_of(entry.last)};
}

Task<void> LoginFailureCounters::write(std::vector<std::pair<std::string, LoginFailures>> puts,
                                       std::vector<std::string> removals) {
  // All at once, so that they share one commit.
  const auto run = [](Task<Result<void>> call, Completion<bool> done) -> Task<void> {
    const Result<void> result = co_await std::move(call);
    if (!result) {
      log::error("login-failures-not-stored", {{"reason", result.error().what}});
    }
    done.complete(true);
  };
  std::vector<Completion<bool>> pending;
  for (auto& [key, failures] : puts) {
    spawn(run(store_.put(std::move(key), failures), pending.emplace_back()));
  }
  for (std::string& key : removals) {
    spawn(run(store_.remove(std::move(key)), pending.emplace_back()));
  }
  for (const Completion<bool>& one : pending) {
    co_await one;
  }
}

Task<Result<void>> LoginFailureCounters::load() {
  Result<std::map<std::string, LoginFailures>> stored = co_await store_.load_all();
  if (!stored) {
    co_return fail(std::move(stored.error()));
  }
  // Times become ages: a wall clock that was set back locks nobody out for longer (security R12).
  const WallTime wall = clock_.wall();
  const Monotonic now = clock_.now();
  std::vector<Entry> entries;
  for (auto& [key, failures] : *stored) {
    const auto age = [&](WallTime when) { return std::max(wall - when, std::chrono::milliseconds(0)); };
    entries.push_back(Entry{key, failures.count, now - age(failures.first), now - age(failures.last)});
  }
  std::ranges::sort(entries, {}, &Entry::last);
  std::vector<std::string> removals;
  for (const Entry& entry : entries) {
    if (standing(entry, limit_of(entry.key)) == 0) {
      removals.push_back(entry.key);
      continue;
    }
    Table& table = entry.key.starts_with(account_prefix)  ? stored_accounts_
                   : entry.key.starts_with(source_prefix) ? stored_sources_
                                                          : stored_pairs_;
    Entry& kept = table.touch(entry.key);
    kept.count = entry.count;
    kept.first = entry.first;
    kept.last = entry.last;
    std::vector<std::string> gone = evict(table);
    removals.insert(removals.end(), std::make_move_iterator(gone.begin()), std::make_move_iterator(gone.end()));
  }
  co_await write({}, std::move(removals));
  co_return Result<void>{};
}

Task<Result<void>> LoginFailureCounters::forgive(BareJid account) {
  std::vector<std::string> keys{std::string(account_prefix) + account.str()};
  const std::string pairs = pair_key(account.str(), "");
  for (const Entry& entry : stored_pairs_.entries) {
    if (entry.key.starts_with(pairs)) {
      keys.push_back(entry.key);
    }
  }
  for (std::string& key : keys) {
    stored_accounts_.erase(key);
    stored_pairs_.erase(key);
    Result<void> removed = co_await store_.remove(std::move(key));
    if (!removed) {
      co_return fail(std::move(removed.error()));
    }
  }
  co_return Result<void>{};
}

std::map<std::string, LoginFailureCounters::Lockout, std::less<>> LoginFailureCounters::lockouts() const {
  std::map<std::string, Lockout, std::less<>> all;
  for (const Entry& entry : stored_accounts_.entries) {
    if (config_.failures_per_account != 0 && standing(entry, config_.failures_per_account) >= config_.failures_per_account) {
      all[entry.key.substr(account_prefix.size())].is_everywhere = true;
    }
  }
  for (const Entry& entry : stored_pairs_.entries) {
    if (config_.failures_per_pair != 0 && standing(entry, config_.failures_per_pair) >= config_.failures_per_pair) {
      const std::string pair = entry.key.substr(pair_prefix.size());
      const std::size_t space = pair.find(' ');
      all[pair.substr(0, space)].sources.push_back(pair.substr(space + 1));
    }
  }
  return all;
}

std::size_t LoginFailureCounters::size() const {
  return stored_accounts_.entries.size() + stored_sources_.entries.size() + stored_pairs_.entries.size() +
         strangers_.entries.size();
}

}  // namespace aldis
