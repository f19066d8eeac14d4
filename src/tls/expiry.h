// ExpiryWarning: when to tell an operator that a certificate is about to end: 30, 14, 7 and 1 days ahead, and when it has; once
// each. Who has not looked for a while (a restart) hears only the nearest.
#pragma once
#include <cstdint>
#include <optional>

namespace aldis::tls {

class ExpiryWarning {
 public:
  static constexpr std::int64_t first = 30;   // days

  // `days_left` as of Certificate::days_left. The step that has come, 30, 14, 7, 1 or 0; nothing when it was told before.
  [[nodiscard]] std::optional<std::int64_t> due(std::int64_t days_left) {
    std::optional<std::int64_t> step;
    for (const std::int64_t each : {std::int64_t{0}, std::int64_t{1}, std::int64_t{7}, std::int64_t{14}, first}) {
      if (days_left < each + (each == 0 ? 0 : 1)) {
        step = each;
        break;
      }
    }
    if (!step || (told_ && *told_ <= *step)) {
      return std::nullopt;
    }
    told_ = step;
    return step;
  }

 private:
  std::optional<std::int64_t> told_;
};

}  // namespace aldis::tls
