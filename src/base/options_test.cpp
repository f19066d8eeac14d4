// Tests of base/options.h: every member type read, written, bounded and described; what is refused says why.
#include "base/options.h"

#include <gtest/gtest.h>

namespace aldis {
namespace {

using namespace std::chrono_literals;

enum class Conflict { replace, refuse };
constexpr auto option_names(Conflict) {
  return std::array{OptionName{"replace", Conflict::replace}, OptionName{"refuse", Conflict::refuse}};
}

struct Sample {
  bool is_on = true;
  int count = 16;
  std::uint16_t port = 5222;
  double ratio = 0.5;
  std::string name = "a";
  std::chrono::seconds wait = 30s;
  std::chrono::milliseconds tick = 250ms;
  Bytes size = 256 * KiB;
  Conflict conflict = Conflict::replace;
  std::vector<std::string> list{"x"};
};

constexpr auto options = std::tuple{
    Option{"is_on", &Sample::is_on, "On or off.", Reload::live},
    Option{"count", &Sample::count, Range{1, 64}, "How many."},
    Option{"port", &Sample::port, "Where."},
    Option{"ratio", &Sample::ratio, Range{0, 1}, "How much."},
    Option{"name", &Sample::name, Range{1, 4}, "What."},
    Option{"wait", &Sample::wait, Range{1s, 5min}, "How long."},
    Option{"tick", &Sample::tick, "How often."},
    Option{"size", &Sample::size, Range{1 * KiB, 1 * GiB}, "How large."},
    Option{"conflict", &Sample::conflict, "Who wins."},
    Option{"list", &Sample::list, Range{0, 2}, "Which."},
};

const OptionTable& table() { return option_table<Sample>(options); }

using List = std::vector<std::string>;

TEST(Options, DefaultsComeFromTheStruct) {
  const OptionObject object = table().make();
  EXPECT_EQ(object.as<Sample>().count, 16);
  EXPECT_EQ(table().find("wait")->default_text, "\"30s\"");
  EXPECT_EQ(table().find("size")->default_text, "\"256KiB\"");
  EXPECT_EQ(table().find("conflict")->default_text, "\"replace\"");
  EXPECT_EQ(table().find("ratio")->default_text, "0.5");
  EXPECT_EQ(table().find("list")->default_text, "[\"x\"]");
  EXPECT_EQ(table().find("tick")->default_text, "\"250ms\"");
}

TEST(Options, AreDescribed) {
  EXPECT_EQ(table().find("count")->range, "1 to 64");
  EXPECT_EQ(table().find("name")->range, "1 to 4 bytes");
  EXPECT_EQ(table().find("wait")->range, "1s to 5m");
  EXPECT_EQ(table().find("size")->range, "1KiB to 1GiB");
  EXPECT_EQ(table().find("list")->range, "0 to 2 entries");
  EXPECT_EQ(table().find("conflict")->type, "one of \"replace\", \"refuse\"");
  EXPECT_EQ(table().find("is_on")->reload, Reload::live);
  EXPECT_EQ(table().find("count")->reload, Reload::restart);
  EXPECT_EQ(table().find("nothing"), nullptr);
}

TEST(Options, EveryTypeIsSet) {
  OptionObject object = table().make();
  EXPECT_TRUE(table().set(object, "is_on", false));
  EXPECT_TRUE(table().set(object, "count", std::int64_t{64}));
  EXPECT_TRUE(table().set(object, "port", std::int64_t{65535}));
  EXPECT_TRUE(table().set(object, "ratio", std::int64_t{1}));
  EXPECT_TRUE(table().set(object, "name", std::string("abcd")));
  EXPECT_TRUE(table().set(object, "wait", std::string("2m")));
  EXPECT_TRUE(table().set(object, "tick", std::string("3s")));
  EXPECT_TRUE(table().set(object, "size", std::string("2MiB")));
  EXPECT_TRUE(table().set(object, "conflict", std::string("refuse")));
  EXPECT_TRUE(table().set(object, "list", List{"y", "z"}));
  const auto& set = object.as<Sample>();
  EXPECT_FALSE(set.is_on);
  EXPECT_EQ(set.count, 64);
  EXPECT_EQ(set.port, 65535);
  EXPECT_EQ(set.ratio, 1.0);
  EXPECT_EQ(set.name, "abcd");
  EXPECT_EQ(set.wait, 120s);
  EXPECT_EQ(set.tick, 3000ms);
  EXPECT_EQ(set.size, 2 * MiB);
  EXPECT_EQ(set.conflict, Conflict::refuse);
  EXPECT_EQ(set.list, (List{"y", "z"}));
  EXPECT_TRUE(table().set(object, "size", std::int64_t{4096}));
  EXPECT_EQ(set.size, 4 * KiB);
  EXPECT_EQ(table().differences(table().make(), object).size(), table().infos().size());
}

struct Refusal {
  const char* name;
  OptionValue value;
  ErrorKind kind;
  const char* text;
};

TEST(Options, WhatDoesNotFitIsRefusedAndChangesNothing) {
  const std::vector<Refusal> refusals{
      {"nothing", true, ErrorKind::not_found, "is not known"},
      {"is_on", std::int64_t{1}, ErrorKind::invalid, "must be true or false, not 1"},
      {"is_on", std::string("true"), ErrorKind::invalid, "must be true or false, not \"true\""},
      {"count", std::int64_t{0}, ErrorKind::limit, "must be 1 to 64, not 0"},
      {"count", std::int64_t{65}, ErrorKind::limit, "must be 1 to 64, not 65"},
      {"count", true, ErrorKind::invalid, "must be an integer, not true"},
      {"count", 3.0, ErrorKind::invalid, "must be an integer, not 3.0"},
      {"port", std::int64_t{65536}, ErrorKind::limit, "must be 0 to 65535, not 65536"},
      {"port", std::int64_t{-1}, ErrorKind::limit, "must be 0 to 65535, not -1"},
      {"ratio", 1.5, ErrorKind::limit, "is out of range: 1.5"},
      {"ratio", std::numeric_limits<double>::quiet_NaN(), ErrorKind::limit, "is out of range: nan"},
      {"name", std::string(), ErrorKind::limit, "must be 1 to 4 bytes, not 0"},
      {"name", std::string("abcde"), ErrorKind::limit, "must be 1 to 4 bytes, not 5"},
      {"wait", std::int64_t{30}, ErrorKind::invalid, "must be a duration such as \"30s\", not 30"},
      {"wait", std::string("6m"), ErrorKind::limit, "must be 1s to 5m, not 6m"},
      {"wait", std::string("1500ms"), ErrorKind::invalid, "must be a whole number of 1s, not \"1500ms\""},
      {"size", std::string("2GiB"), ErrorKind::limit, "must be 1KiB to 1GiB, not 2GiB"},
      {"size", std::int64_t{-1}, ErrorKind::limit, "must not be negative"},
      {"conflict", std::string("Replace"), ErrorKind::invalid, "must be one of \"replace\", \"refuse\", not \"Replace\""},
      {"list", List{"a", "b", "c"}, ErrorKind::limit, "must be 0 to 2 entries, not 3"},
      {"list", std::string("a"), ErrorKind::invalid, "must be a list of strings, not \"a\""},
  };
  OptionObject object = table().make();
  for (const Refusal& refusal : refusals) {
    const auto result = table().set(object, refusal.name, refusal.value);
    ASSERT_FALSE(result) << refusal.name << " " << to_text(refusal.value);
    EXPECT_EQ(result.error().kind, refusal.kind) << refusal.name << " " << to_text(refusal.value);
    EXPECT_EQ(result.error().what, refusal.text);
  }
  EXPECT_TRUE(table().differences(object, table().make()).empty());
}

TEST(Options, DurationsAndSizesAreStrict) {
  for (const char* text : {"", "s", "30", "30 s", " 30s", "30s ", "+3s", "-3s", "1.5s", "1h30m", "30S", "30sec", "0x3s",
                           "99999999999999999999s", "9223372036854775807d"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
  for (const char* text : {"", "KiB", "1", "1K", "1kib", "1 KiB", "-1B", "1KB", "9999999999999GiB"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
  EXPECT_EQ(parse_duration("0s").value(), 0ms);
  EXPECT_EQ(parse_duration("7d").value(), 7 * 24h);
  EXPECT_EQ(duration_text(90min), "90m");
  EXPECT_EQ(duration_text(0ms), "0s");
  EXPECT_EQ(size_text(Bytes{1000}), "1000B");
  EXPECT_EQ(size_text(Bytes{0}), "0B");
}

TEST(Options, TextIsTomlAndHidesNoControlCharacter) {
  EXPECT_EQ(to_text(std::string("a\"b\\c\n\x7f")), "\"a\\\"b\\\\c\\u000A\\u007F\"");
  EXPECT_EQ(to_text(List{"a", "b"}), "[\"a\", \"b\"]");
  EXPECT_EQ(to_text(1.0), "1.0");
}

}  // namespace
}  // namespace aldis
