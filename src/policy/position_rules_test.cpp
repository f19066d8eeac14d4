// What a recipient sees of positions: the [[location]] tables, the peers' rules behind them, and the decision that says so.
#include "policy/position_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/peer_rules.h"
#include "policy/policy.h"

namespace aldis::policy {
namespace {

using testing::ElementsAre;

Jid jid(std::string_view text) { return Jid::parse(text).value(); }
StanzaPtr stanza(std::string_view content, std::string_view to = "juliet@capulet.example/balcony") {
  return Stanza::make("<message from='romeo@montague.example/phone' to='" + std::string(to) + "'>" + std::string(content) + "</message>");
}
constexpr std::string_view position = "<x xmlns='y'><geoloc xmlns='http://jabber.org/protocol/geoloc'/></x>";

struct Owner final : OwnerRules {
  BareJid jid = BareJid::parse("juliet@capulet.example").value();
  BlockList list;
  [[nodiscard]] const BareJid& owner() const override { return jid; }
  [[nodiscard]] const BlockList& blocked() const override { return list; }
  [[nodiscard]] bool may_see_presence(const Jid&) const override { return true; }
};

std::vector<std::string> problems(const std::vector<LocationOptions>& tables) {
  const auto made = PositionRules::make(tables);
  std::vector<std::string> texts;
  if (!made) {
    for (const PositionProblem& problem : made.error()) {
      texts.push_back(std::to_string(problem.table) + " " + problem.option + " " + problem.text);
    }
  }
  return texts;
}

TEST(PositionRules, AUserGoesBeforeADomainAndTheFirstBeforeTheNext) {
  const auto rules = PositionRules::make({{.name = "guests", .domains = {"*.guests.example", "montague.example"}, .position_grid = 100},
                                          {.name = "liaison", .users = {"Romeo@Montague.example"}},
                                          {.name = "late", .users = {"romeo@montague.example"}, .domains = {"montague.example"}, .position_grid = 1}})
                         .value();
  EXPECT_EQ(rules->of(jid("romeo@montague.example/phone"))->name, "liaison");
  EXPECT_TRUE(rules->of(jid("romeo@montague.example"))->shows_all());
  EXPECT_EQ(rules->of(jid("benvolio@montague.example"))->name, "guests");
  EXPECT_EQ(rules->of(jid("a@b.guests.example"))->grid, 100U);
  EXPECT_EQ(rules->of(jid("a@guests.example")), nullptr);
}

TEST(PositionRules, AGroupGoesBehindUsersAndIsAskedAtEachUse) {
  const auto rules = PositionRules::make({{.name = "all", .domains = {"capulet.example"}, .position_grid = 1},
                                          {.name = "visitors", .groups = {"guests of the house@capulet.example"}, .positions = Positions::withheld},
                                          {.name = "liaison", .users = {"nurse@capulet.example"}}})
                         .value();
  std::optional<bool> answer = true;
  const GroupLookup groups = [&](const Jid& who, const GroupName& group) -> std::optional<bool> {
    EXPECT_EQ(group, (GroupName{"guests of the house", "capulet.example"}));
    return who.domain() == group.domain ? answer : std::optional<bool>(false);
  };
  EXPECT_EQ(rules->of(jid("juliet@capulet.example"), groups)->name, "visitors");
  EXPECT_EQ(rules->of(jid("nurse@capulet.example"), groups)->name, "liaison");
  EXPECT_EQ(rules->of(jid("romeo@montague.example"), groups), nullptr);
  answer = false;
  EXPECT_EQ(rules->of(jid("juliet@capulet.example"), groups)->name, "all");
  answer.reset();
  EXPECT_TRUE(rules->of(jid("juliet@capulet.example"), groups)->is_withheld) << "whether the rule is hers is not known";
}

TEST(PositionRules, WhatIsNoRule) {
  EXPECT_THAT(problems({{.name = "x", .groups = {"ops"}}}), ElementsAre("0 groups \"ops\" is no \"group@domain\""));
  EXPECT_THAT(problems({{.users = {"a@b.example"}}}), ElementsAre("0 name is missing: how the log calls this group"));
  EXPECT_THAT(problems({{.name = "x"}}), ElementsAre("0 users and groups and domains are empty: nobody is in this group"));
  EXPECT_THAT(problems({{.name = "x", .users = {"montague.example"}}}), ElementsAre("0 users \"montague.example\" is no user's address"));
  EXPECT_THAT(problems({{.name = "ok", .users = {"a@b.example"}}, {.name = "x", .domains = {"*.*.example"}}}),
              ElementsAre("1 domains \"*.*.example\" is no domain and no \"*.domain\""));
}

TEST(PositionRules, ADecisionCarriesTheRuleWhereThereIsAPosition) {
  Policy policy;
  policy.set_positions(PositionRules::make({{.name = "cells", .users = {"juliet@capulet.example"}, .position_grid = 10}}).value());
  const Owner juliet;
  const Jid romeo = jid("romeo@montague.example/phone");
  const auto ask = [&](Action action, const Stanza& about, const Jid& other) {
    return policy.decide(Question{.action = action, .stanza = about, .other = &other, .owner = &juliet});
  };
  ASSERT_NE(ask(Action::deliver, *stanza(position), romeo).positions(), nullptr);
  EXPECT_EQ(ask(Action::deliver, *stanza(position), romeo).positions()->name, "cells");
  EXPECT_EQ(ask(Action::deliver, *stanza("<body>45.44 12.33</body>"), romeo).positions(), nullptr);
  EXPECT_EQ(ask(Action::send, *stanza(position), romeo).positions(), nullptr) << "what she sends is not shown to her";
  EXPECT_NE(ask(Action::answer, *stanza(position), romeo).positions(), nullptr);
  EXPECT_NE(ask(Action::deliver, *stanza(position), jid("juliet@capulet.example")).positions(), nullptr) << "another's may be inside";
}

TEST(PositionRules, AnswersAreNotBlocked) {
  Policy policy;
  Owner juliet;
  const Jid romeo = jid("romeo@montague.example/phone");
  juliet.list.add(romeo);
  const StanzaPtr about = stanza(position);
  EXPECT_TRUE(policy.decide(Question{.action = Action::answer, .stanza = *about, .other = &romeo, .owner = &juliet}).is_granted());
  EXPECT_FALSE(policy.decide(Question{.action = Action::deliver, .stanza = *about, .other = &romeo, .owner = &juliet}).is_granted());
}

TEST(PositionRules, APeersUsersSeeWhatItsRuleSays) {
  Policy policy;
  PeerOptions verona;
  verona.domain = "verona.example";
  verona.position_grid = 10;
  PeerOptions others;
  others.domain = "default";
  others.positions = Positions::withheld;
  policy.set_peers(PeerRules::make(Profile::strict, {verona, others}, {"capulet.example"}).value());
  const auto rule = [&](std::string_view to) {
    const StanzaPtr about = stanza(position, to);
    return policy.decide(PeerQuestion{.action = Action::send_abroad, .peer = about->to()->domain(), .stanza = about.get()}).decision.positions();
  };
  EXPECT_EQ(rule("prince@verona.example")->grid, 10U);
  EXPECT_TRUE(rule("a@else.example")->is_withheld);
  policy.set_positions(PositionRules::make({{.name = "liaison", .users = {"prince@verona.example"}}}).value());
  EXPECT_EQ(rule("prince@verona.example"), nullptr);
  EXPECT_NE(rule("paris@verona.example"), nullptr);
  // The default is for other servers.
  const Owner juliet;
  const StanzaPtr here = stanza(position);
  const Jid romeo = jid("romeo@montague.example/phone");
  EXPECT_EQ(policy.decide(Question{.action = Action::deliver, .stanza = *here, .other = &romeo, .owner = &juliet}).positions(), nullptr);
}

}  // namespace
}  // namespace aldis::policy
