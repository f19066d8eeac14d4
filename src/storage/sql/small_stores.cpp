// The stores of one small table each: private XML, vCards, block lists, last activity, failed logins, settings.
#include "storage/sql/tables.h"

namespace aldis::sql {

// ---- Private XML (XEP-0049).

Task<Result<std::optional<std::string>>> SqlPrivateXml::load(BareJid owner, std::string ns, std::string local) {
  std::string key = owner.str();
  auto work = [owner = std::move(owner), ns = std::move(ns),
               local = std::move(local)](Transaction& transaction) -> Result<std::optional<std::string>> {
    std::optional<std::string> xml;
    transaction.each("SELECT xml FROM private_xml WHERE owner = $1 AND ns = $2 AND local = $3", {owner.str(), ns, local},
                     [&](const Row& row) { xml = row.text(0); });
    return xml;
  };
  return database_.read(std::move(key), std::move(work));
}

Task<Result<void>> SqlPrivateXml::store(BareJid owner, std::vector<Item> items, std::size_t max_bytes) {
  std::string key = owner.str();
  std::size_t bytes = 256;
  for (const Item& item : items) {
    bytes += item.ns.size() + item.local.size() + item.xml.size();
  }
  auto work = [owner = std::move(owner), items = std::move(items), max_bytes](Transaction& transaction) -> Result<void> {
    for (const Item& item : items) {
      transaction.change(
          "INSERT INTO private_xml (owner, ns, local, bytes, xml) VALUES ($1, $2, $3, $4, $5)"
          " ON CONFLICT (owner, ns, local) DO UPDATE SET bytes = excluded.bytes, xml = excluded.xml",
          {owner.str(), item.ns, item.local, as_integer(item.xml.size()), item.xml});
    }
    bool has_room = false;
    transaction.each("SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM private_xml WHERE owner = $1", {owner.str()},
                     [&](const Row& row) { has_room = row.natural(0) <= max_bytes; });
    if (!has_room) {
      return fail(ErrorKind::full, "private XML of " + owner.str());  // undoes the items
    }
    return {};
  };
  return database_.write(std::move(key), bytes, std::move(work));
}

// ---- vCards (XEP-0054).

Task<Result<std::optional<std::string>>> SqlVCards::load(BareJid owner) {
  std::string key = owner.str();
  auto work = [owner = std::move(owner)](Transaction& transaction) -> Result<std::optional<std::string>> {
    std::optional<std::string> xml;
    transaction.each("SELECT xml FROM vcards WHERE owner = $1", {owner.str()}, [&](const Row& row) { xml = row.text(0); });
    return xml;
  };
  return database_.read(std::move(key), std::move(work));
}

Task<Result<void>> SqlVCards::store(BareJid owner, std::string xml) {
  std::string key = owner.str();
  const std::size_t bytes = 128 + xml.size();
  auto work = [owner = std::move(owner), xml = std::move(xml)](Transaction& transaction) -> Result<void> {
    transaction.change("INSERT INTO vcards (owner, xml) VALUES ($1, $2) ON CONFLICT (owner) DO UPDATE SET xml = excluded.xml",
                       {owner.str(), xml});
    return {};
  };
  return database_.write(std::move(key), bytes, std::move(work));
}

// ---- Block lists (XEP-0191).

Result<std::vector<Jid>> read_blocks(Transaction& transaction, const BareJid& owner) {
  std::vector<Jid> jids;
  bool has_unread = false;
  transaction.each("SELECT jid FROM blocks WHERE owner = $1 ORDER BY jid", {owner.str()}, [&](const Row& row) {
    if (auto jid = Jid::parse(row.bytes(0))) {
      jids.push_back(std::move(*jid));
    } else {
      has_unread = true;
    }
  });
  if (has_unread) {  // a shorter list would let somebody through
    return unreadable("an address in the block list", owner.str());
  }
  return jids;
}

Task<Result<std::vector<Jid>>> SqlBlocks::load(BareJid owner) {
  std::string key = owner.str();
  auto work = [owner = std::move(owner)](Transaction& transaction) { return read_blocks(transaction, owner); };
  return database_.read(std::move(key), std::move(work));
}

Task<Result<void>> SqlBlocks::add(BareJid owner, std::vector<Jid> jids) {
  std::string key = owner.str();
  const std::size_t bytes = 128 + 64 * jids.size();
  auto work = [owner = std::move(owner), jids = std::move(jids)](Transaction& transaction) -> Result<void> {
    for (const Jid& jid : jids) {
      transaction.change("INSERT INTO blocks (owner, jid) VALUES ($1, $2) ON CONFLICT (owner, jid) DO NOTHING",
                         {owner.str(), jid.str()});
    }
    return {};
  };
  return database_.write(std::move(key), bytes, std::move(work));
}

Task<Result<void>> SqlBlocks::remove(BareJid owner, std::vector<Jid> jids) {
  std::string key = owner.str();
  const std::size_t bytes = 128 + 64 * jids.size();
  auto work = [owner = std::move(owner), jids = std::move(jids)](Transaction& transaction) -> Result<void> {
    if (jids.empty()) {
      transaction.change("DELETE FROM blocks WHERE owner = $1", {owner.str()});
    }
    for (const Jid& jid : jids) {
      transaction.change("DELETE FROM blocks WHERE owner = $1 AND jid = $2", {owner.str(), jid.str()});
    }
    return {};
  };
  return database_.write(std::move(key), bytes, std::move(work));
}

// ---- Last activity (XEP-0012).

Task<Result<std::optional<LastActivity>>> SqlLastActivity::load(BareJid owner) {
  std::string key = owner.str();
  auto work = [owner = std::move(owner)](Transaction& transaction) -> Result<std::optional<LastActivity>> {
    std::optional<LastActivity> activity;
    transaction.each("SELECT happened, status FROM last_activity WHERE owner = $1", {owner.str()}, [&](const Row& row) {
      activity = LastActivity{as_time(row.integer(0)), row.text(1)};
    });
    return activity;
  };
  return database_.read(std::move(key), std::move(work));
}

Task<Result<void>> SqlLastActivity::store(BareJid owner, LastActivity activity) {
  std::string key = owner.str();
  const std::size_t bytes = 128 + activity.status.size();
  auto work = [owner = std::move(owner), activity = std::move(activity)](Transaction& transaction) -> Result<void> {
    transaction.change(
        "INSERT INTO last_activity (owner, happened, status) VALUES ($1, $2, $3)"
        " ON CONFLICT (owner) DO UPDATE SET happened = excluded.happened, status = excluded.status",
        {owner.str(), as_ms(activity.when), activity.status});
    return {};
  };
  return database_.write(std::move(key), bytes, std::move(work));
}

// ---- Failed logins: the installation's, not an account's, so that removing an account does not reset its sources.

Task<Result<std::map<std::string, LoginFailures>>> SqlLoginFailures::load_all() {
  auto work = [](Transaction& transaction) -> Result<std::map<std::string, LoginFailures>> {
    std::map<std::string, LoginFailures> all;
    transaction.each("SELECT subject, failures, first_at, last_at FROM login_failures", {}, [&](const Row& row) {
      all.emplace(row.text(0), LoginFailures{static_cast<std::uint32_t>(row.integer(1)), as_time(row.integer(2)), as_time(row.integer(3))});
    });
    return all;
  };
  return database_.read({}, std::move(work));
}

Task<Result<void>> SqlLoginFailures::put(std::string key, LoginFailures failures) {
  const std::size_t bytes = 128 + key.size();
  auto work = [key = std::move(key), failures](Transaction& transaction) -> Result<void> {
    transaction.change(
        "INSERT INTO login_failures (subject, failures, first_at, last_at) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (subject) DO UPDATE SET failures = excluded.failures, first_at = excluded.first_at, last_at = excluded.last_at",
        {key, std::int64_t{failures.count}, as_ms(failures.first), as_ms(failures.last)});
    return {};
  };
  return database_.write({}, bytes, std::move(work));
}

Task<Result<void>> SqlLoginFailures::remove(std::string key) {
  auto work = [key = std::move(key)](Transaction& transaction) -> Result<void> {
    transaction.change("DELETE FROM login_failures WHERE subject = $1", {key});
    return {};
  };
  return database_.write({}, 128, std::move(work));
}

// ---- Settings.

namespace {
std::optional<std::string> setting(Transaction& transaction, const std::string& key) {
  std::optional<std::string> value;
  transaction.each("SELECT content FROM settings WHERE name = $1", {key}, [&](const Row& row) { value = row.text(0); });
  return value;
}
}  // namespace

Task<Result<std::optional<std::string>>> SqlSettings::load(std::string key) {
  auto work = [key = std::move(key)](Transaction& transaction) -> Result<std::optional<std::string>> {
    return setting(transaction, key);
  };
  return database_.read({}, std::move(work));
}

Task<Result<std::string>> SqlSettings::load_or_store(std::string key, std::string value) {
  const std::size_t bytes = 128 + key.size() + value.size();
  auto work = [key = std::move(key), value = std::move(value)](Transaction& transaction) -> Result<std::string> {
    transaction.change("INSERT INTO settings (name, content) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", {key, Blob{value}});
    return setting(transaction, key).value_or(value);
  };
  return database_.write({}, bytes, std::move(work));
}

}  // namespace aldis::sql
