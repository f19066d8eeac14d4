// What becomes of what a session had not delivered when it ends, by kind: RFC 6121 section 8.5.3.2 and XEP-0198 (1.6.3) section 4. A
// message goes to the other sessions, to storage or back to its sender; presence and answers (iq) were for that session and
// nobody else; a request is answered. The nurse is the bystander.
#include "tests/support/managed_client.h"

namespace aldis::test {
namespace {

constexpr std::string_view query = "<query xmlns='jabber:iq:version'/>";

struct Verona {
  Verona() {
    for (Client* each : {&juliet, &chamber, &romeo}) {
      each->comes_online();
    }
    hidden.sends("<presence><priority>-1</priority></presence>");
    settle();
  }
  void settle() {
    for (Client* each : {&juliet, &chamber, &hidden, &romeo}) {
      each->ignores_the_rest();
    }
  }
  void romeo_sends(std::string_view type, std::string_view to = "juliet@capulet.example/balcony") {
    romeo.sends("<message id='" + std::string(type) + "' type='" + std::string(type) + "' to='" + std::string(to) + "'><body>" + std::string(type) +
                "</body></message>");
  }
  void kick(std::string_view address) {
    static_cast<void>(scene.wait(scene.administration().end_sessions(*Jid::parse(address), {.condition = StreamCondition::reset}, "kicked")));
  }

