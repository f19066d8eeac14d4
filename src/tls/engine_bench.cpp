// What TLS costs: a handshake, a small record each way, and the heap an idle server-side connection holds.
#include <benchmark/benchmark.h>
#include <malloc.h>
#include <openssl/ssl.h>

#include "tests/support/tls_pair.h"

namespace aldis::tls {
namespace {

std::size_t heap() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

void BM_handshake(benchmark::State& state) {
  const auto server = test::server_context();
  const auto client = test::client_context();
  for (auto _ : state) {
    test::TlsPair pair(server, client);
    benchmark::DoNotOptimize(pair.handshake());
  }
  state.SetLabel("both sides");
}
BENCHMARK(BM_handshake);

void BM_send_and_receive(benchmark::State& state) {
  test::TlsPair pair;
  pair.handshake();
  const std::string text(static_cast<std::size_t>(state.range(0)), 'x');
  std::string wire;
  std::string plain;
  std::string back;
  for (auto _ : state) {
    wire.clear();
    plain.clear();
    benchmark::DoNotOptimize(pair.client.send(text, wire).has_value());
    benchmark::DoNotOptimize(pair.server.receive(test::TlsPair::octets(wire), plain, back).has_value());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_send_and_receive)->Arg(300)->Arg(16000);

// Only the server's side is counted: the client's engine is destroyed before the second look.
void BM_idle_memory(benchmark::State& state) {
  const auto server = test::server_context();
  const auto client = test::client_context({.verify = false, .max_version = state.range(0) == 2 ? TLS1_2_VERSION : 0});
  constexpr std::size_t count = 200;
  double bytes = 0;
  double before_handshake = 0;
  for (auto _ : state) {
    std::vector<TlsEngine> engines;
    engines.reserve(count);
    {
      test::TlsPair warm(server, client);
      warm.handshake();
    }
    const std::size_t empty = heap();
    {
      std::vector<TlsEngine> fresh;
      fresh.reserve(count);
      const std::size_t start = heap();
      for (std::size_t i = 0; i < count; ++i) {
        fresh.push_back(TlsEngine::server(server));
      }
      before_handshake = static_cast<double>(heap() - start) / count;
    }
    for (std::size_t i = 0; i < count; ++i) {
      test::TlsPair pair(server, client);
      pair.handshake();
      benchmark::DoNotOptimize(pair.client.send("<presence/>", pair.to_server).has_value());
      pair.run();
      benchmark::DoNotOptimize(pair.server.send("<presence/>", pair.to_client).has_value());
      pair.run();
      engines.push_back(std::move(pair.server));
    }
    bytes = static_cast<double>(heap() - empty) / count;
  }
  state.counters["idle_bytes"] = bytes;
  state.counters["fresh_bytes"] = before_handshake;
}
BENCHMARK(BM_idle_memory)->Arg(2)->Arg(3)->Iterations(1)->ArgName("tls1");

}  // namespace
}  // namespace aldis::tls
