// XEP-0198 (1.6.3) on a bound stream: enabling, acks both ways, what is refused. Resumption is in stream_resumption_test.cpp,
// what an ack of ours means in acceptance_test.cpp. The nurse is the bystander.
#include "core/account.h"
#include "tests/support/managed_client.h"

namespace aldis::test {
namespace {

struct Verona {
  explicit Verona(SceneOptions options = {}) : scene(std::move(options)) {}
  Scene scene;
  Client& juliet = scene.login("juliet@capulet.example/balcony");
  Client& romeo = scene.login("romeo@montague.example/orchard");
  Client& nurse = scene.login("nurse@capulet.example/hall");  // must see nothing
};

constexpr std::string_view unexpected = "<unexpected-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>";

TEST(StreamManagement, IsEnabledOnce) {  // section 3
  Verona v;
  v.juliet.sends("<enable xmlns='urn:xmpp:sm:3'/>");
  EXPECT_EQ(v.juliet.next(), "<enabled xmlns='urn:xmpp:sm:3'/>");
  v.juliet.sends("<enable xmlns='urn:xmpp:sm:3'/>");
  v.juliet.receives({"<failed xmlns='urn:xmpp:sm:3'>", unexpected});
  v.juliet.is_closed_with("policy-violation");
}

TEST(StreamManagement, ResumptionHasAnUnguessableIdAndATime) {  // sections 3 and 5
  Verona v;
  const std::string first = enable_resumption(v.juliet, "max='60'");
  EXPECT_GE(first.size(), 22U);  // 128 bits and more
  const std::string second = enable_resumption(v.romeo);
  EXPECT_NE(first, second);
  v.nurse.sends("<enable xmlns='urn:xmpp:sm:3' resume='1' max='100000'/>");
  v.nurse.receives({"resume='true'", "max='300'"});  // no longer than the server's
}

TEST(StreamManagement, NoResumptionWhereItIsNotConfigured) {
  SceneOptions options;
  options.core.resumption_time = std::chrono::seconds(0);
  Verona v(options);
  v.juliet.sends("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
  EXPECT_EQ(v.juliet.next(), "<enabled xmlns='urn:xmpp:sm:3'/>");
  v.romeo.sends("<enable xmlns='urn:xmpp:sm:3' resume='true' max='0'/>");
  EXPECT_EQ(v.romeo.next(), "<enabled xmlns='urn:xmpp:sm:3'/>");
}

TEST(StreamManagement, LocationIsTheConfiguredOne) {  // section 3
  SceneOptions options;
  options.core.resumption_location = "[2001:db8::1]:5222";
  Verona v(options);
  v.juliet.sends("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
  v.juliet.receives({"resume='true'", "location='[2001:db8::1]:5222'"});
}

TEST(StreamManagement, CountsTheClientsStanzasFromEnableOn) {  // section 4
  Verona v;
  v.juliet.sends("<presence/>");
  v.juliet.ignores_the_rest();
  v.juliet.sends("<enable xmlns='urn:xmpp:sm:3'/><r xmlns='urn:xmpp:sm:3'/>");
  v.juliet.receives("<enabled");
  EXPECT_EQ(v.juliet.next(), ack(0));
  v.juliet.sends("<iq type='get' id='p' to='capulet.example'><ping xmlns='urn:xmpp:ping'/></iq><r xmlns='urn:xmpp:sm:3'/>");
  v.juliet.receives({"type='result'", "id='p'"});
  EXPECT_EQ(v.juliet.next(), ack(1));
  v.juliet.sends("<a xmlns='urn:xmpp:sm:3' h='1'/><sm:r xmlns:sm='urn:xmpp:sm:3'/>");  // acks are no stanzas
  EXPECT_EQ(v.juliet.next(), ack(1));
}

TEST(StreamManagement, EveryKindOfStanzaIsCounted) {  // section 4
  Verona v;
  enable_resumption(v.juliet);
  v.juliet.sends("<presence/>");
  v.juliet.receives("<presence");
  v.juliet.sends("<presence to='romeo@montague.example' type='subscribe'/>");
  v.juliet.sends("<message to='romeo@montague.example/orchard'><body>hark</body></message>");
  v.juliet.sends("<message to='nobody@montague.example'><body>hark</body></message>");
  v.juliet.sends("<iq type='result' id='unasked' to='romeo@montague.example/orchard'/>");
  v.juliet.sends("<iq type='get' id='odd'/>");  // refused as such, and handled (RFC 6120 section 8.2.3)
  v.juliet.ignores_the_rest();
  v.romeo.ignores_the_rest();
  v.juliet.sends("<r xmlns='urn:xmpp:sm:3'/>");
  EXPECT_EQ(v.juliet.next(), ack(6));
}

TEST(StreamManagement, TheServerAsksAfterSomeStanzas) {  // section 4
  SceneOptions options;
  options.core.ack_request_stanzas = 3;
  Verona v(options);
  enable_resumption(v.juliet);
  for (int i = 0; i < 3; ++i) {
    v.romeo.sends("<message to='juliet@capulet.example/balcony'><body>m</body></message>");
    v.juliet.receives("<body>m</body>");
  }
  v.juliet.receives("<r xmlns='urn:xmpp:sm:3'/>");
  v.juliet.sends("<a xmlns='urn:xmpp:sm:3' h='3'/>");
  v.juliet.receives_nothing();
}

TEST(StreamManagement, TheServerAsksAfterSomeTime) {
  Verona v;
  enable_resumption(v.juliet);
  v.romeo.sends("<message to='juliet@capulet.example/balcony'><body>m</body></message>");
  v.juliet.receives("<body>m</body>");
  v.juliet.receives_nothing();
  v.scene.advance(std::chrono::milliseconds(1000));
  v.juliet.receives("<r xmlns='urn:xmpp:sm:3'/>");
  v.scene.advance(std::chrono::milliseconds(60'000));
  v.juliet.receives_nothing();  // asked once
}

TEST(StreamManagement, AcksBeforeEnableFail) {  // section 3: to the sender only, and the stream goes on
  Verona v;
  for (const char* element : {"<r xmlns='urn:xmpp:sm:3'/>", "<a xmlns='urn:xmpp:sm:3' h='0'/>", "<a xmlns='urn:xmpp:sm:3'/>",
                              "<resume xmlns='urn:xmpp:sm:3' previd='x' h='0'/>"}) {
    v.juliet.sends(element);
    v.juliet.receives({"<failed xmlns='urn:xmpp:sm:3'>", unexpected});
  }
  v.juliet.sends("<enable xmlns='urn:xmpp:sm:3' resume='perhaps'/>");
  v.juliet.receives({"<failed", "<bad-request "});
  enable_resumption(v.juliet);
}

TEST(StreamManagement, ResumeOnABoundStreamFails) {  // section 5: before binding
  Verona v;
  const std::string id = enable_resumption(v.juliet);
  v.juliet.sends("<resume xmlns='urn:xmpp:sm:3' previd='" + id + "' h='0'/>");
  v.juliet.receives({"<failed", unexpected});
  v.romeo.sends("<resume xmlns='urn:xmpp:sm:3' previd='" + id + "' h='0'/>");
  v.romeo.receives({"<failed", unexpected});
  v.juliet.sends("<r xmlns='urn:xmpp:sm:3'/>");
  EXPECT_EQ(v.juliet.next(), ack(0));
}

TEST(StreamManagement, AcknowledgingTooMuchEndsTheStream) {  // section 6
  Verona v;
  enable_resumption(v.juliet);
  v.romeo.sends("<message to='juliet@capulet.example/balcony' type='chat' id='1'><body>m</body></message>");
  v.juliet.receives("<body>m</body>");
  v.juliet.sends("<a xmlns='urn:xmpp:sm:3' h='2'/>");
  v.juliet.is_closed_with("<handled-count-too-high xmlns='urn:xmpp:sm:3' h='2' send-count='1'/>");
  v.romeo.receives_nothing();
  Client& back = v.scene.login("juliet@capulet.example/chamber");  // it had not acknowledged anything that counts
  back.comes_online();
  back.receives("<body>m</body>");
}

TEST(StreamManagement, AnAckWithoutItsNumberEndsTheStream) {
  Verona v;
  enable_resumption(v.juliet);
  v.juliet.sends("<a xmlns='urn:xmpp:sm:3' h='-1'/>");
  v.juliet.is_closed_with("bad-format");
}

TEST(StreamManagement, OtherElementsOfItsNamespaceAreUnsupported) {
  Verona v;
  enable_resumption(v.juliet);
  v.juliet.sends("<enabled xmlns='urn:xmpp:sm:3' id='mine' resume='true'/>");
  v.juliet.is_closed_with("unsupported-stanza-type");
}

TEST(StreamManagement, TooMuchUnacknowledgedEndsTheSessionAndNothingIsLost) {  // security E07
  SceneOptions options;
  options.core.unacknowledged_stanzas = 100;
  Verona v(options);
  enable_resumption(v.juliet);
  v.juliet.sends("<presence/>");
  for (int i = 0; i < 120; ++i) {
    v.romeo.sends("<message to='juliet@capulet.example' type='chat'><body>m" + std::to_string(i) + ".</body></message>");
  }
  v.juliet.ignores_the_rest();
  EXPECT_TRUE(v.juliet.is_closed());
  v.romeo.receives_nothing();
  Client& back = v.scene.login("juliet@capulet.example/chamber");
  back.sends("<presence/>");
  v.scene.advance(std::chrono::milliseconds(100));  // at the pace of its line
  for (int i = 0; i < 120; ++i) {
    back.receives_among({"<body>m" + std::to_string(i) + ".</body>"});
  }
  back.receives("<presence");
}

}  // namespace
}  // namespace aldis::test
