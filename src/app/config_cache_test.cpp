// Tests of config_cache.h: a copy comes back as it was, or not at all.
#include "app/config_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "app/directory_digest.h"

namespace aldis::app {
namespace {

using testing::HasSubstr;

ConfigCopy made() {
  ConfigCopy copy{{"cn=aldis,dc=example", "chat1"}, "7", "", WallTime(std::chrono::milliseconds(1'790'000'000'000)), {}};
  copy.entries.push_back({"cn=aldis,dc=example", {{"objectclass", {"aldisConfiguration"}}, {"aldisconfigurationserial", {"7"}}}});
  copy.entries.push_back({"cn=log,cn=common,cn=aldis,dc=example", {{"objectclass", {"top", "aldisLog"}}, {"aldisloglevel", {"\"debug\" äöü"}}}});
  copy.digest = digest_of(copy.entries, copy.place.base);
  return copy;
}

bool is_same(const ConfigCopy& a, const ConfigCopy& b) {
  return a.place == b.place && a.serial == b.serial && a.digest == b.digest && a.taken == b.taken && a.entries.size() == b.entries.size() &&
         std::ranges::equal(a.entries, b.entries, [](const ldap::Entry& x, const ldap::Entry& y) { return x.dn == y.dn && x.attributes == y.attributes; });
}

class ConfigCache : public testing::Test {
 protected:
  ConfigCache() {
    std::string pattern = testing::TempDir() + "aldis_config_cache_XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~ConfigCache() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string path() const { return folder_ + "/configuration.cache"; }
  std::string folder_;
};

TEST_F(ConfigCache, ComesBackAsItWas) {
  ASSERT_TRUE(save_copy(path(), made()));
  const auto loaded = load_copy(path(), made().place);
  ASSERT_TRUE(loaded) << loaded.error().what;
  EXPECT_TRUE(is_same(*loaded, made()));
  struct stat status {};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  ConfigCopy next = made();
  next.serial = "8";
  ASSERT_TRUE(save_copy(path(), next));
  EXPECT_EQ(load_copy(path(), made().place)->serial, "8");
  EXPECT_FALSE(std::filesystem::exists(path() + ".new"));
}

TEST_F(ConfigCache, WhatIsDamagedAnywhereIsNotUsed) {
  const std::string text = write_copy(made());
  for (std::size_t i = 0; i + 2 < text.size(); ++i) {
    EXPECT_FALSE(parse_copy(std::string_view(text).substr(0, i))) << i;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const int bit : {0x01, 0x20, 0x80}) {
      std::string damaged = text;
      damaged[i] = static_cast<char>(damaged[i] ^ bit);
      if (const auto parsed = parse_copy(damaged)) {   // white space, and spellings of what does not count
        EXPECT_EQ(digest_of(parsed->entries, parsed->place.base), made().digest) << i;
        EXPECT_EQ(parsed->serial, "7");
      }
    }
  }
  for (const char* other : {"", "{}", "[]", "null", "{\"format\":1}", "{\"format\":1,\"entries\":[[[[[[]]]]]]}"}) {
    EXPECT_FALSE(parse_copy(other)) << other;
  }
}

TEST_F(ConfigCache, AnothersCopyIsNotUsed) {
  EXPECT_EQ(load_copy(path(), made().place).error().kind, ErrorKind::not_found);
  ASSERT_TRUE(save_copy(path(), made()));
  const auto other = load_copy(path(), {"cn=aldis,dc=example", "chat2"});
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().what, HasSubstr("is a copy of cn=aldis,dc=example for chat1, and is not used"));
  ASSERT_EQ(::chmod(path().c_str(), 0640), 0);
  EXPECT_EQ(load_copy(path(), made().place).error().kind, ErrorKind::denied);
  ASSERT_EQ(::chmod(path().c_str(), 0600), 0);
  std::ofstream(path()) << "nonsense";
  EXPECT_EQ(load_copy(path(), made().place).error().kind, ErrorKind::corrupt);
  EXPECT_FALSE(save_copy(folder_ + "/none/configuration.cache", made()));
}

}  // namespace
}  // namespace aldis::app
