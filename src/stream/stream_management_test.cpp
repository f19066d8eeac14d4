// The elements and counters of XEP-0198 as tables, around 2^32 among others.
#include "stream/stream_management.h"

#include <gtest/gtest.h>

#include "stream/handled_count.h"

namespace aldis::stream {
namespace {

std::optional<ManagementElement> read(std::string xml) {
  const auto document = xml::parse(std::move(xml), xml::Scope{"jabber:client", {{"stream", "http://etherx.jabber.org/streams"}}});
  EXPECT_TRUE(document.has_value());
  return read_management((*document)->root());
}

template <class T>
bool is(std::string xml) {
  const auto element = read(std::move(xml));
  return element && std::holds_alternative<T>(*element);
}

TEST(StreamManagementElement, IsReadByItsNamespace) {
  EXPECT_TRUE(is<AckRequest>("<r xmlns='urn:xmpp:sm:3'/>"));
  EXPECT_TRUE(is<AckRequest>("<sm:r xmlns:sm='urn:xmpp:sm:3'/>"));
  EXPECT_FALSE(read("<r xmlns='urn:xmpp:sm:2'/>"));
  EXPECT_FALSE(read("<enabled xmlns='urn:xmpp:sm:3'/>"));  // the server's own word
  EXPECT_FALSE(read("<resumed xmlns='urn:xmpp:sm:3' previd='x' h='1'/>"));
  EXPECT_FALSE(read("<message><body/></message>"));
}

TEST(StreamManagementElement, EnableHasXmlSchemasBooleans) {  // section 3
  struct Case {
    const char* attributes;
    bool is_good;
    bool resume;
    std::optional<std::uint32_t> max;
  };
  const Case cases[] = {{"", true, false, {}},           {"resume='true'", true, true, {}},
                        {"resume='1'", true, true, {}},  {"resume='false'", true, false, {}},
                        {"resume='0'", true, false, {}}, {"resume='true' max='60'", true, true, 60},
                        {"max='0'", true, false, 0},     {"resume='yes'", false, false, {}},
                        {"resume=''", false, false, {}}, {"max='-1'", false, false, {}},
                        {"max='x'", false, false, {}},   {"max='4294967296'", false, false, {}}};
  for (const Case& c : cases) {
    const auto element = read(std::string("<enable xmlns='urn:xmpp:sm:3' ") + c.attributes + "/>");
    ASSERT_TRUE(element) << c.attributes;
    const auto* enable = std::get_if<EnableRequest>(&*element);
    ASSERT_EQ(enable != nullptr, c.is_good) << c.attributes;
    if (enable != nullptr) {
      EXPECT_EQ(enable->resume, c.resume) << c.attributes;
      EXPECT_EQ(enable->max, c.max) << c.attributes;
    } else {
      EXPECT_TRUE(std::holds_alternative<MalformedRequest>(*element));
    }
  }
}

TEST(StreamManagementElement, ResumeAndAckNeedTheirNumbers) {  // sections 4 and 5
  const auto resume = read("<resume xmlns='urn:xmpp:sm:3' previd='abc' h='4294967295'/>");
  ASSERT_TRUE(resume && std::holds_alternative<ResumeRequest>(*resume));
  EXPECT_EQ(std::get<ResumeRequest>(*resume).previd, "abc");
  EXPECT_EQ(std::get<ResumeRequest>(*resume).h, 4294967295U);
  EXPECT_TRUE(is<MalformedRequest>("<resume xmlns='urn:xmpp:sm:3' h='1'/>"));
  EXPECT_TRUE(is<MalformedRequest>("<resume xmlns='urn:xmpp:sm:3' previd='abc'/>"));
  EXPECT_TRUE(is<MalformedRequest>("<resume xmlns='urn:xmpp:sm:3' previd='abc' h='1.5'/>"));
  for (const char* h : {"h=''", "h='-1'", "h='+1'", "h=' 1'", "h='4294967296'", "h='1e3'", "x='1'"}) {
    EXPECT_TRUE(is<MalformedAck>(std::string("<a xmlns='urn:xmpp:sm:3' ") + h + "/>")) << h;
  }
  const auto ack = read("<a xmlns='urn:xmpp:sm:3' h='0'/>");
  ASSERT_TRUE(ack && std::holds_alternative<Ack>(*ack));
}

TEST(StreamManagementElement, LongPrevidsAreNobodys) {
  const auto resume = read("<resume xmlns='urn:xmpp:sm:3' previd='" + std::string(4000, 'x') + "' h='1'/>");
  ASSERT_TRUE(resume && std::holds_alternative<ResumeRequest>(*resume));
  EXPECT_EQ(std::get<ResumeRequest>(*resume).previd.size(), longest_previd + 1);
}

TEST(StreamManagementElement, IsWritten) {
  std::string ack;
  write_ack(ack, 4294967295U);
  EXPECT_EQ(ack, "<a xmlns='urn:xmpp:sm:3' h='4294967295'/>");
  EXPECT_EQ(enabled({}), "<enabled xmlns='urn:xmpp:sm:3'/>");
  EXPECT_EQ(enabled({.id = "i", .max = 300, .location = "[2001:db8::1]:5222"}),
            "<enabled xmlns='urn:xmpp:sm:3' id='i' resume='true' max='300' location='[2001:db8::1]:5222'/>");
  EXPECT_EQ(resumed("i", 7), "<resumed xmlns='urn:xmpp:sm:3' previd='i' h='7'/>");
  EXPECT_EQ(management_failed(StanzaCondition::item_not_found, 5),
            "<failed xmlns='urn:xmpp:sm:3' h='5'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>");
  std::string error;
  handled_count_too_high(10, 8).write(error);
  EXPECT_NE(error.find("<undefined-condition xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"), std::string::npos);
  EXPECT_NE(error.find("<handled-count-too-high xmlns='urn:xmpp:sm:3' h='10' send-count='8'/>"), std::string::npos);
}

TEST(SentCount, AcknowledgesModulo2To32) {  // section 4
  struct Case {
    std::uint64_t sent, acknowledged;
    std::uint32_t h;
    std::optional<std::uint64_t> more;
  };
  constexpr std::uint64_t round = 1ULL << 32U;
  const Case cases[] = {{0, 0, 0, 0},
                        {0, 0, 1, {}},
                        {8, 0, 8, 8},
                        {8, 0, 9, {}},
                        {8, 8, 8, 0},
                        {8, 5, 4, {}},               // back: higher by nearly 2^32
                        {round, round - 1, 0, 1},    // 2^32 - 1 is followed by 0
                        {round + 3, round - 2, 2, 4},
                        {round + 3, round - 2, 4, {}},
                        {round - 1, round - 1, 0xffffffffU, 0},
                        {5 * round + 1, 5 * round, 1, 1}};
  for (const Case& c : cases) {
    SentCount count(c.sent, c.acknowledged);
    EXPECT_EQ(count.acknowledge(c.h), c.more) << c.sent << ' ' << c.acknowledged << ' ' << c.h;
    EXPECT_EQ(count.acknowledged(), c.acknowledged + c.more.value_or(0));
  }
}

TEST(HandledCount, IsThePrefixThatIsSettled) {
  HandledCount count;
  for (std::uint64_t n = 1; n <= 5; ++n) {
    EXPECT_EQ(count.receive(), n);
  }
  EXPECT_FALSE(count.settle(3));
  EXPECT_FALSE(count.settle(2));
  EXPECT_EQ(count.h(), 0U);
  EXPECT_TRUE(count.settle(1));
  EXPECT_EQ(count.h(), 3U);
  EXPECT_FALSE(count.settle(5));
  EXPECT_TRUE(count.settle(4));
  EXPECT_EQ(count.h(), 5U);
  EXPECT_TRUE(count.is_settled());
}

TEST(HandledCount, Wraps) {  // section 4: 2^32 - 1 is followed by 0
  HandledCount count((1ULL << 32U) - 1);
  EXPECT_EQ(count.h(), 0xffffffffU);
  EXPECT_TRUE(count.settle(count.receive()));
  EXPECT_EQ(count.h(), 0U);
  EXPECT_TRUE(count.settle(count.receive()));
  EXPECT_EQ(count.h(), 1U);
}

TEST(HandledCount, WhatIsGivenUpIsCountedAnew) {  // section 5: the peer sends it again
  HandledCount count;
  EXPECT_TRUE(count.settle(count.receive()));
  const std::uint64_t late = count.receive();
  const std::uint64_t early = count.receive();
  EXPECT_FALSE(count.settle(early));
  count.forget_unsettled();
  EXPECT_EQ(count.h(), 1U);
  EXPECT_FALSE(count.settle(late));   // means nothing now
  EXPECT_EQ(count.h(), 1U);
  EXPECT_TRUE(count.settle(count.receive()));
  EXPECT_EQ(count.h(), 2U);
}

}  // namespace
}  // namespace aldis::stream
