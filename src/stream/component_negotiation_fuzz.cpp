// Fuzzes the server's side of a component's stream: bytes go through framer and parser into the machine; the first byte says whether
// the right proof is put in where the input has "PROOF", and whether its owner admits it. Nobody is believed without it, what is said
// can be read again, and what is closed stays closed.
#include <cstdint>
#include <string>
#include <string_view>

#include "stream/component_negotiation.h"
#include "tests/support/fuzzed_stream.h"

using namespace aldis;
using namespace aldis::stream;

namespace {

class OneComponent final : public ComponentSecrets {
 public:
  const SecretBytes* secret_of(std::string_view domain) const override { return domain == "c.example" ? &secret_ : nullptr; }
  std::string_view default_domain() const override { return "h.example"; }

 private:
  SecretBytes secret_{std::string_view("sixteen bytes or more")};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) {
    return 0;
  }
  const bool knows_secret = (data[0] & 1U) != 0;
  const bool is_admitted = (data[0] & 2U) != 0;
  test::FixedRandom random;
  const OneComponent secrets;
  ComponentNegotiation negotiation(secrets, random);
  test::FuzzedStream stream(data + 1, size - 1);
  bool was_proved = false;

  const auto put_proof_in = [&](std::string text) {
    if (const std::size_t at = text.find("PROOF"); at != std::string::npos && knows_secret) {
      text.replace(at, 5, component_digest(negotiation.stream_id(), *secrets.secret_of("c.example")));
      was_proved = true;
    }
    return text;
  };

  while (!stream.is_over() && !negotiation.is_closed()) {
    auto fed = stream.feed(negotiation, put_proof_in);
    if (!fed) {
      break;
    }
    ComponentStep step = std::move(*fed);
    stream.check_said(step.bytes);
    if (std::holds_alternative<AdmitComponent>(step.demand)) {
      ensure(was_proved && negotiation.domain() == "c.example" && !negotiation.is_open(), "nobody is believed without proof");
      step = is_admitted ? negotiation.admit() : negotiation.close({.condition = StreamCondition::conflict});
      stream.check_said(step.bytes);
      ensure(negotiation.is_open() == is_admitted, "its owner has the last word");
    }
    ensure(std::holds_alternative<CloseConnection>(step.demand) == negotiation.is_closed(), "an end is told");
    ensure(!negotiation.is_open() || (was_proved && is_admitted), "an open stream was proved and admitted");
  }
  return 0;
}
