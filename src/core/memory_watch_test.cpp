// The ladder for memory (security E13), with a reading of the test's own: what happens at each step, and to whom not.
#include "core/memory_watch.h"

#include "base/log.h"
#include "tests/support/verona.h"

namespace aldis::test {
namespace {

class Records final : public log::Sink {
 public:
  Records() { log::set_sink(this); }
  ~Records() override { log::set_sink(nullptr); }
  void write(log::Level, std::string_view event, std::span<const log::Field> fields) override {
    std::string line(event);
    for (const log::Field& field : fields) {
      if (const auto* text = std::get_if<std::string_view>(&field.value)) line += " " + std::string(*text);
    }
    if (line.starts_with("audit-")) lines.push_back(line);
  }
  std::vector<std::string> lines;
};

struct Short {
  Short() {
    SceneOptions options;
    options.lobby.memory_limit = Bytes{1600};
    options.core.rate = Bytes{1024};
    options.core.rate_burst = Bytes{64 * 1024};
    verona.emplace(std::move(options));
    verona->scene.lobby().memory().set_reading([this] { return resident; });
  }
  void reads(std::uint64_t bytes) {
    resident = bytes;
    verona->scene.advance(std::chrono::milliseconds(1000));
  }
  [[nodiscard]] bool admits() { return verona->scene.lobby().admit(*net::PeerAddress::parse("192.0.2.7", 5222)); }
  std::uint64_t resident = 1000;
  Records records;
  std::optional<Verona> verona;
};

TEST(MemoryWatch, StrangersAreRefusedAndUnusedAccountsGo) {
  Short s;
  Scene& scene = s.verona->scene;
  scene.has_account("paris@capulet.example");
  s.verona->nurse.sends("<message to='paris@capulet.example'><body>kept</body></message>");
  const std::size_t accounts = scene.home().account_count();
  s.reads(1600);
  EXPECT_TRUE(s.admits());
  EXPECT_EQ(scene.home().account_count(), accounts) << "not above the limit";
  EXPECT_EQ(s.records.lines.size(), 0U);
  s.reads(1601);
  EXPECT_FALSE(s.admits());
  EXPECT_EQ(scene.home().account_count(), accounts - 1) << "paris, whom nobody uses";
  EXPECT_EQ(s.records.lines, std::vector<std::string>{"audit-low-resource memory strangers-refused"});
  s.reads(1601);
  s.reads(1590);
  EXPECT_TRUE(s.admits());
  EXPECT_EQ(s.records.lines.size(), 1U) << "one record for one shortage";
  s.reads(1400);
  EXPECT_EQ(s.records.lines.back(), "audit-resource-recovered memory");
  s.verona->goes_on();
  Client& paris = scene.login("paris@capulet.example/hall");  // and nothing of his was lost
  paris.comes_online();
  paris.receives("kept");
}

// Half of it is not used yet, and a fast flood fills the rest within a second.
TEST(MemoryWatch, WhereLittleIsLeftItIsLookedAtOften) {
  Short s;
  s.reads(100);
  s.resident = 1900;
  s.verona->scene.advance(std::chrono::milliseconds(99));
  EXPECT_EQ(s.records.lines.size(), 0U);
  s.verona->scene.advance(std::chrono::milliseconds(1));
  EXPECT_EQ(s.records.lines, std::vector<std::string>{"audit-low-resource memory floods-held"});
  s.resident = 2000;
  s.verona->scene.advance(std::chrono::milliseconds(25));
  EXPECT_EQ(s.records.lines.back(), "audit-low-resource memory queues-given-up");
}

TEST(MemoryWatch, FloodsAreHeldBackAndOthersGoOn) {
  Short s;
  Client& mallory = s.verona->mallory();
  mallory.sends(to_juliet("<body>" + std::string(40'000, 'f') + "</body>"));
  s.verona->juliet.receives("fff");
  s.reads(1801);
  EXPECT_EQ(s.records.lines, std::vector<std::string>{"audit-low-resource memory floods-held"});
  mallory.sends(to_juliet("<body>more</body>", " id='held'"));
  s.verona->goes_on();  // juliet has seen nothing of mallory
  s.reads(1801);
  s.verona->goes_on();
  s.reads(1000);
  s.verona->scene.advance(std::chrono::milliseconds(1000));
  s.verona->juliet.receives("id='held'");
  s.verona->goes_on();
}

TEST(MemoryWatch, NobodyIsHeldBackForEver) {
  Short s;
  Client& mallory = s.verona->mallory();
  mallory.sends(to_juliet("<body>" + std::string(40'000, 'f') + "</body>"));
  s.verona->juliet.receives("fff");
  s.reads(1801);
  mallory.sends(to_juliet("<body>more</body>", " id='held'"));
  for (int i = 0; i < 12; ++i) s.reads(1801);  // its allowance grows meanwhile, and it is no flood any more
  s.verona->juliet.receives("id='held'");
  s.verona->goes_on();
}

TEST(MemoryWatch, WhoDoesNotReadIsHeldBackToo) {
  Short s;
  Client& mallory = s.verona->mallory();
  mallory.stops_reading();
  s.verona->nurse.sends("<message to='mallory@capulet.example/x'><body>" + std::string(30'000, 'a') + "</body></message>");
  for (int i = 0; i < 3; ++i) {
    s.verona->scene.login("guest" + std::to_string(i) + "@montague.example/g")
        .sends("<message to='mallory@capulet.example/x'><body>" + std::string(30'000, 'a') + "</body></message>");
  }
  s.reads(1801);
  mallory.sends(to_juliet("<body>more</body>", " id='held'"));
  s.verona->goes_on();
  static_cast<void>(mallory.reads_again());
  s.reads(1000);
  s.verona->scene.advance(std::chrono::milliseconds(1000));
  s.verona->juliet.receives("id='held'");
  s.verona->scene.leaves_the_rest_unread();
}

TEST(MemoryWatch, WhoseQueueHoldsMostEndsWhenNothingElseHelpsAndWhatItMissedIsKept) {
  Short s;
  Scene& scene = s.verona->scene;
  Client& mallory = s.verona->mallory();
  mallory.stops_reading();
  std::vector<Client*> guests;
  for (int i = 0; i < 4; ++i) {
    guests.push_back(&scene.login("guest" + std::to_string(i) + "@montague.example/g"));
    guests.back()->sends("<message to='mallory@capulet.example/x' type='chat'><body>number " + std::to_string(i) + std::string(30'000, 'a') + "</body></message>");
  }
  s.reads(1801);
  EXPECT_EQ(scene.home().find_account(*Jid::parse("mallory@capulet.example"))->sessions().size(), 1U) << "not yet";
  s.reads(1921);
  EXPECT_EQ(s.records.lines.back(), "audit-session-given-up mallory@capulet.example/x memory is short");
  s.verona->goes_on();  // juliet and the nurse hold little: they stay
  s.reads(1000);
  scene.advance(std::chrono::milliseconds(1000));
  for (Client* guest : guests) guest->receives_nothing();
  Client& again = scene.login("mallory@capulet.example/y");
  again.comes_online();
  scene.advance(std::chrono::seconds(5));  // kept messages are handed over at the client's pace
  for (int i = 0; i < 4; ++i) again.receives("number " + std::to_string(i));
  scene.leaves_the_rest_unread();
}

TEST(MemoryWatch, ALimitComesAndGoesByAReload) {
  Short s;
  LobbyConfig none;
  s.reads(1601);
  EXPECT_FALSE(s.admits());
  s.verona->scene.lobby().configure(none);
  EXPECT_TRUE(s.admits());
  EXPECT_EQ(s.records.lines.back(), "audit-resource-recovered memory");
  s.reads(5000);
  EXPECT_TRUE(s.admits());
  LobbyConfig tight;
  tight.memory_limit = Bytes{100};
  s.verona->scene.lobby().configure(tight);
  s.reads(5000);
  EXPECT_FALSE(s.admits());
  s.verona->goes_on();
}

}  // namespace
}  // namespace aldis::test
