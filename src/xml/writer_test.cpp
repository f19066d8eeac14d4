// Writer: what is written is read back as the same, by us and by expat; hostile text stays text (security X07).
#include "xml/writer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "xml/expat_oracle.h"

namespace aldis::xml {
namespace {

TEST(Writer, WritesCanonically) {
  std::string out = "before ";
  Writer w(out);
  w.start("iq").attribute("type", "result").attribute("xml:lang", "en");
  w.start("query", "jabber:iq:roster");
  w.start("item").attribute("jid", "a@b").element("group", "Friends & <foes>").end();
  EXPECT_EQ(w.depth(), 2U);
  w.element("x", "", "jabber:client").element("y", "z", "jabber:iq:roster");
  w.end().text("t").raw("<z/>").end();
  EXPECT_EQ(w.depth(), 0U);
  EXPECT_EQ(out,
            "before <iq type='result' xml:lang='en'><query xmlns='jabber:iq:roster'><item jid='a@b'><group>Friends &amp; "
            "&lt;foes&gt;</group></item><x xmlns='jabber:client'/><y>z</y></query>t<z/></iq>");
}

TEST(Writer, DeclaresANamespaceOnlyWhereItChanges) {
  std::string out;
  Writer w(out, "jabber:server");
  w.start("a", "jabber:server").start("b", "u&v").start("c", "u&v").end().start("d").end().end().start("e", "u&v").end().end();
  EXPECT_EQ(out, "<a><b xmlns='u&amp;v'><c/><d/></b><e xmlns='u&amp;v'/></a>");
}

TEST(Writer, EmptyTextAndRawLeaveAnElementEmpty) {
  std::string out;
  Writer(out).start("a").text("").raw("").end();
  EXPECT_EQ(out, "<a/>");
}

TEST(Writer, KeepsPlacesOfDeepTreesInGrowingOutput) {
  std::string out;
  Writer w(out);
  for (int i = 0; i < 100; ++i) {
    w.start("n" + std::to_string(i), i % 3 == 0 ? "urn:" + std::to_string(i) : std::string());
  }
  for (int i = 0; i < 100; ++i) {
    w.end();
  }
  Limits limits;
  limits.depth = 100;
  const auto document = parse(out, {.default_ns = "jabber:client"}, limits);
  ASSERT_TRUE(document.has_value());
  EXPECT_TRUE(out.ends_with("</n1></n0>"));
}

TEST(Writer, HostileTextStaysText) {  // X07
  const std::vector<std::string> hostile = {
      "</body></message><message from='boss@d'>", "]]>", "'\"", "&lt;", "&", "\t\n\r", "\r\n", " ", "<![CDATA[x]]>", "<!--", "&#10;",
      "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", "a\x7F", "' onload='x", "\" onload=\"x", "xmlns='evil'", "&amp;amp;",
  };
  for (const std::string& text : hostile) {
    std::string out;
    Writer w(out);
    w.start("message").attribute("to", text).element("body", text).start("x", "urn:x").attribute("a", text).text(text).end().end();
    const auto document = parse(out, oracle::stream_scope());
    ASSERT_TRUE(document.has_value()) << out;
    const Element root = (*document)->root();
    EXPECT_EQ(root.attribute("to"), text);
    EXPECT_EQ(root.child_count(), 2U);
    EXPECT_EQ(root.child({"body", "jabber:client"})->text(), text);
    EXPECT_EQ(root.child({"x", "urn:x"})->attribute("a"), text);
    EXPECT_EQ(root.child({"x", "urn:x"})->text(), text);
    EXPECT_TRUE((*document)->is_self_contained());
    EXPECT_EQ(oracle::disagreement(out), "");
  }
}

TEST(Writer, EscapesWhatCannotStand) {
  std::string text;
  append_escaped_text(text, "a<b>c&d'e\"f\tg\nh\ri");
  EXPECT_EQ(text, "a&lt;b&gt;c&amp;d'e\"f\tg\nh&#13;i");
  std::string value;
  append_escaped_attribute(value, "a<b>c&d'e\"f\tg\nh\ri");
  EXPECT_EQ(value, "a&lt;b&gt;c&amp;d&apos;e&quot;f&#9;g&#10;h&#13;i");
}

TEST(WriterDeathTest, ForbiddenCharactersAreOurBug) {
  std::string out;
  EXPECT_DEATH(append_escaped_text(out, std::string_view("\0", 1)), "");
  EXPECT_DEATH(append_escaped_text(out, "\x0B"), "");
  EXPECT_DEATH(append_escaped_attribute(out, "\xC3"), "");
  EXPECT_DEATH(append_escaped_attribute(out, "\xED\xA0\x80"), "");
  EXPECT_DEATH(Writer(out).end(), "");
  EXPECT_DEATH(Writer(out).start("a").text("b").attribute("c", "d"), "");
}

TEST(Writer, ElementIsWrittenWithTheDeclarationsItNeeds) {
  struct Row {
    std::string bytes;
    std::string written;
  };
  const std::vector<Row> rows = {
      {"<a/>", "<a/>"},
      {"<a></a>", "<a/>"},
      {"<a>x<b/>y<b>z</b> </a>", "<a>x<b/>y<b>z</b> </a>"},
      {"<stream:a><b/></stream:a>", "<a xmlns='http://etherx.jabber.org/streams'><b xmlns='jabber:client'/></a>"},
      {"<a out:b='c' xml:lang='d' e='f'/>", "<a xmlns:ns1='urn:out' ns1:b='c' xml:lang='d' e='f'/>"},
      {"<a xmlns:p='u' xmlns:q='v' p:b='1' q:b='2'><p:c q:d=''/></a>",
       "<a xmlns:ns1='u' ns1:b='1' xmlns:ns2='v' ns2:b='2'><c xmlns='u' xmlns:ns1='v' ns1:d=''/></a>"},
      {"<a><![CDATA[</a>&]]></a>", "<a>&lt;/a&gt;&amp;</a>"},
      {"<a b='1\r\n2'>3\r\n4&#13;5</a>", "<a b='1 2'>3\n4&#13;5</a>"},
      {"<a><b xmlns=''><c/></b><d/></a>", "<a><b xmlns=''><c/></b><d/></a>"},
      {"<a xmlns:unused='u'/>", "<a/>"},
      {"<xml:a><b/></xml:a>", "<xml:a><b/></xml:a>"},
      {"<a xmlns='u&amp;v'><b/></a>", "<a xmlns='u&amp;v'><b/></a>"},
      {"<a b=\"'\"/>", "<a b='&apos;'/>"},
  };
  for (const Row& row : rows) {
    const auto document = parse(row.bytes, oracle::stream_scope());
    ASSERT_TRUE(document.has_value()) << row.bytes;
    std::string out;
    Writer(out).element((*document)->root());
    EXPECT_EQ(out, row.written);
    const auto again = parse(out, {.default_ns = "jabber:client"});
    ASSERT_TRUE(again.has_value()) << out;
    EXPECT_EQ(oracle::describe((*again)->root()), oracle::describe((*document)->root())) << out;
    EXPECT_TRUE((*again)->is_self_contained());
  }
}

TEST(Writer, ElementInsideAnotherNamespace) {
  const auto document = parse("<message><body>x</body></message>", {.default_ns = "jabber:server"});
  std::string out;
  Writer w(out);
  w.start("forwarded", "urn:xmpp:forward:0").element((*document)->root()).element(*(*document)->root().first_child()).end();
  EXPECT_EQ(out, "<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:server'><body>x</body></message>"
                 "<body xmlns='jabber:server'>x</body></forwarded>");
}

TEST(Writer, DeepTreesAreWrittenWithoutRecursion) {  // X09
  Limits limits;
  limits.depth = 80'000;
  limits.elements = 80'000;
  limits.stanza_bytes = 1'000'000;
  std::string bytes;
  for (int i = 0; i < 80'000; ++i) {
    bytes += "<a>";
  }
  for (int i = 0; i < 79'999; ++i) {
    bytes.append("</a>");
  }
  bytes += "</a>";
  bytes.replace(bytes.find("<a></a>"), 7, "<a/>");
  const auto document = parse(bytes, {.default_ns = "jabber:client"}, limits);
  ASSERT_TRUE(document.has_value());
  std::string out;
  Writer(out).element((*document)->root());
  EXPECT_EQ(out, bytes);
}

}  // namespace
}  // namespace aldis::xml
