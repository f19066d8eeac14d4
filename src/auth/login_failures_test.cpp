// Counters of failed logins: limits, windows, restarts, and what strangers can make them hold (security S07, E06, R12).
#include "auth/login_failures.h"

#include <gtest/gtest.h>

#include "storage/memory/memory_stores.h"
#include "tests/support/failing_stores.h"
#include "tests/support/loop_executor.h"
#include "tests/support/manual_clock.h"

namespace aldis {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

AuthConfig small_limits() {
  AuthConfig config;
  config.failures_per_pair = 3;
  config.failures_per_source = 5;
  config.failures_per_account = 7;
  return config;
}

class Counters : public testing::Test {
 protected:
  // One try; whether it was admitted.
  bool fails(std::string account, std::string source, bool is_known = true) {
    auto attempt = loop.run(counters->admit(std::move(account), std::move(source)));
    if (!attempt) {
      return false;
    }
    loop.run(keep(counters->failed(std::move(*attempt), is_known)));
    return true;
  }
  bool succeeds(std::string account, std::string source) {
    auto attempt = loop.run(counters->admit(std::move(account), std::move(source)));
    if (!attempt) {
      return false;
    }
    loop.run(keep(counters->succeeded(std::move(*attempt))));
    return true;
  }
  bool is_admitted(std::string account, std::string source) {
    return loop.run(counters->admit(std::move(account), std::move(source))).has_value();
  }
  void restart() {
    counters = std::make_unique<LoginFailureCounters>(config, failing.stores().login_failures, clock);
    ASSERT_TRUE(loop.run(counters->load()));
  }
  static Task<bool> keep(Task<void> task) {
    co_await std::move(task);
    co_return true;
  }

  AuthConfig config = small_limits();
  testing_support::LoopExecutor loop;
  test::ManualClock clock;
  MemoryStores memory{MemoryStores::Answers::later};
  testing_support::FailingStores failing{memory.stores(), {}};
  std::unique_ptr<LoginFailureCounters> counters =
      std::make_unique<LoginFailureCounters>(config, failing.stores().login_failures, clock);
};

TEST_F(Counters, PairIsLockedAtItsLimitAndOthersAreNot) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(fails("alice@d", "192.0.2.1"));
  }
  EXPECT_FALSE(is_admitted("alice@d", "192.0.2.1"));
  EXPECT_TRUE(is_admitted("alice@d", "192.0.2.2"));
  EXPECT_TRUE(is_admitted("bob@d", "192.0.2.1"));
}

TEST_F(Counters, SourceIsLockedAtItsLimit) {
  for (const auto* account : {"a@d", "b@d", "c@d", "d@d", "e@d"}) {
    EXPECT_TRUE(fails(account, "192.0.2.1"));
  }
  EXPECT_FALSE(is_admitted("f@d", "192.0.2.1"));
  EXPECT_TRUE(is_admitted("f@d", "192.0.2.2"));
}

TEST_F(Counters, AccountIsLockedAtItsLimit) {
  for (int i = 0; i < 7; ++i) {
    EXPECT_TRUE(fails("alice@d", "192.0.2." + std::to_string(i)));
  }
  EXPECT_FALSE(is_admitted("alice@d", "198.51.100.1"));
  EXPECT_TRUE(is_admitted("bob@d", "198.51.100.1"));
}

TEST_F(Counters, SuccessClearsThePairOnly) {
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(fails("alice@d", "192.0.2.1"));
  }
  EXPECT_TRUE(succeeds("alice@d", "192.0.2.1"));
  const auto stored = loop.run(memory.stores().login_failures.load_all());
  EXPECT_FALSE(stored->contains("pair:alice@d 192.0.2.1"));
  EXPECT_TRUE(stored->contains("account:alice@d"));
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(fails("alice@d", "192.0.2.1")) << i;
  }
  EXPECT_FALSE(is_admitted("bob@d", "192.0.2.1")) << "five failures of this source stand";
  restart();
  EXPECT_FALSE(is_admitted("bob@d", "192.0.2.1"));
}

