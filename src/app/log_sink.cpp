// Records to lines, and lines to spdlog.
#include "app/log_sink.h"

#include <fcntl.h>
#include <spdlog/details/log_msg.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <ctime>

namespace aldis::app {
namespace {

using namespace std::string_view_literals;

std::string_view name_of(log::Level level) {
  constexpr std::array names{"debug"sv, "info"sv, "warning"sv, "error"sv, "off"sv};
  return names.at(static_cast<std::size_t>(level));
}

// One code point of UTF-8 at the start of `text`; size 0 when the first byte begins none.
struct CodePoint {
  char32_t value = 0;
  std::size_t size = 0;
};

CodePoint decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) {
    return {first, 1};
  }
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) {
    return {};
  }
  char32_t value = first & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) {
      return {};
    }
    value = (value << 6U) | (byte(i) & 0x3FU);
  }
  constexpr std::array<char32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = value >= 0xD800 && value <= 0xDFFF;
  return value < least.at(size) || is_surrogate || value > 0x10FFFF ? CodePoint{} : CodePoint{value, size};
}

// Characters that move a cursor, end a line, or make a reader see another order or nothing at all.
bool is_unsafe(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x00AD || c == 0x061C || c == 0x180E || (c >= 0x200B && c <= 0x200F) ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB) ||
         (c >= 0xE0000 && c <= 0xE0FFF);
}

void append_hex(std::string& out, std::string_view prefix, std::uint32_t value, int digits) {
  constexpr std::string_view hex = "0123456789abcdef";
  out += prefix;
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) {
    out += hex[(value >> static_cast<unsigned>(shift)) & 0xFU];
  }
}

// The inside of a quoted value; the same for text and JSON, so that both are valid JSON strings.
void append_escaped(std::string& out, std::string_view text) {
  const bool is_cut = text.size() > max_log_value_bytes;
  if (is_cut) {
    text = text.substr(0, max_log_value_bytes);
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U) {
      text.remove_suffix(1);
    }
    if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xC0U) {
      text.remove_suffix(1);
    }
  }
  while (!text.empty()) {
    const CodePoint c = decode(text);
    const std::size_t size = c.size == 0 ? 1 : c.size;
    if (c.size == 0) {
      append_hex(out, "\\\\x", static_cast<unsigned char>(text[0]), 2);
    } else if (c.value == '"' || c.value == '\\') {
      out += '\\';
      out += text[0];
    } else if (is_unsafe(c.value)) {
      if (c.value > 0xFFFF) {
        append_hex(out, "\\u", 0xD800U + ((c.value - 0x10000U) >> 10U), 4);
        append_hex(out, "\\u", 0xDC00U + ((c.value - 0x10000U) & 0x3FFU), 4);
      } else {
        append_hex(out, "\\u", c.value, 4);
      }
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(size);
  }
  if (is_cut) {
    out += "...";
  }
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  append_escaped(out, text);
  out += '"';
}

bool is_plain(std::string_view text) {
  constexpr std::string_view marks = "@./:_-+%[]";
  return !text.empty() && text.size() <= 256 && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || marks.find(c) != std::string_view::npos;
  });
}

void append_value(std::string& out, const log::Field::Value& value, bool is_json) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    if (!is_json && is_plain(*text)) {
      out += *text;
    } else {
      append_quoted(out, *text);
    }
  } else if (const auto* n = std::get_if<std::int64_t>(&value)) {
    out += std::to_string(*n);
  } else if (const auto* b = std::get_if<bool>(&value)) {
    out += *b ? "true" : "false";
  } else if (const auto* d = std::get_if<double>(&value)) {
    if (!std::isfinite(*d)) {
      out += "null";
      return;
    }
    std::array<char, 40> digits{};
    out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), *d).ptr);
  }
}

// RFC 3339, UTC, milliseconds.
void append_time(std::string& out, WallTime when) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(when);
  const std::time_t time = static_cast<std::time_t>(seconds.time_since_epoch().count());
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::array<char, 40> text{};
  out.append(text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts));
  const std::string milliseconds = std::to_string((when - seconds).count());
  out.append(".").append(3 - milliseconds.size(), '0').append(milliseconds).append("Z");
}

