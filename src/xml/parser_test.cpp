// parse() and parse_stream_header(): what is refused and why (XML 1.0, Namespaces in XML 1.0, RFC 6120 section 11), and
// what an Element tells. The hostile bytes are those of known attacks on XMPP servers.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "xml/characters.h"
#include "xml/element.h"
#include "xml/expat_oracle.h"

namespace aldis::xml {
namespace {

using oracle::stream_scope;

Result<std::unique_ptr<const Document>, XmlError> read(std::string bytes, const Limits& limits = {}) {
  static const Scope scope = stream_scope();
  return parse(std::move(bytes), scope, limits);
}

std::unique_ptr<const Document> good(const std::string& bytes) {
  auto document = read(bytes);
  EXPECT_TRUE(document.has_value()) << bytes;
  if (!document) {
    document = read("<refused/>");
  }
  return std::move(*document);
}

std::optional<XmlError> error_of(std::string bytes, const Limits& limits = {}) {
  const auto document = read(std::move(bytes), limits);
  return document ? std::nullopt : std::optional(document.error());
}

struct Row {
  std::string bytes;
  XmlError error;
};

void expect_refused(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    EXPECT_EQ(error_of(row.bytes), row.error) << testing::PrintToString(row.bytes);
  }
}

using enum XmlError;

TEST(Parse, RefusesWhatIsNotWellFormed) {
  expect_refused({
      {"", not_well_formed}, {"x", not_well_formed}, {"<", not_well_formed}, {"<a", not_well_formed}, {"<a ", not_well_formed},
      {"<a>", not_well_formed}, {"<a></b>", not_well_formed}, {"<a></ab>", not_well_formed}, {"<ab></a>", not_well_formed},
      {"<a></a", not_well_formed}, {"</a>", not_well_formed}, {"<a/", not_well_formed}, {"<a/ >", not_well_formed},
      {"<a><b></a></b>", not_well_formed}, {"<a/><b/>", not_well_formed}, {" <a/>", not_well_formed}, {"<a/> ", not_well_formed},
      {"<a></a></a>", not_well_formed}, {"< a/>", not_well_formed}, {"<1/>", not_well_formed}, {"<-a/>", not_well_formed},
      {"<a b/>", not_well_formed}, {"<a b=c/>", not_well_formed}, {"<a b='c/>", not_well_formed}, {"<a b='c'd='e'/>", not_well_formed},
      {"<a b='<'/>", not_well_formed}, {"<a b='&'/>", not_well_formed}, {"<a b='&lt'/>", not_well_formed},
      {"<a b='1' b='2'/>", bad_namespace}, {"<a>]]></a>", not_well_formed}, {"<a>&</a>", not_well_formed}, {"<a>& amp;</a>", not_well_formed},
      {"<a>&#;</a>", not_well_formed}, {"<a>&#x;</a>", not_well_formed}, {"<a>&#xG;</a>", not_well_formed}, {"<a>&#1a;</a>", not_well_formed},
      {"<a>&#X41;</a>", not_well_formed}, {"<a>&#-1;</a>", not_well_formed}, {"<a>&;</a>", not_well_formed}, {"<a>&amp</a>", not_well_formed},
      {"<a><![CDATA[</a>", not_well_formed}, {"<a><![CDATA[x]]</a>", not_well_formed}, {"<a><![cdata[x]]></a>", not_well_formed},
      {"<a><![CDATA [x]]></a>", not_well_formed}, {"<a b='c' ' />", not_well_formed}, {"<a b = 'c' = 'd'/>", not_well_formed},
      {"<a\xC3\x97/>", not_well_formed}, {"<\xC3\x97/>", not_well_formed}, {"<a \xC2\xB7='b'/>", not_well_formed},
      {"<\xF0\x9F\x98\x80/>", not_well_formed},
  });
}

TEST(Parse, RefusesWhatStreamsMayNotHold) {  // RFC 6120 section 11.1; X01 to X04
  expect_refused({
      {"<!DOCTYPE a><a/>", restricted_xml}, {"<a><!DOCTYPE a></a>", restricted_xml}, {"<a><!ENTITY x 'y'></a>", restricted_xml},
      {"<!--x--><a/>", restricted_xml}, {"<a><!--x--></a>", restricted_xml}, {"<?xml version='1.0'?><a/>", restricted_xml},
      {"<a><?x y?></a>", restricted_xml}, {"<?x y?><a/>", restricted_xml}, {"<a>&x;</a>", restricted_xml},
      {"<a b='&nbsp;'/>", restricted_xml}, {"<a>&LT;</a>", restricted_xml}, {"<a>&ampx;</a>", restricted_xml},
      {"<a><b/><!-- --></a>", restricted_xml},
  });
}

TEST(Parse, RefusesBytesThatAreNoCharacters) {  // X05
  using namespace std::string_literals;
  for (const std::string& b : {"\xC0\x80"s, "\xC1\xBF"s, "\xED\xA0\x80"s, "\xF4\x90\x80\x80"s, "\xF8\x88\x80\x80\x80"s, "\xFE"s,
                               "\xFF"s, "\x80"s, "\xC3"s, "\xE2\x82"s, "\xF0\x9F\x98"s, "\0"s, "\x0B"s, "\xEF\xBF\xBE"s, "\xEF\xBF\xBF"s}) {
    expect_refused({{"<a>" + b + "</a>", bad_encoding}, {"<a b='" + b + "'/>", bad_encoding}, {"<a b=\"" + b + "\"/>", bad_encoding},
                    {"<a" + b + "/>", bad_encoding}, {"<" + b + "/>", bad_encoding}, {"<a " + b + "='c'/>", bad_encoding},
                    {"<a xmlns='" + b + "'/>", bad_encoding}, {"<a><![CDATA[" + b + "]]></a>", bad_encoding},
                    {"<a/>" + b, bad_encoding}});
  }
  expect_refused({{"<a>&#0;</a>", not_well_formed}, {"<a>&#xD800;</a>", not_well_formed}, {"<a>&#xFFFF;</a>", not_well_formed},
                  {"<a>&#xFFFE;</a>", not_well_formed}, {"<a>&#x110000;</a>", not_well_formed}, {"<a>&#11;</a>", not_well_formed},
                  {"<a b='&#0;'/>", not_well_formed}, {"<a>&#4294967361;</a>", not_well_formed},
                  {"<a>&#x10000000000000041;</a>", not_well_formed}, {"<a>&#18446744073709551681;</a>", not_well_formed}});
}

TEST(Parse, RefusesWhatIsNotNamespaceWellFormed) {  // X06
  expect_refused({
      {"<p:a/>", bad_namespace}, {"<a p:b='c'/>", bad_namespace}, {"<a:b:c xmlns:a='d'/>", bad_namespace}, {"<:a/>", bad_namespace},
      {"<a:/>", not_well_formed}, {"<stream:1/>", not_well_formed}, {"<a :b='c'/>", bad_namespace}, {"<a b:='c'/>", not_well_formed},
      {"<a xmlns:='c'/>", not_well_formed}, {"<a xmlns:p=''/>", bad_namespace}, {"<a xmlns:xmlns='b'/>", bad_namespace},
      {"<xmlns:a/>", bad_namespace}, {"<a xmlns:xml='b'/>", bad_namespace}, {"<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>", bad_namespace},
      {"<a xmlns='http://www.w3.org/XML/1998/namespace'/>", bad_namespace}, {"<a xmlns='http://www.w3.org/2000/xmlns/'/>", bad_namespace},
      {"<a xmlns:p='http://www.w3.org/2000/xmlns/'/>", bad_namespace}, {"<a xmlns='b' xmlns='b'/>", bad_namespace},
      {"<a xmlns:p='b' xmlns:p='b'/>", bad_namespace}, {"<a xmlns:p='b' xmlns:q='b' p:c='' q:c=''/>", bad_namespace},
      {"<a xmlns:p='b&#46;' xmlns:q='b.' p:c='' q:c=''/>", bad_namespace}, {"<a stream:b='' stream:b=''/>", bad_namespace},
      {"<a><b xmlns:p='c'/><p:d/></a>", bad_namespace}, {"<a xml:lang='' xml:lang=''/>", bad_namespace},
      {"<a xmlns='jabber:client&#xA;x'/>", bad_namespace}, {"<a xmlns='jabber:client x'/>", bad_namespace},
      {"<a xmlns='jabber:client\nx'/>", bad_namespace}, {"<a xmlns='jabber:client|x'/>", bad_namespace},
      {"<a xmlns='jabber:client}x'/>", bad_namespace}, {"<a xmlns='jabber:client\xC3\xBF'/>", bad_namespace},
      {"<a xmlns:p='jabber:client&#9;'/>", bad_namespace},
  });
  EXPECT_EQ(good("<a xmlns='jabber:client:x'/>")->root().ns(), "jabber:client:x");
  EXPECT_FALSE(good("<message xmlns='jabber:client:x'/>")->root().is({"message", "jabber:client"}));
}

TEST(Parse, AcceptsWhatIsAllowed) {
  for (const std::string bytes :
       {"<a xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:lang='de'/>", "<a xmlns=''/>", "<a xmlns:p='q' p:b='' b=''/>",
        "<a xmlns='u' xmlns:p='u' p:b='' b=''/>", "<a>]] ></a>", "<a>]>]]&gt;</a>", "<a b='>'/>", "<a b=']]>'/>", "<a\t\r\n></a\n>",
        "<a ><b  /></a >", "<_/>", "<a.-_1/>", "<\xC3\xA4\xD6\x81/>", "<a>\x7F</a>", "<a>\xF0\x9F\xBF\xBE</a>", "<a>&#x9;&#xA;&#xD;</a>",
        "<a>&#x0000000000041;</a>", "<a>&#x10FFFF;&#xfffd;</a>", "<xml:a/>", "<a><p:b xmlns:p='c'><p:d/></p:b><q:b xmlns:q='c'/></a>",
        "<xmla/>", "<a xmlnsb='c'/>", "<a xmlns:xmlb='c' xmlb:d=''/>", "<a xmlns:p='b'><c xmlns:p='d' p:e=''/></a>"}) {
    EXPECT_EQ(error_of(bytes), std::nullopt) << bytes;
    EXPECT_EQ(oracle::disagreement(bytes), "") << bytes;
  }
}

TEST(Parse, NameCharactersAreThoseOfExpat) {
  for (std::uint32_t code = 0x80; code <= 0x10FFFF; code += code < 0x11000 ? 1 : 0xFFF) {
    if (!is_xml_char(code)) {
      continue;
    }
    std::string character;
    append_utf8(character, code);
    ASSERT_EQ(is_name_start(code), oracle::read_with_expat("<" + character + "/>").has_value()) << code;
    ASSERT_EQ(is_name_char(code), oracle::read_with_expat("<a" + character + "/>").has_value()) << code;
  }
}

TEST(Parse, LimitsAreInclusive) {  // X08 to X11
  Limits limits;
  limits.stanza_bytes = 40;
  limits.depth = 3;
  limits.elements = 4;
  limits.attributes = 3;
  limits.name_bytes = 5;
  EXPECT_EQ(error_of("<a>" + std::string(33, 'x') + "</a>", limits), std::nullopt);
  EXPECT_EQ(error_of("<a>" + std::string(34, 'x') + "</a>", limits), too_big);
  EXPECT_EQ(error_of("<a><a><a/></a></a>", limits), std::nullopt);
  EXPECT_EQ(error_of("<a><a><a><a/></a></a></a>", limits), too_deep);
  EXPECT_EQ(error_of("<a><a/><a/><a/></a>", limits), std::nullopt);
  EXPECT_EQ(error_of("<a><a/><a/><a/><a/></a>", limits), too_many);
  EXPECT_EQ(error_of("<a b='' c='' xmlns='d'/>", limits), std::nullopt);
  EXPECT_EQ(error_of("<a b='' c='' d='' xmlns='d'/>", limits), too_many);
  EXPECT_EQ(error_of("<abcde/>", limits), std::nullopt);
  EXPECT_EQ(error_of("<abcdef/>", limits), too_many);
  EXPECT_EQ(error_of("<a abcdef=''/>", limits), too_many);
  EXPECT_EQ(error_of("<ab:cd xmlns='' />", limits), bad_namespace);
  EXPECT_EQ(error_of("<abc:def/>", limits), too_many);
}

TEST(Parse, DeclarationsInForceAreBounded) {  // X11
  std::string bytes;
  for (int depth = 0; depth < 5; ++depth) {
    bytes += "<a";
    for (int i = 0; i < 64; ++i) {
      bytes += " xmlns:n" + std::to_string(depth * 64 + i) + "='u'";
    }
    bytes += ">";
  }
  EXPECT_EQ(error_of(bytes), too_many);
  std::string apart = "<a>";
  for (int i = 0; i < 500; ++i) {
    apart += "<b xmlns:n" + std::to_string(i) + "='u'/>";
  }
  EXPECT_EQ(error_of(apart + "</a>"), std::nullopt);
}

TEST(Parse, DeepestAllowedTreeIsReadWithoutRecursion) {  // X09
  Limits limits;
  limits.depth = 80'000;
  limits.elements = 80'000;
  limits.stanza_bytes = 1'000'000;
  std::string bytes;
  for (int i = 0; i < 80'000; ++i) {
    bytes += "<a>";
  }
  for (int i = 0; i < 80'000; ++i) {
    bytes += "</a>";
  }
  const auto document = read(bytes, limits);
  ASSERT_TRUE(document.has_value());
  EXPECT_EQ((*document)->root().child_count(), 1U);
}

TEST(Parse, ManySmallNodesCostLittleMemory) {  // X10
  std::string bytes = "<a>";
  for (int i = 0; i < 9'999; ++i) {
    bytes += "<x y=''/>";
  }
  bytes += "</a>";
  const auto document = good(bytes);
  EXPECT_LT(document->memory(), 10 * bytes.size());
}

TEST(Element, TellsNamesAttributesAndText) {
  const auto document = good("<message to='a&amp;b' xml:lang='en' xmlns:p='urn:p' p:x='1' x='2'> <body>hi &lt;you&gt;</body>"
                             "t1<p:y/>t2<x xmlns='urn:x'><z/></x><x xmlns=''/></message>");
  const Element root = document->root();
  EXPECT_TRUE(root.is({"message", "jabber:client"}));
  EXPECT_EQ(root.attribute("to"), "a&b");
  EXPECT_EQ(root.attribute("x"), "2");
  EXPECT_EQ(root.attribute("x", "urn:p"), "1");
  EXPECT_EQ(root.attribute("x", "urn:q"), std::nullopt);
  EXPECT_EQ(root.attribute("lang"), std::nullopt);
  EXPECT_EQ(root.lang(), "en");
  ASSERT_EQ(root.attribute_count(), 4U);
  EXPECT_EQ(root.attribute_at(2).name, (XmlName{"x", "urn:p"}));
  EXPECT_EQ(root.text(), " t1t2");
  EXPECT_TRUE(root.has_text());
  EXPECT_EQ(root.child_count(), 4U);
  EXPECT_EQ(root.first_child()->local(), "body");
  EXPECT_EQ(root.child({"body", "jabber:client"})->text(), "hi <you>");
  EXPECT_EQ(root.child({"y", "urn:p"})->ns(), "urn:p");
  EXPECT_EQ(root.child({"y", "jabber:client"}), std::nullopt);
  EXPECT_EQ(root.child({"x", "urn:x"})->first_child()->ns(), "urn:x");
  EXPECT_EQ(root.child({"x", ""})->ns(), "");
  std::vector<std::string> locals;
  for (const Element child : root.children()) {
    locals.emplace_back(child.local());
  }
  EXPECT_EQ(locals, (std::vector<std::string>{"body", "y", "x", "x"}));
}

TEST(Element, TellsItsBytes) {
  const auto document = good("<a b='c'><d >x<e/>y</d\n><f/></a>");
  const Element root = document->root();
  EXPECT_EQ(root.outer_bytes(), document->bytes());
  EXPECT_EQ(root.inner_bytes(), "<d >x<e/>y</d\n><f/>");
  EXPECT_EQ(root.first_child()->outer_bytes(), "<d >x<e/>y</d\n>");
  EXPECT_EQ(root.first_child()->inner_bytes(), "x<e/>y");
  EXPECT_EQ(root.first_child()->first_child()->outer_bytes(), "<e/>");
  EXPECT_EQ(root.first_child()->first_child()->inner_bytes(), "");
}

TEST(Element, DecodesReferencesCdataAndLineEnds) {  // XML 1.0 sections 2.7, 2.11, 3.3.3
  EXPECT_EQ(good("<a>&#65;&#x42;&amp;&apos;&quot;&#228;&#x20AC;&#x1F600;</a>")->root().text(), "AB&'\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80");
  EXPECT_EQ(good("<a>1\r\n2\r3\n4&#13;\n5\r\r\n6\r</a>")->root().text(), "1\n2\n3\n4\r\n5\n\n6\n");
  EXPECT_EQ(good("<a b='1\r\n2\r3\n4\t5&#13;&#10;&#9; 6'/>")->root().attribute("b"), "1 2 3 4 5\r\n\t 6");
  EXPECT_EQ(good("<body><![CDATA[</body></message>&amp;\r\n]]]]><![CDATA[>]]></body>")->root().text(), "</body></message>&amp;\n]]>");
  EXPECT_EQ(good("<a>x<![CDATA[]]>y</a>")->root().text(), "xy");
}

TEST(Element, WhiteSpaceIsNoText) {
  EXPECT_FALSE(good("<a/>")->root().has_text());
  EXPECT_FALSE(good("<a> \r\n\t<b>x</b> &#32;&#10;<![CDATA[ ]]></a>")->root().has_text());
  for (const std::string text : {"x", " x", "<b/>x", "&#65;", "&lt;", "\xC3\xA4", "]", "<![CDATA[x]]>", "<![CDATA[]]]>", "<![CDATA[\xC3\xA4]]>"}) {
    EXPECT_TRUE(good("<a>" + text + "</a>")->root().has_text()) << text;
  }
}

TEST(Document, KnowsWhetherItsBytesStandAlone) {
  for (const std::string bytes : {"<a b='c'>&amp;<d xmlns='e'/></a>", "<a xmlns:p='q'><p:b/></a>", "<a xml:lang='en'/>", "<a b='\t'>\n</a>"}) {
    EXPECT_TRUE(good(bytes)->is_self_contained()) << bytes;
  }
  for (const std::string bytes : {"<stream:a/>", "<a><b stream:c=''/></a>", "<a><![CDATA[x]]></a>", "<a>\r\n</a>", "<a b='\r'/>", "<a\r/>"}) {
    EXPECT_FALSE(good(bytes)->is_self_contained()) << bytes;
  }
}

TEST(Document, PrefixesFromOutsideAreInternedOnce) {
  std::string bytes = "<a>";
  for (int i = 0; i < 5'000; ++i) {
    bytes += "<stream:b out:c=''/>";
  }
  const auto document = good(bytes + "</a>");
  EXPECT_EQ(document->root().first_child()->ns(), "http://etherx.jabber.org/streams");
  EXPECT_EQ(document->root().first_child()->attribute("c", "urn:out"), "");
  EXPECT_LT(document->memory(), 6 * bytes.size());
}

TEST(Document, OutlivesTheScopeItWasParsedIn) {
  std::unique_ptr<const Document> document;
  {
    const Scope scope{.default_ns = std::string(100, 'n'), .prefixes = {{"p", std::string(100, 'q')}}};
    document = std::move(*parse("<a><p:b/></a>", scope));
  }
  EXPECT_EQ(document->root().ns(), std::string(100, 'n'));
  EXPECT_EQ(document->root().first_child()->ns(), std::string(100, 'q'));
}

TEST(StreamHeader, IsReadWithItsScope) {
  const auto document = parse_stream_header("<?xml version='1.0'?>\n<stream:stream xmlns='jabber:client' to='a.example' version=\"1.0\" "
                                            "xml:lang='de' xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback'>");
  ASSERT_TRUE(document.has_value());
  const Element root = (*document)->root();
  EXPECT_TRUE(root.is({"stream", "http://etherx.jabber.org/streams"}));
  EXPECT_EQ(root.attribute("to"), "a.example");
  EXPECT_EQ(root.lang(), "de");
  EXPECT_EQ(root.child_count(), 0U);
  EXPECT_EQ(root.inner_bytes(), "");
  EXPECT_FALSE((*document)->is_self_contained());
  const Scope scope = (*document)->root_scope();
  EXPECT_EQ(scope.default_ns, "jabber:client");
  EXPECT_EQ(scope.prefixes, (std::vector<std::pair<std::string, std::string>>{{"stream", "http://etherx.jabber.org/streams"},
                                                                              {"db", "jabber:server:dialback"}}));
  EXPECT_EQ((*parse("<db:result/>", scope))->root().ns(), "jabber:server:dialback");
  EXPECT_EQ((*parse("<iq/>", scope))->root().ns(), "jabber:client");
}

TEST(StreamHeader, IsRefused) {
  const auto header_error = [](std::string_view bytes) {
    const auto document = parse_stream_header(bytes);
    return document ? std::nullopt : std::optional(document.error());
  };
  const std::string streams = " xmlns:stream='http://etherx.jabber.org/streams'";
  EXPECT_EQ(header_error("<stream:stream" + streams + ">"), std::nullopt);
  EXPECT_EQ(header_error("<stream:stream>"), bad_namespace);
  EXPECT_EQ(header_error("<stream:stream" + streams + "/>"), not_well_formed);
  EXPECT_EQ(header_error("<stream:stream" + streams + "> "), not_well_formed);
  EXPECT_EQ(header_error("<stream:stream" + streams + "></stream:stream>"), not_well_formed);
  EXPECT_EQ(header_error(" <stream:stream" + streams + ">"), not_well_formed);
  EXPECT_EQ(header_error("<s:stream xmlns:s='http://etherx.jabber.org/streams'>"), bad_namespace_prefix);
  EXPECT_EQ(header_error("<stream xmlns='http://etherx.jabber.org/streams'>"), bad_namespace_prefix);
  EXPECT_EQ(header_error("<?xml version='1.0' encoding='UTF-16'?><stream:stream" + streams + ">"), unsupported_encoding);
  EXPECT_EQ(header_error("<!DOCTYPE s><stream:stream" + streams + ">"), restricted_xml);
  EXPECT_EQ(header_error("<?xml version='1.0'?><?xml version='1.0'?><stream:stream" + streams + ">"), restricted_xml);
  EXPECT_EQ(header_error("<?xml version='1.0'"), not_well_formed);
  EXPECT_EQ(header_error(""), not_well_formed);
}

}  // namespace
}  // namespace aldis::xml
