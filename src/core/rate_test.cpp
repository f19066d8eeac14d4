// Rates (security E05): an allowance by itself, and floods of sessions, of an account, of a shard and of copies in scenes.
#include "core/rate.h"

#include "tests/support/verona.h"

namespace aldis::test {
namespace {

using std::chrono::milliseconds;

CoreConfig slow(std::uint64_t session, std::uint64_t account, std::uint64_t shard) {
  CoreConfig config;
  config.rate = Bytes{session};
  config.account_rate = Bytes{account};
  config.shard_rate = Bytes{shard};
  config.rate_burst = config.account_rate_burst = config.shard_rate_burst = Bytes{64 * 1024};
  return config;
}

SceneOptions with(const CoreConfig& config) {
  SceneOptions options;
  options.core = config;
  return options;
}

// About 250 bytes each.
std::string flood(std::size_t messages) {
  std::string all;
  for (std::size_t i = 0; i < messages; ++i) all += to_juliet("<body>" + std::string(180, 'f') + "</body>");
  return all;
}

TEST(Allowance, StartsFullIsSpentAndRefilled) {
  Allowance allowance;
  const Rate rate{1000, 4000};
  Monotonic now{std::chrono::hours(1)};
  EXPECT_FALSE(allowance.take(1000)) << "a new one asks the clock once";
  EXPECT_EQ(allowance.settle(rate, now).count(), 0);
  EXPECT_TRUE(allowance.take(1000));
  EXPECT_FALSE(allowance.is_quiet(rate)) << "exactly half is left";
  EXPECT_TRUE(allowance.take(2000));
  EXPECT_FALSE(allowance.take(500));
  EXPECT_EQ(allowance.settle(rate, now).count(), 501);
  now += milliseconds(501);
  EXPECT_EQ(allowance.settle(rate, now).count(), 0);
  now += std::chrono::hours(1);
  EXPECT_EQ(allowance.settle(rate, now).count(), 0);
  EXPECT_TRUE(allowance.is_quiet(rate));
  EXPECT_TRUE(allowance.take(4000)) << "no more than the burst is saved up";
  EXPECT_FALSE(allowance.take(1));
  EXPECT_FALSE(allowance.take(4000));
  EXPECT_EQ(allowance.settle(rate, now).count(), 4002);
  EXPECT_TRUE(allowance.is_exhausted(rate));
  EXPECT_EQ(allowance.settle({0, 4000}, now).count(), 0) << "0: no limit";
}

TEST(Allowance, ASpentShardHoldsFloodsFirstAndEverybodyWhenItsDebtIsLarge) {
  const CoreConfig config = slow(1024, 0, 1024);
  const Monotonic now{std::chrono::hours(1)};
  Allowance quiet;
  Allowance busy;
  Allowance account;
  Allowance shard;
  EXPECT_EQ(time_to_wait(config, session_rate(config, false), quiet, account, shard, now).count(), 0);
  static_cast<void>(busy.take(40 * 1024));
  static_cast<void>(shard.take(70 * 1024));
  EXPECT_GT(time_to_wait(config, session_rate(config, false), busy, account, shard, now).count(), 5000);
  EXPECT_EQ(time_to_wait(config, session_rate(config, false), quiet, account, shard, now).count(), 0);
  static_cast<void>(shard.take(64 * 1024));
  EXPECT_GT(time_to_wait(config, session_rate(config, false), quiet, account, shard, now).count(), 0);
  EXPECT_LE(time_to_wait(config, session_rate(config, false), quiet, account, shard, now).count(), 10'000);
}

TEST(Allowance, WhenMemoryIsShortNobodyIsFastWhateverIsConfigured) {
  CoreConfig config;
  config.rate = Bytes{0};
  config.rate_burst = Bytes{1 << 30};
  const Rate tight = session_rate(config, true);
  EXPECT_EQ(tight.bytes_a_second, rate_when_memory_is_short.bytes_a_second);
  EXPECT_EQ(tight.burst, rate_when_memory_is_short.burst);
  const Monotonic now{std::chrono::hours(1)};
  Allowance rich;
  static_cast<void>(rich.settle(session_rate(config, false), now));
  EXPECT_TRUE(rich.take(1 << 20));
  static_cast<void>(rich.settle(tight, now));
  EXPECT_FALSE(rich.take(tight.burst + 1)) << "what it had saved is gone";
  config.rate = Bytes{1024};
  EXPECT_EQ(session_rate(config, true).bytes_a_second, 1024U);
}

void is_quick(Verona& verona) {
  verona.nurse.sends("<message to='juliet@capulet.example/balcony' type='chat' id='quick'><body>x</body></message>");
  verona.juliet.receives_among({"id='quick'"});
}

TEST(Rates, SessionsOfAnAccountShareOne) {
  Verona verona(with(slow(0, 1024, 0)));
  Client& first = verona.mallory();
  Client& second = verona.scene.login("mallory@capulet.example/y");
  first.sends(flood(200));   // 50 KB: within the account's burst
  EXPECT_EQ(verona.juliet.waiting(), 200U);
  second.sends(flood(200));
  EXPECT_LT(verona.juliet.waiting(), 300U) << "the other session has used up most of it";
  is_quick(verona);
  verona.scene.advance(std::chrono::seconds(240));
  EXPECT_EQ(verona.juliet.waiting(), 400U) << "slower, and nothing lost";
  verona.juliet.ignores_the_rest();
  verona.goes_on();
}

TEST(Rates, AShardHoldsTheFloodsBackAndNotTheQuiet) {
  Verona verona(with(slow(32 * 1024, 0, 4 * 1024)));
  std::vector<Client*> floods;
  for (int i = 0; i < 4; ++i) {
    floods.push_back(&verona.scene.login("mallory" + std::to_string(i) + "@montague.example/x"));
  }
  for (Client* each : floods) each->sends(flood(200));  // each within its own burst: 50 of 64 KB
  EXPECT_LT(verona.juliet.waiting(), 700U);
  is_quick(verona);
  verona.scene.advance(std::chrono::seconds(240));
  EXPECT_EQ(verona.juliet.waiting(), 800U) << "slower, and nothing lost";
  verona.juliet.ignores_the_rest();
  verona.goes_on();
}

TEST(Rates, ShortStanzasCountAsWork) {
  Verona verona(with(slow(1024, 0, 0)));
  Client& mallory = verona.mallory();
  std::string many;
  for (int i = 0; i < 2000; ++i) many += "<iq type='get' id='1'><p/></iq>";  // 62 KB in all
  mallory.sends(many);
  EXPECT_LE(mallory.waiting(), 64U * 1024U / least_stanza_cost + 1);
  mallory.ignores_the_rest();
  verona.goes_on();
  verona.scene.leaves_the_rest_unread();
}

TEST(Rates, PresenceToManyContactsIsPaidForEach) {  // E11
  SceneOptions options = with(slow(4 * 1024, 0, 0));
  Verona verona(std::move(options));
  verona.scene.are_contacts("mallory@capulet.example", "lady@capulet.example");
  for (int i = 0; i < 300; ++i) {
    verona.scene.are_contacts("mallory@capulet.example", "contact" + std::to_string(i) + "@montague.example");
  }
  Client& lady = verona.scene.login("lady@capulet.example/hall");
  lady.comes_online();
  Client& mallory = verona.mallory();
  mallory.comes_online();
  lady.ignores_the_rest();
  std::string presences;
  for (int i = 0; i < 100; ++i) presences += "<presence><status>s</status></presence>";   // 4 KB as sent, megabytes as told
  mallory.sends(presences);
  EXPECT_GE(lady.waiting(), 1U);
  EXPECT_LT(lady.waiting(), 10U) << "64 KB are three or four broadcasts to 301 contacts";
  is_quick(verona);
  verona.scene.advance(std::chrono::seconds(1000));
  EXPECT_EQ(lady.waiting(), 100U) << "slower, and nothing lost";
  lady.ignores_the_rest();
  mallory.ignores_the_rest();
  verona.goes_on();
}

}  // namespace
}  // namespace aldis::test
