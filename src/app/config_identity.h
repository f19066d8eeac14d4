// What tells one of several sections of a kind from the others.
#pragma once
#include <string>
#include <string_view>

#include "base/options.h"

namespace aldis::app {

// "capulet.example" of a domain, "127.0.0.1 port 5222" of a listener; no two of a configuration are the same.
[[nodiscard]] std::string identity_of(std::string_view section, const OptionTable& table, const OptionObject& object);

}  // namespace aldis::app
