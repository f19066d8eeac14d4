// Checkpointer: moves the log into the database file on a thread and a connection of its own (sqlite.org/wal.html section 3), so
// that no commit waits for it.
#pragma once
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "storage/sql/sqlite_connection.h"

namespace aldis::sql {

class Checkpointer {
 public:
  // On the checkpointer's thread: what could not be moved stays in the log, and is whole there.
  using Failed = std::function<void(Failure)>;

  // The connection is opened at the first run.
  Checkpointer(SqliteOptions options, Failed failed);
  // Waits for the run that is under way.
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  // As much as nobody has to wait for (SQLITE_CHECKPOINT_PASSIVE). Nothing when a run is under way.
  void start();
  [[nodiscard]] bool is_running() const;
  void wait();  // until none is under way
  // While none is: the next one opens its connection anew. Linux tells of a sync that failed at each descriptor, so one
  // that was open then would tell of it again.
  void reopen() { connection_.reset(); }

 private:
  void loop();
  std::optional<Failure> run();

  const SqliteOptions options_;
  const Failed failed_;
  std::unique_ptr<SqliteConnection> connection_;  // the thread's while a run is under way
  mutable std::mutex mutex_;
  std::condition_variable woken_;
  bool is_running_ = false;
  bool is_closing_ = false;
  std::thread thread_;
};

}  // namespace aldis::sql
