// The stores over SQLite keep the contract; what is theirs alone: private files, migrations, purges, corruption.
#include "storage/sql/sql_stores.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "storage/sql/migrations.h"
#include "storage/sql/pubsub_rows.h"
#include "tests/support/archive_contract.h"
#include "tests/support/outbound_queue_contract.h"
#include "tests/support/certificate_contract.h"
#include "tests/support/pubsub_contract.h"
#include "tests/support/push_contract.h"
#include "tests/support/room_contract.h"
#include "tests/support/token_contract.h"
#include "tests/support/temporary_folder.h"

namespace aldis::sql {
namespace {

using testing_support::ArchiveContract;
using testing_support::bare;
using testing_support::LoopExecutor;
using testing_support::StoreBackend;
using testing_support::StoreContract;
using testing_support::TemporaryFolder;

DatabaseOptions options_at(const std::filesystem::path& path) {
  DatabaseOptions options;
  options.sqlite.path = path;
  return options;
}

StoreBackend sqlite_backend() {
  struct Opened final : StoreBackend::Opened {
    Opened() { Opened::reopen(); }
    Stores stores() override { return sql->stores(); }
    void reopen() override {
      sql.reset();
      sql = std::move(SqlStores::open(options_at(folder.path() / "data" / "aldis.db")).value());
    }
    TemporaryFolder folder;
    std::unique_ptr<SqlStores> sql;
  };
  return {"Sqlite", [] { return std::make_unique<Opened>(); }};
}

INSTANTIATE_TEST_SUITE_P(Sql, StoreContract, ::testing::Values(sqlite_backend()), testing_support::backend_name);
INSTANTIATE_TEST_SUITE_P(Sql, ArchiveContract, ::testing::Values(sqlite_backend()), testing_support::backend_name);

class SqliteFile : public ::testing::Test {
 protected:
  std::unique_ptr<SqlStores> open() { return std::move(SqlStores::open(options_at(path_)).value()); }
  Error refusal(bool check_at_start = false) {
    DatabaseOptions options = options_at(path_);
    options.check_at_start = check_at_start;
    auto opened = SqlStores::open(std::move(options));
    return opened ? Error{ErrorKind::cancelled, "it was opened"} : opened.error();
  }
  static mode_t mode(const std::filesystem::path& path) {
    struct stat found {};
    EXPECT_EQ(::stat(path.c_str(), &found), 0) << path;
    return found.st_mode & 0777;
  }
  std::unique_ptr<SqliteConnection> connect() {
    return std::move(SqliteConnection::open({.path = path_}, SqliteConnection::Access::write).value());
  }

  TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "data" / "aldis.db";
  LoopExecutor loop_;
};

TEST_F(SqliteFile, IsPrivateWhateverTheMask) {  // security O03
  const mode_t before = ::umask(0);
  auto stores = open();
  ASSERT_TRUE(loop_.run(stores->stores().vcards.store(bare("juliet@capulet.example"), "<vCard/>")));
  ::umask(before);
  EXPECT_EQ(mode(path_.parent_path()), 0700U);
  EXPECT_EQ(mode(path_), 0600U);
  EXPECT_EQ(mode(path_.string() + "-wal"), 0600U);
  EXPECT_EQ(mode(path_.string() + "-shm"), 0600U);
}

TEST_F(SqliteFile, ThatOthersMayReadIsRefused) {  // security O03
  open().reset();
  ASSERT_EQ(::chmod(path_.c_str(), 0640), 0);
  EXPECT_EQ(refusal().kind, ErrorKind::denied);
  ASSERT_EQ(::chmod(path_.c_str(), 0600), 0);
  ASSERT_EQ(::chmod(path_.parent_path().c_str(), 0770), 0);
  EXPECT_EQ(refusal().kind, ErrorKind::denied);
  ASSERT_EQ(::chmod(path_.parent_path().c_str(), 0700), 0);
  open();
}

TEST_F(SqliteFile, ThatIsALinkIsRefused) {  // security O03
  std::filesystem::create_directory(path_.parent_path());
  std::ofstream(folder_.path() / "elsewhere").close();
  std::filesystem::create_symlink(folder_.path() / "elsewhere", path_);
  EXPECT_EQ(refusal().kind, ErrorKind::denied);
  std::filesystem::remove(path_);
  open().reset();
  std::filesystem::create_symlink(folder_.path() / "elsewhere", path_.string() + "-wal");
  EXPECT_EQ(refusal().kind, ErrorKind::denied);
  EXPECT_EQ(std::filesystem::file_size(folder_.path() / "elsewhere"), 0U);
}

TEST_F(SqliteFile, HasTheChosenSettings) {
  auto stores = open();
  auto connection = connect();
  const auto text = [&](Statement pragma) {
    std::string value;
    connection->each(pragma, {}, [&](const Row& row) { value = row.text(0); });
    return value;
  };
  EXPECT_EQ(text("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(text("PRAGMA synchronous"), "2");  // FULL
  EXPECT_EQ(text("PRAGMA foreign_keys"), "1");
  EXPECT_EQ(text("PRAGMA auto_vacuum"), "0");
  EXPECT_EQ(text("PRAGMA application_id"), std::to_string(application_id));
  EXPECT_EQ(text("SELECT v FROM archive_words_config WHERE k = 'automerge'"), "8");
}

// What somebody has at the nodes of a service is found without a row of anybody else, however many there are.
TEST_F(SqliteFile, NodesOfSomebodyAreFoundByAnIndex) {
  auto stores = open();
  auto connection = connect();
  const auto plan = [&](Statement explained, std::initializer_list<Value> values) {
    std::string steps;
    connection->each(explained, values, [&](const Row& row) { steps += row.text(3) + "; "; });
    EXPECT_FALSE(connection->take_failure());
    return steps;
  };
  const std::string by_jid = "SEARCH k USING COVERING INDEX pubsub_subscriptions_by_jid (owner=? AND bare=?";
  const std::string row = "SEARCH s USING PRIMARY KEY (owner=? AND node=? AND jid=? AND subid=?); ";
  EXPECT_EQ(plan("EXPLAIN QUERY PLAN " ALDIS_SUBSCRIPTIONS_OF, {"a", "b"}), by_jid + "); " + row);
  EXPECT_EQ(plan("EXPLAIN QUERY PLAN " ALDIS_IS_SUBSCRIBED, {"a", "b", "c", std::int64_t{1}}), by_jid + " AND node=?); " + row);
  EXPECT_EQ(plan("EXPLAIN QUERY PLAN " ALDIS_AFFILIATIONS_OF, {"a", "b"}),
            "SEARCH k USING COVERING INDEX pubsub_affiliations_by_jid (owner=? AND jid=?); SEARCH a USING PRIMARY KEY (owner=? AND node=? AND jid=?); ");
  EXPECT_EQ(plan("EXPLAIN QUERY PLAN " ALDIS_SHOWN_TO, {"a", "b"}),
            "SEARCH pubsub_subscriptions USING COVERING INDEX pubsub_subscriptions_shown (owner=? AND bare=? AND shows_last=?); ");
  EXPECT_EQ(plan("EXPLAIN QUERY PLAN " ALDIS_SUBSCRIBED_BY, {"a", "b", "c"}),
            "SEARCH pubsub_subscriptions USING COVERING INDEX pubsub_subscriptions_by_jid (owner=? AND bare=?); ");
}

TEST_F(SqliteFile, OfSomebodyElseIsRefused) {
  std::filesystem::create_directory(path_.parent_path());
  std::ofstream(path_) << "this is no database, it is a letter";
  ::chmod(path_.c_str(), 0600);
  EXPECT_EQ(refusal().kind, ErrorKind::corrupt);
  std::filesystem::remove(path_);
  std::ofstream(path_).close();
  ::chmod(path_.c_str(), 0600);
  connect()->execute("CREATE TABLE songs (name TEXT)");
  EXPECT_EQ(refusal().kind, ErrorKind::corrupt);
  std::filesystem::remove(path_);
  std::ofstream(path_).close();
  ::chmod(path_.c_str(), 0600);
  connect()->execute("PRAGMA application_id = 42");
  EXPECT_EQ(refusal().kind, ErrorKind::corrupt);
}

TEST_F(SqliteFile, ThatIsDamagedIsFoundAtStartWhenAsked) {
  {
    auto stores = open();
    for (int i = 0; i < 200; ++i) {
      ASSERT_TRUE(loop_.run(stores->stores().vcards.store(bare("u" + std::to_string(i) + "@capulet.example"), std::string(900, 'v'))));
    }
  }
  EXPECT_EQ(refusal(true).what, "it was opened");
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  const auto size = std::filesystem::file_size(path_);
  for (std::uintmax_t page = size / 2 / 4096; page < size / 4096; ++page) {
    file.seekp(static_cast<std::streamoff>(page * 4096));
    file.write("damaged!", 8);
  }
  file.close();
  const Error error = refusal(true);
  EXPECT_EQ(error.kind, ErrorKind::corrupt);
  EXPECT_NE(error.what.find("damaged"), std::string::npos) << error.what;
}

// ---- Migrations.

constexpr Migration fakes[] = {{1, "CREATE TABLE a (owner {text} NOT NULL, x {blob}, PRIMARY KEY (owner)){clustered};"},
                               {2, "ALTER TABLE a ADD COLUMN y BIGINT NOT NULL DEFAULT 7; CREATE TABLE b (z BIGINT);"},
                               {3, "UPDATE a SET y = y + 1; DROP TABLE b;"}};

std::int64_t number(SqliteConnection& connection, Statement statement) {
  std::int64_t value = -1;
  connection.each(statement, {}, [&](const Row& row) { value = row.integer(0); });
  const auto failure = connection.take_failure();
  EXPECT_FALSE(failure) << failure->error.what;
  return value;
}

TEST(Migrations, LeadFromEveryVersionToTheLast) {
  for (std::size_t start = 0; start <= std::size(fakes); ++start) {
    TemporaryFolder folder;
    std::ofstream(folder.path() / "m.db").close();
    auto connection = std::move(SqliteConnection::open({.path = folder.path() / "m.db"}, SqliteConnection::Access::write).value());
    ASSERT_TRUE(migrate(*connection, std::span(fakes).first(start)));
    if (start >= 1) {
      connection->change("INSERT INTO a (owner) VALUES ('juliet')", {});
    }
    const auto before = migrate(*connection, fakes);
    ASSERT_TRUE(before) << before.error().what;
    EXPECT_EQ(*before, static_cast<std::int64_t>(start));
    EXPECT_EQ(number(*connection, "SELECT version FROM schema_version"), 3);
    EXPECT_EQ(number(*connection, "SELECT COUNT(*) FROM sqlite_master WHERE name = 'b'"), 0);
    if (start >= 1) {
      EXPECT_EQ(number(*connection, "SELECT y FROM a"), start == 3 ? 7 : 8);
    }
    EXPECT_EQ(*migrate(*connection, fakes), 3);  // nothing to do
  }
}

TEST(Migrations, RefuseALaterSchema) {
  TemporaryFolder folder;
  std::ofstream(folder.path() / "m.db").close();
  auto connection = std::move(SqliteConnection::open({.path = folder.path() / "m.db"}, SqliteConnection::Access::write).value());
  ASSERT_TRUE(migrate(*connection, fakes));
  const auto refused = migrate(*connection, std::span(fakes).first(2));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::denied);
  EXPECT_NE(refused.error().what.find("version 3"), std::string::npos) << refused.error().what;
}

TEST(Migrations, ThatFailLeaveTheVersionBefore) {
  constexpr Migration broken[] = {fakes[0], {2, "CREATE TABLE c (x BIGINT); INSERT INTO nowhere VALUES (1);"}};
  TemporaryFolder folder;
  std::ofstream(folder.path() / "m.db").close();
  auto connection = std::move(SqliteConnection::open({.path = folder.path() / "m.db"}, SqliteConnection::Access::write).value());
  const auto failed = migrate(*connection, broken);
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().what.find("version 2"), std::string::npos) << failed.error().what;
  EXPECT_EQ(number(*connection, "SELECT version FROM schema_version"), 1);
  EXPECT_EQ(number(*connection, "SELECT COUNT(*) FROM sqlite_master WHERE name = 'c'"), 0);
  EXPECT_TRUE(migrate(*connection, fakes));
}

// What an index has from before goes on being found when it is merged in another way.
TEST(Migrations, OfTheFullTextIndexKeepWhatItHas) {
  TemporaryFolder folder;
  std::ofstream(folder.path() / "m.db").close();
  auto connection = std::move(SqliteConnection::open({.path = folder.path() / "m.db"}, SqliteConnection::Access::write).value());
  ASSERT_TRUE(migrate(*connection, migrations().first(9)));
  connection->change("INSERT INTO archive_words (rowid, body, place) VALUES (1, 'soft light', 'a1 a1c1')", {});
  ASSERT_TRUE(migrate(*connection, migrations()));
  connection->change("INSERT INTO archive_words (rowid, body, place) VALUES (2, 'other light', 'a1 a1c1')", {});
  EXPECT_EQ(number(*connection, "SELECT COUNT(*) FROM archive_words WHERE archive_words MATCH 'light'"), 2);
  EXPECT_EQ(number(*connection, "SELECT v FROM archive_words_config WHERE k = 'automerge'"), 8);
}

TEST(Migrations, OfAccountsLeaveTheirKeysAlone) {   // version 12 adds to them
  TemporaryFolder folder;
  std::ofstream(folder.path() / "m.db").close();
  auto connection = std::move(SqliteConnection::open({.path = folder.path() / "m.db"}, SqliteConnection::Access::write).value());
  ASSERT_TRUE(migrate(*connection, migrations().first(11)));
  connection->change("INSERT INTO accounts (owner, domain, is_enabled, created, credentials_changed) VALUES ('juliet@capulet.example', 'capulet.example', 1, 5, 7)", {});
  connection->change("INSERT INTO scram_keys (owner, position, hash, iterations, salt, stored_key, server_key) VALUES ('juliet@capulet.example', 1, 'SHA-1', 4096, x'01', x'02', x'03')", {});
  ASSERT_FALSE(connection->take_failure());
  const auto before = migrate(*connection, migrations());
  ASSERT_TRUE(before) << before.error().what;
  EXPECT_EQ(*before, 11);
  EXPECT_EQ(number(*connection, "SELECT credentials_changed FROM accounts WHERE owner = 'juliet@capulet.example' AND must_change = 0"), 7);
  EXPECT_EQ(number(*connection, "SELECT iterations FROM scram_keys WHERE owner = 'juliet@capulet.example'"), 4096);
  EXPECT_EQ(number(*connection, "SELECT COUNT(*) FROM former_keys"), 0);
}

TEST(Migrations, AreNumberedFromOneWithoutGaps) {
  std::int64_t expected = 1;
  for (const Migration& migration : migrations()) {
    EXPECT_EQ(migration.version, expected++);
  }
}

// ---- Purges.

// Reads the schema: a table with an owner that remove() forgets fails here, whoever adds it (security U01).
TEST_F(SqliteFile, RemovalPurgesEveryTableWithAnOwner) {
  auto stores = open();
  const BareJid juliet = bare("juliet@capulet.example");
  ASSERT_TRUE(loop_.run(stores->stores().accounts.create({.jid = juliet})));
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &raw), SQLITE_OK);
  sqlite3_busy_timeout(raw, 5000);
  const auto query = [&](const std::string& text) {
    std::vector<std::vector<std::string>> rows;
    char* error = nullptr;
    sqlite3_exec(
        raw, text.c_str(),
        [](void* out, int columns, char** values, char**) {
          std::vector<std::string> row;
          for (int i = 0; i < columns; ++i) row.emplace_back(values[i] == nullptr ? "" : values[i]);
          static_cast<std::vector<std::vector<std::string>>*>(out)->push_back(std::move(row));
          return 0;
        },
        &rows, &error);
    EXPECT_EQ(error, nullptr) << text << ": " << error;
    return rows;
  };
  std::size_t owned = 0;
  for (const auto& table : query("SELECT name FROM sqlite_master WHERE type = 'table'")) {
    std::string columns;
    std::string values;
    bool has_owner = false;
    for (const auto& column : query("PRAGMA table_info(" + table[0] + ")")) {
      has_owner = has_owner || column[1] == "owner";
      columns += (columns.empty() ? "" : ",") + column[1];
      values += (values.empty() ? "" : ",") + std::string(column[1] == "owner" ? "'juliet@capulet.example'" : "1");
      if (column[1] == "owner") {
        EXPECT_EQ(column[0], "0") << table[0] << ": the owner is the first column";
        EXPECT_EQ(column[5], "1") << table[0] << ": the owner is the first of the primary key";
      }
    }
    if (has_owner) {
      ++owned;
      query("INSERT OR IGNORE INTO " + table[0] + " (" + columns + ") VALUES (" + values + ")");
      EXPECT_EQ(query("SELECT COUNT(*) FROM " + table[0] + " WHERE owner = 'juliet@capulet.example'")[0][0], "1") << table[0];
    }
  }
  EXPECT_EQ(owned, purge_statements().size());
  ASSERT_TRUE(loop_.run(stores->stores().accounts.remove(juliet)));
  for (const auto& table : query("SELECT m.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'owner'")) {
    EXPECT_EQ(query("SELECT COUNT(*) FROM " + table[0] + " WHERE owner = 'juliet@capulet.example'")[0][0], "0") << table[0];
  }
  sqlite3_close(raw);
}

