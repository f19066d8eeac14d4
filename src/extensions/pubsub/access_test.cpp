// Who may do what with a node: every access model, act and affiliation, against the table of XEP-0060 section 4.1 and the models of section 4.5.
#include "extensions/pubsub/access.h"

#include <gtest/gtest.h>

namespace aldis::pubsub {
namespace {

constexpr AccessModel models[] = {AccessModel::open, AccessModel::presence, AccessModel::roster, AccessModel::authorize, AccessModel::whitelist};

template <class F>
void for_each_standing(F visit) {
  for (std::uint8_t affiliation = 0; affiliation <= static_cast<std::uint8_t>(last_of(Affiliation{})); ++affiliation) {
    for (int bits = 0; bits < 32; ++bits) {
      visit(Standing{.affiliation = static_cast<Affiliation>(affiliation),
                     .is_subscribed = (bits & 1) != 0,
                     .is_administrator = (bits & 2) != 0,
                     .is_personal = (bits & 4) != 0,
                     .relation = {.sees_presence = (bits & 8) != 0, .groups = (bits & 16) != 0 ? std::vector<std::string>{"friends"} : std::vector<std::string>{}}});
    }
  }
}

NodeConfig with(AccessModel model, PublishModel publish = PublishModel::publishers) {
  NodeConfig config;
  config.access_model = model;
  config.publish_model = publish;
  config.roster_groups_allowed = {"friends"};
  return config;
}

TEST(Access, OutcastsAndThoseWhoOnlyPublishReadNothing) {
  for (const AccessModel model : models) {
    for_each_standing([&](const Standing& who) {
      if (who.affiliation == Affiliation::outcast || who.affiliation == Affiliation::publish_only) {
        for (const Act act : {Act::subscribe, Act::retrieve, Act::receive}) {
          EXPECT_TRUE(refuses(act, with(model), who).has_value()) << static_cast<int>(act);
        }
      }
    });
  }
}

TEST(Access, OwnersAloneManage) {
  for (const AccessModel model : models) {
    for_each_standing([&](const Standing& who) {
      const bool owns = who.affiliation == Affiliation::owner || who.is_administrator;
      for (const Act act : {Act::purge, Act::configure, Act::remove, Act::manage}) {
        EXPECT_EQ(!refuses(act, with(model), who), owns);
      }
      EXPECT_EQ(!refuses(Act::retract, with(model), who), who.affiliation == Affiliation::owner);
    });
  }
}

TEST(Access, TheModelDecidesWhereNobodyIsAnything) {
  for (const AccessModel model : models) {
    for_each_standing([&](const Standing& who) {
      if (who.affiliation != Affiliation::none) {
        return;
      }
      bool may = false;
      switch (model) {
        case AccessModel::open: may = true; break;
        case AccessModel::presence: may = who.is_personal && who.relation.sees_presence; break;
        case AccessModel::roster: may = who.is_personal && who.relation.sees_presence && !who.relation.groups.empty(); break;
        case AccessModel::authorize: may = who.is_subscribed; break;
        case AccessModel::whitelist: break;
      }
      EXPECT_EQ(!refuses(Act::retrieve, with(model), who), may);
      EXPECT_EQ(!refuses(Act::receive, with(model), who), may);
      EXPECT_EQ(!refuses(Act::subscribe, with(model), who), may || model == AccessModel::authorize);
    });
  }
}

TEST(Access, AdministratorsReadNoMoreThanOthers) {
  Standing who{.is_administrator = true};
  EXPECT_TRUE(refuses(Act::retrieve, with(AccessModel::whitelist), who).has_value());
  EXPECT_TRUE(refuses(Act::retract, with(AccessModel::open), who).has_value());
}

TEST(Access, PublishModels) {
  for_each_standing([&](const Standing& who) {
    if (who.is_administrator || who.is_personal) {
      return;
    }
    const bool publishes = who.affiliation == Affiliation::owner || who.affiliation == Affiliation::publisher || who.affiliation == Affiliation::publish_only;
    const bool is_out = who.affiliation == Affiliation::outcast;
    EXPECT_EQ(!refuses(Act::publish, with(AccessModel::open, PublishModel::publishers), who), publishes);
    EXPECT_EQ(!refuses(Act::publish, with(AccessModel::open, PublishModel::subscribers), who), publishes || (who.is_subscribed && !is_out));
    EXPECT_EQ(!refuses(Act::publish, with(AccessModel::open, PublishModel::open), who), !is_out);
  });
}

TEST(Access, AStrangerToAnAccountIsToldTheSameOfWhatIsClosedAndOfWhatIsNotThere) {
  const Standing stranger{.is_personal = true};
  const StanzaError nothing = unknown_node(stranger);
  for (const AccessModel model : {AccessModel::presence, AccessModel::roster, AccessModel::whitelist}) {
    for (std::uint8_t act = 0; act <= static_cast<std::uint8_t>(last_of(Act{})); ++act) {
      const auto told = refuses(static_cast<Act>(act), with(model), stranger);
      ASSERT_TRUE(told.has_value());
      EXPECT_EQ(told->condition, nothing.condition);
      EXPECT_EQ(told->application, nothing.application);
    }
  }
  EXPECT_FALSE(refuses(Act::retrieve, with(AccessModel::open), stranger).has_value());
  const Standing blocked{.is_personal = true, .relation = {.sees_presence = true, .is_blocked = true}};
  for (const AccessModel model : models) {
    EXPECT_TRUE(refuses(Act::retrieve, with(model), blocked).has_value());
  }
}

TEST(Access, WhoMayNotKnowANodeIsToldThereIsNone) {
  const Standing nobody{};
  EXPECT_EQ(refuses(Act::know, with(AccessModel::whitelist), nobody)->condition, StanzaCondition::item_not_found);
  EXPECT_FALSE(refuses(Act::know, with(AccessModel::authorize), nobody).has_value());
  EXPECT_EQ(refuses(Act::know, with(AccessModel::open), {.affiliation = Affiliation::outcast})->condition, StanzaCondition::item_not_found);
  EXPECT_FALSE(refuses(Act::know, with(AccessModel::whitelist), {.affiliation = Affiliation::member}).has_value());
}

}  // namespace
}  // namespace aldis::pubsub
