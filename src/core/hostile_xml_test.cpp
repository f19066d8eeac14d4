// Hostile users: the XML of a bound stream, byte by byte, and what it must never do to others. Numbers such as
// X01 are rows of docs/security-tests.md. What the server emits is read again by a strict reader (tests/support/scene.h).
// Strangers are in lobby_test.cpp.
#include <gmock/gmock.h>

#include "tests/support/verona.h"

namespace aldis::test {
namespace {

using testing::HasSubstr;

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
      {"<enabled xmlns='urn:xmpp:sm:3'/>", "unsupported-stanza-type"},
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

}  // namespace
}  // namespace aldis::test
