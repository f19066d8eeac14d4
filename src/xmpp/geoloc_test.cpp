// Tests of geoloc.h: what is read strictly, and what a cell promises at the poles and the 180th meridian.
#include "xmpp/geoloc.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "xmpp/namespaces.h"

namespace aldis {
namespace {

std::optional<Geoloc> read(std::string_view fields) {
  const auto document = xml::parse("<geoloc xmlns='http://jabber.org/protocol/geoloc'>" + std::string(fields) + "</geoloc>");
  return Geoloc::read((*document)->root());
}

// Kilometres over the sphere.
double distance(const Geoloc& a, const Geoloc& b) {
  const auto radians = [](double degrees) { return degrees * std::numbers::pi / 180; };
  const double lat = std::sin(radians(b.lat - a.lat) / 2);
  const double lon = std::sin(radians(b.lon - a.lon) / 2);
  const double h = lat * lat + std::cos(radians(a.lat)) * std::cos(radians(b.lat)) * lon * lon;
  return 2 * 6367.45 * std::asin(std::min(1.0, std::sqrt(h)));
}

TEST(Geoloc, ReadsThePoint) {  // XEP-0080 example 1
  const auto position = read("<accuracy>20</accuracy><country>Italy</country><lat>45.44</lat><locality>Venice</locality><lon>12.33</lon>");
  ASSERT_TRUE(position);
  EXPECT_DOUBLE_EQ(position->lat, 45.44);
  EXPECT_DOUBLE_EQ(position->lon, 12.33);
  EXPECT_DOUBLE_EQ(position->accuracy, 20);
  EXPECT_TRUE(read("<lat> +1. </lat><lon>-.5</lon>")) << "xs:decimal";
  EXPECT_TRUE(read("<lat>-90</lat><lon>180</lon>"));
}

TEST(Geoloc, ReadsNothingElse) {
  for (const std::string_view fields :
       {"", "<lat>1</lat>", "<lon>1</lon>", "<lat>1</lat><lon/>", "<lat>1</lat><lat>2</lat><lon>1</lon>", "<lat>91</lat><lon>1</lon>",
        "<lat>1</lat><lon>180.1</lon>", "<lat>nan</lat><lon>1</lon>", "<lat>inf</lat><lon>1</lon>", "<lat>1e1</lat><lon>1</lon>",
        "<lat>0x1</lat><lon>1</lon>", "<lat>1,5</lat><lon>1</lon>", "<lat>1 2</lat><lon>1</lon>", "<lat>+-1</lat><lon>1</lon>",
        "<lat>1<b/></lat><lon>1</lon>", "<lat xmlns='x'>1</lat><lon>1</lon>", "<lat>1</lat><lon>1</lon><accuracy>-1</accuracy>",
        "<lat>1</lat><lon>1</lon><accuracy>about 5</accuracy>",
        "<lat>1.00000000000000000000000000000000000000000000000000000000000000000000</lat><lon>1</lon>"}) {
    EXPECT_FALSE(read(fields)) << fields;
  }
}

TEST(Geoloc, AnEmptyOneStops) {  // section 4.2
  const auto empty = xml::parse("<geoloc xmlns='http://jabber.org/protocol/geoloc'/>");
  EXPECT_TRUE(Geoloc::is_stop((*empty)->root()));
  const auto text = xml::parse("<geoloc xmlns='http://jabber.org/protocol/geoloc'>here</geoloc>");
  EXPECT_FALSE(Geoloc::is_stop((*text)->root()));
}

TEST(Geoloc, ACellIsTheSameForAllInIt) {
  const Geoloc a = Geoloc{.lat = 45.4401, .lon = 12.3301}.coarse(10);
  const Geoloc b = Geoloc{.lat = 45.4420, .lon = 12.3320}.coarse(10);
  EXPECT_DOUBLE_EQ(a.lat, b.lat);
  EXPECT_DOUBLE_EQ(a.lon, b.lon);
  EXPECT_DOUBLE_EQ(a.accuracy, 10'000);
  EXPECT_NE(a.lat, 45.4401);
}

// The promise: who is shown a cell knows the place no better than its size, and the place lies within the accuracy.
TEST(Geoloc, EverywhereOnEarth) {
  for (const std::uint32_t grid : {1U, 10U, 100U, 1000U, 5000U}) {
    for (double lat = -90; lat <= 90; lat += 7.5) {
      for (double lon = -180; lon <= 180; lon += 11.25) {
        const Geoloc at{.lat = lat, .lon = lon};
        const Geoloc cell = at.coarse(grid);
        std::string xml;
        cell.write(xml);
        const auto document = xml::parse(xml);
        const auto again = Geoloc::read((*document)->root());
        ASSERT_TRUE(again) << xml;
        EXPECT_GE(cell.accuracy, grid * 1000.0);
        EXPECT_LE(distance(at, cell) * 1000, cell.accuracy * 1.01) << lat << ' ' << lon << ' ' << grid;
        const Geoloc twice = again->coarse(grid);
        EXPECT_NEAR(twice.lat, cell.lat, 1e-6) << lat << ' ' << lon << ' ' << grid;
        EXPECT_NEAR(twice.lon, cell.lon, 1e-6) << lat << ' ' << lon << ' ' << grid;
      }
    }
  }
}

TEST(Geoloc, AroundAPoleThereIsOneCell) {
  for (const double lon : {-180.0, -1.0, 0.0, 91.0, 179.99}) {
    const Geoloc north = Geoloc{.lat = 89.95, .lon = lon}.coarse(10);
    EXPECT_DOUBLE_EQ(north.lat, 90);
    EXPECT_DOUBLE_EQ(north.lon, 0);
    EXPECT_DOUBLE_EQ((Geoloc{.lat = -90, .lon = lon}.coarse(10).lat), -90);
  }
}

TEST(Geoloc, NoCellIsNarrowNearAPole) {
  // 17 km from the pole the whole circle is 105 km long: a degree is 290 m, a cell 10 km at least.
  double last = 0;
  int cells = 0;
  for (double lon = -180; lon < 180; lon += 0.25) {
    const Geoloc cell = Geoloc{.lat = 89.85, .lon = lon}.coarse(10);
    cells += lon == -180 || cell.lon != last ? 1 : 0;
    last = cell.lon;
  }
  EXPECT_EQ(cells, 6) << "its edge nearer to the pole is 63 km long";
}

TEST(Geoloc, The180thMeridianIsOnePlace) {
  const Geoloc east = Geoloc{.lat = 10, .lon = 180}.coarse(25);
  const Geoloc west = Geoloc{.lat = 10, .lon = -180}.coarse(25);
  EXPECT_DOUBLE_EQ(east.lon, west.lon);
  EXPECT_GT((Geoloc{.lat = 10, .lon = 179.999}.coarse(25).lon), 179);
  EXPECT_LT(east.lon, -179);
}

TEST(Geoloc, OfTheRestOnlyItsTimeStays) {
  const auto position = read(
      "<lat>45.44</lat><lon>12.33</lon><alt>3</alt><bearing>90</bearing><speed>2</speed><street>Calle</street><text>here</text>"
      "<datum>OSGB36</datum><uri>http://x.example</uri><timestamp>2026-11-26T12:00:00Z</timestamp><accuracy>50000</accuracy>");
  std::string xml;
  position->coarse(10).write(xml);
  EXPECT_EQ(xml.find("Calle"), std::string::npos);
  EXPECT_NE(xml.find("<accuracy>50000</accuracy>"), std::string::npos) << "no better than it was said to be: " << xml;
  EXPECT_NE(xml.find("<timestamp>2026-11-26T12:00:00"), std::string::npos) << xml;
  for (const std::string_view field : {"alt", "bearing", "speed", "street", "text", "datum", "uri"}) {
    EXPECT_EQ(xml.find("<" + std::string(field) + ">"), std::string::npos) << xml;
  }
}

}  // namespace
}  // namespace aldis
