// Database: group commit, order, reads after writes, bounds, what many threads and a killed process leave behind.
#include "storage/sql/database.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <future>
#include <latch>
#include <random>

#include "base/log.h"
#include "storage/sql/sql_stores.h"
#include "tests/support/faulty_disk.h"
#include "tests/support/loop_executor.h"
#include "tests/support/temporary_folder.h"

namespace aldis::sql {
namespace {

using testing_support::FaultyDisk;
using testing_support::LoopExecutor;
using testing_support::TemporaryFolder;

BareJid bare(std::string_view text) { return BareJid::parse(text).value(); }

Result<void> put(Transaction& transaction, const std::string& name, const std::string& value) {
  transaction.change("INSERT INTO settings (name, content) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET content = excluded.content",
                     {name, Blob{value}});
  return {};
}

Result<std::int64_t> count(Transaction& transaction) {
  std::int64_t n = 0;
  transaction.each("SELECT COUNT(*) FROM settings", {}, [&](const Row& row) { n = row.integer(0); });
  return n;
}

// Starts a task whose result is kept when it comes.
template <class T>
void start(LoopExecutor& loop, Task<T> task, std::vector<T>& results) {
  loop.post([task = std::make_shared<Task<T>>(std::move(task)), &results] {
    spawn([](Task<T> waited, std::vector<T>& kept) -> Task<void> {
      T result = co_await std::move(waited);
      kept.push_back(std::move(result));
    }(std::move(*task), results));
  });
}

class DatabaseTest : public ::testing::Test {
 protected:
  DatabaseTest() {
    log::set_level(log::Level::off);
    options_.sqlite.path = folder_.path() / "data" / "aldis.db";
    options_.sqlite.vfs = disk_.name();
  }
  // The first write to an empty log costs one sync more, so that it is made here.
  void open() {
    database_ = std::move(Database::open(options_).value());
    auto first = [](Transaction& transaction) -> Result<void> {
      transaction.change("INSERT INTO probes (id, written) VALUES (1, 0) ON CONFLICT (id) DO NOTHING", {});
      return {};
    };
    ASSERT_TRUE(loop_.run(database_->write("", 0, std::move(first))));
  }
  // A write that keeps the writer busy until release().
  void hold() {
    auto work = [this](Transaction& transaction) -> Result<void> {
      held_.count_down();
      loop_.post([] {});  // so that hold() looks again
      released_.wait();
      return put(transaction, "held", "");
    };
    start(loop_, database_->write("holder", 0, std::move(work)), results_);
    loop_.run_until([this] { return held_.try_wait(); });
  }
  void release() { released_.count_down(); }
  Task<Result<void>> write(std::string owner, std::string name, std::size_t bytes = 1) {
    auto work = [name](Transaction& transaction) { return put(transaction, name, name); };
    return database_->write(std::move(owner), bytes, std::move(work));
  }
  // Starts what has been posted so far.
  void run_posted() {
    bool is_posted = false;
    loop_.post([&] { is_posted = true; });
    loop_.run_until([&] { return is_posted; });
  }
  void finish(std::size_t n) {
    loop_.run_until([&] { return results_.size() == n; });
  }

