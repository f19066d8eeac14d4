// A disk that is full, fails or loses power (security R02, R09): what was acknowledged stays, what was refused does not come
// back, reads go on, and writing goes on when the disk does, without a restart.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

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

const BareJid& juliet() {
  static const BareJid jid = BareJid::parse("juliet@capulet.example").value();
  return jid;
}

class DiskFailure : public ::testing::Test {
 protected:
  DiskFailure() { log::set_level(log::Level::off); }
  DatabaseOptions options(const std::filesystem::path& folder, std::string vfs = {}) {
    DatabaseOptions options;
    options.sqlite.path = folder / "data" / "aldis.db";
    options.sqlite.vfs = std::move(vfs);
    options.probe_interval = std::chrono::milliseconds(2);
    options.checkpoint_pages = 8;
    return options;
  }
  static void recovers(SqlStores& stores) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (stores.database().write_trouble()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << stores.database().write_trouble()->what;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  Result<void> append(SqlStores& stores, const std::string& stanza) {
    return loop_.run(stores.stores().archive.append(juliet(), entry(stanza)));
  }
  std::set<std::string> read(SqlStores& stores) {
    // Every message is also found by a word: the index has lost and invented nothing.
    std::set<std::string> bodies;
    for (const char* words : {"", "message"}) {
      const auto page = loop_.run(stores.stores().archive.find(juliet(), {.words = words, .limit = 100'000, .max_bytes = 1U << 30U}));
      EXPECT_TRUE(page) << (page ? "" : page.error().what);
      std::set<std::string> found;
      if (page) {
        for (const auto& message : page->messages) {
          found.insert(searchable_text(*Stanza::make(message.stanza)));
        }
      }
      if (*words == 0) {
        bodies = found;
      } else {
        EXPECT_EQ(found, bodies);
      }
    }
    return bodies;
  }
  // What the files hold after a power cut, opened as after a restart.
  std::set<std::string> after_power_cut(const FaultyDisk& disk) {
    TemporaryFolder folder(TemporaryFolder::On::memory);
    std::filesystem::create_directory(folder.path() / "data");
    std::filesystem::permissions(folder.path() / "data", std::filesystem::perms::owner_all);
    disk.cut_power(folder.path() / "data", random_);
    DatabaseOptions again = options(folder.path());
    again.check_at_start = true;
    auto opened = SqlStores::open(std::move(again));
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().what);
    return opened ? read(**opened) : std::set<std::string>{};
  }
  static ArchiveEntry entry(const std::string& body) {
    static std::atomic<ArchiveId> last{0};
    const ArchiveId id = ++last;
    return {.id = id, .message = id, .stanza = Stanza::make("<message><body>" + body + "</body></message>"),
            .contact = BareJid::parse("romeo@montague.example").value()};
  }
  // Each message fills some pages, so that the log is emptied now and then within a run.
  static std::string text(int n) { return "message " + std::to_string(n) + std::string(5000, '.'); }

  void every_operation_fails_once(FaultyDisk::Plan plan, ErrorKind write_kind) {
    std::size_t n = 0;
    std::size_t refusals = 0;
    for (;; ++n) {
      TemporaryFolder folder(TemporaryFolder::On::memory);
      FaultyDisk disk;
      auto stores = std::move(SqlStores::open(options(folder.path(), disk.name())).value());
      std::set<std::string> acknowledged;
      std::set<std::string> refused;
      plan.nth = n;
      disk.plan(plan);
      for (int i = 0; i < 8; ++i) {
        const Result<void> stored = append(*stores, text(i));
        (stored ? acknowledged : refused).insert(text(i));
        if (!stored) {
          EXPECT_TRUE(stored.error().kind == write_kind || stored.error().kind == ErrorKind::unavailable) << stored.error().what;
        }
        EXPECT_EQ(read(*stores), acknowledged) << "operation " << n << ", after message " << i;
        recovers(*stores);
      }
      refusals += refused.size();
      while (!append(*stores, "message at last")) {  // a failure between writes may come as late as this
        recovers(*stores);
      }
      acknowledged.insert("message at last");
      EXPECT_EQ(read(*stores), acknowledged);
      EXPECT_EQ(after_power_cut(disk), acknowledged) << "operation " << n;
      stores.reset();
      const bool has_failed = disk.has_failed();
      disk.heal();
      stores = std::move(SqlStores::open(options(folder.path(), disk.name())).value());
      EXPECT_EQ(read(*stores), acknowledged) << "operation " << n << ", reopened";
      if (!has_failed) {
        EXPECT_EQ(refused.size(), 0U);
        break;
      }
    }
    EXPECT_GT(n, 30U);
    EXPECT_GT(refusals, 10U);
  }

  LoopExecutor loop_;
  std::mt19937 random_{7};
};

TEST_F(DiskFailure, InputOutputErrorAtEveryOperation) {
  every_operation_fails_once({.write_code = SQLITE_IOERR_WRITE, .sync_code = SQLITE_IOERR_FSYNC}, ErrorKind::unavailable);
}

TEST_F(DiskFailure, FullDiskAtEveryOperation) {
  every_operation_fails_once({.write_code = SQLITE_FULL, .sync_code = SQLITE_FULL}, ErrorKind::full);
}

// What waits for another server and its totals change together, or not at all.
TEST_F(DiskFailure, AnOutboundQueueAtEveryOperation) {
  const QueuePair pair{"capulet.example", "verona.example"};
  const auto shown = [&](Stores stores) {
    std::string all;
    const auto page = loop_.run(stores.outbound_queue.load(pair, 0, 1000, 1U << 30U));
    const auto totals = loop_.run(stores.outbound_queue.totals());
    EXPECT_TRUE(page && totals);
    std::uint64_t bytes = 0;
    for (const QueuedStanza& each : *page) {
      all += std::to_string(each.position) + " ";
      bytes += each.stanza.size();
    }
    EXPECT_EQ(totals->empty(), page->empty());
    if (!totals->empty()) {
      EXPECT_EQ(totals->front().stanzas, page->size());
      EXPECT_EQ(totals->front().bytes, bytes);
    }
    return all;
  };
  for (std::size_t n = 0;; ++n) {
    TemporaryFolder folder(TemporaryFolder::On::memory);
    FaultyDisk disk;
    auto stores = std::move(SqlStores::open(options(folder.path(), disk.name())).value());
    std::set<std::uint64_t> kept;
    disk.plan({.nth = n, .write_code = SQLITE_IOERR_WRITE, .sync_code = SQLITE_IOERR_FSYNC});
    for (std::uint64_t i = 1; i <= 6; ++i) {
      OutboundQueueStore& queue = stores->stores().outbound_queue;
      if (loop_.run(queue.append(pair, {i, WallTime{}, std::string(3000, '.')}, {}))) {
        kept.insert(i);
      }
      recovers(*stores);
      if (i % 3 == 0 && loop_.run(queue.remove_up_to(pair, i - 2))) {
        kept.erase(kept.begin(), kept.upper_bound(i - 2));
      }
      recovers(*stores);
    }
    std::string expected;
    for (const std::uint64_t each : kept) {
      expected += std::to_string(each) + " ";
    }
    EXPECT_EQ(shown(stores->stores()), expected) << "operation " << n;
    const bool has_failed = disk.has_failed();
    disk.heal();
    stores.reset();
    stores = std::move(SqlStores::open(options(folder.path(), disk.name())).value());
    EXPECT_EQ(shown(stores->stores()), expected) << "operation " << n << ", reopened";
    if (!has_failed) {
      EXPECT_GT(n, 15U);
      break;
    }
  }
}

// A room changes as a whole: record, affiliations, and what went with it.
TEST_F(DiskFailure, ARoomAtEveryOperation) {
  const BareJid tea = BareJid::parse("tea@rooms.example").value();
  const auto image = [&](std::string config) {
    RoomImage room{.record = {.room = tea, .config = std::move(config)}, .affiliations = {}};
    for (const char* who : {"a@b.example", "c@b.example"}) {
      room.affiliations.push_back({.jid = Jid::parse(who).value(), .affiliation = Affiliation::owner, .nickname = {}, .reason = room.record.config, .version = 1});
    }
    return room;
  };
  const auto shown = [&](SqlStores& stores) -> std::string {
    const auto room = loop_.run(stores.stores().rooms.load(tea));
    EXPECT_TRUE(room);
    if (!room || !*room) {
      return "none";
    }
    std::string text = (*room)->record.config;
    for (const RoomAffiliation& each : (*room)->affiliations) {
      text += each.reason == (*room)->record.config ? " +" : " -";
    }
    return text;
  };
  std::size_t refusals = 0;
  for (std::size_t n = 0;; ++n) {
    TemporaryFolder folder(TemporaryFolder::On::memory);
    FaultyDisk disk;
    auto stores = std::move(SqlStores::open(options(folder.path(), disk.name())).value());
    RoomStore& rooms = stores->stores().rooms;
    disk.plan({.nth = n, .write_code = SQLITE_FULL, .sync_code = SQLITE_FULL});
    const auto does = [&](Task<Result<void>> task, std::string_view before, std::string_view after) {
      const Result<void> done = loop_.run(std::move(task));
      refusals += done ? 0U : 1U;
      EXPECT_EQ(shown(*stores), done ? after : before) << n;
      recovers(*stores);
      return done.has_value();
    };
    RoomImage changed = image("two");
    if (does(rooms.create(image("one")), "none", "one + +") && does(rooms.save(changed.record, changed.affiliations), "one + +", "two + +")) {
      static_cast<void>(does(rooms.remove(tea), "two + +", "none"));
    }
    const bool has_failed = disk.has_failed();
    disk.heal();
    if (!has_failed) {
      break;
    }
  }
  EXPECT_GT(refusals, 0U);
}

TEST_F(DiskFailure, OpeningFailsCleanlyAtEveryOperation) {
  for (std::size_t n = 0;; ++n) {
    TemporaryFolder folder(TemporaryFolder::On::memory);
    FaultyDisk disk;
    disk.plan({.nth = n});
    const auto first = SqlStores::open(options(folder.path(), disk.name()));
    if (!disk.has_failed()) {
      ASSERT_TRUE(first);
      EXPECT_GT(n, 20U);
      break;
    }
    EXPECT_TRUE(first || first.error().kind == ErrorKind::unavailable) << first.error().what;
    disk.heal();
    if (!first) {
      auto second = SqlStores::open(options(folder.path(), disk.name()));
      ASSERT_TRUE(second) << n << ": " << second.error().what;
      EXPECT_TRUE(append(**second, "message"));
    }
  }
}

TEST_F(DiskFailure, ThatLastsRefusesWritesAndLetsReadsGoOn) {
  TemporaryFolder folder(TemporaryFolder::On::memory);
  FaultyDisk disk;
  auto stores = std::move(SqlStores::open(options(folder.path(), disk.name())).value());
  ASSERT_TRUE(append(*stores, "message before"));
  disk.plan({.nth = 0, .write_code = SQLITE_FULL, .sync_code = SQLITE_FULL, .fails_ever_after = true});
  for (int i = 0; i < 20; ++i) {
    const Result<void> stored = append(*stores, "during");
    ASSERT_FALSE(stored);
    EXPECT_EQ(stored.error().kind, ErrorKind::full) << stored.error().what;
    EXPECT_EQ(read(*stores), std::set<std::string>{"message before"});
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // probes go by
  }
  ASSERT_TRUE(stores->database().write_trouble());
  disk.heal();
  recovers(*stores);
  EXPECT_TRUE(append(*stores, "message after"));
  EXPECT_EQ(read(*stores), (std::set<std::string>{"message before", "message after"}));
}

TEST_F(DiskFailure, DatabaseAtItsLargestSizeIsFullAndGoesOnWhenRowsGo) {
  TemporaryFolder folder(TemporaryFolder::On::memory);
  DatabaseOptions small = options(folder.path());
  small.sqlite.max_pages = 100;
  auto stores = std::move(SqlStores::open(std::move(small)).value());
  std::size_t stored = 0;
  for (;; ++stored) {
    const Result<void> result = append(*stores, text(static_cast<int>(stored)));
    if (!result) {
      EXPECT_EQ(result.error().kind, ErrorKind::full) << result.error().what;
      break;
    }
    ASSERT_LT(stored, 100U);
  }
  EXPECT_GT(stored, 10U);
  EXPECT_EQ(read(*stores).size(), stored);
  recovers(*stores);
  TrimStep step{.domain = "capulet.example", .limits = {.bytes = 1}, .most = 5};
  const auto trimmed = loop_.run(stores->stores().archive.trim(std::move(step)));
  ASSERT_TRUE(trimmed) << (trimmed ? "" : trimmed.error().what);
  EXPECT_EQ(trimmed->removed, 5U);
  EXPECT_TRUE(append(*stores, "message that fits again"));
  EXPECT_EQ(read(*stores).size(), stored - 5 + 1);
}

// Power goes at random moments under load, with any part of what was not synced on the disk.
TEST_F(DiskFailure, PowerCutLeavesEveryAcknowledgedWrite) {
  TemporaryFolder folder(TemporaryFolder::On::memory);
  FaultyDisk disk;
  auto stores = std::move(SqlStores::open(options(folder.path(), disk.name())).value());
  constexpr int total = 300;
  std::mutex mutex;
  std::set<std::string> acknowledged;
  std::atomic<bool> is_done{false};
  std::thread writing([&] {
    LoopExecutor loop;
    int answered = 0;
    for (int i = 0; i < total; ++i) {
      loop.post([&, i] {
        spawn([](Stores s, std::string stanza, std::mutex& held, std::set<std::string>& kept, int& done) -> Task<void> {
          const auto stored = co_await s.archive.append(juliet(), entry(stanza));
          EXPECT_TRUE(stored);
          const std::lock_guard lock(held);
          kept.insert(stanza);
          ++done;
        }(stores->stores(), text(i), mutex, acknowledged, answered));
      });
      loop.run_until([&] { return answered + 5 > i; });
    }
    loop.run_until([&] { return answered == total; });
    is_done = true;
  });
  int images = 0;
  while (!is_done || images < 20) {
    std::set<std::string> before;
    {
      const std::lock_guard lock(mutex);
      before = acknowledged;
    }
    const std::set<std::string> left = after_power_cut(disk);
    EXPECT_TRUE(std::ranges::includes(left, before)) << left.size() << " of " << before.size();
    ++images;
  }
  writing.join();
}

}  // namespace
}  // namespace aldis::sql
