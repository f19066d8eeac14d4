// Fuzzes the initiating side of a stream between servers: bytes of a hostile server go through framer and parser into the
// machine, whose demands are answered by the input's first bytes. Whatever comes, nothing but <starttls/> is said in the clear,
// no stanza may be sent before authentication, answers are taken for what was asked alone, and what is closed stays closed.
#include <cstdint>
#include <string>
#include <string_view>

#include "stream/outbound_negotiation.h"
#include "tests/support/fuzzed_stream.h"

using namespace aldis;
using namespace aldis::stream;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) {
    return 0;
  }
  const auto flag = [data](unsigned bit) { return ((data[0] | (data[1] << 8)) >> bit & 1) != 0; };
  const DialbackKey keys(SecretBytes(std::string_view("sixteen bytes or more")));
  OutboundNegotiation::Options options;
  options.pair = {"h.example", "p.example"};
  options.role = flag(0) ? OutboundNegotiation::Role::verify : OutboundNegotiation::Role::deliver;
  options.is_direct_tls = flag(1);
  options.has_certificate = flag(2);
  options.may_dialback = flag(3);
  options.wants_bidi = flag(4);
  if (flag(5)) {
    options.enable = EnableRequest{.resume = true};
  }
  if (flag(6)) {
    options.resume = ResumeRequest{"x", 1};
  }
  const bool is_trusted = flag(7);
  OutboundNegotiation negotiation(options, keys);
  test::FuzzedStream stream(data + 2, size - 2);
  bool is_secure = false;
  unsigned asked = 0;

  OutboundStep step = negotiation.start();
  while (true) {
    ensure(is_secure || step.bytes.find("<auth") == std::string::npos, "nobody authenticates in the clear");
    ensure(is_secure || step.bytes.find("<db:") == std::string::npos, "no key is shown in the clear");
    if (std::holds_alternative<RestartStream>(step.demand)) {
      stream.restart();  // the bytes are the new stream's header
    }
    stream.check_said(step.bytes);
    if (std::holds_alternative<StartTls>(step.demand)) {
      ensure(!is_secure, "TLS begins once");
      is_secure = true;
      stream.restart();
      step = negotiation.tls_established();
      continue;
    }
    if (std::holds_alternative<JudgeCertificate>(step.demand)) {
      ensure(is_secure, "a certificate is judged inside TLS");
      step = negotiation.certificate_judged({.may_proceed = is_trusted, .refusal = "no"});
      ensure(is_trusted || negotiation.is_closed(), "nothing goes on with a server that was refused");
      continue;
    }
    if (std::holds_alternative<KeyAnswered>(step.demand)) {
      ensure(asked > 0, "an answer is to a question");
      --asked;
    }
    ensure(std::holds_alternative<CloseConnection>(step.demand) == negotiation.is_closed(), "an end is told");
    ensure(negotiation.is_closed() == negotiation.failure().has_value() || !negotiation.is_closed(), "and has its reason");
    ensure(!negotiation.is_open() || (is_secure && is_trusted && negotiation.proof() != ServerProof::none), "nothing is sent before we are believed");
    ensure(negotiation.proof() != ServerProof::dialback || options.may_dialback, "dialback is off where it is off");
    if (negotiation.is_closed() || stream.is_over()) {
      break;
    }
    if (negotiation.can_ask() && flag(8) && asked == 0) {
      ++asked;
      step = negotiation.ask({.pair = options.pair.reversed(), .stream_id = "1", .key = "k"});
      continue;
    }
    auto fed = stream.feed(negotiation);
    if (!fed) {
      break;
    }
    step = std::move(*fed);
  }
  return 0;
}
