// Tests of command.h: each command's effect and answer, arguments that are refused, and an audit record without secrets.
#include "admin/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "admin/admin_test_support.h"
#include "admin/command_wire.h"
#include "base/log.h"

namespace aldis::admin {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

class Recorder final : public log::Sink {
 public:
  Recorder() { log::set_sink(this); }
  ~Recorder() override { log::set_sink(nullptr); }
  void write(log::Level, std::string_view event, std::span<const log::Field> fields) override {
    std::string line(event);
    for (const auto& field : fields) {
      const auto* text = std::get_if<std::string_view>(&field.value);
      line.append(" ").append(field.key).append("=").append(text != nullptr ? *text : "?");
    }
    lines.push_back(line);
  }
  std::vector<std::string> lines;
};

class Commands : public testing::Test {
 protected:
  Result<Json> run(std::string name, std::map<std::string, std::string, std::less<>> values = {},
                   const std::map<std::string, std::string>& secrets = {}) {
    CommandArguments arguments;
    arguments.values = std::move(values);
    for (const auto& [key, value] : secrets) {
      arguments.secrets.emplace(key, SecretBytes(std::string_view(value)));
    }
    std::optional<Result<Json>> out;
    const auto take = [](AdminTarget& target, std::string command, CommandArguments args, std::optional<Result<Json>>& to) -> Task<void> {
      Result<Json> result = co_await run_command(target, std::move(command), std::move(args), "uid 0");
      to.emplace(std::move(result));
    };
    spawn(take(target_, std::move(name), std::move(arguments), out));
    return std::move(*out);
  }
  void add(const std::string& account) { target_.accounts[account] = {"old"}; }

