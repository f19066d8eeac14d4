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
// The dearest addresses a stranger can send: parts of 1023 bytes of contextual, decomposing and combining code points.
std::string repeated(std::string_view unit, std::string_view end = {}) {
  std::string text;
  while (text.size() + unit.size() + end.size() <= 1023) text.append(unit);
  return text.append(end);
}
void hostile(benchmark::State& state, std::string_view unit, std::string_view end) {
  const std::string part = repeated(unit, end);
  const std::string text = part + "@b/" + part;
  for (auto _ : state) benchmark::DoNotOptimize(Jid::parse(text));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK_CAPTURE(hostile, middle_dots, "\xE3\x83\xBB", "\xE3\x82\xAB");
BENCHMARK_CAPTURE(hostile, joiners, "\xE0\xA4\x95\xE0\xA5\x8D\xE2\x80\x8C", "");
BENCHMARK_CAPTURE(hostile, joiners_after_marks, "\xD8\xA8\xCC\x81\xE2\x80\x8C", "\xD8\xA8");
BENCHMARK_CAPTURE(hostile, hangul, "\xEA\xB0\x81", "");
BENCHMARK_CAPTURE(hostile, marks_in_disorder, "\xCC\x95\xCC\x81\xCC\xA7", "");
BENCHMARK_CAPTURE(hostile, half_width, "\xEF\xBD\xB6\xEF\xBE\x9E", "");
BENCHMARK_CAPTURE(parse, refused, "user 1@localhost/res");

void bare(benchmark::State& state) {
  const Jid jid = *Jid::parse("user1@localhost/res");
  for (auto _ : state) benchmark::DoNotOptimize(jid.bare());
}
BENCHMARK(bare);

}  // namespace
}  // namespace aldis
