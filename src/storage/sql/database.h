// Database: group commit over one SQLite file. Writes from all executors wait in one bounded queue; a writer thread takes
// all that wait, runs them in one transaction, commits once (one fsync) and only then completes each with its own result.
// Should one of them return an error, the transaction is undone and all are run again, each in a savepoint of its own: nearly
// none does, and a savepoint costs a copy of every page that is written. Alone, a write commits at once; while a commit is under
// way others gather. Reads run on a second thread with a connection of its own; a read of an owner waits for the writes of that
// owner that were queued before it.
//
// When the disk is full or fails, no write of the transaction has taken effect and each is told so; writes that come then
// are refused at once with the same error, reads go on, and the writer probes until a write succeeds again. A write that was
// told `unavailable` may come back to life only if the process dies before the probe has succeeded.
#pragma once
#include <atomic>
#include <chrono>
#include <concepts>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/keyed_hash.h"
#include "base/result.h"
#include "base/unique_function.h"
#include "runtime/executor.h"
#include "runtime/task.h"
#include "storage/sql/sqlite_connection.h"

namespace aldis::sql {

struct DatabaseOptions {
  SqliteOptions sqlite;
  std::size_t queued_writes = 100'000;                 // more are refused: full
  std::size_t queued_bytes = 64 * 1024 * 1024;         // of what callers say their writes hold
  std::size_t queued_reads = 10'000;
  std::size_t batch_writes = 5'000;                    // of one transaction
  std::size_t batch_bytes = 8 * 1024 * 1024;
  std::chrono::milliseconds probe_interval{1'000};     // between attempts to write while writes are refused
  int checkpoint_pages = 1'000;                        // of the log, that are then moved into the file: 4 MiB
  bool check_at_start = false;                         // PRAGMA quick_check: reads the whole file
};

// Something that is done for many writes of a transaction together, on the writer's thread: works may leave to it what they have
// to write.
class TransactionEnd {
 public:
  virtual void at_begin() = 0;
  // Writes what works have left: before the next statement of any of them, so that none sees less than was asked for before it, and
  // behind the last.
  virtual void settle(Transaction& transaction) = 0;
  virtual void at_end(Transaction& transaction) = 0;  // behind the last write, before the commit
  virtual void at_write_undone() = 0;                 // what one of its writes did has not happened; the others' has
  virtual void at_undone() = 0;                       // it came to nothing: what was done in it has not happened

 protected:
  ~TransactionEnd() = default;
};

// Whose a write or read is, by a keyed hash of the name, which is all that queues need: two owners of one hash wait for each other.
// An empty owner is that of writes which belong to the installation.
struct OwnerKey {
  OwnerKey() : OwnerKey(std::string_view(), 0) {}
  template <class Text>
    requires std::convertible_to<const Text&, std::string_view>
  OwnerKey(const Text& owner) : OwnerKey(std::string_view(owner), 0) {}  // NOLINT: implicit on purpose
  std::uint64_t hash;
  bool is_empty;

 private:
  OwnerKey(std::string_view owner, int) : hash(KeyedHash::of_process()(owner)), is_empty(owner.empty()) {}
};

class Database {
 public:
  // Creates what is missing: the folder with mode 0700, the file with 0600. denied when the file or folder can be reached
  // by others or is a link, or the schema is a later program's; corrupt when the file is damaged or not ours.
  static Result<std::unique_ptr<Database>> open(DatabaseOptions options);
  // Finishes what was queued. No executor that waits for an answer may end before this.
  ~Database();
  Database(const Database&) = delete;

  // Runs `work(Transaction&) -> Result<T>` in the next transaction; an error it returns undoes what it changed, and nothing
  // else. Resumes when that is durable, writes of one executor in their order. `bytes`: about what the work holds. The
  // work runs on the writer's thread, perhaps twice: the first time is undone then.
  template <class Work>
  auto write(OwnerKey owner, std::size_t bytes, Work work) -> Task<std::invoke_result_t<const Work&, Transaction&>>;
  // Runs the work on a snapshot that holds all writes of the owner (empty: of everybody) queued before.
  template <class Work>
  auto read(OwnerKey owner, Work work) -> Task<std::invoke_result_t<const Work&, Transaction&>>;

  // Why writes are refused now, if they are: the disk's trouble, or a full queue.
  [[nodiscard]] std::optional<Error> write_trouble() const;
  // How long the first write of the queue has waited for its transaction; nothing waits: 0. It takes no lock.
  [[nodiscard]] std::chrono::milliseconds write_delay() const;
  // Before the first write; it outlives the Database.
  void at_each_transaction(TransactionEnd& end) { transaction_end_ = &end; }