TEST_F(Counters, WindowAndLockoutEnd) {
  EXPECT_TRUE(fails("alice@d", "192.0.2.1"));
  EXPECT_TRUE(fails("alice@d", "192.0.2.1"));
  clock.advance(minutes(15));
  EXPECT_TRUE(fails("alice@d", "192.0.2.1")) << "the window is over: this is a first failure again";
  EXPECT_TRUE(fails("alice@d", "192.0.2.1"));
  clock.advance(minutes(14));
  EXPECT_TRUE(fails("alice@d", "192.0.2.1"));
  clock.advance(minutes(14));
  EXPECT_FALSE(is_admitted("alice@d", "192.0.2.1")) << "a lockout counts from the last failure";
  clock.advance(minutes(1));
  EXPECT_TRUE(is_admitted("alice@d", "192.0.2.1"));
}

TEST_F(Counters, RefusalsDoNotProlongALockout) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(fails("alice@d", "192.0.2.1"));
  }
  for (int i = 0; i < 15; ++i) {
    EXPECT_FALSE(is_admitted("alice@d", "192.0.2.1"));
    clock.advance(minutes(1));
  }
  EXPECT_TRUE(is_admitted("alice@d", "192.0.2.1"));
}

TEST_F(Counters, RestartForgivesNothing) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(fails("alice@d", "192.0.2.1"));
  }
  clock.advance(minutes(5));
  restart();
  EXPECT_FALSE(is_admitted("alice@d", "192.0.2.1"));
  clock.advance(minutes(10));
  EXPECT_TRUE(is_admitted("alice@d", "192.0.2.1"));
  restart();
  EXPECT_EQ(counters->size(), 0U) << "what is over is not loaded";
  EXPECT_TRUE(loop.run(memory.stores().login_failures.load_all())->empty()) << "and no longer stored";
}

TEST_F(Counters, FailureIsStoredBeforeItIsAnswered) {
  EXPECT_TRUE(fails("alice@d", "192.0.2.1"));
  const auto stored = loop.run(memory.stores().login_failures.load_all());
  EXPECT_EQ(stored->size(), 3U);
  EXPECT_EQ(stored->at("pair:alice@d 192.0.2.1").count, 1U);
  EXPECT_EQ(stored->at("account:alice@d").count, 1U);
  EXPECT_EQ(stored->at("source:192.0.2.1").last, clock.wall());
}

TEST_F(Counters, WallClockSetBackLocksNobodyOutForLonger) {  // security R12
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(fails("alice@d", "192.0.2.1"));
  }
  test::ManualClock earlier(clock.wall() - std::chrono::days(365));
  LoginFailureCounters after(config, failing.stores().login_failures, earlier);
  ASSERT_TRUE(loop.run(after.load()));
  EXPECT_FALSE(loop.run(after.admit("alice@d", "192.0.2.1")).has_value());
  earlier.advance(minutes(15));
  EXPECT_TRUE(loop.run(after.admit("alice@d", "192.0.2.1")).has_value());
}

TEST_F(Counters, FailingStoreStillCounts) {
  failing.restart({.nth = 0, .fails_ever_after = true});
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(fails("alice@d", "192.0.2.1"));
  }
  EXPECT_FALSE(is_admitted("alice@d", "192.0.2.1"));
  counters = std::make_unique<LoginFailureCounters>(config, failing.stores().login_failures, clock);
  EXPECT_FALSE(loop.run(counters->load()).has_value());
}

TEST_F(Counters, StrangersAreCountedAlikeButNotStored) {  // security S05, E06
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(fails("nobody@d", "192.0.2.1", false));
  }
  EXPECT_FALSE(is_admitted("nobody@d", "192.0.2.1")) << "as a real account would be";
  EXPECT_EQ(loop.run(memory.stores().login_failures.load_all())->size(), 1U) << "only the source";
}

