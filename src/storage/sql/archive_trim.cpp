// Keeping archives within their limits, in small steps: the oldest entries go (XEP-0313 section 2.2: no holes), with
// the messages nobody else refers to, and what accounts left that were removed.
#include <limits>

#include "base/log.h"
#include "storage/sql/archive_rows.h"

namespace aldis::sql {
namespace {

struct Entry {
  std::int64_t number, id, contact, message, bytes;
};

constexpr std::int64_t archives_in_a_step = 100;

}  // namespace

std::string text_of(std::string stanza) {
  auto parsed = Stanza::parse(std::move(stanza), xml::Scope{"jabber:client"});
  return parsed ? searchable_text(**parsed) : std::string();
}

Task<Result<void>> SqlArchive::set_retention(BareJid owner, std::optional<ArchiveRetention> limits) {
  std::string key = owner.str();
  auto work = [owner = std::move(owner), limits](Transaction& transaction) -> Result<void> {
    static_cast<void>(require_archive(transaction, owner));
    transaction.change("UPDATE archives SET keep_ms = $2, keep_bytes = $3 WHERE owner = $1",
                       {owner.str(), limits ? std::int64_t{limits->age.count()} : std::int64_t{-1},
                        limits ? as_integer(limits->bytes) : std::int64_t{-1}});
    return {};
  };
  return database_.write(std::move(key), 128, std::move(work));
}

// The other entry of a pair keeps the row in the index, without the words of this one's place.
void SqlArchive::remove_words(Transaction& transaction, std::int64_t archive, std::int64_t number, std::int64_t contact,
                              std::string text) {
  ArchiveWords::Row row{.number = words_row(number), .places = {{{archive, contact}, {}}}, .text = std::move(text)};
  if (number >= first_paired_number) {
    transaction.each("SELECT archive, contact FROM archive_entries WHERE number = $1", {number ^ 1},
                     [&](const Row& other) { row.places[1] = {other.integer(0), other.integer(1)}; });
  }
  words_.remove(row);
  if (row.places[1].archive != 0) {
    row.places = {{row.places[1], {}}};
    words_.add(std::move(row));
  }
}

// Entries older than `before`, and as many of the oldest as make up `surplus` bytes.
std::size_t SqlArchive::remove_oldest(Transaction& transaction, std::int64_t archive, ArchiveId before,
                                      std::int64_t surplus, std::size_t most) {
  std::vector<Entry> going;
  std::int64_t left = surplus;
  const std::int64_t end = surplus > 0 ? std::numeric_limits<std::int64_t>::max() : as_integer(before);
  transaction.each(
      "SELECT number, id, contact, message, bytes FROM archive_entries WHERE archive = $1 AND id < $2 ORDER BY id "
      "LIMIT $3",
      {archive, end, as_integer(most)}, [&](const Row& row) {
        if (row.natural(1) < before || left > 0) {
          going.push_back({row.integer(0), row.integer(1), row.integer(2), row.integer(3), row.integer(4)});
          left -= row.integer(4);
        }
      });
  for (const Entry& entry : going) {
    transaction.change("DELETE FROM archive_entries WHERE number = $1", {entry.number});
    // It goes on waiting, on its own.
    transaction.change("UPDATE archive_pending SET is_archived = 0 WHERE archive = $1 AND id = $2",
                       {archive, entry.id});
    remove_words(transaction, archive, entry.number, entry.contact, text_of(release_message(transaction, entry.message)));
  }
  if (!going.empty()) {
    std::int64_t bytes = 0;
    for (const Entry& entry : going) {
      bytes += entry.bytes;
    }
    transaction.change("UPDATE archives SET messages = messages - $2, bytes = bytes - $3 WHERE archive = $1",
                       {archive, as_integer(going.size()), bytes});
  }
  return going.size();
}

std::size_t SqlArchive::remove_leftovers(Transaction& transaction, std::size_t most) {
  std::int64_t archive = 0;
  transaction.each("SELECT archive FROM archive_leftovers ORDER BY archive LIMIT 1", {},
                   [&](const Row& row) { archive = row.integer(0); });
  if (archive == 0) {
    return 0;
  }
  if (const std::size_t removed =
          remove_oldest(transaction, archive, 0, std::numeric_limits<std::int64_t>::max(), most);
      removed != 0) {
    return removed;
  }
  std::vector<std::int64_t> messages;
  transaction.each("SELECT message FROM archive_pending WHERE archive = $1", {archive},
                   [&](const Row& row) { messages.push_back(row.integer(0)); });
  for (const std::int64_t message : messages) {
    static_cast<void>(release_message(transaction, message));
  }
  transaction.change("DELETE FROM archive_pending WHERE archive = $1", {archive});
  transaction.change("DELETE FROM archive_contacts WHERE archive = $1", {archive});
  transaction.change("DELETE FROM archive_leftovers WHERE archive = $1", {archive});
  return 1;
}

Task<Result<TrimmedStep>> SqlArchive::trim(TrimStep step) {
  auto work = [this, step = std::move(step)](Transaction& transaction) -> Result<TrimmedStep> {
    TrimmedStep done;
    done.next = step.after;
    if (done.removed = remove_leftovers(transaction, step.most); done.removed != 0) {
      return done;
    }
    struct Archive {
      std::string owner;
      std::int64_t archive, bytes, keep_ms, keep_bytes;
    };
    std::vector<Archive> archives;
    transaction.each(
        "SELECT owner, archive, bytes, keep_ms, keep_bytes FROM archives WHERE domain = $1 AND owner > $2 ORDER BY "
        "owner LIMIT $3",
        {step.domain, step.after, archives_in_a_step}, [&](const Row& row) {
          archives.push_back({row.text(0), row.integer(1), row.integer(2), row.integer(3), row.integer(4)});
        });
    for (const Archive& each : archives) {
      const std::int64_t age = each.keep_ms >= 0 ? each.keep_ms : std::int64_t{step.limits.age.count()};
      const std::int64_t most = each.keep_bytes >= 0 ? each.keep_bytes : as_integer(step.limits.bytes);
      const ArchiveId before = age > 0 ? first_archive_id_at(step.now - std::chrono::milliseconds(age)) : 0;
      const std::int64_t surplus = most > 0 ? each.bytes - most : 0;
      if (before == 0 && surplus <= 0) {
        done.next = each.owner;
        continue;
      }
      const std::size_t room = step.most - done.removed;
      const std::size_t removed = remove_oldest(transaction, each.archive, before, surplus, room);
      done.removed += removed;
      if (removed == room) {
        return done;  // there may be more: the next step goes on with this one
      }
      done.next = each.owner;
    }
    if (static_cast<std::int64_t>(archives.size()) < archives_in_a_step) {
      done.next.clear();
    }
    return done;
  };
  return database_.write({}, 1024, std::move(work));
}

}  // namespace aldis::sql
