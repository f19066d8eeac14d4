// Whether a value is what an argument of an operator's command should be; for doors that ask before they have everything.
#pragma once
#include <string>

#include "operators/command.h"

namespace aldis::admin {

// invalid: it is not; the text says what it should be. Secrets are not looked at.
[[nodiscard]] Result<void> check_value(const Argument& argument, const std::string& value);

}  // namespace aldis::admin
