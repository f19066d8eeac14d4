// How option values are read and written: durations and sizes as strict text, names, bounds, and what to say when a value
// does not fit.
#include "base/options.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <span>

namespace aldis {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
constexpr std::array<Unit, 5> time_units{{{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};
constexpr std::array<Unit, 4> size_units{{{"GiB", GiB.count}, {"MiB", MiB.count}, {"KiB", KiB.count}, {"B", 1}}};

// A whole number and one unit, or nothing; the product fits into int64.
std::optional<std::uint64_t> parse_with_unit(std::string_view text, std::span<const Unit> units) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) {
    return std::nullopt;
  }
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Unit& known : units) {
    if (unit == known.name) {
      return number <= static_cast<std::uint64_t>(INT64_MAX) / known.factor ? std::optional(number * known.factor)
                                                                           : std::nullopt;
    }
  }
  return std::nullopt;
}

std::string with_unit(std::uint64_t value, std::span<const Unit> units, const Unit& zero) {
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0) {
      return std::to_string(value / unit.factor).append(unit.name);
    }
  }
  return std::to_string(value / zero.factor).append(zero.name);
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04X", static_cast<unsigned>(byte));
      out += escape.data();
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace

std::string to_text(const OptionValue& value) {
  std::string out;
  if (const auto* b = std::get_if<bool>(&value)) {
    out = *b ? "true" : "false";
  } else if (const auto* n = std::get_if<std::int64_t>(&value)) {
    out = std::to_string(*n);
  } else if (const auto* d = std::get_if<double>(&value)) {
    std::array<char, 40> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), *d).ptr;
    out.assign(digits.data(), end);
    if (std::isfinite(*d) && out.find_first_of(".e") == std::string::npos) {
      out += ".0";
    }
  } else if (const auto* s = std::get_if<std::string>(&value)) {
    append_quoted(out, *s);
  } else if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
    out = "[";
    for (const std::string& entry : *list) {
      if (out.size() > 1) {
        out += ", ";
      }
      append_quoted(out, entry);
    }
    out += "]";
  }
  return out;
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto parsed = parse_with_unit(text, time_units);
  if (!parsed) {
    return fail(ErrorKind::invalid, "must be a duration such as \"250ms\", \"30s\", \"5m\", \"12h\" or \"7d\"");
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(*parsed));
}

std::string duration_text(std::chrono::milliseconds duration) {
  return with_unit(static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0)), time_units, time_units[3]);
}

Result<Bytes> parse_size(std::string_view text) {
  const auto parsed = parse_with_unit(text, size_units);
  if (!parsed) {
    return fail(ErrorKind::invalid, "must be a size such as 4096, \"256KiB\", \"1MiB\" or \"2GiB\"");
  }
  return Bytes{*parsed};
}

std::string size_text(Bytes size) { return with_unit(size.count, size_units, size_units[3]); }

const OptionInfo* OptionTable::find(std::string_view name) const {
  const auto found = std::ranges::find(infos_, name, &OptionInfo::name);
  return found == infos_.end() ? nullptr : &*found;
}

Result<void> OptionTable::set_raw(void* object, std::string_view name, const OptionValue& value) const {
  const OptionInfo* info = find(name);
  if (info == nullptr) {
    return fail(ErrorKind::not_found, "is not known");
  }
  return accesses_[static_cast<std::size_t>(info - infos_.data())].set(object, value);
}

OptionValue OptionTable::get_raw(const void* object, std::string_view name) const {
  const OptionInfo* info = find(name);
  ensure(info != nullptr, "only a declared option is read");
  return accesses_[static_cast<std::size_t>(info - infos_.data())].get(object);
}

Result<void> OptionTable::set(OptionObject& object, std::string_view name, const OptionValue& value) const {
  ensure(object.type_ != nullptr && *object.type_ == *type_, "an OptionTable fills the struct it was made for");
  return set_raw(object.object_.get(), name, value);
}

OptionValue OptionTable::get(const OptionObject& object, std::string_view name) const {
  ensure(object.type_ != nullptr && *object.type_ == *type_, "an OptionTable reads the struct it was made for");
  return get_raw(object.object_.get(), name);
}

std::vector<std::string> OptionTable::differences(const OptionObject& a, const OptionObject& b) const {
  std::vector<std::string> names;
  for (const OptionInfo& info : infos_) {
    if (get(a, info.name) != get(b, info.name)) {
      names.push_back(info.name);
    }
  }
  return names;
}

