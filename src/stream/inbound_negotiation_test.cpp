// The receiving side of a stream between servers as dialogues. Clauses without a document are of RFC 6120.
#include "stream/server_stream_test_support.h"

namespace aldis::stream {
namespace {

using namespace server_test;
using testing::HasSubstr;
using testing::Not;
using Outcome = KeyVerdict::Outcome;

// ---- the whole way

TEST(Inbound, ByCertificateFromTheFirstHeaderToTheFirstStanza) {  // XEP-0178 section 3
  Caller caller;
  std::string said = caller.sends(their_header);
  EXPECT_THAT(said, HasSubstr("<?xml version='1.0'?><stream:stream xmlns='jabber:server' "));
  EXPECT_THAT(said, HasSubstr(" from='home.example' to='peer.example' id='"));
  EXPECT_THAT(said, HasSubstr(" xmlns:db='jabber:server:dialback'")) << "XEP-0220 2.4.1, where the rule allows it";
  EXPECT_TRUE(said.ends_with("version='1.0' xml:lang='en'><stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'>"
                             "<required/></starttls></stream:features>"))
      << "security T02: nothing but starttls; " << said;
  const std::string first_id = caller.machine->stream_id();
  EXPECT_GE(first_id.size(), 26U) << "security S08: 128 bits in base32";

  EXPECT_EQ(caller.sends(starttls), proceed);
  ASSERT_TRUE(caller.demands<StartTls>());
  caller.framer.reset();
  caller.machine->tls_established();

  EXPECT_EQ(caller.sends(their_header), "");
  ASSERT_TRUE(caller.demands<JudgeCertificate>());
  EXPECT_EQ(std::get<JudgeCertificate>(caller.demand).domain, "peer.example");
  EXPECT_EQ(std::get<JudgeCertificate>(caller.demand).served, "home.example");
  said = caller.take(caller.machine->certificate_judged({.is_proved = true}));
  EXPECT_TRUE(said.ends_with("xml:lang='en'><stream:features>" + external_feature + bidi_feature + "</stream:features>")) << said;
  EXPECT_THAT(said, Not(HasSubstr("dialback"))) << "security D03: off for this peer";
  EXPECT_NE(caller.machine->stream_id(), first_id) << "4.7.3: each stream has an id of its own";
  EXPECT_FALSE(caller.machine->is_open());

  EXPECT_EQ(caller.sends(bidi), "") << "XEP-0288 2.2: there is no answer";
  EXPECT_EQ(caller.sends("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>" +
                         base64_encode(std::string_view("peer.example")) + "</auth>"),
            success);
  ASSERT_TRUE(caller.demands<RestartStream>());
  EXPECT_FALSE(caller.machine->is_open()) << "6.4.6: not before the new header";
  caller.framer.reset();
  said = caller.sends(their_header);
  EXPECT_TRUE(said.ends_with("<stream:features>" + sm_feature + "</stream:features>")) << said;
  EXPECT_TRUE(caller.machine->is_open());
  EXPECT_TRUE(caller.machine->is_bidi());
  EXPECT_EQ(caller.machine->proof(), ServerProof::external);
  EXPECT_EQ(caller.machine->pair(), theirs);

  EXPECT_EQ(caller.sends(enable_sm), "");
  ASSERT_TRUE(caller.demands<EnableManagement>());
  EXPECT_TRUE(std::get<EnableManagement>(caller.demand).request.resume);
  EXPECT_TRUE(caller.machine->is_open());
  EXPECT_EQ(caller.take(caller.machine->managed("<enabled xmlns='urn:xmpp:sm:3'/>", true)), "<enabled xmlns='urn:xmpp:sm:3'/>");
  EXPECT_TRUE(caller.machine->is_managed());
  EXPECT_EQ(caller.sends("</stream:stream>"), "</stream:stream>");
  EXPECT_TRUE(caller.machine->is_closed());
}

TEST(Inbound, ByDialback) {  // XEP-0220 section 2.2.1
  Caller caller;
  const std::string said = caller.judged({.is_proved = false, .may_dialback = true});
  EXPECT_THAT(said, Not(HasSubstr("EXTERNAL"))) << "6.3.4: offered only for a certificate that proves the domain";
  EXPECT_TRUE(said.ends_with("<stream:features>" + dialback_feature + bidi_feature + sm_feature + "</stream:features>")) << said;
  EXPECT_EQ(caller.sends(db_result("PEER.example", "home.example", ">\n  37c69b1c \n</db:result>")), "");
  ASSERT_TRUE(caller.demands<VerifyKey>());
  const auto& asked = std::get<VerifyKey>(caller.demand);
  EXPECT_EQ(asked.pair, theirs);
  EXPECT_EQ(asked.key, "37c69b1c");
  EXPECT_EQ(asked.stream_id, caller.machine->stream_id());
  EXPECT_FALSE(caller.machine->is_open());
  EXPECT_EQ(caller.take(caller.machine->key_verified({Outcome::valid})),
            "<db:result xmlns:db='jabber:server:dialback' from='home.example' to='peer.example' type='valid'></db:result>");
  EXPECT_TRUE(caller.machine->is_open());
  EXPECT_EQ(caller.machine->proof(), ServerProof::dialback);
  caller.sends(enable_sm);
  EXPECT_TRUE(caller.demands<EnableManagement>());
}

TEST(Inbound, DirectTlsStartsWithTheCertificate) {  // XEP-0368
  Caller caller(true);
  EXPECT_EQ(caller.sends(their_header), "");
  ASSERT_TRUE(caller.demands<JudgeCertificate>());
  const std::string said = caller.take(caller.machine->certificate_judged({.is_proved = true}));
  EXPECT_THAT(said, HasSubstr("EXTERNAL"));
  EXPECT_THAT(said, Not(HasSubstr("starttls")));
  EXPECT_EQ(caller.sends(starttls), "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>") << "5.4.2.2";
}

TEST(Inbound, EveryCutReadsTheSame) {
  Caller whole;
  Caller cut;
  for (Caller* caller : {&whole, &cut}) {
    const auto say = [caller, &cut](const std::string& bytes) { return caller == &cut ? caller->sends_bytewise(bytes) : caller->sends(bytes); };
    EXPECT_THAT(say(their_header), HasSubstr("starttls"));
    EXPECT_EQ(say(starttls), proceed);
    caller->framer.reset();
    caller->machine->tls_established();
    say(their_header);
    ASSERT_TRUE(caller->demands<JudgeCertificate>());
    caller->take(caller->machine->certificate_judged({.is_proved = false, .may_dialback = true}));
    EXPECT_EQ(say(bidi), "");
    EXPECT_EQ(say(db_result("peer.example", "home.example")), "");
    ASSERT_TRUE(caller->demands<VerifyKey>());
    EXPECT_THAT(caller->take(caller->machine->key_verified({Outcome::valid})), HasSubstr("valid"));
    EXPECT_TRUE(caller->machine->is_open());
  }
}

// ---- headers

struct HeaderRow {
  std::string_view why;
  std::string bytes;
  std::string_view condition;  // empty: accepted
};
class InboundHeader : public testing::TestWithParam<HeaderRow> {};

TEST_P(InboundHeader, IsJudged) {
  Caller caller;
  const std::string said = caller.sends(GetParam().bytes);
  if (GetParam().condition.empty()) {
    EXPECT_THAT(said, HasSubstr("<stream:features>")) << GetParam().why;
    return;
  }
  EXPECT_TRUE(said.starts_with("<?xml version='1.0'?><stream:stream ")) << "4.9.1.2; " << GetParam().why;
  EXPECT_THAT(said, HasSubstr("from='home.example'"));
  EXPECT_THAT(said, HasSubstr("'>" + stream_error(GetParam().condition))) << GetParam().why;
  EXPECT_TRUE(said.ends_with("</stream:error></stream:stream>")) << said;
  EXPECT_THAT(said, Not(HasSubstr("features")));
  EXPECT_TRUE(caller.is_closing());
  EXPECT_EQ(caller.sends(their_header), "") << "what is closed stays closed";
}

INSTANTIATE_TEST_SUITE_P(
    Each, InboundHeader,
    testing::Values(
        HeaderRow{"plain", their_header, ""},
        HeaderRow{"prepared", opened("from='PEER.example.' to='Home.Example' version='1.0'"), ""},
        HeaderRow{"4.8.2: no content namespace",
                  "<stream:stream xmlns:stream='http://etherx.jabber.org/streams' from='peer.example' to='home.example' version='1.0'>", ""},
        HeaderRow{"4.8.2: content of clients", opened("from='peer.example' to='home.example' version='1.0'", "jabber:client"), "invalid-namespace"},
        HeaderRow{"4.8.1: stream namespace",
                  "<stream:stream xmlns='jabber:server' xmlns:stream='urn:x' from='peer.example' to='home.example' version='1.0'>",
                  "invalid-namespace"},
        HeaderRow{"4.7.5: no version, so no features and no TLS", opened("from='peer.example' to='home.example'"), "unsupported-version"},
        HeaderRow{"4.7.5: below 1.0", opened("from='peer.example' to='home.example' version='0.9'"), "unsupported-version"},
        HeaderRow{"4.7.1: a server says who it is", opened("to='home.example' version='1.0'"), "improper-addressing"},
        HeaderRow{"4.7.2: and to whom", opened("from='peer.example' version='1.0'"), "improper-addressing"},
        HeaderRow{"D04: empty from", opened("from='' to='home.example' version='1.0'"), "improper-addressing"},
        HeaderRow{"D04: no domain", opened("from='a@peer.example' to='home.example' version='1.0'"), "improper-addressing"},
        HeaderRow{"4.9.3.6: not served", opened("from='peer.example' to='nowhere.example' version='1.0'"), "host-unknown"},
        HeaderRow{"D04: one of us", opened("from='home.example' to='home.example' version='1.0'"), "invalid-from"},
        HeaderRow{"D04: another of us", opened("from='OTHER.home.example' to='home.example' version='1.0'"), "invalid-from"},
        HeaderRow{"D04: one of us as A-label", opened("from='xn--mnchen-3ya.example' to='home.example' version='1.0'"), "invalid-from"},
        HeaderRow{"D04: one of us with a dot", opened("from='other.home.example.' to='home.example' version='1.0'"), "invalid-from"},
        HeaderRow{"a rule", opened("from='refused.example' to='home.example' version='1.0'"), "policy-violation"},
        HeaderRow{"X01: DTD", "<!DOCTYPE s [<!ENTITY j 'x'>]>" + their_header, "restricted-xml"},
        HeaderRow{"4.9.3.22: encoding", "<?xml version='1.0' encoding='UTF-16'?>" + opened("to='home.example' version='1.0'").substr(21),
                  "unsupported-encoding"}));

TEST(Inbound, ARuleIsAskedOnlyAboutStrangersAndServedDomains) {
  Caller caller;
  caller.sends(opened("from='home.example' to='home.example' version='1.0'"));
  EXPECT_TRUE(caller.domains.asked.empty());
}

TEST(Inbound, RestartsCannotChangeWhoTalksToWhom) {  // security X13
  const std::string to_other = opened("from='peer.example' to='other.home.example' version='1.0'");
  const std::string from_other = opened("from='victim.example' to='home.example' version='1.0'");
  for (const bool after_sasl : {false, true}) {
    for (const auto& [header, condition] : {std::pair(to_other, "not-authorized"), std::pair(from_other, "invalid-from")}) {
      Caller caller;
      if (after_sasl) {
        caller.judged({.is_proved = true});
        caller.sends(external);
        caller.framer.reset();
      } else {
        caller.secures();
      }
      const std::string said = caller.sends(header);
      EXPECT_THAT(said, HasSubstr(stream_error(condition)));
      EXPECT_THAT(said, Not(HasSubstr("features")));
      EXPECT_FALSE(caller.machine->is_open());
      EXPECT_TRUE(caller.is_closing());
    }
  }
}

TEST(Inbound, ASecondHeaderInTheStreamEndsIt) {  // security X13
  Caller caller;
  caller.authenticates();
  EXPECT_THAT(caller.sends("<stream:stream from='victim.example'>"), HasSubstr(stream_error("not-well-formed")));
}

// ---- before TLS

TEST(Inbound, InTheClearOnlyStarttlsIsLegal) {  // security T02
  for (const std::string& element :
       {external, bidi, enable_sm, message, db_result("peer.example", "home.example"), db_verify("peer.example", "home.example", "1", ">k</db:verify>"),
        std::string("<presence/>"), std::string("<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>"),
        std::string("<compress xmlns='http://jabber.org/protocol/compress'><method>zlib</method></compress>"),
        std::string("<resume xmlns='urn:xmpp:sm:3' previd='x' h='1'/>"), std::string("<x xmlns='urn:x'/>")}) {
    Caller caller;
    caller.sends(their_header);
    EXPECT_THAT(caller.sends(element), HasSubstr(stream_error("policy-violation"))) << element;
    EXPECT_TRUE(caller.machine->is_closed());
    EXPECT_FALSE(caller.machine->is_open());
  }
}

TEST(Inbound, WhatStandsBehindStarttlsIsTheOwnersToDrop) {  // security T01
  Caller caller;
  caller.sends(their_header);
  EXPECT_EQ(caller.sends(starttls + their_header + external), proceed);
  EXPECT_TRUE(caller.demands<StartTls>());
  EXPECT_FALSE(caller.pending.empty()) << "unread, and dropped with the framer's reset";
  // An owner that fed it all the same would not get far, and there is no stream to answer on.
  EXPECT_EQ(caller.sends(external), "");
  EXPECT_TRUE(caller.machine->is_closed());
}

// ---- the certificate

TEST(Inbound, WithoutAnyProofTheStreamEnds) {
  Caller caller;
  const std::string said = caller.judged({.is_proved = false, .may_dialback = false, .refusal = "the certificate has expired"});
  EXPECT_TRUE(said.starts_with("<?xml version='1.0'?><stream:stream "));
  EXPECT_THAT(said, HasSubstr(stream_error("not-authorized")));
  EXPECT_THAT(said, HasSubstr("the certificate has expired"));
  EXPECT_THAT(said, Not(HasSubstr("features")));
  EXPECT_EQ(caller.reason(), StreamCondition::not_authorized);
}

TEST(Inbound, OffMeansOff) {  // security D03
  {
    Caller caller;  // the rule of the pair says no, whatever the judgement
    caller.domains.offered.has_dialback = false;
    EXPECT_THAT(caller.judged({.is_proved = false, .may_dialback = true}), HasSubstr(stream_error("not-authorized")));
  }
  Caller caller;  // the certificate proves the domain; dialback is off all the same
  caller.domains.offered.has_dialback = false;
  const std::string said = caller.judged({.is_proved = true, .may_dialback = true});
  EXPECT_THAT(said, Not(HasSubstr("dialback")));
  EXPECT_EQ(caller.sends(db_result("peer.example", "home.example")),
            "<db:result xmlns:db='jabber:server:dialback' from='home.example' to='peer.example' type='error'>"
            "<error type='auth'><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></db:result>")
      << "XEP-0220 2.5";
  EXPECT_FALSE(caller.machine->is_open());
  EXPECT_THAT(caller.sends(message), HasSubstr(stream_error("not-authorized")));
}

TEST(Inbound, ACertificateThatDoesNotProveTheDomainNeverPromotes) {  // security D03
  Caller caller;
  caller.judged({.is_proved = false, .may_dialback = true});
  EXPECT_EQ(caller.sends(external), "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><invalid-mechanism/></failure>");
  EXPECT_FALSE(caller.machine->is_open());
  EXPECT_EQ(caller.machine->proof(), ServerProof::none);
}

struct SaslRow {
  std::string_view why;
  std::string text;
  std::string_view failure;
};
class InboundExternal : public testing::TestWithParam<SaslRow> {};

TEST_P(InboundExternal, TakesTheDomainOfTheHeaderAlone) {  // XEP-0178 section 3, security S01, S02, S03
  Caller caller;
  caller.judged({.is_proved = true});
  const std::string said = caller.sends("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>" + GetParam().text + "</auth>");
  if (GetParam().failure.empty()) {
    EXPECT_EQ(said, success) << GetParam().why;
    return;
  }
  EXPECT_EQ(said, "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><" + std::string(GetParam().failure) + "/></failure>") << GetParam().why;
  EXPECT_FALSE(caller.machine->is_closed()) << "6.4.5: tries are left";
  EXPECT_EQ(caller.sends(external), success);
}

std::string encoded(std::string_view text) { return base64_encode(text); }
INSTANTIATE_TEST_SUITE_P(Each, InboundExternal,
                         testing::Values(SaslRow{"none", "=", ""}, SaslRow{"the domain", encoded("peer.example"), ""},
                                         SaslRow{"prepared", encoded("Peer.EXAMPLE"), ""},
                                         SaslRow{"another", encoded("victim.example"), "invalid-authzid"},
                                         SaslRow{"one of us", encoded("home.example"), "invalid-authzid"},
                                         SaslRow{"a user", encoded("a@peer.example"), "invalid-authzid"},
                                         SaslRow{"with NUL", encoded(std::string_view("peer.example\0", 13)), "invalid-authzid"},
                                         SaslRow{"6.5.5", "!!!", "incorrect-encoding"}, SaslRow{"6.5.5", "cGVlcg", "incorrect-encoding"}));

TEST(Inbound, WithoutAnInitialResponseItIsAskedFor) {  // RFC 4422 appendix A, 6.4.2
  Caller caller;
  caller.judged({.is_proved = true});
  EXPECT_EQ(caller.sends("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'/>"),
            "<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
  EXPECT_EQ(caller.sends("<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"), success);
  Caller other;
  other.judged({.is_proved = true});
  other.sends("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'/>");
  EXPECT_EQ(other.sends("<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"),
            "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><aborted/></failure>");
}

TEST(Inbound, OtherMechanismsAreNotThere) {  // security S03
  for (const std::string_view name : {"PLAIN", "external", "ANONYMOUS", "SCRAM-SHA-1", ""}) {
    Caller caller;
    caller.judged({.is_proved = true});
    EXPECT_THAT(caller.sends("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='" + std::string(name) + "'>=</auth>"),
                HasSubstr("<invalid-mechanism/>"));
  }
}

TEST(Inbound, ThreeFailuresAreEnough) {  // 6.4.5
  Caller caller;
  caller.judged({.is_proved = false, .may_dialback = true});
  caller.sends(external);
  caller.sends(external);
  const std::string said = caller.sends(external);
  EXPECT_THAT(said, HasSubstr("<invalid-mechanism/>"));
  EXPECT_THAT(said, HasSubstr(stream_error("policy-violation")));
  EXPECT_TRUE(caller.machine->is_closed());
}

// ---- dialback

std::string refusal(std::string_view from, std::string_view to, std::string_view type, std::string_view condition) {
  return "<db:result xmlns:db='jabber:server:dialback' from='" + std::string(from) + "' to='" + std::string(to) +
         "' type='error'><error type='" + std::string(type) + "'><" + std::string(condition) +
         " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></db:result>";
}

TEST(Inbound, AFurtherPairIsRefusedAndTheStreamGoesOn) {  // XEP-0220 2.5, 2.6; ADR 0039
  for (const bool is_open : {false, true}) {
    Caller caller;
    if (is_open) {
      caller.authenticates();
    } else {
      caller.judged({.is_proved = false, .may_dialback = true});
    }
    EXPECT_EQ(caller.sends(db_result("victim.example", "home.example")),
              refusal("home.example", "victim.example", "wait", "resource-constraint"));
    EXPECT_EQ(caller.sends(db_result("peer.example", "other.home.example")),
              refusal("other.home.example", "peer.example", "wait", "resource-constraint"));
    EXPECT_EQ(caller.sends(db_result("peer.example", "nowhere.example")),
              refusal("nowhere.example", "peer.example", "cancel", "item-not-found"));
    EXPECT_FALSE(caller.machine->is_closed());
    EXPECT_EQ(caller.machine->is_open(), is_open);
    EXPECT_EQ(caller.machine->check_stanza(Jid::parse("a@victim.example").value(), Jid::parse("b@home.example").value())->condition,
              StreamCondition::invalid_from);
  }
}

TEST(Inbound, AFloodOfPairsIsNotAnsweredForEver) {  // security D05
  Caller caller;
  caller.judged({.is_proved = false, .may_dialback = true});
  int verifications = 0;
  int answered = 0;
  for (int i = 0; i < 10'000 && !caller.machine->is_closed(); ++i) {
    caller.sends(db_result("n" + std::to_string(i) + ".attacker.example", "home.example"));
    verifications += caller.demands<VerifyKey>() ? 1 : 0;
    ++answered;
  }
  EXPECT_EQ(verifications, 0);
  EXPECT_EQ(answered, 10);
  EXPECT_EQ(caller.reason(), StreamCondition::policy_violation);
}

TEST(Inbound, OneVerificationAtATime) {  // security D05
  Caller caller;
  caller.judged({.is_proved = false, .may_dialback = true});
  caller.sends(db_result("peer.example", "home.example"));
  EXPECT_TRUE(caller.demands<VerifyKey>());
  EXPECT_THAT(caller.sends(db_result("victim.example", "home.example")), HasSubstr("resource-constraint"));
  EXPECT_THAT(caller.sends(db_result("peer.example", "home.example")), HasSubstr(stream_error("policy-violation")));
  EXPECT_TRUE(caller.take(caller.machine->key_verified({Outcome::valid})).empty()) << "too late";
  EXPECT_FALSE(caller.machine->is_open());
}

TEST(Inbound, AnInvalidKeyEndsTheStream) {  // XEP-0220 2.2.1
  Caller caller;
  caller.judged({.is_proved = false, .may_dialback = true});
  caller.sends(db_result("peer.example", "home.example"));
  const std::string said = caller.take(caller.machine->key_verified({Outcome::invalid}));
  EXPECT_THAT(said, HasSubstr("type='invalid'"));
  EXPECT_TRUE(said.ends_with("</stream:stream>"));
  EXPECT_EQ(caller.reason(), StreamCondition::not_authorized);
  EXPECT_FALSE(caller.machine->is_open());
}

TEST(Inbound, AKeyThatCannotBeVerifiedMayBeTriedAgain) {  // XEP-0220 2.5
  Caller caller;
  caller.judged({.is_proved = false, .may_dialback = true});
  for (int i = 0; i < 9; ++i) {
    caller.sends(db_result("peer.example", "home.example"));
    ASSERT_TRUE(caller.demands<VerifyKey>());
    EXPECT_EQ(caller.take(caller.machine->key_verified({Outcome::failed, StanzaCondition::remote_server_timeout})),
              refusal("home.example", "peer.example", "wait", "remote-server-timeout"));
    EXPECT_FALSE(caller.machine->is_open());
  }
  caller.sends(db_result("peer.example", "home.example"));
  EXPECT_THAT(caller.take(caller.machine->key_verified({Outcome::failed, StanzaCondition::remote_server_timeout})),
              HasSubstr(stream_error("policy-violation")));
}

TEST(Inbound, WhileAKeyIsVerifiedOthersAreAnswered) {  // XEP-0220 2.2.1: two servers that verify each other
  Caller caller;
  caller.judged({.is_proved = false, .may_dialback = true});
  caller.sends(db_result("peer.example", "home.example"));
  const std::string key = caller.keys.make(ours, "their-id");
  EXPECT_THAT(caller.sends(db_verify("peer.example", "home.example", "their-id", ">" + key + "</db:verify>")), HasSubstr("type='valid'"));
  EXPECT_THAT(caller.take(caller.machine->key_verified({Outcome::valid})), HasSubstr("type='valid'"));
  EXPECT_TRUE(caller.machine->is_open());
}

TEST(Inbound, AnswersForOurKeysFromTheKeyAlone) {  // XEP-0220 2.2.2, security D02
  Caller caller;
  caller.judged({.is_proved = false, .may_dialback = true});
  const std::string key = caller.keys.make(ours, "a&b");
  const auto verify = [&](std::string_view from, std::string_view to, std::string_view id, std::string_view shown) {
    return caller.sends(db_verify(from, to, id, ">\n " + std::string(shown) + " </db:verify>"));
  };
  EXPECT_EQ(verify("peer.example", "home.example", "a&amp;b", key),
            "<db:verify xmlns:db='jabber:server:dialback' from='home.example' to='peer.example' id='a&amp;b' type='valid'></db:verify>");
  EXPECT_THAT(verify("peer.example", "home.example", "ab", key), HasSubstr("type='invalid'"));
  EXPECT_THAT(verify("peer.example", "home.example", "a&amp;b", "0" + key.substr(1) + "0"), HasSubstr("type='invalid'"));
  EXPECT_THAT(verify("peer.example", "nowhere.example", "1", key), HasSubstr("<item-not-found"));
  EXPECT_THAT(verify("victim.example", "home.example", "1", key), HasSubstr("<resource-constraint"));
  EXPECT_FALSE(caller.machine->is_open());
  EXPECT_FALSE(caller.machine->is_closed());
}

TEST(Inbound, AnswersNobodyAskedForEndTheStream) {  // security D01, XEP-0220 3.1, XEP-0288 4
  for (const bool is_bidi : {false, true}) {
    for (const std::string& answer :
         {db_result("victim.example", "home.example", " type='valid'/>"), db_result("peer.example", "home.example", " type='valid'/>"),
          db_verify("victim.example", "home.example", "1", " type='valid'/>"), db_verify("peer.example", "home.example", "1", " type='invalid'/>"),
          db_result("peer.example", "home.example", " type='error'/>"), db_result("peer.example", "home.example", " type='VALID'/>")}) {
      for (const int stage : {0, 1, 2}) {
        Caller caller;
        if (stage == 0) {
          caller.judged({.is_proved = false, .may_dialback = true});
          if (is_bidi) {
            caller.sends(bidi);
          }
        } else if (stage == 1) {
          caller.judged({.is_proved = false, .may_dialback = true});
          caller.sends(db_result("peer.example", "home.example"));
        } else {
          caller.authenticates();
        }
        const bool was_open = caller.machine->is_open();
        EXPECT_THAT(caller.sends(answer), HasSubstr(stream_error("policy-violation"))) << answer;
        EXPECT_TRUE(caller.machine->is_closed());
        EXPECT_FALSE(caller.machine->is_open());
        EXPECT_EQ(was_open, stage == 2);
      }
    }
  }
}

TEST(Inbound, MalformedDialbackIsRefused) {
  for (const std::string& element :
       {std::string("<db:result to='home.example'>k</db:result>"), std::string("<db:result from='peer.example'>k</db:result>"),
        db_result("a@peer.example", "home.example"), db_result("", "home.example"), db_result("peer.example", "home.example", "/>"),
        db_result("peer.example", "home.example", ">" + std::string(1025, 'k') + "</db:result>"),
        std::string("<db:verify from='peer.example' to='home.example'>k</db:verify>"),
        db_verify("peer.example", "home.example", std::string(1025, 'i'), ">k</db:verify>")}) {
    Caller caller;
    caller.judged({.is_proved = false, .may_dialback = true});
    EXPECT_THAT(caller.sends(element), HasSubstr(stream_error("bad-format"))) << element.substr(0, 80);
    EXPECT_FALSE(caller.machine->is_open());
  }
}

// ---- stanzas

TEST(Inbound, NoStanzaBeforeProof) {  // 4.9.3.12
  Caller before;
  before.judged({.is_proved = true, .may_dialback = true});
  EXPECT_THAT(before.sends(message), HasSubstr(stream_error("not-authorized")));
  Caller verifying;
  verifying.judged({.is_proved = false, .may_dialback = true});
  verifying.sends(db_result("peer.example", "home.example"));
  EXPECT_THAT(verifying.sends(message), HasSubstr(stream_error("not-authorized")));
}

TEST(Inbound, StanzasAreOfThePairAlone) {  // 8.1.1.2, 8.1.2.2, security D04
  Caller caller;
  caller.authenticates();
  const auto broken = [&](std::string_view from, std::string_view to) -> std::optional<StreamCondition> {
    const auto jid = [](std::string_view text) { return text.empty() ? std::optional<Jid>() : std::optional<Jid>(Jid::parse(text).value()); };
    const auto error = caller.machine->check_stanza(jid(from), jid(to));
    return error ? std::optional(error->condition) : std::nullopt;
  };
  EXPECT_EQ(broken("a@peer.example/r", "b@home.example"), std::nullopt);
  EXPECT_EQ(broken("peer.example", "home.example"), std::nullopt);
  EXPECT_EQ(broken("A@PEER.EXAMPLE.", "b@Home.example"), std::nullopt) << "prepared";
  EXPECT_EQ(broken("", "b@home.example"), StreamCondition::improper_addressing);
  EXPECT_EQ(broken("a@peer.example", ""), StreamCondition::improper_addressing);
  for (const std::string_view from : {"a@victim.example", "a@home.example", "a@sub.peer.example", "a@evilpeer.example", "a@example"}) {
    EXPECT_EQ(broken(from, "b@home.example"), StreamCondition::invalid_from) << from;
  }
  for (const std::string_view to : {"b@other.home.example", "b@third.example", "b@peer.example", "b@sub.home.example"}) {
    EXPECT_EQ(broken("a@peer.example", to), StreamCondition::host_unknown) << to;
  }
}

// ---- XEP-0288, XEP-0198

TEST(Inbound, BidiOnlyWhereItWasOffered) {
  Caller caller;
  caller.domains.offered.has_bidi = false;
  EXPECT_THAT(caller.judged({.is_proved = true}), Not(HasSubstr("bidi")));
  EXPECT_THAT(caller.sends(bidi), HasSubstr(stream_error("policy-violation")));
  EXPECT_FALSE(caller.machine->is_bidi());
  Caller late;
  late.authenticates();
  EXPECT_THAT(late.sends(bidi), HasSubstr(stream_error("policy-violation"))) << "before authentication (XEP-0288 2.2)";
}

TEST(Inbound, ManagementOnlyAfterProofAndOnce) {  // XEP-0198 section 3
  const std::string unexpected =
      "<failed xmlns='urn:xmpp:sm:3'><unexpected-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>";
  Caller before;
  before.judged({.is_proved = true, .may_dialback = true});
  EXPECT_EQ(before.sends(enable_sm), unexpected);
  EXPECT_EQ(before.sends("<resume xmlns='urn:xmpp:sm:3' previd='x' h='1'/>"), unexpected);
  Caller caller;
  caller.authenticates();
  caller.sends("<resume xmlns='urn:xmpp:sm:3' previd='x' h='1'/>");
  ASSERT_TRUE(caller.demands<ResumeStream>());
  EXPECT_EQ(std::get<ResumeStream>(caller.demand).request.previd, "x");
  EXPECT_EQ(caller.take(caller.machine->managed(unexpected, false)), unexpected);
  EXPECT_TRUE(caller.machine->is_open());
  EXPECT_FALSE(caller.machine->is_managed());
  caller.sends(enable_sm);
  ASSERT_TRUE(caller.demands<EnableManagement>()) << "after a refused resumption";
  caller.take(caller.machine->managed("<enabled xmlns='urn:xmpp:sm:3'/>", true));
  EXPECT_EQ(caller.sends(enable_sm), unexpected) << "twice";
  EXPECT_TRUE(caller.machine->is_open());
  Caller without;
  without.domains.offered.has_stream_management = false;
  without.authenticates();
  EXPECT_EQ(without.sends(enable_sm), unexpected);
}

TEST(Inbound, LimitsAndFurtherFeaturesAreSaid) {  // XEP-0478
  Caller caller;
  caller.domains.offered.max_bytes = 262144;
  caller.domains.offered.idle_seconds = 300;
  caller.domains.offered.features = {"<x xmlns='urn:x'/>"};
  EXPECT_THAT(caller.judged({.is_proved = true}),
              HasSubstr("<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>262144</max-bytes><idle-seconds>300</idle-seconds></limits>"));
  caller.sends(external);
  caller.framer.reset();
  EXPECT_THAT(caller.sends(their_header), HasSubstr("<x xmlns='urn:x'/><limits "));
}

// ---- the end

TEST(Inbound, ThePeersErrorEndsTheStreamAndIsKept) {  // 4.9.1.1
  Caller caller;
  caller.authenticates();
  EXPECT_EQ(caller.sends("<stream:error><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text "
                         "xmlns='urn:ietf:params:xml:ns:xmpp-streams'>bye</text></stream:error>"),
            "</stream:stream>");
  ASSERT_TRUE(caller.machine->peer_error());
  EXPECT_EQ(caller.machine->peer_error()->condition, StreamCondition::system_shutdown);
  EXPECT_EQ(caller.machine->peer_error()->text, "bye");
  EXPECT_TRUE(caller.machine->is_closed());
}

TEST(Inbound, ReportsThatComeTooLateSayNothing) {
  Caller judging;
  judging.secures();
  judging.sends(their_header);
  judging.take(judging.machine->close({.condition = StreamCondition::connection_timeout}));
  EXPECT_EQ(judging.take(judging.machine->certificate_judged({.is_proved = true})), "");
  EXPECT_TRUE(judging.is_closing());
  Caller managing;
  managing.authenticates();
  managing.sends(enable_sm);
  managing.take(managing.machine->close({.condition = StreamCondition::reset}));
  EXPECT_EQ(managing.take(managing.machine->managed("<enabled xmlns='urn:xmpp:sm:3'/>", true)), "");
  EXPECT_FALSE(managing.machine->is_open());
}

TEST(Inbound, ClosedFromOurSideAtEachStage) {
  Caller first;
  const std::string said = first.take(first.machine->close({.condition = StreamCondition::connection_timeout}));
  EXPECT_TRUE(said.starts_with("<?xml version='1.0'?><stream:stream ")) << "4.9.1.2";
  EXPECT_THAT(said, HasSubstr(stream_error("connection-timeout")));
  Caller handshake;
  handshake.sends(their_header);
  handshake.sends(starttls);
  EXPECT_EQ(handshake.take(handshake.machine->close({.condition = StreamCondition::connection_timeout})), "") << "5.4.3.2";
  Caller open;
  open.verified();
  EXPECT_TRUE(open.take(open.machine->close({.condition = StreamCondition::policy_violation})).starts_with("<stream:error>"));
  EXPECT_TRUE(open.machine->is_closed());
}

TEST(Inbound, UnknownElementsEndTheStream) {  // 4.9.3.24
  Caller caller;
  caller.authenticates();
  EXPECT_THAT(caller.sends("<x xmlns='urn:x'/>"), HasSubstr(stream_error("unsupported-stanza-type")));
  Caller client;
  client.authenticates();
  EXPECT_THAT(client.sends("<message xmlns='jabber:client' from='a@peer.example' to='b@home.example'/>"),
              HasSubstr(stream_error("unsupported-stanza-type")));
}

}  // namespace
}  // namespace aldis::stream
