// What a group with everybody in it costs, at 100, 1,000 and 10,000 members: a login (bind, roster get, presence) while a tenth of them is
// there, the same with the version the client has, and one person more in the group, with a push for each who is there.
#include <benchmark/benchmark.h>

#include "tests/support/scene.h"

namespace aldis::test {
namespace {

struct Everybody {
  Scene scene{options()};
  std::int64_t people;
  std::vector<Client*> here;
  explicit Everybody(std::int64_t count) : people(count) {
    for (std::int64_t i = 0; i < people / 10; ++i) {
      here.push_back(&scene.login(name(i + 1) + "/x"));
      here.back()->wants_roster();
    }
    share(people);
    for (Client* each : here) each->sends_without_running("<presence/>");
    scene.run();
    forget();
    scene.has_account(name(0));
    scene.leaves_the_rest_unread();
  }
  static SceneOptions options() {
    SceneOptions made;
    made.core.rate = made.core.account_rate = made.core.shard_rate = Bytes{0};
    made.connection.write_queue_bytes = 64 * 1024 * 1024;
    return made;
  }
  static std::string name(std::int64_t i) { return "person" + std::to_string(i) + "@capulet.example"; }
  void share(std::int64_t count) {
    DirectoryGroup everybody{"everybody", "Everybody", true, {}};
    for (std::int64_t i = 0; i < count; ++i) everybody.members.push_back({BareJid::parse(name(i)).value(), "Person Number " + std::to_string(i)});
    std::vector<DirectoryGroup> groups;
    groups.push_back(std::move(everybody));
    const bool is_done = scene.wait([](World& world, std::vector<DirectoryGroup> all) -> Task<bool> {
      co_await share_groups(world, "capulet.example", std::move(all));
      co_return true;
    }(scene.world(), std::move(groups)));
    benchmark::DoNotOptimize(is_done);
  }
  // Bytes that came since.
  std::size_t forget() {
    std::size_t bytes = 0;
    for (Client* each : here) bytes += each->transport().receive().size();
    return bytes;
  }
};

void log_in(benchmark::State& state, bool has_version) {
  Everybody all(state.range(0));
  std::string ver;
  std::size_t bytes = 0;
  std::int64_t number = 0;
  for (auto _ : state) {
    Client& client = all.scene.login(Everybody::name(0) + "/" + std::to_string(++number));
    client.sends_without_running("<iq type='get' id='r'><query xmlns='jabber:iq:roster' ver='" + ver + "'/></iq><presence/>");
    all.scene.run();
    state.PauseTiming();
    const std::string said = client.transport().receive();
    bytes += said.size() + all.forget();
    const std::size_t at = said.find("ver='");
    if (has_version && at != std::string::npos) ver = said.substr(at + 5, said.find('\'', at + 5) - at - 5);
    client.sends_without_running("<presence type='unavailable'/></stream:stream>");
    all.scene.run();
    static_cast<void>(client.transport().receive());
    all.forget();
    state.ResumeTiming();
  }
  state.counters["bytes"] = benchmark::Counter(static_cast<double>(bytes), benchmark::Counter::kAvgIterations);
}
BENCHMARK_CAPTURE(log_in, whole_roster, false)->Arg(100)->Arg(1000)->Arg(10'000)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(log_in, known_version, true)->Arg(100)->Arg(1000)->Arg(10'000)->Unit(benchmark::kMicrosecond);

void add_one(benchmark::State& state) {
  Everybody all(state.range(0));
  std::int64_t count = all.people;
  std::size_t pushes = 0;
  for (auto _ : state) {
    all.share(++count);
    state.PauseTiming();
    for (Client* each : all.here) {
      const std::string said = each->transport().receive();
      for (std::size_t at = said.find("type='set'"); at != std::string::npos; at = said.find("type='set'", at + 1)) ++pushes;
    }
    state.ResumeTiming();
  }
  state.counters["here"] = static_cast<double>(all.here.size());
  state.counters["pushes"] = benchmark::Counter(static_cast<double>(pushes), benchmark::Counter::kAvgIterations);
}
BENCHMARK(add_one)->Arg(100)->Arg(1000)->Arg(10'000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace aldis::test
