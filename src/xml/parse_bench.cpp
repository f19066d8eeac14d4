// Parsing: a chat message, a small iq, a stanza of many elements, and the costliest attributes the limits let pass.
#include <benchmark/benchmark.h>

#include <string>

#include "xml/element.h"

namespace {

using namespace aldis::xml;

constexpr std::string_view message =
    "<message xmlns='jabber:client' to='juliet@capulet.example/balcony' type='chat' id='ktx72v49' xml:lang='en'>"
    "<body>Neither, fair saint, if either thee dislike. What man art thou that thus bescreen'd in night so stumblest on</body>"
    "<active xmlns='http://jabber.org/protocol/chatstates'/><markable x='1'/></message>";
constexpr std::string_view ping = "<iq type='get' id='p1' to='capulet.example'><ping xmlns='urn:xmpp:ping'/></iq>";

void parse_each(benchmark::State& state, std::string_view bytes) {
  const Scope scope{.default_ns = "jabber:client", .prefixes = {{"stream", "http://etherx.jabber.org/streams"}}};
  for (auto _ : state) {
    auto document = parse(std::string(bytes), scope);
    if (!document) {
      state.SkipWithError("refused");
      return;
    }
    benchmark::DoNotOptimize(document);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes.size()) * static_cast<std::int64_t>(state.iterations()));
}

void ParseMessage(benchmark::State& state) { parse_each(state, message); }
BENCHMARK(ParseMessage);

void ParsePing(benchmark::State& state) { parse_each(state, ping); }
BENCHMARK(ParsePing);

void ParseManyElements(benchmark::State& state) {
  std::string bytes = "<a>";
  for (int i = 0; i < 9'000; ++i) {
    bytes += "<item jid='a@b.example'/>";
  }
  parse_each(state, bytes + "</a>");
}
BENCHMARK(ParseManyElements);

void ParseManyAttributes(benchmark::State& state) {  // names of equal length that differ only at their ends
  std::string bytes = "<a>";
  while (bytes.size() < 250'000) {
    bytes += "<b";
    for (int i = 10; i < 74; ++i) {
      bytes += " a" + std::to_string(i) + "=''";
    }
    bytes += "/>";
  }
  parse_each(state, bytes + "</a>");
}
BENCHMARK(ParseManyAttributes);

void ParseDeepDeclarations(benchmark::State& state) {  // the outermost of 256 prefixes, looked up again and again
  std::string bytes;
  for (int depth = 0; depth < 4; ++depth) {
    bytes += "<a";
    for (int i = 0; i < 64; ++i) {
      bytes += " xmlns:n" + std::to_string(100 + depth * 64 + i) + "='u'";
    }
    bytes += ">";
  }
  for (int i = 0; i < 9'000; ++i) {
    bytes += "<n100:x n100:y=''/>";
  }
  parse_each(state, bytes + "</a></a></a></a>");
}
BENCHMARK(ParseDeepDeclarations);

void FindChild(benchmark::State& state) {
  const auto document = parse(std::string(message), {.default_ns = "jabber:client"});
  for (auto _ : state) {
    auto child = (*document)->root().child({"markable", "jabber:client"});
    benchmark::DoNotOptimize(child);
  }
}
BENCHMARK(FindChild);

}  // namespace
