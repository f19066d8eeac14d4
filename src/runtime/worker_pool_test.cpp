// Tests of WorkerPool and Gate: answers come home, a full queue and a passed deadline are errors, closing waits.
#include "runtime/worker_pool.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <future>

#include "runtime/gate.h"
#include "runtime/shard.h"
#include "tests/support/manual_clock.h"

namespace aldis {
namespace {

using namespace std::chrono_literals;

struct WorkerPoolTest : testing::Test {
  SystemClock clock;
  Shard shard{clock};
  std::thread thread{[this] { shard.run(); }};
  ~WorkerPoolTest() override {
    if (thread.joinable()) {
      stop();
    }
  }
  void stop() {
    shard.stop();
    thread.join();
  }
};

Task<void> ask(WorkerPool& pool, std::promise<std::pair<int, bool>>& answer) {
  Executor* const home = Executor::current();
  const auto work = [] { return 42; };
  const Result<int> got = co_await pool.run(work, 10s);
  answer.set_value({got.value_or(-1), Executor::current() == home});
}

TEST_F(WorkerPoolTest, TheAnswerComesToTheAskersExecutor) {
  std::promise<std::pair<int, bool>> answer;
  WorkerPool pool({.threads = 2});
  shard.post([&] { spawn(ask(pool, answer)); });
  EXPECT_EQ(answer.get_future().get(), std::pair(42, true));
}

TEST_F(WorkerPoolTest, ItsThreadsInterruptNobody) {
  std::promise<Result<int>> answer;
  WorkerPool pool({});
  const auto ask_policy = [&]() -> Task<void> {
    const auto work = [] { return ::sched_getscheduler(0); };
    Result<int> policy = co_await pool.run(work, 10s);
    answer.set_value(std::move(policy));
  };
  shard.post([&] { spawn(ask_policy()); });
  EXPECT_EQ(answer.get_future().get().value_or(-1), SCHED_BATCH);
}

Task<void> ask_failing(WorkerPool& pool, std::promise<ErrorKind>& answer) {
  const auto work = []() -> Result<std::string> { return fail(ErrorKind::corrupt, "torn page"); };
  const Result<std::string> got = co_await pool.run(work, 10s);
  answer.set_value(got ? ErrorKind::invalid : got.error().kind);
}

TEST_F(WorkerPoolTest, AResultIsNotWrappedTwice) {
  std::promise<ErrorKind> answer;
  WorkerPool pool({});
  shard.post([&] { spawn(ask_failing(pool, answer)); });
  EXPECT_EQ(answer.get_future().get(), ErrorKind::corrupt);
}

Task<void> ask_blocking(WorkerPool& pool, std::shared_future<void> until, std::chrono::milliseconds deadline,
                        std::promise<Result<void>>& answer) {
  const auto work = [until] { until.wait(); };
  Result<void> got = co_await pool.run(work, deadline);
  answer.set_value(std::move(got));
}

TEST_F(WorkerPoolTest, AFullQueueIsAnErrorAtOnce) {
  std::promise<void> release;
  const std::shared_future<void> until = release.get_future().share();
  std::array<std::promise<Result<void>>, 3> answers;
  WorkerPool pool({.threads = 1, .queue = 1});
  shard.post([&] { spawn(ask_blocking(pool, until, 10s, answers[0])); });
  std::promise<void> running;
  shard.post([&] {
    while (pool.queued() != 0) {
      std::this_thread::yield();  // until the worker has taken the first
    }
    spawn(ask_blocking(pool, until, 10s, answers[1]));
    spawn(ask_blocking(pool, until, 10s, answers[2]));
  });
  const Result<void> third = answers[2].get_future().get();
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().kind, ErrorKind::full);
  release.set_value();
  EXPECT_TRUE(answers[0].get_future().get());
  EXPECT_TRUE(answers[1].get_future().get());
}

TEST_F(WorkerPoolTest, ADeadlineIsKeptWhileTheWorkGoesOn) {
  std::promise<void> release;
  const std::shared_future<void> until = release.get_future().share();
  std::promise<Result<void>> answer;
  WorkerPool pool({});
  shard.post([&] { spawn(ask_blocking(pool, until, 20ms, answer)); });
  const Result<void> got = answer.get_future().get();
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::timeout);
  release.set_value();
}

TEST_F(WorkerPoolTest, WorkWhoseDeadlinePassedInTheQueueIsSkipped) {
  std::promise<void> release;
  const std::shared_future<void> until = release.get_future().share();
  std::promise<Result<void>> first;
  std::promise<Result<void>> second;
  std::atomic<bool> ran{false};
  {
    WorkerPool pool({});
    shard.post([&] {
      spawn(ask_blocking(pool, until, 10s, first));
      spawn([](WorkerPool& p, std::atomic<bool>& flag, std::promise<Result<void>>& answer) -> Task<void> {
        const auto work = [&flag] { flag = true; };
        Result<void> got = co_await p.run(work, 10ms);
        answer.set_value(std::move(got));
      }(pool, ran, second));
    });
    EXPECT_EQ(second.get_future().get().error().kind, ErrorKind::timeout);
    release.set_value();
    EXPECT_TRUE(first.get_future().get());
  }
  EXPECT_FALSE(ran);
}

TEST(WorkerPool, WithoutThreadsTheWorkIsAPost) {
  test::ManualClock clock;
  Shard shard(clock, {.scene = true});
  WorkerPool pool({.threads = 0});
  std::promise<std::pair<int, bool>> answer;
  auto got = answer.get_future();
  shard.post([&] { spawn(ask(pool, answer)); });
  shard.run_ready();
  ASSERT_EQ(got.wait_for(0s), std::future_status::ready);
  EXPECT_EQ(got.get(), std::pair(42, true));
  EXPECT_EQ(shard.pending_timers(), 0U);
}

struct GateScene {
  test::ManualClock clock;
  Shard shard{clock, {.scene = true}};
  Gate gate;
  int closed = 0;
  Task<void> close() {
    co_await gate.close();
    ++closed;
  }
};

TEST(Gate, ClosingWaitsForThoseInside) {
  GateScene scene;
  auto first = std::make_optional(scene.gate.enter());
  auto second = std::make_optional(scene.gate.enter());
  scene.shard.post([&] {
    spawn(scene.close());
    spawn(scene.close());
  });
  scene.shard.run_ready();
  EXPECT_TRUE(scene.gate.is_closed());
  EXPECT_FALSE(scene.gate.enter().has_value());
  first.reset();
  scene.shard.run_ready();
  EXPECT_EQ(scene.closed, 0);
  scene.shard.post([&] { second.reset(); });
  scene.shard.run_ready();
  EXPECT_EQ(scene.closed, 2);
}

TEST(Gate, AnEmptyOneClosesAtOnce) {
  GateScene scene;
  scene.shard.post([&] { spawn(scene.close()); });
  scene.shard.run_ready();
  EXPECT_EQ(scene.closed, 1);
}

}  // namespace
}  // namespace aldis
