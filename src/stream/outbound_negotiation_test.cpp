// The initiating side of a stream between servers as dialogues. Clauses without a document are of RFC 6120.
#include "stream/server_stream_test_support.h"

namespace aldis::stream {
namespace {

using namespace server_test;
using testing::HasSubstr;
using testing::Not;
using Kind = OutboundFailure::Kind;
using Outcome = KeyVerdict::Outcome;
using Options = OutboundNegotiation::Options;

const std::string auth = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>" + base64_encode(std::string_view("home.example")) + "</auth>";
const std::string sasl_failure = "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>";

std::optional<Kind> kind_of_failure(const Called& called) {
  return called.machine->failure() ? std::optional(called.machine->failure()->kind) : std::nullopt;
}

// ---- the whole way

TEST(Outbound, ByCertificateFromTheFirstHeaderToTheFirstStanza) {  // XEP-0178 section 3
  Called called({.has_certificate = true, .wants_bidi = true, .enable = EnableRequest{.resume = true}});
  EXPECT_EQ(called.take(called.machine->start()),
            "<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' "
            "from='home.example' to='peer.example' version='1.0' xml:lang='en'>");
  EXPECT_EQ(called.sends(their_answer), "");
  EXPECT_EQ(called.sends(features(tls_feature + bidi_feature)), starttls);
  EXPECT_EQ(called.sends(proceed), "");
  ASSERT_TRUE(called.demands<StartTls>());
  called.framer.reset();
  EXPECT_EQ(called.take(called.machine->tls_established()), "");
  ASSERT_TRUE(called.demands<JudgeCertificate>()) << "before anything is said inside TLS";
  EXPECT_EQ(std::get<JudgeCertificate>(called.demand).domain, "peer.example") << "security C04: the domain asked for";
  EXPECT_THAT(called.take(called.machine->certificate_judged({.may_proceed = true})), HasSubstr("to='peer.example' version"));
  called.sends(their_answer);
  EXPECT_EQ(called.sends(features(external_feature + bidi_feature)), bidi + auth) << "XEP-0288 2.2: before SASL";
  EXPECT_FALSE(called.machine->accepts_stanzas());
  EXPECT_THAT(called.sends(success), HasSubstr("<stream:stream "));
  ASSERT_TRUE(called.demands<RestartStream>());
  called.framer.reset();
  called.sends(their_answer);
  EXPECT_FALSE(called.machine->is_open());
  EXPECT_EQ(called.sends(features(sm_feature)), enable_sm);
  EXPECT_TRUE(called.machine->accepts_stanzas()) << "the peer may send from its last features on";
  EXPECT_EQ(called.sends("<enabled xmlns='urn:xmpp:sm:3' id='sm-1' resume='true' max='600'/>"), "");
  EXPECT_TRUE(called.machine->is_open());
  EXPECT_TRUE(called.machine->management().is_enabled);
  EXPECT_EQ(called.machine->management().id, "sm-1");
  EXPECT_EQ(called.machine->management().max_seconds, 600U);
  EXPECT_EQ(called.machine->proof(), ServerProof::external);
  EXPECT_EQ(called.take(called.machine->close()), "</stream:stream>");
  EXPECT_EQ(kind_of_failure(called), Kind::local);
}

TEST(Outbound, ByDialback) {  // XEP-0220 section 2.1.1
  Called called({.may_dialback = true, .enable = EnableRequest{}});
  called.secures();
  EXPECT_THAT(called.first, HasSubstr(" xmlns:db='jabber:server:dialback'")) << "2.4.1";
  EXPECT_EQ(called.sends(features(dialback_feature + sm_feature)),
            "<db:result xmlns:db='jabber:server:dialback' from='home.example' to='peer.example'>" + called.keys.make(ours, "s-id") + "</db:result>");
  EXPECT_FALSE(called.machine->is_open());
  EXPECT_EQ(called.sends(db_result("peer.example", "home.example", " type='valid'/>")), "<enable xmlns='urn:xmpp:sm:3'/>");
  called.sends("<failed xmlns='urn:xmpp:sm:3'/>");
  EXPECT_TRUE(called.machine->is_open()) << "XEP-0198 is not a condition";
  EXPECT_FALSE(called.machine->management().is_enabled);
  EXPECT_EQ(called.machine->proof(), ServerProof::dialback);
}

TEST(Outbound, DirectTlsBeginsWithTheHandshake) {  // XEP-0368
  Called called({.is_direct_tls = true, .has_certificate = true});
  called.secures();
  EXPECT_EQ(called.first, "");
  EXPECT_EQ(called.sends(features(external_feature + tls_feature)), auth) << "STARTTLS is not used inside TLS";
}

TEST(Outbound, EveryCutReadsTheSame) {
  Called called({.has_certificate = true});
  called.take(called.machine->start());
  EXPECT_EQ(called.sends_bytewise(their_answer), "");
  EXPECT_EQ(called.sends_bytewise(features(tls_feature)), starttls);
  called.sends_bytewise(proceed);
  ASSERT_TRUE(called.demands<StartTls>());
  called.framer.reset();
  called.take(called.machine->tls_established());
  called.take(called.machine->certificate_judged({.may_proceed = true}));
  called.sends_bytewise(their_answer);
  EXPECT_EQ(called.sends_bytewise(features(external_feature)), auth);
  called.sends_bytewise(success);
  ASSERT_TRUE(called.demands<RestartStream>());
  called.framer.reset();
  called.sends_bytewise(their_answer);
  called.sends_bytewise(features(""));
  EXPECT_TRUE(called.machine->is_open());
}

// ---- before TLS

TEST(Outbound, WithoutTlsNothingIsSaid) {  // 5.3.1, RFC 7590 section 3.1, security T02
  Called called({.has_certificate = true, .may_dialback = true, .wants_bidi = true});
  called.take(called.machine->start());
  called.sends(their_answer);
  const std::string said = called.sends(features(external_feature + dialback_feature + bidi_feature));
  EXPECT_TRUE(said.starts_with(stream_error("policy-violation"))) << said;
  EXPECT_EQ(kind_of_failure(called), Kind::no_tls);
  Called refused({.has_certificate = true, .may_dialback = true});
  refused.take(refused.machine->start());
  refused.sends(their_answer);
  refused.sends(features(tls_feature));
  EXPECT_EQ(refused.sends("<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"), "</stream:stream>");
  EXPECT_EQ(kind_of_failure(refused), Kind::no_tls) << "security D03: no dialback where TLS failed";
}

TEST(Outbound, WhatWasSaidInTheClearIsForgotten) {  // security T01
  Called called({.has_certificate = true, .may_dialback = true});
  called.take(called.machine->start());
  called.sends(their_answer);
  called.sends(features(tls_feature));
  // <proceed/> with features and a valid result behind it, in one segment.
  EXPECT_EQ(called.sends(proceed + features(external_feature) + db_result("peer.example", "home.example", " type='valid'/>")), "");
  ASSERT_TRUE(called.demands<StartTls>());
  EXPECT_FALSE(called.pending.empty()) << "not looked at; the owner drops it";
  EXPECT_EQ(called.machine->stream_id(), "s-id");
  called.framer.reset();
  called.take(called.machine->tls_established());
  EXPECT_EQ(called.machine->stream_id(), "") << "a key is never made for an id from the clear";
  called.take(called.machine->certificate_judged({.may_proceed = true}));
  called.sends(opened("from='peer.example' id='inside' version='1.0'"));
  EXPECT_THAT(called.sends(features(dialback_feature)), HasSubstr(called.keys.make(ours, "inside")));
  // An owner that fed the rest all the same gets the stream ended.
  Called fed({.has_certificate = true, .may_dialback = true});
  fed.take(fed.machine->start());
  fed.sends(their_answer);
  fed.sends(features(tls_feature));
  fed.sends(proceed);
  EXPECT_EQ(fed.sends(features(external_feature)), "");
  EXPECT_TRUE(fed.machine->is_closed());
}

TEST(Outbound, ElementsOutOfTurnInTheClearEndTheStream) {
  for (const std::string& element : {success, proceed, db_result("peer.example", "home.example", " type='valid'/>"),
                                     db_verify("peer.example", "home.example", "1", " type='valid'/>"), message,
                                     std::string("<enabled xmlns='urn:xmpp:sm:3'/>"), std::string("<x xmlns='urn:x'/>"), db_result("peer.example", "home.example")}) {
    Called called({.has_certificate = true, .may_dialback = true});
    called.take(called.machine->start());
    called.sends(their_answer);
    EXPECT_THAT(called.sends(element), HasSubstr("<stream:error>")) << element;
    EXPECT_TRUE(called.machine->is_closed());
    EXPECT_EQ(kind_of_failure(called), Kind::protocol);
  }
}

// ---- the header

TEST(Outbound, ItsHeaderIsJudged) {
  const auto failed_with = [](const std::string& header, const std::string& then) {
    Called called({.has_certificate = true});
    called.take(called.machine->start());
    called.sends(header);
    called.sends(then);
    EXPECT_TRUE(called.machine->is_closed()) << header;
    return std::pair(*kind_of_failure(called), called.reason().value_or(StreamCondition::reset));
  };
  const std::string offered = features(tls_feature);
  EXPECT_EQ(failed_with(opened("from='other.example' to='home.example' id='1' version='1.0'"), offered),
            std::pair(Kind::not_the_domain, StreamCondition::invalid_from))
      << "4.7.1";
  EXPECT_EQ(failed_with(opened("to='home.example' id='1' version='1.0'"), offered).first, Kind::not_the_domain);
  EXPECT_EQ(failed_with(opened("from='peer.example' to='other.example' id='1' version='1.0'"), offered).first, Kind::not_the_domain);
  // 4.9.1.2: the reason is worth more than the header.
  EXPECT_EQ(failed_with(opened("from='other.example' id='1' version='1.0'"),
                        "<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"),
            std::pair(Kind::stream_error, StreamCondition::host_unknown));
  const auto refused = [](const std::string& header) {
    Called called;
    called.take(called.machine->start());
    return called.sends(header);
  };
  EXPECT_THAT(refused(opened("from='peer.example' id='1' version='1.0'", "jabber:client")), HasSubstr(stream_error("invalid-namespace")));
  EXPECT_THAT(refused(opened("from='peer.example' id='1'")), HasSubstr(stream_error("unsupported-version"))) << "4.7.5";
  EXPECT_THAT(refused("<html>"), HasSubstr("<stream:error>"));
}

TEST(Outbound, ARestartKeepsItsDomain) {  // security X13
  Called called({.has_certificate = true});
  called.secures();
  called.sends(features(external_feature));
  called.sends(success);
  called.framer.reset();
  called.sends(opened("from='other.example' id='1' version='1.0'"));
  EXPECT_THAT(called.sends(features("")), HasSubstr(stream_error("invalid-from")));
  EXPECT_FALSE(called.machine->is_open());
}

// ---- the certificate

TEST(Outbound, ARefusedCertificateEndsIt) {  // security C02, C04
  Called called({.has_certificate = true, .may_dialback = true});
  called.take(called.machine->start());
  called.sends(their_answer);
  called.sends(features(tls_feature));
  called.sends(proceed);
  called.framer.reset();
  called.take(called.machine->tls_established());
  const std::string said = called.take(called.machine->certificate_judged({.may_proceed = false, .refusal = "it is for other.example"}));
  EXPECT_TRUE(said.starts_with("<?xml version='1.0'?><stream:stream "));
  EXPECT_THAT(said, HasSubstr(stream_error("not-authorized")));
  EXPECT_THAT(said, Not(HasSubstr("db:result"))) << "security D03: dialback does not stand in";
  EXPECT_EQ(kind_of_failure(called), Kind::untrusted);
  EXPECT_EQ(called.machine->failure()->detail, "it is for other.example");
}

// ---- authentication

TEST(Outbound, WithoutAWayToAuthenticateItEnds) {
  struct Row {
    Options options;
    std::string offered;
  };
  for (const Row& row : {Row{{.has_certificate = true}, dialback_feature}, Row{{.has_certificate = false, .may_dialback = false}, external_feature},
                         Row{{.has_certificate = true}, ""}, Row{{.has_certificate = true}, "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"}}) {
    Called called(row.options);
    called.secures();
    EXPECT_EQ(called.sends(features(row.offered)), "</stream:stream>") << row.offered;
    EXPECT_EQ(kind_of_failure(called), Kind::no_authentication);
    EXPECT_FALSE(called.machine->is_open());
  }
}

TEST(Outbound, DialbackOnlyWhereItIsOffered) {  // XEP-0220 2.4
  const std::string without_db =
      "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' from='peer.example' id='s-id' version='1.0'>";
  for (const bool is_offered : {false, true}) {
    Called called({.may_dialback = true});
    called.take(called.machine->start());
    called.sends(their_answer);
    called.sends(features(tls_feature));
    called.sends(proceed);
    called.framer.reset();
    called.take(called.machine->tls_established());
    called.take(called.machine->certificate_judged({.may_proceed = true}));
    called.sends(without_db);
    const std::string said = called.sends(features(is_offered ? dialback_feature : ""));
    EXPECT_EQ(said.starts_with("<db:result "), is_offered);
    EXPECT_EQ(called.machine->is_closed(), !is_offered);
  }
  Called no_id({.may_dialback = true});
  no_id.take(no_id.machine->start());
  no_id.sends(their_answer);
  no_id.sends(features(tls_feature));
  no_id.sends(proceed);
  no_id.framer.reset();
  no_id.take(no_id.machine->tls_established());
  no_id.take(no_id.machine->certificate_judged({.may_proceed = true}));
  no_id.sends(opened("from='peer.example' version='1.0'"));
  EXPECT_EQ(no_id.sends(features(dialback_feature)), "</stream:stream>") << "4.7.3: a key needs the stream's id";
}

TEST(Outbound, AfterARefusedCertificateDialbackOnlyByTheRule) {  // security D03
  Called strict({.has_certificate = true, .may_dialback = false});
  strict.secures();
  strict.sends(features(external_feature + dialback_feature));
  EXPECT_EQ(strict.sends(sasl_failure), "</stream:stream>");
  EXPECT_EQ(kind_of_failure(strict), Kind::sasl);
  EXPECT_EQ(strict.machine->failure()->detail, "not-authorized");
  Called lax({.has_certificate = true, .may_dialback = true});
  lax.secures();
  lax.sends(features(external_feature + dialback_feature));
  EXPECT_THAT(lax.sends(sasl_failure), HasSubstr("<db:result "));
  EXPECT_FALSE(lax.machine->failure());
  lax.sends(db_result("peer.example", "home.example", " type='valid'/>"));
  EXPECT_EQ(lax.machine->proof(), ServerProof::dialback);
}

TEST(Outbound, ChallengesHaveNoPlace) {  // RFC 4422 appendix A
  Called called({.has_certificate = true});
  called.secures();
  called.sends(features(external_feature));
  EXPECT_THAT(called.sends("<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"), HasSubstr("<stream:error>"));
}

TEST(Outbound, ARefusedKeyIsTheEnd) {  // XEP-0220 2.1.1
  Called invalid({.may_dialback = true});
  invalid.secures();
  invalid.sends(features(dialback_feature));
  EXPECT_EQ(invalid.sends(db_result("peer.example", "home.example", " type='invalid'/>")), "</stream:stream>");
  EXPECT_EQ(invalid.machine->failure()->dialback->outcome, Outcome::invalid);
  Called error({.may_dialback = true});
  error.secures();
  error.sends(features(dialback_feature));
  error.sends(db_result("peer.example", "home.example",
                        " type='error'><error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></db:result>"));
  EXPECT_EQ(kind_of_failure(error), Kind::dialback);
  EXPECT_EQ(error.machine->failure()->dialback->condition, StanzaCondition::item_not_found);
  EXPECT_FALSE(error.machine->is_open());
}

// ---- answers that nobody asked for (security D01)

TEST(Outbound, UnsolicitedAnswersEndTheStream) {  // XEP-0220 3.1
  const std::vector<std::string> answers = {
      db_result("victim.example", "home.example", " type='valid'/>"), db_result("peer.example", "other.home.example", " type='valid'/>"),
      db_result("home.example", "peer.example", " type='valid'/>"), db_verify("victim.example", "home.example", "1", " type='valid'/>"),
      db_verify("peer.example", "home.example", "not-asked", " type='valid'/>"), db_result("peer.example", "home.example", " type='yes'/>")};
  for (const std::string& answer : answers) {
    Called waiting({.may_dialback = true});
    waiting.secures();
    waiting.sends(features(dialback_feature));
    EXPECT_THAT(waiting.sends(answer), HasSubstr(stream_error("policy-violation"))) << answer;
    EXPECT_FALSE(waiting.machine->is_open());
    EXPECT_EQ(waiting.machine->proof(), ServerProof::none);
    for (const bool is_bidi : {false, true}) {
      Called open({.has_certificate = true, .may_dialback = true, .wants_bidi = is_bidi});
      open.authenticates(external_feature + bidi_feature);
      ASSERT_TRUE(open.machine->is_open());
      EXPECT_THAT(open.sends(answer), HasSubstr(stream_error("policy-violation"))) << answer;
      EXPECT_FALSE(open.machine->is_open());
    }
    Called before({.has_certificate = true, .may_dialback = true});
    before.secures();
    EXPECT_THAT(before.sends(answer), HasSubstr("<stream:error>")) << "before its features";
  }
  Called sasl({.has_certificate = true, .may_dialback = true});
  sasl.secures();
  sasl.sends(features(external_feature));
  EXPECT_THAT(sasl.sends(db_result("peer.example", "home.example", " type='valid'/>")), HasSubstr(stream_error("policy-violation")))
      << "EXTERNAL was asked for, not dialback";
  EXPECT_FALSE(sasl.machine->is_open());
}

// ---- questions to an authoritative server

TEST(Outbound, AsksAboutKeysAndNothingElse) {  // XEP-0220 section 2.1.2
  Called called({.role = OutboundNegotiation::Role::verify, .has_certificate = true, .wants_bidi = true});
  called.secures();
  EXPECT_FALSE(called.machine->can_ask());
  EXPECT_EQ(called.sends(features(external_feature + dialback_feature + bidi_feature)), "") << "it does not authenticate";
  ASSERT_TRUE(called.machine->can_ask());
  EXPECT_EQ(called.take(called.machine->ask({.pair = theirs, .stream_id = "in&1", .key = "k<ey"})),
            "<db:verify xmlns:db='jabber:server:dialback' from='home.example' to='peer.example' id='in&amp;1'>k&lt;ey</db:verify>");
  EXPECT_EQ(called.sends(db_verify("peer.example", "home.example", "in&amp;1", " type='valid'/>")), "");
  ASSERT_TRUE(called.demands<KeyAnswered>());
  EXPECT_EQ(std::get<KeyAnswered>(called.demand).stream_id, "in&1");
  EXPECT_EQ(std::get<KeyAnswered>(called.demand).verdict.outcome, Outcome::valid);
  EXPECT_FALSE(called.machine->is_open());
  EXPECT_THAT(called.sends(db_verify("peer.example", "home.example", "in&amp;1", " type='valid'/>")),
              HasSubstr(stream_error("policy-violation")))
      << "security D01: once asked, once answered";
}

TEST(Outbound, AnswersOfEachKind) {
  Called called({.role = OutboundNegotiation::Role::verify});
  called.secures();
  called.sends(features(dialback_feature));
  for (const auto& [rest, outcome, condition] :
       {std::tuple(" type='invalid'/>", Outcome::invalid, StanzaCondition::remote_server_not_found),
        std::tuple(" type='error'><error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></db:verify>",
                   Outcome::failed, StanzaCondition::item_not_found),
        std::tuple(" type='error'/>", Outcome::failed, StanzaCondition::undefined_condition)}) {
    called.take(called.machine->ask({.pair = theirs, .stream_id = "1", .key = "k"}));
    called.sends(db_verify("peer.example", "home.example", "1", rest));
    ASSERT_TRUE(called.demands<KeyAnswered>()) << rest;
    EXPECT_EQ(std::get<KeyAnswered>(called.demand).verdict.outcome, outcome);
    EXPECT_EQ(std::get<KeyAnswered>(called.demand).verdict.condition, condition);
  }
}

TEST(Outbound, QuestionsAreBounded) {  // security D05
  Called called({.role = OutboundNegotiation::Role::verify});
  called.secures();
  called.sends(features(dialback_feature));
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(called.machine->can_ask());
    called.take(called.machine->ask({.pair = theirs, .stream_id = std::to_string(i), .key = "k"}));
  }
  EXPECT_FALSE(called.machine->can_ask());
  called.sends(db_verify("peer.example", "home.example", "3", " type='invalid'/>"));
  EXPECT_TRUE(called.machine->can_ask());
}

TEST(Outbound, AStreamThatDeliversMayAskToo) {
  Called called({.has_certificate = true});
  called.authenticates(external_feature, dialback_feature);
  ASSERT_TRUE(called.machine->is_open());
  ASSERT_TRUE(called.machine->can_ask());
  called.take(called.machine->ask({.pair = theirs, .stream_id = "1", .key = "k"}));
  called.sends(db_verify("peer.example", "home.example", "1", " type='valid'/>"));
  EXPECT_TRUE(called.demands<KeyAnswered>());
  EXPECT_TRUE(called.machine->is_open());
}

TEST(Outbound, AServerWithoutDialbackCannotBeAsked) {
  Called called({.role = OutboundNegotiation::Role::verify});
  called.take(called.machine->start());
  called.sends(their_answer);
  called.sends(features(tls_feature));
  called.sends(proceed);
  called.framer.reset();
  called.take(called.machine->tls_established());
  called.take(called.machine->certificate_judged({.may_proceed = true}));
  called.sends("<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' from='peer.example' id='1' version='1.0'>");
  EXPECT_EQ(called.sends(features(external_feature)), "</stream:stream>");
  EXPECT_EQ(kind_of_failure(called), Kind::no_authentication);
}

// ---- XEP-0288

TEST(Outbound, StanzasComeOnlyByAgreement) {  // 8.1.1.2, 8.1.2.2, security D04
  Called one_way({.has_certificate = true});
  one_way.authenticates(external_feature + bidi_feature);
  EXPECT_FALSE(one_way.machine->accepts_stanzas());
  EXPECT_THAT(one_way.sends(message), HasSubstr(stream_error("not-authorized")));
  Called not_offered({.has_certificate = true, .wants_bidi = true});
  not_offered.authenticates(external_feature);
  EXPECT_FALSE(not_offered.machine->accepts_stanzas());
  Called both({.has_certificate = true, .wants_bidi = true});
  both.authenticates(external_feature + bidi_feature);
  ASSERT_TRUE(both.machine->accepts_stanzas());
  const auto jid = [](std::string_view text) { return std::optional<Jid>(Jid::parse(text).value()); };
  EXPECT_FALSE(both.machine->check_stanza(jid("a@peer.example"), jid("b@home.example")));
  EXPECT_EQ(both.machine->check_stanza(jid("a@victim.example"), jid("b@home.example"))->condition, StreamCondition::invalid_from);
  EXPECT_EQ(both.machine->check_stanza(jid("a@home.example"), jid("b@home.example"))->condition, StreamCondition::invalid_from) << "our own domain";
  EXPECT_EQ(both.machine->check_stanza(jid("a@peer.example"), jid("b@other.home.example"))->condition, StreamCondition::host_unknown);
  EXPECT_EQ(both.machine->check_stanza(std::nullopt, jid("b@home.example"))->condition, StreamCondition::improper_addressing);
}

TEST(Outbound, AFurtherPairIsRefusedOverBidi) {  // XEP-0288 2.2, ADR 0039
  Called called({.has_certificate = true, .may_dialback = true, .wants_bidi = true});
  called.authenticates(external_feature + bidi_feature);
  EXPECT_THAT(called.sends(db_result("room.peer.example", "home.example")), HasSubstr("<resource-constraint "));
  EXPECT_THAT(called.sends(db_verify("peer.example", "home.example", "1", ">" + called.keys.make(ours, "1") + "</db:verify>")),
              HasSubstr("type='valid'"))
      << "XEP-0220 2.2.2: a question about our key";
  EXPECT_THAT(called.sends(db_verify("peer.example", "home.example", "2", ">" + called.keys.make(ours, "1") + "</db:verify>")),
              HasSubstr("type='invalid'"));
  EXPECT_TRUE(called.machine->is_open());
  for (int i = 0; i < 8; ++i) {
    called.sends(db_result("n" + std::to_string(i) + ".example", "home.example"));
  }
  EXPECT_TRUE(called.machine->is_closed()) << "security D05";
  Called off({.has_certificate = true, .wants_bidi = true});
  off.authenticates(external_feature + bidi_feature);
  EXPECT_THAT(off.sends(db_verify("peer.example", "home.example", "1", ">k</db:verify>")), HasSubstr("<not-authorized ")) << "security D03";
  Called one_way({.has_certificate = true, .may_dialback = true});
  one_way.authenticates(external_feature + bidi_feature);
  EXPECT_THAT(one_way.sends(db_result("peer.example", "home.example")), HasSubstr("<stream:error>"));
}

// ---- XEP-0198

TEST(Outbound, ResumesOrBeginsAnew) {  // XEP-0198 section 5
  Called resumed({.has_certificate = true, .enable = EnableRequest{.resume = true}, .resume = ResumeRequest{"sm-1", 7}});
  resumed.authenticates(external_feature, sm_feature);
  EXPECT_EQ(resumed.last, "<resume xmlns='urn:xmpp:sm:3' previd='sm-1' h='7'/>");
  EXPECT_FALSE(resumed.machine->is_open());
  resumed.sends("<resumed xmlns='urn:xmpp:sm:3' previd='sm-1' h='4'/>");
  EXPECT_TRUE(resumed.machine->is_open());
  EXPECT_TRUE(resumed.machine->management().is_resumed);
  EXPECT_EQ(resumed.machine->management().h, 4U);
  Called anew({.has_certificate = true, .enable = EnableRequest{.resume = true}, .resume = ResumeRequest{"sm-1", 7}});
  anew.authenticates(external_feature, sm_feature);
  EXPECT_EQ(anew.sends("<failed xmlns='urn:xmpp:sm:3' h='5'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>"), enable_sm);
  anew.sends("<enabled xmlns='urn:xmpp:sm:3' id='sm-2' resume='1'/>");
  EXPECT_TRUE(anew.machine->is_open());
  EXPECT_FALSE(anew.machine->management().is_resumed);
  EXPECT_EQ(anew.machine->management().id, "sm-2");
  EXPECT_EQ(anew.machine->management().h, 5U) << "what had been handled is known all the same";
  Called gone({.has_certificate = true, .enable = EnableRequest{}, .resume = ResumeRequest{"sm-1", 7}});
  gone.authenticates(external_feature, "");
  EXPECT_TRUE(gone.machine->is_open());
  EXPECT_FALSE(gone.machine->management().is_enabled);
}

TEST(Outbound, AnswersThatAreNoAnswersEndTheStream) {
  for (const std::string_view answer :
       {"<resumed xmlns='urn:xmpp:sm:3' previd='sm-2' h='4'/>", "<resumed xmlns='urn:xmpp:sm:3' previd='sm-1'/>",
        "<resumed xmlns='urn:xmpp:sm:3' h='4'/>", "<enabled xmlns='urn:xmpp:sm:3'/>", "<resumed xmlns='urn:xmpp:sm:3' previd='sm-1' h='-1'/>"}) {
    Called called({.has_certificate = true, .resume = ResumeRequest{"sm-1", 7}});
    called.authenticates(external_feature, sm_feature);
    EXPECT_THAT(called.sends(answer), HasSubstr("<stream:error>")) << answer;
    EXPECT_FALSE(called.machine->is_open());
  }
  Called enabling({.has_certificate = true, .enable = EnableRequest{.resume = true}});
  enabling.authenticates(external_feature, sm_feature);
  EXPECT_THAT(enabling.sends("<resumed xmlns='urn:xmpp:sm:3' previd='x' h='1'/>"), HasSubstr("<stream:error>"));
}

// prosody 0.12 says so to servers: acknowledgements come, and the stream cannot be resumed.
TEST(Outbound, AResumptionThatIsPromisedWithoutAnIdCannotBeHad) {
  Called called({.has_certificate = true, .enable = EnableRequest{.resume = true}});
  called.authenticates(external_feature, sm_feature);
  EXPECT_EQ(called.sends("<enabled xmlns='urn:xmpp:sm:3' resume='true'/>"), "");
  EXPECT_TRUE(called.machine->is_open());
  EXPECT_TRUE(called.machine->management().is_enabled);
  EXPECT_EQ(called.machine->management().id, "");
}

// ---- the end

TEST(Outbound, ThePeersErrorIsTheReason) {  // 4.9.1.1
  Called called({.has_certificate = true});
  called.secures();
  EXPECT_EQ(called.sends("<stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>evil.example</see-other-host>"
                         "<text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>" + std::string(511, 'x') + "ü</text></stream:error>"),
            "</stream:stream>");
  EXPECT_EQ(kind_of_failure(called), Kind::stream_error);
  EXPECT_EQ(called.machine->failure()->stream, StreamCondition::see_other_host) << "and it is not followed";
  EXPECT_EQ(called.machine->failure()->detail, std::string(511, 'x')) << "cut at a character";
  Called closed({.has_certificate = true});
  closed.secures();
  EXPECT_EQ(closed.sends("</stream:stream>"), "</stream:stream>");
  EXPECT_EQ(kind_of_failure(closed), Kind::peer_closed);
}

TEST(Outbound, WhatIsClosedStaysClosed) {
  Called called({.has_certificate = true});
  called.take(called.machine->start());
  called.sends(their_answer);
  called.sends(features(tls_feature));
  called.sends(proceed);
  EXPECT_EQ(called.take(called.machine->close({.condition = StreamCondition::connection_timeout})), "") << "there is no stream to say it on";
  EXPECT_EQ(called.take(called.machine->tls_established()), "");
  EXPECT_EQ(called.take(called.machine->certificate_judged({.may_proceed = true})), "");
  EXPECT_EQ(called.take(called.machine->ask({.pair = theirs, .stream_id = "1", .key = "k"})), "");
  EXPECT_TRUE(called.is_closing());
  EXPECT_EQ(kind_of_failure(called), Kind::local);
}

}  // namespace
}  // namespace aldis::stream
