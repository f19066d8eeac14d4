// The one place that calls SQLite.
#include "storage/sql/sqlite_connection.h"

#include <cstdlib>

#include "base/ensure.h"

namespace aldis::sql {
namespace {

// What a code means: for one statement, for the whole transaction, or for the connection.
Failure failure_of(int code, std::string what) {
  ensure((code & 0xff) != SQLITE_NOMEM, "there is memory");
  ensure((code & 0xff) != SQLITE_MISUSE && (code & 0xff) != SQLITE_RANGE, "SQLite is used as it says");
  switch (code & 0xff) {
    case SQLITE_FULL:
      return {.error = {ErrorKind::full, std::move(what)}};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {.error = {ErrorKind::unavailable, std::move(what)}, .is_busy = true};
    case SQLITE_TOOBIG:
      return {.error = {ErrorKind::limit, std::move(what)}, .is_of_world = false};
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
      return {.error = {ErrorKind::corrupt, std::move(what)}, .is_of_world = false};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {.error = {ErrorKind::corrupt, std::move(what)}, .needs_reopen = true};
    default:
      return {.error = {ErrorKind::unavailable, std::move(what)}, .needs_reopen = true};
  }
}

class SqliteRow final : public Row {
 public:
  explicit SqliteRow(sqlite3_stmt* handle) : handle_(handle) {}
  [[nodiscard]] std::int64_t integer(int column) const override { return sqlite3_column_int64(handle_, column); }
  [[nodiscard]] std::string_view bytes(int column) const override {
    const void* data = sqlite3_column_blob(handle_, column);
    const int size = sqlite3_column_bytes(handle_, column);
    return size == 0 ? std::string_view() : std::string_view(static_cast<const char*>(data), static_cast<std::size_t>(size));
  }

 private:
  sqlite3_stmt* handle_;
};

}  // namespace

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const SqliteOptions& options, Access access) {
  // SQLite counts its memory under a lock of the process at every allocation; connections count their own.
  static const int is_uncounted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(is_uncounted);
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection);
  const int code = sqlite3_open_v2(options.path.c_str(), &connection->database_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                                   options.vfs.empty() ? nullptr : options.vfs.c_str());
  if (code != SQLITE_OK) {
    connection->failed(code, "open");
    return fail(connection->take_failure()->error);
  }
  sqlite3* database = connection->database_;
  sqlite3_extended_result_codes(database, 1);
  connection->busy_timeout_ = options.busy_timeout;
  sqlite3_busy_timeout(database, static_cast<int>(options.busy_timeout.count()));
  sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  connection->execute("PRAGMA auto_vacuum = NONE");
  connection->execute("PRAGMA journal_mode = WAL");
  connection->execute("PRAGMA synchronous = FULL");
  connection->execute("PRAGMA foreign_keys = ON");
  connection->execute("PRAGMA cell_size_check = ON");
  connection->execute("PRAGMA temp_store = MEMORY");
  connection->execute("PRAGMA wal_autocheckpoint = 0");  // checkpoint() runs when nobody waits for a commit
  connection->execute("PRAGMA journal_size_limit = 67108864");
  if (options.max_pages > 0) {
    connection->execute("PRAGMA max_page_count = " + std::to_string(options.max_pages));
  }
  if (access == Access::read) {
    connection->execute("PRAGMA query_only = ON");
  } else {
    // A transaction touches the ends of many owners' indexes: pages that do not stay in memory are written and read again
    // within it.
    connection->execute("PRAGMA cache_size = " + std::to_string(-options.write_cache_kib));
  }
  sqlite3_wal_hook(
      database,
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<SqliteConnection*>(self)->log_pages_ = pages;
        return SQLITE_OK;
      },
      connection.get());
  if (auto failure = connection->take_failure()) {
    return fail(std::move(failure->error));
  }
  return connection;
}

SqliteConnection::~SqliteConnection() {
  for (auto& [text, prepared] : prepared_) {
    sqlite3_finalize(prepared.handle);
  }
  sqlite3_close_v2(database_);
}

std::int64_t SqliteConnection::memory() const {
  int pages = 0;
  int most = 0;
  static_cast<void>(sqlite3_db_status(database_, SQLITE_DBSTATUS_CACHE_USED, &pages, &most, 0));
  return pages;
}