  TemporaryFolder folder_{TemporaryFolder::On::memory};  // the disk that matters is the faulty one
  FaultyDisk disk_;
  DatabaseOptions options_;
  LoopExecutor loop_;
  std::latch held_{1};
  std::latch released_{1};
  std::vector<Result<void>> results_;
  std::unique_ptr<Database> database_;
};

TEST_F(DatabaseTest, WritesThatGatherShareOneSync) {
  open();
  hold();
  for (int i = 0; i < 50; ++i) {
    start(loop_, write("owner" + std::to_string(i), "n" + std::to_string(i)), results_);
  }
  run_posted();
  const std::size_t before = disk_.syncs();
  release();
  finish(51);
  EXPECT_EQ(disk_.syncs() - before, 2U);  // one for the held write, one for all that gathered
  EXPECT_TRUE(std::ranges::all_of(results_, [](const auto& result) { return result.has_value(); }));
  auto counted = [](Transaction& transaction) { return count(transaction); };
  EXPECT_EQ(*loop_.run(database_->read("", std::move(counted))), 51);
}

TEST_F(DatabaseTest, WriteThatFailsUndoesOnlyItself) {
  open();
  hold();
  start(loop_, write("a", "a"), results_);
  auto refused = [](Transaction& transaction) -> Result<void> {
    (void)put(transaction, "b", "b");
    return fail(ErrorKind::already_exists, "b");
  };
  start(loop_, database_->write("b", 1, std::move(refused)), results_);
  auto broken = [](Transaction& transaction) -> Result<void> {  // a constraint: this statement's failure, not the disk's
    (void)put(transaction, "d", "d");
    transaction.change("INSERT INTO settings (name, content) VALUES ('d', $1)", {Blob{"d"}});
    return {};
  };
  start(loop_, database_->write("d", 1, std::move(broken)), results_);
  start(loop_, write("c", "c"), results_);
  release();
  finish(5);
  EXPECT_TRUE(results_[1]);
  ASSERT_FALSE(results_[2]);
  EXPECT_EQ(results_[2].error().kind, ErrorKind::already_exists);
  ASSERT_FALSE(results_[3]);
  EXPECT_EQ(results_[3].error().kind, ErrorKind::corrupt);
  EXPECT_TRUE(results_[4]);
  EXPECT_FALSE(database_->write_trouble());
  auto counted = [](Transaction& transaction) { return count(transaction); };
  EXPECT_EQ(*loop_.run(database_->read("", std::move(counted))), 3);  // held, a, c
}

// The transaction is undone and run again: whoever adds to each is told, and adds to the one that counts.
TEST_F(DatabaseTest, WhatIsDoneAtTheEndIsToldOfUndoing) {
  struct End final : TransactionEnd {
    void at_begin() override { said += 'b'; }
    void settle(Transaction&) override { said += 's'; }
    void at_end(Transaction& transaction) override {
      (void)put(transaction, "end", std::to_string(said.size()));
      said += 'e';
    }
    void at_write_undone() override { said += 'w'; }
    void at_undone() override { said += 'u'; }
    std::string said;
  } end;
  open();
  database_->at_each_transaction(end);
  hold();
  start(loop_, write("a", "a"), results_);
  auto refused = [](Transaction&) -> Result<void> { return fail(ErrorKind::already_exists, "b"); };
  start(loop_, database_->write("b", 1, std::move(refused)), results_);
  release();
  finish(3);
  EXPECT_TRUE(results_[1]);
  ASSERT_FALSE(results_[2]);
  EXPECT_EQ(end.said, "bssebsubsswe");  // the held write, then both together, then each apart; before statements and behind
  auto counted = [](Transaction& transaction) { return count(transaction); };
  EXPECT_EQ(*loop_.run(database_->read("", std::move(counted))), 3);  // held, a, end
  database_.reset();
}

TEST_F(DatabaseTest, CommitThatFailsFailsAllOfItsWrites) {
  options_.probe_interval = std::chrono::milliseconds(5);
  open();
  hold();
  for (const char* name : {"a", "b", "c"}) {
    start(loop_, write(name, name), results_);
  }
  run_posted();
  disk_.plan({.nth = 0, .fails_ever_after = true});
  release();
  finish(4);
  for (const auto& result : results_) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::unavailable);
  }
  EXPECT_TRUE(database_->write_trouble());
  EXPECT_EQ(loop_.run(write("d", "d")).error().kind, ErrorKind::unavailable);
  auto counted = [](Transaction& transaction) { return count(transaction); };
  EXPECT_EQ(*loop_.run(database_->read("a", std::move(counted))), 0);  // reads go on
  disk_.heal();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (database_->write_trouble()) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "it does not recover";
    std::this_thread::yield();
  }
  EXPECT_TRUE(loop_.run(write("d", "d")));
}

TEST_F(DatabaseTest, ReadWaitsForWritesOfItsOwnerOnly) {
  open();
  hold();
  start(loop_, write("juliet", "j"), results_);
  std::vector<Result<std::int64_t>> of_juliet;
  std::vector<Result<std::int64_t>> of_all;
  std::vector<Result<std::int64_t>> of_romeo;
  const auto counted = [](Transaction& transaction) { return count(transaction); };
  start(loop_, database_->read("juliet", counted), of_juliet);
  start(loop_, database_->read("", counted), of_all);
  start(loop_, database_->read("romeo", counted), of_romeo);
  loop_.run_until([&] { return !of_romeo.empty(); });  // although the writer is held
  EXPECT_EQ(*of_romeo[0], 0);
  EXPECT_TRUE(of_juliet.empty());
  EXPECT_TRUE(of_all.empty());
  release();
  loop_.run_until([&] { return !of_juliet.empty() && !of_all.empty(); });
  EXPECT_EQ(*of_juliet[0], 2);
  EXPECT_EQ(*of_all[0], 2);
  finish(2);
}

