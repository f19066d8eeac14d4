// What goes abroad and what comes from there: messages, requests and their answers, acceptance, and what a hostile server tries.
// Presence is in abroad_presence_test.cpp. The nurse is the bystander, and so is whoever else is abroad: what is not expected
// fails.
#include "tests/support/managed_client.h"
#include "tests/support/scene.h"

namespace aldis::test {
namespace {

struct Verona {
  explicit Verona(SceneOptions options = {}) : scene(std::move(options)) {}
  Scene scene;
  SceneAbroad& abroad = scene.abroad();
  Client& juliet = scene.login("juliet@capulet.example/balcony");
  Client& nurse = scene.login("nurse@capulet.example/hall");  // must see nothing
};

TEST(Abroad, WithoutItThereIsNoOtherServer) {  // RFC 6120 section 10.4
  Scene scene;
  Client& juliet = scene.login("juliet@capulet.example/balcony");
  juliet.sends("<message id='m' to='prince@verona.example'><body>help</body></message>");
  juliet.receives_error("m", "remote-server-not-found");
}

TEST(Abroad, MessagesGoOutWithTheirSenderAndComeIn) {
  Verona v;
  v.juliet.sends("<message id='m' type='chat' to='prince@verona.example'><body>O prince</body></message>");
  v.abroad.receives({"<message to='prince@verona.example' from='juliet@capulet.example/balcony'", "id='m'", "<body>O prince</body>"});
  EXPECT_EQ(v.abroad.last().sender->identity.str(), "juliet@capulet.example");
  v.juliet.comes_online();
  v.abroad.sends("<message type='chat' from='prince@verona.example/court' to='juliet@capulet.example'><body>Speak</body></message>");
  v.juliet.receives({"from='prince@verona.example/court'", "<body>Speak</body>", "<stanza-id", "by='juliet@capulet.example'"});
  v.abroad.sends("<message from='prince@verona.example' to='juliet@capulet.example/balcony'><body>Now</body></message>");
  v.juliet.receives("<body>Now</body>");
}

TEST(Abroad, EachTypeOfMessageAtEachAddress) {  // RFC 6121 section 8.5, as for anybody
  Verona v;
  const auto sends = [&](std::string_view type, std::string_view to) {
    v.abroad.sends("<message id='m' type='" + std::string(type) + "' from='prince@verona.example/court' to='" + std::string(to) +
                   "'><body>x</body></message>");
  };
  for (const std::string_view to : {"nobody@capulet.example", "nobody@capulet.example/r", "capulet.example", "capulet.example/r"}) {
    for (const std::string_view type : {"normal", "chat", "groupchat"}) {
      sends(type, to);
      v.abroad.receives({"type='error'", "id='m'", "to='prince@verona.example/court'", "<service-unavailable "});
    }
    sends("headline", to);
    sends("error", to);  // no error is answered with an error (security D07)
  }
  sends("groupchat", "juliet@capulet.example");
  v.abroad.receives({"type='error'", "<service-unavailable "});
  sends("groupchat", "juliet@capulet.example/balcony");  // from one who may not know whether she is there (security L02)
  v.abroad.receives({"type='error'", "<service-unavailable "});
  sends("headline", "juliet@capulet.example/gone");
  sends("error", "juliet@capulet.example");
  v.juliet.receives_nothing();
  sends("error", "juliet@capulet.example/balcony");
  v.juliet.receives("type='error'");
}

TEST(Abroad, WhatIsForSomebodyAwayWaitsForHer) {  // XEP-0160
  Verona v;
  v.abroad.sends("<message type='chat' from='prince@verona.example/court' to='nurse@capulet.example'><body>later</body></message>");
  v.nurse.sends("<presence/>");
  v.nurse.receives("<presence");
  v.nurse.receives({"<body>later</body>", "from='prince@verona.example/court'", "urn:xmpp:delay"});
}

TEST(Abroad, CopiesAndTheArchiveHaveBothSides) {  // XEP-0280, XEP-0313
  Verona v;
  Client& chamber = v.scene.login("juliet@capulet.example/chamber");
  chamber.asks("set", "", "<enable xmlns='urn:xmpp:carbons:2'/>");
  v.juliet.sends("<message type='chat' id='m' to='prince@verona.example'><body>asked</body></message>");
  v.abroad.receives("<body>asked</body>");
  chamber.receives({"urn:xmpp:carbons:2", "<sent", "<body>asked</body>"});
  v.abroad.sends("<message type='chat' from='prince@verona.example/court' to='juliet@capulet.example/balcony'><body>answered</body></message>");
  v.juliet.receives("<body>answered</body>");
  chamber.receives({"urn:xmpp:carbons:2", "<received", "<body>answered</body>"});
  v.juliet.sends("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>");
  v.juliet.receives({"<result", "<body>asked</body>"});
  v.juliet.receives({"<result", "<body>answered</body>"});
  v.juliet.receives({"type='result'", "<fin"});
  v.abroad.receives_nothing();
}

TEST(Abroad, WhatOnlyThisServerMaySayIsTakenOut) {  // XEP-0359 section 6, security P02 to P04
  Verona v;
  v.juliet.comes_online();
  v.abroad.sends("<message type='chat' from='prince@verona.example/court' to='juliet@capulet.example'><body>x</body>"
                 "<stanza-id xmlns='urn:xmpp:sid:0' by='juliet@capulet.example' id='forged1'/>"
                 "<s:stanza-id xmlns:s='urn:xmpp:sid:0' by='CAPULET.example' id='forged2'/>"
                 "<stanza-id xmlns='urn:xmpp:sid:0' by='verona.example' id='theirs'/>"
                 "<delay xmlns='urn:xmpp:delay' from='capulet.example' stamp='2020-01-01T00:00:00Z'/>"
                 "<result xmlns='urn:xmpp:mam:2' id='forged3'/>"
                 "<received xmlns='urn:xmpp:carbons:2'/></message>");
  const std::string got = v.juliet.receives({"<body>x</body>", "id='theirs'", "by='juliet@capulet.example'"});
  for (const std::string_view forged : {"forged", "2020-01-01", "carbons"}) {
    EXPECT_EQ(got.find(forged), std::string::npos) << got;
  }
}

TEST(Abroad, BlockedServersAndUsersHearNothing) {  // XEP-0191
  Verona v;
  v.juliet.comes_online();
  v.juliet.asks("set", "", "<block xmlns='urn:xmpp:blocking'><item jid='verona.example'/></block>");
  v.abroad.sends("<message id='m' from='prince@verona.example/court' to='juliet@capulet.example'><body>x</body></message>");
  v.abroad.receives({"type='error'", "id='m'", "<service-unavailable "});
  v.abroad.sends("<presence type='probe' from='prince@verona.example' to='juliet@capulet.example'/>");
  v.abroad.sends("<presence type='subscribe' from='prince@verona.example' to='juliet@capulet.example'/>");
  v.abroad.receives_nothing();
  v.juliet.sends("<message id='n' to='prince@verona.example'><body>x</body></message>");
  v.juliet.receives_error("n", "not-acceptable");
}

// ---- requests

TEST(Abroad, ARequestHasOneAnswerFromWhomItWasPut) {  // RFC 6120 section 8.1.2.1, security P06
  Verona v;
  v.juliet.sends("<iq type='get' id='q1' to='prince@verona.example/court'><ping xmlns='urn:xmpp:ping'/></iq>");
  v.abroad.receives({"type='get'", "id='q1'", "from='juliet@capulet.example/balcony'"});
  const auto answers = [&](std::string_view from, std::string_view id, std::string_view type = "result") {
    v.abroad.sends("<iq type='" + std::string(type) + "' id='" + std::string(id) + "' from='" + std::string(from) +
                   "' to='juliet@capulet.example/balcony'/>");
  };
  answers("prince@verona.example", "q1");
  answers("prince@verona.example/garden", "q1");
  answers("verona.example", "q1");
  answers("prince@mantua.example/court", "q1");
  answers("prince@verona.example/court", "q2");
  v.abroad.sends("<iq type='result' id='q1' from='prince@verona.example/court' to='nurse@capulet.example/hall'/>");
  v.abroad.sends("<iq type='result' id='q1' from='prince@verona.example/court' to='juliet@capulet.example'/>");
  v.juliet.receives_nothing();
  answers("prince@verona.example/court", "q1");
  v.juliet.receives({"type='result'", "id='q1'", "from='prince@verona.example/court'"});
  answers("prince@verona.example/court", "q1");
  answers("prince@verona.example/court", "q1", "error");
  v.juliet.receives_nothing();
}

TEST(Abroad, ARequestGivenBackIsAnsweredOnce) {
  Verona v;
  const auto asks = [&] {
    v.juliet.sends("<iq type='get' id='q' to='verona.example'><ping xmlns='urn:xmpp:ping'/></iq>");
  };
  const auto answers = [&] {
    v.abroad.sends("<iq type='result' id='q' from='verona.example' to='juliet@capulet.example/balcony'/>");
  };
  asks();
  v.abroad.gives_back(StanzaCondition::remote_server_timeout);
  v.juliet.receives_error("q", "remote-server-timeout");
  answers();  // it had arrived after all
  v.juliet.receives_nothing();
  v.abroad.is_slow();
  asks();
  v.abroad.receives("id='q'");
  answers();
  v.juliet.receives({"type='result'", "id='q'"});
  v.abroad.gives_back(StanzaCondition::remote_server_timeout);
  v.juliet.receives_nothing();
}

TEST(Abroad, ARequestNobodyAnswersIsAnsweredHere) {
  Verona v;
  v.juliet.sends("<iq type='get' id='q' to='verona.example'><ping xmlns='urn:xmpp:ping'/></iq>");
  v.abroad.receives("id='q'");
  v.scene.advance(std::chrono::seconds(130));
  v.juliet.receives_nothing();
  v.scene.advance(std::chrono::seconds(10));
  v.juliet.receives_error("q", "remote-server-timeout");
  v.abroad.sends("<iq type='result' id='q' from='verona.example' to='juliet@capulet.example/balcony'/>");
  v.juliet.receives_nothing();
}

TEST(Abroad, RequestsThatWaitForAnswersHaveABound) {
  SceneOptions options;
  options.core.pending_requests = 2;
  Verona v(std::move(options));
  for (const std::string_view id : {"q1", "q2", "q3"}) {
    v.juliet.sends("<iq type='get' id='" + std::string(id) + "' to='verona.example'><ping xmlns='urn:xmpp:ping'/></iq>");
  }
  v.juliet.receives_error("q3", "resource-constraint");
  v.abroad.receives("id='q1'");
  v.abroad.receives("id='q2'");
}

TEST(Abroad, RequestsFromThereAreAnsweredOnce) {  // by the server, for itself and for an account
  Verona v;
  v.abroad.sends("<iq type='get' id='s' from='prince@verona.example/court' to='capulet.example'><ping xmlns='urn:xmpp:ping'/></iq>");
  v.abroad.receives({"type='result'", "id='s'", "from='capulet.example'", "to='prince@verona.example/court'"});
  v.abroad.sends("<iq type='get' id='a' from='prince@verona.example/court' to='nurse@capulet.example'><vCard xmlns='vcard-temp'/></iq>");
  v.abroad.receives({"id='a'", "from='nurse@capulet.example'", "to='prince@verona.example/court'"});
  v.abroad.receives_nothing();
}

TEST(Abroad, AClientAnswersWhomItMay) {  // security L02, P05
  Scene scene;
  SceneAbroad& abroad = scene.abroad();
  scene.are_contacts("juliet@capulet.example", "prince@verona.example");
  Client& juliet = scene.login("juliet@capulet.example/balcony");
  const std::string ping = "to='juliet@capulet.example/balcony'><ping xmlns='urn:xmpp:ping'/></iq>";
  abroad.sends("<iq type='get' id='p' from='prince@verona.example/court' " + ping);
  juliet.receives({"type='get'", "id='p'", "from='prince@verona.example/court'"});
  juliet.sends("<iq type='result' id='p' to='prince@verona.example/court'/>");
  abroad.receives({"type='result'", "id='p'", "from='juliet@capulet.example/balcony'", "to='prince@verona.example/court'"});
  juliet.sends("<iq type='result' id='p' to='prince@verona.example/court'/>");  // answered already
  abroad.receives_nothing();
  abroad.sends("<iq type='get' id='q' from='paris@verona.example/court' " + ping);  // a stranger learns nothing
  abroad.receives({"type='error'", "id='q'", "<service-unavailable "});
  abroad.sends("<iq type='set' id='r' from='prince@verona.example/court' to='juliet@capulet.example/balcony'>"
               "<query xmlns='jabber:iq:roster'><item jid='x@verona.example'/></query></iq>");
  abroad.receives({"type='error'", "id='r'", "<service-unavailable "});
  abroad.sends("<iq type='get' id='s' from='prince@verona.example/court' " + ping);
  juliet.receives("id='s'");
  juliet.sends("</stream:stream>");  // without an answer of its own the server gives one
  abroad.receives({"type='error'", "id='s'", "to='prince@verona.example/court'"});
}

TEST(Abroad, StrangersHearTheSameOfEverybodyAndNobody) {  // security L01, L02, L04
  Verona v;
  v.juliet.comes_online();
  for (const std::string_view question :
       {"<query xmlns='http://jabber.org/protocol/disco#info'/>", "<query xmlns='http://jabber.org/protocol/disco#items'/>",
        "<query xmlns='jabber:iq:last'/>", "<vCard xmlns='vcard-temp'/>", "<query xmlns='jabber:iq:roster'/>",
        "<blocklist xmlns='urn:xmpp:blocking'/>", "<query xmlns='jabber:iq:private'><x xmlns='a'/></query>",
        "<query xmlns='jabber:iq:register'/>", "<query xmlns='urn:xmpp:mam:2'/>", "<odd xmlns='urn:example:odd'/>"}) {
    for (const char* type : {"get", "set"}) {
      for (const std::string_view resource : {"", "/balcony", "/elsewhere"}) {
        const auto ask = [&](std::string_view local) {
          const std::string to = std::string(local) + "@capulet.example" + std::string(resource);
          v.abroad.sends("<iq type='" + std::string(type) + "' id='q' from='paris@verona.example/r' to='" + to + "'>" +
                         std::string(question) + "</iq>");
          std::string answer = v.abroad.next();
          for (std::size_t at = answer.find(to); at != std::string::npos; at = answer.find(to)) answer.erase(at, to.size());
          return answer;
        };
        EXPECT_EQ(ask("juliet"), ask("nobody")) << type << question << resource;
      }
    }
  }
}

TEST(Abroad, AnotherServersWordDoesNotMakeAnAdministrator) {  // security S12
  Verona v;
  v.scene.world().hosts.at("capulet.example")->set_administrators({*BareJid::parse("prince@verona.example")});
  v.abroad.sends("<iq type='set' id='c' from='prince@verona.example/court' to='capulet.example'>"
                 "<command xmlns='http://jabber.org/protocol/commands' node='http://jabber.org/protocol/admin#get-online-users-num'/></iq>");
  v.abroad.receives({"type='error'", "id='c'", "<forbidden "});
}

// ---- rules for peers (policy/peer_rules.h)

policy::PeerOptions peer(std::string domain) {
  policy::PeerOptions options;
  options.domain = std::move(domain);
  return options;
}

TEST(Abroad, RulesDecideWhatPassesAndNobodyHearsOfThem) {
  Verona v;
  policy::PeerOptions verona = peer("verona.example");
  verona.name = "secret treaty";
  verona.accept_stanzas = verona.send_stanzas = {"message"};
  policy::PeerOptions mantua = peer("mantua.example");
  mantua.direction = policy::PeerDirection::out;
  policy::PeerOptions padua = peer("padua.example");
  padua.presence = policy::PeerPresence::stripped;
  v.scene.world().policy.set_peers(*policy::PeerRules::make(policy::Profile::strict, {verona, mantua, padua}));
  v.juliet.sends("<iq type='get' id='q' to='verona.example'><ping xmlns='urn:xmpp:ping'/></iq>");
  EXPECT_EQ(v.juliet.receives({"id='q'", "<not-allowed "}).find("treaty"), std::string::npos);
  v.juliet.sends("<message id='n' to='elsewhere.example'><body>x</body></message>");
  v.juliet.receives_error("n", "remote-server-not-found");
  v.abroad.receives_nothing();
  v.juliet.sends("<message id='m' to='verona.example'><body>x</body></message>");
  v.abroad.receives("id='m'");
  v.juliet.comes_online();
  v.abroad.sends("<message id='1' from='prince@verona.example' to='juliet@capulet.example'><body>x</body></message>");
  v.juliet.receives("id='1'");
  v.abroad.sends("<iq type='get' id='2' from='prince@verona.example' to='capulet.example'><ping xmlns='urn:xmpp:ping'/></iq>");
  v.abroad.receives_nothing();  // its answer may not be sent to it either
  for (const std::string_view domain : {"mantua.example", "elsewhere.example"}) {  // its stream must end
    EXPECT_EQ(v.abroad.is_refused("<message from='" + std::string(domain) + "' to='juliet@capulet.example'/>", domain), "policy-violation");
  }
  v.abroad.sends("<presence from='friar@padua.example/cell' to='juliet@capulet.example'/>");
  v.abroad.sends("<presence type='probe' from='friar@padua.example' to='juliet@capulet.example'/>");
  v.abroad.receives_nothing();
  v.juliet.sends("<presence id='d' to='friar@padua.example'/>");
  v.juliet.receives_error("d", "not-allowed");
  v.abroad.sends("<presence type='subscribe' from='friar@padua.example' to='juliet@capulet.example'/>");
  v.juliet.receives("type='subscribe'");
}

TEST(Abroad, ARefusedStanzaIsAnsweredOnce) {
  Verona v;
  policy::PeerOptions verona = peer("verona.example");
  verona.accept_namespaces = {"urn:xmpp:ping"};
  v.scene.world().policy.set_peers(*policy::PeerRules::make(policy::Profile::strict, {verona}));
  v.abroad.sends("<iq type='get' id='q' from='prince@verona.example/court' to='juliet@capulet.example'><vCard xmlns='vcard-temp'/></iq>");
  v.abroad.receives({"type='error'", "id='q'", "<not-allowed ", "from='juliet@capulet.example'", "to='prince@verona.example/court'"});
  v.abroad.sends("<message id='m' from='prince@verona.example/court' to='juliet@capulet.example'><body>x</body><x xmlns='a'/></message>");
  v.abroad.receives({"type='error'", "id='m'", "<not-allowed "});
  v.abroad.sends("<message type='error' from='prince@verona.example/court' to='juliet@capulet.example'><x xmlns='a'/></message>");
  v.abroad.receives_nothing();
}

TEST(Abroad, ATrunkSpeaksForItsDomainsAndForNoneOfOurs) {
  Verona v;
  policy::PeerOptions gate = peer("gate.example");
  gate.may_speak_for = {"*.mil.example"};
  v.scene.world().policy.set_peers(*policy::PeerRules::make(policy::Profile::strict, {gate}));
  v.juliet.comes_online();
  const auto sends = [&](std::string_view from) {
    return v.abroad.is_refused("<message from='" + std::string(from) + "' to='juliet@capulet.example'><body>x</body></message>", "gate.example");
  };
  EXPECT_EQ(sends("major@hq.mil.example"), "none");
  v.juliet.receives("from='major@hq.mil.example'");
  EXPECT_EQ(sends("major@verona.example"), "invalid-from");
  EXPECT_EQ(sends("nurse@capulet.example"), "invalid-from");
  v.juliet.receives_nothing();
}

struct Trunk : Verona {
  Trunk() {
    policy::PeerOptions gate = peer("gate.example");
    gate.may_speak_for = {"*.mil.example"};
    gate.relay_to = {"verona.example"};
    policy::PeerOptions behind = peer("*.mil.example");
    behind.via = "gate.example";
    policy::PeerOptions verona = peer("verona.example");
    verona.relay_to = {"*.mil.example"};
    scene.world().policy.set_peers(*policy::PeerRules::make(policy::Profile::strict, {gate, behind, verona}));
  }
  std::string hop(std::string_view hops, std::string_view to = "prince@verona.example", std::string_view prefix = "hops") {
    const std::string p(prefix);
    return "<message id='m' xmlns:" + p + "='https://aldis.im/hops' " + p + ":n='" + std::string(hops) +
           "' from='major@hq.mil.example' to='" + std::string(to) + "'><body>x</body></message>";
  }
};

TEST(Abroad, WhatComesFromThereGoesOnAlongTrunksOnly) {
  Trunk t;
  EXPECT_EQ(t.abroad.is_refused("<iq type='get' id='q' from='major@hq.mil.example/r' to='prince@verona.example/court'><ping xmlns='urn:xmpp:ping'/></iq>", "gate.example"), "none");
  t.abroad.receives({"to='prince@verona.example/court'", "from='major@hq.mil.example/r'", "id='q'", "hops:n='1'", "<ping "});
  t.abroad.sends("<iq type='result' id='q' from='prince@verona.example/court' to='major@hq.mil.example/r'/>");
  t.abroad.receives({"to='major@hq.mil.example/r'", "type='result'", "hops:n='1'"});
  EXPECT_EQ(t.abroad.is_refused("<message from='major@hq.mil.example' to='b@mantua.example'/>", "gate.example"), "host-unknown");
  EXPECT_EQ(t.abroad.is_refused("<message from='major@hq.mil.example' to='b@air.mil.example'/>", "gate.example"), "host-unknown") << "back";
  EXPECT_EQ(t.abroad.is_refused("<message from='a@hq.mil.example' to='prince@verona.example'/>", "verona.example"), "host-unknown");
  t.juliet.receives_nothing();
}

TEST(Abroad, ACircleOfTrunksEnds) {
  Trunk t;
  EXPECT_EQ(t.abroad.is_refused(t.hop("7"), "gate.example"), "none");
  const std::string passed = t.abroad.receives({"hops:n='8'", "<body>x</body>"});
  EXPECT_EQ(passed.find("n='7'"), std::string::npos) << passed;
  for (const std::string_view hops : {"8", "1000", "-1", "x", "", "99999999999"}) {
    EXPECT_EQ(t.abroad.is_refused(t.hop(hops), "gate.example"), "none");
    t.abroad.receives({"type='error'", "to='major@hq.mil.example'", "<remote-server-not-found "});
  }
  EXPECT_EQ(t.abroad.is_refused(t.hop("3", "prince@verona.example", "h"), "gate.example"), "none");
  t.abroad.receives("hops:n='4'");
  t.juliet.comes_online();
  EXPECT_EQ(t.abroad.is_refused(t.hop("8", "juliet@capulet.example"), "gate.example"), "none");  // it has arrived
  EXPECT_EQ(t.juliet.receives("<body>x</body>").find("aldis.im/hops"), std::string::npos);
}

// ---- acceptance (XEP-0198 section 4)

TEST(Abroad, HoldsAStanzaUntilItIsDoneWithIt) {
  Verona v;
  enable_resumption(v.juliet);
  v.abroad.is_slow();
  v.juliet.sends("<message to='prince@verona.example'><body>1</body><no-store xmlns='urn:xmpp:hints'/></message>");
  v.abroad.receives("<body>1</body>");
  is_acknowledged(v.juliet, 0);
  v.abroad.arrived();
  v.juliet.receives(ack(1));
  v.juliet.sends("<iq type='get' id='q' to='verona.example'><ping xmlns='urn:xmpp:ping'/></iq>");
  is_acknowledged(v.juliet, 1);
  v.abroad.gives_back(StanzaCondition::remote_server_timeout);
  v.juliet.receives_error("q", "remote-server-timeout");  // before it is counted
  v.juliet.receives(ack(2));
}

TEST(Abroad, WhatIsGivenBackIsNotLostWithItsSession) {
  Verona v;
  Client& chamber = v.scene.login("juliet@capulet.example/chamber");
  v.juliet.sends("<message id='m' to='prince@verona.example'><body>x</body></message>");
  v.juliet.sends("<message id='e' type='error' to='prince@verona.example'/>");
  v.juliet.sends("</stream:stream>");
  EXPECT_EQ(v.abroad.waiting(), 2U);
  v.abroad.gives_back(StanzaCondition::remote_server_timeout);  // nobody is there to hear of it; errors bounce nowhere (D07)
  chamber.receives_nothing();
  chamber.sends("<message id='n' to='prince@verona.example'><body>x</body></message>");
  v.abroad.gives_back(StanzaCondition::remote_server_timeout);
  chamber.receives_error("n", "remote-server-timeout");
}

TEST(Abroad, ARequestThatIsOutWhenTheServerStopsIsAnswered) {  // its answer would find nobody who remembers
  Verona v;
  enable_resumption(v.juliet);
  v.juliet.sends("<iq type='get' id='q' to='verona.example'><ping xmlns='urn:xmpp:ping'/></iq>");
  v.abroad.receives("id='q'");
  v.scene.shard().post([&] { v.scene.home().suspend_all({.condition = StreamCondition::system_shutdown}, "stops"); });
  v.scene.run();
  const auto saved = [](Home& home) -> Task<int> {
    co_await home.save_suspended();
    co_await home.leave_suspended();
    co_return 0;
  };
  v.scene.wait(saved(v.scene.home()));
  const auto sessions = v.scene.wait(v.scene.stores().sessions.take(10));
  ASSERT_TRUE(sessions.has_value() && sessions->size() == 1);
  ASSERT_FALSE(sessions->front().unacknowledged.empty());
  const std::string last = sessions->front().unacknowledged.back().xml;
  EXPECT_NE(last.find("id='q'"), std::string::npos) << last;
  EXPECT_NE(last.find("<remote-server-timeout "), std::string::npos) << last;
  v.juliet.ignores_the_rest();
  v.nurse.ignores_the_rest();
}

// ---- hostile servers (security D04)

TEST(Abroad, AServerSpeaksForItsOwnDomainOnly) {
  Verona v;
  v.juliet.comes_online();
  const auto sends = [&](std::string_view from) {
    return v.abroad.is_refused("<message from='" + std::string(from) + "' to='juliet@capulet.example'><body>x</body></message>",
                               "verona.example");
  };
  for (const std::string_view from :
       {"prince@mantua.example", "mantua.example", "prince@sub.verona.example", "prince@example", "prince@averona.example",
        "nurse@capulet.example", "capulet.example", "juliet@capulet.example/balcony", "romeo@montague.example/orchard",
        "nurse@CAPULET.example"}) {
    EXPECT_EQ(sends(from), "invalid-from") << from;
  }
  EXPECT_EQ(v.abroad.is_refused("<message to='juliet@capulet.example'><body>x</body></message>", "verona.example"), "improper-addressing");
  EXPECT_EQ(v.abroad.is_refused("<message from='prince@verona.example'><body>x</body></message>", "verona.example"), "improper-addressing");
  for (const std::string_view to : {"friar@mantua.example", "mantua.example", "prince@verona.example", "juliet@capulet.example.evil.example"}) {
    EXPECT_EQ(v.abroad.is_refused("<message from='prince@verona.example' to='" + std::string(to) + "'/>", "verona.example"), "host-unknown") << to;
  }
  EXPECT_EQ(v.abroad.is_refused("<message from='nurse@capulet.example' to='juliet@capulet.example'/>", "capulet.example"), "invalid-from")
      << "whatever it has proved";
  v.juliet.receives_nothing();
  v.abroad.receives_nothing();
  for (const std::string_view from : {"prince@verona.example", "prince@VERONA.example", "Prince@verona.example."}) {  // one address
    EXPECT_EQ(sends(from), "none") << from;
    v.juliet.receives("from='prince@verona.example'");
  }
}

TEST(Abroad, IsReadAsItsRecipientsReadIt) {  // RFC 6120 section 4.8.3: one namespace of content, whatever is written
  Verona v;
  v.abroad.sends("<message xmlns='jabber:server' type='chat' from='prince@verona.example/court' to='nurse@capulet.example'><body>declared</body></message>");
  v.abroad.sends("<message type='chat' from='prince@verona.example/court' to='nurse@capulet.example'>"
                 "<body xmlns='jabber:client'>told outright</body></message>");
  v.abroad.sends("<message id='>' type='chat' from='prince@verona.example/court' to='nurse@capulet.example'><body>odd</body></message>");
  v.nurse.comes_online();
  for (const std::string_view words : {"declared</body>", "told outright</body>", "odd</body>"}) {  // kept, so they had words
    const std::string got = v.nurse.receives({words, "urn:xmpp:delay"});
    EXPECT_EQ(got.find("jabber:server"), std::string::npos) << got;
  }
}

}  // namespace
}  // namespace aldis::test