namespace detail {
namespace {

Result<std::int64_t> bounded(std::int64_t n, const Bound& min, const Bound& max, std::string (*text)(std::int64_t),
                             std::string_view what) {
  if ((min && n < *min) || (max && n > *max)) {
    return fail(ErrorKind::limit, "must be " +
                                      range_text(what, min ? text(*min) : std::string(), max ? text(*max) : std::string()) +
                                      ", not " + text(n));
  }
  return n;
}

std::string plain(std::int64_t n) { return std::to_string(n); }
std::string as_size(std::int64_t n) { return size_text(Bytes{static_cast<std::uint64_t>(n)}); }
std::string as_duration(std::int64_t milliseconds) { return duration_text(std::chrono::milliseconds(milliseconds)); }

}  // namespace

std::string range_text(std::string_view what, const std::string& min, const std::string& max) {
  std::string out;
  if (!min.empty() && !max.empty()) {
    out = min + " to " + max;
  } else if (!min.empty()) {
    out = "at least " + min;
  } else if (!max.empty()) {
    out = "at most " + max;
  } else {
    return out;
  }
  return out.append(what);
}

std::string names_text(const Names& names) {
  std::string out;
  for (const std::string_view name : names.all) {
    out += out.empty() ? "" : ", ";
    append_quoted(out, name);
  }
  return out;
}

Result<std::int64_t> read_integer(const OptionValue& value, std::int64_t min, std::int64_t max, bool is_size) {
  if (const auto* n = std::get_if<std::int64_t>(&value)) {
    if (is_size && *n < 0) {
      return fail(ErrorKind::limit, "must not be negative");
    }
    return bounded(*n, min, max, is_size ? as_size : plain, "");
  }
  if (!is_size) {
    return fail(ErrorKind::invalid, "must be an integer, not " + to_text(value));
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    const Result<Bytes> size = parse_size(*text);
    if (size) {
      return bounded(static_cast<std::int64_t>(size->count), min, max, as_size, "");
    }
    return fail(ErrorKind::invalid, size.error().what + ", not " + to_text(value));
  }
  return fail(ErrorKind::invalid, "must be a size such as 4096 or \"256KiB\", not " + to_text(value));
}

Result<std::int64_t> read_duration(const OptionValue& value, std::int64_t unit_num, std::int64_t unit_den, Bound min,
                                   Bound max) {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) {
    return fail(ErrorKind::invalid, "must be a duration such as \"30s\", not " + to_text(value));
  }
  const Result<std::chrono::milliseconds> duration = parse_duration(*text);
  if (!duration) {
    return fail(ErrorKind::invalid, duration.error().what + ", not " + to_text(value));
  }
  // The unit is a whole number of milliseconds, or divides one.
  const auto to_milliseconds = [&](std::int64_t n) { return unit_den >= 1000 ? n / (unit_den / 1000) : n * unit_num * 1000; };
  const auto in_milliseconds = [&](const Bound& bound) { return bound ? Bound(to_milliseconds(*bound)) : bound; };
  const Result<std::int64_t> n = bounded(duration->count(), in_milliseconds(min), in_milliseconds(max), as_duration, "");
  if (!n) {
    return n;
  }
  if (unit_den >= 1000) {
    const std::int64_t parts = unit_den / 1000;
    if (*n > INT64_MAX / parts) {
      return fail(ErrorKind::limit, "is too long: " + to_text(value));
    }
    return *n * parts;
  }
  const std::int64_t unit = unit_num * 1000;
  if (*n % unit != 0) {
    return fail(ErrorKind::invalid, "must be a whole number of " + duration_text(std::chrono::milliseconds(unit)) + ", not " +
                                        to_text(value));
  }
  return *n / unit;
}

Result<std::string> read_string(const OptionValue& value, Bound min, Bound max) {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) {
    return fail(ErrorKind::invalid, "must be a string, not " + to_text(value));
  }
  const Result<std::int64_t> size = bounded(static_cast<std::int64_t>(text->size()), min, max, plain, " bytes");
  if (!size) {
    return fail(size.error());
  }
  return *text;
}

Result<std::vector<std::string>> read_list(const OptionValue& value, Bound min, Bound max) {
  const auto* list = std::get_if<std::vector<std::string>>(&value);
  if (list == nullptr) {
    return fail(ErrorKind::invalid, "must be a list of strings, not " + to_text(value));
  }
  const Result<std::int64_t> size = bounded(static_cast<std::int64_t>(list->size()), min, max, plain, " entries");
  if (!size) {
    return fail(size.error());
  }
  return *list;
}

Result<std::size_t> read_name(const OptionValue& value, const Names& names) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    const auto found = std::ranges::find(names.all, std::string_view(*text));
    if (found != names.all.end()) {
      return static_cast<std::size_t>(found - names.all.begin());
    }
  }
  return fail(ErrorKind::invalid, "must be one of " + names_text(names) + ", not " + to_text(value));
}

}  // namespace detail
}  // namespace aldis
