// Our reader beside expat's: what expat refuses we refuse, and where both accept the trees are equal. Over a fixed list and
// over many thousand mutations of it, the same ones each run.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "xml/expat_oracle.h"
#include "xml/framer.h"
#include "xml/writer.h"

namespace aldis::xml {
namespace {

using namespace std::string_literals;

const std::vector<std::string>& seeds() {
  static const std::vector<std::string> list = {
      "<message to='juliet@capulet.example' type=\"chat\" id='1'><body>Art thou not Romeo?</body></message>",
      "<iq type='get' id='x'><query xmlns='jabber:iq:roster' ver=''/></iq>",
      "<presence xml:lang='en'><show>dnd</show><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' ver='q='/></presence>",
      "<a xmlns:p='urn:p' p:b='c' b='c'><p:d/><e xmlns='f'><g xmlns=''/></e></a>",
      "<a>&lt;&gt;&amp;&apos;&quot;&#65;&#x42;&#xD;&#10;</a>",
      "<a b='&lt;&gt;&amp;&apos;&quot;&#65;&#x42;&#xD;&#10; \t\r\n'/>",
      "<a><![CDATA[x]]>y<![CDATA[]]]]><![CDATA[>&amp;</a>]]></a>",
      "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
      "<a out:b='c'><out:d/></a>",
      "<a>1\r\n2\r3\n4\t5</a >",
      "<\xC3\xA4 \xCE\xB1='\xE2\x82\xAC'>\xF0\x9F\x98\x80 \xEF\xBF\xBD</\xC3\xA4>",
      "<a xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:lang='x'/>",
      "<a><b><c><d><e/></d></c></b></a>",
      "<a  b = 'c'\n d\t=\r\"e\"  ><f /></a\n>",
      "<a>]]&gt;]] >]]]</a>",
      "<x:a xmlns:x='u' xmlns:y='u' x:b='' y:c=''/>",
      "<a>x</a><!-- --><?p i?>",
      "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
  };
  return list;
}

const std::vector<std::string>& fragments() {
  static const std::vector<std::string> list = {
      "<", ">", "/", "/>", "</", "</a>", "<a>", "<a/>", "'", "\"", "=", "&", ";", "&lt;", "&#x", "&#0;", "&#xD800;", "&#x10FFFF;",
      "]]>", "<![CDATA[", "<!--", "-->", "<?", "?>", "<!DOCTYPE a>", " ", "\t", "\n", "\r", "\r\n", ":", "xmlns", "xmlns:p='u'",
      " xmlns=''", " xmlns='u'", " xmlns:p=''", "xml:", "p:", "stream:", "out:", " b='c'", " xml:lang='x'", "\0"s, "\x0B", "\x7F",
      "\x80", "\xBF", "\xC0\x80", "\xC3", "\xC3\xA4", "\xE2\x82\xAC", "\xED\xA0\x80", "\xEF\xBF\xBE", "\xEF\xBF\xBF", "\xEF\xBB\xBF",
      "\xF0\x9F\x98\x80", "\xF4\x90\x80\x80", "\xFE", "\xFF", "a", "1", "-", ".", "_", "\xC2\xB7", "\xC3\x97", "http://www.w3.org/2000/xmlns/",
      "http://www.w3.org/XML/1998/namespace",
  };
  return list;
}

std::string mutated(std::mt19937& random) {
  const auto below = [&random](std::size_t count) { return count == 0 ? 0 : random() % count; };
  std::string bytes = seeds()[below(seeds().size())];
  for (std::size_t i = 0, count = 1 + below(3); i < count; ++i) {
    const std::size_t at = below(bytes.size() + 1);
    const std::size_t length = below(std::min<std::size_t>(bytes.size() - at, 8) + 1);
    switch (below(5)) {
      case 0: bytes.erase(at, length); break;
      case 1: bytes.insert(at, fragments()[below(fragments().size())]); break;
      case 2: bytes.replace(at, length, fragments()[below(fragments().size())]); break;
      case 3: bytes.insert(at, bytes.substr(below(bytes.size()), below(40))); break;
      default:
        if (at < bytes.size()) {
          bytes[at] = static_cast<char>(random());
        }
    }
  }
  return bytes;
}

TEST(Expat, AgreesOnTheSeeds) {
  for (const std::string& bytes : seeds()) {
    EXPECT_EQ(oracle::disagreement(bytes), "") << bytes;
  }
}

TEST(Expat, AgreesOnMutations) {
  std::mt19937 random(20260101);  // NOLINT: the same ones each run
  std::size_t accepted = 0;
  for (int i = 0; i < 120'000; ++i) {
    const std::string bytes = mutated(random);
    ASSERT_EQ(oracle::disagreement(bytes), "") << testing::PrintToString(bytes);
    accepted += parse(bytes, oracle::stream_scope()).has_value() ? 1 : 0;
  }
  EXPECT_GT(accepted, 8'000U);  // the comparison of trees is not empty
}

TEST(Expat, WhatWeRefuseAndExpatAcceptsIsKnown) {
  // Of the mutations, only these reasons may make us stricter: markup that streams may not hold, something around the
  // element, or a namespace name that no URI can be.
  std::mt19937 random(42);  // NOLINT: the same ones each run
  for (int i = 0; i < 30'000; ++i) {
    const std::string bytes = mutated(random);
    const auto document = parse(bytes, oracle::stream_scope());
    if (document || !oracle::read_with_expat(bytes)) {
      continue;
    }
    const bool is_restricted = document.error() == XmlError::restricted_xml;
    const bool is_namespace = document.error() == XmlError::bad_namespace && bytes.find("xmlns") != std::string::npos;
    // What follows the first element, or comes before it, is content of the stream for expat.
    const bool is_more_than_one = [&] {
      Framer framer;
      std::string_view input = oracle::stream_start;
      (void)framer.next(input);
      input = bytes;
      const auto frame = framer.next(input);
      return !frame || !*frame || (*frame)->bytes.size() != bytes.size();
    }();
    EXPECT_TRUE(is_restricted || is_namespace || is_more_than_one)
        << testing::PrintToString(bytes) << " " << to_string(document.error());
  }
}

TEST(Expat, ReadsWhatTheWriterMakesOfMutations) {
  std::mt19937 random(7);  // NOLINT: the same ones each run
  for (int i = 0; i < 20'000; ++i) {
    const std::string bytes = mutated(random);
    const auto document = parse(bytes, oracle::stream_scope());
    if (!document) {
      continue;
    }
    std::string written;
    Writer(written).element((*document)->root());
    const auto by_expat = oracle::read_with_expat(written);
    ASSERT_TRUE(by_expat.has_value()) << bytes << " " << written;
    ASSERT_EQ(*by_expat, oracle::describe((*document)->root())) << bytes << " " << written;
  }
}

}  // namespace
}  // namespace aldis::xml
