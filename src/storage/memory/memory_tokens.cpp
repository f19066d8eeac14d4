// Tokens of clients in memory.
#include "storage/memory/memory_shelves.h"

#include <algorithm>
#include <tuple>

namespace aldis::memory {
namespace {

class Tokens final : public TokenStore, OnShelves {
 public:
  using OnShelves::OnShelves;

  Task<Result<std::vector<ClientToken>>> load(BareJid owner, std::string client) override {
    co_await turn();
    const auto held = lock();
    std::vector<ClientToken> found;
    for (const ClientToken& token : shelves_.tokens[owner.str()]) {
      if (client.empty() || token.client == client) {
        found.push_back(token);
      }
    }
    co_return found;
  }
  Task<Result<void>> issue(BareJid owner, ClientToken token, WallTime credentials_changed, std::size_t max_clients) override {
    co_await turn();
    const auto held = lock();
    const auto account = shelves_.accounts.find(owner.str());
    if (account == shelves_.accounts.end() || !account->second.is_enabled ||
        account->second.credentials_changed != credentials_changed) {
      co_return fail(ErrorKind::denied, "the credentials of " + owner.str() + " have changed");
    }
    auto& tokens = shelves_.tokens[owner.str()];
    std::erase_if(tokens, [&](const ClientToken& t) {
      return t.expires <= token.issued || (t.client == token.client && !t.is_current);
    });
    std::map<std::string, WallTime> seen;
    for (const ClientToken& t : tokens) {
      if (t.client != token.client) {
        seen[t.client] = std::max({seen[t.client], t.used, t.issued});
      }
    }
    while (seen.size() >= std::max<std::size_t>(max_clients, 1)) {
      auto oldest = seen.begin();  // of equals the last in order
      for (auto at = seen.begin(); at != seen.end(); ++at) {
        oldest = at->second <= oldest->second ? at : oldest;
      }
      std::erase_if(tokens, [&](const ClientToken& t) { return t.client == oldest->first; });
      seen.erase(oldest);
    }
    token.is_current = false;
    token.used = {};
    token.count = 0;
    tokens.push_back(std::move(token));
    sort(tokens);
    co_return Result<void>{};
  }
  Task<Result<void>> use(BareJid owner, std::string client, std::string seed, std::optional<std::uint64_t> count,
                         WallTime when) override {
    co_await turn();
    const auto held = lock();
    auto& tokens = shelves_.tokens[owner.str()];
    const auto at = std::ranges::find_if(tokens, [&](const ClientToken& t) { return t.client == client && t.seed == seed; });
    if (at == tokens.end()) {
      co_return fail(ErrorKind::not_found, "a token of " + owner.str());
    }
    if (count && *count <= at->count) {
      co_return fail(ErrorKind::denied, "a count that has been seen with this token");
    }
    ClientToken used = *at;
    std::erase_if(tokens, [&](const ClientToken& t) {
      return t.client == client && (t.seed == seed || !used.is_current || t.expires < used.expires);
    });
    used.is_current = true;
    used.used = when;
    used.count = count.value_or(used.count);
    tokens.push_back(std::move(used));
    sort(tokens);
    co_return Result<void>{};
  }
  Task<Result<std::vector<std::string>>> forget(BareJid owner, std::string client) override {
    co_await turn();
    const auto held = lock();
    std::set<std::string> clients;
    std::erase_if(shelves_.tokens[owner.str()], [&](const ClientToken& t) {
      const bool goes = client.empty() || t.client == client;
      if (goes) {
        clients.insert(t.client);
      }
      return goes;
    });
    co_return std::vector<std::string>(clients.begin(), clients.end());
  }

 private:
  static void sort(std::vector<ClientToken>& tokens) {
    std::ranges::sort(tokens, [](const ClientToken& a, const ClientToken& b) {
      return std::tie(a.client, a.is_current) < std::tie(b.client, b.is_current);
    });
  }
};

}  // namespace

std::unique_ptr<TokenStore> make_tokens(Shelves& shelves, Turn turn) { return std::make_unique<Tokens>(shelves, turn); }

}  // namespace aldis::memory
