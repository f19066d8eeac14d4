// Messages that come into archives in one transaction (sql/archive_appends.h): each archive has its own, in order, and finds it by
// its words, however many share a row of the index.
#include <gtest/gtest.h>

#include <latch>

#include "base/log.h"
#include "storage/sql/sql_stores.h"
#include "tests/support/loop_executor.h"
#include "tests/support/temporary_folder.h"

namespace aldis::sql {
namespace {

using testing_support::LoopExecutor;
using testing_support::TemporaryFolder;
using Ids = std::vector<ArchiveId>;

BareJid bare(std::string_view text) { return BareJid::parse(text).value(); }

class ArchiveAppendsTest : public ::testing::Test {
 protected:
  ArchiveAppendsTest() {
    log::set_level(log::Level::off);
    options_.sqlite.path = folder_.path() / "data" / "aldis.db";
    sql_ = std::move(SqlStores::open(options_).value());
  }
  ~ArchiveAppendsTest() override { log::set_level(log::Level::info); }
  ArchiveStore& archive() { return sql_->stores().archive; }

  template <class T>
  void start(Task<Result<T>> task) {
    loop_.post([this, task = std::make_shared<Task<Result<T>>>(std::move(task))] {
      spawn([](Task<Result<T>> waited, ArchiveAppendsTest& test) -> Task<void> {
        const Result<T> result = co_await std::move(waited);
        test.refused_ += result ? 0 : 1;
        ++test.finished_;
      }(std::move(*task), *this));
    });
    ++started_;
  }
  void append(const BareJid& owner, const BareJid& contact, ArchiveId id, ArchiveId message, std::string_view text) {
    start(archive().append(owner, {.id = id,
                                   .message = message,
                                   .stanza = Stanza::make("<message type='chat'><body>" + std::string(text) + "</body></message>"),
                                   .contact = contact}));
  }
  // What `starts` starts waits while the writer is busy, and is one transaction then.
  template <class Starts>
  void together(Starts starts) {
    std::latch held{1};
    std::latch released{1};
    auto work = [&](Transaction&) -> Result<void> {
      held.count_down();
      loop_.post([] {});
      released.wait();
      return {};
    };
    start(sql_->database().write("holder", 0, std::move(work)));
    loop_.run_until([&] { return held.try_wait(); });
    starts();
    bool is_posted = false;
    loop_.post([&] { is_posted = true; });
    loop_.run_until([&] { return is_posted; });
    released.count_down();
    loop_.run_until([&] { return finished_ == started_; });
  }
  Ids find(const BareJid& owner, ArchiveQuery query) {
    const auto page = loop_.run(archive().find(owner, std::move(query)));
    EXPECT_TRUE(page) << page.error().what;
    Ids ids;
    for (const ArchivedMessage& message : page->messages) {
      ids.push_back(message.id);
    }
    if (page->count) {
      EXPECT_EQ(*page->count, ids.size());
    }
    return ids;
  }
  Ids find(const BareJid& owner, std::string_view words) { return find(owner, {.words = std::string(words), .wants_count = true}); }
  std::int64_t number(Statement statement) {
    auto work = [statement](Transaction& transaction) -> Result<std::int64_t> {
      std::int64_t found = -1;
      transaction.each(statement, {}, [&](const Row& row) { found = row.integer(0); });
      return found;
    };
    return loop_.run(sql_->database().read("", std::move(work))).value();
  }
  void trim(const BareJid& owner) {
    ASSERT_TRUE(loop_.run(archive().set_retention(owner, ArchiveRetention{.bytes = 1})));
    ASSERT_TRUE(loop_.run(archive().trim({.domain = std::string(owner.domain())})));
    ASSERT_TRUE(loop_.run(archive().set_retention(owner, std::nullopt)));
  }

