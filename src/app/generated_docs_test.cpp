// Tests of generated_docs.h: what is declared is documented, and the example is a configuration that is accepted.
#include "app/generated_docs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "app/config.h"
#include "app/extensions.h"

namespace aldis::app {
namespace {

using testing::HasSubstr;

struct RelayOptions {
  int hops = 3;
  std::vector<std::string> peers;
};
constexpr auto relay_options = std::tuple{Option{"hops", &RelayOptions::hops, Range{1, 9}, "How far | how long.", Reload::live},
                                          Option{"peers", &RelayOptions::peers, "Who."}};

const std::vector<ExtensionEntry>& entries() {
  static const std::vector<ExtensionEntry> list{
      {"relay", nullptr, {{33, "1.2"}, {1234, "0.1", "parts < all"}}, &option_table<RelayOptions>(relay_options), false},
      {"ping", nullptr, {{199, "2.0.1"}}},
  };
  return list;
}

ConfigSchema schema() {
  ConfigSchema schema = own_schema();
  schema.extensions = {{"relay", "XEP-0033", &option_table<RelayOptions>(relay_options), false}, {"ping", "XEP-0199", nullptr, true}};
  return schema;
}

TEST(GeneratedDocs, EveryOptionOfEverySectionIsInTheReference) {
  const ConfigSchema all = config_schema();
  const std::string reference = config_reference(all);
  for (const SectionSchema& section : all.sections) {
    EXPECT_THAT(reference, HasSubstr((section.is_repeated ? "## [[" : "## [") + section.name + "]"));
    for (const OptionInfo& option : section.table->infos()) {
      EXPECT_THAT(reference, HasSubstr("| `" + option.name + "` |"));
      EXPECT_TRUE(option.help.ends_with(".") || option.help.ends_with(".)")) << option.name;
    }
  }
}

TEST(GeneratedDocs, AnOptionsLineSaysAllAboutIt) {
  const std::string reference = config_reference(schema());
  EXPECT_THAT(reference, HasSubstr("### [domain.extension.relay]\n"));
  EXPECT_THAT(reference, HasSubstr("| `hops` | integer, 1 to 9 | `3` | yes | How far \\| how long. |\n"));
  EXPECT_THAT(reference, HasSubstr("| `relay` | XEP-0033 | no |\n| `ping` | XEP-0199 | yes |\n"));
}

TEST(GeneratedDocs, TheExampleIsAccepted) {
  const std::vector<ExampleSection> sections{{"server", {}},
                                             {"listener", {{"port", std::int64_t{5222}}}},
                                             {"listener", {{"port", std::int64_t{5223}}, {"tls", std::string("direct")}}},
                                             {"domain", {{"name", std::string("localhost")}}}};
  for (const ConfigSchema& each : {schema(), config_schema()}) {
    const std::string example = config_example(each, sections);
    const auto config = parse_config(example, "aldis.toml", each);
    ASSERT_TRUE(config) << message(config.error().front(), "example") << "\n" << example;
    EXPECT_EQ(config->listeners.size(), 2U);
    EXPECT_EQ(config->listener(1).tls, ListenerTls::direct);
  }
}

// With every "# key = value" made real, it is accepted too: the defaults shown are valid.
TEST(GeneratedDocs, TheExamplesDefaultsAreAccepted) {
  const std::string example = config_example(schema(), {{"listener", {}}, {"domain", {{"name", std::string("localhost")}}}});
  std::string real;
  std::istringstream lines(example);
  for (std::string line; std::getline(lines, line);) {
    const bool is_key = line.starts_with("# ") && line.find(" = ") == line.find(' ', 2) && line.find(" = ") != std::string::npos;
    const bool is_name = line.starts_with("# name = ");   // a domain has no default name
    real += ((is_key && !is_name) || line.starts_with("# [") ? line.substr(2) : line) + "\n";
  }
  EXPECT_THAT(real, HasSubstr("\nshards = 0\n"));
  const auto config = parse_config(real, "aldis.toml", schema());
  ASSERT_TRUE(config) << message(config.error().front(), "example") << "\n" << real;
}

TEST(GeneratedDocs, XepsAreListedByNumberWithTheirVersions) {
  const std::vector<XepReference> core{{82, "1.1", "timestamps"}};
  const std::string list = xep_list(entries(), core);
  const auto relay = list.find("| [XEP-0033](https://xmpp.org/extensions/xep-0033.html) | 1.2 | `relay` | off by default |\n");
  const auto time = list.find("| [XEP-0082](https://xmpp.org/extensions/xep-0082.html) | 1.1 | core | timestamps |\n");
  const auto ping = list.find("| 2.0.1 | `ping` |  |\n");
  const auto last = list.find("| [XEP-1234](https://xmpp.org/extensions/xep-1234.html) | 0.1 | `relay` | parts < all; off by default |\n");
  EXPECT_TRUE(relay < time && time < ping && ping < last && last != std::string::npos) << list;
  const std::string rdf = doap(entries(), core);
  EXPECT_THAT(rdf, HasSubstr("<xmpp:xep rdf:resource=\"https://xmpp.org/extensions/xep-0199.html\"/>"));
  EXPECT_THAT(rdf, HasSubstr("<xmpp:note>parts &lt; all; off by default</xmpp:note>"));
}

}  // namespace
}  // namespace aldis::app
