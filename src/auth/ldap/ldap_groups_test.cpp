// Groups made of entries as the products write them: what is nested, what goes in circles, what is twice.
#include "auth/ldap/ldap_groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace aldis;
using namespace aldis::ldap;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

namespace {

using Attributes = std::map<std::string, std::vector<std::string>, std::less<>>;
const WallTime now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 26);

Entry group(const std::string& cn, std::vector<std::string> members, const std::string& attribute = "member") {
  return {"cn=" + cn + ",ou=groups,dc=example", Attributes{{"cn", {cn}}, {attribute, std::move(members)}}, {}};
}

class Groups : public ::testing::Test {
 protected:
  Groups() {
    for (const char* who : {"juliet", "romeo", "nurse"}) {
      has({"cn=" + std::string(who) + ",ou=people,dc=example", Attributes{{"uid", {who}}, {"cn", {std::string("The ") + who}}}, {}});
    }
  }
  void has(const Entry& person) { people_[normal_dn(person.dn)] = person_in_groups(schema_, person, "capulet.example", now); }
  // The accounts' localparts of a group; the only group when it is not named.
  std::vector<std::string> members(const std::vector<Entry>& entries, std::string_view name) {
    const auto groups = resolve_groups(groups_, entries, people_);
    std::vector<std::string> all;
    for (const DirectoryGroup& each : *groups) {
      for (const GroupMember& member : each.members) {
        if (each.name == name) all.emplace_back(member.account.local());
      }
    }
    return all;
  }

  DirectoryOptions options_;
  Schema schema_ = make_schema(options_);
  GroupSchema groups_ = make_group_schema(options_);
  PeopleInGroups people_;
};

}  // namespace

TEST_F(Groups, MembersByNameByUniqueNameAndByUid) {
  const std::vector<Entry> entries{group("a", {"CN=Juliet, OU=People, DC=Example"}),
                                   group("b", {"cn=romeo,ou=people,dc=example#'0101'B", "cn=nurse,ou=people,dc=example"}, "uniquemember"),
                                   group("c", {"juliet", "NURSE", "nobody"}, "memberuid")};
  EXPECT_THAT(members(entries, "a"), ElementsAre("juliet")) << "names of entries compare as RFC 4514 has them";
  EXPECT_THAT(members(entries, "b"), ElementsAre("nurse", "romeo"));
  EXPECT_THAT(members(entries, "c"), ElementsAre("juliet", "nurse"));
  EXPECT_EQ(people_.at("cn=juliet,ou=people,dc=example").name, "The juliet");
}

TEST_F(Groups, GroupsInsideGroupsEvenInCircles) {
  const std::vector<Entry> entries{group("outer", {"cn=inner,ou=groups,dc=example", "cn=juliet,ou=people,dc=example"}),
                                   group("inner", {"cn=outer,ou=groups,dc=example", "cn=romeo,ou=people,dc=example", "cn=inner,ou=groups,dc=example"}),
                                   group("other", {"cn=nobody,ou=people,dc=example", "cn=nogroup,ou=groups,dc=example"})};
  EXPECT_THAT(members(entries, "outer"), ElementsAre("juliet", "romeo"));
  EXPECT_THAT(members(entries, "inner"), ElementsAre("juliet", "romeo"));
  EXPECT_THAT(members(entries, "other"), IsEmpty());
}

TEST_F(Groups, WhatIsTooDeepDoesNotCount) {
  std::vector<Entry> entries;
  for (int i = 0; i <= deepest_nesting + 1; ++i) {
    entries.push_back(group("g" + std::to_string(i), {"cn=g" + std::to_string(i + 1) + ",ou=groups,dc=example"}));
  }
  entries.push_back(group("g" + std::to_string(deepest_nesting + 2), {"cn=juliet,ou=people,dc=example"}));
  EXPECT_THAT(members(entries, "g0"), IsEmpty());
  EXPECT_THAT(members(entries, "g2"), ElementsAre("juliet"));
}

TEST_F(Groups, WhoIsDisabledOrNotOneIsNoMember) {
  has({"cn=tybalt,ou=people,dc=example", Attributes{{"uid", {"tybalt"}}, {"pwdaccountlockedtime", {"000001010000Z"}}}, {}});
  has({"cn=nurse2,ou=people,dc=example", Attributes{{"uid", {"nurse"}}}, {}});
  const std::vector<Entry> entries{
      group("a", {"cn=tybalt,ou=people,dc=example", "cn=nurse,ou=people,dc=example", "cn=nurse2,ou=people,dc=example", "cn=juliet,ou=people,dc=example"}),
      group("b", {"nurse", "juliet"}, "memberuid")};
  EXPECT_THAT(members(entries, "a"), ElementsAre("juliet")) << "an account that two entries have is nobody's";
  EXPECT_THAT(members(entries, "b"), ElementsAre("juliet"));
}

TEST_F(Groups, ANameOfTwoGroupsIsNobodys) {
  std::vector<Entry> entries{group("ops", {"cn=juliet,ou=people,dc=example"}), group("staff", {"cn=romeo,ou=people,dc=example"})};
  Entry second = group("OPS", {"cn=romeo,ou=people,dc=example"});
  second.dn = "cn=OPS,ou=elsewhere,dc=example";
  entries.push_back(second);
  const auto groups = resolve_groups(groups_, entries, people_);
  ASSERT_EQ(groups->size(), 1U);
  EXPECT_EQ(groups->front().name, "staff");
}

TEST_F(Groups, NamesThatCannotBeShown) {
  groups_.display = "description";
  std::vector<Entry> entries{group("a\x01", {}), group("\xff", {}), group("", {}), group("good", {})};
  entries[3].attributes["description"] = {std::string("bad\0text", 8)};
  const auto groups = resolve_groups(groups_, entries, people_);
  ASSERT_EQ(groups->size(), 1U);
  EXPECT_EQ(groups->front().display, "good");
  has({"cn=juliet,ou=people,dc=example", Attributes{{"uid", {"juliet"}}, {"displayname", {"J\x02"}}, {"cn", {"Juliet"}}}, {}});
  EXPECT_EQ(people_.at("cn=juliet,ou=people,dc=example").name, "Juliet");
}

TEST_F(Groups, WhichAreOnRosters) {
  groups_.roster_groups = {"Staff", "team-*"};
  EXPECT_TRUE(groups_.is_on_rosters("staff"));
  EXPECT_TRUE(groups_.is_on_rosters("Team-Rome"));
  EXPECT_FALSE(groups_.is_on_rosters("staffers"));
  EXPECT_FALSE(groups_.is_on_rosters("team"));
}
