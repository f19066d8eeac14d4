// Tests of command_wire.h: requests and answers survive the way, and nothing else is taken for one.
#include "admin/command_wire.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace aldis::admin {
namespace {

using Json = nlohmann::json;

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
  const OperatorResult facts{.message = "done",
                             .fields = {{"a", std::int64_t{1}}, {"b", std::vector<std::string>{"x"}}, {"c", Value()}},
                             .refused = {{3, "why"}}};
  EXPECT_EQ(
      *parse_answer(write_answer(facts)),
      (Json{
          {"message", "done"}, {"a", 1}, {"b", {"x"}}, {"c", nullptr}, {"refused", {{{"line", 3}, {"why", "why"}}}}}));
  const OperatorResult listing{.columns = {"a", "b"}, .rows = {{"x", true}, {Value(), false}}};
  EXPECT_EQ(*parse_answer(write_answer(listing)), (Json{{{"a", "x"}, {"b", true}}, {{"a", nullptr}, {"b", false}}}));
  EXPECT_EQ(*parse_answer(write_answer(OperatorResult{.columns = {"a"}})), Json::array());
  const OperatorResult page{.document = "<a>\n", .next = "1-2"};
  EXPECT_EQ(*parse_answer(write_answer(page)), (Json{{"document", "<a>\n"}, {"next", "1-2"}}));
  EXPECT_EQ(*parse_answer(write_answer(OperatorResult{.document = "</a>"})), (Json{{"document", "</a>"}}));
  for (int kind = 0; kind <= static_cast<int>(ErrorKind::cancelled); ++kind) {
    const auto answer = parse_answer(write_answer(fail(static_cast<ErrorKind>(kind), "wh\xffy\n")));
    EXPECT_EQ(answer.error().kind, static_cast<ErrorKind>(kind));
  }
}

TEST(CommandWire, WhatIsNoMessageIsRefused) {
  for (const char* line : {"", "{", "[]", "1", "{}", "{\"command\":1}", "{\"command\":\"x\",\"arguments\":[]}",
                           "{\"command\":\"x\",\"arguments\":{\"a\":1}}",
                           "{\"command\":\"x\",\"secrets\":{\"a\":null}}", "{\"command\":\"\xff\"}"}) {
    EXPECT_FALSE(parse_request(line)) << line;
    EXPECT_EQ(parse_answer(line).error().kind, ErrorKind::corrupt) << line;
  }
  EXPECT_FALSE(parse_request(std::string(100'000, '[')));
  for (const char* line : {"{\"ok\":true}", "{\"ok\":1,\"result\":1}",
                           "{\"ok\":false,\"error\":\"oops\",\"text\":\"\"}", "{\"ok\":false,\"error\":\"limit\"}"}) {
    EXPECT_EQ(parse_answer(line).error().kind, ErrorKind::corrupt) << line;
  }
  CommandRequest request{"user add", {}};
  request.arguments.secrets.emplace("password", SecretBytes(std::string_view("\xff")));
  EXPECT_EQ(write_request(request).error().kind, ErrorKind::invalid);
}

}  // namespace
}  // namespace aldis::admin