  TemporaryFolder folder_{TemporaryFolder::On::memory};
  DatabaseOptions options_;
  LoopExecutor loop_;
  std::unique_ptr<SqlStores> sql_;
  int started_ = 0;
  int finished_ = 0;
  int refused_ = 0;
  const BareJid romeo_ = bare("romeo@montague.example");
  const BareJid juliet_ = bare("juliet@capulet.example");
  const BareJid nurse_ = bare("nurse@capulet.example");
};

constexpr Statement shared_rows{"SELECT COUNT(*) FROM archive_entries WHERE number % 2 = 1"};

TEST_F(ArchiveAppendsTest, TwoArchivesOfAMessageShareItsWords) {
  together([this] {
    append(romeo_, juliet_, 10, 10, "soft light");
    append(juliet_, romeo_, 11, 10, "soft light");
    append(juliet_, romeo_, 12, 12, "sweet sorrow");
    append(romeo_, juliet_, 13, 12, "sweet sorrow");
    append(nurse_, juliet_, 14, 14, "sweet lady");
    append(juliet_, nurse_, 15, 14, "sweet lady");
  });
  EXPECT_EQ(number(shared_rows), 3);
  EXPECT_EQ(number("SELECT COUNT(*) FROM archive_messages WHERE uses = 2"), 3);
  EXPECT_EQ(find(juliet_, "sweet"), (Ids{12, 15}));
  EXPECT_EQ(find(romeo_, "sweet"), (Ids{13}));
  EXPECT_EQ(find(nurse_, "sweet"), (Ids{14}));
  EXPECT_EQ(find(romeo_, "lady"), Ids{});
  EXPECT_EQ(find(juliet_, {.contact = nurse_, .words = "sweet", .wants_count = true}), (Ids{15}));
  EXPECT_EQ(find(romeo_, {.contact = nurse_, .words = "sweet"}), Ids{});
  EXPECT_EQ(find(juliet_, {.after_id = 11, .words = "sweet", .is_last_page = true, .limit = 1}), (Ids{15}));
  EXPECT_EQ(find(juliet_, {.before_id = 15, .words = "sweet"}), (Ids{12}));
  EXPECT_EQ(find(juliet_, {.after_id = 12, .words = "sweet"}), (Ids{15}));
  EXPECT_EQ(find(juliet_, {.ids = {11, 12}, .words = "sorrow"}), (Ids{12}));
  const auto summary = loop_.run(archive().summary(juliet_));
  EXPECT_EQ(summary->messages, 3U);
}

// They got the messages in different orders, and each finds them in its own.
TEST_F(ArchiveAppendsTest, OrderIsEachArchivesOwn) {
  together([this] {
    append(romeo_, juliet_, 20, 20, "first love");
    append(juliet_, romeo_, 21, 21, "second love");
    append(juliet_, romeo_, 22, 20, "first love");
    append(romeo_, juliet_, 23, 21, "second love");
  });
  EXPECT_EQ(find(romeo_, "love"), (Ids{20, 23}));
  EXPECT_EQ(find(juliet_, "love"), (Ids{21, 22}));
  EXPECT_EQ(number(shared_rows), 1);
}

TEST_F(ArchiveAppendsTest, WordsStayWithTheArchiveThatIsLeft) {
  together([this] {
    append(romeo_, juliet_, 10, 10, "soft light");
    append(juliet_, romeo_, 11, 10, "soft light");
  });
  trim(romeo_);
  EXPECT_EQ(find(romeo_, "light"), Ids{});
  EXPECT_EQ(find(juliet_, "light"), (Ids{11}));
  EXPECT_EQ(find(juliet_, {.contact = romeo_, .words = "soft"}), (Ids{11}));
  trim(juliet_);
  EXPECT_EQ(find(juliet_, "light"), Ids{});
  EXPECT_EQ(number("SELECT COUNT(*) FROM archive_messages"), 0);
  together([this] {  // they may have the numbers of those that are gone
    append(romeo_, juliet_, 30, 30, "other");
    append(juliet_, romeo_, 31, 30, "other");
  });
  EXPECT_EQ(find(romeo_, "soft"), Ids{});
  EXPECT_EQ(find(juliet_, "light"), Ids{});
  EXPECT_EQ(find(juliet_, "other"), (Ids{31}));
}

TEST_F(ArchiveAppendsTest, BothLeaveInOneStep) {
  together([this] {
    append(nurse_, juliet_, 10, 10, "soft light");
    append(juliet_, nurse_, 11, 10, "soft light");
  });
  ASSERT_TRUE(loop_.run(archive().trim({.domain = "capulet.example", .limits = {.bytes = 1}})));
  EXPECT_EQ(number("SELECT COUNT(*) FROM archive_entries"), 0);
  EXPECT_EQ(number("SELECT COUNT(*) FROM archive_words WHERE archive_words MATCH 'soft OR light OR a1 OR a2 OR a1c1 OR a2c1'"), 0);
}

// Programs before this one gave each entry a row of its own, numbered from 1.
TEST_F(ArchiveAppendsTest, EntriesOfOlderProgramsAreFoundAndGo) {
  together([this] { append(juliet_, romeo_, 3, 3, "new light"); });
  auto old_entries = [](Transaction& transaction) -> Result<void> {
    for (const std::int64_t id : {1, 2}) {
      transaction.change("INSERT INTO archive_messages (id, uses, stanza) VALUES ($1, 1, $2)",
                         {id, std::string_view("<message><body>old light</body></message>")});
      transaction.change(
          "INSERT INTO archive_entries (number, archive, id, contact, peer, message, bytes) VALUES ($1, 1, $1, 1, 1, $1, 40)", {id});
      transaction.change("INSERT INTO archive_words (rowid, body, place) VALUES ($1, $2, 'a1 a1c1')",
                         {id, std::string_view(id == 1 ? "old light" : "old moon")});
    }
    transaction.change("UPDATE archive_messages SET stanza = '<message><body>old moon</body></message>' WHERE id = 2", {});
    transaction.change("UPDATE archives SET messages = messages + 2, bytes = bytes + 80", {});
    return {};
  };
  ASSERT_TRUE(loop_.run(sql_->database().write("", 0, std::move(old_entries))));
  EXPECT_EQ(find(juliet_, "light"), (Ids{1, 3}));
  EXPECT_EQ(find(juliet_, "moon"), (Ids{2}));
  EXPECT_EQ(find(juliet_, {.after_id = 1, .words = "old"}), (Ids{2}));
  trim(juliet_);
  for (const char* word : {"light", "moon", "old", "new"}) {
    EXPECT_EQ(find(juliet_, word), Ids{}) << word;
  }
}

TEST_F(ArchiveAppendsTest, OneThatIsRefusedLeavesTheOthers) {
  together([this] {
    append(romeo_, juliet_, 10, 10, "soft light");
    append(juliet_, romeo_, 11, 10, "soft light");
    auto refused = [](Transaction&) -> Result<void> { return fail(ErrorKind::already_exists, "no"); };
    start(sql_->database().write("", 0, std::move(refused)));
    append(juliet_, romeo_, 11, 12, "an id that is there");
    append(juliet_, romeo_, 13, 13, "more light");
  });
  EXPECT_EQ(refused_, 2);
  EXPECT_EQ(find(juliet_, "light"), (Ids{11, 13}));
  EXPECT_EQ(find(romeo_, "light"), (Ids{10}));
  EXPECT_EQ(find(juliet_, "there"), Ids{});
  EXPECT_EQ(loop_.run(archive().summary(juliet_))->messages, 2U);
  EXPECT_EQ(number("SELECT COUNT(*) FROM archive_messages"), 2);
}

// Nothing sees less than was asked for before it, nor anything what comes behind it.
TEST_F(ArchiveAppendsTest, OtherWritesOfTheTransactionComeBetween) {
  ASSERT_TRUE(loop_.run(sql_->stores().accounts.create({.jid = juliet_})));
  together([this] {
    append(juliet_, romeo_, 10, 10, "before");
    start(sql_->stores().accounts.remove(juliet_));
    append(juliet_, romeo_, 11, 11, "behind");
  });
  EXPECT_EQ(find(juliet_, ArchiveQuery{}), (Ids{11}));
  EXPECT_EQ(find(juliet_, "before"), Ids{});
  EXPECT_EQ(find(juliet_, "behind"), (Ids{11}));
  EXPECT_EQ(refused_, 0);
}

}  // namespace
}  // namespace aldis::sql
