// XEP-0082's DateTime profile, by the calendar of std::chrono.
#include "xmpp/timestamp.h"

#include <array>
#include <charconv>
#include <chrono>

#include "base/ensure.h"
#include "xmpp/number.h"

namespace aldis {
namespace {

using std::chrono::milliseconds;

// Takes fixed-width fields off the front of a text.
struct Fields {
  std::string_view rest;

  std::optional<unsigned> digits(std::size_t width, unsigned least, unsigned most) {
    if (rest.size() < width) return std::nullopt;
    const std::optional<unsigned> value = parse_number<unsigned>(rest.substr(0, width), least, most);
    rest.remove_prefix(width);
    return value;
  }
  bool literal(char c) {
    if (!rest.starts_with(c)) return false;
    rest.remove_prefix(1);
    return true;
  }
};

std::optional<milliseconds> fraction(Fields& fields) {
  if (!fields.literal('.')) return milliseconds{0};
  std::size_t width = 0;
  unsigned thousandths = 0;
  for (unsigned weight = 100; width < fields.rest.size() && fields.rest[width] >= '0' && fields.rest[width] <= '9'; ++width) {
    thousandths += static_cast<unsigned>(fields.rest[width] - '0') * weight;
    weight /= 10;
  }
  if (width == 0 || width > 9) return std::nullopt;
  fields.rest.remove_prefix(width);
  return milliseconds{thousandths};
}

// What must be subtracted to get UTC.
std::optional<std::chrono::minutes> offset(Fields& fields) {
  if (fields.literal('Z')) return std::chrono::minutes{0};
  const bool is_west = fields.rest.starts_with('-');
  if (!is_west && !fields.rest.starts_with('+')) return std::nullopt;
  fields.rest.remove_prefix(1);
  const std::optional<unsigned> hours = fields.digits(2, 0, 14);
  const bool has_colon = fields.literal(':');
  const std::optional<unsigned> minutes = fields.digits(2, 0, 59);
  if (!hours || !has_colon || !minutes || (*hours == 14 && *minutes != 0)) return std::nullopt;
  const std::chrono::minutes size{static_cast<int>(*hours * 60 + *minutes)};
  return is_west ? -size : size;
}

std::chrono::year_month_day day_of(WallTime time) { return std::chrono::floor<std::chrono::days>(time); }
bool is_representable(std::chrono::year year) { return year >= std::chrono::year{1} && year <= std::chrono::year{9999}; }

void append_digits(std::string& out, unsigned value, std::size_t width) {
  std::array<char, 4> text{};
  for (std::size_t i = width; i > 0; --i) {
    text[i - 1] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  out.append(text.data(), width);
}

}  // namespace

std::optional<WallTime> parse_timestamp(std::string_view text) {
  Fields fields{text};
  const std::optional<unsigned> year = fields.digits(4, 1, 9999);
  if (!year || !fields.literal('-')) return std::nullopt;
  const std::optional<unsigned> month = fields.digits(2, 1, 12);
  if (!month || !fields.literal('-')) return std::nullopt;
  const std::optional<unsigned> day = fields.digits(2, 1, 31);
  if (!day || !fields.literal('T')) return std::nullopt;
  const std::optional<unsigned> hour = fields.digits(2, 0, 23);
  if (!hour || !fields.literal(':')) return std::nullopt;
  const std::optional<unsigned> minute = fields.digits(2, 0, 59);
  if (!minute || !fields.literal(':')) return std::nullopt;
  const std::optional<unsigned> second = fields.digits(2, 0, 59);
  const std::optional<milliseconds> part = second ? fraction(fields) : std::nullopt;
  const std::optional<std::chrono::minutes> zone = part ? offset(fields) : std::nullopt;
  if (!zone || !fields.rest.empty()) return std::nullopt;

  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(*year)}, std::chrono::month{*month}, std::chrono::day{*day}};
  if (!date.ok()) return std::nullopt;
  const WallTime time = std::chrono::sys_days{date} + std::chrono::hours{*hour} + std::chrono::minutes{*minute} +
                        std::chrono::seconds{*second} + *part - *zone;
  if (!is_representable(day_of(time).year())) return std::nullopt;
  return time;
}

std::string format_timestamp(WallTime time) {
  const std::chrono::year_month_day date = day_of(time);
  ensure(is_representable(date.year()), "a time to be written has a year of four digits");
  const std::chrono::hh_mm_ss clock{time - std::chrono::floor<std::chrono::days>(time)};
  std::string out;
  out.reserve(sizeof("2026-11-23T05:20:00.125Z"));
  append_digits(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  out.push_back('-');
  append_digits(out, static_cast<unsigned>(date.month()), 2);
  out.push_back('-');
  append_digits(out, static_cast<unsigned>(date.day()), 2);
  out.push_back('T');
  append_digits(out, static_cast<unsigned>(clock.hours().count()), 2);
  out.push_back(':');
  append_digits(out, static_cast<unsigned>(clock.minutes().count()), 2);
  out.push_back(':');
  append_digits(out, static_cast<unsigned>(clock.seconds().count()), 2);
  out.push_back('.');
  append_digits(out, static_cast<unsigned>(clock.subseconds().count()), 3);
  out.push_back('Z');
  return out;
}

}  // namespace aldis
