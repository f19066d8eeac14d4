// RFC 6121 section 8: what becomes of each kind and type of stanza, at a bare address, a full one, and for an account that
// does not exist; and RFC 6120 sections 8.1 and 10.3. Every scene has its bystander: nobody receives what was not expected.
#include "tests/support/scene.h"

namespace aldis::test {
namespace {

struct Verona {
  Scene scene;
  Client& juliet = scene.login("juliet@capulet.example/balcony");
  Client& romeo = scene.login("romeo@montague.example/orchard");
  Client& nurse = scene.login("nurse@capulet.example/hall");  // must see nothing
};

TEST(Delivery, MessageToABareAddressReachesEveryAvailableResource) {  // 8.5.2.1.1
  Verona v;
  Client& chamber = v.scene.login("juliet@capulet.example/chamber");
  Client& hidden = v.scene.login("juliet@capulet.example/hidden");
  v.juliet.comes_online(5);
  chamber.comes_online();
  v.juliet.ignores_the_rest();
  hidden.sends("<presence><priority>-1</priority></presence>");
  for (Client* each : {&v.juliet, &chamber, &hidden}) each->ignores_the_rest();
  v.romeo.sends("<message to='juliet@capulet.example' type='chat' id='m1'><body>Art thou not?</body></message>");
  v.juliet.receives({"from='romeo@montague.example/orchard'", "<body>Art thou not?</body>"});
  chamber.receives("<body>Art thou not?</body>");
  hidden.receives_nothing();
}

TEST(Delivery, MessageToAFullAddressReachesThatResourceOnly) {  // 8.5.3.1
  Verona v;
  Client& chamber = v.scene.login("juliet@capulet.example/chamber");
  v.juliet.comes_online();
  chamber.comes_online();
  v.juliet.ignores_the_rest();
  chamber.ignores_the_rest();
  v.romeo.sends("<message to='juliet@capulet.example/chamber' type='chat'><body>hush</body></message>");
  chamber.receives("<body>hush</body>");
  v.juliet.receives_nothing();
}

TEST(Delivery, AbsentResource) {  // 8.5.3.2.1
  Verona v;
  v.juliet.comes_online();
  v.romeo.sends("<message to='juliet@capulet.example/gone' type='chat' id='1'><body>chat</body></message>");
  v.juliet.receives("<body>chat</body>");  // as if to the bare address
  v.romeo.sends("<message to='juliet@capulet.example/gone' id='2'><body>normal</body></message>");
  v.romeo.receives_error("2", "service-unavailable");
  v.romeo.sends("<message to='juliet@capulet.example/gone' type='groupchat' id='3'><body>room</body></message>");
  v.romeo.receives_error("3", "service-unavailable");
  v.romeo.sends("<message to='juliet@capulet.example/gone' type='headline' id='4'><body>news</body></message>");
  v.romeo.sends("<message to='juliet@capulet.example/gone' type='error' id='5'/>");
  v.romeo.receives_nothing();
}

TEST(Delivery, BareAddressWithoutAvailableResource) {  // 8.5.2.2
  Verona v;
  v.romeo.sends("<message to='juliet@capulet.example' type='groupchat' id='1'><body>x</body></message>");
  v.romeo.receives_error("1", "service-unavailable");
  v.romeo.sends("<message to='juliet@capulet.example' type='headline' id='2'><body>x</body></message>");
  v.romeo.sends("<message to='juliet@capulet.example' type='error' id='3'/>");
  v.romeo.sends("<presence to='juliet@capulet.example'/>");
  v.romeo.receives_nothing();
  v.juliet.receives_nothing();  // connected, but it never said it was available
}

TEST(Delivery, NoSuchAccount) {  // 8.5.1
  Verona v;
  v.romeo.sends("<message to='tybalt@capulet.example' id='1'><body>x</body></message>");
  v.romeo.receives_error("1", "service-unavailable");
  v.romeo.sends("<iq to='tybalt@capulet.example' type='get' id='2'><query xmlns='jabber:iq:version'/></iq>");
  v.romeo.receives_error("2", "service-unavailable");
  v.romeo.sends("<iq to='tybalt@capulet.example/x' type='get' id='3'><query xmlns='jabber:iq:version'/></iq>");
  v.romeo.receives_error("3", "service-unavailable");
  v.romeo.sends("<message to='tybalt@capulet.example' type='headline'><body>x</body></message>");
  v.romeo.sends("<presence to='tybalt@capulet.example'/>");
  v.romeo.sends("<presence to='tybalt@capulet.example' type='subscribed'/>");
  v.romeo.receives_nothing();
  v.scene.advance(std::chrono::minutes(2));
  EXPECT_EQ(v.scene.home().find_account(*Jid::parse("tybalt@capulet.example")), nullptr);  // security E06: nothing stays
}

TEST(Delivery, UnknownDomain) {  // RFC 6120 section 10.4
  Verona v;
  v.romeo.sends("<message to='a@verona.example' id='1'><body>x</body></message>");
  v.romeo.receives_error("1", "remote-server-not-found");
  v.romeo.sends("<iq to='verona.example' type='get' id='2'><ping xmlns='urn:xmpp:ping'/></iq>");
  v.romeo.receives_error("2", "remote-server-not-found");
  v.romeo.sends("<iq to='verona.example' type='result' id='3'/>");
  v.romeo.receives_nothing();
}

TEST(Delivery, MessageWithoutToGoesToTheOwnAccount) {  // RFC 6120 section 10.3.1
  Verona v;
  v.juliet.comes_online();
  v.juliet.sends("<message type='chat'><body>note to self</body></message>");
  v.juliet.receives({"to='juliet@capulet.example'", "note to self"});
}

TEST(Delivery, TheFromIsStampedAndAnothersFromEndsTheStream) {  // RFC 6120 section 8.1.2.1, security P01
  Verona v;
  v.juliet.comes_online();
  v.romeo.sends("<message from='romeo@montague.example' to='juliet@capulet.example' type='chat'><body>1</body></message>");
  v.juliet.receives("from='romeo@montague.example/orchard'");
  for (const std::string_view from : {"nurse@capulet.example", "nurse@capulet.example/hall", "capulet.example",
                                      "romeo@montague.example/elsewhere", "room@muc.capulet.example/romeo"}) {
    Client& mallory = v.scene.login("mallory@capulet.example/x");
    mallory.sends("<message from='" + std::string(from) + "' to='juliet@capulet.example' type='chat'><body>2</body></message>");
    mallory.is_closed_with("invalid-from");
  }
  v.juliet.receives_nothing();
}

TEST(Delivery, ExactlyOneAnswerToARequest) {  // RFC 6120 section 8.2.3
  Scene scene;
  scene.are_contacts("juliet@capulet.example", "romeo@montague.example");
  Client& juliet = scene.login("juliet@capulet.example/balcony");
  Client& romeo = scene.login("romeo@montague.example/orchard");
  juliet.comes_online();
  romeo.comes_online();
  juliet.ignores_the_rest();
  romeo.ignores_the_rest();
  romeo.sends("<iq to='juliet@capulet.example/balcony' type='get' id='v1'><query xmlns='jabber:iq:version'/></iq>");
  juliet.receives({"id='v1'", "from='romeo@montague.example/orchard'"});
  juliet.sends("<iq to='romeo@montague.example/orchard' type='result' id='v1'/>");
  romeo.receives({"type='result'", "id='v1'"});
  juliet.sends("<iq to='romeo@montague.example/orchard' type='result' id='v1'/>");  // again: dropped
  juliet.sends("<iq to='romeo@montague.example/orchard' type='result' id='never'/>");  // security P06
  romeo.receives_nothing();
  // A client that goes, or stays silent, has the server answer in its place.
  romeo.sends("<iq to='juliet@capulet.example/balcony' type='get' id='v2'><query xmlns='jabber:iq:version'/></iq>");
  juliet.receives("id='v2'");
  scene.advance(std::chrono::seconds(121));
  romeo.receives_error("v2", "recipient-unavailable");
  romeo.sends("<iq to='juliet@capulet.example/balcony' type='get' id='v3'><query xmlns='jabber:iq:version'/></iq>");
  juliet.cuts_the_line();
  romeo.receives_among({"id='v3'", "service-unavailable"});
  romeo.receives_among({"type='unavailable'"});
}

TEST(Delivery, RequestsNobodyKnows) {
  Verona v;
  v.juliet.sends("<iq type='get' id='1'><query xmlns='urn:example:unknown'/></iq>");
  v.juliet.receives_error("1", "service-unavailable");
  v.juliet.sends("<iq type='set' id='2' to='capulet.example'><query xmlns='urn:example:unknown'/></iq>");
  v.juliet.receives_error("2", "service-unavailable");
  v.juliet.sends("<iq type='get' id='3' to='capulet.example/resource'><ping xmlns='urn:xmpp:ping'/></iq>");
  v.juliet.receives_error("3", "service-unavailable");
  v.juliet.sends("<iq type='get' id='4'/>");  // RFC 6120 section 8.2.3, rule 3
  v.juliet.receives_error("4", "bad-request");
  v.juliet.sends("<iq type='get' id='5'><a xmlns='x'/><b xmlns='x'/></iq>");
  v.juliet.receives_error("5", "bad-request");
  v.juliet.sends("<iq type='fetch' id='6'><a xmlns='x'/></iq>");
  v.juliet.receives_error("6", "bad-request");
  v.juliet.sends("<iq type='get' id='7' to='@'><a xmlns='x'/></iq>");
  v.juliet.receives_error("7", "jid-malformed");
}

TEST(Delivery, WhatIsNoStanzaEndsTheStream) {  // RFC 6120 section 4.9.3.24
  Verona v;
  v.juliet.sends("<letter/>");
  v.juliet.is_closed_with("unsupported-stanza-type");
  v.romeo.sends("<message xmlns='jabber:server'/>");
  v.romeo.is_closed_with("unsupported-stanza-type");
}

TEST(Delivery, LanguageOfTheStreamIsStamped) {  // RFC 6120 section 8.1.5: kept where the stanza has its own
  Verona v;
  v.juliet.comes_online();
  v.romeo.sends("<message xml:lang='it' to='juliet@capulet.example' type='chat'><body>ciao</body></message>");
  v.juliet.receives("xml:lang='it'");
}

TEST(Delivery, OneStanzaStaysOneStanza) {  // security X04, X07
  Verona v;
  v.juliet.comes_online();
  v.romeo.sends(
      "<message to='juliet@capulet.example' type='chat'><body><![CDATA[</body></message><message from='boss'>]]></body></message>");
  const std::string got = v.juliet.receives("&lt;/body&gt;&lt;/message&gt;");
  EXPECT_EQ(got.find("<message", 1), std::string::npos);
  v.romeo.sends("<message to='juliet@capulet.example' type='chat'><body>&lt;&amp;&apos;&quot;&#x9;]]&gt;</body></message>");
  v.juliet.receives("<body>");
}

TEST(Delivery, ASlowReaderLosesNothing) {  // security E04: bounded, ended with a reason, and what it missed is kept
  SceneOptions options;
  options.connection.write_queue_bytes = 256 * 1024;
  Scene scene(std::move(options));
  Client& juliet = scene.login("juliet@capulet.example/balcony");
  juliet.comes_online();
  Client& romeo = scene.login("romeo@montague.example/orchard");
  juliet.stops_reading();
  const std::string body(30'000, 'x');
  int sent = 0;
  for (; sent < 200; ++sent) {
    romeo.sends("<message to='juliet@capulet.example' type='chat' id='m" + std::to_string(sent) + "'><body>" + body + "</body></message>");
  }
  scene.advance(std::chrono::seconds(60));  // the rate holds romeo back for a while, and loses nothing
  EXPECT_EQ(scene.home().session_count(), 1U);
  romeo.receives_nothing();
  const std::size_t had = juliet.reads_again();
  Client& again = scene.login("juliet@capulet.example/chamber");
  again.comes_online();
  std::size_t kept = 0;
  for (std::size_t before = 1; before != kept; scene.advance(std::chrono::milliseconds(100))) {  // at the client's own pace
    before = kept;
    kept = again.waiting();
  }
  EXPECT_GE(had + kept, static_cast<std::size_t>(sent)) << had << " read before the end, " << kept << " kept";
  const std::string last = "id='m" + std::to_string(sent - 1) + "'";
  again.receives_among({last, "urn:xmpp:delay"});
  again.ignores_the_rest();
}

}  // namespace
}  // namespace aldis::test