TEST_F(SqliteFile, AddressThatCannotBeReadIsCorruptNotMissing) {
  auto stores = open();
  connect()->change("INSERT INTO blocks (owner, jid) VALUES ('juliet@capulet.example', '@')", {});
  connect()->change("INSERT INTO roster_removals (owner, contact, version) VALUES ('juliet@capulet.example', '', 1)", {});
  const auto blocks = loop_.run(stores->stores().blocks.load(bare("juliet@capulet.example")));
  ASSERT_FALSE(blocks);
  EXPECT_EQ(blocks.error().kind, ErrorKind::corrupt);
  const auto roster = loop_.run(stores->stores().rosters.load(bare("juliet@capulet.example")));
  ASSERT_FALSE(roster);
  EXPECT_EQ(roster.error().kind, ErrorKind::corrupt);
  const auto image = loop_.run(stores->stores().images.load(bare("juliet@capulet.example")));
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().kind, ErrorKind::corrupt);
}

TEST_F(SqliteFile, AnImageIsWholeOrNotThere) {  // each part for itself: what is missing would let somebody through
  const BareJid juliet = bare("juliet@capulet.example");
  for (const Statement damage : {Statement{"INSERT INTO blocks (owner, jid) VALUES ('juliet@capulet.example', '@')"},
                                 Statement{"INSERT INTO roster_requests (owner, sender, position, stanza) VALUES"
                                           " ('juliet@capulet.example', '@', 1, '<presence/>')"},
                                 Statement{"INSERT INTO archive_preferences (owner, otherwise) VALUES ('juliet@capulet.example', 77)"}}) {
    auto stores = open();
    static_cast<void>(loop_.run(stores->stores().accounts.remove(juliet)));
    ASSERT_TRUE(loop_.run(stores->stores().accounts.create({.jid = juliet})));
    ASSERT_TRUE(loop_.run(stores->stores().images.load(juliet))->account);
    connect()->change(damage, {});
    const auto image = loop_.run(stores->stores().images.load(juliet));
    ASSERT_FALSE(image) << damage.text();
    EXPECT_EQ(image.error().kind, ErrorKind::corrupt);
  }
}

}  // namespace
}  // namespace aldis::sql
