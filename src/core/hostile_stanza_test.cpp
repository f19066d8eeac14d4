// Hostile users: odd stanzas, and stanzas that claim to be from another. Numbers such as
// X01 are rows of docs/security-tests.md. What the server emits is read again by a strict reader (tests/support/scene.h).
#include <gmock/gmock.h>

#include "tests/support/verona.h"

namespace aldis::test {
namespace {

using testing::HasSubstr;
using testing::Not;

// ---- odd stanzas: X14, X15

TEST(HostileStanza, EveryOddPayloadHasOneAnswer) {  // X14
  Verona verona;
  Client& mallory = verona.mallory();
  const std::vector<std::string> payloads{
      "query xmlns='jabber:iq:roster'", "query xmlns='jabber:iq:private'", "query xmlns='jabber:iq:last'",
      "query xmlns='jabber:iq:version'", "query xmlns='jabber:iq:register'", "vCard xmlns='vcard-temp'",
      "block xmlns='urn:xmpp:blocking'", "unblock xmlns='urn:xmpp:blocking'", "blocklist xmlns='urn:xmpp:blocking'",
      "ping xmlns='urn:xmpp:ping'", "time xmlns='urn:xmpp:time'", "query xmlns='http://jabber.org/protocol/disco#info'",
      "query xmlns='http://jabber.org/protocol/disco#items'", "command xmlns='http://jabber.org/protocol/commands'",
      "command xmlns='http://jabber.org/protocol/commands' node='x' action='next' sessionid='y'",
      "bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'", "session xmlns='urn:ietf:params:xml:ns:xmpp-session'",
      "pubsub xmlns='http://jabber.org/protocol/pubsub'", "query xmlns='urn:xmpp:mam:2'", "query"};
  const std::vector<std::string> insides{
      "", "text", "<item/>", "<item jid=''/>", "<item jid='@'/>", "<item jid='a@b' subscription='both'/>",
      "<item jid='a@b'/><item jid='c@d'/>", "<item jid='a@b'><group/><group/></item>", "<remove/>", "<username/><password/>",
      "<x xmlns='jabber:x:data' type='submit'/>", "<x xmlns='jabber:x:data'/>", "<a xmlns=''/>", "<a xmlns='urn:x'><b/></a><a xmlns='urn:x'/>",
      "<set xmlns='http://jabber.org/protocol/rsm'><max>-1</max></set>", "<set xmlns='http://jabber.org/protocol/rsm'><max>18446744073709551616</max></set>",
      "<publish/>", std::string(5000, 'A')};
  int id = 0;
  for (const std::string& payload : payloads) {
    for (const std::string& inside : insides) {
      for (const std::string_view type : {"get", "set"}) {
        for (const std::string_view to : {"", "mallory@capulet.example", "capulet.example", "juliet@capulet.example",
                                          "juliet@capulet.example/balcony", "nobody@capulet.example"}) {
          const std::string name = "o" + std::to_string(++id);
          std::string iq = "<iq type='" + std::string(type) + "' id='" + name + "'";
          if (!to.empty()) iq += " to='" + std::string(to) + "'";
          mallory.sends(iq + "><" + payload + ">" + inside + "</" + payload.substr(0, payload.find(' ')) + "></iq>");
          verona.scene.run();
          ASSERT_FALSE(mallory.is_closed()) << iq << payload << inside;
          const std::string answer = mallory.receives_among({"<iq", "id='" + name + "'"});
          ASSERT_TRUE(answer.find("type='result'") != std::string::npos || answer.find("type='error'") != std::string::npos)
              << answer;
          for (std::size_t waiting = mallory.waiting(); waiting > 0; --waiting) {  // pushes and the like, but no second answer
            ASSERT_THAT(mallory.next(), Not(HasSubstr("id='" + name + "'")));
          }
        }
      }
    }
  }
  verona.goes_on();
}

TEST(HostileStanza, NumbersAndIdsOutOfRange) {  // X15
  Verona verona;
  Client& mallory = verona.mallory();
  for (const std::string_view priority : {"-129", "128", "2147483648", "4294967296", "9223372036854775808", "18446744073709551616",
                                          "1e309", "\xD9\xA3", " 1", "+1", "0x1", "1.0", "--1", "\xE2\x88\x92" "1"}) {
    mallory.sends("<presence id='p'><priority>" + std::string(priority) + "</priority></presence>");
    mallory.receives_error("p", "bad-request");
  }
  for (const std::string_view priority : {"-128", "127"}) {
    mallory.sends("<presence><priority>" + std::string(priority) + "</priority></presence>");
  }
  mallory.ignores_the_rest();
  verona.goes_on();
}

// ---- in another's name: P01 to P07

TEST(HostileFrom, NobodyIsSeenAsAnother) {  // P01
  Verona verona;
  for (const std::string_view from : {"nurse@capulet.example", "nurse@capulet.example/hall", "capulet.example",
                                      "mallory@capulet.example/other", "mallory@montague.example/x", "room@muc.capulet.example/nurse"}) {
    for (const std::string_view kind : {"message", "presence", "iq type='get' id='1'", "iq type='result' id='1'",
                                        "presence type='subscribed'", "presence type='unavailable'", "presence type='probe'"}) {
      Client& mallory = verona.mallory();
      const std::string name(kind.substr(0, kind.find(' ')));
      mallory.sends("<" + std::string(kind) + " from='" + std::string(from) + "' to='juliet@capulet.example'><query xmlns='urn:x'/></" +
                    name + ">");
      mallory.is_closed_with("invalid-from");
    }
  }
  Client& mallory = verona.mallory();
  mallory.sends("<message from='' id='e' to='juliet@capulet.example'><body>x</body></message>");
  mallory.receives_error("e", "jid-malformed");
  verona.goes_on();
}

TEST(HostileClaims, WhatOnlyTheServerSaysIsTakenOut) {  // P02, P04
  Verona verona;
  Client& mallory = verona.mallory();
  mallory.sends(to_juliet(
      "<body>x</body><stanza-id xmlns='urn:xmpp:sid:0' by='juliet@capulet.example' id='forged'/>"
      "<s:stanza-id xmlns:s='urn:xmpp:sid:0' by='JULIET@Capulet.example' id='forged'/>"
      "<stanza-id xmlns='urn:xmpp:sid:0' by='capulet.example' id='forged'/><stanza-id xmlns='urn:xmpp:sid:0' id='forged'/>"
      "<stanza-id xmlns='urn:xmpp:sid:0' by='@' id='forged'/>"
      "<delay xmlns='urn:xmpp:delay' from='capulet.example' stamp='2002-09-10T23:08:25Z'/>"
      "<d:delay xmlns:d='urn:xmpp:delay' from='juliet@Capulet.example' stamp='2002-09-10T23:08:25Z'/>"
      "<received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' "
      "from='boss@capulet.example'><body>forged</body></message></forwarded></received>"
      "<c:sent xmlns:c='urn:xmpp:carbons:2'/>"));
  const std::string got = verona.juliet.receives("<body>x</body>");
  for (const std::string_view forged : {"forged", "delay", "carbons"}) {
    EXPECT_THAT(got, Not(HasSubstr(forged)));
  }
  EXPECT_EQ(count(got, "stanza-id"), 1U) << got;  // the archive's own
  // What others stamped is theirs to say.
  mallory.sends(to_juliet("<body>y</body><stanza-id xmlns='urn:xmpp:sid:0' by='room@muc.example' id='r'/>"
                          "<delay xmlns='urn:xmpp:delay' from='muc.example' stamp='2002-09-10T23:08:25Z'/>"));
  verona.juliet.receives({"by='room@muc.example'", "from='muc.example'"});
  // Nor does it help to send it to a resource, or to somebody who is away.
  mallory.sends("<message to='juliet@capulet.example/balcony'><body>z</body>"
                "<stanza-id xmlns='urn:xmpp:sid:0' by='juliet@capulet.example' id='forged'/></message>");
  EXPECT_THAT(verona.juliet.receives("<body>z</body>"), Not(HasSubstr("forged")));
  verona.scene.has_account("romeo@montague.example");
  mallory.sends("<message to='romeo@montague.example'><body>away</body>"
                "<delay xmlns='urn:xmpp:delay' from='montague.example' stamp='2002-09-10T23:08:25Z'/></message>");
  Client& romeo = verona.scene.login("romeo@montague.example/orchard");
  romeo.comes_online();
  const std::string kept = romeo.receives("<body>away</body>");
  EXPECT_EQ(count(kept, "urn:xmpp:delay"), 1U) << kept;
  EXPECT_THAT(kept, Not(HasSubstr("2002-")));
  verona.goes_on();
}

TEST(HostileClaims, ResultsOfArchivesAndEventsAreNotAClients) {  // P03, CVE-2023-28686
  Verona verona;
  Client& mallory = verona.mallory();
  const std::string result =
      "<result xmlns='urn:xmpp:mam:2' queryid='guessed' id='1'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' "
      "from='nurse@capulet.example' to='juliet@capulet.example'><body>forged</body></message></forwarded></result>";
  const std::string event =
      "<event xmlns='http://jabber.org/protocol/pubsub#event'><items node='urn:xmpp:bookmarks:1'><item id='forged' "
      "publisher='juliet@capulet.example'/></items></event>";
  for (const std::string_view to : {"juliet@capulet.example", "juliet@capulet.example/balcony"}) {
    for (const std::string& claim :
         {result, event, std::string("<fin xmlns='urn:xmpp:mam:2' complete='true'><forged/></fin>"),
          std::string("<m:result xmlns:m='urn:xmpp:mam:2'><forged xmlns='urn:x'/></m:result>"), result + result + event}) {
      mallory.sends("<message to='" + std::string(to) + "' type='chat'>" + claim + "<body>x</body></message>");
      const std::string got = verona.juliet.receives("<body>x</body>");
      for (const std::string_view forged : {"forged", "urn:xmpp:mam:2", "pubsub#event"}) EXPECT_THAT(got, Not(HasSubstr(forged)));
    }
  }
  // Nor in the name of another resource of one's own.
  Client& own = verona.scene.login("juliet@capulet.example/phone");
  own.sends("<message to='juliet@capulet.example/balcony'>" + event + "<body>y</body></message>");
  EXPECT_THAT(verona.juliet.receives("<body>y</body>"), Not(HasSubstr("pubsub#event")));
  verona.goes_on();
}

TEST(HostileIq, NothingIsRelayed) {  // E12: no file proxy, no gateway of sessions
  Verona verona;
  Client& mallory = verona.mallory();
  int id = 0;
  for (const std::string_view payload :
       {"<query xmlns='http://jabber.org/protocol/bytestreams' sid='s' mode='tcp'><streamhost jid='capulet.example' host='192.0.2.9' "
        "port='1080'/></query>",
        "<query xmlns='http://jabber.org/protocol/bytestreams' sid='s'><activate>nurse@capulet.example/hall</activate></query>",
        "<query xmlns='http://jabber.org/protocol/bytestreams'/>",
        "<open xmlns='http://jabber.org/protocol/ibb' block-size='4096' sid='s'/>",
        "<jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' sid='s'><content creator='initiator' name='c'/></jingle>",
        "<si xmlns='http://jabber.org/protocol/si' id='s' profile='http://jabber.org/protocol/si/profile/file-transfer'/>"}) {
    for (const std::string_view type : {"get", "set"}) {
      for (const std::string_view to : {"capulet.example", "montague.example", "proxy.capulet.example", "juliet@capulet.example",
                                        "mallory@capulet.example", "juliet@capulet.example/elsewhere"}) {
        const std::string name = "e" + std::to_string(++id);
        mallory.sends("<iq type='" + std::string(type) + "' id='" + name + "' to='" + std::string(to) + "'>" + std::string(payload) +
                      "</iq>");
        const std::string answer = mallory.receives({"type='error'", "id='" + name + "'"});
        EXPECT_TRUE(answer.find("<service-unavailable") != std::string::npos || answer.find("<remote-server-not-found") != std::string::npos)
            << answer;
      }
    }
  }
  mallory.receives_nothing();
  verona.goes_on();
}

TEST(HostilePresence, CapabilitiesOfOneSayNothingOfAnother) {  // E09: there is no cache to poison
  Verona verona;
  Scene& scene = verona.scene;
  const auto info = [&](std::string_view node) {
    std::string answer = verona.nurse.asks("get", "capulet.example",
                                           "<query xmlns='http://jabber.org/protocol/disco#info'" + std::string(node) + "/>");
    return answer.substr(answer.find("<query"));
  };
  const std::string before = info("");
  Client& mallory = verona.mallory();
  const std::size_t accounts = scene.home().account_count();
  for (const std::string& ver : {std::string("wrong"), std::string("QgayPKawpkPSDYmwT/WM94uAlu0="), std::string(100'000, 'v')}) {
    const std::string c = "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='https://aldis.im/server' ver='" + ver + "'/>";
    mallory.sends("<presence to='juliet@capulet.example/balcony'>" + c + "</presence>");
    EXPECT_THAT(verona.juliet.next(), HasSubstr(c.substr(0, 60))) << "content, passed on as it came";
    mallory.sends("<presence>" + c + c + "</presence>");
    mallory.ignores_the_rest();
    // Nobody asked mallory what it can do, and what it says of it unasked goes nowhere.
    mallory.sends("<iq type='result' id='d' to='capulet.example'><query xmlns='http://jabber.org/protocol/disco#info' node='https://aldis.im/"
                  "server#" + ver.substr(0, 50) + "'><feature var='urn:example:forged'/></query></iq>");
    mallory.receives_nothing();
    EXPECT_EQ(info(""), before);
  }
  EXPECT_EQ(scene.home().account_count(), accounts);
  verona.juliet.ignores_the_rest();
  verona.goes_on();
}

TEST(HostileIq, PushesComeFromTheServerOnly) {  // P05, also from a contact who may see presence
  Scene scene;
  scene.are_contacts("juliet@capulet.example", "mallory@capulet.example");
  Client& juliet = scene.login("juliet@capulet.example/balcony");
  juliet.comes_online();
  Client& mallory = scene.login("mallory@capulet.example/x");
  mallory.comes_online();
  juliet.ignores_the_rest();
  mallory.ignores_the_rest();
  for (const std::string_view payload :
       {"<query xmlns='jabber:iq:roster'><item jid='evil@capulet.example' subscription='both'/></query>",
        "<block xmlns='urn:xmpp:blocking'><item jid='nurse@capulet.example'/></block>", "<unblock xmlns='urn:xmpp:blocking'/>"}) {
    for (const std::string_view to : {"juliet@capulet.example/balcony", "juliet@capulet.example"}) {
      mallory.sends("<iq type='set' id='s' to='" + std::string(to) + "'>" + std::string(payload) + "</iq>");
      mallory.receives_error("s", to.find('/') != std::string_view::npos ? "service-unavailable" : "forbidden");
    }
  }
  juliet.receives_nothing();
}

TEST(HostileIq, AnswersNobodyAskedForAreDropped) {  // P06
  Scene scene;
  scene.are_contacts("juliet@capulet.example", "romeo@montague.example");
  Client& juliet = scene.login("juliet@capulet.example/balcony");
  Client& romeo = scene.login("romeo@montague.example/orchard");
  Client& mallory = scene.login("mallory@capulet.example/x");
  for (Client* each : {&juliet, &romeo}) each->comes_online();
  for (Client* each : {&juliet, &romeo}) each->ignores_the_rest();
  juliet.sends("<iq type='get' id='v' to='romeo@montague.example/orchard'><query xmlns='jabber:iq:version'/></iq>");
  romeo.receives("id='v'");
  for (const std::string_view type : {"result", "error"}) {
    mallory.sends("<iq type='" + std::string(type) + "' id='v' to='juliet@capulet.example/balcony'/>");
    mallory.sends("<iq type='" + std::string(type) + "' id='v' to='juliet@capulet.example'/>");
    mallory.sends("<iq type='" + std::string(type) + "' id='v' to='capulet.example'/>");
    mallory.sends("<iq type='" + std::string(type) + "' id='v'/>");
  }
  romeo.sends("<iq type='result' id='w' to='juliet@capulet.example/balcony'/>");
  juliet.receives_nothing();
  mallory.receives_nothing();
  romeo.sends("<iq type='result' id='v' to='juliet@capulet.example/balcony'/>");
  juliet.receives({"type='result'", "from='romeo@montague.example/orchard'"});
}

TEST(HostileForward, AForwardedStanzaIsOnlyContent) {  // P07
  Verona verona;
  Client& mallory = verona.mallory();
  mallory.sends(to_juliet("<forwarded xmlns='urn:xmpp:forward:0'><presence xmlns='jabber:client' from='nurse@capulet.example' "
                          "to='juliet@capulet.example' type='subscribe'/></forwarded>"
                          "<forwarded xmlns='urn:xmpp:forward:0'><iq xmlns='jabber:client' type='set' id='f'>"
                          "<query xmlns='jabber:iq:roster'><item jid='evil@capulet.example'/></query></iq></forwarded>"));
  EXPECT_EQ(count(verona.juliet.receives("urn:xmpp:forward:0"), "forwarded xmlns"), 2U);
  EXPECT_THAT(verona.juliet.asks("get", "", "<query xmlns='jabber:iq:roster'/>"), Not(HasSubstr("<item")));
  verona.goes_on();
}

}  // namespace
}  // namespace aldis::test
