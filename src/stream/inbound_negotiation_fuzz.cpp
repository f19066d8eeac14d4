// Fuzzes the receiving side of a stream between servers: bytes go through framer and parser into the machine, whose demands
// are answered by the input's first bytes. Whatever comes, nobody is believed whom the owner did not prove, what is said can be
// read again, and what is closed stays closed.
#include <cstdint>
#include <string>
#include <string_view>

#include "stream/inbound_negotiation.h"
#include "tests/support/fuzzed_stream.h"

using namespace aldis;
using namespace aldis::stream;

namespace {

class OneDomain final : public InboundDomains {
 public:
  explicit OneDomain(bool may_dialback) : may_dialback_(may_dialback) {}
  bool is_served(std::string_view domain) const override { return domain == "h.example"; }
  std::string_view default_domain() const override { return "h.example"; }
  Result<InboundOffer, StreamError> offer(const DomainPair& pair) override {
    ensure(is_served(pair.to) && !is_served(pair.from), "the rule is asked about strangers");
    return InboundOffer{.has_dialback = may_dialback_, .has_bidi = true, .has_stream_management = true};
  }

 private:
  bool may_dialback_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) {
    return 0;
  }
  test::FuzzedAnswers answers(data[1], data[2]);
  test::FixedRandom random;
  OneDomain domains((data[0] & 2U) != 0);
  const DialbackKey keys(SecretBytes(std::string_view("sixteen bytes or more")));
  InboundNegotiation::Options options;
  options.is_direct_tls = (data[0] & 1U) != 0;
  InboundNegotiation negotiation(options, domains, keys, random);
  test::FuzzedStream stream(data + 3, size - 3);
  bool is_secure = options.is_direct_tls;
  bool is_proved = false;
  bool is_valid = false;
  bool is_verifying = false;

  while (!stream.is_over() && !negotiation.is_closed()) {
    auto fed = stream.feed(negotiation);
    if (!fed) {
      break;
    }
    InboundStep step = std::move(*fed);
    while (true) {
      stream.check_said(step.bytes);
      if (std::holds_alternative<JudgeCertificate>(step.demand)) {
        ensure(is_secure, "a certificate is judged inside TLS");
        const std::uint32_t judged = answers.next();
        is_proved = (judged & 1U) != 0;
        step = negotiation.certificate_judged({.is_proved = is_proved, .may_dialback = (judged & 2U) != 0});
      } else if (const auto* verify = std::get_if<VerifyKey>(&step.demand)) {
        ensure(is_secure && !is_verifying && (data[0] & 2U) != 0 && verify->pair == negotiation.pair(), "one key of the pair, where it is allowed");
        is_verifying = true;
        break;
      } else if (std::holds_alternative<EnableManagement>(step.demand) || std::holds_alternative<ResumeStream>(step.demand)) {
        ensure(negotiation.is_open(), "XEP-0198 comes after authentication");
        const bool is_managed = answers.next() != 0;
        step = negotiation.managed(is_managed ? enabled({}) : management_failed(StanzaCondition::item_not_found), is_managed);
      } else {
        break;
      }
    }
    if (std::holds_alternative<StartTls>(step.demand)) {
      ensure(!is_secure, "TLS begins once");
      is_secure = true;
      stream.restart();
      negotiation.tls_established();
    } else if (std::holds_alternative<RestartStream>(step.demand)) {
      stream.restart();
    }
    if (is_verifying && answers.next() == 0 && !negotiation.is_closed()) {
      is_verifying = false;
      const auto outcome = static_cast<KeyVerdict::Outcome>(answers.next() % 3);
      is_valid = is_valid || outcome == KeyVerdict::Outcome::valid;
      step = negotiation.key_verified({.outcome = outcome});
      stream.check_said(step.bytes);
    }
    ensure(std::holds_alternative<CloseConnection>(step.demand) == negotiation.is_closed(), "an end is told");
    ensure(!negotiation.is_open() || (is_secure && (is_proved || is_valid)), "nobody is believed without proof");
    ensure(negotiation.proof() != ServerProof::external || is_proved, "EXTERNAL rests on the certificate");
    ensure(!negotiation.is_open() || (negotiation.pair().to == "h.example" && negotiation.pair().from != "h.example"), "a stream is from a stranger to us");
  }
  return 0;
}
