// How long a durable write takes, by how many are in flight at once, and how many share a commit; reads beside it. Measured
// as a shard sees it: from the call to the resumed coroutine, on a real file in the temporary folder.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <functional>

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
    if (const char* e = std::getenv("ARC_PAGES")) options.checkpoint_pages = std::atoi(e);
    stores = std::move(SqlStores::open(std::move(options)).value());
    for (int i = 0; i < 1000; ++i) {
      owners.push_back(BareJid::parse("user" + std::to_string(i) + "@bench.example").value());
    }
  }
  TemporaryFolder folder;
  std::unique_ptr<SqlStores> stores;
  std::vector<BareJid> owners;
  LoopExecutor loop;
};

constexpr std::array some_words{"love", "night", "summer", "death", "light", "sweet", "sorrow", "parting", "morrow", "window",
                                "east", "sun", "moon", "envious", "maid", "gentle", "soft", "breaks", "name", "rose"};

// A message of about 300 bytes with ten words of a vocabulary that few messages share, and some that many do.
StanzaPtr message(std::uint64_t n) {
  std::string body;
  for (std::uint64_t i = 0; i < 10; ++i) {
    const std::uint64_t random = (n * 10 + i + 1) * 0x9e3779b97f4a7c15ULL;
    body += (i % 3 == 0 ? std::string(some_words[random % some_words.size()]) : "w" + std::to_string((random >> 20U) % 50'000)) + " ";
  }
  return Stanza::make("<message from='user1@bench.example/phone' to='user2@bench.example' type='chat' id='" + std::to_string(n) +
                      "'><body>" + body + "</body><request xmlns='urn:xmpp:receipts'/><origin-id xmlns='urn:xmpp:sid:0' id='" +
                      std::to_string(n * 77) + "'/></message>");
}

Task<void> append(Stores stores, BareJid owner, ArchiveEntry entry, std::uint64_t& done) {
  const auto stored = co_await stores.archive.append(std::move(owner), std::move(entry));
  ensure(stored.has_value(), "the benchmark's disk works");
  ++done;
}

// A message kept for its sender and its recipient, with words; state.range(0) messages in flight between state.range(1) pairs.
void append_message(benchmark::State& state) {
  Fixture fixture;
  const auto window = static_cast<std::uint64_t>(state.range(0));
  const auto pairs = static_cast<std::uint64_t>(state.range(1));
  std::uint64_t sent = 0;
  std::uint64_t stored = 0;  // two for a message
  const std::uint64_t commits_before = commits();
  for (auto _ : state) {
    for (; sent < stored / 2 + window; ++sent) {
      fixture.loop.post([&, n = sent] {
        const StanzaPtr said = message(n);
        const BareJid& from = fixture.owners[n % pairs];
        const BareJid& to = fixture.owners[pairs + n % pairs];
        const ArchiveId id = 2 * n + 2;
        spawn(append(fixture.stores->stores(), from, {.id = id, .message = id, .stanza = said, .contact = to}, stored));
        spawn(append(fixture.stores->stores(), to, {.id = id + 1, .message = id, .stanza = said, .contact = from}, stored));
      });
    }
    const std::uint64_t before = stored;
    fixture.loop.run_until([&] { return stored > before + 1; });
  }
  fixture.loop.run_until([&] { return stored == 2 * sent; });
  state.SetItemsProcessed(static_cast<std::int64_t>(sent));
  const auto transactions = static_cast<double>(commits() - commits_before);
  state.counters["commits/s"] = benchmark::Counter(transactions, benchmark::Counter::kIsRate);
  state.counters["writes/commit"] = static_cast<double>(stored) / transactions;
}
BENCHMARK(append_message)->Args({1, 100})->Args({10, 100})->Args({100, 100})->Args({1000, 100})->UseRealTime()->MeasureProcessCPUTime()->MinTime(2);
// As many as are under way when 500 pairs write to each other as fast as the store takes it; a fixed number of messages, so that
// runs can be compared by what they execute (valgrind, perf).
BENCHMARK(append_message)->Args({2500, 500})->UseRealTime()->MeasureProcessCPUTime()->Iterations(40'000);

// An archive of one million messages with 200 contacts, made once: pages of 50 and searches, and their slowest.
struct LargeArchive : Fixture {
  static constexpr std::uint64_t size = 1'000'000;
  LargeArchive() {
    std::uint64_t answered = 0;
    for (std::uint64_t sent = 0; sent < size; sent += 2000) {
      for (std::uint64_t n = sent; n < sent + 2000; ++n) {
        loop.post([&, n] {
          spawn([](Stores to, BareJid owner, BareJid contact, std::uint64_t id, std::uint64_t& done) -> Task<void> {
            ArchiveEntry entry{.id = id, .message = id, .stanza = message(id), .contact = contact.with_resource("phone")};
            const auto stored = co_await to.archive.append(owner, std::move(entry));
            ensure(stored.has_value(), "the benchmark's disk works");
            ++done;
          }(stores->stores(), owners[0], owners[1 + n % 200], n + 1, answered));
        });
      }
      loop.run_until([&] { return answered == sent + 2000; });
    }
  }
  static LargeArchive& shared() {
    static LargeArchive archive;
    return archive;
  }
};

void find_page(benchmark::State& state, const std::function<ArchiveQuery(std::uint64_t)>& query) {
  LargeArchive& archive = LargeArchive::shared();
  std::vector<double> times;
  std::uint64_t n = 0;
  std::size_t found = 0;
  for (auto _ : state) {
    const auto begun = std::chrono::steady_clock::now();
    const auto page = archive.loop.run(archive.stores->stores().archive.find(archive.owners[0], query(++n * 7919)));
    times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count());
    ensure(page.has_value(), "the benchmark's disk works");
    found += page->messages.size();
  }
  std::ranges::sort(times);
  state.counters["p99_ms"] = times[times.size() * 99 / 100];
  state.counters["messages"] = static_cast<double>(found) / static_cast<double>(times.size());
}
constexpr std::uint64_t whole = LargeArchive::size;
#define ALDIS_FIND(name, query) BENCHMARK_CAPTURE(find_page, name, [](std::uint64_t n) { static_cast<void>(n); return ArchiveQuery query; })->UseRealTime()->Iterations(300)
ALDIS_FIND(newest, {.is_last_page = true});
ALDIS_FIND(middle, ({.page_after = whole / 4 + n % (whole / 2)}));
ALDIS_FIND(oldest, {});
ALDIS_FIND(by_contact_newest, ({.contact = LargeArchive::shared().owners[1 + n % 200], .is_last_page = true}));
ALDIS_FIND(by_contact_middle, ({.contact = LargeArchive::shared().owners[1 + n % 200], .page_before = whole / 2 + n % 1000, .is_last_page = true}));
ALDIS_FIND(common_word, ({.words = some_words[n % some_words.size()], .is_last_page = true}));
ALDIS_FIND(two_common_words, ({.words = std::string(some_words[n % 20]) + " " + some_words[(n / 20) % 20], .is_last_page = true}));
ALDIS_FIND(rare_word, ({.words = "w" + std::to_string(n % 50'000)}));
ALDIS_FIND(rare_and_common_word, ({.words = "w" + std::to_string(n % 50'000) + " love", .is_last_page = true}));
ALDIS_FIND(word_of_contact, ({.contact = LargeArchive::shared().owners[1 + n % 200], .words = some_words[n % 20], .is_last_page = true}));
ALDIS_FIND(no_such_word, ({.words = "absent", .is_last_page = true}));

// 100,000 persistent rooms with ten affiliations each, made once: what one costs to load, a page of a list, a search through all of
// them, and opening their store.
struct ManyRooms : Fixture {
  static constexpr std::uint64_t size = 100'000;
  static BareJid room(std::uint64_t n) { return BareJid::parse("room" + std::to_string(n) + "@rooms.example").value(); }
  ManyRooms() {
    std::uint64_t answered = 0;
    for (std::uint64_t sent = 0; sent < size; sent += 1000) {
      for (std::uint64_t n = sent; n < sent + 1000; ++n) {
        loop.post([&, n] {
          RoomImage image{.record = {.room = room(n), .name = "Room " + std::to_string(n), .is_public = n % 2 == 0, .is_persistent = true,
                                     .config = std::string(1500, 'c'), .searchable = "room " + std::to_string(n) + " love and summer"},
                          .affiliations = {}};
          for (std::uint64_t i = 0; i < 10; ++i) {
            image.affiliations.push_back({.jid = owners[(n + i) % owners.size()], .affiliation = i == 0 ? Affiliation::owner : Affiliation::member,
                                          .nickname = {}, .reason = {}, .version = i + 1});
          }
          spawn([](Stores to, RoomImage made, std::uint64_t& done) -> Task<void> {
            const auto stored = co_await to.rooms.create(std::move(made));
            ensure(stored.has_value(), "the benchmark's disk works");
            ++done;
          }(stores->stores(), std::move(image), answered));
        });
      }
      loop.run_until([&] { return answered == sent + 1000; });
    }
  }
  static ManyRooms& shared() {
    static ManyRooms rooms;
    return rooms;
  }
};

void load_room(benchmark::State& state) {
  ManyRooms& many = ManyRooms::shared();
  std::uint64_t n = 0;
  for (auto _ : state) {
    const auto room = many.loop.run(many.stores->stores().rooms.load(ManyRooms::room(++n * 7919 % ManyRooms::size)));
    ensure(room && *room && (*room)->affiliations.size() == 10, "the room is there");
  }
}
BENCHMARK(load_room)->UseRealTime()->MeasureProcessCPUTime();

void list_rooms(benchmark::State& state, const RoomPageRequest& request) {
  ManyRooms& many = ManyRooms::shared();
  std::size_t found = 0;
  for (auto _ : state) {
    found = many.loop.run(many.stores->stores().rooms.list("rooms.example", request))->rooms.size();
  }
  state.counters["rooms"] = static_cast<double>(found);
}
BENCHMARK_CAPTURE(list_rooms, page, RoomPageRequest{.after = "room5", .only_public = true})->UseRealTime();
BENCHMARK_CAPTURE(list_rooms, last_page, RoomPageRequest{.is_last_page = true})->UseRealTime();
BENCHMARK_CAPTURE(list_rooms, no_such_word, RoomPageRequest{.words = {"absent"}})->UseRealTime();

void open_many_rooms(benchmark::State& state) {
  ManyRooms& many = ManyRooms::shared();
  for (auto _ : state) {
    DatabaseOptions options;
    options.sqlite.path = many.folder.path() / "data" / "bench.db";
    benchmark::DoNotOptimize(SqlStores::open(std::move(options)).has_value());
  }
}
BENCHMARK(open_many_rooms)->UseRealTime();

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
