// SqliteConnection: one connection to an SQLite database in WAL mode with synchronous=FULL, and its prepared statements.
// Used by one thread at a time. It does not decide what a failure means for anybody: it says which kind it was.
#pragma once
#include <sqlite3.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "storage/sql/transaction.h"

namespace aldis::sql {

struct SqliteOptions {
  std::filesystem::path path;
  std::chrono::milliseconds busy_timeout{5000};  // how long another process may hold the database
  std::int64_t max_pages = 0;                    // of 4 KiB; 0: as many as SQLite allows
  int write_cache_kib = 32 * 1024;               // of pages, at most; used as there is something to write
  std::string vfs;                               // empty: the system's files
};

struct Failure {
  Error error;
  bool is_of_world = true;    // disk, file or lock: the transaction is lost; false: this statement alone was refused
  bool is_busy = false;       // somebody else held the database
  bool needs_reopen = false;  // what the connection believes to be on disk may not be there
};

class SqliteConnection final : public Transaction {
 public:
  enum class Access : std::uint8_t { write, read };
  static Result<std::unique_ptr<SqliteConnection>> open(const SqliteOptions& options, Access access);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;

  // Texts without parameters, run once: pragmas and migrations.
  void execute(const std::string& text);
  // Moves the log into the database file and empties it; waits so long for readers. False, and a failure, when that was
  // not possible.
  bool empty_log(std::chrono::milliseconds patience);
  // As much of that as nobody has to wait for.
  void checkpoint();
  [[nodiscard]] bool is_in_transaction() const { return sqlite3_get_autocommit(database_) == 0; }
  // Bytes held for pages and small allocations; what else SQLite holds is little.
  [[nodiscard]] std::int64_t memory() const;
  // Pages in the log after the last commit.
  [[nodiscard]] int log_pages() const { return log_pages_; }

  [[nodiscard]] bool has_failed() const { return failure_.has_value(); }
  // The first failure since the last call; the connection can be used again.
  std::optional<Failure> take_failure() { return std::exchange(failure_, std::nullopt); }

 private:
  struct Prepared {
    sqlite3_stmt* handle = nullptr;
    std::vector<int> index;  // of $1, $2 … among SQLite's parameters
  };
  SqliteConnection() = default;
  std::size_t run(Statement statement, std::initializer_list<Value> values, const Visit* visit) override;
  Prepared* prepare(Statement statement);
  void bind(const Prepared& prepared, std::initializer_list<Value> values);
  void failed(int code, const char* during);

  sqlite3* database_ = nullptr;
  std::chrono::milliseconds busy_timeout_{};
  std::unordered_map<const char*, Prepared> prepared_;  // by the address of the text: texts are literals
  std::optional<Failure> failure_;
  int log_pages_ = 0;
};

}  // namespace aldis::sql
