// What a store says to a database: prepared statements, values bound to them, rows coming back. One text of SQL serves
// SQLite and PostgreSQL (docs/adr/0020): parameters are $1, $2 …, integers BIGINT, no AUTOINCREMENT. Neither a driver nor a thread is
// chosen here.
#pragma once
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace aldis::sql {

// The text of a statement. It can only be made from a literal, so that no peer's text ever becomes SQL (security K02).
class Statement {
 public:
  consteval Statement(const char* text) : text_(text) {}  // NOLINT: implicit on purpose
  [[nodiscard]] constexpr const char* text() const { return text_; }

 private:
  const char* text_;
};

struct Blob {
  std::string_view bytes;
};
// Text is UTF-8 without NUL; other bytes are a Blob. Views must live until the call returns.
using Value = std::variant<std::int64_t, std::string_view, Blob>;

[[nodiscard]] inline std::int64_t as_integer(std::uint64_t n) { return static_cast<std::int64_t>(n); }
[[nodiscard]] inline std::int64_t as_integer(bool b) { return b ? 1 : 0; }

// One row of an answer, columns from 0. Views end with the visit.
class Row {
 public:
  [[nodiscard]] virtual std::int64_t integer(int column) const = 0;
  [[nodiscard]] virtual std::string_view bytes(int column) const = 0;  // of TEXT and of Blob
  [[nodiscard]] std::uint64_t natural(int column) const { return static_cast<std::uint64_t>(integer(column)); }
  [[nodiscard]] bool boolean(int column) const { return integer(column) != 0; }
  [[nodiscard]] std::string text(int column) const { return std::string(bytes(column)); }

 protected:
  ~Row() = default;
};

// A failure of the database sticks: later calls do nothing, and whatever the work that used the Transaction returns is
// replaced by that failure. So the work needs no checks of its own between statements.
class Transaction {
 public:
  using Visit = std::function<void(const Row&)>;
  // How many rows the statement changed; 0 after a failure.
  std::size_t change(Statement statement, std::initializer_list<Value> values) { return run(statement, values, nullptr); }
  // Visits every row of the answer.
  void each(Statement statement, std::initializer_list<Value> values, const Visit& visit) { run(statement, values, &visit); }

 protected:
  ~Transaction() = default;
  // For a Transaction that stands before another.
  static std::size_t run_in(Transaction& other, Statement statement, std::initializer_list<Value> values, const Visit* visit) {
    return other.run(statement, values, visit);
  }
  virtual std::size_t run(Statement statement, std::initializer_list<Value> values, const Visit* visit) = 0;
};

}  // namespace aldis::sql
