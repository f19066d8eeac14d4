// Fuzzes the server's side of a component's stream: bytes go through framer and parser into the machine; the first byte says whether
// the right proof is put in where the input has "PROOF", and whether its owner admits it. Nobody is believed without it, what is said
// can be read again, and what is closed stays closed.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ensure.h"
#include "stream/component_negotiation.h"
#include "xml/framer.h"

using namespace aldis;
using namespace aldis::stream;

namespace {

class FixedRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override { std::fill(out.begin(), out.end(), std::uint8_t{7}); }
};

class OneComponent final : public ComponentSecrets {
 public:
  const SecretBytes* secret_of(std::string_view domain) const override { return domain == "c.example" ? &secret_ : nullptr; }
  std::string_view default_domain() const override { return "h.example"; }

 private:
  SecretBytes secret_{std::string_view("sixteen bytes or more")};
};

void check_said(std::string_view said, xml::Framer& reader) {
  while (!said.empty()) {
    const auto frame = reader.next(said);
    ensure(frame.has_value(), "what we write is well-formed XML");
    if (!*frame) {
      return;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) {
    return 0;
  }
  const bool knows_secret = (data[0] & 1U) != 0;
  const bool is_admitted = (data[0] & 2U) != 0;
  FixedRandom random;
  const OneComponent secrets;
  ComponentNegotiation negotiation(secrets, random);
  xml::Framer framer(xml::Limits::before_authentication());
  xml::Framer reader;
  std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  bool was_proved = false;

  while (!input.empty() && !negotiation.is_closed()) {
    auto frame = framer.next(input);
    ComponentStep step;
    if (!frame) {
      step = negotiation.on_xml_error(frame.error());
    } else if (!*frame) {
      break;
    } else if ((*frame)->kind == xml::Framer::FrameKind::stream_open) {
      const auto document = xml::parse_stream_header((*frame)->bytes);
      step = document ? negotiation.on_header(**document) : negotiation.on_xml_error(document.error());
    } else if ((*frame)->kind == xml::Framer::FrameKind::stream_close) {
      step = negotiation.on_stream_close();
    } else {
      std::string text((*frame)->bytes);
      if (const std::size_t at = text.find("PROOF"); at != std::string::npos && knows_secret) {
        text.replace(at, 5, component_digest(negotiation.stream_id(), *secrets.secret_of("c.example")));
        was_proved = true;
      }
      const auto document = xml::parse(std::move(text), negotiation.scope());
      step = document ? negotiation.on_element((*document)->root()) : negotiation.on_xml_error(document.error());
    }
    check_said(step.bytes, reader);
    if (std::holds_alternative<AdmitComponent>(step.demand)) {
      ensure(was_proved && negotiation.domain() == "c.example" && !negotiation.is_open(), "nobody is believed without proof");
      step = is_admitted ? negotiation.admit() : negotiation.close({.condition = StreamCondition::conflict});
      check_said(step.bytes, reader);
      ensure(negotiation.is_open() == is_admitted, "its owner has the last word");
    }
    ensure(std::holds_alternative<CloseConnection>(step.demand) == negotiation.is_closed(), "an end is told");
    ensure(!negotiation.is_open() || (was_proved && is_admitted), "an open stream was proved and admitted");
  }
  return 0;
}
