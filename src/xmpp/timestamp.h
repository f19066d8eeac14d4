// XEP-0082 (1.1.1) date and time: the DateTime profile, read strictly and written in UTC with milliseconds. Years 0001 to
// 9999; no leap seconds, no 24:00, no legacy format (XEP-0091).
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace aldis {

// CCYY-MM-DDThh:mm:ss[.s…](Z|±hh:mm), offsets to 14:00, up to 9 fraction digits of which three are kept.
[[nodiscard]] std::optional<WallTime> parse_timestamp(std::string_view text);
// 2026-11-23T05:20:00.125Z. The year must be within 0001 to 9999.
[[nodiscard]] std::string format_timestamp(WallTime time);

}  // namespace aldis
