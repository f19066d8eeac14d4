// The two threads of a Database.
#include "storage/sql/database.h"

#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"
#include "storage/sql/database_file.h"
#include "storage/sql/migrations.h"

namespace aldis::sql {
namespace {

metrics::Gauge queued_writes{"aldis_storage_queued_writes", "Writes that wait for a transaction."};
metrics::Gauge queued_write_bytes{"aldis_storage_queued_write_bytes", "Bytes held by writes that wait."};
metrics::Gauge store_memory{"aldis_memory_bytes", "Memory held, by subsystem; the process as a whole when last looked at.",
                            {{"subsystem", "stores"}}};
metrics::Gauge store_queue_memory{"aldis_memory_bytes", "Memory held, by subsystem; the process as a whole when last looked at.",
                                  {{"subsystem", "store_queue"}}};
metrics::Gauge queued_reads{"aldis_storage_queued_reads", "Reads that wait."};
metrics::Gauge refusing{"aldis_storage_refusing_writes", "1 while writes are refused because the disk failed or is full."};
metrics::Histogram batch_size{"aldis_storage_batch_writes", "Writes in one transaction.", {1, 2, 5, 10, 20, 50, 100, 200, 500}};
metrics::Histogram commit_seconds{"aldis_storage_commit_seconds",
                                  "Time of a COMMIT, fsync included.",
                                  {0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3}};
metrics::Counter failed_writes{"aldis_storage_failures_total", "Transactions and reads that failed.", {{"operation", "write"}}};
metrics::Counter failed_reads{"aldis_storage_failures_total", "Transactions and reads that failed.", {{"operation", "read"}}};
metrics::Counter refused_full{"aldis_storage_refused_total", "Calls refused at once.", {{"reason", "queue-full"}}};
metrics::Counter refused_trouble{"aldis_storage_refused_total", "Calls refused at once.", {{"reason", "trouble"}}};

// What works write through: before their statements stands what was left to be written together.
class Settled final : public Transaction {
 public:
  Settled(SqliteConnection& connection, TransactionEnd* end) : connection_(connection), end_(end) {}

 private:
  std::size_t run(Statement statement, std::initializer_list<Value> values, const Visit* visit) override {
    if (end_ != nullptr) {
      end_->settle(connection_);
    }
    return run_in(connection_, statement, values, visit);
  }
  SqliteConnection& connection_;
  TransactionEnd* end_;
};

Result<void> check_integrity(SqliteConnection& connection) {
  std::string found;
  connection.each("PRAGMA quick_check(1)", {}, [&](const Row& row) { found = row.text(0); });
  if (auto failure = connection.take_failure()) {
    return fail(std::move(failure->error));
  }
  return found == "ok" ? Result<void>{} : fail(ErrorKind::corrupt, "database: the file is damaged: " + found + "; restore a backup");
}

}  // namespace

Result<std::unique_ptr<Database>> Database::open(DatabaseOptions options) {
  if (Result<void> prepared = prepare_database_file(options.sqlite.path); !prepared) {
    return fail(prepared.error());
  }
  std::unique_ptr<Database> database(new Database(std::move(options)));
  auto writer = SqliteConnection::open(database->options_.sqlite, SqliteConnection::Access::write);
  if (!writer) {
    return fail(writer.error());
  }
  if (database->options_.check_at_start) {
    if (Result<void> checked = check_integrity(**writer); !checked) {
      return fail(checked.error());
    }
  }
  if (const auto migrated = migrate(**writer, migrations()); !migrated) {
    return fail(migrated.error());
  }
  // What a process before us left in the log may be in the kernel's memory only: an fsync of the log that failed there is
  // not repeated. Moved into the file, it is written anew.
  if (!(*writer)->empty_log(database->options_.sqlite.busy_timeout)) {
    return fail((*writer)->take_failure()->error);
  }
  auto reader = SqliteConnection::open(database->options_.sqlite, SqliteConnection::Access::read);
  if (!reader) {
    return fail(reader.error());
  }
  database->writer_ = std::move(*writer);
  database->reader_ = std::move(*reader);
  database->write_thread_ = std::thread([self = database.get()] { self->write_loop(); });
  database->read_thread_ = std::thread([self = database.get()] { self->read_loop(); });
  return database;
}

Database::~Database() {
  {
    const std::lock_guard lock(mutex_);
    is_closing_ = true;
    writer_woken_.notify_all();
    reader_woken_.notify_all();
  }
  if (write_thread_.joinable()) {
    write_thread_.join();
  }
  if (read_thread_.joinable()) {
    read_thread_.join();
  }
}

std::optional<Error> Database::write_trouble() const {
  const std::lock_guard lock(mutex_);
  if (!trouble_ && (writes_.size() >= options_.queued_writes || queued_bytes_ >= options_.queued_bytes)) {
    return Error{ErrorKind::full, "database: too many writes wait"};
  }
  return trouble_;
}

std::chrono::milliseconds Database::write_delay() const {
  const auto first = first_queued_.load(std::memory_order_relaxed);
  if (first == std::chrono::steady_clock::time_point{}) {
    return std::chrono::milliseconds(0);
  }
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - first);
}

