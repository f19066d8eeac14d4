// Positions. The earth is a sphere here whose circumference is the meridian's: a cell is a promise about the least, not a survey.
#include "xmpp/geoloc.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>
#include <string_view>

#include "xml/writer.h"
#include "xmpp/namespaces.h"
#include "xmpp/timestamp.h"

namespace aldis {
namespace {

constexpr double circumference = 40'007.86;   // kilometres
constexpr double kilometres_in_a_degree = circumference / 360;
constexpr int decimals = 6;                   // of a degree: a tenth of a metre

// xs:decimal (XML Schema 2, section 3.2.3), which has no exponent and no infinity; white space around it collapses.
std::optional<double> read_decimal(std::string_view text, double least, double most) {
  constexpr std::string_view space = " \t\r\n";
  constexpr std::size_t longest = 64;
  text.remove_prefix(std::min(text.find_first_not_of(space), text.size()));
  text = text.substr(0, text.find_last_not_of(space) + 1);
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) {
      return std::nullopt;
    }
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  const bool is_number = error == std::errc() && end == text.data() + text.size() && text.size() <= longest;
  return is_number && value >= least && value <= most ? std::optional(value) : std::nullopt;   // nan and inf are in no range
}

double radians(double degrees) { return degrees * std::numbers::pi / 180; }

void write_number(xml::Writer& writer, std::string_view field, double value, int digits) {
  std::array<char, 64> buffer{};
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value == 0 ? 0.0 : value, std::chars_format::fixed, digits);
  ensure(error == std::errc(), "a number of these ranges fits");
  writer.element(field, {buffer.data(), static_cast<std::size_t>(end - buffer.data())});
}

}  // namespace

std::optional<Geoloc> Geoloc::read(const xml::Element& element) {
  if (!element.is({"geoloc", ns::geoloc})) {
    return std::nullopt;
  }
  Geoloc read;
  std::optional<double> lat;
  std::optional<double> lon;
  for (const xml::Element field : element.children()) {
    if (field.ns() != ns::geoloc || (field.local() != "lat" && field.local() != "lon" && field.local() != "accuracy" && field.local() != "timestamp")) {
      continue;
    }
    const std::string text = field.text();
    if (field.local() == "timestamp") {
      read.timestamp = parse_timestamp(text);
      continue;
    }
    if (field.child_count() != 0) {
      return std::nullopt;
    }
    if (field.local() == "accuracy") {
      const std::optional<double> accuracy = read_decimal(text, 0, circumference * 1000);
      if (!accuracy) {
        return std::nullopt;
      }
      read.accuracy = *accuracy;
      continue;
    }
    const bool is_lat = field.local() == "lat";
    std::optional<double>& value = is_lat ? lat : lon;
    if (value) {   // clients differ in which of two they believe
      return std::nullopt;
    }
    value = read_decimal(text, is_lat ? -90 : -180, is_lat ? 90 : 180);
    if (!value) {
      return std::nullopt;
    }
  }
  if (!lat || !lon) {
    return std::nullopt;
  }
  read.lat = *lat;
  read.lon = *lon;
  return read;
}

bool Geoloc::is_stop(const xml::Element& element) {
  return element.is({"geoloc", ns::geoloc}) && element.child_count() == 0 && !element.has_text();
}

Geoloc Geoloc::coarse(std::uint32_t grid) const {
  ensure(grid > 0, "a grid has a size");
  const auto size = static_cast<double>(grid);
  const double rows = std::max(1.0, std::floor(180 * kilometres_in_a_degree / size));
  const double height = 180 / rows;
  const double row = std::min(std::floor((lat + 90) / height), rows - 1);   // the pole itself is in the last
  const double south = row * height - 90;
  const double north = south + height;
  // The narrower of the two edges decides how many fit.
  const double narrow = std::cos(radians(std::max(std::abs(south), std::abs(north))));
  const double columns = row == 0 || row == rows - 1 ? 1.0 : std::max(1.0, std::floor(circumference * narrow / size));
  const double width = 360 / columns;
  Geoloc out{.timestamp = timestamp};
  double reach = 0;   // kilometres from the centre to the farthest of the cell
  if (rows == 1) {
    reach = circumference / 2;
  } else if (columns == 1) {   // one cell all around: its centre is the pole it surrounds, or lies next to
    out.lat = south + 90 < 90 - north ? -90 : 90;
    reach = (out.lat < 0 ? north + 90 : 90 - south) * kilometres_in_a_degree;
  } else {
    const double column = std::fmod(std::floor((lon + 180) / width), columns);   // 180 is -180
    out.lat = south + height / 2;
    out.lon = -180 + (column + 0.5) * width;
    const double wide = std::cos(radians(std::min(std::abs(south), std::abs(north))));
    reach = std::hypot(height / 2, width / 2 * (south < 0 && north > 0 ? 1 : wide)) * kilometres_in_a_degree;
  }
  out.accuracy = std::max({size * 1000, std::ceil(reach) * 1000, std::ceil(accuracy)});
  return out;
}

void Geoloc::write(std::string& out) const {
  xml::Writer writer(out);
  writer.start("geoloc", ns::geoloc);
  if (accuracy > 0) {
    write_number(writer, "accuracy", accuracy, 0);
  }
  write_number(writer, "lat", lat, decimals);
  write_number(writer, "lon", lon, decimals);
  if (timestamp) {
    writer.element("timestamp", format_timestamp(*timestamp));
  }
  writer.end();
}

}  // namespace aldis
