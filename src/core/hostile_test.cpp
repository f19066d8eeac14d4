// Hostile users: what an authenticated client may send, byte by byte, and what it must never do to others. Numbers such as
// X01 are rows of docs/security-tests.md. Each scene has a victim and a bystander; what the server emits is read again by a
// strict reader (tests/support/scene.h). Strangers are in lobby_test.cpp.
#include <gmock/gmock.h>

#include "core/account.h"
#include "tests/support/scene.h"

namespace aldis::test {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Verona {
  explicit Verona(SceneOptions options = {}) : scene(std::move(options)) {
    for (Client* each : {&juliet, &nurse}) {
      each->comes_online();
      each->ignores_the_rest();
    }
  }
  Client& mallory() { return scene.login("mallory@capulet.example/x"); }
  // Whatever happened to mallory, the others still talk, and have seen nothing else.
  void goes_on() {
    juliet.receives_nothing();
    nurse.sends("<message to='juliet@capulet.example/balcony' type='chat' id='canary'><body>still here</body></message>");
    juliet.receives("id='canary'");
    nurse.receives_nothing();
  }
  Scene scene;
  Client& juliet = scene.login("juliet@capulet.example/balcony");
  Client& nurse = scene.login("nurse@capulet.example/hall");
};

std::string to_juliet(std::string_view inside, std::string_view attributes = {}) {
  return "<message to='juliet@capulet.example' type='chat'" + std::string(attributes) + ">" + std::string(inside) + "</message>";
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

struct Refusal {
  std::string sent;
  std::string_view condition;
};

// Each ends mallory's stream with its reason, whole and cut at every byte, and reaches nobody.
void each_ends_the_stream(const std::vector<Refusal>& refusals) {
  Verona verona;
  const std::size_t before = verona.scene.home().session_count();
  for (const Refusal& refusal : refusals) {
    for (const bool is_cut : {false, true}) {
      SCOPED_TRACE(refusal.sent.substr(0, 200));
      Client& mallory = verona.mallory();
      if (is_cut && refusal.sent.size() < 2000) {
        for (const char byte : refusal.sent) mallory.sends(std::string_view(&byte, 1));
      } else {
        mallory.sends(refusal.sent + (is_cut ? "" : "<message to='juliet@capulet.example'><body>behind</body></message>"));
      }
      mallory.is_closed_with(refusal.condition);
      EXPECT_EQ(verona.scene.home().session_count(), before);
    }
  }
  verona.goes_on();
}

// ---- the XML of a bound stream

TEST(HostileXml, RestrictedXmlEndsTheStream) {  // X01, X02, X04
  each_ends_the_stream({
      {"<!DOCTYPE s [<!ENTITY a 'xxxxxxxxxx'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>]><message><body>&b;</body></message>",
       "restricted-xml"},
      {"<!DOCTYPE s SYSTEM 'file:///etc/passwd'>", "restricted-xml"},
      {"<!ENTITY x SYSTEM 'http://127.0.0.1:1/'>", "restricted-xml"},
      {to_juliet("<body>&j;</body>"), "restricted-xml"},
      {to_juliet("<body a='&j;'/>"), "restricted-xml"},
      {to_juliet("<!--a--><body>x</body>"), "restricted-xml"},
      {to_juliet("<?p x?><body>x</body>"), "restricted-xml"},
      {to_juliet("<!DOCTYPE a><body>x</body>"), "restricted-xml"},
      {"<!--a-->", "restricted-xml"},
      {"<?p x?>", "restricted-xml"},
      {"<?xml version='1.0'?>", "restricted-xml"},
      {"<![CDATA[x]]>", "restricted-xml"},
      {"text between stanzas", "not-well-formed"},
  });
}

TEST(HostileXml, BytesThatAreNoCharactersReachNobody) {  // X05
  std::vector<Refusal> refusals;
  for (const std::string_view bytes :
       {std::string_view("\xC0\x80"), std::string_view("\xC1\xBF"), std::string_view("\xED\xA0\x80"),
        std::string_view("\xF4\x90\x80\x80"), std::string_view("\xF8\x88\x80\x80\x80"), std::string_view("\xFE"),
        std::string_view("\xFF"), std::string_view("\x80"), std::string_view("\xC3<"), std::string_view("\0", 1),
        std::string_view("\x0B"), std::string_view("\xEF\xBF\xBE"), std::string_view("&#0;"), std::string_view("&#xD800;"),
        std::string_view("&#xFFFF;"), std::string_view("&#x110000;"), std::string_view("&#xB;")}) {
    const std::string bad(bytes);
    refusals.push_back({to_juliet("<body>a" + bad + "b</body>"), "not-well-formed"});
    refusals.push_back({to_juliet("<body a='" + bad + "'/>"), "not-well-formed"});
    refusals.push_back({"<message to='juliet@capulet.example/" + bad + "'><body>x</body></message>", "not-well-formed"});
    refusals.push_back({to_juliet("<n" + bad + "/>"), "not-well-formed"});
  }
  each_ends_the_stream(refusals);
}

TEST(HostileXml, NamespacesAreNotConfused) {  // X06
  each_ends_the_stream({
      {"<message xmlns='jabber:client&#xA;x' to='juliet@capulet.example'><body>x</body></message>", "not-well-formed"},
      {"<message xmlns='jabber:client x' to='juliet@capulet.example'><body>x</body></message>", "not-well-formed"},
      {"<message xmlns='jabber:client|message' to='juliet@capulet.example'><body>x</body></message>", "not-well-formed"},
      {"<message xmlns='jabber:client:' to='juliet@capulet.example'><body>x</body></message>", "unsupported-stanza-type"},
      {"<message xmlns='' to='juliet@capulet.example'><body>x</body></message>", "unsupported-stanza-type"},
      {to_juliet("<p:body>x</p:body>"), "not-well-formed"},
      {to_juliet("<body xmlns:xml='urn:x'>x</body>"), "not-well-formed"},
      {to_juliet("<body xmlns:xmlns='urn:x'>x</body>"), "not-well-formed"},
      {to_juliet("<body xmlns:p=''>x</body>"), "not-well-formed"},
      {to_juliet("<body xmlns:a='urn:x' xmlns:b='urn:x' a:c='1' b:c='2'>x</body>"), "not-well-formed"},
      {to_juliet("<body a='1' a='2'>x</body>"), "not-well-formed"},
  });
}

TEST(HostileXml, TheStreamItself) {  // X13
  each_ends_the_stream({
      {"<stream:stream xmlns='jabber:client' to='montague.example' version='1.0'>", "not-well-formed"},
      {"<stream:features/>", "unsupported-stanza-type"},
      {"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", "unsupported-stanza-type"},
      {"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAYg==</auth>", "unsupported-stanza-type"},
      {"<enable xmlns='urn:xmpp:sm:3'/>", "unsupported-stanza-type"},
      {"<compress xmlns='http://jabber.org/protocol/compress'><method>zlib</method></compress>", "unsupported-stanza-type"},
      {"</message>", "not-well-formed"},
      {"</stream:stream>", ""},  // and what was behind it is not read
  });
}

TEST(HostileXml, LimitsAreInclusive) {  // X08, X09, X10, X11
  Verona verona;
  const auto padded = [](std::size_t size) {
    const std::string empty = to_juliet("<body></body>");
    return to_juliet("<body>" + std::string(size - empty.size(), 'A') + "</body>");
  };
  const auto nested = [](std::size_t depth) {  // the message itself is one
    std::string inside;
    for (std::size_t i = 1; i < depth; ++i) inside += "<a>";
    for (std::size_t i = 1; i < depth; ++i) inside += "</a>";
    return to_juliet(inside + "");
  };
  const auto many = [](std::size_t elements) {
    std::string inside = "<body>x</body>";
    for (std::size_t i = 2; i < elements; ++i) inside += "<x/>";
    return to_juliet(inside);
  };
  const auto wide = [](std::size_t attributes) {
    std::string inside = "<body";
    for (std::size_t i = 0; i < attributes; ++i) inside += " a" + std::to_string(i) + "=''";
    return to_juliet(inside + ">x</body>");
  };
  const xml::Limits limits = verona.scene.world().stanza_limits;
  Client& mallory = verona.mallory();
  for (const std::string& fits : {padded(10'000), padded(limits.stanza_bytes), nested(limits.depth), many(limits.elements),
                                  wide(limits.attributes)}) {
    mallory.sends(fits);
    EXPECT_GE(verona.juliet.next().size(), fits.size());
  }
  for (const std::string& too_much : {padded(limits.stanza_bytes + 1), nested(limits.depth + 1), many(limits.elements + 1),
                                      wide(limits.attributes + 1), to_juliet("<" + std::string(limits.name_bytes + 1, 'n') + "/>")}) {
    Client& again = verona.mallory();  // takes the place of the one before
    again.sends(too_much);
    again.is_closed_with("policy-violation");
  }
  mallory.ignores_the_rest();
  verona.goes_on();
}

TEST(HostileXml, WhatNeverEndsIsEndedAtTheLimit) {  // X08, X09, X11
  Verona verona;
  const std::size_t limit = verona.scene.world().stanza_limits.stanza_bytes;
  std::string declarations = "<message";
  for (int i = 0; i < 10'000; ++i) declarations += " xmlns:n" + std::to_string(i) + "='urn:" + std::to_string(i) + "'";
  std::string deep;
  for (int i = 0; i < 80'000; ++i) deep += "<a>";
  const std::string more(4096, 'A');
  for (const auto& [begin, goes_on] : std::vector<std::pair<std::string, std::string>>{
           {"<message to='juliet@capulet.example'><body>", more}, {"<message a='", more}, {"<", more},
           {"<message ", std::string(4096, ' ')}, {declarations, ""}, {"<message>" + deep, ""}}) {
    Client& mallory = verona.mallory();
    mallory.sends(begin);
    std::size_t sent = begin.size();
    while (!mallory.is_closed() && !goes_on.empty() && sent < 2 * limit) {
      mallory.sends(goes_on);
      sent += goes_on.size();
    }
    EXPECT_LE(sent, limit + 2 * more.size() + begin.size());
    mallory.is_closed_with("policy-violation");
  }
  verona.goes_on();
}

TEST(HostileXml, WhiteSpaceIsKeepaliveAndCostsNothing) {  // X08
  Verona verona;
  Client& mallory = verona.mallory();
  std::size_t before = 0;
  verona.scene.home().for_each_session([&](const Session& session) { before += session.memory(); });
  for (int i = 0; i < 1000; ++i) mallory.sends(std::string(1000, i % 2 == 0 ? ' ' : '\n'));
  std::size_t after = 0;
  verona.scene.home().for_each_session([&](const Session& session) { after += session.memory(); });
  EXPECT_LE(after, before + 1024);
  mallory.receives_nothing();
  verona.goes_on();
}

TEST(HostileXml, WhatIsTextStaysText) {  // X07, X04
  Verona verona;
  Client& mallory = verona.mallory();
  for (const std::string_view text :
       {"</body></message><message from='boss@capulet.example'>", "]]>", "\"quotes' & <angles>", "&lt;already&gt;", "tab\tline\n"}) {
    std::string escaped;
    for (const char c : text) {
      escaped += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : c == '\'' ? "&apos;" : std::string(1, c);
    }
    mallory.sends(to_juliet("<subject>" + escaped + "</subject><body a='" + escaped + "'>" + escaped + "</body>"));
    const std::string got = verona.juliet.next();
    const auto document = xml::parse(got, xml::Scope{"jabber:client", {}});
    ASSERT_TRUE(document.has_value()) << got;
    EXPECT_EQ((*document)->root().child({"body", "jabber:client"})->text(), text);
    EXPECT_EQ((*document)->root().child({"subject", "jabber:client"})->text(), text);
    EXPECT_EQ(count(got, "<message"), 1U);
  }
  mallory.sends(to_juliet("<body><![CDATA[</body></message><presence from='juliet@capulet.example'/>]]></body>"));
  EXPECT_EQ(count(verona.juliet.receives("&lt;/body&gt;"), "<presence"), 0U);
  // Through the roster, its pushes and the stores behind them.
  static_cast<void>(mallory.asks("get", "", "<query xmlns='jabber:iq:roster'/>"));
  static_cast<void>(mallory.asks("set", "",
                                 "<query xmlns='jabber:iq:roster'><item jid='a@capulet.example' name='&lt;/item&gt;&apos;&quot;'>"
                                 "<group>&lt;/group&gt;]]&gt;</group></item></query>"));
  mallory.receives_among({"type='set'", "&lt;/item"});
  EXPECT_THAT(mallory.asks("get", "", "<query xmlns='jabber:iq:roster'/>"), HasSubstr("<group>&lt;/group&gt;]]"));
  verona.goes_on();
}

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
  for (const std::string_view forged : {"stanza-id", "forged", "delay", "carbons"}) {
    EXPECT_THAT(got, Not(HasSubstr(forged)));
  }
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

// ---- what others may learn: L01, L02, L04

TEST(HostileCurious, AStrangerLearnsNothingOfWhoIsThere) {
  Verona verona;
  verona.scene.has_account("paris@capulet.example");  // exists, is offline
  Client& mallory = verona.mallory();
  const auto answer_of = [&](std::string_view stanza, std::string who, std::string_view resource) {
    const std::string bare = who + "@capulet.example";
    const std::string to = bare + std::string(resource);
    std::string sent(stanza);
    sent.replace(sent.find("TO"), 2, to);
    mallory.sends(sent);
    std::string all;
    while (mallory.waiting() > 0) all += mallory.next();
    for (std::size_t at = all.find(bare); at != std::string::npos; at = all.find(bare)) all.replace(at, bare.size(), "WHO");
    return all;
  };
  for (const std::string_view stanza :
       {"<iq type='get' id='1' to='TO'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
        "<iq type='get' id='1' to='TO'><query xmlns='http://jabber.org/protocol/disco#info' node='n'/></iq>",
        "<iq type='get' id='1' to='TO'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
        "<iq type='get' id='1' to='TO'><query xmlns='jabber:iq:version'/></iq>",
        "<iq type='get' id='1' to='TO'><query xmlns='jabber:iq:last'/></iq>",
        "<iq type='get' id='1' to='TO'><ping xmlns='urn:xmpp:ping'/></iq>", "<iq type='get' id='1' to='TO'><vCard xmlns='vcard-temp'/></iq>",
        "<iq type='get' id='1' to='TO'><query xmlns='jabber:iq:roster'/></iq>",
        "<iq type='set' id='1' to='TO'><query xmlns='jabber:iq:private'><a xmlns='urn:a'/></query></iq>",
        "<iq type='set' id='1' to='TO'><vCard xmlns='vcard-temp'/></iq>", "<presence type='probe' to='TO'/>",
        "<message type='headline' to='TO'><no-copy xmlns='urn:xmpp:hints'/></message>", "<message type='groupchat' id='1' to='TO'/>"}) {
    const std::string online = answer_of(stanza, "juliet", "");
    EXPECT_EQ(answer_of(stanza, "paris", ""), online) << stanza;
    EXPECT_EQ(answer_of(stanza, "nobody", ""), online) << stanza;
    if (stanza.find("probe") == std::string_view::npos && stanza.find("headline") == std::string_view::npos) {
      const std::string present = answer_of(stanza, "juliet", "/balcony");
      EXPECT_EQ(answer_of(stanza, "juliet", "/elsewhere"), std::string(present).replace(present.find("/balcony"), 8, "/elsewhere"));
      EXPECT_EQ(answer_of(stanza, "nobody", "/balcony"), present) << stanza;
    }
  }
  verona.juliet.ignores_the_rest();  // the headlines to her address
  verona.goes_on();
}

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

TEST(HostileLoad, InventedNamesLeaveNothingBehind) {  // E06
  Verona verona;
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
  EXPECT_EQ(verona.scene.home().account_count(), before);
  // Addresses it sent presence to directly are remembered, up to a number.
  std::size_t refused = 0;
  for (int i = 0; i < 1100; ++i) {
    mallory.sends("<presence id='d' to='invented" + std::to_string(i) + "@capulet.example'/>");
    refused += mallory.waiting();
    mallory.ignores_the_rest();
  }
  EXPECT_EQ(refused, 100U);
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