std::int64_t second_of(Monotonic now) {
  return std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
}

}  // namespace

std::string text_line(WallTime when, log::Level level, std::string_view event, std::span<const log::Field> fields) {
  std::string out;
  append_time(out, when);
  out.append(" ").append(name_of(level)).append(" ").append(event);
  for (const log::Field& field : fields) {
    out.append(" ").append(field.key).append("=");
    append_value(out, field.value, false);
  }
  return out;
}

std::string json_line(WallTime when, log::Level level, std::string_view event, std::span<const log::Field> fields) {
  std::string out = "{\"time\":\"";
  append_time(out, when);
  out.append("\",\"level\":\"").append(name_of(level)).append("\",\"event\":");
  append_quoted(out, event);
  for (const log::Field& field : fields) {
    out += ',';
    append_quoted(out, field.key);
    out += ':';
    append_value(out, field.value, true);
  }
  return out + "}";
}

Result<std::unique_ptr<LogSink>> LogSink::open(const std::string& file, const Clock& clock) {
  if (file.empty()) {
    return std::make_unique<LogSink>(std::make_shared<spdlog::sinks::stderr_sink_mt>(), clock);
  }
  // Made here, so that its mode does not depend on who started us.
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) {
    return fail(ErrorKind::unavailable, "the log " + file + " cannot be opened: " + std::strerror(errno));
  }
  ::close(fd);
  try {
    return std::make_unique<LogSink>(std::make_shared<spdlog::sinks::basic_file_sink_mt>(file), clock);
  } catch (const spdlog::spdlog_ex& e) {
    return fail(ErrorKind::unavailable, "the log " + file + " cannot be opened: " + e.what());
  }
}

LogSink::LogSink(std::shared_ptr<spdlog::sinks::sink> out, const Clock& clock) : out_(std::move(out)), clock_(clock) {
  out_->set_formatter(std::make_unique<spdlog::pattern_formatter>("%v", spdlog::pattern_time_type::utc, "\n"));
}

LogSink::~LogSink() {
  const std::lock_guard lock(mutex_);
  report_suppressed(second_of(clock_.now()) + 1);
}

void LogSink::configure(LogFormat format, std::uint32_t rate) {
  const std::lock_guard lock(mutex_);
  format_ = format;
  rate_ = rate;
}

void LogSink::write(log::Level level, std::string_view event, std::span<const log::Field> fields) {
  const std::lock_guard lock(mutex_);
  const std::int64_t second = second_of(clock_.now());
  report_suppressed(second);
  if (!event.starts_with("audit-")) {
    Budget& budget = budgets_[std::string(event)];
    if (budget.second != second) {
      budget.second = second;
      budget.written = 0;
    }
    if (budget.written >= rate_) {
      ++budget.suppressed;
      return;
    }
    ++budget.written;
  }
  put(level, event, fields);
}

void LogSink::report_suppressed(std::int64_t second) {
  if (second == swept_) {
    return;
  }
  swept_ = second;
  for (auto& [event, budget] : budgets_) {
    if (budget.suppressed != 0 && budget.second != second) {
      const std::array fields{log::Field("suppressed-event", event),
                              log::Field("records", std::exchange(budget.suppressed, 0))};
      put(log::Level::warning, "log-suppressed", fields);
    }
  }
}

void LogSink::put(log::Level level, std::string_view event, std::span<const log::Field> fields) {
  const std::string line = format_ == LogFormat::json ? json_line(clock_.wall(), level, event, fields)
                                                      : text_line(clock_.wall(), level, event, fields);
  try {
    out_->log(spdlog::details::log_msg("", spdlog::level::info, line));
    out_->flush();
  } catch (const std::exception&) {
    // A log that cannot be written (a full disk) must not end the server; the operator sees the disk in the metrics.
  }
}

}  // namespace aldis::app
