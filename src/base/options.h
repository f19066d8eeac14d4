// Options: configuration declared where it is used, once. A struct holds the values and their defaults; a tuple beside it
// names, bounds and explains each. app/ reads the file into the struct and writes docs/config.md from the same tuple, so
// neither this header nor who declares knows the file's format.
//
//   struct CarbonsConfig { int max_resources = 16; };
//   constexpr auto options = std::tuple{
//       Option{"max_resources", &CarbonsConfig::max_resources, Range{1, 64}, "Copies made of one message at most."}};
//   const OptionTable& table = option_table<CarbonsConfig>(options);     // without its type, for a registry
//
// Member types: bool, integers, double, std::string, std::vector<std::string>, Bytes (256 or "256KiB"),
// std::chrono durations ("250ms", "30s", "5m", "12h", "7d"), and enums that have an option_names() beside them:
//   constexpr auto option_names(Conflict) { return std::array{OptionName{"replace", Conflict::replace}, ...}; }
// Range bounds a number, size or duration by its value, a string by its length in bytes, a list by its number of entries.
#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <ratio>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/ensure.h"
#include "base/result.h"

namespace aldis {

// A value as a file or an operator gives it, before it is checked.
using OptionValue = std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>>;
// As TOML writes it: true, 16, "30s", ["a", "b"].
[[nodiscard]] std::string to_text(const OptionValue& value);

// What a changed value needs to take effect.
enum class Reload : std::uint8_t { restart, live };

template <class T>
struct Range {
  T min;
  T max;
};
template <class A, class B>
Range(A, B) -> Range<std::common_type_t<A, B>>;

template <class E>
struct OptionName {
  std::string_view name;
  E value;
};
template <class E>
OptionName(const char*, E) -> OptionName<E>;

// One option: a member of S and what may be said about it.
template <class S, class T>
struct Option {
  using Struct = S;
  using Value = T;
  struct Bounds {
    std::optional<std::int64_t> min;   // in the member's own unit (bytes, milliseconds of a milliseconds member ...)
    std::optional<std::int64_t> max;
  };

  constexpr Option(std::string_view n, T S::*m, std::string_view h, Reload r = Reload::restart)
      : name(n), member(m), help(h), reload(r) {}
  template <class R>
  constexpr Option(std::string_view n, T S::*m, Range<R> range, std::string_view h, Reload r = Reload::restart)
      : name(n), member(m), bounds{count(range.min), count(range.max)}, help(h), reload(r) {}

  std::string_view name;
  T S::*member;
  Bounds bounds{};
  std::string_view help;
  Reload reload;

 private:
  template <class R>
  static constexpr std::int64_t count(R bound) {
    if constexpr (requires { typename R::period; }) {
      return static_cast<std::int64_t>(std::chrono::duration_cast<T>(bound).count());
    } else if constexpr (std::is_same_v<R, Bytes>) {
      return static_cast<std::int64_t>(bound.count);
    } else {
      return static_cast<std::int64_t>(bound);
    }
  }
};

// What documentation says about an option.
struct OptionInfo {
  std::string name;
  std::string type;           // "integer", "duration", "size", "one of \"replace\", \"refuse\"" ...
  std::string default_text;   // as to_text()
  std::string range;          // "1 to 64", "at most 1MiB"; empty: any
  std::string help;
  Reload reload = Reload::restart;
};

// A struct of options without its type. A copy shares the object; who fills it in does so before anyone else has it.
class OptionObject {
 public:
  OptionObject() = default;
  template <class S>
  explicit OptionObject(std::shared_ptr<S> object) : object_(std::move(object)), type_(&typeid(S)) {}
  template <class S>
  [[nodiscard]] const S& as() const {
    ensure(type_ != nullptr && *type_ == typeid(S), "an OptionObject is read as the struct it was made from");
    return *static_cast<const S*>(object_.get());
  }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  friend class OptionTable;
  std::shared_ptr<void> object_;
  const std::type_info* type_ = nullptr;
};

// All options of one struct, without its type.
class OptionTable {
 public:
  template <class S, class... O>
  [[nodiscard]] static OptionTable of(const std::tuple<O...>& options);

  [[nodiscard]] const std::vector<OptionInfo>& infos() const { return infos_; }
  [[nodiscard]] const OptionInfo* find(std::string_view name) const;
  [[nodiscard]] OptionObject make() const { return make_(); }   // with the struct's defaults
  // not_found: no such option; invalid: wrong type or form; limit: out of range. The text begins with what is wrong and
  // does not repeat the name ("must be 1 to 64, not 100").
  [[nodiscard]] Result<void> set(OptionObject& object, std::string_view name, const OptionValue& value) const;
  [[nodiscard]] OptionValue get(const OptionObject& object, std::string_view name) const;
  // The names of options whose values differ.
  [[nodiscard]] std::vector<std::string> differences(const OptionObject& a, const OptionObject& b) const;

