// Framing: a chat message whole, in pieces, and in a burst; long text; a header.
#include <benchmark/benchmark.h>

#include <string>

#include "xml/framer.h"

namespace {

using namespace aldis::xml;

constexpr std::string_view header =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
    "to='capulet.example' version='1.0'>";
// 300 bytes, as clients send it.
constexpr std::string_view message =
    "<message xmlns='jabber:client' to='juliet@capulet.example/balcony' type='chat' id='ktx72v49' xml:lang='en'>"
    "<body>Neither, fair saint, if either thee dislike. What man art thou that thus bescreen'd in night so stumblest on</body>"
    "<active xmlns='http://jabber.org/protocol/chatstates'/><markable x='1'/></message>";

Framer opened() {
  Framer framer;
  std::string_view input = header;
  (void)framer.next(input);
  return framer;
}

void drain(Framer& framer, std::string_view input) {
  for (;;) {
    auto frame = framer.next(input);
    benchmark::DoNotOptimize(frame);
    if (!frame || !*frame) {
      return;
    }
  }
}

void count_bytes(benchmark::State& state, std::size_t bytes) {
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * static_cast<std::int64_t>(state.iterations()));
}

void FrameMessage(benchmark::State& state) {
  Framer framer = opened();
  for (auto _ : state) {
    drain(framer, message);
  }
  count_bytes(state, message.size());
}
BENCHMARK(FrameMessage);

void FrameMessageInTwoPieces(benchmark::State& state) {
  Framer framer = opened();
  for (auto _ : state) {
    drain(framer, message.substr(0, 150));
    drain(framer, message.substr(150));
  }
  count_bytes(state, message.size());
}
BENCHMARK(FrameMessageInTwoPieces);

void FrameLongAttribute(benchmark::State& state) {  // 256 KiB in pieces of range(0) bytes: the cost must not depend on them
  std::string stanza = "<a b='" + std::string(262'000, 'x') + "'/>";
  Framer framer = opened();
  const auto step = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    for (std::size_t at = 0; at < stanza.size(); at += step) {
      drain(framer, std::string_view(stanza).substr(at, step));
    }
  }
  count_bytes(state, stanza.size());
}
BENCHMARK(FrameLongAttribute)->Arg(1)->Arg(64)->Arg(4096)->Arg(262'144);

void FrameLongText(benchmark::State& state) {
  const std::string piece = state.range(0) == 0 ? "plain text " : "\xD0\xBF\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82 ";
  std::string stanza = "<a>";
  while (stanza.size() < 65'536) {
    stanza += piece;
  }
  stanza += "</a>";
  Framer framer = opened();
  for (auto _ : state) {
    drain(framer, stanza);
  }
  count_bytes(state, stanza.size());
}
BENCHMARK(FrameLongText)->Arg(0)->Arg(1);

}  // namespace
