// Tests of log_sink.h: one record is one line whatever a peer sends (security O01), and floods are counted (E10).
#include "app/log_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <sys/stat.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

namespace aldis::app {
namespace {

class StoppedClock final : public Clock {
 public:
  [[nodiscard]] Monotonic now() const override { return now_; }
  [[nodiscard]] WallTime wall() const override { return WallTime(std::chrono::milliseconds(1'700'000'000'042)); }
  Monotonic now_{std::chrono::seconds(100)};
};

class Log : public testing::Test {
 protected:
  std::vector<std::string> lines() const {
    std::vector<std::string> out;
    std::istringstream in(stream_.str());
    for (std::string line; std::getline(in, line);) {
      out.push_back(line);
    }
    return out;
  }
  void write(std::string_view event, std::initializer_list<log::Field> fields = {}, log::Level level = log::Level::info) {
    sink_.write(level, event, std::span(fields.begin(), fields.size()));
  }

  std::ostringstream stream_;
  StoppedClock clock_;
  LogSink sink_{std::make_shared<spdlog::sinks::ostream_sink_mt>(stream_), clock_};
};

TEST_F(Log, TextNamesTimeLevelEventAndFields) {
  write("session-bound", {{"jid", "juliet@capulet.example/balcony"}, {"n", 3}, {"is-new", true}, {"ratio", 0.5}, {"why", "a b"}});
  EXPECT_EQ(stream_.str(),
            "2023-11-14T22:13:20.042Z info session-bound jid=juliet@capulet.example/balcony n=3 is-new=true ratio=0.5 why=\"a b\"\n");
}

TEST_F(Log, JsonIsOneObjectALine) {
  sink_.configure(LogFormat::json, 100);
  write("session-bound", {{"jid", "a\"b\\c"}, {"n", 3}, {"ok", false}});
  const auto record = nlohmann::json::parse(stream_.str());
  EXPECT_EQ(record["time"], "2023-11-14T22:13:20.042Z");
  EXPECT_EQ(record["level"], "info");
  EXPECT_EQ(record["event"], "session-bound");
  EXPECT_EQ(record["jid"], "a\"b\\c");
  EXPECT_EQ(record["n"], 3);
  EXPECT_EQ(record["ok"], false);
}

// What a peer would like an operator's terminal or a log reader to do.
const std::vector<std::string> hostile{
    "\n2026-01-01T00:00:00.000Z info audit-login jid=admin",
    "\r\nx", "\x1b[2J\x1b]0;t\x07", std::string("a\0b", 3), "\x7f", "\xc2\x9b" "31m", "\xe2\x80\xae" "gpj.exe",
    "\xe2\x81\xa6x\xe2\x81\xa9", "\xe2\x80\xa8", "\xe2\x80\x8b", "\xef\xbb\xbf", "\xf3\xa0\x81\x81", "\xff\xfe", "\xc0\x80", "\xed\xa0\x80",
    "\xf4\x90\x80\x80", "\xe2\x82", "\" jid=\"admin", "\\", "x=y z",
};

TEST_F(Log, APeersTextStaysInItsValue) {
  for (const auto format : {LogFormat::text, LogFormat::json}) {
    sink_.configure(format, 1000);
    for (const std::string& value : hostile) {
      stream_.str("");
      write("login-failed", {{"name", value}, {"after", 1}});
      const std::string out = stream_.str();
      ASSERT_TRUE(out.ends_with("\n"));
      for (const char c : out.substr(0, out.size() - 1)) {
        EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7f) << out;
      }
      if (format == LogFormat::json) {
        const auto record = nlohmann::json::parse(out);
        EXPECT_EQ(record.size(), 5U);
        EXPECT_EQ(record["after"], 1);
      } else {
        EXPECT_TRUE(out.starts_with("2023-11-14T22:13:20.042Z info login-failed name=\"")) << out;
        EXPECT_TRUE(out.ends_with("\" after=1\n")) << out;
      }
    }
  }
}

TEST_F(Log, OrdinaryTextInAnyLanguageStaysReadable) {
  write("x", {{"name", "Юля 你好 \xf0\x9f\x92\x90"}});
  EXPECT_THAT(stream_.str(), testing::HasSubstr("name=\"Юля 你好 \xf0\x9f\x92\x90\""));
}

TEST_F(Log, JsonGivesBackEscapedTextExactly) {
  sink_.configure(LogFormat::json, 100);
  write("x", {{"name", "a\n\xe2\x80\xae\xf3\xa0\x81\x81z"}});
  EXPECT_EQ(nlohmann::json::parse(stream_.str())["name"], "a\n\xe2\x80\xae\xf3\xa0\x81\x81z");
}

TEST_F(Log, LongValuesAreCutBetweenCharacters) {
  std::string value(max_log_value_bytes - 1, 'a');
  value += "\xc3\xa9";   // é across the bound
  sink_.configure(LogFormat::json, 100);
  write("x", {{"name", value + std::string(1 << 20, 'b')}});
  EXPECT_EQ(nlohmann::json::parse(stream_.str())["name"], std::string(max_log_value_bytes - 1, 'a') + "...");
}

TEST_F(Log, AFloodOfOneEventIsCountedAndLeavesOthersAlone) {
  sink_.configure(LogFormat::text, 10);
  for (int i = 0; i < 1'000'000; ++i) {
    write("connection-refused", {{"source", "192.0.2.1"}});
  }
  write("session-bound");
  EXPECT_EQ(lines().size(), 11U);
  clock_.now_ += std::chrono::seconds(1);
  write("session-bound");
  ASSERT_EQ(lines().size(), 13U);
  EXPECT_THAT(lines()[11], testing::HasSubstr("warning log-suppressed suppressed-event=connection-refused records=999990"));
  write("connection-refused");
  EXPECT_EQ(lines().size(), 14U);
}

TEST_F(Log, AuditRecordsAreNeverHeldBack) {
  sink_.configure(LogFormat::text, 1);
  for (int i = 0; i < 100; ++i) {
    write("audit-user-add");
  }
  EXPECT_EQ(lines().size(), 100U);
}

TEST(LogFile, IsMadeForItsOwnerOnlyAndAppendedTo) {
  const std::string path = testing::TempDir() + "aldis_log_sink_test.log";
  std::filesystem::remove(path);
  const SystemClock clock;
  for (int i = 0; i < 2; ++i) {
    const auto sink = LogSink::open(path, clock);
    ASSERT_TRUE(sink);
    sink.value()->write(log::Level::info, "x", {});
  }
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_GT(status.st_size, 50);
  std::filesystem::remove(path);
  EXPECT_FALSE(LogSink::open("/nonexistent/x.log", clock));
}

}  // namespace
}  // namespace aldis::app
