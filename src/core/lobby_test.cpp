// Strangers at the lobby's door, byte by byte: negotiation in every order, deadlines and budgets, SASL and STARTTLS (RFC 6120
// sections 4 to 7). Numbers such as E01 are rows of docs/security-tests.md. What a session may do is in hostile_*_test.cpp.
#include <gmock/gmock.h>

#include "tests/support/door.h"

namespace aldis::test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// ---- the way in

void goes_all_the_way(Stranger& mercutio, std::size_t cut) {
  EXPECT_THAT(mercutio.sends(header, cut), HasSubstr("<mechanism>SCRAM-SHA-256</mechanism>"));
  EXPECT_THAT(mercutio.logs_in("mercutio", "queen-mab"), HasSubstr("<success"));
  EXPECT_THAT(mercutio.sends(header, cut), HasSubstr("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"));
  EXPECT_THAT(mercutio.sends(bind_balcony, cut), HasSubstr("<jid>mercutio@capulet.example/balcony</jid>"));
  EXPECT_THAT(mercutio.sends("<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>", cut), HasSubstr("type='result' id='p'"));
  EXPECT_THAT(mercutio.sends(stream_end, cut), EndsWith(stream_end));
}

TEST(Lobby, TheWayInWithoutTlsByStarttlsAndByDirectTls) {
  Door door;
  for (const std::size_t cut : {std::string_view::npos, std::size_t{1}}) {
    Stranger bare(door.scene);
    goes_all_the_way(bare, cut);
    Stranger upgraded(door.scene, stream::TlsMode::starttls);
    const std::string features = upgraded.sends(header, cut);
    EXPECT_THAT(features, EndsWith("<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>"
                                   "</stream:features>"));
    EXPECT_EQ(upgraded.sends(starttls, cut), "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    ASSERT_TRUE(upgraded.secures());
    goes_all_the_way(upgraded, cut);
    Stranger direct(door.scene, stream::TlsMode::direct);
    ASSERT_TRUE(direct.secures({"xmpp-client"}));
    goes_all_the_way(direct, cut);
  }
}

// ---- order: T02 in the clear, E03 before authentication, and before a resource is bound

struct Refusal {
  std::string sent;
  std::string_view condition;
};

void each_is_refused(stream::TlsMode mode, const std::vector<Refusal>& refusals) {
  Door door;
  for (const Refusal& refusal : refusals) {
    for (const std::size_t cut : {std::string_view::npos, std::size_t{1}}) {
      Stranger stranger(door.scene, mode);
      stranger.sends(header);
      const std::string said = stranger.sends(refusal.sent, cut);
      EXPECT_THAT(said, HasSubstr(stream_error(refusal.condition))) << refusal.sent;
      EXPECT_THAT(said, EndsWith(stream_end)) << refusal.sent;
      EXPECT_TRUE(stranger.is_ended()) << refusal.sent;
      EXPECT_THAT(stranger.sends("<presence/>"), IsEmpty()) << refusal.sent;
    }
  }
  door.juliet.receives_nothing();
  door.expects_nothing_kept();
}

TEST(LobbyOrder, InTheClearOnlyStarttlsIsLegal) {  // T02, T05, E03
  each_is_refused(
      stream::TlsMode::starttls,
      {{"<compress xmlns='http://jabber.org/protocol/compress'><method>zlib</method></compress>", "policy-violation"},
       {plain("", "mercutio", "queen-mab"), "policy-violation"},
       {"<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'><initial-response/></authenticate>", "policy-violation"},
       {"<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", "policy-violation"},
       {"<enable xmlns='urn:xmpp:sm:3'/>", "policy-violation"},
       {"<resume xmlns='urn:xmpp:sm:3' previd='a' h='0'/>", "policy-violation"},
       {"<iq type='set' id='1'><query xmlns='jabber:iq:auth'><username>mercutio</username><password>queen-mab</password></query></iq>",
        "not-authorized"},
       {"<iq type='get' id='1'><query xmlns='jabber:iq:register'/></iq>", "not-authorized"},
       {std::string(bind_balcony), "not-authorized"},
       {"<iq type='set' id='1'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>", "not-authorized"},
       {"<message to='juliet@capulet.example'><body>x</body></message>", "not-authorized"},
       {"<message from='romeo@montague.example/orchard' to='juliet@capulet.example'><body>x</body></message>", "not-authorized"},
       {"<presence to='juliet@capulet.example'/>", "not-authorized"}});
}

TEST(LobbyOrder, BeforeAuthenticationNoStanzaIsProcessed) {  // E03
  each_is_refused(stream::TlsMode::none,
                  {{"<message to='juliet@capulet.example'><body>x</body></message>", "not-authorized"},
                   {"<presence to='juliet@capulet.example/balcony'/>", "not-authorized"},
                   {"<iq type='get' id='1' to='juliet@capulet.example'><vCard xmlns='vcard-temp'/></iq>", "not-authorized"},
                   {"<iq type='get' id='1'><query xmlns='jabber:iq:register'/></iq>", "not-authorized"},
                   {std::string(bind_balcony), "not-authorized"},
                   {"<compress xmlns='http://jabber.org/protocol/compress'><method>zlib</method></compress>", "not-authorized"},
                   {"<resumed xmlns='urn:xmpp:sm:3' previd='a' h='0'/>", "not-authorized"}});
}

TEST(LobbyOrder, BetweenAuthenticationAndBinding) {  // E03, S04
  Door door;
  for (const auto& [sent, condition] : std::vector<Refusal>{
           {"<message to='juliet@capulet.example'><body>x</body></message>", "not-authorized"},
           {"<presence/>", "not-authorized"},
           {"<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>", "not-authorized"},
           {plain("", "mercutio", "queen-mab"), "policy-violation"},
           {"<enabled xmlns='urn:xmpp:sm:3'/>", "unsupported-stanza-type"}}) {
    Stranger mercutio(door.scene);
    mercutio.sends(header);
    ASSERT_THAT(mercutio.logs_in("mercutio", "queen-mab"), HasSubstr("<success"));
    mercutio.sends(header);
    EXPECT_THAT(mercutio.sends(sent), HasSubstr(stream_error(condition))) << sent;
    EXPECT_TRUE(mercutio.is_ended());
  }
  door.juliet.receives_nothing();
  door.expects_nothing_kept();
}

// ---- headers and XML before authentication: X01 to X06, X13

TEST(LobbyHeader, IsRefusedWithItsReason) {
  const std::string streams = " xmlns:stream='http://etherx.jabber.org/streams'";
  const std::string head = "<stream:stream xmlns='jabber:client'" + streams;
  const std::vector<Refusal> rows{
      {head + " version='1.0'>", "improper-addressing"},
      {head + " to='verona.example' version='1.0'>", "host-unknown"},
      {head + " to='a@capulet.example' version='1.0'>", "improper-addressing"},
      {"<stream:stream xmlns='jabber:server'" + streams + " to='capulet.example' version='1.0'>", "invalid-namespace"},
      {"<stream:stream xmlns='jabber:client' xmlns:stream='urn:x' to='capulet.example' version='1.0'>", "invalid-namespace"},
      {head + " to='capulet.example'>", "unsupported-version"},
      {"<?xml version='1.0' encoding='UTF-16'?>" + head + " to='capulet.example' version='1.0'>", "unsupported-encoding"},
      {"<?xml version='1.0'?><?xml version='1.0'?>" + head + ">", "restricted-xml"},
      {"<!DOCTYPE s [<!ENTITY a 'xxxxxxxxxx'><!ENTITY b '&a;&a;&a;&a;&a;'>]>" + head + " to='&b;' version='1.0'>", "restricted-xml"},
      {"<!DOCTYPE s SYSTEM 'file:///etc/passwd'>" + head, "restricted-xml"},
      {"<!-- hello -->" + head, "restricted-xml"},
      {"<?p x?>" + head, "restricted-xml"},
      {head + " to='&j;' version='1.0'>", "restricted-xml"},
      {head + " to='a' to='b' version='1.0'>", "not-well-formed"},
      {head + " to='capulet\x80.example' version='1.0'>", "not-well-formed"},
      {"GET / HTTP/1.1\r\nHost: capulet.example\r\n\r\n", "not-well-formed"},
      {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), "not-well-formed"},
  };
  Door door;
  for (const Refusal& row : rows) {
    for (const std::size_t cut : {std::string_view::npos, std::size_t{1}}) {
      Stranger stranger(door.scene, stream::TlsMode::starttls);
      const std::string said = stranger.sends(row.sent, cut);
      EXPECT_THAT(said, HasSubstr(stream_error(row.condition))) << row.sent;
      EXPECT_THAT(said, testing::StartsWith("<?xml version='1.0'?><stream:stream ")) << "RFC 6120 section 4.9.1.2: " << row.sent;
      EXPECT_TRUE(stranger.is_ended()) << row.sent;
    }
  }
}

