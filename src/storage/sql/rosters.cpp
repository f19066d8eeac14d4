// Rosters, their versions and removals, and subscription requests that wait.
#include "storage/sql/tables.h"

namespace aldis::sql {
namespace {

void set_version(Transaction& transaction, const BareJid& owner, std::uint64_t version) {
  transaction.change(
      "INSERT INTO rosters (owner, version, removals_complete_since) VALUES ($1, $2, 0)"
      " ON CONFLICT (owner) DO UPDATE SET version = excluded.version",
      {owner.str(), as_integer(version)});
}

void forget_removal(Transaction& transaction, const BareJid& owner, std::string_view contact) {
  transaction.change("DELETE FROM roster_removals WHERE owner = $1 AND contact = $2", {owner.str(), contact});
}

void delete_groups(Transaction& transaction, const BareJid& owner, const BareJid& contact) {
  transaction.change("DELETE FROM roster_groups WHERE owner = $1 AND contact = $2", {owner.str(), contact.str()});
}

// The oldest removals go when there are too many, and the roster says so.
void bound_removals(Transaction& transaction, const BareJid& owner) {
  std::int64_t count = 0;
  transaction.each("SELECT COUNT(*) FROM roster_removals WHERE owner = $1", {owner.str()},
                   [&](const Row& row) { count = row.integer(0); });
  for (; count > static_cast<std::int64_t>(RosterData::max_removals); --count) {
    std::string oldest;
    std::int64_t version = 0;
    transaction.each("SELECT contact, version FROM roster_removals WHERE owner = $1 ORDER BY version, contact LIMIT 1",
                     {owner.str()}, [&](const Row& row) {
                       oldest = row.text(0);
                       version = row.integer(1);
                     });
    forget_removal(transaction, owner, oldest);
    transaction.change("UPDATE rosters SET removals_complete_since = $2 WHERE owner = $1", {owner.str(), version});
  }
}

// Reads rows that begin with an address; remembers one that is none.
class Addresses {
 public:
  template <class Take>
  void read(const Row& row, Take take) {
    if (auto jid = BareJid::parse(row.bytes(0))) {
      take(std::move(*jid));
    } else {
      unread_ = true;
    }
  }
  [[nodiscard]] bool has_unread() const { return unread_; }

