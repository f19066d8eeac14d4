// Tests of config_text.h: what is shown is a file that says the same, and differences are named one by one.
#include "app/config_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/extensions.h"

namespace aldis::app {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Config config_of(const std::string& text) {
  auto config = parse_config(text, "aldis.toml", config_schema());
  EXPECT_TRUE(config) << message(config.error().front(), text);
  return std::move(*config);
}

std::vector<std::string> lines(const std::string& before, const std::string& after) {
  std::vector<std::string> out;
  for (const ConfigDifference& each : differences(config_of(before), config_of(after), config_schema())) {
    out.push_back(to_text(each));
  }
  return out;
}

const std::string base = "[[listener]]\n[[domain]]\nname = \"a.example\"\n";

TEST(ConfigText, WhatIsShownIsAFileThatSaysTheSame) {
  const Config config = config_of(base + "administrators = [\"x@a.example\"]\n[domain.extension.mam]\npage = 20\n[[domain]]\nname = \"b.example\"\n[log]\nlevel = \"debug\"\n"
                                         "[[peer]]\ndomain = \"default\"\nrate = \"1KiB\"\n");
  for (const bool is_whole : {false, true}) {
    const std::string text = config_toml(config, config_schema(), is_whole);
    EXPECT_THAT(differences(config, config_of(text), config_schema()), IsEmpty()) << text;
  }
  EXPECT_EQ(config_toml(config_of(base), config_schema(), false), "[[listener]]\n\n[[domain]]\nname = \"a.example\"\n");
}

TEST(ConfigText, DifferencesAreNamedOneByOne) {
  EXPECT_THAT(lines(base, base), IsEmpty());
  EXPECT_THAT(lines(base, base + "[log]\nlevel = \"debug\"\nfile = \"x\"\n"),
              ElementsAre("[log] level: \"info\" -> \"debug\"", "[log] file: \"\" -> \"x\"   (needs a restart)"));
  EXPECT_THAT(lines(base, base + "administrators = [\"x@a.example\"]\n[domain.extension.mam]\npage = 20\n"),
              ElementsAre("[[domain]] a.example administrators: [] -> [\"x@a.example\"]", "[[domain]] a.example extension.mam page: 250 -> 20   (needs a restart)"));
  EXPECT_THAT(lines(base, base + "[[domain]]\nname = \"b.example\"\n"), ElementsAre("[[domain]] b.example: added   (needs a restart)"));
  EXPECT_THAT(lines(base + "[[peer]]\ndomain = \"p.example\"\n", base), ElementsAre("[[peer]] p.example: removed"));
  EXPECT_THAT(lines(base + "[[peer]]\ndomain = \"p.example\"\n", base + "[[peer]]\ndomain = \"p.example\"\nrate = \"1KiB\"\n"),
              ElementsAre("[[peer]] p.example rate: \"1MiB\" -> \"1KiB\""));
  EXPECT_THAT(lines(base, "[[listener]]\nport = 6000\n[[domain]]\nname = \"a.example\"\n"),
              ElementsAre("[[listener]] 127.0.0.1 port 5222: removed   (needs a restart)", "[[listener]] 127.0.0.1 port 6000: added   (needs a restart)"));
  const std::string x = "[[location]]\nname = \"x\"\nusers = [\"u@a.example\"]\n";
  const std::string y = "[[location]]\nname = \"y\"\nusers = [\"v@a.example\"]\n";
  EXPECT_THAT(lines(base + x + y, base + y + x), ElementsAre("[[location]] order: [\"x\", \"y\"] -> [\"y\", \"x\"]"));
}

}  // namespace
}  // namespace aldis::app
