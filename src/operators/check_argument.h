// Whether a value is what an argument of an operator's command should be; for doors that ask before they have everything.
#pragma once
#include <optional>
#include <string>

#include "operators/command.h"

namespace aldis::admin {

// invalid: it is not; the text says what it should be. Secrets are not looked at.
[[nodiscard]] Result<void> check_value(const Argument& argument, const std::string& value);

// An argument's of the kind `time`.
[[nodiscard]] std::optional<WallTime> parse_time(std::string_view text);

}  // namespace aldis::admin
