// Tests of reload.h: live keys change, others wait, and a refusal by anybody changes nothing.
#include "app/reload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace aldis::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct CarbonsOptions {
  int live = 1;
  int restart = 1;
};
constexpr auto carbons_options = std::tuple{Option{"live", &CarbonsOptions::live, "Live.", Reload::live},
                                            Option{"restart", &CarbonsOptions::restart, "Not live."}};

ConfigSchema schema() {
  ConfigSchema schema = own_schema();
  schema.extensions = {{"ping", "XEP-0199", nullptr, true},
                       {"carbons", "XEP-0280", &option_table<CarbonsOptions>(carbons_options), true}};
  return schema;
}

constexpr std::string_view base =
    "[[listener]]\n[[domain]]\nname = \"a.example\"\n[[domain]]\nname = \"b.example\"\n";

Config config_of(const std::string& text) {
  auto config = parse_config(text, "aldis.toml", schema());
  EXPECT_TRUE(config) << text;
  return std::move(*config);
}

TEST(Reload, NothingChangedIsNothing) {
  const auto merged = merge(config_of(std::string(base)), config_of(std::string(base)), schema());
  EXPECT_THAT(merged.report.applied, IsEmpty());
  EXPECT_THAT(merged.report.need_restart, IsEmpty());
}

TEST(Reload, LiveKeysAreTakenOthersKeepTheirValue) {
  const Config before = config_of(std::string(base) + "[domain.extension.carbons]\nlive = 2\n[log]\nlevel = \"info\"\n");
  const Config after = config_of(
      "[[listener]]\nport = 6000\n[[domain]]\nname = \"b.example\"\ncertificates = [\"c\"]\nkeys = [\"k\"]\ndisable = [\"ping\"]\n"
      "[domain.extension.carbons]\nlive = 3\nrestart = 3\n[[domain]]\nname = \"c.example\"\n"
      "[log]\nlevel = \"debug\"\nfile = \"x.log\"\n[server]\nshards = 9\n");
  const auto merged = merge(before, after, schema());
  EXPECT_THAT(merged.report.applied,
              ElementsAre("[log] level", "[[domain]] b.example certificates", "[[domain]] b.example keys", "[[domain]] b.example extension.carbons live"));
  EXPECT_THAT(merged.report.need_restart,
              ElementsAre("[server] shards", "[log] file", "[[listener]]", "[[domain]] a.example (removed)",
                          "[[domain]] b.example disable", "[[domain]] b.example extension.carbons restart",
                          "[[domain]] c.example (added)"));
  const Config& now = merged.config;
  EXPECT_EQ(now.section<LogOptions>("log").level, LogLevel::debug);
  EXPECT_EQ(now.section<LogOptions>("log").file, "");
  EXPECT_EQ(now.section<ServerOptions>("server").shards, 0U);
  EXPECT_EQ(now.listener(0).port, 5222);
  ASSERT_EQ(now.domains.size(), 2U);
  EXPECT_EQ(now.domains[0].get().name, "a.example");
  EXPECT_EQ(now.domains[1].get().certificates.size(), 1U);
  EXPECT_TRUE(now.domains[1].extensions.contains("ping"));
  const auto& carbons = now.domains[1].extensions.find("carbons")->second.as<CarbonsOptions>();
  EXPECT_EQ(carbons.live, 3);
  EXPECT_EQ(carbons.restart, 1);
  // What waits for a restart is named at each reload until then.
  EXPECT_EQ(merge(now, after, schema()).report.need_restart, merged.report.need_restart);
  EXPECT_THAT(merge(now, after, schema()).report.applied, IsEmpty());
  // `before` was not touched.
  EXPECT_EQ(before.section<LogOptions>("log").level, LogLevel::info);
}

class Reloader : public testing::Test {
 protected:
  void SetUp() override { write(""); }
  ~Reloader() override { std::filesystem::remove(path_); }
  void write(const std::string& more) const { std::ofstream(path_) << base << more; }
  [[nodiscard]] ConfigReloader make() const {
    auto config = load_config(path_, schema());
    EXPECT_TRUE(config);
    return {std::move(*config), schema()};
  }
  std::string path_ = testing::TempDir() + "aldis_reload_test.toml";
};

TEST_F(Reloader, EverybodyAppliesOrNobody) {
  ConfigReloader reloader = make();
  int applied = 0;
  bool is_refused = true;
  reloader.on_reload([&](const Config&, const Config& after) -> Result<ConfigReloader::Prepared> {
    EXPECT_EQ(after.section<LogOptions>("log").rate, 7U);
    return ConfigReloader::Prepared{[&] { ++applied; }, {"certificates of a.example"}};
  });
  reloader.on_reload([&](const Config&, const Config&) -> Result<ConfigReloader::Prepared> {
    if (is_refused) {
      return fail(ErrorKind::invalid, "a.pem: has expired");
    }
    return ConfigReloader::Prepared{};
  });
  write("[log]\nrate = 7\n");
  const auto refused = reloader.reload();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().what, "the old configuration stays in force:\na.pem: has expired");
  EXPECT_EQ(applied, 0);
  EXPECT_EQ(reloader.config().section<LogOptions>("log").rate, 100U);
  is_refused = false;
  const auto report = reloader.reload();
  ASSERT_TRUE(report);
  EXPECT_THAT(report->applied, ElementsAre("[log] rate", "certificates of a.example"));
  EXPECT_EQ(applied, 1);
  EXPECT_EQ(reloader.config().section<LogOptions>("log").rate, 7U);
}

TEST_F(Reloader, ABadFileChangesNothingAndSaysWhere) {
  ConfigReloader reloader = make();
  write("[nonsense]\n");
  const auto refused = reloader.reload();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what, HasSubstr("aldis_reload_test.toml:6:2: unknown section \"nonsense\""));
  std::filesystem::remove(path_);
  EXPECT_FALSE(reloader.reload());
  write("[log]\nlevel = \"error\"\n");
  EXPECT_TRUE(reloader.reload());
  EXPECT_EQ(reloader.config().section<LogOptions>("log").level, LogLevel::error);
}

}  // namespace
}  // namespace aldis::app
