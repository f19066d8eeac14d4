// Fuzzes the receiving side of a stream between servers: bytes go through framer and parser into the machine, whose demands
// are answered by the input's first bytes. Whatever comes, nobody is believed whom the owner did not prove, what is said can be
// read again, and what is closed stays closed.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ensure.h"
#include "stream/inbound_negotiation.h"
#include "xml/framer.h"

using namespace aldis;
using namespace aldis::stream;

namespace {

class FixedRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override { std::fill(out.begin(), out.end(), std::uint8_t{7}); }
};

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
  if (size < 3) {
    return 0;
  }
  std::uint32_t answers = data[1] | (static_cast<std::uint32_t>(data[2]) << 8U);
  const auto answer = [&answers] {
    const std::uint32_t low = answers & 3U;
    answers >>= 2U;
    return low;
  };
  FixedRandom random;
  OneDomain domains((data[0] & 2U) != 0);
  const DialbackKey keys(SecretBytes(std::string_view("sixteen bytes or more")));
  InboundNegotiation::Options options;
  options.is_direct_tls = (data[0] & 1U) != 0;
  InboundNegotiation negotiation(options, domains, keys, random);
  xml::Framer framer(xml::Limits::before_authentication());
  xml::Framer reader;
  std::string_view input(reinterpret_cast<const char*>(data) + 3, size - 3);
  bool is_secure = options.is_direct_tls;
  bool is_proved = false;
  bool is_valid = false;
  bool is_verifying = false;

  while (!input.empty() && !negotiation.is_closed()) {
    auto frame = framer.next(input);
    InboundStep step;
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
      const auto document = xml::parse(std::string((*frame)->bytes), negotiation.scope());
      step = document ? negotiation.on_element((*document)->root()) : negotiation.on_xml_error(document.error());
    }
    while (true) {
      check_said(step.bytes, reader);
      if (std::holds_alternative<JudgeCertificate>(step.demand)) {
        ensure(is_secure, "a certificate is judged inside TLS");
        const std::uint32_t judged = answer();
        is_proved = (judged & 1U) != 0;
        step = negotiation.certificate_judged({.is_proved = is_proved, .may_dialback = (judged & 2U) != 0});
      } else if (const auto* verify = std::get_if<VerifyKey>(&step.demand)) {
        ensure(is_secure && !is_verifying && (data[0] & 2U) != 0 && verify->pair == negotiation.pair(), "one key of the pair, where it is allowed");
        is_verifying = true;
        break;
      } else if (std::holds_alternative<EnableManagement>(step.demand) || std::holds_alternative<ResumeStream>(step.demand)) {
        ensure(negotiation.is_open(), "XEP-0198 comes after authentication");
        const bool is_managed = answer() != 0;
        step = negotiation.managed(is_managed ? enabled({}) : management_failed(StanzaCondition::item_not_found), is_managed);
      } else {
        break;
      }
    }
    if (std::holds_alternative<StartTls>(step.demand)) {
      ensure(!is_secure, "TLS begins once");
      is_secure = true;
      framer.reset();
      reader.reset();
      negotiation.tls_established();
    } else if (std::holds_alternative<RestartStream>(step.demand)) {
      framer.reset();
      reader.reset();
    }
    if (is_verifying && answer() == 0 && !negotiation.is_closed()) {
      is_verifying = false;
      const auto outcome = static_cast<KeyVerdict::Outcome>(answer() % 3);
      is_valid = is_valid || outcome == KeyVerdict::Outcome::valid;
      step = negotiation.key_verified({.outcome = outcome});
      check_said(step.bytes, reader);
    }
    ensure(std::holds_alternative<CloseConnection>(step.demand) == negotiation.is_closed(), "an end is told");
    ensure(!negotiation.is_open() || (is_secure && (is_proved || is_valid)), "nobody is believed without proof");
    ensure(negotiation.proof() != ServerProof::external || is_proved, "EXTERNAL rests on the certificate");
    ensure(!negotiation.is_open() || (negotiation.pair().to == "h.example" && negotiation.pair().from != "h.example"), "a stream is from a stranger to us");
  }
  return 0;
}
