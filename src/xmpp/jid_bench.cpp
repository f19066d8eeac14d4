// What preparing an address costs: nearly every one is settled by the ASCII tables.
#include <benchmark/benchmark.h>

#include "xmpp/jid.h"

namespace aldis {
namespace {

void parse(benchmark::State& state, std::string_view text) {
  for (auto _ : state) benchmark::DoNotOptimize(Jid::parse(text));
}
BENCHMARK_CAPTURE(parse, ascii, "user1@localhost/res");
BENCHMARK_CAPTURE(parse, ascii_short, "a@b.example/r");
BENCHMARK_CAPTURE(parse, ascii_long, "juliet.capulet@conference.chat.example.com/Balcony.8f3bd1d2c7");
BENCHMARK_CAPTURE(parse, capitals, "User1@Localhost/res");
BENCHMARK_CAPTURE(parse, resource_beyond_ascii, "user1@localhost/b\xC3\xBCro");
BENCHMARK_CAPTURE(parse, everything_beyond_ascii, "j\xC3\xBCrgen@b\xC3\xBC" "cher.example/b\xC3\xBCro");
BENCHMARK_CAPTURE(parse, refused, "user 1@localhost/res");

void bare(benchmark::State& state) {
  const Jid jid = *Jid::parse("user1@localhost/res");
  for (auto _ : state) benchmark::DoNotOptimize(jid.bare());
}
BENCHMARK(bare);

}  // namespace
}  // namespace aldis