 private:
  bool unread_ = false;
};

void read_items(Transaction& transaction, const std::string& owner, Addresses& addresses, std::vector<RosterItem>& items) {
  transaction.each(
      "SELECT contact, name, subscription, ask, approved, version FROM roster_items WHERE owner = $1 ORDER BY contact",
      {owner}, [&](const Row& row) {
        addresses.read(row, [&](BareJid contact) {
          items.push_back({.jid = std::move(contact),
                           .name = row.text(1),
                           .groups = {},
                           .subscription = static_cast<Subscription>(row.integer(2) & 3),
                           .ask = row.boolean(3),
                           .approved = row.boolean(4),
                           .version = row.natural(5)});
        });
      });
  auto item = items.begin();
  transaction.each("SELECT contact, name FROM roster_groups WHERE owner = $1 ORDER BY contact, name", {owner}, [&](const Row& row) {
    while (item != items.end() && item->jid.str() < row.bytes(0)) {
      ++item;
    }
    if (item != items.end() && item->jid.str() == row.bytes(0)) {
      item->groups.push_back(row.text(1));
    }
  });
}

}  // namespace

Result<RosterData> read_roster(Transaction& transaction, const BareJid& jid) {
  const std::string& owner = jid.str();
  RosterData data;
  Addresses addresses;
  transaction.each("SELECT version, removals_complete_since FROM rosters WHERE owner = $1", {owner}, [&](const Row& row) {
    data.version = row.natural(0);
    data.removals_complete_since = row.natural(1);
  });
  read_items(transaction, owner, addresses, data.items);
  transaction.each("SELECT sender, stanza FROM roster_requests WHERE owner = $1 ORDER BY position", {owner}, [&](const Row& row) {
    addresses.read(row, [&](BareJid from) { data.requests.push_back({std::move(from), row.text(1)}); });
  });
  transaction.each("SELECT contact, version FROM roster_removals WHERE owner = $1 ORDER BY version, contact", {owner},
                   [&](const Row& row) {
                     addresses.read(row, [&](BareJid contact) { data.removals.push_back({std::move(contact), row.natural(1)}); });
                   });
  if (addresses.has_unread()) {
    return unreadable("an address in the roster", owner);
  }
  return data;
}

Task<Result<RosterData>> SqlRosters::load(BareJid owner) {
  std::string key = owner.str();
  auto work = [owner = std::move(owner)](Transaction& transaction) { return read_roster(transaction, owner); };
  return database_.read(std::move(key), std::move(work));
}

Task<Result<void>> SqlRosters::put(BareJid owner, RosterItem item) {
  std::string key = owner.str();
  const std::size_t bytes = 256 + item.name.size() + 64 * item.groups.size();
  auto work = [owner = std::move(owner), item = std::move(item)](Transaction& transaction) -> Result<void> {
    set_version(transaction, owner, item.version);
    transaction.change(
        "INSERT INTO roster_items (owner, contact, name, subscription, ask, approved, version)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)"
        " ON CONFLICT (owner, contact) DO UPDATE SET name = excluded.name, subscription = excluded.subscription,"
        " ask = excluded.ask, approved = excluded.approved, version = excluded.version",
        {owner.str(), item.jid.str(), item.name, std::int64_t{static_cast<std::uint8_t>(item.subscription)}, as_integer(item.ask),
         as_integer(item.approved), as_integer(item.version)});
    delete_groups(transaction, owner, item.jid);
    for (const std::string& group : item.groups) {
      transaction.change("INSERT INTO roster_groups (owner, contact, name) VALUES ($1, $2, $3) ON CONFLICT (owner, contact, name) DO NOTHING",
                         {owner.str(), item.jid.str(), group});
    }
    forget_removal(transaction, owner, item.jid.str());
    return {};
  };
  return database_.write(std::move(key), bytes, std::move(work));
}

Task<Result<void>> SqlRosters::remove(BareJid owner, BareJid contact, std::uint64_t version) {
  std::string key = owner.str();
  auto work = [owner = std::move(owner), contact = std::move(contact), version](Transaction& transaction) -> Result<void> {
    set_version(transaction, owner, version);
    transaction.change("DELETE FROM roster_items WHERE owner = $1 AND contact = $2", {owner.str(), contact.str()});
    delete_groups(transaction, owner, contact);
    transaction.change(
        "INSERT INTO roster_removals (owner, contact, version) VALUES ($1, $2, $3)"
        " ON CONFLICT (owner, contact) DO UPDATE SET version = excluded.version",
        {owner.str(), contact.str(), as_integer(version)});
    bound_removals(transaction, owner);
    return {};
  };
  return database_.write(std::move(key), 256, std::move(work));
}

Task<Result<void>> SqlRosters::put_request(BareJid owner, SubscriptionRequest request) {
  std::string key = owner.str();
  const std::size_t bytes = 256 + request.stanza.size();
  auto work = [owner = std::move(owner), request = std::move(request)](Transaction& transaction) -> Result<void> {
    transaction.change(
        "INSERT INTO roster_requests (owner, sender, position, stanza)"
        " VALUES ($1, $2, (SELECT COALESCE(MAX(position), 0) + 1 FROM roster_requests WHERE owner = $1), $3)"
        " ON CONFLICT (owner, sender) DO UPDATE SET stanza = excluded.stanza",
        {owner.str(), request.from.str(), request.stanza});
    return {};
  };
  return database_.write(std::move(key), bytes, std::move(work));
}

Task<Result<void>> SqlRosters::remove_request(BareJid owner, BareJid from) {
  std::string key = owner.str();
  auto work = [owner = std::move(owner), from = std::move(from)](Transaction& transaction) -> Result<void> {
    transaction.change("DELETE FROM roster_requests WHERE owner = $1 AND sender = $2", {owner.str(), from.str()});
    return {};
  };
  return database_.write(std::move(key), 256, std::move(work));
}

}  // namespace aldis::sql
