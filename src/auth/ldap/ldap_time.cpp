// Reading them; what is not a time is nothing.
#include "auth/ldap/ldap_time.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>

namespace aldis::ldap {
namespace {

// Takes `count` digits off the front.
std::optional<int> take(std::string_view& text, std::size_t count) {
  if (text.size() < count || !std::ranges::all_of(text.substr(0, count), [](char c) { return c >= '0' && c <= '9'; })) {
    return std::nullopt;
  }
  int number = 0;
  std::from_chars(text.data(), text.data() + count, number);
  text.remove_prefix(count);
  return number;
}

bool has_digit(std::string_view text) { return !text.empty() && text.front() >= '0' && text.front() <= '9'; }

}  // namespace

std::optional<WallTime> parse_generalized_time(std::string_view text) {
  using namespace std::chrono;
  const auto y = take(text, 4);
  const auto m = take(text, 2);
  const auto d = take(text, 2);
  const auto h = take(text, 2);
  if (!y || !m || !d || !h || *h > 23) {
    return std::nullopt;
  }
  milliseconds unit = 1h;   // what a fraction is of
  int mi = 0;
  int s = 0;
  for (auto [part, most, next] : {std::tuple(&mi, 59, milliseconds(1min)), std::tuple(&s, 60, milliseconds(1s))}) {
    if (has_digit(text)) {
      const auto read = take(text, 2);
      if (!read || *read > most) {
        return std::nullopt;
      }
      *part = *read;
      unit = next;
    } else {
      break;
    }
  }
  double fraction = 0;
  if (text.starts_with('.') || text.starts_with(',')) {
    text.remove_prefix(1);
    double weight = 0.1;
    if (!has_digit(text)) {
      return std::nullopt;
    }
    for (; has_digit(text); text.remove_prefix(1), weight /= 10) {
      fraction += weight * (text.front() - '0');
    }
  }
  minutes zone{0};
  if (text.starts_with('+') || text.starts_with('-')) {
    const int sign = text.front() == '-' ? -1 : 1;
    text.remove_prefix(1);
    const auto hours_off = take(text, 2);
    const auto minutes_off = text.empty() ? std::optional(0) : take(text, 2);
    if (!hours_off || !minutes_off || !text.empty()) {
      return std::nullopt;
    }
    zone = minutes(sign * (*hours_off * 60 + *minutes_off));
  } else if (text != "Z") {
    return std::nullopt;
  }
  const year_month_day date(year(*y), month(static_cast<unsigned>(*m)), day(static_cast<unsigned>(*d)));
  if (!date.ok()) {
    return std::nullopt;
  }
  const auto within = milliseconds(static_cast<std::int64_t>(fraction * static_cast<double>(unit.count())));
  return WallTime(sys_days(date)) + hours(*h) + minutes(mi) + seconds(s) - zone + within;
}

std::optional<WallTime> parse_filetime(std::string_view text) {
  std::int64_t ticks = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), ticks);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || ticks <= 0 || ticks == std::numeric_limits<std::int64_t>::max()) {
    return std::nullopt;
  }
  constexpr std::int64_t from_1601_to_1970 = 11'644'473'600'000;   // milliseconds
  return WallTime(std::chrono::milliseconds(ticks / 10'000 - from_1601_to_1970));
}

}  // namespace aldis::ldap
