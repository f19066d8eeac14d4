// Both sides of streams between servers meet: what the one writes the other reads.
#include "stream/server_stream_test_support.h"

namespace aldis::stream {
namespace {

using namespace server_test;
using Outcome = KeyVerdict::Outcome;

// A stream from home.example to peer.example, whose server serves peer.example alone.
class Peer final : public InboundDomains {
 public:
  bool is_served(std::string_view domain) const override { return domain == "peer.example"; }
  std::string_view default_domain() const override { return "peer.example"; }
  Result<InboundOffer, StreamError> offer(const DomainPair&) override { return offered; }
  InboundOffer offered{.has_dialback = true, .has_bidi = true, .has_stream_management = true};
};

// Carries bytes both ways until neither side has more to say or one waits for its owner.
struct Link {
  Link(OutboundNegotiation::Options options, const DialbackKey& their_keys, const DialbackKey& our_keys, Peer& peer)
      : inbound({}, peer, their_keys, random), outbound(with_pair(std::move(options)), our_keys) {}
  static OutboundNegotiation::Options with_pair(OutboundNegotiation::Options options) {
    options.pair = ours;
    return options;
  }

  template <class Machine, class Take>
  void feed(Machine& machine, xml::Framer& framer, std::string& bytes, Take take) {
    std::string_view rest = bytes;
    while (!rest.empty() && !machine.is_closed()) {
      const auto frame = framer.next(rest);
      ASSERT_TRUE(frame.has_value());
      if (!*frame) {
        break;
      }
      const std::string text((*frame)->bytes);
      if ((*frame)->kind == xml::Framer::FrameKind::stream_close) {
        take(machine.on_stream_close());
      } else if ((*frame)->kind == xml::Framer::FrameKind::stream_open) {
        const auto document = xml::parse_stream_header(text);
        ASSERT_TRUE(document);
        take(machine.on_header(**document));
      } else {
        const auto document = xml::parse(text, machine.scope());
        ASSERT_TRUE(document) << text;
        take(machine.on_element((*document)->root()));
      }
    }
    bytes = rest;
  }
  void take_inbound(InboundStep step) {
    to_outbound += step.bytes;
    if (std::holds_alternative<RestartStream>(step.demand)) {
      inbound_framer.reset();
    } else if (std::holds_alternative<StartTls>(step.demand)) {
      inbound_framer.reset();
      inbound.tls_established();
    } else if (std::holds_alternative<JudgeCertificate>(step.demand)) {
      EXPECT_EQ(std::get<JudgeCertificate>(step.demand).domain, "home.example");
      take_inbound(inbound.certificate_judged(judgement));
    } else if (const auto* verify = std::get_if<VerifyKey>(&step.demand)) {
      to_verify = *verify;
    } else if (std::holds_alternative<EnableManagement>(step.demand)) {
      take_inbound(inbound.managed(enabled({.id = "sm-1", .max = 60}), true));
    }
  }
  void take_outbound(OutboundStep step) {
    to_inbound += step.bytes;
    if (std::holds_alternative<RestartStream>(step.demand)) {
      outbound_framer.reset();
    } else if (std::holds_alternative<StartTls>(step.demand)) {
      outbound_framer.reset();
      take_outbound(outbound.tls_established());
    } else if (std::holds_alternative<JudgeCertificate>(step.demand)) {
      take_outbound(outbound.certificate_judged({.may_proceed = true}));
    } else if (const auto* said = std::get_if<KeyAnswered>(&step.demand)) {
      answered = *said;
    }
  }
  void run() {
    while (!to_inbound.empty() || !to_outbound.empty()) {
      feed(inbound, inbound_framer, to_inbound, [this](InboundStep step) { take_inbound(std::move(step)); });
      feed(outbound, outbound_framer, to_outbound, [this](OutboundStep step) { take_outbound(std::move(step)); });
      if (::testing::Test::HasFatalFailure() || inbound.is_closed()) {
        break;
      }
    }
  }

