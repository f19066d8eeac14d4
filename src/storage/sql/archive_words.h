// ArchiveWords: the full-text index over the archive's messages. The only place that knows which kind of index it is:
// SQLite's FTS5, without a copy of the texts, so that a text must be given again to be taken out. A row is an archive
// entry, or two of one message that were written together; beside its text it has words for each one's archive and for its contact
// there, so that a search costs what its owner's messages cost, whatever others have written.
//
// FTS5 writes to the disk at each savepoint and keeps its rows in order: so rows are gathered here and written once, at
// the end of a transaction, in the order of their numbers. Used by the writer's thread; the expression by any.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "storage/sql/transaction.h"

namespace aldis::sql {

inline constexpr const char* create_archive_words =
    "CREATE VIRTUAL TABLE archive_words USING fts5(body, place, content='', columnsize=0,"
    " tokenize=\"unicode61 remove_diacritics 2\");";

// Migration 10: segments are merged by eight, not by four (sqlite.org/fts5.html section 6.1), so that a word is
// written again less often.
inline constexpr const char* tune_archive_words =
    "INSERT INTO archive_words (archive_words, rank) VALUES ('automerge', 8);";

// Entries from this number on are numbered in pairs, of which two archives of one message have one each: they share a row in the
// index of words, which has the even number. Entries before it have a row each.
inline constexpr std::int64_t first_paired_number = 1LL << 34U;
[[nodiscard]] constexpr std::int64_t words_row(std::int64_t entry_number) {
  return entry_number >= first_paired_number ? entry_number & ~std::int64_t{1} : entry_number;
}

class ArchiveWords {
 public:
  struct Place {
    std::int64_t archive = 0;  // 0: none
    std::int64_t contact = 0;
  };
  struct Row {
    std::int64_t number = 0;          // words_row() of an entry's
    std::array<Place, 2> places{};    // whose archives have it
    std::string text{};               // empty: nothing to index
  };
  void add(Row row);
  void remove(Row row);
  // What was gathered in a transaction that came to nothing is forgotten.
  void forget() { gathered_.clear(); }
  void write(Transaction& transaction);

  // What finds entries of the archive with all words of the text, of one contact or (0) of all; nothing when the text
  // has no word. No character of it is syntax (security B02).
  [[nodiscard]] static std::optional<std::string> expression(std::string_view text, std::int64_t archive,
                                                             std::int64_t contact);

 private:
  struct Change {
    Row row;
    bool is_removal;
  };
  std::vector<Change> gathered_;
};

}  // namespace aldis::sql
