// LogSink: the back of base/log.h over spdlog: one line a record, text or JSON, to standard error or a file. Whatever a peer
// put into a value stays inside it: control characters, line ends, terminal escapes, bidirectional and invisible characters
// and invalid UTF-8 are written as escapes (security O01). Of one event only `rate` records a second are written; the rest
// are counted and the count is written (E10). Events whose name begins with "audit-" are never held back.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "app/config_schema.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"

namespace spdlog::sinks {
class sink;
}

namespace aldis::app {

inline constexpr std::size_t max_log_value_bytes = 2048;   // of one value; longer ones are cut and end in "..."

class LogSink final : public log::Sink {
 public:
  // To standard error, or appending to `file` (mode 0600). unavailable: the file cannot be opened.
  [[nodiscard]] static Result<std::unique_ptr<LogSink>> open(const std::string& file, const Clock& clock);
  // For tests: to any sink of spdlog's.
  LogSink(std::shared_ptr<spdlog::sinks::sink> out, const Clock& clock);
  ~LogSink() override;

  void configure(LogFormat format, std::uint32_t rate);
  void write(log::Level level, std::string_view event, std::span<const log::Field> fields) override;

 private:
  struct Budget {
    std::int64_t second = 0;
    std::uint32_t written = 0;
    std::uint64_t suppressed = 0;
  };
  void put(log::Level level, std::string_view event, std::span<const log::Field> fields);
  void report_suppressed(std::int64_t second);

  std::shared_ptr<spdlog::sinks::sink> out_;
  const Clock& clock_;
  std::mutex mutex_;
  LogFormat format_ = LogFormat::text;
  std::uint32_t rate_ = 100;
  std::int64_t swept_ = 0;                                  // the second in which suppressed counts were last looked at
  std::unordered_map<std::string, Budget> budgets_;         // by event: names are constants of ours, so they are few
};

// One record as a line without its end.
[[nodiscard]] std::string text_line(WallTime when, log::Level level, std::string_view event,
                                    std::span<const log::Field> fields);
[[nodiscard]] std::string json_line(WallTime when, log::Level level, std::string_view event,
                                    std::span<const log::Field> fields);

}  // namespace aldis::app
