// Fuzzes a whole negotiation: bytes go through framer and parser into the machine, whose demands are answered by the
// input's first bytes. Whatever comes, nobody is bound without a success, what is said stays well-formed enough to read
// again, and what is closed stays closed.
#include <cstdint>
#include <string>
#include <string_view>

#include "stream/stream_negotiation.h"
#include "tests/support/fuzzed_stream.h"

using namespace aldis;
using namespace aldis::stream;

namespace {

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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) {
    return 0;
  }
  test::FuzzedAnswers answers(data[1], data[2]);
  test::FixedRandom random;
  OneDomain domains;
  StreamNegotiation::Options options;
  options.tls = static_cast<TlsMode>(data[0] % 3);
  StreamNegotiation negotiation(options, domains, random);
  test::FuzzedStream stream(data + 3, size - 3);
  bool has_succeeded = false;
  bool is_sasl2 = false;
  const BareJid alice = BareJid::parse("alice@d.example").value();

  while (!stream.is_over() && !negotiation.is_closed() && !negotiation.is_done()) {
    auto fed = stream.feed(negotiation);
    if (!fed) {
      break;
    }
    Step step = std::move(*fed);
    while (true) {
      stream.check_said(step.bytes);
      const bool is_asked = std::holds_alternative<BeginAuthentication>(step.demand) ||
                            std::holds_alternative<ContinueAuthentication>(step.demand) ||
                            std::holds_alternative<AbortAuthentication>(step.demand) ||
                            std::holds_alternative<BeginTask>(step.demand) || std::holds_alternative<ContinueTask>(step.demand);
      if (const auto* begin = std::get_if<BeginAuthentication>(&step.demand)) {
        is_sasl2 = begin->sasl2.has_value();
      }
      if (is_asked) {
        const std::uint32_t verdict = answers.next();
        has_succeeded = has_succeeded || verdict == 1;
        const SaslAnswer going_on = !is_sasl2 ? SaslAnswer(SaslChallenge{"?"})
                                    : answers.next() == 0 ? SaslAnswer(SaslContinue{"UPGR-SCRAM-SHA-256", "v="})
                                                    : SaslAnswer(SaslTask{"salt", 4096});
        step = verdict == 0   ? negotiation.on_authentication(answers.is_next_even() ? SaslAnswer(SaslChallenge{"?"}) : going_on)
               : verdict == 1 ? negotiation.on_authentication(SaslSuccess{alice, std::nullopt})
                              : negotiation.on_authentication(SaslFailure{sasl::Failure::not_authorized, verdict - 2});
      } else if (const auto* wanted = std::get_if<EstablishSession>(&step.demand)) {
        ensure(has_succeeded, "nobody binds without authentication");
        for (const std::string& request : wanted->bind ? wanted->bind->requests : std::vector<std::string>{}) {
          ensure(xml::parse(request).has_value(), "a request stands alone");
        }
        step = answers.next() == 0 ? negotiation.established({}) : negotiation.established({alice.with_resource("r"), "<bound xmlns='b'/>"});
      } else if (std::holds_alternative<BindResource>(step.demand)) {
        ensure(has_succeeded, "nobody binds without authentication");
        step = answers.next() == 0 ? negotiation.bind_refused(StanzaError(StanzaCondition::conflict))
                             : negotiation.bound(alice.with_resource("r"));
      } else if (const auto* resume = std::get_if<ResumeStream>(&step.demand)) {
        ensure(has_succeeded, "nobody resumes without authentication");
        const std::string answered = resume->request.previd;
        step = answers.next() == 0 ? negotiation.resumed(stream::resumed(answered, resume->request.h))
                             : negotiation.resume_refused(management_failed(StanzaCondition::item_not_found));
      } else {
        break;
      }
    }
    if (std::holds_alternative<StartTls>(step.demand)) {
      ensure(options.tls == TlsMode::starttls, "TLS begins once");
      stream.restart();
      negotiation.tls_established();
    } else if (std::holds_alternative<RestartStream>(step.demand)) {
      stream.restart();
    }
    ensure(std::holds_alternative<CloseConnection>(step.demand) == negotiation.is_closed(), "an end is told");
  }
  ensure(!negotiation.is_done() || has_succeeded, "nobody is bound without authentication");
  return 0;
}