  struct Contacts : Scene {
    Contacts() { are_contacts("juliet@capulet.example", "romeo@montague.example"); }
  } scene;
  Client& juliet = scene.login("juliet@capulet.example/balcony");
  Client& chamber = scene.login("juliet@capulet.example/chamber");
  Client& hidden = scene.login("juliet@capulet.example/hidden");   // with a negative priority
  Client& romeo = scene.login("romeo@montague.example/orchard");
  Client& nurse = scene.login("nurse@capulet.example/hall");       // must see nothing
};

// Romeo counts what he sends: what juliet's connection has not taken is remembered for him, of whatever kind.
TEST(Undelivered, PresenceAndIqsAreForTheirSessionAlone) {
  for (const bool is_kicked : {false, true}) {
    Verona v;
    enable_resumption(v.romeo);
    v.juliet.sends("<iq type='get' id='asked' to='romeo@montague.example/orchard'>" + std::string(query) + "</iq>");
    v.romeo.receives("id='asked'");
    v.juliet.stops_reading();
    v.romeo.sends("<message type='chat' to='juliet@capulet.example/balcony'><body>" + std::string(20'000, 'x') + "</body></message>");
    v.romeo.sends("<presence to='juliet@capulet.example/balcony'><status>for one</status></presence>");
    v.romeo.sends("<iq type='result' id='asked' to='juliet@capulet.example/balcony'><query xmlns='jabber:iq:version'><name>secret</name></query></iq>");
    v.romeo.sends("<iq type='get' id='asks' to='juliet@capulet.example/balcony'>" + std::string(query) + "</iq>");
    v.romeo_sends("chat");
    v.romeo.receives_nothing();
    if (is_kicked) {
      v.kick("juliet@capulet.example/balcony");
    } else {
      v.juliet.cuts_the_line();
    }
    v.romeo.receives_among({"id='asks'", "service-unavailable"});
    v.romeo.receives_among({"from='juliet@capulet.example/balcony'", "type='unavailable'"});
    v.romeo.receives_nothing();   // one answer to one question
    v.chamber.receives({"from='juliet@capulet.example/balcony'", "type='unavailable'"});
    v.chamber.receives("<body>xxx");
    v.chamber.receives("<body>chat</body>");
    v.chamber.receives_nothing();
    v.hidden.receives({"from='juliet@capulet.example/balcony'", "type='unavailable'"});
    v.hidden.receives_nothing();
    static_cast<void>(v.juliet.reads_again());
  }
}

TEST(Undelivered, SoTheyAreWhereTheClientCounts) {
  Verona v;
  enable_resumption(v.juliet);
  v.juliet.cuts_the_line();
  v.romeo.sends("<presence to='juliet@capulet.example/balcony'><status>for one</status></presence>");
  v.romeo.sends("<iq type='get' id='asks' to='juliet@capulet.example/balcony'>" + std::string(query) + "</iq>");
  v.scene.advance(std::chrono::seconds(301));
  v.romeo.receives_error("asks", "recipient-unavailable");
  v.romeo.receives({"from='juliet@capulet.example/balcony'", "type='unavailable'"});
  v.romeo.receives_nothing();
  v.chamber.receives({"from='juliet@capulet.example/balcony'", "type='unavailable'"});
  v.chamber.receives_nothing();
  v.hidden.ignores_the_rest();
}

TEST(Undelivered, MessagesToAFullAddressByTheirType) {
  Verona v;
  enable_resumption(v.juliet);
  v.juliet.cuts_the_line();
  for (const std::string_view type : {"chat", "normal", "headline", "groupchat"}) {
    v.romeo_sends(type);
  }
  v.romeo.sends("<message type='error' to='juliet@capulet.example/balcony'><error type='cancel'/></message>");
  v.romeo.receives_nothing();
  v.scene.advance(std::chrono::seconds(301));
  v.romeo.receives("type='unavailable'");
  v.romeo.receives_error("groupchat", "recipient-unavailable");   // a room takes her out (XEP-0045 section 7.14)
  v.romeo.receives_nothing();
  v.chamber.receives("type='unavailable'");
  v.chamber.receives("<body>chat</body>");
  v.chamber.receives("<body>normal</body>");
  v.chamber.receives_nothing();
  v.hidden.receives("type='unavailable'");
  v.hidden.receives_nothing();
}

// Section 8.5.2.1.1: a negative priority gets nothing that was not for it by name.
TEST(Undelivered, NotToANegativePriority) {
  Verona v;
  v.kick("juliet@capulet.example/chamber");
  v.settle();
  enable_resumption(v.juliet);
  v.juliet.cuts_the_line();
  v.romeo_sends("chat");
  v.romeo_sends("normal", "juliet@capulet.example");
  v.scene.advance(std::chrono::seconds(301));
  v.romeo.receives("type='unavailable'");
  v.romeo.receives_nothing();
  v.hidden.receives("type='unavailable'");
  v.hidden.receives_nothing();
  v.hidden.sends("<presence><priority>0</priority></presence>");   // now they are for it
  v.hidden.receives_among({"<body>chat</body>", "urn:xmpp:delay"});
  v.hidden.receives_among({"<body>normal</body>", "urn:xmpp:delay"});
  v.hidden.receives("<priority>0</priority>");
  v.hidden.receives_nothing();
  v.romeo.ignores_the_rest();
}

// And what a session of a negative priority was sent by name goes on as anybody's.
TEST(Undelivered, FromANegativePriority) {
  Verona v;
  enable_resumption(v.hidden);
  v.hidden.cuts_the_line();
  v.romeo_sends("chat", "juliet@capulet.example/hidden");
  v.scene.advance(std::chrono::seconds(301));
  for (Client* each : {&v.juliet, &v.chamber}) {
    each->receives({"from='juliet@capulet.example/hidden'", "type='unavailable'"});
    each->receives("<body>chat</body>");
    each->receives_nothing();
  }
  v.romeo.ignores_the_rest();
}

// It was the only one there when the message came: who has come since has not seen it.
TEST(Undelivered, WhoCameLaterGetsWhatTheEndedSessionDidNot) {
  Verona v;
  v.kick("juliet@capulet.example/chamber");
  v.settle();
  enable_resumption(v.juliet);
  v.juliet.cuts_the_line();
  v.romeo_sends("chat", "juliet@capulet.example");
  Client& later = v.scene.login("juliet@capulet.example/later");
  later.comes_online();
  later.ignores_the_rest();
  v.romeo_sends("normal", "juliet@capulet.example");
  later.receives("<body>normal</body>");
  v.scene.advance(std::chrono::seconds(301));
  later.receives("type='unavailable'");
  later.receives("<body>chat</body>");
  later.receives_nothing();   // what it had it does not get twice
  v.romeo.ignores_the_rest();
  v.hidden.ignores_the_rest();
}

}  // namespace
}  // namespace aldis::test
