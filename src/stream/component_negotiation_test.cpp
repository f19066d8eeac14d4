// A component's stream as dialogues (XEP-0114 1.6). Clauses without a document are of RFC 6120.
#include "stream/component_negotiation.h"

#include "stream/server_stream_test_support.h"

namespace aldis::stream {
namespace {

using namespace server_test;
using testing::HasSubstr;
using testing::Not;

const std::string component_header = "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "
                                     "xmlns:stream='http://etherx.jabber.org/streams' to='plays.home.example'>";

class Secrets final : public ComponentSecrets {
 public:
  const SecretBytes* secret_of(std::string_view domain) const override { return domain == "plays.home.example" && is_there ? &secret : nullptr; }
  std::string_view default_domain() const override { return "home.example"; }
  SecretBytes secret{std::string_view("the secret of the plays")};
  bool is_there = true;
};

class Component final : public Driven<ComponentNegotiation, ComponentStep, ComponentDemand> {
 public:
  Component() { machine.emplace(secrets, random); }
  std::string proof() const { return component_digest(machine->stream_id(), secrets.secret); }
  std::string shows(std::string_view digest) { return sends("<handshake>" + std::string(digest) + "</handshake>"); }
  void opens() {
    sends(component_header);
    shows(proof());
    ASSERT_TRUE(demands<AdmitComponent>());
    ASSERT_EQ(take(machine->admit()), "<handshake/>");
    ASSERT_TRUE(machine->is_open());
  }
  Secrets secrets;
};

TEST(Component, TheDigestIsThatOfTheSpecification) {  // section 3; the value by coreutils' sha1sum
  EXPECT_EQ(component_digest("3BF96D32", SecretBytes(std::string_view("secret"))), "b09ea9b3b7f586be8a08d0a3dd7466f110aeb136");
}

TEST(Component, FromTheHeaderToTheFirstStanza) {  // section 3
  Component plays;
  const std::string said = plays.sends(component_header);
  EXPECT_THAT(said, HasSubstr("<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' "
                              "from='plays.home.example' id='"));
  EXPECT_THAT(said, Not(HasSubstr("version='1.0' "))) << "there are no features to wait for";
  EXPECT_GE(plays.machine->stream_id().size(), 26U) << "security S08: 128 bits in base32";
  EXPECT_FALSE(plays.machine->is_open());
  EXPECT_EQ(plays.shows(plays.proof()), "");
  ASSERT_TRUE(plays.demands<AdmitComponent>());
  EXPECT_FALSE(plays.machine->is_open()) << "the owner may know of another connection";
  EXPECT_EQ(plays.take(plays.machine->admit()), "<handshake/>");
  EXPECT_TRUE(plays.machine->is_open());
  EXPECT_EQ(plays.machine->domain(), "plays.home.example");
  EXPECT_EQ(plays.sends("</stream:stream>"), "</stream:stream>");
  EXPECT_TRUE(plays.machine->is_closed());
}

TEST(Component, EveryCutReadsTheSame) {
  Component plays;
  EXPECT_THAT(plays.sends_bytewise(component_header), HasSubstr("from='plays.home.example'"));
  EXPECT_EQ(plays.sends_bytewise("<handshake>" + plays.proof() + "</handshake>"), "");
  EXPECT_TRUE(plays.demands<AdmitComponent>());
}

struct HeaderRow {
  std::string_view why;
  std::string bytes;
  std::string_view condition;
};

TEST(Component, AHeaderIsRefusedWithItsReason) {
  const std::string streams = " xmlns:stream='http://etherx.jabber.org/streams'";
  const HeaderRow rows[] = {
      {"no such component", "<stream:stream xmlns='jabber:component:accept'" + streams + " to='nobody.home.example'>", "host-unknown"},
      {"a domain of the server's own", "<stream:stream xmlns='jabber:component:accept'" + streams + " to='home.example'>", "host-unknown"},
      {"no address", "<stream:stream xmlns='jabber:component:accept'" + streams + ">", "improper-addressing"},
      {"an account's", "<stream:stream xmlns='jabber:component:accept'" + streams + " to='a@plays.home.example'>", "improper-addressing"},
      {"no address at all", "<stream:stream xmlns='jabber:component:accept'" + streams + " to='@'>", "improper-addressing"},
      {"a client", "<stream:stream xmlns='jabber:client'" + streams + " to='plays.home.example' version='1.0'>", "invalid-namespace"},
      {"a server", "<stream:stream xmlns='jabber:server'" + streams + " to='plays.home.example' version='1.0'>", "invalid-namespace"},
      {"the other way", "<stream:stream xmlns='jabber:component:connect'" + streams + " to='plays.home.example'>", "invalid-namespace"},
      {"no namespace", "<stream:stream" + streams + " to='plays.home.example'>", "invalid-namespace"},
      {"no stream", "<stream:house xmlns='jabber:component:accept'" + streams + " to='plays.home.example'>", "bad-format"},
      {"another's stream", "<stream:stream xmlns='jabber:component:accept' xmlns:stream='urn:x' to='plays.home.example'>", "invalid-namespace"},
      {"no XML", "rubbish", "not-well-formed"},
  };
  for (const HeaderRow& row : rows) {
    Component stranger;
    const std::string said = stranger.sends(row.bytes);
    EXPECT_THAT(said, HasSubstr(stream_error(row.condition))) << row.why;
    EXPECT_TRUE(said.starts_with("<?xml version='1.0'?><stream:stream ")) << row.why << ": section 3, an opening tag first";
    EXPECT_TRUE(said.ends_with("</stream:stream>")) << row.why;
    EXPECT_TRUE(stranger.machine->is_closed()) << row.why;
  }
}

TEST(Component, AWrongProofEndsTheStream) {  // section 3: MUST close, SHOULD not-authorized; security D08
  const std::string right = component_digest("id", SecretBytes(std::string_view("the secret of the plays")));
  for (const std::string& wrong : {std::string(), right /* of another stream's id */, std::string(40, '0'), std::string(1000, 'a'),
                                   std::string("the secret of the plays")}) {
    Component stranger;
    stranger.sends(component_header);
    EXPECT_THAT(stranger.shows(wrong), HasSubstr(stream_error("not-authorized"))) << wrong;
    EXPECT_EQ(stranger.reason(), StreamCondition::not_authorized);
    EXPECT_TRUE(stranger.machine->is_closed());
  }
}

TEST(Component, AProofMustBeWrittenAsTheSpecificationSays) {
  for (const int how : {0, 1, 2, 3}) {
    Component stranger;
    stranger.sends(component_header);
    std::string proof = stranger.proof();
    switch (how) {
      case 0: std::ranges::transform(proof, proof.begin(), [](char c) { return static_cast<char>(std::toupper(c)); }); break;
      case 1: proof.pop_back(); break;
      case 2: proof += "<x/>"; break;
      case 3: proof = " " + proof; break;
    }
    EXPECT_THAT(stranger.shows(proof), HasSubstr(stream_error("not-authorized"))) << how;
  }
}

TEST(Component, BeforeTheProofNothingElseIsHeard) {  // security D08, S03
  for (const std::string_view element :
       {"<message from='a@plays.home.example' to='b@home.example'><body>x</body></message>", "<handshake xmlns='jabber:client'/>",
        "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>"}) {
    Component stranger;
    stranger.sends(component_header);
    EXPECT_THAT(stranger.sends(element), HasSubstr(stream_error("not-authorized"))) << element;
    EXPECT_TRUE(stranger.machine->is_closed());
  }
}

TEST(Component, AComponentThatIsTakenAwayMeanwhileCannotProveItself) {
  Component plays;
  plays.sends(component_header);
  plays.secrets.is_there = false;
  EXPECT_THAT(plays.shows(plays.proof()), HasSubstr(stream_error("not-authorized")));
}

TEST(Component, ItsOwnerMayRefuseASecondConnection) {  // security D08
  Component second;
  second.sends(component_header);
  second.shows(second.proof());
  ASSERT_TRUE(second.demands<AdmitComponent>());
  EXPECT_THAT(second.take(second.machine->close({.condition = StreamCondition::conflict})), HasSubstr(stream_error("conflict")));
  EXPECT_FALSE(second.machine->is_open());
}

TEST(Component, OnAnOpenStreamThereAreOnlyStanzas) {
  for (const std::string_view element : {"<handshake/>", "<log/>", "<message xmlns='urn:x'/>"}) {
    Component plays;
    plays.opens();
    EXPECT_THAT(plays.sends(element), HasSubstr(stream_error("unsupported-stanza-type"))) << element;
  }
}

TEST(Component, ItsOwnErrorIsUnderstood) {  // 4.9.1.1
  Component plays;
  plays.opens();
  EXPECT_EQ(plays.sends("<stream:error><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"), "</stream:stream>");
  ASSERT_TRUE(plays.machine->peer_error());
  EXPECT_EQ(plays.machine->peer_error()->condition, StreamCondition::system_shutdown);
}

TEST(Component, ItSpeaksForItsOwnDomainAlone) {  // section 3: MUST match; security D08
  Component plays;
  plays.opens();
  const auto of = [](std::string_view text) { return text.empty() ? std::optional<Jid>() : std::optional(Jid::parse(text).value()); };
  const auto condition = [&](std::string_view from, std::string_view to) {
    const auto error = plays.machine->check_stanza(of(from), of(to));
    return error ? std::optional(error->condition) : std::nullopt;
  };
  EXPECT_EQ(condition("plays.home.example", "b@home.example"), std::nullopt);
  EXPECT_EQ(condition("anybody@plays.home.example/at all", "b@elsewhere.example"), std::nullopt) << "any user at its hostname";
  for (const std::string_view from : {"home.example", "a@home.example", "a@x.plays.home.example", "a@splays.home.example", "a@peer.example"}) {
    EXPECT_EQ(condition(from, "b@home.example"), StreamCondition::invalid_from) << from;
  }
  EXPECT_EQ(condition("", "b@home.example"), StreamCondition::improper_addressing);
  EXPECT_EQ(condition("plays.home.example", ""), StreamCondition::improper_addressing);
}

}  // namespace
}  // namespace aldis::stream
