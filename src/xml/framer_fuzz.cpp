// Fuzzes the Framer: the first bytes of an input choose limits and cuts, the rest is a stream. Frames and error must be the
// same whole, cut, and byte by byte; and where Framer and parse() accept a stream, expat accepts it too.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ensure.h"
#include "xml/expat_oracle.h"
#include "xml/framer.h"

namespace {

using namespace aldis;
using namespace aldis::xml;

struct Outcome {
  std::vector<std::pair<Framer::FrameKind, std::string>> frames;
  std::optional<XmlError> error;
  std::size_t framed = 0;  // bytes up to the end of the last frame, when read whole
  friend bool operator==(const Outcome& a, const Outcome& b) { return a.frames == b.frames && a.error == b.error; }
};

bool feed(Framer& framer, std::string_view input, Outcome& outcome) {
  const std::size_t size = input.size();
  for (;;) {
    const auto frame = framer.next(input);
    if (!frame) {
      outcome.error = frame.error();
      ensure(framer.buffered() == 0, "nothing is held after an error");
      return false;
    }
    if (!*frame) {
      ensure(input.empty(), "all input is consumed");
      ensure(framer.buffered() <= framer.limits().stanza_bytes, "no more is held than the limit");
      return true;
    }
    outcome.frames.emplace_back((*frame)->kind, std::string((*frame)->bytes));
    outcome.framed = size - input.size();
  }
}

template <class NextLength>
Outcome in_pieces(std::string_view input, const Limits& limits, NextLength next_length) {
  Framer framer(limits);
  Outcome outcome;
  while (!input.empty()) {
    const std::size_t length = std::min(input.size(), next_length());
    // A copy of its own, so that reading behind a piece is seen.
    const std::vector<char> piece(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(length));
    if (!feed(framer, {piece.data(), piece.size()}, outcome)) {
      break;
    }
    input.remove_prefix(length);
  }
  return outcome;
}

bool parses(const Outcome& outcome) {
  Scope scope;
  for (const auto& [kind, bytes] : outcome.frames) {
    if (kind == Framer::FrameKind::stream_open) {
      const auto header = parse_stream_header(bytes);
      if (!header) {
        return false;
      }
      scope = (*header)->root_scope();
    } else if (kind == Framer::FrameKind::stanza && !parse(bytes, scope)) {
      return false;
    }
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) {
    return 0;
  }
  Limits limits;
  if (data[0] % 2 == 1) {
    limits.stanza_bytes = 40U + data[1];
    limits.depth = 1U + data[1] % 5;
    limits.elements = 1U + data[1] % 7;
    limits.attributes = 2U + data[1] % 3;
    limits.name_bytes = 13U + data[1] % 4;
  }
  std::uint32_t random = data[2] * 256U + data[3] + 1U;
  const std::string_view input(reinterpret_cast<const char*>(data) + 4, size - 4);

  const Outcome whole = in_pieces(input, limits, [&] { return input.size(); });
  const Outcome bytewise = in_pieces(input, limits, [] { return std::size_t{1}; });
  const Outcome cut = in_pieces(input, limits, [&random] {
    random = random * 1664525U + 1013904223U;
    return std::size_t{1} + (random >> 16) % 24;
  });
  ensure(whole == bytewise, "byte by byte as whole");
  ensure(whole == cut, "cut as whole");

  if (parses(whole)) {
    oracle::ExpatReader expat;
    ensure(expat.feed(input.substr(0, whole.framed), false), "expat accepts what we accept");
  }
  return 0;
}
