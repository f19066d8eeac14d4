// Pages of result sets, XEP-0059.
#include "xmpp/result_set.h"

#include <gtest/gtest.h>

#include <charconv>

#include "xmpp/number.h"

namespace aldis {
namespace {

Result<ResultSetRequest, StanzaError> read(std::string_view inner) {
  const auto document = xml::parse("<set xmlns='http://jabber.org/protocol/rsm'>" + std::string(inner) + "</set>");
  return ResultSetRequest::parse((*document)->root());
}

TEST(ResultSet, RequestsAreRead) {
  const ResultSetRequest request = *read("<max>10</max><after>a&amp;b</after><x xmlns='other'/><new/>");
  EXPECT_EQ(request.max, 10U);
  EXPECT_EQ(request.after, "a&b");
  EXPECT_FALSE(request.before);
  EXPECT_EQ(read("<before/>")->before, "");
  EXPECT_FALSE(read("<after/>")->after);
  EXPECT_EQ(read("<index>371</index>")->index, 371U);
  EXPECT_EQ(read("<max>0</max>")->limit(50), 0U);
  EXPECT_EQ(read("<max>4294967295</max>")->limit(50), 50U);
  EXPECT_EQ(read("")->limit(50), 50U);
}

TEST(ResultSet, HostileRequestsAreRefused) {  // security X15
  for (const std::string_view number : {"", "-1", "+1", " 1", "1.5", "1e309", "4294967296", "18446744073709551616", "\xD9\xA3", "ten"}) {
    for (const std::string_view name : {"max", "index"}) {
      const auto refused = read("<" + std::string(name) + ">" + std::string(number) + "</" + std::string(name) + ">");
      ASSERT_FALSE(refused) << name << number;
      EXPECT_EQ(refused.error().condition, StanzaCondition::bad_request);
    }
  }
  EXPECT_FALSE(read("<max>1</max><max>1</max>"));
  EXPECT_FALSE(read("<after>a</after><after>b</after>"));
  EXPECT_FALSE(read("<after/><after>b</after>"));
  EXPECT_FALSE(read("<before/><before/>"));
  EXPECT_FALSE(read("<index>1</index><after>a</after>"));
  EXPECT_FALSE(read("<after>" + std::string(1025, 'a') + "</after>"));
  EXPECT_TRUE(read("<after>" + std::string(1024, 'a') + "</after>"));
}

TEST(ResultSet, AbsentMeansNoLimit) {
  const auto query = xml::parse("<query xmlns='u'/>");
  EXPECT_FALSE(ResultSetRequest::parse_child_of((*query)->root())->max);
  const auto asking = xml::parse("<query xmlns='u'><set xmlns='http://jabber.org/protocol/rsm'><max>x</max></set></query>");
  EXPECT_FALSE(ResultSetRequest::parse_child_of((*asking)->root()));
}

TEST(ResultSet, IsWritten) {
  std::string out;
  xml::Writer writer(out, "u");
  ResultSet{"a<b", 0, "c", 800}.write(writer);
  EXPECT_EQ(out, "<set xmlns='http://jabber.org/protocol/rsm'><first index='0'>a&lt;b</first><last>c</last><count>800</count></set>");
  out.clear();
  xml::Writer empty(out, "u");
  ResultSet{{}, {}, {}, 0}.write(empty);
  EXPECT_EQ(out, "<set xmlns='http://jabber.org/protocol/rsm'><count>0</count></set>");
}

TEST(ResultSet, PagesOfTenItems) {  // XEP-0059 sections 2.1 to 2.7
  const auto place_of = [](std::string_view id) -> std::optional<std::size_t> { return parse_number<std::size_t>(id, 0, 9); };
  const auto page = [&](std::string_view inner) {
    const Result<Page, StanzaError> got = page_of(10, *read(inner), 4, place_of);
    return got ? std::to_string(got->begin) + "-" + std::to_string(got->end) : std::string(to_string(got.error().condition));
  };
  EXPECT_EQ(page(""), "0-4");
  EXPECT_EQ(page("<max>2</max>"), "0-2");
  EXPECT_EQ(page("<max>100</max>"), "0-4");
  EXPECT_EQ(page("<max>0</max>"), "0-0");
  EXPECT_EQ(page("<after>3</after>"), "4-8");
  EXPECT_EQ(page("<after>8</after>"), "9-10");
  EXPECT_EQ(page("<after>9</after>"), "10-10");
  EXPECT_EQ(page("<before/>"), "6-10");
  EXPECT_EQ(page("<before>6</before>"), "2-6");
  EXPECT_EQ(page("<before>2</before>"), "0-2");
  EXPECT_EQ(page("<before>0</before>"), "0-0");
  EXPECT_EQ(page("<after>1</after><before>4</before>"), "2-4");
  EXPECT_EQ(page("<after>4</after><before>1</before>"), "5-5");
  EXPECT_EQ(page("<index>3</index>"), "3-7");
  EXPECT_EQ(page("<index>10</index>"), "10-10");
  EXPECT_EQ(page("<index>4294967295</index>"), "10-10");
  EXPECT_EQ(page("<after>gone</after>"), "item-not-found");
  EXPECT_EQ(page("<before>gone</before>"), "item-not-found");
}

}  // namespace
}  // namespace aldis
