// Tests of config_watch.h: what a directory says is taken when its serial says so, whole or not at all, and kept for bad days.
#include "app/config_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>

#include "app/extensions.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temporary_folder.h"

namespace aldis::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string base = "cn=aldis,dc=example";

// A directory in memory.
struct World {
  std::mutex mutex;
  bool is_away = false;
  std::vector<ldap::Entry> entries;
  int read = 0;
};

class FakeDirectory final : public ConfigDirectory {
 public:
  explicit FakeDirectory(World& world) : world_(world) {}
  Result<std::string> serial() override {
    const std::lock_guard lock(world_.mutex);
    if (world_.is_away) {
      return fail(ErrorKind::unavailable, "nobody answers");
    }
    return std::string(world_.entries.front().value("aldisConfigurationSerial"));
  }
  Result<std::vector<ldap::Entry>> read() override {
    const std::lock_guard lock(world_.mutex);
    ++world_.read;
    if (world_.is_away) {
      return fail(ErrorKind::unavailable, "nobody answers");
    }
    return world_.entries;
  }

 private:
  World& world_;
};

class ConfigWatching : public testing::Test {
 protected:
  ConfigWatching() {
    say("5", "info");
    std::ofstream(path()) << "[server]\ndata_dir = \"" << folder_.path().string() << "\"\n[configuration]\nservers = [\"ldapi://%2Fx\"]\nbase = \"" << base << "\"\nrefresh = \"86400s\"\n";
  }
  void say(const std::string& serial, const std::string& level) {
    const std::lock_guard lock(world_.mutex);
    world_.entries = {{base, {{"objectclass", {"aldisConfiguration"}}, {"aldisconfigurationserial", {serial}}}},
                      {"cn=common," + base, {{"objectclass", {"aldisConfigurationPart"}}}},
                      {"cn=in,cn=common," + base, {{"objectclass", {"aldisListener"}}}},
                      {"cn=here,cn=common," + base, {{"objectclass", {"aldisDomain"}}, {"aldisdomainname", {"localhost"}}}},
                      {"cn=log,cn=common," + base, {{"objectclass", {"aldisLog"}}, {"aldisloglevel", {level}}}}};
  }
  void go_away(bool is_away) {
    const std::lock_guard lock(world_.mutex);
    world_.is_away = is_away;
  }
  [[nodiscard]] std::string path() const { return (folder_.path() / "aldis.toml").string(); }

  // What serve() does.
  void start(bool is_from_cache = false) {
    const ConfigSchema schema = config_schema();
    const auto file = read_config_file(path(), schema);
    ASSERT_TRUE(file) << all_messages(file.error(), path());
    ConfigCopy copy;
    auto config = put_together(*file, world_.entries, schema, copy);
    ASSERT_TRUE(config) << all_messages(config.error(), path());
    LoadedConfig loaded{std::move(*config), std::move(copy), is_from_cache, is_from_cache ? "nobody answers" : ""};
    reloader_ = std::make_unique<ConfigReloader>(loaded.config, schema);
    watch_ = std::make_unique<ConfigWatch>(std::make_unique<FakeDirectory>(world_), std::move(loaded), schema, clock_, [this] { ++asked_; });
    reloader_->load_by([this] { return watch_->load(); });
    reloader_->on_reload([this](const Config&, const Config&) -> Result<ConfigReloader::Prepared> {
      if (is_refused_) {
        return fail(ErrorKind::invalid, "a certificate has expired");
      }
      return ConfigReloader::Prepared{[this] { watch_->taken(); }, {}};
    });
    watch_->start();
  }
  [[nodiscard]] LogLevel level() const { return reloader_->config().section<LogOptions>("log").level; }
  [[nodiscard]] std::string kept() const {
    const auto copy = load_copy(reloader_->config().cache_path(), {base, ""});
    return copy ? copy->serial : copy.error().what;
  }

  testing_support::TemporaryFolder folder_;
  test::ManualClock clock_;
  World world_;
  std::atomic<int> asked_ = 0;
  bool is_refused_ = false;
  std::unique_ptr<ConfigReloader> reloader_;
  std::unique_ptr<ConfigWatch> watch_;
};

TEST_F(ConfigWatching, ANewSerialIsTakenAndKept) {
  start();
  EXPECT_EQ(kept(), "5");
  watch_->look();
  EXPECT_EQ(asked_, 0);
  say("6", "debug");
  watch_->look();
  watch_->look();
  EXPECT_EQ(asked_, 1) << "once for each serial";
  const auto report = reloader_->reload();
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_THAT(report->applied, ElementsAre("[log] level"));
  EXPECT_THAT(report->notes, IsEmpty());
  EXPECT_EQ(level(), LogLevel::debug);
  EXPECT_EQ(kept(), "6");
  EXPECT_THAT(watch_->description(), HasSubstr("serial 6 of cn=aldis,dc=example"));
}