TEST(LobbyHeader, ARestartKeepsItsHost) {  // X13
  const std::string elsewhere =
      "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='montague.example' version='1.0'>";
  Door door;
  Stranger mercutio(door.scene);
  mercutio.sends(header);
  ASSERT_THAT(mercutio.logs_in("mercutio", "queen-mab"), HasSubstr("<success"));
  const std::string said = mercutio.sends(elsewhere);
  EXPECT_THAT(said, HasSubstr(stream_error("not-authorized")));
  EXPECT_THAT(said, Not(HasSubstr("<stream:features>")));
  EXPECT_TRUE(mercutio.is_ended());
  Stranger tybalt(door.scene, stream::TlsMode::starttls);
  tybalt.sends(header);
  tybalt.sends(starttls);
  ASSERT_TRUE(tybalt.secures());
  EXPECT_THAT(tybalt.sends(elsewhere), HasSubstr(stream_error("not-authorized")));
  Stranger twice(door.scene);
  twice.sends(header);
  EXPECT_THAT(twice.sends(header.substr(header.find("<stream"))), HasSubstr("<stream:error>"));
  EXPECT_TRUE(twice.is_ended());
  door.expects_nothing_kept();
}

// ---- TLS: T01, T06, T07

TEST(LobbyTls, PlaintextBehindStarttlsIsNeverAnswered) {  // T01
  Door door;
  for (const std::string& injected :
       {std::string(header) + plain("", "mercutio", "queen-mab"), std::string("<presence/>"), std::string(header)}) {
    Stranger stranger(door.scene, stream::TlsMode::starttls);
    stranger.sends(header);
    EXPECT_EQ(stranger.sends(std::string(starttls) + injected), "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    ASSERT_TRUE(stranger.secures());
    EXPECT_THAT(stranger.hears(), IsEmpty());
    goes_all_the_way(stranger, std::string_view::npos);  // a stream that begins anew
  }
}

TEST(LobbyTls, GarbageKillsOnlyItsConnection) {  // T06
  Door door;
  for (const std::string& garbage : {std::string(header), std::string(64 * 1024, '\x16'), std::string(1000, '\0'),
                                     std::string("\x80\x2e\x01\x03\x01", 5) + std::string(60, 'a')}) {
    Stranger direct(door.scene, stream::TlsMode::direct);
    EXPECT_THAT(direct.sends(garbage), Not(HasSubstr("<stream")));
    Stranger upgraded(door.scene, stream::TlsMode::starttls);
    upgraded.sends(header);
    upgraded.sends(starttls);
    EXPECT_THAT(upgraded.sends(garbage), Not(HasSubstr("<stream")));
    door.scene.advance(std::chrono::seconds(10));
    EXPECT_TRUE(direct.is_ended());
    EXPECT_TRUE(upgraded.is_ended());
  }
  Stranger wrong_alpn(door.scene, stream::TlsMode::direct);  // T07
  EXPECT_FALSE(wrong_alpn.secures({"h2"}));
}

// ---- deadlines and budgets: E01

TEST(LobbyDeadline, IsAbsoluteAtEveryStage) {
  Door door;
  const auto trickles_until_ended = [&](Stranger& stranger, std::string_view byte) {
    int seconds = 0;
    for (; seconds < 200 && !stranger.is_ended(); seconds += 2) {
      stranger.sends(byte);
      door.scene.advance(std::chrono::seconds(2));
      stranger.hears();
    }
    return seconds;
  };
  {
    Stranger silent(door.scene);
    EXPECT_EQ(trickles_until_ended(silent, " "), 30);
  }
  {
    Stranger slow(door.scene, stream::TlsMode::starttls);
    slow.sends(header);
    door.scene.advance(std::chrono::seconds(10));
    EXPECT_EQ(trickles_until_ended(slow, " "), 20) << "from the connection on";
  }
  {
    Stranger half_shaken(door.scene, stream::TlsMode::starttls);
    half_shaken.sends(header);
    half_shaken.sends(starttls);
    EXPECT_EQ(trickles_until_ended(half_shaken, ""), 10);
  }
  {
    Stranger late(door.scene, stream::TlsMode::starttls);
    late.sends(header);
    door.scene.advance(std::chrono::seconds(26));
    late.sends(starttls);
    EXPECT_EQ(trickles_until_ended(late, ""), 4) << "a handshake prolongs nothing";
  }
  {
    Stranger secured(door.scene, stream::TlsMode::starttls);
    secured.sends(header);
    door.scene.advance(std::chrono::seconds(20));
    secured.sends(starttls);
    ASSERT_TRUE(secured.secures());
    EXPECT_EQ(trickles_until_ended(secured, " "), 10);
  }
  {
    Stranger mid_sasl(door.scene);
    mid_sasl.sends(header);
    mid_sasl.sends(auth("SCRAM-SHA-256", base64_encode("n,,n=mercutio,r=abcdefgh")));
    EXPECT_EQ(trickles_until_ended(mid_sasl, " "), 30);
  }
  {
    Stranger unbound(door.scene);
    unbound.sends(header);
    door.scene.advance(std::chrono::seconds(20));
    ASSERT_THAT(unbound.logs_in("mercutio", "queen-mab"), HasSubstr("<success"));
    EXPECT_EQ(trickles_until_ended(unbound, " "), 30);
  }
  {
    Stranger direct(door.scene, stream::TlsMode::direct);
    EXPECT_EQ(trickles_until_ended(direct, ""), 10);
  }
  door.expects_nothing_kept();
}

TEST(LobbyDeadline, RefusedBindingsProlongNothing) {
  SceneOptions options;
  options.core.resource_conflict = ResourceConflict::refuse;
  Scene scene(quick(std::move(options)));
  scene.has_account("mercutio@capulet.example", "queen-mab");
  scene.login("mercutio@capulet.example/balcony").ignores_the_rest();
  Stranger stranger(scene);
  stranger.sends(header);
  ASSERT_THAT(stranger.logs_in("mercutio", "queen-mab"), HasSubstr("<success"));
  stranger.sends(header);
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(stranger.sends(bind_balcony), HasSubstr("<conflict "));
    scene.advance(std::chrono::seconds(6));
  }
  EXPECT_THAT(stranger.hears(), HasSubstr("connection-timeout"));
  EXPECT_TRUE(stranger.is_ended());
  EXPECT_EQ(scene.home().session_count(), 1U);
}

