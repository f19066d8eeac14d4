// Dates and numbers that peers write: the forms that are read, and the hostile ones that are not (security X15).
#include "xmpp/timestamp.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>

#include "xmpp/delay.h"
#include "xmpp/namespaces.h"
#include "xmpp/number.h"

namespace aldis {
namespace {

std::string again(std::string_view text) {
  const std::optional<WallTime> time = parse_timestamp(text);
  return time ? format_timestamp(*time) : "none";
}

TEST(Timestamps, AreReadAndWrittenInUtc) {  // XEP-0082 section 3.2
  EXPECT_EQ(again("1969-07-21T02:56:15Z"), "1969-07-21T02:56:15.000Z");
  EXPECT_EQ(again("1969-07-20T21:56:15-05:00"), "1969-07-21T02:56:15.000Z");
  EXPECT_EQ(again("2026-11-23T05:20:00.125Z"), "2026-11-23T05:20:00.125Z");
  EXPECT_EQ(again("2026-11-23T05:20:00.1Z"), "2026-11-23T05:20:00.100Z");
  EXPECT_EQ(again("2026-11-23T05:20:00.123456789+00:00"), "2026-11-23T05:20:00.123Z");
  EXPECT_EQ(again("2024-02-29T23:59:59+14:00"), "2024-02-29T09:59:59.000Z");
  EXPECT_EQ(again("1970-01-01T00:00:00Z"), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(*parse_timestamp("1970-01-01T00:00:00.001Z"), WallTime{std::chrono::milliseconds{1}});
  EXPECT_EQ(again("0001-01-01T00:00:00Z"), "0001-01-01T00:00:00.000Z");
  EXPECT_EQ(again("9999-12-31T23:59:59.999Z"), "9999-12-31T23:59:59.999Z");
}

TEST(Timestamps, HostileOnesAreRefused) {  // security X15
  for (const std::string_view text :
       {"", "Z", "2026", "2026-11-23", "0000-01-01T00:00:00Z", "-001-01-01T00:00:00Z", "-1-01-01T00:00:00Z", "10000-01-01T00:00:00Z",
        "99999999999999999999-01-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-00T00:00:00Z",
        "2026-11-31T00:00:00Z", "2025-02-29T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T00:60:00Z", "2016-12-31T23:59:60Z",
        "2026-11-23T00:00:00", "2026-11-23T00:00:00.Z", "2026-11-23T00:00:00.1234567890Z", "2026-11-23T00:00:00,1Z",
        "2026-11-23T00:00:00+1:00", "2026-11-23T00:00:00+15:00", "2026-11-23T00:00:00+14:01", "2026-11-23T00:00:00+0100",
        "2026-11-23T00:00:00z", "2026-11-23t00:00:00Z", "2026-11-23 00:00:00Z", " 2026-11-23T00:00:00Z", "2026-11-23T00:00:00Z ",
        "2026-11-23T+1:00:00Z", "20261123T00:00:00", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
        "\xD9\xA2\xD9\xA0\xD9\xA2\xD9\xA6-11-23T00:00:00Z"}) {
    EXPECT_FALSE(parse_timestamp(text)) << text;
  }
}

TEST(Numbers, AreDigitsWithinBounds) {  // security X15
  EXPECT_EQ(parse_number<std::uint32_t>("0"), 0U);
  EXPECT_EQ(parse_number<std::uint32_t>("4294967295"), 4294967295U);
  EXPECT_EQ(parse_number<std::uint32_t>("007"), 7U);
  EXPECT_EQ((parse_number<int>("-128", -128, 127)), -128);
  EXPECT_EQ((parse_number<int>("127", -128, 127)), 127);
  EXPECT_EQ(parse_number<std::uint64_t>("18446744073709551615"), 18446744073709551615U);
  EXPECT_EQ((parse_number<unsigned>("10", 1, 10)), 10U);
  for (const std::string_view text : {"", "-", "-1", "+1", " 1", "1 ", "1.0", "1e3", "1e309", "0x10", "4294967296", "9223372036854775808",
                                      "18446744073709551616", "-0", "\xD9\xA3", "\xEF\xBC\x91", "1,0", "000000000000000000001"}) {
    EXPECT_FALSE(parse_number<std::uint32_t>(text)) << text;
  }
  EXPECT_FALSE((parse_number<int>("128", -128, 127)));
  EXPECT_FALSE((parse_number<int>("-129", -128, 127)));
  EXPECT_FALSE((parse_number<int>("-0", -128, 127)));
  EXPECT_FALSE((parse_number<unsigned>("0", 1, 10)));
}

Result<Delay, StanzaError> read_delay(std::string_view bytes) { return Delay::parse((*xml::parse(std::string(bytes)))->root()); }

TEST(Delays, AreWrittenAndReadBack) {  // XEP-0203 section 2
  const Delay delay{*parse_timestamp("2002-09-10T23:08:25Z"), *Jid::parse("capulet.com/<'>"), "Offline <Storage>"};
  std::string out;
  delay.write(out);
  EXPECT_EQ(out, "<delay xmlns='urn:xmpp:delay' from='capulet.com/&lt;&apos;&gt;' stamp='2002-09-10T23:08:25.000Z'>Offline &lt;Storage&gt;</delay>");
  const Result<Delay, StanzaError> read = read_delay(out);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->stamp, delay.stamp);
  EXPECT_EQ(read->from, delay.from);
  EXPECT_EQ(read->reason, delay.reason);
  for (const std::string_view bad : {"<delay xmlns='urn:xmpp:delay'/>", "<delay xmlns='urn:xmpp:delay' stamp='0000-01-01T00:00:00Z'/>",
                                     "<delay xmlns='jabber:x:delay' stamp='2002-09-10T23:08:25Z'/>",
                                     "<delay xmlns='urn:xmpp:delay' stamp='2002-09-10T23:08:25Z' from='@'/>"}) {
    const Result<Delay, StanzaError> refused = read_delay(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().condition, StanzaCondition::bad_request);
  }
}

}  // namespace
}  // namespace aldis
