// Positions (XEP-0080) on their way to recipients for whom there is a rule: events, answers, presence, messages, what was kept and
// archived, and what goes abroad. Romeo moves; juliet has no rule and sees all; the nurse sees cells; tybalt sees nothing.
#include "core/positions.h"

#include "policy/peer_rules.h"
#include "tests/support/scene.h"

namespace aldis::test {
namespace {

using policy::LocationOptions;
using policy::PeerOptions;
using policy::Positions;

constexpr std::string_view exact = "<lat>45.4401</lat><lon>12.3301</lon>";
std::string geoloc(std::string_view fields = exact) {
  return "<geoloc xmlns='http://jabber.org/protocol/geoloc'>" + std::string(fields) + "<text>Rialto</text></geoloc>";
}
std::string event(std::string_view to, std::string_view fields = exact) {
  return "<message type='headline' from='romeo@montague.example' to='" + std::string(to) +
         "'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='http://jabber.org/protocol/geoloc'><item id='current'>" +
         geoloc(fields) + "</item></items></event></message>";
}

class PositionScene : public ::testing::Test {
 protected:
  PositionScene() { rules(); }

  void rules(std::chrono::seconds delay = std::chrono::seconds(0)) {
    scene_.world().policy.set_positions(
        policy::PositionRules::make({LocationOptions{.name = "partners", .users = {"nurse@capulet.example"}, .position_grid = 10, .position_delay = delay},
                                     LocationOptions{.name = "nobody", .users = {"tybalt@capulet.example"}, .positions = Positions::withheld}})
            .value());
  }
  // As romeo's service does it: what a client calls an event goes no further.
  void notifies(std::string event) {
    Home& home = scene_.home();
    home.router().route(home, Envelope{.stanza = Stanza::make(std::move(event))});
    scene_.run();
  }
  static void is_exact(const std::string& stanza) {
    EXPECT_NE(stanza.find(exact), std::string::npos) << stanza;
    EXPECT_NE(stanza.find("Rialto"), std::string::npos) << stanza;
  }
  static void is_coarse(const std::string& stanza) {
    EXPECT_NE(stanza.find("<geoloc xmlns='http://jabber.org/protocol/geoloc'><accuracy>10000</accuracy><lat>"), std::string::npos) << stanza;
    EXPECT_EQ(stanza.find("45.4401"), std::string::npos) << stanza;
    EXPECT_EQ(stanza.find("Rialto"), std::string::npos) << stanza;
  }
  static void is_gone(const std::string& stanza) {
    EXPECT_EQ(stanza.find("geoloc"), std::string::npos) << stanza;
    EXPECT_EQ(stanza.find("45.4401"), std::string::npos) << stanza;
  }