  FakeTarget target_;
  Recorder log_;
};

TEST_F(Commands, AccountsComeAndGo) {
  ASSERT_TRUE(run("user add", {{"account", "Juliet@Capulet.Example"}}, {{"password", "R0meo"}}));
  EXPECT_EQ(target_.accounts["juliet@capulet.example"].password, "R0meo");   // the address is prepared, the password not here
  EXPECT_EQ(run("user add", {{"account", "juliet@capulet.example"}}, {{"password", "x"}}).error().kind, ErrorKind::already_exists);
  ASSERT_TRUE(run("user passwd", {{"account", "juliet@capulet.example"}}, {{"password", "new"}}));
  EXPECT_EQ(target_.accounts["juliet@capulet.example"].password, "new");
  ASSERT_TRUE(run("user disable", {{"account", "juliet@capulet.example"}}));
  EXPECT_FALSE(target_.accounts["juliet@capulet.example"].is_enabled);
  ASSERT_TRUE(run("user enable", {{"account", "juliet@capulet.example"}}));
  EXPECT_TRUE(target_.accounts["juliet@capulet.example"].is_enabled);
  ASSERT_TRUE(run("user delete", {{"account", "juliet@capulet.example"}}));
  EXPECT_TRUE(target_.accounts.empty());
  EXPECT_EQ(run("user delete", {{"account", "juliet@capulet.example"}}).error().kind, ErrorKind::not_found);
}

TEST_F(Commands, ListsAreArraysWithTheColumnsTheyPromise) {
  for (int i = 0; i < 2500; ++i) {
    add("u" + std::to_string(10000 + i) + "@capulet.example");
  }
  add("romeo@montague.example");
  const auto all = run("user list");
  ASSERT_TRUE(all);
  EXPECT_EQ(all->size(), 2501U);
  const auto one = run("user list", {{"domain", "Montague.Example"}});
  ASSERT_TRUE(one);
  ASSERT_EQ(one->size(), 1U);
  for (const std::string& column : find_command("user list")->columns) {
    EXPECT_TRUE((*one)[0].contains(column)) << column;
  }
  target_.sessions = {{"romeo@montague.example/orchard", "192.0.2.1", "SCRAM-SHA-1-PLUS", 5}, {"x@y/z", "", "", {}}};
  const auto sessions = run("session list", {{"account", "romeo@montague.example"}});
  ASSERT_EQ(sessions->size(), 1U);
  for (const std::string& column : find_command("session list")->columns) {
    EXPECT_TRUE((*sessions)[0].contains(column)) << column;
  }
  EXPECT_EQ(run("session list")->size(), 2U);
}

TEST_F(Commands, KickNamesWhatItEnded) {
  target_.sessions = {{"romeo@montague.example/a", "", "", {}}, {"romeo@montague.example/b", "", "", {}}};
  EXPECT_EQ((*run("session kick", {{"address", "romeo@montague.example/a"}}))["ended"], 1);
  EXPECT_EQ(run("session kick", {{"address", "romeo@montague.example/a"}}).error().kind, ErrorKind::not_found);
  EXPECT_EQ((*run("session kick", {{"address", "romeo@montague.example"}}))["ended"], 1);
}

TEST_F(Commands, ImportTriesEachLineAndShowsNoPassword) {
  add("romeo@montague.example");
  const auto result = run("user import", {},
                          {{"file", "# comment\njuliet@capulet.example\tsecret one\r\n\nromeo@montague.example\tsecret2\n"
                                    "secret3 without a tab\n@\tsecret4\nnurse@capulet.example\tsecret5"}});
  ASSERT_TRUE(result);
  EXPECT_EQ((*result)["added"], 2);
  ASSERT_EQ((*result)["refused"].size(), 3U);
  EXPECT_EQ((*result)["refused"][0]["line"], 4);
  EXPECT_EQ((*result)["refused"][1]["line"], 5);
  EXPECT_EQ((*result)["refused"][2]["line"], 6);
  EXPECT_EQ(target_.accounts["juliet@capulet.example"].password, "secret one");
  EXPECT_EQ(result->dump().find("secret"), std::string::npos);
}

TEST_F(Commands, ImportIsBoundedAndStopsWhenTheStoreFails) {
  EXPECT_EQ(run("user import", {}, {{"file", std::string(max_import_lines, '\n') + "a@b\tc\n"}}).error().kind, ErrorKind::limit);
  target_.is_broken = true;
  const auto broken = run("user import", {}, {{"file", "a@b\tc\nd@e\tf\n"}});
  EXPECT_EQ(broken.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(broken.error().what, HasSubstr("line 1:"));
}

TEST_F(Commands, WhatDoesNotFitTheDescriptionIsRefused) {
  EXPECT_EQ(run("user frobnicate").error().kind, ErrorKind::not_found);
  EXPECT_EQ(run("user add", {{"account", "juliet@capulet.example"}}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(run("user add", {}, {{"password", "x"}}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(run("user add", {{"account", "capulet.example"}}, {{"password", "x"}}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(run("user add", {{"account", "a@b/c"}}, {{"password", "x"}}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(run("user delete", {{"account", "a@b"}, {"force", "yes"}}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(run("session kick", {{"address", "capulet.example"}}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(run("user list", {{"domain", "a b"}}).error().kind, ErrorKind::invalid);
  // A secret that came the way of what may be logged is not used.
  EXPECT_EQ(run("user add", {{"account", "a@b"}, {"password", "x"}}).error().kind, ErrorKind::invalid);
}

TEST_F(Commands, ChangesAreAuditedWithoutSecrets) {                       // security O02, O5
  (void)run("user add", {{"account", "juliet@capulet.example"}}, {{"password", "canary"}});
  (void)run("user add", {{"account", "juliet@capulet.example"}}, {{"password", "canary"}});
  (void)run("user list");
  (void)run("user import", {}, {{"file", "a@capulet.example\tcanary\nbroken canary line\n"}});
  ASSERT_EQ(log_.lines.size(), 3U);
  EXPECT_EQ(log_.lines[0], "audit-operator-command command=user add arguments=juliet@capulet.example operator=uid 0 outcome=done");
  EXPECT_THAT(log_.lines[1], HasSubstr("outcome=" + std::string(to_string(ErrorKind::already_exists))));
  for (const std::string& line : log_.lines) {
    EXPECT_EQ(line.find("canary"), std::string::npos) << line;
  }
}

TEST_F(Commands, ReloadAndStatusSayWhatHappened) {
  EXPECT_EQ((*run("reload"))["message"], "nothing has changed");
  target_.report = {{"[log] level"}, {"[server] shards"}};
  EXPECT_EQ((*run("reload"))["message"], "applied: [log] level\nneeds a restart: [server] shards");
  EXPECT_EQ((*run("status"))["message"], "Aldis 1.2.3, running for 0 s, 0 sessions, serving capulet.example, montague.example");
}

TEST(CommandList, IsWellFormed) {
  std::set<std::string> names;
  for (const OperatorCommand& command : operator_commands()) {
    EXPECT_TRUE(names.insert(command.name).second) << command.name;
    EXPECT_TRUE(command.help.ends_with(".")) << command.name;
    bool is_optional = false;
    for (const Argument& argument : command.arguments) {
      EXPECT_FALSE(is_optional && argument.is_required) << command.name;
      is_optional = is_optional || !argument.is_required;
    }
  }
}

TEST(CommandWire, RequestsAndAnswersComeBack) {
  CommandRequest request{"user add", {}};
  request.arguments.values["account"] = "jul\"iet\n@b";
  request.arguments.secrets.emplace("password", SecretBytes(std::string_view("pä\\ß")));
  const auto line = write_request(request);
  ASSERT_TRUE(line);
  EXPECT_EQ(line->find('\n'), std::string::npos);
  const auto parsed = parse_request(*line);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->command, "user add");
  EXPECT_EQ(parsed->arguments.values, request.arguments.values);
  EXPECT_EQ(parsed->arguments.secrets.find("password")->second.view(), "pä\\ß");
  EXPECT_EQ(*parse_answer(write_answer(Json{{"a", 1}})), (Json{{"a", 1}}));
  for (int kind = 0; kind <= static_cast<int>(ErrorKind::cancelled); ++kind) {
    const auto answer = parse_answer(write_answer(fail(static_cast<ErrorKind>(kind), "wh\xffy\n")));
    EXPECT_EQ(answer.error().kind, static_cast<ErrorKind>(kind));
  }
}

TEST(CommandWire, WhatIsNoMessageIsRefused) {
  for (const char* line : {"", "{", "[]", "1", "{}", "{\"command\":1}", "{\"command\":\"x\",\"arguments\":[]}",
                           "{\"command\":\"x\",\"arguments\":{\"a\":1}}", "{\"command\":\"x\",\"secrets\":{\"a\":null}}", "{\"command\":\"\xff\"}"}) {
    EXPECT_FALSE(parse_request(line)) << line;
    EXPECT_EQ(parse_answer(line).error().kind, ErrorKind::corrupt) << line;
  }
  EXPECT_FALSE(parse_request(std::string(100'000, '[')));
  for (const char* line : {"{\"ok\":true}", "{\"ok\":1,\"result\":1}", "{\"ok\":false,\"error\":\"oops\",\"text\":\"\"}", "{\"ok\":false,\"error\":\"limit\"}"}) {
    EXPECT_EQ(parse_answer(line).error().kind, ErrorKind::corrupt) << line;
  }
  CommandRequest request{"user add", {}};
  request.arguments.secrets.emplace("password", SecretBytes(std::string_view("\xff")));
  EXPECT_EQ(write_request(request).error().kind, ErrorKind::invalid);
}

}  // namespace
}  // namespace aldis::admin
