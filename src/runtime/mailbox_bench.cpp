// What a post costs: on one shard, to another shard's thread one by one, and gathered in bursts; and what a timer
// costs.
#include <benchmark/benchmark.h>

#include "runtime/shard.h"
#include "tests/support/manual_clock.h"

namespace aldis {
namespace {

struct Message {  // about what an Envelope in a post is: a pointer, two ids and a few flags
  std::shared_ptr<int> stanza;
  std::uint64_t to = 0;
  std::uint64_t trace = 0;
};

void BM_local_post(benchmark::State& state) {
  test::ManualClock clock;
  Shard shard(clock, {.scene = true});
  std::uint64_t sum = 0;
  shard.post([&] {
    for (auto _ : state) {
      shard.post([&sum] { ++sum; });
      if (state.iterations() % 1024 == 0) {
        benchmark::ClobberMemory();
      }
    }
  });
  shard.run_ready();
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_local_post)->Iterations(1'000'000);

// `burst` posts between waits for the other thread to have done them all.
void BM_post_to_another_shard(benchmark::State& state) {
  SystemClock clock;
  Shard target(clock, {.name = "bench-target"});
  std::thread thread([&] { target.run(); });
  std::atomic<std::int64_t> done{0};
  std::int64_t posted = 0;
  const auto stanza = std::make_shared<int>(1);
  for (auto _ : state) {
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      target.post([&done, m = Message{stanza, 1, 2}] {
        benchmark::DoNotOptimize(m.to);
        done.store(done.load(std::memory_order_relaxed) + 1, std::memory_order_release);
      });
    }
    posted += state.range(0);
    while (done.load(std::memory_order_acquire) != posted) {
      std::this_thread::yield();
    }
  }
  state.SetItemsProcessed(posted);
  state.counters["wakes_per_post"] = static_cast<double>(target.wakes()) / static_cast<double>(posted);
  target.stop();
  thread.join();
}
BENCHMARK(BM_post_to_another_shard)->Arg(1)->Arg(16)->Arg(256)->Arg(4096)->UseRealTime();

void BM_timer(benchmark::State& state) {
  test::ManualClock clock;
  Shard shard(clock, {.scene = true});
  std::vector<TimerId> pending;
  for (int i = 0; i < 10000; ++i) {
    pending.push_back(shard.after(std::chrono::milliseconds(i * 7919 % 60000), [] {}));
  }
  std::size_t at = 0;
  for (auto _ : state) {
    shard.cancel(pending[at]);
    pending[at] = shard.after(std::chrono::milliseconds(30000 + at % 1000), [] {});
    at = (at + 7) % pending.size();
  }
  state.SetLabel("cancel and ask again among 10,000");
}
BENCHMARK(BM_timer);

}  // namespace
}  // namespace aldis
