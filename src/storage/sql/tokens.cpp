// The tokens of clients (XEP-0484).
#include <algorithm>

#include "storage/sql/tables.h"

namespace aldis::sql {
namespace {

std::vector<ClientToken> read_tokens(Transaction& transaction, const BareJid& owner, std::string_view client) {
  std::vector<ClientToken> tokens;
  transaction.each(
      "SELECT client, is_current, mechanism, seed, issued, expires, used, highest, software, device FROM client_tokens"
      " WHERE owner = $1 AND (client = $2 OR $2 = '') ORDER BY client, is_current",
      {owner.str(), client}, [&](const Row& row) {
        tokens.push_back({.client = row.text(0),
                          .is_current = row.boolean(1),
                          .mechanism = row.text(2),
                          .seed = row.text(3),
                          .issued = as_time(row.integer(4)),
                          .expires = as_time(row.integer(5)),
                          .used = as_time(row.integer(6)),
                          .count = row.natural(7),
                          .software = row.text(8),
                          .device = row.text(9)});
      });
  return tokens;
}

// Whether a token may be issued on the strength of what was known of the account.
bool is_unchanged(Transaction& transaction, const BareJid& owner, WallTime credentials_changed) {
  bool is_so = false;
  transaction.each("SELECT 1 FROM accounts WHERE owner = $1 AND credentials_changed = $2 AND is_enabled = 1",
                   {owner.str(), as_ms(credentials_changed)}, [&](const Row&) { is_so = true; });
  return is_so;
}

// Makes room for one more client.
void drop_oldest(Transaction& transaction, const BareJid& owner, std::string_view but, std::size_t max_clients) {
  std::vector<std::string> others;  // the one that was here last comes first
  transaction.each(
      "SELECT client, MAX(CASE WHEN used > issued THEN used ELSE issued END) AS seen FROM client_tokens"
      " WHERE owner = $1 AND client <> $2 GROUP BY client ORDER BY seen DESC, client",
      {owner.str(), but}, [&](const Row& row) { others.push_back(row.text(0)); });
  for (std::size_t i = std::max<std::size_t>(max_clients, 1) - 1; i < others.size(); ++i) {
    transaction.change("DELETE FROM client_tokens WHERE owner = $1 AND client = $2", {owner.str(), others[i]});
  }
}

}  // namespace

Task<Result<std::vector<ClientToken>>> SqlTokens::load(BareJid owner, std::string client) {
  std::string key = owner.str();
  auto work = [owner = std::move(owner), client = std::move(client)](Transaction& transaction) -> Result<std::vector<ClientToken>> {
    return read_tokens(transaction, owner, client);
  };
  return database_.read(std::move(key), std::move(work));
}

Task<Result<void>> SqlTokens::issue(BareJid owner, ClientToken token, WallTime credentials_changed, std::size_t max_clients) {
  std::string key = owner.str();
  auto work = [owner = std::move(owner), token = std::move(token), credentials_changed,
               max_clients](Transaction& transaction) -> Result<void> {
    if (!is_unchanged(transaction, owner, credentials_changed)) {
      return fail(ErrorKind::denied, "the credentials of " + owner.str() + " have changed");
    }
    transaction.change("DELETE FROM client_tokens WHERE owner = $1 AND expires <= $2", {owner.str(), as_ms(token.issued)});
    drop_oldest(transaction, owner, token.client, max_clients);
    transaction.change("DELETE FROM client_tokens WHERE owner = $1 AND client = $2 AND is_current = 0", {owner.str(), token.client});
    transaction.change(
        "INSERT INTO client_tokens (owner, client, is_current, mechanism, seed, issued, expires, used, highest, software, device)"
        " VALUES ($1, $2, 0, $3, $4, $5, $6, 0, 0, $7, $8)",
        {owner.str(), token.client, token.mechanism, Blob{token.seed}, as_ms(token.issued), as_ms(token.expires), token.software,
         token.device});
    return {};
  };
  return database_.write(std::move(key), 512, std::move(work));
}

Task<Result<void>> SqlTokens::use(BareJid owner, std::string client, std::string seed, std::optional<std::uint64_t> count,
                                  WallTime when) {
  std::string key = owner.str();
  auto work = [owner = std::move(owner), client = std::move(client), seed = std::move(seed), count,
               when](Transaction& transaction) -> Result<void> {
    const std::vector<ClientToken> tokens = read_tokens(transaction, owner, client);
    const auto used = std::ranges::find(tokens, seed, &ClientToken::seed);
    if (used == tokens.end() || client.empty()) {
      return fail(ErrorKind::not_found, "a token of " + owner.str());
    }
    if (count && *count <= used->count) {
      return fail(ErrorKind::denied, "a count that has been seen with this token");
    }
    for (const ClientToken& other : tokens) {
      if (other.seed != seed && (!used->is_current || other.expires < used->expires)) {
        transaction.change("DELETE FROM client_tokens WHERE owner = $1 AND client = $2 AND is_current = $3",
                           {owner.str(), client, as_integer(other.is_current)});
      }
    }
    transaction.change(
        "UPDATE client_tokens SET is_current = 1, used = $4, highest = $5 WHERE owner = $1 AND client = $2 AND is_current = $3",
        {owner.str(), client, as_integer(used->is_current), as_ms(when), as_integer(count.value_or(used->count))});
    return {};
  };
  return database_.write(std::move(key), 256, std::move(work));
}

Task<Result<std::vector<std::string>>> SqlTokens::forget(BareJid owner, std::string client) {
  std::string key = owner.str();
  auto work = [owner = std::move(owner), client = std::move(client)](Transaction& transaction) -> Result<std::vector<std::string>> {
    std::vector<std::string> clients;
    for (const ClientToken& token : read_tokens(transaction, owner, client)) {
      if (clients.empty() || clients.back() != token.client) {
        clients.push_back(token.client);
      }
    }
    transaction.change("DELETE FROM client_tokens WHERE owner = $1 AND (client = $2 OR $2 = '')", {owner.str(), client});
    return clients;
  };
  return database_.write(std::move(key), 128, std::move(work));
}

}  // namespace aldis::sql
