// A node's configuration: what the store keeps is what was configured, and what forms refuse they refuse by name.
#include "extensions/pubsub/config_fields.h"
#include "extensions/pubsub/node_form.h"
#include "extensions/pubsub/subscribe_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xmpp/namespaces.h"

namespace aldis::pubsub {
namespace {

using ::testing::HasSubstr;

const PubSubOptions options;
const Frame domain{.options = &options, .is_personal = false};
const Frame account{.options = &options, .is_personal = true};

Form submitted(std::vector<std::pair<std::string, std::vector<std::string>>> fields) {
  Form form(FormType::submit, ns::pubsub_node_config);
  for (auto& [var, values] : fields) {
    form.fields.emplace_back("pubsub#" + var, FieldType::text_single, std::move(values));
  }
  return form;
}

TEST(NodeConfig, WhatIsConfiguredComesBackFromTheStore) {
  const Form form = submitted({{"title", {"Princely \\ Musings\nand more = more"}},
                               {"access_model", {"roster"}},
                               {"roster_groups_allowed", {"friends", "servants"}},
                               {"contact", {"bard@shakespeare.lit"}},
                               {"max_items", {"10"}},
                               {"item_expire", {"604800"}},
                               {"deliver_payloads", {"0"}},
                               {"notify_delete", {"false"}},
                               {"publish_node_full", {"reject"}},
                               {"itemreply", {"publisher"}},
                               {"notification_type", {"normal"}}});
  const auto settings = configured({.config = default_config(account)}, form, account);
  ASSERT_TRUE(settings.has_value()) << settings.error().text;
  EXPECT_EQ(node_config_from(to_text(settings->config)), settings->config);
  EXPECT_EQ(node_config_from(to_text(NodeConfig{})), NodeConfig{});
  EXPECT_EQ(node_config_from("no_such_field=1\n"), std::nullopt);
  EXPECT_EQ(node_config_from("access_model=everybody\n"), std::nullopt);
  EXPECT_EQ(node_config_from("title=cut"), std::nullopt);
}

TEST(NodeConfig, EveryFieldOfTheFormIsTakenBack) {
  const NodeSettings standing{.config = default_config(account)};
  Form form = config_form(standing, account, FormType::form);
  form.type = FormType::submit;
  const auto again = configured(standing, form, account);
  ASSERT_TRUE(again.has_value()) << again.error().text;
  EXPECT_EQ(again->config.max_payload_size, options.item_bytes.count);   // said in so many words
}

TEST(NodeConfig, WhatCannotBeIsRefusedByName) {
  const auto refused = [](std::string var, std::vector<std::string> values, const Frame& frame = domain) {
    const auto got = configured({.config = default_config(frame)}, submitted({{std::move(var), std::move(values)}}), frame);
    return got ? std::string("accepted") : std::string(to_string(got.error().condition)) + " " + got.error().text + got.error().application;
  };
  EXPECT_THAT(refused("no_such_thing", {"1"}), HasSubstr("not-acceptable the field pubsub#no_such_thing"));
  EXPECT_THAT(refused("max_items", {"2147483648"}), HasSubstr("pubsub#max_items"));
  EXPECT_THAT(refused("max_items", {"0"}), HasSubstr("pubsub#max_items"));
  EXPECT_THAT(refused("max_items", {"-1"}), HasSubstr("pubsub#max_items"));
  EXPECT_THAT(refused("max_payload_size", {"99999999"}), HasSubstr("pubsub#max_payload_size"));
  EXPECT_THAT(refused("persist_items", {"perhaps"}), HasSubstr("pubsub#persist_items"));
  EXPECT_THAT(refused("purge_offline", {"1"}), HasSubstr("not supported"));
  EXPECT_THAT(refused("access_model", {"presence"}), HasSubstr("unsupported-access-model"));
  EXPECT_THAT(refused("access_model", {"roster"}), HasSubstr("unsupported-access-model"));
  EXPECT_EQ(refused("access_model", {"roster"}, account), "accepted");
  EXPECT_EQ(refused("max_items", {"max"}), "accepted");
  EXPECT_EQ(refused("purge_offline", {"0"}), "accepted");
  EXPECT_THAT(refused("children", {"one"}), HasSubstr("invalid-options"));
  const auto leaf = configured({.config = {}, .is_collection = true}, submitted({{"node_type", {"leaf"}}}), domain);
  ASSERT_FALSE(leaf.has_value());
  EXPECT_EQ(leaf.error().condition, StanzaCondition::not_allowed);
}

TEST(NodeConfig, PreconditionsAreComparedByWhatTheyMean) {
  const NodeSettings standing{.config = default_config(account)};
  EXPECT_FALSE(unmet(standing, submitted({{"access_model", {"presence"}}, {"persist_items", {"true"}}, {"max_items", {"1"}}}), account).has_value());
  EXPECT_TRUE(unmet(standing, submitted({{"access_model", {"open"}}}), account).has_value());
  EXPECT_TRUE(unmet(standing, submitted({{"unheard_of", {"1"}}}), account).has_value());
  EXPECT_TRUE(unmet(standing, submitted({{"persist_items", {"maybe"}}}), account).has_value());
}

TEST(SubscribeOptions, ComeBackFromTheStore) {
  SubscribeOptions wanted{.deliver = false, .include_body = true, .shows = 3, .type = SubscriptionType::all, .depth = any_depth, .keyword = "to be\nor not"};
  EXPECT_EQ(subscribe_options_from(to_text(wanted)), wanted);
  EXPECT_EQ(subscribe_options_from(to_text(SubscribeOptions{})), SubscribeOptions{});
  EXPECT_EQ(subscribe_options_from("x=1\n"), std::nullopt);
}

TEST(SubscribeOptions, WhatIsNotSupportedIsRefusedByName) {
  const OptionsFrame frame{.knows_presence = false, .now = WallTime(std::chrono::hours(24 * 365 * 56)), .longest_lease = std::chrono::hours(24)};
  const auto refused = [&](std::string var, std::string value) {
    Form form(FormType::submit, ns::pubsub_subscribe_options);
    form.fields.emplace_back(var.starts_with("x-") ? var : "pubsub#" + var, FieldType::text_single, std::vector<std::string>{std::move(value)});
    const auto got = options_from({}, form, frame);
    return got ? std::string("accepted") : got.error().text + got.error().application;
  };
  EXPECT_THAT(refused("digest", "1"), HasSubstr("digest"));
  EXPECT_EQ(refused("digest", "0"), "accepted");
  EXPECT_THAT(refused("show-values", "chat"), HasSubstr("invalid-options"));
  EXPECT_THAT(refused("include_body", "1"), HasSubstr("include_body"));
  EXPECT_THAT(refused("expire", "presence"), HasSubstr("expire"));
  EXPECT_THAT(refused("expire", "1970-01-02T00:00:00Z"), HasSubstr("expire"));
  EXPECT_THAT(refused("unknown", "1"), HasSubstr("pubsub#unknown"));
  EXPECT_EQ(refused(std::string(keyword_field), "peasant"), "accepted");
}

}  // namespace
}  // namespace aldis::pubsub
