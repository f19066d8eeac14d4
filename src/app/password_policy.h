// [auth] as it is used: with the block list that it names, and what its profile demands besides.
#pragma once
#include "app/config.h"
#include "auth/auth_config.h"

namespace aldis::app {

// The error names the file.
[[nodiscard]] Result<AuthConfig> load_auth_config(const Config& config);

}  // namespace aldis::app
