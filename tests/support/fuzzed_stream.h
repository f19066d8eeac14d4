// What the fuzzers of stream negotiations share: bytes go through framer and parser into the machine, and what the machine says is
// read by a reader as its peer would.
#pragma once
#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/ensure.h"
#include "base/random.h"
#include "xml/element.h"
#include "xml/framer.h"

namespace aldis::test {

class FixedRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override { std::fill(out.begin(), out.end(), std::uint8_t{7}); }
};

class FuzzedStream {
 public:
  FuzzedStream(const std::uint8_t* input, std::size_t size) : input_(reinterpret_cast<const char*>(input), size) {}

  [[nodiscard]] bool is_over() const { return input_.empty(); }
  // Hands the machine what is next; its step. Nothing: the input ends inside a frame. `amend` may change an element's text.
  template <class Machine, class Amend = std::identity>
  [[nodiscard]] auto feed(Machine& negotiation, Amend amend = {}) -> std::optional<decltype(negotiation.on_stream_close())> {
    const auto frame = framer_.next(input_);
    if (!frame) {
      return negotiation.on_xml_error(frame.error());
    }
    if (!*frame) {
      return std::nullopt;
    }
    if ((*frame)->kind == xml::Framer::FrameKind::stream_open) {
      const auto document = xml::parse_stream_header((*frame)->bytes);
      return document ? negotiation.on_header(**document) : negotiation.on_xml_error(document.error());
    }
    if ((*frame)->kind == xml::Framer::FrameKind::stream_close) {
      return negotiation.on_stream_close();
    }
    const auto document = xml::parse(amend(std::string((*frame)->bytes)), negotiation.scope());
    return document ? negotiation.on_element((*document)->root()) : negotiation.on_xml_error(document.error());
  }

  // Nothing that was echoed breaks an element of ours.
  void check_said(std::string_view said) {
    while (!said.empty()) {
      const auto frame = reader_.next(said);
      ensure(frame.has_value(), "what we write is well-formed XML");
      if (!*frame) {
        return;
      }
    }
  }
  // Both ways a new stream begins.
  void restart() {
    framer_.reset();
    reader_.reset();
  }

 private:
  std::string_view input_;
  xml::Framer framer_{xml::Limits::before_authentication()};
  xml::Framer reader_;
};

// The owner's answers, two bits each, from the input's bytes; then zeros.
class FuzzedAnswers {
 public:
  FuzzedAnswers(std::uint8_t low, std::uint8_t high) : bits_(low | (static_cast<std::uint32_t>(high) << 8U)) {}
  [[nodiscard]] std::uint32_t next() {
    const std::uint32_t low = bits_ & 3U;
    bits_ >>= 2U;
    return low;
  }
  [[nodiscard]] bool is_next_even() const { return bits_ % 2 == 0; }

 private:
  std::uint32_t bits_;
};

}  // namespace aldis::test