TEST_F(DatabaseTest, SaysHowLongWritesWaitAndWhenItRefusesThem) {
  options_.queued_writes = 3;
  open();
  hold();
  EXPECT_EQ(database_->write_delay().count(), 0);   // one is being written, none waits
  start(loop_, write("a", "a", 0), results_);
  start(loop_, write("b", "b", 0), results_);
  run_posted();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (database_->write_delay() < std::chrono::milliseconds(5)) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    std::this_thread::yield();
  }
  EXPECT_FALSE(database_->write_trouble());
  start(loop_, write("c", "c", 0), results_);
  run_posted();
  EXPECT_EQ(database_->write_trouble()->kind, ErrorKind::full);
  release();
  finish(4);
  EXPECT_FALSE(database_->write_trouble());
}

TEST_F(DatabaseTest, QueueIsBoundedInWritesBytesAndReads) {
  options_.queued_writes = 3;
  options_.queued_bytes = 100;
  options_.queued_reads = 1;
  open();
  hold();
  start(loop_, write("a", "a", 100), results_);
  EXPECT_EQ(loop_.run(write("b", "b", 1)).error().kind, ErrorKind::full);  // bytes
  start(loop_, write("c", "c", 0), results_);
  start(loop_, write("d", "d", 0), results_);
  EXPECT_EQ(loop_.run(write("e", "e", 0)).error().kind, ErrorKind::full);  // writes
  const auto counted = [](Transaction& transaction) { return count(transaction); };
  std::vector<Result<std::int64_t>> reads;
  start(loop_, database_->read("a", counted), reads);
  EXPECT_EQ(loop_.run(database_->read("a", counted)).error().kind, ErrorKind::full);  // reads
  release();
  finish(4);
  loop_.run_until([&] { return !reads.empty(); });
  EXPECT_TRUE(std::ranges::all_of(results_, [](const auto& result) { return result.has_value(); }));
  EXPECT_TRUE(loop_.run(write("b", "b", 100)));  // room again
}

TEST_F(DatabaseTest, BatchesAreBounded) {
  options_.batch_writes = 10;
  open();
  hold();
  for (int i = 0; i < 25; ++i) {
    start(loop_, write("o", "n" + std::to_string(i)), results_);
  }
  run_posted();
  const std::size_t before = disk_.syncs();
  release();
  finish(26);
  EXPECT_EQ(disk_.syncs() - before, 4U);  // 1 + 10 + 10 + 5
}

TEST_F(DatabaseTest, ClosingFinishesWhatWasQueued) {
  open();
  hold();
  for (const char* name : {"a", "b"}) {
    start(loop_, write(name, name), results_);
  }
  const auto counted = [](Transaction& transaction) { return count(transaction); };
  std::vector<Result<std::int64_t>> reads;
  start(loop_, database_->read("b", counted), reads);
  run_posted();
  std::thread closing([&] { database_.reset(); });
  release();
  closing.join();
  finish(3);
  loop_.run_until([&] { return !reads.empty(); });
  EXPECT_EQ(*reads[0], 3);
  open();
  EXPECT_EQ(*loop_.run(database_->read("", counted)), 3);
}