  Scene scene_;
  Client& romeo_ = scene_.login("romeo@montague.example/phone");
  Client& juliet_ = scene_.login("juliet@capulet.example/balcony");
  Client& nurse_ = scene_.login("nurse@capulet.example/hall");
  Client& tybalt_ = scene_.login("tybalt@capulet.example/street");
};

TEST_F(PositionScene, AnEventLooksDifferentToThree) {
  for (Client* each : {&juliet_, &nurse_, &tybalt_}) {
    notifies(event(each->jid()));
  }
  is_exact(juliet_.receives("<item id='current'>"));
  const std::string coarse = nurse_.receives({"<items node='http://jabber.org/protocol/geoloc'>", "<item id='current'>"});
  is_coarse(coarse);
  tybalt_.receives_nothing();   // not an empty event either
  romeo_.receives_nothing();    // and nobody is told
}

TEST_F(PositionScene, TheNamespaceInOtherWordsIsTheSame) {
  romeo_.sends("<message to='" + tybalt_.jid() + "'><body>x</body><g:geoloc xmlns:g='http://jabber.org/protocol/geolo&#99;'><g:lat>45.4401</g:lat></g:geoloc></message>");
  is_gone(tybalt_.receives("<body>x</body>"));
  romeo_.sends("<message to='" + nurse_.jid() +
               "'><body>x</body><g:geoloc xmlns:g='http://jabber.org/protocol/geolo&#x63;'><g:lat>45.4401</g:lat><g:lon>12.3301</g:lon></g:geoloc></message>");
  is_coarse(nurse_.receives("<body>x</body>"));
}

TEST_F(PositionScene, AMessageAndPresenceLoseItAndArriveAllTheSame) {
  for (Client* each : {&juliet_, &nurse_, &tybalt_}) {
    romeo_.sends("<message to='" + each->jid() + "'><body>here</body>" + geoloc() + "</message>");
    romeo_.sends("<presence to='" + each->jid() + "'>" + geoloc() + "</presence>");
  }
  is_exact(juliet_.receives("<body>here</body>"));
  is_exact(juliet_.receives("<presence"));
  is_coarse(nurse_.receives("<body>here</body>"));
  is_coarse(nurse_.receives("<presence"));
  is_gone(tybalt_.receives("<body>here</body>"));
  is_gone(tybalt_.receives("<presence"));
}

TEST_F(PositionScene, WhatCannotBeReadIsWithheld) {
  notifies(event(nurse_.jid(), "<lat>45.4401</lat>"));
  notifies(event(nurse_.jid(), "<lat>45.4401</lat><lat>1</lat><lon>12.3301</lon>"));
  notifies(event(nurse_.jid(), "<country>Italy</country>"));
  nurse_.receives_nothing();
  notifies(event(juliet_.jid(), "<country>Italy</country>"));
  juliet_.receives("<country>Italy</country>");
}

TEST_F(PositionScene, OfSeveralItemsTheOthersStay) {
  notifies("<message type='headline' from='romeo@montague.example' to='" + tybalt_.jid() +
           "'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='diary'><item id='1'><entry xmlns='x'><at>" + geoloc() +
           "</at></entry></item><item id='2'><entry xmlns='x'>words</entry></item></items></event></message>");
  const std::string seen = tybalt_.receives({"<item id='2'>", "words"});
  is_gone(seen);
  EXPECT_EQ(seen.find("<item id='1'"), std::string::npos) << seen;
}

TEST_F(PositionScene, WhoStopsStopsForAllButThoseWhoSeeNothing) {  // XEP-0080 section 4.2
  const auto stop = [](const Client& to) {
    return "<message type='headline' from='romeo@montague.example' to='" + to.jid() + "'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='g'><item id='current'>" +
           "<geoloc xmlns='http://jabber.org/protocol/geoloc'/></item></items></event></message>";
  };
  notifies(stop(nurse_));
  nurse_.receives("<geoloc xmlns='http://jabber.org/protocol/geoloc'/>");
  notifies(stop(tybalt_));
  tybalt_.receives_nothing();
}

TEST_F(PositionScene, AnAnswerIsInTheSameForm) {   // items of a node, retrieved from who keeps them
  for (Client* each : {&nurse_, &tybalt_}) {
    romeo_.sends("<presence to='" + each->jid() + "'/>");
    each->ignores_the_rest();
    each->sends("<presence to='" + romeo_.jid() + "'/><iq type='get' id='i' to='" + romeo_.jid() +
                "'><pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='g'/></pubsub></iq>");
    romeo_.receives("<presence");
    romeo_.receives("<items node='g'/>");
    romeo_.sends("<iq type='result' id='i' to='" + each->jid() + "'><pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='g'><item id='1'>" +
                 geoloc() + "</item></items></pubsub></iq>");
  }
  is_coarse(nurse_.receives({"type='result'", "id='i'", "<item id='1'>"}));
  is_gone(tybalt_.receives({"type='result'", "id='i'", "<items node='g'></items>"}));
}

TEST_F(PositionScene, OnesOwnAreOnesOwn) {
  Client& cell = scene_.login("tybalt@capulet.example/cell");
  cell.sends("<message to='tybalt@capulet.example/street' type='chat'><body>me</body>" + geoloc() + "</message>");
  is_exact(tybalt_.receives("<body>me</body>"));
}

TEST_F(PositionScene, ACopyOfWhatOthersSentShowsNoMore) {  // XEP-0280: from the own account, with another's words inside
  Client& parlour = scene_.login("nurse@capulet.example/parlour");
  parlour.asks("set", "", "<enable xmlns='urn:xmpp:carbons:2'/>");
  romeo_.sends("<message type='chat' to='" + nurse_.jid() + "'><body>x</body>" + geoloc() + "</message>");
  is_coarse(nurse_.receives("<body>x</body>"));
  is_coarse(parlour.receives({"from='nurse@capulet.example'", "<received "}));
  nurse_.sends("<message type='chat' to='" + juliet_.jid() + "'><body>y</body>" + geoloc() + "</message>");
  is_exact(juliet_.receives("<body>y</body>"));
  is_exact(parlour.receives({"from='nurse@capulet.example'", "<sent "}));
}

TEST_F(PositionScene, ForwardingAsHerOwnShowsNoMore) {  // what claims to be hers is inside another's stanza
  romeo_.sends("<message to='" + nurse_.jid() + "'><body>x</body><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='nurse@capulet.example/a'>" +
               geoloc() + "</message></forwarded></message>");
  is_coarse(nurse_.receives("<body>x</body>"));
}

TEST_F(PositionScene, TheArchiveAndWhatWaitedShowNoMore) {  // XEP-0313; XEP-0160
  nurse_.cuts_the_line();
  scene_.run();
  romeo_.sends("<message type='chat' to='nurse@capulet.example'><body>late</body>" + geoloc() + "</message>");
  Client& again = scene_.login("nurse@capulet.example/again");
  again.sends("<presence/>");
  is_coarse(again.receives_among({"<body>late</body>", "urn:xmpp:delay"}));
  again.ignores_the_rest();
  again.sends("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>");
  is_coarse(again.receives({"<result xmlns='urn:xmpp:mam:2'", "<body>late</body>"}));
  again.receives({"type='result'", "<fin"});
}

TEST_F(PositionScene, YoungOnesComeWhenTheyAreOldEnough) {
  rules(std::chrono::seconds(60));
  const auto at = [](int n) { return "<lat>45.5</lat><lon>" + std::to_string(10 + n) + ".5</lon>"; };
  notifies(event(nurse_.jid(), at(0)));
  nurse_.receives_nothing();
  for (int i = 1; i <= 5; ++i) {   // they move on, every ten seconds
    scene_.advance(std::chrono::seconds(10));
    notifies(event(nurse_.jid(), at(i)));
  }
  scene_.advance(std::chrono::milliseconds(9'999));
  nurse_.receives_nothing();
  scene_.advance(std::chrono::milliseconds(1));
  nurse_.receives("<lon>10.");     // where they were a minute ago
  nurse_.receives_nothing();
  scene_.advance(std::chrono::milliseconds(49'999));
  nurse_.receives_nothing();
  scene_.advance(std::chrono::milliseconds(1));
  nurse_.receives("<lon>15.");     // and where they came to rest, a minute after they did
  scene_.advance(std::chrono::hours(1));
  nurse_.receives_nothing();
}

TEST_F(PositionScene, WhatCannotComeLaterComesWithout) {
  rules(std::chrono::seconds(60));
  romeo_.sends("<message to='" + nurse_.jid() + "'><body>now</body>" + geoloc() + "</message>");
  is_gone(nurse_.receives("<body>now</body>"));
  romeo_.sends("<presence to='" + nurse_.jid() + "'>" + geoloc() + "</presence>");
  is_gone(nurse_.receives("<presence"));
}

TEST_F(PositionScene, ASessionThatHasEndedIsShownNothingLate) {
  rules(std::chrono::seconds(60));
  notifies(event(nurse_.jid()));
  nurse_.cuts_the_line();
  Client& again = scene_.login("nurse@capulet.example/hall");
  scene_.advance(std::chrono::seconds(61));
  again.receives_nothing();
  romeo_.receives_nothing();
}

TEST_F(PositionScene, ARoomShowsEachWhatIsTheirs) {  // XEP-0045, presence and groupchat, one stanza for all
  Scene rooms({.rooms = {"rooms.capulet.example"}});
  rooms.world().policy.set_positions(
      policy::PositionRules::make({LocationOptions{.name = "partners", .users = {"nurse@capulet.example"}, .position_grid = 10}}).value());
  Client& romeo = rooms.login("romeo@montague.example/phone");
  Client& juliet = rooms.login("juliet@capulet.example/balcony");
  Client& nurse = rooms.login("nurse@capulet.example/hall");
  for (Client* each : {&juliet, &nurse, &romeo}) {
    each->sends("<presence to='square@rooms.capulet.example/" + each->jid().substr(0, each->jid().find('@')) + "'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
  }
  rooms.run();
  if (juliet.waiting() > 0) {
    juliet.sends("<iq type='set' id='c' to='square@rooms.capulet.example'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query></iq>");
  }
  for (Client* each : {&nurse, &romeo}) {
    each->sends("<presence to='square@rooms.capulet.example/" + each->jid().substr(0, each->jid().find('@')) + "'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
  }
  for (Client* each : {&romeo, &juliet, &nurse}) {
    each->ignores_the_rest();
  }
  romeo.sends("<presence to='square@rooms.capulet.example/romeo'>" + geoloc() + "</presence>");
  is_exact(juliet.receives({"<presence", "/romeo'"}));
  is_coarse(nurse.receives({"<presence", "/romeo'"}));
  romeo.sends("<message type='groupchat' to='square@rooms.capulet.example'><body>here</body>" + geoloc() + "</message>");
  is_exact(juliet.receives("<body>here</body>"));
  is_coarse(nurse.receives("<body>here</body>"));
  rooms.leaves_the_rest_unread();
}

TEST_F(PositionScene, AnotherServerSeesWhatItsRuleSays) {
  const auto peers = [](PeerOptions options) {
    options.domain = "verona.example";
    return policy::PeerRules::make(policy::Profile::strict, {options}, {"capulet.example", "montague.example"}).value();
  };
  scene_.world().policy.set_peers(peers({.position_grid = 10}));
  SceneAbroad& abroad = scene_.abroad();
  notifies(event("prince@verona.example"));
  is_coarse(abroad.receives("<item id='current'>"));
  scene_.world().policy.set_peers(peers({.positions = Positions::withheld}));
  notifies(event("prince@verona.example"));
  romeo_.sends("<message to='prince@verona.example'><body>x</body>" + geoloc() + "</message>");
  is_gone(abroad.receives("<body>x</body>"));
  scene_.world().policy.set_peers(peers({.position_delay = std::chrono::seconds(60)}));
  notifies(event("prince@verona.example"));
  scene_.advance(std::chrono::milliseconds(59'999));
  abroad.receives_nothing();
  scene_.advance(std::chrono::milliseconds(1));
  is_exact(abroad.receives("<item id='current'>"));
  // A group's rule goes before the server's.
  scene_.world().policy.set_positions(
      policy::PositionRules::make({LocationOptions{.name = "liaison", .users = {"prince@verona.example"}}}).value());
  notifies(event("prince@verona.example"));
  is_exact(abroad.receives("<item id='current'>"));
}

}  // namespace
}  // namespace aldis::test
