// Ids of archived messages: never backwards, never twice, and nothing to be read from outside.
#include "core/archive_ids.h"

#include <gtest/gtest.h>

#include <set>

namespace aldis {
namespace {

WallTime at(std::int64_t ms) {
  return WallTime(std::chrono::milliseconds(ms));
}
constexpr std::int64_t now_ms = 1'767'225'600'000;

TEST(ArchiveIds, FollowTheClockAndNeverGoBack) {
  ArchiveIds ids(3);
  const ArchiveId first = ids.next(at(now_ms), 0);
  EXPECT_EQ(archive_time(first), at(now_ms));
  ArchiveId last = first;
  for (int i = 0; i < 1000; ++i) {  // all within a millisecond
    const ArchiveId next = ids.next(at(now_ms), 0);
    EXPECT_GT(next, last);
    last = next;
  }
  EXPECT_GT(ids.next(at(now_ms - 3'600'000), 0), last);  // the clock is put back an hour
  EXPECT_EQ(archive_time(ids.next(at(now_ms + 10), 0)), at(now_ms + 10));
}

TEST(ArchiveIds, StayAboveWhatWasUsedBeforeARestart) {
  ArchiveIds before(0);
  const ArchiveId used = before.next(at(now_ms), 0);
  ArchiveIds after(0);
  EXPECT_GT(after.next(at(now_ms - 60'000), used), used);
}

TEST(ArchiveIds, OfHomesDiffer) {
  std::set<ArchiveId> all;
  for (std::uint8_t home = 0; home < 255; ++home) {
    ArchiveIds ids(home);
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(all.insert(ids.next(at(now_ms), 0)).second);
    }
  }
}

TEST(ArchiveIdForm, IsReadBackAndTellsNothing) {
  const ArchiveIdForm form(KeyedHash(1, 2));
  const ArchiveIdForm other(KeyedHash(1, 3));
  ArchiveIds ids(7);
  std::set<std::string> beginnings;
  for (int i = 0; i < 2000; ++i) {
    const ArchiveId id = ids.next(at(now_ms), 0);
    const std::string text = form.write(id);
    EXPECT_EQ(text.size(), 16U);
    EXPECT_EQ(form.read(text), id);
    EXPECT_NE(other.read(text), id);
    beginnings.insert(text.substr(0, 4));
  }
  EXPECT_GT(beginnings.size(), 1500U);  // neighbours do not look alike
  EXPECT_EQ(form.read(form.write(0x7fff'ffff'ffff'ffffULL)), 0x7fff'ffff'ffff'ffffULL);
}

TEST(ArchiveIdForm, ReadsOnlyWhatItMayHaveWritten) {  // security B02
  const ArchiveIdForm form(KeyedHash(1, 2));
  const std::string right = form.write(12345);
  for (const std::string& text :
       {std::string(), right + "0", right.substr(1), std::string("' OR '1'='1"), std::string("-1"),
        std::string("ffffffffffffffff"), std::string("0x00000000000001"), std::string(15, '0') + "G",
        std::string("\xD9\xA3", 2), std::string(64 * 1024, 'a')}) {
    EXPECT_EQ(form.read(text), std::nullopt) << text.substr(0, 40);
  }
}

}  // namespace
}  // namespace aldis