TEST_F(Counters, TablesAreBounded) {
  config.failure_entries_max = 100;
  counters->configure(config);
  for (int i = 0; i < 500; ++i) {
    EXPECT_TRUE(fails("nobody" + std::to_string(i) + "@d", "2001:db8:0:" + std::to_string(i) + "::1", false));
    EXPECT_TRUE(fails("alice@d" + std::to_string(i), "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250)));
  }
  EXPECT_LE(counters->size(), 400U);
  EXPECT_LE(loop.run(memory.stores().login_failures.load_all())->size(), 300U) << "what is forgotten is not stored either";
}

TEST_F(Counters, InventedNamesDoNotPushOutRealAccounts) {
  config.failure_entries_max = 100;
  counters->configure(config);
  for (int i = 0; i < 7; ++i) {
    EXPECT_TRUE(fails("alice@d", "192.0.2." + std::to_string(i)));
  }
  for (int i = 0; i < 500; ++i) {
    EXPECT_TRUE(fails("nobody" + std::to_string(i) + "@d", "2001:db8:0:" + std::to_string(i) + "::1", false));
  }
  EXPECT_FALSE(is_admitted("alice@d", "198.51.100.1"));
}

TEST_F(Counters, TriesUnderWayHoldTheirPlaces) {
  auto first = loop.run(counters->admit("alice@d", "192.0.2.1"));
  auto second = loop.run(counters->admit("alice@d", "192.0.2.1"));
  auto third = loop.run(counters->admit("alice@d", "192.0.2.1"));
  std::optional<bool> fourth;
  const auto run = [](LoginFailureCounters& all, std::optional<bool>& out) -> Task<void> {
    const auto attempt = co_await all.admit("alice@d", "192.0.2.1");
    out = attempt.has_value();
  };
  loop.post([&] { spawn(run(*counters, fourth)); });
  EXPECT_TRUE(is_admitted("bob@d", "192.0.2.1")) << "others go on";
  EXPECT_FALSE(fourth.has_value()) << "it waits: three may still fail";
  first.reset();  // abandoned: its place is free
  loop.run_until([&] { return fourth.has_value(); });
  EXPECT_TRUE(*fourth);

  fourth.reset();
  first = loop.run(counters->admit("alice@d", "192.0.2.1"));
  loop.post([&] { spawn(run(*counters, fourth)); });
  for (auto* attempt : {&first, &second, &third}) {
    loop.run(keep(counters->failed(std::move(**attempt), true)));
    attempt->reset();
  }
  loop.run_until([&] { return fourth.has_value(); });
  EXPECT_FALSE(*fourth) << "all three failed";
}

TEST_F(Counters, ZeroMeansNoLimit) {
  config.failures_per_pair = config.failures_per_source = config.failures_per_account = 0;
  counters->configure(config);
  for (int i = 0; i < 200; ++i) {
    EXPECT_TRUE(fails("alice@d", "192.0.2.1"));
  }
}

TEST_F(Counters, OperatorForgivesAnAccount) {
  for (int i = 0; i < 7; ++i) {
    EXPECT_TRUE(fails("alice@d", "192.0.2." + std::to_string(i % 3)));
  }
  EXPECT_FALSE(is_admitted("alice@d", "198.51.100.1"));
  ASSERT_TRUE(loop.run(counters->forgive(BareJid::parse("alice@d").value())));
  EXPECT_TRUE(is_admitted("alice@d", "192.0.2.0"));
  restart();
  EXPECT_TRUE(is_admitted("alice@d", "192.0.2.0"));
}

TEST_F(Counters, TellsWhoIsLockedOutNow) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(fails("alice@d", "192.0.2.1"));
    EXPECT_TRUE(fails("stranger@d", "192.0.2.9", false));
  }
  EXPECT_TRUE(fails("bob@d", "192.0.2.1"));
  auto all = counters->lockouts();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_FALSE(all["alice@d"].is_everywhere);
  EXPECT_EQ(all["alice@d"].sources, std::vector<std::string>{"192.0.2.1"});
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(fails("alice@d", "2001:db8:" + std::to_string(i) + "::1"));
  }
  EXPECT_TRUE(counters->lockouts()["alice@d"].is_everywhere);
  restart();
  EXPECT_TRUE(counters->lockouts()["alice@d"].is_everywhere);
  clock.advance(config.lockout);
  EXPECT_TRUE(counters->lockouts().empty());
}

TEST(LoginSource, IsAnAddressOrItsNetwork) {
  EXPECT_EQ(login_source("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(login_source("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(login_source("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(login_source("2001:DB8:1:2::"), "2001:db8:1:2::/64");
  EXPECT_EQ(login_source("fe80::1%eth0"), "fe80::/64");
  EXPECT_EQ(login_source("::1"), "::/64");
  EXPECT_EQ(login_source("unix"), "unix");
  EXPECT_EQ(login_source(""), "");
}

}  // namespace
}  // namespace aldis