TEST(LobbyBudget, EightKibibytesAndThirtyTwoElements) {  // X08, X10
  Door door;
  const auto refused = [&](const std::string& bytes) {
    Stranger stranger(door.scene);
    const std::string said = stranger.sends(header) + stranger.sends(bytes);
    const bool is_ended = stranger.is_ended();
    stranger.sends(stream_end);
    return is_ended ? said : std::string();
  };
  const std::string policy = stream_error("policy-violation");
  EXPECT_THAT(refused(std::string(8192 - header.size(), ' ')), IsEmpty());
  EXPECT_THAT(refused(std::string(8193 - header.size(), ' ')), HasSubstr(policy));
  EXPECT_THAT(refused("<message><body>" + std::string(9000, 'A')), HasSubstr(policy));
  EXPECT_THAT(refused("<" + std::string(9000, 'a')), HasSubstr(policy));
  EXPECT_THAT(refused("<a b='" + std::string(9000, 'a')), HasSubstr(policy));
  std::string many = "<iq type='get' id='1'>";
  for (int i = 0; i < 33; ++i) many += "<x/>";
  EXPECT_THAT(refused(many), HasSubstr(policy));
  std::string deep;
  for (int i = 0; i < 9; ++i) deep += "<x>";
  EXPECT_THAT(refused(deep), HasSubstr(policy));
  // One after the other, each harmless.
  Stranger talker(door.scene);
  std::string said = talker.sends(header);
  for (int i = 0; i < 31 && !talker.is_ended(); ++i) {
    said = talker.sends("<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
  }
  said += talker.sends("<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
  EXPECT_THAT(said, HasSubstr("policy-violation"));
  EXPECT_TRUE(talker.is_ended());
  Stranger endless(door.scene);  // a header that does not end
  EXPECT_THAT(endless.sends("<stream:stream " + std::string(9000, ' ')), HasSubstr(policy));
}

TEST(LobbyBudget, ConnectionsOfOneSourceAndOfAll) {
  SceneOptions options;
  options.lobby.strangers = 1000;
  options.lobby.strangers_per_source = 3;
  options.lobby.connections_burst = 6;
  options.lobby.connections_per_second = 1;
  Door door(std::move(options));
  door.scene.leaves_the_rest_unread();
  std::vector<std::unique_ptr<Stranger>> held;
  for (int i = 0; i < 3; ++i) {
    held.push_back(std::make_unique<Stranger>(door.scene));
    EXPECT_FALSE(held.back()->is_ended());
  }
  EXPECT_TRUE(Stranger(door.scene).is_ended()) << "the fourth at a time";
  EXPECT_FALSE(Stranger(door.scene, stream::TlsMode::none, "192.0.2.2").is_ended()) << "another source is not meant";
  EXPECT_FALSE(Stranger(door.scene, stream::TlsMode::none, "2001:db8::1").is_ended());
  EXPECT_FALSE(Stranger(door.scene, stream::TlsMode::none, "2001:db8::2").is_ended());
  EXPECT_FALSE(Stranger(door.scene, stream::TlsMode::none, "2001:db8::3:4:5:6").is_ended());
  EXPECT_TRUE(Stranger(door.scene, stream::TlsMode::none, "2001:db8::7").is_ended()) << "a /64 is one source";
  for (const auto& stranger : held) stranger->sends(stream_end);
  held.clear();
  door.scene.advance(std::chrono::seconds(40));
  int let_in = 0;
  for (int i = 0; i < 20; ++i) {  // coming and going
    Stranger brief(door.scene);
    let_in += brief.is_ended() ? 0 : 1;
    brief.sends(stream_end);
    door.scene.advance(std::chrono::milliseconds(1));
    door.scene.lobby().configure([] {
      LobbyConfig config;
      config.connections_burst = 6;
      config.connections_per_second = 1;
      return config;
    }());
  }
  EXPECT_EQ(let_in, 6) << "the burst, then one a second";
  door.scene.advance(std::chrono::seconds(40));
}

TEST(LobbyBudget, AThousandComeAndGoAndNothingStays) {
  SceneOptions options;
  options.lobby.connections_per_second = 1'000'000;
  Door door(std::move(options));
  for (int i = 0; i < 1000; ++i) {
    Client& stranger = door.scene.connect({i % 2 == 0 ? stream::TlsMode::starttls : stream::TlsMode::direct});
    stranger.transport().send(header.substr(0, static_cast<std::size_t>(i) % header.size()));
    door.scene.run();
    static_cast<void>(stranger.transport().receive());
    stranger.cuts_the_line();
  }
  EXPECT_EQ(door.scene.lobby().size(), 0U);
  door.expects_nothing_kept();
}

TEST(LobbyBudget, WhenMemoryIsShortStrangersAreRefusedFirst) {  // E13
  SceneOptions options;
  options.lobby.memory_limit = Bytes{1};
  Door door(std::move(options));
  EXPECT_TRUE(Stranger(door.scene).is_ended());
  EXPECT_TRUE(Stranger(door.scene, stream::TlsMode::direct).is_ended());
  EXPECT_EQ(door.scene.home().session_count(), 2U);  // and those at work go on
  LobbyConfig roomy;
  roomy.memory_limit = 1024 * GiB;
  door.scene.lobby().configure(roomy);
  Stranger let_in(door.scene);
  EXPECT_THAT(let_in.sends(header), HasSubstr("<stream:features>"));
  let_in.sends(stream_end);
}

// ---- SASL: S01 to S05, S07

TEST(LobbySasl, AnotherIdentityIsRefused) {  // S01
  Door door;
  for (const std::string_view authzid : {"juliet@capulet.example", "mercutio@montague.example", "mercutio", "mercutio@capulet.example/res"}) {
    Stranger mercutio(door.scene, stream::TlsMode::direct);
    ASSERT_TRUE(mercutio.secures({"xmpp-client"}));
    EXPECT_THAT(mercutio.sends(header), HasSubstr("<mechanism>PLAIN</mechanism>"));
    EXPECT_EQ(mercutio.sends(plain(authzid, "mercutio", "queen-mab")), failure("invalid-authzid")) << authzid;
    mercutio.sends(stream_end);
  }
  Stranger mercutio(door.scene, stream::TlsMode::direct);
  ASSERT_TRUE(mercutio.secures({"xmpp-client"}));
  mercutio.sends(header);
  EXPECT_THAT(mercutio.sends(plain("MERCUTIO@Capulet.Example", "mercutio", "queen-mab")), HasSubstr("<success"));
  mercutio.sends(header);
  EXPECT_THAT(mercutio.sends(bind_balcony), HasSubstr("<jid>mercutio@capulet.example/balcony</jid>"));
  mercutio.sends(stream_end);
}

TEST(LobbySasl, BrokenTextsHurtOnlyTheirSender) {  // S02
  Door door;
  for (const std::string_view text : {"!!!", "AGE", "A===", "AA AA", "AGEAYh==", "&#xe9;"}) {
    Stranger good(door.scene, stream::TlsMode::none, "192.0.2.77");
    good.sends(header);
    ScramClient scram("SHA-256", "mercutio", "queen-mab");
    const auto first = Stranger::challenged(good.sends(auth("SCRAM-SHA-256", base64_encode(scram.first()))));
    Stranger bad(door.scene);
    bad.sends(header);
    EXPECT_EQ(bad.sends(auth("SCRAM-SHA-256", text)), failure("incorrect-encoding")) << text;
    EXPECT_THAT(bad.sends(response("x")), HasSubstr("<failure")) << "out of order";
    ASSERT_TRUE(first.has_value());
    EXPECT_THAT(good.sends(response(scram.final(*first))), HasSubstr("<success"));
    good.sends(stream_end);
    bad.sends(stream_end);
  }
}

TEST(LobbySasl, OnlyWhatWasOffered) {  // S03, T02: PLAIN is not offered in the clear
  Door door;
  for (const std::string_view mechanism : {"PLAIN", "ANONYMOUS", "EXTERNAL", "scram-sha-256", "X-PLAIN", "SCRAM-SHA-256-PLUS",
                                           "DIGEST-MD5", "CRAM-MD5", ""}) {
    Stranger stranger(door.scene);
    EXPECT_THAT(stranger.sends(header), Not(HasSubstr("<mechanism>PLAIN</mechanism>")));
    EXPECT_EQ(stranger.sends(auth(mechanism, base64_encode(std::string("\0mercutio\0queen-mab", 19)))), failure("invalid-mechanism"))
        << mechanism;
    stranger.sends(stream_end);
  }
  door.expects_nothing_kept();
}

TEST(LobbySasl, AProofIsGoodOnce) {  // S04
  Door door;
  Stranger mercutio(door.scene);
  mercutio.sends(header);
  ASSERT_THAT(mercutio.logs_in("mercutio", "queen-mab"), HasSubstr("<success"));
  mercutio.sends(header);
  EXPECT_THAT(mercutio.sends(response(mercutio.last_final)), HasSubstr(stream_error("policy-violation")));
  Stranger replay(door.scene);
  replay.sends(header);
  ASSERT_TRUE(Stranger::challenged(replay.sends(auth("SCRAM-SHA-256", base64_encode(ScramClient("SHA-256", "mercutio", "").first())))));
  EXPECT_EQ(replay.sends(response(mercutio.last_final)), failure("not-authorized"));
  replay.sends(stream_end);
  door.expects_nothing_kept();
}

TEST(LobbySasl, AnUnknownUserGetsTheSameSteps) {  // S05
  Door door;
  const auto steps = [&](const std::string& user) {
    Stranger stranger(door.scene);
    stranger.sends(header);
    ScramClient scram("SHA-256", user, "a-wrong-word");
    const auto first = Stranger::challenged(stranger.sends(auth("SCRAM-SHA-256", base64_encode(scram.first()))));
    EXPECT_TRUE(first.has_value());
    const auto fields = ScramClient::attributes(*first);
    std::string answer = stranger.sends(response(scram.final(*first)));
    stranger.sends(stream_end);
    return std::tuple(fields.at('i'), fields.at('s').size(), fields.at('s'), answer);
  };
  const auto known = steps("mercutio");
  const auto unknown = steps("nobody");
  EXPECT_EQ(std::get<0>(known), std::get<0>(unknown));
  EXPECT_EQ(std::get<1>(known), std::get<1>(unknown));
  EXPECT_EQ(std::get<3>(known), std::get<3>(unknown));
  EXPECT_EQ(std::get<3>(unknown), failure("not-authorized"));
  EXPECT_EQ(unknown, steps("nobody")) << "the invented salt is stable";
  EXPECT_EQ(door.scene.home().find_account(*Jid::parse("nobody@capulet.example")), nullptr);
}

TEST(LobbySasl, ThreeTriesAStreamAndACounterForAll) {  // S07
  Door door;
  Stranger guesser(door.scene);
  guesser.sends(header);
  EXPECT_EQ(guesser.logs_in("mercutio", "guess-1"), failure("not-authorized"));
  EXPECT_EQ(guesser.logs_in("mercutio", "guess-2"), failure("not-authorized"));
  EXPECT_THAT(guesser.logs_in("mercutio", "guess-3"), HasSubstr(stream_error("policy-violation")));
  EXPECT_TRUE(guesser.is_ended());
  Stranger again(door.scene);
  again.sends(header);
  again.logs_in("mercutio", "guess-4");
  again.logs_in("mercutio", "guess-5");
  again.sends(stream_end);
  Stranger right(door.scene);
  right.sends(header);
  EXPECT_EQ(right.logs_in("mercutio", "queen-mab"), failure("not-authorized")) << "locked out, in the same words";
  right.sends(stream_end);
  Stranger elsewhere(door.scene, stream::TlsMode::none, "192.0.2.99");
  elsewhere.sends(header);
  EXPECT_THAT(elsewhere.logs_in("mercutio", "queen-mab"), HasSubstr("<success")) << "the owner is not locked out";
  elsewhere.sends(stream_end);
  door.scene.advance(std::chrono::minutes(16));
  Stranger later(door.scene);
  later.sends(header);
  EXPECT_THAT(later.logs_in("mercutio", "queen-mab"), HasSubstr("<success"));
  later.sends(stream_end);
}

}  // namespace
}  // namespace aldis::test
