// Tests of Shard: order of posts, wakes, timers, turn ends, watches; across threads under ThreadSanitizer.
#include "runtime/shard.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <random>

#include "runtime/own_timers.h"
#include "runtime/task.h"
#include "tests/support/manual_clock.h"

namespace aldis {
namespace {

using namespace std::chrono_literals;

struct Scene {
  test::ManualClock clock;
  Shard shard{clock, {.scene = true}};
};

// A shard with its own thread, stopped at the end of the test.
class Running {
 public:
  Running() : thread_([this] { shard.run(); }) {}
  ~Running() {
    shard.stop();
    thread_.join();
  }
  SystemClock clock;
  Shard shard{clock};

 private:
  std::thread thread_;
};

template <class F>
bool soon(F holds) {
  for (int i = 0; i < 2000 && !holds(); ++i) {
    std::this_thread::sleep_for(1ms);
  }
  return holds();
}

TEST(Shard, PostedWorkRunsInOrderAndNeverInsidePost) {
  Scene scene;
  std::string order;
  scene.shard.post([&] {
    order += "a";
    scene.shard.post([&] { order += "c"; });
    order += "b";
  });
  EXPECT_EQ(order, "");
  EXPECT_TRUE(scene.shard.run_ready());
  EXPECT_EQ(order, "abc");
  EXPECT_FALSE(scene.shard.run_ready());
}

// A thread that is held up between asking and waiting would find a later answer there at once, while earlier ones are
// still posted: after() waits first.
TEST(Completion, AnswersToAfterComeInTheOrderTheyWereGiven) {
  Scene scene;
  std::string order;
  const auto ask = [&order](char name) -> Task<void> {
    const Completion<char> answer;
    order += co_await answer.after([&] { std::thread([&] { answer.complete(name); }).join(); });
  };
  scene.shard.post([&] {
    spawn(ask('a'));
    spawn(ask('b'));
    EXPECT_EQ(order, "");
  });
  while (scene.shard.run_ready()) {
  }
  EXPECT_EQ(order, "ab");
}

TEST(Shard, WorkRunsWithItsExecutorCurrent) {
  Scene scene;
  Executor* seen = nullptr;
  scene.shard.post([&] { seen = Executor::current(); });
  scene.shard.run_ready();
  EXPECT_EQ(seen, &scene.shard);
  EXPECT_EQ(Executor::current(), nullptr);
}

TEST(Shard, PostsFromManyThreadsKeepEachThreadsOrder) {
  constexpr int threads = 4;
  constexpr int each = 5000;
  std::array<int, threads> last{};
  std::atomic<int> done{0};
  bool in_order = true;
  {
    Running running;
    std::vector<std::thread> posters;
    for (std::size_t t = 0; t < threads; ++t) {
      posters.emplace_back([&, t] {
        for (int i = 1; i <= each; ++i) {
          running.shard.post([&, t, i] {
            in_order = in_order && last[t] == i - 1;
            last[t] = i;
            done.fetch_add(1);
          });
        }
      });
    }
    for (auto& poster : posters) {
      poster.join();
    }
    EXPECT_TRUE(soon([&] { return done.load() == threads * each; }));
  }
  EXPECT_TRUE(in_order);
  EXPECT_EQ(last[0], each);
}

TEST(Shard, ABurstOfPostsWakesOnce) {
  Running running;
  std::atomic<bool> hold{true};
  std::atomic<bool> busy{false};
  running.shard.post([&] {
    busy = true;
    while (hold) {
      std::this_thread::yield();
    }
  });
  ASSERT_TRUE(soon([&] { return busy.load(); }));
  const std::uint64_t before = running.shard.wakes();
  std::atomic<int> ran{0};
  for (int i = 0; i < 1000; ++i) {
    running.shard.post([&] { ran.fetch_add(1); });
  }
  EXPECT_EQ(running.shard.wakes(), before);  // it is awake already
  hold = false;
  ASSERT_TRUE(soon([&] { return ran.load() == 1000; }));
  EXPECT_LE(running.shard.wakes(), before + 1);
}

TEST(Shard, ASleepingShardIsWokenByAPost) {
  Running running;
  for (int i = 0; i < 200; ++i) {
    std::atomic<bool> ran{false};
    running.shard.post([&] { ran = true; });
    ASSERT_TRUE(soon([&] { return ran.load(); })) << i;
  }
}

TEST(Shard, TimersRunWhenDueInOrder) {
  Scene scene;
  std::string order;
  scene.shard.post([&] {
    scene.shard.after(20ms, [&] { order += "c"; });
    scene.shard.after(10ms, [&] { order += "a"; });
    scene.shard.after(10ms, [&] { order += "b"; });
    scene.shard.after(0ms, [&] { order += "0"; });
  });
  scene.shard.run_ready();
  EXPECT_EQ(order, "0");
  scene.clock.advance(9ms);
  scene.shard.run_ready();
  EXPECT_EQ(order, "0");
  scene.clock.advance(1ms);
  scene.shard.run_ready();
  EXPECT_EQ(order, "0ab");
  EXPECT_EQ(scene.shard.next_timer(), scene.clock.now() + 10ms);
  scene.clock.advance(1h);
  scene.shard.run_ready();
  EXPECT_EQ(order, "0abc");
  EXPECT_EQ(scene.shard.next_timer(), std::nullopt);
}

TEST(Shard, ACancelledTimerDoesNotRunAndItsIdIsDead) {
  Scene scene;
  int ran = 0;
  const TimerId first = scene.shard.after(1ms, [&] { ran += 1; });
  scene.shard.cancel(first);
  const TimerId second = scene.shard.after(1ms, [&] { ran += 10; });  // takes the same place
  scene.shard.cancel(first);
  scene.shard.cancel(TimerId::none);
  scene.clock.advance(1ms);
  scene.shard.run_ready();
  EXPECT_EQ(ran, 10);
  scene.shard.cancel(second);
  EXPECT_EQ(scene.shard.pending_timers(), 0U);
}

TEST(Shard, TimersEndWithWhoOwnsThem) {
  Scene scene;
  int ran = 0;
  auto owned = std::make_unique<OwnTimers>(scene.shard);
  owned->after(1ms, [&] { ran += 1; });
  owned->after(2ms, [&] { ran += 10; });
  scene.clock.advance(1ms);
  scene.shard.run_ready();
  owned.reset();
  scene.clock.advance(1ms);
  scene.shard.run_ready();
  EXPECT_EQ(ran, 1);
}

TEST(Shard, ATimerMayCancelTheOtherThatIsDueToo) {
  Scene scene;
  int ran = 0;
  TimerId second = TimerId::none;
  scene.shard.after(1ms, [&] { scene.shard.cancel(second); });
  second = scene.shard.after(1ms, [&] { ran = 1; });
  scene.clock.advance(1ms);
  scene.shard.run_ready();
  EXPECT_EQ(ran, 0);
}

// Against a plain multimap, with 20,000 timers and every third cancelled.
TEST(Shard, ManyTimersAgreeWithAModel) {
  Scene scene;
  std::mt19937 random(7);
  std::multimap<std::pair<std::int64_t, int>, int> model;
  std::vector<int> ran;
  std::vector<std::pair<TimerId, std::pair<std::int64_t, int>>> asked;
  for (int i = 0; i < 20000; ++i) {
    const auto delay = static_cast<std::int64_t>(random() % 5000U);
    const TimerId id = scene.shard.after(std::chrono::milliseconds(delay), [&ran, i] { ran.push_back(i); });
    model.emplace(std::pair(delay, i), i);
    asked.emplace_back(id, std::pair(delay, i));
    if (i % 3 == 0) {
      const std::size_t victim = random() % asked.size();
      scene.shard.cancel(asked[victim].first);
      model.erase(asked[victim].second);
    }
  }
  EXPECT_EQ(scene.shard.pending_timers(), model.size());
  for (int step = 0; step < 50; ++step) {
    scene.clock.advance(101ms);
    scene.shard.run_ready();
  }
  std::vector<int> expected;
  for (const auto& [due, i] : model) {
    expected.push_back(i);
  }
  EXPECT_EQ(ran, expected);
}

TEST(Shard, RealTimersFireOnTime) {
  Running running;
  const auto began = std::chrono::steady_clock::now();
  std::atomic<bool> fired{false};
  running.shard.post([&] { running.shard.after(30ms, [&] { fired = true; }); });
  ASSERT_TRUE(soon([&] { return fired.load(); }));
  EXPECT_GE(std::chrono::steady_clock::now() - began, 30ms);
}

struct Hook final : TurnEnd {
  explicit Hook(std::function<void()> work) : work_(std::move(work)) {}
  void on_turn_end() override { work_(); }
  std::function<void()> work_;
};

TEST(Shard, ATurnsEndComesOnceAfterItsWork) {
  Scene scene;
  std::string order;
  Hook hook([&] { order += "!"; });
  scene.shard.post([&] {
    scene.shard.flush_at_turn_end(hook);
    scene.shard.flush_at_turn_end(hook);
    order += "a";
    scene.shard.post([&] { order += "b"; });
  });
  scene.shard.run_ready();
  EXPECT_EQ(order, "ab!");
}

TEST(Shard, HooksMayDestroyEachOther) {
  Scene scene;
  int ran = 0;
  std::unique_ptr<Hook> second;
  Hook first([&] {
    ++ran;
    second.reset();
  });
  second = std::make_unique<Hook>([&] { ran += 100; });
  scene.shard.post([&] {
    scene.shard.flush_at_turn_end(first);
    scene.shard.flush_at_turn_end(*second);
  });
  scene.shard.run_ready();
  EXPECT_EQ(ran, 1);
}

TEST(Shard, WhatIsAdoptedIsDestroyedAtTheTurnsEndOrWithTheShard) {
  struct Thing final : Adopted {
    explicit Thing(int& c) : count(c) {}
    ~Thing() override { ++count; }
    int& count;
  };
  int destroyed = 0;
  {
    Scene scene;
    auto thing = std::make_unique<Thing>(destroyed);
    Thing& name = *thing;
    scene.shard.post([&] {
      scene.shard.adopt(std::move(thing));
      scene.shard.adopt(std::make_unique<Thing>(destroyed));
      scene.shard.release(name);
      EXPECT_EQ(destroyed, 0);
    });
    scene.shard.run_ready();
    EXPECT_EQ(destroyed, 1);
  }
  EXPECT_EQ(destroyed, 2);
}

TEST(Shard, DestroysWhatWasNeverRun) {
  auto token = std::make_shared<int>(0);
  const std::weak_ptr<int> seen = token;
  {
    Scene scene;
    scene.shard.post([token] {});
    scene.shard.after(1h, [token] {});
    token.reset();
    EXPECT_FALSE(seen.expired());
  }
  EXPECT_TRUE(seen.expired());
}

// Two watched sockets become ready in one turn; the first to be told destroys the other.
TEST(Shard, AWatcherMayUnwatchAnotherOfTheSameTurn) {
  struct Socket final : Watcher {
    explicit Socket(Shard& s) : shard(s) { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0); }
    ~Socket() {
      ::close(fds[0]);
      ::close(fds[1]);
    }
    void on_ready(bool readable, bool, bool) override {
      if (readable) {
        told->fetch_add(1);
        if (*other) {
          shard.unwatch((*other)->fds[0], **other);
          other->reset();
        }
      }
    }
    Shard& shard;
    int fds[2];
    std::atomic<int>* told = nullptr;
    std::unique_ptr<Socket>* other = nullptr;
  };
  Running running;
  std::atomic<int> told{0};
  std::unique_ptr<Socket> a;
  std::unique_ptr<Socket> b;
  std::atomic<bool> ready{false};
  running.shard.post([&] {
    a = std::make_unique<Socket>(running.shard);
    b = std::make_unique<Socket>(running.shard);
    a->told = b->told = &told;
    a->other = &b;
    b->other = &a;
    for (auto* s : {a.get(), b.get()}) {
      ASSERT_EQ(::write(s->fds[1], "x", 1), 1);
    }
    ASSERT_TRUE(running.shard.watch(a->fds[0], *a));
    ASSERT_TRUE(running.shard.watch(b->fds[0], *b));
    ready = true;
  });
  ASSERT_TRUE(soon([&] { return told.load() > 0; }));
  std::atomic<bool> checked{false};
  running.shard.post([&] {
    EXPECT_EQ(told.load(), 1);
    EXPECT_NE(static_cast<bool>(a), static_cast<bool>(b));
    for (auto* left : {&a, &b}) {
      if (*left) {
        running.shard.unwatch((*left)->fds[0], **left);
        left->reset();
      }
    }
    checked = true;
  });
  EXPECT_TRUE(soon([&] { return checked.load(); }));
}

TEST(Shard, ALongTurnIsCountedAsAStall) {
  SystemClock clock;
  Shard shard(clock, {.stall = 5ms});
  std::thread thread([&] { shard.run(); });
  shard.post([] { std::this_thread::sleep_for(20ms); });
  EXPECT_TRUE(soon([&] { return shard.stalls() == 1; }));
  EXPECT_GE(shard.busy(), 20ms);
  shard.stop();
  thread.join();
}

TEST(Shard, BuffersAreLentAndReturned) {
  Scene scene;
  std::string buffer = scene.shard.take_buffer();
  buffer.append(1000, 'x');
  const char* const storage = buffer.data();
  scene.shard.give_buffer(std::move(buffer));
  std::string again = scene.shard.take_buffer();
  EXPECT_EQ(again.data(), storage);
  EXPECT_TRUE(again.empty());
  scene.shard.give_buffer(std::string(1024 * 1024, 'x'));  // too large to keep
  EXPECT_LT(scene.shard.take_buffer().capacity(), 100U);
}

}  // namespace
}  // namespace aldis
