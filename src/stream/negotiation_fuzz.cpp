// Fuzzes a whole negotiation: bytes go through framer and parser into the machine, whose demands are answered by the
// input's first bytes. Whatever comes, nobody is bound without a success, what is said stays well-formed enough to read
// again, and what is closed stays closed.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ensure.h"
#include "stream/stream_negotiation.h"
#include "xml/framer.h"

using namespace aldis;
using namespace aldis::stream;

namespace {

class FixedRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override { std::fill(out.begin(), out.end(), std::uint8_t{7}); }
};

class OneDomain final : public Domains {
 public:
  std::optional<Offer> offer(std::string_view domain) override {
    if (domain != "d.example") {
      return std::nullopt;
    }
    Offer offered;
    offered.mechanisms = {"PLAIN"};
    offered.has_registration = true;
    offered.has_stream_management = true;
    offered.sasl2 = Sasl2Offer{.has_bind = true,
                               .bind_features = {"urn:xmpp:carbons:2"},
                               .token_mechanisms = {"HT-SHA-256-EXPR"},
                               .upgrades = {"UPGR-SCRAM-SHA-256"},
                               .has_resumption = true};
    return offered;
  }
  std::string_view default_domain() const override { return "d.example"; }
};

// What the server says must be readable by the reader that reads clients: no element may be broken by what was echoed.
void check_said(std::string_view said, xml::Framer& framer) {
  while (!said.empty()) {
    const auto frame = framer.next(said);
    ensure(frame.has_value(), "the server writes well-formed XML");
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
  OneDomain domains;
  StreamNegotiation::Options options;
  options.tls = static_cast<TlsMode>(data[0] % 3);
  StreamNegotiation negotiation(options, domains, random);
  xml::Framer framer(xml::Limits::before_authentication());
  xml::Framer reader;
  std::string_view input(reinterpret_cast<const char*>(data) + 3, size - 3);
  bool has_succeeded = false;
  bool is_sasl2 = false;
  const BareJid alice = BareJid::parse("alice@d.example").value();

  while (!input.empty() && !negotiation.is_closed() && !negotiation.is_done()) {
    auto frame = framer.next(input);
    Step step;
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
      const bool is_asked = std::holds_alternative<BeginAuthentication>(step.demand) ||
                            std::holds_alternative<ContinueAuthentication>(step.demand) ||
                            std::holds_alternative<AbortAuthentication>(step.demand) ||
                            std::holds_alternative<BeginTask>(step.demand) || std::holds_alternative<ContinueTask>(step.demand);
      if (const auto* begin = std::get_if<BeginAuthentication>(&step.demand)) {
        is_sasl2 = begin->sasl2.has_value();
      }
      if (is_asked) {
        const std::uint32_t verdict = answer();
        has_succeeded = has_succeeded || verdict == 1;
        const SaslAnswer going_on = !is_sasl2 ? SaslAnswer(SaslChallenge{"?"})
                                    : answer() == 0 ? SaslAnswer(SaslContinue{"UPGR-SCRAM-SHA-256", "v="})
                                                    : SaslAnswer(SaslTask{"salt", 4096});
        step = verdict == 0   ? negotiation.on_authentication(answers % 2 == 0 ? SaslAnswer(SaslChallenge{"?"}) : going_on)
               : verdict == 1 ? negotiation.on_authentication(SaslSuccess{alice, std::nullopt})
                              : negotiation.on_authentication(SaslFailure{sasl::Failure::not_authorized, verdict - 2});
      } else if (const auto* wanted = std::get_if<EstablishSession>(&step.demand)) {
        ensure(has_succeeded, "nobody binds without authentication");
        for (const std::string& request : wanted->bind ? wanted->bind->requests : std::vector<std::string>{}) {
          ensure(xml::parse(request).has_value(), "a request stands alone");
        }
        step = answer() == 0 ? negotiation.established({}) : negotiation.established({alice.with_resource("r"), "<bound xmlns='b'/>"});
      } else if (std::holds_alternative<BindResource>(step.demand)) {
        ensure(has_succeeded, "nobody binds without authentication");
        step = answer() == 0 ? negotiation.bind_refused(StanzaError(StanzaCondition::conflict))
                             : negotiation.bound(alice.with_resource("r"));
      } else if (const auto* resume = std::get_if<ResumeStream>(&step.demand)) {
        ensure(has_succeeded, "nobody resumes without authentication");
        const std::string answered = resume->request.previd;
        step = answer() == 0 ? negotiation.resumed(stream::resumed(answered, resume->request.h))
                             : negotiation.resume_refused(management_failed(StanzaCondition::item_not_found));
      } else {
        break;
      }
    }
    if (std::holds_alternative<StartTls>(step.demand)) {
      ensure(options.tls == TlsMode::starttls, "TLS begins once");
      framer.reset();
      reader.reset();
      negotiation.tls_established();
    } else if (std::holds_alternative<RestartStream>(step.demand)) {
      framer.reset();
      reader.reset();
    }
    ensure(std::holds_alternative<CloseConnection>(step.demand) == negotiation.is_closed(), "an end is told");
  }
  ensure(!negotiation.is_done() || has_succeeded, "nobody is bound without authentication");
  return 0;
}