 private:
  class Job;
  template <class T, class Work>
  class JobOf;
  struct QueuedWrite {
    std::uint64_t owner;  // OwnerKey::hash
    std::size_t bytes;
    std::unique_ptr<Job> job;
    std::chrono::steady_clock::time_point queued{};
  };
  using Batch = std::vector<QueuedWrite>;

  explicit Database(DatabaseOptions options) : options_(std::move(options)) {}
  void submit_write(QueuedWrite write);
  void submit_read(OwnerKey owner, std::unique_ptr<Job> job);
  void write_loop();
  void read_loop();
  Batch take_batch(std::unique_lock<std::mutex>& lock);
  std::optional<Failure> run_batch(Batch& batch);
  void begin();
  void settle();
  bool run_together(Batch& batch);
  std::optional<Failure> run_apart(Batch& batch);
  std::optional<Failure> commit();
  std::optional<Failure> undo();
  void finish_batch(Batch& batch, const std::optional<Failure>& failure);
  void begin_trouble(Batch& refused, const Failure& failure);
  void probe();
  std::optional<Failure> try_to_write();
  void keep_log_short();
  static void note_memory(std::int64_t& noted, const SqliteConnection* connection);

  const DatabaseOptions options_;
  std::unique_ptr<SqliteConnection> writer_;  // the writer thread's
  std::unique_ptr<SqliteConnection> reader_;  // the reader thread's
  bool must_reopen_ = false;                  // the writer thread's
  bool is_careful_ = false;                   // the last batch had a write that returned an error; the writer thread's
  TransactionEnd* transaction_end_ = nullptr;
  int checkpointed_pages_ = 0;                // of the log, at the last checkpoint; the writer thread's
  std::int64_t writer_memory_ = 0;            // as last reported; each its thread's
  std::int64_t reader_memory_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable writer_woken_;
  std::condition_variable reader_woken_;
  std::deque<QueuedWrite> writes_;
  std::atomic<std::chrono::steady_clock::time_point> first_queued_{};  // of writes_; none: the epoch; set under the lock
  std::size_t queued_bytes_ = 0;
  std::uint64_t last_write_ = 0;      // number of the write queued last
  std::uint64_t finished_write_ = 0;  // every write up to this number has its result
  std::unordered_map<std::uint64_t, std::uint64_t> last_write_of_;  // by OwnerKey::hash; unfinished ones only
  std::deque<std::unique_ptr<Job>> reads_;
  std::multimap<std::uint64_t, std::unique_ptr<Job>> reads_waiting_;  // by the write they wait for
  std::optional<Error> trouble_;
  std::chrono::steady_clock::time_point next_probe_{};
  bool is_closing_ = false;
  bool writer_has_ended_ = false;
  std::thread write_thread_;
  std::thread read_thread_;
};

// A read or a write that waits, and where its result goes.
class Database::Job {
 public:
  virtual ~Job() = default;
  // Runs the work; false when it returned an error.
  virtual bool run(Transaction& transaction) = 0;
  // Replaces the result, if there is one already.
  virtual void refuse(const Error& error) = 0;
  // Hands the result over: the last call.
  virtual void finish() = 0;
};

template <class T, class Work>
class Database::JobOf final : public Job {
 public:
  JobOf(Work work, Completion<T> completion) : work_(std::move(work)), completion_(std::move(completion)) {}
  bool run(Transaction& transaction) override {
    result_.emplace(work_(transaction));
    return result_->has_value();
  }
  void refuse(const Error& error) override { result_.emplace(fail(error)); }
  void finish() override {
    ensure(result_.has_value(), "a job has a result when it is finished");
    completion_.complete(std::move(*result_));
  }

 private:
  const Work work_;  // so that it can be run again
  Completion<T> completion_;
  std::optional<T> result_;
};

template <class Work>
auto Database::write(OwnerKey owner, std::size_t bytes, Work work) -> Task<std::invoke_result_t<const Work&, Transaction&>> {
  using T = std::invoke_result_t<const Work&, Transaction&>;
  const Completion<T> completion;
  auto job = std::make_unique<JobOf<T, Work>>(std::move(work), completion);
  QueuedWrite queued{owner.hash, bytes, std::move(job)};
  T result = co_await completion.after([&] { submit_write(std::move(queued)); });
  co_return std::move(result);
}

template <class Work>
auto Database::read(OwnerKey owner, Work work) -> Task<std::invoke_result_t<const Work&, Transaction&>> {
  using T = std::invoke_result_t<const Work&, Transaction&>;
  const Completion<T> completion;
  auto job = std::make_unique<JobOf<T, Work>>(std::move(work), completion);
  T result = co_await completion.after([&] { submit_read(owner, std::move(job)); });
  co_return std::move(result);
}

}  // namespace aldis::sql