// Threads are woken behind the lock: one that is woken under it may run at once and wait for it.
void Database::submit_write(QueuedWrite write) {
  std::optional<Error> refusal;
  write.queued = std::chrono::steady_clock::now();
  {
    std::unique_lock lock(mutex_);
    if (is_closing_) {
      refusal = Error{ErrorKind::cancelled, "database: closing"};
    } else if (trouble_) {
      refusal = trouble_;
      refused_trouble.add();
    } else if (writes_.size() >= options_.queued_writes || queued_bytes_ + write.bytes > options_.queued_bytes) {
      refusal = Error{ErrorKind::full, "database: too many writes wait"};
      refused_full.add();
    } else {
      last_write_of_.insert_or_assign(write.owner, ++last_write_);
      queued_bytes_ += write.bytes;
      queued_writes.add(1);
      queued_write_bytes.add(static_cast<std::int64_t>(write.bytes));
      store_queue_memory.add(static_cast<std::int64_t>(write.bytes));
      writes_.push_back(std::move(write));
      const bool is_first = writes_.size() == 1;
      if (is_first) {
        first_queued_.store(writes_.front().queued, std::memory_order_relaxed);
      }
      lock.unlock();
      if (is_first) {
        writer_woken_.notify_one();
      }
      return;
    }
  }
  write.job->refuse(*refusal);
  write.job->finish();
}

void Database::submit_read(OwnerKey owner, std::unique_ptr<Job> job) {
  std::optional<Error> refusal;
  {
    std::unique_lock lock(mutex_);
    if (is_closing_) {
      refusal = Error{ErrorKind::cancelled, "database: closing"};
    } else if (reads_.size() + reads_waiting_.size() >= options_.queued_reads) {
      refusal = Error{ErrorKind::full, "database: too many reads wait"};
      refused_full.add();
    } else {
      std::uint64_t awaited = owner.is_empty ? last_write_ : 0;
      if (const auto last = last_write_of_.find(owner.hash); last != last_write_of_.end()) {
        awaited = std::max(awaited, last->second);
      }
      queued_reads.add(1);
      if (awaited > finished_write_) {
        reads_waiting_.emplace(awaited, std::move(job));
      } else {
        reads_.push_back(std::move(job));
        const bool is_first = reads_.size() == 1;
        lock.unlock();
        if (is_first) {
          reader_woken_.notify_one();
        }
      }
      return;
    }
  }
  job->refuse(*refusal);
  job->finish();
}

void Database::note_memory(std::int64_t& noted, const SqliteConnection* connection) {
  const std::int64_t now = connection == nullptr ? 0 : connection->memory();
  store_memory.add(now - std::exchange(noted, now));
}

// ---- The writer.

void Database::write_loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto has_work = [this] { return is_closing_ || !writes_.empty(); };
    if (trouble_ && !is_closing_) {
      writer_woken_.wait_until(lock, next_probe_, [this] { return is_closing_; });
      if (!is_closing_) {
        lock.unlock();
        probe();
        lock.lock();
      }
      continue;
    }
    writer_woken_.wait(lock, has_work);
    if (writes_.empty()) {
      break;
    }
    Batch batch = take_batch(lock);
    lock.unlock();
    const std::optional<Failure> failure = run_batch(batch);
    finish_batch(batch, failure);
    batch.clear();
    note_memory(writer_memory_, writer_.get());
    if (!failure) {
      keep_log_short();
    }
    lock.lock();
  }
  writer_has_ended_ = true;
  reader_woken_.notify_all();
}

