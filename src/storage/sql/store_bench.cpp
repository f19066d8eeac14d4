// How long a durable write takes, by how many are in flight at once, and how many share a commit; reads beside it. Measured
// as a shard sees it: from the call to the resumed coroutine, on a real file in the temporary folder.
#include <benchmark/benchmark.h>

#include "base/metrics.h"
#include "storage/sql/sql_stores.h"
#include "tests/support/loop_executor.h"
#include "tests/support/temporary_folder.h"

namespace aldis::sql {
namespace {

using testing_support::LoopExecutor;
using testing_support::TemporaryFolder;

std::uint64_t commits() {
  std::uint64_t total = 0;
  metrics::for_each([&](const metrics::Metric& metric) {
    if (metric.name() == "aldis_storage_commit_seconds") {
      total = static_cast<const metrics::Histogram&>(metric).snapshot().total;
    }
  });
  return total;
}

struct Fixture {
  Fixture() {
    DatabaseOptions options;
    options.sqlite.path = folder.path() / "data" / "bench.db";
    stores = std::move(SqlStores::open(std::move(options)).value());
    for (int i = 0; i < 500; ++i) {
      owners.push_back(BareJid::parse("user" + std::to_string(i) + "@bench.example").value());
    }
  }
  TemporaryFolder folder;
  std::unique_ptr<SqlStores> stores;
  std::vector<BareJid> owners;
  LoopExecutor loop;
};

// A 300-byte message for an owner who is away; state.range(0) writers, each with one write in flight.
void append_offline(benchmark::State& state) {
  Fixture fixture;
  const std::string stanza(300, 'm');
  const auto window = static_cast<std::uint64_t>(state.range(0));
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  const std::uint64_t commits_before = commits();
  for (auto _ : state) {
    for (; sent < answered + window; ++sent) {
      fixture.loop.post([&, owner = fixture.owners[sent % fixture.owners.size()]] {
        spawn([](Stores stores, BareJid to, std::string text, std::uint64_t& done) -> Task<void> {
          OfflineMessage message{.stanza = std::move(text)};
          const auto stored = co_await stores.offline.append(to, std::move(message), OfflineLimits{.messages = 1'000'000, .bytes = 1'000'000'000});
          ensure(stored.has_value(), "the benchmark's disk works");
          ++done;
        }(fixture.stores->stores(), owner, stanza, answered));
      });
    }
    const std::uint64_t before = answered;
    fixture.loop.run_until([&] { return answered > before; });
  }
  fixture.loop.run_until([&] { return answered == sent; });
  state.SetItemsProcessed(static_cast<std::int64_t>(answered));
  const auto transactions = static_cast<double>(commits() - commits_before);
  state.counters["commits/s"] = benchmark::Counter(transactions, benchmark::Counter::kIsRate);
  state.counters["writes/commit"] = static_cast<double>(answered) / transactions;
}
BENCHMARK(append_offline)->Arg(1)->Arg(10)->Arg(100)->Arg(1000)->UseRealTime()->MeasureProcessCPUTime();

// The roster of 100 contacts that a login loads.
void load_roster(benchmark::State& state) {
  Fixture fixture;
  for (std::uint64_t i = 0; i < 100; ++i) {
    RosterItem item{.jid = fixture.owners[i + 1], .name = "Name", .groups = {"Group"}, .version = i + 1};
    ensure(fixture.loop.run(fixture.stores->stores().rosters.put(fixture.owners[0], std::move(item))).has_value(), "the benchmark's disk works");
  }
  for (auto _ : state) {
    const auto roster = fixture.loop.run(fixture.stores->stores().rosters.load(fixture.owners[0]));
    benchmark::DoNotOptimize(roster->items.size());
  }
}
BENCHMARK(load_roster)->UseRealTime()->MeasureProcessCPUTime();

// The read of one account, as each login does.
void find_account(benchmark::State& state) {
  Fixture fixture;
  ensure(fixture.loop.run(fixture.stores->stores().accounts.create({.jid = fixture.owners[0]})).has_value(), "the benchmark's disk works");
  for (auto _ : state) {
    const auto account = fixture.loop.run(fixture.stores->stores().accounts.find(fixture.owners[0]));
    benchmark::DoNotOptimize(account->is_enabled);
  }
}
BENCHMARK(find_account)->UseRealTime()->MeasureProcessCPUTime();

}  // namespace
}  // namespace aldis::sql
