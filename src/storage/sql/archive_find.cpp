// Pages of an archive. The places of a page's messages are found first, through an index in the order wanted, so that a
// page costs the same wherever it is; then the messages are read, as many as fit.
#include <algorithm>
#include <limits>
#include <set>

#include "storage/sql/archive_rows.h"

namespace aldis::sql {
namespace {

constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();

struct Place {
  std::int64_t id, message, bytes;
};

// What a query asks for in the archive's own numbers; bounds are exclusive.
struct Search {
  std::int64_t archive = 0;
  std::int64_t contact = 0;  // 0: any
  std::int64_t peer = 0;     // an alias: negative
  std::int64_t lower = 0;
  std::int64_t upper = largest;
  std::optional<std::string> words;  // an expression of the index
  bool is_backward = false;
  std::int64_t limit = 0;
};

void collect(Transaction& transaction, Statement statement, std::initializer_list<Value> values,
             std::vector<Place>& places) {
  transaction.each(statement, values, [&](const Row& row) {
    places.push_back({row.integer(0), row.integer(1), row.integer(2)});
  });
}

std::int64_t number(Transaction& transaction, Statement statement, std::initializer_list<Value> values) {
  std::int64_t found = 0;
  transaction.each(statement, values, [&](const Row& row) { found = row.integer(0); });
  return found;
}

std::vector<Place> find_all(Transaction& transaction, const Search& s) {
  std::vector<Place> places;
  constexpr Statement forward{
      "SELECT id, message, bytes FROM archive_entries WHERE archive = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT $4"};
  constexpr Statement backward{
      "SELECT id, message, bytes FROM archive_entries WHERE archive = $1 AND id > $2 AND id < $3 ORDER BY id DESC "
      "LIMIT $4"};
  collect(transaction, s.is_backward ? backward : forward, {s.archive, s.lower, s.upper, s.limit}, places);
  return places;
}

std::vector<Place> find_by_contact(Transaction& transaction, const Search& s) {
  std::vector<Place> places;
  constexpr Statement forward{
      "SELECT id, message, bytes FROM archive_entries WHERE archive = $1 AND contact = $2 AND id > $3 AND id < $4"
      " AND ($5 = 0 OR peer = $5) ORDER BY id LIMIT $6"};
  constexpr Statement backward{
      "SELECT id, message, bytes FROM archive_entries WHERE archive = $1 AND contact = $2 AND id > $3 AND id < $4"
      " AND ($5 = 0 OR peer = $5) ORDER BY id DESC LIMIT $6"};
  collect(transaction, s.is_backward ? backward : forward, {s.archive, s.contact, s.lower, s.upper, s.peer, s.limit},
          places);
  return places;
}

// Aliases have an index of their own (migration 8).
std::vector<Place> find_by_alias(Transaction& transaction, const Search& s) {
  std::vector<Place> places;
  constexpr Statement forward{
      "SELECT id, message, bytes FROM archive_entries WHERE archive = $1 AND peer = $2 AND peer < 0 AND id > $3 AND id < $4"
      " ORDER BY id LIMIT $5"};
  constexpr Statement backward{
      "SELECT id, message, bytes FROM archive_entries WHERE archive = $1 AND peer = $2 AND peer < 0 AND id > $3 AND id < $4"
      " ORDER BY id DESC LIMIT $5"};
  collect(transaction, s.is_backward ? backward : forward, {s.archive, s.peer, s.lower, s.upper, s.limit}, places);
  return places;
}

// Entries are numbered as they were written, and an owner's are written in the order of their ids.
struct Numbers {
  std::int64_t first, last;
};
Numbers numbers_between(Transaction& transaction, const Search& s) {
  return {
      number(transaction,
             "SELECT number FROM archive_entries WHERE archive = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT 1",
             {s.archive, s.lower, s.upper}),
      number(transaction,
             "SELECT number FROM archive_entries WHERE archive = $1 AND id > $2 AND id < $3 ORDER BY id DESC LIMIT 1",
             {s.archive, s.lower, s.upper})};
}

// A row of the index is of the entry with its number, or, of a pair, of the one behind it (archive_words.h): this archive has one
// of the two. Literals are pasted, for a Statement is one.
#define ALDIS_FOUND_BY_WORDS(columns)                                                                                      \
  "SELECT " columns " FROM archive_words w"                                                                                \
  " LEFT JOIN archive_entries e ON e.number = w.rowid AND e.archive = $4"                                                  \
  " LEFT JOIN archive_entries f ON w.rowid >= $6 AND e.number IS NULL AND f.number = w.rowid + 1 AND f.archive = $4"       \
  " WHERE w.archive_words MATCH $1 AND w.rowid >= $2 AND w.rowid <= $3"                                                    \
  " AND (e.number IS NOT NULL OR f.number IS NOT NULL) AND ($5 = 0 OR COALESCE(e.peer, f.peer) = $5)"

std::vector<Place> find_by_words(Transaction& transaction, const Search& s) {
  std::vector<Place> places;
  const Numbers numbers = numbers_between(transaction, s);
  constexpr Statement forward{
      ALDIS_FOUND_BY_WORDS("COALESCE(e.id, f.id), COALESCE(e.message, f.message), COALESCE(e.bytes, f.bytes)")
      " ORDER BY w.rowid LIMIT $7"};
  constexpr Statement backward{
      ALDIS_FOUND_BY_WORDS("COALESCE(e.id, f.id), COALESCE(e.message, f.message), COALESCE(e.bytes, f.bytes)")
      " ORDER BY w.rowid DESC LIMIT $7"};
  if (numbers.first != 0) {
    collect(transaction, s.is_backward ? backward : forward,
            {*s.words, words_row(numbers.first), words_row(numbers.last), s.archive, s.peer, first_paired_number, s.limit}, places);
  }
  return places;
}

std::uint64_t count(Transaction& transaction, const Search& s) {
  if (s.words) {
    const Numbers numbers = numbers_between(transaction, s);
    return numbers.first == 0
               ? 0
               : static_cast<std::uint64_t>(number(transaction, ALDIS_FOUND_BY_WORDS("COUNT(*)"),
                                                   {*s.words, words_row(numbers.first), words_row(numbers.last), s.archive,
                                                    s.peer, first_paired_number}));
  }
  if (s.contact != 0) {
    return static_cast<std::uint64_t>(
        number(transaction,
               "SELECT COUNT(*) FROM archive_entries WHERE archive = $1 AND contact = $2 AND id > $3"
               " AND id < $4 AND ($5 = 0 OR peer = $5)",
               {s.archive, s.contact, s.lower, s.upper, s.peer}));
  }
  if (s.peer != 0) {
    return static_cast<std::uint64_t>(
        number(transaction,
               "SELECT COUNT(*) FROM archive_entries WHERE archive = $1 AND peer = $2 AND peer < 0 AND id > $3 AND id < $4",
               {s.archive, s.peer, s.lower, s.upper}));
  }
  return static_cast<std::uint64_t>(
      number(transaction, "SELECT COUNT(*) FROM archive_entries WHERE archive = $1 AND id > $2 AND id < $3",
             {s.archive, s.lower, s.upper}));
}

// Of named messages those that fit, in order.
std::vector<Place> find_named(Transaction& transaction, const Search& s, const std::set<ArchiveId>& ids) {
  std::vector<Place> places;
  for (const ArchiveId id : ids) {
    if (as_integer(id) <= s.lower || as_integer(id) >= s.upper) {
      continue;
    }
    std::int64_t row_number = 0;
    Place place{};
    transaction.each(
        "SELECT id, message, bytes, number FROM archive_entries WHERE archive = $1 AND id = $2"
        " AND ($3 = 0 OR contact = $3) AND ($4 = 0 OR peer = $4)",
        {s.archive, as_integer(id), s.contact, s.peer}, [&](const Row& row) {
          place = {row.integer(0), row.integer(1), row.integer(2)};
          row_number = row.integer(3);
        });
    if (row_number != 0 && s.words &&
        number(transaction, "SELECT COUNT(*) FROM archive_words WHERE archive_words MATCH $1 AND rowid = $2",
               {*s.words, words_row(row_number)}) == 0) {
      continue;
    }
    if (row_number != 0) {
      places.push_back(place);
    }
  }
  if (s.is_backward) {
    std::ranges::reverse(places);
  }
  return places;
}

std::vector<Place> find_places(Transaction& transaction, const Search& search, const std::set<ArchiveId>& ids) {
  if (!ids.empty()) {
    return find_named(transaction, search, ids);
  }
  if (search.words) {
    return find_by_words(transaction, search);
  }
  if (search.contact != 0) {
    return find_by_contact(transaction, search);
  }
  return search.peer != 0 ? find_by_alias(transaction, search) : find_all(transaction, search);
}

bool has_entry(Transaction& transaction, std::int64_t archive, ArchiveId id) {
  return number(transaction, "SELECT 1 FROM archive_entries WHERE archive = $1 AND id = $2",
                {archive, as_integer(id)}) == 1;
}

Unexpected<Error> not_there() {
  return fail(ErrorKind::not_found, "no such message in the archive");
}

Result<ArchivePage> read_page(Transaction& transaction, const BareJid& owner, const ArchiveQuery& query) {
  ArchivePage page;
  Search search{.archive = archive_of(transaction, owner), .is_backward = query.is_last_page};
  for (const ArchiveId id : {query.after_id, query.before_id, query.page_after, query.page_before}) {
    if (id != 0 && !has_entry(transaction, search.archive, id)) {
      return not_there();
    }
  }
  const std::set<ArchiveId> ids(query.ids.begin(), query.ids.end());
  for (const ArchiveId id : ids) {
    if (!has_entry(transaction, search.archive, id)) {
      return not_there();
    }
  }
  const bool wants_count = query.wants_count || query.limit == 0;
  if (wants_count) {
    page.count = 0;
  }
  if (search.archive == 0) {
    return page;
  }
  if (query.contact) {
    search.contact = contact_number(transaction, search.archive, query.contact->bare_str());
    search.peer = query.contact->is_bare() ? 0 : contact_number(transaction, search.archive, query.contact->str());
    if (search.contact == 0 || (search.peer == 0 && !query.contact->is_bare())) {
      return page;
    }
  }
  if (query.alias) {
    search.peer = -contact_number(transaction, search.archive, query.alias->str());
    if (search.peer == 0) {
      return page;
    }
  }
  if (!query.words.empty()) {
    search.words = ArchiveWords::expression(query.words, search.archive, search.contact);
    if (!search.words) {
      return page;
    }
  }
  const auto tighten = [&search](ArchiveId after, ArchiveId before) {
    search.lower = std::max(search.lower, as_integer(after));
    search.upper = before == 0 ? search.upper : std::min(search.upper, as_integer(before));
  };
  tighten(query.not_before == 0 ? 0 : query.not_before - 1, query.not_behind);
  tighten(query.after_id, query.before_id);
  if (wants_count) {
    page.count = ids.empty() ? count(transaction, search) : find_named(transaction, search, ids).size();
  }
  if (query.limit == 0) {
    page.is_complete = page.count == 0U;
    return page;
  }
  tighten(query.page_after, query.page_before);
  search.limit = as_integer(query.limit) + 1;
  const std::vector<Place> places = find_places(transaction, search, ids);
  std::size_t bytes = 0;
  for (const Place& place : places) {
    bytes += static_cast<std::size_t>(place.bytes);
    if (page.messages.size() == query.limit || (bytes > query.max_bytes && !page.messages.empty())) {
      page.is_complete = false;
      break;
    }
    ArchivedMessage& message = page.messages.emplace_back(ArchivedMessage{.id = static_cast<ArchiveId>(place.id)});
    transaction.each("SELECT stanza FROM archive_messages WHERE id = $1", {place.message},
                     [&](const Row& row) { message.stanza = row.text(0); });
  }
  if (search.is_backward) {
    std::ranges::reverse(page.messages);
  }
  return page;
}

}  // namespace

Task<Result<ArchivePage>> SqlArchive::find(BareJid owner, ArchiveQuery query) {
  std::string key = owner.str();
  auto work = [owner = std::move(owner), query = std::move(query)](Transaction& transaction) -> Result<ArchivePage> {
    return read_page(transaction, owner, query);
  };
  return database_.read(std::move(key), std::move(work));
}

Task<Result<ArchiveSummary>> SqlArchive::summary(BareJid owner) {
  std::string key = owner.str();
  auto work = [owner = std::move(owner)](Transaction& transaction) -> Result<ArchiveSummary> {
    ArchiveSummary found;
    std::int64_t archive = 0;
    transaction.each("SELECT archive, messages, bytes, keep_ms, keep_bytes FROM archives WHERE owner = $1", {owner.str()},
                     [&](const Row& row) {
                       archive = row.integer(0);
                       found.messages = row.natural(1);
                       found.bytes = row.natural(2);
                       if (row.integer(3) >= 0) {
                         found.own_limits = {std::chrono::milliseconds(row.integer(3)), row.natural(4)};
                       }
                     });
    found.first = static_cast<ArchiveId>(
        number(transaction, "SELECT id FROM archive_entries WHERE archive = $1 ORDER BY id LIMIT 1", {archive}));
    found.last = static_cast<ArchiveId>(
        number(transaction, "SELECT id FROM archive_entries WHERE archive = $1 ORDER BY id DESC LIMIT 1", {archive}));
    return found;
  };
  return database_.read(std::move(key), std::move(work));
}

}  // namespace aldis::sql
