// Accounts in memory: their keys, and what goes when one is made anew or removed.
#include "storage/memory/memory_shelves.h"

#include <algorithm>

namespace aldis::memory {
namespace {

class Accounts final : public AccountStore, OnShelves {
 public:
  using OnShelves::OnShelves;

  Task<Result<AccountRecord>> find(BareJid jid) override {
    co_await turn();
    const auto held = lock();
    const auto at = shelves_.accounts.find(jid.str());
    if (at == shelves_.accounts.end()) {
      co_return no_account(jid);
    }
    co_return at->second;
  }
  Task<Result<void>> create(AccountRecord record) override {
    co_await turn();
    const auto held = lock();
    if (shelves_.accounts.contains(record.jid.str())) {
      co_return fail(ErrorKind::already_exists, "account " + record.jid.str());
    }
    const std::string owner = record.jid.str();
    shelves_.purge(owner);
    shelves_.accounts.emplace(owner, std::move(record));
    co_return Result<void>{};
  }
  Task<Result<void>> set_keys(BareJid jid, std::vector<ScramKeys> keys, WallTime when, std::size_t former) override {
    co_await turn();
    const auto held = lock();
    const auto at = shelves_.accounts.find(jid.str());
    if (at == shelves_.accounts.end()) {
      co_return no_account(jid);
    }
    auto& before = shelves_.former_keys[jid.str()];
    if (!at->second.keys.empty()) {
      before.insert(before.begin(), at->second.keys.front());
    }
    before.resize(std::min(before.size(), former));
    at->second.keys = std::move(keys);
    at->second.credentials_changed = when;
    at->second.must_change = false;
    shelves_.tokens.erase(jid.str());
    co_return Result<void>{};
  }
  Task<Result<void>> add_keys(BareJid jid, ScramKeys keys, WallTime credentials_changed) override {
    co_await turn();
    const auto held = lock();
    const auto at = shelves_.accounts.find(jid.str());
    if (at == shelves_.accounts.end()) {
      co_return no_account(jid);
    }
    auto& present = at->second.keys;
    const auto same = std::ranges::find(present, keys.hash, &ScramKeys::hash);
    if (at->second.credentials_changed != credentials_changed || (same != present.end() && same->iterations >= keys.iterations)) {
      co_return fail(ErrorKind::denied, "the credentials of " + jid.str() + " have changed");
    }
    if (same != present.end()) {
      *same = std::move(keys);
    } else {
      present.push_back(std::move(keys));
    }
    co_return Result<void>{};
  }
  Task<Result<std::vector<ScramKeys>>> former_keys(BareJid jid) override {
    co_await turn();
    const auto held = lock();
    co_return find_in(shelves_.former_keys, jid).value_or(std::vector<ScramKeys>());
  }
  Task<Result<void>> set_must_change(BareJid jid) override {
    co_await turn();
    const auto held = lock();
    const auto at = shelves_.accounts.find(jid.str());
    if (at == shelves_.accounts.end()) {
      co_return no_account(jid);
    }
    at->second.must_change = true;
    shelves_.tokens.erase(jid.str());
    co_return Result<void>{};
  }
  Task<Result<void>> set_enabled(BareJid jid, bool is_enabled) override {
    co_await turn();
    const auto held = lock();
    const auto at = shelves_.accounts.find(jid.str());
    if (at == shelves_.accounts.end()) {
      co_return no_account(jid);
    }
    at->second.is_enabled = is_enabled;
    if (!is_enabled) {
      shelves_.tokens.erase(jid.str());
    }
    co_return Result<void>{};
  }
  Task<Result<void>> remove(BareJid jid) override {
    co_await turn();
    const auto held = lock();
    if (!shelves_.accounts.contains(jid.str())) {
      co_return no_account(jid);
    }
    shelves_.purge(jid.str());
    co_return Result<void>{};
  }
  Task<Result<std::vector<AccountRecord>>> list(std::string domain, std::string after, std::size_t limit) override {
    co_await turn();
    const auto held = lock();
    std::vector<AccountRecord> found;
    for (auto at = shelves_.accounts.upper_bound(after); at != shelves_.accounts.end() && found.size() < limit; ++at) {
      if (at->second.jid.domain() == domain) {
        found.push_back(at->second);
      }
    }
    co_return found;
  }

 private:
  static Unexpected<Error> no_account(const BareJid& jid) { return fail(ErrorKind::not_found, "account " + jid.str()); }
};

}  // namespace

std::unique_ptr<AccountStore> make_accounts(Shelves& shelves, Turn turn) { return std::make_unique<Accounts>(shelves, turn); }

}  // namespace aldis::memory
