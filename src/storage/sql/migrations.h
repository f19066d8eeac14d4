// Versioned migrations: numbered texts of SQL, each run once, in order, in a transaction of its own together with the new
// number in the table schema_version. A database that is newer than this program is refused.
#pragma once
#include <span>
#include <string>

#include "base/result.h"
#include "storage/sql/sqlite_connection.h"

namespace aldis::sql {

// The text may hold {text}, {blob}, {clustered}, {row_number} (a key the database chooses where none is given) and
// {full_text_index} and {full_text_tuning}, which each database spells its own way.
struct Migration {
  std::int64_t version;  // 1, 2, 3 …
  const char* text;
};

[[nodiscard]] std::span<const Migration> migrations();
// The text as SQLite wants it.
[[nodiscard]] std::string for_sqlite(std::string_view text);
// Brings the database to the last version of the list; the version it had before (0: new). corrupt when the file is not
// ours, denied when it is of a later version.
Result<std::int64_t> migrate(SqliteConnection& connection, std::span<const Migration> list);

// Names our files (PRAGMA application_id): "ALDS".
inline constexpr std::int64_t application_id = 0x414c4453;

}  // namespace aldis::sql
