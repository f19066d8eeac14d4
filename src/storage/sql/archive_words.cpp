// The full-text index over SQLite's FTS5 (sqlite.org/fts5.html, sections 3.2 and 4.4.3).
#include "storage/sql/archive_words.h"

#include <algorithm>

namespace aldis::sql {
namespace {

std::string archive_word(std::int64_t archive) {
  return "a" + std::to_string(archive);
}
std::string contact_word(std::int64_t archive, std::int64_t contact) {
  return archive_word(archive) + "c" + std::to_string(contact);
}

bool may_hold_a_word(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
  });
}

}  // namespace

void ArchiveWords::add(Row row) {
  if (!row.text.empty()) {
    gathered_.push_back({std::move(row), false});
  }
}

void ArchiveWords::remove(Row row) {
  if (!row.text.empty()) {
    gathered_.push_back({std::move(row), true});
  }
}

void ArchiveWords::write(Transaction& transaction) {
  std::ranges::stable_sort(gathered_, {}, [](const Change& change) { return change.row.number; });
  for (const Change& change : gathered_) {
    std::string place;
    for (const Place& each : change.row.places) {
      if (each.archive != 0) {
        place += (place.empty() ? "" : " ") + archive_word(each.archive) + " " + contact_word(each.archive, each.contact);
      }
    }
    if (change.is_removal) {
      transaction.change("INSERT INTO archive_words (archive_words, rowid, body, place) VALUES ('delete', $1, $2, $3)",
                         {change.row.number, change.row.text, place});
    } else {
      transaction.change("INSERT INTO archive_words (rowid, body, place) VALUES ($1, $2, $3)",
                         {change.row.number, change.row.text, place});
    }
  }
  gathered_.clear();
}

std::optional<std::string> ArchiveWords::expression(std::string_view text, std::int64_t archive, std::int64_t contact) {
  std::string out = "place : " + (contact == 0 ? archive_word(archive) : contact_word(archive, contact));
  bool has_word = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \t\r\n"), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!may_hold_a_word(word)) {
      continue;
    }
    has_word = true;
    out += " AND body : \"";  // in quotes nothing has a meaning but the quote, which is doubled
    for (const char c : word) {
      out.append(c == '"' ? 2 : 1, c);
    }
    out += '"';
  }
  return has_word ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace aldis::sql
