// Hostile users: floods, and what they may take of the server. Numbers such as
// X01 are rows of docs/security-tests.md. What the server emits is read again by a strict reader (tests/support/scene.h).
#include <gmock/gmock.h>

#include "core/account.h"
#include "tests/support/verona.h"

namespace aldis::test {
namespace {

using testing::HasSubstr;

// ---- resources: E04 to E08

TEST(HostileLoad, AFloodIsReadMoreSlowlyAndOthersAreNot) {  // E05
  SceneOptions options;
  options.core.rate = Bytes{1024};
  options.core.rate_burst = Bytes{16 * 1024};
  Verona verona(std::move(options));
  Client& mallory = verona.mallory();
  std::string flood;
  for (int i = 0; i < 400; ++i) flood += to_juliet("<body>" + std::string(100, 'f') + "</body>", " id='m" + std::to_string(i) + "'");
  mallory.sends(flood);
  const std::size_t at_once = verona.juliet.waiting();
  EXPECT_GT(at_once, 50U);
  EXPECT_LT(at_once, 150U);
  verona.nurse.sends("<message to='juliet@capulet.example/balcony' type='chat' id='quick'><body>x</body></message>");
  verona.juliet.receives_among({"id='quick'"});
  verona.scene.advance(std::chrono::seconds(120));
  EXPECT_EQ(verona.juliet.waiting(), 400U) << "slower, and nothing lost";
  verona.juliet.ignores_the_rest();
  verona.goes_on();
}

TEST(HostileLoad, WhatIsRefusedCountsAsWell) {  // E05
  SceneOptions options;
  options.core.rate = Bytes{1024};
  options.core.rate_burst = Bytes{16 * 1024};
  Verona verona(std::move(options));
  Client& mallory = verona.mallory();
  std::string flood;
  for (int i = 0; i < 400; ++i) flood += "<message id='m' to='@'><body>" + std::string(100, 'f') + "</body></message>";
  mallory.sends(flood);
  EXPECT_LT(mallory.waiting(), 150U);
  verona.scene.advance(std::chrono::seconds(120));
  EXPECT_EQ(mallory.waiting(), 400U);
  mallory.ignores_the_rest();
  verona.goes_on();
}

TEST(HostileLoad, OneThatDoesNotReadIsNotRead) {  // E04
  SceneOptions options;
  options.connection.stop_reading_bytes = 32 * 1024;
  options.connection.write_queue_bytes = 128 * 1024;
  Verona verona(std::move(options));
  Client& mallory = verona.mallory();
  mallory.stops_reading();
  std::string pings;
  for (int i = 0; i < 5000; ++i) pings += "<iq type='get' id='" + std::string(60, 'p') + std::to_string(i) + "'><ping xmlns='urn:xmpp:ping'/></iq>";
  mallory.sends(pings);
  verona.scene.advance(std::chrono::seconds(60));
  std::size_t most = 0;
  verona.scene.home().for_each_session([&](const Session& session) { most = std::max(most, session.unsent_bytes()); });
  EXPECT_LE(most, 128U * 1024U);
  verona.goes_on();
  std::size_t answered = mallory.reads_again();
  for (int i = 0; i < 60; ++i) {  // its own rate holds it back as well
    for (; mallory.waiting() > 0; ++answered) static_cast<void>(mallory.next());
    verona.scene.advance(std::chrono::seconds(1));
  }
  EXPECT_EQ(answered, 5000U) << "none is lost either";
}

TEST(HostileLoad, InventedNamesLeaveLittleBehind) {  // E06
  SceneOptions options;
  options.core.absent_accounts = 50;
  Verona verona(std::move(options));
  Client& mallory = verona.mallory();
  const std::size_t before = verona.scene.home().account_count();
  for (int i = 0; i < 2000; ++i) {
    const std::string who = "invented" + std::to_string(i) + "@capulet.example";
    const std::string to = "' to='" + who;
    mallory.sends("<iq type='get' id='1" + to + "'><query xmlns='jabber:iq:version'/></iq><message id='2" + to +
                  "'><body>x</body></message><presence type='probe" + to + "'/><iq type='get' id='3" + to +
                  "/r'><query xmlns='http://jabber.org/protocol/caps'/></iq>");
    mallory.ignores_the_rest();
  }
  EXPECT_EQ(verona.scene.home().account_count(), before + 50);  // remembered (L01), up to a number
  // Addresses it sent presence to directly are remembered, up to a number.
  std::size_t refused = 0;
  for (int i = 0; i < 1100; ++i) {
    mallory.sends("<presence id='d' to='invented" + std::to_string(i) + "@capulet.example'/>");
    refused += mallory.waiting();
    mallory.ignores_the_rest();
  }
  EXPECT_EQ(refused, 100U);
  EXPECT_EQ(verona.scene.home().account_count(), before + 50);
  verona.scene.advance(std::chrono::minutes(2));
  EXPECT_EQ(verona.scene.home().account_count(), before);
  verona.goes_on();
}

TEST(HostileLoad, RequestsNobodyAnswersAreBounded) {  // E06
  SceneOptions options;
  options.core.pending_requests = 10;
  Scene scene(std::move(options));
  scene.are_contacts("juliet@capulet.example", "mallory@capulet.example");
  Client& juliet = scene.login("juliet@capulet.example/balcony");
  juliet.comes_online();
  Client& mallory = scene.login("mallory@capulet.example/x");
  for (int i = 0; i < 11; ++i) {
    mallory.sends("<iq type='get' id='r" + std::to_string(i) + "' to='juliet@capulet.example/balcony'><query xmlns='urn:x'/></iq>");
  }
  mallory.receives_error("r10", "resource-constraint");
  juliet.ignores_the_rest();
  scene.advance(std::chrono::seconds(121));
  for (int i = 0; i < 10; ++i) mallory.receives_error("r" + std::to_string(i), "recipient-unavailable");
}

TEST(HostileLoad, SubscriptionRequestsAreBounded) {  // E06
  SceneOptions options;
  options.core.subscription_requests = 3;
  Scene scene(std::move(options));
  scene.has_account("juliet@capulet.example");
  for (int i = 0; i < 5; ++i) {
    Client& mallory = scene.login("mallory" + std::to_string(i) + "@montague.example/x");
    mallory.sends("<presence type='subscribe' id='s' to='juliet@capulet.example'/>");
    if (i >= 3) mallory.receives_error("s", "resource-constraint");
  }
  scene.has_account("nurse@capulet.example");
  Client& verbose = scene.login("verbose@montague.example/x");  // each is kept as it came, and there may be hundreds
  verbose.sends("<presence type='subscribe' id='v' to='nurse@capulet.example'><status>" + std::string(17'000, 'v') +
                "</status></presence>");
  verbose.receives_error("v", "policy-violation");
  verbose.sends("<presence type='subscribe' id='w' to='nurse@capulet.example'><status>please</status></presence>");
  Client& nurse = scene.login("nurse@capulet.example/hall");
  nurse.wants_roster();
  nurse.comes_online();
  nurse.receives({"type='subscribe'", "please"});
}

TEST(HostileLoad, SessionsOfOneAccount) {  // E08
  SceneOptions options;
  options.core.sessions_per_account = 3;
  options.auth.key_iterations = 4096;
  Verona verona(std::move(options));
  for (const std::string_view resource : {"a", "b", "c"}) verona.scene.login("mallory@capulet.example/" + std::string(resource));
  EXPECT_EQ(verona.scene.home().session_count(), 5U);
  auto principal = std::make_shared<Principal>(Principal{.identity = *BareJid::parse("mallory@capulet.example")});
  auto [mine, servers] = MemoryTransport::pair();
  BindRequest request;
  request.connection = std::make_unique<net::Connection>(std::move(servers));
  request.principal = principal;
  request.resource = "d";
  std::string refusal;
  bool came_back = false;
  request.answer = [&](Result<FullJid, StanzaError> outcome, net::Connection&) {
    if (!outcome) {
      xml::Writer writer(refusal);
      outcome.error().write(writer);
    }
  };
  request.give_back = [&](std::unique_ptr<net::Connection>) { came_back = true; };
  verona.scene.shard().post([&] { verona.scene.home().bind(std::move(request)); });
  verona.scene.run();
  EXPECT_THAT(refusal, HasSubstr("<resource-constraint "));
  EXPECT_THAT(refusal, HasSubstr("<resource-limit-exceeded "));
  EXPECT_TRUE(came_back);
  EXPECT_EQ(verona.scene.home().session_count(), 5U);
  verona.goes_on();
}

}  // namespace
}  // namespace aldis::test