void SqliteConnection::failed(int code, const char* during) {
  if (!failure_) {
    std::string what = std::string("database: ") + sqlite3_errstr(code);
    if (database_ != nullptr) {
      what += std::string(": ") + sqlite3_errmsg(database_);
    }
    failure_ = failure_of(code, what + " (code " + std::to_string(code) + ", " + during + ")");
  }
}

void SqliteConnection::execute(const std::string& text) {
  if (has_failed()) {
    return;
  }
  const int code = sqlite3_exec(database_, text.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) {
    failed(code, text.substr(0, 40).c_str());
  }
}

bool SqliteConnection::empty_log(std::chrono::milliseconds patience) {
  sqlite3_busy_timeout(database_, static_cast<int>(patience.count()));
  const int code = sqlite3_wal_checkpoint_v2(database_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  sqlite3_busy_timeout(database_, static_cast<int>(busy_timeout_.count()));
  if (code != SQLITE_OK) {
    failed(code, "emptying the log");
    return false;
  }
  log_pages_ = 0;
  return true;
}

void SqliteConnection::checkpoint() {
  const int code = sqlite3_wal_checkpoint_v2(database_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  if (code != SQLITE_OK && code != SQLITE_BUSY) {
    failed(code, "checkpoint");
  }
}

SqliteConnection::Prepared* SqliteConnection::prepare(Statement statement) {
  Prepared& prepared = prepared_[statement.text()];
  if (prepared.handle == nullptr) {
    const int code = sqlite3_prepare_v3(database_, statement.text(), -1, SQLITE_PREPARE_PERSISTENT, &prepared.handle, nullptr);
    if (code != SQLITE_OK) {
      failed(code, statement.text());
      return nullptr;
    }
    const int count = sqlite3_bind_parameter_count(prepared.handle);
    prepared.index.assign(static_cast<std::size_t>(count), 0);
    for (int i = 1; i <= count; ++i) {  // SQLite numbers "$2" by its first appearance
      const char* name = sqlite3_bind_parameter_name(prepared.handle, i);
      const long number = name == nullptr ? 0 : std::strtol(name + 1, nullptr, 10);
      ensure(number >= 1 && number <= count, "parameters are $1, $2 … without gaps");
      prepared.index[static_cast<std::size_t>(number - 1)] = i;
    }
  }
  return &prepared;
}

void SqliteConnection::bind(const Prepared& prepared, std::initializer_list<Value> values) {
  ensure(values.size() == prepared.index.size(), "a statement gets as many values as it has parameters");
  auto index = prepared.index.begin();
  for (const Value& value : values) {
    int code = SQLITE_OK;
    // The views outlive the statement's run, so SQLite needs no copies. A null pointer would be bound as NULL.
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      code = sqlite3_bind_int64(prepared.handle, *index, *number);
    } else if (const auto* text = std::get_if<std::string_view>(&value)) {
      code = sqlite3_bind_text64(prepared.handle, *index, text->empty() ? "" : text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
    } else {
      const std::string_view bytes = std::get<Blob>(value).bytes;
      code = sqlite3_bind_blob64(prepared.handle, *index, bytes.empty() ? "" : bytes.data(), bytes.size(), SQLITE_STATIC);
    }
    if (code != SQLITE_OK) {
      failed(code, "binding a value");
    }
    ++index;
  }
}

std::size_t SqliteConnection::run(Statement statement, std::initializer_list<Value> values, const Visit* visit) {
  Prepared* prepared = has_failed() ? nullptr : prepare(statement);
  if (prepared == nullptr) {
    return 0;
  }
  bind(*prepared, values);
  if (!has_failed()) {
    const SqliteRow row(prepared->handle);
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(prepared->handle)) == SQLITE_ROW) {
      if (visit != nullptr) {
        (*visit)(row);
      }
    }
    if (code != SQLITE_DONE) {
      failed(code, statement.text());
    }
  }
  const auto changed = has_failed() ? 0 : static_cast<std::size_t>(sqlite3_changes64(database_));
  sqlite3_reset(prepared->handle);  // an open statement would hold its snapshot
  sqlite3_clear_bindings(prepared->handle);
  return changed;
}

}  // namespace aldis::sql
