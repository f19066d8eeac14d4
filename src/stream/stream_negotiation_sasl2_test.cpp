// The profile of XEP-0388 as dialogues: each state of the table, each inline request, both ends of each rule. Sections are of
// XEP-0388 where nothing else is said.
#include <gmock/gmock.h>

#include "stream/negotiation_test_support.h"

namespace aldis::stream {
namespace {

using namespace negotiation_test;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

const BareJid alice = BareJid::parse("alice@example.org").value();
const std::string from_alice =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
    "from='alice@example.org' to='example.org' version='1.0'>";

std::string authenticate(std::string_view inside = "", std::string_view mechanism = "PLAIN") {
  return "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='" + std::string(mechanism) + "'>" + std::string(inside) +
         "</authenticate>";
}
std::string sasl2(std::string_view name, std::string_view inside = "") {
  return "<" + std::string(name) + " xmlns='urn:xmpp:sasl:2'>" + std::string(inside) + "</" + std::string(name) + ">";
}
const std::string initial = "<initial-response>AGEAYg==</initial-response>";
const std::string plain_bind = "<bind xmlns='urn:xmpp:bind:0'/>";
const std::string after_success =
    "<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><session xmlns='urn:ietf:params:xml:ns:xmpp-session'>"
    "<optional/></session><ver xmlns='urn:xmpp:features:rosterver'/></stream:features>";

struct Peer2 : Peer {
  explicit Peer2(TlsMode mode = TlsMode::direct) : Peer(mode) {
    Sasl2Offer& offer = domains.offered.sasl2.emplace();
    offer.has_bind = true;
    offer.bind_features = {"urn:xmpp:carbons:2", "urn:xmpp:csi:0"};
    offer.token_mechanisms = {"HT-SHA-256-EXPR"};
    offer.upgrades = {"UPGR-SCRAM-SHA-256"};
  }
  const BeginAuthentication& begins(std::string_view inside) {
    sends(from_alice);
    EXPECT_EQ(sends(authenticate(inside)), "");
    const auto* begin = std::get_if<BeginAuthentication>(&demand);
    EXPECT_NE(begin, nullptr);
    EXPECT_TRUE(begin->sasl2.has_value());
    return *begin;
  }
  std::string succeeds(std::optional<std::string> data = {}, std::optional<NewToken> token = {}) {
    return take(negotiation->on_authentication(SaslSuccess{alice, std::move(data), std::move(token)}));
  }
};

TEST(Sasl2Negotiation, IsOfferedBesideTheOldProfile) {  // section 2.1; XEP-0386 2.1, XEP-0484 3.1, XEP-0480 2.1
  Peer2 peer;
  EXPECT_THAT(peer.sends(header),
              EndsWith("<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-1</mechanism><mechanism>PLAIN"
                       "</mechanism></mechanisms><authentication xmlns='urn:xmpp:sasl:2'><mechanism>SCRAM-SHA-1</mechanism>"
                       "<mechanism>PLAIN</mechanism><inline><bind xmlns='urn:xmpp:bind:0'><inline>"
                       "<feature var='urn:xmpp:carbons:2'/><feature var='urn:xmpp:csi:0'/></inline></bind>"
                       "<fast xmlns='urn:xmpp:fast:0'><mechanism>HT-SHA-256-EXPR</mechanism></fast></inline>"
                       "<upgrade xmlns='urn:xmpp:sasl:upgrade:0'>UPGR-SCRAM-SHA-256</upgrade></authentication></stream:features>"));
  Peer2 bare;
  *bare.domains.offered.sasl2 = {};
  EXPECT_THAT(bare.sends(header), EndsWith("<authentication xmlns='urn:xmpp:sasl:2'><mechanism>SCRAM-SHA-1</mechanism>"
                                           "<mechanism>PLAIN</mechanism></authentication></stream:features>"));
  Peer2 resuming;
  resuming.domains.offered.sasl2->has_resumption = true;
  EXPECT_THAT(resuming.sends(header), HasSubstr("<sm xmlns='urn:xmpp:sm:3'/>"));
  Peer2 none;
  none.domains.offered.mechanisms.clear();
  EXPECT_THAT(none.sends(header), Not(HasSubstr("urn:xmpp:sasl:2"))) << "not without a mechanism";
}

TEST(Sasl2Negotiation, WithoutInlineRequestsBindingFollowsWithoutARestart) {  // sections 2.6.1 and 6.1
  Peer2 peer;
  const BeginAuthentication& begin = peer.begins(
      initial + "<user-agent id='D4565FA7-4d72-4749-b3d3-740edbf87770'><software>Awesome &lt;XMPP&gt;</software>"
                "<device>Kiva's Phone</device></user-agent>");
  EXPECT_EQ(begin.mechanism, "PLAIN");
  EXPECT_EQ(begin.initial_response, "AGEAYg==");
  EXPECT_EQ(begin.sasl2->from, "alice@example.org");
  EXPECT_EQ(begin.sasl2->agent.id, "d4565fa7-4d72-4749-b3d3-740edbf87770");
  EXPECT_EQ(begin.sasl2->agent.software, "Awesome <XMPP>");
  EXPECT_EQ(begin.sasl2->agent.device, "Kiva's Phone");
  EXPECT_FALSE(begin.sasl2->is_malformed);
  EXPECT_EQ(peer.take(peer.negotiation->on_authentication(SaslChallenge{"who?"})), sasl2("challenge", "d2hvPw=="));
  EXPECT_EQ(peer.sends(sasl2("response", "AAAA")), "");
  EXPECT_EQ(std::get<ContinueAuthentication>(peer.demand).response, "AAAA");
  EXPECT_EQ(peer.succeeds("v=x"), sasl2("success", "<additional-data>dj14</additional-data><authorization-identifier>"
                                                   "alice@example.org</authorization-identifier>") +
                                      after_success);
  EXPECT_TRUE(std::holds_alternative<KeepReading>(peer.demand)) << "no restart";
  EXPECT_EQ(peer.sends(bind), "");
  EXPECT_TRUE(std::holds_alternative<BindResource>(peer.demand));
  EXPECT_THAT(peer.take(peer.negotiation->bound(FullJid::parse("alice@example.org/r").value())), HasSubstr("<jid>alice@example.org/r"));
  EXPECT_TRUE(peer.negotiation->is_done());
}

TEST(Sasl2Negotiation, AnEmptyResponseIsNoAbsentOne) {  // section 2.2
  Peer2 without;
  EXPECT_EQ(without.begins("").initial_response, std::nullopt);
  Peer2 empty;
  EXPECT_EQ(empty.begins("<initial-response/>").initial_response, "");
  Peer2 foreign;
  EXPECT_EQ(foreign.begins("<initial-response xmlns='urn:example'>AAAA</initial-response>").initial_response, std::nullopt);
}

TEST(Sasl2Negotiation, BindComesWithTheSuccess) {  // XEP-0386 3.2
  Peer2 peer;
  peer.begins(initial + "<bind xmlns='urn:xmpp:bind:0'><tag>AwesomeXMPP</tag><enable xmlns='urn:xmpp:carbons:2'/>"
                        "<inactive xmlns='urn:xmpp:csi:0'/><x xmlns='a' b='&apos;'><y xmlns:p='q' p:z=''/></x></bind>");
  EXPECT_EQ(peer.succeeds("v=x", NewToken{"to<ken", WallTime(std::chrono::milliseconds(1'767'225'600'000))}), "");
  const auto* establish = std::get_if<EstablishSession>(&peer.demand);
  ASSERT_NE(establish, nullptr);
  EXPECT_FALSE(establish->resume);
  ASSERT_TRUE(establish->bind);
  EXPECT_EQ(establish->bind->tag, "AwesomeXMPP");
  ASSERT_EQ(establish->bind->requests.size(), 3U);
  EXPECT_EQ(establish->bind->requests[0], "<enable xmlns='urn:xmpp:carbons:2'/>");
  for (const std::string& request : establish->bind->requests) {
    EXPECT_TRUE(xml::parse(request)) << "each stands alone: " << request;
  }
  EXPECT_EQ(peer.take(peer.negotiation->established(
                {FullJid::parse("alice@example.org/AwesomeXMPP/1").value(), "<bound xmlns='urn:xmpp:bind:0'/>"})),
            sasl2("success", "<additional-data>dj14</additional-data><authorization-identifier>alice@example.org/AwesomeXMPP/1"
                             "</authorization-identifier><bound xmlns='urn:xmpp:bind:0'/><token xmlns='urn:xmpp:fast:0' "
                             "expiry='2026-01-01T00:00:00.000Z' token='to&lt;ken'/>") +
                "<stream:features><ver xmlns='urn:xmpp:features:rosterver'/></stream:features>");
  EXPECT_TRUE(peer.negotiation->is_done());
}

TEST(Sasl2Negotiation, ABindingThatIsRefusedLeavesTheOldOne) {
  Peer2 peer;
  peer.begins(initial + plain_bind);
  EXPECT_EQ(peer.succeeds(), "");
  EXPECT_EQ(peer.take(peer.negotiation->established({})),
            sasl2("success", "<authorization-identifier>alice@example.org</authorization-identifier>") + after_success);
  EXPECT_FALSE(peer.negotiation->is_done());
  EXPECT_EQ(peer.sends(bind), "");
  EXPECT_TRUE(std::holds_alternative<BindResource>(peer.demand));
}

TEST(Sasl2Negotiation, InlineRequestsAreReadWhereTheyAreOffered) {
  Peer2 peer;
  *peer.domains.offered.sasl2 = {};
  peer.begins(initial + plain_bind + "<resume xmlns='urn:xmpp:sm:3' previd='x' h='1'/>");
  EXPECT_THAT(peer.succeeds(), EndsWith(after_success)) << "not offered: left out";
  Peer2 both;
  both.domains.offered.sasl2->has_resumption = true;
  both.begins(initial + plain_bind + "<resume xmlns='urn:xmpp:sm:3' previd='x' h='1'/>");
  both.succeeds();
  const auto* establish = std::get_if<EstablishSession>(&both.demand);
  ASSERT_NE(establish, nullptr);
  ASSERT_TRUE(establish->resume);
  EXPECT_EQ(establish->resume->previd, "x");
  EXPECT_EQ(establish->resume->h, 1U);
  EXPECT_TRUE(establish->bind);
  Peer2 wrong;
  wrong.domains.offered.sasl2->has_resumption = true;
  wrong.begins(initial + plain_bind + "<resume xmlns='urn:xmpp:sm:3' previd='x' h='-1'/>");
  const auto* begin = std::get_if<BeginAuthentication>(&wrong.demand);
  ASSERT_NE(begin, nullptr);
  EXPECT_TRUE(begin->sasl2->is_malformed);
}

TEST(Sasl2Negotiation, FailureForgetsWhatWasAskedFor) {  // section 2.6.2: inline requests MUST NOT be processed
  Peer2 peer;
  peer.begins(initial + plain_bind);
  EXPECT_EQ(peer.take(peer.negotiation->on_authentication(SaslFailure{sasl::Failure::not_authorized, 2})),
            sasl2("failure", "<not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"));
  EXPECT_EQ(peer.sends(authenticate(initial)), "") << "another try";
  EXPECT_THAT(peer.succeeds(), EndsWith(after_success)) << "this one asked for nothing";
  Peer2 last;
  last.begins(initial);
  const std::string said = last.take(last.negotiation->on_authentication(SaslFailure{sasl::Failure::not_authorized, 0}));
  EXPECT_THAT(said, HasSubstr(stream_error("policy-violation")));
  EXPECT_TRUE(last.is_closing());
  Peer2 turned;  // the other profile is still there
  turned.begins(initial);
  turned.take(turned.negotiation->on_authentication(SaslFailure{sasl::Failure::not_authorized, 2}));
  EXPECT_EQ(turned.sends(auth), "");
  EXPECT_FALSE(std::get<BeginAuthentication>(turned.demand).sasl2);
  EXPECT_THAT(turned.take(turned.negotiation->on_authentication(SaslFailure{sasl::Failure::not_authorized, 1})),
              HasSubstr("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"));
}

TEST(Sasl2Negotiation, TasksComeBetweenTheMechanismAndTheSuccess) {  // section 2.6.3; XEP-0480 2.2 and 3
  Peer2 peer;
  const BeginAuthentication& begin = peer.begins(initial + plain_bind + "<upgrade xmlns='urn:xmpp:sasl:upgrade:0'>UPGR-SCRAM-SHA-256</upgrade>"
                                                                        "<upgrade xmlns='urn:xmpp:sasl:upgrade:0'>X</upgrade>");
  EXPECT_EQ(begin.sasl2->upgrades, (std::vector<std::string>{"UPGR-SCRAM-SHA-256", "X"}));
  EXPECT_EQ(peer.take(peer.negotiation->on_authentication(SaslContinue{"UPGR-SCRAM-SHA-256", "v=x"})),
            sasl2("continue", "<additional-data>dj14</additional-data><tasks><task>UPGR-SCRAM-SHA-256</task></tasks>"));
  EXPECT_EQ(peer.sends("<next xmlns='urn:xmpp:sasl:2' task='UPGR-SCRAM-SHA-256'/>"), "");
  EXPECT_EQ(std::get<BeginTask>(peer.demand).name, "UPGR-SCRAM-SHA-256");
  EXPECT_EQ(peer.take(peer.negotiation->on_authentication(SaslTask{"salt", 4096})),
            sasl2("task-data", "<salt xmlns='urn:xmpp:scram-upgrade:0' iterations='4096'>c2FsdA==</salt>"));
  EXPECT_EQ(peer.sends(sasl2("task-data", "<hash xmlns='urn:xmpp:scram-upgrade:0'>AAAA</hash>")), "");
  EXPECT_EQ(std::get<ContinueTask>(peer.demand).salted_password, "AAAA");
  EXPECT_EQ(peer.succeeds(), "");
  EXPECT_TRUE(std::holds_alternative<EstablishSession>(peer.demand)) << "what was asked for is done after the tasks";
}

struct Malformed {
  std::string_view why;
  std::string inside;
};

TEST(Sasl2Negotiation, WhatBreaksItsSpecificationIsSaidToTheExchange) {
  for (const Malformed& row : std::vector<Malformed>{
           {"2.3: no UUID", "<user-agent id='phone'/>"},
           {"2.3: no UUID", "<user-agent id=''/>"},
           {"2.3: no UUID", "<user-agent id='d4565fa7-4d72-4749-b3d3-740edbf8777g'/>"},
           {"2.3: no UUID", "<user-agent id='d4565fa7x4d72-4749-b3d3-740edbf87770'/>"},
           {"XEP-0484 3.4: positive", "<fast xmlns='urn:xmpp:fast:0' count='0'/>"},
           {"XEP-0484 3.4: positive", "<fast xmlns='urn:xmpp:fast:0' count='-1'/>"},
           {"XEP-0484 3.4: an integer", "<fast xmlns='urn:xmpp:fast:0' count='1.5'/>"},
           {"XEP-0484 3.4: an integer", "<fast xmlns='urn:xmpp:fast:0' count=''/>"},
           {"XEP-0484 3.4: an integer", "<fast xmlns='urn:xmpp:fast:0' count='99999999999999999999999'/>"},
           {"XEP-0484 3.6: boolean", "<fast xmlns='urn:xmpp:fast:0' invalidate='yes'/>"}}) {
    Peer2 peer;
    EXPECT_TRUE(peer.begins(initial + row.inside).sasl2->is_malformed) << row.why << ": " << row.inside;
  }
  Peer2 peer;
  const BeginAuthentication& begin = peer.begins("<fast xmlns='urn:xmpp:fast:0' count='123' invalidate='true'/>"
                                                 "<request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-EXPR'/>"
                                                 "<user-agent/><unknown xmlns='urn:example'/>");
  EXPECT_FALSE(begin.sasl2->is_malformed);
  EXPECT_EQ(begin.sasl2->token->count, 123U);
  EXPECT_TRUE(begin.sasl2->token->invalidates);
  EXPECT_EQ(begin.sasl2->wanted_token, "HT-SHA-256-EXPR");
  EXPECT_EQ(begin.sasl2->agent.id, "");
}

TEST(Sasl2Negotiation, DescriptionsAreCutBetweenCharacters) {
  Peer2 peer;
  std::string device(99, 'x');
  const BeginAuthentication& begin = peer.begins("<user-agent><device>" + device + "\xE2\x98\x83</device></user-agent>");
  EXPECT_EQ(begin.sasl2->agent.device, device);
}

// Every event in every state of the profile that has no row: the stream ends, and says why.
TEST(Sasl2Negotiation, NothingElseIsReadWhileItIsUnderWay) {  // sections 2.4 and 5.8
  const std::vector<std::string> everything{authenticate(initial),
                                            sasl2("response", "AAAA"),
                                            sasl2("abort"),
                                            sasl2("next"),
                                            sasl2("task-data"),
                                            sasl2("other"),
                                            auth,
                                            response,
                                            abort_auth,
                                            starttls,
                                            bind,
                                            registration,
                                            "<message/>",
                                            "<x xmlns='urn:example'/>"};
  struct Stage {
    std::string_view name;
    SaslAnswer answer;
    std::vector<std::string> legal;
    std::string_view condition;
  };
  const std::vector<Stage> stages{
      {"sasl2", SaslChallenge{"x"}, {sasl2("response", "AAAA"), sasl2("abort")}, "policy-violation"},
      {"task", SaslContinue{"T", {}}, {sasl2("next"), sasl2("abort")}, "policy-violation"},
      {"task_data", SaslTask{"salt", 1}, {sasl2("task-data"), sasl2("abort")}, "policy-violation"},
      {"bind", SaslSuccess{alice, {}}, {bind, starttls}, ""},
  };
  for (const Stage& stage : stages) {
    for (const std::string& event : everything) {
      Peer2 peer;
      peer.begins(initial);
      peer.take(peer.negotiation->on_authentication(stage.answer));
      const std::string said = peer.sends(event);
      const bool is_legal = std::find(stage.legal.begin(), stage.legal.end(), event) != stage.legal.end();
      EXPECT_EQ(peer.is_closing(), !is_legal || (event == starttls)) << stage.name << " " << event;
      if (!is_legal) {
        EXPECT_THAT(said, HasSubstr("<stream:error>")) << stage.name << " " << event;
        EXPECT_THAT(said, EndsWith("</stream:stream>")) << stage.name << " " << event;
        if (!stage.condition.empty()) {
          EXPECT_THAT(said, HasSubstr(stream_error(stage.condition))) << stage.name << " " << event;
        }
      }
    }
  }
  // Before it began its answers are out of order; a second <authenticate/> after the success is a stream error.
  for (const std::string& event : {sasl2("response", "AAAA"), sasl2("abort"), sasl2("next"), sasl2("task-data")}) {
    Peer2 peer;
    peer.sends(header);
    EXPECT_THAT(peer.sends(event), HasSubstr(stream_error("policy-violation"))) << event;
  }
}

TEST(Sasl2Negotiation, BeforeTlsAndWhereItIsNotOfferedItIsRefused) {  // section 3; security T02
  Peer2 clear(TlsMode::starttls);
  clear.sends(header);
  const std::string said = clear.sends(authenticate(initial));
  EXPECT_THAT(said, HasSubstr(sasl2("failure", "<encryption-required xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>")));
  EXPECT_THAT(said, HasSubstr(stream_error("policy-violation")));
  EXPECT_TRUE(clear.is_closing());
  Peer2 old;
  old.domains.offered.sasl2.reset();
  EXPECT_THAT(old.sends(header), Not(HasSubstr("urn:xmpp:sasl:2")));
  EXPECT_THAT(old.sends(authenticate(initial)), HasSubstr(stream_error("not-authorized")));
}

TEST(Sasl2Negotiation, TheStreamsFromIsOfItsDomain) {  // section 2.1
  Peer2 peer;
  const std::string said = peer.sends(
      "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
      "from='alice@other.example' to='example.org' version='1.0'>");
  EXPECT_THAT(said, HasSubstr(stream_error("invalid-from")));
}

TEST(Sasl2Negotiation, ASuccessOfAnotherThanTheStreamsFromEndsIt) {  // the exchange refuses it; this is the second lock
  Peer2 peer;
  peer.begins(initial + plain_bind);
  const std::string said =
      peer.take(peer.negotiation->on_authentication(SaslSuccess{BareJid::parse("bob@example.org").value(), {}}));
  EXPECT_THAT(said, HasSubstr(stream_error("invalid-from")));
  EXPECT_THAT(said, Not(HasSubstr("success")));
}

TEST(Sasl2Negotiation, WhatComesAfterTheEndIsNotSaid) {
  Peer2 peer;
  peer.begins(initial + plain_bind);
  peer.succeeds();
  peer.take(peer.negotiation->close({.condition = StreamCondition::connection_timeout}));
  EXPECT_EQ(peer.take(peer.negotiation->established({FullJid::parse("alice@example.org/r").value(), ""})), "");
  EXPECT_TRUE(peer.negotiation->is_closed());
}

}  // namespace
}  // namespace aldis::stream
