// Accounts and their keys; the removal of all that is kept under an address.
#include <algorithm>
#include <array>
#include <limits>

#include "storage/sql/archive_rows.h"

namespace aldis::sql {
namespace {

constexpr std::array purges{
    Statement{"DELETE FROM accounts WHERE owner = $1"},
    Statement{"DELETE FROM scram_keys WHERE owner = $1"},
    Statement{"DELETE FROM former_keys WHERE owner = $1"},
    Statement{"DELETE FROM rosters WHERE owner = $1"},
    Statement{"DELETE FROM roster_items WHERE owner = $1"},
    Statement{"DELETE FROM roster_groups WHERE owner = $1"},
    Statement{"DELETE FROM roster_removals WHERE owner = $1"},
    Statement{"DELETE FROM roster_requests WHERE owner = $1"},
    Statement{"DELETE FROM archives WHERE owner = $1"},
    Statement{"DELETE FROM archive_preferences WHERE owner = $1"},
    Statement{"DELETE FROM archive_preferred WHERE owner = $1"},
    Statement{"DELETE FROM private_xml WHERE owner = $1"},
    Statement{"DELETE FROM vcards WHERE owner = $1"},
    Statement{"DELETE FROM blocks WHERE owner = $1"},
    Statement{"DELETE FROM last_activity WHERE owner = $1"},
    Statement{"DELETE FROM notices_had WHERE owner = $1"},
    Statement{"DELETE FROM suspended_sessions WHERE owner = $1"},
    Statement{"DELETE FROM suspended_stanzas WHERE owner = $1"},
    Statement{"DELETE FROM client_tokens WHERE owner = $1"},
    Statement{"DELETE FROM push_registrations WHERE owner = $1"},
    Statement{"DELETE FROM certificate_mappings WHERE owner = $1"},
    Statement{"DELETE FROM pubsub_services WHERE owner = $1"},
    Statement{"DELETE FROM pubsub_nodes WHERE owner = $1"},
    Statement{"DELETE FROM pubsub_collections WHERE owner = $1"},
    Statement{"DELETE FROM pubsub_affiliations WHERE owner = $1"},
    Statement{"DELETE FROM pubsub_subscriptions WHERE owner = $1"},
    Statement{"DELETE FROM pubsub_items WHERE owner = $1"},
};

Unexpected<Error> no_account(const BareJid& jid) { return fail(ErrorKind::not_found, "account " + jid.str()); }

void purge(Transaction& transaction, const BareJid& jid) {
  leave_archive(transaction, jid);
  for (const Statement each : purges) {
    transaction.change(each, {jid.str()});
  }
}

// Security S13: a token lives no longer than the password it was got with.
void end_tokens(Transaction& transaction, const BareJid& jid) {
  transaction.change("DELETE FROM client_tokens WHERE owner = $1", {jid.str()});
}

bool exists(Transaction& transaction, const BareJid& jid) {
  bool found = false;
  transaction.each("SELECT 1 FROM accounts WHERE owner = $1", {jid.str()}, [&](const Row&) { found = true; });
  return found;
}

SecretBytes secret(std::string_view bytes) { return SecretBytes(bytes); }

// From five columns, of which `first` is the first.
ScramKeys read_key(const Row& row, int first) {
  return {.hash = row.text(first),
          .iterations = static_cast<std::uint32_t>(row.integer(first + 1)),
          .salt = row.text(first + 2),
          .stored_key = secret(row.bytes(first + 3)),
          .server_key = secret(row.bytes(first + 4))};
}

std::vector<ScramKeys> read_keys(Transaction& transaction, const BareJid& jid) {
  std::vector<ScramKeys> keys;
  transaction.each("SELECT hash, iterations, salt, stored_key, server_key FROM scram_keys WHERE owner = $1 ORDER BY position",
                   {jid.str()}, [&](const Row& row) { keys.push_back(read_key(row, 0)); });
  return keys;
}

void write_keys(Transaction& transaction, const BareJid& jid, const std::vector<ScramKeys>& keys, std::int64_t position = 0) {
  for (const ScramKeys& key : keys) {
    transaction.change(
        "INSERT INTO scram_keys (owner, position, hash, iterations, salt, stored_key, server_key)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        {jid.str(), ++position, key.hash, std::int64_t{key.iterations}, Blob{key.salt}, Blob{key.stored_key.view()},
         Blob{key.server_key.view()}});
  }
}

// The first of the keys of now becomes the last of the former ones; of these `most` stay.
void remember_former(Transaction& transaction, const BareJid& jid, std::size_t most) {
  std::int64_t last = 0;
  transaction.each("SELECT COALESCE(MAX(number), 0) FROM former_keys WHERE owner = $1", {jid.str()}, [&](const Row& row) { last = row.integer(0); });
  const std::vector<ScramKeys> present = read_keys(transaction, jid);
  if (!present.empty() && most > 0) {
    const ScramKeys& key = present.front();
    transaction.change(
        "INSERT INTO former_keys (owner, number, hash, iterations, salt, stored_key, server_key) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        {jid.str(), ++last, key.hash, std::int64_t{key.iterations}, Blob{key.salt}, Blob{key.stored_key.view()}, Blob{key.server_key.view()}});
  }
  transaction.change("DELETE FROM former_keys WHERE owner = $1 AND number <= $2", {jid.str(), last - static_cast<std::int64_t>(most)});
}

AccountRecord read_record(const Row& row, BareJid jid) {
  return {.jid = std::move(jid),
          .keys = {},
          .is_enabled = row.boolean(1),
          .created = as_time(row.integer(2)),
          .credentials_changed = as_time(row.integer(3)),
          .must_change = row.boolean(4)};
}

}  // namespace

std::span<const Statement> purge_statements() { return purges; }

Task<Result<AccountRecord>> SqlAccounts::find(BareJid jid) {
  std::string owner = jid.str();
  auto work = [jid = std::move(jid)](Transaction& transaction) -> Result<AccountRecord> {
    std::optional<AccountRecord> found;
    transaction.each(
        "SELECT a.owner, a.is_enabled, a.created, a.credentials_changed, a.must_change, CASE WHEN k.owner IS NULL THEN 0 ELSE 1 END, k.hash,"
        " k.iterations, k.salt, k.stored_key, k.server_key FROM accounts a LEFT JOIN scram_keys k ON k.owner = a.owner WHERE a.owner = $1"
        " ORDER BY k.position",
        {jid.str()}, [&](const Row& row) {  // one for each key; without keys one
          if (!found) {
            found = read_record(row, jid);
          }
          if (row.boolean(5)) {
            found->keys.push_back(read_key(row, 6));
          }
        });
    if (!found) {
      return no_account(jid);
    }
    return std::move(*found);
  };
  return database_.read(std::move(owner), std::move(work));
}

Task<Result<void>> SqlAccounts::create(AccountRecord record) {
  std::string owner = record.jid.str();
  auto work = [record = std::move(record)](Transaction& transaction) -> Result<void> {
    if (exists(transaction, record.jid)) {
      return fail(ErrorKind::already_exists, "account " + record.jid.str());
    }
    purge(transaction, record.jid);  // a write that came after the removal of an account before
    transaction.change(
        "INSERT INTO accounts (owner, domain, is_enabled, created, credentials_changed, must_change) VALUES ($1, $2, $3, $4, $5, $6)",
        {record.jid.str(), record.jid.domain(), as_integer(record.is_enabled), as_ms(record.created), as_ms(record.credentials_changed),
         as_integer(record.must_change)});
    write_keys(transaction, record.jid, record.keys);
    return {};
  };
  return database_.write(std::move(owner), 1024, std::move(work));
}

Task<Result<void>> SqlAccounts::set_keys(BareJid jid, std::vector<ScramKeys> keys, WallTime when, std::size_t former) {
  std::string owner = jid.str();
  auto work = [jid = std::move(jid), keys = std::move(keys), when, former](Transaction& transaction) -> Result<void> {
    if (transaction.change("UPDATE accounts SET credentials_changed = $2, must_change = 0 WHERE owner = $1", {jid.str(), as_ms(when)}) == 0) {
      return no_account(jid);
    }
    remember_former(transaction, jid, former);
    transaction.change("DELETE FROM scram_keys WHERE owner = $1", {jid.str()});
    write_keys(transaction, jid, keys);
    end_tokens(transaction, jid);
    return {};
  };
  return database_.write(std::move(owner), 1024, std::move(work));
}

Task<Result<void>> SqlAccounts::add_keys(BareJid jid, ScramKeys keys, WallTime credentials_changed) {
  std::string owner = jid.str();
  auto work = [jid = std::move(jid), keys = std::move(keys), credentials_changed](Transaction& transaction) -> Result<void> {
    if (!exists(transaction, jid)) {
      return no_account(jid);
    }
    bool is_unchanged = false;
    transaction.each("SELECT 1 FROM accounts WHERE owner = $1 AND credentials_changed = $2",
                     {jid.str(), as_ms(credentials_changed)}, [&](const Row&) { is_unchanged = true; });
    const std::vector<ScramKeys> present = read_keys(transaction, jid);
    const auto same = std::ranges::find(present, keys.hash, &ScramKeys::hash);
    if (!is_unchanged || (same != present.end() && same->iterations >= keys.iterations)) {
      return fail(ErrorKind::denied, "the credentials of " + jid.str() + " have changed");
    }
    if (same != present.end()) {
      transaction.change("UPDATE scram_keys SET iterations = $3, salt = $4, stored_key = $5, server_key = $6 WHERE owner = $1 AND hash = $2",
                         {jid.str(), keys.hash, std::int64_t{keys.iterations}, Blob{keys.salt}, Blob{keys.stored_key.view()},
                          Blob{keys.server_key.view()}});
      return {};
    }
    write_keys(transaction, jid, {keys}, static_cast<std::int64_t>(present.size()));
    return {};
  };
  return database_.write(std::move(owner), 512, std::move(work));
}

Task<Result<std::vector<ScramKeys>>> SqlAccounts::former_keys(BareJid jid) {
  std::string owner = jid.str();
  auto work = [jid = std::move(jid)](Transaction& transaction) -> Result<std::vector<ScramKeys>> {
    std::vector<ScramKeys> keys;
    transaction.each("SELECT hash, iterations, salt, stored_key, server_key FROM former_keys WHERE owner = $1 ORDER BY number DESC", {jid.str()},
                     [&](const Row& row) { keys.push_back(read_key(row, 0)); });
    return keys;
  };
  return database_.read(std::move(owner), std::move(work));
}

Task<Result<void>> SqlAccounts::set_enabled(BareJid jid, bool is_enabled) {
  std::string owner = jid.str();
  auto work = [jid = std::move(jid), is_enabled](Transaction& transaction) -> Result<void> {
    if (transaction.change("UPDATE accounts SET is_enabled = $2 WHERE owner = $1", {jid.str(), as_integer(is_enabled)}) == 0) {
      return no_account(jid);
    }
    if (!is_enabled) {
      end_tokens(transaction, jid);
    }
    return {};
  };
  return database_.write(std::move(owner), 128, std::move(work));
}

Task<Result<void>> SqlAccounts::set_must_change(BareJid jid) {
  std::string owner = jid.str();
  auto work = [jid = std::move(jid)](Transaction& transaction) -> Result<void> {
    if (transaction.change("UPDATE accounts SET must_change = 1 WHERE owner = $1", {jid.str()}) == 0) {
      return no_account(jid);
    }
    end_tokens(transaction, jid);
    return {};
  };
  return database_.write(std::move(owner), 128, std::move(work));
}

Task<Result<void>> SqlAccounts::remove(BareJid jid) {
  std::string owner = jid.str();
  auto work = [jid = std::move(jid)](Transaction& transaction) -> Result<void> {
    if (!exists(transaction, jid)) {
      return no_account(jid);
    }
    purge(transaction, jid);
    return {};
  };
  return database_.write(std::move(owner), 128, std::move(work));
}

Task<Result<std::vector<AccountRecord>>> SqlAccounts::list(std::string domain, std::string after, std::size_t limit) {
  auto work = [domain = std::move(domain), after = std::move(after),
               limit](Transaction& transaction) -> Result<std::vector<AccountRecord>> {
    std::vector<AccountRecord> found;
    std::string unread;
    const auto at_most = static_cast<std::int64_t>(std::min<std::size_t>(limit, std::numeric_limits<std::int32_t>::max()));
    transaction.each(
        "SELECT owner, is_enabled, created, credentials_changed, must_change FROM accounts"
        " WHERE domain = $1 AND owner > $2 ORDER BY owner LIMIT $3",
        {domain, after, at_most}, [&](const Row& row) {
          if (auto jid = BareJid::parse(row.bytes(0))) {
            found.push_back(read_record(row, std::move(*jid)));
          } else {
            unread = row.text(0);
          }
        });
    if (!unread.empty()) {
      return unreadable("the address", unread);
    }
    for (AccountRecord& record : found) {
      record.keys = read_keys(transaction, record.jid);
    }
    return found;
  };
  return database_.read({}, std::move(work));
}

}  // namespace aldis::sql