  SystemRandom random;
  InboundNegotiation inbound;
  OutboundNegotiation outbound;
  xml::Framer inbound_framer{xml::Limits::before_authentication()};
  xml::Framer outbound_framer{xml::Limits::before_authentication()};
  std::string to_inbound;
  std::string to_outbound;
  InboundJudgement judgement{.is_proved = true};
  std::optional<VerifyKey> to_verify;
  std::optional<KeyAnswered> answered;
};

struct ServerStreams : testing::Test {
  DialbackKey our_keys{SecretBytes(std::string_view("the secret of home.example"))};
  DialbackKey their_keys{SecretBytes(std::string_view("the secret of peer.example"))};
  Peer peer;
  Served home;
};

TEST_F(ServerStreams, ByCertificateInBothDirections) {  // XEP-0178 section 3, XEP-0288, XEP-0198
  Link link({.has_certificate = true, .wants_bidi = true, .enable = EnableRequest{.resume = true}}, their_keys, our_keys, peer);
  link.take_outbound(link.outbound.start());
  link.run();
  EXPECT_TRUE(link.inbound.is_open());
  EXPECT_TRUE(link.outbound.is_open());
  EXPECT_EQ(link.inbound.proof(), ServerProof::external);
  EXPECT_EQ(link.outbound.proof(), ServerProof::external);
  EXPECT_TRUE(link.inbound.is_bidi());
  EXPECT_TRUE(link.outbound.accepts_stanzas());
  EXPECT_TRUE(link.inbound.is_managed());
  EXPECT_EQ(link.outbound.management().id, "sm-1");
  EXPECT_EQ(link.inbound.pair(), link.outbound.pair());
  EXPECT_EQ(link.inbound.stream_id(), link.outbound.stream_id());
  link.take_outbound(link.outbound.close());
  link.run();
  EXPECT_TRUE(link.inbound.is_closed());
}

TEST_F(ServerStreams, ByDialbackOverASecondStream) {  // XEP-0220 section 1.4, the four steps
  Link link({.may_dialback = true, .enable = EnableRequest{}}, their_keys, our_keys, peer);
  link.judgement = {.is_proved = false, .may_dialback = true};
  link.take_outbound(link.outbound.start());
  link.run();
  ASSERT_TRUE(link.to_verify);
  EXPECT_FALSE(link.inbound.is_open());

  // The receiving server asks home.example's, on a stream of its own.
  Caller authority;
  authority.machine.emplace(authority.options, home, our_keys, authority.random);
  authority.judged({.is_proved = false, .may_dialback = true});
  std::string question;
  write_dialback(question, {.kind = DialbackElement::Kind::verify,
                            .pair = link.to_verify->pair.reversed(),
                            .id = link.to_verify->stream_id,
                            .key = link.to_verify->key,
                            .verdict = {}});
  EXPECT_NE(authority.sends(question).find("type='valid'"), std::string::npos);

  link.take_inbound(link.inbound.key_verified({Outcome::valid}));
  link.run();
  EXPECT_TRUE(link.inbound.is_open());
  EXPECT_TRUE(link.outbound.is_open());
  EXPECT_EQ(link.outbound.proof(), ServerProof::dialback);
  EXPECT_TRUE(link.inbound.is_managed());
}

TEST_F(ServerStreams, AQuestionIsAnsweredOnItsStream) {  // XEP-0220 sections 2.1.2 and 2.2.2
  Link link({.role = OutboundNegotiation::Role::verify}, their_keys, our_keys, peer);
  link.judgement = {.is_proved = false, .may_dialback = true};
  link.take_outbound(link.outbound.start());
  link.run();
  ASSERT_TRUE(link.outbound.can_ask());
  for (const bool is_right : {true, false}) {
    const std::string key = (is_right ? their_keys : our_keys).make(theirs, "our-stream");
    link.take_outbound(link.outbound.ask({.pair = theirs, .stream_id = "our-stream", .key = key}));
    link.run();
    ASSERT_TRUE(link.answered);
    EXPECT_EQ(link.answered->stream_id, "our-stream");
    EXPECT_EQ(link.answered->verdict.outcome, is_right ? Outcome::valid : Outcome::invalid);
    link.answered.reset();
  }
  EXPECT_FALSE(link.inbound.is_open());
}

TEST_F(ServerStreams, ACertificateThatIsRefusedOverThere) {
  Link link({.has_certificate = true}, their_keys, our_keys, peer);
  link.judgement = {.is_proved = false, .may_dialback = false, .refusal = "the certificate has expired"};
  link.take_outbound(link.outbound.start());
  link.run();
  std::string rest = link.to_outbound;
  link.feed(link.outbound, link.outbound_framer, rest, [&](OutboundStep step) { link.take_outbound(std::move(step)); });
  ASSERT_TRUE(link.outbound.failure());
  EXPECT_EQ(link.outbound.failure()->kind, OutboundFailure::Kind::stream_error);
  EXPECT_EQ(link.outbound.failure()->stream, StreamCondition::not_authorized);
  EXPECT_EQ(link.outbound.failure()->detail, "the certificate has expired");
}

}  // namespace
}  // namespace aldis::stream
