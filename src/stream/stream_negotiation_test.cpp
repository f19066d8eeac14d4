// Stream negotiation as dialogues: every order of events, every header, both ends of each rule. Clauses are of RFC 6120.
#include <gmock/gmock.h>

#include "stream/negotiation_test_support.h"

namespace aldis::stream {
namespace {

using namespace negotiation_test;
using testing::HasSubstr;
using testing::Not;

// ---- the whole way

TEST(StreamNegotiation, FromTheFirstHeaderToTheBoundResource) {
  Peer peer;
  std::string said = peer.sends(header);
  EXPECT_THAT(said, HasSubstr("<?xml version='1.0'?><stream:stream xmlns='jabber:client' "));
  EXPECT_THAT(said, HasSubstr("from='example.org'"));
  EXPECT_THAT(said, HasSubstr("version='1.0' xml:lang='en'>"));
  EXPECT_THAT(said, Not(HasSubstr(" to='")));
  EXPECT_TRUE(said.ends_with("<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>"
                             "</stream:features>"))
      << "security T02: nothing but starttls";
  const std::string first_id = peer.negotiation->stream_id();
  EXPECT_GE(first_id.size(), 26U) << "security S08: 128 bits in base32";

  EXPECT_EQ(peer.sends(starttls), proceed);
  EXPECT_TRUE(std::holds_alternative<StartTls>(peer.demand));
  peer.framer.reset();
  peer.negotiation->tls_established();

  said = peer.sends(header);
  EXPECT_TRUE(said.ends_with("<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-1"
                             "</mechanism><mechanism>PLAIN</mechanism></mechanisms></stream:features>"));
  EXPECT_NE(peer.negotiation->stream_id(), first_id) << "4.7.3: each stream has an id of its own";

  EXPECT_EQ(peer.sends(auth), "");
  ASSERT_TRUE(std::holds_alternative<BeginAuthentication>(peer.demand));
  EXPECT_EQ(std::get<BeginAuthentication>(peer.demand).mechanism, "PLAIN");
  EXPECT_EQ(std::get<BeginAuthentication>(peer.demand).initial_response, "AGEAYg==");
  EXPECT_EQ(peer.take(peer.negotiation->on_authentication(SaslChallenge{"who?"})),
            "<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>d2hvPw==</challenge>");
  EXPECT_EQ(peer.sends(response), "");
  EXPECT_EQ(std::get<ContinueAuthentication>(peer.demand).response, "AAAA");
  EXPECT_EQ(peer.take(peer.negotiation->on_authentication(SaslSuccess{BareJid::parse("alice@example.org").value(), "v=x"})),
            "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>dj14</success>");
  EXPECT_TRUE(std::holds_alternative<RestartStream>(peer.demand));
  peer.framer.reset();

  said = peer.sends(header);
  EXPECT_TRUE(said.ends_with("<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><session "
                             "xmlns='urn:ietf:params:xml:ns:xmpp-session'><optional/></session>"
                             "<ver xmlns='urn:xmpp:features:rosterver'/></stream:features>"));
  EXPECT_EQ(peer.sends("<iq type='set' id='b&amp;1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>balcony</resource>"
                       "</bind></iq>"),
            "");
  EXPECT_EQ(std::get<BindResource>(peer.demand).resource, "balcony");
  EXPECT_EQ(peer.take(peer.negotiation->bound(FullJid::parse("alice@example.org/balcony").value())),
            "<iq type='result' id='b&amp;1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>alice@example.org/balcony</jid>"
            "</bind></iq>");
  EXPECT_TRUE(peer.negotiation->is_done());
  EXPECT_EQ(peer.negotiation->identity()->str(), "alice@example.org");
  EXPECT_EQ(peer.negotiation->domain(), "example.org");
}

TEST(StreamNegotiation, ListenersThatStartSecureOrDoWithout) {
  for (const TlsMode mode : {TlsMode::direct, TlsMode::none}) {
    Peer peer(mode);
    const std::string said = peer.sends(header);
    EXPECT_THAT(said, HasSubstr("<mechanisms "));
    EXPECT_THAT(said, Not(HasSubstr("starttls")));
  }
}

TEST(StreamNegotiation, EverythingAnOfferHolds) {
  Peer peer(TlsMode::direct);
  peer.domains.offered.channel_bindings = {"tls-exporter", "tls-server-end-point"};
  peer.domains.offered.has_registration = true;
  peer.domains.offered.max_bytes = 8192;
  peer.domains.offered.idle_seconds = 300;
  const std::string said = peer.sends(header);
  EXPECT_THAT(said, HasSubstr("<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'><channel-binding type='tls-exporter'/>"
                              "<channel-binding type='tls-server-end-point'/></sasl-channel-binding>"));
  EXPECT_THAT(said, HasSubstr("<register xmlns='http://jabber.org/features/iq-register'/>"));
  EXPECT_THAT(said, HasSubstr("<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>8192</max-bytes></limits>"));
  Peer later(TlsMode::direct);
  later.domains.offered = peer.domains.offered;
  later.authenticates();
  const std::string features = later.sends(header);
  EXPECT_THAT(features, HasSubstr("<max-bytes>8192</max-bytes><idle-seconds>300</idle-seconds>"));
  EXPECT_THAT(features, Not(HasSubstr("<mechanisms")));
  EXPECT_THAT(features, Not(HasSubstr("<register")));
}

// ---- headers

struct HeaderRow {
  std::string_view why;
  std::string bytes;
  std::string_view condition;  // empty: accepted
};
class Header : public testing::TestWithParam<HeaderRow> {};

TEST_P(Header, IsJudged) {
  Peer peer;
  const std::string said = peer.sends(GetParam().bytes);
  if (GetParam().condition.empty()) {
    EXPECT_THAT(said, HasSubstr("<stream:features>")) << GetParam().why;
    return;
  }
  // 4.9.1.2: our header, the error, the end, and nothing else.
  EXPECT_TRUE(said.starts_with("<?xml version='1.0'?><stream:stream ")) << GetParam().why;
  EXPECT_THAT(said, HasSubstr("from='example.org'"));
  EXPECT_THAT(said, HasSubstr("'>" + stream_error(GetParam().condition))) << GetParam().why;
  EXPECT_TRUE(said.ends_with("</stream:error></stream:stream>")) << said;
  EXPECT_THAT(said, Not(HasSubstr("features")));
  EXPECT_TRUE(peer.is_closing());
  EXPECT_EQ(peer.sends(header), "") << "what is closed stays closed";
}

std::string opened(std::string_view attributes) {
  return "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' " + std::string(attributes) + ">";
}

INSTANTIATE_TEST_SUITE_P(
    Each, Header,
    testing::Values(
        HeaderRow{"plain", opened("to='example.org' version='1.0'"), ""},
        HeaderRow{"the address is prepared", opened("to='EXAMPLE.org' version='1.0'"), ""},
        HeaderRow{"4.7.5: a later version", opened("to='example.org' version='2.1'"), ""},
        HeaderRow{"4.8.2: no content namespace declared",
                  "<stream:stream xmlns:stream='http://etherx.jabber.org/streams' to='example.org' version='1.0'>", ""},
        HeaderRow{"4.8.1: stream namespace", "<stream:stream xmlns='jabber:client' xmlns:stream='urn:x' to='example.org' version='1.0'>",
                  "invalid-namespace"},
        HeaderRow{"4.8.3: content of servers",
                  "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' to='example.org' version='1.0'>",
                  "invalid-namespace"},
        HeaderRow{"4.8.2: content in the stream namespace",
                  "<stream xmlns='http://etherx.jabber.org/streams' to='example.org' version='1.0'>", "bad-namespace-prefix"},
        HeaderRow{"4.9.3.2: another prefix",
                  "<s:stream xmlns='jabber:client' xmlns:s='http://etherx.jabber.org/streams' to='example.org' version='1.0'>",
                  "bad-namespace-prefix"},
        HeaderRow{"4.9.3.1: another element",
                  "<stream:flow xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='example.org' version='1.0'>",
                  "bad-format"},
        HeaderRow{"4.7.5: no version", opened("to='example.org'"), "unsupported-version"},
        HeaderRow{"4.7.5: below 1.0", opened("to='example.org' version='0.9'"), "unsupported-version"},
        HeaderRow{"4.7.5: no number", opened("to='example.org' version='one'"), "unsupported-version"},
        HeaderRow{"4.7.5: half a number", opened("to='example.org' version='1'"), "unsupported-version"},
        HeaderRow{"4.7.2: no address", opened("version='1.0'"), "improper-addressing"},
        HeaderRow{"4.7.2: empty address", opened("to='' version='1.0'"), "improper-addressing"},
        HeaderRow{"4.7.2: an account's address", opened("to='alice@example.org' version='1.0'"), "improper-addressing"},
        HeaderRow{"4.9.3.6: not served", opened("to='nowhere.example' version='1.0'"), "host-unknown"},
        HeaderRow{"4.9.3.9: malformed from", opened("from='@' to='example.org' version='1.0'"), "invalid-from"},
        HeaderRow{"X01: DTD", "<!DOCTYPE s [<!ENTITY j 'x'>]>" + opened("to='&j;' version='1.0'"), "restricted-xml"},
        HeaderRow{"4.9.3.22: encoding", "<?xml version='1.0' encoding='UTF-16'?>" + opened("to='example.org' version='1.0'"),
                  "unsupported-encoding"},
        HeaderRow{"11.3: undeclared prefix", "<stream:stream xmlns='jabber:client' to='example.org' version='1.0'>", "not-well-formed"}));

TEST(StreamNegotiation, AnswersFromWithTo) {  // 4.7.2
  Peer peer;
  EXPECT_THAT(peer.sends(opened("from='alice@example.org/x' to='example.org' version='1.0'")), HasSubstr(" to='alice@example.org' id="));
}

TEST(StreamNegotiation, KeepsALanguageTagAndNothingElse) {  // 4.7.4
  for (const auto& [lang, kept] : std::vector<std::pair<std::string, std::string>>{
           {"de", "de"}, {"zh-Hant-TW", "zh-Hant-TW"}, {"", ""}, {"&lt;x>", ""}, {"a b", ""}, {std::string(36, 'a'), ""}}) {
    Peer peer;
    peer.sends(opened("to='example.org' version='1.0' xml:lang='" + lang + "'"));
    EXPECT_EQ(peer.negotiation->peer_lang(), kept);
  }
}

TEST(StreamNegotiation, RestartsCannotChangeWhoTalksToWhom) {  // security X13
  const std::string from_alice = opened("from='alice@example.org' to='example.org' version='1.0'");
  const std::string from_bob = opened("from='bob@example.org' to='example.org' version='1.0'");
  const std::string to_other = opened("to='other.example' version='1.0'");
  {
    Peer peer;
    peer.secures();
    EXPECT_THAT(peer.sends(to_other), HasSubstr(stream_error("not-authorized")));
  }
  {
    Peer peer;
    peer.authenticates();
    const std::string said = peer.sends(to_other);
    EXPECT_THAT(said, HasSubstr(stream_error("not-authorized")));
    EXPECT_THAT(said, Not(HasSubstr("features")));
    EXPECT_THAT(said, HasSubstr("from='example.org'"));
  }
  {
    Peer peer;
    peer.authenticates();
    EXPECT_THAT(peer.sends(from_bob), HasSubstr(stream_error("invalid-from")));
  }
  {
    Peer peer;
    peer.authenticates();
    EXPECT_THAT(peer.sends(from_alice), HasSubstr("<bind "));
  }
  {
    Peer peer(TlsMode::direct);
    peer.sends(from_bob);
    peer.sends(auth);
    peer.take(peer.negotiation->on_authentication(SaslSuccess{BareJid::parse("alice@example.org").value(), std::nullopt}));
    peer.framer.reset();
    EXPECT_THAT(peer.sends(from_alice), HasSubstr(stream_error("invalid-from"))) << "from changed on the way";
  }
}

TEST(StreamNegotiation, SeeOtherHostOnceTheStreamIsSecure) {  // 4.9.3.19
  Peer peer;
  peer.domains.offered.see_other_host = "b.example.org:5222";
  EXPECT_THAT(peer.sends(header), HasSubstr("<starttls "));
  peer.sends(starttls);
  peer.framer.reset();
  peer.negotiation->tls_established();
  const std::string said = peer.sends(header);
  EXPECT_THAT(said, HasSubstr("<see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>b.example.org:5222</see-other-host>"));
  EXPECT_EQ(peer.reason(), StreamCondition::see_other_host);
}

// ---- every element in every stage

enum class Stage { plain, secured, authenticated };

struct OrderRow {
  Stage stage;
  std::string_view what;
  std::string element;
  std::string_view said;       // part of what is answered
  bool is_closed;
};
class Order : public testing::TestWithParam<OrderRow> {};

TEST_P(Order, IsAnsweredAsItShould) {
  const OrderRow& row = GetParam();
  Peer peer;
  if (row.stage == Stage::secured) {
    peer.secures();
  } else if (row.stage == Stage::authenticated) {
    peer.authenticates();
  }
  peer.sends(header);
  ASSERT_FALSE(peer.is_closing());
  const std::string said = peer.sends(row.element);
  EXPECT_THAT(said, HasSubstr(std::string(row.said))) << row.what;
  EXPECT_EQ(peer.is_closing(), row.is_closed) << row.what;
  EXPECT_EQ(peer.negotiation->is_closed(), row.is_closed) << row.what;
  if (row.is_closed) {
    EXPECT_TRUE(said.ends_with("</stream:stream>")) << row.what;
  }
}

constexpr std::string_view not_authorized = "<not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'";
constexpr std::string_view policy_violation = "<policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-streams'";
constexpr std::string_view unsupported = "<unsupported-stanza-type xmlns='urn:ietf:params:xml:ns:xmpp-streams'";
const std::string message = "<message to='bob@example.org'><body>hi</body></message>";
const std::string compress = "<compress xmlns='http://jabber.org/protocol/compress'><method>zlib</method></compress>";
const std::string enable = "<enable xmlns='urn:xmpp:sm:3'/>";
const std::string resume = "<resume xmlns='urn:xmpp:sm:3' h='0' previd='x'/>";
const std::string sasl2 = "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'/>";
const std::string legacy = "<iq type='set' id='1'><query xmlns='jabber:iq:auth'><username>a</username></query></iq>";
const std::string session = "<iq type='set' id='1'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>";
const std::string second_stream = "<stream:stream to='example.org' version='1.0'></stream:stream>";

INSTANTIATE_TEST_SUITE_P(
    Plain, Order,  // security T02, E03
    testing::Values(OrderRow{Stage::plain, "starttls", starttls, proceed, false},
                    OrderRow{Stage::plain, "auth", auth,
                             "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><encryption-required/></failure><stream:error><policy-violation",
                             true},
                    OrderRow{Stage::plain, "response", response, policy_violation, true},
                    OrderRow{Stage::plain, "abort", abort_auth, policy_violation, true},
                    OrderRow{Stage::plain, "compress", compress, policy_violation, true},
                    OrderRow{Stage::plain, "SASL2", sasl2, policy_violation, true},
                    OrderRow{Stage::plain, "stream management", enable, policy_violation, true},
                    OrderRow{Stage::plain, "resumption", resume, policy_violation, true},
                    OrderRow{Stage::plain, "legacy auth", legacy, not_authorized, true},
                    OrderRow{Stage::plain, "registration", registration, not_authorized, true},
                    OrderRow{Stage::plain, "bind", bind, not_authorized, true},
                    OrderRow{Stage::plain, "session", session, not_authorized, true},
                    OrderRow{Stage::plain, "message", message, not_authorized, true},
                    OrderRow{Stage::plain, "presence", "<presence/>", not_authorized, true},
                    OrderRow{Stage::plain, "another tls element", "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", policy_violation, true},
                    OrderRow{Stage::plain, "end", "</stream:stream>", "</stream:stream>", true}));

INSTANTIATE_TEST_SUITE_P(
    Secured, Order,
    testing::Values(OrderRow{Stage::secured, "starttls again", starttls, "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>", true},
                    OrderRow{Stage::secured, "auth", auth, "", false},
                    OrderRow{Stage::secured, "response out of order goes to the exchange", response, "", false},
                    OrderRow{Stage::secured, "abort out of order goes to the exchange", abort_auth, "", false},
                    OrderRow{Stage::secured, "bind", bind, not_authorized, true},
                    OrderRow{Stage::secured, "session", session, not_authorized, true},
                    OrderRow{Stage::secured, "registration that was not offered", registration, not_authorized, true},
                    OrderRow{Stage::secured, "legacy auth", legacy, not_authorized, true},
                    OrderRow{Stage::secured, "message", message, not_authorized, true},
                    OrderRow{Stage::secured, "presence", "<presence/>", not_authorized, true},
                    OrderRow{Stage::secured, "message of servers", "<message xmlns='jabber:server'/>", not_authorized, true},
                    OrderRow{Stage::secured, "compress", compress, not_authorized, true},
                    OrderRow{Stage::secured, "SASL2", sasl2, not_authorized, true},
                    OrderRow{Stage::secured, "resumption", resume, not_authorized, true},
                    OrderRow{Stage::secured, "a stream in the stream (X13)", second_stream, "<stream:error>", true},
                    OrderRow{Stage::secured, "another element of streams", "<stream:features/>", not_authorized, true},
                    OrderRow{Stage::secured, "an answer of ours", "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", not_authorized, true}));

INSTANTIATE_TEST_SUITE_P(
    Authenticated, Order,
    testing::Values(OrderRow{Stage::authenticated, "bind", bind, "", false},
                    OrderRow{Stage::authenticated, "a second auth (S04)", auth, policy_violation, true},
                    OrderRow{Stage::authenticated, "response", response, policy_violation, true},
                    OrderRow{Stage::authenticated, "starttls", starttls, "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>", true},
                    OrderRow{Stage::authenticated, "7.1: message before bind", message, not_authorized, true},
                    OrderRow{Stage::authenticated, "7.1: iq before bind", session, not_authorized, true},
                    OrderRow{Stage::authenticated, "bind without id", "<iq type='set'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
                             not_authorized, true},
                    OrderRow{Stage::authenticated, "bind to get", "<iq type='get' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
                             not_authorized, true},
                    OrderRow{Stage::authenticated, "4.9.3.24: not supported", enable, unsupported, true},
                    OrderRow{Stage::authenticated, "end", "</stream:stream>", "</stream:stream>", true}));

// ---- TLS

TEST(StreamNegotiation, PlaintextBehindStarttlsIsNeverAnswered) {  // security T01
  Peer peer;
  peer.sends(header);
  const std::string said = peer.sends(starttls + std::string(header) + auth);
  EXPECT_EQ(said, proceed);
  EXPECT_TRUE(std::holds_alternative<StartTls>(peer.demand));
  EXPECT_FALSE(peer.pending.empty()) << "the machine stopped at starttls; the owner drops the rest";
  EXPECT_EQ(peer.take(peer.negotiation->close({StreamCondition::connection_timeout, {}, {}, {}})), "") << "no stream to say it on";
}

// ---- SASL

TEST(StreamNegotiation, InitialResponsesAsTheyCame) {  // 6.4.2
  const auto first = [](std::string text) {
    Peer peer(TlsMode::direct);
    peer.sends(header);
    peer.sends("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='X'" + text);
    return std::get<BeginAuthentication>(peer.demand).initial_response;
  };
  EXPECT_EQ(first("/>"), std::nullopt);
  EXPECT_EQ(first("></auth>"), std::nullopt);
  EXPECT_EQ(first(">=</auth>"), "=");
  EXPECT_EQ(first("> AA==\n</auth>"), " AA==\n") << "the exchange judges the encoding";
}

TEST(StreamNegotiation, AuthWithoutMechanismIsForTheExchange) {  // 6.5.7
  Peer peer(TlsMode::direct);
  peer.sends(header);
  peer.sends("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
  EXPECT_EQ(std::get<BeginAuthentication>(peer.demand).mechanism, "");
}

TEST(StreamNegotiation, AdditionalDataWithSuccess) {  // 6.4.6
  const auto success = [](std::optional<std::string> data) {
    Peer peer(TlsMode::direct);
    peer.sends(header);
    peer.sends(auth);
    return peer.take(peer.negotiation->on_authentication(SaslSuccess{BareJid::parse("alice@example.org").value(), std::move(data)}));
  };
  EXPECT_EQ(success(std::nullopt), "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'></success>");
  EXPECT_EQ(success(""), "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>=</success>");
  EXPECT_EQ(success("v=x"), "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>dj14</success>");
}

TEST(StreamNegotiation, FailuresUntilNoTryIsLeft) {  // 6.4.5
  Peer peer(TlsMode::direct);
  peer.sends(header);
  for (std::uint32_t left : {2U, 1U}) {
    peer.sends(auth);
    EXPECT_EQ(peer.take(peer.negotiation->on_authentication(SaslFailure{sasl::Failure::not_authorized, left})),
              "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>");
    EXPECT_FALSE(peer.is_closing());
  }
  peer.sends(abort_auth);
  EXPECT_TRUE(std::holds_alternative<AbortAuthentication>(peer.demand));
  const std::string said = peer.take(peer.negotiation->on_authentication(SaslFailure{sasl::Failure::aborted, 0}));
  EXPECT_TRUE(said.starts_with("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><aborted/></failure>" + stream_error("policy-violation")));
  EXPECT_EQ(peer.reason(), StreamCondition::policy_violation);
}

TEST(StreamNegotiation, VerdictAfterTheEndIsDropped) {
  Peer peer(TlsMode::direct);
  peer.sends(header);
  peer.sends(auth);
  EXPECT_THAT(peer.take(peer.negotiation->close({StreamCondition::connection_timeout, {}, {}, {}})), HasSubstr("connection-timeout"));
  EXPECT_EQ(peer.take(peer.negotiation->on_authentication(SaslSuccess{BareJid::parse("alice@example.org").value(), {}})), "");
  EXPECT_TRUE(peer.is_closing());
}

TEST(StreamNegotiation, RegistrationIsHandedOverWhereItIsOffered) {  // XEP-0077 section 3.1
  Peer peer;
  peer.domains.offered.has_registration = true;
  peer.secures();
  peer.sends(header);
  EXPECT_EQ(peer.sends(registration), "");
  EXPECT_TRUE(std::holds_alternative<AnswerRegistration>(peer.demand));
  EXPECT_EQ(peer.sends(auth), "") << "and the stream goes on";
  EXPECT_TRUE(std::holds_alternative<BeginAuthentication>(peer.demand));
  Peer plain;
  plain.domains.offered.has_registration = true;
  EXPECT_THAT(plain.sends(header), Not(HasSubstr("register")));
  EXPECT_THAT(plain.sends(registration), HasSubstr(stream_error("not-authorized")));
}

// ---- binding

TEST(StreamNegotiation, ResourceOfTheServersChoice) {  // 7.6
  for (const std::string& inner : {std::string(), std::string("<resource/>")}) {
    Peer peer(TlsMode::direct);
    peer.authenticates();
    peer.sends(header);
    peer.sends("<iq type='set' id='b1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>" + inner + "</bind></iq>");
    EXPECT_EQ(std::get<BindResource>(peer.demand).resource, std::nullopt);
  }
}

TEST(StreamNegotiation, RefusedBindingsAndTheirEnd) {  // 7.7.2.3
  Peer peer(TlsMode::direct);
  peer.authenticates();
  peer.sends(header);
  for (std::uint32_t i = 1; i <= peer.options.bind_attempts; ++i) {
    peer.sends(bind);
    ASSERT_TRUE(std::holds_alternative<BindResource>(peer.demand)) << i;
    const std::string said = peer.take(peer.negotiation->bind_refused(StanzaError(StanzaCondition::conflict)));
    EXPECT_TRUE(said.starts_with("<iq type='error' id='b1'><error type='cancel'><conflict "));
    EXPECT_EQ(peer.is_closing(), i == peer.options.bind_attempts);
  }
  EXPECT_EQ(peer.reason(), StreamCondition::policy_violation);
}

// ---- stream management (XEP-0198)

constexpr std::string_view unexpected = "<failed xmlns='urn:xmpp:sm:3'><unexpected-request ";
const std::string resume_abc = "<resume xmlns='urn:xmpp:sm:3' previd='abc' h='7'/>";

TEST(StreamNegotiation, ResumptionInPlaceOfABinding) {  // XEP-0198 section 5
  Peer peer(TlsMode::direct);
  peer.domains.offered.has_stream_management = true;
  EXPECT_THAT(peer.sends(header), Not(HasSubstr("urn:xmpp:sm:3"))) << "not before authentication";
  peer.sends(auth);
  peer.take(peer.negotiation->on_authentication(SaslSuccess{BareJid::parse("alice@example.org").value(), std::nullopt}));
  peer.framer.reset();
  EXPECT_THAT(peer.sends(header), HasSubstr("<sm xmlns='urn:xmpp:sm:3'/>"));
  EXPECT_EQ(peer.sends(resume_abc), "");
  ASSERT_TRUE(std::holds_alternative<ResumeStream>(peer.demand));
  EXPECT_EQ(std::get<ResumeStream>(peer.demand).request.previd, "abc");
  EXPECT_EQ(std::get<ResumeStream>(peer.demand).request.h, 7U);
  EXPECT_EQ(peer.take(peer.negotiation->resume_refused("<failed/>")), "<failed/>");
  EXPECT_FALSE(peer.is_closing()) << "a resource may be bound now";
  peer.sends(resume_abc);
  EXPECT_EQ(peer.take(peer.negotiation->resumed("<resumed/>")), "<resumed/>");
  EXPECT_TRUE(peer.negotiation->is_done());
}

TEST(StreamNegotiation, NothingElseOfStreamManagementBeforeAResource) {  // XEP-0198 section 3
  for (const bool is_authenticated : {false, true}) {
    Peer peer(TlsMode::direct);
    peer.domains.offered.has_stream_management = true;
    if (is_authenticated) {
      peer.authenticates();
    }
    peer.sends(header);
    for (const char* element : {"<enable xmlns='urn:xmpp:sm:3'/>", "<r xmlns='urn:xmpp:sm:3'/>", "<a xmlns='urn:xmpp:sm:3' h='1'/>"}) {
      EXPECT_THAT(peer.sends(element), testing::StartsWith(std::string(unexpected))) << element;
      EXPECT_FALSE(peer.is_closing());
    }
    EXPECT_THAT(peer.sends("<resume xmlns='urn:xmpp:sm:3'/>"), HasSubstr("<bad-request "));
    if (!is_authenticated) {
      EXPECT_THAT(peer.sends(resume_abc), testing::StartsWith(std::string(unexpected)));
    }
    EXPECT_THAT(peer.sends("<resumed xmlns='urn:xmpp:sm:3'/>"), HasSubstr("<stream:error>"));
  }
}

TEST(StreamNegotiation, StreamManagementNeedsTlsFirst) {  // security T02
  Peer peer;
  peer.domains.offered.has_stream_management = true;
  peer.sends(header);
  EXPECT_THAT(peer.sends(resume_abc), HasSubstr(stream_error("policy-violation")));
}

TEST(StreamNegotiation, RefusedResumptionsHaveAnEnd) {
  Peer peer(TlsMode::direct);
  peer.domains.offered.has_stream_management = true;
  peer.authenticates();
  peer.sends(header);
  for (std::uint32_t i = 1; i <= peer.options.bind_attempts; ++i) {
    peer.sends(resume_abc);
    ASSERT_TRUE(std::holds_alternative<ResumeStream>(peer.demand)) << i;
    peer.take(peer.negotiation->resume_refused("<failed/>"));
    EXPECT_EQ(peer.is_closing(), i == peer.options.bind_attempts);
  }
}

// ---- ends

TEST(StreamNegotiation, PeersEndBeforeItsHeaderAndOurErrorsAtAnyTime) {
  Peer peer;
  const std::string said = peer.take(peer.negotiation->close({StreamCondition::resource_constraint, {}, {}, {}}));
  EXPECT_TRUE(said.starts_with("<?xml version='1.0'?><stream:stream ")) << "4.9.1.2";
  EXPECT_THAT(said, HasSubstr(stream_error("resource-constraint")));
  EXPECT_EQ(peer.take(peer.negotiation->close({StreamCondition::reset, {}, {}, {}})), "") << "once is enough";
  Peer middle;
  middle.sends(header);
  EXPECT_TRUE(middle.take(middle.negotiation->close({StreamCondition::system_shutdown, {}, {}, {}})).starts_with("<stream:error>"));
}

TEST(StreamNegotiation, BrokenXmlEndsTheStream) {
  Peer peer(TlsMode::direct);
  peer.sends(header);
  EXPECT_THAT(peer.sends("<auth></response>"), HasSubstr(stream_error("not-well-formed")));
  Peer big(TlsMode::direct);
  big.sends(header);
  EXPECT_THAT(big.sends("<auth>" + std::string(9000, 'a')), HasSubstr(stream_error("policy-violation")));
}

// The dialogue does not depend on how the bytes arrive (security O6).
TEST(StreamNegotiation, EveryCut) {
  const std::string bytes = opened("from='alice@example.org' to='example.org' version='1.0' xml:lang='de'") + auth;
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    Peer peer(TlsMode::direct);
    std::string said = peer.sends(std::string_view(bytes).substr(0, cut));
    said += peer.sends(std::string_view(bytes).substr(cut));
    EXPECT_THAT(said, HasSubstr("<mechanisms "));
    EXPECT_TRUE(std::holds_alternative<BeginAuthentication>(peer.demand)) << cut;
  }
}

}  // namespace
}  // namespace aldis::stream