// Four threads of writers, several writes in flight each: whoever is answered finds its bytes safe on the disk and sees
// them by another connection, and each owner's messages are in the order they were sent.
TEST_F(DatabaseTest, ManyExecutorsFindTheirWritesSafeAndInOrder) {
  constexpr int threads = 4;
  constexpr int rounds = 25;
  constexpr int in_flight = 8;
  auto stores = std::move(SqlStores::open(options_).value());
  std::atomic<int> unsafe{0};
  std::atomic<int> unseen{0};
  const auto run = [&](int thread) {
    LoopExecutor loop;
    auto other = std::move(SqliteConnection::open(options_.sqlite, SqliteConnection::Access::read).value());
    const BareJid owner = bare("owner" + std::to_string(thread) + "@capulet.example");
    int answered = 0;
    int expected_next = 0;
    for (int round = 0; round < rounds; ++round) {
      for (int i = 0; i < in_flight; ++i) {
        loop.post([&, number = round * in_flight + i] {
          spawn([](Stores s, BareJid to, int n, int of, FaultyDisk& disk, SqliteConnection& second, std::atomic<int>& lost,
                   std::atomic<int>& hidden, int& next, int& done) -> Task<void> {
            const std::string stanza = "<message id='" + std::to_string(of) + "-" + std::to_string(n) + "'/>";
            const ArchiveId id = static_cast<ArchiveId>(of) * 1'000'000 + static_cast<ArchiveId>(n) + 1;
            ArchiveEntry entry{.id = id, .message = id, .stanza = Stanza::make(stanza), .contact = to};
            const auto stored = co_await s.archive.append(to, std::move(entry));
            EXPECT_TRUE(stored);
            EXPECT_EQ(n, next++);  // answered in order
            lost += disk.is_safe(stanza) ? 0 : 1;
            bool found = false;
            second.each("SELECT 1 FROM archive_entries e CROSS JOIN archive_messages m WHERE m.id = e.message AND e.id = $1 AND m.stanza = $2",
                        {as_integer(id), stanza}, [&](const Row&) { found = true; });
            hidden += found ? 0 : 1;
            ++done;
          }(stores->stores(), owner, number, thread, disk_, *other, unsafe, unseen, expected_next, answered));
        });
      }
      loop.run_until([&] { return answered == (round + 1) * in_flight; });
    }
    const auto page = loop.run(stores->stores().archive.find(owner, {.limit = 10'000}));
    ASSERT_TRUE(page);
    ASSERT_EQ(page->messages.size(), static_cast<std::size_t>(rounds * in_flight));
    for (std::size_t i = 0; i < page->messages.size(); ++i) {
      EXPECT_EQ(page->messages[i].stanza, "<message id='" + std::to_string(thread) + "-" + std::to_string(i) + "'/>");
    }
  };
  std::vector<std::thread> running;
  for (int thread = 0; thread < threads; ++thread) {
    running.emplace_back(run, thread);
  }
  for (std::thread& thread : running) {
    thread.join();
  }
  EXPECT_EQ(unsafe, 0);
  EXPECT_EQ(unseen, 0);
}

// ---- A killed process (security R01).

// Writes until it is killed; says on the pipe which message was acknowledged. `first`: the first message's id.
[[noreturn]] void write_until_killed(const DatabaseOptions& options, ArchiveId first, int pipe_end) {
  LoopExecutor loop;
  auto stores = std::move(SqlStores::open(options).value());
  const BareJid owner = bare("juliet@capulet.example");
  int sent = 0;
  int answered = 0;
  for (;;) {
    for (; sent < answered + 16; ++sent) {
      loop.post([&, number = sent] {
        spawn([](Stores s, BareJid to, ArchiveId id, int n, int out, int& done) -> Task<void> {
          ArchiveEntry entry{.id = id, .message = id, .stanza = Stanza::make("<message id='" + std::to_string(n) + "'/>"), .contact = to};
          const auto stored = co_await s.archive.append(to, std::move(entry));
          if (!stored || ::write(out, &n, sizeof n) != sizeof n) {
            ::_exit(1);
          }
          ++done;
        }(stores->stores(), owner, first + static_cast<ArchiveId>(number), number, pipe_end, answered));
      });
    }
    const int before = answered;
    loop.run_until([&] { return answered > before; });
  }
}

TEST(KilledProcess, LeavesEveryAcknowledgedWrite) {
  TemporaryFolder folder;
  DatabaseOptions options;
  options.sqlite.path = folder.path() / "data" / "aldis.db";
  options.checkpoint_pages = 20;
  std::mt19937 random(1);
  std::vector<std::string> expected;  // of the round before, with what it left unacknowledged
  for (int round = 0; round < 10; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(ends[0]);
      write_until_killed(options, static_cast<ArchiveId>(round + 1) * 1'000'000, ends[1]);
    }
    ::close(ends[1]);
    int acknowledged = -1;
    const int wanted = static_cast<int>(random() % 300);
    int number = 0;
    while (acknowledged < wanted && ::read(ends[0], &number, sizeof number) == sizeof number) {
      EXPECT_EQ(number, acknowledged + 1);
      acknowledged = number;
    }
    ::kill(child, SIGKILL);
    while (::read(ends[0], &number, sizeof number) == sizeof number) {
      acknowledged = number;
    }
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself";
    LoopExecutor loop;
    auto stores = std::move(SqlStores::open(options).value());
    const auto found = loop.run(stores->stores().archive.find(bare("juliet@capulet.example"), {.limit = 1'000'000, .max_bytes = 1U << 30U}));
    ASSERT_TRUE(found);
    std::vector<std::string> stanzas;
    for (const auto& message : found->messages) {
      stanzas.push_back(message.stanza);
    }
    ASSERT_GE(stanzas.size(), expected.size() + static_cast<std::size_t>(acknowledged + 1));
    for (std::size_t i = 0; i < stanzas.size(); ++i) {
      EXPECT_EQ(stanzas[i], i < expected.size() ? expected[i] : "<message id='" + std::to_string(i - expected.size()) + "'/>");
    }
    expected = stanzas;
  }
}

}  // namespace
}  // namespace aldis::sql