Database::Batch Database::take_batch(std::unique_lock<std::mutex>&) {
  Batch batch;
  std::size_t bytes = 0;
  while (!writes_.empty() && batch.size() < options_.batch_writes && (batch.empty() || bytes + writes_.front().bytes <= options_.batch_bytes)) {
    bytes += writes_.front().bytes;
    batch.push_back(std::move(writes_.front()));
    writes_.pop_front();
  }
  first_queued_.store(writes_.empty() ? std::chrono::steady_clock::time_point{} : writes_.front().queued, std::memory_order_relaxed);
  queued_bytes_ -= bytes;
  queued_writes.add(-static_cast<std::int64_t>(batch.size()));
  queued_write_bytes.add(-static_cast<std::int64_t>(bytes));
  store_queue_memory.add(-static_cast<std::int64_t>(bytes));
  return batch;
}

std::optional<Failure> Database::run_batch(Batch& batch) {
  batch_size.observe(static_cast<double>(batch.size()));
  bool is_done = false;
  if (!is_careful_) {
    begin();
    is_done = run_together(batch);
    if (!is_done) {
      const std::optional<Failure> failure = undo();
      if (failure && failure->is_of_world) {
        return failure;
      }
    }
  }
  if (!is_done) {
    begin();
    if (std::optional<Failure> failure = run_apart(batch)) {
      return failure;
    }
  }
  return commit();
}

void Database::begin() {
  writer_->change("BEGIN IMMEDIATE", {});
  if (transaction_end_ != nullptr) {
    transaction_end_->at_begin();
  }
}

void Database::settle() {
  if (transaction_end_ != nullptr && !writer_->has_failed()) {
    transaction_end_->settle(*writer_);
  }
}

// False: one of them returned an error or could not be carried out.
bool Database::run_together(Batch& batch) {
  Settled transaction(*writer_, transaction_end_);
  for (const QueuedWrite& write : batch) {
    if (writer_->has_failed() || !write.job->run(transaction)) {
      return false;
    }
  }
  settle();
  return !writer_->has_failed();
}

std::optional<Failure> Database::run_apart(Batch& batch) {
  is_careful_ = false;
  Settled transaction(*writer_, transaction_end_);
  for (QueuedWrite& write : batch) {
    writer_->change("SAVEPOINT write", {});
    bool is_kept = !writer_->has_failed() && write.job->run(transaction);
    if (is_kept) {
      settle();
    }
    if (writer_->has_failed()) {
      const bool is_undone = !writer_->is_in_transaction();
      Failure failure = *writer_->take_failure();
      if (failure.is_of_world || is_undone) {
        static_cast<void>(undo());
        failure.is_of_world = true;
        return failure;
      }
      log::error("storage-write-refused", {{"error", failure.error.what}});
      failed_writes.add();
      write.job->refuse(failure.error);
      is_kept = false;
    }
    if (!is_kept) {
      is_careful_ = true;
      writer_->change("ROLLBACK TO write", {});
      if (transaction_end_ != nullptr) {
        transaction_end_->at_write_undone();
      }
    }
    writer_->change("RELEASE write", {});
  }
  return std::nullopt;
}

std::optional<Failure> Database::commit() {
  if (transaction_end_ != nullptr && !writer_->has_failed()) {
    transaction_end_->at_end(*writer_);
  }
  const auto begun = std::chrono::steady_clock::now();
  writer_->change("COMMIT", {});
  commit_seconds.observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
  return writer_->has_failed() ? undo() : std::nullopt;
}

// The failure because of which it is undone, if there was one: the first, which says why.
std::optional<Failure> Database::undo() {
  std::optional<Failure> failure = writer_->take_failure();
  if (writer_->is_in_transaction()) {
    writer_->change("ROLLBACK", {});
    static_cast<void>(writer_->take_failure());
  }
  if (transaction_end_ != nullptr) {
    transaction_end_->at_undone();
  }
  return failure;
}

void Database::finish_batch(Batch& batch, const std::optional<Failure>& failure) {
  Batch refused;
  if (failure) {
    begin_trouble(refused, *failure);
  }
  for (QueuedWrite& write : batch) {
    if (failure) {
      write.job->refuse(failure->error);
    }
    write.job->finish();
  }
  for (QueuedWrite& write : refused) {
    write.job->refuse(failure->error);
    write.job->finish();
  }
  const std::lock_guard lock(mutex_);
  finished_write_ += batch.size() + refused.size();
  for (Batch* done : {&batch, &refused}) {
    for (const QueuedWrite& write : *done) {
      const auto last = last_write_of_.find(write.owner);
      if (last != last_write_of_.end() && last->second <= finished_write_) {
        last_write_of_.erase(last);
      }
    }
  }
  const auto end = reads_waiting_.upper_bound(finished_write_);
  for (auto read = reads_waiting_.begin(); read != end; ++read) {
    reads_.push_back(std::move(read->second));
  }
  reads_waiting_.erase(reads_waiting_.begin(), end);
  reader_woken_.notify_one();
}

