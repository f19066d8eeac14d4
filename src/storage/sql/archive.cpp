// The archive's writes: entries, what waits, preferences. One message has one row, counted by those who refer to it.
#include "storage/sql/archive_rows.h"

namespace aldis::sql {
namespace {

constexpr std::string_view high_water_name = "high-water";
constexpr std::string_view last_archive_name = "last-archive";
constexpr ArchiveId one_second = 1'000'000ULL << 12U;

}  // namespace

std::int64_t archive_of(Transaction& transaction, const BareJid& owner) {
  std::int64_t archive = 0;
  transaction.each("SELECT archive FROM archives WHERE owner = $1", {owner.str()},
                   [&](const Row& row) { archive = row.integer(0); });
  return archive;
}

void leave_archive(Transaction& transaction, const BareJid& owner) {
  transaction.change("INSERT INTO archive_leftovers (archive) SELECT archive FROM archives WHERE owner = $1", {owner.str()});
  transaction.change("DELETE FROM archives WHERE owner = $1", {owner.str()});
}

ArchiveRow require_archive(Transaction& transaction, const BareJid& owner) {
  ArchiveRow found;
  transaction.each("SELECT archive, pending, pending_bytes FROM archives WHERE owner = $1", {owner.str()},
                   [&](const Row& row) {
                     found = {row.integer(0), row.integer(1), row.integer(2)};
                   });
  if (found.archive != 0) {
    return found;
  }
  transaction.each(
      "INSERT INTO archive_counters (name, value) VALUES ($1, 1)"
      " ON CONFLICT (name) DO UPDATE SET value = archive_counters.value + 1 RETURNING value",
      {last_archive_name}, [&](const Row& row) { found.archive = row.integer(0); });
  transaction.change(
      "INSERT INTO archives (owner, domain, archive, contacts, messages, bytes, pending, pending_bytes, keep_ms, "
      "keep_bytes)"
      " VALUES ($1, $2, $3, 0, 0, 0, 0, 0, -1, -1)",
      {owner.str(), owner.domain(), found.archive});
  return found;
}

std::int64_t contact_number(Transaction& transaction, std::int64_t archive, std::string_view address) {
  std::int64_t number = 0;
  transaction.each("SELECT number FROM archive_contacts WHERE archive = $1 AND address = $2", {archive, address},
                   [&](const Row& row) { number = row.integer(0); });
  return number;
}

std::int64_t require_contact(Transaction& transaction, const BareJid& owner, ArchiveNumbers& numbers,
                             ArchiveNumbers::Known& known, std::string_view address) {
  if (const auto found = known.contacts.find(address); found != known.contacts.end()) {
    return found->second;
  }
  const std::int64_t archive = known.archive;
  std::int64_t number = contact_number(transaction, archive, address);
  if (number == 0) {
    transaction.each("UPDATE archives SET contacts = contacts + 1 WHERE owner = $1 RETURNING contacts", {owner.str()},
                     [&](const Row& row) { number = row.integer(0); });
    transaction.change("INSERT INTO archive_contacts (archive, address, number) VALUES ($1, $2, $3)",
                       {archive, address, number});
  }
  numbers.remember_contact(known, address, number);
  return number;
}

// Statements of one row each that may change none: SQLite keeps a copy of every page that one changes which may fail half-way, as
// ON CONFLICT … DO UPDATE may.
std::size_t use_message(Transaction& transaction, const ArchiveEntry& entry, std::int64_t uses, bool may_be_there) {
  const std::int64_t message = as_integer(entry.message);
  const auto use = [&] {
    return transaction.change("UPDATE archive_messages SET uses = uses + $2 WHERE id = $1", {message, uses}) == 1;
  };
  if (may_be_there && use()) {
    return entry.stanza->size();
  }
  const std::string text = entry.stanza->to_xml();
  if (transaction.change("INSERT INTO archive_messages (id, uses, stanza) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING",
                         {message, uses, text}) == 0) {
    static_cast<void>(use());
  }
  return text.size();
}

std::string release_message(Transaction& transaction, std::int64_t message) {
  std::int64_t uses = 0;
  std::string text;
  transaction.each("UPDATE archive_messages SET uses = uses - 1 WHERE id = $1 RETURNING uses, stanza", {message},
                   [&](const Row& row) {
                     uses = row.integer(0);
                     text = row.text(1);
                   });
  if (uses == 0) {
    transaction.change("DELETE FROM archive_messages WHERE id = $1", {message});
  }
  return text;
}

// The mark follows the ids a second behind, and the server adds more than that when it starts: so it costs one
// statement a second, not one a message.
void SqlArchive::note_id(Transaction& transaction, ArchiveId id) {
  if (id < noted_id_ + one_second) {
    return;
  }
  noted_id_ = id;
  transaction.change(
      "INSERT INTO archive_counters (name, value) VALUES ($1, $2)"
      " ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE excluded.value > archive_counters.value",
      {high_water_name, as_integer(id)});
}

void SqlArchive::at_begin() {
  newest_id_ = 0;
  appends_.forget();
  appends_.at_begin();
  words_.forget();
}

void SqlArchive::settle(Transaction& transaction) {
  if (!appends_.empty()) {
    note_id(transaction, std::exchange(newest_id_, 0));
    appends_.write(transaction, words_);
  }
}

void SqlArchive::at_undone() {
  noted_id_ = 0;
  appends_.forget();
  appends_.at_undone();
}

Task<Result<ArchiveId>> SqlArchive::high_water() {
  auto work = [](Transaction& transaction) -> Result<ArchiveId> {
    constexpr ArchiveId margin = 5 * one_second;
    ArchiveId mark = 0;
    transaction.each("SELECT value FROM archive_counters WHERE name = $1", {high_water_name},
                     [&](const Row& row) { mark = row.natural(0) + margin; });
    return mark;
  };
  return database_.read({}, std::move(work));
}

Task<Result<void>> SqlArchive::append(BareJid owner, ArchiveEntry entry) {
  const OwnerKey key(owner.str());
  const std::size_t bytes = 256 + entry.stanza->size();
  auto work = [this, owner = std::move(owner), entry = std::move(entry)](Transaction&) -> Result<void> {
    appends_.add(owner, entry);
    newest_id_ = std::max(newest_id_, entry.id);
    return {};
  };
  return database_.write(key, bytes, std::move(work));
}

Task<Result<void>> SqlArchive::replace(BareJid owner, ArchiveId id, StanzaPtr stanza) {
  std::string key = owner.str();
  const std::size_t bytes = 256 + stanza->size();
  auto work = [this, owner = std::move(owner), id, stanza = std::move(stanza)](Transaction& transaction) -> Result<void> {
    const std::int64_t archive = archive_of(transaction, owner);
    ArchiveWords::Row row;
    std::int64_t number = 0;
    std::int64_t message = 0;
    std::int64_t size = 0;
    transaction.each("SELECT number, contact, message, bytes FROM archive_entries WHERE archive = $1 AND id = $2",
                     {archive, as_integer(id)}, [&](const Row& found) {
                       number = found.integer(0);
                       row.number = words_row(number);
                       row.places[0] = {archive, found.integer(1)};
                       message = found.integer(2);
                       size = found.integer(3);
                     });
    if (number == 0) {
      return fail(ErrorKind::not_found, "no such message in the archive");
    }
    std::int64_t uses = 0;
    transaction.each("SELECT uses, stanza FROM archive_messages WHERE id = $1", {message}, [&](const Row& found) {
      uses = found.integer(0);
      row.text = text_of(found.text(1));
    });
    if (uses > 1) {
      return fail(ErrorKind::denied, "another archive has the message too");
    }
    const std::string text = stanza->to_xml();
    transaction.change("UPDATE archive_messages SET stanza = $2 WHERE id = $1", {message, text});
    transaction.change("UPDATE archive_entries SET bytes = $2 WHERE number = $1", {number, as_integer(text.size())});
    transaction.change("UPDATE archives SET bytes = bytes + $2 WHERE owner = $1",
                       {owner.str(), as_integer(text.size()) - size});
    ArchiveWords::Row after = row;
    after.text = searchable_text(*stanza);
    words_.remove(std::move(row));
    words_.add(std::move(after));
    return {};
  };
  return database_.write(std::move(key), bytes, std::move(work));
}

// ---- what waits

Task<Result<void>> SqlArchive::hold(BareJid owner, ArchiveEntry entry, PendingLimits limits) {
  std::string key = owner.str();
  const std::size_t bytes = 256 + entry.stanza->size();
  auto work = [this, owner = std::move(owner), entry = std::move(entry),
               limits](Transaction& transaction) -> Result<void> {
    const ArchiveRow row = require_archive(transaction, owner);
    bool waits_already = false;
    transaction.each("SELECT 1 FROM archive_pending WHERE archive = $1 AND id = $2",
                     {row.archive, as_integer(entry.id)}, [&](const Row&) { waits_already = true; });
    if (waits_already) {
      return {};
    }
    const std::int64_t size = as_integer(use_message(transaction, entry, 1, true));
    if (static_cast<std::uint64_t>(row.pending) + 1 > limits.messages ||
        static_cast<std::uint64_t>(row.pending_bytes + size) > limits.bytes) {
      return fail(ErrorKind::full, "messages that wait for " + owner.str());  // undoes the message
    }
    transaction.change(
        "INSERT INTO archive_pending (archive, id, message, bytes, is_archived) SELECT $1, $2, $3, $4,"
        " COUNT(*) FROM archive_entries WHERE archive = $1 AND id = $2",
        {row.archive, as_integer(entry.id), as_integer(entry.message), size});
    transaction.change("UPDATE archives SET pending = pending + 1, pending_bytes = pending_bytes + $2 WHERE owner = $1",
                       {owner.str(), size});
    note_id(transaction, entry.id);
    return {};
  };
  return database_.write(std::move(key), bytes, std::move(work));
}

Task<Result<std::vector<ArchivedMessage>>> SqlArchive::load_pending(BareJid owner, ArchiveId after, std::size_t limit,
                                                                    std::size_t max_bytes) {
  std::string key = owner.str();
  auto work = [owner = std::move(owner), after, limit,
               max_bytes](Transaction& transaction) -> Result<std::vector<ArchivedMessage>> {
    std::vector<ArchivedMessage> found;
    std::vector<std::int64_t> messages;
    std::size_t bytes = 0;
    transaction.each(
        "SELECT p.id, p.is_archived, p.message, p.bytes FROM archives a CROSS JOIN archive_pending p"
        " WHERE a.owner = $1 AND p.archive = a.archive AND p.id > $2 ORDER BY p.id LIMIT $3",
        {owner.str(), as_integer(after), as_integer(limit)}, [&](const Row& row) {
          const bool fits = messages.empty() || (bytes <= max_bytes && messages.size() == found.size());
          bytes += row.natural(3);
          if (fits && (messages.empty() || bytes <= max_bytes)) {
            found.push_back({.id = row.natural(0), .is_archived = row.boolean(1)});
            messages.push_back(row.integer(2));
          }
        });
    for (std::size_t i = 0; i < found.size(); ++i) {
      transaction.each("SELECT stanza FROM archive_messages WHERE id = $1", {messages[i]},
                       [&](const Row& row) { found[i].stanza = row.text(0); });
    }
    return found;
  };
  return database_.read(std::move(key), std::move(work));
}

Task<Result<void>> SqlArchive::remove_pending(BareJid owner, std::vector<ArchiveId> ids) {
  std::string key = owner.str();
  const std::size_t bytes = 128 + 8 * ids.size();
  auto work = [owner = std::move(owner), ids = std::move(ids)](Transaction& transaction) -> Result<void> {
    const std::int64_t archive = archive_of(transaction, owner);
    for (const ArchiveId id : ids) {
      std::int64_t message = 0;
      std::int64_t size = 0;
      transaction.each("DELETE FROM archive_pending WHERE archive = $1 AND id = $2 RETURNING message, bytes",
                       {archive, as_integer(id)}, [&](const Row& row) {
                         message = row.integer(0);
                         size = row.integer(1);
                       });
      if (message != 0) {
        static_cast<void>(release_message(transaction, message));
        transaction.change(
            "UPDATE archives SET pending = pending - 1, pending_bytes = pending_bytes - $2 WHERE owner = $1",
            {owner.str(), size});
      }
    }
    return {};
  };
  return database_.write(std::move(key), bytes, std::move(work));
}

// ---- preferences (XEP-0441)

Result<ArchivePreferences> read_archive_preferences(Transaction& transaction, const BareJid& owner) {
  ArchivePreferences found;
  bool has_unread = false;
  transaction.each("SELECT otherwise FROM archive_preferences WHERE owner = $1", {owner.str()}, [&](const Row& row) {
    has_unread = row.natural(0) > static_cast<std::uint64_t>(ArchivePreferences::Default::roster);
    found.otherwise = static_cast<ArchivePreferences::Default>(row.integer(0));
  });
  transaction.each("SELECT jid, is_always FROM archive_preferred WHERE owner = $1 ORDER BY jid", {owner.str()},
                   [&](const Row& row) {
                     auto jid = Jid::parse(row.bytes(0));
                     has_unread = has_unread || !jid;
                     if (jid) {
                       (row.boolean(1) ? found.always : found.never).push_back(std::move(*jid));
                     }
                   });
  if (has_unread) {  // a shorter list would archive what must not be
    return unreadable("archive preferences", owner.str());
  }
  return found;
}

Task<Result<ArchivePreferences>> SqlArchive::load_preferences(BareJid owner) {
  std::string key = owner.str();
  auto work = [owner = std::move(owner)](Transaction& transaction) { return read_archive_preferences(transaction, owner); };
  return database_.read(std::move(key), std::move(work));
}

Task<Result<void>> SqlArchive::store_preferences(BareJid owner, ArchivePreferences preferences) {
  std::string key = owner.str();
  const std::size_t bytes = 128 + 64 * (preferences.always.size() + preferences.never.size());
  auto work = [owner = std::move(owner),
               preferences = std::move(preferences)](Transaction& transaction) -> Result<void> {
    transaction.change(
        "INSERT INTO archive_preferences (owner, otherwise) VALUES ($1, $2)"
        " ON CONFLICT (owner) DO UPDATE SET otherwise = excluded.otherwise",
        {owner.str(), static_cast<std::int64_t>(preferences.otherwise)});
    transaction.change("DELETE FROM archive_preferred WHERE owner = $1", {owner.str()});
    for (const auto* list : {&preferences.always, &preferences.never}) {
      for (const Jid& jid : *list) {
        transaction.change(
            "INSERT INTO archive_preferred (owner, jid, is_always) VALUES ($1, $2, $3) ON CONFLICT (owner, jid) DO "
            "NOTHING",
            {owner.str(), jid.str(), as_integer(list == &preferences.always)});
      }
    }
    return {};
  };
  return database_.write(std::move(key), bytes, std::move(work));
}

}  // namespace aldis::sql