  // The same on a struct of known type, for structs that are members of others.
  template <class S>
  [[nodiscard]] Result<void> set_in(S& object, std::string_view name, const OptionValue& value) const {
    ensure(*type_ == typeid(S), "an OptionTable fills the struct it was made for");
    return set_raw(&object, name, value);
  }
  template <class S>
  [[nodiscard]] OptionValue get_from(const S& object, std::string_view name) const {
    ensure(*type_ == typeid(S), "an OptionTable reads the struct it was made for");
    return get_raw(&object, name);
  }

 private:
  struct Access {
    std::function<Result<void>(void*, const OptionValue&)> set;
    std::function<OptionValue(const void*)> get;
  };
  [[nodiscard]] Result<void> set_raw(void* object, std::string_view name, const OptionValue& value) const;
  [[nodiscard]] OptionValue get_raw(const void* object, std::string_view name) const;
  template <class O>
  void add(const O& option, const typename O::Struct& defaults);

  std::vector<OptionInfo> infos_;
  std::vector<Access> accesses_;
  std::function<OptionObject()> make_;
  const std::type_info* type_ = nullptr;
};

// The table of a struct, made at first use; `options` has the static lifetime of the declaration.
template <class S, class... O>
[[nodiscard]] const OptionTable& option_table(const std::tuple<O...>& options) {
  static const OptionTable table = OptionTable::of<S>(options);
  return table;
}

// "30s", "5m" ...: a whole number and one unit (ms, s, m, h, d), no sign, no spaces.
[[nodiscard]] Result<std::chrono::milliseconds> parse_duration(std::string_view text);
[[nodiscard]] std::string duration_text(std::chrono::milliseconds duration);
// "256KiB", "1MiB", "2GiB", "512B".
[[nodiscard]] Result<Bytes> parse_size(std::string_view text);
[[nodiscard]] std::string size_text(Bytes size);

namespace detail {

using Bound = std::optional<std::int64_t>;
struct Names {
  std::vector<std::string_view> all;
};

Result<std::int64_t> read_integer(const OptionValue& value, std::int64_t min, std::int64_t max, bool is_size);
Result<std::int64_t> read_duration(const OptionValue& value, std::int64_t unit_num, std::int64_t unit_den, Bound min,
                                   Bound max);
Result<std::string> read_string(const OptionValue& value, Bound min, Bound max);
Result<std::vector<std::string>> read_list(const OptionValue& value, Bound min, Bound max);
Result<std::size_t> read_name(const OptionValue& value, const Names& names);
std::string range_text(std::string_view what, const std::string& min, const std::string& max);
std::string names_text(const Names& names);

template <class T>
inline constexpr bool is_duration = false;
template <class R, class P>
inline constexpr bool is_duration<std::chrono::duration<R, P>> = true;

template <class T>
Names names_of() {
  Names names;
  for (const auto& entry : option_names(T{})) {
    names.all.push_back(entry.name);
  }
  return names;
}

// Reads `value` into `out`, or says why not.
template <class T, class B>
Result<void> read(const OptionValue& value, const B& bounds, T& out) {
  const auto take = [](auto result, auto assign) -> Result<void> {
    if (!result) {
      return fail(result.error());
    }
    assign(*result);
    return {};
  };
  if constexpr (std::is_same_v<T, bool>) {
    if (const bool* given = std::get_if<bool>(&value)) {
      out = *given;
      return {};
    }
    return fail(ErrorKind::invalid, "must be true or false, not " + to_text(value));
  } else if constexpr (std::is_integral_v<T>) {
    constexpr auto top = static_cast<std::uint64_t>(std::numeric_limits<T>::max());
    constexpr auto most = static_cast<std::int64_t>(top > INT64_MAX ? INT64_MAX : top);
    return take(read_integer(value, bounds.min.value_or(static_cast<std::int64_t>(std::numeric_limits<T>::min())),
                             bounds.max.value_or(most), false),
                [&](std::int64_t n) { out = static_cast<T>(n); });
  } else if constexpr (std::is_same_v<T, double>) {
    double given = 0;
    if (const double* d = std::get_if<double>(&value)) {
      given = *d;
    } else if (const std::int64_t* n = std::get_if<std::int64_t>(&value)) {
      given = static_cast<double>(*n);
    } else {
      return fail(ErrorKind::invalid, "must be a number, not " + to_text(value));
    }
    const bool is_low = bounds.min && !(given >= static_cast<double>(*bounds.min));
    const bool is_high = bounds.max && !(given <= static_cast<double>(*bounds.max));
    if (is_low || is_high || given != given) {
      return fail(ErrorKind::limit, "is out of range: " + to_text(value));
    }
    out = given;
    return {};
  } else if constexpr (std::is_same_v<T, Bytes>) {
    return take(read_integer(value, bounds.min.value_or(0), bounds.max.value_or(INT64_MAX), true),
                [&](std::int64_t n) { out = Bytes{static_cast<std::uint64_t>(n)}; });
  } else if constexpr (is_duration<T>) {
    return take(read_duration(value, T::period::num, T::period::den, bounds.min, bounds.max),
                [&](std::int64_t n) { out = T(static_cast<typename T::rep>(n)); });
  } else if constexpr (std::is_enum_v<T>) {
    return take(read_name(value, names_of<T>()), [&](std::size_t i) { out = option_names(T{})[i].value; });
  } else if constexpr (std::is_same_v<T, std::string>) {
    return take(read_string(value, bounds.min, bounds.max), [&](std::string& s) { out = std::move(s); });
  } else {
    static_assert(std::is_same_v<T, std::vector<std::string>>, "no option type: see the head of base/options.h");
    return take(read_list(value, bounds.min, bounds.max), [&](std::vector<std::string>& l) { out = std::move(l); });
  }
}

template <class T>
OptionValue write(const T& member) {
  if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, double> || std::is_same_v<T, std::string> ||
                std::is_same_v<T, std::vector<std::string>>) {
    return member;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<std::int64_t>(member);
  } else if constexpr (std::is_same_v<T, Bytes>) {
    return size_text(member);
  } else if constexpr (is_duration<T>) {
    return duration_text(std::chrono::duration_cast<std::chrono::milliseconds>(member));
  } else {
    for (const auto& entry : option_names(T{})) {
      if (entry.value == member) {
        return std::string(entry.name);
      }
    }
    ensure(false, "every value of an option's enum has a name");
    return {};
  }
}

template <class T>
std::string type_text() {
  if constexpr (std::is_same_v<T, bool>) {
    return "true or false";
  } else if constexpr (std::is_integral_v<T>) {
    return "integer";
  } else if constexpr (std::is_same_v<T, double>) {
    return "number";
  } else if constexpr (std::is_same_v<T, Bytes>) {
    return "size";
  } else if constexpr (is_duration<T>) {
    return "duration";
  } else if constexpr (std::is_enum_v<T>) {
    return "one of " + names_text(names_of<T>());
  } else if constexpr (std::is_same_v<T, std::string>) {
    return "string";
  } else {
    return "list of strings";
  }
}

template <class T, class B>
std::string bounds_text(const B& bounds) {
  const auto one = [](const Bound& bound) -> std::string {
    if (!bound) {
      return {};
    }
    if constexpr (std::is_same_v<T, Bytes>) {
      return size_text(Bytes{static_cast<std::uint64_t>(*bound)});
    } else if constexpr (is_duration<T>) {
      return duration_text(std::chrono::duration_cast<std::chrono::milliseconds>(T(static_cast<typename T::rep>(*bound))));
    } else {
      return std::to_string(*bound);
    }
  };
  const bool is_string = std::is_same_v<T, std::string>;
  const bool is_list = std::is_same_v<T, std::vector<std::string>>;
  return range_text(is_string ? " bytes" : is_list ? " entries" : "", one(bounds.min), one(bounds.max));
}

}  // namespace detail

template <class O>
void OptionTable::add(const O& option, const typename O::Struct& defaults) {
  using S = typename O::Struct;
  using T = typename O::Value;
  ensure(find(option.name) == nullptr, "an option is declared once");
  infos_.push_back({std::string(option.name), detail::type_text<T>(), to_text(detail::write(defaults.*(option.member))),
                    detail::bounds_text<T>(option.bounds), std::string(option.help), option.reload});
  accesses_.push_back(
      {[member = option.member, bounds = option.bounds](void* object, const OptionValue& value) -> Result<void> {
         return detail::read(value, bounds, static_cast<S*>(object)->*member);
       },
       [member = option.member](const void* object) { return detail::write(static_cast<const S*>(object)->*member); }});
}

template <class S, class... O>
OptionTable OptionTable::of(const std::tuple<O...>& options) {
  OptionTable table;
  const S defaults{};
  table.make_ = [] { return OptionObject(std::make_shared<S>()); };
  table.type_ = &typeid(S);
  std::apply([&](const auto&... option) { (table.add(option, defaults), ...); }, options);
  return table;
}

}  // namespace aldis