// From here on writes are refused; those that wait are given back to be refused too.
void Database::begin_trouble(Batch& refused, const Failure& failure) {
  failed_writes.add();
  refusing.set(1);
  must_reopen_ = must_reopen_ || failure.needs_reopen;
  log::error("storage-writes-refused", {{"error", failure.error.what}});
  std::unique_lock lock(mutex_);
  trouble_ = failure.error;
  next_probe_ = std::chrono::steady_clock::now() + options_.probe_interval;
  while (!writes_.empty()) {
    Batch more = take_batch(lock);
    std::move(more.begin(), more.end(), std::back_inserter(refused));
  }
}

void Database::probe() {
  const std::optional<Failure> failure = try_to_write();
  if (failure) {
    must_reopen_ = must_reopen_ || failure->needs_reopen;
    const std::lock_guard lock(mutex_);
    trouble_ = failure->error;
    next_probe_ = std::chrono::steady_clock::now() + options_.probe_interval;
    return;
  }
  refusing.set(0);
  log::info("storage-writes-accepted-again");
  const std::lock_guard lock(mutex_);
  trouble_.reset();
}

// After an fsync that failed the kernel may hold pages as clean that never reached the disk, so it is not repeated. Instead
// what the log holds is written into the database file anew, and the log is emptied: nothing that was told to have failed
// is found there later. Then a new connection is made, and one row is written through to the disk.
std::optional<Failure> Database::try_to_write() {
  if (!writer_->empty_log(options_.sqlite.busy_timeout)) {
    return writer_->take_failure();
  }
  if (must_reopen_) {
    auto opened = SqliteConnection::open(options_.sqlite, SqliteConnection::Access::write);
    if (!opened) {
      return Failure{.error = opened.error(), .needs_reopen = true};
    }
    writer_ = std::move(*opened);  // the new one is open before the old one closes: SQLite does not recover the log between
    must_reopen_ = false;
  }
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  writer_->change("BEGIN IMMEDIATE", {});
  writer_->change("INSERT INTO probes (id, written) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET written = excluded.written",
                  {std::int64_t{std::chrono::duration_cast<std::chrono::milliseconds>(now).count()}});
  writer_->change("COMMIT", {});
  return writer_->has_failed() ? undo() : std::nullopt;
}

// Between transactions, when the writes of the last one have been answered. A reader's snapshot keeps the log from
// beginning anew, so one that has become far too long is worth waiting a little for the readers.
void Database::keep_log_short() {
  const int pages = writer_->log_pages();
  checkpointed_pages_ = pages < checkpointed_pages_ ? 0 : checkpointed_pages_;
  if (pages < checkpointed_pages_ + options_.checkpoint_pages) {
    return;
  }
  checkpointed_pages_ = pages;
  if (pages < 16 * options_.checkpoint_pages) {
    writer_->checkpoint();
  } else {
    writer_->empty_log(std::chrono::milliseconds(100));
  }
  const auto failure = writer_->take_failure();
  if (failure && !failure->is_busy) {
    Batch none;
    finish_batch(none, failure);
  }
}

// ---- The reader.

void Database::read_loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    reader_woken_.wait(lock, [this] { return !reads_.empty() || writer_has_ended_; });
    if (reads_.empty()) {
      break;
    }
    const std::unique_ptr<Job> job = std::move(reads_.front());
    reads_.pop_front();
    lock.unlock();
    queued_reads.add(-1);
    note_memory(reader_memory_, reader_.get());
    if (reader_ == nullptr) {
      auto opened = SqliteConnection::open(options_.sqlite, SqliteConnection::Access::read);
      if (opened) {
        reader_ = std::move(*opened);
      } else {
        job->refuse(opened.error());
      }
    }
    if (reader_ != nullptr) {
      reader_->change("BEGIN", {});
      if (!reader_->has_failed()) {
        job->run(*reader_);
      }
      std::optional<Failure> failure = reader_->take_failure();
      if (reader_->is_in_transaction()) {
        reader_->change("COMMIT", {});
        (void)reader_->take_failure();  // a read has nothing to lose at its end
      }
      if (failure) {
        failed_reads.add();
        log::error("storage-read-failed", {{"error", failure->error.what}});
        job->refuse(failure->error);
        if (failure->needs_reopen) {
          reader_.reset();
        }
      }
    }
    job->finish();
    lock.lock();
  }
}

}  // namespace aldis::sql
