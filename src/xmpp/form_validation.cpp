// Validation of fields. Patterns are ICU's, which know POSIX's extended syntax but for its collations, and count their steps: whoever
// writes one is not trusted with the server's time.
#include "xmpp/form_validation.h"

#include <unicode/regex.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <compare>

#include "xmpp/namespaces.h"
#include "xmpp/number.h"
#include "xmpp/timestamp.h"

namespace aldis {
namespace {

constexpr std::size_t longest_pattern = 1000;
constexpr std::size_t longest_number = 400;
constexpr std::int32_t regex_steps = 50;            // of ICU's time: some ten thousand operations each
constexpr std::int32_t regex_stack = 256 * 1024;    // bytes

Unexpected<StanzaError> bad_request(std::string_view text) {
  return fail(StanzaError(StanzaCondition::bad_request, std::string(text)));
}

bool is_digits(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// ---- numbers of any size, XML Schema 2 section 3.2.3

struct Decimal {
  bool is_negative = false;
  std::string whole;      // without leading zeros
  std::string fraction;   // without trailing ones
};

std::optional<Decimal> read_decimal(std::string_view text, bool is_integer) {
  Decimal read;
  if (text.empty() || text.size() > longest_number) {
    return std::nullopt;
  }
  if (text.front() == '-' || text.front() == '+') {
    read.is_negative = text.front() == '-';
    text.remove_prefix(1);
  }
  const std::size_t dot = std::min(text.find('.'), text.size());
  std::string_view whole = text.substr(0, dot);
  std::string_view fraction = text.substr(std::min(dot + 1, text.size()));
  if (!is_digits(whole) || !is_digits(fraction) || (whole.empty() && fraction.empty()) || (is_integer && dot != text.size())) {
    return std::nullopt;
  }
  whole.remove_prefix(std::min(whole.find_first_not_of('0'), whole.size()));
  fraction = fraction.substr(0, fraction.find_last_not_of('0') + 1);
  read.whole = whole;
  read.fraction = fraction;
  read.is_negative = read.is_negative && !(whole.empty() && fraction.empty());
  return read;
}

std::strong_ordering compare_sizes(const Decimal& a, const Decimal& b) {
  if (a.whole.size() != b.whole.size()) {
    return a.whole.size() <=> b.whole.size();
  }
  const auto whole = a.whole <=> b.whole;
  return whole != 0 ? whole : a.fraction <=> b.fraction;
}

std::strong_ordering compare(const Decimal& a, const Decimal& b) {
  if (a.is_negative != b.is_negative) {
    return a.is_negative ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  return a.is_negative ? compare_sizes(b, a) : compare_sizes(a, b);
}

std::optional<double> read_double(std::string_view text) {
  if (text == "INF" || text == "-INF") {
    return text.front() == '-' ? -HUGE_VAL : HUGE_VAL;
  }
  if (text.starts_with('+')) {
    text.remove_prefix(1);
  }
  const bool is_plain = !text.empty() && text.find_first_not_of("0123456789.eE+-") == std::string_view::npos;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return is_plain && error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

// ---- dates and times; without a zone they are taken as UTC's, so that they have an order

std::optional<WallTime> read_time(std::string_view text, std::string_view before, std::string_view after) {
  const bool has_zone = text.ends_with('Z') || (text.size() > 6 && text[text.size() - 3] == ':' && (text[text.size() - 6] == '+' || text[text.size() - 6] == '-'));
  const std::string_view bare = has_zone ? text.substr(0, text.size() - (text.ends_with('Z') ? 1 : 6)) : text;
  const std::string_view zone = has_zone ? text.substr(bare.size()) : "Z";
  return parse_timestamp(std::string(before).append(bare).append(after).append(zone));
}

// ---- datatypes

struct Bounds {
  std::string_view type;
  std::string_view min;
  std::string_view max;
};
constexpr std::array<Bounds, 5> integers{Bounds{"xs:byte", "-128", "127"}, Bounds{"xs:short", "-32768", "32767"},
                                         Bounds{"xs:int", "-2147483648", "2147483647"},
                                         Bounds{"xs:long", "-9223372036854775808", "9223372036854775807"}, Bounds{"xs:integer", "", ""}};

bool is_ordered(std::string_view type) {
  return std::ranges::find(integers, type, &Bounds::type) != integers.end() || type == "xs:decimal" || type == "xs:double" || type == "xs:date" ||
         type == "xs:dateTime" || type == "xs:time";
}

std::optional<WallTime> read_moment(std::string_view type, std::string_view text) {
  if (type == "xs:date") {
    return text.find('T') == std::string_view::npos ? read_time(text, "", "T00:00:00") : std::nullopt;
  }
  return type == "xs:time" ? read_time(text, "2000-01-01T", "") : read_time(text, "", "");
}

// Of one ordered type; nothing: one of them is no such value.
std::optional<std::partial_ordering> compare_values(std::string_view type, std::string_view a, std::string_view b) {
  if (type == "xs:double") {
    const auto x = read_double(a);
    const auto y = read_double(b);
    return x && y ? std::optional(*x <=> *y) : std::nullopt;
  }
  if (type == "xs:date" || type == "xs:dateTime" || type == "xs:time") {
    const auto x = read_moment(type, a);
    const auto y = read_moment(type, b);
    return x && y ? std::optional<std::partial_ordering>(*x <=> *y) : std::nullopt;
  }
  const auto x = read_decimal(a, type != "xs:decimal");
  const auto y = read_decimal(b, type != "xs:decimal");
  return x && y ? std::optional<std::partial_ordering>(compare(*x, *y)) : std::nullopt;
}

bool is_of(std::string_view type, std::string_view value) {
  if (!is_ordered(type)) {
    return true;
  }
  if (!compare_values(type, value, value)) {
    return false;
  }
  const auto bounds = std::ranges::find(integers, type, &Bounds::type);
  return bounds == integers.end() || bounds->min.empty() ||
         (*compare_values(type, value, bounds->min) >= 0 && *compare_values(type, value, bounds->max) <= 0);
}

// Null: it is no pattern.
std::unique_ptr<icu::RegexPattern> compile(const std::string& pattern) {
  UErrorCode status = U_ZERO_ERROR;
  UParseError where{};
  std::unique_ptr<icu::RegexPattern> made(icu::RegexPattern::compile(icu::UnicodeString::fromUTF8(pattern), where, status));
  return U_SUCCESS(status) ? std::move(made) : nullptr;
}

bool fits(const icu::RegexPattern& pattern, const std::string& value) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::UnicodeString text = icu::UnicodeString::fromUTF8(value);
  const std::unique_ptr<icu::RegexMatcher> matcher(pattern.matcher(text, status));
  if (U_FAILURE(status)) {
    return false;
  }
  matcher->setTimeLimit(regex_steps, status);
  matcher->setStackLimit(regex_stack, status);
  const bool is_match = matcher->matches(status) != 0;
  return U_SUCCESS(status) && is_match;
}

Result<std::optional<std::uint32_t>, StanzaError> read_count(const xml::Element& range, std::string_view name) {
  const auto text = range.attribute(name);
  if (!text) {
    return std::optional<std::uint32_t>{};
  }
  const auto number = parse_number<std::uint32_t>(*text, 1);
  if (!number) {
    return bad_request("a list-range has numbers from 1 on");
  }
  return number;
}

}  // namespace

Result<FieldValidation, StanzaError> FieldValidation::parse(const xml::Element& validate) {
  FieldValidation read;
  read.datatype = validate.attribute("datatype").value_or("xs:string");
  int methods = 0;
  for (const xml::Element child : validate.children()) {
    if (child.ns() != ns::form_validation) continue;
    if (child.local() == "list-range") {
      for (const auto& [name, into] : {std::pair("min", &read.least), std::pair("max", &read.most)}) {
        auto number = read_count(child, name);
        if (!number) return fail(std::move(number.error()));
        *into = *number;
      }
      continue;
    }
    const Method method = child.local() == "open" ? Method::open : child.local() == "range" ? Method::range : child.local() == "regex" ? Method::regex : Method::basic;
    if (++methods > 1) return bad_request("a field is validated by one method");
    read.method = method;
    if (method == Method::range) {
      if (const auto bound = child.attribute("min")) read.min = std::string(*bound);
      if (const auto bound = child.attribute("max")) read.max = std::string(*bound);
    } else if (method == Method::regex) {
      read.regex = child.text();
    }
  }
  if (read.least && read.most && *read.least > *read.most) return bad_request("a list-range ends before it begins");
  if (read.min || read.max) {
    if (read.datatype == "xs:string") return bad_request("a string has no range");   // section 4.6
    if (!is_ordered(read.datatype)) {   // not understood: a string, and its method basic (section 4.1)
      read.method = Method::basic;
    } else if ((read.min && !is_of(read.datatype, *read.min)) || (read.max && !is_of(read.datatype, *read.max)) ||
               (read.min && read.max && *compare_values(read.datatype, *read.min, *read.max) > 0)) {
      return bad_request("the bounds of a range are no such values");
    }
  }
  if (read.method == Method::regex && (read.regex.size() > longest_pattern || compile(read.regex) == nullptr)) {
    return bad_request("a regex is no pattern, or too long");
  }
  return read;
}

void FieldValidation::write(xml::Writer& writer) const {
  writer.start("validate", ns::form_validation).attribute("datatype", datatype);
  switch (method) {
    case Method::basic: writer.start("basic").end(); break;
    case Method::open: writer.start("open").end(); break;
    case Method::range:
      writer.start("range");
      if (min) writer.attribute("min", *min);
      if (max) writer.attribute("max", *max);
      writer.end();
      break;
    case Method::regex: writer.element("regex", regex); break;
  }
  if (least || most) {
    writer.start("list-range");
    if (least) writer.attribute("min", std::to_string(*least));
    if (most) writer.attribute("max", std::to_string(*most));
    writer.end();
  }
  writer.end();
}

std::optional<std::string> FieldValidation::fault(const std::vector<std::string>& values, bool is_list_multi) const {
  if (is_list_multi && least && values.size() < *least) {
    return "has fewer than " + std::to_string(*least) + " values";
  }
  if (is_list_multi && most && values.size() > *most) {
    return "has more than " + std::to_string(*most) + " values";
  }
  const auto pattern = method == Method::regex && !values.empty() ? compile(regex) : nullptr;
  for (const std::string& value : values) {
    if (!is_of(datatype, value)) {
      return "is no " + datatype;
    }
    if (method == Method::range && ((min && *compare_values(datatype, value, *min) < 0) || (max && *compare_values(datatype, value, *max) > 0))) {
      return "is out of range";
    }
    if (method == Method::regex && (pattern == nullptr || !fits(*pattern, value))) {
      return "is not of the form that is asked for";
    }
  }
  return std::nullopt;
}

}  // namespace aldis
