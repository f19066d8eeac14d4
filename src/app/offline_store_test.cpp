// Operators' commands on the store of a server that is stopped: rooms where the configuration has rooms, accounts where it has those.
#include "app/offline_store.h"

#include <gtest/gtest.h>

#include <fstream>

#include "app/extensions.h"
#include "tests/support/temporary_folder.h"

namespace aldis::app {
namespace {

TEST(OfflineStore, HasTheRoomsOfTheConfiguration) {
  const testing_support::TemporaryFolder folder(testing_support::TemporaryFolder::On::memory);
  const std::string text = "[server]\ndata_dir = \"" + folder.path().string() + "\"\n[[listener]]\n[[domain]]\nname = \"shakespeare.lit\"\n"
                           "[[domain]]\nname = \"chat.shakespeare.lit\"\nserves = \"rooms\"\n";
  const auto config = parse_config(text, (folder.path() / "aldis.toml").string(), config_schema());
  ASSERT_TRUE(config) << message(config.error().front(), "");
  const BareJid coven = BareJid::parse("coven@chat.shakespeare.lit").value();
  const BareJid crone = BareJid::parse("crone1@shakespeare.lit").value();
  bool has_run = false;
  const auto work = [&](admin::AdminTarget& target) -> Task<void> {
    const Result<void> made = co_await target.create_room(coven, crone);
    EXPECT_TRUE(made) << made.error().what;
    const auto found = co_await target.find_room(coven);
    EXPECT_TRUE(found.has_value());
    const Result<void> elsewhere = co_await target.create_room(BareJid::parse("coven@shakespeare.lit").value(), crone);
    EXPECT_FALSE(elsewhere.has_value());
    const Result<void> account = co_await target.create_account(BareJid::parse("juliet@chat.shakespeare.lit").value(), SecretBytes(std::string_view("a long secret")));
    EXPECT_FALSE(account.has_value()) << "nobody has an account there";
    has_run = true;
  };
  const Result<void> opened = on_offline_store(*config, work);
  ASSERT_TRUE(opened) << opened.error().what;
  EXPECT_TRUE(has_run);
}

}  // namespace
}  // namespace aldis::app
