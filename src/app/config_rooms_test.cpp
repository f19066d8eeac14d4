// Tests of [[room]] in a configuration: what is refused, with its place, and that it is shown, compared and reloaded as other lists are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config.h"
#include "app/config_text.h"
#include "app/directory_entries.h"
#include "app/extensions.h"
#include "app/reload.h"
#include "extensions/muc/room_options.h"

namespace aldis::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string base = "[[listener]]\n[[domain]]\nname = \"a.example\"\n[[domain]]\nname = \"rooms.a.example\"\nserves = \"rooms\"\n";   // lines 1 to 6

Config config_of(const std::string& text) {
  auto config = parse_config(text, "aldis.toml", config_schema());
  EXPECT_TRUE(config) << message(config.error().front(), text);
  return std::move(*config);
}

std::vector<std::string> problems(const std::string& text) {
  const auto config = parse_config(base + text, "aldis.toml", config_schema());
  std::vector<std::string> out;
  for (const ConfigProblem& problem : config ? ConfigProblems() : config.error()) {
    out.push_back(message(problem, "aldis.toml"));
  }
  return out;
}
std::string room(const std::string& lines, const std::string& address = "Ops@rooms.a.example") { return "[[room]]\naddress = \"" + address + "\"\n" + lines; }

TEST(ConfigRooms, AnAddressIsPreparedAndSaidOnce) {
  const Config config = config_of(base + room("public = \"yes\"\nhistory = 7\nowners = [\"x@a.example\"]\noutcasts = [\"verona.example\"]\n"));
  ASSERT_EQ(config.rooms.size(), 1U);
  const auto& options = config.rooms[0].as<muc::RoomOptions>();
  EXPECT_EQ(options.address, "ops@rooms.a.example");
  EXPECT_EQ(options.is_public, muc::Setting::yes);
  EXPECT_EQ(options.moderated, muc::Setting::owners);
  EXPECT_THAT(problems(room("") + room("", "ops@ROOMS.a.example")), ElementsAre("aldis.toml:10:11: [[room]] \"ops@rooms.a.example\" is already there"));
}

TEST(ConfigRooms, AnAddressIsOfAServiceThatIsHere) {
  EXPECT_THAT(problems("[[room]]\n"), ElementsAre(HasSubstr("7:1: [[room]] needs an address")));
  EXPECT_THAT(problems(room("", "rooms.a.example")), ElementsAre(HasSubstr("8:11: [[room]] address \"rooms.a.example\" is no room's address")));
  EXPECT_THAT(problems(room("", "x@rooms.a.example/nick")), ElementsAre(HasSubstr("is no room's address")));
  EXPECT_THAT(problems(room("", "x@a.example")), ElementsAre(HasSubstr("8:11: [[room]] address \"x@a.example\": \"a.example\" is no [[domain]] here with serves = \"rooms\"")));
  EXPECT_THAT(problems(room("", "x@elsewhere.example")), ElementsAre(HasSubstr("\"elsewhere.example\" is no [[domain]] here")));
  EXPECT_THAT(problems("disable = [\"muc\"]\n" + room("")), ElementsAre(HasSubstr("has the extension \"muc\" disabled")));
}

TEST(ConfigRooms, ListsDoNotContradictEachOther) {
  EXPECT_THAT(problems(room("owners = [\"x@a.example\"]\nmembers = [\"X@a.example\"]\n")),
              ElementsAre(HasSubstr("10:11: [[room]] members: \"x@a.example\" is in owners already")));
  EXPECT_THAT(problems(room("admins = [\"x@a.example\", \"x@a.example\"]\n")), ElementsAre(HasSubstr("is in admins already")));
  EXPECT_THAT(problems(room("owners = [\"a.example\"]\n")), ElementsAre(HasSubstr("[[room]] owners: \"a.example\" is no person's address")));
  EXPECT_THAT(problems(room("outcasts = [\"@\"]\n")), ElementsAre(HasSubstr("is no person's address and no domain")));
  EXPECT_THAT(problems(room("members = [\"x@a.example/home\"]\n")), ElementsAre(HasSubstr("is no person's address")));
}

