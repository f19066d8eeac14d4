// What a stanza costs from step 1 to step 7, without kernel and TLS: two clients of a scene on one shard. The sender's and the
// reader's own work (appending to and emptying a string) is in the figure.
#include <benchmark/benchmark.h>

#include "tests/support/scene.h"

namespace aldis::test {
namespace {

SceneOptions unlimited() {
  SceneOptions options;
  options.core.rate = options.core.account_rate = options.core.shard_rate = Bytes{0};
  return options;
}

void route_chat(benchmark::State& state) {
  Scene scene(unlimited());
  Client& juliet = scene.login("juliet@capulet.example/balcony");
  Client& romeo = scene.login("romeo@montague.example/orchard");
  juliet.comes_online();
  std::string batch;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    batch += "<message to='juliet@capulet.example/balcony' type='chat' id='m'><body>" + std::string(100, 'x') + "</body></message>";
  }
  for (auto _ : state) {
    romeo.sends_without_running(batch);
    scene.run();
    benchmark::DoNotOptimize(juliet.transport().receive());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(route_chat)->Arg(1)->Arg(32);

void answer_ping(benchmark::State& state) {
  Scene scene(unlimited());
  Client& juliet = scene.login("juliet@capulet.example/balcony");
  std::string batch;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    batch += "<iq type='get' id='p' to='capulet.example'><ping xmlns='urn:xmpp:ping'/></iq>";
  }
  for (auto _ : state) {
    juliet.sends_without_running(batch);
    scene.run();
    benchmark::DoNotOptimize(juliet.transport().receive());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(answer_ping)->Arg(32);

void broadcast_presence(benchmark::State& state) {
  Scene scene(unlimited());
  std::vector<Client*> contacts;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    scene.are_contacts("juliet@capulet.example", "contact" + std::to_string(i) + "@montague.example");
  }
  Client& juliet = scene.login("juliet@capulet.example/balcony");
  juliet.comes_online();
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    contacts.push_back(&scene.login("contact" + std::to_string(i) + "@montague.example/x"));
    contacts.back()->comes_online();
  }
  for (auto _ : state) {
    juliet.sends_without_running("<presence><show>away</show></presence>");
    scene.run();
    for (Client* contact : contacts) benchmark::DoNotOptimize(contact->transport().receive());
    benchmark::DoNotOptimize(juliet.transport().receive());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  scene.leaves_the_rest_unread();
}
BENCHMARK(broadcast_presence)->Arg(20);

}  // namespace
}  // namespace aldis::test
