// Writing: an iq result, escaping, and a parsed message written anew.
#include <benchmark/benchmark.h>

#include <string>

#include "xml/writer.h"

namespace {

using namespace aldis::xml;

void WriteResult(benchmark::State& state) {
  std::string out;
  for (auto _ : state) {
    out.clear();
    Writer w(out);
    w.start("iq").attribute("type", "result").attribute("id", "p1").attribute("to", "juliet@capulet.example/balcony");
    w.start("query", "jabber:iq:version").element("name", "Aldis").element("version", "0.1.0").end().end();
    benchmark::DoNotOptimize(out);
  }
}
BENCHMARK(WriteResult);

void EscapeText(benchmark::State& state) {
  const std::string text(1024, state.range(0) == 0 ? 'x' : '<');
  std::string out;
  for (auto _ : state) {
    out.clear();
    append_escaped_text(out, text);
    benchmark::DoNotOptimize(out);
  }
  state.SetBytesProcessed(1024 * static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(EscapeText)->Arg(0)->Arg(1);

void WriteElementAnew(benchmark::State& state) {
  const auto document = parse(
      "<message to='juliet@capulet.example/balcony' type='chat' id='ktx72v49'><body>Neither, fair saint, if either thee "
      "dislike.</body><active xmlns='http://jabber.org/protocol/chatstates'/></message>",
      {.default_ns = "jabber:client"});
  std::string out;
  for (auto _ : state) {
    out.clear();
    Writer(out).element((*document)->root());
    benchmark::DoNotOptimize(out);
  }
}
BENCHMARK(WriteElementAnew);

}  // namespace
