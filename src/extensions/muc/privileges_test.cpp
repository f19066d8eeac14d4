// The tables of XEP-0045 (1.35.5) sections 5.1 and 5.2, cell by cell. They are written down here as the XEP prints them: who may do
// what the cell describes, A: admin or owner, O: owner, M: a moderator, -: nothing happens.
#include "extensions/muc/privileges.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace aldis::muc {
namespace {

constexpr std::array all_affiliations{Affiliation::outcast, Affiliation::none, Affiliation::member, Affiliation::admin, Affiliation::owner};
constexpr std::array all_roles{Role::visitor, Role::participant, Role::moderator};

TEST(Privileges, DefaultRoles) {  // section 5.1.2
  struct Row {
    Affiliation affiliation;
    Role moderated;
    Role unmoderated;
  };
  for (const Row& row : {Row{Affiliation::none, Role::visitor, Role::participant}, Row{Affiliation::member, Role::participant, Role::participant},
                         Row{Affiliation::admin, Role::moderator, Role::moderator}, Row{Affiliation::owner, Role::moderator, Role::moderator},
                         Row{Affiliation::outcast, Role::none, Role::none}}) {
    EXPECT_EQ(default_role(row.affiliation, true), row.moderated);
    EXPECT_EQ(default_role(row.affiliation, false), row.unmoderated);
  }
}

TEST(Privileges, ChangingAffiliations) {  // section 5.2.3
  constexpr std::array table{"-AAOO", "A-AOO", "AA-OO", "OOO-O", "OOOO-"};   // rows: before; columns: after
  for (const Affiliation actor : all_affiliations) {
    for (const Affiliation before : all_affiliations) {
      for (const Affiliation after : all_affiliations) {
        const char cell = table[static_cast<std::size_t>(before)][static_cast<std::size_t>(after)];
        if (cell == '-') {
          continue;
        }
        const bool may = actor == Affiliation::owner || (actor == Affiliation::admin && cell == 'A');
        const auto refusal = refuses_affiliation(actor, before, after, false);
        EXPECT_EQ(!refusal.has_value(), may) << to_string(actor) << ": " << to_string(before) << " to " << to_string(after);
        if (refusal && actor < Affiliation::admin) {
          EXPECT_EQ(*refusal, StanzaCondition::forbidden);
        }
      }
    }
  }
  // Section 9.1.
  EXPECT_EQ(refuses_affiliation(Affiliation::admin, Affiliation::owner, Affiliation::outcast, false), StanzaCondition::not_allowed);
  EXPECT_EQ(refuses_affiliation(Affiliation::admin, Affiliation::admin, Affiliation::outcast, true), StanzaCondition::conflict);
  EXPECT_EQ(refuses_affiliation(Affiliation::owner, Affiliation::owner, Affiliation::outcast, true), StanzaCondition::conflict);
}

// What section 5.1.3's table and the sentences of sections 8.2, 8.4, 9.6 and 9.7 allow, said once more in other words.
bool may_change_role(Standing actor, Standing target, Role wanted) {
  const bool is_admin = actor.affiliation >= Affiliation::admin;
  const bool is_moderator = actor.role == Role::moderator;
  if (wanted == Role::none) {  // kicked by a moderator; a moderator by an admin or owner; nobody by one below him
    return is_moderator && (target.role != Role::moderator || is_admin) && target.affiliation <= actor.affiliation;
  }
  if (wanted == Role::moderator) {  // admin or owner grants moderator status
    return is_admin;
  }
  if (target.role == Role::moderator) {  // admin or owner takes it away, but from no admin or owner
    return is_admin && target.affiliation < Affiliation::admin;
  }
  if (target.role == Role::participant && wanted == Role::visitor) {  // a moderator revokes voice
    return is_moderator && target.affiliation < Affiliation::admin &&
           (target.affiliation == Affiliation::none || target.affiliation < actor.affiliation);
  }
  return is_moderator;  // grants voice
}

TEST(Privileges, ChangingRoles) {  // section 5.1.3
  int cells = 0;
  for (const Affiliation actor_affiliation : {Affiliation::none, Affiliation::member, Affiliation::admin, Affiliation::owner}) {
    for (const Role actor_role : {Role::none, Role::visitor, Role::participant, Role::moderator}) {
      for (const Affiliation affiliation : {Affiliation::none, Affiliation::member, Affiliation::admin, Affiliation::owner}) {
        for (const Role role : all_roles) {
          for (const Role wanted : {Role::none, Role::visitor, Role::participant, Role::moderator}) {
            const Standing actor{actor_affiliation, actor_role};
            const Standing target{affiliation, role};
            EXPECT_EQ(!refuses_role(actor, target, wanted, false).has_value(), may_change_role(actor, target, wanted))
                << to_string(actor_affiliation) << "/" << to_string(actor_role) << ": " << to_string(affiliation) << "/" << to_string(role)
                << " to " << to_string(wanted);
            ++cells;
          }
        }
      }
    }
  }
  EXPECT_EQ(cells, 4 * 4 * 4 * 3 * 4);
  EXPECT_EQ(refuses_role({Affiliation::owner, Role::moderator}, {Affiliation::owner, Role::moderator}, Role::none, true), StanzaCondition::conflict);
  // What the XEP says is answered (sections 8.2, 8.4, 9.7).
  EXPECT_EQ(refuses_role({Affiliation::member, Role::moderator}, {Affiliation::admin, Role::moderator}, Role::none, false), StanzaCondition::not_allowed);
  EXPECT_EQ(refuses_role({Affiliation::admin, Role::moderator}, {Affiliation::owner, Role::moderator}, Role::participant, false), StanzaCondition::not_allowed);
  EXPECT_EQ(refuses_role({Affiliation::none, Role::participant}, {Affiliation::none, Role::participant}, Role::none, false), StanzaCondition::forbidden);
}

TEST(Privileges, ReadingLists) {  // security M01; sections 9.2, 9.5, 9.8, 10.5, 10.8
  const Roles moderators = Roles().with(Role::moderator);
  for (const bool is_non_anonymous : {false, true}) {
    const ListRules rules{is_non_anonymous, moderators};
    for (const Affiliation actor : all_affiliations) {
      for (const Role role : {Role::none, Role::visitor, Role::participant, Role::moderator}) {
        const Standing who{actor, role};
        const bool is_admin = actor >= Affiliation::admin;
        const auto may = [&](Affiliation list) { return !refuses_list(who, list, rules).has_value(); };
        EXPECT_EQ(may(Affiliation::outcast), is_admin);
        EXPECT_EQ(may(Affiliation::owner), is_non_anonymous ? may(Affiliation::member) : actor == Affiliation::owner);
        EXPECT_EQ(may(Affiliation::admin), is_non_anonymous ? may(Affiliation::member) : actor == Affiliation::owner);
        EXPECT_EQ(may(Affiliation::member), is_admin || role == Role::moderator || (is_non_anonymous && actor >= Affiliation::member));
        EXPECT_FALSE(may(Affiliation::none));
        EXPECT_EQ(!refuses_list(who, Role::participant).has_value(), is_admin || role == Role::moderator);
        EXPECT_EQ(!refuses_list(who, Role::moderator).has_value(), is_admin);
      }
    }
  }
}

}  // namespace
}  // namespace aldis::muc
