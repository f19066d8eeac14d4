// RFC 6121 section 2.6.3: a client is told the changes since its version only where all of them are known.
#include "core/roster.h"

#include <gtest/gtest.h>

namespace aldis {
namespace {

BareJid contact(std::uint64_t i) { return *BareJid::parse("c" + std::to_string(i) + "@capulet.example"); }

TEST(Roster, ForgottenRemovalsAskForTheWholeRoster) {
  Roster roster;
  for (std::uint64_t i = 1; i <= RosterData::max_removals; ++i) {
    roster.remove(contact(i), i);
  }
  EXPECT_TRUE(roster.knows_changes_since(0));
  roster.remove(contact(1000), RosterData::max_removals + 1);  // the first one is forgotten
  EXPECT_FALSE(roster.knows_changes_since(0));
  EXPECT_TRUE(roster.knows_changes_since(1));
  EXPECT_FALSE(roster.knows_changes_since(RosterData::max_removals + 2));  // a version that never was
}

TEST(Roster, TheStoresWordIsKept) {
  RosterData data;
  data.version = 50;
  data.removals_complete_since = 20;
  const Roster roster(std::move(data));
  EXPECT_FALSE(roster.knows_changes_since(19));
  EXPECT_TRUE(roster.knows_changes_since(20));
}

}  // namespace
}  // namespace aldis