TEST_F(ConfigWatching, AChangeIsNotTakenBeforeItsSerial) {
  start();
  say("5", "debug");
  watch_->look();
  EXPECT_EQ(asked_, 0);
  const auto report = reloader_->reload();
  ASSERT_TRUE(report) << "the rest of a reload is done";
  EXPECT_THAT(report->notes, ElementsAre(HasSubstr("is still 5: they are taken when it changes too")));
  EXPECT_EQ(level(), LogLevel::info);
  EXPECT_EQ(kept(), "5");
  say("6", "debug");
  ASSERT_TRUE(reloader_->reload());
  EXPECT_EQ(level(), LogLevel::debug);
}

TEST_F(ConfigWatching, WhatIsWrongChangesNothing) {
  start();
  say("6", "loud");
  watch_->look();
  EXPECT_EQ(asked_, 1);
  const auto refused = reloader_->reload();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what, HasSubstr("cn=log,cn=common,cn=aldis,dc=example: aldisLogLevel: [log] level must be one of"));
  EXPECT_EQ(level(), LogLevel::info);
  EXPECT_EQ(kept(), "5");
  watch_->look();
  EXPECT_EQ(asked_, 1) << "it was refused already";
  say("7", "debug");
  is_refused_ = true;
  ASSERT_FALSE(reloader_->reload()) << "somebody who is concerned refuses";
  EXPECT_EQ(level(), LogLevel::info);
  EXPECT_EQ(kept(), "5");
  is_refused_ = false;
  ASSERT_TRUE(reloader_->reload());
  EXPECT_EQ(kept(), "7");
}

TEST_F(ConfigWatching, WhileTheDirectoryIsAwayWhatItSaidStays) {
  start();
  say("6", "debug");
  go_away(true);
  clock_.advance(std::chrono::seconds(30));
  watch_->look();
  EXPECT_EQ(asked_, 0);
  const auto report = reloader_->reload();
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_THAT(report->notes, ElementsAre(HasSubstr("could not be asked (nobody answers): what it said with serial 5 stays")));
  EXPECT_EQ(level(), LogLevel::info);
  EXPECT_THAT(watch_->description(), HasSubstr("does not answer: nobody answers"));
  go_away(false);
  watch_->look();
  EXPECT_EQ(asked_, 1);
  ASSERT_TRUE(reloader_->reload());
  EXPECT_EQ(level(), LogLevel::debug);
}

TEST_F(ConfigWatching, FromTheCopyItAsksAgainUntilThereIsAnAnswer) {
  start(true);
  EXPECT_THAT(watch_->description(), HasSubstr("from the copy of"));
  go_away(true);
  watch_->look();
  EXPECT_EQ(asked_, 0);
  go_away(false);
  watch_->look();
  EXPECT_EQ(asked_, 1) << "also with the serial that the copy has";
  ASSERT_TRUE(reloader_->reload());
  EXPECT_EQ(watch_->description(), "serial 5 of cn=aldis,dc=example");
  EXPECT_EQ(kept(), "5");
}

TEST_F(ConfigWatching, TheFileIsReadAnewAndMayNotNameAnotherBase) {
  start();
  std::ofstream(path(), std::ios::app) << "[log]\nlevel = \"debug\"\n";
  EXPECT_THAT(reloader_->reload().error().what, HasSubstr("[log] stands here and in the directory"));
  std::ofstream(path()) << "[configuration]\nservers = [\"ldapi://%2Fx\"]\nbase = \"cn=other,dc=example\"\n";
  EXPECT_THAT(reloader_->reload().error().what, HasSubstr("needs a restart"));
}

// ---- the start

TEST_F(ConfigWatching, AStartWithoutAnAnswerUsesTheCopyOrSaysWhatIsMissing) {
  const ConfigSchema schema = config_schema();
  const auto nothing = load_from_source(path(), schema, ConfigAsk::directory_or_copy, clock_);
  ASSERT_FALSE(nothing);
  EXPECT_THAT(all_messages(nothing.error(), path()), HasSubstr("there is no copy of an earlier configuration"));
  start();
  watch_.reset();
  const auto loaded = load_from_source(path(), schema, ConfigAsk::directory_or_copy, clock_);
  ASSERT_TRUE(loaded) << all_messages(loaded.error(), path());
  EXPECT_TRUE(loaded->is_from_cache);
  EXPECT_EQ(loaded->copy->serial, "5");
  EXPECT_THAT(loaded->why, HasSubstr("could not be asked"));
  EXPECT_EQ(loaded->config.domains.size(), 1U);
  EXPECT_FALSE(load_from_source(path(), schema, ConfigAsk::directory, clock_));
  std::ofstream(loaded->config.cache_path(), std::ios::app) << "x";
  const auto damaged = load_from_source(path(), schema, ConfigAsk::directory_or_copy, clock_);
  ASSERT_FALSE(damaged);
  EXPECT_THAT(all_messages(damaged.error(), path()), HasSubstr("is damaged, and is not used"));
}

}  // namespace
}  // namespace aldis::app
