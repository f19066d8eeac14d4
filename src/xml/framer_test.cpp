// Framer: every cut of every input gives the same frames and the same error; limits at limit and limit + 1; peers that
// never stop. RFC 6120 sections 4.2 to 4.6 and 11; the hostile bytes are those of known attacks on XMPP servers.
#include "xml/framer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace aldis::xml {
namespace {

constexpr std::string_view header =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
    "to='a.example' version='1.0'>";

struct Outcome {
  std::vector<std::string> frames;  // kind, colon, bytes
  std::optional<XmlError> error;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

std::string described(const Framer::Frame& frame) {
  const char* kind = frame.kind == Framer::FrameKind::stream_open ? "open:"
                     : frame.kind == Framer::FrameKind::stanza    ? "stanza:"
                                                                   : "close:";
  return kind + std::string(frame.bytes);
}

// False after an error.
bool feed(Framer& framer, std::string_view input, Outcome& outcome) {
  for (;;) {
    auto frame = framer.next(input);
    if (!frame) {
      outcome.error = frame.error();
      EXPECT_EQ(framer.buffered(), 0U);
      std::string_view more = "<a/>";
      EXPECT_EQ(framer.next(more).error(), frame.error());
      return false;
    }
    if (!*frame) {
      EXPECT_TRUE(input.empty());
      return true;
    }
    outcome.frames.push_back(described(**frame));
  }
}

Outcome whole(std::string_view input, const Limits& limits = {}) {
  Framer framer(limits);
  Outcome outcome;
  feed(framer, input, outcome);
  return outcome;
}

// The outcome of `input`, after checking that no cut changes it.
Outcome cut_everywhere(std::string_view input, const Limits& limits = {}) {
  const Outcome expected = whole(input, limits);
  for (std::size_t cut = 0; cut <= input.size(); ++cut) {
    Framer framer(limits);
    Outcome outcome;
    if (feed(framer, input.substr(0, cut), outcome)) {
      feed(framer, input.substr(cut), outcome);
    }
    EXPECT_EQ(outcome.frames, expected.frames) << "cut at " << cut << " of " << input;
    EXPECT_EQ(outcome.error, expected.error) << "cut at " << cut << " of " << input;
  }
  for (std::size_t step = 1; step <= 3; ++step) {
    Framer framer(limits);
    Outcome outcome;
    for (std::size_t at = 0; at < input.size() && feed(framer, input.substr(at, step), outcome); at += step) {
    }
    EXPECT_EQ(outcome, expected) << step << " bytes at a time of " << input;
  }
  return expected;
}

std::string in_stream(std::string_view bytes) { return std::string(header).append(bytes); }

std::string times(std::size_t count, std::string_view text) {
  std::string out;
  out.reserve(count * text.size());
  for (std::size_t i = 0; i < count; ++i) {
    out += text;
  }
  return out;
}

TEST(Framer, IsSmall) { EXPECT_LE(sizeof(Framer), 64U); }

TEST(Framer, CutsAStreamIntoItsParts) {
  const std::string body = "<message to='b@a.example'><body>a &lt; b > c ' \" \xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80</body></message>";
  const Outcome outcome = cut_everywhere(in_stream(" \r\n\t" + body + "<presence/>\n<iq type=\"get\" id='1' >x</iq ></stream:stream>\n"));
  EXPECT_FALSE(outcome.error);
  EXPECT_EQ(outcome.frames, (std::vector<std::string>{"open:" + std::string(header), "stanza:" + body, "stanza:<presence/>",
                                                      "stanza:<iq type=\"get\" id='1' >x</iq >", "close:</stream:stream>"}));
}

TEST(Framer, FindsTheEndBehindMisleadingMarkup) {
  const std::vector<std::string> stanzas = {
      "<a b='/a>' c=\"/>'>\"/>",
      "<a><![CDATA[</a>]]>]]]]></a>",
      "<a><![CDATA[]]]]]><b c='>'/><![CDATA[]]></a>",
      "<a\n b\t=\r'c'\n></a\n>",
      "<a><a/><a></a><a><a></a></a></a>",
      "<a>></a>",
      "<a:b xmlns:a='x'><a:b/></a:b>",
      "<\xC3\xA4 \xC3\xB6='\xC3\xBC'/>",
      "<streams/>",
      "<a><stream:stream/></a>",
  };
  for (const std::string& stanza : stanzas) {
    const Outcome outcome = cut_everywhere(in_stream(stanza + "<next/>"));
    EXPECT_FALSE(outcome.error) << stanza;
    EXPECT_EQ(outcome.frames, (std::vector<std::string>{"open:" + std::string(header), "stanza:" + stanza, "stanza:<next/>"}));
  }
}

TEST(Framer, HeaderComesWithItsDeclarationOrWithout) {
  for (const std::string before : {"", "<?xml version='1.0'?>", "<?xml version=\"1.0\" encoding='utf-8' ?>\n ",
                                   "<?xml\tversion = '1.0'\nencoding = \"UTF-8\" standalone='yes'?>"}) {
    const std::string open = before + "<s:stream xmlns:s='http://etherx.jabber.org/streams'>";
    const Outcome outcome = cut_everywhere(open + "<a/></s:stream>");
    EXPECT_FALSE(outcome.error) << before;
    EXPECT_EQ(outcome.frames, (std::vector<std::string>{"open:" + open, "stanza:<a/>", "close:</s:stream>"}));
  }
  const Outcome spaces = cut_everywhere("\n\n <stream:stream>");
  EXPECT_EQ(spaces.frames, std::vector<std::string>{"open:<stream:stream>"});
}

TEST(Framer, RefusesAtTheFirstWrongByte) {
  struct Row {
    std::string bytes;
    XmlError error;
  };
  using enum XmlError;
  const std::vector<Row> rows = {
      // X01, X02: entities need a DTD
      {"<!DOCTYPE s [<!ENTITY a 'xxxxxxxxxx'>]><stream:stream to='&a;'>", restricted_xml},
      {"<?xml version='1.0'?><!DOCTYPE s SYSTEM 'file:///etc/passwd'>", restricted_xml},
      {in_stream("<!DOCTYPE s>"), restricted_xml},
      {in_stream("<a><!DOCTYPE s></a>"), restricted_xml},
      // X04
      {in_stream("<message><!--a--></message>"), restricted_xml},
      {in_stream("<!--a-->"), restricted_xml},
      {in_stream("<?p x?>"), restricted_xml},
      {in_stream("<a><?p x?></a>"), restricted_xml},
      {"<?p x?>", restricted_xml},
      {"<?xml-stylesheet x?>", restricted_xml},
      {in_stream("<![CDATA[x]]>"), restricted_xml},
      // X13
      {in_stream("<?xml version='1.0'?>"), restricted_xml},
      {" <?xml version='1.0'?>", restricted_xml},
      {"<?xml version='1.0'?><?xml version='1.0'?>", restricted_xml},
      {"<?xml version='1.0' encoding='UTF-16'?>", unsupported_encoding},
      {"<?xml version='1.0' encoding='utf8'?>", unsupported_encoding},
      {"<?xml version='1.0' encoding='ISO-8859-1' standalone='no'?>", unsupported_encoding},
      {"<?xml version='1.1'?>", not_well_formed},
      {"<?xml encoding='UTF-8'?>", not_well_formed},
      {"<?xml version='1.0'encoding='UTF-8'?>", not_well_formed},
      {"<?xml version='1.0' encoding='-'?>", not_well_formed},
      {"<?xml version='1.0' standalone='maybe'?>", not_well_formed},
      {"<?xml version='1.0' x='y'?>", not_well_formed},
      {"<?xml version='1.0\"?>", not_well_formed},
      {in_stream("<stream:stream xmlns:stream='http://etherx.jabber.org/streams'>"), not_well_formed},
      {in_stream("<stream:stream/>"), not_well_formed},
      {in_stream("</stream:stream><a/>"), not_well_formed},
      {in_stream("</stream:stream>x"), not_well_formed},
      {in_stream("</stream:stream>" + std::string(header)), not_well_formed},
      {in_stream("</stream:other>"), not_well_formed},
      {in_stream("</a>"), not_well_formed},
      {in_stream("</stream:streams>"), not_well_formed},
      // what is no stanza
      {in_stream("x"), not_well_formed},
      {in_stream("<a/>x"), not_well_formed},
      {in_stream("&#32;"), not_well_formed},
      {in_stream("\xC3\xA4"), not_well_formed},
      {"</stream:stream>", not_well_formed},
      {"<stream:stream/>", not_well_formed},
      {"\xEF\xBB\xBF<stream:stream>", not_well_formed},
      {"GET / HTTP/1.1", not_well_formed},
      {"\x16\x03\x01", bad_encoding},
      // tags
      {in_stream("< a>"), not_well_formed},
      {in_stream("<1>"), not_well_formed},
      {in_stream("<a<b/>"), not_well_formed},
      {in_stream("<a b>"), not_well_formed},
      {in_stream("<a b=c>"), not_well_formed},
      {in_stream("<a b='c'd='e'>"), not_well_formed},
      {in_stream("<a b='<'>"), not_well_formed},
      {in_stream("<a / >"), not_well_formed},
      {in_stream("<a/ >"), not_well_formed},
      {in_stream("<a='b'>"), not_well_formed},
      {in_stream("<a></ a>"), not_well_formed},
      {in_stream("<a></a/>"), not_well_formed},
      {in_stream("<a></a b>"), not_well_formed},
      {in_stream("<a></>"), not_well_formed},
      {in_stream("<>"), not_well_formed},
      {in_stream("<a><![cdata[]]></a>"), not_well_formed},
  };
  for (const Row& row : rows) {
    const Outcome outcome = cut_everywhere(row.bytes);
    EXPECT_EQ(outcome.error, row.error) << row.bytes;
  }
}

TEST(Framer, RefusesBytesThatAreNoCharacters) {  // X05
  using namespace std::string_literals;
  const std::vector<std::string> broken = {
      "\xC0\x80", "\xC1\xBF", "\xED\xA0\x80", "\xED\xBF\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xF0\x80\x80\x80",
      "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xF8\x88\x80\x80\x80", "\xFE", "\xFF", "\x80", "\xBF",
      "\xC3", "\xE2\x82", "\xF0\x9F\x98", "\xC3\xC3\xA4", "\0"s, "\x0B", "\x1F", "\x01", "\xEF\xBF\xBE", "\xEF\xBF\xBF",
  };
  for (const std::string& bytes : broken) {
    const std::string b = bytes + "<";  // also after the lone lead bytes
    for (const std::string& input : {"<a>" + b, "<a b='" + b, "<a b=\"" + b, "<a><![CDATA[" + b}) {
      const Outcome outcome = cut_everywhere(in_stream(input));
      EXPECT_EQ(outcome.error, XmlError::bad_encoding) << testing::PrintToString(input);
      EXPECT_EQ(outcome.frames.size(), 1U);
    }
    for (const std::string& input : {"<" + b, "<a" + b, "<a " + b, "<a b" + b, "</" + b, "<a></a" + b}) {
      EXPECT_EQ(cut_everywhere(in_stream(input)).error, XmlError::bad_encoding) << testing::PrintToString(input);
    }
  }
  for (const std::string good : {"\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBD",
                                 "\xF0\x90\x80\x80", "\xF0\x9F\xBF\xBE", "\xF4\x8F\xBF\xBF", "\t\r\n"}) {
    const Outcome outcome = cut_everywhere(in_stream("<a b='" + good + "'>" + good + "<![CDATA[" + good + "]]></a>"));
    EXPECT_FALSE(outcome.error) << testing::PrintToString(good);
    EXPECT_EQ(outcome.frames.size(), 2U);
  }
}

struct LimitRow {
  std::string at_limit;
  std::string beyond;
  Limits limits;
  XmlError error;
};

Limits with(std::size_t Limits::*member, std::size_t value) {
  Limits limits;
  limits.*member = value;
  return limits;
}

TEST(Framer, LimitsAreInclusive) {  // X08 to X11
  using enum XmlError;
  const std::string open = "<stream:stream>";
  const std::vector<LimitRow> rows = {
      {open + "<a>" + std::string(93, 'x') + "</a>", open + "<a>" + std::string(94, 'x') + "</a>",
       with(&Limits::stanza_bytes, 100), too_big},
      {open + "<a b='" + std::string(91, ' ') + "'/>", open + "<a b='" + std::string(92, ' ') + "'/>",
       with(&Limits::stanza_bytes, 100), too_big},
      {"<stream:stream" + std::string(85, ' ') + ">", "<stream:stream" + std::string(86, ' ') + ">",
       with(&Limits::stanza_bytes, 100), too_big},
      {"<?xml version='1.0'" + std::string(64, ' ') + "?>" + open, "<?xml version='1.0'" + std::string(65, ' ') + "?>" + open,
       with(&Limits::stanza_bytes, 100), too_big},
      {open + "<a><a><a/></a></a>", open + "<a><a><a><a/></a></a></a>", with(&Limits::depth, 3), too_deep},
      {open + "<a><b/><b/></a><a/>", open + "<a><b/><b/><b/></a>", with(&Limits::elements, 3), too_many},
      {open + "<a b='' c='' xmlns:d='e'/><a/>", open + "<a b='' c='' xmlns:d='e' f=''/>", with(&Limits::attributes, 3), too_many},
      {"<s a='' b='' c=''>", "<s a='' b='' c='' d=''>", with(&Limits::attributes, 3), too_many},
      {"<s><abcd efgh=''></abcd>", "<s><abcde/>", with(&Limits::name_bytes, 4), too_many},
      {"<s><abcd efgh=''></abcd>", "<s><a bcdef=''/>", with(&Limits::name_bytes, 4), too_many},
      {"<s><\xC3\xA4\xC3\xA4/>", "<s><\xC3\xA4" "a\xC3\xA4/>", with(&Limits::name_bytes, 4), too_many},
  };
  for (const LimitRow& row : rows) {
    EXPECT_EQ(cut_everywhere(row.at_limit, row.limits).error, std::nullopt) << row.at_limit;
    EXPECT_EQ(cut_everywhere(row.beyond, row.limits).error, row.error) << row.beyond;
  }
}

TEST(Framer, StanzaOfTenThousandBytesAlwaysPasses) {  // RFC 6120 section 13.12
  const std::string stanza = "<a>" + std::string(9993, 'x') + "</a>";
  EXPECT_EQ(whole(in_stream(stanza), with(&Limits::stanza_bytes, 10'000)).frames.size(), 2U);
}

// Feeds `piece` for ever; returns how many bytes were taken before the error and checks what is held meanwhile.
std::size_t taken_of_endless(std::string_view start, std::string_view piece, const Limits& limits, XmlError expected) {
  Framer framer(limits);
  Outcome outcome;
  EXPECT_TRUE(feed(framer, start, outcome));
  std::size_t taken = 0;
  while (taken < 100'000'000 && feed(framer, piece, outcome)) {
    taken += piece.size();
    EXPECT_LE(framer.buffered(), limits.stanza_bytes);
  }
  EXPECT_EQ(outcome.error, expected);
  return taken;
}

TEST(Framer, EndsPeersThatNeverStop) {  // X08
  const Limits limits;
  const std::string a(1000, 'A');
  const std::string spaces(1000, ' ');
  using enum XmlError;
  EXPECT_LE(taken_of_endless(in_stream("<m><body>"), a, limits, too_big), limits.stanza_bytes);
  EXPECT_LE(taken_of_endless(in_stream("<m to='"), a, limits, too_big), limits.stanza_bytes);
  EXPECT_LE(taken_of_endless(in_stream("<m "), spaces, limits, too_big), limits.stanza_bytes);
  EXPECT_LE(taken_of_endless("<stream:stream", spaces, limits, too_big), limits.stanza_bytes);
  EXPECT_LE(taken_of_endless("<?xml version='1.0'", spaces, limits, too_big), limits.stanza_bytes);
  EXPECT_LE(taken_of_endless("<?xml version='1.0'?>", spaces, limits, too_big), limits.stanza_bytes);
  EXPECT_LE(taken_of_endless(in_stream("<"), a, limits, too_many), 2 * limits.name_bytes);
  EXPECT_LE(taken_of_endless(in_stream("<m "), a, limits, too_many), 2 * limits.name_bytes);
  EXPECT_LE(taken_of_endless(in_stream("<m>"), times(100, "<x/>"), limits, too_many), 4 * (limits.elements + 100));
  EXPECT_LE(taken_of_endless(in_stream(""), "<a>", limits, too_deep), 3 * limits.depth);
  EXPECT_LE(taken_of_endless(in_stream("<m><![CDATA["), a, limits, too_big), limits.stanza_bytes);
}

TEST(Framer, CutsDoNotMakeItSlow) {  // X12: reading a growing token again at each byte would be 34 thousand million bytes
  const std::string value(262'000, 'x');
  for (const std::string& stanza : {"<a b='" + value + "'/>", "<a>" + value + "</a>", "<a><![CDATA[" + value + "]]></a>"}) {
    Framer framer;
    Outcome outcome;
    ASSERT_TRUE(feed(framer, header, outcome));
    const auto start = std::chrono::steady_clock::now();
    for (const char& byte : stanza) {
      ASSERT_TRUE(feed(framer, {&byte, 1}, outcome));
    }
    EXPECT_EQ(outcome.frames.size(), 2U);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(3));
  }
}

TEST(Framer, BeforeAuthenticationThirtyTwoElements) {  // X10
  const Limits limits = Limits::before_authentication();
  EXPECT_FALSE(whole("<s><a>" + times(31, "<x/>") + "</a>", limits).error);
  EXPECT_EQ(whole("<s><a>" + times(32, "<x/>") + "</a>", limits).error, XmlError::too_many);
  EXPECT_EQ(whole("<s><a>" + std::string(8192, 'x'), limits).error, XmlError::too_big);
}

TEST(Framer, WhiteSpaceCostsNoMemory) {  // RFC 6120 section 4.6.1
  Framer framer;
  Outcome outcome;
  feed(framer, in_stream("<a/>"), outcome);
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_TRUE(feed(framer, i % 2 == 0 ? " " : "\n\t\r ", outcome));
    ASSERT_EQ(framer.buffered(), 0U);
  }
  ASSERT_TRUE(feed(framer, "<b/>", outcome));
  EXPECT_EQ(outcome.frames.back(), "stanza:<b/>");
}

TEST(Framer, FrameInOnePieceIsNotCopied) {
  Framer framer;
  std::string_view input = header;
  ASSERT_TRUE(framer.next(input).has_value());
  const std::string stanza = "<a>hello</a><b";
  input = stanza;
  const auto frame = framer.next(input);
  ASSERT_TRUE(frame.has_value() && frame->has_value());
  EXPECT_EQ((*frame)->bytes.data(), stanza.data());
  EXPECT_EQ(framer.buffered(), 0U);
  EXPECT_FALSE(framer.next(input)->has_value());
  EXPECT_EQ(framer.buffered(), 2U);
}

TEST(Framer, HoldsNothingOnceTheFrameWasTaken) {
  Framer framer;
  Outcome outcome;
  feed(framer, in_stream("<a>"), outcome);
  EXPECT_EQ(framer.buffered(), 3U);
  feed(framer, "</a>", outcome);
  EXPECT_EQ(framer.buffered(), 0U);
  EXPECT_EQ(outcome.frames.back(), "stanza:<a></a>");
}

TEST(Framer, ResetForgetsEverything) {  // T01: what was sent before TLS counts for nothing
  Framer framer;
  Outcome outcome;
  feed(framer, in_stream("<a><b c='"), outcome);
  framer.reset();
  EXPECT_EQ(framer.buffered(), 0U);
  ASSERT_TRUE(feed(framer, in_stream("<d/>"), outcome));
  EXPECT_EQ(outcome.frames.back(), "stanza:<d/>");
  feed(framer, "\x01", outcome);
  framer.reset();
  EXPECT_TRUE(feed(framer, header, outcome));
}

TEST(Framer, LimitsMayChangeBetweenStanzas) {
  Framer framer(Limits::before_authentication());
  EXPECT_EQ(framer.limits().elements, 32U);
  Outcome outcome;
  feed(framer, header, outcome);
  framer.set_limits(Limits());
  EXPECT_EQ(framer.limits().elements, Limits().elements);
  EXPECT_TRUE(feed(framer, "<a>" + times(100, "<x/>") + "</a>", outcome));
  framer.reset();
  EXPECT_EQ(framer.limits().elements, Limits().elements);
}

TEST(Framer, MovesInTheMiddleOfAStanza) {
  Framer first;
  Outcome outcome;
  feed(first, in_stream("<a b='\xC3"), outcome);
  Framer second = std::move(first);
  ASSERT_TRUE(feed(second, "\xA4'/>", outcome));
  EXPECT_EQ(outcome.frames.back(), "stanza:<a b='\xC3\xA4'/>");
}

}  // namespace
}  // namespace aldis::xml
