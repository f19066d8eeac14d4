// The front of the log: one record an event, named by a constant, with fields. The back (spdlog, text or JSON) is set by
// app/. Field values that come from peers are escaped by the back; secrets and message bodies are never passed here.
//   log::info("session-bound", {{"jid", jid.str()}, {"resource-conflict", true}});
#pragma once
#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <type_traits>
#include <variant>

namespace aldis::log {

enum class Level : std::uint8_t { debug, info, warning, error, off };

struct Field {
  using Value = std::variant<std::string_view, std::int64_t, bool, double>;
  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}
  Field(std::string_view k, bool v) : key(k), value(v) {}
  Field(std::string_view k, double v) : key(k), value(v) {}
  template <class I>
    requires(std::is_integral_v<I> && !std::is_same_v<I, bool>)
  Field(std::string_view k, I v) : key(k), value(static_cast<std::int64_t>(v)) {}
  std::string_view key;
  Value value;
};

class Sink {
 public:
  virtual ~Sink() = default;
  // Called from any thread; must not block on the network.
  virtual void write(Level level, std::string_view event, std::span<const Field> fields) = 0;
};

// The sink must outlive all logging; null (the start) drops everything below error and prints errors to standard error.
void set_sink(Sink* sink);
void set_level(Level level);
[[nodiscard]] Level level();
[[nodiscard]] inline bool enabled(Level wanted) { return wanted >= level(); }

void record(Level level, std::string_view event, std::initializer_list<Field> fields);
inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) {
  if (enabled(Level::debug)) record(Level::debug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
  if (enabled(Level::info)) record(Level::info, event, fields);
}
inline void warning(std::string_view event, std::initializer_list<Field> fields = {}) {
  if (enabled(Level::warning)) record(Level::warning, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
  if (enabled(Level::error)) record(Level::error, event, fields);
}

}  // namespace aldis::log
