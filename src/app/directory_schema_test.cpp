// Tests of directory_schema.h: every option has its number for ever, and what is written is a schema.
#include "app/directory_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <set>
#include <sstream>

#include "app/extensions.h"

namespace aldis::app {
namespace {

using testing::HasSubstr;
using testing::Not;

struct RelayOptions {
  std::string host;
  std::vector<std::string> hops;
};
constexpr auto relay_options = std::tuple{Option{"host", &RelayOptions::host, "Where."}, Option{"hops", &RelayOptions::hops, "How."}};

ConfigSchema relay_schema() {
  ConfigSchema schema;
  schema.sections = {{"relay", &option_table<RelayOptions>(relay_options), "", true}};
  return schema;
}

TEST(DirectorySchema, EveryOptionHasANumberOfItsOwn) {
  const auto checked = check_numbers(config_schema());
  EXPECT_TRUE(checked) << checked.error().what << "\nappend these lines, as they are";
}

TEST(DirectorySchema, WhatIsWrongWithTheNumbersIsTold) {
  const std::vector<DirectoryNumber> classes{{"relay", 10}};
  const auto problem = [&](std::vector<DirectoryNumber> attributes) {
    const auto checked = check_numbers(relay_schema(), classes, attributes);
    return checked ? std::string() : checked.error().what;
  };
  EXPECT_EQ(problem({{"relay.host", 10}, {"relay.hops", 11, Numbered::ordered}}), "");
  EXPECT_THAT(problem({{"relay.host", 40}}), HasSubstr("\n    {\"relay.hops\", 41},"));
  EXPECT_THAT(problem({{"relay.host", 10}, {"relay.hops", 10}}), HasSubstr("number 10 is that of relay.host and of relay.hops"));
  EXPECT_THAT(problem({{"relay.host", 10}, {"relay.hops", 11}, {"relay.gone", 12}}), HasSubstr("relay.gone is no more: mark its line as retired"));
  EXPECT_EQ(problem({{"relay.host", 10}, {"relay.hops", 11}, {"relay.gone", 12, Numbered::retired}}), "");
  // Its number is nobody else's, and it does not come back under another.
  EXPECT_THAT(problem({{"relay.host", 10}, {"relay.hops", 12}, {"relay.gone", 12, Numbered::retired}}), HasSubstr("number 12 is that of"));
  EXPECT_THAT(problem({{"relay.host", 10}, {"relay.hops", 11, Numbered::retired}}), HasSubstr("{\"relay.hops\", 12},"));
  EXPECT_THAT(problem({{"relay.host", 10, Numbered::ordered}, {"relay.hops", 11}}), HasSubstr("relay.host is no list"));
  EXPECT_THAT(problem({{"relay.host", 3}, {"relay.hops", 11}}), HasSubstr("below 10"));
}

TEST(DirectorySchema, NamesAreOfTheirSectionsAndNobodyElses) {
  std::set<std::string> names;
  std::set<std::string> sections;
  for (const SchemaClass& each : directory_schema(config_schema())) {
    EXPECT_TRUE(names.insert(lower_case(each.name)).second) << each.name;
    sections.insert(each.section);
    for (const SchemaAttribute& attribute : each.attributes) {
      EXPECT_TRUE(names.insert(lower_case(attribute.name)).second) << attribute.name;
      EXPECT_TRUE(std::ranges::all_of(attribute.name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; })) << attribute.name;
      EXPECT_EQ(each.attribute(lower_case(attribute.name)), &attribute);
    }
  }
  EXPECT_TRUE(names.contains("aldispeernexthops"));
  EXPECT_TRUE(names.contains("aldisextensionmamkeepfor"));
  for (const char* local : {"server", "admin", "configuration"}) {
    EXPECT_FALSE(sections.contains(local));
  }
}

TEST(DirectorySchema, ValuesHaveTheSyntaxOfTheirOptions) {
  const std::string ldif = schema_ldif(config_schema(), SchemaFormat::openldap);
  EXPECT_THAT(ldif, HasSubstr("\ndn: cn=aldis,cn=schema,cn=config\n"));
  const auto definition = [&](const std::string& name) {
    const std::size_t begin = ldif.find(" NAME '" + name + "' ");
    return begin == std::string::npos ? std::string("none") : ldif.substr(begin, ldif.find(" )", begin) - begin);
  };
  EXPECT_THAT(definition("aldisListenerPort"), HasSubstr("1.3.6.1.4.1.1466.115.121.1.27"));
  EXPECT_THAT(definition("aldisListenerPort"), HasSubstr("SINGLE-VALUE"));
  EXPECT_THAT(definition("aldisListenerBeyondLoopback"), HasSubstr("booleanMatch"));
  EXPECT_THAT(definition("aldisListenerTls"), HasSubstr("caseExactMatch"));
  EXPECT_THAT(definition("aldisPeerNextHops"), Not(HasSubstr("SINGLE-VALUE")));
  for (const SchemaFormat format : {SchemaFormat::openldap, SchemaFormat::ds389}) {
    std::istringstream lines(schema_ldif(config_schema(), format));
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(line.size(), 160U) << line;
      EXPECT_TRUE(std::ranges::all_of(line, [](char c) { return c >= 0x20 && c < 0x7f; })) << line;
    }
  }
}

TEST(DirectorySchema, TheCheckedInFilesAreWhatTheCodeSays) {
  for (const auto& [path, format] : {std::pair("docs/schema/aldis.ldif", SchemaFormat::openldap), std::pair("docs/schema/99aldis.ldif", SchemaFormat::ds389)}) {
    std::ifstream in(path);
    std::ostringstream text;
    text << in.rdbuf();
    EXPECT_EQ(std::move(text).str(), schema_ldif(config_schema(), format)) << path << ": run tools/gen_docs";
  }
}

}  // namespace
}  // namespace aldis::app