TEST(ConfigRooms, SettingsAreWithinTheServicesLimits) {
  EXPECT_THAT(problems("[domain.extension.muc]\nhistory = 50\noccupants = 10\n" + room("history = 51\noccupants = 11\n")),
              ElementsAre(HasSubstr("[[room]] history is more than [domain.extension.muc] history of its domain, 50"), HasSubstr("occupants of its domain, 10")));
  EXPECT_THAT(problems(room("public = true\n")), ElementsAre(HasSubstr("public must be one of \"owners\", \"yes\", \"no\"")));
  EXPECT_THAT(problems(room("name = \"two\\nlines\"\ndescription = \"\\u0001\"\nlanguage = \"\\uFFFE\"\n")),
              ElementsAre(HasSubstr("name must be one line"), HasSubstr("description must be one line"), HasSubstr("language must be one line")));
  EXPECT_THAT(problems(room("owner_groups = [\"ops\"]\nmember_groups = [\"ops@a.example\"]\n")),
              ElementsAre(HasSubstr("owner_groups: \"ops\" is not \"group@domain\""), HasSubstr("a.example is no domain here whose directory has groups")));
}

TEST(ConfigRooms, IsShownComparedAndExported) {
  const Config one = config_of(base + room("name = \"Ops\"\npublic = \"no\"\nowners = [\"x@a.example\"]\n") + room("", "tea@rooms.a.example"));
  for (const bool is_whole : {false, true}) {
    const std::string text = config_toml(one, config_schema(), is_whole);
    EXPECT_THAT(differences(one, config_of(text), config_schema()), IsEmpty()) << text;
  }
  const Config other = config_of(base + room("", "tea@rooms.a.example") + room("name = \"Ops\"\nmoderated = \"yes\"\nowners = [\"x@a.example\"]\n") + room("", "new@rooms.a.example"));
  std::vector<std::string> lines;
  for (const ConfigDifference& each : differences(one, other, config_schema())) {
    lines.push_back(to_text(each));
  }
  EXPECT_THAT(lines, ElementsAre("[[room]] ops@rooms.a.example public: \"no\" -> \"owners\"", "[[room]] ops@rooms.a.example moderated: \"owners\" -> \"yes\"",
                                 "[[room]] new@rooms.a.example: added"));
  const Config turned = config_of(base + room("", "tea@rooms.a.example") + room("name = \"Ops\"\npublic = \"no\"\nowners = [\"x@a.example\"]\n"));
  EXPECT_THAT(differences(one, turned, config_schema()), IsEmpty()) << "their order means nothing";
  const auto ldif = entries_ldif(one, config_schema(), {"cn=aldis,dc=example", ""});
  ASSERT_TRUE(ldif);
  EXPECT_THAT(*ldif, HasSubstr("dn: cn=ops@rooms.a.example,cn=rooms,cn=common,cn=aldis,dc=example\nobjectClass: aldisRoom\n"));
  EXPECT_THAT(*ldif, HasSubstr("aldisRoomPublic: no\n"));
}

TEST(ConfigRooms, AreAppliedByAReload) {
  const Config one = config_of(base + room(""));
  const Config other = config_of(base + room("name = \"Ops\"\n"));
  EXPECT_THAT(merge(one, one, config_schema()).report.applied, IsEmpty());
  const MergedConfig merged = merge(one, other, config_schema());
  EXPECT_THAT(merged.report.applied, ElementsAre("[[room]]"));
  EXPECT_THAT(merged.report.need_restart, IsEmpty());
  EXPECT_EQ(merged.config.rooms.at(0).as<muc::RoomOptions>().name, "Ops");
}

TEST(ConfigRooms, ThousandsAreReadAndComparedInNoTime) {
  std::string text;
  for (int i = 0; i < 5000; ++i) {
    text += room("", "room" + std::to_string(i) + "@rooms.a.example");
  }
  const Config config = config_of(base + text);
  EXPECT_EQ(config.rooms.size(), 5000U);
  EXPECT_THAT(differences(config, config, config_schema()), IsEmpty());
}

}  // namespace
}  // namespace aldis::app
